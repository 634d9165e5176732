"""The table [notices]."""

from typing import Annotated

from crossroom.config.section import Count, Section, means


class Notices(Section, frozen=True):
    """[notices]: texts of the room itself to SIP users (XMPP clients show the same by themselves)."""

    welcome: Annotated[bool, means("tell who joins by SIP the ways in, to hand them on")] = True
    joins: Annotated[bool, means("tell SIP users who came and went; rosters tell it too")] = False
    subject: Annotated[bool, means("tell SIP users the subject and its changes")] = True
    history: Annotated[
        Count, means("messages from before that who joins by SIP is sent, at most; 0: none")
    ] = 20
