"""Who is in a room of the foreign focus, its quirks, and the roster document it writes (RFC 4575)."""

from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from peers.chat_message import ChatMessage
from peers.msrp_ua import MsrpSession
from peers.sip_call import Call


@dataclass(slots=True)
class FocusQuirks:
    """What this server lacks or does otherwise; all may be changed while it runs."""

    isfocus: bool = True
    chatroom: str | None = "nickname private-messages"  # None: no such line, "": the line alone
    refuses_joins: int | None = None
    refuses_subscriptions: int | None = None
    refuses_nicknames: int | None = None
    refuses_messages: int | None = None
    refuses_refers: int | None = None
    holds_notifies: bool = False  # until release_notifies(): the roster comes late
    writes_xcon_nickname: bool = True
    writes_version: bool = True


@dataclass(slots=True, eq=False)
class Member:
    """One participant of a room of the foreign focus."""

    uri: str
    session: MsrpSession
    call: Call | None = None
    nickname: str = ""


@dataclass(slots=True)
class ForeignRoom:
    """Who is in one room, and what was said."""

    members: list[Member] = field(default_factory=list)
    messages: list[ChatMessage] = field(default_factory=list)

    def roster(self, uri: str, version: int, quirks: FocusQuirks) -> str:
        """Return the full document of the room called `uri`."""
        users = "".join(user_element(member, quirks) for member in self.members)
        number = f' version="{version}"' if quirks.writes_version else ""
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity={quoteattr(uri)}'
            f' state="full"{number}><conference-description><display-text>{escape(room_name(uri))}</display-text>'
            f"</conference-description><users>{users}</users></conference-info>"
        )


def user_element(member: Member, quirks: FocusQuirks) -> str:
    """Return a participant's `user` element."""
    shown = extra = ""
    if member.nickname:
        shown = f"<display-text>{escape(member.nickname)}</display-text>"
    if member.nickname and quirks.writes_xcon_nickname:
        extra = ' xmlns:xcon="urn:ietf:params:xml:ns:xcon-conference-info"'
        extra += f" xcon:nickname={quoteattr(member.nickname)}"
    return (
        f"<user entity={quoteattr(member.uri)}{extra}>{shown}"
        f"<endpoint entity={quoteattr(member.uri)}><status>connected</status></endpoint></user>"
    )


def room_name(uri: str) -> str:
    """Return the user part of a SIP URI."""
    return uri.partition(":")[2].partition("@")[0]
