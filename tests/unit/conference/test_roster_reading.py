import pytest

from crossroom.bodies.conference_info import ConferenceInfo, Endpoint, Execution, Media, Uri, User
from crossroom.conference.roster_reading import Disconnected, Seen, read_roster, user_key
from crossroom.room.address import Address, Network
from crossroom.room.reasons import Departure
from crossroom.room.standing import Affiliation, JoiningMethod, Role
from unit.conference.roster_world import BOB, ROOM, roster, user


def seen(*users: User) -> list[Seen]:
    return list(read_roster(roster(*users), ROOM).present.values())


def test_a_rich_entry_is_read_whole() -> None:
    endpoint = Endpoint(
        "sip:bob@xmpp.example;gr=phone",
        display_text="Bob B.",
        status="on-hold",
        joining_method="dialed-out",
        referred=Execution(by="sip:ana@sip.example"),
        media=(Media("1", "message", "sendrecv"),),
    )
    aors = (Uri("mailto:bob@xmpp.example"), Uri("xmpp:bob@xmpp.example"))
    entry = User(
        "sip:bob@xmpp.example",
        nickname="Bob",
        display_text="B.",
        associated_aors=aors,
        roles=("member", "participant"),
        endpoints=(endpoint,),
    )
    assert seen(entry) == [
        Seen(
            key=("bob@xmpp.example/", "sip:bob@xmpp.example;gr=phone"),
            names=("Bob", "B.", "bob", "sip:bob@xmpp.example"),
            role=Role.PARTICIPANT,
            affiliation=Affiliation.MEMBER,
            address=BOB,
            display_name="Bob B.",
            joining=JoiningMethod.DIALED_OUT,
            referred_by=Address("ana", "sip.example"),
        )
    ]


def test_a_user_without_endpoints_is_there() -> None:
    (entry,) = seen(User("sip:ana@sip.example"))
    assert entry.key == ("ana@sip.example/", "sip:ana@sip.example")
    assert entry.address == Address("ana", "sip.example")


def test_a_document_without_users_is_an_empty_room() -> None:
    assert read_roster(ConferenceInfo("sip:tea@conf.example"), ROOM).present == {}


@pytest.mark.parametrize(
    ("status", "there"),
    [
        (None, True),
        ("connected", True),
        ("muted-via-focus", True),
        ("on-hold", True),
        ("daydreaming", True),
        ("pending", False),
        ("alerting", False),
        ("dialing-in", False),
        ("dialing-out", False),
        ("disconnecting", False),
        ("disconnected", False),
    ],
)
def test_only_who_is_in_the_conference_is_there(status: str | None, *, there: bool) -> None:
    reading = read_roster(roster(User("sip:a@x", endpoints=(Endpoint("e", status=status),))), ROOM)
    assert bool(reading.present) is there
    assert bool(reading.gone) is (status == "disconnected")


def test_how_somebody_went_is_read() -> None:
    gone = Endpoint(
        "e",
        status="disconnected",
        disconnection_method="booted",
        disconnection=Execution(reason='SIP;cause=403;text="Banned by Ana: spam"', by="sip:Ana@Sip.example"),
    )
    bare = Endpoint("f", status="disconnected")
    reading = read_roster(roster(User("sip:a@x", endpoints=(gone, bare))), ROOM)
    assert reading.gone["a@x/", "e"] == Disconnected(Departure.BANNED, "spam", "ana@sip.example/")
    assert reading.gone["a@x/", "f"] == Disconnected(Departure.LEFT)


@pytest.mark.parametrize(
    ("entity", "names"),
    [
        ("sip:ana@sip.example", ("ana", "sip:ana@sip.example")),
        ("sip:tea@conf.example;gr=Bob", ("Bob", "sip:tea@conf.example;gr=Bob")),
        ("sip:tea@conf.example", ("conf.example", "sip:tea@conf.example")),
        ("sip:sip.example", ("sip.example", "sip:sip.example")),
        ("tel:+1", ("tel:+1",)),
        ("whoever", ("whoever",)),
    ],
)
def test_somebody_without_a_name_is_called_by_the_uri(entity: str, names: tuple[str, ...]) -> None:
    assert seen(user(entity, ""))[0].names == names


@pytest.mark.parametrize(
    ("entity", "token"),
    [
        ("sip:f00d@anonymous.conf.example", "f00d"),
        ("sip:f00d@anonymous.elsewhere.example", ""),
        ("sip:anonymous@anonymous.invalid", ""),
        ("sip:tea@conf.example;gr=Bob", ""),
        ("sip:conf.example", ""),
        ("no uri", ""),
    ],
)
def test_who_is_hidden_has_no_address(entity: str, token: str) -> None:
    (entry,) = seen(user(entity, "Bob", "e"))
    assert entry.address is None
    assert entry.id == token


def test_an_address_keeps_the_device_of_its_own_endpoint_only() -> None:
    one, two = seen(user("sip:ana@192.0.2.1", "Ana", "sip:ana@192.0.2.1;gr=d", "sip:x@10.0.0.9:5060"))
    assert one.address == Address("ana", "192.0.2.1", "d")
    assert two.address == Address("ana", "192.0.2.1")


def test_an_xmpp_address_is_known_as_such() -> None:
    entry = User("sip:tea@conf.example;gr=Bob", associated_aors=(Uri("xmpp:bob@xmpp.example/phone"),))
    assert seen(entry)[0].address == Address("bob", "xmpp.example", "phone", Network.XMPP)


def test_only_messages_that_are_received_only_make_a_visitor() -> None:
    audio = Endpoint("e", media=(Media("1", "audio", "recvonly"), Media("2", "message", "sendrecv")))
    assert seen(User("sip:a@x", endpoints=(audio,)))[0].role is Role.PARTICIPANT
    mute = Endpoint("e", media=(Media("1", None, "recvonly"),))
    assert seen(User("sip:a@x", endpoints=(mute,)))[0].role is Role.VISITOR


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("sip:Ana@X.example:5060;transport=tcp", "sip:ana@x.example", True),
        ("sip:tea@conf.example;gr=Ana", "sip:tea@conf.example;gr=Bob", False),
        ("odd", "odd", True),
    ],
)
def test_users_are_keyed_by_person_and_gr(one: str, other: str, *, same: bool) -> None:
    assert (user_key(one) == user_key(other)) is same


def test_what_has_not_changed_is_not_read_again() -> None:
    ana, bob = user("sip:a@x", "Ana", "1"), user("sip:b@x", "Bob", "2")
    before = read_roster(roster(ana, bob), ROOM)
    after = read_roster(roster(user("sip:a@x", "Ana", "1"), user("sip:b@x", "Rob", "2")), ROOM, before)
    assert after.present["a@x/", "1"] is before.present["a@x/", "1"]
    assert after.present["b@x/", "2"].names[0] == "Rob"
