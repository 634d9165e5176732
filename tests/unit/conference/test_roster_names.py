from crossroom.conference.roster_names import RosterNames
from crossroom.room.address import Nickname


def test_a_user_is_called_by_the_first_name_that_can_be_a_nickname() -> None:
    names = RosterNames()
    assert names.assign("a", (" ", "\x00", "Ana")) == "Ana"
    assert names.assign("b", ("\x00",)) == "Guest"
    assert names.of("a") == "Ana"
    assert names.of("c") is None


def test_two_users_are_never_called_the_same() -> None:
    names = RosterNames()
    assert names.assign("a", ("Ana",)) == "Ana"
    assert names.assign("b", ("ana",)) == "ana 2"
    names.release("a")
    assert names.assign("b", ("ana",)) == "ana 2"
    assert names.assign("c", ("Ana",)) == "Ana"


def test_another_second_choice_changes_nothing() -> None:
    names = RosterNames()
    names.assign("a", ("Ana", "x"))
    names.assign("b", ("Ana", "x"))
    assert names.assign("b", ("Ana", "y")) == "Ana 2"


def test_two_users_can_trade_their_names() -> None:
    names = RosterNames()
    names.assign("a", ("Ana",))
    names.assign("b", ("Bob",))
    traded: dict[str, tuple[str, ...]] = {"a": ("Bob",), "b": ("Ana",), "new": ("Cy",)}
    names.release_changed(traded)
    assert [names.assign(user, shown) for user, shown in traded.items()] == ["Bob", "Ana", "Cy"]


def test_a_name_shown_again_in_another_form_is_not_given_up() -> None:
    names = RosterNames()
    names.assign("a", ("Ana",))
    names.release_changed({"a": ("Ana", "more")})
    assert names.assign("b", ("Ana",)) == "Ana 2"


def test_a_granted_name_outlives_the_rosters_that_are_older() -> None:
    names = RosterNames()
    names.assign("a", ("Ana",))
    names.grant("a", Nickname("Anna"))
    names.release_changed({"a": ("Ana", "older")})
    assert names.assign("a", ("Ana", "older")) == "Anna"
    assert names.assign("a", ("Anna",)) == "Anna"
    assert names.assign("a", ("Ana",)) == "Ana"


def test_a_name_can_be_granted_to_somebody_new() -> None:
    names = RosterNames()
    names.grant("a", Nickname("Ana"))
    assert names.of("a") == "Ana"


def test_a_name_is_passed_on_with_what_is_known_about_it() -> None:
    names = RosterNames()
    names.assign("a", ("Old",))
    names.grant("a", Nickname("New"))
    names.pass_on("a", "b")
    assert names.of("a") is None
    assert names.assign("b", ("Old",)) == "New"


def test_an_heir_with_a_name_keeps_it() -> None:
    names = RosterNames()
    names.assign("a", ("Ana",))
    names.assign("b", ("Bob",))
    names.pass_on("a", "b")
    assert names.of("b") == "Bob"
    names.pass_on("b", "c")
    assert names.of("c") == "Bob"
    names.pass_on("nobody", "d")
    assert names.of("d") is None


def test_a_nickname_that_somebody_else_was_granted_is_theirs() -> None:
    names = RosterNames()
    names.assign("a", ("Ana",))
    names.grant("b", Nickname("Ana"))
    names.release("a")
    assert names.assign("c", ("Ana",)) == "Ana 2"
