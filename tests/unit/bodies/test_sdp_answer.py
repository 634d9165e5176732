from dataclasses import replace

import pytest

from crossroom.bodies.msrp_media import NICKNAME, PRIVATE_MESSAGES, Direction, MessageMedia, Setup
from crossroom.bodies.sdp import Connection, Origin, SessionDescription
from crossroom.bodies.sdp_answer import (
    NO_CEMA,
    NO_CHAT,
    NO_CPIM,
    NO_PATH,
    NO_TRANSPORT,
    SWITCHED_OFF,
    Answer,
    Refusal,
    answer_offer,
    make_offer,
    read_answer,
    we_connect,
)

ORIGIN = Origin(5, 1, Connection("198.51.100.7"))
PLAIN = MessageMedia(
    port=2855,
    is_secure=False,
    path=("msrp://198.51.100.7:2855/ours;tcp",),
    host="198.51.100.7",
    accept_wrapped_types=("text/plain", "message/cpim"),
    chatroom=frozenset({NICKNAME, PRIVATE_MESSAGES}),
)
SECURE = replace(PLAIN, port=2856, is_secure=True, path=("msrps://198.51.100.7:2856/ours;tcp",))
AUDIO = "m=audio 5004 RTP/AVP 0 8\na=rtpmap:0 PCMU/8000\n"
FILE = "m=message 2855 TCP/MSRP *\na=path:msrp://192.0.2.1:2855/f;tcp\na=accept-types:*\na=file-selector:size:9\n"
TYPES = "a=accept-types:message/cpim text/*\n"
CHAT = f"m=message 2855 TCP/MSRP *\na=path:msrp://192.0.2.1:2855/abc;tcp\n{TYPES}"
CHAT_TLS = f"m=message 2855 TCP/TLS/MSRP *\na=path:msrps://192.0.2.1:2855/abc;tcp\n{TYPES}"
MOVED = f"m=message 2855 TCP/MSRP *\na=path:msrp://10.0.0.1:2855/abc;tcp\n{TYPES}"


def offer(*sections: str, times: str = "t=0 0\n") -> SessionDescription:
    head = f"v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\n{times}"
    return SessionDescription.parse(head + "".join(sections))


def answered(*sections: str, ours: MessageMedia = PLAIN) -> Answer:
    answer = answer_offer(offer(*sections), [ours], ORIGIN)
    assert isinstance(answer, Answer)
    return answer


def refused(*sections: str) -> Refusal:
    refusal = answer_offer(offer(*sections), [PLAIN], ORIGIN)
    assert isinstance(refusal, Refusal)
    return refusal


def test_the_chat_is_answered_and_every_other_line_refused_in_its_place() -> None:
    answer = answered(AUDIO, FILE, CHAT, CHAT, "m=video 6000 RTP/AVP 99\n")
    assert answer.index == 2
    assert str(answer.description) == (
        "v=0\r\no=- 5 1 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\n"
        "m=audio 0 RTP/AVP 0 8\r\n"
        "m=message 0 TCP/MSRP *\r\n"
        "m=message 2855 TCP/MSRP *\r\n"
        "a=accept-types:message/cpim\r\n"
        "a=path:msrp://198.51.100.7:2855/ours;tcp\r\n"
        "a=accept-wrapped-types:text/plain\r\n"
        "a=setup:passive\r\n"
        "a=chatroom:nickname private-messages\r\n"
        "a=sendrecv\r\n"
        "m=message 0 TCP/MSRP *\r\n"
        "m=video 0 RTP/AVP 99\r\n"
    )


def test_the_answer_repeats_the_times_of_the_offer() -> None:
    answer = answer_offer(offer(CHAT, times="t=1 2\n"), [PLAIN], ORIGIN)
    assert isinstance(answer, Answer)
    assert answer.description.times == ("1 2",)


def test_the_stream_of_the_offered_transport_is_picked() -> None:
    for section, expected in ((CHAT, 2855), (CHAT_TLS, 2856)):
        answer = answer_offer(offer(section), [PLAIN, SECURE], ORIGIN)
        assert isinstance(answer, Answer)
        assert answer.ours.port == expected
        assert answer.theirs.path[0].endswith("/abc;tcp")


