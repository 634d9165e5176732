"""msrp/copies.py: the copies of a fan-out, and the answers that they usually get."""

from math import inf

import pytest

from crossroom.machine import LocalProtocolError
from crossroom.msrp.chunk import FailureReport, MsrpResponse
from crossroom.msrp.copies import Copies
from crossroom.msrp.frame_writer import build_frame
from crossroom.msrp.message import SharedBody

SEED = "abcdefghijklmnop"
US, RELAY, PEER = "msrp://a:1/x;tcp", "msrp://r:3/z;tcp", "msrp://b:2/y;tcp"


def copies() -> Copies:
    each = Copies(SEED, 30.0)
    each.set_paths(US, f"{RELAY} {PEER}", PEER)
    return each


def ok(shared: SharedBody, comment: str = "OK") -> bytes:
    return bytes(MsrpResponse(SEED + shared.number.decode(), 200, US, PEER, comment))


def taken(each: Copies, octets: bytes) -> int:
    return each.take_usual(octets, len(octets))


def sent(each: Copies, count: int = 1) -> list[SharedBody]:
    found = [SharedBody("x/y", b"") for _ in range(count)]
    for shared in found:
        assert each.send(shared)
    return found


def test_copy_is_the_frame_that_would_be_built() -> None:
    shared = SharedBody("x/y", b"hi")
    its_id = SEED + shared.number.decode()
    headers = (
        ("To-Path", f"{RELAY} {PEER}"),
        ("From-Path", US),
        ("Message-ID", its_id),
        ("Byte-Range", "1-2/2"),
        ("Content-Type", "x/y"),
    )
    assert copies().send(shared) == build_frame(its_id, "SEND", headers, b"hi")


def test_ids_of_a_copy_are_unlike_those_of_every_other_session_and_body() -> None:
    other, (one, two) = Copies("ponmlkjihgfedcba", 30.0), (SharedBody("x/y", b"hi") for _ in range(2))
    other.set_paths(US, PEER, PEER)
    each = copies()
    found = [octets for side in (each, other) for shared in (one, two) if (octets := side.send(shared))]
    assert len({octets.split(b" ")[1] for octets in found}) == 4
    assert len({octets.partition(b"Message-ID: ")[2].split(b"\r\n")[0] for octets in found}) == 4


def test_nothing_is_sent_before_the_paths_are_known() -> None:
    with pytest.raises(LocalProtocolError):
        Copies(SEED, 30.0).send(SharedBody("x/y", b""))


def test_body_that_could_hold_the_end_line_needs_ids_of_its_own() -> None:
    each = copies()
    assert each.send(SharedBody("x/y", b"-------")) is None
    assert not each.waiting


def test_second_copy_of_one_body_needs_ids_of_its_own_and_so_does_a_late_one() -> None:
    each, (early, late) = copies(), (SharedBody("x/y", b"") for _ in range(2))
    assert each.send(late)
    assert each.send(late) is None
    assert each.send(early) is None
    assert each.waiting == [late]


def test_usual_answers_are_taken_in_order_up_to_the_first_that_is_not_usual() -> None:
    each = copies()
    one, two, three, four = sent(each, 4)
    octets = ok(one) + ok(two) + ok(three, "Okay") + ok(four)
    assert taken(each, octets) == len(ok(one) + ok(two))
    assert each.waiting == [three, four]


def test_usual_answer_is_taken_whole_and_in_its_turn_only() -> None:
    each = copies()
    one, two = sent(each, 2)
    assert taken(each, ok(two)) == 0
    assert taken(each, ok(one)[:-1]) == 0
    assert taken(each, ok(one) + b"MSRP") == len(ok(one))
    assert taken(each, ok(two) + ok(two)) == len(ok(two))
    assert not each.waiting


def test_nothing_behind_what_was_received_counts() -> None:
    each = copies()
    one, two = sent(each, 2)
    buffer = bytearray(ok(one) + ok(two))
    assert each.take_usual(buffer, len(buffer) - 1) == len(ok(one))
    assert each.waiting == [two]


def test_unusual_answer_finds_its_copy() -> None:
    each = copies()
    one, two, three = sent(each, 3)
    assert each.answered(SEED + two.number.decode()) is two
    assert each.waiting == [one, three]
    assert each.message_id(two) == SEED + two.number.decode()


@pytest.mark.parametrize(
    "spelling",
    ["{seed}{number}x", "{seed}--1", "{seed}-0{serial:x}", "{number}", "{seed}", "b{seed}{number}"],
)
def test_answer_to_something_else_finds_no_copy(spelling: str) -> None:
    each = copies()
    [shared] = sent(each)
    text = spelling.format(seed=SEED, number=shared.number.decode(), serial=shared.serial)
    assert each.answered(text) is None
    assert each.waiting == [shared]


def test_copy_is_given_up_when_it_has_waited_for_so_long_since_it_was_first_looked_at() -> None:
    each = copies()
    assert each.deadline() is None
    one, two = sent(each, 2)
    assert each.deadline() == -inf
    assert each.expired(100.0) == []
    assert each.deadline() == 130.0
    [three] = sent(each)
    assert each.expired(101.0) == []
    assert each.expired(129.9) == []
    assert each.expired(130.0) == [one, two]
    assert each.deadline() == 131.0
    assert each.expired(200.0) == [three]
    assert (each.waiting, each.deadline()) == ([], None)


def test_time_of_a_copy_does_not_run_while_others_are_sent_and_answered() -> None:
    each = copies()
    for second in range(100):
        [shared] = sent(each)
        assert each.expired(float(second)) == []
        assert taken(each, ok(shared)) == len(ok(shared))
    [last] = sent(each)
    assert each.expired(100.0) == []
    assert each.expired(129.0) == []
    assert each.expired(130.0) == [last]


def test_nobody_waits_for_a_copy_without_reports() -> None:
    each = copies()
    assert each.send(SharedBody("x/y", b"", FailureReport.NO))
    assert not each.waiting


def test_what_waits_is_still_found_when_the_peer_has_moved() -> None:
    each = copies()
    [shared] = sent(each)
    each.set_paths(US, "msrp://c:4/w;tcp", "msrp://c:4/w;tcp")
    answer = bytes(MsrpResponse(SEED + shared.number.decode(), 200, US, "msrp://c:4/w;tcp", "OK"))
    assert taken(each, answer) == len(answer)
