"""What the room itself says to people: a welcome, who came and went, the subject (RFC 7701 §11).

A notice is an ordinary text from the room's URI with a CPIM header by which user agents show it as a status;
to the others it is a message. Plain functions; who gets which notice is the seat's business.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from crossroom.bodies.cpim import (
    CPIM,
    STATUS_NAMESPACE,
    CpimAddress,
    CpimHeader,
    CpimMessage,
    format_date_time,
)
from crossroom.bodies.mime import MimePart
from crossroom.conference.addresses import identity_of, uri_of
from crossroom.msrp.chunk import FailureReport
from crossroom.msrp.message import SharedBody
from crossroom.room.address import Address, Network, Nickname
from crossroom.room.events import Joined, Left, Posted, Renamed, RoomEvent, SubjectChanged
from crossroom.room.reasons import Departure
from crossroom.sip.uri import SipUri

LISTED = 50
"""Names in a list of participants; of the others only the number is said."""

SLOW = "Your client reads more slowly than this room talks. If it falls further behind it is disconnected."
"""To an endpoint whose queue is nearly full."""

_WENT = {
    Departure.KICKED: "was removed",
    Departure.BANNED: "was banned",
    Departure.LINK_LOST: "lost the connection",
}


@dataclass(frozen=True, slots=True)
class NoticeSettings:
    """Which notices SIP users get. `joins` is off since rosters tell the same to every user agent that shows one."""

    welcome: bool = True
    joins: bool = False
    subject: bool = True


def notice_of(text: str, room: SipUri, now: datetime) -> SharedBody:
    """A notice ready for everybody; nobody is asked to answer it."""
    message = CpimMessage(
        sender=CpimAddress(str(room)),
        to=(CpimAddress(str(room)),),
        content=bytes(MimePart.of("text/plain", text, "")),
        date_time=format_date_time(now.timestamp()),
        extensions=(CpimHeader(STATUS_NAMESPACE, "Message-Type", "status"),),
    )
    return SharedBody(CPIM, bytes(message), failure_report=FailureReport.NO)


def welcome(room: Address) -> str:
    """The ways to join, to be handed on to others."""
    xmpp = identity_of(replace(room, network=Network.XMPP))
    return f"Welcome to {room.user}. Others can join at {uri_of(room)} (SIP) or {xmpp}?join (XMPP)."


def about_the_room(nicknames: Sequence[Nickname]) -> str:
    """RFC 7701 §11: who knows no chat rooms is told that this is one, and who is there."""
    listed = ", ".join(nicknames[:LISTED])
    more = f" and {len(nicknames) - LISTED} more" if len(nicknames) > LISTED else ""
    return f"This is a chat room: what you say is sent to all participants. Here now: {listed}{more}."


def notice_about(event: RoomEvent, settings: NoticeSettings) -> str:
    """What to say about an event; empty for most of them."""
    match event:
        case SubjectChanged(subject, by) if settings.subject:
            return _about_subject(subject, by, is_news=not event.delayed)
        case Joined(occupant) if settings.joins:
            return f"{occupant.nickname} has joined."
        case Left(occupant, departure, text, by) if settings.joins and event.is_last_endpoint:
            if departure is Departure.REPLACED:
                return ""
            actor = f" by {by}" if by else ""
            why = f": {text}" if text else "."
            return f"{occupant.nickname} {_WENT.get(departure, 'has left')}{actor}{why}"
        case Renamed(occupant, old) if settings.joins and event.is_last_endpoint:
            return f"{old} is now {occupant.nickname}."
        case _:
            return ""


def too_long(posted: Posted, limit: int) -> str:
    """In place of a message that an endpoint does not take (a=max-size)."""
    kind = "private message" if posted.to else "message"
    return f"A {kind} from {posted.author.nickname} is longer than the {limit} octets that your client takes."


def _about_subject(subject: str, by: Nickname | None, *, is_news: bool) -> str:
    if not subject:
        return f"{by} removed the subject." if by and is_news else ""
    return f"{by} set the subject: {subject}" if by else f"The subject is: {subject}"
