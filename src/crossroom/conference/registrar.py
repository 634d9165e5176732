"""A registrar for those who run no SIP proxy (RFC 3261 §10): where to ring at a user when a room invites them.

Off when there is an outbound proxy: then that one knows. Bindings live in memory only; an endpoint refreshes them.
"""

from collections.abc import Callable
from dataclasses import dataclass

from crossroom.conference.addresses import address_of
from crossroom.conference.callers import ANYWHERE
from crossroom.machine import ParseError
from crossroom.net.sip_face import IncomingRequest
from crossroom.room.address import Address
from crossroom.sip.address import NameAddr
from crossroom.sip.contact import expires, instance, priority
from crossroom.sip.hop import Flow
from crossroom.sip.message import Request
from crossroom.sip.uri import SipUri, parse_uri

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class RegistrarSettings:
    """`user_domains`: whose users may register. Seconds; `contacts` is per user, `users` in all."""

    user_domains: frozenset[str] = frozenset()
    shortest: int = 60
    default: int = 3600
    longest: int = 7200
    contacts: int = 10
    users: int = 100_000


@dataclass(frozen=True, slots=True)
class Binding:
    """One device of a user: where it is, and over which connection it came, until a monotonic time."""

    contact: NameAddr
    flow: Flow
    until: float
    call_id: str
    cseq: int

    @property
    def device(self) -> str:
        """What stays the same when the device registers again from elsewhere (RFC 5626 §4.1), or its URI."""
        return instance(self.contact) or str(self.contact.uri)


@dataclass(frozen=True, slots=True)
class Denial:
    """An answer that is not 200."""

    status: int
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()


class Registrar:
    """The bindings of all users. `clock` is monotonic seconds."""

    def __init__(self, settings: RegistrarSettings, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self._users: dict[Key, dict[str, Binding]] = {}

    def __len__(self) -> int:
        return len(self._users)

    def find(self, person: Address) -> Binding | None:
        """Where to ring at a person: the device that it prefers, the newest of several."""
        bindings = self._current(person.key).values()
        return max(bindings, key=lambda one: (priority(one.contact), one.until), default=None)

    def receive(self, request: IncomingRequest) -> None:
        """Answer a REGISTER (RFC 3261 §10.3)."""
        answer = self._register(request.request, request.source, request.identity)
        if isinstance(answer, Denial):
            request.respond(answer.status, answer.reason, answer.headers)
        else:
            now = self._clock()
            contacts = tuple(
                ("Contact", str(one.contact.with_param("expires", str(int(one.until - now)))))
                for one in answer
            )
            request.respond(200, headers=contacts)

    def _register(self, request: Request, flow: Flow, identity: str | None) -> tuple[Binding, ...] | Denial:
        try:
            person = address_of(request.to.uri, ANYWHERE)
            registrant = address_of(parse_uri(identity), ANYWHERE) if identity else None
        except ParseError as error:
            return Denial(400, str(error))
        if person.domain not in self._settings.user_domains:
            return Denial(404, "Not A Domain Of Ours")
        if registrant is None or not registrant.is_same_person(person):
            return Denial(403, "Not Your Address")  # RFC 3261 §10.3 step 4
        try:
            wanted = [(contact, self._seconds(contact, request)) for contact in request.contacts]
            is_all = request.headers.get("Contact") == "*"
        except ParseError as error:
            return Denial(400, str(error))
        if any(0 < seconds < self._settings.shortest for _, seconds in wanted):
            return Denial(423, headers=(("Min-Expires", str(self._settings.shortest)),))
        if is_all:
            return self._clear(person.key, request)
        return self._bind(person.key, request, flow, wanted)

    def _seconds(self, contact: NameAddr, request: Request) -> int:
        asked = expires(contact)
        asked = request.expires if asked is None else asked
        return min(self._settings.default if asked is None else asked, self._settings.longest)

    def _clear(self, key: Key, request: Request) -> tuple[Binding, ...] | Denial:
        if request.expires != 0:
            return Denial(400, "Contact: * needs Expires: 0")  # RFC 3261 §10.3 step 6
        self._users.pop(key, None)
        return ()

    def _bind(
        self, key: Key, request: Request, flow: Flow, wanted: list[tuple[NameAddr, int]]
    ) -> tuple[Binding, ...] | Denial:
        bindings = dict(self._current(key))
        for contact, seconds in wanted:
            bare = NameAddr(contact.uri, params=contact.params.without("expires"))
            until = self._clock() + seconds
            binding = Binding(bare, flow, until, request.call_id, request.cseq.number)
            known = bindings.get(binding.device)
            if known and known.call_id == binding.call_id and known.cseq >= binding.cseq:
                return Denial(500, "Out Of Order")  # RFC 3261 §10.3 step 7: and nothing of it counts
            if seconds:
                bindings[binding.device] = binding
            else:
                bindings.pop(binding.device, None)
        if len(bindings) > self._settings.contacts or (
            key not in self._users and len(self._users) >= self._settings.users
        ):
            return Denial(403, "Too Many Bindings")
        self._users[key] = bindings
        if not bindings:
            del self._users[key]
        return tuple(bindings.values())

    def _current(self, key: Key) -> dict[str, Binding]:
        now = self._clock()
        bindings = {device: one for device, one in self._users.get(key, {}).items() if one.until > now}
        if key in self._users and not bindings:
            del self._users[key]
        return bindings


def target_of(binding: Binding) -> SipUri | None:
    """The URI to send an INVITE to; None for a contact that is no SIP URI."""
    return binding.contact.uri if isinstance(binding.contact.uri, SipUri) else None
