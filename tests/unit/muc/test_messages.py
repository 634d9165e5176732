import pytest

from crossroom.muc.messages import content_of, posted_tail, text_of
from crossroom.room.address import ArchiveId, EndpointId, MessageId, Network, Nickname
from crossroom.room.content import Content, Native
from crossroom.room.events import Occupant, Posted
from crossroom.room.standing import Affiliation, Role
from crossroom.xmpp.jid import Jid
from unit.muc.world import read

ROOM = Jid.parse("tea@conf.example")
ANA = Occupant(EndpointId("e"), Nickname("Ana"), Role.PARTICIPANT, Affiliation.NONE)
OOB = "<x xmlns='jabber:x:oob'><url>https://x.example/tea.png</url></x>"
HTML = "<html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'><p>a<b>b</b></p></body></html>"
REPLACE = "<replace id='k' xmlns='urn:xmpp:message-correct:0'/>"


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        ("<body>tea</body>", "tea"),
        ("<body>https://x.example/tea.png</body>" + OOB, "https://x.example/tea.png"),
        (OOB, "https://x.example/tea.png"),
        (HTML, "ab"),
        ("<body>plain</body>" + HTML, "plain"),
        ("<body>teh</body>" + REPLACE, "* corrected: teh"),
    ],
)
def test_other_networks_are_shown_the_text_of_a_message(inside: str, text: str) -> None:
    content = content_of(read(f"<message type='groupchat' xml:lang='de'>{inside}</message>"))
    assert content == Content("text/plain", text, "de")


@pytest.mark.parametrize("inside", ["", "<body/>", REPLACE, "<x xmlns='jabber:x:oob'/>"])
def test_a_message_without_text_shows_other_networks_nothing(inside: str) -> None:
    assert content_of(read(f"<message type='groupchat'>{inside}</message>")) is None


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (Content("text/plain", "tea"), "tea"),
        (Content("text/markdown", "*tea*"), "*tea*"),
        (Content("text/html", "<p>one<br>two</p><p>three &amp; four</p>"), "one\ntwo\nthree & four"),
        (Content("image/png", b"\x89PNG"), "[image/png, 4 octets]"),
    ],
)
def test_content_of_every_type_becomes_a_body(content: Content, text: str) -> None:
    assert text_of(content) == text


def test_a_post_of_another_network_gets_its_body_from_the_content() -> None:
    native = Native(Network.SIP, b"Content-Type: text/plain\r\n\r\ntea")
    event = Posted(ANA, MessageId("m"), ArchiveId(""), 0.0, Content("text/plain", "tea"), native)
    assert posted_tail(ROOM, event) == (
        b" from='tea@conf.example/Ana' id='m' type='groupchat'><body>tea</body></message>"
    )


def test_a_post_that_only_its_own_network_understands_is_not_shown() -> None:
    event = Posted(ANA, MessageId("m"), ArchiveId("a"), 0.0, None, Native(Network.SIP, b"imdn"))
    assert posted_tail(ROOM, event) is None
