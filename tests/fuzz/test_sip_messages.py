"""Any octets give messages or a refusal, never an exception; any split of a stream gives the same items."""

from hypothesis import given, settings
from hypothesis import strategies as st

from crossroom.machine import LocalProtocolError, Malformed, ParseError
from crossroom.sip import auth, dialog_id, event, reason, refer_to, session_expires, sipfrag
from crossroom.sip.address import NameAddr
from crossroom.sip.content import ContentType
from crossroom.sip.headers import Headers
from crossroom.sip.layout import Limits
from crossroom.sip.message import BadRequest, Ping, Request, Response, parse_datagram
from crossroom.sip.params import Params
from crossroom.sip.stream import Item, Pong, StreamReader, read_frame
from crossroom.sip.uri import SipUri, parse_uri
from crossroom.sip.via import Via
from vectors.sip.torture import BAD, GOOD

SMALL = Limits(head=1500, body=200, uri=200, fields=20)
VECTORS = [vector.octets for vector in (*GOOD, *BAD)]
ACCESSORS = [
    "vias",
    "via",
    "from_",
    "to",
    "call_id",
    "cseq",
    "contacts",
    "contact",
    "routes",
    "record_routes",
    "max_forwards",
    "expires",
    "event",
    "content_type",
    "require",
    "supported",
    "allow",
]
# Pieces of wire text: random characters alone rarely come near a grammar.
PIECES = st.sampled_from(
    [
        "<",
        ">",
        '"',
        "\\",
        ";",
        ",",
        "=",
        ":",
        "@",
        "%",
        "%41",
        "%zz",
        "%e9",
        "[",
        "]",
        "?",
        "&",
        "*",
        "(",
        ")",
        "\t",
        "\r",
        "\n",
        "\r\n",
        "\x00",
        "sip:",
        "sips:",
        "tel:",
        "a",
        "b.example",
        "[::1]",
        "5060",
        "99999999999",
        "tag",
        "branch",
        "SIP/2.0/UDP",
        "lr",
        "method",
        "é",
        "💬",
        "�",
    ]
)
TEXT = st.lists(PIECES | st.text(max_size=3), max_size=12).map("".join)
VALUES = (
    Params, NameAddr, Via, ContentType, event.Event, event.SubscriptionState, SipUri,
    refer_to.ReferTo, dialog_id.NamedDialog, reason.Reason, reason.RetryAfter, reason.Warning,
    session_expires.SessionExpires, auth.DigestChallenge, auth.DigestCredentials,
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A vector with a few spans removed, doubled, or overwritten."""
    octets = draw(st.sampled_from(VECTORS))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(octets)))
        end = draw(st.integers(start, min(len(octets), start + 12)))
        middle = draw(
            st.sampled_from([b"", octets[start:end] * 2, b"\r\n", b"\x00", b'"', b"<", b";", b" ", b"%"])
        )
        octets = octets[:start] + middle + octets[end:]
    return octets


def check(item: Item) -> None:
    assert isinstance(item, Request | Response | BadRequest | Ping | Pong | Malformed)
    if isinstance(item, BadRequest) and item.answer is not None:
        assert isinstance(parse_datagram(bytes(item.answer)), Response | BadRequest)
    if isinstance(item, Request | Response):
        for name in ACCESSORS:
            getattr(item, name)
        assert parse_datagram(bytes(item)) == item


@given(octets=st.binary(max_size=300) | mutated())
@settings(max_examples=200, deadline=None)
def test_any_datagram_is_a_message_or_refused(octets: bytes) -> None:
    check(parse_datagram(octets, SMALL))
    check(read_frame(octets, SMALL))


@given(
    octets=st.lists(mutated() | st.binary(max_size=40) | st.just(b"\r\n\r\n"), max_size=4).map(b"".join),
    cuts=st.lists(st.integers(1, 60), min_size=1, max_size=20),
)
@settings(max_examples=150, deadline=None)
def test_any_split_of_a_stream_gives_the_same_items(octets: bytes, cuts: list[int]) -> None:
    whole = StreamReader(SMALL).receive_data(octets)
    reader = StreamReader(SMALL)
    items: list[Item] = []
    position = turn = 0
    while position < len(octets):
        step = cuts[turn % len(cuts)]
        items += reader.receive_data(octets[position : position + step])
        position, turn = position + step, turn + 1
    assert items == whole
    assert Malformed not in map(type, whole[:-1])
    for item in whole:
        check(item)


@given(text=TEXT)
@settings(max_examples=200, deadline=None)
def test_any_text_is_a_value_that_reads_back_or_a_parse_error(text: str) -> None:
    for kind in VALUES:
        try:
            value = kind.parse(text)
        except ParseError:
            continue
        written = str(value)
        assert kind.parse(written) == value
        Headers([("X-Value", written)])  # nothing that was read can break a line


@given(text=TEXT)
@settings(max_examples=100, deadline=None)
def test_any_text_is_a_uri_or_a_parse_error(text: str) -> None:
    for scheme in ("", "sip:", "tel:"):
        try:
            uri = parse_uri(scheme + text)
        except ParseError:
            continue
        assert parse_uri(str(uri)) == uri
        assert uri.matches(uri)


@given(user=st.text(min_size=1), name=st.text(), value=st.text())
@settings(max_examples=150, deadline=None)
def test_any_text_can_be_a_user_a_display_name_and_a_parameter(user: str, name: str, value: str) -> None:
    try:
        uri = SipUri("h.example", user).with_param("gr", value)
        address = NameAddr(uri, name)
        written = str(address)
    except LocalProtocolError:
        assert any("\ud800" <= character <= "\udfff" for character in user + value)
        return
    back = NameAddr.parse(written)
    assert isinstance(back.uri, SipUri)
    assert (back.uri.user, back.uri.gr) == (user, value)


@given(body=st.binary(max_size=80))
@settings(max_examples=100, deadline=None)
def test_any_body_is_a_fragment_or_a_parse_error(body: bytes) -> None:
    try:
        fragment = sipfrag.SipFragment.from_bytes(b"SIP/2.0 200 " + body)
    except ParseError:
        return
    assert sipfrag.SipFragment.from_bytes(bytes(fragment)).status == fragment.status == 200
