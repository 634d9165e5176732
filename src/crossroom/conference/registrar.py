"""A registrar for those who run no SIP proxy (RFC 3261 §10): where to ring at a user when a room invites them.

Flows of RFC 5626 (one device may hold several), public GRUUs of RFC 5627. Path (RFC 3327) is ignored: a device
is reached on the flow that it registered by. Off when there is an outbound proxy: then that one knows.
Bindings live in memory only; an endpoint refreshes them.
"""

from collections.abc import Callable
from dataclasses import dataclass

from crossroom.conference.addresses import address_of
from crossroom.conference.callers import ANYWHERE, device_of
from crossroom.machine import ParseError
from crossroom.net.sip_face import IncomingRequest
from crossroom.room.address import Address
from crossroom.sip import grammar
from crossroom.sip.address import NameAddr
from crossroom.sip.answer import HeaderLines
from crossroom.sip.contact import expires, instance, priority, reg_id
from crossroom.sip.hop import BROWSERS, Flow
from crossroom.sip.message import Request
from crossroom.sip.uri import SipUri, parse_uri

Key = tuple[str, str]
Place = tuple[str, int | None]


@dataclass(frozen=True, slots=True)
class RegistrarSettings:
    """`user_domains`: whose users may register. Seconds; `contacts` is per user, `users` in all.

    flow_timer: how often a device should send a keepalive on its flow, RFC 5626 §6.
    """

    user_domains: frozenset[str] = frozenset()
    shortest: int = 60
    default: int = 3600
    longest: int = 7200
    contacts: int = 10
    users: int = 100_000
    flow_timer: int = 120


@dataclass(frozen=True, slots=True)
class Binding:
    """One device of a user: where it is, and over which connection it came, until a monotonic time."""

    contact: NameAddr
    flow: Flow
    until: float
    call_id: str
    cseq: int
    reg_id: int | None = None

    @property
    def device(self) -> str:
        """What stays the same when the device registers again from elsewhere (RFC 5626 §4.1), or its URI."""
        return instance(self.contact) or str(self.contact.uri)

    @property
    def place(self) -> tuple[str, int | None]:
        """What a later registration replaces: the device, or one flow of it (RFC 5626 §6)."""
        return (self.device, self.reg_id)

    def is_device(self, named: str) -> bool:
        """Whether this is who a `gr` names: by a GRUU of ours, or by the name that we made for the device."""
        return named in {instance(self.contact), device_of(self.contact)}


@dataclass(frozen=True, slots=True)
class Denial:
    """An answer that is not 200."""

    status: int
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()


class Registrar:
    """The bindings of all users. `clock` is monotonic seconds; `is_open` says whether a connection is still there."""

    def __init__(
        self, settings: RegistrarSettings, clock: Callable[[], float], is_open: Callable[[Flow], bool]
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._is_open = is_open
        self._users: dict[Key, dict[Place, Binding]] = {}

    def __len__(self) -> int:
        return len(self._users)

    def flows(self) -> frozenset[int]:
        """The connections by which registered devices are reached (RFC 5626 §5.3): silent ones are not idle."""
        now = self._clock()
        devices = (one for bindings in self._users.values() for one in bindings.values())
        return frozenset(one.flow.serial for one in devices if one.flow.reliable and one.until > now)

    def find(self, person: Address) -> Binding | None:
        """Where to ring at a person: the device that it prefers, the newest of several."""
        return next((flows[0] for flows in self.devices(person)), None)

    def devices(self, person: Address) -> tuple[tuple[Binding, ...], ...]:
        """All devices of a person, the preferred and newest first, each with its flows, the newest first.

        A person with a device (`gr`) is that device alone, if it is registered.
        """
        devices: dict[str, list[Binding]] = {}
        newest = sorted(
            self._current(person.key).values(),
            key=lambda one: (priority(one.contact), one.until),
            reverse=True,
        )
        for binding in newest:
            devices.setdefault(binding.device, []).append(binding)
        named = [flows for flows in devices.values() if person.device and flows[0].is_device(person.device)]
        return tuple(tuple(flows) for flows in named or devices.values())

    def receive(self, request: IncomingRequest) -> str | None:
        """Answer a REGISTER (RFC 3261 §10.3); the status it was refused with, if it was."""
        answer = self._register(request.request, request.source, request.identity)
        if isinstance(answer, Denial):
            request.respond(answer.status, answer.reason, answer.headers)
            return str(answer.status)
        request.respond(200, headers=self._shown(request.request, answer))
        return None

    def _shown(self, request: Request, bindings: tuple[Binding, ...]) -> HeaderLines:
        now, lines = self._clock(), []
        for one in bindings:
            shown = one.contact.with_param("expires", str(int(one.until - now)))
            device = instance(one.contact)
            if device and "gruu" in request.supported and isinstance(request.to.uri, SipUri):
                # RFC 5627 §5.4: the address of record, and `gr` with the instance
                gruu = request.to.uri.address_of_record.with_param("gr", device)
                shown = shown.with_param("pub-gruu", grammar.quote(str(gruu)))
            lines.append(("Contact", str(shown)))
        if any(one.reg_id is not None for one in bindings) and "outbound" in request.supported:
            # RFC 5626 §6: tells the device that its flows are kept
            lines += [("Require", "outbound"), ("Flow-Timer", str(self._settings.flow_timer))]
        return tuple(lines)

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
        if any(_flow_of(contact, request) for contact, _ in wanted) and len(request.headers.all("Via")) > 1:
            # RFC 5626 §6: a proxy in between that keeps no flow; without Path we could not reach the device
            return Denial(439, "First Hop Lacks Outbound Support")
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
            number = _flow_of(contact, request)
            binding = Binding(bare, flow, until, request.call_id, request.cseq.number, number)
            known = bindings.get(binding.place)
            if known and known.call_id == binding.call_id and known.cseq >= binding.cseq:
                return Denial(500, "Out Of Order")  # RFC 3261 §10.3 step 7: and nothing of it counts
            if seconds:
                bindings[binding.place] = binding
            else:
                bindings.pop(binding.place, None)
        if key not in self._users and len(self._users) >= self._settings.users:
            self.forget_expired()
        if len(bindings) > self._settings.contacts or (
            key not in self._users and len(self._users) >= self._settings.users
        ):
            return Denial(403, "Too Many Bindings")
        self._users[key] = bindings
        if not bindings:
            del self._users[key]
        return tuple(bindings.values())

    def _current(self, key: Key) -> dict[Place, Binding]:
        bindings = {place: one for place, one in self._users.get(key, {}).items() if self._is_there(one)}
        if key in self._users and not bindings:
            del self._users[key]
        return bindings

    def _is_there(self, binding: Binding) -> bool:
        # RFC 7118 §B.1: nobody can connect to a browser, so it is gone with the connection that it came by
        is_reachable = binding.flow.transport not in BROWSERS or self._is_open(binding.flow)
        return is_reachable and binding.until > self._clock()

    def forget_expired(self) -> None:
        """Drop what has expired: of users whom nobody asks for, nothing else would."""
        for key in list(self._users):
            self._current(key)


def _flow_of(contact: NameAddr, request: Request) -> int | None:
    """The number of the flow that is registered, RFC 5626 §6: only with an instance, and if both sides can."""
    if instance(contact) is None or "outbound" not in request.supported:
        return None
    return reg_id(contact)


def target_of(binding: Binding) -> SipUri | None:
    """The URI to send an INVITE to; None for a contact that is no SIP URI."""
    return binding.contact.uri if isinstance(binding.contact.uri, SipUri) else None
