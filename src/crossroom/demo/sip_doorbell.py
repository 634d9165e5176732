"""What the demo's SIP participant answers when somebody else asks first: it can be invited, and nothing more."""

from collections.abc import Callable

from crossroom.conference.addresses import address_of, room_of
from crossroom.conference.callers import ANYWHERE
from crossroom.demo import sights
from crossroom.machine import ParseError
from crossroom.net.sip_face import IncomingRequest
from crossroom.net.sip_refer import IncomingRefer
from crossroom.net.sip_session import IncomingCall
from crossroom.net.sip_subscription import IncomingSubscription
from crossroom.room.address import Address
from crossroom.sip.address import NameAddr
from crossroom.sip.admission import Admission, admit_all
from crossroom.sip.contact import is_focus
from crossroom.sip.hop import Flow
from crossroom.sip.message import Request


class SipDoorbell:
    """Rings when a conference calls, and keeps the call until it is taken (net.sip_face.SipFace)."""

    def __init__(self, saw: Callable[[str], None]) -> None:
        self._saw = saw
        self._call: IncomingCall | None = None

    def take(self) -> IncomingCall | None:
        """The call that waits, to be answered now; None when nobody has called."""
        call, self._call = self._call, None
        return call

    def on_invite(self, call: IncomingCall) -> None:
        """Ring when a conference asks this participant in; anybody else is told that this is no telephone."""
        contact = call.request.contact
        try:
            room = room_of(call.request.from_.uri, ANYWHERE)
        except ParseError as error:
            call.reject(400, str(error))
            return
        if contact is None or not is_focus(contact):
            call.reject(488)
            return
        self._call = call
        call.on_cancelled = self._on_cancelled
        call.ring()
        inviter = _named(call.request.headers.get("Referred-By") or "nobody", room)
        self._saw(sights.invited(f"{room.user}@{room.domain}", inviter))

    def on_subscribe(self, subscription: IncomingSubscription) -> None:
        """A participant notifies nobody."""
        subscription.reject(489)

    def on_refer(self, refer: IncomingRefer) -> None:
        """A participant calls nobody on demand."""
        refer.reject(603)

    def on_request(self, request: IncomingRequest) -> None:
        """OPTIONS, to see whether this participant is still there."""
        request.respond(200 if request.request.method == "OPTIONS" else 405)

    def identity(self, request: Request, source: Flow, proven: str | None) -> Admission:
        """Only the server on this machine knows the port."""
        return admit_all(request, source, proven)

    def _on_cancelled(self) -> None:
        self._call = None
        self._saw(sights.fault("the invitation was withdrawn"))


def _named(inviter: str, room: Address) -> str:
    """An occupant by nickname, anybody else by address, what names nobody as it is."""
    try:
        person = address_of(NameAddr.parse(inviter).uri, ANYWHERE)
    except ParseError:
        return inviter
    is_occupant = person.is_same_person(room) and person.device
    return person.device if is_occupant else f"{person.user}@{person.domain}"
