"""net/msrp_queue.py: what is written next."""

from dataclasses import replace

from crossroom.msrp.message import Message, SharedBody, Transfer
from crossroom.msrp.sending import Sending
from crossroom.msrp.uri import MsrpUri
from crossroom.net.msrp_face import MsrpSettings
from crossroom.net.msrp_queue import SendQueue

SETTINGS = replace(MsrpSettings(), chunk_octets=10, max_queue_octets=100, max_queue_messages=5)


def queue() -> tuple[SendQueue, Sending]:
    sending = Sending("msrp://a:1/x;tcp", "abcdefghijklmnop", 30.0)
    sending.set_remote((MsrpUri.parse("msrp://b:2/y;tcp"),))
    return SendQueue(sending, SETTINGS), sending


def transfer(sending: Sending, message_id: str, body: bytes) -> Transfer:
    begun = sending.begin(Message(message_id, "x/y", body))
    assert isinstance(begun, Transfer)
    return begun


def drained(each: SendQueue) -> list[bytes]:
    octets = []
    while (piece := each.next_octets(0.0)) is not None:
        octets.append(piece)
    return octets


def test_long_message_steps_back_behind_the_others_after_each_chunk() -> None:
    each, sending = queue()
    each.add(transfer(sending, "long", b"L" * 25))
    each.add(SharedBody("x/y", b"one"))
    each.add(transfer(sending, "short", b"two"))
    marks = [b"one" in piece or b"two" in piece for piece in drained(each)]
    assert marks == [False, True, True, False, False]
    assert len(each) == 0


def test_message_that_failed_before_it_began_is_left_out() -> None:
    each, sending = queue()
    failed = transfer(sending, "failed", b"x")
    failed.failed = True
    each.add(failed)
    each.add(SharedBody("x/y", b"next"))
    (octets,) = drained(each)
    assert b"next" in octets


def test_message_that_failed_while_it_was_sent_is_aborted() -> None:
    each, sending = queue()
    begun = transfer(sending, "begun", b"x" * 25)
    each.add(begun)
    each.next_octets(0.0)
    begun.failed = True
    (octets,) = drained(each)
    assert octets.endswith(b"#\r\n")


def test_queue_is_congested_before_it_is_full() -> None:
    each, _ = queue()
    four = [each.add(SharedBody("x/y", b"x" * 10)) for _ in range(4)]
    before = each.is_congested
    fifth, sixth = (each.add(SharedBody("x/y", b"")) for _ in range(2))
    assert (four, before, fifth, each.is_congested, sixth) == ([True] * 4, False, True, True, False)


def test_queue_is_full_by_octets_too() -> None:
    each, _ = queue()
    assert each.add(SharedBody("x/y", b"x" * 100))
    assert not each.add(SharedBody("x/y", b"x"))


def test_that_it_is_nearly_full_is_told_once() -> None:
    each, _ = queue()
    told = []
    for _ in range(5):
        each.add(SharedBody("x/y", b""))
        told.append(each.has_become_congested())
    each.next_octets(0.0)
    each.add(SharedBody("x/y", b""))
    assert [*told, each.has_become_congested()] == [False, False, False, False, True, False]
