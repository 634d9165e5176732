from crossroom.bodies.conference_info import Description, Uri
from crossroom.conference.topic import Topic
from crossroom.room.configuration import Configuration
from unit.conference.roster_world import ROOM

WAYS = (
    Uri("sip:tea@conf.example", purpose="participation"),
    Uri("xmpp:tea@conf.example?join", purpose="participation"),
)


def test_a_new_topic_is_not_due() -> None:
    topic = Topic(ROOM, Configuration(name="Tea"))
    assert not topic.is_due
    assert topic.description == Description(display_text="Tea", subject="", conf_uris=WAYS)


def test_what_subscribers_see_is_due_once_when_it_changes() -> None:
    topic = Topic(ROOM, Configuration())
    topic.configure(Configuration(description="leaves", max_occupants=9))
    topic.set_subject("Oolong")
    assert topic.is_due
    told = topic.tell()
    assert told == Description(subject="Oolong", free_text="leaves", conf_uris=WAYS, maximum_user_count=9)
    assert topic.is_due is False


def test_settings_that_are_not_shown_are_never_due() -> None:
    topic = Topic(ROOM, Configuration())
    topic.configure(Configuration(is_public=False, password="x"))
    topic.set_subject("")
    assert not topic.is_due
