"""An INVITE of ours until somebody answers it. RFC 3261 §13.2, §9.1, §8.1.3.4; RFC 4028 §7.

Forks may give several 2xx: the first is the call, each other one is acknowledged and ended at once.
"""

from functools import partial

from crossroom.machine import ParseError
from crossroom.sip.agenda import Entry
from crossroom.sip.answer import Body, OutgoingCall
from crossroom.sip.client_request import ClientRequest
from crossroom.sip.contact import priority
from crossroom.sip.dialog import Dialog
from crossroom.sip.early import EarlyDialogs
from crossroom.sip.events import InviteAnswered, InviteFailed, InviteProgress, Listener
from crossroom.sip.headers import Headers
from crossroom.sip.initial import first_hops, initial_request
from crossroom.sip.invite import InviteUsage
from crossroom.sip.message import Request, Response
from crossroom.sip.pending import capabilities
from crossroom.sip.session_timer import agreed_timer, ask_timer, read_min_se
from crossroom.sip.stack import Stack, StatelessAck
from crossroom.sip.uri import SipUri


class InviteUac:
    """The caller's half of a call being set up."""

    def __init__(self, stack: Stack, call: OutgoingCall, now: float) -> None:
        self._stack = stack
        self.entry: Entry | None = None
        self.listener: Listener | None = None
        self._call = call
        self._body = Body(call.body, call.content_type)
        self._request = self._first_request()
        self._cseq = 1
        self._sending: ClientRequest | None = None
        self._proceeding = False
        self._cancel_reason: str | None = None
        self._cancel_sent = False
        self._over = False
        self._gave_up_status = 487
        self._acks: dict[str, StatelessAck] = {}
        self._early = EarlyDialogs(stack, self.cancel)
        self._targets: list[SipUri] = []
        self._tried = {str(call.target)}
        self._due: float | None = now + call.timeout
        stack.watch(self)
        self._send(now, use_flow=True)

    @property
    def call_id(self) -> str:
        """The Call-ID."""
        return self._request.call_id

    def deadline(self) -> float | None:
        """When the patience for an answer, or for the end after CANCEL, is over."""
        return self._due

    def tick(self, now: float) -> None:
        """Give up waiting."""
        if self._due is None or now < self._due:
            return
        if self._cancel_reason is None:
            self._gave_up_status = 408
            self.cancel(now, 'SIP;cause=408;text="No answer"')
        else:  # RFC 3261 §9.1: no final response in 64*T1 after CANCEL
            self._fail(Response.answering(self._request, self._gave_up_status))

    def cancel(self, now: float, reason: str = "") -> None:
        """Give up. RFC 3261 §9.1: CANCEL only after a provisional response came."""
        if self._over or self._cancel_reason is not None:
            return
        self._cancel_reason = reason
        self._due = now + self._stack.timers.timeout
        self._stack.watch(self)
        self._cancel_if_possible(now)

    def answered(self, _request: ClientRequest, response: Response, now: float) -> None:
        """See `RequestUser.answered`."""
        if response.is_provisional:
            self._progress(response, now)
        elif response.is_success:
            self._succeed(response, now)
        elif not self._over and not self._try_again(response, now):
            if self._cancel_reason is not None and response.status == 487:
                response = Response.answering(self._request, self._gave_up_status)
            self._fail(response)

    def _first_request(self) -> Request:
        call, settings = self._call, self._stack.settings
        lines = (*call.headers, *ask_timer(settings.session_expires), *capabilities(self._stack))
        route = first_hops(self._stack, call.route, has_flow=call.flow is not None)
        return initial_request(
            self._stack,
            "INVITE",
            call.target,
            from_=call.from_,
            to=call.to,
            contact=call.contact,
            route=route,
            headers=lines,
            body=self._body,
        )

    def _send(self, now: float, *, use_flow: bool) -> None:
        self._proceeding = False
        self._early.forget()
        self._sending = ClientRequest(
            self._stack,
            self._request,
            self,
            flow=self._call.flow if use_flow else None,
            account=self._call.credentials,
            next_cseq=self._next_cseq,
        )
        self._sending.start(now)

    def _next_cseq(self) -> int:
        self._cseq = max(self._cseq, self._early.highest_cseq()) + 1
        return self._cseq

    def _progress(self, response: Response, now: float) -> None:
        self._proceeding = True
        self._cancel_if_possible(now)
        if response.status == 100 or self._over:
            return
        is_news = self._early.takes(response, partial(self._dialog, response), now)
        if is_news and self._cancel_reason is None:
            self._stack.deliver(InviteProgress(self, response))

    def _cancel_if_possible(self, now: float) -> None:
        if self._cancel_reason is None or not self._proceeding or self._cancel_sent or self._sending is None:
            return
        self._cancel_sent = True
        self._sending.cancel(now, self._cancel_reason)

    def _succeed(self, response: Response, now: float) -> None:
        tag = response.to.tag or ""
        if (known := self._acks.get(tag)) is not None:
            known.repeat()
            return
        if len(self._acks) >= _MAX_ANSWERS:
            return
        dialog, answer = self._early.confirm(response, partial(self._dialog, response))
        self._settle(dialog)
        ack = self._copy_credentials(self._sent, dialog.request("ACK", response.cseq.number))
        self._acks[tag] = self._stack.send_ack(ack, dialog.flow_to_use())
        timer = agreed_timer(response, self._stack.settings.session_expires, now)
        usage = InviteUsage(self._stack, dialog, self._body, caller=True, timer=timer)
        usage.peer_allows_update = "UPDATE" in response.allow
        self._stack.watch(usage)
        if self._over or self._cancel_reason is not None:
            usage.bye(now)  # RFC 3261 §13.2.2.4: another fork answered, or nobody waits any more
            if not self._over:
                self._fail(Response.answering(self._request, self._gave_up_status))
            return
        self._finish()
        self._stack.deliver(InviteAnswered(self, usage, response, answer))

    @property
    def _sent(self) -> Request:
        """The INVITE as it went out last, with its credentials."""
        return self._sending.request if self._sending else self._request

    def _dialog(self, response: Response) -> Dialog:
        """The dialog that a response makes."""
        dialog = Dialog.as_uac(self._sent, response, self._call.contact)
        self._settle(dialog)
        return dialog

    def _settle(self, dialog: Dialog) -> None:
        """Choose the flow of a dialog: the one that the call was placed on, or the connection of the answer."""
        hop = self._sending.hop if self._sending is not None else None
        dialog.flow = hop.flow if hop is not None and self._call.flow is not None else None
        dialog.stay_on(hop.flow if hop is not None else None)

    def _copy_credentials(self, invite: Request, ack: Request) -> Request:
        # RFC 3261 §22.1: the ACK carries the same credentials as its INVITE
        headers = ack.headers
        for name in ("Authorization", "Proxy-Authorization"):
            headers = headers.adding_all(name, invite.headers.lines(name))
        return ack.with_headers(headers)

    def _try_again(self, response: Response, now: float) -> bool:
        if self._cancel_reason is not None:
            return False
        if response.status == 422 and not self._request.headers.has("Min-SE"):
            least = read_min_se(response)  # docs/conformance.md, sip-11.5
            lines = self._request.headers.with_("Session-Expires", str(least)).with_("Min-SE", str(least))
            self._repeat(self._request.uri, lines, now)
            return True
        if response.status in _FOLLOWED and len(self._tried) <= self._stack.settings.max_redirects:
            self._targets = _by_preference(response)
        while self._targets and len(self._tried) <= self._stack.settings.max_redirects:
            target = self._targets.pop(0)
            if str(target) not in self._tried:
                self._tried.add(str(target))
                self._repeat(target, self._request.headers, now)
                return True
        return False

    def _repeat(self, target: object, headers: Headers, now: float) -> None:
        """The same call once more: same Call-ID, From and To, the next CSeq. RFC 3261 §8.1.3.4."""
        if isinstance(target, SipUri):
            lines = headers.with_("CSeq", f"{self._next_cseq()} INVITE")
            self._request = Request("INVITE", target.without_headers(), lines, self._request.body)
            self._send(now, use_flow=target == self._call.target)

    def _fail(self, response: Response) -> None:
        self._finish()
        self._stack.deliver(InviteFailed(self, response))

    def _finish(self) -> None:
        self._over = True
        self._early.forget()
        self._due = None
        self._stack.agenda.drop(self)


_FOLLOWED = frozenset({300, 301, 302})
"""RFC 3261 §21.3: 305 names a proxy for the same URI and 380 another service: no other address of this person."""
_MAX_ANSWERS = 64
"""2xx of one call that are acknowledged and ended. Nobody has so many telephones; made-up tags cost us nothing more."""


def _by_preference(response: Response) -> list[SipUri]:
    """The Contacts of a 3xx, the highest q first. RFC 3261 §8.1.3.4."""
    try:
        contacts = sorted(response.contacts, key=priority, reverse=True)
    except ParseError:
        return []
    return [contact.uri for contact in contacts if isinstance(contact.uri, SipUri)]
