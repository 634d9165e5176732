"""Certificates against the fingerprints that SDP announces (RFC 8122): on both sides of a TLS connection."""

import hashlib
import hmac
from collections.abc import Sequence

from crossroom.net.msrp_face import Fingerprint

_HASHES = ("sha-512", "sha-384", "sha-256", "sha-224", "sha-1")
"""The hash functions that count, the strongest first (RFC 8122 §5): SHA-1 for old peers, never MD2 and MD5."""


def matches(certificate: bytes | None, fingerprints: Sequence[Fingerprint]) -> bool:
    """True when an announced fingerprint is this certificate's.

    RFC 8122 §5.1: of several hash functions only the strongest that we know counts; one of several fingerprints
    by it is enough, as a peer may have several certificates.
    """
    announced = {each.algorithm.lower() for each in fingerprints}
    strongest = next((algorithm for algorithm in _HASHES if algorithm in announced), None)
    if certificate is None or strongest is None:
        return False
    digest = hashlib.new(strongest.replace("-", ""), certificate).hexdigest().encode()
    values = [each.value for each in fingerprints if each.algorithm.lower() == strongest]
    return any(hmac.compare_digest(digest, value.replace(":", "").lower().encode()) for value in values)


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
