import pytest
from msgspec.structs import replace

from crossroom.room.address import Address, ArchiveId, EndpointId, MessageId, Network, Nickname
from crossroom.room.commands import HistoryRequest
from crossroom.room.content import Content, Native
from crossroom.room.events import Occupant, Posted
from crossroom.room.history import History
from crossroom.room.standing import Affiliation, Role

AUTHOR = Occupant(
    EndpointId("e"), Nickname("Ana"), Role.PARTICIPANT, Affiliation.NONE, address=Address("ana", "x.example")
)


def post(number: int, text: str = "12345") -> Posted:
    name = f"m{number}"
    return Posted(AUTHOR, MessageId(name), ArchiveId(name), 100.0 + number, Content("text/plain", text))


def ids(history: History, **request: float) -> list[str]:
    wanted = HistoryRequest(**request)  # type: ignore[arg-type]  # counts and ages are whole numbers here
    return [posted.id for posted in history.replay(wanted, 200.0, is_full=True)]


def filled(count: int = 5) -> History:
    return History(10, 10_000, [post(number) for number in range(count)])


def test_oldest_posts_give_way_by_number_and_by_octets() -> None:
    by_number = History(2, 10_000, [post(number) for number in range(4)])
    assert ids(by_number) == ["m2", "m3"]
    by_octets = History(10, 16, [post(number) for number in range(4)])
    assert ids(by_octets) == ["m2", "m3"]
    by_number.resize(1)
    assert ids(by_number) == ["m3"]
    assert len(by_number) == 1


def test_native_form_counts_against_the_rooms_bound_but_not_against_the_joiners() -> None:
    heavy = replace(post(0), native=Native(Network.XMPP, b"x" * 100))
    assert len(History(10, 102, [heavy])) == 0
    assert ids(History(10, 107, [heavy]), max_octets=5) == ["m0"]


def test_an_endless_id_counts_against_the_rooms_bound() -> None:
    endless = replace(post(0), id=MessageId("é" * 50))
    assert len(History(10, 104, [endless])) == 0
    assert len(History(10, 105, [endless])) == 1


def test_post_without_text_is_kept_as_it_is() -> None:
    bare = replace(post(0), content=None)
    assert ids(History(10, 10, [bare])) == ["m0"]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({}, ["m0", "m1", "m2", "m3", "m4"]),
        ({"max_posts": 2}, ["m3", "m4"]),
        ({"max_posts": 0}, []),
        ({"max_octets": 0}, []),
        ({"max_octets": 11}, ["m3", "m4"]),
        ({"seconds": 97}, ["m3", "m4"]),
        ({"since": 104.0}, ["m4"]),
        ({"since": 101.0, "seconds": 97, "max_posts": 1}, ["m4"]),
    ],
)
def test_joiner_gets_what_meets_every_bound(request_: dict[str, float], expected: list[str]) -> None:
    assert ids(filled(), **request_) == expected


def test_no_octets_means_no_post_even_one_without_text() -> None:
    assert ids(History(10, 10, [replace(post(0), content=None)]), max_octets=0) == []


def test_replay_is_marked_and_shows_the_author_as_the_joiner_may_see_it() -> None:
    history = filled(1)
    (full,) = history.replay(HistoryRequest(), 200.0, is_full=True)
    (plain,) = history.replay(HistoryRequest(), 200.0, is_full=False)
    assert full.delayed
    assert plain.delayed
    assert full.author == AUTHOR
    assert plain.author.address is None
    assert list(history) == [full]


def test_hidden_addresses_stay_hidden_from_everybody() -> None:
    history = filled(1)
    history.hide_addresses()
    (full,) = history.replay(HistoryRequest(), 200.0, is_full=True)
    assert full.author.address is None
