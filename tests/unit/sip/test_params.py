import pytest

from crossroom.machine import LocalProtocolError, ParseError
from crossroom.sip.params import NO_PARAMS, Params


def test_parameters_are_read_with_white_space_flags_and_quotes() -> None:
    params = Params.parse(' ; a = b;FLAG ; q="x;\\"y" ;e=')
    assert params.pairs == (("a", "b"), ("FLAG", None), ("q", '"x;\\"y"'), ("e", ""))
    assert str(params) == ';a=b;FLAG;q="x;\\"y";e='
    assert list(params) == list(params.pairs)


def test_names_compare_without_case_and_values_stay_as_written() -> None:
    params = Params.parse('Tag=AbC;LR;n="a b"')
    assert params.get("tAG") == "AbC"
    assert params.get("lr") is None
    assert params.has("lr")
    assert not params.has("x")
    assert params.get("x") is None
    assert params.text("n") == "a b"
    assert params.text("x") is None


def test_empty_text_gives_no_parameters() -> None:
    assert Params.parse("") is NO_PARAMS
    assert not NO_PARAMS
    assert Params.parse(";a")


@pytest.mark.parametrize(
    "text", [";;", ";a;;b", ";a;", ';a="x', ";a=b c", ";=b", ";a=<b>", ";a,b", ";a=b\x00", ';a="\n"']
)
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        Params.parse(text)


def test_setting_a_parameter_keeps_its_place_and_drops_doubles() -> None:
    params = Params.parse(";a=1;b=2;A=3")
    assert str(params.with_("a", "9")) == ";a=9;b=2"
    assert str(params.with_("c")) == ";a=1;b=2;A=3;c"
    assert str(params.without("A")) == ";b=2"


@pytest.mark.parametrize(
    ("name", "value"),
    [("a\r\nVia", "x"), ("a", "x\r\nVia: y"), ("a", "b;c"), ("a", '"x\n"'), ("", "b"), ("a b", None)],
)
def test_a_parameter_that_would_not_read_back_is_refused(name: str, value: str | None) -> None:
    with pytest.raises(LocalProtocolError):
        NO_PARAMS.with_(name, value)
