"""The SIP user agent, without any I/O: messages and time in, messages and events out. RFC 3261 §8.2, §12.2.2.

Composes the layers and decides who gets what came in; what happens then is the usages' affair. Usages are
told what to do by their own methods; whoever calls one drains the outputs with `drain()`.
"""

from crossroom.sip.admission import Policy
from crossroom.sip.answer import OutgoingCall, OutgoingRefer, OutgoingRequest, OutgoingSubscription
from crossroom.sip.beginning import begin, session_in
from crossroom.sip.dialog import Dialog, DialogId
from crossroom.sip.gate import Gate
from crossroom.sip.hop import Flow, Hop, stamp_received
from crossroom.sip.invite import InviteUsage
from crossroom.sip.invite_uac import InviteUac
from crossroom.sip.message import Request, Response
from crossroom.sip.overload import Overload
from crossroom.sip.pending import PendingRequest
from crossroom.sip.plain import PlainRequest
from crossroom.sip.refer import ReferSender
from crossroom.sip.screening import screen
from crossroom.sip.settings import AgentSettings, Ids
from crossroom.sip.stack import Output, Resolving, Stack, Ticking
from crossroom.sip.subscriber import Subscriber, subscribe, waiting_for
from crossroom.sip.transaction_layer import LiveTransaction


