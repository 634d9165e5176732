"""Nonces that need no memory, and the guard against replayed ones (RFC 7616 §3.3, §5.5).

A nonce carries its own time and a seal; the guard remembers which counts of a nonce were used.
"""

import base64
import hmac
import struct
from binascii import Error as Base64Error
from dataclasses import dataclass
from enum import Enum, auto

_SEAL_LENGTH = 16
_RANDOM_LENGTH = 8
_TIME = struct.Struct(">Q")  # milliseconds
_LENGTH = _TIME.size + _RANDOM_LENGTH + _SEAL_LENGTH
_WINDOW = 64  # counts that may overtake each other: as many requests as one endpoint has in flight


class Freshness(Enum):
    """What a nonce in credentials is worth."""

    FRESH = auto()
    STALE = auto()  # ours, too old or used up: challenge again with stale=true
    FORGED = auto()  # never ours


@dataclass(frozen=True, slots=True)
class Nonces:
    """Issues and recognises nonces. `secret`: at least 16 random octets; `lifetime` in seconds."""

    secret: bytes
    lifetime: float = 300.0

    def issue(self, now: float, random: bytes) -> str:
        """Make a nonce. `random`: 8 fresh random octets."""
        content = _TIME.pack(int(now * 1000)) + random[:_RANDOM_LENGTH].ljust(_RANDOM_LENGTH, b"\0")
        return base64.urlsafe_b64encode(content + self._seal(content)).decode().rstrip("=")

    def check(self, nonce: str, now: float) -> Freshness:
        """Tell whether a nonce is ours and young enough."""
        issued = self.issued_at(nonce)
        if issued is None:
            return Freshness.FORGED
        # A clock that went back makes a nonce from the future: as good as an old one.
        return Freshness.FRESH if 0 <= now - issued <= self.lifetime else Freshness.STALE

    def issued_at(self, nonce: str) -> float | None:
        """Return when a nonce of ours was made; None if it is not ours."""
        try:
            octets = base64.urlsafe_b64decode(nonce.encode("ascii") + b"==")
        except (Base64Error, UnicodeEncodeError, ValueError):
            return None
        if base64.urlsafe_b64encode(octets).decode().rstrip("=") != nonce:
            return None  # one nonce has one spelling
        content, seal = octets[:-_SEAL_LENGTH], octets[-_SEAL_LENGTH:]
        if len(octets) != _LENGTH or not hmac.compare_digest(seal, self._seal(content)):
            return None
        (milliseconds,) = _TIME.unpack_from(content)
        return float(milliseconds) / 1000

    def _seal(self, content: bytes) -> bytes:
        return hmac.digest(self.secret, content, "sha256")[:_SEAL_LENGTH]


class ReplayGuard:
    """Accepts each nonce count once, and a little out of order (datagrams overtake each other).

    `capacity`: nonces remembered. The oldest one is forgotten first, and from then on nothing issued up to
    that moment is accepted any more: forgetting must not reopen the door.
    """

    def __init__(self, capacity: int = 10_000) -> None:
        self._capacity = capacity
        self._seen: dict[str, tuple[float, int, int]] = {}  # nonce -> issued, highest count, bits below it
        self._horizon = float("-inf")

    def accept(self, nonce: str, issued: float, nc: int) -> bool:
        """Note this use; False if it was used before, is too far behind, or was forgotten.

        `issued` as from `Nonces.issued_at`.
        """
        if nonce not in self._seen:
            if issued <= self._horizon or nc < 1:
                return False
            self._seen[nonce] = (issued, nc, 1)
            self._forget()
            return True
        _, highest, bits = self._seen[nonce]
        if nc > highest:
            bits = (bits << min(nc - highest, _WINDOW) | 1) & (1 << _WINDOW) - 1
            self._seen[nonce] = (issued, nc, bits)
            return True
        bit = 1 << highest - nc
        if nc < 1 or highest - nc >= _WINDOW or bits & bit:
            return False
        self._seen[nonce] = (issued, highest, bits | bit)
        return True

    def _forget(self) -> None:
        if len(self._seen) > self._capacity:
            oldest = next(iter(self._seen))
            issued, _, _ = self._seen.pop(oldest)
            self._horizon = max(self._horizon, issued)

    def __len__(self) -> int:
        return len(self._seen)
