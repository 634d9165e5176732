"""Who is believed to be whom: trusted networks, certificates, digest, and those who hide."""

from ipaddress import ip_network

import pytest

from crossroom.conference.policy import IdentityPolicy
from crossroom.sip.admission import Admission, Admit, Challenge, Refuse
from crossroom.sip.hop import TLS, UDP, WS, WSS, Flow
from crossroom.sip.trust import Trusted
from sip_messages import request

ACCOUNTS = {("ana", "sip.example"): "secret", ("carl", "other.example"): "hidden"}
POLICY = IdentityPolicy(
    trusted=Trusted((ip_network("10.0.0.0/8"),)),
    realms=("other.example", "sip.example"),
    secret_of=lambda user, domain: ACCOUNTS.get((user, domain)),
)
PROXY = Flow(UDP, "10.0.0.1", 5060)
STRANGER = Flow(UDP, "192.0.2.1", 5060)


def ask(
    *lines: str,
    source: Flow = STRANGER,
    proven: str | None = None,
    sender: str = "sip:ana@sip.example",
    head: str = "INVITE sip:tea@conference.example",
) -> Admission:
    text = f"""{head} SIP/2.0
        Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1
        Max-Forwards: 70
        From: <{sender}>;tag=a1
        To: <sip:tea@conference.example>
        Call-ID: call-1
        CSeq: 1 {head.partition(" ")[0]}"""
    return POLICY.admit(request("\n".join((text, *lines))), source, proven)


def test_a_trusted_hop_is_believed() -> None:
    assert ask(source=PROXY) == Admit("sip:ana@sip.example")


@pytest.mark.parametrize("transport", [WS, WSS])
def test_nobody_is_believed_for_the_address_that_a_websocket_comes_from(transport: str) -> None:
    # it is that of a reverse proxy, or of whoever opened a page on this machine
    page = Flow(transport, "10.0.0.1", 40000)
    assert isinstance(ask("P-Asserted-Identity: <sip:bob@sip.example>", source=page), Challenge)
    assert ask(source=page, proven="ana@sip.example") == Admit("sip:ana@sip.example")
    assert isinstance(ask(source=page, sender="sip:ana@nowhere.example"), Refuse)


@pytest.mark.parametrize(
    "line",
    [
        "P-Asserted-Identity: <sip:bob@sip.example>",
        "P-Asserted-Identity: <tel:+1234>, <sip:bob@sip.example>",
    ],
)
def test_what_a_trusted_hop_asserts_goes_before_from(line: str) -> None:
    assert ask(line, source=PROXY) == Admit("sip:bob@sip.example")


def test_nobody_else_may_assert_an_identity() -> None:
    assert isinstance(ask("P-Asserted-Identity: <sip:bob@sip.example>"), Challenge)
    proven = ask("P-Asserted-Identity: <sip:bob@sip.example>", proven="ana@sip.example")
    assert proven == Admit("sip:ana@sip.example")


def test_an_unreadable_assertion_is_refused() -> None:
    answer = ask("P-Asserted-Identity: <<", source=PROXY)
    assert isinstance(answer, Refuse)
    assert answer.status == 400


def test_a_stranger_proves_the_address_of_from_in_its_own_realm() -> None:
    answer = ask()
    assert isinstance(answer, Challenge)
    assert answer.realms == ("sip.example",)
    assert answer.password_of("ana", "sip.example") == "secret"
    assert answer.password_of("ana", "other.example") is None
    assert ask(proven="ana@sip.example") == Admit("sip:ana@sip.example")
    assert ask(sender="sip:ANA@SIP.example:5070;transport=tcp", proven="ana@sip.example") == Admit(
        "sip:ana@sip.example"
    )


@pytest.mark.parametrize("sender", ["sip:bob@sip.example", "sip:ana@other.example", "tel:+1234"])
def test_credentials_serve_for_their_owner_only(sender: str) -> None:
    answer = ask(sender=sender, proven="ana@sip.example")
    assert isinstance(answer, Refuse)
    assert answer.status == 403


@pytest.mark.parametrize("sender", ["sip:eve@elsewhere.example", "tel:+1234"])
def test_who_can_prove_nothing_here_is_refused_at_once(sender: str) -> None:
    answer = ask(sender=sender)
    assert isinstance(answer, Refuse)
    assert answer.status == 403


def test_who_hides_proves_an_identity_in_any_realm() -> None:
    answer = ask(sender="sip:anonymous@anonymous.invalid")
    assert isinstance(answer, Challenge)
    assert answer.realms == ("other.example", "sip.example")
    assert ask(sender="sip:anonymous@anonymous.invalid", proven="ana@sip.example") == Admit(
        "sip:ana@sip.example"
    )


def test_a_neighbour_may_ask_whether_we_are_alive() -> None:
    assert ask(head="OPTIONS sip:192.0.2.9") == Admit()
    assert isinstance(ask(head="OPTIONS sip:tea@conference.example"), Challenge)


def certified(*names: str) -> Flow:
    return Flow(TLS, "192.0.2.1", 5061, serial=1, names=names)


def test_a_certificate_speaks_for_its_user() -> None:
    assert ask(source=certified("sip:ana@sip.example")) == Admit("sip:ana@sip.example")
    hidden = ask(source=certified("sip:ana@sip.example"), sender="sip:anonymous@anonymous.invalid")
    assert hidden == Admit("sip:ana@sip.example")
    assert isinstance(ask(source=certified("sip:bob@sip.example")), Challenge)


def test_the_certificate_of_a_domain_speaks_for_all_its_users_and_no_others() -> None:
    proxy = certified("sip:sip.example", "https://sip.example")
    assert ask(source=proxy) == Admit("sip:ana@sip.example")
    assert ask("P-Asserted-Identity: <sip:bob@sip.example>", source=proxy) == Admit("sip:bob@sip.example")
    assert isinstance(ask(source=proxy, sender="sip:eve@elsewhere.example"), Refuse)
    stolen = ask("P-Asserted-Identity: <sip:eve@elsewhere.example>", source=proxy)
    assert isinstance(stolen, Challenge)
