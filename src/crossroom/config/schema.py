"""Every setting: its name, type, default, and one line of meaning with the unit.

Nothing here is read at import; `load.py` fills these values, `listing.py` shows them.
"""

import ipaddress
import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from msgspec import Struct, field
from msgspec.structs import force_setattr

from crossroom.config.endpoint import Endpoint
from crossroom.config.limits import Limits as Limits  # noqa: PLC0414 -- a reader of the schema finds every table here
from crossroom.config.section import Count, Seconds, Section, SettingError, Text, means
from crossroom.room.nickname import parse_nickname
from crossroom.sip.uri import SipUri


def _check(setting: str, parse: Callable[[str], object], text: str) -> None:
    try:
        parse(text)
    except ValueError as error:
        raise SettingError(setting, error) from None


def _no_repeats(setting: str, texts: Sequence[str]) -> None:
    twice = next((text for text in texts if texts.count(text) > 1 and not text.endswith(":0")), None)
    if twice:
        raise SettingError(setting, f"{twice!r} is there twice")


def _parse_endpoint(setting: str, text: str, transports: frozenset[str]) -> Endpoint:
    try:
        endpoint = Endpoint.parse(text)
    except ValueError as error:
        raise SettingError(setting, error) from None
    if endpoint.transport not in transports:
        raise SettingError(setting, f"{text!r}: only {', '.join(sorted(transports))} can be used here")
    return endpoint


def _lower_domain(section: Struct, name: str) -> None:
    """Keep a domain as addresses are compared (RFC 4343): in lower case; refuse what is none."""
    domain: str = getattr(section, name)
    if not _DOMAIN.fullmatch(domain):
        raise SettingError(name, f"{domain!r} is no domain (an internationalised one is written as xn--…)")
    force_setattr(section, name, domain.lower())


def _check_host(text: str) -> None:
    """Refuse what no URI can have as its host: a port too, which is that of each listener."""
    address = text.removeprefix("[").removesuffix("]")
    try:
        is_host = not text or bool(ipaddress.ip_address(address))
    except ValueError:
        is_host = _DOMAIN.fullmatch(text) is not None
    if not is_host:
        raise ValueError(f"{text!r} is no host: a name or a numeric address, without a port")


_DOMAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_ORIGIN = re.compile(r"https?://[^\s/?#@]+", re.IGNORECASE)
_MSRP_TRANSPORTS = frozenset({"tcp", "tls", "ws", "wss"})
_FOR_BROWSERS = frozenset({"ws", "wss"})
_TCP = frozenset({"tcp"})


class Kind(StrEnum):
    """Who decides in the rooms of a domain."""

    HOSTED = "hosted"
    LOOPED = "looped"
    REMOTE_SIP = "remote-sip"


class UserNetwork(StrEnum):
    """Where the users of a domain are."""

    SIP = "sip"
    XMPP = "xmpp"
    DNS = "dns"


class MsrpOffer(StrEnum):
    """The transport of the chats that we offer."""

    TCP = "tcp"
    TLS = "tls"


class Digest(StrEnum):
    """The hash of a digest challenge (RFC 8760)."""

    SHA_512_256 = "SHA-512-256"
    SHA_256 = "SHA-256"
    MD5 = "MD5"


class ClientCertificates(StrEnum):
    """What those who connect by TLS have to show."""

    OPTIONAL = "optional"
    REQUIRED = "required"


class LogLevel(StrEnum):
    """How much is logged: lines of this level and of those after it."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How log lines are written."""

    TEXT = "text"
    JSON = "json"


class Server(Section, frozen=True):
    """[server]: the process."""

    log_level: Annotated[LogLevel, means("debug, info, warning or error")] = LogLevel.INFO
    log_format: Annotated[LogFormat, means("text for people, json for collectors")] = LogFormat.TEXT
    shutdown_seconds: Annotated[Seconds, means("how long a clean shutdown may take, in seconds")] = 10.0
    reserved_nicknames: Annotated[
        list[str], means("nicknames that nobody may take, however they are written; a room's own name never")
    ] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Refuse what can be no nickname anyway."""
        for index, nickname in enumerate(self.reserved_nicknames):
            try:
                parse_nickname(nickname)
            except ValueError as error:
                raise SettingError(f"reserved_nicknames[{index}]", error) from None


class Domain(Section, frozen=True):
    """[[domains]]: a domain whose rooms are reached through this server."""

    name: Annotated[Text, means("the domain part of the rooms' addresses")]
    kind: Annotated[
        Kind, means("hosted: our own rooms; looped: our own, reached by SIP through the outbound proxy")
    ] = Kind.HOSTED
    tls_only: Annotated[
        bool, means("chats of SIP users in these rooms are by TLS: others are answered 488 (RFC 7701 §11)")
    ] = False

    def __post_init__(self) -> None:
        """Refuse what is no domain."""
        _lower_domain(self, "name")


class Account(Section, frozen=True):
    """[[sip.account]]: a SIP user who may prove the identity by digest."""

    user: Annotated[Text, means("address of record without scheme: ana@sip.example")]
    password: Annotated[Text, means("the secret itself; better use password_file")] = ""
    password_file: Annotated[Text, means("file whose first line is the secret")] = ""

    def __post_init__(self) -> None:
        """Refuse what is no address of record, and an account without a secret."""
        user, at, domain = self.user.partition("@")
        if not user or not at or not _DOMAIN.fullmatch(domain):
            raise SettingError("user", f"{self.user!r} is not of the form user@domain")
        if bool(self.password) == bool(self.password_file):
            raise ValueError("exactly one of password and password_file is needed")


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
        if bool(self.password) == bool(self.password_file):
            raise ValueError("exactly one of password and password_file is needed")


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
    account: Annotated[list[Account], means("users who may pass digest")] = field(default_factory=list)
    credentials: Annotated[list[Credentials], means("who we are to others")] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Refuse listeners, networks and a proxy that do not parse, and an absent listener."""
        for text in self.listen:
            _check("listen", Endpoint.parse, text)
        if not self.listen:
            raise SettingError("listen", "at least one SIP listener is needed")
        _no_repeats("listen", self.listen)
        for network in self.trusted:
            _check("trusted", ipaddress.ip_network, network)
        if not self.digest:
            raise SettingError("digest", "at least one digest algorithm is needed")
        _check("advertise", _check_host, self.advertise)
        if self.outbound_proxy:
            _check("outbound_proxy", SipUri.parse, self.outbound_proxy)


