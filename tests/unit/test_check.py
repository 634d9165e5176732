"""What `crossroom check` says of each thing that a server needs, over real sockets on loopback."""

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog
import trustme

from crossroom import check
from crossroom.check import Verdict
from crossroom.config.schema import Account, Component, Configuration, Domain, Entry, Msrp, Sip, Tls, Xmpp
from crossroom.net.dns import Pointer, Service
from peers.process import free_port
from sip_faces import RecordingFace, agent_on_loopback

NOW = datetime.now(UTC)
HOME = "conference.localhost"
HEADER = (
    "<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' id='s1'>"
)
REFUSED = "<stream:error><{} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>"


@dataclass
class MadeUpNames:
    """A DNS with these names only."""

    services_of: dict[str, list[Service]] = field(default_factory=dict)
    addresses_of: dict[str, list[str]] = field(default_factory=dict)

    async def addresses(self, name: str) -> list[str]:
        return self.addresses_of.get(name, [])

    async def services(self, name: str) -> list[Service]:
        return self.services_of.get(name, [])

    async def pointers(self, _name: str) -> list[Pointer]:
        return []


def configured(  # noqa: PLR0913 -- the parts of a configuration are its arguments
    *,
    sip: Sequence[str] = ("tcp://127.0.0.1:0",),
    proxy: str = "",
    component: Component | None = None,
    account: Account | None = None,
    tls: Tls | None = None,
    entry: str = "",
    domain: str = HOME,
) -> Configuration:
    return Configuration(
        domains=[Domain(domain)],
        sip=Sip(listen=list(sip), outbound_proxy=proxy, account=[account] if account else []),
        msrp=Msrp(listen=["tcp://127.0.0.1:0"]),
        xmpp=Xmpp(component=[component] if component else [], entry=Entry(listen=entry)),
        tls=tls or Tls(),
    )


async def findings(
    configuration: Configuration, names: MadeUpNames | None = None, now: datetime = NOW
) -> list[tuple[Verdict, str, str]]:
    """Everything that is said but that addresses on port 0 can be listened on."""
    log: structlog.stdlib.BoundLogger = structlog.get_logger()
    found = check.check(configuration, names or MadeUpNames(), now, log)
    return [(one.verdict, one.what, one.text) async for one in found if ":0 can" not in one.text]


async def only(configuration: Configuration) -> tuple[Verdict, str, str]:
    [finding] = await findings(configuration)
    return finding


# -- addresses ---------------------------------------------------------------------------------------------


async def test_an_address_that_another_program_has_is_wrong() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"tcp://127.0.0.1:{other.getsockname()[1]}"
        assert await only(configured(sip=[taken])) == (
            Verdict.WRONG, "sip.listen", f"{taken}: another program listens there",
        )  # fmt: skip
        assert (await only(configured(entry=taken)))[:2] == (Verdict.WRONG, "xmpp.entry.listen")


async def test_an_address_that_can_be_had_is_left_free() -> None:
    free = f"udp://127.0.0.1:{free_port()}"
    expected = (Verdict.OK, "sip.listen", f"{free} can be listened on")
    assert [await only(configured(sip=[free])) for _ in range(2)] == [expected, expected]


# -- certificates and secrets ------------------------------------------------------------------------------


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    issued = trustme.CA().issue_cert("sip.example", not_after=NOW + timedelta(days=100))
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    return Tls(str(chain), str(key))


@pytest.mark.parametrize(
    ("days", "verdict", "said"),
    [
        (0, Verdict.OK, "valid for two weeks"),
        (90, Verdict.NOTE, "expires on"),
        (101, Verdict.WRONG, "expired on"),
    ],
)
async def test_the_dates_of_a_certificate_are_looked_at(
    tls: Tls, days: int, verdict: Verdict, said: str
) -> None:
    [(found, what, text)] = await findings(configured(tls=tls), now=NOW + timedelta(days=days))
    assert (found, what) == (verdict, "[tls]")
    assert said in text


async def test_a_certificate_that_cannot_be_used_is_wrong(tls: Tls) -> None:
    verdict, what, text = await only(configured(tls=Tls(tls.certificate, tls.certificate)))
    assert (verdict, what) == (Verdict.WRONG, "[tls]")
    assert text.endswith("one of them is not PEM")


async def test_a_secret_that_cannot_be_read_is_wrong_and_nobody_is_asked_without_it() -> None:
    component = Component(f"tcp://127.0.0.1:{free_port()}", HOME, secret_file="/nowhere/secret")
    assert await only(configured(component=component)) == (
        Verdict.WRONG,
        "[[xmpp.component]]",
        "xmpp.component[0].secret_file: /nowhere/secret: No such file or directory",
    )
    account = Account("ana@sip.example", password_file="/nowhere/secret")
    assert (await only(configured(account=account)))[:2] == (Verdict.WRONG, "[[sip.account]]")


# -- the XMPP server ---------------------------------------------------------------------------------------


