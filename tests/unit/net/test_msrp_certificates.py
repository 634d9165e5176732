"""Certificates against announced fingerprints, on both sides of real TLS connections (RFC 8122 §6.2)."""

import asyncio
import ctypes
import ssl
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import pytest
import structlog
import trustme

from crossroom.config.schema import ClientCertificates, Configuration, Msrp, Tls
from crossroom.msrp.uri import parse_path
from crossroom.net.certificates import CertificateFiles, Certificates
from crossroom.net.client_certificates import ask_strangers
from crossroom.net.clock import VirtualClock
from crossroom.net.ids import SeededIds
from crossroom.net.msrp import MsrpEndpoint
from crossroom.net.msrp_face import EndReason, Fingerprint, MsrpListen, MsrpSettings
from crossroom.net.tls import unverified_context
from crossroom.settings import msrp_certificates
from unit.net.msrp_stage import PEER, PLAIN, Ear, Stage, Wire, frame, staged, until

SECURE = MsrpListen("127.0.0.1", 0, is_secure=True)


@dataclass(frozen=True, slots=True)
class Shown:
    """A certificate: a context that shows it when connecting, its files, and its fingerprint."""

    context: ssl.SSLContext
    files: CertificateFiles
    fingerprint: Fingerprint


def issued(folder: Path, name: str) -> Shown:
    """Self-made: every one has an authority of its own, which nobody trusts."""
    certificate = trustme.CA().issue_cert(name)
    files = CertificateFiles(folder / f"{name}.pem", folder / f"{name}.key")
    files.chain.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    files.key.write_bytes(certificate.private_key_pem.bytes())
    context = unverified_context()
    certificate.configure_cert(context)
    der = ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode())
    return Shown(context, files, Fingerprint("sha-256", sha256(der).hexdigest().upper()))


def asking(folder: Path, *, requires: bool = False, room: Shown | None = None) -> MsrpSettings:
    room = room or issued(folder, "room.example")
    certificates = Certificates([room.files], asks_strangers=True)
    assert certificates.asks_strangers
    return replace(PLAIN, listen=(SECURE,), server_tls=certificates.context, requires_certificate=requires)


async def tls_wire(stage: Stage, context: ssl.SSLContext) -> Wire:
    address = stage.endpoint.listening[0]
    streams = await asyncio.open_connection(address.host, address.port, ssl=context, server_hostname="x")
    wire = Wire(*streams)
    stage.undo.push_async_callback(wire.close)
    return wire


@pytest.mark.parametrize("requires", [False, True])
async def test_client_that_shows_the_announced_certificate_is_let_in(
    tmp_path: Path, *, requires: bool
) -> None:
    ana = issued(tmp_path, "ana")
    async with staged(asking(tmp_path, requires=requires)) as stage:
        ear = Ear()
        session = stage.endpoint.open(ear, secure=True)
        session.expect(parse_path(PEER), fingerprints=(Fingerprint("md5", "00"), ana.fingerprint))
        wire = await tls_wire(stage, ana.context)
        wire.write(frame(session, "bind"))
        assert await wire.status() == 200
        assert await ear.heard() == "bound"


@pytest.mark.parametrize("requires", [False, True])
async def test_client_with_another_certificate_ends_the_session_and_is_cut_off(
    tmp_path: Path, *, requires: bool
) -> None:
    ana, eve = issued(tmp_path, "ana"), issued(tmp_path, "eve")
    async with staged(asking(tmp_path, requires=requires)) as stage:
        ear = Ear()
        session = stage.endpoint.open(ear, secure=True)
        session.expect(parse_path(PEER), fingerprints=(ana.fingerprint,))
        wire = await tls_wire(stage, eve.context)
        wire.write(frame(session, "said", "SEND", "Message-ID: m1", body="it is me"))
        assert await wire.status() == 481
        assert await wire.is_closed()
        assert await ear.heard() is EndReason.UNTRUSTED
        assert ear.told.empty()
        assert not stage.endpoint.sessions


async def test_certificate_that_came_before_the_fingerprint_is_checked_all_the_same(tmp_path: Path) -> None:
    ana, eve = issued(tmp_path, "ana"), issued(tmp_path, "eve")
    async with staged(asking(tmp_path)) as stage:
        ear = Ear()
        session = stage.endpoint.open(ear, secure=True)
        wire = await tls_wire(stage, eve.context)
        wire.write(frame(session, "said", "SEND", "Message-ID: m1", body="it is me"))
        await until(lambda: any(each.sessions for each in stage.endpoint.connections))
        session.expect(parse_path(PEER), fingerprints=(ana.fingerprint,))
        assert await wire.is_closed()
        assert await ear.heard() is EndReason.UNTRUSTED
        assert ear.told.empty()


