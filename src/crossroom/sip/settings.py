"""What the pure user agent is told once: timer values, identifiers, what it supports, its limits.

RFC 3261 §17.1.1.1 and table 4 (timers), RFC 4028 (session timer), RFC 3261 §20.5/§20.37 (Allow, Supported).
"""

from dataclasses import dataclass, field
from typing import Protocol
from zlib import crc32

from crossroom.sip.answer import Account
from crossroom.sip.overload import Rates
from crossroom.sip.trust import Trusted


class Ids(Protocol):
    """Where tags, branches and Call-IDs come from."""

    def token(self) -> str:
        """A fresh unguessable token, RFC 3261 §19.3."""


def fraction(token: str) -> float:
    """A number from 0 up to 1 made of a random token: for waits that must not fall together."""
    return crc32(token.encode()) / 2**32


@dataclass(frozen=True, slots=True)
class Timers:
    """RFC 3261 table 4, in seconds; everything else is computed from these."""

    t1: float = 0.5
    t2: float = 4.0
    t4: float = 5.0

    @property
    def timeout(self) -> float:
        """64*T1: timers B, F, H, J, L, M and N."""
        return 64 * self.t1

    @property
    def d(self) -> float:
        """Timer D, at least 32 s on unreliable transports."""
        return max(32.0, 64 * self.t1)


ALLOW = (
    *("INVITE", "ACK", "CANCEL", "BYE", "PRACK", "OPTIONS", "UPDATE"),
    *("SUBSCRIBE", "NOTIFY", "REFER", "MESSAGE"),
)
SUPPORTED = ("timer", "replaces", "norefersub", "tdialog", "gruu", "100rel")
ACCEPT = ("application/sdp", "multipart/mixed", "multipart/alternative")
"""What may be in a body, or around it."""
UNDERSTOOD = frozenset({*SUPPORTED, "nosub"})
"""Option tags that a Require may name: these, or 420 (RFC 3261 §8.2.2.3).

`nosub` (RFC 7614) is honoured by sending no NOTIFY at all.
"""


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """The user agent's own words and limits.

    timers: RFC 3261 table 4. user_agent: what User-Agent and Server say, empty for nothing.
    allow, supported: methods and option tags we announce. events: packages for Allow-Events and 489.
    understood: option tags accepted in Require.
    accept: body types for Accept in OPTIONS and 415.
    session_expires, min_se: seconds, RFC 4028 §4 and §5 (never below 90).
    datagram_limit: octets above which a request leaves UDP, RFC 3261 §18.1.1.
    max_transactions: open transactions; a request beyond is answered 503 with Retry-After.
    max_redirects: contacts tried after 3xx answers for one call.
    rates: how much one source may ask of us. trusted: the addresses that the larger rates are for.
    accounts: who we are to proxies and servers that challenge what we send, by their realms.
    digest: algorithms of our challenges, in this order; the names of sip/auth.py.
    """

    timers: Timers = field(default_factory=Timers)
    user_agent: str = "Crossroom"
    allow: tuple[str, ...] = ALLOW
    supported: tuple[str, ...] = SUPPORTED
    understood: frozenset[str] = UNDERSTOOD
    events: tuple[str, ...] = ("conference", "refer")
    accept: tuple[str, ...] = ACCEPT
    session_expires: int = 1800
    min_se: int = 90
    datagram_limit: int = 1300
    max_transactions: int = 20_000
    max_redirects: int = 5
    rates: Rates = field(default_factory=Rates)
    trusted: Trusted = field(default_factory=Trusted)
    accounts: tuple[Account, ...] = ()
    digest: tuple[str, ...] = (
        "SHA-256",
        "MD5",
    )  # RFC 8760 §2.4: the strongest first, MD5 for old user agents
