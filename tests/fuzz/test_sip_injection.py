"""No value can put a line of its own into a message: whatever is given to whatever writes, CR, LF and NUL stay out.

A value either refuses the text when it is made (LocalProtocolError: our code forgot to clean it), or writes it
escaped, quoted or blanked. The values of every module that writes part of a header are here; the last test counts.
"""

import inspect
import pkgutil
import re
from collections.abc import Callable
from enum import Enum
from importlib import import_module

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crossroom.sip
from crossroom.conference.departures import Cause
from crossroom.conference.dial import invite_headers
from crossroom.focus.interface import Invitation
from crossroom.machine import LocalProtocolError, ParseError
from crossroom.room.address import Address
from crossroom.sip import auth, dialog_id, event, reason, refer_to, session_expires
from crossroom.sip.address import NameAddr
from crossroom.sip.content import ContentType
from crossroom.sip.cseq import CSeq
from crossroom.sip.headers import NO_HEADERS, Headers
from crossroom.sip.message import Request, Response
from crossroom.sip.params import Params
from crossroom.sip.rack import RAck
from crossroom.sip.sipfrag import SipFragment
from crossroom.sip.uri import OtherUri, SipUri
from crossroom.sip.via import Via
from sip_messages import simple

EVIL = "a\r\nVia: evil"
PIECES = st.sampled_from(
    [
        "\r\n",
        "\r",
        "\n",
        "\x00",
        "\x0b",
        "\x85",
        "\u2028",
        "\ud800",
        '"',
        "\\",
        "<",
        ">",
        ";",
        ",",
        "%0d%0a",
        " ",
    ]
)
HOSTILE = st.lists(PIECES | st.text(max_size=4), min_size=1, max_size=8).map("".join)
HOST = SipUri("h.example")
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)

WRITERS: dict[type, tuple[Callable[[str], object], ...]] = {
    Params: (
        lambda text: Params(((text, None),)),
        lambda text: Params((("name", text),)),
        lambda text: Params().with_(text, text),
    ),
    SipUri: (
        SipUri,
        lambda text: SipUri("h.example", text, text),
        lambda text: SipUri("h.example", headers=((text, text),)),
        lambda text: HOST.with_param("gr", text),
        HOST.with_param,
        lambda text: SipUri("h.example", scheme=text),
    ),
    OtherUri: (lambda text: OtherUri(text, "x"), lambda text: OtherUri("tel", text)),
    NameAddr: (
        lambda text: NameAddr(HOST, text),
        lambda text: NameAddr(HOST).with_tag(text),
        lambda text: NameAddr(HOST).with_param(text, text),
    ),
    Via: (lambda text: Via(text, "h.example"), lambda text: Via("UDP", text), lambda text: Via("UDP", "h").stamped(text, 1)),
    CSeq: (lambda text: CSeq(1, text),),
    RAck: (lambda text: RAck(1, CSeq(1, text)),),
    ContentType: (ContentType, lambda text: ContentType(f"text/{text}")),
    event.Event: (event.Event,),
    event.SubscriptionState: (event.SubscriptionState,),
    reason.Reason: (reason.Reason, lambda text: reason.Reason("SIP", 200, text)),
    reason.RetryAfter: (lambda text: reason.RetryAfter(1, Params((("duration", text),))),),
    reason.Warning: (lambda text: reason.Warning(399, text, "x"), lambda text: reason.Warning(399, "h", text)),
    dialog_id.NamedDialog: (
        lambda text: dialog_id.NamedDialog(text, "a", "b"),
        lambda text: dialog_id.NamedDialog("x", text, text),
        lambda text: dialog_id.NamedDialog("x", "a", "b", spelling=(text, text)),
    ),
    session_expires.SessionExpires: (lambda text: session_expires.SessionExpires(1, text),),
    refer_to.ReferTo: (lambda text: refer_to.ReferTo(NameAddr(SipUri("h", headers=(("Subject", text),)), text)),),
    auth.DigestChallenge: (
        lambda text: auth.DigestChallenge(text, text, opaque=text),
        lambda text: auth.DigestChallenge("r", "n", text),
        lambda text: auth.DigestChallenge("r", "n", qop=(text,)),
    ),
    auth.DigestCredentials: (
        lambda text: auth.DigestCredentials(text, text, text, text, text, cnonce=text, opaque=text),
        lambda text: auth.DigestCredentials("u", "r", "n", "sip:h", "0", text, text),
    ),
    Headers: (
        lambda text: Headers([("Subject", text)]),
        lambda text: Headers([(text, "x")]),
        lambda text: NO_HEADERS.adding("Subject", text),
        lambda text: NO_HEADERS.with_("Subject", text),
        lambda text: NO_HEADERS.prepending("Subject", text),
        lambda text: NO_HEADERS.adding_all("Subject", [text]),
    ),
    Cause: (lambda text: Cause(200, text),),
}  # fmt: skip
CASES = [
    pytest.param(write, id=f"{kind.__name__}-{number}")
    for kind, ways in WRITERS.items()
    for number, write in enumerate(ways)
]
NO_HEADER_FIELD = {
    "Request", "Response", "BadRequest", "Ping", "Pong",  # whole messages: below
    "SipFragment",  # a body: below
    "Agenda", "Flow",  # for logs
}  # fmt: skip


