import pytest

from crossroom.machine import LocalProtocolError, Malformed
from crossroom.sip.headers import Headers
from crossroom.sip.layout import Limits
from crossroom.sip.message import BadRequest, Ping, Request, Response, parse_datagram
from crossroom.sip.uri import OtherUri, SipUri
from vectors.sip.torture import options, wire


def request(*lines: str, body: bytes = b"") -> Request:
    message = parse_datagram(options(*lines) + body)
    assert isinstance(message, Request)
    return message


def test_a_request_is_written_with_full_names_without_folds_and_with_its_length() -> None:
    written = Request(
        "MESSAGE", SipUri("h", "a"), Headers([("f", "<sip:x>"), ("l", "99"), ("X-Y", "z")]), "é".encode()
    )
    assert bytes(written) == (
        b"MESSAGE sip:a@h SIP/2.0\r\nFrom: <sip:x>\r\nX-Y: z\r\nContent-Length: 2\r\n\r\n\xc3\xa9"
    )


def test_what_was_read_is_written_and_read_the_same() -> None:
    message = request("Content-Type: text/plain", body=b"hello")
    assert message.body == b"hello"
    assert parse_datagram(bytes(message)) == message
    assert not message.headers.has("Content-Length")


def test_headers_are_exchanged_by_copies() -> None:
    message = request()
    assert message.with_header("Expires", 7).expires == 7
    assert message.expires is None
    assert message.with_headers(Headers()).headers == Headers()
    response = Response.answering(message, 200)
    assert response.with_header("Expires", 7).expires == 7
    assert response.with_headers(Headers()).headers == Headers()


def test_a_response_copies_what_it_must_and_adds_no_tag() -> None:
    message = request("Via: SIP/2.0/UDP second", "Timestamp: 54", "Subject: x")
    response = Response.answering(message, 486, headers=[("Retry-After", "5")], body=b"x")
    assert [name for name, _ in response.headers] == [
        "Via",
        "From",
        "To",
        "Call-ID",
        "CSeq",
        "Via",
        "Retry-After",
    ]
    assert len(response.vias) == 2
    assert response.to.tag is None
    assert bytes(response).startswith(b"SIP/2.0 486 Busy Here\r\n")
    assert Response.answering(message, 486, "Later").reason == "Later"


def test_a_trying_response_copies_the_timestamp() -> None:
    assert Response.answering(request("Timestamp: 54"), 100).headers.get("Timestamp") == "54"


def test_the_to_tag_is_added_once() -> None:
    response = Response.answering(request(), 200)
    assert response.with_to_tag("a").to.tag == "a"
    assert response.with_to_tag("a").with_to_tag("b").to.tag == "a"


@pytest.mark.parametrize(
    ("status", "flags"),
    [(180, (True, False, False)), (202, (False, True, True)), (404, (False, True, False))],
)
def test_a_status_tells_its_class(status: int, flags: tuple[bool, bool, bool]) -> None:
    response = Response(status, "")
    assert (response.is_provisional, response.is_final, response.is_success) == flags


def test_a_message_that_cannot_be_written_cannot_be_made() -> None:
    with pytest.raises(LocalProtocolError):
        Request("A B", SipUri("h"))
    with pytest.raises(LocalProtocolError):
        Response(99, "")
    with pytest.raises(LocalProtocolError):
        Response(700, "")
    with pytest.raises(LocalProtocolError):
        Response(200, "OK\r\nVia: x")


def test_an_empty_datagram_is_a_keepalive() -> None:
    assert parse_datagram(b"") == parse_datagram(b"\r\n\r\n") == Ping()


@pytest.mark.parametrize(
    ("octets", "limits", "status"),
    [
        (options() + 11 * b"x", Limits(body=10), 413),
        (options("X: " + 2000 * "x"), Limits(head=1000), 513),
        (options(*(f"X-{count}: y" for count in range(20))), Limits(fields=15), 513),
        (options(), Limits(uri=20), 414),
        (options(), Limits(schemes=frozenset({"sips"})), 416),
    ],
)
def test_limits_are_answered_with_their_status(octets: bytes, limits: Limits, status: int) -> None:
    outcome = parse_datagram(octets, limits)
    assert isinstance(outcome, BadRequest)
    assert outcome.status == status
    assert outcome.answer is not None
    assert outcome.answer.status == status


def test_a_refusal_repeats_its_tag_for_a_repeated_request_only() -> None:
    outcomes = [parse_datagram(options(cseq=f"CSeq: {number} BYE")) for number in (1, 1, 2)]
    tags = [
        outcome.answer.to.tag for outcome in outcomes if isinstance(outcome, BadRequest) and outcome.answer
    ]
    assert tags[0] == tags[1] != tags[2]


def test_an_unreadable_to_goes_back_as_it_came() -> None:
    outcome = parse_datagram(
        options(without=("To: <sip:tea@conference.example.com>",)).replace(b"CSeq", b'To: "\r\nCSeq')
    )
    assert isinstance(outcome, BadRequest)
    assert outcome.answer is not None
    assert outcome.answer.headers.get("To") == '"'


