"""How a request of ours proves who we are to whoever challenges it: servers by 401, proxies by 407. RFC 3261 §22.2, §22.3.

Each realm on the way is answered once, and once more for a stale nonce; the answers to the others stay.
"""

from collections.abc import Callable
from dataclasses import dataclass

from crossroom.sip.answer import Account
from crossroom.sip.auth import DigestChallenge, Login, answer_challenge, read_challenges, strongest
from crossroom.sip.message import Request, Response

_FIELDS = {401: ("WWW-Authenticate", "Authorization"), 407: ("Proxy-Authenticate", "Proxy-Authorization")}
_MAX_ROUNDS = 6
"""Challenges of one request. Nobody has so many proxies with passwords; one that says "stale" for ever is given up."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a realm wants to know, and how often it has been told."""

    challenge: DigestChallenge
    account: Account
    count: int = 0


class Proofs:
    """The credentials of one request. `accounts`: who we are, in order of preference."""

    def __init__(self, accounts: tuple[Account, ...]) -> None:
        self._accounts = accounts
        self._asked: dict[tuple[str, str], _Asked] = {}
        self._rounds = 0

    def learn(self, response: Response) -> bool:
        """Take the challenges of a 401 or 407; False when trying again would not help.

        A response may hold those of several proxies (RFC 3261 §22.3), each with several algorithms (RFC 8760 §2.4).
        """
        challenges_in, proof_in = _FIELDS[response.status]
        self._rounds += 1
        is_new = False
        challenges = read_challenges(response.headers.lines(challenges_in))
        for realm in dict.fromkeys(each.realm for each in challenges):
            challenge = strongest(each for each in challenges if each.realm == realm)
            account = self._account_for(realm)
            if challenge is None or account is None:
                continue
            if (proof_in, realm) in self._asked and not challenge.stale:
                return False  # it knows our answer, and wants another
            self._asked[proof_in, realm] = _Asked(challenge, account)
            is_new = True
        return is_new and self._rounds <= _MAX_ROUNDS

    def added_to(self, request: Request, token: Callable[[], str]) -> Request:
        """The request with credentials for every realm that asked so far; `token` draws a cnonce."""
        headers = request.headers.without("Authorization").without("Proxy-Authorization")
        for (name, realm), asked in self._asked.items():
            told = _Asked(asked.challenge, asked.account, asked.count + 1)
            self._asked[name, realm] = told
            login = Login(told.account.username, told.account.password)
            # RFC 7616 §3.4: nc counts the requests that were sent with this nonce
            proof = answer_challenge(
                told.challenge, login, (request.method, str(request.uri)), token(), told.count
            )
            headers = headers.adding(name, str(proof))
        return request.with_headers(headers)

    def _account_for(self, realm: str) -> Account | None:
        return next((each for each in self._accounts if each.realm in {None, realm}), None)
