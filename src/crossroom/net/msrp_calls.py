"""From the events of an MSRP machine to the calls that its user gets. No sockets, no queues.

A face that raises is a defect of ours: it is logged, and costs its own session only.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeVar, assert_never

from crossroom.msrp.receiving import Output
from crossroom.msrp.session import Session
from crossroom.msrp.session_events import (
    Bound,
    EndReason,
    MessageReceived,
    NicknameAnswered,
    NicknameRequested,
    Outcome,
    Report,
    Result,
    SessionEvent,
    TooLargeRefused,
)
from crossroom.msrp.uri import shown
from crossroom.net.msrp_face import NicknameRequest, OnResult, ReceivedMessage, SessionFace
from crossroom.net.sparse_log import SparseLog
from crossroom.net.tasks import Log

T = TypeVar("T")


class Logs(Protocol):
    """What is said of a session: faults, and what its peer can cause at will."""

    log: Log
    refusals: SparseLog


class CalledSession(Protocol):
    """The session, as those who call its user need it."""

    machine: Session
    face: SessionFace

    def run(self, outputs: list[Output]) -> None:
        """Carry out what the machine wants."""
        ...

    def end(self, reason: EndReason) -> None:
        """After a fault of the face."""
        ...


class FaceCalls:
    """The calls of one session; what it waits for is kept while there is something."""

    __slots__ = ("_logs", "_naming", "_on_result", "_session")

    def __init__(self, session: CalledSession, logs: Logs) -> None:
        self._session = session
        self._logs = logs
        self._on_result: dict[str, OnResult] | None = None
        self._naming: list[asyncio.Future[int]] | None = None

    def expect_result(self, message_id: str, told: OnResult) -> None:
        """Call this when the message has ended."""
        if self._on_result is None:
            self._on_result = {}
        self._on_result[message_id] = told

    def expect_nickname(self) -> asyncio.Future[int]:
        """The status of the NICKNAME that is sent now."""
        answered: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        if self._naming is None:
            self._naming = []
        self._naming.append(answered)
        return answered

    def deliver(self, event: SessionEvent) -> None:
        """Tell the user what happened."""
        match event:
            case MessageReceived():
                self._message(event)
            case NicknameRequested():
                request = NicknameRequest(event.nickname, partial(self._respond, event.handle))
                self._call(self._session.face.on_nickname, request)
            case NicknameAnswered():
                self._named(event.status)
            case Report():
                self._call(self._session.face.on_report, event)
            case Result():
                self.result(event)
            case Bound():
                self._call(self._session.face.on_bound)
            case TooLargeRefused():
                session = shown(self._session.machine.local_text)
                self._logs.refusals.info("limit reached", reason="message-octets", session=session)
            case _:
                assert_never(event)

    def result(self, result: Result) -> None:
        """Tell how a message of ours ended: by its callback, or a failure by on_report."""
        told = self._on_result.pop(result.message_id, None) if self._on_result else None
        if told is not None:
            self._call(told, result)
        elif result.outcome not in {Outcome.ACCEPTED, Outcome.LOST}:
            report = Report(result.message_id, result.status, result.comment, refused=result.refused)
            self._call(self._session.face.on_report, report)

    def congested(self) -> None:
        """Tell that the queue is nearly full."""
        self._call(self._session.face.on_congested)

    def closed(self, reason: EndReason) -> None:
        """Tell that the session is over."""
        while self._naming:
            self._named(481)
        if reason is not EndReason.CLOSED:
            self._call(self._session.face.on_closed, reason)

    def _message(self, event: MessageReceived) -> None:
        message = event.message
        received = ReceivedMessage(
            message.id,
            message.content_type,
            message.body,
            message.success_report,
            partial(self._respond, event.handle),
            partial(self._report, event),
        )
        status = self._call(self._session.face.on_message, received)
        if status is not None:
            self._session.run(self._session.machine.respond(event.handle, status))

    def _respond(
        self,
        handle: int,
        status: int,
        comment: str,
        report: bool,  # noqa: FBT001 -- a callback
        wrapper: bytes = b"",
    ) -> None:
        machine = self._session.machine
        self._session.run(machine.respond(handle, status, comment, report=report, wrapper=wrapper))

    def _report(self, event: MessageReceived, status: int, comment: str, wrapper: bytes) -> None:
        self._session.run(self._session.machine.report(event, status, comment, wrapper=wrapper))

    def _named(self, status: int) -> None:
        if self._naming:
            answered = self._naming.pop(0)
            if not answered.done():
                answered.set_result(status)

    def _call(self, call: Callable[..., T], *arguments: object) -> T | None:
        try:
            return call(*arguments)
        except Exception:  # whatever it is, it must not reach the loop: others share the connection
            self._logs.log.exception("msrp face failed", session=shown(self._session.machine.local_text))
            self._session.end(EndReason.FAULT)
            return None