def test_an_existing_to_tag_is_kept_in_a_refusal() -> None:
    outcome = parse_datagram(options(cseq="CSeq: 1 BYE").replace(b"example.com>", b"example.com>;tag=theirs"))
    assert isinstance(outcome, BadRequest)
    assert outcome.answer is not None
    assert outcome.answer.to.tag == "theirs"


def test_a_smuggled_line_reaches_no_answer() -> None:
    outcome = parse_datagram(options().replace(b"To: <", b"To: a\rVia: evil\n<"))
    assert isinstance(outcome, BadRequest)
    assert outcome.answer is not None
    assert b"\r\nVia: evil" not in bytes(outcome.answer)


def test_a_response_with_an_unreadable_start_is_dropped() -> None:
    assert parse_datagram(wire("SIP/2.0 abc")) == BadRequest(400, "not a status line: 'SIP/2.0 abc'")


def test_a_fault_of_framing_wins_over_an_almost_request_line() -> None:
    outcome = parse_datagram(options("Content-Length: 5").replace(b"SIP/2.0\r", b"SIP/2.0 \r", 1))
    assert isinstance(outcome, BadRequest)
    assert "Content-Length" in outcome.why


def test_another_scheme_in_the_request_uri_is_kept_when_it_is_served() -> None:
    message = parse_datagram(options().replace(b"sip:tea@conference.example.com SIP", b"tel:+15 SIP"))
    assert isinstance(message, Request)
    assert message.uri == OtherUri("tel", "+15")


def test_what_is_not_sip_is_malformed_whatever_else_is_wrong() -> None:
    assert isinstance(parse_datagram(b"\xff\xfe garbage"), Malformed)


@pytest.mark.parametrize(
    "lines",
    [
        ("Max-Forwards: 70",),
        ("Contact: nobody",),
        ("Content-Length: none",),
    ],
)
def test_a_doubled_or_unreadable_field_is_answered(lines: tuple[str, ...]) -> None:
    outcome = parse_datagram(options(*lines))
    assert isinstance(outcome, BadRequest)
    assert outcome.status == 400
    assert outcome.answer is not None


@pytest.mark.parametrize(
    ("old", "new", "status", "answered"),
    [
        (b"SIP/2.0\r", b"SIP/3.0\r", 505, True),
        (b"com SIP", b"com?a=b SIP", 400, True),
        (b"OPTIONS sip", b"ACK sip", 400, False),
        (b"Via: SIP/2.0/UDP", b"Via: SIP/2.0", 400, False),
        (b"Call-ID", b"X-Call-ID", 400, True),
    ],
)
def test_a_refused_request_is_answered_where_that_is_possible(
    old: bytes,
    new: bytes,
    status: int,
    answered: bool,  # noqa: FBT001 -- a table's column
) -> None:
    outcome = parse_datagram(options().replace(old, new, 1))
    assert isinstance(outcome, BadRequest)
    assert outcome.status == status
    assert (outcome.answer is not None) is answered


def test_a_datagram_without_end_of_its_head_is_refused() -> None:
    assert isinstance(parse_datagram(options()[:-4]), BadRequest)
    assert isinstance(parse_datagram(options()[:-4], Limits(head=50)), BadRequest)


def test_a_response_is_read_or_dropped() -> None:
    good = bytes(Response.answering(request(), 200))
    assert isinstance(parse_datagram(good), Response)
    assert parse_datagram(good.replace(b"CSeq: 8", b"CSeq: x")) == BadRequest(400, "not a CSeq: 'x OPTIONS'")
    assert parse_datagram(good.replace(b"Length: 0", b"Length: 9")) == BadRequest(
        400, "Content-Length 9, but 0 octets"
    )


SPACES = 20_000 * " "


@pytest.mark.parametrize(
    "line",
    [
        f"Contact: a{SPACES};<sip:h>",
        f"Contact: <{SPACES}x",
        f"Contact: <sip:h>;a={SPACES}b c",
        f'Contact: <sip:h>;a={SPACES}"',
        f"Contact: {'<' * 20_000}",
        f"Contact: {20_000 * chr(34)}x",
        f"Via: SIP/2.0/UDP h{SPACES}x",
        f"Via: SIP{SPACES}x",
        f"Subject: a{SPACES}b\r\n c",
        f"Event: a{SPACES};b{SPACES}c",
        f"Content-Type: a{SPACES}/{SPACES}b{SPACES}c",
        f"Expires: {20_000 * '1'}",
    ],
)
def test_long_runs_cost_no_more_than_their_length(line: str) -> None:
    # Quadratic patterns would run into the suite's timeout here, many times over.
    for _ in range(20):
        outcome = parse_datagram(options(line))
        assert isinstance(outcome, Request if line.startswith("Subject") else BadRequest)
