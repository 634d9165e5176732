"""Octets to stanzas: one direction of an XML stream (RFC 6120 §4 and §11).

A reader never raises; what cannot be followed is a last `StreamMalformed`. What stanzas mean, and who may send
them, is for the machines (component.py, c2s.py). Writing is in element.py and stanza.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NoReturn
from xml.parsers import expat

from crossroom.machine import Malformed, ParseError
from crossroom.xmpp.element import CLIENT, OWN, Element, checked_name, escape
from crossroom.xmpp.errors import StreamCondition
from crossroom.xmpp.stanza import Kind, Stanza

STREAM = "http://etherx.jabber.org/streams"
COMPONENT = "jabber:component:accept"
SERVER = "jabber:server"
STANZA_NAMES = frozenset(Kind)
CONTENT_NAMESPACES = frozenset((CLIENT, SERVER, COMPONENT))
XML = "http://www.w3.org/XML/1998/namespace"

# no XML document can hold this character, so no namespace can be made to look like another
SEPARATOR = "\x01"
SHORT_NAME = 128  # of a namespace and a name: longer ones are rare


@dataclass(frozen=True, slots=True)
class Limits:
    """What one stream may cost us. `stanza_octets`: RFC 6120 §13.12 asks for at least 10000; `depth`: of elements in
    a stanza, where the deepest real payloads (forwarded pubsub events) stay under 20.
    """

    stanza_octets: int = 262_144  # what Prosody lets a client send
    depth: int = 64
    # expat remembers every name it ever saw: without an end, a remote that invents names would fill our memory
    renewal_octets: int = 1_048_576


@dataclass(frozen=True, slots=True)
class StreamOpened:
    """A stream header (RFC 6120 §4.7); addresses are text, as an answer must repeat them.

    `prefixes` are those declared besides the default and `stream`: dialback's, on jabber:server.
    """

    namespace: str
    to: str = ""
    from_: str = ""
    id: str = ""
    version: str = ""
    lang: str = ""
    prefixes: Mapping[str, str] = field(default_factory=dict)

    def __bytes__(self) -> bytes:
        attributes = {
            "to": self.to,
            "from": self.from_,
            "id": self.id,
            "version": self.version,
            "xml:lang": self.lang,
        }
        written = "".join(f" {name}='{escape(value)}'" for name, value in attributes.items() if value)
        more = "".join(f" xmlns:{checked_name(name)}='{escape(uri)}'" for name, uri in self.prefixes.items())
        return (
            f"<?xml version='1.0'?><stream:stream xmlns='{escape(self.namespace)}' xmlns:stream='{STREAM}'{more}{written}>"
        ).encode()


@dataclass(frozen=True, slots=True)
class Misaddressed:
    """A stanza whose `to` or `from` is no address: the stream goes on (RFC 6120 §8.1.1.1, errors.misaddressed_reply)."""

    element: Element
    why: str


@dataclass(frozen=True, slots=True)
class StreamClosed:
    """The other side's `</stream:stream>`: nothing follows."""


@dataclass(frozen=True, slots=True)
class StreamMalformed(Malformed):
    """The stream cannot be followed any further; `condition` is the stream error to send."""

    condition: StreamCondition


Item = StreamOpened | Stanza | Misaddressed | Element | StreamClosed | StreamMalformed
"""What a stream consists of. An `Element` is any first-level element that is no stanza: features, auth, handshake."""


class _RefusedError(Exception):
    """Carries a refusal out of expat's callbacks."""

    def __init__(self, condition: StreamCondition, why: str) -> None:
        super().__init__(why)
        self.item = StreamMalformed(why, condition)


@dataclass(slots=True)
class _Open:
    """An element whose end has not come yet."""

    name: str
    namespace: str
    attributes: Mapping[str, str]
    children: list[Element | str]


