"""Why not, in the words of SIP and MSRP: a room's reasons to status codes, and status codes to reasons.

Total in both directions. Our own phrases are one to a reason, so that a refusal which comes back to us
through a proxy is the same refusal; a foreign phrase leaves it to the code. Rules: docs/mapping.md §3.16, §4.
"""

from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from crossroom.focus.interface import Answer, Outcome
from crossroom.room.reasons import Reason
from crossroom.sip.answer import HeaderLines
from crossroom.sip.client_request import NO_SERVER


@dataclass(frozen=True, slots=True)
class SipStatus:
    """A status code, its phrase, and after how many seconds trying again makes sense (None: not said)."""

    code: int
    phrase: str
    retry_after: int | None = None

    @property
    def headers(self) -> HeaderLines:
        """What goes with the status (RFC 3261 §20.33)."""
        return () if self.retry_after is None else (("Retry-After", str(self.retry_after)),)


@dataclass(frozen=True, slots=True)
class MsrpStatus:
    """A status code and its comment (RFC 4975 §7.2)."""

    code: int
    comment: str


class Context(Enum):
    """What was asked of the other side: a seat in its conference, or a person to come."""

    JOIN = "join"
    INVITE = "invite"


_SIP: dict[Reason, SipStatus] = {
    Reason.NO_SUCH_ROOM: SipStatus(404, "No Such Room"),
    Reason.ROOM_LOCKED: SipStatus(480, "Room Is Being Set Up", 30),
    Reason.MAY_NOT_CREATE: SipStatus(403, "May Not Create Rooms"),
    Reason.BANNED: SipStatus(403, "Banned From The Room"),
    Reason.NOT_A_MEMBER: SipStatus(403, "Members Only"),
    # A UAS may answer 401 only with a challenge, and never 407: RFC 3261 §22.2; the service adds it if it can.
    Reason.PASSWORD_REQUIRED: SipStatus(403, "Password Required"),
    Reason.ROOM_FULL: SipStatus(486, "Room Is Full", 60),
    # RFC 7247 §7 note 5: a 503 would have the whole server avoided, so these are a 480.
    Reason.TOO_MANY_ROOMS: SipStatus(480, "Too Many Rooms", 60),
    Reason.RATE_EXCEEDED: SipStatus(480, "Too Many Requests", 30),
    Reason.NICKNAME_TAKEN: SipStatus(400, "Nickname Taken"),
    Reason.NICKNAME_INVALID: SipStatus(400, "Nickname Invalid"),
    Reason.NICKNAME_LOCKED: SipStatus(403, "Nicknames Are Fixed"),
    Reason.NOT_IN_ROOM: SipStatus(403, "Not In The Room"),
    Reason.NO_SUCH_PARTICIPANT: SipStatus(404, "No Such Participant"),
    Reason.NO_VOICE: SipStatus(403, "No Voice"),
    Reason.NOT_ALLOWED: SipStatus(403, "Forbidden"),
    Reason.HIGHER_STANDING: SipStatus(403, "Standing Too High"),
    Reason.OWN_STANDING: SipStatus(403, "Own Standing"),
    Reason.LAST_OWNER: SipStatus(403, "Last Owner"),
    Reason.PRIVATE_MESSAGES_OFF: SipStatus(403, "Private Messages Off"),
    Reason.PRIVATE_MESSAGES_UNSUPPORTED: SipStatus(405, "Private Messages Unsupported"),
    Reason.UNSUPPORTED_CONTENT: SipStatus(488, "Not Acceptable Here"),
    Reason.TOO_LARGE: SipStatus(413, "Request Entity Too Large"),
    Reason.MALFORMED: SipStatus(400, "Bad Request"),
    Reason.UNSUPPORTED: SipStatus(501, "Not Implemented"),
    Reason.UNREACHABLE: SipStatus(404, "Unreachable"),
    Reason.TIMED_OUT: SipStatus(408, "Request Timeout"),
    Reason.NOT_FOUND: SipStatus(404, "Not Found"),
    Reason.BUSY: SipStatus(486, "Busy Here"),
    Reason.DECLINED: SipStatus(603, "Decline"),
    Reason.NOT_A_CONFERENCE: SipStatus(488, "Not A Conference"),
    Reason.MOVED: SipStatus(302, "Moved Temporarily"),
    Reason.GONE: SipStatus(410, "Gone"),
    Reason.REMOTE_FAULT: SipStatus(500, "Remote Fault"),
    Reason.INTERNAL_FAULT: SipStatus(500, "Server Internal Error"),
    Reason.SHUTTING_DOWN: SipStatus(503, "Service Shutting Down", 60),
}

