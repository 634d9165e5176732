import pytest

from crossroom.machine import LocalProtocolError, ParseError
from crossroom.sip.cseq import CSeq


def test_a_number_and_a_method_are_read_and_written() -> None:
    assert CSeq.parse(" 0009 \t INVITE ") == CSeq(9, "INVITE")
    assert str(CSeq.parse("2147483647 invite")) == "2147483647 invite"


@pytest.mark.parametrize(
    "text", ["", "INVITE", "1", "1INVITE", "-1 INVITE", "2147483648 INVITE", "1 IN VITE"]
)
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        CSeq.parse(text)


@pytest.mark.parametrize(("number", "method"), [(2**31, "INVITE"), (-1, "INVITE"), (1, "A\r\n")])
def test_a_cseq_that_cannot_be_written_cannot_be_made(number: int, method: str) -> None:
    with pytest.raises(LocalProtocolError):
        CSeq(number, method)
