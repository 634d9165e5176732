"""Guessed passwords are counted for where they come from and for whom they are meant."""

from crossroom.sip.guessing import Guesses
from crossroom.sip.overload import Rates

RATES = Rates(failures=2, account_failures=3)


def test_a_source_is_counted_whatever_account_it_tries() -> None:
    guesses = Guesses(RATES)
    guesses.wrong("here", "ana", 0.0)
    guesses.wrong("here", "bob", 0.0)
    assert guesses.wait("here", "carl", 0.0) == 30.0
    assert guesses.wait("there", "ana", 0.0) == 0.0


def test_an_account_is_counted_wherever_it_is_tried_from() -> None:
    guesses = Guesses(RATES)
    for source in ("one", "two", "three"):
        guesses.wrong(source, "ana", 0.0)
    assert guesses.wait("four", "ana", 0.0) == 20.0
    assert guesses.wait("four", "bob", 0.0) == 0.0


def test_an_owner_is_not_locked_out_by_others_and_is_counted_all_the_same() -> None:
    guesses = Guesses(RATES)
    guesses.right("home", "ana")
    for source in ("one", "two", "three"):
        guesses.wrong(source, "ana", 0.0)
    assert guesses.wait("home", "ana", 0.0) == 0.0
    guesses.wrong("home", "ana", 0.0)
    guesses.wrong("home", "ana", 0.0)
    assert guesses.wait("home", "ana", 0.0) == 30.0


def test_so_many_owners_are_remembered_and_no_more() -> None:
    guesses = Guesses(RATES)
    for number in range(10_050):
        guesses.right(f"h{number}", "ana")
    assert len(guesses) == 10_000