class UserAgent:
    """One user agent. The driver sets `stack.hosts` and `stack.preloaded` once it knows its addresses."""

    def __init__(self, settings: AgentSettings, ids: Ids, policy: Policy) -> None:
        self.stack = Stack(settings, ids)
        self._gate = Gate(policy, ids, settings)
        self._overload = Overload(settings.rates, settings.trusted, settings.max_transactions)

    def receive(self, message: Request | Response, flow: Flow, now: float) -> list[Output]:
        """A message came in on this flow."""
        if isinstance(message, Response):
            if (
                len(message.vias) > 1
            ):  # RFC 3261 §8.1.3.3: it was meant for somebody behind us, and there is nobody
                return []
            self.stack.transactions.receive_response(
                message, flow, now
            )  # RFC 3261 §18.1.2: no match, no action
        else:
            self._receive_request(stamp_received(message, flow), flow, now)
        return self.drain()

    def tick(self, now: float) -> list[Output]:
        """Let everything that is due happen."""
        for machine in self.stack.agenda.due(now):
            if isinstance(machine, LiveTransaction):
                self.stack.transactions.tick(machine, now)
            elif isinstance(machine, Ticking):
                machine.tick(now)
                self.stack.watch(machine)
        return self.drain()

    def deadline(self) -> float | None:
        """When tick() is next due."""
        return self.stack.agenda.next()

    def resolved(self, asker: Resolving, hops: list[Hop], now: float) -> list[Output]:
        """The answer to a Resolve output; no hops when nothing was found."""
        asker.resolved(hops, now)
        return self.drain()

    def send_failed(self, sender: LiveTransaction | None, now: float) -> list[Output]:
        """A Transmission could not be sent."""
        if sender is not None:
            self.stack.transactions.transport_failed(sender, now)
        return self.drain()

    def drain(self) -> list[Output]:
        """What the calls so far want done, in order; each output once."""
        return self.stack.drain()

    @property
    def turned_away(self) -> tuple[int, int]:
        """How many requests were too many, and how many passwords were not looked at after too many wrong ones."""
        return self._overload.refused, self._gate.untried

    def tables(self) -> dict[str, int]:
        """Count everything that could grow. `sources` stay for a while and are bounded."""
        stack = self.stack
        return {
            "dialogs": len(stack.dialogs),
            "transactions": len(stack.transactions),
            "calls": len(stack.calls),
            "waiting": len(stack.waiting),
            "sources": len(self._overload) + len(self._gate),
        }

    def invite(self, call: OutgoingCall, now: float) -> InviteUac:
        """Call somebody; InviteAnswered or InviteFailed tells the end."""
        return InviteUac(self.stack, call, now)

    def subscribe(self, wanted: OutgoingSubscription, now: float) -> Subscriber:
        """Subscribe to something. Raises ParseError for an event that is none."""
        return subscribe(self.stack, wanted, self.stack.deliver, now)

    def refer(self, refer: OutgoingRefer, session: InviteUsage | None, now: float) -> ReferSender:
        """Ask somebody to call somebody, in the dialog of a call or outside."""
        return ReferSender(self.stack, refer, session, now)

    def request(self, wanted: OutgoingRequest, session: InviteUsage | None, now: float) -> PlainRequest:
        """Send any other request; RequestAnswered tells the end."""
        return PlainRequest(self.stack, wanted, now, session.dialog if session is not None else None)

    def _receive_request(self, request: Request, flow: Flow, now: float) -> None:
        transactions = self.stack.transactions
        known = transactions.find_server(request)
        if known is not None and request.method != "ACK":
            transactions.absorb(known, request, now)
        elif request.method == "ACK":
            self._acknowledge(request, known, now)
        elif request.method == "CANCEL":
            self._cancel(request, flow, now)
        elif not self._is_too_much(request, flow, now):
            merged = transactions.is_merged(request)
            live = transactions.accept(request, flow, now)
            pending = PendingRequest(self.stack, request, flow, live)
            if merged:
                pending.reply(482, now)  # RFC 3261 §8.2.2.2
            elif screen(pending, now):
                self._dispatch(pending, now)

    def _is_too_much(self, request: Request, flow: Flow, now: float) -> bool:
        """Whether the request was turned away, before anything was kept of it."""
        seconds = self._overload.retry_after(
            request,
            flow,
            now,
            inside=_dialog_of(request) in self.stack.dialogs,
            open_now=len(self.stack.transactions),
        )
        if seconds:
            # RFC 3261 §21.5.4
            wait = (("Retry-After", str(seconds)),)
            self.stack.answer_once(request, flow, Response.answering(request, 503, headers=wait))
        return seconds > 0

    def _acknowledge(self, ack: Request, known: LiveTransaction | None, now: float) -> None:
        """RFC 3261 §17.1.1.3: in the transaction for other finals; §13.3.1.4: to the call for a 2xx."""
        if known is not None:
            self.stack.transactions.absorb(known, ack, now)
        session = session_in(self.stack.dialogs.get(_dialog_of(ack)))
        if session is not None:
            session.acknowledged(ack, now)

    def _cancel(self, cancel: Request, flow: Flow, now: float) -> None:
        """RFC 3261 §9.2: answer the CANCEL by itself, then end the INVITE if it still waits."""
        invite = self.stack.transactions.invite_of(cancel)
        if invite is None:
            self.stack.answer_once(cancel, flow, Response.answering(cancel, 481))
            return
        live = self.stack.transactions.accept(cancel, flow, now)
        call = self.stack.calls.get(invite)
        pending = PendingRequest(self.stack, cancel, flow, live)
        if call is not None:
            pending.tag = call.tag  # RFC 3261 §9.2: the same To tag as the INVITE's answers
        pending.reply(200, now)
        if call is not None:
            call.cancelled(now)

    def _dispatch(self, pending: PendingRequest, now: float) -> None:
        request = pending.request
        if request.to.tag is None:
            if self._gate.admits(pending, now):
                begin(pending, now)
            return
        dialog = self.stack.dialogs.get(_dialog_of(request))
        if dialog is None:
            self._stray(pending, now)
        elif not dialog.in_order(request):
            pending.reply(500, now)  # RFC 3261 §12.2.2
        else:
            self._inside(pending, dialog, now)

    def _stray(self, pending: PendingRequest, now: float) -> None:
        """A To tag that names no dialog of ours: a NOTIFY may make one, else 481. RFC 6665 §4.4.1."""
        waiting = waiting_for(self.stack, pending.request) if pending.request.method == "NOTIFY" else None
        if waiting is None:
            pending.reply(481, now)
        else:
            waiting.receive(pending, now)
            if waiting.dialog is not None:
                waiting.dialog.remote_cseq = pending.request.cseq.number

    def _inside(self, pending: PendingRequest, dialog: Dialog, now: float) -> None:
        request = pending.request
        pending.dialog = dialog
        pending.identity = dialog.identity  # no policy is asked inside: From may say anything here
        pending.session = session_in(dialog)
        if dialog.flow is not None:
            dialog.flow = pending.flow  # the newest flow of the peer is the one that is open (RFC 5626 §5.3)
        for usage in dialog.usages:
            if usage.handles(request):
                usage.receive(pending, now)
                return
        if request.method in {"BYE", "INVITE", "UPDATE", "NOTIFY", "PRACK"}:
            pending.reply(481, now)
        else:
            begin(pending, now)


def _dialog_of(request: Request) -> DialogId:
    return DialogId(request.call_id, request.to.tag or "", request.from_.tag or "")
