import pytest

from crossroom.bodies.msrp_media import (
    NICKNAME,
    PRIVATE_MESSAGES,
    Direction,
    Fingerprint,
    MessageMedia,
    Setup,
)
from crossroom.bodies.sdp import Connection, Origin, SessionDescription
from crossroom.machine import ParseError

HEAD = "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\n"


def read(section: str, session: str = "") -> MessageMedia:
    description = SessionDescription.parse(HEAD + session + section)
    return MessageMedia.read(description, description.media[0])


CHAT = "m=message 2855 TCP/MSRP *\na=path:msrp://192.0.2.1:2855/abc;tcp\na=accept-types:message/cpim Text/*\n"


def test_every_attribute_of_a_chat_is_read() -> None:
    media = read(
        "m=message 2856 tcp/tls/msrp *\n"
        "a=path:msrps://relay.example:2855/r;tcp msrps://192.0.2.1:2856/abc;tcp\n"
        "a=accept-types:message/cpim text/plain\n"
        "a=accept-wrapped-types:*\n"
        "a=max-size:65536\n"
        "a=setup:ActPass\n"
        "a=connection:new\n"
        "a=chatroom:nickname private-messages anonymous\n"
        "a=fingerprint:SHA-256 aa:bb\n"
        "a=msrp-cema\n"
        "a=recvonly\n"
        "a=label:7\n"
    )
    assert media.is_secure
    assert media.has_relay
    assert media.path[-1] == "msrps://192.0.2.1:2856/abc;tcp"
    assert media.transport == "tcp"
    assert media.host == "192.0.2.1"
    assert media.accept_types == ("message/cpim", "text/plain")
    assert media.accept_wrapped_types == ("*",)
    assert media.max_size == 65536
    assert media.setup is Setup.ACTPASS
    assert media.chatroom == frozenset({"nickname", "private-messages", "anonymous"})
    assert media.has_feature(NICKNAME)
    assert media.has_feature(PRIVATE_MESSAGES)
    assert media.fingerprints == (Fingerprint("sha-256", "AA:BB"),)
    assert media.has_cema
    assert media.direction is Direction.RECVONLY
    assert [str(item) for item in media.others] == ["label:7"]


def test_a_bare_chat_has_no_room_and_no_limits() -> None:
    media = read(CHAT)
    assert (media.chatroom, media.max_size, media.setup, media.fingerprints) == (None, None, None, ())
    assert media.direction is Direction.SENDRECV
    assert not media.has_cema
    assert not media.is_file_transfer
    assert not media.has_feature(NICKNAME)


def test_a_chat_is_written_as_it_is_read() -> None:
    media = MessageMedia(
        port=2856,
        is_secure=True,
        path=("msrps://[2001:db8::1]:2856/xyz;tcp",),
        host="2001:db8::1",
        accept_wrapped_types=("text/plain", "text/html"),
        max_size=10_000,
        setup=Setup.PASSIVE,
        chatroom=frozenset({NICKNAME, PRIVATE_MESSAGES}),
        fingerprints=(Fingerprint("sha-256", "AA:BB"),),
        direction=Direction.SENDONLY,
        has_cema=True,
    )
    assert str(media.section()) == (
        "m=message 2856 TCP/TLS/MSRP *\r\n"
        "c=IN IP6 2001:db8::1\r\n"
        "a=accept-types:message/cpim\r\n"
        "a=path:msrps://[2001:db8::1]:2856/xyz;tcp\r\n"
        "a=accept-wrapped-types:text/plain text/html\r\n"
        "a=max-size:10000\r\n"
        "a=setup:passive\r\n"
        "a=chatroom:nickname private-messages\r\n"
        "a=fingerprint:sha-256 AA:BB\r\n"
        "a=msrp-cema\r\n"
        "a=sendonly\r\n"
    )
    description = SessionDescription(Origin(1, 1, Connection("h")), (media.section(),))
    assert MessageMedia.read(description, description.media[0]) == media


def test_a_room_without_features_still_says_that_it_is_a_room() -> None:
    media = MessageMedia(port=1, is_secure=False, path=("msrp://h:1/s;tcp",), host="", chatroom=frozenset())
    assert "a=chatroom\r\n" in str(media.section())
    assert "c=" not in str(media.section())
    assert read(CHAT + "a=chatroom\n").chatroom == frozenset()


def test_the_prose_form_of_the_nickname_token_counts() -> None:
    assert read(CHAT + "a=chatroom:Nicknames\n").chatroom == frozenset({NICKNAME})


