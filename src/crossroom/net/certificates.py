"""The certificates that our listeners show: chosen by the name asked for (SNI, RFC 6066 §3), renewed in place.

Connections that are open keep what they agreed on; the next handshake shows the new certificate.
"""

import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from crossroom.net.client_certificates import ask_strangers
from crossroom.net.tls import load_chain, server_context

NOTICE = timedelta(days=14)
"""A certificate that ends sooner is spoken of: those of public authorities are renewed weeks before."""


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """A chain and its private key, both PEM."""

    chain: Path
    key: Path


class Certificates:
    """The first one is shown to who asks for no name, or for one that nobody has.

    client_authorities: who signs the certificates that clients may show (mutual TLS); None: none are asked for,
    or, with `asks_strangers`, ones that nobody need have signed. `asks_strangers` says afterwards whether that
    was possible. Raises OSError when a file cannot be used.
    """

    def __init__(
        self,
        files: Sequence[CertificateFiles],
        client_authorities: Path | None = None,
        *,
        asks_strangers: bool = False,
    ) -> None:
        self._files = tuple(files)
        self._presenting: list[ssl.SSLContext] = []
        self._contexts = [server_context(each.chain, each.key, client_authorities) for each in self._files]
        self._by_name: dict[str, ssl.SSLContext] = {}
        self._learn_names()
        self.context.sni_callback = self._choose
        self.asks_strangers = asks_strangers and all(map(ask_strangers, self._contexts))

    @property
    def context(self) -> ssl.SSLContext:
        """The context for listeners; it stays the same object for ever."""
        return self._contexts[0]

    def present_by(self, context: ssl.SSLContext) -> ssl.SSLContext:
        """Show the first certificate also where we connect by this context; gives the context."""
        first = self._files[0]
        load_chain(context, first.chain, first.key)
        self._presenting.append(context)
        return context

    def reload(self) -> None:
        """Read all files again. Raises OSError, and then nothing has changed."""
        for each in self._files:
            server_context(each.chain, each.key)  # a key that does not fit must not leave us half changed
        for each, context in zip(self._files, self._contexts, strict=True):
            load_chain(context, each.chain, each.key)
        for context in self._presenting:
            load_chain(context, self._files[0].chain, self._files[0].key)
        self._learn_names()

    def troubles(self, now: datetime) -> dict[Path, str]:
        """The certificates that are not valid at this time (UTC), or soon will not be, and why."""
        found = {each.chain: trouble_with_dates(each.chain, now) for each in self._files}
        return {chain: trouble for chain, trouble in found.items() if trouble}

    def _learn_names(self) -> None:
        self._by_name = {
            name: context
            for each, context in zip(reversed(self._files), reversed(self._contexts), strict=True)
            for name in names_in(each.chain)
        }

    def _choose(self, connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        chosen = self._by_name.get((name or "").lower())
        if chosen is not None:
            connection.context = chosen


def trouble_with_dates(chain: Path, now: datetime) -> str:
    """Say what is wrong with the dates of the first certificate of a chain: empty if it holds two weeks more.

    `now` is in UTC. Raises OSError, and ValueError for what is no certificate.
    """
    from cryptography import x509  # noqa: PLC0415 - as below

    leaf = x509.load_pem_x509_certificates(chain.read_bytes())[0]
    begin, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    if now < begin:
        return f"not valid before {begin:%Y-%m-%d %H:%M} UTC"
    if now > end:
        return f"expired on {end:%Y-%m-%d %H:%M} UTC"
    return f"expires on {end:%Y-%m-%d %H:%M} UTC" if end - now < NOTICE else ""


def names_in(chain: Path) -> Iterator[str]:
    """The DNS names of the first certificate of a chain, in lower case (RFC 5280 §4.2.1.6)."""
    from cryptography import x509  # noqa: PLC0415 - slow to import, and only those who have TLS need it

    leaf = x509.load_pem_x509_certificates(chain.read_bytes())[0]
    try:
        extension = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return
    yield from (name.lower() for name in extension.value.get_values_for_type(x509.DNSName))
