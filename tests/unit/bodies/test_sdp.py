from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossroom.bodies.sdp import (
    Attribute,
    Connection,
    Limits,
    Line,
    MediaSection,
    Origin,
    SessionDescription,
)
from crossroom.machine import LocalProtocolError, ParseError

WHOLE = (
    "v=0\r\n"
    "o=jdoe 3724394400 3724394405 IN IP6 2001:db8::1\r\n"
    "s=Call to Ana\r\n"
    "i=what it is about\r\n"
    "u=http://example.com/\r\n"
    "c=IN IP6 2001:db8::1\r\n"
    "b=AS:64\r\n"
    "t=0 0\r\n"
    "t=3724394400 3724398000\r\n"
    "k=prompt\r\n"
    "a=sendrecv\r\n"
    "a=tool:x\r\n"
    "m=audio 49180/2 RTP/AVP 0 8\r\n"
    "i=voice\r\n"
    "c=IN IP4 192.0.2.7\r\n"
    "b=AS:64\r\n"
    "a=rtpmap:0 PCMU/8000\r\n"
    "m=message 2855 TCP/MSRP *\r\n"
    "a=path:msrp://192.0.2.7:2855/x;tcp\r\n"
)
ORIGIN = Origin(7, 1, Connection("192.0.2.1"))


def minimal(rest: str = "") -> SessionDescription:
    return SessionDescription.parse(f"v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nt=0 0\n{rest}")


def test_a_description_in_order_is_written_as_it_was_read() -> None:
    assert str(SessionDescription.parse(WHOLE)) == WHOLE
    assert bytes(SessionDescription.from_bytes(WHOLE.encode())) == WHOLE.encode()


def test_sections_hold_their_own_lines() -> None:
    description = SessionDescription.parse(WHOLE)
    audio, message = description.media
    assert (audio.media, audio.port, audio.port_count, audio.formats) == ("audio", 49180, 2, ("0", "8"))
    assert audio.others == (Line("i", "voice"), Line("b", "AS:64"))
    assert description.host_of(audio) == "192.0.2.7"
    assert description.host_of(message) == "2001:db8::1"
    assert description.origin.username == "jdoe"
    assert description.times == ("0 0", "3724394400 3724398000")


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\r\n\r\n"])
def test_any_line_end_is_read(end: str) -> None:
    assert SessionDescription.parse(WHOLE.replace("\r\n", end)) == SessionDescription.parse(WHOLE)


def test_lines_in_another_order_and_with_spaces_are_put_right() -> None:
    text = "v=0\n s = x \na=one\nb=AS:1\nt=0 0\no=- 1 2 in ip4 h.example\nx=odd\nc=IN IP4 h.example\n"
    description = SessionDescription.parse(text)
    assert str(description) == (
        "v=0\r\no=- 1 2 IN IP4 h.example\r\ns=x\r\nc=IN IP4 h.example\r\nb=AS:1\r\nt=0 0\r\nx=odd\r\na=one\r\n"
    )
    assert SessionDescription.parse(str(description)) == description


def test_a_missing_name_or_time_is_forgiven() -> None:
    description = SessionDescription.parse("v=0\no=- 1 1 IN IP4 h.example\n")
    assert (description.name, description.times) == ("-", ("0 0",))


def test_an_attribute_is_found_in_the_section_before_the_session() -> None:
    description = minimal("a=setup:active\nm=message 9 TCP/MSRP *\na=setup:passive\nm=audio 0 RTP/AVP 0\n")
    assert description.first("setup", description.media[0]) == Attribute("setup", "passive")
    assert description.first("setup", description.media[1]) == Attribute("setup", "active")
    assert description.first("setup") == Attribute("setup", "active")
    assert description.first("path") is None
    assert description.host_of(description.media[0]) == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "begins with"),
        ("v=0\ns=-\n", "begins with"),
        ("v=1\no=- 1 1 IN IP4 h\n", "begins with"),
        ("v=0\no=- 1 1 IN IP4\n", "origin"),
        ("v=0\no=- x 1 IN IP4 h\n", "origin"),
        ("v=0\no=- 1 -1 IN IP4 h\n", "origin"),
        ("v=0\no=- 1 1 IN IP4 h\nc=IN IP4\n", "connection"),
        ("v=0\no=- 1 1 IN IP4 h\nm=message\n", "media"),
        ("v=0\no=- 1 1 IN IP4 h\nm=message x TCP/MSRP *\n", "media"),
        ("v=0\no=- 1 1 IN IP4 h\nm=message 65536 TCP/MSRP *\n", "media"),
        ("v=0\no=- 1 1 IN IP4 h\nnonsense\n", "no line"),
        ("v=0\no=- 1 1 IN IP4 h\ns=a\x00b\n", "NUL"),
    ],
)
def test_what_is_no_description_is_refused(text: str, why: str) -> None:
    with pytest.raises(ParseError, match=why):
        SessionDescription.parse(text)


