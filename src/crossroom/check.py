"""Would it work? Looks at everything a server needs, one finding each: what `crossroom check` prints.

Nothing is left behind: a port is taken for a moment, a component logs in and out, the proxy is sent one OPTIONS.
Beside a running server its own ports are in use, and its component is connected already: both are said.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from random import SystemRandom

from crossroom import settings
from crossroom.config.endpoint import Endpoint
from crossroom.config.schema import Configuration
from crossroom.machine import Deliver, Ended, Send
from crossroom.net.certificates import Certificates
from crossroom.net.clock import SystemClock
from crossroom.net.dns import Names, SipResolver
from crossroom.net.ids import RandomIds
from crossroom.net.listening import listening_on, why
from crossroom.net.sip import SipAgent
from crossroom.net.sip_face import IncomingRequest
from crossroom.net.sip_refer import IncomingRefer
from crossroom.net.sip_session import IncomingCall
from crossroom.net.sip_settings import SipSettings
from crossroom.net.sip_subscription import IncomingSubscription
from crossroom.net.tasks import Log
from crossroom.net.websocket_listener import WebSocketListeners
from crossroom.net.xmpp_component import ComponentSettings
from crossroom.sip.address import NameAddr
from crossroom.sip.admission import Admission, Refuse
from crossroom.sip.answer import OutgoingRequest
from crossroom.sip.client_request import NO_SERVER
from crossroom.sip.hop import WS, WSS, Flow
from crossroom.sip.message import Request
from crossroom.sip.uri import SipUri
from crossroom.xmpp.component import ComponentStream
from crossroom.xmpp.errors import StreamCondition
from crossroom.xmpp.link import LinkUp, Output, StreamEnd

PATIENCE = 5.0
"""Seconds for an answer of the XMPP server or the proxy: both are near, or nobody would be content with them."""

_LOCAL = (".localhost", ".test", ".example", ".invalid", ".local")  # RFC 2606, RFC 6762: never in the DNS


class Verdict(StrEnum):
    """What a finding means for a server."""

    OK = "ok"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: which, and what was found, with what to do where it is wrong."""

    verdict: Verdict
    what: str
    text: str


async def check(
    configuration: Configuration, names: Names, now: datetime, log: Log
) -> AsyncIterator[Finding]:
    """Look at everything, in the order in which a server needs it. `now` is in UTC."""
    unusable = [*certificates(configuration, now), *secrets(configuration)]
    for finding in unusable:
        yield finding
    for what, endpoint in _addresses(configuration):
        yield await _address(what, endpoint)
    # without its certificates and secrets a server asks nobody
    if all(finding.verdict is not Verdict.WRONG for finding in unusable):
        for component in settings.components(configuration):
            yield await _component(component)
        if configuration.sip.outbound_proxy:
            yield await _proxy(configuration, names, log)
    for domain in configuration.domains:
        async for finding in _records(configuration, domain.name, names):
            yield finding


def certificates(configuration: Configuration, now: datetime) -> Iterator[Finding]:
    """The certificate files: readable, in pairs, and valid for a while."""
    if not configuration.tls.certificate:
        return
    try:
        shown = settings.sip_certificates(configuration)
        settings.msrp_certificates(configuration)
    except (OSError, ValueError) as error:
        yield Finding(Verdict.WRONG, "[tls]", str(error))
        return
    if shown is not None:
        yield from _dates(shown, now)


def secrets(configuration: Configuration) -> Iterator[Finding]:
    """The files with secrets: readable, and not empty."""
    for what, read in (("[[xmpp.component]]", settings.components), ("[[sip.account]]", settings.policy)):
        try:
            read(configuration)
        except OSError as error:
            yield Finding(Verdict.WRONG, what, str(error))


def _dates(shown: Certificates, now: datetime) -> Iterator[Finding]:
    troubles = shown.troubles(now)
    if not troubles:
        yield Finding(Verdict.OK, "[tls]", "certificates and keys fit, and are valid for two weeks at least")
    for file, trouble in troubles.items():
        is_over = not trouble.startswith("expires")
        yield Finding(Verdict.WRONG if is_over else Verdict.NOTE, "[tls]", f"{file}: {trouble}; renew it")


def _addresses(configuration: Configuration) -> Iterator[tuple[str, Endpoint]]:
    for text in configuration.sip.listen:
        yield "sip.listen", Endpoint.parse(text)
    shared = {text for text in configuration.sip.listen if text.startswith("ws")}
    for text in configuration.msrp.listen:
        if text not in shared:  # browsers find both at one address
            yield "msrp.listen", Endpoint.parse(text)
    if configuration.xmpp.entry.listen:
        yield "xmpp.entry.listen", Endpoint.parse(configuration.xmpp.entry.listen)


async def _address(what: str, endpoint: Endpoint) -> Finding:
    kind = socket.SOCK_DGRAM if endpoint.transport == "udp" else socket.SOCK_STREAM
    loop = asyncio.get_running_loop()
    try:
        with listening_on(endpoint.transport, endpoint.host, endpoint.port):
            for family, _, _, _, place in await loop.getaddrinfo(endpoint.host, endpoint.port, type=kind):
                _take(family, kind, place)
    except OSError as error:
        return Finding(Verdict.WRONG, what, str(error))
    return Finding(Verdict.OK, what, f"{endpoint} can be listened on")


def _take(family: int, kind: socket.SocketKind, place: tuple[object, ...]) -> None:
    with socket.socket(family, kind) as taken:
        if kind is socket.SOCK_STREAM:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server will
        if family == socket.AF_INET6:
            taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        taken.bind(place)


