"""Who we are to several realms on one way."""

from crossroom.sip.answer import Account
from crossroom.sip.auth import DigestChallenge, DigestCredentials, user_hash
from crossroom.sip.message import Request, Response
from crossroom.sip.proving import Proofs
from sip_messages import response_to, simple

ASKED = simple("MESSAGE")
ACCOUNTS = (Account("tea", "one", "proxy.example"), Account("focus", "two", "b.example"))


def challenged(status: int, *challenges: DigestChallenge) -> Response:
    name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
    return response_to(ASKED, status, *((name, str(each)) for each in challenges))


def proofs_of(request: Request, name: str) -> dict[str, DigestCredentials]:
    found = [DigestCredentials.parse(line) for line in request.headers.lines(name)]
    return {each.realm: each for each in found}


def token() -> str:
    return "cnonce"


def test_every_realm_on_the_way_gets_its_own_credentials() -> None:
    proofs = Proofs(ACCOUNTS)
    assert proofs.learn(challenged(407, DigestChallenge("proxy.example", "n1")))
    first = proofs.added_to(ASKED, token)
    assert proofs.learn(challenged(401, DigestChallenge("b.example", "n2", "SHA-256")))
    second = proofs.added_to(first, token)
    at_proxy = proofs_of(second, "Proxy-Authorization")["proxy.example"]
    assert at_proxy.nc == 2  # RFC 7616 §3.4: the second request with this nonce
    assert at_proxy.is_proof("MESSAGE", user_hash("MD5", "tea", "proxy.example", "one"))
    at_server = proofs_of(second, "Authorization")["b.example"]
    assert at_server.is_proof("MESSAGE", user_hash("SHA-256", "focus", "b.example", "two"))


def test_one_response_may_ask_for_several_realms_and_algorithms() -> None:
    proofs = Proofs(ACCOUNTS)
    asked = [
        DigestChallenge("proxy.example", "n1", "MD5"),
        DigestChallenge("proxy.example", "n2", "SHA-256"),
        DigestChallenge("b.example", "n3"),
        DigestChallenge("nobody.example", "n4"),
    ]
    assert proofs.learn(challenged(407, *asked))
    told = proofs_of(proofs.added_to(ASKED, token), "Proxy-Authorization")
    assert {realm: proof.nonce for realm, proof in told.items()} == {"proxy.example": "n2", "b.example": "n3"}


def test_a_refused_password_is_not_said_again_but_a_stale_nonce_is_replaced() -> None:
    proofs = Proofs(ACCOUNTS)
    assert proofs.learn(challenged(407, DigestChallenge("proxy.example", "n1")))
    assert proofs.learn(challenged(407, DigestChallenge("proxy.example", "n2", stale=True)))
    told = proofs_of(proofs.added_to(ASKED, token), "Proxy-Authorization")["proxy.example"]
    assert (told.nonce, told.nc) == ("n2", 1)
    assert not proofs.learn(challenged(407, DigestChallenge("proxy.example", "n3")))


def test_nobody_is_answered_who_says_stale_for_ever() -> None:
    proofs = Proofs(ACCOUNTS)
    stale = challenged(407, DigestChallenge("proxy.example", "n", stale=True))
    assert [proofs.learn(stale) for _ in range(8)].count(True) == 6


def test_a_realm_without_an_account_is_told_nothing() -> None:
    proofs = Proofs(ACCOUNTS)
    assert not proofs.learn(challenged(401, DigestChallenge("evil.example", "n")))
    assert not proofs.learn(response_to(ASKED, 401))
    assert proofs.added_to(ASKED, token) == ASKED
