"""Outgoing MSRP connections: reuse, TLS verification by name or by fingerprint (RFC 4975 §5.4, §14; RFC 8122).

Which certificate is an announced one is said in msrp_fingerprint.py.
"""

import asyncio
import ssl
from typing import Protocol
from weakref import WeakValueDictionary

from crossroom.msrp.uri import Path
from crossroom.net.msrp_connection import ConnectionOwner, MsrpConnection, connection_class
from crossroom.net.msrp_face import Fingerprint, MsrpUnreachable
from crossroom.net.msrp_fingerprint import matches
from crossroom.net.tls import unverified_context

Key = tuple[str, int, bool]
"""(host, port, TLS): where a connection leads."""

_DISCARD = 9  # RFC 6135 §4.2: the port of somebody who only connects


class DialerOwner(ConnectionOwner, Protocol):
    """What dialling needs of the endpoint."""

    @property
    def connections(self) -> frozenset[MsrpConnection]:
        """The connections that are open."""


class Dialer:
    """Finds or opens the connection for a path."""

    def __init__(self, owner: DialerOwner) -> None:
        self._owner = owner
        self._named_tls: ssl.SSLContext | None = None
        self._fingerprint_tls: ssl.SSLContext | None = None
        self._locks: WeakValueDictionary[Key, asyncio.Lock] = WeakValueDictionary()

    async def connection_to(
        self,
        path: Path,
        address: tuple[str, int] | None,
        fingerprints: tuple[Fingerprint, ...],
        *,
        fresh: bool,
    ) -> MsrpConnection:
        """A connection to a path's first hop; `fresh` never shares one. Raises MsrpUnreachable."""
        uri = path[0]  # RFC 4975 §8.3: the leftmost is the next hop
        # RFC 6714 §4.2, §4.3: with CEMA the address of the m-line is used, the path only in To-Path.
        host, port = address or (uri.host, uri.port or 0)
        if uri.transport != "tcp" or port in (0, _DISCARD):
            raise MsrpUnreachable(f"nobody can connect to {uri}")
        key = host.lower(), port, uri.is_secure
        may_share = self._owner.settings.reuse_connections and not fresh and not fingerprints
        # Those who ask for the same place at the same time share what the first of them opens.
        async with self._locks.setdefault(key, asyncio.Lock()):
            shared = self._shared(key) if may_share else None
            return shared or await self._connect(key, fingerprints)

    def _shared(self, key: Key) -> MsrpConnection | None:
        return next(
            (each for each in self._owner.connections if each.key == key and not each.is_closing), None
        )

    async def _connect(self, key: Key, fingerprints: tuple[Fingerprint, ...]) -> MsrpConnection:
        host, port, is_secure = key
        shared_key = None if fingerprints else key
        loop = asyncio.get_running_loop()
        kind = connection_class(loop, is_secure=is_secure)
        try:
            async with asyncio.timeout(self._owner.settings.connect_seconds):
                # RFC 4975 §6.2: every address of the name is tried, in order; never SRV.
                _, connection = await loop.create_connection(
                    lambda: kind(self._owner, is_secure=is_secure, key=shared_key),
                    host,
                    port,
                    ssl=self._tls(fingerprints) if is_secure else None,
                )
        except (OSError, ValueError) as error:  # TimeoutError and ssl.SSLError are OSErrors
            raise MsrpUnreachable(f"{host}:{port}: {str(error) or type(error).__name__}") from error
        if fingerprints and not matches(connection.peer_certificate, fingerprints):
            connection.close()
            raise MsrpUnreachable(f"{host}:{port}: the certificate is not the announced one")
        return connection

    def _tls(self, fingerprints: tuple[Fingerprint, ...]) -> ssl.SSLContext:
        # Each is made once: reading the system's authorities takes longer than everything else here.
        settings = self._owner.settings
        if not fingerprints:
            self._named_tls = self._named_tls or settings.client_tls or ssl.create_default_context()
            return self._named_tls
        # RFC 4975 §14.4: the fingerprint decides, so the chain and the name do not.
        self._fingerprint_tls = self._fingerprint_tls or settings.fingerprint_tls or unverified_context()
        return self._fingerprint_tls
