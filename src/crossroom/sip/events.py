"""What the user agent tells its user: one frozen event per thing that happened, each naming its usage.

The order of events is the order of the wire. A usage is over with its own last event.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from crossroom.sip.answer import Body
from crossroom.sip.message import Request, Response

if TYPE_CHECKING:  # the usages make these events, so the names can only be known to the type checker here
    from crossroom.sip.invite import InviteUsage
    from crossroom.sip.invite_uac import InviteUac
    from crossroom.sip.invite_uas import InviteUas
    from crossroom.sip.notifier import Notifier
    from crossroom.sip.pending import PendingRequest
    from crossroom.sip.plain import PlainRequest
    from crossroom.sip.refer import ReferReceiver, ReferSender, ReferStatus
    from crossroom.sip.subscriber import Subscriber


@dataclass(frozen=True, slots=True)
class InviteReceived:
    """A call came in."""

    usage: "InviteUas"


@dataclass(frozen=True, slots=True)
class InviteCancelled:
    """The caller gave up, the INVITE's Expires passed, or a reliable response was never acknowledged: already answered."""

    usage: "InviteUas"


@dataclass(frozen=True, slots=True)
class InviteProgress:
    """A provisional response other than 100 to our call."""

    usage: "InviteUac"
    response: Response


@dataclass(frozen=True, slots=True)
class InviteAnswered:
    """Our call was answered and acknowledged. `answer` to our offer: in the 2xx, or in a response before it."""

    caller: "InviteUac"
    usage: "InviteUsage"
    response: Response
    answer: Body


@dataclass(frozen=True, slots=True)
class InviteFailed:
    """Our call failed. A timeout is a 408 and a transport failure a 503 of our own (RFC 3261 §8.1.3.1)."""

    usage: "InviteUac"
    response: Response


@dataclass(frozen=True, slots=True)
class SessionConfirmed:
    """The ACK for our 2xx came; its body is the answer when ours was the offer."""

    usage: "InviteUsage"
    body: bytes


@dataclass(frozen=True, slots=True)
class ReinviteReceived:
    """A new offer (or, with no body, a request for ours): call `usage.answer_reinvite` at once."""

    usage: "InviteUsage"
    body: bytes
    request: Request


@dataclass(frozen=True, slots=True)
class ReinviteAnswered:
    """The final response to our re-INVITE; the session goes on whatever it says."""

    usage: "InviteUsage"
    response: Response


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The session is over: `cause` bye (theirs), local, timeout or failed.

    closed: False when our BYE still waits for its answer; a second event with True follows.
    """

    usage: "InviteUsage"
    cause: str
    status: int
    reason_header: str
    closed: bool


@dataclass(frozen=True, slots=True)
class SubscribeReceived:
    """Somebody wants to be notified."""

    usage: "Notifier"


@dataclass(frozen=True, slots=True)
class SubscriptionRefreshed:
    """A SUBSCRIBE refreshed a subscription to us: call `usage.refreshed(full body)` at once."""

    usage: "Notifier"


@dataclass(frozen=True, slots=True)
class NotifierReady:
    """The outstanding NOTIFY was answered: another may go."""

    usage: "Notifier"


@dataclass(frozen=True, slots=True)
class NotifierEnded:
    """A subscription to us is over: reason timeout, failed, noresource…"""

    usage: "Notifier"
    reason: str


@dataclass(frozen=True, slots=True)
class SubscriberActive:
    """Our SUBSCRIBE was accepted."""

    usage: "Subscriber"
    expires: int


@dataclass(frozen=True, slots=True)
class NotifyReceived:
    """A NOTIFY for us, already answered 200; `state` is active, pending or terminated."""

    usage: "Subscriber"
    request: Request
    state: str


@dataclass(frozen=True, slots=True)
class SubscriberEnded:
    """Our subscription is over. `status` is that of the refused SUBSCRIBE, 0 otherwise.

    retry_after: seconds to wait before another one, as the notifier wishes (RFC 6665 §4.1.3).
    """

    usage: "Subscriber"
    reason: str
    status: int
    retry_after: int = 0


@dataclass(frozen=True, slots=True)
class ReferReceived:
    """Somebody sent REFER."""

    usage: "ReferReceiver"


@dataclass(frozen=True, slots=True)
class ReferProgressed:
    """Our REFER was accepted (`status` None), or a sipfrag with a provisional status came."""

    usage: "ReferSender"
    status: "ReferStatus | None"


@dataclass(frozen=True, slots=True)
class ReferEnded:
    """The end of our REFER: refused, or its final status."""

    usage: "ReferSender"
    status: "ReferStatus"
    accepted: bool


@dataclass(frozen=True, slots=True)
class RequestReceived:
    """A request that creates nothing."""

    usage: "PendingRequest"


@dataclass(frozen=True, slots=True)
class RequestAnswered:
    """The final response to our plain request."""

    usage: "PlainRequest"
    response: Response


Event = (
    InviteReceived
    | InviteCancelled
    | InviteProgress
    | InviteAnswered
    | InviteFailed
    | SessionConfirmed
    | ReinviteReceived
    | ReinviteAnswered
    | SessionEnded
    | SubscribeReceived
    | SubscriptionRefreshed
    | NotifierReady
    | NotifierEnded
    | SubscriberActive
    | NotifyReceived
    | SubscriberEnded
    | ReferReceived
    | ReferProgressed
    | ReferEnded
    | RequestReceived
    | RequestAnswered
)


class Listener(Protocol):
    """Whom the user has put in charge of one usage: the usage only keeps it, whoever delivers the events asks for it."""

    def deliver(self, event: Event) -> None:
        """Called on the loop, quick, never awaits."""