@pytest.mark.parametrize(
    ("sections", "refusal"),
    [
        ((), NO_CHAT),
        ((AUDIO,), NO_CHAT),
        ((FILE,), NO_CHAT),
        ((CHAT.replace("2855 TCP", "0 TCP"),), SWITCHED_OFF),
        ((CHAT_TLS,), NO_TRANSPORT),
        ((CHAT.replace("TCP/MSRP", "TCP/WSS/MSRP"),), NO_TRANSPORT),
        ((CHAT.replace(";tcp", ";ws"),), NO_TRANSPORT),
        ((CHAT.replace("msrp://", "http://"),), NO_PATH),
        ((CHAT.replace("message/cpim ", ""),), NO_CPIM),
        ((MOVED + "a=setup:passive\n",), NO_CEMA),
        ((AUDIO, CHAT_TLS, CHAT.replace("message/cpim ", "")), NO_CPIM),
    ],
)
def test_an_offer_without_a_usable_chat_is_refused_with_its_best_reason(
    sections: tuple[str, ...], refusal: Refusal
) -> None:
    assert refused(*sections) == refusal
    assert 300 <= refusal.warning <= 399


@pytest.mark.parametrize("types", ["*", "message/*", "message/cpim", "MESSAGE/CPIM;x=y"])
def test_cpim_is_acceptable_in_every_way_of_saying_so(types: str) -> None:
    assert answered(CHAT.replace(TYPES, f"a=accept-types:{types}\n")).theirs.takes("message/cpim")


def test_other_types_can_be_required_than_those_of_a_room() -> None:
    section = CHAT.replace("message/cpim ", "")
    answer = answer_offer(offer(section), [PLAIN], ORIGIN, required_types=("text/plain",))
    assert isinstance(answer, Answer)


@pytest.mark.parametrize(
    ("offered", "own", "expected"),
    [
        ("", None, Setup.PASSIVE),
        ("a=setup:holdconn\n", None, Setup.PASSIVE),
        ("a=setup:active\n", None, Setup.PASSIVE),
        ("a=setup:active\n", Setup.ACTIVE, Setup.PASSIVE),
        ("a=setup:actpass\n", None, Setup.PASSIVE),
        ("a=setup:actpass\n", Setup.ACTIVE, Setup.ACTIVE),
        ("a=setup:passive\n", None, Setup.ACTIVE),
    ],
)
def test_the_answer_takes_the_role_that_the_offer_leaves(
    offered: str, own: Setup | None, expected: Setup
) -> None:
    answer = answered(CHAT + offered, ours=replace(PLAIN, setup=own))
    assert answer.ours.setup is expected
    assert answer.we_connect is (expected is Setup.ACTIVE)
    assert we_connect(answer.ours, answer.theirs, we_offered=False) is answer.we_connect


@pytest.mark.parametrize(
    ("offered", "own", "expected"),
    [
        (Direction.SENDRECV, Direction.SENDRECV, Direction.SENDRECV),
        (Direction.SENDONLY, Direction.SENDRECV, Direction.RECVONLY),
        (Direction.RECVONLY, Direction.SENDRECV, Direction.SENDONLY),
        (Direction.INACTIVE, Direction.SENDRECV, Direction.INACTIVE),
        (Direction.SENDRECV, Direction.SENDONLY, Direction.SENDONLY),
        (Direction.SENDONLY, Direction.SENDONLY, Direction.INACTIVE),
    ],
)
def test_nobody_sends_what_the_other_does_not_receive(
    offered: Direction, own: Direction, expected: Direction
) -> None:
    answer = answered(CHAT + f"a={offered}\n", ours=replace(PLAIN, direction=own))
    assert answer.ours.direction is expected


def test_cema_is_answered_only_when_offered_and_not_by_relays_on_both_sides() -> None:
    ours = replace(PLAIN, has_cema=True)
    assert answered(MOVED + "a=msrp-cema\n", ours=ours).ours.has_cema
    assert not answered(CHAT, ours=ours).ours.has_cema
    relayed = replace(ours, path=("msrp://relay.example:2855/r;tcp", *ours.path))
    section = CHAT.replace("a=path:", "a=path:msrp://192.0.2.9:2855/r;tcp ") + "a=msrp-cema\n"
    assert not answered(section, ours=relayed).ours.has_cema


@pytest.mark.parametrize(
    ("role", "has_cema"), [("", False), ("a=setup:active\n", False), ("a=setup:actpass\n", True)]
)
def test_no_cema_is_answered_to_who_connects_by_way_of_a_relay(role: str, *, has_cema: bool) -> None:
    # RFC 6714 §4.3: an offerer that knows CEMA says actpass when it has a relay
    section = CHAT.replace("a=path:", "a=path:msrp://192.0.2.9:2855/r;tcp ") + "a=msrp-cema\n" + role
    assert answered(section, ours=replace(PLAIN, has_cema=True)).ours.has_cema is has_cema


