"""Occupants and documents that the roster tests share."""

from crossroom.bodies.conference_info import ConferenceInfo, Description, Endpoint, User, Users
from crossroom.room.address import Address, EndpointId, Network, Nickname
from crossroom.room.configuration import Configuration
from crossroom.room.events import Joined, Left, Occupant, Renamed
from crossroom.room.reasons import Departure
from crossroom.room.standing import Affiliation, Role

ROOM = Address("tea", "conf.example")
ANA = Address("ana", "sip.example", "a1", Network.SIP)
BOB = Address("bob", "xmpp.example", "phone", Network.XMPP)


def occupant(  # noqa: PLR0913 -- every one of them by name, and most of them left out
    nickname: str,
    address: Address | None = None,
    *,
    endpoint: str = "",
    role: Role = Role.PARTICIPANT,
    affiliation: Affiliation = Affiliation.NONE,
    person: str = "",
) -> Occupant:
    seat = EndpointId(endpoint or f"seat-{nickname}")
    return Occupant(seat, Nickname(nickname), role, affiliation, id=person, address=address)


def joined(who: Occupant) -> Joined:
    return Joined(who, Configuration())


def left(who: Occupant, departure: Departure = Departure.LEFT, text: str = "", by: str | None = None) -> Left:
    return Left(who, departure, text, None if by is None else Nickname(by))


def renamed(who: Occupant, old: str) -> Renamed:
    return Renamed(who, Nickname(old))


def user(entity: str, nickname: str, *endpoints: str, **more: str) -> User:
    seats = tuple(Endpoint(name, status="connected") for name in endpoints)
    return User(entity, nickname=nickname or None, endpoints=seats, display_text=more.get("display_text"))


def roster(*users: User, version: int = 1, subject: str = "") -> ConferenceInfo:
    return ConferenceInfo(
        "sip:tea@conf.example", version, description=Description(subject=subject), users=Users(users)
    )
