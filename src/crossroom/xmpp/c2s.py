"""The server's side of a client's stream (RFC 6120), as a machine: the embedded entry, on loopback.

SASL ANONYMOUS (RFC 4505) only: a user is a connection. Only the rooms can be reached; what is asked of the server
itself is answered in account.py. TLS is not spoken: no other machine is on the way.
"""

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum

from crossroom.machine import Deliver, Ended, LocalProtocolError, ParseError, Send
from crossroom.xmpp.account import SESSION, Site, answer_account
from crossroom.xmpp.element import CLIENT, Element, element, serialise
from crossroom.xmpp.errors import Condition, StreamCondition, error_reply, read_stream_error, stream_error
from crossroom.xmpp.jid import Jid, enforce_resource
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
from crossroom.xmpp.stanza import Kind, Stanza
from crossroom.xmpp.stream import (
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

SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
BIND = "urn:ietf:params:xml:ns:xmpp-bind"
LOGIN_SECONDS = 30.0  # a client needs well under one; the rest is for a person with telnet


class State(StrEnum):
    """How far the client is (RFC 6120 §4.3, §6, §7)."""

    NEW = "new"
    GREETING = "greeting"  # its first header is due
    LOGIN = "login"  # SASL is due
    RESTART = "restart"  # the header of the authenticated stream is due
    BINDING = "binding"  # resource binding is due
    BOUND = "bound"
    CLOSING = "closing"  # our </stream:stream> is sent
    ENDED = "ended"


FEATURES = {
    State.LOGIN: (element("mechanisms", SASL, element("mechanism", SASL, "ANONYMOUS")),),
    # RFC 3921 asked for a session; "optional" tells both kinds of client what to do
    State.BINDING: (element("bind", BIND), element("session", SESSION, element("optional", SESSION))),
}
NEXT_STATE = {State.GREETING: State.LOGIN, State.RESTART: State.BINDING}


class ClientStream:
    """One client's connection. `new_id` makes unguessable tokens of letters and digits."""

    def __init__(self, site: Site, new_id: Callable[[], str], limits: Limits | None = None) -> None:
        self._site = site
        self._new_id = new_id
        self._limits = limits or Limits()
        self._reader = StreamReader(self._limits)
        self._state = State.NEW
        self._lang = ""
        # RFC 4505 §1: the identity of an anonymous user is ours to choose
        self._jid = Jid(new_id().lower(), site.domain)
        self._due: float | None = None

    @property
    def is_up(self) -> bool:
        """True while stanzas may be sent."""
        return self._state is State.BOUND

    @property
    def jid(self) -> Jid:
        """The user's address; full once bound."""
        return self._jid

    def open(self, now: float) -> list[Output]:
        """A client connected: it speaks first."""
        if self._state is not State.NEW:
            raise LocalProtocolError("a stream is opened once")
        self._state = State.GREETING
        self._due = now + LOGIN_SECONDS
        return []

    def receive(self, data: bytes, now: float) -> list[Output]:
        """What came on the connection."""
        del now
        outputs: list[Output] = []
        for item in self._reader.receive_data(data):
            if self._state is State.ENDED:
                break
            outputs += self._receive_item(item)
        return outputs

    def receive_end(self, now: float) -> list[Output]:
        """The connection ended."""
        del now
        return [] if self._state is State.ENDED else self._end([Ended(StreamEnd(text="connection lost"))])

    def close(self, now: float) -> list[Output]:
        """The server shuts down."""
        if self._state in {State.CLOSING, State.ENDED}:
            return []
        if self._state in {State.NEW, State.GREETING}:  # RFC 6120 §4.9.1.2: an error needs a header before it
            return self._end([Ended(StreamEnd(by_us=True))])
        self._state = State.CLOSING
        self._due = now + CLOSING_SECONDS
        return [Send(stream_error(StreamCondition.SYSTEM_SHUTDOWN) + STREAM_END)]

    def sent(self, now: float) -> None:
        """The driver wrote stanzas: nothing to remember here."""

    def tick(self, now: float) -> list[Output]:
        """Time passed: a client that did not log in goes."""
        if self._due is None or now < self._due:
            return []
        if self._state is State.CLOSING:
            return self._end([Ended(StreamEnd(text="no closing tag in time", by_us=True))])
        return self._refuse(StreamCondition.CONNECTION_TIMEOUT, "no login in time")

    def deadline(self) -> float | None:
        """When tick() is next due."""
        return self._due

    def _receive_item(self, item: Item) -> list[Output]:
        if self._state is State.CLOSING:
            is_last = isinstance(item, StreamClosed | StreamMalformed)
            return self._end([Ended(StreamEnd(by_us=True))]) if is_last else []
        match item:
            case StreamOpened():
                return self._receive_header(item)
            case StreamMalformed():
                return self._refuse(item.condition, item.why)
            case StreamClosed():
                return self._end([Send(STREAM_END), Ended(StreamEnd())])
            case Element():
                return self._receive_element(item)
            case _:
                return self._receive_stanza(item)

    def _receive_header(self, header: StreamOpened) -> list[Output]:
        greeting = Send(_header(self._site, self._new_id(), header.lang))
        self._lang = header.lang
        if header.namespace != CLIENT:
            return [greeting, *self._end(refuse(StreamCondition.INVALID_NAMESPACE, header.namespace))]
        if header.to.lower() != self._site.domain:
            return [greeting, *self._end(refuse(StreamCondition.HOST_UNKNOWN, header.to))]
        if header.version.partition(".")[0] != "1":
            return [greeting, *self._end(refuse(StreamCondition.UNSUPPORTED_VERSION, header.version))]
        self._state = NEXT_STATE[self._state]
        return [greeting, Send(_features(self._state))]

    def _receive_element(self, received: Element) -> list[Output]:
        if (received.name, received.namespace) == ("error", STREAM):
            condition, text = read_stream_error(received)
            return self._end([Send(STREAM_END), Ended(StreamEnd(condition, text))])
        if received.namespace == SASL and self._state is State.LOGIN:
            return self._authenticate(received)
        return self._refuse(StreamCondition.UNSUPPORTED_STANZA_TYPE, received.name)

    def _authenticate(self, auth: Element) -> list[Output]:
        if auth.name == "abort":
            return [_sasl_failure("aborted")]
        if auth.name != "auth" or auth.get("mechanism") != "ANONYMOUS":
            return [_sasl_failure("invalid-mechanism")]
        self._state = State.RESTART
        self._reader = StreamReader(self._limits)  # RFC 6120 §6.3.2: the stream begins anew
        return [Send(bytes(element("success", SASL)))]

    def _receive_stanza(self, item: Stanza | Misaddressed) -> list[Output]:
        if self._state is State.BINDING and isinstance(item, Stanza):
            return self._bind(item)
        if self._state is not State.BOUND:
            return self._refuse(StreamCondition.NOT_AUTHORIZED, "a stanza before login")
        if isinstance(item, Misaddressed):
            attributes = {**item.element.attributes, "from": str(self._jid)}
            return answer_misaddressed(
                replace(item, element=replace(item.element, attributes=attributes)),
                Jid("", self._site.domain),
            )
        # RFC 6120 §8.1.2.1: a client may write its own bare or full address, and no other
        if item.from_ not in {None, self._jid, self._jid.bare}:
            return self._refuse(StreamCondition.INVALID_FROM)
        return self._route(replace(item, from_=self._jid, lang=item.lang or self._lang))

    def _bind(self, iq: Stanza) -> list[Output]:
        asked = iq.find("bind", BIND)
        if iq.kind is not Kind.IQ or iq.type != "set" or asked is None:
            return self._refuse(StreamCondition.NOT_AUTHORIZED, "a stanza before resource binding")
        self._jid = self._jid.bare.with_resource(_resource(asked.child_text("resource"), self._new_id))
        self._state = State.BOUND
        self._due = None
        bound = element("bind", BIND, element("jid", BIND, str(self._jid)))
        return [
            Send(bytes(Stanza(Kind.IQ, None, None, iq.id, "result", "", (bound,)))),
            Deliver(LinkUp(self._jid)),
        ]

    def _route(self, stanza: Stanza) -> list[Output]:
        to = stanza.to
        if to is not None and to.domain in self._site.rooms:
            return admit(stanza)
        if to is None or to in {Jid("", self._site.domain), self._jid.bare}:
            return self._answer_ourselves(stanza)
        reply = error_reply(stanza, Condition.SERVICE_UNAVAILABLE)
        return [Send(bytes(reply))] if reply else [Deliver(Ignored(f"{stanza.kind} to {to.domain}"))]

    def _answer_ourselves(self, stanza: Stanza) -> list[Output]:
        checked = admit(stanza, stanza.to or self._jid.bare)
        if checked != [Deliver(stanza)]:
            return checked
        reply = answer_account(stanza, self._site, self._jid.bare) if stanza.kind is Kind.IQ else None
        # presence for contacts, of which there are none, or a message to oneself: RFC 6121 §8.5.2 lets it go
        return [Send(bytes(reply))] if reply else []

    def _refuse(self, condition: StreamCondition, text: str = "") -> list[Output]:
        # RFC 6120 §4.9.1.2: an error during the negotiation of the header follows a header of our own
        header: list[Output] = []
        if self._state in {State.GREETING, State.RESTART}:
            header = [Send(_header(self._site, self._new_id()))]
        return [*header, *self._end(refuse(condition, text))]

    def _end(self, outputs: list[Output]) -> list[Output]:
        self._state = State.ENDED
        self._due = None
        return outputs


def _sasl_failure(condition: str) -> Send[bytes]:
    return Send(bytes(element("failure", SASL, element(condition, SASL))))


def _header(site: Site, stream_id: str, lang: str = "") -> bytes:
    # RFC 6120 §4.7.3: a new id for each stream; §4.7.4: the language of what we say
    return bytes(StreamOpened(CLIENT, from_=site.domain, id=stream_id, version="1.0", lang=lang or "en"))


def _features(state: State) -> bytes:
    # the prefix declared on the header is written here, as clients expect to see it
    return b"<stream:features>" + serialise(FEATURES[state]) + b"</stream:features>"


def _resource(wanted: str, new_id: Callable[[], str]) -> str:
    try:
        return enforce_resource(wanted) if wanted else new_id()
    except ParseError:
        return new_id()  # RFC 6120 §7.7.2.1: the server may choose another
