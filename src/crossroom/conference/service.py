"""The SIP face: every request from outside a dialog comes in here and is sent to the part that answers it."""

from collections.abc import Sequence

from crossroom.bodies.conference_info import CONTENT_TYPE as CONFERENCE_INFO
from crossroom.conference.addresses import UnsupportedScheme
from crossroom.conference.callers import called_room, caller_of
from crossroom.conference.dial import Dialer
from crossroom.conference.invite import Reception
from crossroom.conference.notify import Subscription, WholeSubscription
from crossroom.conference.pending import PendingInvites
from crossroom.conference.policy import IdentityPolicy
from crossroom.conference.premises import Premises
from crossroom.conference.reasons import sip_status
from crossroom.conference.refer import Referrals
from crossroom.conference.seat import Seat
from crossroom.focus.interface import Invitation, Outcome
from crossroom.machine import ParseError
from crossroom.net.sip_face import IncomingRequest
from crossroom.net.sip_refer import IncomingRefer
from crossroom.net.sip_session import IncomingCall
from crossroom.net.sip_subscription import IncomingSubscription
from crossroom.room.address import Address
from crossroom.room.reasons import Departure, Reason, Refused
from crossroom.sip.admission import Admission
from crossroom.sip.answer import HeaderLines
from crossroom.sip.contact import as_focus, is_focus
from crossroom.sip.content import accepts
from crossroom.sip.hop import Flow
from crossroom.sip.message import Request
from crossroom.sip.settings import ALLOW


