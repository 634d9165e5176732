"""What a room's events look like on the wire, octet by octet (XEP-0045 §7-10, 0203, 0359, 0421; docs/mapping.md §3)."""

from dataclasses import replace

import pytest
from msgspec import structs

from crossroom.muc.fanout import Tails
from crossroom.muc.presence import not_there_tail
from crossroom.muc.view import View
from crossroom.room.address import Address, ArchiveId, EndpointId, MessageId, Network, Nickname
from crossroom.room.configuration import Configuration
from crossroom.room.content import Composing, Content, Native
from crossroom.room.events import (
    Changed,
    ComposingChanged,
    Configured,
    Ended,
    Joined,
    Left,
    Occupant,
    Posted,
    Renamed,
    RoomEvent,
    SubjectChanged,
)
from crossroom.room.reasons import Departure
from crossroom.room.standing import Affiliation, Role
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.stanza import head

ROOM = Jid.parse("tea@conf.example")
TO = Jid.parse("bob@xmpp.example/phone")
OPEN = Configuration(is_anonymous=False)
BOBS = Address("bob", "xmpp.example", "phone", Network.XMPP)
ANAS = Address("ana", "sip.example", "a1", Network.SIP)
BOB = Occupant(EndpointId("b"), Nickname("Bob"), Role.MODERATOR, Affiliation.OWNER, "idb", BOBS)
ANA = Occupant(EndpointId("a"), Nickname("Ana"), Role.PARTICIPANT, Affiliation.NONE, "ida", ANAS, "Ana A.")
DEE = Occupant(EndpointId("d"), Nickname("Dee"), Role.VISITOR, Affiliation.MEMBER, "idd")
DRESSED = replace(DEE, presence=Native(Network.XMPP, b"<show>away</show>"))
OUT = replace(ANA, role=Role.NONE)
BANNED = replace(OUT, affiliation=Affiliation.OUTCAST)
SIP_NATIVE = Native(Network.SIP, b"Content-Type: text/plain\r\n\r\ntea")
POSTED = Posted(
    ANA,
    MessageId("m1"),
    ArchiveId("s1"),
    1770113472.0,
    Content("text/plain", "tea & <cake>", "en"),
    SIP_NATIVE,
)
THEIRS = Posted(
    DEE,
    MessageId("m2"),
    ArchiveId("s2"),
    0.0,
    Content("text/plain", "hi"),
    Native(Network.XMPP, b"<body>hi</body><x xmlns='urn:example:1'/>"),
)
X = "<x xmlns='http://jabber.org/protocol/muc#user'>"
IDA, IDB, IDD = (f"<occupant-id xmlns='urn:xmpp:occupant-id:0' id='{one}'/>" for one in ("ida", "idb", "idd"))
NICK = "<nick xmlns='http://jabber.org/protocol/nick'>Ana A.</nick>"
ANA_JID = "jid='ana@sip.example/a1'"
ANA_OUT = f"affiliation='none' {ANA_JID} role='none'"
SID1 = "<stanza-id xmlns='urn:xmpp:sid:0' by='tea@conf.example' id='s1'/>"
SID2 = SID1.replace("s1", "s2")
DELAY = "<delay xmlns='urn:xmpp:delay' from='tea@conf.example' stamp='2026-02-03T10:11:12.000Z'/>"
MINE = "<presence to='bob@xmpp.example/phone' from='tea@conf.example/Bob'>"
ANAS_PRESENCE = "<presence to='bob@xmpp.example/phone' from='tea@conf.example/Ana'>"
ANA_GONE = "<presence to='bob@xmpp.example/phone' from='tea@conf.example/Ana' type='unavailable'>"
DEES_PRESENCE = "<presence to='bob@xmpp.example/phone' from='tea@conf.example/Dee'>"
SAID = "<message to='bob@xmpp.example/phone' from='tea@conf.example"
BOB_ITEM = "<item affiliation='owner' jid='bob@xmpp.example/phone' role='moderator'/>"

