"""Who may invite whom, and what an invitation changes in the room (XEP-0045 §7.8.2; mapping §3.15 I)."""

from crossroom.room.commands import Invite
from crossroom.room.events import Delivery
from crossroom.room.leaving import Farewell
from crossroom.room.moderation import set_affiliation
from crossroom.room.reasons import Departure, Reason, Refused
from crossroom.room.standing import Affiliation
from crossroom.room.state import RoomState


def invite(state: RoomState, command: Invite, now: float) -> list[Delivery]:
    """Check the right; a members-only room takes the invitee into its list, or the invitation would be void."""
    actor = state.seat(command.endpoint).participant
    state.must_fit(command.text)
    standing = state.affiliations.of(command.invitee)
    configuration = state.configuration
    needs_admin = configuration.is_members_only or not configuration.anyone_invites
    if needs_admin and actor.affiliation < Affiliation.ADMIN:
        raise Refused(Reason.NOT_ALLOWED)
    if standing is Affiliation.OUTCAST:
        raise Refused(Reason.NOT_ALLOWED, "the invited person is banned from the room")
    if not configuration.is_members_only or standing >= Affiliation.MEMBER:
        return []
    if len(state.affiliations) >= state.limits.affiliations:
        raise Refused(Reason.TOO_LARGE, "the room's list of affiliations is full")
    farewell = Farewell(Departure.LEFT, by=actor.nickname)
    return set_affiliation(state, command.invitee, Affiliation.MEMBER, farewell, now)
