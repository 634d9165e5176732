"""Our side of a component's stream to an XMPP server (XEP-0114), as a machine. Reconnecting is the driver's part."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from crossroom.machine import Deliver, Ended, LocalProtocolError, Send
from crossroom.xmpp.element import OWN, Element
from crossroom.xmpp.errors import StreamCondition, read_stream_error
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.link import (
    CLOSING_SECONDS,
    Ignored,
    LinkUp,
    Output,
    StreamEnd,
    admit,
    answer_misaddressed,
    refuse,
)
from crossroom.xmpp.stanza import Stanza
from crossroom.xmpp.stream import (
    COMPONENT,
    STREAM,
    STREAM_END,
    Item,
    Limits,
    Misaddressed,
    StreamClosed,
    StreamMalformed,
    StreamOpened,
    StreamReader,
)


class State(StrEnum):
    """How far the stream is (XEP-0114 §3)."""

    NEW = "new"
    OPENING = "opening"  # our header is sent
    HANDSHAKE = "handshake"  # our handshake is sent
    UP = "up"
    CLOSING = "closing"  # our </stream:stream> is sent
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class ComponentTiming:
    """Seconds: how long the server may take to accept us, and how long we stay silent before a space is sent."""

    handshake: float = 30.0
    keepalive: float = 60.0  # below the idle limits of common proxies and NATs
    closing: float = CLOSING_SECONDS


class ComponentStream:
    """One connection's stream. `domain` is the component's name, `secret` what it shares with the server."""

    def __init__(
        self, domain: str, secret: str, limits: Limits | None = None, timing: ComponentTiming | None = None
    ) -> None:
        self._jid = Jid.enforce("", domain)
        self._secret = secret
        self._timing = timing or ComponentTiming()
        # a server gathers what many senders wrote: its stanzas may be larger than one client's
        self._reader = StreamReader(limits or Limits(stanza_octets=4_194_304, depth=256))
        self._state = State.NEW
        self._due: float | None = None

    @property
    def is_up(self) -> bool:
        """True while stanzas may be sent."""
        return self._state is State.UP

    def open(self, now: float) -> list[Output]:
        """The connection is there. XEP-0114 §3: `to` is the component's own name."""
        if self._state is not State.NEW:
            raise LocalProtocolError("a stream is opened once")
        self._state = State.OPENING
        self._due = now + self._timing.handshake
        return [Send(bytes(StreamOpened(COMPONENT, to=self._jid.domain)))]

    def receive(self, data: bytes, now: float) -> list[Output]:
        """What came on the connection."""
        return self._follow(self._reader.receive_data(data), now)

    def receive_end(self, now: float) -> list[Output]:
        """The connection ended."""
        del now
        return [] if self._state is State.ENDED else self._end([Ended(StreamEnd(text="connection lost"))])

    def close(self, now: float) -> list[Output]:
        """Close the stream politely (RFC 6120 §4.4: the other side's closing tag is waited for)."""
        if self._state is State.NEW:
            return self._end([Ended(StreamEnd(by_us=True))])
        if self._state in {State.CLOSING, State.ENDED}:
            return []
        if self._state is not State.UP:
            return self._end([Send(STREAM_END), Ended(StreamEnd(by_us=True))])
        self._state = State.CLOSING
        self._due = now + self._timing.closing
        return [Send(STREAM_END)]

    def sent(self, now: float) -> None:
        """The driver wrote stanzas: the next keepalive is not due before its time."""
        if self._state is State.UP:
            self._due = now + self._timing.keepalive

    def tick(self, now: float) -> list[Output]:
        """Time passed: give up the handshake, or keep an idle stream alive."""
        if self._due is None or now < self._due:
            return []
        if self._state is State.UP:
            self._due = now + self._timing.keepalive
            return [Send(b" ")]  # RFC 6120 §4.6.1
        if self._state is State.CLOSING:
            return self._end([Ended(StreamEnd(text="no closing tag in time", by_us=True))])
        return self._end(refuse(StreamCondition.CONNECTION_TIMEOUT, "no handshake in time"))

    def deadline(self) -> float | None:
        """When tick() is next due."""
        return self._due

    def _follow(self, items: list[Item], now: float) -> list[Output]:
        outputs: list[Output] = []
        for item in items:
            if self._state is State.ENDED:
                break
            outputs += self._receive_item(item, now)
        return outputs

    def _receive_item(self, item: Item, now: float) -> list[Output]:
        if self._state is State.CLOSING:
            is_last = isinstance(item, StreamClosed | StreamMalformed)
            return self._end([Ended(StreamEnd(by_us=True))]) if is_last else []
        match item:
            case StreamOpened():
                return self._receive_header(item)
            case StreamMalformed():
                return self._end(refuse(item.condition, item.why))
            case StreamClosed():
                return self._end([Send(STREAM_END), Ended(StreamEnd())])
            case Element():
                return self._receive_element(item, now)
            case _:
                return self._receive_stanza(item)

    def _receive_header(self, header: StreamOpened) -> list[Output]:
        if header.namespace != COMPONENT:
            return self._end(refuse(StreamCondition.INVALID_NAMESPACE, header.namespace))
        self._state = State.HANDSHAKE
        # XEP-0114 §3: the lower-case hexadecimal SHA-1 of stream id and secret
        digest = hashlib.sha1((header.id + self._secret).encode(), usedforsecurity=False).hexdigest()
        return [Send(f"<handshake>{digest}</handshake>".encode())]

    def _receive_element(self, element: Element, now: float) -> list[Output]:
        if (element.name, element.namespace) == ("error", STREAM):
            condition, text = read_stream_error(element)
            return self._end([Send(STREAM_END), Ended(StreamEnd(condition, text))])
        if (element.name, element.namespace, self._state) == ("handshake", OWN, State.HANDSHAKE):
            self._state = State.UP
            self._due = now + self._timing.keepalive
            return [Deliver(LinkUp(self._jid))]
        return [Deliver(Ignored(f"<{element.name}/> in {element.namespace or COMPONENT}"))]

    def _receive_stanza(self, item: Stanza | Misaddressed) -> list[Output]:
        if self._state is not State.UP:
            return self._end(refuse(StreamCondition.NOT_AUTHORIZED, "a stanza before the handshake"))
        if isinstance(item, Misaddressed):
            return answer_misaddressed(item, self._jid)
        # XEP-0114 §3: both addresses are always there; what has none cannot be answered either
        if item.from_ is None or item.to is None:
            return [Deliver(Ignored(f"a {item.kind} without from or to"))]
        return admit(item)

    def _end(self, outputs: list[Output]) -> list[Output]:
        self._state = State.ENDED
        self._due = None
        return outputs
