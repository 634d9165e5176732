"""bodies/cpim.py: strict out, lenient in, nothing injected."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossroom.bodies.cpim import (
    CORE_NAMESPACE,
    IMDN_NAMESPACE,
    STATUS_NAMESPACE,
    CpimAddress,
    CpimHeader,
    CpimMessage,
    escape,
    format_date_time,
    parse_date_time,
    unescape,
)
from crossroom.bodies.mime import MimePart
from crossroom.machine import LocalProtocolError, ParseError

ROOM = CpimAddress("sip:tea@conf.bridge.example")
BOB = CpimAddress("sip:tea@conf.bridge.example;gr=Bob", "Bob")
KETTLE = bytes(MimePart.of("text/plain", "Kettle on"))


def message(*headers: str, end: str = "\r\n") -> bytes:
    return (end.join(headers) + end + end).encode() + KETTLE


def test_message_is_written_as_the_specification_shows_it() -> None:
    written = bytes(CpimMessage(BOB, (ROOM,), KETTLE, "2026-02-03T10:11:12.000Z"))
    assert written.decode() == (
        'From: "Bob" <sip:tea@conf.bridge.example;gr=Bob>\r\n'
        "To: <sip:tea@conf.bridge.example>\r\n"
        "DateTime: 2026-02-03T10:11:12.000Z\r\n"
        "\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "\r\n"
        "Kettle on"
    )


def test_every_field_survives_being_written_and_read() -> None:
    full = CpimMessage(
        BOB,
        (ROOM, CpimAddress("sip:ana@sip.example", "Ana \\ “B”")),
        KETTLE,
        "2026-02-03T10:11:12.000Z",
        (CpimAddress("im:c@d"),),
        "two\nlines",
        (
            CpimHeader(STATUS_NAMESPACE, "Message-Type", "status"),
            CpimHeader(IMDN_NAMESPACE, "Message-ID", "34jk"),
            CpimHeader(IMDN_NAMESPACE, "Disposition-Notification", "display"),
            CpimHeader("urn:x-other", "Thing", "1"),
            CpimHeader(CORE_NAMESPACE, "Mood", "good"),
        ),
        ((IMDN_NAMESPACE, "Message-ID"), (CORE_NAMESPACE, "From"), ("urn:x-new", "Vital")),
    )
    assert CpimMessage.from_bytes(bytes(full)) == full


def test_namespace_is_found_by_its_urn_whatever_the_prefix() -> None:
    read = CpimMessage.from_bytes(
        message("To: <a:b>", f"NS: whatever <{IMDN_NAMESPACE}>", "whatever.Message-ID: 7")
    )
    assert read.extension(IMDN_NAMESPACE, "message-id") == "7"
    assert read.extension(IMDN_NAMESPACE, "Missing") is None


def test_core_header_by_a_prefix_of_its_namespace_is_the_core_header() -> None:
    read = CpimMessage.from_bytes(
        message(f"NS: c <{CORE_NAMESPACE}>", "c.To: <a:b>", "c.Content-Type: text/html")
    )
    assert (read.to, read.extensions, read.part.media_type) == ((CpimAddress("a:b"),), (), "text/html")


def test_default_namespace_can_be_changed() -> None:
    read = CpimMessage.from_bytes(message("To: <a:b>", "NS: <urn:mine>", "Mood: fine"))
    assert read.extensions == (CpimHeader("urn:mine", "Mood", "fine"),)


def test_undeclared_prefix_stands_for_itself() -> None:
    read = CpimMessage.from_bytes(message("To: <a:b>", "imdn.Message-ID: 7"))
    assert read.extensions == (CpimHeader("imdn", "Message-ID", "7"),)


@pytest.mark.parametrize(
    "line",
    ["From: Conference Room <sip:r@c>", 'From: "Conference Room" <sip:r@c>', "from:Conference Room<sip:r@c>"],
)
def test_display_name_is_read_quoted_unquoted_and_tight(line: str) -> None:
    assert CpimMessage.from_bytes(message("To: <a:b>", line)).sender == CpimAddress(
        "sip:r@c", "Conference Room"
    )


def test_bare_line_feeds_and_odd_mime_headers_are_read() -> None:
    octets = (
        b"From: <sip:a@b>\nTo: <sip:c@d>\n\nMIME-Version: 1.0\nContent-Transfer-Encoding:\n"
        b'Content-Type: text/plain; charset="utf8"\n\nh\xc3\xa9'
    )
    read = CpimMessage.from_bytes(octets)
    assert read.part.text == "hé"
    assert read.part.header("mime-version") == "1.0"


def test_content_type_in_the_cpim_block_is_moved_to_the_content() -> None:
    read = CpimMessage.from_bytes(b"To: <sip:c@d>\r\nContent-Type: text/html\r\nMIME-Version: 1.0\r\n\r\n<p>")
    assert (read.part.media_type, read.part.body) == ("text/html", b"<p>")


def test_content_is_kept_octet_for_octet() -> None:
    content = b"Content-type :text/plain\nX-Odd:  y\n\n\x00\xff\r\n\r\n."
    read = CpimMessage.from_bytes(b"From: <sip:a@b>\r\nTo: <sip:c@d>\r\n\r\n" + content)
    assert read.content == content
    assert bytes(read).endswith(content)


URIS = st.from_regex(r"sip:[!-;=?-~]{0,9}", fullmatch=True)
NAMES = st.sampled_from(
    ["", '"Ana" ', '"Zo\u00eb, (\u706f)" ', '" a<b:c> " ', '"" ', "Ana ", '"An\\u0061" ', '"a"b" ', '"\t" ']
)
USUAL = st.builds(
    "".join,
    st.tuples(
        st.builds("From: {}<{}>\r\n".format, NAMES, URIS),
        st.builds("To: {}<{}>\r\n".format, NAMES, URIS),
        st.sampled_from(["", "DateTime: 2026-02-03T10:11:12.5+01:00\r\n", "DateTime: then\r\n"]),
        st.sampled_from(["", "NS: imdn <urn:ietf:params:imdn>\r\n", "NS: imdn <urn:x>\r\n"]),
        st.sampled_from(["", "imdn.Message-ID: 34jk-_.\r\n", "imdn.Message-ID: \\u0041\r\n"]),
        st.sampled_from(["", "imdn.Disposition-Notification: positive-delivery, display\r\n"]),
    ),
)


@given(USUAL, st.sampled_from([b"\r\n", b"\n", b""]))
def test_the_usual_header_block_is_read_as_any_other(block: str, end: bytes) -> None:
    octets = block.encode() + end + KETTLE

    def read(octets: bytes) -> CpimMessage | str:
        try:
            return CpimMessage.from_bytes(octets)
        except ParseError as error:
            return str(error)

    # two spaces are never usual, and mean nothing
    assert read(octets) == read(octets.replace(b"From: ", b"From:  "))


def test_the_usual_header_block_may_have_a_time_an_id_and_wishes() -> None:
    usual = CpimMessage(
        CpimAddress("sip:ana@sip.example", "Zo\u00eb \u706f"),
        (ROOM,),
        KETTLE,
        "2026-02-03T10:11:12.000Z",
        extensions=(
            CpimHeader(IMDN_NAMESPACE, "Message-ID", "34jk"),
            CpimHeader(IMDN_NAMESPACE, "Disposition-Notification", "positive-delivery, display"),
        ),
    )
    assert CpimMessage.from_bytes(bytes(usual)) == usual


def test_a_usual_header_block_that_is_not_utf_8_is_a_parse_error() -> None:
    with pytest.raises(ParseError):
        CpimMessage.from_bytes(b'From: "\xff" <a:b>\r\nTo: <a:b>\r\n\r\n' + KETTLE)


def test_message_without_from_is_read_with_none() -> None:
    assert CpimMessage.from_bytes(message("To: <a:b>")).sender is None


def test_message_without_any_header_is_read_as_such() -> None:
    read = CpimMessage.from_bytes(b"\r\n" + KETTLE)
    assert (read.to, read.content) == ((), KETTLE)


def test_subject_may_begin_with_its_language() -> None:
    assert CpimMessage.from_bytes(message("To: <a:b>", "Subject:;lang=fr le vent")).subject == "le vent"
    later = CpimMessage.from_bytes(message("To: <a:b>", "Subject: say ;lang=fr le vent"))
    assert later.subject == "say ;lang=fr le vent"


def test_subject_that_looks_like_a_language_is_kept_when_written() -> None:
    message = CpimMessage(None, (), b"x", subject=";lang=fr the")
    assert CpimMessage.from_bytes(bytes(message)).subject == ";lang=fr the"


def test_require_and_cc_are_lists() -> None:
    read = CpimMessage.from_bytes(message("To: <a:b>", "Require: a.b, c", "cc: <c:d>", "cc: <e:f>"))
    assert read.require == (("a", "b"), (CORE_NAMESPACE, "c"))
    assert [address.uri for address in read.cc] == ["c:d", "e:f"]


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"To: <a:b>",
        b"To <a:b>\r\n\r\n",
        b"To: a:b\r\n\r\n",
        b"To: <no scheme>\r\n\r\n",
        b"To: <a:b>\r\nFrom: <a:b>\r\nFrom: <c:d>\r\n\r\n",
        b"To: <a:b>\r\nNS: urn:x\r\n\r\n",
        b"To: <a:b>\r\nBad Name: x\r\n\r\n",
        b"To: <a:\xff>\r\n\r\n",
        b"Content-Type: text/plain\x00\r\n\r\n",
        b"Content-Disposition: a\rb\r\n\r\n",
    ],
)
def test_what_cannot_be_read_is_a_parse_error(octets: bytes) -> None:
    with pytest.raises(ParseError):
        CpimMessage.from_bytes(octets)


@given(st.text())
def test_no_name_value_or_subject_can_begin_a_line(text: str) -> None:
    sender = CpimAddress("sip:a@b", text)
    headers = (CpimHeader(IMDN_NAMESPACE, "Message-ID", text),)
    octets = bytes(CpimMessage(sender, (ROOM,), KETTLE, text, subject=text, extensions=headers))
    block = octets.split(b"\r\n\r\n")[0].decode()
    names = [line.partition(":")[0] for line in block.split("\r\n")]
    known = ["From", "To", "DateTime", "Subject", "NS", "imdn.Message-ID"]
    assert names == [name for name in known if text or name not in {"DateTime", "Subject"}]
    assert not set(block) & (set(map(chr, range(32))) - set("\r\n"))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_escaped_text_comes_back(text: str) -> None:
    assert unescape(escape(text)) == text
    assert unescape(escape(text, quotes=True)) == text


def test_escapes_are_the_ones_of_the_specification() -> None:
    assert escape('a\\b"c\b\t\n\r\x00', quotes=True) == r"a\\b\"c\b\t\n\r\u0000"
    assert unescape(r"\x\u0041") == "xA"


def test_escaped_surrogates_make_one_character_or_a_replacement() -> None:
    assert unescape(r"\ud83d\ude00") == "😀"
    assert unescape(r"\ud83d!") == "�!"


@pytest.mark.parametrize("uri", ["sip:a@b\r\nTo: x", "sip:a>b", "", "plain"])
def test_uri_that_would_break_out_is_never_written(uri: str) -> None:
    with pytest.raises(LocalProtocolError):
        str(CpimAddress(uri))


@pytest.mark.parametrize(
    "header",
    [
        CpimHeader(IMDN_NAMESPACE, "a\r\nb", ""),
        CpimHeader("urn:x> y", "a", ""),
        CpimHeader("u", "", ""),
        CpimHeader(CORE_NAMESPACE, "To", "<a:b>"),
    ],
)
def test_header_name_that_would_break_out_is_never_written(header: CpimHeader) -> None:
    with pytest.raises(LocalProtocolError):
        bytes(CpimMessage(BOB, (ROOM,), KETTLE, extensions=(header,)))


@pytest.mark.parametrize("microseconds", [0, 1, 499, 500, 501, 999_000, 999_499, 999_500, 999_999])
def test_a_moment_is_never_written_later_than_it_was(microseconds: int) -> None:
    """Who joins within the millisecond after a message is sent it as history, and must see that it is."""
    at = 1770113472 + microseconds / 1_000_000
    written = parse_date_time(format_date_time(at))
    assert written is not None
    assert written <= at < written + 0.001


@given(milliseconds=st.integers(0, 4_000_000_000_000))
def test_a_moment_of_whole_milliseconds_is_written_as_it_is(milliseconds: int) -> None:
    at = milliseconds / 1000
    assert parse_date_time(format_date_time(at)) == at


def test_date_time_is_utc_with_milliseconds_both_ways() -> None:
    assert format_date_time(1770113472.5) == "2026-02-03T10:11:12.500Z"
    assert parse_date_time("2026-02-03T11:11:12.5+01:00") == 1770113472.5
    assert (
        CpimMessage.from_bytes(message("To: <a:b>", "DateTime: 2026-02-03T10:11:12.5Z")).sent_at
        == 1770113472.5
    )


@pytest.mark.parametrize("text", ["", "yesterday", "2026-02-03T10:11:12"])
def test_date_time_without_zone_or_sense_is_none(text: str) -> None:
    assert parse_date_time(text) is None
