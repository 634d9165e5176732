"""msrp/copies.py: the copies of a fan-out, and the answers that they usually get."""

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


def ok(count: int, comment: str = "OK") -> bytes:
    return bytes(MsrpResponse(f"{SEED}{count:x}", 200, US, PEER, comment))


def test_copy_is_the_frame_that_would_be_built() -> None:
    headers = (
        ("To-Path", f"{RELAY} {PEER}"),
        ("From-Path", US),
        ("Message-ID", f"{SEED}.1"),
        ("Byte-Range", "1-2/2"),
        ("Content-Type", "x/y"),
    )
    assert copies().send(SharedBody("x/y", b"hi"), 0.0) == build_frame(f"{SEED}1", "SEND", headers, b"hi")


def test_nothing_is_sent_before_the_paths_are_known() -> None:
    with pytest.raises(LocalProtocolError):
        Copies(SEED, 30.0).send(SharedBody("x/y", b""), 0.0)


def test_transaction_id_whose_end_line_is_in_the_body_is_not_taken() -> None:
    each = copies()
    octets = each.send(SharedBody("x/y", f"-------{SEED}1 -------{SEED}2$".encode()), 0.0)
    assert octets.startswith(f"MSRP {SEED}3 SEND".encode())
    assert list(each.waiting) == [ok(3)]


def test_usual_answers_are_taken_in_order_up_to_the_first_that_is_not_usual() -> None:
    each = copies()
    for _ in range(4):
        each.send(SharedBody("x/y", b""), 0.0)
    octets = ok(1) + ok(2) + ok(3, "Okay") + ok(4)
    assert each.take_usual(octets) == len(ok(1) + ok(2))
    assert list(each.waiting) == [ok(3), ok(4)]


def test_one_usual_answer_is_taken_out_of_turn() -> None:
    each = copies()
    each.send(SharedBody("x/y", b""), 0.0)
    each.send(SharedBody("x/y", b""), 0.0)
    assert each.take_usual(ok(2)) == len(ok(2))
    assert each.take_usual(ok(2)) == 0
    assert each.take_usual(ok(1)[:-1]) == 0
    assert each.take_usual(ok(1) + b"MSRP") == len(ok(1))
    assert not each.waiting


def test_unusual_answer_finds_its_copy() -> None:
    each, shared = copies(), SharedBody("x/y", b"")
    each.send(shared, 1.0)
    assert (each.message_id(ok(1)), each.count_of(ok(1))) == (f"{SEED}.1", 1)
    assert each.answered(f"{SEED}1") == ((31.0, shared), f"{SEED}.1")
    assert each.answered(f"{SEED}1") is None
    assert each.answered("somebody") is None


def test_nobody_waits_for_a_copy_without_reports() -> None:
    each = copies()
    each.send(SharedBody("x/y", b"", FailureReport.NO), 0.0)
    assert not each.waiting


def test_what_waits_is_still_found_when_the_peer_has_moved() -> None:
    each, shared = copies(), SharedBody("x/y", b"")
    each.send(shared, 0.0)
    each.set_paths(US, "msrp://c:4/w;tcp", "msrp://c:4/w;tcp")
    answer = bytes(MsrpResponse(f"{SEED}1", 200, US, "msrp://c:4/w;tcp", "OK"))
    assert each.take_usual(answer) == len(answer)
