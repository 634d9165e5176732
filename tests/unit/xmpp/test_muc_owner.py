"""muc#owner queries."""

import pytest

from crossroom.machine import ParseError
from crossroom.xmpp.dataform import Form, FormKind
from crossroom.xmpp.element import Element, element
from crossroom.xmpp.muc import Destroy
from crossroom.xmpp.muc_owner import MUC_OWNER, OwnerQuery


@pytest.mark.parametrize(
    "query",
    [
        OwnerQuery(),
        OwnerQuery(Form(FormKind.CANCEL)),
        OwnerQuery(Form.submit("x")),
        OwnerQuery(destroy=Destroy(reason="end")),
    ],
)
def test_an_owners_request_is_written_and_read_back(query: OwnerQuery) -> None:
    assert OwnerQuery.parse(query.as_element()) == query


@pytest.mark.parametrize(
    "source", [element("query"), element("query", MUC_OWNER, element("x", "jabber:x:data"))]
)
def test_what_is_no_owners_request_is_refused(source: Element) -> None:
    with pytest.raises(ParseError):
        OwnerQuery.parse(source)
