"""What Contact parameters say about an endpoint (RFC 3840, RFC 5626, RFC 5627, RFC 4579 §4)."""

from crossroom.machine import ParseError
from crossroom.sip import grammar
from crossroom.sip.address import NameAddr

_MAX_REG_ID = 2**31 - 1  # RFC 5626 §4.2
_MAX_SECONDS = 2**32 - 1


def is_focus(contact: NameAddr) -> bool:
    """True with `isfocus`: the other end is a conference (RFC 4579 §4.2)."""
    return contact.params.has("isfocus")


def as_focus(contact: NameAddr) -> NameAddr:
    """Mark a Contact of ours as a conference."""
    return contact if is_focus(contact) else contact.with_param("isfocus")


def instance(contact: NameAddr) -> str | None:
    """Return the device's name, `urn:uuid:…`, without quotes and brackets (RFC 5626 §4.1)."""
    value = contact.params.text("+sip.instance")
    return None if value is None else value.removeprefix("<").removesuffix(">")


def reg_id(contact: NameAddr) -> int | None:
    """Return the number of the flow (RFC 5626 §4.2); None if missing or unreadable."""
    value = contact.params.get("reg-id")
    try:
        return None if value is None else grammar.number(value, _MAX_REG_ID, "reg-id")
    except ParseError:
        return None


def priority(contact: NameAddr) -> float:
    """Return `q`, 0.0 to 1.0; 1.0 if missing (RFC 3261 §20.10), 0.0 if unreadable: the last to be tried."""
    value = contact.params.get("q") or "1"
    if not value.replace(".", "", 1).isdecimal():
        return 0.0
    return min(float(value), 1.0)


def expires(contact: NameAddr) -> int | None:
    """Return `expires` in seconds; None if missing or unreadable."""
    value = contact.params.get("expires")
    try:
        return None if value is None else grammar.number(value, _MAX_SECONDS, "expires")
    except ParseError:
        return None
