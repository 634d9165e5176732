"""What the embedded entry answers for itself."""

import pytest

from crossroom.xmpp.account import ROSTER, SESSION, Site, answer_account
from crossroom.xmpp.disco import DISCO_INFO, DISCO_ITEMS, DiscoFacts, DiscoItem, DiscoItems, Identity
from crossroom.xmpp.element import Element, element
from crossroom.xmpp.errors import Condition, StanzaError
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.ping import PING
from crossroom.xmpp.stanza import Kind, Stanza
from crossroom.xmpp.version import VERSION

SITE = Site("local.example", frozenset({"rooms.example", "more.example"}), "Crossroom", "1")
SERVER = Jid("", "local.example")
ACCOUNT = Jid("bob", "local.example")
BOB = ACCOUNT.with_resource("ph")


def answer(payload: Element, to: Jid | None = None, kind: str = "get") -> Stanza:
    reply = answer_account(Stanza(Kind.IQ, to, BOB, "1", kind, "", (payload,)), SITE, ACCOUNT)
    assert reply is not None
    assert (reply.to, reply.from_, reply.id) == (BOB, to or ACCOUNT, "1")
    return reply


@pytest.mark.parametrize("to", [None, ACCOUNT, SERVER])
def test_pings_sessions_and_rosters_have_their_answers(to: Jid | None) -> None:
    assert answer(element("ping", PING), to).children == ()
    assert answer(element("session", SESSION), to, "set").type == "result"
    assert answer(element("query", ROSTER), to).children == (element("query", ROSTER),)


def test_the_server_says_what_it_is_and_where_the_rooms_are() -> None:
    facts = DiscoFacts.parse(answer(element("query", DISCO_INFO, node="n"), SERVER).children[0])
    assert facts.identities == (Identity("server", "im", "Crossroom"),)
    assert facts.node == "n"
    assert PING in facts.features
    items = DiscoItems.parse(answer(element("query", DISCO_ITEMS), SERVER).children[0])
    assert items.items == (DiscoItem(Jid("", "more.example")), DiscoItem(Jid("", "rooms.example")))
    assert answer(element("query", VERSION), SERVER).children[0].child_text("version") == "1"


def test_an_account_has_nothing_but_an_identity() -> None:
    facts = DiscoFacts.parse(answer(element("query", DISCO_INFO)).children[0])
    assert facts.identities == (Identity("account", "anonymous"),)
    assert DiscoItems.parse(answer(element("query", DISCO_ITEMS)).children[0]) == DiscoItems()


@pytest.mark.parametrize(
    ("payload", "to", "kind"),
    [
        (element("query", ROSTER), None, "set"),
        (element("query", VERSION), None, "get"),
        (element("vCard", "vcard-temp"), SERVER, "get"),
    ],
)
def test_everything_else_is_unavailable(payload: Element, to: Jid | None, kind: str) -> None:
    error = StanzaError.of(answer(payload, to, kind))
    assert error is not None
    assert error.condition is Condition.SERVICE_UNAVAILABLE


@pytest.mark.parametrize(
    "iq", [Stanza(Kind.IQ, None, BOB, "1", "result"), Stanza(Kind.IQ, None, BOB, "1", "get")]
)
def test_what_asks_nothing_is_not_answered(iq: Stanza) -> None:
    assert answer_account(iq, SITE, ACCOUNT) is None
