"""The subject: who may set it, and what joiners are told of it (XEP-0045 §8.1, §7.2.15)."""

from dataclasses import replace

from crossroom.room.commands import SetSubject
from crossroom.room.events import Delivery, SubjectChanged
from crossroom.room.reasons import Reason, Refused
from crossroom.room.standing import Role
from crossroom.room.state import RoomState
from crossroom.room.visibility import recipients


def set_subject(state: RoomState, command: SetSubject, now: float) -> list[Delivery]:
    """Change the subject and tell everybody, the setter included; an empty one clears it."""
    participant = state.seat(command.endpoint).participant
    needed = Role.PARTICIPANT if state.configuration.anyone_changes_subject else Role.MODERATOR
    if participant.role < needed:
        raise Refused(Reason.NOT_ALLOWED)
    state.must_fit(command.subject + command.id)  # both are kept
    changed = SubjectChanged(command.subject, participant.nickname, now, command.id, command.archive_id)
    state.subject = replace(changed, delayed=True)
    return [Delivery(changed, recipients(state).everyone)]
