"""Lists of roles and affiliations, asked for and changed (XEP-0045 §9, §17.4: muc#admin)."""

from dataclasses import dataclass

from crossroom.machine import ParseError
from crossroom.xmpp.element import Element, element
from crossroom.xmpp.muc import MucItem

MUC_ADMIN = "http://jabber.org/protocol/muc#admin"


@dataclass(frozen=True, slots=True)
class AdminQuery:
    """A `<query/>` of muc#admin: a wish (get: one item with role or affiliation), changes (set) or a list (result)."""

    items: tuple[MucItem, ...] = ()

    @classmethod
    def parse(cls, source: Element) -> "AdminQuery":
        """Read it. Raises ParseError for another element or for values that are none."""
        if (source.name, source.namespace) != ("query", MUC_ADMIN):
            raise ParseError("no muc#admin query")
        return cls(tuple(MucItem.parse(item) for item in source.find_all("item")))

    def as_element(self) -> Element:
        """The `<query/>` element."""
        return element("query", MUC_ADMIN, *(item.as_element(MUC_ADMIN) for item in self.items))
