"""Keepalives of user agents behind NATs."""

import struct

import pytest

from crossroom.sip.stun import answer_binding

COOKIE = bytes.fromhex("2112a442")
ID = bytes(range(12))
REQUEST = b"\x00\x01\x00\x00" + COOKIE + ID


def test_a_binding_request_is_told_where_it_came_from() -> None:
    answer = answer_binding(REQUEST, ("192.0.2.1", 32853))
    # RFC 5769 §2.2 masks the same address and port to these octets
    assert answer == b"\x01\x01\x00\x0c" + COOKIE + ID + bytes.fromhex("0020 0008 0001 a147 e112 a643")


def test_an_ipv6_address_is_masked_with_the_transaction_too() -> None:
    answer = answer_binding(REQUEST, ("2001:db8::1", 5060))
    assert answer is not None
    assert answer[20:26] == bytes.fromhex("0020 0014 0002")
    (port,) = struct.unpack(">H", answer[26:28])
    assert port ^ 0x2112 == 5060
    unmasked = bytes(one ^ other for one, other in zip(answer[28:], COOKIE + ID, strict=True))
    assert unmasked == bytes.fromhex("20010db8000000000000000000000001")


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack(">HH", kind, len(value)) + value + b"\0" * (-len(value) % 4)


def with_attributes(*attributes: bytes) -> bytes:
    body = b"".join(attributes)
    return b"\x00\x01" + struct.pack(">H", len(body)) + COOKIE + ID + body


def test_what_may_be_passed_over_is() -> None:
    software, fingerprint = attribute(0x8022, b"phone"), attribute(0x8028, b"\0\0\0\0")
    answer = answer_binding(with_attributes(software, fingerprint), ("192.0.2.1", 1))
    assert answer is not None
    assert answer.startswith(b"\x01\x01")


def test_what_must_be_understood_is_named_in_a_420() -> None:
    answer = answer_binding(
        with_attributes(attribute(0x0003, b"\0\0\0\6"), attribute(0x0006, b"ana")), ("192.0.2.1", 1)
    )
    assert answer is not None
    assert answer.startswith(b"\x01\x11")
    assert b"\0\0\4\x14Unknown Attribute" in answer
    assert answer.endswith(attribute(0x000A, b"\0\3\0\6"))


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        REQUEST[:-1],
        REQUEST + b"\0",
        REQUEST.replace(COOKIE, b"\0\0\0\0"),
        b"\x01\x01" + REQUEST[2:],
        b"\x00\x01\x00\x04" + REQUEST[4:],
        b"OPTIONS sip:h.example SIP/2.0\r\n",
    ],
)
def test_anything_else_is_left_to_others(datagram: bytes) -> None:
    assert answer_binding(datagram, ("192.0.2.1", 5060)) is None
