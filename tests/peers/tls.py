"""Certificates for a test's peers: an authority that lives as long as the test, and what it issued."""

import hashlib
import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True, slots=True)
class Tls:
    """What one peer needs: contexts for connecting and for listening, and the name it demands of others."""

    client: ssl.SSLContext
    unverified_client: ssl.SSLContext  # for MSRP, where the SDP's fingerprint decides
    server: ssl.SSLContext
    server_name: str
    fingerprint: str  # of our own certificate, as a=fingerprint writes it (RFC 8122 section 5)


def fingerprint_of(der: bytes) -> str:
    """Return the value of a=fingerprint for a certificate."""
    return f"sha-256 {hashlib.sha256(der).digest().hex(':').upper()}"


class Authority:
    """Issues certificates for the names of one test."""

    def __init__(self) -> None:
        self._ca = trustme.CA()

    def peer(self, *names: str, server_name: str) -> Tls:
        """Return the means of a peer called `names`, which connects to `server_name`."""
        issued = self._ca.issue_cert(*names)
        client = ssl.create_default_context()
        self._ca.configure_trust(client)
        issued.configure_cert(client)
        unverified = ssl.create_default_context()
        unverified.check_hostname = False
        unverified.verify_mode = ssl.CERT_NONE
        issued.configure_cert(unverified)
        server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        issued.configure_cert(server)
        der = ssl.PEM_cert_to_DER_cert(issued.cert_chain_pems[0].bytes().decode())
        return Tls(client, unverified, server, server_name, fingerprint_of(der))

    def root(self, folder: Path) -> Path:
        """Write the authority's own certificate into `folder`; return its path (PEM)."""
        path = folder / "authority.pem"
        self._ca.cert_pem.write_to_path(path)
        return path

    def files(self, folder: Path, *names: str) -> tuple[Path, Path]:
        """Write a certificate chain and its key for `names` into `folder`; return both paths (PEM)."""
        issued = self._ca.issue_cert(*names)
        certificate, key = folder / f"{names[0]}.crt", folder / f"{names[0]}.key"
        certificate.write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(key)
        return certificate, key
