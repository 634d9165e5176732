"""Certificates as our SDP announces them."""

import hashlib
import ssl
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from crossroom.settings.certificates import fingerprints_of

Hash = hashes.SHA256 | hashes.SHA384 | hashes.SHA512


def chain_signed_by(algorithm: Hash) -> str:
    """A self-signed certificate, and another one behind it that does not count."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")]),
    )
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1)
    builder = builder.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
    builder = builder.not_valid_after(datetime(2036, 1, 1, tzinfo=UTC))
    pems = [
        builder.sign(key, each).public_bytes(serialization.Encoding.PEM)
        for each in (algorithm, hashes.SHA256())
    ]
    return "a comment\n" + b"".join(pems).decode()


@pytest.mark.parametrize(
    ("algorithm", "announced"),
    [
        (hashes.SHA256(), ["sha-256"]),
        (hashes.SHA384(), ["sha-256", "sha-384"]),
        (hashes.SHA512(), ["sha-256", "sha-512"]),
    ],
)
def test_a_certificate_is_announced_by_sha_256_and_by_the_hash_of_its_signature(
    algorithm: Hash, announced: list[str]
) -> None:
    chain = chain_signed_by(algorithm)
    found = fingerprints_of(chain)
    assert [each.algorithm for each in found] == announced
    first = chain[chain.index("-----BEGIN") : chain.index("-----END")] + "-----END CERTIFICATE-----\n"
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(first)).digest()
    assert found[0].octets == digest.hex(":").upper()


def test_a_file_without_a_certificate_is_refused() -> None:
    with pytest.raises(ValueError, match="PEM"):
        fingerprints_of("-----BEGIN PRIVATE KEY-----\n")
