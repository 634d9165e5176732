"""Any octets give items or a last StreamMalformed, never an exception; any split gives the same items."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crossroom.machine import Ended, ParseError
from crossroom.xmpp.account import Site
from crossroom.xmpp.c2s import ClientStream
from crossroom.xmpp.component import ComponentStream
from crossroom.xmpp.dataform import Form
from crossroom.xmpp.delay import Delay
from crossroom.xmpp.disco import DiscoFacts, DiscoItems
from crossroom.xmpp.element import CLIENT, Element
from crossroom.xmpp.errors import StanzaError
from crossroom.xmpp.muc import JoinRequest, MucUser
from crossroom.xmpp.muc_admin import AdminQuery
from crossroom.xmpp.muc_owner import OwnerQuery
from crossroom.xmpp.stanza import Stanza
from crossroom.xmpp.stream import (
    COMPONENT,
    Limits,
    StreamClosed,
    StreamMalformed,
    StreamOpened,
    StreamReader,
)

OPEN = bytes(StreamOpened(CLIENT, to="local.example", version="1.0"))
PIECES = [
    OPEN,
    b"<message to='a@b.example'>",
    b"</message>",
    b"<presence from='@'/>",
    b"<iq type='get' id='1'>",
    b"</iq>",
    b"<x xmlns='urn:x' xmlns:q='urn:q' q:a='1'>",
    b"</x>",
    b"<handshake/>",
    b"<!-- c -->",
    b"<!DOCTYPE x [",
    b"<?x y?>",
    b"&amp;",
    b"&lol;",
    b"<![CDATA[",
    b"]]>",
    b" \r\n\t",
    b"\xc3",
    b"\xa9",
    b"\xff",
    b"\x00",
    b">",
    b"<",
    b"'",
    b"text",
    b"</stream:stream>",
]
OCTETS = st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=6)), max_size=14).map(b"".join)
LIMITS = Limits(stanza_octets=180, depth=4, renewal_octets=200)


@given(has_header=st.booleans(), data=OCTETS, cuts=st.lists(st.integers(0, 400), max_size=8))
@example(has_header=True, data=b"<message>\xc3", cuts=[])
@settings(max_examples=200)
def test_any_octets_in_any_split_give_the_same_items(
    *, has_header: bool, data: bytes, cuts: list[int]
) -> None:
    data = OPEN + data if has_header else data
    whole, split = StreamReader(LIMITS), StreamReader(LIMITS)
    items = whole.receive_data(data)
    places = [0, *sorted(cuts), len(data)]
    pieces = [data[start:end] for start, end in pairwise(places)]
    assert [item for piece in pieces for item in split.receive_data(piece)] == items
    assert not any(isinstance(item, StreamMalformed | StreamClosed) for item in items[:-1])
    for item in items:
        if isinstance(item, Stanza | Element):
            bytes(item)


@pytest.mark.parametrize(
    "new",
    [
        lambda: ClientStream(Site("local.example", frozenset()), lambda: "id"),
        lambda: ComponentStream("a.example", "s"),
    ],
)
@given(data=OCTETS)
@settings(max_examples=100)
def test_a_machine_ends_at_most_once_whatever_comes(
    new: Callable[[], ClientStream | ComponentStream], data: bytes
) -> None:
    machine = new()
    machine.open(0)
    outputs = machine.receive(OPEN.replace(CLIENT.encode(), COMPONENT.encode()) + data, 1)
    outputs += machine.receive(data, 2) + machine.tick(99) + machine.receive_end(100)
    assert [isinstance(output, Ended) for output in outputs].count(True) == 1
    assert isinstance(outputs[-1], Ended)


NAMES = [
    "x",
    "query",
    "item",
    "field",
    "value",
    "history",
    "status",
    "error",
    "delay",
    "moderate",
    "retract",
    "invite",
]
NAMESPACES = ["", "jabber:x:data", "urn:xmpp:delay", "jabber:x:conference", "urn:xmpp:message-moderate:1"]
NAMESPACES += [
    f"http://jabber.org/protocol/{name}"
    for name in ("muc", "muc#user", "muc#admin", "muc#owner", "disco#info")
]
ATTRIBUTES = st.dictionaries(
    st.sampled_from(
        ["jid", "role", "affiliation", "type", "code", "stamp", "since", "seconds", "id", "to", "var"]
    ),
    st.one_of(st.sampled_from(["", "form", "none", "1", "a@b", "1970-01-01T00:00:00Z"]), st.text(max_size=5)),
    max_size=3,
)
LEAVES = st.builds(Element, st.sampled_from(NAMES), st.sampled_from(NAMESPACES), ATTRIBUTES)
ELEMENTS = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        Element,
        st.sampled_from(NAMES),
        st.sampled_from(NAMESPACES),
        ATTRIBUTES,
        st.lists(inner, max_size=3).map(tuple),
    ),
    max_leaves=6,
)
PARSERS: list[Callable[[Element], object]] = [
    Stanza.parse,
    StanzaError.parse,
    JoinRequest.parse,
    MucUser.parse,
    AdminQuery.parse,
    OwnerQuery.parse,
    Form.parse,
    DiscoFacts.parse,
    DiscoItems.parse,
    Delay.parse,
]


@given(ELEMENTS)
@settings(max_examples=200)
def test_any_element_is_a_payload_or_refused(source: Element) -> None:
    for parse in PARSERS:
        try:
            value = parse(source)
        except ParseError:
            continue
        assert value is not None
