import pytest

from crossroom.conference.callers import ANONYMOUS, Caller, called_room, caller_of, device_of
from crossroom.machine import ParseError
from crossroom.room.address import Address
from crossroom.sip.address import NameAddr
from crossroom.sip.message import Request
from sip_messages import request

DOMAINS = ("conference.example", "rooms.example")
HOSTS = frozenset({"192.0.2.9", "conference.example"})


def caller(*lines: str, sender: str = '"Ana" <sip:ana@sip.example>', identity: str | None = None) -> Caller:
    return caller_of(_invite(*lines, sender=sender), identity)


def _invite(
    *lines: str, sender: str = "<sip:ana@sip.example>", uri: str = "sip:tea@conference.example", to: str = ""
) -> Request:
    head = f"""INVITE {uri} SIP/2.0
        Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1
        Max-Forwards: 70
        From: {sender};tag=a1
        To: <{to or uri}>
        Call-ID: c1
        CSeq: 1 INVITE"""
    return request("\n".join((head, *lines)))


def test_a_caller_is_a_person_at_a_device_with_a_name() -> None:
    found = caller("Contact: <sip:ana@192.0.2.1;gr=phone>")
    assert (found.person, found.name, found.is_anonymous) == (
        Address("ana", "sip.example", "phone"), "Ana", False,
    )  # fmt: skip


def test_a_caller_without_contact_has_no_device() -> None:
    assert caller().person.device == ""


def test_what_the_policy_believes_goes_before_the_from() -> None:
    found = caller(sender='"Ana" <sip:anonymous@anonymous.invalid>', identity="sip:ana@sip.example")
    assert found.person == Address("ana", "sip.example")
    assert found.is_anonymous
    assert found.name == ""


def test_privacy_hides_the_name() -> None:
    assert caller("Privacy: id").name == ""


def test_whoever_hides_behind_an_address_that_nobody_can_have_is_anonymous() -> None:
    found = caller("Privacy: user", sender="<tel:+1>")
    assert found.person.is_same_person(ANONYMOUS)


def test_an_address_that_nobody_can_have_is_refused() -> None:
    with pytest.raises(ParseError):
        caller(sender="<tel:+1>")


@pytest.mark.parametrize(
    "uri",
    [
        "sip:sip.example",  # its standing would be that of everybody there
        "sip:%EF%BD%81na@sip.example",  # full-width a: XMPP would show Ana's own address
        "sip:ze%CC%81@sip.example",  # e and an accent of its own, where XMPP has one letter
    ],
)
def test_nobody_calls_under_an_address_that_would_pass_for_somebody_elses(uri: str) -> None:
    with pytest.raises(ParseError):
        caller(sender=f"<{uri}>")


@pytest.mark.parametrize("user", ["Ana", "a%20b", "%E2%80%8Bana", "z%C3%A9", "50%25"])
def test_an_address_that_has_one_spelling_is_let_in(user: str) -> None:
    assert caller(sender=f"<sip:{user}@sip.example>").person.domain == "sip.example"


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("<sip:a@h;gr=x>", "<sip:b@i;gr=x>", True),
        ('<sip:a@h>;+sip.instance="<urn:uuid:1>"', '<sip:a@elsewhere>;+sip.instance="<urn:uuid:1>"', True),
        ("<sip:a@h>", "<sip:a@h>", True),
        ("<sip:a@h>", "<sip:a@i>", False),
    ],
)  # fmt: skip
def test_a_device_is_known_again_by_what_stays_the_same(one: str, other: str, *, is_same: bool) -> None:
    assert (device_of(NameAddr.parse(one)) == device_of(NameAddr.parse(other))) is is_same


@pytest.mark.parametrize(
    ("uri", "to", "room"),
    [
        ("sip:tea@conference.example", "", "tea@conference.example"),
        ("sip:tea@elsewhere.example", "", "tea@elsewhere.example"),
        ("sip:tea@192.0.2.9:5060", "sip:tea@rooms.example", "tea@rooms.example"),
        ("sip:tea@192.0.2.9", "sip:tea@nowhere.example", "tea@conference.example"),
    ],
)
def test_the_room_is_named_by_the_request_uri_or_by_to_at_our_own_host(uri: str, to: str, room: str) -> None:
    assert str(called_room(_invite(uri=uri, to=to), DOMAINS, HOSTS)) == room


@pytest.mark.parametrize("spelling", ["tea", "TEA", "%74ea", "t%EF%BD%85a", "tea;x=1", "tea:secret"])
def test_all_spellings_that_xmpp_takes_for_one_room_are_one(spelling: str) -> None:
    called = called_room(_invite(uri=f"sip:{spelling}@conference.example"), DOMAINS, HOSTS)
    expected = "tea;x=1" if ";" in spelling else "tea"  # inside the user part it is part of the name
    assert called.key == (expected, "conference.example")


@pytest.mark.parametrize(
    "name", ["%E2%80%8B", "a%E2%80%AEb", "%C5%BF", "a" * 1024, "%20tea", "te%0Aa", "%1B"]
)
def test_what_xmpp_cannot_name_is_no_room(name: str) -> None:
    with pytest.raises(ParseError):
        called_room(_invite(uri=f"sip:{name}@conference.example"), DOMAINS, HOSTS)
