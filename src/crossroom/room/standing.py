"""Roles (in the room now) and affiliations (standing with the room), XEP-0045 §5."""

from enum import IntEnum, StrEnum


class Role(IntEnum):
    """What an occupant may do now; ordered, so that comparisons read as the XEP's tables."""

    NONE = 0
    VISITOR = 1
    PARTICIPANT = 2
    MODERATOR = 3


class Affiliation(IntEnum):
    """A person's lasting relation to the room, ordered."""

    OUTCAST = 0
    NONE = 1
    MEMBER = 2
    ADMIN = 3
    OWNER = 4


class JoiningMethod(StrEnum):
    """RFC 4575 §5.7.3: who started it."""

    DIALED_IN = "dialed-in"
    DIALED_OUT = "dialed-out"
