"""The table [sip], with [[sip.account]] and [[sip.credentials]]."""

import ipaddress
from enum import StrEnum
from typing import Annotated

from msgspec import field

from crossroom.config.checks import DOMAIN, check, check_host, no_repeats, one_secret
from crossroom.config.endpoint import Endpoint
from crossroom.config.section import Section, SettingError, Text, means
from crossroom.sip.uri import SipUri


class Digest(StrEnum):
    """The hash of a digest challenge (RFC 8760)."""

    SHA_512_256 = "SHA-512-256"
    SHA_256 = "SHA-256"
    MD5 = "MD5"


class Account(Section, frozen=True):
    """[[sip.account]]: a SIP user who may prove the identity by digest."""

    user: Annotated[Text, means("address of record without scheme: ana@sip.example")]
    password: Annotated[Text, means("the secret itself; better use password_file")] = ""
    password_file: Annotated[Text, means("file whose first line is the secret")] = ""

    def __post_init__(self) -> None:
        """Refuse what is no address of record, and an account without a secret."""
        user, at, domain = self.user.partition("@")
        if not user or not at or not DOMAIN.fullmatch(domain):
            raise SettingError("user", f"{self.user!r} is not of the form user@domain")
        one_secret("password", self.password, self.password_file)


class Credentials(Section, frozen=True):
    """[[sip.credentials]]: who we are to a SIP proxy or server that challenges our requests (401, 407)."""

    realm: Annotated[Text, means("the realm of its challenges, exactly as it writes it")]
    user: Annotated[Text, means("our name there")]
    password: Annotated[Text, means("the secret itself; better use password_file")] = ""
    password_file: Annotated[Text, means("file whose first line is the secret")] = ""

    def __post_init__(self) -> None:
        """Refuse a name or realm that says nothing, and credentials without a secret."""
        if not self.realm or not self.user:
            raise ValueError("realm and user are needed")
        one_secret("password", self.password, self.password_file)


class Sip(Section, frozen=True):
    """[sip]: the SIP face."""

    listen: Annotated[
        list[str], means("udp://, tcp:// and ws:// addresses to listen on, tls:// and wss:// with [tls]")
    ] = field(default_factory=lambda: ["udp://127.0.0.1:5060", "tcp://127.0.0.1:5060"])
    advertise: Annotated[
        Text,
        means(
            "host behind NAT that Contact, Via and SDP show, with the same ports; empty: the listening address"
        ),
    ] = ""
    outbound_proxy: Annotated[Text, means("SIP URI all requests leave through, with ;lr; empty: none")] = ""
    trusted: Annotated[
        list[str], means("networks whose From is believed; others must pass digest, and so must WebSockets")
    ] = field(default_factory=lambda: ["127.0.0.0/8", "::1/128"])
    digest: Annotated[
        list[Digest],
        means("SHA-512-256, SHA-256, MD5: offered in this order; some old clients stop at the first"),
    ] = field(default_factory=lambda: [Digest.SHA_256, Digest.MD5])
    whole_rosters: Annotated[
        list[Text],
        means(
            "how the User-Agent of those begins that are sent the whole roster after every change, not what changed"
        ),
    ] = field(default_factory=lambda: ["Blink "])
    account: Annotated[list[Account], means("users who may pass digest")] = field(default_factory=list)
    credentials: Annotated[list[Credentials], means("who we are to others")] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Refuse listeners, networks and a proxy that do not parse, and an absent listener."""
        for text in self.listen:
            check("listen", Endpoint.parse, text)
        if not self.listen:
            raise SettingError("listen", "at least one SIP listener is needed")
        no_repeats("listen", self.listen)
        for network in self.trusted:
            check("trusted", ipaddress.ip_network, network)
        if not self.digest:
            raise SettingError("digest", "at least one digest algorithm is needed")
        check("advertise", check_host, self.advertise)
        if self.outbound_proxy:
            check("outbound_proxy", SipUri.parse, self.outbound_proxy)
