"""TLS contexts, and the check that a certificate is that of the domain we asked for. RFC 5922, RFC 8446.

TLS 1.2 at least (docs/conformance.md, sip-14.4).
"""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def server_context(certificate: Path, key: Path, client_authorities: Path | None = None) -> ssl.SSLContext:
    """For listening. With `client_authorities` a client certificate is asked for and must be signed by them.

    Raises OSError when a file cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    load_chain(context, certificate, key)
    if client_authorities is not None:
        load_authorities(context, client_authorities)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def client_context(
    authorities: Path | None = None, certificate: tuple[Path, Path] | None = None
) -> ssl.SSLContext:
    """For connecting with SIP: the other end must be signed by the system's authorities, or by these.

    The name is checked by `names_domain` after the handshake: SIP allows a URI there and no wildcard.
    """
    context = trusting(authorities)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False  # RFC 5922 §7: our own check, which is stricter and knows sip: URIs
    if certificate is not None:
        load_chain(context, *certificate)
    return context


def unverified_context() -> ssl.SSLContext:
    """For connecting to those whose certificate is checked by other means afterwards (RFC 4975 §14.4)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def load_chain(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    """Give a context the certificate that it shows. Raises OSError, which names the files."""
    try:
        for file in (certificate, key):
            file.open("rb").close()  # ssl does not say which of the two it cannot read
        context.load_cert_chain(certificate, key, password=_ask_nobody)
    except OSError as error:
        raise OSError(f"certificate {certificate} with key {key}: {_why(error)}") from error


def _ask_nobody() -> str:
    # without this, OpenSSL asks at the terminal and waits for ever
    raise OSError("the key is encrypted, and nobody is there to type its password")


def _why(error: OSError) -> str:
    """What is wrong with a PEM file, for whoever has to mend it."""
    if isinstance(error, ssl.SSLError):
        is_foreign = error.reason == "KEY_VALUES_MISMATCH"
        return "the key is that of another certificate" if is_foreign else "one of them is not PEM"
    return f"{error.filename}: {error.strerror}" if error.filename else str(error)


def load_authorities(context: ssl.SSLContext, authorities: Path) -> None:
    """Tell a context whose signatures count. Raises OSError, which names the file."""
    try:
        context.load_verify_locations(authorities)
    except OSError as error:
        why = "no certificate in it" if isinstance(error, ssl.SSLError) else error.strerror
        raise OSError(f"authorities {authorities}: {why}") from error


def trusting(authorities: Path | None) -> ssl.SSLContext:
    """For connecting to what these have signed, None for the system's list; the name is checked by ssl itself."""
    if authorities is None:
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    load_authorities(context, authorities)
    return context


def certified_names(certificate: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The SIP URIs for which a verified certificate speaks: `sip:user@domain`, or `sip:domain` for a domain.

    RFC 5922 §7.1: URIs of scheme sip where there are any, else DNS names; a wildcard names nobody.
    """
    if certificate is None:
        return ()
    names: list[tuple[str, str]] = list(certificate.get("subjectAltName", ()))
    uris = tuple(value for kind, value in names if kind == "URI" and value.lower().startswith("sip:"))
    return uris or tuple(f"sip:{value}" for kind, value in names if kind == "DNS" and "*" not in value)


def names_domain(certificate: Mapping[str, Any] | None, domain: str) -> bool:
    """Whether a verified certificate speaks for this SIP domain (or numeric address).

    RFC 5922 §7.1: a URI `sip:domain` without a user first, then dNSName, and nothing else; §7.2: compared
    as a whole, without regard to case, and a wildcard matches nothing.
    """
    if certificate is None:
        return False
    wanted = domain.strip("[]").rstrip(".").lower()
    names: list[tuple[str, str]] = list(certificate.get("subjectAltName", ()))
    uris = [value.lower() for kind, value in names if kind == "URI" and value.lower().startswith("sip:")]
    if uris:
        return f"sip:{wanted}" in uris
    return any(kind in {"DNS", "IP Address"} and value.lower() == wanted for kind, value in names)
