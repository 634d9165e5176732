"""Whether a request outside a dialog gets in: the policy's answer, and the digest behind a challenge.

RFC 3261 §22.1 (401, never 407), RFC 7616, RFC 8760. Time and random text are arguments of the caller.
"""

import math
from dataclasses import dataclass

from crossroom.machine import ParseError
from crossroom.sip.admission import Admit, Challenge, Policy, Refuse
from crossroom.sip.auth import DigestChallenge, DigestCredentials, user_hash
from crossroom.sip.hop import Flow
from crossroom.sip.message import Request
from crossroom.sip.nonce import Freshness, Nonces, ReplayGuard
from crossroom.sip.pending import PendingRequest
from crossroom.sip.settings import AgentSettings, Ids
from crossroom.sip.throttle import Throttle, source_of


@dataclass(frozen=True, slots=True)
class Proof:
    """What credentials are worth: `proven` is user@realm; `stale`: right, but the nonce is no longer good."""

    proven: str | None = None
    stale: bool = False
    is_wrong: bool = False


class Gate:
    """Asks the policy and carries out what it says. `settings` gives the digest algorithms and a guesser's rate."""

    def __init__(self, policy: Policy, ids: Ids, settings: AgentSettings) -> None:
        self._policy = policy
        self._ids = ids
        self._algorithms = settings.digest
        failures = settings.rates.failures
        # two tokens carry 160 random bits: a secret that lives as long as this process
        self._nonces = Nonces((ids.token() + ids.token()).encode())
        self._guard = ReplayGuard()
        # RFC 7616 §5.8: passwords can be guessed online; so many wrong ones a minute, then nothing is tried
        self._failures = Throttle(failures / 60.0, failures)

    def __len__(self) -> int:
        return len(self._guard) + len(self._failures)

    def admits(self, pending: PendingRequest, now: float) -> bool:
        """Whether the request may go on; if not, it was answered. Sets `pending.identity`."""
        request, flow = pending.request, pending.flow
        answer = self._policy(request, flow, None)
        if isinstance(answer, Challenge):
            if self._is_locked_out(pending, now):
                return False
            proof = self._check(request, answer, now)
            if proof.is_wrong:
                self._failures.take(source_of(flow.remote_host), now)
            if proof.proven is None:
                self._challenge(pending, answer, now, stale=proof.stale)
                return False
            answer = self._ask_again(request, flow, proof.proven)
        if isinstance(answer, Refuse):
            pending.reply(answer.status, now, answer.reason)
            return False
        pending.identity = answer.identity
        return True

    def _is_locked_out(self, pending: PendingRequest, now: float) -> bool:
        """Whether the source has guessed too often; then it was answered, and whatever it sent is not looked at."""
        seconds = self._failures.wait(source_of(pending.flow.remote_host), now)
        if seconds > 0 and pending.request.headers.has("Authorization"):
            wait = (("Retry-After", str(math.ceil(seconds))),)
            pending.refuse_once(403, "Too Many Wrong Passwords", wait)
            return True
        return False

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
            if credentials.realm in challenge.realms:
                return self._judge(request, challenge, credentials, now)
        return Proof()

    def _judge(
        self, request: Request, challenge: Challenge, credentials: DigestCredentials, now: float
    ) -> Proof:
        freshness = self._nonces.check(credentials.nonce, now)
        issued = self._nonces.issued_at(credentials.nonce)
        if credentials.algorithm not in self._algorithms:
            return Proof(is_wrong=True)
        password = challenge.password_of(credentials.username, credentials.realm)
        # an unknown user costs as much time as a wrong password
        known = password if password is not None else self._ids.token()
        secret = user_hash(credentials.algorithm, credentials.username, credentials.realm, known)
        right = credentials.is_proof(request.method, secret) and credentials.is_for(request.uri)
        if not right or password is None:
            return Proof(is_wrong=True)
        # a nonce of before our restart: who knows the password need not be asked for it again
        if freshness is not Freshness.FRESH or issued is None:
            return Proof(stale=True)
        if not self._guard.accept(credentials.nonce, issued, credentials.nc):
            return Proof(stale=True)
        return Proof(f"{credentials.username.partition('@')[0]}@{credentials.realm}")

    def _challenge(self, pending: PendingRequest, challenge: Challenge, now: float, *, stale: bool) -> None:
        nonce = self._nonces.issue(now, self._ids.token().encode()[-8:])
        lines = tuple(
            ("WWW-Authenticate", str(DigestChallenge(realm, nonce, algorithm, stale=stale)))
            for algorithm in self._algorithms  # RFC 8760 §2.4: in order of preference
            for realm in challenge.realms
        )
        pending.refuse_once(401, headers=lines)
