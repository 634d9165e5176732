"""Where a SIP URI leads: NAPTR, SRV and addresses. RFC 3263, RFC 7118 §5.5, RFC 2782.

The look-ups are behind a small protocol, so that the order of RFC 3263 can be tested without a network.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

import dns.asyncresolver
import dns.exception
import dns.resolver
from dns.rdtypes.IN.NAPTR import NAPTR
from dns.rdtypes.IN.SRV import SRV

from crossroom.sip.hop import TCP, TLS, UDP, WS, WSS, Hop, literal_hop, target_host, transport_for
from crossroom.sip.uri import SipUri
from crossroom.sip.via import DEFAULT_PORTS


@dataclass(frozen=True, slots=True)
class Service:
    """One SRV record."""

    priority: int
    weight: int
    port: int
    target: str


@dataclass(frozen=True, slots=True)
class Pointer:
    """One NAPTR record whose flag is "s": its service, as `SIP+D2T`, and the name of its SRV records."""

    order: int
    preference: int
    service: str
    replacement: str


class Names(Protocol):
    """The three look-ups. An empty answer is an empty list; nothing is raised."""

    async def addresses(self, name: str) -> list[str]:
        """AAAA and A, numeric."""

    async def services(self, name: str) -> list[Service]:
        """SRV."""

    async def pointers(self, name: str) -> list[Pointer]:
        """NAPTR with flag "s"."""


class Resolver(Protocol):
    """What the SIP driver needs: the hops of a URI, best first; none when it leads nowhere."""

    async def hops(self, uri: SipUri) -> list[Hop]:
        """RFC 3263 §4."""


NAPTR_TRANSPORTS = {"SIPS+D2T": TLS, "SIP+D2T": TCP, "SIP+D2U": UDP, "SIP+D2W": WS, "SIPS+D2W": WSS}
SRV_PREFIXES = {UDP: "_sip._udp.", TCP: "_sip._tcp.", TLS: "_sips._tcp.", WS: "_sip._ws.", WSS: "_sips._ws."}


_NOWHERE = ".invalid"
"""RFC 6761 §6.4: no name of this kind exists, and browsers call themselves so (RFC 7118 §B.1): nobody is asked."""


class SipResolver:
    """RFC 3263 §4 over any `Names`. `spoken`: the transports that we have, asked for each time."""

    def __init__(self, names: Names, spoken: Callable[[], frozenset[str]], random: Random) -> None:
        self._names = names
        self._spoken = spoken
        self._random = random

    async def hops(self, uri: SipUri) -> list[Hop]:
        """See `Resolver.hops`."""
        literal = literal_hop(uri)
        if literal is not None:
            return [literal]
        if uri.host.lower().endswith(_NOWHERE):
            return []
        if uri.port is not None:  # §4.2: with a port, only addresses are looked up
            return await self._at(target_host(uri), uri.port, transport_for(uri), uri.host)
        if uri.transport is not None:
            return await self._by_service(uri, transport_for(uri))
        return await self._by_pointer(uri)

    async def _by_pointer(self, uri: SipUri) -> list[Hop]:
        """§4.1: NAPTR, else SRV of each transport that we have, else addresses."""
        host = target_host(uri)
        secure = uri.scheme == "sips"
        wanted = self._spoken() & (frozenset({TLS, WSS}) if secure else frozenset(DEFAULT_PORTS))
        pointers = sorted(await self._names.pointers(host), key=lambda p: (p.order, p.preference))
        for pointer in pointers:
            transport = NAPTR_TRANSPORTS.get(pointer.service.upper())
            if transport in wanted and transport is not None:
                hops = await self._from_records(pointer.replacement, transport, uri.host)
                if hops:
                    return hops
        for transport in (TLS,) if secure else (UDP, TCP, TLS):
            if transport in wanted:
                hops = await self._from_records(SRV_PREFIXES[transport] + host, transport, uri.host)
                if hops:
                    return hops
        transport = transport_for(uri)
        return await self._at(host, DEFAULT_PORTS[transport], transport, uri.host)

    async def _by_service(self, uri: SipUri, transport: str) -> list[Hop]:
        host = target_host(uri)
        hops = await self._from_records(SRV_PREFIXES[transport] + host, transport, uri.host)
        return hops or await self._at(host, DEFAULT_PORTS[transport], transport, uri.host)

    async def _from_records(self, name: str, transport: str, domain: str) -> list[Hop]:
        hops: list[Hop] = []
        for record in in_order(await self._names.services(name), self._random):
            hops += await self._at(record.target, record.port, transport, domain)
        return hops

    async def _at(self, host: str, port: int, transport: str, domain: str) -> list[Hop]:
        try:
            found = [str(ipaddress.ip_address(host.strip("[]")))]
        except ValueError:
            found = await self._names.addresses(host)
        return [Hop(transport, address, port, name=domain) for address in found]


def in_order(records: Sequence[Service], random: Random) -> list[Service]:
    """RFC 2782: by priority, and inside one priority at random by weight."""
    ordered: list[Service] = []
    for priority in sorted({record.priority for record in records}):
        left = [record for record in records if record.priority == priority]
        while left:
            # a weight of 0 still has a small chance
            chosen = random.choices(left, weights=[record.weight + 0.01 for record in left])[0]
            left.remove(chosen)
            ordered.append(chosen)
    # RFC 2782: a target of "." says that there is no such service
    return [record for record in ordered if record.target not in {"", "."}]


def system_resolver(file: str = "/etc/resolv.conf") -> dns.asyncresolver.Resolver:
    """Ask the name servers of this system; a machine that has none is told nothing, and runs all the same."""
    try:
        return dns.asyncresolver.Resolver(filename=file)
    except dns.resolver.NoResolverConfiguration:
        return dns.asyncresolver.Resolver(configure=False)


class DnsNames:
    """The system's name servers, by dnspython. `lifetime`: seconds for one look-up."""

    def __init__(self, lifetime: float = 5.0, resolver: dns.asyncresolver.Resolver | None = None) -> None:
        self._resolver = resolver or system_resolver()
        self._lifetime = lifetime

    async def addresses(self, name: str) -> list[str]:
        """See `Names.addresses`. Asked of the system, which also knows its hosts file."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._lifetime):
                found = await loop.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return []  # nothing known by that name, or nobody to ask in time
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))

    async def services(self, name: str) -> list[Service]:
        """See `Names.services`."""
        return [
            Service(record.priority, record.weight, record.port, str(record.target).rstrip("."))
            for record in await self._ask(name, "SRV")
            if isinstance(record, SRV)
        ]

    async def pointers(self, name: str) -> list[Pointer]:
        """See `Names.pointers`."""
        return [
            Pointer(
                record.order,
                record.preference,
                record.service.decode("ascii", "replace"),
                str(record.replacement).rstrip("."),
            )
            for record in await self._ask(name, "NAPTR")
            if isinstance(record, NAPTR) and record.flags.lower() == b"s"
        ]

    async def _ask(self, name: str, kind: str) -> list[object]:
        try:
            answer = await self._resolver.resolve(
                name, kind, lifetime=self._lifetime, raise_on_no_answer=False
            )
        except (dns.exception.DNSException, OSError, ValueError):
            return []  # nothing known by that name: the caller tries what comes next in RFC 3263
        return list(answer) if answer.rrset is not None else []
