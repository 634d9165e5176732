"""Whether a request outside a dialog gets in: the policy's answer, and the digest behind a challenge.

RFC 3261 §22.1 (401, never 407), RFC 7616, RFC 8760. Time and random text are arguments of the caller.
"""

from dataclasses import dataclass

from crossroom.machine import ParseError
from crossroom.sip.admission import Admit, Challenge, Policy, Refuse
from crossroom.sip.auth import DigestChallenge, DigestCredentials, user_hash
from crossroom.sip.hop import Flow
from crossroom.sip.message import Request
from crossroom.sip.nonce import Freshness, Nonces, ReplayGuard
from crossroom.sip.pending import PendingRequest
from crossroom.sip.settings import Ids

ALGORITHMS = ("SHA-256", "MD5")
"""Offered in this order, RFC 8760 §2.4: the strongest first, MD5 for old user agents."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What credentials are worth: `proven` is user@realm; `stale`: right, but the nonce is too old."""

    proven: str | None = None
    stale: bool = False


class Gate:
    """Asks the policy and carries out what it says."""

    def __init__(self, policy: Policy, ids: Ids) -> None:
        self._policy = policy
        self._ids = ids
        # two tokens carry 160 random bits: a secret that lives as long as this process
        self._nonces = Nonces((ids.token() + ids.token()).encode())
        self._guard = ReplayGuard()

    def admits(self, pending: PendingRequest, now: float) -> bool:
        """Whether the request may go on; if not, it was answered. Sets `pending.identity`."""
        request, flow = pending.request, pending.flow
        answer = self._policy(request, flow, None)
        if isinstance(answer, Challenge):
            proof = self._check(request, answer, now)
            if proof.proven is None:
                self._challenge(pending, answer, now, stale=proof.stale)
                return False
            answer = self._ask_again(request, flow, proof.proven)
        if isinstance(answer, Refuse):
            pending.reply(answer.status, now, answer.reason)
            return False
        pending.identity = answer.identity
        return True

    def _ask_again(self, request: Request, flow: Flow, proven: str) -> Admit | Refuse:
        answer = self._policy(request, flow, proven)
        # a policy that challenges somebody who has just proved who they are refuses them
        return Refuse(403) if isinstance(answer, Challenge) else answer

    def _check(self, request: Request, challenge: Challenge, now: float) -> Proof:
        for line in request.headers.lines("Authorization"):
            try:
                credentials = DigestCredentials.parse(line)
            except ParseError:
                continue
            if credentials.realm == challenge.realm:
                return self._judge(request, challenge, credentials, now)
        return Proof()

    def _judge(
        self, request: Request, challenge: Challenge, credentials: DigestCredentials, now: float
    ) -> Proof:
        freshness = self._nonces.check(credentials.nonce, now)
        issued = self._nonces.issued_at(credentials.nonce)
        if freshness is Freshness.FORGED or issued is None or credentials.algorithm not in ALGORITHMS:
            return Proof()
        password = challenge.password_of(credentials.username)
        # an unknown user costs as much time as a wrong password
        known = password if password is not None else self._ids.token()
        secret = user_hash(credentials.algorithm, credentials.username, challenge.realm, known)
        right = credentials.is_proof(request.method, secret) and credentials.is_for(request.uri)
        if not right or password is None:
            return Proof()
        if freshness is Freshness.STALE or not self._guard.accept(credentials.nonce, issued, credentials.nc):
            return Proof(stale=True)
        return Proof(f"{credentials.username}@{challenge.realm}")

    def _challenge(self, pending: PendingRequest, challenge: Challenge, now: float, *, stale: bool) -> None:
        nonce = self._nonces.issue(now, self._ids.token().encode()[-8:])
        lines = tuple(
            ("WWW-Authenticate", str(DigestChallenge(challenge.realm, nonce, algorithm, stale=stale)))
            for algorithm in ALGORITHMS
        )
        pending.reply(401, now, headers=lines)
