"""Wire text of rooms as a specialist knows it (XEP-0045, 0030, 0203, 0249, 0359, 0421), read and written."""

import pytest

from crossroom.xmpp.dataform import Field, Form, FormKind
from crossroom.xmpp.delay import Delay
from crossroom.xmpp.disco import DiscoFacts, Identity
from crossroom.xmpp.element import CLIENT, OWN, Element, element
from crossroom.xmpp.errors import Condition, ErrorType, StanzaError
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.muc import (
    MUC,
    Affiliation,
    Destroy,
    HistoryRequest,
    Invite,
    JoinRequest,
    MucItem,
    MucUser,
    Role,
    decline,
)
from crossroom.xmpp.muc_admin import AdminQuery
from crossroom.xmpp.muc_owner import MUC_OWNER, OwnerQuery
from crossroom.xmpp.occupant_id import occupant_id
from crossroom.xmpp.sid import stanza_id
from crossroom.xmpp.stanza import Kind, Stanza
from crossroom.xmpp.stream import StreamOpened, StreamReader

ROOM = Jid("tea", "conf.bridge.example")
BOB = Jid("bob", "xmpp.example", "phone")
DEE = Jid("dee", "xmpp.example")
ANA = Jid("ana", "sip.example", "a1")
NICK = ROOM.with_resource("Bob")


def presence(to: Jid, from_: Jid, *children: Element, kind: str = "") -> Stanza:
    return Stanza(Kind.PRESENCE, to, from_, type=kind, children=children)


def user(*statuses: int, **parts: MucItem | Destroy | Invite | tuple[Invite, ...]) -> Element:
    return MucUser(statuses=statuses, **parts).as_element()  # type: ignore[arg-type]  # the keywords are MucUser's own


