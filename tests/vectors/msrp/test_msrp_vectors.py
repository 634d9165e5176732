"""MSRP and CPIM as they are on the wire: the same table is read and, where it is ours, written."""

from dataclasses import dataclass

import pytest

from crossroom.bodies.cpim import STATUS_NAMESPACE, CpimAddress, CpimMessage
from crossroom.msrp.chunk import Flag, MsrpRequest, MsrpResponse
from crossroom.msrp.stream import StreamReader

ANA = "msrp://ua.sip.example:2855/Xy;tcp"
ROOM = "msrps://gw.bridge.example:2855/9uQ;tcp"


@dataclass(frozen=True)
class Vector:
    """`is_ours`: written back, it is the same octets."""

    wire: str
    frame: MsrpRequest | MsrpResponse
    is_ours: bool = True

    @property
    def octets(self) -> bytes:
        return self.wire.replace("\n", "\r\n").encode()


FRAMES = {
    "binding SEND": Vector(
        f"MSRP 4f7a91c2e0 SEND\nTo-Path: {ROOM}\nFrom-Path: {ANA}\nMessage-ID: 77aa01b2\n-------4f7a91c2e0$\n",
        MsrpRequest("4f7a91c2e0", "SEND", ROOM, ANA, (("Message-ID", "77aa01b2"),)),
    ),
    "one chunk": Vector(
        f"MSRP 4f7a91c2e0 SEND\nTo-Path: {ROOM}\nFrom-Path: {ANA}\nMessage-ID: 77aa01b2\n"
        "Byte-Range: 1-5/5\nContent-Type: text/plain\n\nhello\n-------4f7a91c2e0$\n",
        MsrpRequest(
            "4f7a91c2e0",
            "SEND",
            ROOM,
            ANA,
            (("Message-ID", "77aa01b2"), ("Byte-Range", "1-5/5"), ("Content-Type", "text/plain")),
            b"hello",
        ),
    ),
    "chunk that was interrupted": Vector(
        f"MSRP dkei38sd SEND\nTo-Path: {ROOM}\nFrom-Path: {ANA}\nMessage-ID: 456s9wlk3\n"
        "Byte-Range: 1-*/4385\nContent-Type: text/html\n\n<p>\n-------dkei38sd+\n",
        MsrpRequest(
            "dkei38sd",
            "SEND",
            ROOM,
            ANA,
            (("Message-ID", "456s9wlk3"), ("Byte-Range", "1-*/4385"), ("Content-Type", "text/html")),
            b"<p>",
            Flag.MORE,
        ),
    ),
    "response": Vector(
        f"MSRP 4f7a91c2e0 200 OK\nTo-Path: {ANA}\nFrom-Path: {ROOM}\n-------4f7a91c2e0$\n",
        MsrpResponse("4f7a91c2e0", 200, ANA, ROOM, "OK"),
    ),
    "response with a Message-ID, as RFC 7701's examples have it": Vector(
        f"MSRP 4f7a91c2e0 404 Not Found\nTo-Path: {ANA}\nFrom-Path: {ROOM}\nMessage-ID: 5\n-------4f7a91c2e0$\n",
        MsrpResponse("4f7a91c2e0", 404, ANA, ROOM, "Not Found", (("Message-ID", "5"),)),
    ),
    "REPORT": Vector(
        f"MSRP dkei38ia REPORT\nTo-Path: {ANA}\nFrom-Path: {ROOM}\nMessage-ID: 12339sdqwer\n"
        "Byte-Range: 1-106/106\nStatus: 000 200 OK\n-------dkei38ia$\n",
        MsrpRequest(
            "dkei38ia",
            "REPORT",
            ANA,
            ROOM,
            (("Message-ID", "12339sdqwer"), ("Byte-Range", "1-106/106"), ("Status", "000 200 OK")),
        ),
    ),
    "NICKNAME without quotes": Vector(
        f"MSRP d93kswow NICKNAME\nTo-Path: {ROOM}\nFrom-Path: {ANA}\nUse-Nickname: Ana de Armas\n-------d93kswow$\n",
        MsrpRequest("d93kswow", "NICKNAME", ROOM, ANA, (("Use-Nickname", "Ana de Armas"),)),
    ),
    "tight colons and small letters": Vector(
        f"MSRP d93kswow SEND\nto-path:{ROOM}\nfrom-path:{ANA}\n-------d93kswow$\n",
        MsrpRequest("d93kswow", "SEND", ROOM, ANA),
        is_ours=False,
    ),
}


@pytest.mark.parametrize("name", FRAMES)
def test_frame_is_read_as_the_table_says(name: str) -> None:
    vector = FRAMES[name]
    assert StreamReader().receive_data(vector.octets) == [vector.frame]


@pytest.mark.parametrize("name", [name for name, vector in FRAMES.items() if vector.is_ours])
def test_frame_is_written_as_the_table_says(name: str) -> None:
    assert bytes(FRAMES[name].frame) == FRAMES[name].octets


def test_all_frames_in_one_stream_are_read_in_order() -> None:
    octets = b"".join(vector.octets for vector in FRAMES.values())
    assert StreamReader().receive_data(octets) == [vector.frame for vector in FRAMES.values()]


CPIM = {
    "as this room writes it": (
        (
            b'From: "Bob" <sip:tea@conf.bridge.example;gr=Bob>\r\nTo: <sip:tea@conf.bridge.example>\r\n'
            b"DateTime: 2026-02-03T10:11:12.000Z\r\n\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nKettle on"
        ),
        CpimAddress("sip:tea@conf.bridge.example;gr=Bob", "Bob"),
        "Kettle on",
    ),
    "name without quotes, bare LF, odd charset": (
        (
            b"From: Conference Room <sip:tea@conf.bridge.example>\r\nTo: <sip:ana@sip.example>\r\n"
            b"NS: agp <urn:ag-projects:xml:ns:cpim>\r\nagp.Message-Type: status\r\n\r\nMIME-Version: 1.0\n"
            b'Content-Type: text/plain; charset="utf8"\nContent-Transfer-Encoding: \n\nB\xc3\xb6b has joined'
        ),
        CpimAddress("sip:tea@conf.bridge.example", "Conference Room"),
        "Böb has joined",
    ),
    "Content-Type in the CPIM block": (
        (
            b"To: <sip:tea@conf.bridge.example;transport=tcp>\r\nFrom: <sip:ana@sip.example>\r\n"
            b"DateTime: 2009-03-02T15:02:31-03:00\r\nContent-Type: text/plain\r\n\r\nHello guys"
        ),
        CpimAddress("sip:ana@sip.example"),
        "Hello guys",
    ),
}


@pytest.mark.parametrize("name", CPIM)
def test_cpim_of_every_kind_is_read(name: str) -> None:
    octets, sender, text = CPIM[name]
    message = CpimMessage.from_bytes(octets)
    assert (message.sender, message.part.text) == (sender, text)
    assert CpimMessage.from_bytes(bytes(message)) == message


def test_status_message_is_known_by_its_namespace() -> None:
    octets, _, _ = CPIM["name without quotes, bare LF, odd charset"]
    assert CpimMessage.from_bytes(octets).extension(STATUS_NAMESPACE, "Message-Type") == "status"
