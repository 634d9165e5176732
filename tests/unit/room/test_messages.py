from dataclasses import replace

import pytest

from crossroom.room.address import ArchiveId, MessageId, Network
from crossroom.room.commands import Acknowledge, Compose, Leave
from crossroom.room.configuration import PrivateMessages
from crossroom.room.content import Composing, Content, Native, Receipt
from crossroom.room.events import Acknowledged, ComposingChanged, Posted
from crossroom.room.reasons import Reason
from crossroom.room.standing import Role
from crossroom.room.state import RoomLimits
from stage import Stage, address, endpoint, nick


def three(**settings: object) -> Stage:
    stage = Stage(**settings)  # type: ignore[arg-type]  # settings of the room only
    for name in ("Ana", "Bob", "Cy"):
        stage.join(name)
    stage.forget()
    return stage


def test_post_goes_to_everybody_with_its_senders_id_the_rooms_id_and_the_rooms_time() -> None:
    stage = three()
    native = Native(Network.XMPP, b"<body>hello</body>")
    stage.say("Bob", "hello", "k7", native=native, at=1.0)
    for name in ("Ana", "Bob", "Cy"):
        (posted,) = stage.of(name, Posted)
        assert (posted.id, posted.archive_id, posted.at) == ("k7", ArchiveId("a-k7"), 1000.0)
        assert (posted.author.nickname, posted.native, posted.to) == ("Bob", native, None)
        assert not posted.delayed


def test_post_is_one_shared_event_per_view() -> None:
    stage = three()
    deliveries = stage.say("Bob")
    assert [delivery.to for delivery in deliveries] == [("Ana",), ("Bob", "Cy")]
    again = stage.say("Bob", message_id="m2")
    assert [old.to is new.to for old, new in zip(deliveries, again, strict=True)] == [True, True]


def test_visitor_is_refused_and_nothing_is_kept() -> None:
    stage = three()
    stage.role("Ana", "Bob", Role.VISITOR)
    assert stage.refuses(stage.saying("Bob")) is Reason.NO_VOICE
    assert stage.refuses(Compose(endpoint("Bob"), Composing.COMPOSING)) is Reason.NO_VOICE


def test_stranger_is_refused() -> None:
    assert three().refuses(three().saying("Eve")) is Reason.NOT_IN_ROOM


def test_size_counts_content_native_form_and_id_together() -> None:
    stage = Stage(RoomLimits(post_octets=12))
    stage.join("Ana")
    stage.say("Ana", "12345", native=Native(Network.SIP, b"12345"))
    assert (
        stage.refuses(stage.saying("Ana", "12345", native=Native(Network.SIP, b"123456"))) is Reason.TOO_LARGE
    )
    assert stage.refuses(stage.saying("Ana", "12345678901", to=nick("Ana"))) is Reason.TOO_LARGE
    assert stage.refuses(stage.saying("Ana", "12345", "m" * 8)) is Reason.TOO_LARGE


def test_history_has_no_private_no_unkept_and_no_empty_posts() -> None:
    stage = three()
    stage.say("Ana", "kept")
    stage.say("Ana", "secret", "m2", to=nick("Bob"))
    stage.say("Ana", "not stored", "m3", is_kept=False)
    stage.say("Ana", "", "m4", content=None, native=Native(Network.XMPP, b"<reaction/>"))
    stage.join("Dee")
    assert stage.texts("Dee") == ["kept"]
    assert [posted.id for posted in stage.of("Cy", Posted)] == ["m1", "m3", "m4"]


def test_private_message_reaches_all_devices_of_its_recipient_and_nobody_else() -> None:
    stage = three()
    stage.join("Bob", "laptop", address=address("Bob", "laptop"))
    stage.forget()
    stage.say("Cy", "psst", to=nick("BOB"))
    assert stage.texts("Bob") == stage.texts("laptop") == ["psst"]
    assert stage.texts("Ana") == stage.texts("Cy") == []
    (posted,) = stage.of("Bob", Posted)
    assert (posted.to, posted.author.address) == ("Bob", None)
    stage.say("Cy", "psst", to=nick("Ana"))
    assert stage.of("Ana", Posted)[0].author.address == address("Cy")


def test_private_message_to_oneself_is_delivered() -> None:
    stage = three()
    stage.say("Bob", "note", to=nick("Bob"))
    assert stage.texts("Bob") == ["note"]


@pytest.mark.parametrize(
    ("policy", "least"),
    [
        (PrivateMessages.ANYONE, Role.VISITOR),
        (PrivateMessages.PARTICIPANTS, Role.PARTICIPANT),
        (PrivateMessages.MODERATORS, Role.MODERATOR),
    ],
)
def test_private_messages_take_the_role_that_the_room_asks_for(policy: PrivateMessages, least: Role) -> None:
    stage = three(private_messages=policy)
    for role in (Role.VISITOR, Role.PARTICIPANT, Role.MODERATOR):
        stage.role("Ana", "Bob", role)
        if role < least:
            assert stage.refuses(stage.saying("Bob", to=nick("Ana"))) is Reason.NOT_ALLOWED
        else:
            stage.say("Bob", to=nick("Ana"))
            assert stage.of("Ana", Posted)[-1].author.role is role


