from dataclasses import replace
from xml.etree import ElementTree as ET

from crossroom.bodies.conference_info import (
    NAMESPACE,
    XCON_NAMESPACE,
    ConferenceInfo,
    ConferenceState,
    Description,
    Endpoint,
    Execution,
    Host,
    Media,
    State,
    Uri,
    User,
    Users,
)
from crossroom.bodies.conference_reader import parse
from crossroom.bodies.conference_writer import write
from crossroom.bodies.xml import Element, Name

EXTENSION = Element(Name("extra", "urn:example:x"), ((Name("k"), "v"),), (), "t")
ENDPOINT = Endpoint(
    "sip:ana@sip.example;gr=a1",
    display_text="Ana's phone",
    referred=Execution("2026-02-03T10:00:00Z", "SIP;cause=200", "sip:bob@xmpp.example"),
    status="connected",
    joining_method="dialed-out",
    joining=Execution(when="2026-02-03T10:00:01Z"),
    disconnection_method="booted",
    disconnection=Execution(by="sip:bob@xmpp.example"),
    media=(Media("1", "message", "sendrecv", "11", "22", "chat", (EXTENSION,)),),
    extensions=(EXTENSION,),
)
USER = User(
    "sip:ana@sip.example",
    nickname="Ana",
    display_text="Ana",
    associated_aors=(Uri("sip:ana@sip.example"),),
    roles=("participant", "owner"),
    languages="en de",
    cascaded_focus="sip:other@sip.example",
    endpoints=(ENDPOINT,),
    extensions=(EXTENSION,),
)
WHOLE = ConferenceInfo(
    "sip:tea@conf.example",
    7,
    State.FULL,
    Description(
        "Tea", "kettles", "about tea", "tea cups",
        (Uri("sip:tea@conf.example", "room", "participation"),),
        (Uri("http://conf.example/", purpose="web-page"),),
        40,
        (EXTENSION,),
    ),
    Host("Conf", "http://conf.example/", (Uri("sip:conf.example"),), (EXTENSION,)),
    ConferenceState(2, active=True, locked=False, extensions=(EXTENSION,)),
    Users((USER, User("sip:cy@sip.example"))),
    (EXTENSION,),
)  # fmt: skip


def tags(element: ET.Element) -> list[str]:
    return [child.tag.rpartition("}")[2] for child in element]


def one(root: ET.Element, path: str) -> ET.Element:
    found = root.find("/".join(f"{{{NAMESPACE}}}{step}" for step in path.split("/")))
    assert found is not None
    return found


def test_a_whole_document_comes_back_as_it_was() -> None:
    assert parse(write(WHOLE)) == WHOLE


def test_every_element_stands_in_the_order_of_the_schema() -> None:
    root = ET.fromstring(write(WHOLE))
    assert tags(root) == [
        "conference-description", "host-info", "conference-state", "users", "extra",
    ]  # fmt: skip
    assert tags(one(root, "conference-description")) == [
        "display-text", "subject", "free-text", "keywords", "conf-uris", "service-uris",
        "maximum-user-count", "extra",
    ]  # fmt: skip
    assert tags(one(root, "host-info")) == ["display-text", "web-page", "uris", "extra"]
    assert tags(one(root, "conference-state")) == ["user-count", "active", "locked", "extra"]
    assert tags(one(root, "users/user")) == [
        "display-text", "associated-aors", "roles", "languages", "cascaded-focus", "endpoint", "extra",
    ]  # fmt: skip
    assert tags(one(root, "users/user/endpoint")) == [
        "display-text", "referred", "status", "joining-method", "joining-info",
        "disconnection-method", "disconnection-info", "media", "extra",
    ]  # fmt: skip
    assert tags(one(root, "users/user/endpoint/media")) == [
        "display-text", "type", "label", "src-id", "status", "extra",
    ]  # fmt: skip
    assert tags(one(root, "users/user/endpoint/referred")) == ["when", "reason", "by"]
    assert tags(one(root, "conference-description/conf-uris/entry")) == ["uri", "display-text", "purpose"]


def test_the_root_says_entity_state_and_version() -> None:
    root = ET.fromstring(write(WHOLE))
    assert root.tag == f"{{{NAMESPACE}}}conference-info"
    assert root.attrib == {"entity": "sip:tea@conf.example", "state": "full", "version": "7"}
    assert one(root, "users/user").get(f"{{{XCON_NAMESPACE}}}nickname") == "Ana"


def test_states_other_than_full_are_said_and_the_deleted_have_no_children() -> None:
    document = ConferenceInfo(
        "sip:tea@conf.example",
        8,
        State.PARTIAL,
        users=Users(
            (
                replace(USER, state=State.DELETED),
                User(
                    "sip:cy@sip.example", State.PARTIAL, endpoints=(replace(ENDPOINT, state=State.DELETED),)
                ),
            ),
            State.PARTIAL,
        ),
    )
    text = write(document).decode()
    assert text.partition("\n")[2] == (
        '<conference-info xmlns="urn:ietf:params:xml:ns:conference-info"'
        ' xmlns:xcon="urn:ietf:params:xml:ns:xcon-conference-info"'
        ' entity="sip:tea@conf.example" state="partial" version="8"><users state="partial">'
        '<user entity="sip:ana@sip.example" state="deleted"/>'
        '<user entity="sip:cy@sip.example" state="partial">'
        '<endpoint entity="sip:ana@sip.example;gr=a1" state="deleted"/></user></users></conference-info>'
    )


def test_a_deleted_conference_has_no_children() -> None:
    assert tags(ET.fromstring(write(replace(WHOLE, state=State.DELETED)))) == []
    users = Users((USER,), State.DELETED)
    assert tags(one(ET.fromstring(write(replace(WHOLE, users=users))), "users")) == []


def test_what_is_absent_is_not_written() -> None:
    document = ConferenceInfo(
        "sip:tea@conf.example", 1, users=Users((User("sip:a@x", endpoints=(Endpoint("e"),)),))
    )
    root = ET.fromstring(write(document))
    assert tags(root) == ["users"]
    assert tags(one(root, "users/user")) == ["endpoint"]
    assert tags(one(root, "users/user/endpoint")) == []
    assert tags(ET.fromstring(write(ConferenceInfo("sip:tea@conf.example", 1)))) == []


def test_no_text_can_become_markup() -> None:
    nasty = "</user>\"'&<x>\x00\x1b￿"
    shown = "</user>\"'&<x>���"
    user = User(nasty, nickname=nasty, display_text=nasty, roles=(nasty,))
    root = ET.fromstring(write(ConferenceInfo(nasty, None, users=Users((user,)))))
    assert root.get("entity") == shown
    assert root.get("version") is None
    assert one(root, "users/user").get(f"{{{XCON_NAMESPACE}}}nickname") == shown
    assert one(root, "users/user/display-text").text == shown


def test_markup_and_control_characters_in_what_people_write_stay_text() -> None:
    evil = "</subject><users state='deleted'/>&<![CDATA[\x1b"
    room = replace(
        WHOLE, description=Description(subject=evil), users=Users((replace(USER, display_text=evil),))
    )
    read = parse(write(room))
    assert read.description is not None
    assert read.users is not None
    for text in (read.description.subject, read.users.users[0].display_text):
        assert text is not None
        assert text.startswith(evil[:-1])
        assert "\x1b" not in text
    assert [user.entity for user in read.users.users] == [USER.entity]
