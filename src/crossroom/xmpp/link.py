"""What the stream machines (component.py, c2s.py) tell their driver, and the ways in which every stream ends."""

from dataclasses import dataclass
from typing import TypeAlias

from crossroom.machine import Deliver, Ended, Send
from crossroom.xmpp.errors import Condition, StreamCondition, error_reply, misaddressed_reply, stream_error
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.stanza import Kind, Stanza
from crossroom.xmpp.stream import STREAM_END, Misaddressed

IQ_TYPES = frozenset(("get", "set", "result", "error"))

CLOSING_SECONDS = 2.0  # for the other side's closing tag: a round trip, and a shutdown must not take longer


@dataclass(frozen=True, slots=True)
class LinkUp:
    """Stanzas may flow from now on; `jid` is whose they are: the component's domain, or the client's full address."""

    jid: Jid


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something came that nobody can use and nobody need be told of; for the log."""

    why: str


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """Why a stream ended: the condition of the stream error, None when it was closed or lost without one."""

    condition: StreamCondition | None = None
    text: str = ""
    by_us: bool = False


Event = LinkUp | Stanza | Ignored
Output: TypeAlias = Send[bytes] | Deliver[Event] | Ended[StreamEnd]


def refuse(condition: StreamCondition, text: str = "") -> list[Output]:
    """End the stream with an error of ours (RFC 6120 §4.9.1.1: after it the stream is closed)."""
    return [Send(stream_error(condition, text) + STREAM_END), Ended(StreamEnd(condition, text, by_us=True))]


def admit(stanza: Stanza, answer_from: Jid | None = None) -> list[Output]:
    """Deliver a stanza, or answer an iq that is none (RFC 6120 §8.2.3)."""
    if not _is_faulty_iq(stanza):
        return [Deliver(stanza)]
    reply = error_reply(stanza, Condition.BAD_REQUEST, from_=answer_from)
    return [Send(bytes(reply))] if reply else [Deliver(Ignored(f"an iq of type {stanza.type!r}"))]


def answer_misaddressed(item: Misaddressed, us: Jid) -> list[Output]:
    """jid-malformed for a stanza that cannot be delivered, where its sender can be told."""
    source = item.element
    reply = misaddressed_reply(source, us)
    if reply is None or reply.to is None:
        return [Deliver(Ignored(f"{source.name}: {item.why}"))]
    return [Send(bytes(reply))]


def _is_faulty_iq(stanza: Stanza) -> bool:
    if stanza.kind is not Kind.IQ:
        return False
    if stanza.type not in IQ_TYPES or not stanza.id:
        return True
    return stanza.is_request and len(stanza.children) != 1
