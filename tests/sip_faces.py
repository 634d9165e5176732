"""A face for tests that records what it is told and answers as it was asked to, and agents on loopback."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog

from crossroom.net.clock import SystemClock
from crossroom.net.ids import RandomIds
from crossroom.net.sip import SipAgent
from crossroom.net.sip_face import IncomingRequest
from crossroom.net.sip_refer import IncomingRefer
from crossroom.net.sip_session import IncomingCall
from crossroom.net.sip_settings import SipSettings
from crossroom.net.sip_subscription import IncomingSubscription
from crossroom.sip.address import NameAddr
from crossroom.sip.admission import Admission, Admit
from crossroom.sip.hop import Flow, Hop
from crossroom.sip.message import Request
from crossroom.sip.uri import SipUri


@dataclass
class RecordingFace:
    """Keeps what came in queues; a test takes it from there."""

    calls: asyncio.Queue[IncomingCall] = field(default_factory=asyncio.Queue)
    subscriptions: asyncio.Queue[IncomingSubscription] = field(default_factory=asyncio.Queue)
    refers: asyncio.Queue[IncomingRefer] = field(default_factory=asyncio.Queue)
    requests: asyncio.Queue[IncomingRequest] = field(default_factory=asyncio.Queue)
    policy: Callable[[Request, Flow, str | None], Admission] = lambda _request, _flow, proven: Admit(proven)

    def on_invite(self, call: IncomingCall) -> None:
        self.calls.put_nowait(call)

    def on_subscribe(self, subscription: IncomingSubscription) -> None:
        self.subscriptions.put_nowait(subscription)

    def on_refer(self, refer: IncomingRefer) -> None:
        self.refers.put_nowait(refer)

    def on_request(self, request: IncomingRequest) -> None:
        self.requests.put_nowait(request)

    def identity(self, request: Request, source: Flow, proven: str | None) -> Admission:
        return self.policy(request, source, proven)


@dataclass
class FixedNames:
    """A resolver that knows what the test tells it."""

    known: dict[str, list[Hop]] = field(default_factory=dict)

    async def hops(self, uri: SipUri) -> list[Hop]:
        await asyncio.sleep(0)
        return list(self.known.get(uri.host, []))


@asynccontextmanager
async def agent_on_loopback(
    face: RecordingFace, settings: SipSettings | None = None, names: FixedNames | None = None
) -> AsyncIterator[SipAgent]:
    log: structlog.stdlib.BoundLogger = structlog.get_logger()
    agent = SipAgent(settings or SipSettings(), SystemClock(), RandomIds(), names or FixedNames(), log)
    agent.face = face
    await agent.start()
    try:
        yield agent
    finally:
        await agent.stop()


def addr(text: str) -> NameAddr:
    return NameAddr.parse(text)