async def _component(component: ComponentSettings) -> Finding:
    what, server = "[[xmpp.component]]", f"tcp://{component.host}:{component.port}"
    try:
        async with asyncio.timeout(PATIENCE):
            end = await _log_in(component)
    except TimeoutError:
        return Finding(Verdict.WRONG, what, f"{server} gives no answer: is it a component port?")
    except OSError as error:
        return Finding(Verdict.WRONG, what, f"{server} cannot be reached: {why(error)}; see connect")
    if end is None:
        return Finding(Verdict.OK, what, f"{server} accepts {component.domain}")
    if end.condition is StreamCondition.CONFLICT:
        return Finding(
            Verdict.NOTE, what, f"{server} has {component.domain} connected already: a running server?"
        )
    said = f"{end.condition or 'closed'} {end.text}".strip()
    return Finding(
        Verdict.WRONG, what, f"{server} refuses {component.domain}: {said}; compare domain and secret"
    )


async def _log_in(component: ComponentSettings) -> StreamEnd | None:
    """Log in as the component and out again: None when we were accepted, else how the stream ended."""
    loop = asyncio.get_running_loop()
    reader, writer = await asyncio.open_connection(component.host, component.port)
    stream = ComponentStream(component.domain, component.secret)
    try:
        outputs: list[Output] = stream.open(loop.time())
        while True:
            for output in outputs:
                match output:
                    case Send(message=octets):
                        writer.write(octets)
                    case Deliver(event=LinkUp()):
                        writer.write(b"</stream:stream>")
                        return None
                    case Ended(reason=end):
                        return end
                    case _:
                        continue
            data = await reader.read(65_536)
            outputs = stream.receive(data, loop.time()) if data else stream.receive_end(loop.time())
    finally:
        writer.close()
        with contextlib.suppress(OSError):  # it was cut before we could close it
            await writer.wait_closed()


async def _proxy(configuration: Configuration, names: Names, log: Log) -> Finding:
    what, proxy = "sip.outbound_proxy", SipUri.parse(configuration.sip.outbound_proxy)
    ours = settings.sip(configuration, settings.sip_certificates(configuration), WebSocketListeners())
    spoken = tuple(replace(one, port=0) for one in ours.listen if one.transport not in {WS, WSS})
    try:
        response = await _asked(replace(ours, listen=spoken, outbound_proxy=None), proxy, names, log)
    except TimeoutError:
        return Finding(Verdict.WRONG, what, f"{proxy} gives no answer to OPTIONS in {PATIENCE:g} seconds")
    except OSError as error:
        return Finding(Verdict.WRONG, what, f"it cannot be asked: {error}")
    if response == NO_SERVER:
        return Finding(
            Verdict.WRONG, what, f"{proxy} cannot be reached: no such name, or nobody listens there"
        )
    return Finding(Verdict.OK, what, f"{proxy} answers OPTIONS with {response}")


async def _asked(ours: SipSettings, proxy: SipUri, names: Names, log: Log) -> str:
    agent: SipAgent

    def spoken() -> frozenset[str]:
        return frozenset(listening.transport for listening in agent.listening)

    agent = SipAgent(ours, SystemClock(), RandomIds(), SipResolver(names, spoken, SystemRandom()), log)
    agent.face = _NobodyHome()
    await agent.start()
    try:
        from_ = NameAddr(SipUri(agent.listening[0].advertised))
        async with asyncio.timeout(PATIENCE):
            response = await agent.request(OutgoingRequest("OPTIONS", proxy, from_))
    finally:
        await agent.stop()
    return NO_SERVER if response.reason == NO_SERVER else f"{response.status} {response.reason}"


class _NobodyHome:
    """A SIP face that is there to ask, not to be asked."""

    def identity(self, _request: Request, _source: Flow, _proven: str | None) -> Admission:
        """Turn everybody away; nothing below is ever told."""
        return Refuse(480, "Only Looking")

    def on_invite(self, call: IncomingCall) -> None:
        """See net.sip_face.SipFace."""
        call.reject(480)

    def on_subscribe(self, subscription: IncomingSubscription) -> None:
        """See net.sip_face.SipFace."""
        subscription.reject(480)

    def on_refer(self, refer: IncomingRefer) -> None:
        """See net.sip_face.SipFace."""
        refer.reject(480)

    def on_request(self, request: IncomingRequest) -> None:
        """See net.sip_face.SipFace."""
        request.respond(480)


async def _records(configuration: Configuration, domain: str, names: Names) -> AsyncIterator[Finding]:
    """What the DNS says of a domain of rooms; a lack of it stops nobody who is behind our own servers."""
    if domain == "localhost" or domain.endswith(_LOCAL):
        return
    has_address = bool(await names.addresses(domain))
    if (
        configuration.xmpp.component
        and not has_address
        and not await _any(names, domain, "_xmpp-server._tcp.")
    ):
        missing = f"_xmpp-server._tcp.{domain}"
        yield Finding(
            Verdict.NOTE, domain, f"no record {missing}: people of other XMPP servers do not get in"
        )
    if not has_address and not await _any(names, domain, "_sips._tcp.", "_sip._tcp.", "_sip._udp."):
        missing = f"_sip._udp.{domain}"
        yield Finding(
            Verdict.NOTE, domain, f"no record {missing}: SIP users get in through their own proxy only"
        )


async def _any(names: Names, domain: str, *services: str) -> bool:
    for service in services:
        if await names.services(service + domain):
            return True
    return False
