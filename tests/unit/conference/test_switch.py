"""What is read of a SEND, and what is sent on: the parts of the switch that need no session."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from crossroom.bodies.cpim import IMDN_NAMESPACE, CpimAddress, CpimHeader, CpimMessage, format_date_time
from crossroom.conference.switch import Typing, chosen_id, copy_of, correlation, is_wordless, read
from crossroom.room.address import Address, ArchiveId, MessageId, Network, Nickname
from crossroom.room.commands import Draft
from crossroom.room.content import Composing, Content, Native, Receipt
from crossroom.room.events import Posted
from crossroom.room.reasons import Reason, Refused
from crossroom.sip.uri import Uri
from unit.conference.roster_world import occupant

ROOM = Address("tea", "conference.example")
ANA = "sip:ana@sip.example"


@dataclass(frozen=True)
class Ana:
    """Somebody who speaks, and is alone in the room (switch.Speaker)."""

    room: Address = ROOM
    room_uri: str = "sip:tea@conference.example"
    uri: str = ANA
    nickname: Nickname | None = field(default=Nickname("Ana"))

    def nickname_of(self, _uri: Uri) -> Nickname | None:
        return None


def said(content: bytes) -> Content | None:
    """What the room is told of a CPIM with that content."""
    speaker = Ana()
    head = b"From: <sip:ana@sip.example>\r\nTo: <sip:tea@conference.example>\r\n\r\n"
    draft = read("message/cpim", head + content, "m1", speaker)
    assert isinstance(draft, Draft)
    assert draft.native == Native(Network.SIP, content)
    return draft.content


@pytest.mark.parametrize(
    ("refresh", "seconds"), [("", 120), ("<refresh>90</refresh>", 90), ("<refresh>5</refresh>", 60)]
)
def test_typing_says_how_long_it_lasts(refresh: str, seconds: int) -> None:
    document = f"<isComposing xmlns='urn:ietf:params:xml:ns:im-iscomposing'><state>active</state>{refresh}</isComposing>"
    head = "From: <sip:ana@sip.example>\r\nTo: <sip:tea@conference.example>\r\n\r\n"
    content = f"Content-Type: application/im-iscomposing+xml\r\n\r\n{document}"
    speaker = Ana()
    typing = read("message/cpim", (head + content).encode(), "m1", speaker)
    assert typing == Typing(Composing.COMPOSING, None, seconds)


@pytest.mark.parametrize(
    ("require", "is_understood"),
    [
        ("From, To, DateTime, Subject", True),
        ("imdn.Message-ID,imdn.Disposition-Notification", True),
        ("i.Message-ID", True),
        ("Vital", False),
        ("imdn.IMDN-Route", False),
        ("from, x.From", False),
        ("unknown.Message-ID", False),
    ],
)
def test_a_message_that_requires_what_is_not_understood_is_refused(
    require: str, *, is_understood: bool
) -> None:
    spaces = "NS: imdn <urn:ietf:params:imdn>\r\nNS: i <urn:ietf:params:imdn>\r\nNS: x <urn:x>\r\n"
    head = f"From: <sip:ana@sip.example>\r\nTo: <sip:tea@conference.example>\r\n{spaces}Require: {require}\r\n\r\n"
    speaker = Ana()
    if is_understood:
        assert isinstance(read("message/cpim", head.encode() + PLAIN, "m1", speaker), Draft)
    else:
        with pytest.raises(Refused) as refused:
            read("message/cpim", head.encode() + PLAIN, "m1", speaker)
        assert refused.value.reason is Reason.UNSUPPORTED_CONTENT


def multipart(kind: str, *parts: bytes) -> bytes:
    body = b"".join(b"--cut\r\n" + part + b"\r\n" for part in parts)
    return b"Content-Type: multipart/" + kind.encode() + b"; boundary=cut\r\n\r\n" + body + b"--cut--\r\n"


PLAIN = b"Content-Type: text/plain\r\nContent-Language: de\r\n\r\nGr\xc3\xbc\xc3\x9fe"
PICTURE = b"Content-Type: image/png\r\n\r\nPNG"


def test_of_alternatives_the_plain_text_is_said() -> None:
    assert said(multipart("alternative", PICTURE, PLAIN)) == Content("text/plain", "Grüße", "de")


def test_of_a_mixture_all_is_said_in_order() -> None:
    mixed = said(multipart("mixed", PLAIN, PICTURE))
    assert mixed == Content("text/plain", "Grüße\n[image/png, 3 octets]", "de")


def test_a_single_picture_stays_one() -> None:
    assert said(PICTURE) == Content("image/png", b"PNG")


@pytest.mark.parametrize(("length", "is_told"), [(0, False), (1, True), (128, True), (129, False)])
def test_an_id_that_is_too_long_for_sip_is_not_told_and_not_taken(length: int, *, is_told: bool) -> None:
    message_id = MessageId("é" * length)
    posted = Posted(occupant("Bob"), message_id, ArchiveId("a1"), 0.0, Content("text/plain", "hello"))
    copy = CpimMessage.from_bytes(copy_of(posted, ANA, ANA).shared.body)
    assert copy.extension(IMDN_NAMESPACE, "Message-ID") == (message_id if is_told else None)
    header = CpimHeader(IMDN_NAMESPACE, "Message-ID", message_id)
    assert chosen_id(replace(copy, extensions=(header,))) == (message_id if is_told else None)


@given(
    st.text(min_size=1, max_size=9),
    st.text(max_size=9) | st.just("x" * 200),
    st.sets(st.sampled_from(list(Receipt))),
    st.floats(0, 2e9),
)
def test_a_copy_is_written_as_any_cpim_message_is(
    name: str, chosen: str, asked: set[Receipt], at: float
) -> None:
    message_id, receipts = MessageId(chosen), frozenset(asked)
    posted = Posted(
        occupant(name), message_id, ArchiveId("a1"), at, None, Native(Network.SIP, PLAIN), receipts=receipts
    )
    sender, to = CpimAddress("sip:bob@sip.example", name), (CpimAddress(ANA),)
    whole = CpimMessage(sender, to, PLAIN, format_date_time(at), extensions=correlation(message_id, receipts))
    assert copy_of(posted, "sip:bob@sip.example", ANA).shared.body == bytes(whole)


@pytest.mark.parametrize("to", ["sip:tea@conference.example", "sip:TEA@conference.example;transport=tcp"])
def test_the_room_is_meant_however_its_uri_is_written(to: str) -> None:
    head = f"From: <{ANA}>\r\nTo: <{to}>\r\n\r\n".encode()
    draft = read("Message/CPIM; x=y", head + PLAIN, "m1", Ana())
    assert isinstance(draft, Draft)
    assert draft.to is None


def test_a_multipart_that_cannot_be_read_is_unsupported() -> None:
    with pytest.raises(Refused) as refused:
        said(b"Content-Type: multipart/mixed\r\n\r\nno boundary")
    assert refused.value.reason is Reason.UNSUPPORTED_CONTENT


@pytest.mark.parametrize(
    ("content", "native", "wordless"),
    [
        (None, Native(Network.XMPP, b"<reactions/>"), True),
        (None, None, True),
        (None, Native(Network.SIP, b"Content-Type: a/b\r\n\r\n"), False),
        (Content("text/plain", ""), None, False),
    ],
)
def test_what_has_no_words_for_sip_is_known(
    content: Content | None,
    native: Native | None,
    wordless: bool,  # noqa: FBT001 - a column of the table
) -> None:
    posted = Posted(occupant("Bob"), MessageId("m1"), ArchiveId("a1"), 0.0, content, native)
    assert is_wordless(posted) is wordless
