"""The room's reasons in the words of XMPP, and XMPP's errors as reasons (docs/mapping.md §3.14, §3.16, §4).

Every table here is total; tests prove it. No decision is made here.
"""

from collections.abc import Mapping
from types import MappingProxyType

from crossroom.room.reasons import Departure, Reason, Refused
from crossroom.xmpp.errors import Condition, ErrorType, StanzaError
from crossroom.xmpp.jid import Jid

_AUTH, _CANCEL, _MODIFY, _WAIT = ErrorType.AUTH, ErrorType.CANCEL, ErrorType.MODIFY, ErrorType.WAIT

ERRORS: Mapping[Reason, tuple[Condition, ErrorType]] = MappingProxyType(
    {
        Reason.NO_SUCH_ROOM: (Condition.ITEM_NOT_FOUND, _CANCEL),
        Reason.ROOM_LOCKED: (Condition.ITEM_NOT_FOUND, _CANCEL),  # XEP-0045 §7.2.10
        Reason.MAY_NOT_CREATE: (Condition.NOT_ALLOWED, _CANCEL),
        Reason.BANNED: (Condition.FORBIDDEN, _AUTH),
        Reason.NOT_A_MEMBER: (Condition.REGISTRATION_REQUIRED, _AUTH),
        Reason.PASSWORD_REQUIRED: (Condition.NOT_AUTHORIZED, _AUTH),
        Reason.ROOM_FULL: (Condition.SERVICE_UNAVAILABLE, _WAIT),
        Reason.TOO_MANY_ROOMS: (Condition.RESOURCE_CONSTRAINT, _WAIT),
        Reason.RATE_EXCEEDED: (Condition.RESOURCE_CONSTRAINT, _WAIT),
        Reason.NICKNAME_TAKEN: (Condition.CONFLICT, _CANCEL),
        Reason.NICKNAME_INVALID: (Condition.JID_MALFORMED, _MODIFY),
        Reason.NICKNAME_LOCKED: (Condition.NOT_ACCEPTABLE, _CANCEL),  # XEP-0045 §7.6
        Reason.NOT_IN_ROOM: (Condition.NOT_ACCEPTABLE, _MODIFY),  # XEP-0045 §7.4
        Reason.NO_SUCH_PARTICIPANT: (Condition.ITEM_NOT_FOUND, _CANCEL),
        Reason.NO_VOICE: (Condition.FORBIDDEN, _AUTH),
        Reason.NOT_ALLOWED: (Condition.FORBIDDEN, _AUTH),
        Reason.HIGHER_STANDING: (Condition.NOT_ALLOWED, _CANCEL),  # XEP-0045 §8.2
        Reason.LAST_OWNER: (Condition.CONFLICT, _CANCEL),
        Reason.OWN_STANDING: (Condition.CONFLICT, _CANCEL),
        Reason.PRIVATE_MESSAGES_OFF: (Condition.FORBIDDEN, _AUTH),
        Reason.PRIVATE_MESSAGES_UNSUPPORTED: (Condition.FEATURE_NOT_IMPLEMENTED, _CANCEL),
        Reason.UNSUPPORTED_CONTENT: (Condition.NOT_ACCEPTABLE, _MODIFY),
        Reason.TOO_LARGE: (Condition.POLICY_VIOLATION, _MODIFY),
        Reason.MALFORMED: (Condition.BAD_REQUEST, _MODIFY),
        Reason.UNSUPPORTED: (Condition.FEATURE_NOT_IMPLEMENTED, _CANCEL),
        Reason.UNREACHABLE: (Condition.REMOTE_SERVER_NOT_FOUND, _CANCEL),
        Reason.TIMED_OUT: (Condition.REMOTE_SERVER_TIMEOUT, _WAIT),
        Reason.NOT_FOUND: (Condition.ITEM_NOT_FOUND, _CANCEL),
        Reason.BUSY: (Condition.RECIPIENT_UNAVAILABLE, _WAIT),
        Reason.DECLINED: (Condition.RECIPIENT_UNAVAILABLE, _WAIT),
        Reason.NOT_A_CONFERENCE: (Condition.SERVICE_UNAVAILABLE, _CANCEL),
        Reason.MOVED: (Condition.REDIRECT, _MODIFY),
        Reason.GONE: (Condition.GONE, _CANCEL),
        Reason.REMOTE_FAULT: (Condition.INTERNAL_SERVER_ERROR, _CANCEL),
        Reason.INTERNAL_FAULT: (Condition.INTERNAL_SERVER_ERROR, _CANCEL),
        Reason.SHUTTING_DOWN: (Condition.SERVICE_UNAVAILABLE, _WAIT),
    }
)

