"""Who gets in: the policy's answers, and digest credentials good and bad. RFC 3261 §22, RFC 7616."""

from dataclasses import replace

import pytest

from crossroom.sip.admission import Admission, Admit, Challenge, Refuse
from crossroom.sip.answer import Body
from crossroom.sip.auth import DigestChallenge, DigestCredentials, Login, answer_challenge, read_challenges
from crossroom.sip.events import RequestReceived
from crossroom.sip.hop import Flow
from crossroom.sip.message import Request, Response
from crossroom.sip.overload import Rates
from crossroom.sip.settings import AgentSettings
from sip_messages import simple
from sip_peer import CONTACT, Peer


def password_of(username: str, realm: str) -> str | None:
    return {("ana", "conference.example"): "secret", ("bob", "other.example"): "hidden"}.get(
        (username.partition("@")[0], realm)
    )


REALM = Challenge(("conference.example",), password_of)


def policy(_request: Request, _flow: Flow, proven: str | None) -> Admission:
    return REALM if proven is None else Admit(proven)


class Door:
    """An agent that challenges everybody."""

    def __init__(self, settings: AgentSettings | None = None) -> None:
        self.peer = Peer(settings or AgentSettings(), policy=policy)
        self.number = 0

    def ask(self, *credentials: object) -> Response:
        """MESSAGE with these credentials; the answer, 200 when it got in."""
        self.number += 1
        message = simple("MESSAGE", branch=f"z9hG4bKm{self.number}", cseq=self.number)
        for value in credentials:
            message = message.with_headers(message.headers.adding("Authorization", str(value)))
        self.peer.put(message)
        if self.peer.events:
            pending = self.peer.event(RequestReceived).usage
            assert pending.identity == "ana@conference.example"
            pending.respond(200, "", (), Body(), CONTACT, self.peer.now)
            self.peer.drain()
        return self.peer.response()

    def challenges(self) -> tuple[DigestChallenge, ...]:
        return read_challenges(self.ask().headers.lines("WWW-Authenticate"))

    def proof(self, challenge: DigestChallenge, password: str = "secret", nc: int = 1) -> DigestCredentials:
        login = Login("ana", password)
        return answer_challenge(challenge, login, ("MESSAGE", "sip:b@192.0.2.2"), "cnonce", nc)


def test_a_stranger_is_challenged_strongest_first() -> None:
    door = Door()
    answer = door.ask()
    assert answer.status == 401
    assert [c.algorithm for c in read_challenges(answer.headers.lines("WWW-Authenticate"))] == [
        "SHA-256",
        "MD5",
    ]
    assert not answer.headers.has("Proxy-Authenticate")


@pytest.mark.parametrize("which", [0, 1])
def test_the_right_password_opens_by_either_algorithm(which: int) -> None:
    door = Door()
    assert door.ask(door.proof(door.challenges()[which])).status == 200


def test_only_the_algorithms_of_the_settings_are_offered_and_taken() -> None:
    door = Door(AgentSettings(digest=("MD5",)))
    challenge = door.challenges()[0]
    assert [each.algorithm for each in door.challenges()] == ["MD5"]
    assert door.ask(door.proof(replace(challenge, algorithm="SHA-256"))).status == 401
    assert door.ask(door.proof(challenge)).status == 200


def test_credentials_serve_once_per_count() -> None:
    door = Door()
    challenge = door.challenges()[0]
    assert door.ask(door.proof(challenge)).status == 200
    replayed = door.ask(door.proof(challenge))
    assert replayed.status == 401
    assert all(c.stale for c in read_challenges(replayed.headers.lines("WWW-Authenticate")))
    assert door.ask(door.proof(challenge, nc=2)).status == 200


def test_an_old_nonce_is_stale_for_who_knows_the_password_only() -> None:
    door = Door()
    challenge = door.challenges()[0]
    door.peer.pass_time(400)
    assert read_challenges(door.ask(door.proof(challenge)).headers.lines("WWW-Authenticate"))[0].stale
    wrong = door.ask(door.proof(challenge, "guess"))
    assert not read_challenges(wrong.headers.lines("WWW-Authenticate"))[0].stale


