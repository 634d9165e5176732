"""Subscriptions and referrals of a SIP test peer (RFC 6665, RFC 4575, RFC 3515)."""

import asyncio
from collections.abc import Callable

from peers.conference_document import ConferenceRoster
from peers.sip_client import Headers
from peers.sip_dialog import Dialog
from peers.sip_message import SipMessage, parameters
from peers.sip_transport import Reply
from peers.sip_ua import SipUA
from peers.transcript import DEFAULT_TIMEOUT, Inbox

CONFERENCE_TYPE = "application/conference-info+xml"


class Subscription:
    """A conference subscription; `roster` follows the NOTIFYs, `notifies` keeps them for who wants to look."""

    def __init__(self, ua: SipUA) -> None:
        self.ua = ua
        self.roster = ConferenceRoster()
        self.notifies: Inbox[SipMessage] = Inbox(ua.transcript, "NOTIFY")
        self.answer_with = 200  # quirk: 481 makes the notifier drop us
        self.dialog: Dialog | None = None
        self.state = "pending"
        self._updated = asyncio.Event()

    def receive(self, request: SipMessage, reply: Reply) -> None:
        """Take a NOTIFY into the roster."""
        if request.method != "NOTIFY":
            self.ua.respond(request, reply, 405)
            return
        self.state = request.get("Subscription-State")
        if request.body and self.answer_with == 200:
            self.roster.apply(request.body)
        self.ua.respond(request, reply, self.answer_with)
        self.notifies.put(request)
        self._updated.set()
        self._updated.clear()

    async def until(self, claim: Callable[[], bool], *, within: float, otherwise: Callable[[], str]) -> None:
        """Wait until `claim()` holds after some NOTIFY; PeerFailure with `otherwise()` when it does not."""
        try:
            async with asyncio.timeout(within):
                while not claim():
                    await self._updated.wait()
        except TimeoutError:
            raise self.ua.transcript.failure(f"{otherwise()} after {within:g} s") from None

    @property
    def is_over(self) -> bool:
        return self.state.startswith("terminated")

    async def refresh(self, expires: int = 3600) -> SipMessage:
        """Subscribe again in the same dialog; 0 ends it. Returns the final response."""
        if self.dialog is None:
            raise self.ua.transcript.failure("refresh of a subscription that was refused")
        message = self.dialog.request("SUBSCRIBE")
        message.headers += [self.ua.contact(), *_conference_headers(expires)]
        return await self.ua.request(message)

    async def expects_end(self, *, within: float = DEFAULT_TIMEOUT) -> SipMessage:
        """Wait for the NOTIFY that ends the subscription."""
        return await self.notifies.take(
            lambda n: n.get("Subscription-State").startswith("terminated"), within=within, wanted="terminated"
        )


def _conference_headers(expires: int) -> list[tuple[str, str]]:
    return [("Event", "conference"), ("Accept", CONFERENCE_TYPE), ("Expires", str(expires))]


async def subscribe(
    ua: SipUA, uri: str, *, expires: int = 3600, headers: Headers = ()
) -> tuple[SipMessage, Subscription]:
    """Subscribe to the roster of a room; return the final response and the subscription."""
    message = ua.new_request("SUBSCRIBE", uri, [ua.contact(), *_conference_headers(expires), *headers])
    subscription = Subscription(ua)
    # RFC 6665 section 4.1.2: the NOTIFY may overtake the 200
    ua.usages[message.get("Call-ID"), parameters(message.get("From"))["tag"]] = subscription
    response = await ua.request(message)
    if response.status < 300:
        subscription.dialog = Dialog.of_caller(message, response)
    return response, subscription


class Referral:
    """What became of a REFER: the status lines of its sipfrag NOTIFYs, in order."""

    def __init__(self, ua: SipUA) -> None:
        self.ua = ua
        self.notifies: Inbox[SipMessage] = Inbox(ua.transcript, "sipfrag NOTIFY")
        self.statuses: list[int] = []

    def receive(self, request: SipMessage, reply: Reply) -> None:
        """Take a NOTIFY."""
        if request.method != "NOTIFY":
            self.ua.respond(request, reply, 405)
            return
        self.ua.respond(request, reply, 200)
        self.statuses.append(sipfrag_status(request))
        self.notifies.put(request)

    async def expects_sipfrag(self, status: int, *, within: float = DEFAULT_TIMEOUT) -> SipMessage:
        """Wait for the NOTIFY whose sipfrag has that status; return it."""
        return await self.notifies.take(
            lambda n: sipfrag_status(n) == status, within=within, wanted=f"with sipfrag {status}"
        )


def sipfrag_status(notify: SipMessage) -> int:
    """Return the status of a message/sipfrag body, 0 when it starts with no status line."""
    words = notify.text.split()
    return int(words[1]) if len(words) > 1 and words[0] == "SIP/2.0" else 0


async def refer(ua: SipUA, room: str, refer_to: str, *, headers: Headers = ()) -> tuple[SipMessage, Referral]:
    """Send an out-of-dialog REFER with that Refer-To value; return the final response and the referral."""
    standard = [ua.contact(), ("Refer-To", refer_to)]
    message = ua.new_request("REFER", room, [*standard, *headers])
    referral = Referral(ua)
    ua.usages[message.get("Call-ID"), parameters(message.get("From"))["tag"]] = referral
    return await ua.request(message), referral
