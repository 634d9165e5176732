"""Stanza errors (RFC 6120 §8.3) and stream error conditions (§4.9.3).

What went wrong in a room is not said here: the MUC face translates its reasons into these conditions.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from crossroom.machine import ParseError
from crossroom.xmpp.element import OWN, Element, element, first
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.stanza import Kind, Stanza

STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"
STREAMS = "urn:ietf:params:xml:ns:xmpp-streams"


class ErrorType(StrEnum):
    """What the sender may do about it (RFC 6120 §8.3.2)."""

    AUTH = "auth"
    CANCEL = "cancel"
    CONTINUE = "continue"
    MODIFY = "modify"
    WAIT = "wait"


class Condition(StrEnum):
    """The defined conditions of stanza errors (RFC 6120 §8.3.3)."""

    BAD_REQUEST = "bad-request"
    CONFLICT = "conflict"
    FEATURE_NOT_IMPLEMENTED = "feature-not-implemented"
    FORBIDDEN = "forbidden"
    GONE = "gone"
    INTERNAL_SERVER_ERROR = "internal-server-error"
    ITEM_NOT_FOUND = "item-not-found"
    JID_MALFORMED = "jid-malformed"
    NOT_ACCEPTABLE = "not-acceptable"
    NOT_ALLOWED = "not-allowed"
    NOT_AUTHORIZED = "not-authorized"
    POLICY_VIOLATION = "policy-violation"
    RECIPIENT_UNAVAILABLE = "recipient-unavailable"
    REDIRECT = "redirect"
    REGISTRATION_REQUIRED = "registration-required"
    REMOTE_SERVER_NOT_FOUND = "remote-server-not-found"
    REMOTE_SERVER_TIMEOUT = "remote-server-timeout"
    RESOURCE_CONSTRAINT = "resource-constraint"
    SERVICE_UNAVAILABLE = "service-unavailable"
    SUBSCRIPTION_REQUIRED = "subscription-required"
    UNDEFINED_CONDITION = "undefined-condition"
    UNEXPECTED_REQUEST = "unexpected-request"


# RFC 6120 §8.3.3.x: "the associated error type SHOULD be ..."
DEFAULT_TYPES = {
    Condition.BAD_REQUEST: ErrorType.MODIFY,
    Condition.CONFLICT: ErrorType.CANCEL,
    Condition.FEATURE_NOT_IMPLEMENTED: ErrorType.CANCEL,
    Condition.FORBIDDEN: ErrorType.AUTH,
    Condition.GONE: ErrorType.CANCEL,
    Condition.INTERNAL_SERVER_ERROR: ErrorType.CANCEL,
    Condition.ITEM_NOT_FOUND: ErrorType.CANCEL,
    Condition.JID_MALFORMED: ErrorType.MODIFY,
    Condition.NOT_ACCEPTABLE: ErrorType.MODIFY,
    Condition.NOT_ALLOWED: ErrorType.CANCEL,
    Condition.NOT_AUTHORIZED: ErrorType.AUTH,
    Condition.POLICY_VIOLATION: ErrorType.MODIFY,
    Condition.RECIPIENT_UNAVAILABLE: ErrorType.WAIT,
    Condition.REDIRECT: ErrorType.MODIFY,
    Condition.REGISTRATION_REQUIRED: ErrorType.AUTH,
    Condition.REMOTE_SERVER_NOT_FOUND: ErrorType.CANCEL,
    Condition.REMOTE_SERVER_TIMEOUT: ErrorType.WAIT,
    Condition.RESOURCE_CONSTRAINT: ErrorType.WAIT,
    Condition.SERVICE_UNAVAILABLE: ErrorType.CANCEL,
    Condition.SUBSCRIPTION_REQUIRED: ErrorType.AUTH,
    Condition.UNDEFINED_CONDITION: ErrorType.CANCEL,
    Condition.UNEXPECTED_REQUEST: ErrorType.WAIT,
}


CONDITIONS = frozenset(Condition)


class StreamCondition(StrEnum):
    """The defined conditions of stream errors (RFC 6120 §4.9.3)."""

    BAD_FORMAT = "bad-format"
    BAD_NAMESPACE_PREFIX = "bad-namespace-prefix"
    CONFLICT = "conflict"
    CONNECTION_TIMEOUT = "connection-timeout"
    HOST_GONE = "host-gone"
    HOST_UNKNOWN = "host-unknown"
    IMPROPER_ADDRESSING = "improper-addressing"
    INTERNAL_SERVER_ERROR = "internal-server-error"
    INVALID_FROM = "invalid-from"
    INVALID_NAMESPACE = "invalid-namespace"
    INVALID_XML = "invalid-xml"
    NOT_AUTHORIZED = "not-authorized"
    NOT_WELL_FORMED = "not-well-formed"
    POLICY_VIOLATION = "policy-violation"
    REMOTE_CONNECTION_FAILED = "remote-connection-failed"
    RESET = "reset"
    RESOURCE_CONSTRAINT = "resource-constraint"
    RESTRICTED_XML = "restricted-xml"
    SEE_OTHER_HOST = "see-other-host"
    SYSTEM_SHUTDOWN = "system-shutdown"
    UNDEFINED_CONDITION = "undefined-condition"
    UNSUPPORTED_ENCODING = "unsupported-encoding"
    UNSUPPORTED_FEATURE = "unsupported-feature"
    UNSUPPORTED_STANZA_TYPE = "unsupported-stanza-type"
    UNSUPPORTED_VERSION = "unsupported-version"


@dataclass(frozen=True, slots=True)
class StanzaError:
    """The `<error/>` of a stanza; `type` None takes the condition's default.

    `by` is who found the error (a room's address), `application` an application-specific condition, `target` the
    address inside `<gone/>` or `<redirect/>`.
    """

    condition: Condition
    type: ErrorType | None = None
    text: str = ""
    by: str = ""
    application: Element | None = None
    target: str = ""

    @classmethod
    def parse(cls, source: Element) -> "StanzaError":
        """Read an `<error/>`; a condition we do not know is undefined-condition. Raises ParseError for another element."""
        if (source.name, source.namespace) != ("error", OWN):
            raise ParseError("no error element")
        defined = next((child for child in source.elements if _is_condition(child)), None)
        condition = Condition(defined.name) if defined else Condition.UNDEFINED_CONDITION
        return cls(
            condition,
            next((kind for kind in ErrorType if kind == source.get("type")), DEFAULT_TYPES[condition]),
            source.child_text("text", STANZAS),
            source.get("by"),
            next((child for child in source.elements if child.namespace != STANZAS), None),
            defined.text if defined else "",
        )

    @classmethod
    def of(cls, stanza: Stanza) -> "StanzaError | None":
        """The error that a stanza carries, None when it carries none."""
        found = stanza.find("error")
        return None if found is None else cls.parse(found)

    def as_element(self) -> Element:
        """The `<error/>` element (RFC 6120 §8.3.2: condition, then text, then the application's own)."""
        text = element("text", STANZAS, self.text) if self.text else None
        return element(
            "error",
            OWN,
            element(self.condition, STANZAS, self.target or None),
            text,
            self.application,
            type=self.type or DEFAULT_TYPES[self.condition],
            by=self.by or None,
        )


def error_reply(
    stanza: Stanza,
    error: StanzaError | Condition,
    *,
    from_: Jid | None = None,
    echo: tuple[Element, ...] | None = None,
) -> Stanza | None:
    """The stanza that answers with an error, or None where none may be sent.

    `from_` replaces the address that was written to. `echo` replaces the payload given back: by default all of an
    iq or message, nothing of a presence.
    """
    # RFC 6120 §8.3.1: an error is never answered with an error; nor is an iq result (§8.2.3).
    # RFC 6121 §4.7.1: unavailable presence expects no answer either.
    if stanza.is_error or (stanza.kind is Kind.IQ and not stanza.is_request):
        return None
    if stanza.kind is Kind.PRESENCE and stanza.type == "unavailable":
        return None
    reason = error if isinstance(error, StanzaError) else StanzaError(error)
    given_back = stanza.children if stanza.kind is not Kind.PRESENCE else ()
    return Stanza(
        stanza.kind,
        stanza.from_,
        from_ or stanza.to,
        stanza.id,
        "error",
        "",
        (*(given_back if echo is None else echo), reason.as_element()),
    )


def misaddressed_reply(source: Element, from_: Jid | None = None) -> Stanza | None:
    """jid-malformed for a stanza whose `to` is no address, sent as `from_`; None when there is nobody to tell."""
    attributes = {name: value for name, value in source.attributes.items() if name != "to"}
    try:
        stanza = Stanza.parse(replace(source, attributes=attributes))
    except ParseError:
        return None
    # the impossible address cannot be written back as `from`: a server would close the stream over it
    return error_reply(stanza, StanzaError(Condition.JID_MALFORMED), from_=from_)


def stream_error(condition: StreamCondition, text: str = "") -> bytes:
    """The octets of a stream error; `</stream:stream>` follows (RFC 6120 §4.9.1)."""
    more = bytes(element("text", STREAMS, text)) if text else b""
    return b"<stream:error>" + bytes(element(condition, STREAMS)) + more + b"</stream:error>"


def read_stream_error(source: Element) -> tuple[StreamCondition, str]:
    """Condition and text of a `<stream:error/>`; one we do not know is undefined-condition."""
    names = {child.name for child in source.elements if child.namespace == STREAMS}
    found = first((child for child in source.elements), "text", STREAMS)
    condition = next(
        (known for known in StreamCondition if known in names), StreamCondition.UNDEFINED_CONDITION
    )
    return condition, found.text if found else ""


def _is_condition(child: Element) -> bool:
    return child.namespace == STANZAS and child.name in CONDITIONS
