import hashlib

import pytest

from crossroom.machine import LocalProtocolError, ParseError
from crossroom.sip.auth import (
    DigestChallenge,
    DigestCredentials,
    Login,
    answer_challenge,
    read_challenges,
    strongest,
    user_hash,
)
from crossroom.sip.uri import OtherUri, SipUri, parse_uri

LOGIN = Login("Mufasa", "Circle of Life")
# RFC 7616 §3.9.1: the example's values, and the responses that it gives.
CHALLENGE = DigestChallenge(
    "http-auth@example.org", "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "SHA-256", ("auth", "auth-int"),
    "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
)  # fmt: skip
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
TARGET = ("GET", "/dir/index.html")


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
    ],
)
def test_the_examples_of_the_standard_come_out(algorithm: str, response: str) -> None:
    challenge = DigestChallenge(CHALLENGE.realm, CHALLENGE.nonce, algorithm, CHALLENGE.qop, CHALLENGE.opaque)
    assert answer_challenge(challenge, LOGIN, TARGET, CNONCE).response == response


def test_sha_512_256_is_computed_from_its_definition() -> None:
    challenge = DigestChallenge("r", "n", "SHA-512-256")
    ha1 = hashlib.new("sha512_256", b"Mufasa:r:Circle of Life").hexdigest()
    ha2 = hashlib.new("sha512_256", b"INVITE:sip:h").hexdigest()
    expected = hashlib.new("sha512_256", f"{ha1}:n:00000002:c:auth:{ha2}".encode()).hexdigest()
    assert answer_challenge(challenge, LOGIN, ("INVITE", "sip:h"), "c", 2).response == expected


def test_a_challenge_is_written_and_read_the_same() -> None:
    challenge = DigestChallenge('a "realm"', "n", "MD5", ("auth", "auth-int"), "o", stale=True)
    text = str(challenge)
    assert (
        text
        == 'Digest realm="a \\"realm\\"", nonce="n", opaque="o", qop="auth,auth-int", algorithm=MD5, stale=true'
    )
    assert DigestChallenge.parse(text) == challenge


def test_a_bare_challenge_is_md5_without_qop() -> None:
    challenge = DigestChallenge.parse('digest nonce=n , realm = "r"')
    assert challenge == DigestChallenge("r", "n", "MD5", ())
    assert str(challenge) == 'Digest realm="r", nonce="n", algorithm=MD5'


def test_credentials_are_written_and_read_the_same() -> None:
    for challenge in (CHALLENGE, DigestChallenge("r", "n", "MD5", ())):
        credentials = answer_challenge(challenge, LOGIN, ("INVITE", "sip:a@h"), CNONCE, 17)
        assert DigestCredentials.parse(str(credentials)) == credentials
    assert "qop=auth, nc=00000011" in str(answer_challenge(CHALLENGE, LOGIN, TARGET, CNONCE, 17))


@pytest.mark.parametrize(
    "challenge", [CHALLENGE, DigestChallenge("r", "n", "MD5", ()), DigestChallenge("r", "n")]
)
def test_a_proof_holds_for_its_method_password_and_nothing_else(challenge: DigestChallenge) -> None:
    credentials = answer_challenge(challenge, LOGIN, ("INVITE", "sip:a@h"), CNONCE)
    right = user_hash(challenge.algorithm, "Mufasa", challenge.realm, "Circle of Life")
    assert credentials.is_proof("INVITE", right)
    assert not credentials.is_proof("BYE", right)
    assert not credentials.is_proof(
        "INVITE", user_hash(challenge.algorithm, "Mufasa", challenge.realm, "guess")
    )


def test_unknown_algorithms_and_protections_prove_nothing() -> None:
    text = 'Digest username="u", realm="r", nonce="n", uri="sip:h", response="", algorithm=%s, qop=%s, nc=00000001, cnonce="c"'
    assert not DigestCredentials.parse(text % ("SHA-1", "auth")).is_proof("INVITE", "")
    assert not DigestCredentials.parse(text % ("MD5", "auth-int")).is_proof("INVITE", "")
    assert not DigestCredentials.parse(
        (text % ("MD5", "auth")).replace('response=""', 'response="é"')
    ).is_proof("A", "")


@pytest.mark.parametrize(
    "text",
    [
        "", "Basic dTpw", "Digest", 'Digest realm="r"', 'Digest realm="r", nonce="n', 'Digest realm="r", realm="s", nonce="n"',
        'Digest realm="r", nonce="n", x', 'Digest realm="r", nonce="n", algorithm="M D"',
    ],
)  # fmt: skip
def test_unreadable_challenges_are_refused_and_skipped(text: str) -> None:
    with pytest.raises(ParseError):
        DigestChallenge.parse(text)
    assert read_challenges([text, str(CHALLENGE)]) == (CHALLENGE,)


@pytest.mark.parametrize("nc", ["1", "0000000g", "000000001", ""])
def test_a_nonce_count_has_eight_hexadecimal_digits(nc: str) -> None:
    with pytest.raises(ParseError):
        DigestCredentials.parse(
            f'Digest username="u", realm="r", nonce="n", uri="sip:h", response="0", qop=auth, cnonce="c", nc={nc}'
        )


def test_the_strongest_challenge_that_we_know_is_answered() -> None:
    weak, strong, best = (DigestChallenge("r", "n", name) for name in ("MD5", "SHA-256", "SHA-512-256"))
    alien = DigestChallenge("r", "n", "SHA-3")
    guarded = DigestChallenge("r", "n", "SHA-512-256", ("auth-int",))
    assert strongest([alien, weak, strong, guarded]) == strong
    assert strongest([weak, best, strong]) == best
    assert strongest([alien, guarded]) is None
    for unfit in (alien, guarded):
        with pytest.raises(LocalProtocolError):
            answer_challenge(unfit, LOGIN, TARGET, "c")


@pytest.mark.parametrize(
    ("named", "uri", "same"),
    [
        ("sip:a@H.example", "sip:a@h.example", True),
        ("sip:a@h.example:5060", "sip:a@h.example;transport=tcp", True),
        ("sip:h.example", "sip:a@h.example", False),
        ("sips:a@h.example", "sip:a@h.example", False),
        ("tel:5", "sip:a@h.example", False),
        ("not a uri", "sip:a@h.example", False),
    ],
)
def test_the_digest_uri_must_mean_the_request_uri(
    named: str,
    uri: str,
    same: bool,  # noqa: FBT001 -- a table's column
) -> None:
    credentials = DigestCredentials("u", "r", "n", named, "")
    assert credentials.is_for(parse_uri(uri)) is same


def test_other_uris_must_be_the_same() -> None:
    credentials = DigestCredentials("u", "r", "n", "tel:5", "")
    assert credentials.is_for(OtherUri("tel", "5"))
    assert not credentials.is_for(SipUri("h"))
