"""The server: every object is made here, given what it needs by argument, started and stopped in order.

Read from top to bottom, it is the whole architecture in one place.
"""

import asyncio
import contextlib
import gc
import os
import random
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from crossroom import settings
from crossroom.conference.pending import PendingInvites
from crossroom.conference.premises import Premises
from crossroom.conference.registrar import Registrar
from crossroom.conference.registry import Registry
from crossroom.conference.remote_focus import RemoteFocus, RemoteSettings
from crossroom.conference.roster_entry import EntityForm
from crossroom.conference.service import ConferenceService
from crossroom.config.endpoint import Endpoint
from crossroom.config.schema import Configuration
from crossroom.focus.directory import Focuses, Kind, directories
from crossroom.focus.hosting import Surroundings
from crossroom.focus.interface import Invitation, Outcome, Reach
from crossroom.focus.invitations import Invitations
from crossroom.focus.local import LocalFocus
from crossroom.focus.networks import Networks
from crossroom.lookup import network_of
from crossroom.muc.service import MucService
from crossroom.net.clock import Clock, SystemClock
from crossroom.net.dns import DnsNames, Names, SipResolver
from crossroom.net.ids import Ids, RandomIds
from crossroom.net.msrp import MsrpEndpoint
from crossroom.net.sip import SipAgent
from crossroom.net.sparse_log import SparseLog
from crossroom.net.tasks import Log, Tasks
from crossroom.net.xmpp import XmppRouter
from crossroom.room.address import Address, Network
from crossroom.room.reasons import Reason
from crossroom.storage.memory import MemoryStore


class Protocols:
    """The four protocols, each with its sockets."""

    def __init__(self, configuration: Configuration, clock: Clock, ids: Ids, names: Names, log: Log) -> None:
        resolver = SipResolver(names, self._spoken, random.SystemRandom())
        for_sip, for_msrp, for_browsers = (
            settings.sip_certificates(configuration),
            settings.msrp_certificates(configuration),
            settings.browser_certificates(configuration),
        )
        browsers = settings.websockets(configuration, for_browsers)
        self.sip = SipAgent(settings.sip(configuration, for_sip, browsers), clock, ids, resolver, log)
        self.msrp = MsrpEndpoint(settings.msrp(configuration, for_msrp, browsers), clock, ids, log)
        self.certificates = [each for each in (for_sip, for_msrp, for_browsers) if each is not None]
        if for_msrp and not for_msrp.asks_strangers:
            log.warning("msrp clients cannot be asked for certificates")
        components, entry = settings.components(configuration), settings.entry(configuration)
        self.xmpp = XmppRouter(components, entry, ids, clock, log)

    def _spoken(self) -> frozenset[str]:
        return frozenset(listening.transport for listening in self.sip.listening)


class Rooms:
    """The rooms of this process, and how they reach people on either network."""

    def __init__(self, configuration: Configuration, clock: Clock, names: Names, log: Log) -> None:
        networks = Networks(
            settings.networks(configuration),
            settings.own_networks(configuration),
            lambda domain: network_of(names, domain),
            clock.now,
        )
        limits, refusals = settings.invitations(configuration), SparseLog(log, clock.now)

        def noted(reason: Reason, person: str, room: Address) -> None:
            refusals.info("limit reached", reason=reason, person=person, room=str(room))

        self.invitations = Invitations(networks, clock.now, limits, noted=noted)
        # an INVITE that comes back from a loop is the same invitation on its second leg: counted apart
        self.returning = Invitations(networks, clock.now, limits, noted=noted)
        kinds = settings.kinds(configuration).items()
        self.looped = frozenset(domain for domain, kind in kinds if kind is Kind.LOOPED)
        around = Surroundings(
            clock=lambda: clock.wall().timestamp(),
            entropy=os.urandom,
            reach=LoopedReach(self.invitations, self.looped),
            store=MemoryStore(),
            report=lambda text, fault: log.error(text, exc_info=fault),
            noted=noted,
        )
        self.focus = LocalFocus(around, *settings.focus(configuration))


