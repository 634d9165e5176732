import pytest

from crossroom.machine import ParseError
from crossroom.sip.headers import Headers
from crossroom.sip.refer_to import ReferTo, has_no_subscription, referred_by


@pytest.mark.parametrize(
    ("text", "method", "target"),
    [
        ("<sip:bob@h>", "INVITE", "sip:bob@h"),
        ("<sip:bob@h;method=BYE;x=y>", "BYE", "sip:bob@h;x=y"),
        ("<sip:bob@h>;method=BYE", "BYE", "sip:bob@h"),
        ('<sip:bob@h>;method="REFER"', "REFER", "sip:bob@h"),
        ("<sip:bob@h;method=BYE>;method=INVITE", "BYE", "sip:bob@h"),
        ("<sip:bob@h>;method=", "INVITE", "sip:bob@h"),
        ('<sip:bob@h>;method="A B"', "INVITE", "sip:bob@h"),
        ("<xmpp:bob@h/x>;method=BYE", "BYE", "xmpp:bob@h/x"),
    ],
)
def test_the_method_is_read_inside_and_behind_the_uri(text: str, method: str, target: str) -> None:
    refer_to = ReferTo.parse(text)
    assert refer_to.method == method
    assert str(refer_to.target) == target


def test_only_safe_embedded_headers_are_applied() -> None:
    refer_to = ReferTo.parse(
        "<sip:b@h?replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2&Route=%3Csip:evil%3E&Subject=x%0D%0AVia:y>"
    )
    assert refer_to.embedded == (("Replaces", "a@b;to-tag=1;from-tag=2"), ("Subject", "x  Via:y"))
    assert str(refer_to.target) == "sip:b@h"
    assert ReferTo.parse("<tel:5>").embedded == ()
    assert str(refer_to) == str(refer_to.address)


@pytest.mark.parametrize("lines", [[], ["<sip:a>", "<sip:b>"], ["<sip:a>, <sip:b>"], ["<sip:"]])
def test_a_refer_has_exactly_one_target(lines: list[str]) -> None:
    with pytest.raises(ParseError):
        ReferTo.of(Headers([("r", line) for line in lines]))


def test_the_one_target_is_found_by_its_compact_name() -> None:
    assert str(ReferTo.of(Headers([("r", "sip:a")])).target) == "sip:a"


def test_who_refers_is_read_at_most_once() -> None:
    assert referred_by(Headers()) is None
    found = referred_by(Headers([("b", "<sip:ana@h>;cid=x")]))
    assert found is not None
    assert str(found) == "<sip:ana@h>;cid=x"
    with pytest.raises(ParseError):
        referred_by(Headers([("b", "<sip:ana@h>"), ("Referred-By", "<sip:b@h>")]))


def test_refer_sub_false_means_no_subscription() -> None:
    assert has_no_subscription(Headers([("Refer-Sub", "False ;x")]))
    assert not has_no_subscription(Headers([("Refer-Sub", "true")]))
    assert not has_no_subscription(Headers())
