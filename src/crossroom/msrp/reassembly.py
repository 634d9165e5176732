"""Chunks of one session to whole messages (RFC 4975 §7.3.1): any order, overlaps, aborts, limits."""

from dataclasses import dataclass

from crossroom.msrp.chunk import Flag, MsrpRequest

_COMPLETE = Flag.COMPLETE


@dataclass(frozen=True, slots=True)
class InboxLimits:
    """What unfinished messages of one session may cost us."""

    max_message: int = 1048576  # octets
    max_partials: int = 8  # messages at once; honest clients interleave two or three
    max_chunks: int = 20000  # per message; 10 MiB in chunks of 2048 is 5120
    max_runs: int = (
        256  # pieces of one message with gaps between them; relays change the order of a few chunks
    )
    chunk_seconds: float = 540.0  # RFC 7701 §6.1: a slow modem's pause, not a keystroke's


class TooLarge(ValueError):  # noqa: N818 -- names what the sender is told: 413
    """The message passes a limit; nothing of it is kept."""


class _Run:
    """Octets without a gap."""

    __slots__ = ("octets", "start")

    def __init__(self, start: int, octets: bytearray) -> None:
        self.start = start
        self.octets = octets

    @property
    def end(self) -> int:
        return self.start + len(self.octets)


class _Partial:
    """One unfinished message."""

    __slots__ = ("chunks", "content_type", "deadline", "runs", "total")

    def __init__(self, content_type: str) -> None:
        self.content_type = content_type
        self.runs: list[_Run] = []
        self.total: int | None = None  # known from the chunk with `$`, never from a Byte-Range
        self.chunks = 0
        self.deadline = 0.0

    def add(self, start: int, octets: bytes) -> None:
        """Put octets at an offset; where they overlap, the last received win."""
        runs = self.runs
        if runs and runs[-1].end == start:
            runs[-1].octets += octets  # in order: nearly always
            return
        end = start + len(octets)
        touched = [run for run in runs if run.start <= end and start <= run.end]
        first = min([start, *(run.start for run in touched)])
        merged = bytearray(max([end, *(run.end for run in touched)]) - first)
        for run in touched:
            merged[run.start - first : run.end - first] = run.octets
        merged[start - first : end - first] = octets
        self.runs = [run for run in runs if run not in touched]
        self.runs.append(_Run(first, merged))
        self.runs.sort(key=lambda run: run.start)

    @property
    def whole(self) -> bytes | None:
        if self.total is None or len(self.runs) != 1:
            return None
        run = self.runs[0]
        return bytes(run.octets[: self.total]) if run.start == 0 and run.end >= self.total else None


class Inbox:
    """The unfinished messages of one session, by Message-ID."""

    __slots__ = ("_limits", "_partials")

    def __init__(self, limits: InboxLimits) -> None:
        self._limits = limits
        self._partials: dict[str, _Partial] = {}  # the longest untouched first

    def __len__(self) -> int:
        return len(self._partials)

    def __contains__(self, message_id: str) -> bool:
        return message_id in self._partials

    def add(self, request: MsrpRequest, now: float) -> tuple[str, bytes] | None:
        """Take one chunk; gives (content type, body) when its message is whole.

        Raises TooLarge, and ParseError for a Byte-Range that cannot be read.
        """
        message_id, octets = request.message_id, request.body or b""
        place = request.byte_range
        start = place.start - 1  # RFC 4975 §7.3.1: where it begins is believed, how long it is is counted
        end = start + len(octets)
        if max(end, place.total or 0) > self._limits.max_message:
            # Before anything is allocated: a Byte-Range may name any octet of 2^63 (RFC 4975 §14.5).
            self.discard(message_id)
            raise TooLarge("more octets than a message may have")
        is_last = request.flag is _COMPLETE
        if start == 0 and is_last and message_id not in self._partials:
            return request.content_type, octets
        partial = self._renewed(message_id, request.content_type, now)
        partial.add(start, octets)
        if len(partial.runs) > self._limits.max_runs:
            self.discard(message_id)
            raise TooLarge("too many gaps")  # each costs a look at every further chunk
        if is_last:
            partial.total = end
        body = partial.whole
        if body is None:
            return None
        del self._partials[message_id]
        return partial.content_type, body

    def discard(self, message_id: str) -> None:
        """Forget what there is of a message: it was aborted, or refused."""
        self._partials.pop(message_id, None)

    def tick(self, now: float) -> list[str]:
        """Forget the messages whose next chunk did not come; gives their ids."""
        late = [key for key, partial in self._partials.items() if partial.deadline <= now]
        for message_id in late:
            del self._partials[message_id]
        return late

    def deadline(self) -> float | None:
        """When tick() is next due."""
        return next((partial.deadline for partial in self._partials.values()), None)

    def _renewed(self, message_id: str, content_type: str, now: float) -> _Partial:
        partial = self._partials.pop(message_id, None) or _Partial(content_type)
        partial.chunks += 1
        if len(self._partials) >= self._limits.max_partials or partial.chunks > self._limits.max_chunks:
            raise TooLarge("too many chunks or unfinished messages")
        partial.deadline = now + self._limits.chunk_seconds
        self._partials[message_id] = partial
        return partial