VECTORS = {
    "join with password and history (XEP-0045 §7.2)": (
        (
            "<presence to='tea@conf.bridge.example/Bob' from='bob@xmpp.example/phone'>"
            "<x xmlns='http://jabber.org/protocol/muc'><password>cauldron</password>"
            "<history maxstanzas='20' since='2026-01-02T03:04:05.000Z'/></x></presence>"
        ),
        presence(
            NICK,
            BOB,
            JoinRequest("cauldron", HistoryRequest(maxstanzas=20, since=1_767_323_045.0)).as_element(),
        ),
    ),
    "self-presence in a new non-anonymous room (XEP-0045 §10.1.1)": (
        (
            "<presence to='bob@xmpp.example/phone' from='tea@conf.bridge.example/Bob'>"
            "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='dd72603deec90a38ba552f7c68cbcc61'/>"
            "<x xmlns='http://jabber.org/protocol/muc#user'>"
            "<item affiliation='owner' jid='bob@xmpp.example/phone' role='moderator'/>"
            "<status code='100'/><status code='201'/><status code='110'/></x></presence>"
        ),
        presence(
            BOB,
            NICK,
            occupant_id("dd72603deec90a38ba552f7c68cbcc61"),
            user(100, 201, 110, item=MucItem(Affiliation.OWNER, Role.MODERATOR, BOB)),
        ),
    ),
    "nickname change (XEP-0045 §7.6)": (
        (
            "<presence to='bob@xmpp.example/phone' from='tea@conf.bridge.example/Bob' type='unavailable'>"
            "<x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='none' nick='Bobby' role='participant'/>"
            "<status code='303'/><status code='110'/></x></presence>"
        ),
        presence(
            BOB,
            NICK,
            user(303, 110, item=MucItem(Affiliation.NONE, Role.PARTICIPANT, nick="Bobby")),
            kind="unavailable",
        ),
    ),
    "kick (XEP-0045 §8.2)": (
        (
            "<presence to='bob@xmpp.example/phone' from='tea@conf.bridge.example/Bob' type='unavailable'>"
            "<x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='none' role='none'>"
            "<actor nick='Dee'/><reason>enough</reason></item><status code='307'/><status code='110'/></x></presence>"
        ),
        presence(
            BOB,
            NICK,
            user(307, 110, item=MucItem(Affiliation.NONE, Role.NONE, reason="enough", actor_nick="Dee")),
            kind="unavailable",
        ),
    ),
    "nickname conflict (XEP-0045 §7.2.8)": (
        (
            "<presence to='bob@xmpp.example/phone' from='tea@conf.bridge.example/Bob' type='error'>"
            "<x xmlns='http://jabber.org/protocol/muc'/><error type='cancel' by='tea@conf.bridge.example'>"
            "<conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>"
        ),
        presence(
            BOB,
            NICK,
            element("x", MUC),
            StanzaError(Condition.CONFLICT, ErrorType.CANCEL, by=str(ROOM)).as_element(),
            kind="error",
        ),
    ),
    "mediated invitation on its way to the invited (XEP-0045 §7.8.2)": (
        (
            "<message to='dee@xmpp.example' from='tea@conf.bridge.example'>"
            "<x xmlns='http://jabber.org/protocol/muc#user'><invite from='ana@sip.example/a1'><reason>tea?</reason>"
            "</invite><password>cauldron</password></x></message>"
        ),
        Stanza(
            Kind.MESSAGE,
            DEE,
            ROOM,
            children=(
                MucUser(invites=(Invite(from_=ANA, reason="tea?"),), password="cauldron").as_element(),
            ),
        ),
    ),
    "declined (XEP-0045 §7.8.2)": (
        (
            "<message to='tea@conf.bridge.example' from='dee@xmpp.example'>"
            "<x xmlns='http://jabber.org/protocol/muc#user'><decline to='ana@sip.example/a1'><reason>busy</reason>"
            "</decline></x></message>"
        ),
        Stanza(Kind.MESSAGE, ROOM, DEE, children=(user(decline=decline(to=ANA, reason="busy")),)),
    ),
    "room destroyed (XEP-0045 §10.9)": (
        (
            "<presence to='bob@xmpp.example/phone' from='tea@conf.bridge.example/Bob' type='unavailable'>"
            "<x xmlns='http://jabber.org/protocol/muc#user'><destroy jid='coffee@conf.bridge.example'>"
            "<reason>moved</reason></destroy><item affiliation='none' role='none'/></x></presence>"
        ),
        presence(
            BOB,
            NICK,
            user(
                item=MucItem(Affiliation.NONE, Role.NONE),
                destroy=Destroy(Jid("coffee", "conf.bridge.example"), "moved"),
            ),
            kind="unavailable",
        ),
    ),
    "history (XEP-0045 §7.2.13, XEP-0203)": (
        (
            "<message to='bob@xmpp.example/phone' from='tea@conf.bridge.example/Ana' id='m1' type='groupchat'>"
            "<body>thé</body><delay xmlns='urn:xmpp:delay' from='tea@conf.bridge.example' stamp='2026-01-02T03:04:05.000Z'/>"
            "<stanza-id xmlns='urn:xmpp:sid:0' by='tea@conf.bridge.example' id='a1'/></message>"
        ),
        Stanza(
            Kind.MESSAGE,
            BOB,
            ROOM.with_resource("Ana"),
            "m1",
            "groupchat",
            children=(
                element("body", OWN, "thé"),
                Delay(1_767_323_045.0, str(ROOM)).as_element(),
                stanza_id("a1", ROOM),
            ),
        ),
    ),
    "ban (XEP-0045 §9.1)": (
        (
            "<iq to='tea@conf.bridge.example' from='bob@xmpp.example/phone' id='b1' type='set'>"
            "<query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='outcast' jid='dee@xmpp.example'>"
            "<reason>Treason</reason></item></query></iq>"
        ),
        Stanza(
            Kind.IQ,
            ROOM,
            BOB,
            "b1",
            "set",
            children=(AdminQuery((MucItem(Affiliation.OUTCAST, jid=DEE, reason="Treason"),)).as_element(),),
        ),
    ),
    "instant room (XEP-0045 §10.1.2)": (
        (
            "<iq to='tea@conf.bridge.example' from='bob@xmpp.example/phone' id='c1' type='set'>"
            "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>"
        ),
        Stanza(
            Kind.IQ,
            ROOM,
            BOB,
            "c1",
            "set",
            children=(OwnerQuery(Form.submit(MUC_OWNER)).as_element(),),
        ),
    ),
    "a room's features and facts (XEP-0045 §6.4)": (
        (
            "<iq to='bob@xmpp.example/phone' from='tea@conf.bridge.example' id='d1' type='result'>"
            "<query xmlns='http://jabber.org/protocol/disco#info'><identity category='conference' type='text' name='Tea'/>"
            "<feature var='http://jabber.org/protocol/muc'/><x xmlns='jabber:x:data' type='result'>"
            "<field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roominfo</value></field></x></query></iq>"
        ),
        Stanza(
            Kind.IQ,
            BOB,
            ROOM,
            "d1",
            "result",
            children=(
                DiscoFacts(
                    (Identity("conference", "text", "Tea"),),
                    (MUC,),
                    (Form(FormKind.RESULT, (Field("FORM_TYPE", (f"{MUC}#roominfo",)),)),),
                ).as_element(),
            ),
        ),
    ),
}


@pytest.mark.parametrize(("wire", "stanza"), VECTORS.values(), ids=VECTORS)
def test_a_stanza_is_read_and_written_as_the_specification_shows_it(wire: str, stanza: Stanza) -> None:
    _, read = StreamReader().receive_data(bytes(StreamOpened(CLIENT)) + wire.encode())
    expected = stanza if stanza.kind is not Kind.MESSAGE or stanza.type else Stanza.parse(stanza.as_element())
    assert read == expected
    assert bytes(stanza) == wire.encode()
