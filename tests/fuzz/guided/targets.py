"""What the guided fuzzer calls: one small function for each reader, which raises when a promise is broken.

A reader promises that any octets give items or `Malformed`, any split the same items, and that a value which was
read can be written and read again. Nothing here needs the fuzzer itself.
"""

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from crossroom.bodies import conference_reader, conference_writer
from crossroom.bodies.cpim import CpimMessage
from crossroom.bodies.sdp import SessionDescription
from crossroom.machine import ParseError
from crossroom.msrp import stream as msrp_stream
from crossroom.sip.answer import Body
from crossroom.sip.events import InviteReceived, ReferReceived, RequestReceived, SubscribeReceived
from crossroom.sip.invite import InviteUsage
from crossroom.sip.message import BadRequest, Request, Response, parse_datagram
from crossroom.sip.settings import AgentSettings
from crossroom.sip.stream import StreamReader as SipStreamReader
from crossroom.xmpp import stream as xmpp_stream
from crossroom.xmpp.element import Element
from crossroom.xmpp.stanza import Stanza
from fuzz.guided import seeds
from sip_peer import CONTACT, LostPeer, Peer

ItemT_co = TypeVar("ItemT_co", covariant=True)
SHORT = 120  # octets: longer streams are not read octet by octet, which would make the fuzzer slow
BETWEEN = b"\x00\x00"  # what parts the messages that one input gives to an agent


class Reader(Protocol[ItemT_co]):
    """Any of our stream readers."""

    def receive_data(self, data: bytes, /) -> Sequence[ItemT_co]: ...


def in_any_split(make: Callable[[], Reader[ItemT_co]], octets: bytes) -> Sequence[ItemT_co]:
    """The items of a stream, after a look at whether two other ways to cut it give the same."""
    whole = make().receive_data(octets)
    for step in {1 + len(octets) % 7, 1 if len(octets) < SHORT else SHORT}:
        reader = make()
        items = [
            item for at in range(0, len(octets), step) for item in reader.receive_data(octets[at : at + step])
        ]
        assert items == whole, (step, items, whole)
    return whole


def sip_datagram(octets: bytes) -> None:
    _check_sip(parse_datagram(octets))


def sip_stream(octets: bytes) -> None:
    for item in in_any_split(SipStreamReader, octets):
        _check_sip(item)


def _check_sip(item: object) -> None:
    match item:
        case Request() | Response():
            item.read_all()
            assert parse_datagram(bytes(item)) == item
        case BadRequest(answer=Response() as answer):
            assert isinstance(parse_datagram(bytes(answer)), Response | BadRequest)
        case _:
            pass


def sip_agent(octets: bytes) -> None:
    """Up to eight messages into a user agent whose user takes everything; in the end nothing may be left."""
    peer = LostPeer(AgentSettings(session_expires=90))
    sessions: list[InviteUsage] = []
    for message in octets.split(BETWEEN, 8):
        item = parse_datagram(message)
        if isinstance(item, Request | Response):
            peer.put(item)
        sessions += _take_everything(peer)
    for session in sessions:  # a call without a session timer stays until somebody ends it
        session.bye(peer.now)
    peer.drain()
    assert peer.is_clean(), peer.agent.tables()


def _take_everything(peer: Peer) -> list[InviteUsage]:
    events, peer.events = peer.events, []
    sessions: list[InviteUsage] = []
    for event in events:
        match event:
            case InviteReceived(usage=uas):
                sessions.append(uas.accept(CONTACT, Body(b"v=0"), (), peer.now))
            case SubscribeReceived(usage=notifier):
                notifier.accept(CONTACT, 60, Body(b"state", "text/plain"), (), peer.now)
            case ReferReceived(usage=receiver):
                receiver.accept(CONTACT, (), peer.now)
            case RequestReceived(usage=pending):
                pending.respond(200, "", (), Body(), CONTACT, peer.now)
            case _:
                pass
        peer.drain()
    return sessions


def sdp(octets: bytes) -> None:
    with contextlib.suppress(ParseError):
        description = SessionDescription.from_bytes(octets)
        assert SessionDescription.parse(str(description)) == description


def cpim(octets: bytes) -> None:
    with contextlib.suppress(ParseError):
        message = CpimMessage.from_bytes(octets)
        assert CpimMessage.from_bytes(bytes(message)) == message


def conference_info(octets: bytes) -> None:
    with contextlib.suppress(ParseError):
        document = conference_reader.parse(octets)
        assert conference_reader.parse(conference_writer.write(document)) == document


def msrp(octets: bytes) -> None:
    in_any_split(msrp_stream.StreamReader, octets)


def xmpp(octets: bytes) -> None:
    for item in in_any_split(xmpp_stream.StreamReader, octets):
        if isinstance(item, Stanza | Element):
            bytes(item)


@dataclass(frozen=True)
class Target:
    """`run` raises on a broken promise; `seeds`: where the fuzzer begins."""

    run: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]


TARGETS = {
    "sip_datagram": Target(sip_datagram, seeds.sip),
    "sip_stream": Target(sip_stream, seeds.sip),
    "sip_agent": Target(
        sip_agent, lambda: (*seeds.sip(), *map(BETWEEN.join, zip(seeds.sip(), seeds.sip()[1:], strict=False)))
    ),
    "sdp": Target(sdp, seeds.sdp),
    "cpim": Target(cpim, seeds.cpim),
    "conference_info": Target(conference_info, seeds.conference_info),
    "msrp": Target(msrp, seeds.msrp),
    "xmpp": Target(xmpp, seeds.xmpp),
}
