"""Certificates and the domains they speak for, and a call over TLS."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from crossroom.net.sip_face import IncomingRequest
from crossroom.net.sip_settings import ListenOn, SipSettings
from crossroom.net.tls import client_context, names_domain, server_context
from crossroom.sip.answer import OutgoingRequest
from crossroom.sip.hop import TLS, Hop
from crossroom.sip.uri import SipUri
from sip_faces import FixedNames, RecordingFace, addr, agent_on_loopback


@pytest.mark.parametrize(
    ("names", "domain", "speaks"),
    [
        ((("DNS", "sip.example"),), "SIP.example", True),
        ((("DNS", "sip.example"),), "other.example", False),
        ((("DNS", "*.example"),), "sip.example", False),
        ((("URI", "sip:sip.example"), ("DNS", "host.example")), "sip.example", True),
        ((("URI", "sip:sip.example"), ("DNS", "host.example")), "host.example", False),
        ((("URI", "sip:ana@sip.example"),), "sip.example", False),
        ((("URI", "https://sip.example"), ("DNS", "sip.example")), "sip.example", True),
        ((("IP Address", "192.0.2.1"),), "192.0.2.1", True),
        ((), "sip.example", False),
    ],
)
def test_a_certificate_speaks_for_its_own_names(
    names: tuple[tuple[str, str], ...], domain: str, *, speaks: bool
) -> None:
    certificate: Mapping[str, Any] = {"subjectAltName": names}
    assert names_domain(certificate, domain) is speaks


def test_no_certificate_speaks_for_nobody() -> None:
    assert not names_domain(None, "sip.example")


def settings_for(tmp_path: Path, name: str, authority: trustme.CA) -> SipSettings:
    """An agent with a certificate for this name, trusting this authority."""
    chain, key, root = tmp_path / f"{name}.pem", tmp_path / f"{name}.key", tmp_path / "root.pem"
    issued = authority.issue_cert(name)
    chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    authority.cert_pem.write_to_path(root)
    return SipSettings(
        listen=(ListenOn(TLS, "127.0.0.1"),),
        server_tls=server_context(chain, key, root),
        client_tls=client_context(root, (chain, key)),
    )


@pytest.mark.parametrize(("asked", "status"), [("sip.example", 200), ("other.example", 503)])
async def test_a_request_goes_only_to_whom_the_certificate_names(
    tmp_path: Path, asked: str, status: int
) -> None:
    authority = trustme.CA()
    face = RecordingFace()
    names = FixedNames()
    ours = settings_for(tmp_path, "caller.example", authority)
    theirs = settings_for(tmp_path, "sip.example", authority)
    async with (
        agent_on_loopback(RecordingFace(), ours, names) as caller,
        agent_on_loopback(face, theirs) as callee,
    ):
        names.known = {asked: [Hop(TLS, "127.0.0.1", callee.listening[0].port, asked)]}
        face.on_request = lambda request: request.respond(200)  # type: ignore[method-assign]  # the test's own face
        wanted = OutgoingRequest("OPTIONS", SipUri(asked, scheme="sips"), addr("<sip:ana@caller.example>"))
        assert (await caller.request(wanted)).status == status


def pem_files(tmp_path: Path, password: bytes | None = None) -> tuple[Path, Path]:
    """A chain and its key; the key encrypted where there is a password."""
    issued = trustme.CA().issue_cert("sip.example")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    secret = load_pem_private_key(issued.private_key_pem.bytes(), None)
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    key.write_bytes(secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    return chain, key


def refusal(chain: Path, key: Path, authorities: Path | None = None) -> str:
    with pytest.raises(OSError, match=r"^(certificate|authorities) ") as refused:
        server_context(chain, key, authorities)
    return str(refused.value)


def test_what_is_wrong_with_a_certificate_is_said_in_words(tmp_path: Path) -> None:
    chain, key = pem_files(tmp_path)
    foreign, junk, absent = tmp_path / "foreign.pem", tmp_path / "junk.pem", tmp_path / "absent.pem"
    foreign.write_bytes(trustme.CA().issue_cert("x.example").private_key_pem.bytes())
    junk.write_text("no PEM")
    assert refusal(chain, foreign).endswith(f"with key {foreign}: the key is that of another certificate")
    assert refusal(junk, key).endswith("one of them is not PEM")
    assert refusal(chain, absent).endswith(f"{absent}: No such file or directory")
    assert refusal(chain, key, junk) == f"authorities {junk}: no certificate in it"
    assert refusal(chain, key, absent) == f"authorities {absent}: No such file or directory"


def test_an_encrypted_key_is_refused_and_nobody_is_asked_for_its_password(tmp_path: Path) -> None:
    assert "the key is encrypted" in refusal(*pem_files(tmp_path, b"s3cret"))


async def test_a_connection_that_came_in_is_no_proof_of_who_is_at_its_other_end(tmp_path: Path) -> None:
    authority, names = trustme.CA(), FixedNames()
    ours = settings_for(tmp_path, "caller.example", authority)
    theirs = settings_for(tmp_path, "sip.example", authority)
    face, sources = RecordingFace(), list[int]()

    def answer(request: IncomingRequest) -> None:
        sources.append(request.source.remote_port)
        request.respond(200)

    face.on_request = answer  # type: ignore[method-assign]  # the test's own face
    asking = RecordingFace()
    async with (
        agent_on_loopback(asking, ours, names) as caller,
        agent_on_loopback(face, theirs, names) as callee,
    ):
        names.known = {"sip.example": [Hop(TLS, "127.0.0.1", callee.listening[0].port, "sip.example")]}
        wanted = OutgoingRequest(
            "OPTIONS", SipUri("sip.example", scheme="sips"), addr("<sip:a@caller.example>")
        )
        assert (await caller.request(wanted)).status == 200
        # RFC 5923 §4: without an alias a request of the other side goes over a connection of its own
        names.known["caller.example"] = [Hop(TLS, "127.0.0.1", sources[0], "caller.example")]
        back = OutgoingRequest(
            "OPTIONS", SipUri("caller.example", scheme="sips"), addr("<sip:b@sip.example>")
        )
        assert (await callee.request(back)).status == 503
        assert asking.requests.empty()


def test_old_versions_of_tls_are_not_spoken(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, "sip.example", trustme.CA())
    assert settings.server_tls is not None
    assert settings.server_tls.minimum_version >= ssl.TLSVersion.TLSv1_2
