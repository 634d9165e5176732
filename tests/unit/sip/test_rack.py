import pytest

from crossroom.machine import ParseError
from crossroom.sip.cseq import CSeq
from crossroom.sip.headers import Headers
from crossroom.sip.rack import RAck, rseq


def test_a_rack_names_a_response_of_a_request() -> None:
    assert RAck.parse(" 776656 1 INVITE") == RAck(776656, CSeq(1, "INVITE"))
    assert str(RAck.parse("776656  1  INVITE")) == "776656 1 INVITE"
    for text in ("", "1", "1 INVITE", "x 1 INVITE", "4294967296 1 INVITE"):
        with pytest.raises(ParseError):
            RAck.parse(text)


def test_only_reliable_responses_have_an_rseq() -> None:
    assert rseq(Headers([("RSeq", "4294967295")])) == 4294967295
    assert rseq(Headers()) is None
    with pytest.raises(ParseError):
        rseq(Headers([("RSeq", "4294967296")]))
