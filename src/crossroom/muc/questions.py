"""Questions with a short answer, and those from one occupant to another (XEP-0199, 0410, 0092, 0202; XEP-0045 §17.4)."""

from crossroom import __version__
from crossroom.muc.addresses import recipient
from crossroom.muc.asking import Asked, inside
from crossroom.muc.context import MucContext
from crossroom.muc.disco import sip_occupant
from crossroom.room.address import Nickname
from crossroom.room.reasons import Reason, Refused
from crossroom.xmpp.disco import DISCO_INFO
from crossroom.xmpp.entity_time import time_answer
from crossroom.xmpp.errors import Condition, StanzaError
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.ping import PING
from crossroom.xmpp.stanza import Stanza
from crossroom.xmpp.version import version_answer

VCARD = "vcard-temp"


def on_ping(context: MucContext, stanza: Stanza) -> None:
    """A ping of the service or of a room."""
    context.router.send(stanza.result())


def on_version(context: MucContext, stanza: Stanza) -> None:
    """Which software this is."""
    context.router.send(stanza.result(version_answer("Crossroom", __version__)))


def on_time(context: MucContext, stanza: Stanza) -> None:
    """What time it is here."""
    context.router.send(stanza.result(time_answer(context.clock.wall().timestamp())))


def on_no_card(context: MucContext, stanza: Stanza) -> None:
    """Rooms have no vCard yet (XEP-0054 §3.1)."""
    context.reply_error(stanza, StanzaError(Condition.ITEM_NOT_FOUND))


def on_unknown(context: MucContext, stanza: Stanza) -> None:
    """RFC 6120 §8.2.3: a request always gets an answer, also one that nobody understands."""
    condition = Condition.SERVICE_UNAVAILABLE if len(stanza.children) == 1 else Condition.BAD_REQUEST
    context.reply_error(stanza, StanzaError(condition))


@inside
async def on_occupant(asked: Asked) -> None:
    """A question to an occupant: passed on to its client, or answered for one that has none."""
    # behind the join and a change of nickname, whose success decides who is meant
    context, stanza, occupancy = asked.context, asked.stanza, asked.occupancy
    if len(stanza.children) != 1:
        raise Refused(Reason.MALFORMED)
    nickname = Nickname(recipient(stanza).resource)
    namespace = stanza.children[0].namespace
    if namespace == PING and nickname == occupancy.nickname:
        asked.answer()  # XEP-0410 §3: the occupant is there, whatever its own client would say
        return
    if occupancy.view is None or occupancy.view.named(nickname) is None:
        raise Refused(Reason.NO_SUCH_PARTICIPANT)
    target = context.occupants.named(occupancy.room, nickname)
    if target is None:
        _answer_for(context, stanza, namespace)
        return
    # XEP-0045 §17.4, XEP-0054: a vCard belongs to the account, everything else to the client
    to: Jid = target.user.bare if namespace == VCARD else target.user
    question, given_up = context.relay.forward(stanza, occupancy.occupant_jid, to, context.ids.token())
    if given_up is not None:
        context.refuse(given_up, Refused(Reason.TIMED_OUT))
    context.router.send(question)


def on_answer(context: MucContext, stanza: Stanza) -> None:
    """An occupant's client has answered what was passed on to it."""
    answer = context.relay.answer(stanza)
    if answer is not None:
        context.router.send(answer)


def _answer_for(context: MucContext, stanza: Stanza, namespace: str) -> None:
    """The room answers for an occupant of another network."""
    if namespace == PING and stanza.type == "get":
        context.router.send(stanza.result())
    elif namespace == DISCO_INFO and stanza.type == "get":
        context.router.send(stanza.result(sip_occupant(stanza.children[0].get("node")).as_element()))
    elif namespace == VCARD:
        context.reply_error(stanza, StanzaError(Condition.ITEM_NOT_FOUND))
    else:
        context.reply_error(stanza, StanzaError(Condition.SERVICE_UNAVAILABLE))
