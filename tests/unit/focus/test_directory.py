import secrets

import pytest

from crossroom.focus.directory import DomainDirectory, Focuses, Kind, directories
from crossroom.focus.hosting import Surroundings
from crossroom.focus.interface import Focus
from crossroom.focus.invitations import Invitations
from crossroom.focus.local import LocalFocus
from crossroom.focus.networks import Networks
from crossroom.room.address import Address, Network
from crossroom.room.reasons import Reason, Refused
from crossroom.storage.memory import MemoryStore


def clock() -> float:
    return 0.0


async def nowhere(_domain: str) -> Network | None:
    return None


def focus() -> LocalFocus:
    """One that is only told apart from the others."""
    reach = Invitations(Networks({}, {}, nowhere, clock), clock)
    return LocalFocus(Surroundings(clock, secrets.token_bytes, reach, MemoryStore(), lambda _t, _e: None))


LOCAL, SIP, MUC = focus(), focus(), focus()
DOMAINS = {
    "hosted.example": Kind.HOSTED,
    "Looped.example": Kind.LOOPED,
    "sip.example": Kind.REMOTE_SIP,
    "muc.example": Kind.REMOTE_MUC,
}


def chosen(directory: DomainDirectory, domain: str) -> Focus | Reason:
    try:
        return directory.focus_for(Address("tea", domain))
    except Refused as refused:
        return refused.reason


@pytest.mark.parametrize(
    ("domain", "for_sip", "for_xmpp"),
    [
        ("hosted.example", LOCAL, LOCAL),
        ("HOSTED.example", LOCAL, LOCAL),
        ("looped.example", LOCAL, SIP),
        ("sip.example", Reason.NO_SUCH_ROOM, SIP),
        ("muc.example", MUC, Reason.NO_SUCH_ROOM),
        ("unknown.example", Reason.NO_SUCH_ROOM, Reason.NO_SUCH_ROOM),
    ],
)
def test_each_face_gets_the_focus_of_the_domain_and_never_one_of_its_own_network(
    domain: str, for_sip: Focus | Reason, for_xmpp: Focus | Reason
) -> None:
    both = directories(DOMAINS, Focuses(LOCAL, SIP, MUC))
    assert chosen(both.conference, domain) is for_sip
    assert chosen(both.muc, domain) is for_xmpp


def test_domain_whose_network_the_server_has_not_is_not_served() -> None:
    both = directories(DOMAINS, Focuses(LOCAL))
    assert chosen(both.muc, "looped.example") is Reason.NO_SUCH_ROOM
    assert chosen(both.conference, "muc.example") is Reason.NO_SUCH_ROOM
