"""Service discovery (XEP-0030) with extension forms (XEP-0128)."""

from dataclasses import dataclass

from crossroom.machine import ParseError
from crossroom.xmpp.dataform import DATA, Form
from crossroom.xmpp.element import Element, element
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.muc import read_jid

DISCO_INFO = "http://jabber.org/protocol/disco#info"
DISCO_ITEMS = "http://jabber.org/protocol/disco#items"


@dataclass(frozen=True, slots=True)
class Identity:
    """What an entity is, such as conference/text."""

    category: str
    type: str
    name: str = ""
    lang: str = ""


@dataclass(frozen=True, slots=True)
class DiscoFacts:
    """The `<query/>` of disco#info; empty but for `node` it is the question."""

    identities: tuple[Identity, ...] = ()
    features: tuple[str, ...] = ()
    forms: tuple[Form, ...] = ()
    node: str = ""

    @classmethod
    def parse(cls, source: Element) -> "DiscoFacts":
        """Read it. Raises ParseError for another element or a form that is none."""
        if (source.name, source.namespace) != ("query", DISCO_INFO):
            raise ParseError("no disco#info query")
        return cls(
            tuple(
                Identity(child.get("category"), child.get("type"), child.get("name"), child.get("xml:lang"))
                for child in source.find_all("identity")
            ),
            tuple(child.get("var") for child in source.find_all("feature")),
            tuple(Form.parse(child) for child in source.find_all("x", DATA)),
            source.get("node"),
        )

    def as_element(self) -> Element:
        """The `<query/>` element."""
        return element(
            "query",
            DISCO_INFO,
            *(_identity(identity) for identity in self.identities),
            *(element("feature", DISCO_INFO, var=feature) for feature in self.features),
            *(form.as_element() for form in self.forms),
            node=self.node or None,
        )


@dataclass(frozen=True, slots=True)
class DiscoItem:
    """Something that belongs to an entity: a room of a service, an occupant of a room."""

    jid: Jid
    name: str = ""
    node: str = ""


@dataclass(frozen=True, slots=True)
class DiscoItems:
    """The `<query/>` of disco#items; empty but for `node` it is the question."""

    items: tuple[DiscoItem, ...] = ()
    node: str = ""

    @classmethod
    def parse(cls, source: Element) -> "DiscoItems":
        """Read it; items without an address are left out. Raises ParseError for another element or a bad address."""
        if (source.name, source.namespace) != ("query", DISCO_ITEMS):
            raise ParseError("no disco#items query")
        found = [(read_jid(child, "jid"), child) for child in source.find_all("item")]
        items = tuple(DiscoItem(jid, child.get("name"), child.get("node")) for jid, child in found if jid)
        return cls(items, source.get("node"))

    def as_element(self) -> Element:
        """The `<query/>` element."""
        return element(
            "query",
            DISCO_ITEMS,
            *(
                element(
                    "item", DISCO_ITEMS, jid=str(item.jid), name=item.name or None, node=item.node or None
                )
                for item in self.items
            ),
            node=self.node or None,
        )


def _identity(identity: Identity) -> Element:
    lang = {"xml:lang": identity.lang} if identity.lang else {}
    name = {"name": identity.name} if identity.name else {}
    return Element(
        "identity", DISCO_INFO, {"category": identity.category, "type": identity.type} | name | lang
    )
