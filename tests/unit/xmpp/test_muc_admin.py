"""muc#admin queries."""

import pytest

from crossroom.machine import ParseError
from crossroom.xmpp.element import Element, element
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.muc import Affiliation, MucItem, Role
from crossroom.xmpp.muc_admin import MUC_ADMIN, AdminQuery


def test_changes_are_written_and_read_back() -> None:
    query = AdminQuery(
        (
            MucItem(role=Role.NONE, nick="Bob", reason="enough"),
            MucItem(Affiliation.OUTCAST, jid=Jid("a", "x.example")),
        )
    )
    assert AdminQuery.parse(query.as_element()) == query
    assert str(AdminQuery((MucItem(Affiliation.OWNER),)).as_element()) == (
        f"<query xmlns='{MUC_ADMIN}'><item affiliation='owner'/></query>"
    )


@pytest.mark.parametrize(
    "source", [element("query"), element("query", MUC_ADMIN, element("item", MUC_ADMIN, role="x"))]
)
def test_what_is_no_admin_query_is_refused(source: Element) -> None:
    with pytest.raises(ParseError):
        AdminQuery.parse(source)
