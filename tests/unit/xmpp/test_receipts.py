"""Delivery receipts (XEP-0184)."""

from crossroom.xmpp.element import element
from crossroom.xmpp.receipts import RECEIPTS, asks_for_receipt, received, received_id, request
from crossroom.xmpp.stanza import Kind, Stanza


def test_only_a_message_with_an_id_asks_for_a_receipt() -> None:
    assert asks_for_receipt(Stanza(Kind.MESSAGE, id="m", children=(request(),)))
    assert not asks_for_receipt(Stanza(Kind.MESSAGE, children=(request(),)))
    assert not asks_for_receipt(Stanza(Kind.MESSAGE, id="m", children=(element("request", "urn:x"),)))


def test_a_receipt_says_for_which_message_it_is() -> None:
    assert received_id(Stanza(Kind.MESSAGE, children=(received("m1"),))) == "m1"
    assert received_id(Stanza(Kind.MESSAGE, children=(element("received", RECEIPTS),))) == ""
    assert received_id(Stanza(Kind.MESSAGE)) == ""
