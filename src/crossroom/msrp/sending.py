"""The sending side of a session: messages, fan-out copies, NICKNAME, and what their answers mean.

RFC 4975 §7.1, §7.2, §10. Knows nothing of what comes in but responses and REPORTs.
"""

from crossroom.machine import Deliver, Ended, LocalProtocolError
from crossroom.msrp.chunk import FailureReport, MsrpRequest, MsrpResponse
from crossroom.msrp.frame_writer import build_frame
from crossroom.msrp.message import Begun, Message, SharedBody, Transfer
from crossroom.msrp.nickname import format_nickname
from crossroom.msrp.outbox import Duty, Outbox, Subject, Waiting, place_of
from crossroom.msrp.receiving import Output
from crossroom.msrp.session_events import Bound, EndReason, NicknameAnswered, Outcome, Report, Result
from crossroom.msrp.uri import Path, format_path

_NO_SESSION = 481
_TIMEOUT = 408
_NOT_TAKEN = 415
_NONE_REFUSED: frozenset[str] = frozenset()  # one for all sessions: each new one takes 216 octets
_FATAL = {_NO_SESSION: EndReason.NO_SUCH_SESSION, 506: EndReason.BOUND_ELSEWHERE}


class Sending:
    """What went out and is not finished yet; `local` is our URI, `seed` as in Outbox.

    `late` are messages that timed out or met no session any more, by their places among all that was begun. They count as failed,
    but they are sent again after a repair, unless the peer was heard meanwhile: then it was there and did not care to answer.
    """

    __slots__ = (
        "_local",
        "_remote_text",
        "_transfers",
        "is_relayed",
        "knows_remote",
        "late",
        "outbox",
        "refused_types",
    )

    def __init__(self, local: str, seed: str, response_seconds: float) -> None:
        self.outbox = Outbox(seed, response_seconds)
        self.refused_types = _NONE_REFUSED
        self.late: tuple[tuple[Begun, Message], ...] = ()
        self.knows_remote = False  # the peer's path
        self.is_relayed = False  # the peer is reached by way of a relay (RFC 4976)
        self._local = local
        self._transfers: dict[str, Transfer] = {}
        self._remote_text = ""

    def set_remote(self, path: Path) -> None:
        """Learn the peer's path (its a=path, leftmost first): what our requests' To-Path carries."""
        self._remote_text = format_path(path)
        self.knows_remote = True
        self.is_relayed = len(path) > 1
        self.outbox.copies.set_paths(self._local, self._remote_text, str(path[0]))

    def fresh_id(self) -> str:
        """A Message-ID for a new message."""
        return self.outbox.fresh_id()

    def begin(self, message: Message) -> Transfer | Result:
        """Start to send; the Result at once when the peer has refused this type before."""
        # RFC 4975 §10.6: after a 415 that type is not sent again in this session.
        if message.content_type.lower() in self.refused_types:
            return Result(message.id, Outcome.REFUSED, _NOT_TAKEN)
        transfer = self._transfers[message.id] = Transfer(message)
        return transfer

    def begin_shared(self, shared: SharedBody) -> Transfer:
        """Start to send a copy of a fan-out in chunks, because it is long."""
        message = shared.message(self.fresh_id())
        transfer = self._transfers[message.id] = Transfer(message)
        return transfer

    def send_chunk(self, transfer: Transfer, size: int, now: float) -> bytes:
        """The next chunk of a message, at most `size` octets of it; the aborting one after a failure."""
        chunk = transfer.cut(size)
        message = transfer.message
        transaction_id = self.outbox.transaction_id(chunk.body)
        transfer.began = transfer.began or self.outbox.begun
        if message.failure_report is not FailureReport.NO and not transfer.failed:
            transfer.unanswered += 1
            self.outbox.wait(transaction_id, message.id, transfer, now)
        elif transfer.is_done:
            self._transfers.pop(message.id, None)
        paths = (("To-Path", _known(self._remote_text)), ("From-Path", self._local))
        return build_frame(transaction_id, "SEND", paths + chunk.headers, chunk.body, chunk.flag)

    def send_shared(self, shared: SharedBody, now: float) -> bytes:
        """This recipient's copy of a fan-out, in one chunk. Only failures become a Result."""
        octets = self.outbox.copies.send(shared)
        return octets or self.send_chunk(self.begin_shared(shared), shared.size, now)

    def bind(self, now: float) -> bytes:
        """The bodiless SEND with which the connecting side begins (RFC 4975 §5.4); answered: Bound."""
        return self._request("SEND", (("Message-ID", self.fresh_id()),), Duty.BIND, now)

    def keepalive(self, now: float) -> bytes:
        """A bodiless SEND; unanswered, the session ends."""
        return self._request("SEND", (("Message-ID", self.fresh_id()),), Duty.KEEPALIVE, now)

    def set_nickname(self, nickname: str, now: float) -> bytes:
        """A NICKNAME request, answered: NicknameAnswered. Raises ParseError for what no header can carry."""
        return self._request("NICKNAME", (("Use-Nickname", format_nickname(nickname)),), Duty.NICKNAME, now)

    def answered(self, response: MsrpResponse) -> list[Output]:
        """Take a response."""
        waiting = self.outbox.answered(response.transaction_id)
        if waiting is None:
            return []  # nobody waits for it, or no longer
        message_id, subject = waiting
        status = response.status
        if status == 200:
            # The fan-out's usual answer: nothing more to do.
            return [] if isinstance(subject, SharedBody) else self._accepted(message_id, subject)
        if status == _TIMEOUT:
            return self._silence(waiting, is_told=True)
        if status == _NOT_TAKEN and isinstance(subject, Transfer):
            self.refused_types |= _told_by(subject.message.content_type.lower())
        if status == _NO_SESSION:
            self._note_late(waiting)
        outputs = self._fail(message_id, subject, Outcome.REFUSED, status, response.comment)
        if status in _FATAL:
            outputs.append(Ended(_FATAL[status]))
        elif subject is Duty.BIND:
            outputs.append(Ended(EndReason.REFUSED))
        return outputs

    def _accepted(self, message_id: str, subject: Transfer | Duty) -> list[Output]:
        if isinstance(subject, Transfer):
            subject.unanswered -= 1
            if subject.unanswered or not subject.is_done or subject.failed:
                return []
            self._transfers.pop(message_id, None)
            return [Deliver(Result(message_id, Outcome.ACCEPTED, 200))]
        if subject is Duty.NICKNAME:
            return [Deliver(NicknameAnswered(200))]
        return [Deliver(Bound())] if subject is Duty.BIND else []

    def _silence(self, waiting: Waiting, *, is_told: bool = False) -> list[Output]:
        """Nothing came; or 408 was told, which is the same (RFC 4975 §10.4)."""
        message_id, subject = waiting
        if subject is Duty.NICKNAME:
            return [Deliver(NicknameAnswered(_TIMEOUT))]
        if isinstance(subject, Duty):
            return [Ended(EndReason.UNRESPONSIVE)]
        failure_report = (
            subject.failure_report if isinstance(subject, SharedBody) else subject.message.failure_report
        )
        if failure_report is FailureReport.PARTIAL and not is_told:
            # RFC 4975 §7.1.4: only failures were to be answered
            return [] if isinstance(subject, SharedBody) else self._accepted(message_id, subject)
        self._note_late(waiting)
        return self._fail(message_id, subject, Outcome.TIMED_OUT, _TIMEOUT, "")

    def _fail(
        self, message_id: str, subject: Subject, outcome: Outcome, status: int, comment: str
    ) -> list[Output]:
        if subject is Duty.NICKNAME:
            return [Deliver(NicknameAnswered(status, comment))]
        if isinstance(subject, Duty):
            return []
        if isinstance(subject, Transfer):
            if subject.failed:
                return []  # told already, for an earlier chunk
            subject.failed = True
            self._transfers.pop(message_id, None)
        refused = None
        if status == _NOT_TAKEN:
            refused = subject.message if isinstance(subject, Transfer) else subject.message(message_id)
        return [Deliver(Result(message_id, outcome, status, comment, refused))]

    def _note_late(self, waiting: Waiting) -> None:
        message_id, subject = waiting
        if isinstance(subject, SharedBody):
            self.late += ((place_of(subject), subject.message(message_id)),)
        elif isinstance(subject, Transfer) and subject.began is not None and not subject.failed:
            self.late = (*self.late, (subject.began, subject.message))

    def heed(self, report: Report) -> list[Output]:
        """Take a REPORT: a failure ends the transfer that it is about."""
        transfer = self._transfers.get(report.message_id)
        # RFC 4975 §7.3.2: after a failure REPORT the rest need not be sent.
        if transfer is None or report.status == 200:
            return []
        if report.status == _TIMEOUT:
            self._note_late((report.message_id, transfer))
            return self._fail(report.message_id, transfer, Outcome.TIMED_OUT, _TIMEOUT, report.comment)
        return self._fail(report.message_id, transfer, Outcome.REFUSED, report.status, report.comment)

    def tick(self, now: float) -> list[Output]:
        """Let time pass."""
        return [output for waiting in self.outbox.expired(now) for output in self._silence(waiting)]

    def unanswered(self) -> tuple[Message, ...]:
        """The messages that may not have arrived, to be sent again with the same id (RFC 4975 §5.4)."""
        begun = {
            transfer.began: transfer.message
            for transfer in self._transfers.values()
            if transfer.began and not transfer.failed
        }
        found = dict(self.late) | self.outbox.unanswered() | begun
        return tuple(found[place] for place in sorted(found))  # in the order in which they were begun

    def lost(self) -> list[Output]:
        """The connection broke: everything that waits fails at once (RFC 4975 §5.4)."""
        outputs: list[Output] = []
        for message_id, subject in self.outbox.drain():
            outputs += self._fail(message_id, subject, Outcome.LOST, 481, "")
        for message_id, transfer in list(self._transfers.items()):
            outputs += self._fail(message_id, transfer, Outcome.LOST, 481, "")
        return outputs

    def _request(self, method: str, headers: tuple[tuple[str, str], ...], duty: Duty, now: float) -> bytes:
        transaction_id = self.outbox.transaction_id()
        self.outbox.wait(transaction_id, "", duty, now)
        return bytes(MsrpRequest(transaction_id, method, _known(self._remote_text), self._local, headers))


def _told_by(refused_type: str) -> frozenset[str]:
    # a container says nothing of what is refused: it is something inside, and another may be taken
    is_container = refused_type.startswith(("message/", "multipart/"))
    return _NONE_REFUSED if is_container else frozenset({refused_type})


def _known(remote: str) -> str:
    if not remote:
        raise LocalProtocolError("the remote path is not known yet")
    return remote
