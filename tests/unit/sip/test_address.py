import pytest

from crossroom.machine import ParseError
from crossroom.sip.address import NameAddr
from crossroom.sip.params import Params
from crossroom.sip.uri import SipUri


@pytest.mark.parametrize(
    ("text", "name", "uri", "params", "written"),
    [
        ("<sip:a@h>", "", "sip:a@h", "", "<sip:a@h>"),
        ("Ana <sip:a@h;lr>;tag=1", "Ana", "sip:a@h;lr", ";tag=1", "Ana <sip:a@h;lr>;tag=1"),
        ("Conference Room<sip:a@h>", "Conference Room", "sip:a@h", "", "Conference Room <sip:a@h>"),
        ("Zoë B. <sip:a@h>", "Zoë B.", "sip:a@h", "", '"Zoë B." <sip:a@h>'),
        (
            '"A \\"x\\", \\\\" < sip:a@h > ; tag = 2',
            'A "x", \\',
            "sip:a@h",
            ";tag=2",
            '"A \\"x\\", \\\\" <sip:a@h>;tag=2',
        ),
        ('"" <tel:5>', "", "tel:5", "", "<tel:5>"),
        ("sip:a@h;tag=1;x", "", "sip:a@h", ";tag=1;x", "<sip:a@h>;tag=1;x"),
        (" sip:a@h ", "", "sip:a@h", "", "<sip:a@h>"),
    ],
)
def test_an_address_is_read_leniently_and_written_strictly(
    text: str, name: str, uri: str, params: str, written: str
) -> None:
    address = NameAddr.parse(text)
    assert (address.display_name, str(address.uri), str(address.params)) == (name, uri, params)
    assert str(address) == written
    assert NameAddr.parse(written) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<sip:a@h",
        "sip:a@h>",
        '"A <sip:a@h>',
        "A, B <sip:a@h>",
        '"A" b <sip:a@h>',
        "<sip:a@h> x",
        "<>",
        "sip:a@h?x=y",
        "sip:a@h,sip:b@h",
        "<sip:a@h>;;",
    ],
)
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        NameAddr.parse(text)


def test_a_display_name_cannot_break_the_line() -> None:
    written = str(NameAddr(SipUri("h"), 'x\r\nVia: "evil'))
    assert written == '"x  Via: \\"evil" <sip:h>'


def test_tags_come_and_go() -> None:
    address = NameAddr(SipUri("h"), params=Params((("x", None),)))
    assert address.tag is None
    assert address.with_tag("t").tag == "t"
    assert address.with_tag("t").without_tag() == address
    assert str(address.with_param("isfocus")) == "<sip:h>;x;isfocus"
