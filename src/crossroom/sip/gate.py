"""Whether a request outside a dialog gets in: the policy's answer, and the digest behind a challenge.

RFC 3261 §22.1 (401, never 407), RFC 7616, RFC 8760. Time and random text are arguments of the caller.
"""

import math
from dataclasses import dataclass

from crossroom.machine import ParseError
from crossroom.sip.admission import Admit, Challenge, Policy, Refuse
from crossroom.sip.auth import DigestChallenge, DigestCredentials, user_hash
from crossroom.sip.guessing import Guesses
from crossroom.sip.hop import Flow
from crossroom.sip.message import Request
from crossroom.sip.nonce import Freshness, Nonces, ReplayGuard
from crossroom.sip.pending import PendingRequest
from crossroom.sip.settings import AgentSettings, Ids
from crossroom.sip.throttle import source_of


@dataclass(frozen=True, slots=True)
class Proof:
    """What credentials are worth: `proven` is user@realm; `stale`: right, but the nonce is no longer good."""

    proven: str | None = None
    stale: bool = False
    is_wrong: bool = False


class Gate:
    """Asks the policy and carries out what it says. `settings` gives the digest algorithms and a guesser's rate.

    `untried` counts the credentials that were not looked at after too many wrong ones.
    """

    def __init__(self, policy: Policy, ids: Ids, settings: AgentSettings) -> None:
        self._policy = policy
        self._ids = ids
        self._algorithms = settings.digest
        # two tokens carry 160 random bits: a secret that lives as long as this process
        self._nonces = Nonces((ids.token() + ids.token()).encode())
        self._guard = ReplayGuard()
        self._guesses = Guesses(settings.rates)
        self.untried = 0

    def __len__(self) -> int:
        return len(self._guard) + len(self._guesses)

    def admits(self, pending: PendingRequest, now: float) -> bool:
        """Whether the request may go on; if not, it was answered. Sets `pending.identity`."""
        request, flow = pending.request, pending.flow
        answer = self._policy(request, flow, None)
        if isinstance(answer, Challenge):
            credentials = _credentials_for(request, answer)
            if credentials is not None and self._is_locked_out(pending, credentials, now):
                return False
            proof = self._check(pending, answer, credentials, now)
            if proof.proven is None:
                self._challenge(pending, answer, now, stale=proof.stale)
                return False
            answer = self._ask_again(request, flow, proof.proven)
        if isinstance(answer, Refuse):
            pending.reply(answer.status, now, answer.reason)
            return False
        pending.identity = answer.identity
        return True

    def _is_locked_out(self, pending: PendingRequest, credentials: DigestCredentials, now: float) -> bool:
        """Whether too much was guessed; then it was answered, and the credentials are not looked at."""
        source = source_of(pending.flow.remote_host)
        seconds = self._guesses.wait(source, _account_of(credentials).lower(), now)
        if seconds > 0:
            self.untried += 1
            wait = (("Retry-After", str(math.ceil(seconds))),)
            pending.refuse_once(403, "Too Many Wrong Passwords", wait)
        return seconds > 0

    def _ask_again(self, request: Request, flow: Flow, proven: str) -> Admit | Refuse:
        answer = self._policy(request, flow, proven)
        # a policy that challenges somebody who has just proved who they are refuses them
        return Refuse(403) if isinstance(answer, Challenge) else answer

    def _check(
        self, pending: PendingRequest, challenge: Challenge, credentials: DigestCredentials | None, now: float
    ) -> Proof:
        if credentials is None:
            return Proof()
        proof = self._judge(pending.request, challenge, credentials, now)
        source, account = source_of(pending.flow.remote_host), _account_of(credentials).lower()
        if proof.is_wrong:
            self._guesses.wrong(source, account, now)
        elif proof.proven is not None:
            self._guesses.right(source, account)
        return proof

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
        return Proof(_account_of(credentials))

    def _challenge(self, pending: PendingRequest, challenge: Challenge, now: float, *, stale: bool) -> None:
        nonce = self._nonces.issue(now, self._ids.token().encode()[-8:])
        lines = tuple(
            ("WWW-Authenticate", str(DigestChallenge(realm, nonce, algorithm, stale=stale)))
            for algorithm in self._algorithms  # RFC 8760 §2.4: in order of preference
            for realm in challenge.realms
        )
        pending.refuse_once(401, headers=lines)


def _credentials_for(request: Request, challenge: Challenge) -> DigestCredentials | None:
    """The first readable credentials for one of the realms; None where there are none."""
    for line in request.headers.lines("Authorization"):
        try:
            credentials = DigestCredentials.parse(line)
        except ParseError:
            continue
        if credentials.realm in challenge.realms:
            return credentials
    return None


def _account_of(credentials: DigestCredentials) -> str:
    """Whose password it is: `user@realm`, whether or not the client wrote its domain behind the name."""
    return f"{credentials.username.partition('@')[0]}@{credentials.realm}"
