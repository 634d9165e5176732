"""The one shape of every protocol machine, and the errors all floors share.

A machine is told what arrived and what time it is, and answers with what it wants done, in order. It never
reads a clock, a socket or a random source, so a test can drive it through hours in a millisecond.
Imported by every package, imports none.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from msgspec import Struct

MessageT_co = TypeVar("MessageT_co", covariant=True)
EventT_co = TypeVar("EventT_co", covariant=True)
ReasonT_co = TypeVar("ReasonT_co", bound=Hashable, covariant=True)


class ParseError(ValueError):
    """A value that we cannot read: a URI, an address, a header, a stanza's payload."""


class LocalProtocolError(RuntimeError):
    """Our own code asked for something that the protocol forbids: always a defect of ours."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """The last item of a reader: bytes that cannot be followed any further, and why in words for a log."""

    why: str


class Send(Struct, Generic[MessageT_co], frozen=True):
    """Put this message on the wire."""

    message: MessageT_co


class Deliver(Struct, Generic[EventT_co], frozen=True):
    """Tell the machine's user that this happened."""

    event: EventT_co


class Ended(Struct, Generic[ReasonT_co], frozen=True):
    """The machine is finished, always its last output: forget it. The reason is a value of its own package."""

    reason: ReasonT_co