_MSRP: dict[Reason, MsrpStatus] = {
    Reason.NO_SUCH_ROOM: MsrpStatus(404, "No such room"),
    Reason.ROOM_LOCKED: MsrpStatus(403, "Room is being set up"),
    Reason.MAY_NOT_CREATE: MsrpStatus(403, "May not create rooms"),
    Reason.BANNED: MsrpStatus(403, "Banned from the room"),
    Reason.NOT_A_MEMBER: MsrpStatus(403, "Members only"),
    Reason.PASSWORD_REQUIRED: MsrpStatus(403, "Password required"),
    Reason.ROOM_FULL: MsrpStatus(403, "Room is full"),
    Reason.TOO_MANY_ROOMS: MsrpStatus(403, "Too many rooms"),
    Reason.RATE_EXCEEDED: MsrpStatus(413, "Too many messages"),  # RFC 4975 §10.5: stop sending this
    Reason.NICKNAME_TAKEN: MsrpStatus(425, "Nickname taken"),
    Reason.NICKNAME_INVALID: MsrpStatus(424, "Nickname invalid"),
    Reason.NICKNAME_LOCKED: MsrpStatus(403, "Nicknames are fixed"),
    Reason.NOT_IN_ROOM: MsrpStatus(481, "Not in the room"),
    Reason.NO_SUCH_PARTICIPANT: MsrpStatus(404, "No such participant"),
    Reason.NO_VOICE: MsrpStatus(403, "No voice"),
    Reason.NOT_ALLOWED: MsrpStatus(403, "Forbidden"),
    Reason.HIGHER_STANDING: MsrpStatus(403, "Standing too high"),
    Reason.OWN_STANDING: MsrpStatus(403, "Own standing"),
    Reason.LAST_OWNER: MsrpStatus(403, "Last owner"),
    Reason.PRIVATE_MESSAGES_OFF: MsrpStatus(403, "Private messages off"),
    Reason.PRIVATE_MESSAGES_UNSUPPORTED: MsrpStatus(428, "Private messages unsupported"),
    Reason.UNSUPPORTED_CONTENT: MsrpStatus(415, "Unsupported media type"),
    Reason.TOO_LARGE: MsrpStatus(413, "Message too large"),
    Reason.MALFORMED: MsrpStatus(400, "Bad request"),
    Reason.UNSUPPORTED: MsrpStatus(501, "Not implemented"),
    Reason.UNREACHABLE: MsrpStatus(404, "Unreachable"),
    Reason.TIMED_OUT: MsrpStatus(408, "Timed out"),
    Reason.NOT_FOUND: MsrpStatus(404, "Not found"),
    Reason.BUSY: MsrpStatus(404, "Busy"),
    Reason.DECLINED: MsrpStatus(403, "Declined"),
    Reason.NOT_A_CONFERENCE: MsrpStatus(403, "Not a conference"),
    Reason.MOVED: MsrpStatus(404, "Moved"),
    Reason.GONE: MsrpStatus(481, "Gone"),
    Reason.REMOTE_FAULT: MsrpStatus(408, "Remote fault"),  # MSRP has no 5xx for it, and this one is retried
    Reason.INTERNAL_FAULT: MsrpStatus(408, "Internal fault"),
    Reason.SHUTTING_DOWN: MsrpStatus(481, "Shutting down"),
}

_OWN_SIP = {(status.code, status.phrase): reason for reason, status in _SIP.items()}
_OWN_SIP[503, NO_SERVER] = Reason.UNREACHABLE  # docs/mapping.md §4.2: no name in the DNS, nobody listening
_OWN_MSRP = {(status.code, status.comment): reason for reason, status in _MSRP.items()}

