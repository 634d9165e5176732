"""SIP: its sockets, what its user agent offers and admits, whom it believes, who registers."""

import ipaddress
from dataclasses import replace

from crossroom import __version__
from crossroom.conference.policy import IdentityPolicy
from crossroom.conference.registrar import RegistrarSettings
from crossroom.config.endpoint import Endpoint
from crossroom.config.schema import Configuration, Limits
from crossroom.net.certificates import Certificates
from crossroom.net.sip_settings import ListenOn, SipSettings
from crossroom.net.websocket_listener import WebSocketListeners
from crossroom.room.address import Network
from crossroom.settings.certificates import client_tls
from crossroom.settings.domains import networks, own_sip_domains
from crossroom.settings.secret_file import secret
from crossroom.sip.answer import Account
from crossroom.sip.layout import Limits as SipLimits
from crossroom.sip.overload import Rates
from crossroom.sip.settings import AgentSettings
from crossroom.sip.trust import Trusted
from crossroom.sip.uri import SipUri


def has_registrar(configuration: Configuration) -> bool:
    """True where no proxy knows the SIP users."""
    return not configuration.sip.outbound_proxy


def sip(
    configuration: Configuration, certificates: Certificates | None, browsers: WebSocketListeners
) -> SipSettings:
    """Give the sockets of SIP and its limits; raises OSError for a certificate that cannot be used."""
    limits, section = configuration.limits, configuration.sip
    listen = [Endpoint.parse(text) for text in section.listen]
    return SipSettings(
        listen=tuple(ListenOn(one.transport.upper(), one.host, one.port) for one in listen),
        advertise=section.advertise,
        outbound_proxy=SipUri.parse(section.outbound_proxy) if section.outbound_proxy else None,
        agent=_agent(configuration),
        limits=SipLimits(head=limits.sip_head_octets, body=limits.sip_message_octets),
        connect_timeout=limits.sip_connect_seconds,
        idle_timeout=limits.sip_idle_seconds,
        max_unsent=limits.sip_unsent_octets,
        max_connections=limits.sip_connections,
        server_tls=certificates.context if certificates else None,
        client_tls=client_tls(configuration),
        websockets=browsers,
    )


def _agent(configuration: Configuration) -> AgentSettings:
    """What the user agent offers: no MESSAGE, as a room takes MSRP only; REGISTER where there is no proxy."""
    limits = configuration.limits
    agent = AgentSettings(
        max_transactions=limits.sip_transactions,
        max_redirects=limits.sip_redirects,
        session_expires=limits.sip_session_seconds,
        user_agent=f"Crossroom/{__version__}",
        rates=_rates(limits),
        trusted=trusted(configuration),
        accounts=_accounts(configuration),
        digest=tuple(algorithm.value for algorithm in configuration.sip.digest),
    )
    # a page-mode MESSAGE is answered 405 (docs/mapping.md §3.5)
    agent = replace(agent, allow=tuple(method for method in agent.allow if method != "MESSAGE"))
    if not has_registrar(configuration):
        return agent
    return replace(
        agent,
        allow=(*agent.allow, "REGISTER"),
        supported=(*agent.supported, "outbound"),
        understood=agent.understood | {"outbound"},
    )


def _rates(limits: Limits) -> Rates:
    return Rates(
        requests=limits.sip_rate,
        burst=limits.sip_burst,
        trusted=limits.sip_trusted_rate,
        trusted_burst=limits.sip_trusted_burst,
        failures=limits.sip_wrong_passwords,
        account_failures=limits.sip_account_wrong_passwords,
    )


def _accounts(configuration: Configuration) -> tuple[Account, ...]:
    """Who we are to those who challenge us; raises OSError for a password that cannot be read."""
    return tuple(
        Account(
            one.user,
            secret(f"sip.credentials[{index}].password_file", one.password, one.password_file),
            one.realm,
        )
        for index, one in enumerate(configuration.sip.credentials)
    )


def trusted(configuration: Configuration) -> Trusted:
    """Give the networks that are believed."""
    return Trusted(tuple(ipaddress.ip_network(network) for network in configuration.sip.trusted))


def registrar(configuration: Configuration) -> RegistrarSettings:
    """Give the domains whose SIP users may register here."""
    domains = {domain for domain, network in networks(configuration).items() if network is Network.SIP}
    domains |= own_sip_domains(configuration)
    limits = configuration.limits
    return RegistrarSettings(
        user_domains=frozenset(domains),
        longest=limits.sip_registration_seconds,
        contacts=limits.sip_contacts,
        users=limits.sip_registrations,
    )


def policy(configuration: Configuration) -> IdentityPolicy:
    """Give whom the SIP face believes; raises OSError for a password that cannot be read."""
    section = configuration.sip
    secrets = {
        one.user.lower(): secret(f"sip.account[{index}].password_file", one.password, one.password_file)
        for index, one in enumerate(section.account)
    }
    return IdentityPolicy(
        trusted=trusted(configuration),
        realms=tuple(sorted(own_sip_domains(configuration))),
        secret_of=lambda user, domain: secrets.get(f"{user}@{domain}".lower()),
    )