@asynccontextmanager
async def xmpp_server(answer: Callable[[str], str]) -> AsyncIterator[Component]:
    """A server that answers the handshake as the test says; the component that connects to it."""

    served = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b">")
        writer.write(HEADER.encode())
        handshake = (await reader.readuntil(b"</handshake>")).decode()
        writer.write(answer(handshake).encode())
        await reader.read()
        writer.close()
        await writer.wait_closed()
        served.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield Component(f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}", HOME, "tea-for-two")
        await served.wait()


async def test_a_server_that_accepts_the_secret_is_well() -> None:
    seen: list[str] = []

    def accept(handshake: str) -> str:
        seen.append(handshake)
        return "<handshake/>"

    async with xmpp_server(accept) as component:
        verdict, _, text = await only(configured(component=component))
    assert (verdict, text) == (Verdict.OK, f"{component.connect} accepts {HOME}")
    # XEP-0114 §3: SHA-1 of the stream id and the secret
    assert seen[0].endswith(f"<handshake>{hashlib.sha1(b's1tea-for-two').hexdigest()}</handshake>")


@pytest.mark.parametrize(
    ("condition", "verdict", "said"),
    [
        ("not-authorized", Verdict.WRONG, f"refuses {HOME}: not-authorized; compare domain and secret"),
        ("host-unknown", Verdict.WRONG, "host-unknown"),
        ("conflict", Verdict.NOTE, f"has {HOME} connected already"),
    ],
)
async def test_a_server_that_refuses_says_why(condition: str, verdict: Verdict, said: str) -> None:
    async with xmpp_server(lambda _: REFUSED.format(condition)) as component:
        found, what, text = await only(configured(component=component))
    assert (found, what) == (verdict, "[[xmpp.component]]")
    assert said in text


async def test_a_server_that_is_not_there_is_wrong() -> None:
    connect = f"tcp://127.0.0.1:{free_port()}"
    verdict, _, text = await only(configured(component=Component(connect, HOME, "s")))
    assert verdict is Verdict.WRONG
    assert text.startswith(f"{connect} cannot be reached: ")


async def test_a_server_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "PATIENCE", 0.1)
    async with xmpp_server(lambda _: "") as component:
        verdict, _, text = await only(configured(component=component))
    assert (verdict, text) == (
        Verdict.WRONG, f"{component.connect} gives no answer: is it a component port?",
    )  # fmt: skip


# -- the proxy ---------------------------------------------------------------------------------------------


async def test_a_proxy_that_answers_is_well_whatever_it_says() -> None:
    face = RecordingFace()
    async with agent_on_loopback(face) as proxy:
        face.on_request = lambda request: request.respond(405)  # type: ignore[method-assign]  # the test's own face
        uri = f"sip:127.0.0.1:{proxy.listening[0].port};lr"
        listen = ["udp://127.0.0.1:0", "tcp://127.0.0.1:0"]
        verdict, what, text = await only(configured(sip=listen, proxy=uri))
    assert (verdict, what) == (Verdict.OK, "sip.outbound_proxy")
    assert text == f"{uri} answers OPTIONS with 405 Method Not Allowed"


async def test_a_proxy_where_nobody_listens_is_wrong() -> None:
    uri = f"sip:127.0.0.1:{free_port()};transport=tcp;lr"
    verdict, _, text = await only(configured(proxy=uri))
    assert verdict is Verdict.WRONG
    assert text.startswith(f"{uri} cannot be reached")


async def test_a_proxy_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "PATIENCE", 0.1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        uri = f"sip:127.0.0.1:{silent.getsockname()[1]};lr"
        verdict, _, text = await only(configured(sip=["udp://127.0.0.1:0"], proxy=uri))
    assert (verdict, text) == (Verdict.WRONG, f"{uri} gives no answer to OPTIONS in 0.1 seconds")


# -- the DNS -----------------------------------------------------------------------------------------------


async def test_records_that_strangers_need_are_missed_and_stop_nobody() -> None:
    rooms = "conference.example.com"
    found = await findings(configured(domain=rooms))
    assert found == [
        (
            Verdict.NOTE,
            rooms,
            f"no record _sip._udp.{rooms}: SIP users get in through their own proxy only",
        )
    ]
    known = MadeUpNames(services_of={f"_sip._tcp.{rooms}": [Service(1, 1, 5060, "sip.example.com")]})
    assert await findings(configured(domain=rooms), known) == []
    assert await findings(configured(domain=rooms), MadeUpNames(addresses_of={rooms: ["192.0.2.1"]})) == []


async def test_other_xmpp_servers_need_a_record_of_a_components_domain() -> None:
    rooms = "conference.example.com"
    async with xmpp_server(lambda _: "<handshake/>") as component:
        with_component = Component(component.connect, rooms, component.secret)
        found = await findings(configured(domain=rooms, component=with_component))
    assert (
        Verdict.NOTE,
        rooms,
        f"no record _xmpp-server._tcp.{rooms}: people of other XMPP servers do not get in",
    ) in found