class Crossroom:
    """One server: `start`, then `stop`. Nothing of it is left afterwards."""

    def __init__(
        self, configuration: Configuration, log: Log, clock: Clock | None = None, ids: Ids | None = None
    ) -> None:
        """`clock` and `ids` are the system's; a simulation brings its own."""
        clock, ids, names = clock or SystemClock(), ids or RandomIds(), DnsNames()
        self._configuration = configuration
        self._log = log
        self._tasks = Tasks(log)
        self._goodbye_seconds = configuration.server.shutdown_seconds / 2
        protocols = Protocols(configuration, clock, ids, names, log)
        rooms = Rooms(configuration, clock, names, log)
        self.sip, self.msrp, self.xmpp = protocols.sip, protocols.msrp, protocols.xmpp
        self.focus, self.invitations, self._returning = rooms.focus, rooms.invitations, rooms.returning

        # the door: what each face finds behind it
        media = settings.media(configuration, self.msrp, ids)
        self._certificates, self._media = protocols.certificates, media
        times = RemoteSettings(configuration.limits.join_seconds, own_domains=rooms.looped)
        remote = RemoteFocus(self.sip, media, ids, clock, log, self._tasks, times)
        kinds = settings.kinds(configuration)
        self.doors = directories(kinds, Focuses(self.focus, remote_sip=remote))

        # the two faces
        registrar = Registrar(settings.registrar(configuration), clock.now, self.sip.is_open)
        premises = Premises(
            sip=self.sip,
            media=media,
            ids=ids,
            directory=self.doors.conference,
            registry=Registry(EntityForm.TOKEN, clock.wall),
            registrar=registrar if settings.has_registrar(configuration) else None,
            tasks=self._tasks,
            log=log,
            refusals=SparseLog(log, clock.now),
            settings=settings.conference(configuration),
        )
        pending = PendingInvites(remote, rooms.returning, log)
        self.conference = ConferenceService(premises, settings.policy(configuration), pending)
        entry, limits = configuration.xmpp.entry.domain, settings.muc(configuration)
        self.muc = MucService(kinds, self.doors.muc, self.xmpp, clock, ids, log, limits, embedded=entry)

        # how the rooms and the protocols find the faces, and what these keep open
        self.sip.keeps = registrar.flows
        self.sip.face = self.conference
        self.invitations.connect(Network.SIP, self.conference)
        self.invitations.connect(Network.XMPP, self.muc)
        rooms.returning.connect(Network.XMPP, self.muc)

    async def start(self) -> None:
        """Open everything; raises OSError with nothing left open when an address cannot be had."""
        await self.focus.load()
        try:
            await self.msrp.start()
            await self.sip.start()
            await self.xmpp.start(self.muc)
        except OSError:
            await self._end()
            raise
        for what, transport, host, port in self._listening():
            self._log.info("listening", what=what, at=str(Endpoint(transport, host, port)))
        self._look_at_certificates()
        self._log.info("ready")

    def _listening(self) -> Iterator[tuple[str, str, str, int]]:
        for sip in self.sip.listening:
            yield "sip", sip.transport.lower(), sip.host, sip.port
        for msrp in self.msrp.listening:
            yield "msrp", msrp.scheme, msrp.host, msrp.port
        if self.xmpp.entry_port:
            entry = Endpoint.parse(self._configuration.xmpp.entry.listen)
            yield "xmpp", "tcp", entry.host, self.xmpp.entry_port

    def _look_at_certificates(self) -> None:
        now = datetime.now(UTC)
        troubles = {file: why for each in self._certificates for file, why in each.troubles(now).items()}
        for file, why in troubles.items():
            self._log.warning("certificate needs renewal", file=str(file), why=why)

    def reload(self) -> None:
        """Read the certificates again: new connections see the new ones, open ones stay (SIGHUP)."""
        try:
            shown = settings.fingerprints(self._configuration)
            for certificates in self._certificates:
                certificates.reload()
        except (OSError, ValueError) as error:
            self._log.warning("certificates cannot be used, the old ones stay", why=str(error))
            return
        self._media.fingerprints = shown
        self._log.info("certificates read again", count=len(self._certificates))
        self._look_at_certificates()

    async def stop(self) -> None:
        """Say goodbye to everybody (BYE, unavailable with 332), write what lasts, close everything."""
        self._log.info("stopping")
        await self._end()
        self._log.info("stopped")

    async def _end(self) -> None:
        self.invitations.close()
        self._returning.close()
        await self.muc.shutdown()
        await self.conference.close()
        await self.focus.close()
        with contextlib.suppress(TimeoutError):  # an answer that does not come holds nobody up
            async with asyncio.timeout(self._goodbye_seconds):
                await self._tasks.wait()
                await self.sip.quiet()
        await self.muc.stop()
        await self.xmpp.stop()
        await self.msrp.stop()
        await self.sip.stop()
        await self._tasks.stop()

    def tables(self) -> dict[str, int]:
        """Count what every part holds: the same numbers when nobody is here, whatever happened before."""
        parts = {
            "focus": self.focus.tables(),
            "conference": self.conference.tables(),
            "muc": self.muc.tables(),
            "msrp": {"sessions": len(self.msrp.sessions), "connections": len(self.msrp.connections)},
            "sip": self.sip.tables(),
            "server": {"tasks": len(self._tasks), "invitations": len(self.invitations)},
        }
        return {f"{part}.{name}": count for part, table in parts.items() for name, count in table.items()}


class LoopedReach:
    """In a looped domain the focus reaches everybody by SIP: also who is on XMPP is dialled through the proxy."""

    def __init__(self, reach: Reach, looped: frozenset[str]) -> None:
        self._reach = reach
        self._looped = looped

    async def invite(self, invitation: Invitation) -> Outcome:
        """See focus.interface.Reach."""
        if invitation.room.domain in self._looped:
            invitation = replace(invitation, invitee=replace(invitation.invitee, network=Network.SIP))
        return await self._reach.invite(invitation)


async def serve(configuration: Configuration, log: Log) -> int:
    """Run until SIGTERM or SIGINT; the exit status."""
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    server = Crossroom(configuration, log)
    loop.add_signal_handler(signal.SIGHUP, server.reload)
    await server.start()
    settle()
    await stopping.wait()
    try:
        async with asyncio.timeout(configuration.server.shutdown_seconds):
            await server.stop()
    except TimeoutError:
        log.exception("stopping took too long", seconds=configuration.server.shutdown_seconds)
        return 1
    return 0


def settle() -> None:
    """Keep what is there when a server has started out of every later garbage collection.

    Modules and what they hold stay to the end; a full collection that walks over them all holds the loop for 40 ms.
    """
    gc.collect()
    gc.freeze()