JOIN_ERRORS: Mapping[Reason, tuple[Condition, ErrorType]] = MappingProxyType(
    {
        **ERRORS,
        # docs/mapping.md §4.2: a room that is busy or does not answer is one to try again later
        Reason.BUSY: (Condition.SERVICE_UNAVAILABLE, _WAIT),
        Reason.DECLINED: (Condition.SERVICE_UNAVAILABLE, _WAIT),
        Reason.NOT_ALLOWED: (Condition.FORBIDDEN, _AUTH),
        Reason.UNSUPPORTED_CONTENT: (Condition.NOT_ACCEPTABLE, _CANCEL),
    }
)

REASONS: Mapping[Condition, Reason] = MappingProxyType(
    {
        Condition.BAD_REQUEST: Reason.MALFORMED,
        Condition.CONFLICT: Reason.NICKNAME_TAKEN,
        Condition.FEATURE_NOT_IMPLEMENTED: Reason.UNSUPPORTED,
        Condition.FORBIDDEN: Reason.NOT_ALLOWED,
        Condition.GONE: Reason.GONE,
        Condition.INTERNAL_SERVER_ERROR: Reason.REMOTE_FAULT,
        Condition.ITEM_NOT_FOUND: Reason.NOT_FOUND,
        Condition.JID_MALFORMED: Reason.MALFORMED,
        Condition.NOT_ACCEPTABLE: Reason.UNSUPPORTED_CONTENT,
        Condition.NOT_ALLOWED: Reason.NOT_ALLOWED,
        Condition.NOT_AUTHORIZED: Reason.NOT_ALLOWED,
        Condition.POLICY_VIOLATION: Reason.NOT_ALLOWED,
        Condition.RECIPIENT_UNAVAILABLE: Reason.BUSY,
        Condition.REDIRECT: Reason.MOVED,
        Condition.REGISTRATION_REQUIRED: Reason.NOT_ALLOWED,
        Condition.REMOTE_SERVER_NOT_FOUND: Reason.UNREACHABLE,
        Condition.REMOTE_SERVER_TIMEOUT: Reason.TIMED_OUT,
        Condition.RESOURCE_CONSTRAINT: Reason.RATE_EXCEEDED,
        # an XMPP server's word for "this user is not online here" (RFC 6121 §8.5.2.2)
        Condition.SERVICE_UNAVAILABLE: Reason.BUSY,
        Condition.SUBSCRIPTION_REQUIRED: Reason.NOT_ALLOWED,
        Condition.UNDEFINED_CONDITION: Reason.MALFORMED,
        Condition.UNEXPECTED_REQUEST: Reason.MALFORMED,
    }
)

STATUS_CODES: Mapping[Departure, tuple[int, ...]] = MappingProxyType(
    {
        Departure.LEFT: (),
        Departure.KICKED: (307,),
        Departure.BANNED: (301,),
        Departure.MEMBERSHIP_LOST: (321,),
        Departure.MEMBERS_ONLY: (322,),
        Departure.ROOM_DESTROYED: (),  # XEP-0045 §10.9: <destroy/> instead of a code
        Departure.SHUTDOWN: (332,),
        Departure.LINK_LOST: (333,),  # XEP-0045 §11.1: not 307, nobody kicked
        Departure.REPLACED: (),
        Departure.FAULT: (333,),
    }
)

# XEP-0045 §18.1.2: these errors mean that the occupant is not there any more
GONE_CONDITIONS = frozenset(
    (
        Condition.GONE,
        Condition.ITEM_NOT_FOUND,
        Condition.RECIPIENT_UNAVAILABLE,
        Condition.REDIRECT,
        Condition.REMOTE_SERVER_NOT_FOUND,
        Condition.REMOTE_SERVER_TIMEOUT,
    )
)


def error_for(refusal: Refused, room: Jid) -> StanzaError:
    """What the room refused, as the answer to a stanza."""
    condition, kind = ERRORS[refusal.reason]
    return StanzaError(condition, kind, refusal.text, str(room))


def join_error_for(refusal: Refused, room: Jid) -> StanzaError:
    """Why somebody may not come in, so that a client shows the right dialogue."""
    condition, kind = JOIN_ERRORS[refusal.reason]
    return StanzaError(condition, kind, refusal.text, str(room))
