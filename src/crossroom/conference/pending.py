"""A focus that dials one of our XMPP users: an INVITE with isfocus, which keeps a seat for the invited person.

docs/mapping.md §3.15 D: this is no one-to-one chat. The person is asked on their own network; if they join the
room within the time, this INVITE is answered and becomes their session. Rejecting it tells the focus why not.
"""

import asyncio
from functools import partial
from typing import Protocol

from crossroom.conference.addresses import address_of, is_same_person
from crossroom.conference.callers import ANYWHERE
from crossroom.conference.reasons import SipStatus, sip_status, sip_status_of_outcome
from crossroom.focus.interface import Answer, Deliver, Invitation, Outcome, Participation, Reach
from crossroom.machine import ParseError
from crossroom.net.sip_session import IncomingCall
from crossroom.net.tasks import Log
from crossroom.room.address import Address
from crossroom.room.commands import Joiner
from crossroom.room.reasons import Reason, Refused
from crossroom.sip.address import NameAddr
from crossroom.sip.uri import parse_uri

GONE_ELSEWHERE = SipStatus(480, "Joined By Another Way")
NOBODY_THERE = SipStatus(480, "Temporarily Unavailable")
ABSENT = frozenset((Reason.TIMED_OUT, Reason.BUSY))
"""Why an invitation failed when the person is not there: no answer in time, or the server's word for it."""


class Remote(Protocol):
    """What takes a pending INVITE as a seat (remote_focus.RemoteFocus)."""

    async def take(
        self, call: IncomingCall, room: Address, joiner: Joiner, deliver: Deliver
    ) -> Participation:
        """Answer the INVITE for this joiner; the contract of Focus.join."""
        ...


class PendingInvite:
    """One waiting INVITE (focus.interface.Reservation)."""

    def __init__(self, call: IncomingCall, remote: Remote) -> None:
        self._call = call
        self._remote = remote
        self.is_taken = False

    async def join(self, room: Address, joiner: Joiner, deliver: Deliver) -> Participation:
        """Take the seat; raises Refused when it is taken, or the focus has given up waiting."""
        if self.is_taken or self._call.cancelled:
            raise Refused(Reason.TIMED_OUT, "the invitation is over")
        self.is_taken = True
        return await self._remote.take(self._call, room, joiner, deliver)


class PendingInvites:
    """Takes INVITEs of focuses to people who are not on SIP."""

    def __init__(self, remote: Remote, people: Reach, log: Log) -> None:
        self._remote = remote
        self._people = people
        self._log = log
        self._waiting = 0

    def __len__(self) -> int:
        return self._waiting

    async def receive(self, call: IncomingCall) -> None:
        """Ask the person, while the INVITE rings; cancelled with the INVITE."""
        try:
            room = address_of(call.request.from_.uri, ANYWHERE).bare
            invitee = address_of(call.request.uri, ANYWHERE).bare
        except ParseError as error:
            call.reject(400, str(error))
            return
        if not _is_believed(call):
            call.reject(403, "Not Your Conference")
            return
        pending = PendingInvite(call, self._remote)
        invitation = Invitation(
            room=room,
            invitee=invitee,
            inviter=inviter_of(call),
            reason=call.request.headers.get("Subject") or "",
            reservation=pending,
        )
        call.ring(180)
        self._waiting += 1
        try:
            await self._ask(call, invitation, pending)
        finally:
            self._waiting -= 1

    async def _ask(self, call: IncomingCall, invitation: Invitation, pending: PendingInvite) -> None:
        # RFC 3261 §9.2: the focus gave up; whoever was asked is not waited for any more
        call.on_cancelled = partial(_cancel, asyncio.current_task())
        try:
            outcome = await self._people.invite(invitation)
        except Refused as refused:
            status = sip_status(refused.reason)
        else:
            status = status_of(outcome)
        finally:
            call.on_cancelled = None
        if not pending.is_taken:
            call.reject(status.code, status.phrase)
        self._log.info("invited by a focus", invitee=str(invitation.invitee), room=str(invitation.room))


def status_of(outcome: Outcome) -> SipStatus:
    """Give the final answer to an INVITE whose seat nobody took (docs/mapping.md §3.15 D)."""
    if outcome.answer is Answer.ACCEPTED:
        return GONE_ELSEWHERE
    if outcome.answer is Answer.FAILED and outcome.reason in ABSENT:
        return NOBODY_THERE
    return sip_status_of_outcome(outcome)


def _cancel(asking: "asyncio.Task[None] | None") -> None:
    if asking is not None:
        asking.cancel()


def _is_believed(call: IncomingCall) -> bool:
    """Whether the caller is the conference that From names: nobody may invite in the name of a room of others."""
    try:
        return call.identity is not None and is_same_person(parse_uri(call.identity), call.request.from_.uri)
    except ParseError:
        return False


def inviter_of(call: IncomingCall) -> Address | None:
    """Who asked for this call (RFC 3892); None where it cannot be read: the room itself invites then."""
    text = call.request.headers.get("Referred-By")
    if text is None:
        return None
    try:
        return address_of(NameAddr.parse(text).uri, ANYWHERE)
    except ParseError:
        return None