VECTORS: list[tuple[str, RoomEvent, list[str]]] = [
    (
        "somebody of the other network comes in",
        Joined(ANA, OPEN),
        [
            f"{ANAS_PRESENCE}{NICK}{IDA}{X}<item affiliation='none' {ANA_JID} role='participant'/></x></presence>"
        ],
    ),
    (
        "somebody whose address is hidden comes in, away",
        Joined(DRESSED, Configuration()),
        [
            f"{DEES_PRESENCE}<show>away</show>{IDD}{X}<item affiliation='member' role='visitor'/></x></presence>"
        ],
    ),
    (
        "a moderator gives voice",
        Changed(replace(DEE, role=Role.PARTICIPANT), "speak up", Nickname("Bob")),
        [
            (
                f"{DEES_PRESENCE}{IDD}{X}<item affiliation='member' role='participant'><actor nick='Bob'/>"
                "<reason>speak up</reason></item></x></presence>"
            )
        ],
    ),
    (
        "a new nickname",
        Renamed(replace(ANA, nickname=Nickname("Anna"), display_name=""), Nickname("Ana")),
        [
            (
                f"{ANA_GONE}{IDA}{X}<item affiliation='none' {ANA_JID} nick='Anna' role='participant'/>"
                "<status code='303'/></x></presence>"
            ),
            (
                f"<presence to='bob@xmpp.example/phone' from='tea@conf.example/Anna'>{IDA}{X}"
                f"<item affiliation='none' {ANA_JID} role='participant'/></x></presence>"
            ),
        ],
    ),
    (
        "a goodbye",
        Left(OUT, Departure.LEFT, "good night"),
        [f"{ANA_GONE}<status>good night</status>{IDA}{X}<item {ANA_OUT}/></x></presence>"],
    ),
    (
        "a kick",
        Left(OUT, Departure.KICKED, "why", Nickname("Bob")),
        [
            (
                f"{ANA_GONE}{IDA}{X}<item {ANA_OUT}><actor nick='Bob'/><reason>why</reason></item>"
                "<status code='307'/></x></presence>"
            )
        ],
    ),
    (
        "a ban",
        Left(BANNED, Departure.BANNED),
        [
            f"{ANA_GONE}{IDA}{X}<item affiliation='outcast' {ANA_JID} role='none'/><status code='301'/></x></presence>"
        ],
    ),
    (
        "a lost connection",
        Left(OUT, Departure.LINK_LOST),
        [f"{ANA_GONE}{IDA}{X}<item {ANA_OUT}/><status code='333'/></x></presence>"],
    ),
    ("one of several devices", Left(OUT, Departure.LEFT, is_last_endpoint=False), []),
    (
        "a destroyed room",
        Left(BOB, Departure.ROOM_DESTROYED, "all gone", alternative=Address("cake", "conf.example")),
        [
            (
                "<presence to='bob@xmpp.example/phone' from='tea@conf.example/Bob' type='unavailable'>"
                f"{IDB}{X}<destroy jid='cake@conf.example'><reason>all gone</reason></destroy>"
                "<item affiliation='none' role='none'/><status code='110'/></x></presence>"
            )
        ],
    ),
    (
        "a shutdown",
        Ended(Departure.SHUTDOWN),
        [
            (
                "<presence to='bob@xmpp.example/phone' from='tea@conf.example/Bob' type='unavailable'>"
                f"{IDB}{X}<item affiliation='owner' jid='bob@xmpp.example/phone' role='none'/>"
                "<status code='110'/><status code='332'/></x></presence>"
            )
        ],
    ),
    (
        "a message of the other network",
        POSTED,
        [
            (
                f"{SAID}/Ana' id='m1' type='groupchat' xml:lang='en'><body>tea &amp; &lt;cake&gt;</body>"
                f"{SID1}{IDA}</message>"
            )
        ],
    ),
    (
        "the same out of the history",
        structs.replace(POSTED, delayed=True),
        [
            (
                f"{SAID}/Ana' id='m1' type='groupchat' xml:lang='en'><body>tea &amp; &lt;cake&gt;</body>"
                f"{SID1}{IDA}{DELAY}</message>"
            )
        ],
    ),
    (
        "a message with its author's own children",
        THEIRS,
        [
            f"{SAID}/Dee' id='m2' type='groupchat'><body>hi</body><x xmlns='urn:example:1'/>{SID2}{IDD}</message>"
        ],
    ),
    (
        "a private message",
        structs.replace(POSTED, to=Nickname("Bob")),
        [
            (
                f"{SAID}/Ana' id='m1' type='chat' xml:lang='en'><body>tea &amp; &lt;cake&gt;</body>"
                f"{IDA}<x xmlns='http://jabber.org/protocol/muc#user'/></message>"
            )
        ],
    ),
    (
        "a private notification of the other network",
        structs.replace(POSTED, content=None, to=Nickname("Bob")),
        [],
    ),
    ("one's own private message", structs.replace(POSTED, author=BOB, to=Nickname("Ana")), []),
    (
        "typing",
        ComposingChanged(ANA, Composing.COMPOSING),
        [
            (
                f"{SAID}/Ana' type='groupchat'><composing xmlns='http://jabber.org/protocol/chatstates'/>"
                f"<no-store xmlns='urn:xmpp:hints'/>{IDA}</message>"
            )
        ],
    ),
    (
        "typing of somebody without an id",
        ComposingChanged(replace(ANA, id=""), Composing.ACTIVE),
        [
            (
                f"{SAID}/Ana' type='groupchat'><active xmlns='http://jabber.org/protocol/chatstates'/>"
                "<no-store xmlns='urn:xmpp:hints'/></message>"
            )
        ],
    ),
    (
        "somebody without an id comes in",
        Joined(replace(DEE, id=""), OPEN),
        [f"{DEES_PRESENCE}{X}<item affiliation='member' role='visitor'/></x></presence>"],
    ),
    (
        "a subject",
        SubjectChanged("Tea at five", Nickname("Bob"), 1770113472.0, MessageId("m3"), ArchiveId("s1")),
        [f"{SAID}/Bob' id='m3' type='groupchat'><subject>Tea at five</subject>{SID1}{IDB}</message>"],
    ),
    (
        "the subject for a newcomer, by somebody who has left",
        SubjectChanged("Tea", Nickname("Eve"), 1770113472.0, delayed=True),
        [f"{SAID}/Eve' type='groupchat'><subject>Tea</subject>{DELAY}</message>"],
    ),
    ("no subject", SubjectChanged("", delayed=True), [f"{SAID}' type='groupchat'><subject/></message>"]),
    (
        "addresses are shown from now on",
        Configured(Configuration(), replace(OPEN, name="Tea")),
        [f"{SAID}' type='groupchat'>{X}<status code='104'/><status code='172'/></x></message>"],
    ),
    ("an unlocked room", Configured(OPEN, OPEN), []),
]