@pytest.mark.parametrize("role", ["", "a=setup:active\n", "a=setup:actpass\n"])
def test_an_address_elsewhere_does_not_matter_where_nobody_connects_to_it(role: str) -> None:
    assert answered(MOVED + role).ours.setup is Setup.PASSIVE


def test_an_address_elsewhere_can_be_tolerated() -> None:
    assert isinstance(
        answer_offer(offer(MOVED + "a=setup:passive\n"), [PLAIN], ORIGIN, is_cema_strict=False), Answer
    )


BROWSER = replace(PLAIN, path=("msrp://198.51.100.7:2857/ours;ws",))
CHAT_WS = CHAT.replace("msrp://192.0.2.1:2855/abc;tcp", "msrp://x.invalid:2855/abc;ws")


@pytest.mark.parametrize("offered", ["", "a=setup:active\n", "a=setup:actpass\n"])
def test_a_browser_is_answered_by_websocket_and_connects(offered: str) -> None:
    answer = answer_offer(offer(CHAT_WS + offered), [PLAIN, BROWSER], ORIGIN, is_cema_strict=False)
    assert isinstance(answer, Answer)
    assert answer.ours.path == BROWSER.path
    assert not answer.we_connect


def test_nobody_can_connect_to_a_browser() -> None:
    answer = answer_offer(offer(CHAT_WS + "a=setup:passive\n"), [BROWSER], ORIGIN, is_cema_strict=False)
    assert answer == NO_TRANSPORT


def test_a_browser_behind_a_relay_is_reached_by_the_relay() -> None:
    # RFC 7977 §5.2: the path begins with the relay, the browser's own URI is its last
    relayed = CHAT_WS.replace("a=path:", "a=path:msrp://relay.example:2855/r;tcp ")
    answer = answer_offer(offer(relayed), [PLAIN, BROWSER], ORIGIN, is_cema_strict=False)
    assert isinstance(answer, Answer)
    assert answer.ours.path == PLAIN.path


def test_an_offer_leaves_the_role_open() -> None:
    text = str(make_offer(PLAIN, ORIGIN))
    assert "a=setup:actpass\r\n" in text
    assert text.count("c=IN IP4 198.51.100.7\r\n") == 1
    assert "a=connection" not in text
    assert "a=setup:active\r\n" in str(make_offer(replace(PLAIN, setup=Setup.ACTIVE), ORIGIN))


def test_an_answer_to_our_offer_is_read() -> None:
    ours = make_offer(PLAIN, ORIGIN)
    theirs = read_answer(ours, offer(CHAT + "a=setup:passive\na=chatroom:nickname\n"))
    assert isinstance(theirs, MessageMedia)
    assert theirs.has_feature(NICKNAME)
    assert we_connect(PLAIN, theirs, we_offered=True)


@pytest.mark.parametrize(
    ("section", "refusal"),
    [
        (CHAT.replace("2855 TCP", "0 TCP"), SWITCHED_OFF),
        ("m=message 1 TCP/MSRP *\n", NO_PATH),
        ("", NO_CHAT),
    ],
)
def test_an_answer_without_the_chat_is_a_refusal(section: str, refusal: Refusal) -> None:
    assert read_answer(make_offer(PLAIN, ORIGIN), offer(section)) == refusal


def test_an_answer_is_read_in_the_place_of_the_offered_line() -> None:
    ours = offer(AUDIO, CHAT)
    assert isinstance(read_answer(ours, offer("m=audio 0 RTP/AVP 0\n", CHAT)), MessageMedia)


@pytest.mark.parametrize(
    ("answered_setup", "connects"), [(Setup.ACTIVE, False), (Setup.PASSIVE, True), (None, True)]
)
def test_the_offerer_connects_unless_the_answer_does(answered_setup: Setup | None, *, connects: bool) -> None:
    assert we_connect(PLAIN, replace(PLAIN, setup=answered_setup), we_offered=True) is connects


def test_an_active_offerer_elsewhere_is_taken_because_nobody_connects_to_it() -> None:
    assert answered(MOVED + "a=setup:active\n").ours.setup is Setup.PASSIVE
