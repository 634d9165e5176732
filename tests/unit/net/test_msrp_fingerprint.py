"""Which certificate is an announced one (RFC 8122 §5)."""

import hashlib

import pytest

from crossroom.net.msrp_face import Fingerprint
from crossroom.net.msrp_fingerprint import is_acceptable, matches

MINE, OTHER = b"my certificate", b"another"


def hashed(algorithm: str, certificate: bytes = MINE) -> Fingerprint:
    digest = hashlib.new(algorithm.replace("-", "").lower(), certificate, usedforsecurity=False).hexdigest()
    return Fingerprint(algorithm, ":".join(digest[at : at + 2] for at in range(0, len(digest), 2)).upper())


@pytest.mark.parametrize(
    ("fingerprints", "is_match"),
    [
        ((hashed("sha-256"),), True),
        ((hashed("SHA-512"),), True),
        ((hashed("sha-1"),), True),
        ((hashed("md5"),), False),
        ((Fingerprint("whirlpool", "00"),), False),
        ((hashed("sha-256", OTHER),), False),
        ((hashed("sha-256", OTHER), hashed("sha-256")), True),
        ((hashed("md5", OTHER), hashed("sha-256")), True),
        ((hashed("sha-1"), hashed("sha-256", OTHER)), False),  # only the strongest counts
        ((hashed("sha-1", OTHER), hashed("sha-256")), True),
        ((Fingerprint("sha-256", ""),), False),
        ((), False),
    ],
)
def test_the_strongest_hash_that_is_known_decides(
    fingerprints: tuple[Fingerprint, ...], *, is_match: bool
) -> None:
    assert matches(MINE, fingerprints) is is_match
    assert not matches(None, fingerprints)


@pytest.mark.parametrize("is_required", [False, True])
def test_who_shows_none_is_accepted_by_policy_only(*, is_required: bool) -> None:
    announced = (hashed("sha-256"),)
    assert is_acceptable(MINE, announced, is_required=is_required)
    assert not is_acceptable(OTHER, announced, is_required=is_required)
    assert is_acceptable(None, announced, is_required=is_required) is not is_required
    assert is_acceptable(None, (), is_required=is_required)
