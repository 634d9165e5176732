"""The registrar, asked by a user agent that is not ours; time is in the test's hand."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from crossroom.conference.registrar import Registrar, RegistrarSettings, target_of
from crossroom.net.sip import SipAgent
from crossroom.net.sip_face import IncomingRequest
from crossroom.net.sip_settings import SipSettings
from crossroom.room.address import Address
from crossroom.sip.admission import Admission, Admit
from crossroom.sip.settings import AgentSettings
from peers.sip_message import SipMessage
from peers.sip_ua import SipUA
from sip_faces import RecordingFace, agent_on_loopback
from sip_messages import wire

ANA = Address("ana", "sip.example")
DOMAIN = "sip:sip.example"
SETTINGS = RegistrarSettings(frozenset({"sip.example"}), contacts=2, users=2)


@dataclass
class Desk(RecordingFace):
    """A face whose REGISTERs go to a registrar."""

    now: float = 1000.0
    settings: RegistrarSettings = SETTINGS
    believed: str = ""
    registrar: Registrar = field(init=False)

    def __post_init__(self) -> None:
        self.registrar = Registrar(self.settings, lambda: self.now, lambda _: True)
        self.policy = lambda request, _flow, _proven: self._admit(str(request.from_.uri))

    def _admit(self, sender: str) -> Admission:
        return Admit(self.believed or sender)

    def on_request(self, request: IncomingRequest) -> None:
        self.registrar.receive(request)


@dataclass
class Office:
    desk: Desk
    ana: SipUA
    agent: SipAgent

    async def register(self, *contacts: str, to: str = "sip:ana@sip.example", **more: str) -> SipMessage:
        headers = [("Contact", contact) for contact in contacts]
        headers += [(name.replace("_", "-"), value) for name, value in more.items()]
        return await self.ana.request(self.ana.new_request("REGISTER", DOMAIN, headers, to=to))

    def expiries(self, response: SipMessage) -> list[int]:
        return [int(value.rpartition("expires=")[2]) for value in response.listed("Contact")]


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    desk = Desk()
    agent_settings = AgentSettings()
    settings = SipSettings(agent=AgentSettings(allow=(*agent_settings.allow, "REGISTER")))
    async with agent_on_loopback(desk, settings) as agent:
        address = agent.listening[0].host, agent.listening[0].port
        async with SipUA("ana", "sip.example", server=address) as ana:
            yield Office(desk, ana, agent)


async def test_a_registered_device_is_found_over_the_flow_it_came_by(office: Office) -> None:
    response = await office.register("<sip:ana@192.0.2.1:5070>", Expires="600")
    assert response.status == 200
    assert office.expiries(response) == [600]
    binding = office.desk.registrar.find(ANA)
    assert binding is not None
    assert str(target_of(binding)) == "sip:ana@192.0.2.1:5070"
    assert binding.flow.transport == "UDP"


async def test_the_connection_of_a_registered_device_is_not_idle(office: Office) -> None:
    agent, now = office.agent, asyncio.get_running_loop().time()
    reader, writer = await asyncio.open_connection(
        *next((e.host, e.port) for e in agent.listening if e.transport == "TCP")
    )
    head = """REGISTER sip:sip.example SIP/2.0
        Via: SIP/2.0/TCP phone.invalid;branch=z9hG4bKreg
        From: <sip:ana@sip.example>;tag=1
        To: <sip:ana@sip.example>
        Call-ID: reg-1
        CSeq: 1 REGISTER
        Contact: <sip:ana@phone.invalid;transport=tcp>;expires=3600
        Content-Length: 0"""
    writer.write(wire(head))
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"SIP/2.0 200 ")
    assert len(office.desk.registrar.flows()) == 1
    agent.keeps = office.desk.registrar.flows
    agent.close_idle(now + 1000)
    writer.write(b"\r\n\r\n")
    assert await reader.readexactly(2) == b"\r\n"
    office.desk.now += 3601
    assert not office.desk.registrar.flows()
    agent.close_idle(now + 100_000)
    assert await reader.read() == b""
    writer.close()


async def test_a_binding_is_gone_when_its_time_is_over(office: Office) -> None:
    await office.register("<sip:ana@192.0.2.1>", Expires="60")
    office.desk.now += 61
    assert office.desk.registrar.find(ANA) is None
    assert len(office.desk.registrar) == 0


async def test_the_preferred_device_is_rung_at_and_of_equals_the_newest(office: Office) -> None:
    await office.register("<sip:ana@one>;q=0.5")
    await office.register("<sip:ana@two>;q=0.9")
    binding = office.desk.registrar.find(ANA)
    assert binding is not None
    assert "two" in str(binding.contact)
    await office.register("<sip:ana@two>;q=0.5", Expires="7000")
    again = office.desk.registrar.find(ANA)
    assert again is not None
    assert "two" in str(again.contact)


async def test_a_query_without_contact_changes_nothing(office: Office) -> None:
    await office.register("<sip:ana@one>")
    response = await office.register()
    assert len(response.listed("Contact")) == 1


async def test_an_expired_wish_removes_a_device_and_an_asterisk_removes_all(office: Office) -> None:
    await office.register("<sip:ana@one>")
    await office.register("<sip:ana@two>")
    response = await office.register("<sip:ana@one>;expires=0")
    assert len(response.listed("Contact")) == 1
    assert (await office.register("*", Expires="10")).status == 400
    assert (await office.register("*", Expires="0")).listed("Contact") == []
    assert len(office.desk.registrar) == 0


async def test_removing_the_last_device_forgets_the_user(office: Office) -> None:
    await office.register("<sip:ana@one>")
    await office.register("<sip:ana@one>;expires=0")
    assert len(office.desk.registrar) == 0
    await office.register("<sip:ana@one>;expires=0")
    assert len(office.desk.registrar) == 0


async def test_a_device_that_moved_is_one_device(office: Office) -> None:
    await office.register('<sip:ana@one>;+sip.instance="<urn:uuid:1>"')
    response = await office.register('<sip:ana@elsewhere>;+sip.instance="<urn:uuid:1>"')
    assert len(response.listed("Contact")) == 1
    assert "elsewhere" in response.get("Contact")


@pytest.mark.parametrize(
    ("contact", "to", "status"),
    [
        ("<sip:ana@one>;expires=30", "sip:ana@sip.example", 423),  # too brief
        ("<sip:ana@one>", "sip:ana@elsewhere.example", 404),
        ("<sip:ana@one>", "sip:cy@sip.example", 403),
        ("<sip:ana@one>", "tel:+1", 400),
    ],
)
async def test_what_cannot_be_registered_is_refused(
    office: Office, contact: str, to: str, status: int
) -> None:
    response = await office.register(contact, to=to)
    assert response.status == status
    assert len(office.desk.registrar) == 0
    if status == 423:
        assert response.get("Min-Expires") == "60"


async def test_more_devices_or_users_than_agreed_are_refused(office: Office) -> None:
    await office.register("<sip:ana@one>")
    await office.register("<sip:ana@two>")
    assert (await office.register("<sip:ana@three>")).status == 403
    statuses = []
    for name in ("bob", "cy"):
        office.desk.believed = f"sip:{name}@sip.example"
        statuses.append((await office.register("<sip:x@one>", to=f"sip:{name}@sip.example")).status)
    assert statuses == [200, 403]
    assert len(office.desk.registrar) == 2


async def test_a_request_that_was_overtaken_changes_nothing(office: Office) -> None:
    first = office.ana.new_request("REGISTER", DOMAIN, [("Contact", "<sip:ana@one>")], to=office.ana.aor)
    number = int(first.get("CSeq").split()[0])
    assert (await office.ana.request(first)).status == 200
    late = SipMessage(first.start, [pair for pair in first.headers if pair[0] not in {"Via", "CSeq"}])
    late.put("CSeq", f"{number - 1} REGISTER")
    assert (await office.ana.request(late)).status == 500


async def test_a_contact_that_is_no_sip_uri_cannot_be_rung_at(office: Office) -> None:
    await office.register("<tel:+15551>")
    binding = office.desk.registrar.find(ANA)
    assert binding is not None
    assert target_of(binding) is None


# -- flows (RFC 5626), GRUUs (RFC 5627), several devices ------------------------------------------------------

PHONE = '<sip:ana@phone>;+sip.instance="<urn:uuid:1>"'
LAPTOP = '<sip:ana@laptop>;+sip.instance="<urn:uuid:2>"'


async def test_a_device_that_knows_gruus_is_given_one(office: Office) -> None:
    response = await office.register(PHONE, Supported="gruu")
    assert ';pub-gruu="sip:ana@sip.example;gr=urn:uuid:1"' in response.get("Contact")
    assert "pub-gruu" not in (await office.register()).get("Contact")


async def test_a_device_without_an_instance_has_no_gruu(office: Office) -> None:
    assert "pub-gruu" not in (await office.register("<sip:ana@one>", Supported="gruu")).get("Contact")


async def test_the_flows_of_a_device_are_kept_side_by_side_the_newest_first(office: Office) -> None:
    await office.register(f"{PHONE};reg-id=1", Supported="outbound")
    office.desk.now += 10
    response = await office.register(f"{PHONE};reg-id=2", Supported="outbound")
    assert response.get("Require") == "outbound"
    assert response.get("Flow-Timer") == "120"
    [flows] = office.desk.registrar.devices(ANA)
    assert [flow.reg_id for flow in flows] == [2, 1]
    await office.register(f"{PHONE};reg-id=1;expires=0", Supported="outbound")
    [flows] = office.desk.registrar.devices(ANA)
    assert [flow.reg_id for flow in flows] == [2]


async def test_a_flow_number_means_nothing_to_who_cannot_outbound(office: Office) -> None:
    await office.register(f"{PHONE};reg-id=1")
    response = await office.register(f"{PHONE};reg-id=2")
    assert not response.get("Require")
    [[binding]] = office.desk.registrar.devices(ANA)
    assert binding.reg_id is None


async def test_a_flow_through_a_proxy_that_keeps_none_is_refused(office: Office) -> None:
    via = "SIP/2.0/UDP phone.invalid;branch=z9hG4bKinner"
    headers = [("Contact", f"{PHONE};reg-id=1"), ("Supported", "outbound")]
    message = office.ana.new_request("REGISTER", DOMAIN, headers, to=office.ana.aor)
    message.headers[:0] = [("Via", office.ana.via("z9hG4bKouter")), ("Via", via)]
    transaction = office.ana.expect_response(message)
    await office.ana.send_raw(bytes(message))
    assert (await transaction.responses.take(within=5)).status == 439
    assert len(office.desk.registrar) == 0


async def test_all_devices_are_known_the_preferred_one_first(office: Office) -> None:
    await office.register(f"{PHONE};q=0.3")
    await office.register(f"{LAPTOP};q=0.8")
    assert [flows[0].device for flows in office.desk.registrar.devices(ANA)] == ["urn:uuid:2", "urn:uuid:1"]


async def test_who_is_named_by_a_gruu_is_that_device_alone(office: Office) -> None:
    await office.register(PHONE)
    await office.register(LAPTOP)
    named = office.desk.registrar.devices(Address("ana", "sip.example", "urn:uuid:1"))
    assert [flows[0].device for flows in named] == ["urn:uuid:1"]
    everywhere = office.desk.registrar.devices(Address("ana", "sip.example", "urn:uuid:gone"))
    assert len(everywhere) == 2


async def test_users_who_went_silent_make_room_for_others(office: Office) -> None:
    for name in ("ana", "bob"):
        office.desk.believed = f"sip:{name}@sip.example"
        await office.register("<sip:x@one>", to=f"sip:{name}@sip.example", Expires="60")
    office.desk.now += 100
    office.desk.believed = "sip:cy@sip.example"
    assert (await office.register("<sip:x@one>", to="sip:cy@sip.example")).status == 200
    assert len(office.desk.registrar) == 1


async def test_path_is_ignored(office: Office) -> None:
    response = await office.register(PHONE, Path="<sip:edge.example;lr>")
    assert response.status == 200
    assert not response.get("Path")