def lines_of(octets: bytes) -> list[bytes]:
    head, _, body = octets.partition(b"\r\n\r\n")
    assert not re.search(rb"[\r\n\x00]", head.replace(b"\r\n", b"")), head
    assert b"evil" not in body
    return head.split(b"\r\n")


@pytest.mark.parametrize("write", CASES)
@given(text=HOSTILE | st.just(EVIL))
@settings(max_examples=25, deadline=None)
def test_a_value_is_one_line_or_is_not_made(write: Callable[[str], object], text: str) -> None:
    try:
        value = write(text)
        fields = [str(value)] if not isinstance(value, Headers) else [part for pair in value for part in pair]
    except (LocalProtocolError, ParseError):
        return
    for field in fields:
        assert not re.search(r"[\r\n\x00\ud800-\udfff]", field), field


@given(text=HOSTILE | st.just(EVIL))
@settings(max_examples=80, deadline=None)
def test_a_message_has_the_lines_that_it_was_given(text: str) -> None:
    asked = simple("OPTIONS")
    wanted = len(lines_of(bytes(asked)))
    for make in (
        lambda: Request(text, asked.uri, asked.headers),
        lambda: asked.with_header("To", text),
        lambda: Response.answering(asked, 404, text),
        lambda: Response.answering(asked, 404, headers=[("To", text)]),
        lambda: Response.answering(asked, 404, headers=[(text, "x")]),
        lambda: Response.answering(asked, 404).with_to_tag(text),
    ):
        try:
            octets = bytes(make())
        except (LocalProtocolError, ParseError):
            continue
        assert len(lines_of(octets)) <= wanted
        assert not any(line.lower().startswith(b"via: evil") for line in lines_of(octets))


@given(text=HOSTILE | st.just(EVIL))
@settings(max_examples=80, deadline=None)
def test_a_sipfrag_says_one_thing(text: str) -> None:
    octets = bytes(SipFragment(486, text))
    assert octets.count(b"\r\n") == 1
    assert octets.endswith(b"\r\n")
    assert b"\x00" not in octets


@given(text=HOSTILE | st.just(EVIL))
@settings(max_examples=80, deadline=None)
def test_what_people_write_on_the_other_network_stays_on_its_line(text: str) -> None:
    invitation = Invitation(Address("tea", "h.example"), Address("bob", "h.example"), None, text)
    headers = Headers(invite_headers(invitation))
    assert len(headers.fields) <= 1


def test_whatever_writes_a_header_is_in_the_table() -> None:
    writing = {
        each.__name__
        for info in pkgutil.iter_modules(crossroom.sip.__path__, "crossroom.sip.")
        for _, each in inspect.getmembers(import_module(info.name), inspect.isclass)
        if each.__module__ == info.name
        and not issubclass(each, Enum)
        and ("__str__" in vars(each) or "__bytes__" in vars(each))
    }
    assert writing - {kind.__name__ for kind in WRITERS} <= NO_HEADER_FIELD
