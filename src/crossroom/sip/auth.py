"""Digest authentication: challenges, credentials and the arithmetic between them (RFC 7616, RFC 8760, RFC 3261 §22).

Time and random bits are arguments. Server-side nonces and the replay guard are in nonce.py.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, replace

from crossroom.machine import LocalProtocolError, ParseError
from crossroom.sip import grammar
from crossroom.sip.uri import SipUri, Uri, parse_uri

# Strongest first, with the names hashlib gives them. RFC 8760 §2.3: an RFC's name, compared without case.
ALGORITHMS = {"SHA-512-256": "sha512_256", "SHA-256": "sha256", "MD5": "md5"}


@dataclass(frozen=True, slots=True)
class DigestChallenge:
    """WWW-Authenticate or Proxy-Authenticate of scheme Digest. `qop` are the offered values, in order.

    Raises:
        LocalProtocolError: an algorithm or qop that is no token.

    """

    realm: str
    nonce: str
    algorithm: str = "MD5"
    qop: tuple[str, ...] = ("auth",)
    opaque: str | None = None
    stale: bool = False

    def __post_init__(self) -> None:
        _check_words(self.algorithm, *self.qop)

    @classmethod
    def parse(cls, text: str) -> "DigestChallenge":
        """Read one challenge.

        Raises:
            ParseError: another scheme, no realm or nonce, broken quoting.

        """
        fields = _parse_fields(text)
        qop = fields.get("qop", "").lower().replace(",", " ").split()
        return cls(
            _field(fields, "realm"),
            _field(fields, "nonce"),
            _algorithm(fields),
            tuple(filter(grammar.is_token, qop)),
            fields.get("opaque"),
            fields.get("stale", "").lower() == "true",
        )

    def __str__(self) -> str:
        parts = [f"realm={grammar.quote(self.realm)}", f"nonce={grammar.quote(self.nonce)}"]
        if self.opaque is not None:
            parts.append(f"opaque={grammar.quote(self.opaque)}")
        if self.qop:
            parts.append(f'qop="{",".join(self.qop)}"')
        # RFC 7616 §3.3: algorithm and stale are written without quotes.
        parts.append(f"algorithm={self.algorithm}")
        if self.stale:
            parts.append("stale=true")
        return f"Digest {', '.join(parts)}"


@dataclass(frozen=True, slots=True)
class DigestCredentials:
    """Authorization or Proxy-Authorization of scheme Digest. `qop` "" is the RFC 2069 form, without cnonce.

    Raises:
        LocalProtocolError: an algorithm or qop that is no token.

    """

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: str = "MD5"
    qop: str = "auth"
    cnonce: str = ""
    nc: int = 1
    opaque: str | None = None

    def __post_init__(self) -> None:
        _check_words(self.algorithm, self.qop or "auth")

    @classmethod
    def parse(cls, text: str) -> "DigestCredentials":
        """Read one value.

        Raises:
            ParseError: another scheme, a missing field, an `nc` that is no hexadecimal number.

        """
        fields = _parse_fields(text)
        qop = fields.get("qop", "").lower()
        if qop and not grammar.is_token(qop):
            raise ParseError(f"not a qop: {qop[:40]!r}")
        return cls(
            _field(fields, "username"),
            _field(fields, "realm"),
            _field(fields, "nonce"),
            _field(fields, "uri"),
            _field(fields, "response").lower(),
            _algorithm(fields),
            qop,
            _field(fields, "cnonce") if qop else "",
            _nonce_count(_field(fields, "nc")) if qop else 1,
            fields.get("opaque"),
        )

    def is_proof(self, method: str, ha1: str) -> bool:
        """Whether the response is right for this request; takes the same time wherever it differs.

        `ha1` as from `user_hash`. False too for an algorithm or qop that we do not know.
        """
        if self.algorithm not in ALGORITHMS or self.qop not in {"", "auth"}:
            return False
        expected = self.expected_response(method, ha1)
        return hmac.compare_digest(expected.encode(), self.response.encode("utf-8", "replace"))

    def expected_response(self, method: str, ha1: str) -> str:
        """Compute what `response` should be (RFC 7616 §3.4.1); the algorithm must be of ALGORITHMS."""
        ha2 = _hash(self.algorithm, f"{method}:{self.uri}")
        if not self.qop:
            return _hash(self.algorithm, f"{ha1}:{self.nonce}:{ha2}")
        count = f"{self.nc:08x}:{self.cnonce}:{self.qop}"
        return _hash(self.algorithm, f"{ha1}:{self.nonce}:{count}:{ha2}")

    def is_for(self, uri: Uri) -> bool:
        """Whether the digest-uri means this Request-URI (RFC 3261 §22.4: not byte by byte)."""
        try:
            named = parse_uri(self.uri)
        except ParseError:
            return False
        return named.matches(uri) or _equivalent(named, uri)

    def __str__(self) -> str:
        quoted = grammar.quote
        parts = [
            f"username={quoted(self.username)}",
            f"realm={quoted(self.realm)}",
            f"nonce={quoted(self.nonce)}",
            f"uri={quoted(self.uri)}",
            f"response={quoted(self.response)}",
            f"algorithm={self.algorithm}",
        ]
        if self.qop:
            # RFC 7616 §3.4: qop and nc are written without quotes.
            parts += [f"cnonce={quoted(self.cnonce)}", f"qop={self.qop}", f"nc={self.nc:08x}"]
        if self.opaque is not None:
            parts.append(f"opaque={quoted(self.opaque)}")
        return f"Digest {', '.join(parts)}"


def user_hash(algorithm: str, username: str, realm: str, password: str) -> str:
    """H(username:realm:password), what a server may store instead of the password (HA1)."""
    return _hash(algorithm, f"{username}:{realm}:{password}")


@dataclass(frozen=True, slots=True)
class Login:
    """A name and its password."""

    username: str
    password: str


def answer_challenge(
    challenge: DigestChallenge, login: Login, target: tuple[str, str], cnonce: str, nc: int = 1
) -> DigestCredentials:
    """Prove that we know the password. `target`: method and Request-URI; `cnonce`: fresh random text.

    Raises:
        LocalProtocolError: the challenge is one that `strongest` would not have chosen.

    """
    if not _answerable(challenge):
        raise LocalProtocolError(f"cannot answer {challenge}")
    method, uri = target
    blank = DigestCredentials(
        login.username,
        challenge.realm,
        challenge.nonce,
        uri,
        "",
        challenge.algorithm,
        "auth" if challenge.qop else "",
        cnonce if challenge.qop else "",
        nc if challenge.qop else 1,
        challenge.opaque,
    )
    ha1 = user_hash(challenge.algorithm, login.username, challenge.realm, login.password)
    return replace(blank, response=blank.expected_response(method, ha1))


def read_challenges(lines: Iterable[str]) -> tuple[DigestChallenge, ...]:
    """Read the Digest challenges among header lines; other schemes and unreadable ones are left out."""
    return tuple(found for line in lines if (found := _parse_or_none(line)) is not None)


def strongest(challenges: Iterable[DigestChallenge]) -> DigestChallenge | None:
    """Choose what to answer: the strongest algorithm we know, qop "auth" or none. None: nothing fits."""
    order = list(ALGORITHMS)
    fitting = [challenge for challenge in challenges if _answerable(challenge)]
    return min(fitting, key=lambda challenge: order.index(challenge.algorithm), default=None)


def _answerable(challenge: DigestChallenge) -> bool:
    return challenge.algorithm in ALGORITHMS and (not challenge.qop or "auth" in challenge.qop)


def _parse_or_none(line: str) -> DigestChallenge | None:
    try:
        return DigestChallenge.parse(line)
    except ParseError:
        return None


def _parse_fields(text: str) -> dict[str, str]:
    scheme, _, rest = text.strip().partition(" ")
    if scheme.lower() != "digest":
        raise ParseError(f"not a Digest: {scheme[:40]!r}")
    fields: dict[str, str] = {}
    for part in grammar.split_commas(grammar.blank_controls(rest)):
        name, equals, value = part.partition("=")
        name = name.strip().lower()
        if not equals or not grammar.is_token(name) or name in fields:
            raise ParseError(f"not a Digest field, or there twice: {name[:40]!r}")
        fields[name] = grammar.unquote(value.strip())
    return fields


def _field(fields: dict[str, str], name: str) -> str:
    if name not in fields:
        raise ParseError(f"a Digest without {name}")
    return fields[name]


def _algorithm(fields: dict[str, str]) -> str:
    # RFC 7616 §3.3: a missing algorithm is MD5. Kept in the registry's upper case.
    algorithm = fields.get("algorithm", "MD5").upper()
    if not grammar.is_token(algorithm):
        raise ParseError(f"not an algorithm: {algorithm[:40]!r}")
    return algorithm


def _check_words(*words: str) -> None:
    if not all(map(grammar.is_token, words)):
        raise LocalProtocolError(f"not words of Digest: {words}")


def _nonce_count(text: str) -> int:
    if len(text) != 8 or not all(digit in "0123456789abcdefABCDEF" for digit in text):
        raise ParseError(f"not a nonce count: {text[:40]!r}")
    return int(text, 16)


def _hash(algorithm: str, text: str) -> str:
    # MD5 is what old endpoints have; RFC 8760 §2.4 leaves the choice to the server's challenges.
    return hashlib.new(
        ALGORITHMS[algorithm], text.encode("utf-8", "replace"), usedforsecurity=False
    ).hexdigest()


def _equivalent(named: Uri, uri: Uri) -> bool:
    """Forgive what proxies rewrite: parameters, and the default port written or not."""
    if not isinstance(named, SipUri) or not isinstance(uri, SipUri):
        return False
    return SipUri(named.host, named.user, scheme=named.scheme).matches(
        SipUri(uri.host, uri.user, scheme=uri.scheme)
    )
