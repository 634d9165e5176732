"""Certificates by name, renewed while connections are open, and asked of clients."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import trustme
from cryptography import x509

from crossroom.net.certificates import CertificateFiles, Certificates, names_in
from crossroom.net.tls import certified_names


def issue(folder: Path, authority: trustme.CA, stem: str, *names: str) -> CertificateFiles:
    chain, key = folder / f"{stem}.pem", folder / f"{stem}.key"
    issued = authority.issue_cert(*names)
    chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    return CertificateFiles(chain, key)


@asynccontextmanager
async def listening(certificates: Certificates) -> AsyncIterator[int]:
    """Echo over TLS; the port."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=certificates.context)
    async with server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def connected(
    port: int, authority: trustme.CA, name: str
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    context = ssl.create_default_context()
    context.check_hostname = False
    authority.configure_trust(context)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name)
    try:
        yield reader, writer
    finally:
        writer.close()
        await writer.wait_closed()


def shown(writer: asyncio.StreamWriter) -> tuple[tuple[str, str], ...]:
    certificate: dict[str, tuple[tuple[str, str], ...]] = writer.get_extra_info("peercert")
    return certificate["subjectAltName"]


async def test_who_asks_for_a_name_gets_its_certificate_and_others_the_first(tmp_path: Path) -> None:
    authority = trustme.CA()
    first = issue(tmp_path, authority, "first", "sip.example")
    second = issue(tmp_path, authority, "second", "other.example", "third.example")
    async with listening(Certificates([first, second])) as port:
        for asked, expected in (
            ("sip.example", "sip.example"),
            ("third.example", "other.example"),
            ("nobody.example", "sip.example"),
        ):
            async with connected(port, authority, asked) as (_, writer):
                assert shown(writer)[0] == ("DNS", expected)


async def test_a_renewed_certificate_is_shown_without_ending_open_connections(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificates = Certificates([issue(tmp_path, authority, "one", "old.example")])
    async with listening(certificates) as port, connected(port, authority, "old.example") as (reader, writer):
        issue(tmp_path, authority, "one", "new.example")
        certificates.reload()
        async with connected(port, authority, "new.example") as (_, later):
            assert shown(later) == (("DNS", "new.example"),)
        writer.write(b"still here\n")
        assert await reader.readline() == b"still here\n"


async def test_a_certificate_that_does_not_fit_its_key_changes_nothing(tmp_path: Path) -> None:
    authority = trustme.CA()
    files = issue(tmp_path, authority, "one", "old.example")
    certificates = Certificates([files])
    other = issue(tmp_path, authority, "two", "new.example")
    files.chain.write_bytes(other.chain.read_bytes())
    with pytest.raises(OSError, match=r"one\.pem"):
        certificates.reload()
    async with (
        listening(certificates) as port,
        connected(port, authority, "old.example") as (_, writer),
    ):
        assert shown(writer) == (("DNS", "old.example"),)


def test_a_certificate_without_names_is_shown_to_nobody_in_particular(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "root.pem")
    assert list(names_in(tmp_path / "root.pem")) == []


@pytest.mark.parametrize(
    ("names", "uris"),
    [
        ((("DNS", "sip.example"), ("DNS", "*.example")), ("sip:sip.example",)),
        ((("URI", "sip:ana@sip.example"), ("DNS", "host.example")), ("sip:ana@sip.example",)),
        ((("URI", "https://sip.example"),), ()),
        ((("email", "ana@sip.example"),), ()),
    ],
)
def test_a_client_certificate_speaks_for_sip_uris(
    names: tuple[tuple[str, str], ...], uris: tuple[str, ...]
) -> None:
    assert certified_names({"subjectAltName": names}) == uris
    assert certified_names(None) == ()


def test_a_certificate_that_is_over_or_soon_will_be_is_spoken_of(tmp_path: Path) -> None:
    files = issue(tmp_path, trustme.CA(), "first", "sip.example")
    leaf = x509.load_pem_x509_certificate(files.chain.read_bytes())
    begin, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    certificates = Certificates([files])
    for now, said in (
        (begin - timedelta(days=1), "not valid before "),
        (end - timedelta(days=1), "expires on "),
        (end + timedelta(days=1), "expired on "),
    ):
        [(file, why)] = certificates.troubles(now).items()
        assert file == files.chain
        assert why.startswith(said)
    assert certificates.troubles(end - timedelta(days=15)) == {}