def test_limits_bound_octets_lines_and_sections() -> None:
    limits = Limits(octets=200, lines=8, media=2)
    section = "m=audio 1 RTP/AVP 0\n"
    assert len(SessionDescription.parse(str(minimal(section * 2)), limits).media) == 2
    with pytest.raises(ParseError, match="media sections"):
        SessionDescription.parse(str(minimal(section * 3)), limits)
    with pytest.raises(ParseError, match="lines"):
        SessionDescription.parse(str(minimal("a=x\n" * 5)), limits)
    with pytest.raises(ParseError, match="octets"):
        SessionDescription.from_bytes(b"v" * 201, limits)


def test_octets_that_are_no_utf8_do_no_harm() -> None:
    body = b"v=0\r\no=- 1 1 IN IP4 h\r\ns=caf\xe9\r\nt=0 0\r\n"
    assert SessionDescription.from_bytes(body).name == "caf�"


@pytest.mark.parametrize("bad", ["a\r\nm=audio 1 RTP/AVP 0", "a\nb", "a\x00"])
def test_a_line_break_can_never_be_written(bad: str) -> None:
    description = SessionDescription(ORIGIN)
    for broken in (
        replace(description, name=bad),
        replace(description, attributes=(Attribute("x", bad),)),
        replace(description, media=(MediaSection("message", 1, "TCP/MSRP", (bad,)),)),
        replace(description, others=(Line("i", bad),)),
    ):
        with pytest.raises(LocalProtocolError):
            str(broken)


def test_a_refused_section_keeps_its_kind_and_formats_only() -> None:
    section = SessionDescription.parse(WHOLE).media[0]
    assert str(section.refused()) == "m=audio 0 RTP/AVP 0 8\r\n"


def test_the_version_rises_by_one_and_only_with_a_change() -> None:
    first = SessionDescription(ORIGIN, (MediaSection("message", 1, "TCP/MSRP"),))
    assert first.succeeding(None) is first
    again = replace(first, origin=Origin(99, 99, Connection("192.0.2.9")))
    assert again.succeeding(first) is first
    moved = replace(again, media=(MediaSection("message", 2, "TCP/MSRP"),)).succeeding(first)
    assert (moved.origin.session_id, moved.origin.version, moved.media[0].port) == (7, 2, 2)


@pytest.mark.parametrize(
    ("host", "line"),
    [
        ("192.0.2.1", "IN IP4 192.0.2.1"),
        ("[2001:db8::1]", "IN IP6 2001:db8::1"),
        ("h.example", "IN IP4 h.example"),
    ],
)
def test_a_connection_tells_the_family_of_a_host(host: str, line: str) -> None:
    assert str(Connection.of(host)) == line


def test_an_attribute_keeps_the_colons_of_its_value() -> None:
    assert Attribute.parse("path:msrp://h:1/s;tcp") == Attribute("path", "msrp://h:1/s;tcp")
    assert str(Attribute.parse("sendonly")) == "sendonly"


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("voscitamkbzx"), st.text(max_size=20)), max_size=12))
def test_whatever_is_read_is_written_so_that_it_reads_the_same(lines: list[tuple[str, str]]) -> None:
    text = "v=0\r\no=- 1 1 IN IP4 h\r\n" + "".join(f"{letter}={value}\r\n" for letter, value in lines)
    with suppress(ParseError):
        description = SessionDescription.parse(text)
        assert SessionDescription.parse(str(description)) == description


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_any_octets_are_a_description_or_a_parse_error(body: bytes) -> None:
    with suppress(ParseError):
        assert SessionDescription.from_bytes(body).times
