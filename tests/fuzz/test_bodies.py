"""What SIP and MSRP carry: any octets are read or refused, and what was read can be written and read again."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from crossroom.bodies.imdn import Imdn
from crossroom.bodies.iscomposing import IsComposing
from crossroom.bodies.mime import MimePart
from crossroom.bodies.msrp_media import MessageMedia
from crossroom.bodies.multipart import readable
from crossroom.bodies.sdp import Connection, Origin, SessionDescription
from crossroom.bodies.sdp_answer import Answer, Refusal, answer_offer, make_offer, read_answer
from crossroom.machine import ParseError

OURS = [
    MessageMedia(2855, False, ("msrp://198.51.100.7:2855/ours;tcp",), "198.51.100.7"),  # noqa: FBT003 -- plain
    MessageMedia(2856, True, ("msrps://198.51.100.7:2856/ours;tcp",), "198.51.100.7"),  # noqa: FBT003 -- over TLS
]
ORIGIN = Origin(5, 1, Connection("198.51.100.7"))
SDP_LINES = [
    "v=0",
    "o=- 1 1 IN IP4 192.0.2.1",
    "o=- 18446744073709551616 -1 IN IP6 ::1",
    "s=-",
    "c=IN IP4 192.0.2.1",
    "c=IN IP6 2001:db8::1",
    "c=IN IP4 chat.example",
    "t=0 0",
    "m=message 2855 TCP/MSRP *",
    "m=message 2856 TCP/TLS/MSRP *",
    "m=message 0 TCP/MSRP *",
    "m=message 9 TCP/MSRP *",
    "m=message 99999999999 TCP/MSRP *",
    "m=audio 49170 RTP/AVP 0",
    "a=accept-types:message/cpim text/plain",
    "a=accept-types:*",
    "a=accept-wrapped-types:text/* *",
    "a=path:msrp://192.0.2.1:2855/s;tcp",
    "a=path:msrps://[2001:db8::1]:2856/s;tcp msrps://x:1/y;tcp",
    "a=path:msrp://x.invalid:1/s;ws",
    "a=path:",
    "a=setup:actpass",
    "a=setup:passive",
    "a=setup:holdconn",
    "a=fingerprint:sha-256 AB:CD",
    "a=fingerprint:md5 zz",
    "a=max-size:1000",
    "a=max-size:-1",
    "a=chatroom:nickname private-messages",
    "a=chatroom",
    "a=msrp-cema",
    "a=recvonly",
    "a=file-selector:name:x",
    "a=",
    "x",
    "",
]
SDP = st.lists(st.sampled_from(SDP_LINES) | st.text(max_size=20), max_size=24).flatmap(
    lambda lines: st.sampled_from(["\r\n", "\n", "\r"]).map(lambda end: "".join(line + end for line in lines))
)
WHOLE = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
NAMES = [
    "imdn",
    "isComposing",
    "message-id",
    "datetime",
    "state",
    "refresh",
    "status",
    "delivered",
    "displayed",
]
NAMES += ["delivery-notification", "display-notification", "x:y"]
XML = st.recursive(
    st.text(max_size=8)
    | st.sampled_from(["active", "idle", "60", "&amp;", "&#0;", "&x;", "<", "<!--", "<?x?>"]),
    lambda inner: st.builds(
        "<{0}{1}>{2}</{0}>".format,
        st.sampled_from(NAMES),
        st.sampled_from(
            ["", " xmlns='urn:ietf:params:xml:ns:imdn'", " xmlns='urn:ietf:params:xml:ns:im-iscomposing'"]
        ),
        st.lists(inner, max_size=3).map("".join),
    ),
    max_leaves=12,
)
MIME = st.lists(
    st.sampled_from(
        [
            b"Content-Type: multipart/mixed; boundary=cut\r\n\r\n",
            b'Content-Type: multipart/alternative; boundary="cut"\n\n',
            b"--cut\r\n",
            b"--cut--\r\n",
            b"\r\n--cut\r\n",
            b"Content-Type: text/plain; charset=latin-1\r\n\r\n",
            b"Content-Type: text/html;charset=\r\n\r\n",
            b"Content-Transfer-Encoding: base64\r\n",
            b"\r\n",
            b"\xff",
        ]
    )
    | st.binary(max_size=8),
    max_size=14,
).map(b"".join)


@given(SDP | st.text(max_size=40))
def test_any_text_is_a_session_description_or_refused(text: str) -> None:
    with contextlib.suppress(ParseError):
        description = SessionDescription.from_bytes(text.encode(errors="surrogatepass"))
        assert SessionDescription.from_bytes(bytes(description)) == description


@given(SDP)
def test_any_offer_is_answered_with_what_can_be_read_or_refused_with_a_reason(text: str) -> None:
    try:
        offer = SessionDescription.from_bytes((WHOLE + text).encode(errors="surrogatepass"))
    except ParseError:
        return
    answer = answer_offer(offer, OURS, ORIGIN)
    if isinstance(answer, Refusal):
        assert 300 <= answer.warning <= 399
        return
    written = SessionDescription.from_bytes(bytes(answer.description))
    # RFC 3264 §6: a line for every line, one of them taken
    assert [line.media for line in written.media] == [line.media for line in offer.media]
    assert [index for index, line in enumerate(written.media) if line.port] == [answer.index]
    assert isinstance(answer, Answer)


@given(SDP)
def test_any_answer_to_an_offer_of_ours_is_a_chat_or_a_refusal(text: str) -> None:
    offer = make_offer(OURS[0], ORIGIN)
    with contextlib.suppress(ParseError):
        answer = SessionDescription.from_bytes((WHOLE + text).encode(errors="surrogatepass"))
        assert isinstance(read_answer(offer, answer), MessageMedia | Refusal)


@given(XML | st.text(max_size=30))
def test_any_document_is_a_notification_or_refused(document: str) -> None:
    octets = document.encode(errors="surrogatepass")
    with contextlib.suppress(ParseError):
        imdn = Imdn.from_bytes(octets)
        assert Imdn.from_bytes(bytes(imdn)) == imdn
    with contextlib.suppress(ParseError):
        composing = IsComposing.from_bytes(octets)
        assert IsComposing.from_bytes(bytes(composing)) == composing
        assert composing.seconds >= 60


@given(MIME)
def test_any_octets_are_parts_of_a_body_or_refused(octets: bytes) -> None:
    with contextlib.suppress(ParseError):
        part = MimePart.from_bytes(octets)
        for each in readable(part):
            assert isinstance(each.text, str)
