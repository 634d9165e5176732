"""RSeq and RAck."""

import pytest

from crossroom.machine import LocalProtocolError, ParseError
from crossroom.sip.cseq import CSeq
from crossroom.sip.message import Response
from crossroom.sip.rack import RAck, rseq_of
from sip_messages import response_to, simple


def test_a_rack_names_a_response_and_its_request() -> None:
    rack = RAck.parse(" 776656  1 INVITE")
    assert rack == RAck(776656, CSeq(1, "INVITE"))
    assert RAck.parse(str(rack)) == rack


@pytest.mark.parametrize("text", ["", "1", "1 INVITE", "x 1 INVITE", "4294967296 1 INVITE", "1 1 IN VITE"])
def test_other_text_is_no_rack(text: str) -> None:
    with pytest.raises(ParseError):
        RAck.parse(text)


def test_a_number_that_no_response_has_is_never_written() -> None:
    with pytest.raises(LocalProtocolError):
        RAck(2**32, CSeq(1, "INVITE"))


def answer(status: int, *lines: tuple[str, str]) -> Response:
    return response_to(simple("INVITE"), status, *lines)


def test_only_a_response_that_requires_it_wants_a_prack() -> None:
    assert rseq_of(answer(180, ("Require", "100rel"), ("RSeq", "9"))) == 9
    assert rseq_of(answer(180, ("Supported", "100rel"), ("RSeq", "9"))) is None
    assert rseq_of(answer(180, ("Require", "100rel"))) is None
    assert rseq_of(answer(180, ("Require", "100rel"), ("RSeq", "nine"))) is None
    assert rseq_of(answer(100, ("Require", "100rel"), ("RSeq", "9"))) is None
    assert rseq_of(answer(200, ("Require", "100rel"), ("RSeq", "9"))) is None
