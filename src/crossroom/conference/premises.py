"""What every part of the SIP face works with; made once by the server."""

from dataclasses import dataclass, field

from crossroom.conference.media import ChatMedia
from crossroom.conference.registrar import Registrar
from crossroom.conference.registry import Registry
from crossroom.conference.seat_chat import SeatSettings
from crossroom.focus.interface import Directory
from crossroom.net.ids import Ids
from crossroom.net.sip import SipAgent
from crossroom.net.sparse_log import SparseLog
from crossroom.net.tasks import Log, Tasks


@dataclass(frozen=True, slots=True)
class ConferenceSettings:
    """Times in seconds. `subscription_seconds` is the most that a subscription is granted (RFC 4575 §3.3).

    `room_domains`: whose rooms are here, the first one also where a Request-URI names only our own host.
    `factories`: the keys of addresses where every call makes a room with a name of its own (RFC 4579 §5.4).
    `whole_rosters`: how the User-Agent of those begins that are sent the whole roster after every change.
    `person_subscriptions`, `room_subscriptions`: to the roster of one room, by one person and by everybody.
    """

    room_domains: tuple[str, ...]
    factories: frozenset[tuple[str, str]] = frozenset()
    subscription_seconds: int = 3600
    whole_rosters: tuple[str, ...] = ()
    person_subscriptions: int = 20
    room_subscriptions: int = 5000
    dial_seconds: float = 60.0
    seat: SeatSettings = field(default_factory=SeatSettings)


@dataclass(frozen=True, slots=True)
class Premises:
    """The agents, the door, the tables. `registrar` is None where a proxy knows the users.

    `refusals` is the part of the log that people can fill by asking again and again.
    """

    sip: SipAgent
    media: ChatMedia
    ids: Ids
    directory: Directory
    registry: Registry
    registrar: Registrar | None
    tasks: Tasks
    log: Log
    refusals: SparseLog
    settings: ConferenceSettings
