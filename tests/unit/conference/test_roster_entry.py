from dataclasses import replace

import pytest

from crossroom.bodies.conference_info import Endpoint, Execution, Media, Uri
from crossroom.conference.roster_entry import (
    EntityForm,
    Gone,
    affiliation_of,
    preferred_entity,
    role_of,
    user_of,
)
from crossroom.room.address import Address, Nickname
from crossroom.room.events import Left
from crossroom.room.reasons import Departure
from crossroom.room.standing import Affiliation, JoiningMethod, Role
from unit.conference.roster_world import ANA, BOB, ROOM, occupant

ENTITY = "sip:ana@sip.example"


@pytest.mark.parametrize("form", list(EntityForm))
def test_a_visible_person_is_named_by_the_own_address(form: EntityForm) -> None:
    assert str(preferred_entity(ROOM, occupant("Ana", ANA), form)) == "sip:ana@sip.example"
    assert str(preferred_entity(ROOM, occupant("Bob", BOB), form)) == "sip:bob@xmpp.example"


def test_a_hidden_person_is_named_by_a_token_or_by_the_place_in_the_room() -> None:
    hidden = occupant("Bob B", person="f00d")
    assert str(preferred_entity(ROOM, hidden, EntityForm.TOKEN)) == "sip:f00d@anonymous.conf.example"
    in_room = "sip:tea@conf.example;gr=Bob%20B"
    assert str(preferred_entity(ROOM, hidden, EntityForm.OCCUPANT)) == in_room
    assert str(preferred_entity(ROOM, replace(hidden, id=""), EntityForm.TOKEN)) == in_room


UNWRITABLE = Address("x", "no host", "d")


def test_an_address_that_sip_cannot_write_is_no_obstacle() -> None:
    odd = replace(occupant("X", UNWRITABLE), referred_by=UNWRITABLE)
    entity = preferred_entity(ROOM, odd, EntityForm.TOKEN)
    assert str(entity) == "sip:tea@conf.example;gr=X"
    user = user_of(str(entity), [odd], [1])
    assert user.associated_aors is None
    assert user.endpoints[0].entity == "sip:tea@conf.example;gr=X;endpoint=1"
    assert user.endpoints[0].referred is None


def test_an_entry_shows_nickname_roles_addresses_and_endpoints() -> None:
    ana = replace(
        occupant("Ana", ANA, role=Role.MODERATOR, affiliation=Affiliation.OWNER),
        display_name="Ana A.",
        joining=JoiningMethod.DIALED_OUT,
        referred_by=BOB.bare,
    )
    user = user_of(ENTITY, [ana, occupant("Ana", ANA.bare, endpoint="2")], [1, 2])
    assert (user.entity, user.nickname, user.display_text) == ("sip:ana@sip.example", "Ana", "Ana")
    assert user.roles == ("moderator", "owner")
    assert user.associated_aors == (Uri("sip:ana@sip.example"),)
    assert user.endpoints == (
        Endpoint(
            "sip:ana@sip.example;gr=a1",
            display_text="Ana A.",
            referred=Execution(by="xmpp:bob@xmpp.example"),
            status="connected",
            joining_method="dialed-out",
            media=(Media("1", "message", "sendrecv"),),
        ),
        Endpoint(
            "sip:ana@sip.example;endpoint=2",
            status="connected",
            joining_method="dialed-in",
            media=(Media("1", "message", "sendrecv"),),
        ),
    )


def test_a_hidden_person_shows_no_address() -> None:
    user = user_of("sip:f00d@anonymous.conf.example", [occupant("Bob")], [1])
    assert user.associated_aors is None
    assert user.endpoints[0].entity == "sip:f00d@anonymous.conf.example;endpoint=1"


def test_who_has_no_voice_only_receives() -> None:
    user = user_of(ENTITY, [occupant("V", role=Role.VISITOR)], [1])
    assert user.roles == ("visitor",)
    assert user.endpoints[0].media[0].status == "recvonly"


def test_who_was_removed_is_a_disconnected_endpoint() -> None:
    kicked = Left(occupant("Bob", BOB, role=Role.NONE), Departure.KICKED, "spam", Nickname("Ana"))
    user = user_of("sip:bob@xmpp.example", [], [], [(1, Gone(kicked, "2026-02-03T10:00:00Z", "sip:ana@x"))])
    assert user.roles is None
    assert user.endpoints == (
        Endpoint(
            "sip:bob@xmpp.example;gr=phone",
            status="disconnected",
            disconnection_method="booted",
            disconnection=Execution(
                "2026-02-03T10:00:00Z", 'SIP;cause=403;text="Kicked by Ana: spam"', "sip:ana@x"
            ),
        ),
    )


@pytest.mark.parametrize(
    ("words", "role", "affiliation"),
    [
        (("participant",), Role.PARTICIPANT, Affiliation.NONE),
        ((), Role.PARTICIPANT, Affiliation.NONE),
        ((" Moderator",), Role.MODERATOR, Affiliation.NONE),
        (("owner",), Role.MODERATOR, Affiliation.OWNER),
        (("administrator",), Role.MODERATOR, Affiliation.ADMIN),
        (("admin", "moderator"), Role.MODERATOR, Affiliation.ADMIN),
        (("member", "participant"), Role.PARTICIPANT, Affiliation.MEMBER),
        (("observer",), Role.VISITOR, Affiliation.NONE),
        (("visitor", "member"), Role.VISITOR, Affiliation.MEMBER),
        (("karaoke",), Role.PARTICIPANT, Affiliation.NONE),
    ],
)
def test_the_free_words_of_roles_are_understood(
    words: tuple[str, ...], role: Role, affiliation: Affiliation
) -> None:
    assert role_of(words, receives_only=False) is role
    assert affiliation_of(words) is affiliation


def test_media_that_only_receive_make_a_visitor_but_no_moderator_less() -> None:
    assert role_of(("participant",), receives_only=True) is Role.VISITOR
    assert role_of(("moderator",), receives_only=True) is Role.MODERATOR


@pytest.mark.parametrize("role", [Role.VISITOR, Role.PARTICIPANT, Role.MODERATOR])
@pytest.mark.parametrize("affiliation", [Affiliation.NONE, Affiliation.MEMBER])
def test_roles_come_back_as_they_were_told(role: Role, affiliation: Affiliation) -> None:
    user = user_of(ENTITY, [occupant("X", role=role, affiliation=affiliation)], [1])
    only = user.endpoints[0].media[0].status == "recvonly"
    assert role_of(user.roles or (), receives_only=only) is role
    assert affiliation_of(user.roles or ()) is affiliation
