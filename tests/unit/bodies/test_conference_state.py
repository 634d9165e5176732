from dataclasses import replace

import pytest

from crossroom.bodies.conference_info import (
    ConferenceInfo,
    ConferenceState,
    Description,
    Endpoint,
    Execution,
    Host,
    Media,
    State,
    User,
    Users,
)
from crossroom.bodies.conference_state import Applied, Gap, Stale, apply
from crossroom.bodies.xml import Element, Name

ANA = User(
    "sip:ana@x", nickname="Ana", roles=("participant",), endpoints=(Endpoint("e1", status="connected"),)
)
BOB = User("sip:bob@x", display_text="Bob")
FULL = ConferenceInfo(
    "sip:tea@x", 4, description=Description(subject="kettles"), users=Users((ANA, BOB))
)  # fmt: skip


def applied(known: ConferenceInfo | None, document: ConferenceInfo) -> ConferenceInfo:
    outcome = apply(known, document)
    assert isinstance(outcome, Applied)
    return outcome.document


def partial(*users: User, version: int = 5, state: State = State.PARTIAL) -> ConferenceInfo:
    return ConferenceInfo("sip:tea@x", version, State.PARTIAL, users=Users(users, state))


def users(document: ConferenceInfo) -> tuple[User, ...]:
    return document.users.users if document.users else ()


def test_the_first_full_document_is_taken_whatever_its_version() -> None:
    assert applied(None, FULL) == FULL


def test_a_partial_document_before_any_full_one_is_a_gap() -> None:
    assert apply(None, partial(ANA)) == Gap(5)


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("state", list(State))
def test_an_older_or_equal_version_is_discarded(version: int, state: State) -> None:
    assert apply(FULL, replace(FULL, version=version, state=state)) == Stale(version)


def test_a_partial_document_after_a_missing_one_is_a_gap() -> None:
    assert apply(FULL, partial(ANA, version=6)) == Gap(6)


def test_a_full_document_closes_any_gap() -> None:
    assert applied(FULL, replace(FULL, version=9, users=Users((BOB,)))).users == Users((BOB,))


def test_a_document_without_version_replaces_everything() -> None:
    careless = replace(partial(BOB), version=None)
    known = applied(FULL, careless)
    assert (known.state, users(known)) == (State.FULL, (BOB,))
    assert apply(known, partial(ANA)) == Gap(5)
    assert users(applied(known, replace(FULL, version=1))) == (ANA, BOB)


def test_a_deleted_conference_is_over_and_empty() -> None:
    for version in (5, 6, None):
        outcome = apply(FULL, replace(FULL, version=version, state=State.DELETED))
        assert isinstance(outcome, Applied)
        assert outcome.is_over
        assert outcome.document == ConferenceInfo("sip:tea@x", version, State.DELETED)
    assert not Applied(FULL).is_over


def test_a_deleted_user_goes_and_the_others_stay() -> None:
    known = applied(FULL, partial(User("sip:ana@x", State.DELETED)))
    assert users(known) == (BOB,)
    assert known.description == FULL.description
    assert known.version == 5


def test_deleting_somebody_unknown_changes_nobody() -> None:
    assert users(applied(FULL, partial(User("sip:cy@x", State.DELETED)))) == (ANA, BOB)


def test_a_full_user_is_replaced_in_place_and_a_new_one_comes_last() -> None:
    renamed = User("sip:ana@x", nickname="Anna")
    known = applied(FULL, partial(renamed, User("sip:cy@x")))
    assert users(known) == (renamed, BOB, User("sip:cy@x"))


def test_users_without_a_state_of_their_own_are_the_whole_roster() -> None:
    assert users(applied(FULL, partial(BOB, state=State.FULL))) == (BOB,)


def test_deleted_users_are_no_users() -> None:
    assert applied(FULL, partial(BOB, state=State.DELETED)).users is None


def test_a_document_without_users_keeps_them() -> None:
    known = applied(FULL, ConferenceInfo("sip:tea@x", 5, State.PARTIAL, conference_state=ConferenceState(3)))
    assert known.users == FULL.users
    assert known.conference_state == ConferenceState(3)


def test_atomic_elements_are_replaced_whole() -> None:
    document = ConferenceInfo(
        "sip:tea@x", 5, State.PARTIAL, Description(display_text="Tea"), Host(display_text="h")
    )  # fmt: skip
    known = applied(FULL, document)
    assert known.description == Description(display_text="Tea")
    assert known.host == Host(display_text="h")


def test_a_partial_user_changes_only_what_it_says() -> None:
    update = User("sip:ana@x", State.PARTIAL, display_text="A.", endpoints=(Endpoint("e2"),))
    known = users(applied(FULL, partial(update)))[0]
    assert known == replace(ANA, display_text="A.", endpoints=(*ANA.endpoints, Endpoint("e2")))


def test_a_partial_user_that_is_new_is_taken_as_it_is() -> None:
    known = users(applied(FULL, partial(User("sip:cy@x", State.PARTIAL, roles=()))))
    assert known[-1] == User("sip:cy@x", roles=())


def test_endpoints_are_keyed_deleted_and_merged() -> None:
    rich = replace(
        ANA,
        endpoints=(
            Endpoint(
                "e1", status="connected", joining=Execution("now"), media=(Media("1", "message"), Media("2"))
            ),
            Endpoint("e2"),
        ),
    )
    first = replace(FULL, users=Users((rich,)))
    update = User(
        "sip:ana@x",
        State.PARTIAL,
        endpoints=(
            Endpoint("e1", State.PARTIAL, status="on-hold", media=(Media("2", "audio"), Media("3"))),
            Endpoint("e2", State.DELETED),
        ),
    )
    known = users(applied(first, partial(update)))[0]
    assert known.roles == ("participant",)
    assert known.endpoints == (
        Endpoint(
            "e1",
            status="on-hold",
            joining=Execution("now"),
            media=(Media("1", "message"), Media("2", "audio"), Media("3")),
        ),
    )


def test_full_parents_have_full_children_whatever_they_say() -> None:
    child = replace(ANA, state=State.PARTIAL)
    gone = User("sip:cy@x", State.DELETED)
    assert users(applied(None, replace(FULL, users=Users((child, gone))))) == (ANA,)


def test_one_user_told_in_two_parts_is_one_user() -> None:
    parts = Users((ANA, User("sip:ana@x", endpoints=(Endpoint("e2"),))))
    known = users(applied(None, replace(FULL, users=parts)))
    assert known == (replace(ANA, endpoints=(*ANA.endpoints, Endpoint("e2"))),)


def test_extensions_are_replaced_by_name() -> None:
    old, other = Element(Name("x", "urn:x"), text="1"), Element(Name("y", "urn:x"))
    new = Element(Name("x", "urn:x"), text="2")
    first = replace(FULL, extensions=(old, other))
    document = ConferenceInfo("sip:tea@x", 5, State.PARTIAL, extensions=(new,))
    assert applied(first, document).extensions == (other, new)
