from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossroom.bodies.conference_info import (
    ConferenceInfo,
    ConferenceState,
    Endpoint,
    Execution,
    Media,
    State,
    User,
    Users,
)
from crossroom.bodies.conference_reader import parse
from crossroom.bodies.xml import Element, Limits, Name
from crossroom.machine import ParseError

NS = 'xmlns="urn:ietf:params:xml:ns:conference-info"'


def test_a_document_without_namespace_or_version_is_read() -> None:
    document = parse(
        b'<conference-info entity="sip:tea@x"><users><user entity="sip:a@x"/></users></conference-info>'
    )
    assert document == ConferenceInfo("sip:tea@x", None, State.FULL, users=Users((User("sip:a@x"),)))


def test_children_out_of_order_and_words_outside_the_schema_are_read() -> None:
    document = parse(
        b"""<c:conference-info xmlns:c="urn:ietf:params:xml:ns:conference-info" entity=" sip:tea@x " version=" 3 "
        state="partial"><c:users state="odd"><c:user entity="sip:a@x" state="partial"><c:endpoint>
        <c:media><c:status>wobbly</c:status></c:media><c:status>asleep</c:status></c:endpoint>
        <c:roles><c:entry>owner</c:entry></c:roles></c:user></c:users>
        <c:conference-state><c:locked>1</c:locked><c:active>False</c:active><c:user-count>many</c:user-count>
        </c:conference-state></c:conference-info>"""
    )
    assert (document.entity, document.version, document.state) == ("sip:tea@x", 3, State.PARTIAL)
    assert document.conference_state == ConferenceState(None, active=False, locked=True)
    endpoint = Endpoint("", status="asleep", media=(Media("", status="wobbly"),))
    assert document.users == Users((User("sip:a@x", State.PARTIAL, roles=("owner",), endpoints=(endpoint,)),))


def test_what_has_no_field_is_kept() -> None:
    document = parse(
        f'<conference-info {NS} entity="x"><sidebars-by-ref/><y xmlns="urn:y">1</y></conference-info>'.encode()
    )
    assert document.extensions == (
        Element(Name("sidebars-by-ref", "urn:ietf:params:xml:ns:conference-info")),
        Element(Name("y", "urn:y"), text="1"),
    )


def test_a_foreign_element_of_a_known_name_is_not_taken_for_ours() -> None:
    document = parse(
        f'<conference-info {NS} entity="x"><users xmlns="urn:y"><user/></users></conference-info>'.encode()
    )
    assert document.users is None
    assert len(document.extensions) == 1


def test_empty_entries_and_executions_are_harmless() -> None:
    document = parse(
        f"""<conference-info {NS} entity="x"><conference-description><conf-uris><entry/></conf-uris>
        <maximum-user-count>-1</maximum-user-count></conference-description><host-info/>
        <users><user entity="a"><endpoint entity="e"><referred/></endpoint></user></users></conference-info>""".encode()
    )
    assert document.description is not None
    assert document.description.conf_uris == ()
    assert document.description.maximum_user_count is None
    assert document.users is not None
    assert document.users.users[0].endpoints[0].referred == Execution()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<conference-info/>",
        b'<conference-info entity=""/>',
        b'<presence entity="x"/>',
        b'<conference-info xmlns="urn:other" entity="x"/>',
        b'<conference-info entity="x"><users><user/></users></conference-info>',
        b'<!DOCTYPE x><conference-info entity="x"/>',
    ],
)
def test_what_is_no_conference_info_is_refused(body: bytes) -> None:
    with pytest.raises(ParseError):
        parse(body)


def test_the_limits_are_those_of_the_caller() -> None:
    with pytest.raises(ParseError, match="octets"):
        parse(b'<conference-info entity="x"/>', Limits(octets=5))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["<users>", "</users>", '<user entity="a">', "</user>", '<endpoint entity="e" state="deleted">',
             "</endpoint>", "<media/>", "<roles><entry>x</entry></roles>", "&#0;", "<status/>", "text"]
        ),
        max_size=12,
    )
)  # fmt: skip
def test_any_pieces_are_a_document_or_a_parse_error(pieces: list[str]) -> None:
    with suppress(ParseError):
        document = parse(f'<conference-info {NS} entity="x">{"".join(pieces)}</conference-info>'.encode())
        assert document.entity == "x"
