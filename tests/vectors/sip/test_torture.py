"""The torture vectors, read as datagrams and as streams, written, and read again."""

import re

import pytest

from crossroom.machine import Malformed
from crossroom.sip.message import BadRequest, Request, Response, parse_datagram
from vectors.sip.torture import BAD, GOOD, NOT_SIP, Bad, Good


def read(message: Request | Response, path: str) -> str:
    value: object = message
    for step in path.split(".") if "(" not in path else path.split(".", 1):
        if (call := re.fullmatch(r"(\w+)\((.*)\)", step)) is not None:
            value = getattr(value, call[1])(call[2])
        elif step.isdigit():
            assert isinstance(value, tuple)
            value = value[int(step)]
        else:
            value = getattr(value, step)
    return value.decode() if isinstance(value, bytes) else str(value)


@pytest.mark.parametrize("vector", GOOD, ids=lambda vector: vector.name)
def test_a_difficult_message_is_read(vector: Good) -> None:
    message = parse_datagram(vector.octets)
    assert isinstance(message, Request | Response), message
    assert {path: read(message, path) for path in vector.reads} == vector.reads


@pytest.mark.parametrize("vector", GOOD, ids=lambda vector: vector.name)
def test_a_difficult_message_survives_writing(vector: Good) -> None:
    message = parse_datagram(vector.octets)
    assert isinstance(message, Request | Response)
    assert parse_datagram(bytes(message)) == message


@pytest.mark.parametrize("vector", BAD, ids=lambda vector: vector.name)
def test_a_bad_message_is_refused_with_its_status(vector: Bad) -> None:
    outcome = parse_datagram(vector.octets)
    assert isinstance(outcome, BadRequest), outcome
    assert outcome.status == vector.status
    assert (outcome.answer is not None) == vector.answered


@pytest.mark.parametrize(
    "vector", [vector for vector in BAD if vector.answered], ids=lambda vector: vector.name
)
def test_the_answer_to_a_bad_message_can_be_written_and_repeats_its_via(vector: Bad) -> None:
    outcome = parse_datagram(vector.octets)
    assert isinstance(outcome, BadRequest)
    assert outcome.answer is not None
    octets = bytes(outcome.answer)
    assert octets.startswith(b"SIP/2.0 %d " % vector.status)
    assert b"\r\nVia: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKt0rture" in octets
    assert b"evil" not in octets


@pytest.mark.parametrize("octets", NOT_SIP)
def test_what_is_not_sip_is_malformed(octets: bytes) -> None:
    assert isinstance(parse_datagram(octets), Malformed)
