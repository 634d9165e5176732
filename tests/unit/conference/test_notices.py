from datetime import UTC, datetime

import pytest

from crossroom.bodies.cpim import STATUS_NAMESPACE, CpimMessage
from crossroom.conference.notices import (
    LISTED,
    NoticeSettings,
    about_the_room,
    notice_about,
    notice_of,
    too_long,
)
from crossroom.msrp.chunk import FailureReport
from crossroom.room.address import ArchiveId, MessageId, Nickname
from crossroom.room.configuration import Configuration
from crossroom.room.content import Content
from crossroom.room.events import Configured, Left, Posted, Renamed, RoomEvent, SubjectChanged
from crossroom.room.reasons import Departure
from crossroom.sip.uri import SipUri
from unit.conference.roster_world import joined, left, occupant

ALL = NoticeSettings(welcome=True, joins=True, subject=True)
NONE = NoticeSettings(welcome=False, joins=False, subject=False)
BOB = occupant("Bob")
NOW = datetime(2026, 2, 3, 10, 11, 12, tzinfo=UTC)


def test_a_notice_is_a_status_text_of_the_room_that_asks_for_no_answer() -> None:
    shared = notice_of("Kettle on \u2615", SipUri("conf.example", "tea"), NOW)
    cpim = CpimMessage.from_bytes(shared.body)
    assert cpim.extension(STATUS_NAMESPACE, "Message-Type") == "status"
    assert b"NS: agp <urn:ag-projects:xml:ns:cpim>" in shared.body
    assert cpim.sender is not None
    assert cpim.sender.uri == cpim.to[0].uri == "sip:tea@conf.example"
    assert cpim.part.text == "Kettle on \u2615"
    assert cpim.sent_at == NOW.timestamp()
    assert shared.failure_report is FailureReport.NO


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (joined(BOB), "Bob has joined."),
        (left(BOB), "Bob has left."),
        (left(BOB, text="bye"), "Bob has left: bye"),
        (left(BOB, Departure.KICKED, "enough", "Ana"), "Bob was removed by Ana: enough"),
        (left(BOB, Departure.BANNED), "Bob was banned."),
        (left(BOB, Departure.LINK_LOST), "Bob lost the connection."),
        (left(BOB, Departure.REPLACED), ""),
        (Left(BOB, Departure.LEFT, is_last_endpoint=False), ""),
        (Renamed(BOB, Nickname("Rob")), "Rob is now Bob."),
        (Renamed(BOB, Nickname("Rob"), is_last_endpoint=False), ""),
        (SubjectChanged("Tea", Nickname("Bob")), "Bob set the subject: Tea"),
        (SubjectChanged("Tea"), "The subject is: Tea"),
        (SubjectChanged("", Nickname("Bob")), "Bob removed the subject."),
        (SubjectChanged("", Nickname("Bob"), delayed=True), ""),
        (SubjectChanged("", delayed=True), ""),
        (Configured(Configuration(), Configuration()), ""),
    ],
)
def test_what_is_said_about_an_event(event: RoomEvent, text: str) -> None:
    assert notice_about(event, ALL) == text
    assert not notice_about(event, NONE)


def test_a_long_list_of_participants_is_cut() -> None:
    names = [Nickname(f"N{number}") for number in range(LISTED + 3)]
    assert about_the_room(names).endswith(f"N{LISTED - 1} and 3 more.")
    assert about_the_room(names[:2]).endswith("Here now: N0, N1.")


@pytest.mark.parametrize(("to", "kind"), [(None, "A message"), (Nickname("Ana"), "A private message")])
def test_who_is_sent_too_much_learns_from_whom(to: Nickname | None, kind: str) -> None:
    posted = Posted(BOB, MessageId("m"), ArchiveId("a"), 0.0, Content("text/plain", "x"), to=to)
    assert too_long(posted, 99).startswith(f"{kind} from Bob is longer than the 99 octets")
