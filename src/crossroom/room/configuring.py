"""The room's settings: who may change them and what follows for those inside (XEP-0045 §10.1-10.2)."""

from dataclasses import replace

from crossroom.room.commands import Configure
from crossroom.room.configuration import Configuration
from crossroom.room.events import Configured, Delivery
from crossroom.room.leaving import Farewell, remove
from crossroom.room.moderation import change_role
from crossroom.room.reasons import Departure, Reason, Refused
from crossroom.room.standing import Affiliation, Role
from crossroom.room.state import RoomLimits, RoomState
from crossroom.room.visibility import recipients, reveal, sees_addresses


def configure(state: RoomState, command: Configure, now: float) -> list[Delivery]:
    """Take new settings from an owner; the first ones unlock a new room."""
    actor = state.seat(command.endpoint).participant
    if actor.affiliation is not Affiliation.OWNER:
        raise Refused(Reason.NOT_ALLOWED)
    before, after = state.configuration, acceptable(command.configuration, state.limits)
    saw = {seat.endpoint for seat in state.roster if sees_addresses(state, seat.participant)}
    state.configuration, state.is_locked = after, False
    state.history.resize(after.history_length)
    if before.is_anonymous and not after.is_anonymous:
        state.history.hide_addresses()
    state.roster.recipients = None
    news: list[Delivery] = [Delivery(Configured(before, after), recipients(state).everyone)]
    news += _send_out(state, now) if after.is_members_only else []
    news += _give_voice(state) if before.is_moderated and not after.is_moderated else []
    viewers = [seat for seat in state.roster if seat.endpoint not in saw]
    return news + (reveal(state, viewers) if not after.is_anonymous else [])


def acceptable(wanted: Configuration, limits: RoomLimits) -> Configuration:
    """Bring settings within the service's limits; raises Refused for what cannot be meant."""
    if wanted.max_occupants < 0 or wanted.history_length < 0:
        raise Refused(Reason.MALFORMED, "a negative number")
    texts = (wanted.name, wanted.description, wanted.language, wanted.password)
    if any(len(text.encode()) > limits.text_octets for text in texts):
        raise Refused(Reason.TOO_LARGE, f"a text of more than {limits.text_octets} octets")
    return replace(wanted, history_length=min(wanted.history_length, limits.history_posts))


def _send_out(state: RoomState, now: float) -> list[Delivery]:
    """XEP-0045 §10.2: who is no member leaves a room that becomes members-only."""
    strangers = [seat for seat in state.roster if seat.participant.affiliation < Affiliation.MEMBER]
    return remove(state, strangers, Farewell(Departure.MEMBERS_ONLY), now)


def _give_voice(state: RoomState) -> list[Delivery]:
    """A room that is not moderated has no silent visitors left over from when it was."""
    quiet = [p for p in state.roster.participants.values() if p.role is Role.VISITOR]
    return [d for p in quiet for d in change_role(state, p, Role.PARTICIPANT, Farewell(Departure.LEFT))]
