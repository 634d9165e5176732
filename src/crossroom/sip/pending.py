"""A request that came in and is not answered yet: the one way to answer any request. RFC 3261 §8.2.6."""

from typing import TYPE_CHECKING

from crossroom.sip.address import NameAddr
from crossroom.sip.answer import NO_BODY, Body, HeaderLines, Rejection
from crossroom.sip.dialog import Dialog
from crossroom.sip.hop import Flow
from crossroom.sip.message import Request, Response
from crossroom.sip.settings import fraction
from crossroom.sip.stack import Stack
from crossroom.sip.transaction_layer import LiveTransaction

if TYPE_CHECKING:  # a request may have come in the dialog of a call; the call is built on this module
    from crossroom.sip.invite import InviteUsage


MAKES_DIALOG = frozenset({"INVITE", "SUBSCRIBE", "REFER"})
"""RFC 3261 §12.1, RFC 6665 §4.4.1."""


class PendingRequest:
    """`request` from `flow`, by somebody whom the policy believes to be `identity`.

    tag: our To tag for every answer. `dialog` and `session`: where it came in, if in a dialog.
    """

    def __init__(
        self, stack: Stack, request: Request, flow: Flow, live: LiveTransaction, identity: str | None = None
    ) -> None:
        self.stack = stack
        self.request = request
        self.flow = flow
        self.identity = identity
        self.tag = request.to.tag or stack.ids.token()
        self.dialog: Dialog | None = None
        self.session: InviteUsage | None = None
        self.live = live
        self.answered = False

    def answer(
        self,
        status: int,
        reason: str = "",
        headers: HeaderLines = (),
        body: Body = NO_BODY,
        contact: NameAddr | None = None,
    ) -> Response:
        """Build an answer with our tag; sends nothing."""
        lines = [*self._record_route(status), *headers]
        if contact is not None:
            lines.append(("Contact", str(contact)))
        if self.stack.settings.user_agent:
            lines.append(("Server", self.stack.settings.user_agent))
        if body.content:
            lines.append(("Content-Type", body.content_type))
        response = Response.answering(self.request, status, reason, lines, body.content)
        return response if status == 100 else response.with_to_tag(self.tag)

    def _record_route(self, status: int) -> HeaderLines:
        # RFC 3261 §12.1.1: every Record-Route of the request is in an answer that makes a dialog, in order
        if not 100 < status < 300 or self.request.method not in MAKES_DIALOG:
            return ()
        return tuple(("Record-Route", value) for value in self.request.headers.all("Record-Route"))

    def send(self, response: Response, now: float) -> None:
        """Send an answer; a final one closes the request."""
        self.answered = self.answered or response.is_final
        self.stack.respond(self.live, response, now)

    def reply(self, status: int, now: float, reason: str = "", headers: HeaderLines = ()) -> None:
        """Answer without a body, unless that was done."""
        if not self.answered:
            self.send(self.answer(status, reason, headers), now)

    def refuse_once(self, status: int, reason: str = "", headers: HeaderLines = ()) -> None:
        """Answer and forget, RFC 3261 §8.2.7: what strangers send must not fill our tables."""
        self.answered = True
        self.stack.transactions.discard(self.live)
        lines = [*headers]
        if self.stack.settings.user_agent:
            lines.append(("Server", self.stack.settings.user_agent))
        self.stack.answer_once(
            self.request, self.flow, Response.answering(self.request, status, reason, lines)
        )

    def reject(self, rejection: Rejection, now: float) -> None:
        """Say no."""
        self.reply(rejection.status, now, rejection.reason, rejection.headers)

    def respond(  # noqa: PLR0913, PLR0917 - the parts of a response
        self,
        status: int,
        reason: str,
        headers: HeaderLines,
        body: Body,
        contact: NameAddr | None,
        now: float,
    ) -> None:
        """The user's answer to a request that creates nothing; OPTIONS also shows what we can."""
        if self.answered:
            return
        if status >= 300 or self.request.method != "OPTIONS":
            contact = None
        lines = headers
        if contact is not None:  # RFC 3261 §11.2
            lines = (*headers, *capabilities(self.stack), ("Accept", ", ".join(self.stack.settings.accept)))
        self.send(self.answer(status, reason, lines, body, contact), now)


def soon(stack: Stack) -> HeaderLines:
    """When to ask again. RFC 3261 §14.2: "a randomly chosen value of between 0 and 10 seconds"."""
    return (("Retry-After", str(int(11 * fraction(stack.ids.token())))),)


def capabilities(stack: Stack) -> HeaderLines:
    """Allow, Supported and Allow-Events, as INVITE, its 2xx and OPTIONS show them. RFC 4579 §5.13."""
    settings = stack.settings
    return (
        ("Allow", ", ".join(settings.allow)),
        ("Supported", ", ".join(settings.supported)),
        ("Allow-Events", ", ".join(settings.events)),
    )