class ConferenceService:
    """Implements net.sip_face.SipFace, and focus.interface.Reach for people on SIP."""

    def __init__(self, premises: Premises, policy: IdentityPolicy, pending: PendingInvites) -> None:
        self._premises = premises
        self._policy = policy
        self._reception = Reception(premises)
        self._referrals = Referrals(premises)
        self._dialer = Dialer(premises)
        self._pending = pending
        self._is_closing = False

    # -- SipFace -------------------------------------------------------------------------------------------

    def identity(self, request: Request, source: Flow, proven: str | None) -> Admission:
        """See net.sip_face.SipFace."""
        return self._policy.admit(request, source, proven)

    def on_invite(self, call: IncomingCall) -> None:
        """A call to a room, or a focus elsewhere that asks one of our users in."""
        if self._is_closing:
            status = sip_status(Reason.SHUTTING_DOWN)
            call.reject(status.code, status.phrase, status.headers)
            return
        try:
            room = self._room(call.request)
        except ParseError as error:
            call.reject(_bad_address(error), str(error))
            return
        contact = call.request.contact
        if room.domain in self._premises.settings.room_domains and room.user:
            work = self._reception.receive(call, room)
        elif room.user and contact is not None and is_focus(contact):
            work = self._pending.receive(call)
        else:
            call.reject(404)
            return
        self._premises.tasks.start(work, f"call to {room}")

    def on_subscribe(self, subscription: IncomingSubscription) -> None:
        """Somebody wants the roster: only those who are in the room get it (RFC 4575 §3.5)."""
        if self._is_closing:
            status = sip_status(Reason.SHUTTING_DOWN)
            subscription.reject(status.code, status.phrase, status.headers)
            return
        try:
            room = self._room(subscription.request)
            person = caller_of(subscription.request, subscription.identity).person
            takes_rosters = _takes_rosters(subscription.request)
        except ParseError as error:
            subscription.reject(_bad_address(error), str(error))
            return
        if not takes_rosters:
            subscription.reject(406, headers=(("Accept", CONFERENCE_INFO),))
            return
        # somebody who is on the way in is not in yet: RFC 4575 §3.5 wants participants
        seats = [seat for seat in self._premises.registry.seats_of(room, person) if seat.own is not None]
        if seats:
            self._subscribe(subscription, room, seats)
        else:
            is_ours = room.domain in self._premises.settings.room_domains
            self._refuse(subscription, room, Reason.NOT_IN_ROOM if is_ours else Reason.NO_SUCH_ROOM)

    def _subscribe(self, subscription: IncomingSubscription, room: Address, seats: Sequence[Seat]) -> None:
        """Give somebody who has these seats the roster, as one of them may see it."""
        conference, settings = seats[0].conference, self._premises.settings
        person = seats[0].person  # kept already, and so not once more for the subscription
        if (
            conference.subscriptions >= settings.room_subscriptions
            or conference.subscriptions_of(person) >= settings.person_subscriptions
        ):
            self._refuse(subscription, room, Reason.RATE_EXCEEDED)
            return
        subscription.contact = as_focus(subscription.contact)  # RFC 4579 §4.2
        conference.subscribe(
            subscription,
            person,
            settings.subscription_seconds,
            sees_addresses=any(seat.sees_addresses for seat in seats),
            kind=WholeSubscription if self._reads_no_changes(subscription.request) else Subscription,
        )

    def _reads_no_changes(self, request: Request) -> bool:
        agent = request.headers.get("User-Agent") or ""
        return agent.startswith(self._premises.settings.whole_rosters)

    def on_refer(self, refer: IncomingRefer) -> None:
        """Somebody asks the room to invite or remove somebody."""
        try:
            room = self._room(refer.request)
            referrer = caller_of(refer.request, refer.identity).person
        except ParseError as error:
            refer.reject(_bad_address(error), str(error))
            return
        if room.domain not in self._premises.settings.room_domains:
            refer.reject(404)
            return
        refer.contact = as_focus(refer.contact)
        self._premises.tasks.start(self._referrals.receive(refer, room, referrer), f"refer to {room}")

    def on_request(self, request: IncomingRequest) -> None:
        """OPTIONS about a room or the server; page-mode MESSAGE has no place in a room."""
        if request.request.method == "OPTIONS":
            self._premises.tasks.start(self._describe(request), "options")
        elif request.request.method == "REGISTER" and self._premises.registrar is not None:
            denied = self._premises.registrar.receive(request)
            if denied is not None:
                person = str(request.request.to.uri)
                self._premises.refusals.info("registration refused", reason=denied, person=person)
        else:
            request.respond(
                405, headers=(("Allow", ", ".join(method for method in ALLOW if method != "MESSAGE")),)
            )  # RFC 3261 §21.4.6 wants Allow

    # -- Reach ---------------------------------------------------------------------------------------------

    async def invite(self, invitation: Invitation) -> Outcome:
        """See focus.interface.Reach."""
        return await self._dialer.invite(invitation)

    # -- the server's side ---------------------------------------------------------------------------------

    async def close(self) -> None:
        """Take no more calls; say goodbye to whoever is still here."""
        self._is_closing = True
        for seat in self._premises.registry:
            seat.lose("the service is shutting down", Departure.SHUTDOWN)

    def tables(self) -> dict[str, int]:
        """Count everything that could leak."""
        return self._premises.registry.tables() | {"pending": len(self._pending)}

    # ------------------------------------------------------------------------------------------------------

    def _room(self, request: Request) -> Address:
        premises = self._premises
        domains, hosts = premises.settings.room_domains, premises.sip.own_hosts
        return called_room(request, domains, hosts, premises.registry.__contains__)

    def _refuse(self, subscription: IncomingSubscription, room: Address, reason: Reason) -> None:
        status = sip_status(reason)
        subscription.reject(status.code, status.phrase, status.headers)
        person = subscription.identity or str(subscription.request.from_.uri)
        about = {"person": person, "room": str(room)}
        self._premises.refusals.info("subscription refused", reason=reason, **about)

    async def _describe(self, request: IncomingRequest) -> None:
        """RFC 4579 §5.13: isfocus tells that this is a conference."""
        headers: HeaderLines = (("Allow-Events", "conference, refer"),)
        try:
            room = self._room(request.request)
            if room.user and room.key not in self._premises.settings.factories:
                await self._premises.directory.focus_for(room).describe(room)
                request.contact = as_focus(request.contact)
        except ParseError as error:
            request.respond(_bad_address(error), str(error))
        except Refused as refused:
            status = sip_status(refused.reason)
            request.respond(status.code, status.phrase)
        else:
            request.respond(200, headers=headers)


def _takes_rosters(request: Request) -> bool:
    """RFC 4575 §3.4: without Accept, the type of the package; RFC 6665 §3.1.3: with one, it must be among them.

    Raises ParseError for an Accept that cannot be read.
    """
    ranges = request.headers.all("Accept")
    return not request.headers.has("Accept") or accepts(ranges, CONFERENCE_INFO)


def _bad_address(error: ParseError) -> int:
    return 416 if isinstance(error, UnsupportedScheme) else 400
