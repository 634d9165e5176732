"""A request of ours that creates nothing: OPTIONS, MESSAGE… RFC 3261 §8.1, §11; RFC 3428."""

from crossroom.sip.address import NameAddr
from crossroom.sip.answer import Body, OutgoingRequest
from crossroom.sip.client_request import ClientRequest
from crossroom.sip.dialog import Dialog
from crossroom.sip.events import RequestAnswered
from crossroom.sip.initial import finish, first_hops, initial_request
from crossroom.sip.message import Request, Response
from crossroom.sip.stack import Stack


class PlainRequest:
    """One such request, inside a dialog or outside."""

    def __init__(
        self, stack: Stack, wanted: OutgoingRequest, now: float, dialog: Dialog | None = None
    ) -> None:
        self._stack = stack
        self._dialog = dialog
        self._cseq = 1
        request = _inside(stack, wanted, dialog) if dialog else _outside(stack, wanted)
        flow = dialog.flow_to_use() if dialog else wanted.flow
        ClientRequest(
            stack, request, self, flow=flow, account=wanted.credentials, next_cseq=self._next_cseq
        ).start(now)

    def answered(self, _request: ClientRequest, response: Response, _now: float) -> None:
        """See `RequestUser.answered`."""
        if response.is_final:
            self._stack.deliver(RequestAnswered(self, response))

    def _next_cseq(self) -> int:
        if self._dialog is not None:
            return self._dialog.next_cseq()
        self._cseq += 1
        return self._cseq


def _outside(stack: Stack, wanted: OutgoingRequest) -> Request:
    return initial_request(
        stack,
        wanted.method,
        wanted.target,
        from_=wanted.from_,
        to=wanted.to or NameAddr(wanted.target),
        contact=wanted.contact,
        route=first_hops(stack, wanted.route, has_flow=wanted.flow is not None),
        headers=wanted.headers,
        body=Body(wanted.body, wanted.content_type),
    )


def _inside(stack: Stack, wanted: OutgoingRequest, dialog: Dialog) -> Request:
    body = Body(wanted.body, wanted.content_type)
    return finish(stack, dialog.request(wanted.method), wanted.headers, body)
