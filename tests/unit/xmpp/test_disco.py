"""Service discovery."""

import pytest

from crossroom.machine import ParseError
from crossroom.xmpp.dataform import Form, FormKind, form_type
from crossroom.xmpp.disco import DISCO_INFO, DISCO_ITEMS, DiscoFacts, DiscoItem, DiscoItems, Identity
from crossroom.xmpp.element import Element, element
from crossroom.xmpp.jid import Jid


@pytest.mark.parametrize(
    "facts",
    [
        DiscoFacts(),
        DiscoFacts(
            (Identity("conference", "text", "Tea", "en"), Identity("a", "b")),
            ("urn:a", "urn:b"),
            (Form(FormKind.RESULT, (form_type("urn:f"),)),),
            "n",
        ),
    ],
)
def test_what_an_entity_is_is_written_and_read_back(facts: DiscoFacts) -> None:
    assert DiscoFacts.parse(facts.as_element()) == facts


@pytest.mark.parametrize(
    "items",
    [
        DiscoItems(),
        DiscoItems((DiscoItem(Jid("a", "x.example"), "A", "n"), DiscoItem(Jid("", "x.example"))), "m"),
    ],
)
def test_what_belongs_to_an_entity_is_written_and_read_back(items: DiscoItems) -> None:
    assert DiscoItems.parse(items.as_element()) == items


def test_an_item_without_an_address_is_left_out() -> None:
    assert DiscoItems.parse(element("query", DISCO_ITEMS, element("item", DISCO_ITEMS))) == DiscoItems()


@pytest.mark.parametrize(
    "source",
    [element("query"), element("query", DISCO_ITEMS, element("item", DISCO_ITEMS, jid="@"))],
)
def test_what_cannot_be_read_is_refused(source: Element) -> None:
    with pytest.raises(ParseError):
        DiscoItems.parse(source)


@pytest.mark.parametrize(
    "source", [element("query"), element("query", DISCO_INFO, element("x", "jabber:x:data"))]
)
def test_facts_that_cannot_be_read_are_refused(source: Element) -> None:
    with pytest.raises(ParseError):
        DiscoFacts.parse(source)
