"""msrp/outbox.py: fresh ids and one wheel."""

from crossroom.msrp.message import Message, SharedBody
from crossroom.msrp.outbox import Duty, Outbox

SEED = "abcdefghijklmnop"


def test_ids_are_fresh_and_begin_with_the_seed() -> None:
    outbox = Outbox(SEED, 30)
    ids = [outbox.fresh_id() for _ in range(20)] + [outbox.transaction_id() for _ in range(20)]
    assert len(set(ids)) == 40
    assert all(each.startswith(SEED) and len(each) <= 32 for each in ids)


def test_transaction_id_whose_end_line_is_in_the_body_is_not_taken() -> None:
    body = f"\r\n-------{SEED}1$\r\n-------{SEED}2$".encode()
    assert Outbox(SEED, 30).transaction_id(body) == f"{SEED}3"


def test_wheel_expires_in_the_order_of_sending() -> None:
    outbox = Outbox(SEED, 30)
    assert outbox.deadline() is None
    for second in range(3):
        outbox.wait(f"t{second}", f"m{second}", Duty.KEEPALIVE, float(second))
    assert outbox.answered("t1") == ("m1", Duty.KEEPALIVE)
    assert outbox.answered("t1") is None
    assert outbox.deadline() == 30.0
    assert outbox.expired(29.9) == []
    assert [waiting[0] for waiting in outbox.expired(30.0)] == ["m0"]
    assert [waiting[0] for waiting in outbox.drain()] == ["m2"]
    assert len(outbox) == 0


def test_unanswered_copies_are_told_by_their_places_among_what_was_begun() -> None:
    outbox = Outbox(SEED, 30)
    outbox.wait(outbox.transaction_id(), "", Duty.BIND, 0.0)
    outbox.copies.set_paths("msrp://a:1/x;tcp", "msrp://b:2/y;tcp", "msrp://b:2/y;tcp")
    shared = SharedBody("x/y", b"b")
    outbox.copies.send(shared)
    its_id = SEED + shared.number.decode()
    assert outbox.unanswered() == {(shared.serial, 0): Message(its_id, "x/y", b"b")}
    assert outbox.begun == (shared.serial, 1)
    assert outbox.answered(its_id) == (its_id, shared)
    assert outbox.unanswered() == {}
