import pytest

from crossroom.sip.nonce import Freshness, Nonces, ReplayGuard

NONCES = Nonces(b"0123456789abcdef", 300.0)
NONCE = NONCES.issue(1000.0, b"random!!")


def test_a_nonce_is_fresh_for_its_lifetime_and_stale_afterwards() -> None:
    assert NONCES.check(NONCE, 1000.0) is Freshness.FRESH
    assert NONCES.check(NONCE, 1300.0) is Freshness.FRESH
    assert NONCES.check(NONCE, 1300.5) is Freshness.STALE
    assert NONCES.check(NONCE, 999.0) is Freshness.STALE
    assert NONCES.issued_at(NONCE) == 1000.0


@pytest.mark.parametrize(
    "nonce",
    ["", "x", "é", NONCE[:-1], "Z" + NONCE[1:], NONCE + "=", " " + NONCE, NONCE + NONCE, "A" * len(NONCE)],
)
def test_a_nonce_of_somebody_else_is_forged(nonce: str) -> None:
    assert NONCES.check(nonce, 1000.0) is Freshness.FORGED


def test_another_secret_makes_other_nonces() -> None:
    assert Nonces(b"another secret..").check(NONCE, 1000.0) is Freshness.FORGED
    assert NONCES.issue(1000.0, b"random??") != NONCE


def test_every_count_is_accepted_once_and_a_little_out_of_order() -> None:
    guard = ReplayGuard()
    assert [guard.accept("n", 1.0, nc) for nc in (1, 3, 2, 2, 3, 1, 4)] == [
        True,
        True,
        True,
        False,
        False,
        False,
        True,
    ]
    assert guard.accept("n", 1.0, 200)
    assert not guard.accept("n", 1.0, 136)
    assert guard.accept("n", 1.0, 137)
    assert not guard.accept("n", 1.0, 0)
    assert guard.accept("other", 1.0, 1)
    assert not guard.accept("third", 1.0, 0)
    assert guard.accept("n", 1.0, 10**9)


def test_a_forgotten_nonce_stays_closed() -> None:
    guard = ReplayGuard(capacity=2)
    for issued, nonce in enumerate("abc"):
        assert guard.accept(nonce, float(issued), 1)
    assert len(guard) == 2
    assert not guard.accept("a", 0.0, 1)
    assert not guard.accept("a", 0.0, 2)
    assert guard.accept("b", 1.0, 2)
