"""The owner's requests: the configuration form and the room's end (XEP-0045 §10: muc#owner)."""

from dataclasses import dataclass

from crossroom.machine import ParseError
from crossroom.xmpp.dataform import DATA, Form
from crossroom.xmpp.element import Element, element
from crossroom.xmpp.muc import Destroy

MUC_OWNER = "http://jabber.org/protocol/muc#owner"


@dataclass(frozen=True, slots=True)
class OwnerQuery:
    """A `<query/>` of muc#owner: empty to ask for the form, else the form or the order to destroy."""

    form: Form | None = None
    destroy: Destroy | None = None

    @classmethod
    def parse(cls, source: Element) -> "OwnerQuery":
        """Read it. Raises ParseError for another element or values that are none."""
        if (source.name, source.namespace) != ("query", MUC_OWNER):
            raise ParseError("no muc#owner query")
        form, destroy = source.find("x", DATA), source.find("destroy")
        return cls(Form.parse(form) if form else None, Destroy.parse(destroy) if destroy else None)

    def as_element(self) -> Element:
        """The `<query/>` element."""
        return element(
            "query",
            MUC_OWNER,
            self.form.as_element() if self.form else None,
            self.destroy.as_element(MUC_OWNER) if self.destroy else None,
        )
