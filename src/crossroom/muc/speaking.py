"""What an occupant's messages do: to everybody, to one, the subject, typing (XEP-0045 §7.4-7.5, §8.1)."""

from dataclasses import replace
from functools import partial

from crossroom.focus.interface import Features, Participation
from crossroom.machine import ParseError
from crossroom.muc.addresses import recipient
from crossroom.muc.asking import Asked, inside
from crossroom.muc.context import MucContext
from crossroom.muc.entering import on_error
from crossroom.muc.messages import composing_of, draft_of, native_of, receipt_of
from crossroom.muc.subject import subject_of
from crossroom.room.address import MessageId, Nickname
from crossroom.room.content import Receipt
from crossroom.room.nickname import parse_nickname
from crossroom.room.reasons import Reason, Refused
from crossroom.xmpp.errors import Condition, StanzaError
from crossroom.xmpp.stanza import Stanza


@inside
async def on_groupchat(asked: Asked) -> None:
    """A message to everybody, a new subject, or typing."""
    stanza, seat, token = asked.stanza, asked.participation, asked.context.ids.token()
    subject = subject_of(stanza)
    composing = composing_of(stanza)
    if subject is not None:
        asked.needs(Features.SUBJECT)
        await seat.set_subject(subject, MessageId(stanza.id or token))
    elif composing is not None:
        if asked.can(Features.COMPOSING):
            await seat.compose(composing)
    elif stanza.children:
        await seat.post(draft_of(stanza, recipient(stanza).bare, token))


@inside
async def on_private(asked: Asked) -> None:
    """A message to one occupant; absent and `normal` types count as `chat` (docs/mapping.md §3.8)."""
    asked.needs(Features.PRIVATE_MESSAGES)
    stanza, seat = asked.stanza, asked.participation
    to = _recipient(stanza)
    composing, receipt = composing_of(stanza), receipt_of(stanza)
    if receipt is not None:
        if asked.can(Features.RECEIPTS):
            await seat.acknowledge(*receipt, to, native_of(stanza, recipient(stanza).bare))
    elif composing is None:
        await seat.post(draft_of(stanza, recipient(stanza).bare, asked.context.ids.token(), to))
    elif asked.can(Features.COMPOSING):
        await seat.compose(composing, to)


def on_misdirected(context: MucContext, stanza: Stanza) -> None:
    """Groupchat to one occupant, or a one-to-one message to the room (XEP-0045 §7.5, §17.2)."""
    context.reply_error(stanza, StanzaError(Condition.BAD_REQUEST, by=str(recipient(stanza).bare)))


def on_bounce(context: MucContext, stanza: Stanza) -> None:
    """A copy came back: the author of a private message is told, and some errors mean that the occupant is gone."""
    occupancy = context.occupancy_of(stanza)
    author = occupancy.author_of(stanza.id) if occupancy else None
    if occupancy is not None and author is not None:
        # docs/mapping.md §3.8: from the occupant that it could not be brought to
        seats = context.occupants.all_named(occupancy.room, author)
        for seat in seats:
            context.router.send(replace(stanza, to=seat.user, from_=occupancy.occupant_jid))
        if not seats and occupancy.participation is not None:
            context.spawn(stanza, partial(_tell_of_failure, stanza, author, occupancy.participation))
    on_error(context, stanza)


async def _tell_of_failure(stanza: Stanza, author: Nickname, participation: Participation) -> None:
    if Features.RECEIPTS in participation.features:
        await participation.acknowledge(MessageId(stanza.id), Receipt.FAILED, author)


def on_form(context: MucContext, stanza: Stanza) -> None:
    """Voice requests and the like, which this room does not have."""
    context.refuse(stanza, Refused(Reason.UNSUPPORTED))


def _recipient(stanza: Stanza) -> Nickname:
    try:
        return parse_nickname(recipient(stanza).resource)
    except ParseError as error:
        # docs/mapping.md §3.8: what cannot be a nickname is nobody's
        raise Refused(Reason.NO_SUCH_PARTICIPANT, str(error)) from error
