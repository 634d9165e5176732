"""The subscriptions of the foreign focus: who watches which room, and the NOTIFYs on their way (RFC 6665)."""

import asyncio
import secrets
from collections.abc import Coroutine
from dataclasses import dataclass

from peers.foreign_room import FocusQuirks, ForeignRoom, room_name
from peers.sip_client import Headers
from peers.sip_dialog import Dialog
from peers.sip_message import SipMessage
from peers.sip_transport import Reply
from peers.sip_ua import SipUA
from peers.transcript import Inbox, PeerFailure

CONFERENCE_TYPE = "application/conference-info+xml"


@dataclass(slots=True, eq=False)
class Subscriber:
    """One roster subscription; its dialog is a usage of the focus."""

    focus: "ForeignRosters"
    room: str
    dialog: Dialog
    version: int = 0

    def receive(self, request: SipMessage, reply: Reply) -> None:
        """Take a refresh or the end."""
        self.focus.receive_resubscription(self, request, reply)


class ForeignRosters:
    """The rooms of a focus and those who watch them; owns every task of the focus."""

    def __init__(self, ua: SipUA, quirks: FocusQuirks, tasks: asyncio.TaskGroup) -> None:
        self.ua = ua
        self.quirks = quirks
        self.rooms: dict[str, ForeignRoom] = {}
        self.subscribed: Inbox[Subscriber] = Inbox(ua.transcript, "SUBSCRIBE")
        self._subscribers: list[Subscriber] = []
        self._tasks = tasks
        self._running: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        task = self._tasks.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def stop(self) -> None:
        """Give up everything under way."""
        for task in self._running:
            task.cancel()

    def room(self, name: str) -> str:
        """Return the URI of a room."""
        return f"sip:{name}@{self.ua.domain}"

    def take_subscribe(self, request: SipMessage, reply: Reply) -> None:
        if self.quirks.refuses_subscriptions:
            self.ua.respond(request, reply, self.quirks.refuses_subscriptions)
            return
        tag = secrets.token_hex(6)
        name = room_name(request.uri)
        subscriber = Subscriber(self, name, Dialog.of_callee(request, tag))
        self.ua.new_dialog(subscriber.dialog, subscriber)
        self._subscribers.append(subscriber)
        self.ua.respond(
            request, reply, 200, [self.ua.contact(), ("Expires", request.get("Expires"))], tag=tag
        )
        self.subscribed.put(subscriber)
        self._notify(subscriber)

    def receive_resubscription(self, subscriber: Subscriber, request: SipMessage, reply: Reply) -> None:
        """Take a SUBSCRIBE inside the dialog."""
        self.ua.respond(request, reply, 200, [self.ua.contact(), ("Expires", request.get("Expires"))])
        over = request.get("Expires") == "0"
        if over:
            self._subscribers.remove(subscriber)
        self._notify(subscriber, "terminated;reason=timeout" if over else "active;expires=3600")

    def terminate(self, subscriber: Subscriber, reason: str) -> None:
        """End a subscription; `reason` may have parameters behind it."""
        self._subscribers.remove(subscriber)
        self._notify(subscriber, f"terminated;reason={reason}")

    def release_notifies(self) -> None:
        """Send the rosters that were held back."""
        self.quirks.holds_notifies = False
        for name in self.rooms:
            self.changed(name)

    def changed(self, name: str) -> None:
        for subscriber in self._subscribers:
            if subscriber.room == name:
                self._notify(subscriber)

    def _notify(self, subscriber: Subscriber, state: str = "active;expires=3600") -> None:
        if self.quirks.holds_notifies:
            return
        subscriber.version += 1
        room = self.rooms.get(subscriber.room, ForeignRoom())
        document = room.roster(self.room(subscriber.room), subscriber.version, self.quirks)
        headers = [("Event", "conference"), ("Subscription-State", state), ("Content-Type", CONFERENCE_TYPE)]
        self.send_notify(subscriber.dialog, headers, document.encode())

    def send_notify(self, dialog: Dialog, headers: Headers, body: bytes) -> None:
        notify = dialog.request("NOTIFY")
        notify.headers += [self.ua.contact(), *headers]
        notify.body = body
        self.spawn(self._deliver(notify))

    async def _deliver(self, notify: SipMessage) -> None:
        try:
            await self.ua.request(notify)
        except (OSError, PeerFailure) as error:
            self.ua.transcript.note(f"NOTIFY was not answered: {type(error).__name__}")
