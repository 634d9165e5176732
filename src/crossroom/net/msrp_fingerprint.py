"""Certificates against the fingerprints that SDP announces (RFC 8122): on both sides of a TLS connection."""

import hashlib
import hmac
from collections.abc import Sequence

from crossroom.net.msrp_face import Fingerprint

_HASHES = frozenset({"sha-224", "sha-256", "sha-384", "sha-512"})  # RFC 8122 §5, without the broken ones


def matches(certificate: bytes | None, fingerprints: Sequence[Fingerprint]) -> bool:
    """True when any announced fingerprint is this certificate's (RFC 8122 §5: one of several is enough)."""
    for fingerprint in fingerprints:
        algorithm = fingerprint.algorithm.lower()
        if certificate is None or algorithm not in _HASHES:
            continue
        digest = hashlib.new(algorithm.replace("-", ""), certificate).hexdigest()
        if hmac.compare_digest(digest.encode(), fingerprint.value.replace(":", "").lower().encode()):
            return True
    return False


def is_acceptable(
    certificate: bytes | None, fingerprints: Sequence[Fingerprint], *, is_required: bool
) -> bool:
    """Whether somebody who connected may be the peer that announced these; without any everybody may.

    RFC 8122 §6.2 wants a certificate from both sides, but most user agents show none when they connect: then
    RFC 4975 §5.4 knows them by the To-Path, unless a certificate `is_required`.
    """
    if not fingerprints or (certificate is None and not is_required):
        return True
    return matches(certificate, fingerprints)
