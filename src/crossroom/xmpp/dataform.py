"""Data forms (XEP-0004, with XEP-0068's FORM_TYPE). What a form's fields mean is for who asks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from crossroom.machine import ParseError
from crossroom.xmpp.element import Element, element

DATA = "jabber:x:data"
FORM_TYPE = "FORM_TYPE"
MAX_FIELDS = 500  # the largest room configuration forms have under 60


class FormKind(StrEnum):
    """What a form is for (XEP-0004 §3.1)."""

    FORM = "form"
    SUBMIT = "submit"
    CANCEL = "cancel"
    RESULT = "result"


class FieldKind(StrEnum):
    """How a field's values are entered (XEP-0004 §3.3)."""

    BOOLEAN = "boolean"
    FIXED = "fixed"
    HIDDEN = "hidden"
    JID_MULTI = "jid-multi"
    JID_SINGLE = "jid-single"
    LIST_MULTI = "list-multi"
    LIST_SINGLE = "list-single"
    TEXT_MULTI = "text-multi"
    TEXT_PRIVATE = "text-private"
    TEXT_SINGLE = "text-single"


@dataclass(frozen=True, slots=True)
class Field:
    """One field; `options` are (label, value) pairs. An absent or unknown type is None (XEP-0004: text-single)."""

    var: str = ""
    values: tuple[str, ...] = ()
    kind: FieldKind | None = None
    label: str = ""
    options: tuple[tuple[str, str], ...] = ()
    required: bool = False
    desc: str = ""

    @classmethod
    def parse(cls, source: Element) -> "Field":
        """Read a `<field/>`."""
        return cls(
            source.get("var"),
            tuple(value.text for value in source.find_all("value")),
            next((kind for kind in FieldKind if kind == source.get("type")), None),
            source.get("label"),
            tuple((option.get("label"), option.child_text("value")) for option in source.find_all("option")),
            source.find("required") is not None,
            source.child_text("desc"),
        )

    @property
    def value(self) -> str:
        """The first value, empty when there is none."""
        return self.values[0] if self.values else ""

    @property
    def boolean(self) -> bool:
        """The value of a boolean field (XEP-0004 §3.3: 1 or true, 0 or false). Raises ParseError."""
        if self.value not in {"0", "1", "false", "true"}:
            raise ParseError(f"{self.var}: no boolean: {self.value!r}")
        return self.value in {"1", "true"}

    def as_element(self) -> Element:
        """The `<field/>` element."""
        return element(
            "field",
            DATA,
            element("desc", DATA, self.desc) if self.desc else None,
            element("required", DATA) if self.required else None,
            *(element("value", DATA, value) for value in self.values),
            *(_option(label, value) for label, value in self.options),
            label=self.label or None,
            type=self.kind,
            var=self.var or None,
        )


@dataclass(frozen=True, slots=True)
class Form:
    """A form to fill in, one filled in, or its cancellation."""

    kind: FormKind
    fields: tuple[Field, ...] = ()
    title: str = ""
    instructions: tuple[str, ...] = ()

    @classmethod
    def parse(cls, source: Element) -> "Form":
        """Read an `<x xmlns='jabber:x:data'/>`. Raises ParseError for another element, type, or too many fields."""
        if (source.name, source.namespace) != ("x", DATA):
            raise ParseError("no data form")
        fields = source.find_all("field")
        if len(fields) > MAX_FIELDS:
            raise ParseError(f"more than {MAX_FIELDS} fields")
        try:
            kind = FormKind(source.get("type"))
        except ValueError:
            raise ParseError(f"no kind of form: {source.get('type')!r}") from None
        return cls(
            kind,
            tuple(Field.parse(child) for child in fields),
            source.child_text("title"),
            tuple(child.text for child in source.find_all("instructions")),
        )

    @classmethod
    def submit(cls, form_type: str, values: Mapping[str, Iterable[str]] | None = None) -> "Form":
        """A form filled in; empty it takes the defaults (XEP-0045 §10.1.2: an instant room)."""
        fields = tuple(Field(var, tuple(chosen)) for var, chosen in (values or {}).items())
        return cls(FormKind.SUBMIT, (Field(FORM_TYPE, (form_type,)), *fields) if fields else ())

    @property
    def form_type(self) -> str:
        """Which form this is (XEP-0068), empty when it does not say."""
        return self.value(FORM_TYPE)

    def get(self, var: str) -> Field | None:
        """The field so named."""
        return next((field for field in self.fields if field.var == var), None)

    def value(self, var: str) -> str:
        """The first value of the field so named, empty when there is none."""
        found = self.get(var)
        return found.value if found else ""

    def as_element(self) -> Element:
        """The `<x/>` element."""
        return element(
            "x",
            DATA,
            element("title", DATA, self.title) if self.title else None,
            *(element("instructions", DATA, text) for text in self.instructions),
            *(field.as_element() for field in self.fields),
            type=self.kind,
        )


def form_type(name: str) -> Field:
    """The hidden field that says which form this is (XEP-0068 §3.1)."""
    return Field(FORM_TYPE, (name,), FieldKind.HIDDEN)


def _option(label: str, value: str) -> Element:
    return element("option", DATA, element("value", DATA, value), label=label or None)