@pytest.mark.parametrize("requires", [False, True])
async def test_client_that_shows_none_is_let_in_unless_one_is_required(
    tmp_path: Path, *, requires: bool
) -> None:
    ana = issued(tmp_path, "ana")
    async with staged(asking(tmp_path, requires=requires)) as stage:
        ear = Ear()
        session = stage.endpoint.open(ear, secure=True)
        session.expect(parse_path(PEER), fingerprints=(ana.fingerprint,))
        wire = await tls_wire(stage, unverified_context())
        wire.write(frame(session, "bind"))
        assert await wire.status() == (481 if requires else 200)
        assert await ear.heard() == (EndReason.UNTRUSTED if requires else "bound")


async def test_client_who_announced_no_fingerprint_may_show_whatever_it_has(tmp_path: Path) -> None:
    async with staged(asking(tmp_path, requires=True)) as stage:
        ear = Ear()
        session = stage.endpoint.open(ear, secure=True)
        session.expect(parse_path(PEER))
        wire = await tls_wire(stage, issued(tmp_path, "eve").context)
        wire.write(frame(session, "bind"))
        assert await wire.status() == 200
        assert await ear.heard() == "bound"


async def test_we_show_the_certificate_that_we_announced_when_we_connect(tmp_path: Path) -> None:
    ours, room = issued(tmp_path, "we"), issued(tmp_path, "room.example")
    certificates = Certificates([ours.files])
    calling = replace(PLAIN, listen=(SECURE,), server_tls=certificates.context)
    calling = replace(calling, fingerprint_tls=certificates.present_by(unverified_context()))
    async with staged(asking(tmp_path, requires=True, room=room)) as stage, AsyncExitStack() as undo:
        endpoint = MsrpEndpoint(calling, VirtualClock(), SeededIds(2), structlog.stdlib.get_logger())
        undo.push_async_callback(endpoint.stop)
        await endpoint.start()
        ear = Ear()
        listener, caller = stage.endpoint.open(ear, secure=True), endpoint.open(Ear(), secure=True)
        listener.expect(caller.local_path, fingerprints=(ours.fingerprint,))
        await caller.connect(listener.local_path, fingerprints=(room.fingerprint,))
        assert await ear.heard() == "bound"


async def test_context_that_verifies_already_is_left_as_it_is() -> None:
    for mode in (ssl.CERT_OPTIONAL, ssl.CERT_REQUIRED):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.verify_mode = mode
        assert not ask_strangers(context)
        assert context.verify_mode is mode


async def test_connecting_contexts_show_the_renewed_certificate(tmp_path: Path) -> None:
    old, new = issued(tmp_path, "we"), issued(tmp_path, "new")
    certificates = Certificates([old.files])
    context = certificates.present_by(unverified_context())
    old.files.chain.write_bytes(new.files.chain.read_bytes())
    old.files.key.write_bytes(new.files.key.read_bytes())
    certificates.reload()
    async with staged(asking(tmp_path, requires=True)) as stage:
        ear = Ear()
        session = stage.endpoint.open(ear, secure=True)
        session.expect(parse_path(PEER), fingerprints=(new.fingerprint,))
        wire = await tls_wire(stage, context)
        wire.write(frame(session, "bind"))
        assert await wire.status() == 200


async def test_where_the_library_does_not_fit_nothing_is_touched_and_requiring_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = issued(tmp_path, "room.example")

    def missing(_name: str | None) -> ctypes.CDLL:
        raise OSError("no such library")

    monkeypatch.setattr(ctypes, "CDLL", missing)
    certificates = Certificates([room.files], asks_strangers=True)
    assert not certificates.asks_strangers
    assert certificates.context.verify_mode is ssl.CERT_NONE
    tls = Tls(str(room.files.chain), str(room.files.key))
    required = Msrp(listen=["tls://127.0.0.1:0"], client_certificates=ClientCertificates.REQUIRED)
    with pytest.raises(OSError, match=r"client_certificates.*cannot ask"):
        msrp_certificates(Configuration(msrp=required, tls=tls))
    usual = msrp_certificates(Configuration(msrp=Msrp(listen=["tls://127.0.0.1:0"]), tls=tls))
    assert usual is not None
    assert not usual.asks_strangers