def test_private_messages_can_be_off_in_the_room_or_at_the_recipient() -> None:
    stage = three(private_messages=PrivateMessages.NONE)
    assert stage.refuses(stage.saying("Ana", to=nick("Bob"))) is Reason.PRIVATE_MESSAGES_OFF
    stage = three()
    stage.join("Dee", takes_private=False)
    assert stage.refuses(stage.saying("Ana", to=nick("Dee"))) is Reason.PRIVATE_MESSAGES_UNSUPPORTED
    assert stage.refuses(stage.saying("Ana", to=nick("Nobody"))) is Reason.NO_SUCH_PARTICIPANT


def test_typing_goes_to_everybody_or_to_one_and_is_never_kept() -> None:
    stage = three()
    stage.do(Compose(endpoint("Bob"), Composing.COMPOSING))
    stage.do(Compose(endpoint("Bob"), Composing.PAUSED, nick("cy")))
    assert [event.state for event in stage.of("Ana", ComposingChanged)] == [Composing.COMPOSING]
    assert [(event.state, event.to) for event in stage.of("Cy", ComposingChanged)] == [
        (Composing.COMPOSING, None),
        (Composing.PAUSED, "Cy"),
    ]
    assert stage.of("Cy", ComposingChanged)[0].author.nickname == "Bob"
    assert stage.room.snapshot().history == ()


def test_octets_are_posted_as_well_as_text() -> None:
    stage = three()
    picture = Content("image/png", b"\x89PNG")
    stage.say("Ana", "", content=picture)
    assert stage.of("Bob", Posted)[0].content == picture


def test_receipt_goes_to_the_author_alone_whoever_may_send_private_messages() -> None:
    stage = three(private_messages=PrivateMessages.MODERATORS)
    wanted = frozenset({Receipt.DELIVERED})
    stage.say("Ana", "psst", "p1", to=nick("Bob"), receipts=wanted)
    assert stage.of("Bob", Posted)[0].receipts == wanted
    native = Native(Network.XMPP, b"<received/>")
    stage.do(Acknowledge(endpoint("Bob"), nick("ANA"), MessageId("p1"), Receipt.DELIVERED, native))
    [told] = stage.of("Ana", Acknowledged)
    assert (told.author.nickname, told.id, told.receipt, told.to) == ("Bob", "p1", Receipt.DELIVERED, "Ana")
    assert (told.native, told.author.address) == (native, address("Bob"))
    assert not stage.of("Bob", Acknowledged)
    assert not stage.of("Cy", Acknowledged)


def test_nobody_is_asked_for_receipts_of_what_is_said_to_all() -> None:
    stage = three()
    stage.say("Ana", receipts=frozenset(Receipt))
    assert stage.of("Bob", Posted)[0].receipts == frozenset()


def test_receipt_to_nobody_or_where_private_messages_are_off_is_refused() -> None:
    stage = three()
    receipt = Acknowledge(endpoint("Bob"), nick("Nobody"), MessageId("p1"), Receipt.DELIVERED)
    assert stage.refuses(receipt) is Reason.NO_SUCH_PARTICIPANT
    stage.join("Dee", takes_private=False)
    assert stage.refuses(replace(receipt, to=nick("Dee"))) is Reason.PRIVATE_MESSAGES_UNSUPPORTED
    assert stage.refuses(replace(receipt, endpoint=endpoint("Eve"))) is Reason.NOT_IN_ROOM
    stage = three(private_messages=PrivateMessages.NONE)
    assert stage.refuses(replace(receipt, to=nick("Ana"))) is Reason.PRIVATE_MESSAGES_OFF


def test_failure_at_one_of_several_devices_is_no_failure() -> None:
    stage = three()
    failed = Acknowledge(endpoint("Bob"), nick("Ana"), MessageId("p1"), Receipt.FAILED)
    stage.join("Bob", "laptop", address=address("Bob", "laptop"))
    stage.do(failed)
    assert not stage.of("Ana", Acknowledged)
    stage.do(replace(failed, receipt=Receipt.DELIVERED))
    stage.do(Leave(endpoint("laptop")))
    stage.do(failed)
    assert [told.receipt for told in stage.of("Ana", Acknowledged)] == [Receipt.DELIVERED, Receipt.FAILED]


def test_private_message_is_refused_for_its_recipient_before_the_policy() -> None:
    """RFC 7701 §6.2: 404, then 428, then 403."""
    stage = three(private_messages=PrivateMessages.NONE)
    stage.join("Dee", takes_private=False)
    assert stage.refuses(stage.saying("Ana", to=nick("Nobody"))) is Reason.NO_SUCH_PARTICIPANT
    assert stage.refuses(stage.saying("Ana", to=nick("Dee"))) is Reason.PRIVATE_MESSAGES_UNSUPPORTED
    assert stage.refuses(stage.saying("Ana", to=nick("Bob"))) is Reason.PRIVATE_MESSAGES_OFF