class Msrp(Section, frozen=True):
    """[msrp]: the MSRP switch."""

    listen: Annotated[
        list[str],
        means(
            "tcp:// addresses to listen on, tls:// and wss:// with [tls]; wss:// may be one of sip.listen too"
        ),
    ] = field(default_factory=lambda: ["tcp://127.0.0.1:2855"])
    advertise: Annotated[
        Text,
        means(
            "host that path and SDP show, with the same ports; empty: sip.advertise, or the listening address"
        ),
    ] = ""
    offer: Annotated[
        MsrpOffer, means("what SIP users who are called are offered, tcp or tls, where it is listened on")
    ] = MsrpOffer.TCP
    client_certificates: Annotated[
        ClientCertificates,
        means(
            "of user agents that connect by TLS and announced a fingerprint; optional: a wrong one ends the"
            " session, none is taken; required: none ends it too"
        ),
    ] = ClientCertificates.OPTIONAL

    def __post_init__(self) -> None:
        """Refuse listeners that do not parse, and an absent one."""
        _check("advertise", _check_host, self.advertise)
        for text in self.listen:
            endpoint = _parse_endpoint("listen", text, _MSRP_TRANSPORTS)
            # RFC 7977 §4.1: browsers speak MSRP over TLS only; on one machine nobody is in between
            if endpoint.transport == "ws" and not endpoint.is_loopback:
                why = f"{text!r}: MSRP over WebSocket needs wss:// unless it is on loopback"
                raise SettingError("listen", why)
        if all(text.startswith("ws") for text in self.listen):
            raise SettingError("listen", "at least one MSRP listener by tcp:// or tls:// is needed")
        _no_repeats("listen", self.listen)


class Http(Section, frozen=True):
    """[http]: the WebSockets of browsers, wherever `sip.listen` and `msrp.listen` have ws:// or wss://."""

    origins: Annotated[
        list[str], means("https://… of the web pages that may connect; empty: pages of any origin")
    ] = field(default_factory=list)
    public: Annotated[
        Text,
        means(
            "wss:// address that a reverse proxy shows to browsers, and passes on to ws:// here; empty: none"
        ),
    ] = ""
    ping_seconds: Annotated[
        Seconds, means("between pings; a browser that answers none for half as long is gone")
    ] = 30.0

    def __post_init__(self) -> None:
        """Refuse what no browser would ever send as its Origin, and a public address that is none."""
        if self.public:
            _parse_endpoint("public", self.public, frozenset({"wss"}))
        for origin in self.origins:
            if not _ORIGIN.fullmatch(origin):
                why = f"{origin!r} is no origin: a scheme, a host and perhaps a port, with no path"
                raise SettingError("origins", why)


class Notices(Section, frozen=True):
    """[notices]: texts of the room itself to SIP users (XMPP clients show the same by themselves)."""

    welcome: Annotated[bool, means("tell who joins by SIP the ways in, to hand them on")] = True
    joins: Annotated[bool, means("tell SIP users who came and went; rosters tell it too")] = False
    subject: Annotated[bool, means("tell SIP users the subject and its changes")] = True
    history: Annotated[
        Count, means("messages from before that who joins by SIP is sent, at most; 0: none")
    ] = 20


class Component(Section, frozen=True):
    """[[xmpp.component]]: a link to an XMPP server as its component (XEP-0114)."""

    connect: Annotated[Text, means("tcp:// address of the server's component port")]
    domain: Annotated[Text, means("the component's domain; a domain of [[domains]]")]
    secret: Annotated[Text, means("the shared secret itself; better use secret_file")] = ""
    secret_file: Annotated[Text, means("file whose first line is the shared secret")] = ""

    def __post_init__(self) -> None:
        """Refuse an address or a domain that does not parse, and a component without a secret."""
        _parse_endpoint("connect", self.connect, _TCP)
        _lower_domain(self, "domain")
        if bool(self.secret) == bool(self.secret_file):
            raise ValueError("exactly one of secret and secret_file is needed")


