"""How to join the demo's room with one's own client: the text that is printed while the room stays open."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Doors:
    """Where the demo's server listens on this machine, and the names it answers to."""

    host: str
    sip_port: int
    xmpp_port: int
    room: str
    sip_users: str
    xmpp_users: str


def welcome(doors: Doors) -> str:
    """What to type into which field, at most 80 columns wide."""
    room_user = doors.room.partition("@")[0]
    return f"""
With XMPP: any client that can log in anonymously at a server you name
  account    anonymous login, domain {doors.xmpp_users}
  server     {doors.host} port {doors.xmpp_port}, no encryption (it stays on this machine)
  then       join the group chat {doors.room}

With SIP: any client with MSRP chat, Blink for one
  account    yourname@{doors.sip_users}, any password
  proxy      {doors.host} port {doors.sip_port}, TCP or UDP
  then       open a chat (MSRP) session with sip:{doors.room}
  no account?  sip:{room_user}@{doors.host}:{doors.sip_port} is the same room

Ana (SIP) and Bob (XMPP) answer whoever speaks. Ctrl-C ends the demo.
"""
