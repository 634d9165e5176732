"""Whatever users send, the MUC face neither fails nor forgets an answer, and others notice nothing of it."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from crossroom.xmpp.element import Element
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.stanza import Kind, Stanza
from unit.muc.world import BOB, DEE, DOMAIN, EVE, MUC, ROOM, USER, World, summary, to

NAMESPACES = st.sampled_from(
    [
        "",
        MUC,
        USER,
        f"{MUC}#admin",
        f"{MUC}#owner",
        "jabber:x:data",
        "http://jabber.org/protocol/disco#info",
        "http://jabber.org/protocol/disco#items",
        "http://jabber.org/protocol/chatstates",
        "urn:xmpp:ping",
        "vcard-temp",
        "urn:xmpp:delay",
        "urn:ietf:params:xml:ns:xmpp-stanzas",
    ]
)
NAMES = st.sampled_from(
    [
        "x",
        "query",
        "item",
        "invite",
        "decline",
        "destroy",
        "password",
        "history",
        "body",
        "subject",
        "error",
        "status",
        "field",
        "value",
        "composing",
        "reason",
        "ping",
        "delay",
        "html",
        "gone",
        "item-not-found",
    ]
)
VALUES = st.sampled_from(
    ["", "none", "owner", "member", "outcast", "moderator", "Bob", "Dee", "0", "-1", "submit"]
) | st.text(max_size=8)
ATTRIBUTES = st.dictionaries(
    st.sampled_from(
        [
            "type",
            "jid",
            "nick",
            "role",
            "affiliation",
            "to",
            "from",
            "var",
            "maxstanzas",
            "since",
            "node",
            "id",
            "by",
            "stamp",
            "code",
        ]
    ),
    VALUES | st.sampled_from([BOB, DEE, ROOM, "@", "dee@xmpp.example"]),
    max_size=3,
)
ELEMENTS = st.recursive(
    st.builds(Element, NAMES, NAMESPACES, ATTRIBUTES, st.tuples()),
    lambda inner: st.builds(
        Element, NAMES, NAMESPACES, ATTRIBUTES, st.lists(inner | st.text(max_size=5), max_size=3).map(tuple)
    ),
    max_leaves=6,
)
TYPES = st.sampled_from(
    [
        "",
        "get",
        "set",
        "result",
        "error",
        "groupchat",
        "chat",
        "normal",
        "headline",
        "unavailable",
        "subscribe",
        "probe",
    ]
)
TARGETS = st.sampled_from(
    [DOMAIN, ROOM, f"{ROOM}/Bob", f"{ROOM}/Dee", f"{ROOM}/Eve", f"{ROOM}/ ", f"other@{DOMAIN}/X"]
)
STANZAS = st.builds(
    Stanza,
    st.sampled_from(Kind),
    TARGETS.map(Jid.parse),
    st.sampled_from([DEE, EVE]).map(Jid.parse),
    st.sampled_from(["", "1", "2"]),
    TYPES,
    st.just(""),
    st.lists(ELEMENTS, max_size=2).map(tuple),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(STANZAS, max_size=6))
def test_any_stanzas_are_survived_and_every_request_is_answered_once(stanzas: list[Stanza]) -> None:
    asyncio.run(_survives(stanzas))


async def _survives(stanzas: list[Stanza]) -> None:
    world = World()
    await world.open_room((BOB, "Bob"), (DEE, "Dee"))
    for number, stanza in enumerate(stanzas):
        asked = Stanza(stanza.kind, stanza.to, stanza.from_, f"q{number}", stanza.type, "", stanza.children)
        world.service.on_stanza(asked)
        await world.settled()
        if asked.is_request:
            _is_answered(asked, world)
    assert world.faults == []
    assert not [one for octets in world.router.octets if b"<internal-server-error" in (one := octets)]
    told = await world.send(
        f"<message from='{BOB}' to='{ROOM}' type='groupchat' id='z'><body>z</body></message>"
    )
    assert [summary(one) for one in to(BOB, told)][-1:] == ["Bob z"]


def _is_answered(asked: Stanza, world: World) -> None:
    answers = [one for one in world.router.sent if one.id == asked.id and one.to == asked.from_]
    waiting = world.service._context.relay._waiting.values()
    relayed = [one for one in waiting if (one.request.id, one.request.from_) == (asked.id, asked.from_)]
    assert len(answers) + len(relayed) == 1, (str(asked.as_element()), answers)
