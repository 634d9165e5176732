"""The whole file: its tables, each from a module of its own, and what is only wrong together.

Nothing here is read at import; `load.py` fills these values, `listing.py` shows them.
"""

from msgspec import field

from crossroom.config.domains import Domain, Kind, UserNetwork
from crossroom.config.endpoint import Endpoint
from crossroom.config.http import Http
from crossroom.config.limits import Limits
from crossroom.config.msrp import ClientCertificates, Msrp, MsrpOffer
from crossroom.config.notices import Notices
from crossroom.config.section import Section, SettingError
from crossroom.config.server import LogFormat, LogLevel, Server
from crossroom.config.sip import Account, Credentials, Digest, Sip
from crossroom.config.tls import Certificate, Tls
from crossroom.config.xmpp import Component, Entry, Xmpp

__all__ = [  # who reads the schema finds every table here
    "Account",
    "Certificate",
    "ClientCertificates",
    "Component",
    "Configuration",
    "Credentials",
    "Digest",
    "Domain",
    "Entry",
    "Http",
    "Kind",
    "Limits",
    "LogFormat",
    "LogLevel",
    "Msrp",
    "MsrpOffer",
    "Notices",
    "Server",
    "Sip",
    "Tls",
    "UserNetwork",
    "Xmpp",
]

_FOR_BROWSERS = frozenset({"ws", "wss"})


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
        _once_each(self.domains)
        for index, component in enumerate(self.xmpp.component):
            if component.domain not in {domain.name for domain in self.domains}:
                at = f"xmpp.component[{index}].domain"
                raise SettingError(at, f"{component.domain!r} is none of [[domains]]")
        for index, domain in enumerate(self.domains):
            if domain.kind is Kind.LOOPED and not self.sip.outbound_proxy:
                why = "a looped domain needs sip.outbound_proxy: its joins leave through that proxy"
                raise SettingError(f"domains[{index}].kind", why)
            if domain.tls_only and not any(text.startswith("tls:") for text in self.msrp.listen):
                why = "a domain with tls_only needs a tls:// address in msrp.listen"
                raise SettingError(f"domains[{index}].tls_only", why)
        _may_use_tls(self.sip.listen, self.msrp.listen, self.tls)
        _may_share(self.sip.listen, self.msrp.listen)


def _once_each(domains: list[Domain]) -> None:
    names = [domain.name for domain in domains]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise SettingError(f"domains[{index}].name", "another one has the same name")


def _may_use_tls(sip: list[str], msrp: list[str], tls: Tls) -> None:
    needs_tls = [text for text in (*sip, *msrp) if text.startswith(("tls:", "wss:"))]
    if needs_tls and not (tls.certificate and tls.key):
        at = "sip.listen" if needs_tls[0] in sip else "msrp.listen"
        raise SettingError(at, f"{needs_tls[0]} needs tls.certificate and tls.key")


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