class StreamReader:
    """Reads one stream. After StreamClosed or StreamMalformed everything is ignored.

    A stream restart (RFC 6120 §4.3.3) is a new reader.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._items: list[Item] = []
        self._open: list[_Open] = []
        self._prefixes: dict[str, str] = {}
        self._content = ""
        self._depth = 0
        self._pending = 0  # octets of the unfinished stanza, tag or stream header
        self._complete = False
        self._closed = False
        self._header = b""
        self._parsed = 0  # octets since the parser was new
        self._parser = self._new_parser()

    def receive_data(self, data: bytes) -> list[Item]:
        """The items that these octets complete."""
        start = 0
        while start < len(data) and not self._closed:
            # expat is given at most one tag at a time, so limits hold wherever the octets were split
            end = data.find(b">", start) + 1 or len(data)
            self._receive_piece(data[start:end])
            start = end
        items, self._items = self._items, []
        return items

    def receive_end(self) -> list[Item]:
        """The connection ended: StreamMalformed when that was in the middle of something, else nothing."""
        if self._closed:
            return []
        self._close(
            StreamMalformed("the connection ended within the stream", StreamCondition.CONNECTION_TIMEOUT)
        )
        items, self._items = self._items, []
        return items

    def _receive_piece(self, piece: bytes) -> None:
        if self._depth == 1 and not self._pending:
            self._renew()
            piece = piece.lstrip(b" \t\r\n")  # RFC 6120 §4.6.1: whitespace keepalives, any number of them
        room = self._limits.stanza_octets - self._pending
        try:
            if self._depth == 0:
                self._header += piece
                self._refuse_other_encodings(piece[:room])
            self._parser.Parse(piece[:room])
            self._parsed += len(piece)
            self._pending += len(piece)
            if len(piece) > room:
                self._refuse(
                    StreamCondition.POLICY_VIOLATION, f"more than {self._limits.stanza_octets} octets"
                )
        except _RefusedError as refusal:
            self._close(refusal.item)
        except expat.ExpatError as error:
            self._close(StreamMalformed(expat.ErrorString(error.code), _condition_of(error)))
        if self._complete:
            self._complete = False
            self._pending = 0

    def _refuse_other_encodings(self, piece: bytes) -> None:
        """RFC 6120 §11.6: UTF-8 only. expat takes a NUL at the beginning for UTF-16, whatever it was told."""
        before, nul, _ = piece.partition(b"\0")
        if nul:
            self._parser.Parse(before)
            self._refuse(StreamCondition.NOT_WELL_FORMED, "a NUL")

    def _renew(self) -> None:
        if self._parsed <= self._limits.renewal_octets:
            return
        self._parser = self._new_parser()
        self._depth = self._parsed = 0
        self._parser.Parse(
            self._header
        )  # read once before, so it leads to the same state: between two stanzas
        self._items.pop()
        self._complete = False

    def _new_parser(self) -> expat.XMLParserType:
        # RFC 6120 §11.6: UTF-8 only, whatever a declaration says
        parser = expat.ParserCreate(encoding="utf-8", namespace_separator=SEPARATOR)
        # expat 2.6 may hold an unfinished tag back until much more comes: a stanza must not wait for the next one
        getattr(parser, "SetReparseDeferralEnabled", bool)(False)  # noqa: FBT003 -- expat's own signature
        parser.StartNamespaceDeclHandler = self._on_prefix
        parser.StartElementHandler = self._on_start
        parser.EndElementHandler = self._on_end
        parser.CharacterDataHandler = self._on_text
        parser.XmlDeclHandler = self._on_declaration
        # RFC 6120 §11.1: comments, processing instructions, DTDs and entities must not be sent
        parser.CommentHandler = lambda _data: self._restricted("a comment")
        parser.ProcessingInstructionHandler = lambda _target, _data: self._restricted(
            "a processing instruction"
        )
        parser.StartDoctypeDeclHandler = lambda *_: self._restricted("a document type")
        return parser

    def _on_declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() != "utf-8":
            self._refuse(StreamCondition.UNSUPPORTED_ENCODING, f"declared as {encoding}")

    def _on_prefix(self, prefix: str | None, uri: str | None) -> None:
        if self._depth == 0:
            self._prefixes[prefix or ""] = uri or ""

    def _on_start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, local = _split(name)
        if self._depth == 0:
            self._open_stream(namespace, local, attributes)
        elif self._depth > self._limits.depth:
            self._refuse(StreamCondition.POLICY_VIOLATION, f"more than {self._limits.depth} elements deep")
        else:
            self._open.append(_Open(local, self._own(namespace), _attributes(attributes), []))
        self._depth += 1

    def _open_stream(self, namespace: str, local: str, attributes: dict[str, str]) -> None:
        content = self._prefixes.get("", "")
        if local != "stream":
            self._refuse(StreamCondition.BAD_FORMAT, f"begins with {local}")
        if namespace != STREAM or content not in CONTENT_NAMESPACES:
            self._refuse(StreamCondition.INVALID_NAMESPACE, f"a stream of {content or 'nothing'}")
        self._content = content
        self._complete = True
        get = _attributes(attributes).get
        self._items.append(
            StreamOpened(
                content,
                get("to", ""),
                get("from", ""),
                get("id", ""),
                get("version", ""),
                get("xml:lang", ""),
                {name: uri for name, uri in self._prefixes.items() if name not in {"", "stream"}},
            )
        )

    def _own(self, namespace: str) -> str:
        # own all the way down: a forwarded stanza inside another payload keeps its declared namespace
        is_inside_own = not self._open or self._open[-1].namespace == OWN
        return OWN if namespace == self._content and is_inside_own else namespace

    def _on_end(self, _name: str) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._close(StreamClosed())
            return
        ended = self._open.pop()
        closed = Element(ended.name, ended.namespace, ended.attributes, _joined(ended.children))
        if self._open:
            self._open[-1].children.append(closed)
        else:
            self._complete = True
            self._items.append(_item(closed))

    def _on_text(self, text: str) -> None:
        if self._open:
            self._open[-1].children.append(text)
        else:  # whitespace between stanzas never gets here
            self._refuse(StreamCondition.BAD_FORMAT, "text between stanzas")

    def _restricted(self, what: str) -> NoReturn:
        self._refuse(StreamCondition.RESTRICTED_XML, what)

    def _refuse(self, condition: StreamCondition, why: str) -> NoReturn:
        raise _RefusedError(condition, why)

    def _close(self, last: StreamClosed | StreamMalformed) -> None:
        self._items.append(last)
        self._closed = True


def parse_fragment(octets: bytes, limits: Limits | None = None) -> tuple[Element, ...]:
    """Read back what `element.serialise` wrote. Raises ParseError for octets that it did not write."""
    reader = StreamReader(limits)
    frame = f"<stream:stream xmlns='{CLIENT}' xmlns:stream='{STREAM}'><message>".encode()
    items = reader.receive_data(frame + octets + b"</message>")
    if len(items) != 2 or not isinstance(items[1], Stanza):
        raise ParseError("no sequence of elements")
    return items[1].children


STREAM_END = b"</stream:stream>"


def _split(name: str) -> tuple[str, str]:
    # what is remembered must be small, as others choose it
    return _split_short(name) if len(name) <= SHORT_NAME else _split_anew(name)


def _split_anew(name: str) -> tuple[str, str]:
    namespace, _, local = name.rpartition(SEPARATOR)
    return namespace, local


_split_short = lru_cache(1024)(_split_anew)


def _attributes(found: dict[str, str]) -> dict[str, str]:
    for name in found:
        if SEPARATOR in name:
            return {_attribute_name(name): value for name, value in found.items()}
    return found  # most have no prefix


def _attribute_name(name: str) -> str:
    uri, separator, local = name.rpartition(SEPARATOR)
    if not separator:
        return name
    return f"xml:{local}" if uri == XML else f"{{{uri}}}{local}"


def _joined(children: list[Element | str]) -> tuple[Element | str, ...]:
    if len(children) < 2:
        return tuple(children)
    joined: list[Element | str] = []
    run: list[str] = []
    for child in children:
        if isinstance(child, str):
            run.append(child)
            continue
        if run:
            joined.append("".join(run))
            run.clear()
        joined.append(child)
    return (*joined, "".join(run)) if run else tuple(joined)


def _item(source: Element) -> Item:
    if source.namespace != OWN or source.name not in STANZA_NAMES:
        return source
    try:
        return Stanza.parse(source)
    except ParseError as error:
        return Misaddressed(source, str(error))


def _condition_of(error: expat.ExpatError) -> StreamCondition:
    # without a DTD, an undefined entity is the one way to use an entity that is not predefined
    is_entity = expat.ErrorString(error.code) == expat.errors.XML_ERROR_UNDEFINED_ENTITY
    return StreamCondition.RESTRICTED_XML if is_entity else StreamCondition.NOT_WELL_FORMED