class Entry(Section, frozen=True):
    """[xmpp.entry]: the embedded entry for XMPP clients without a server of their own (anonymous, loopback)."""

    listen: Annotated[Text, means("tcp:// loopback address; empty: no entry")] = ""
    domain: Annotated[Text, means("domain of the anonymous users who log in here")] = "anonymous.localhost"

    def __post_init__(self) -> None:
        """Refuse an entry that others than this machine could reach: it asks for no password."""
        _lower_domain(self, "domain")
        if self.listen and not _parse_endpoint("listen", self.listen, _TCP).is_loopback:
            why = f"{self.listen!r}: the entry asks for no password and may only listen on loopback"
            raise SettingError("listen", why)


class Xmpp(Section, frozen=True):
    """[xmpp]: the ways in for XMPP users."""

    component: Annotated[list[Component], means("links to XMPP servers")] = field(default_factory=list)
    entry: Annotated[Entry, means("the embedded client entry")] = Entry()


class Certificate(Section, frozen=True):
    """[[tls.also]]: a further certificate, shown to SIP clients that ask for one of its names (SNI)."""

    certificate: Annotated[Text, means("PEM file with the chain")]
    key: Annotated[Text, means("PEM file with the private key")]


class Tls(Section, frozen=True):
    """[tls]: the certificate of every TLS listener; read again on SIGHUP, which ends no connection."""

    certificate: Annotated[Text, means("PEM file with the chain; empty: no TLS listener")] = ""
    key: Annotated[Text, means("PEM file with the private key")] = ""
    client_authorities: Annotated[
        Text, means("PEM file: who signs certificates that SIP clients may show; empty: none are asked for")
    ] = ""
    authorities: Annotated[
        Text,
        means("PEM file: who signs the certificates of servers we connect to; empty: the system's list"),
    ] = ""
    also: Annotated[list[Certificate], means("certificates for further names")] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Refuse half of a certificate."""
        if bool(self.certificate) != bool(self.key):
            raise ValueError("certificate and key are needed together")


class Configuration(Section, frozen=True):
    """The whole file."""

    server: Server = Server()
    domains: list[Domain] = field(default_factory=lambda: [Domain("conference.localhost")])
    networks: dict[str, UserNetwork] = field(default_factory=dict)
    sip: Sip = Sip()
    msrp: Msrp = Msrp()
    http: Http = Http()
    xmpp: Xmpp = Xmpp()
    tls: Tls = Tls()
    notices: Notices = Notices()
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        """Refuse what is only wrong together."""
        names = [domain.name for domain in self.domains]
        for index, name in enumerate(names):
            if name in names[:index]:
                raise SettingError(f"domains[{index}].name", "another one has the same name")
        for index, component in enumerate(self.xmpp.component):
            if component.domain not in names:
                at = f"xmpp.component[{index}].domain"
                raise SettingError(at, f"{component.domain!r} is none of [[domains]]")
        for index, domain in enumerate(self.domains):
            if domain.kind is Kind.LOOPED and not self.sip.outbound_proxy:
                why = "a looped domain needs sip.outbound_proxy: its joins leave through that proxy"
                raise SettingError(f"domains[{index}].kind", why)
            if domain.tls_only and not any(text.startswith("tls:") for text in self.msrp.listen):
                why = "a domain with tls_only needs a tls:// address in msrp.listen"
                raise SettingError(f"domains[{index}].tls_only", why)
        listens = (*self.sip.listen, *self.msrp.listen)
        needs_tls = [text for text in listens if text.startswith(("tls:", "wss:"))]
        if needs_tls and not (self.tls.certificate and self.tls.key):
            at = "sip.listen" if needs_tls[0] in self.sip.listen else "msrp.listen"
            raise SettingError(at, f"{needs_tls[0]} needs tls.certificate and tls.key")
        _may_share(self.sip.listen, self.msrp.listen)


def _may_share(sip: list[str], msrp: list[str]) -> None:
    """Refuse one address for both unless browsers use it: their subprotocol tells SIP from MSRP (RFC 6455 §1.9)."""
    taken = {
        (one.host, one.port): one.transport for one in map(Endpoint.parse, sip) if one.transport != "udp"
    }
    for one in map(Endpoint.parse, msrp):
        other = taken.get((one.host, one.port))
        if one.port and other and not (other == one.transport and other in _FOR_BROWSERS):
            why = f"{str(one)!r}: sip.listen has this address, and not for ws:// or wss:// too"
            raise SettingError("msrp.listen", why)


def read_secret(value: str, file: str) -> str:
    """A secret from the file's first line, or the value itself; raises OSError when the file cannot be read."""
    return Path(file).read_text(encoding="utf-8").partition("\n")[0].strip() if file else value
