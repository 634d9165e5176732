"""Why a room said no, and why somebody left: values, never codes of a protocol.

`conference/reasons.py` and `muc/reasons.py` translate every one of them; tests prove both tables total.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why a room (or the way to it) refused."""

    NO_SUCH_ROOM = "no-such-room"
    ROOM_LOCKED = "room-locked"  # its creator has not accepted the configuration yet (XEP-0045 §10.1)
    MAY_NOT_CREATE = "may-not-create"
    BANNED = "banned"
    NOT_A_MEMBER = "not-a-member"
    PASSWORD_REQUIRED = "password-required"  # noqa: S105 -- a reason, not a secret
    ROOM_FULL = "room-full"
    TOO_MANY_ROOMS = "too-many-rooms"
    RATE_EXCEEDED = "rate-exceeded"
    NICKNAME_TAKEN = "nickname-taken"
    NICKNAME_INVALID = "nickname-invalid"
    NICKNAME_LOCKED = "nickname-locked"  # nickname changes are off in this room
    NOT_IN_ROOM = "not-in-room"
    NO_SUCH_PARTICIPANT = "no-such-participant"
    NO_VOICE = "no-voice"
    NOT_ALLOWED = "not-allowed"  # the role or affiliation does not permit it
    HIGHER_STANDING = "higher-standing"  # a moderator against an admin, an admin against an owner
    LAST_OWNER = "last-owner"
    OWN_STANDING = "own-standing"  # nobody bans or kicks themselves (XEP-0045 §9.1: conflict)
    PRIVATE_MESSAGES_OFF = "private-messages-off"
    PRIVATE_MESSAGES_UNSUPPORTED = "private-messages-unsupported"  # the recipient's endpoint cannot
    UNSUPPORTED_CONTENT = "unsupported-content"
    TOO_LARGE = "too-large"
    MALFORMED = "malformed"
    UNSUPPORTED = "unsupported"
    UNREACHABLE = "unreachable"  # no such host, nobody listening
    TIMED_OUT = "timed-out"
    NOT_FOUND = "not-found"  # the host is there and does not know this user
    BUSY = "busy"
    DECLINED = "declined"
    NOT_A_CONFERENCE = "not-a-conference"  # what answered is no focus
    MOVED = "moved"
    GONE = "gone"
    REMOTE_FAULT = "remote-fault"
    INTERNAL_FAULT = "internal-fault"
    SHUTTING_DOWN = "shutting-down"


LIMITS = frozenset({Reason.ROOM_FULL, Reason.TOO_MANY_ROOMS, Reason.RATE_EXCEEDED, Reason.TOO_LARGE})
"""Those that say that a limit was reached, and nothing else."""


class Refused(Exception):  # noqa: N818 -- the room said no: an ordinary outcome, not an error
    """The answer no. Nothing has changed.

    `text` is for people: what the other side said, or a detail; never needed to understand the reason.
    """

    def __init__(self, reason: Reason, text: str = "") -> None:
        super().__init__(f"{reason}: {text}" if text else str(reason))
        self.reason = reason
        self.text = text


class Departure(StrEnum):
    """Why a seat in a room ended."""

    LEFT = "left"
    KICKED = "kicked"
    BANNED = "banned"
    MEMBERSHIP_LOST = "membership-lost"
    MEMBERS_ONLY = "members-only"  # the room became members-only, and this one is no member
    ROOM_DESTROYED = "room-destroyed"
    SHUTDOWN = "shutdown"
    LINK_LOST = "link-lost"  # technical: a dead connection, a bounced stanza, an expired session
    REPLACED = "replaced"  # the same endpoint came back with a new session
    FAULT = "fault"  # a defect of ours: the room ends, the server goes on
