"""What the embedded entry answers for its own server and its own users' accounts: there is nothing kept for them."""

from dataclasses import dataclass

from crossroom.xmpp.disco import DISCO_INFO, DISCO_ITEMS, DiscoFacts, DiscoItem, DiscoItems, Identity
from crossroom.xmpp.element import Element, element
from crossroom.xmpp.errors import Condition, error_reply
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.ping import PING
from crossroom.xmpp.stanza import Stanza
from crossroom.xmpp.version import VERSION, version_answer

ROSTER = "jabber:iq:roster"
SESSION = "urn:ietf:params:xml:ns:xmpp-session"


@dataclass(frozen=True, slots=True)
class Site:
    """The embedded server: its domain, the domains that can be reached from it, and what it calls itself.

    Domains are written as `Jid.domain` is: enforced, lower-case.
    """

    domain: str
    rooms: frozenset[str]
    name: str = "Crossroom"
    version: str = ""


def answer_account(iq: Stanza, site: Site, account: Jid) -> Stanza | None:
    """The one answer to an iq for the server or for the sender's own account; None for an iq that wants none.

    `account` is the sender's bare address: it answers where nobody was addressed (RFC 6120 §10.3.3).
    """
    asked = iq.payload
    if not iq.is_request or asked is None:
        return None
    us = iq.to or account
    content = _content(asked, iq, site, is_server=not us.local)
    if content is None:
        return error_reply(iq, Condition.SERVICE_UNAVAILABLE, from_=us)
    return Stanza(iq.kind, iq.from_, us, iq.id, "result", "", content)


def _content(asked: Element, iq: Stanza, site: Site, *, is_server: bool) -> tuple[Element, ...] | None:
    if asked.namespace in {PING, SESSION}:
        return ()  # RFC 3921 §3 asks for a session, RFC 6121 no longer: both are content with this
    if iq.type != "get":
        return None
    match asked.namespace:
        case "jabber:iq:roster":
            return (element("query", ROSTER),)
        case "http://jabber.org/protocol/disco#info":
            return (_facts(asked.get("node"), site, is_server=is_server),)
        case "http://jabber.org/protocol/disco#items":
            items = tuple(DiscoItem(Jid("", domain)) for domain in sorted(site.rooms)) if is_server else ()
            return (DiscoItems(items, asked.get("node")).as_element(),)
        case "jabber:iq:version" if is_server:
            return (version_answer(site.name, site.version),)
        case _:
            return None


def _facts(node: str, site: Site, *, is_server: bool) -> Element:
    if not is_server:
        return DiscoFacts(
            (Identity("account", "anonymous"),), (DISCO_INFO, DISCO_ITEMS), node=node
        ).as_element()
    features = (DISCO_INFO, DISCO_ITEMS, PING, VERSION)
    return DiscoFacts((Identity("server", "im", site.name),), features, node=node).as_element()
