"""What an owner can set in a room; the names follow muc#roomconfig (XEP-0045 §15.6.3)."""

from dataclasses import dataclass
from enum import StrEnum


class PrivateMessages(StrEnum):
    """Who may send private messages (muc#roomconfig_allowpm)."""

    ANYONE = "anyone"
    PARTICIPANTS = "participants"
    MODERATORS = "moderators"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Configuration:
    """One room's settings. `history_length` counts posts, `max_occupants` counts nicknames (0: no limit)."""

    name: str = ""
    description: str = ""
    language: str = ""
    is_persistent: bool = False
    is_public: bool = True
    is_members_only: bool = False
    is_moderated: bool = False
    is_anonymous: bool = True  # semi-anonymous: only moderators see real addresses
    password: str = ""
    max_occupants: int = 0
    history_length: int = 20
    anyone_changes_subject: bool = False
    anyone_invites: bool = True
    private_messages: PrivateMessages = PrivateMessages.ANYONE