def test_wrong_credentials_do_not_open() -> None:
    door = Door()
    challenge = door.challenges()[0]
    right = door.proof(challenge)
    assert door.ask(door.proof(challenge, "guess")).status == 401
    assert door.ask(replace(right, username="bob")).status == 401
    assert door.ask(replace(right, realm="other.example")).status == 401
    assert door.ask("Digest nonsense").status == 401
    assert door.ask("Basic YTpi").status == 401
    assert door.ask(door.proof(DigestChallenge("conference.example", "forged", "SHA-256"))).status == 401
    elsewhere = answer_challenge(challenge, Login("ana", "secret"), ("MESSAGE", "sip:x@192.0.2.2"), "c")
    assert door.ask(elsewhere).status == 401
    assert door.ask("Digest nonsense", right).status == 200


@pytest.mark.parametrize(("answer", "status"), [(Refuse(403, "Not here"), 403), (REALM, 403)])
def test_who_has_proved_a_name_may_still_be_refused(answer: Admission, status: int) -> None:
    door = Door()
    door.peer = Peer(policy=lambda _r, _f, proven: REALM if proven is None else answer)
    assert door.ask(door.proof(door.challenges()[0])).status == status


def test_a_policy_may_refuse_without_asking_for_a_name() -> None:
    peer = Peer(policy=lambda _r, _f, _p: Refuse(403, "Not here"))
    answer = peer.ask(simple("INVITE"))
    assert (answer.status, answer.reason) == (403, "Not here")


def test_an_ack_or_cancel_is_never_challenged() -> None:
    peer = Peer(policy=policy)
    peer.put(simple("ACK"))
    assert not peer.sent
    assert peer.ask(simple("CANCEL")).status == 481


def test_a_challenge_leaves_nothing_behind() -> None:
    door = Door()
    for _ in range(50):
        door.ask()
    assert door.peer.agent.tables()["transactions"] == 0


def test_a_nonce_of_another_life_is_stale_for_who_knows_the_password() -> None:
    old = DigestChallenge("conference.example", "before-the-restart", "SHA-256")
    door = Door()
    again = read_challenges(door.ask(door.proof(old)).headers.lines("WWW-Authenticate"))
    assert again[0].stale
    assert door.ask(door.proof(again[0])).status == 200


def test_one_of_several_realms_is_enough() -> None:
    both = Challenge(("conference.example", "other.example"), password_of)
    door = Door()
    door.peer = Peer(policy=lambda _r, _f, proven: both if proven is None else Admit(proven))
    offered = door.challenges()
    assert [(c.algorithm, c.realm) for c in offered] == [
        ("SHA-256", "conference.example"),
        ("SHA-256", "other.example"),
        ("MD5", "conference.example"),
        ("MD5", "other.example"),
    ]
    wrong = door.proof(offered[1])
    assert door.ask(wrong).status == 401
    assert door.ask(door.proof(offered[0])).status == 200


def test_a_user_name_may_carry_its_domain() -> None:
    door = Door()
    challenge = door.challenges()[0]
    login = Login("ana@conference.example", "secret")
    proof = answer_challenge(challenge, login, ("MESSAGE", "sip:b@192.0.2.2"), "cnonce")
    assert door.ask(proof).status == 200


def test_who_guesses_too_often_is_not_heard_for_a_while() -> None:
    door = Door()
    door.peer = Peer(AgentSettings(rates=Rates(failures=3)), policy=policy)
    challenge = door.challenges()[0]
    for count in range(3):
        assert door.ask(door.proof(challenge, "guess", nc=count + 1)).status == 401
    refused = door.ask(door.proof(challenge, nc=9))
    assert (refused.status, refused.headers.get("Retry-After")) == (403, "20")
    assert door.ask().status == 401, "a request without credentials is no guess"
    assert door.peer.agent.turned_away == (0, 1)
    door.peer.pass_time(21)
    assert door.ask(door.proof(challenge, nc=9)).status == 200


def test_an_account_that_is_guessed_at_from_everywhere_stays_open_for_its_owner() -> None:
    door = Door(AgentSettings(rates=Rates(account_failures=3)))
    home, elsewhere = door.peer.flow, replace(door.peer.flow, remote_host="198.51.100.7")
    challenge = door.challenges()[0]
    assert door.ask(door.proof(challenge)).status == 200
    for count in range(3):
        door.peer.flow = replace(home, remote_host=f"203.0.113.{count}")
        assert door.ask(door.proof(challenge, "guess", nc=count + 2)).status == 401
    door.peer.flow = elsewhere
    refused = door.ask(door.proof(challenge, nc=9))
    assert (refused.status, refused.headers.get("Retry-After")) == (403, "20")
    door.peer.flow = home
    assert door.ask(door.proof(challenge, nc=10)).status == 200
    door.peer.flow = elsewhere
    door.peer.pass_time(21)
    assert door.ask(door.proof(challenge, nc=11)).status == 200
