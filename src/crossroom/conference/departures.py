"""How a seat ended, in the words of SIP: the Reason of a BYE, and the disconnection in a conference-info.

Rules: docs/mapping.md §3.13 and §3.14; RFC 3326; RFC 4575 §5.7.5 and §5.7.6.
"""

from dataclasses import dataclass

from crossroom.bodies.conference_info import DisconnectionMethod
from crossroom.room.reasons import Departure
from crossroom.sip.reason import Reason, read_reasons


@dataclass(frozen=True, slots=True)
class Cause:
    """A Reason of protocol SIP (RFC 3326): a status code and a text for people."""

    code: int
    text: str = ""

    @classmethod
    def find(cls, value: str) -> "Cause | None":
        """Read a Reason header field; None if no value of it is SIP's, as Q.850."""
        for reason in read_reasons([value]):
            if reason.protocol.upper() == "SIP" and reason.cause is not None and 100 <= reason.cause <= 999:
                return cls(reason.cause, reason.text)
        return None

    def __str__(self) -> str:
        return str(Reason("SIP", self.code, self.text))


_CAUSES: dict[Departure, Cause] = {
    Departure.LEFT: Cause(200, "Left"),
    Departure.KICKED: Cause(403, "Kicked"),
    Departure.BANNED: Cause(403, "Banned"),
    Departure.MEMBERSHIP_LOST: Cause(403, "No longer a member"),
    Departure.MEMBERS_ONLY: Cause(403, "The room is for members only now"),
    Departure.ROOM_DESTROYED: Cause(410, "The room was closed"),
    Departure.SHUTDOWN: Cause(503, "The service is shutting down"),
    Departure.LINK_LOST: Cause(408, "Connection lost"),
    Departure.REPLACED: Cause(200, "Replaced by a new session"),
    Departure.FAULT: Cause(500, "Internal fault"),
}
# our own texts tell apart what shares a code; the longest one that begins the text counts
_OWN = sorted(((cause, departure) for departure, cause in _CAUSES.items()), key=lambda it: -len(it[0].text))
_BY_CODE = {
    403: Departure.KICKED,
    410: Departure.ROOM_DESTROYED,
    503: Departure.SHUTDOWN,
}

_METHODS: dict[Departure, DisconnectionMethod] = {
    Departure.LEFT: DisconnectionMethod.DEPARTED,
    Departure.KICKED: DisconnectionMethod.BOOTED,
    Departure.BANNED: DisconnectionMethod.BOOTED,
    Departure.MEMBERSHIP_LOST: DisconnectionMethod.BOOTED,
    Departure.MEMBERS_ONLY: DisconnectionMethod.BOOTED,
    Departure.ROOM_DESTROYED: DisconnectionMethod.BOOTED,
    Departure.SHUTDOWN: DisconnectionMethod.FAILED,
    Departure.LINK_LOST: DisconnectionMethod.FAILED,
    Departure.REPLACED: DisconnectionMethod.DEPARTED,
    Departure.FAULT: DisconnectionMethod.FAILED,
}
_DEPARTURES: dict[DisconnectionMethod, Departure] = {
    DisconnectionMethod.DEPARTED: Departure.LEFT,
    DisconnectionMethod.BOOTED: Departure.KICKED,
    DisconnectionMethod.FAILED: Departure.LINK_LOST,
    DisconnectionMethod.BUSY: Departure.LEFT,
}


ENDINGS = frozenset({Departure.ROOM_DESTROYED, Departure.SHUTDOWN, Departure.FAULT})
"""The departures of everybody at once: the conference is over."""


def cause_of(departure: Departure, by: str | None = None, text: str = "") -> Cause:
    """The Reason of the BYE to somebody whose seat ended: `Kicked by Bob: why`."""
    cause = _CAUSES[departure]
    actor = f" by {by}" if by else ""
    why = f": {text}" if text else ""
    return Cause(cause.code, f"{cause.text}{actor}{why}")


def departure_of_removal(cause: Cause | None) -> Departure:
    """Why a focus ended a session of ours. Nobody is called kicked without having been."""
    if cause is None:
        return Departure.LINK_LOST
    return _own_departure(cause) or _BY_CODE.get(cause.code, Departure.LINK_LOST)


def departure_of_leaving(cause: Cause | None) -> Departure:
    """Why a participant ended its session: it left, unless its Reason says that something broke."""
    is_loss = cause is not None and cause.code >= 400
    return Departure.LINK_LOST if is_loss else Departure.LEFT


def text_of(cause: Cause | None) -> str:
    """What a person said, without the words that are ours."""
    if cause is None:
        return ""
    departure = _own_departure(cause)
    if departure is None:
        return cause.text
    rest = cause.text[len(_CAUSES[departure].text) :]
    return rest.partition(": ")[2] if rest.startswith((" by ", ": ")) else rest.strip()


def disconnection_method(departure: Departure) -> DisconnectionMethod:
    """The disconnection-method of an endpoint that went so (RFC 4575 §5.7.5)."""
    return _METHODS[departure]


def departure_of_disconnection(method: str | None, reason: str = "") -> Departure:
    """Why somebody is gone from a roster, by the method and the reason of the disconnection-info."""
    known = set(DisconnectionMethod)
    departure = _DEPARTURES[DisconnectionMethod(method)] if method in known else Departure.LEFT
    cause = Cause.find(reason)
    return (_own_departure(cause) if cause else None) or departure


def _own_departure(cause: Cause) -> Departure | None:
    for own, departure in _OWN:
        if own.code == cause.code and cause.text.startswith(own.text):
            return departure
    return None
