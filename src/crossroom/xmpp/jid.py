"""Jabber identifiers (RFC 7622) and the escaping of their localparts (XEP-0106).

`Jid.parse` enforces; a `Jid` made by hand from parts that were enforced before is not checked again.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import idna
from precis_i18n import get_profile

from crossroom.machine import ParseError

MAX_PART_OCTETS = 1023  # RFC 7622 §3.2-3.4: each part 1 to 1023 octets
CACHED_JIDS = 8192  # the addresses of a busy server's links; a miss costs microseconds only
SHORT_JID = 256  # longer ones are rare

# RFC 7622 §3.3.1: not allowed in a localpart although the profile would allow them
EXCLUDED = frozenset("\"&'/:<>@")
PLAIN_LOCAL = re.compile(r"[!#$%()*+,\-.0-9;=?A-Z\[\\\]^_`a-z{|}~]+")
PLAIN_LABEL = re.compile(r"[0-9A-Za-z_](?:[0-9A-Za-z_-]{0,61}[0-9A-Za-z_])?")
PLAIN_RESOURCE = re.compile(r"[ -~]+")
IPV6_LITERAL = re.compile(r"\[[0-9A-Fa-f:.]+\]")

_LOCAL_PROFILE = get_profile("UsernameCaseMapped")
_RESOURCE_PROFILE = get_profile("OpaqueString")

# XEP-0106 §3: the ten characters and their escapes, lower-case only
ESCAPES = {character: f"\\{ord(character):02x}" for character in " \"&'/:<>@\\"}
ESCAPED = re.compile(r"\\(20|22|26|27|2f|3a|3c|3e|40|5c)")
# XEP-0106 §4: the backslash is escaped only where it would otherwise begin an escape
TO_ESCAPE = re.compile(r"[ \"&'/:<>@]|\\(?=20|22|26|27|2f|3a|3c|3e|40|5c)")


@dataclass(frozen=True, slots=True)
class Jid:
    """`local@domain/resource`; `local` and `resource` are empty where absent, `domain` never is."""

    local: str
    domain: str
    resource: str = ""

    @classmethod
    def parse(cls, text: str) -> "Jid":
        """Read and enforce an address (RFC 7622 §3). Raises ParseError."""
        # what is remembered must be small, as others choose it
        return _parse_short(text) if len(text) <= SHORT_JID else _parse(text)

    @classmethod
    def enforce(cls, local: str, domain: str, resource: str = "") -> "Jid":
        """An address from parts not enforced yet; empty parts are absent. Raises ParseError."""
        return cls(
            enforce_local(local) if local else "",
            enforce_domain(domain),
            enforce_resource(resource) if resource else "",
        )

    @property
    def bare(self) -> "Jid":
        """The address without its resource."""
        return replace(self, resource="") if self.resource else self

    @property
    def is_bare(self) -> bool:
        """True when there is no resource."""
        return not self.resource

    def with_resource(self, resource: str) -> "Jid":
        """This address with another resource, enforced. Raises ParseError."""
        return replace(self, resource=enforce_resource(resource))

    def __str__(self) -> str:
        local = f"{self.local}@" if self.local else ""
        return f"{local}{self.domain}/{self.resource}" if self.resource else f"{local}{self.domain}"


def _parse(text: str) -> Jid:
    # RFC 7622 §3.1: first the resource behind the first slash, then the local part before the first at sign
    rest, slash, resource = text.partition("/")
    before, at, after = rest.partition("@")
    local, domain = (before, after) if at else ("", before)
    if at and not local:
        raise ParseError("empty localpart")
    if slash and not resource:
        raise ParseError("empty resourcepart")
    return Jid.enforce(local, domain, resource)


_parse_short = lru_cache(CACHED_JIDS)(_parse)


def enforce_local(text: str) -> str:
    """A localpart by the UsernameCaseMapped profile (RFC 7622 §3.3). Raises ParseError."""
    if PLAIN_LOCAL.fullmatch(text):
        return _sized(text.lower(), "localpart")
    enforced = _enforced(_LOCAL_PROFILE.enforce, text, "localpart")
    if EXCLUDED.intersection(enforced):
        raise ParseError("a character that no localpart may hold")
    return enforced


def enforce_domain(text: str) -> str:
    """A domainpart: an IP literal, or labels in their Unicode form, lower-case (RFC 7622 §3.2). Raises ParseError."""
    domain = text.removesuffix(".")  # RFC 7622 §3.2: a final dot is stripped before anything else
    if IPV6_LITERAL.fullmatch(domain):
        return domain.lower()
    labels = domain.split(".")
    if not all(map(PLAIN_LABEL.fullmatch, labels)) or any(_is_a_label(label) for label in labels):
        domain = _unicode_labels(domain)
    return _sized(domain.lower(), "domainpart")


def enforce_resource(text: str) -> str:
    """A resourcepart by the OpaqueString profile (RFC 7622 §3.4). Raises ParseError."""
    if PLAIN_RESOURCE.fullmatch(text):
        return _sized(text, "resourcepart")
    return _enforced(_RESOURCE_PROFILE.enforce, text, "resourcepart")


def escape_local(text: str) -> str:
    """Plain text as a localpart (XEP-0106 §4); not enforced yet. Raises ParseError for an outer space."""
    if text != text.strip(" "):
        raise ParseError("XEP-0106 §3: a localpart neither begins nor ends with an escaped space")
    return TO_ESCAPE.sub(lambda found: ESCAPES[found[0]], text)


def unescape_local(local: str) -> str:
    r"""The plain text of a localpart, in one pass from the left: `\5c27` is `\27` (XEP-0106 §4)."""
    return ESCAPED.sub(lambda found: chr(int(found[1], 16)), local)


def _is_a_label(label: str) -> bool:
    return label[:4].lower() == "xn--"


def _unicode_labels(domain: str) -> str:
    try:
        return idna.decode(idna.encode(domain, uts46=True).decode("ascii"))
    except UnicodeError as error:  # idna.IDNAError is one
        raise ParseError(f"domainpart: {error}") from error


def _enforced(enforce: Callable[[str], object], text: str, part: str) -> str:
    try:
        return _sized(str(enforce(text)), part)
    except UnicodeError as error:
        raise ParseError(
            f"{part}: {error.reason if isinstance(error, UnicodeEncodeError) else error}"
        ) from error


def _sized(text: str, part: str) -> str:
    if not 1 <= len(text.encode("utf-8", "surrogatepass")) <= MAX_PART_OCTETS:
        raise ParseError(f"{part}: not 1 to {MAX_PART_OCTETS} octets")
    return text