# docs/mapping.md §4.2: codes that share a condition share a reason here.
_SIP_CODES: dict[int, Reason] = {
    **dict.fromkeys((401, 407), Reason.PASSWORD_REQUIRED),
    # The mapping's join context wants what a MUC client shows as "you may not enter".
    403: Reason.BANNED,
    **dict.fromkeys((404, 604), Reason.NO_SUCH_ROOM),
    **dict.fromkeys((405, 420, 439, 489, 501), Reason.UNSUPPORTED),
    # RFC 7247 §7: not-acceptable, of which unsupported content is the room's word
    **dict.fromkeys((380, 406, 415, 416, 421, 482, 483, 488, 505, 606), Reason.UNSUPPORTED_CONTENT),
    **dict.fromkeys((408, 504), Reason.TIMED_OUT),
    410: Reason.GONE,
    **dict.fromkeys((413, 414, 440, 513), Reason.TOO_LARGE),
    423: Reason.RATE_EXCEEDED,
    **dict.fromkeys((480, 486), Reason.ROOM_FULL),
    **dict.fromkeys((481, 484, 485), Reason.NOT_FOUND),
    502: Reason.UNREACHABLE,
    **dict.fromkeys((430, 487, 600), Reason.BUSY),
}
_SIP_CODES_OF_INVITE: dict[int, Reason] = {
    **dict.fromkeys((401, 403, 407), Reason.NOT_ALLOWED),
    **dict.fromkeys((404, 604), Reason.NOT_FOUND),
    **dict.fromkeys((480, 486), Reason.BUSY),
    487: Reason.TIMED_OUT,  # our own CANCEL, sent when nobody answered in time
    600: Reason.DECLINED,
}
_SIP_CLASSES = {
    3: Reason.MOVED,
    4: Reason.MALFORMED,
    5: Reason.REMOTE_FAULT,
    6: Reason.DECLINED,
}
_PERSONS_CHOICE = frozenset({480, 486, 487, 600, 603})  # docs/mapping.md §4.2, invite context

_MSRP_CODES: dict[int, Reason] = {
    400: Reason.MALFORMED,
    403: Reason.NOT_ALLOWED,
    404: Reason.NO_SUCH_PARTICIPANT,
    408: Reason.TIMED_OUT,
    413: Reason.TOO_LARGE,
    415: Reason.UNSUPPORTED_CONTENT,
    423: Reason.MALFORMED,
    424: Reason.NICKNAME_INVALID,
    425: Reason.NICKNAME_TAKEN,
    428: Reason.PRIVATE_MESSAGES_UNSUPPORTED,
    481: Reason.NOT_IN_ROOM,
    501: Reason.UNSUPPORTED,
    506: Reason.NOT_IN_ROOM,
}
_NICKNAME_CODES = {403: Reason.NICKNAME_LOCKED, 501: Reason.NICKNAME_LOCKED}


def sip_status(reason: Reason) -> SipStatus:
    """The final answer to an INVITE, SUBSCRIBE or REFER that is refused for this reason."""
    return _SIP[reason]


def msrp_status(reason: Reason) -> MsrpStatus:
    """The response to a SEND or NICKNAME that is refused for this reason."""
    return _MSRP[reason]


def reason_of_sip(code: int, phrase: str = "", context: Context = Context.JOIN) -> Reason:
    """Why the other side refused; `code` is any final status but a 2xx, known by its class if by nothing else."""
    own = _OWN_SIP.get((code, phrase))
    if own is not None:
        return own
    if context is Context.INVITE and code in _SIP_CODES_OF_INVITE:
        return _SIP_CODES_OF_INVITE[code]
    # RFC 3261 §8.1.3.2: an unknown code means what the x00 of its class means
    return _SIP_CODES.get(code) or _SIP_CLASSES.get(code // 100, Reason.REMOTE_FAULT)


def reason_of_msrp(code: int, comment: str = "") -> Reason:
    """Why a SEND was refused."""
    own = _OWN_MSRP.get((code, comment))
    if own is not None:
        return own
    return _MSRP_CODES.get(code, Reason.MALFORMED if code < 500 else Reason.REMOTE_FAULT)


def reason_of_nickname(code: int, comment: str = "") -> Reason:
    """Why a NICKNAME was refused (docs/mapping.md §3.4)."""
    own = _OWN_MSRP.get((code, comment))
    return own or _NICKNAME_CODES.get(code) or reason_of_msrp(code)


def outcome_of_sip(code: int, phrase: str = "") -> Outcome:
    """How an invitation ended, by the final status of the INVITE or of the REFER's last NOTIFY."""
    if 200 <= code < 300:
        return Outcome(Answer.ACCEPTED)
    reason = reason_of_sip(code, phrase, Context.INVITE)
    answer = Answer.DECLINED if code in _PERSONS_CHOICE else Answer.FAILED
    return Outcome(answer, reason, phrase)


def sip_status_of_outcome(outcome: Outcome) -> SipStatus:
    """The final status for whoever waits for an invitation: a pending INVITE, or a REFER."""
    match outcome.answer:
        case Answer.ACCEPTED:
            return SipStatus(200, "OK")
        case Answer.WITHDRAWN:
            return SipStatus(487, "Request Terminated")
        case Answer.DECLINED:
            status = sip_status(outcome.reason or Reason.DECLINED)
            # docs/mapping.md §3.15: a person's no must still be one for whoever reads this code
            return status if status.code in _PERSONS_CHOICE else SipStatus(603, status.phrase)
        case Answer.FAILED:
            return sip_status(outcome.reason or Reason.NOT_FOUND)
        case _:
            assert_never(outcome.answer)