def test_a_chatroom_at_session_level_is_no_chatroom() -> None:
    assert read(CHAT, "a=chatroom:nickname\n").chatroom is None


def test_session_level_setup_direction_and_fingerprint_count_for_the_chat() -> None:
    media = read(CHAT, "a=inactive\na=setup:active\na=fingerprint:sha-1 0A\n")
    assert media.direction is Direction.INACTIVE
    assert media.setup is Setup.ACTIVE
    assert media.fingerprints == (Fingerprint("sha-1", "0A"),)


@pytest.mark.parametrize("role", ["holdconn", "whatever", ""])
def test_roles_without_meaning_for_msrp_are_no_role(role: str) -> None:
    assert read(CHAT + f"a=setup:{role}\n").setup is None


def test_a_size_that_is_no_number_is_no_limit() -> None:
    assert read(CHAT + "a=max-size:huge\n").max_size is None


def test_a_file_transfer_is_recognised() -> None:
    assert read(CHAT + "a=file-selector:name:x.png\n").is_file_transfer


@pytest.mark.parametrize(
    "section",
    [
        "m=audio 1 RTP/AVP 0\n",
        "m=message 2855 TCP/WSS/MSRP *\na=path:msrp://h:1/s;tcp\n",
        "m=message 2855 TCP/MSRP *\n",
        "m=message 2855 TCP/MSRP *\na=path\n",
        "m=message 2855 TCP/MSRP *\na=path:http://h/\n",
        "m=message 2855 TCP/MSRP *\na=path:msrp://h:1/s\n",
        CHAT + "a=fingerprint:sha-256 nothex\n",
        CHAT + "a=fingerprint\n",
    ],
)
def test_what_is_no_usable_chat_is_refused(section: str) -> None:
    with pytest.raises(ParseError):
        read(section)


def test_types_are_taken_by_the_lists_of_the_writer() -> None:
    media = read(CHAT + "a=accept-wrapped-types:image/png\n")
    assert media.takes("text/html")
    assert not media.takes("image/png")
    assert media.takes_wrapped("image/png")
    assert media.takes_wrapped("text/html")
    assert not media.takes_wrapped("image/gif")


def test_the_transport_of_a_websocket_path_is_seen() -> None:
    media = read("m=message 443 TCP/TLS/MSRP *\na=path:msrps://h.invalid:443/s;WS;x=y\na=accept-types:*\n")
    assert media.transport == "ws"


@pytest.mark.parametrize(
    ("path", "matches"),
    [
        ("msrp://192.0.2.1:2855/a;tcp", True),
        ("msrp://user@192.0.2.1:2855/a;tcp", True),
        ("msrp://192.0.2.1/a;tcp", True),
        ("msrp://10.0.0.1:2855/a;tcp", False),
        ("msrp://[2001:db8::1]:2855/a;tcp", False),
        ("msrp://192.0.2.1:2856/a;tcp", False),
        ("msrp://host.example:2855/a;tcp", True),
        ("msrp://192.0.2.1:2855/r;tcp msrp://10.0.0.1:7/a;tcp", True),
        ("msrp://::1/a;tcp", False),
    ],
)
def test_the_address_is_compared_with_the_path(path: str, *, matches: bool) -> None:
    media = read(f"m=message 2855 TCP/MSRP *\na=path:{path}\n")
    assert media.is_path_at_address is matches


def test_ipv6_addresses_are_compared_as_numbers_however_they_are_written() -> None:
    path = "a=path:msrp://[2001:DB8:0:0::1]:2855/a;tcp\n"
    assert read("m=message 2855 TCP/MSRP *\nc=IN IP6 2001:db8::1\n" + path).is_path_at_address
    assert not read("m=message 2855 TCP/MSRP *\nc=IN IP6 2001:db8::2\n" + path).is_path_at_address


def test_the_discard_port_contradicts_nothing() -> None:
    assert read("m=message 9 TCP/MSRP *\na=path:msrp://10.0.0.1:2855/a;tcp\n").is_path_at_address


@pytest.mark.parametrize("direction", list(Direction))
def test_a_direction_is_made_of_what_it_does(direction: Direction) -> None:
    assert Direction.of(sends=direction.sends, receives=direction.receives) is direction


def test_a_fingerprint_is_compared_in_one_form() -> None:
    assert str(Fingerprint.parse("SHA-1 aa:0b")) == "sha-1 AA:0B"
