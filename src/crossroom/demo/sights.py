"""What a participant can see, in words: the same ones on both networks, so that one expectation fits both."""

from collections.abc import Iterable


def arrived(nicknames: Iterable[str]) -> str:
    """A participant is in, and sees who is there."""
    return f"the room: {', '.join(sorted(nicknames))}"


def joined(nickname: str) -> str:
    """Somebody came."""
    return f"{nickname} joined"


def left(nickname: str) -> str:
    """Somebody went; the one who went sees it too."""
    return f"{nickname} left"


def renamed(old: str, new: str) -> str:
    """Somebody took another nickname."""
    return f"{old} is now {new}"


def taken(nickname: str) -> str:
    """A nickname was refused because somebody else has it."""
    return f"the nickname {nickname} is taken"


def typing(author: str) -> str:
    """Somebody writes a message."""
    return f"{author} is typing"


def said(author: str, text: str) -> str:
    """A message; its author sees it once the room has accepted it."""
    return f"{author}: {text}"


def earlier(author: str, text: str) -> str:
    """A message from before the participant came."""
    return f"(earlier) {said(author, text)}"


def invited(room: str, inviter: str) -> str:
    """An invitation: `room` is its address, `inviter` what names the inviter."""
    return f"an invitation to {room} by {inviter}"


def accepted() -> str:
    """The room reports to the inviter how an invitation ended."""
    return "the invitation was accepted"


FAULT = "error: "
"""How a sight begins that nobody wants to see."""


def fault(what: str) -> str:
    """Something was refused or lost."""
    return FAULT + what