def at_bobs(event: RoomEvent) -> list[str]:
    """What Bob, who is inside, is sent."""
    view = View(ROOM, EndpointId("b"), Nickname("Bob"), Tails())
    view.write(Joined(BOB, OPEN))
    return [(head(kind, TO) + tail).decode() for kind, tail in view.write(event)]


@pytest.mark.parametrize(
    ("event", "wire"), [(event, wire) for _, event, wire in VECTORS], ids=[v[0] for v in VECTORS]
)
def test_an_event_is_written_as_the_xep_shows_it(event: RoomEvent, wire: list[str]) -> None:
    assert at_bobs(event) == wire


@pytest.mark.parametrize(
    ("event", "codes"),
    [
        (Joined(BOB, Configuration()), (110,)),
        (Joined(BOB, OPEN), (100, 110)),
        (Joined(BOB, OPEN, created=True, locked=True), (100, 110, 201)),
        (Joined(BOB, Configuration(), assigned=True), (110, 210)),
    ],
)
def test_ones_own_arrival_says_all_that_a_client_must_know(event: Joined, codes: tuple[int, ...]) -> None:
    view = View(ROOM, EndpointId("b"), Nickname("Bob"), Tails())
    [(kind, tail)] = view.write(event)
    statuses = "".join(f"<status code='{code}'/>" for code in codes)
    assert (head(kind, TO) + tail).decode() == f"{MINE}{IDB}{X}{BOB_ITEM}{statuses}</x></presence>"


def test_who_is_not_inside_is_told_so() -> None:
    tail = not_there_tail(Jid.parse("tea@conf.example/Bob"), (110, 307, 333))
    assert tail.decode() == (
        f" from='tea@conf.example/Bob' type='unavailable'>{X}<item affiliation='none' role='none'/>"
        "<status code='110'/><status code='307'/><status code='333'/></x></presence>"
    )
