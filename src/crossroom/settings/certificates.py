"""TLS: what each listener shows and asks for, what our SDP says of it, whom we believe when we connect."""

import hashlib
import ssl
from pathlib import Path

from crossroom.bodies.msrp_media import Fingerprint
from crossroom.config.schema import ClientCertificates, Configuration
from crossroom.net.certificates import CertificateFiles, Certificates
from crossroom.net.tls import client_context

_CERTIFICATE = "-----BEGIN CERTIFICATE-----"
_END = "-----END CERTIFICATE-----\n"


def sip_certificates(configuration: Configuration) -> Certificates | None:
    """Give what SIP shows, by name, and whom it asks for a certificate; raises OSError."""
    authorities = configuration.tls.client_authorities
    files = _certificates(configuration)
    return Certificates(files, Path(authorities) if authorities else None) if files else None


def browser_certificates(configuration: Configuration) -> Certificates | None:
    """Give what WebSocket listeners show; no certificate is asked for: RFC 7977 §5.3.1 has other means. Raises OSError."""
    files = _certificates(configuration)
    return Certificates(files) if files else None


def _certificates(configuration: Configuration) -> list[CertificateFiles]:
    section = configuration.tls
    if not section.certificate:
        return []
    first = CertificateFiles(Path(section.certificate), Path(section.key))
    return [first, *(CertificateFiles(Path(each.certificate), Path(each.key)) for each in section.also)]


def msrp_certificates(configuration: Configuration) -> Certificates | None:
    """Give what MSRP shows: the one whose fingerprint our SDP says.

    Raises OSError for one that cannot be used, and where clients must show theirs and cannot be asked.
    """
    section = configuration.tls
    if not section.certificate:
        return None
    files = [CertificateFiles(Path(section.certificate), Path(section.key))]
    listening = Certificates(files, asks_strangers=True)
    is_required = configuration.msrp.client_certificates is ClientCertificates.REQUIRED
    if is_required and not listening.asks_strangers:
        raise OSError("msrp.client_certificates: this Python's TLS cannot ask for certificates")
    return listening


def client_tls(configuration: Configuration) -> ssl.SSLContext:
    """Give what SIP uses when it connects: whom it believes, and the certificate that it shows."""
    section = configuration.tls
    ours = (Path(section.certificate), Path(section.key)) if section.certificate else None
    return client_context(authorities(configuration), ours)


def authorities(configuration: Configuration) -> Path | None:
    """Give who signs the certificates of servers that we connect to; None for the system's list."""
    return Path(configuration.tls.authorities) if configuration.tls.authorities else None


def fingerprints(configuration: Configuration) -> tuple[Fingerprint, ...]:
    """Give what our SDP says of the certificate of MSRP; raises OSError for one that cannot be read."""
    certificate = configuration.tls.certificate
    return (
        fingerprints_of(Path(certificate).read_text(encoding="ascii", errors="replace"))
        if certificate
        else ()
    )


def fingerprints_of(chain: str) -> tuple[Fingerprint, ...]:
    """Give the fingerprints of the first certificate of a PEM chain; raises ValueError without one.

    RFC 8122 §5.1: by SHA-256, and by the hash of the certificate's own signature where that is another one.
    """
    from cryptography import x509  # noqa: PLC0415 - slow to import, and only those who have TLS need it

    pem = chain[chain.find(_CERTIFICATE) :].partition(_END)
    certificate = ssl.PEM_cert_to_DER_cert(pem[0] + pem[1])
    signed = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
    hashes = ["sha256", *([signed.name] if signed and signed.name in {"sha384", "sha512"} else [])]
    return tuple(
        Fingerprint(name.replace("sha", "sha-"), hashlib.new(name, certificate).digest().hex(":").upper())
        for name in hashes
    )
