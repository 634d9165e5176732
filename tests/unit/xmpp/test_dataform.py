"""Data forms."""

import pytest

from crossroom.machine import ParseError
from crossroom.xmpp.dataform import DATA, MAX_FIELDS, Field, FieldKind, Form, FormKind, form_type
from crossroom.xmpp.element import Element, element

FORM = Form(
    FormKind.FORM,
    (
        form_type("urn:f"),
        Field("name", ("Tea",), FieldKind.TEXT_SINGLE, "Name", required=True, desc="the name"),
        Field("whois", ("b",), FieldKind.LIST_SINGLE, options=(("A", "a"), ("", "b"))),
        Field("many", ("1", "2"), FieldKind.TEXT_MULTI),
        Field("on", ("1",), FieldKind.BOOLEAN),
        Field(),
    ),
    "Title",
    ("do", "this"),
)


def test_a_form_is_written_and_read_back() -> None:
    assert Form.parse(FORM.as_element()) == FORM


def test_fields_are_found_by_name() -> None:
    assert FORM.form_type == "urn:f"
    assert FORM.value("name") == "Tea"
    assert FORM.value("absent") == ""
    assert FORM.get("absent") is None
    assert Field("empty").value == ""


@pytest.mark.parametrize(("text", "value"), [("1", True), ("true", True), ("0", False), ("false", False)])
def test_a_boolean_is_read(text: str, value: bool) -> None:  # noqa: FBT001 -- the table's second column
    assert Field("on", (text,)).boolean is value


def test_a_boolean_that_is_none_is_refused() -> None:
    with pytest.raises(ParseError, match="on"):
        _ = Field("on", ("yes",)).boolean


def test_an_empty_submission_is_an_instant_room() -> None:
    assert str(Form.submit("urn:f").as_element()) == f"<x xmlns='{DATA}' type='submit'/>"
    assert Form.submit("urn:f", {"a": ["1", "2"]}).fields == (
        Field("FORM_TYPE", ("urn:f",)),
        Field("a", ("1", "2")),
    )


def test_an_unknown_kind_of_field_is_read_as_none() -> None:
    assert Field.parse(element("field", DATA, type="odd", var="a")) == Field("a")


@pytest.mark.parametrize(
    "source",
    [
        element("x"),
        element("x", DATA),
        element("x", DATA, type="odd"),
        element("x", DATA, *[element("field", DATA)] * (MAX_FIELDS + 1), type="form"),
    ],
)
def test_what_is_no_form_is_refused(source: Element) -> None:
    with pytest.raises(ParseError):
        Form.parse(source)
