"""From the configuration to what each part is told: one function for each part, in the order server.py asks."""

import hashlib
import ipaddress
import ssl
from dataclasses import replace
from pathlib import Path

from crossroom import __version__
from crossroom.bodies.msrp_media import Fingerprint
from crossroom.conference.media import ChatMedia, MediaSettings
from crossroom.conference.notices import NoticeSettings
from crossroom.conference.policy import IdentityPolicy
from crossroom.conference.premises import ConferenceSettings
from crossroom.conference.registrar import RegistrarSettings
from crossroom.conference.seat_chat import SeatSettings
from crossroom.config.endpoint import Endpoint
from crossroom.config.schema import ClientCertificates, Configuration, MsrpOffer, UserNetwork, read_secret
from crossroom.focus.directory import Kind
from crossroom.focus.invitations import InvitationLimits
from crossroom.focus.limits import Allowance, Limits
from crossroom.muc.context import MucLimits
from crossroom.net.certificates import CertificateFiles, Certificates
from crossroom.net.ids import Ids
from crossroom.net.msrp import MsrpEndpoint
from crossroom.net.msrp_face import MsrpListen, MsrpSettings
from crossroom.net.sip_settings import ListenOn, SipSettings
from crossroom.net.tls import client_context, trusting, unverified_context
from crossroom.net.websocket_listener import WebSocketListeners, WebSocketSettings
from crossroom.net.xmpp_component import ComponentSettings
from crossroom.net.xmpp_entry import EntrySettings
from crossroom.room.address import Network
from crossroom.room.configuration import Configuration as RoomConfiguration
from crossroom.room.nickname import comparison_key, parse_nickname
from crossroom.room.state import RoomLimits
from crossroom.sip.answer import Account
from crossroom.sip.layout import Limits as SipLimits
from crossroom.sip.overload import Rates
from crossroom.sip.settings import AgentSettings
from crossroom.sip.trust import Trusted
from crossroom.sip.uri import SipUri
from crossroom.xmpp.account import Site
from crossroom.xmpp.stream import Limits as StreamLimits

_CERTIFICATE = "-----BEGIN CERTIFICATE-----"
_END = "-----END CERTIFICATE-----\n"


def kinds(configuration: Configuration) -> dict[str, Kind]:
    """Give the domains of rooms and who decides in them."""
    return {domain.name: Kind(domain.kind.value) for domain in configuration.domains}


def networks(configuration: Configuration) -> dict[str, Network]:
    """Give the domains of users whose network is configured."""
    return {
        domain: Network(network.value)
        for domain, network in configuration.networks.items()
        if network is not UserNetwork.DNS
    }


def own_networks(configuration: Configuration) -> dict[str, Network]:
    """Give the domains of users that are our own."""
    entry = configuration.xmpp.entry
    ours = dict.fromkeys(own_sip_domains(configuration), Network.SIP)
    return ours | ({entry.domain: Network.XMPP} if entry.listen else {})


def own_sip_domains(configuration: Configuration) -> set[str]:
    """Give the domains of the accounts that we keep ourselves."""
    return {account.user.partition("@")[2].lower() for account in configuration.sip.account}


def has_registrar(configuration: Configuration) -> bool:
    """True where no proxy knows the SIP users."""
    return not configuration.sip.outbound_proxy


def websockets(configuration: Configuration, certificates: Certificates | None) -> WebSocketListeners:
    """Give what listens for browsers, for SIP and MSRP alike."""
    section = configuration.http
    return WebSocketListeners(
        WebSocketSettings(
            tls=certificates.context if certificates else None,
            origins=frozenset(origin.lower() for origin in section.origins),
            heartbeat=section.ping_seconds,
            is_behind_proxy=bool(section.public),
        )
    )


def sip(
    configuration: Configuration, certificates: Certificates | None, browsers: WebSocketListeners
) -> SipSettings:
    """Give the sockets of SIP and its limits; raises OSError for a certificate that cannot be used."""
    limits, section = configuration.limits, configuration.sip
    listen = [Endpoint.parse(text) for text in section.listen]
    agent = AgentSettings(
        max_transactions=limits.sip_transactions,
        max_redirects=limits.sip_redirects,
        session_expires=limits.sip_session_seconds,
        user_agent=f"Crossroom/{__version__}",
        rates=Rates(
            requests=limits.sip_rate,
            burst=limits.sip_burst,
            trusted=limits.sip_trusted_rate,
            trusted_burst=limits.sip_trusted_burst,
            failures=limits.sip_wrong_passwords,
            account_failures=limits.sip_account_wrong_passwords,
        ),
        trusted=trusted(configuration),
        accounts=tuple(
            Account(
                one.user,
                _secret(f"sip.credentials[{index}].password_file", one.password, one.password_file),
                one.realm,
            )
            for index, one in enumerate(section.credentials)
        ),
        digest=tuple(algorithm.value for algorithm in section.digest),
    )
    # a room takes MSRP only: a page-mode MESSAGE is answered 405 (docs/mapping.md §3.5)
    agent = replace(agent, allow=tuple(method for method in agent.allow if method != "MESSAGE"))
    if has_registrar(configuration):
        agent = replace(
            agent,
            allow=(*agent.allow, "REGISTER"),
            supported=(*agent.supported, "outbound"),
            understood=agent.understood | {"outbound"},
        )
    return SipSettings(
        listen=tuple(ListenOn(one.transport.upper(), one.host, one.port) for one in listen),
        advertise=section.advertise,
        outbound_proxy=SipUri.parse(section.outbound_proxy) if section.outbound_proxy else None,
        agent=agent,
        limits=SipLimits(head=limits.sip_head_octets, body=limits.sip_message_octets),
        connect_timeout=limits.sip_connect_seconds,
        idle_timeout=limits.sip_idle_seconds,
        max_unsent=limits.sip_unsent_octets,
        max_connections=limits.sip_connections,
        server_tls=certificates.context if certificates else None,
        client_tls=_client_tls(configuration),
        websockets=browsers,
    )


def msrp(
    configuration: Configuration, certificates: Certificates | None, browsers: WebSocketListeners
) -> MsrpSettings:
    """Give the sockets of MSRP and its limits; raises OSError for a certificate that cannot be used."""
    limits = configuration.limits
    named, fingerprinted = trusting(_authorities(configuration)), unverified_context()
    if certificates:
        # RFC 8122 §6.2: our SDP announces a certificate, so it is shown also when we connect
        certificates.present_by(named)
        certificates.present_by(fingerprinted)
    listen = [Endpoint.parse(text) for text in configuration.msrp.listen]
    defaults = MsrpSettings()
    inbox = replace(defaults.session.inbox, max_message=limits.message_octets)
    return replace(
        defaults,
        listen=tuple(_msrp_listen(one, configuration.http.public) for one in listen),
        advertise=(configuration.msrp.advertise or configuration.sip.advertise).strip("[]"),
        server_tls=certificates.context if certificates else None,
        client_tls=named,
        fingerprint_tls=fingerprinted,
        requires_certificate=configuration.msrp.client_certificates is ClientCertificates.REQUIRED,
        websockets=browsers,
        session=replace(defaults.session, inbox=inbox),
        max_queue_octets=limits.msrp_queue_octets,
        max_queue_messages=limits.msrp_queue_messages,
        max_connections=limits.msrp_connections,
    )


def _msrp_listen(one: Endpoint, public: str) -> MsrpListen:
    shown = Endpoint.parse(public) if public and one.transport == "ws" else None
    return MsrpListen(
        one.host,
        one.port,
        is_secure=one.transport in {"tls", "wss"} or shown is not None,
        is_websocket=one.transport in {"ws", "wss"},
        public=(shown.host, shown.port) if shown else None,
    )


def components(configuration: Configuration) -> tuple[ComponentSettings, ...]:
    """Give the links to XMPP servers; raises OSError for a secret that cannot be read."""
    found, limits = [], configuration.limits
    for index, section in enumerate(configuration.xmpp.component):
        server = Endpoint.parse(section.connect)
        secret = _secret(f"xmpp.component[{index}].secret_file", section.secret, section.secret_file)
        found.append(
            ComponentSettings(
                server.host,
                server.port,
                section.domain,
                secret,
                stanza_octets=limits.component_stanza_octets,
                queue_octets=limits.component_queue_octets,
            )
        )
    return tuple(found)


def entry(configuration: Configuration) -> EntrySettings | None:
    """Give the embedded entry; None where XMPP clients have servers of their own."""
    section = configuration.xmpp.entry
    if not section.listen:
        return None
    listen = Endpoint.parse(section.listen)
    rooms = frozenset(domain.name for domain in configuration.domains)
    site = Site(section.domain, rooms, version=__version__)
    limits = configuration.limits
    stream = StreamLimits(stanza_octets=limits.stanza_octets)
    return EntrySettings(site, listen.host, listen.port, limits.entry_clients, stream)


def focus(configuration: Configuration) -> tuple[Limits, RoomConfiguration]:
    """Give what a focus admits, and what a new room is set to."""
    limits = configuration.limits
    # a message arrives with its native form beside it: room for both
    room = RoomLimits(
        occupants=limits.occupants,
        history_posts=limits.history_most,
        history_octets=limits.history_octets,
        post_octets=4 * limits.message_octets,
        affiliations=limits.affiliations,
        text_octets=limits.subject_octets,
        hold_seconds=limits.nickname_seconds,
        reserved_nicknames=frozenset(
            comparison_key(parse_nickname(each)) for each in configuration.server.reserved_nicknames
        ),
    )
    admitted = Limits(
        rooms=limits.rooms,
        rooms_per_person=limits.rooms_per_person,
        acts=Allowance(limits.occupant_burst, limits.occupant_rate),
        joins=Allowance(limits.join_burst, limits.join_rate),
        invitations=Allowance(limits.invitation_burst, limits.invitation_rate),
        room=room,
    )
    # docs/decisions/0015: who begins a room by SIP has no form to allow a change of subject in
    return admitted, RoomConfiguration(history_length=limits.history, anyone_changes_subject=True)


def invitations(configuration: Configuration) -> InvitationLimits:
    """Give how long and how many."""
    limits = configuration.limits
    return InvitationLimits(
        time_limit=limits.invitation_seconds,
        per_focus=Allowance(limits.focus_invitation_burst, limits.focus_invitation_rate),
        per_invitee=limits.invitations_per_person,
        per_room=limits.invitations_per_room,
        pending=limits.invitations,
    )


def conference(configuration: Configuration) -> ConferenceSettings:
    """Give the SIP face's own settings."""
    notices, limits = configuration.notices, configuration.limits
    return ConferenceSettings(
        room_domains=tuple(domain.name for domain in configuration.domains),
        person_subscriptions=limits.sip_person_subscriptions,
        room_subscriptions=limits.sip_subscriptions,
        dial_seconds=limits.invitation_seconds,
        seat=SeatSettings(
            recovery_seconds=limits.msrp_recovery_seconds,
            kept_messages=limits.msrp_kept_messages,
            history_posts=notices.history,
            notices=NoticeSettings(notices.welcome, notices.joins, notices.subject),
        ),
    )


def media(configuration: Configuration, endpoint: MsrpEndpoint, ids: Ids) -> ChatMedia:
    """Give what describes our chats; raises OSError for a certificate that cannot be read."""
    described = MediaSettings(
        message_octets=configuration.limits.message_octets,
        offers_tls=configuration.msrp.offer is MsrpOffer.TLS,
        tls_domains=frozenset(domain.name for domain in configuration.domains if domain.tls_only),
    )
    return ChatMedia(endpoint, ids, described, fingerprints(configuration))


def fingerprints(configuration: Configuration) -> tuple[Fingerprint, ...]:
    """Give what our SDP says of the certificate of MSRP; raises OSError for one that cannot be read."""
    certificate = configuration.tls.certificate
    return (
        fingerprints_of(Path(certificate).read_text(encoding="ascii", errors="replace"))
        if certificate
        else ()
    )


def fingerprints_of(chain: str) -> tuple[Fingerprint, ...]:
    """Give the fingerprints of the first certificate of a PEM chain; raises ValueError without one.

    RFC 8122 §5: by SHA-256, and by the hash of the certificate's own signature where that is another one.
    """
    from cryptography import x509  # noqa: PLC0415 - slow to import, and only those who have TLS need it

    pem = chain[chain.find(_CERTIFICATE) :].partition(_END)
    certificate = ssl.PEM_cert_to_DER_cert(pem[0] + pem[1])
    signed = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
    hashes = ["sha256", *([signed.name] if signed and signed.name in {"sha384", "sha512"} else [])]
    return tuple(
        Fingerprint(name.replace("sha", "sha-"), hashlib.new(name, certificate).digest().hex(":").upper())
        for name in hashes
    )


def muc(configuration: Configuration) -> MucLimits:
    """Give the MUC face's own limits."""
    limits = configuration.limits
    return MucLimits(
        join_seconds=limits.join_seconds,
        invitation_seconds=limits.invitation_seconds + 30.0,
        waiting_invitations=limits.invitations,
        link_grace_seconds=limits.component_grace_seconds,
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
        one.user.lower(): _secret(f"sip.account[{index}].password_file", one.password, one.password_file)
        for index, one in enumerate(section.account)
    }
    return IdentityPolicy(
        trusted=trusted(configuration),
        realms=tuple(sorted(own_sip_domains(configuration))),
        secret_of=lambda user, domain: secrets.get(f"{user}@{domain}".lower()),
    )


def sip_certificates(configuration: Configuration) -> Certificates | None:
    """Give what SIP shows, by name, and whom it asks for a certificate; raises OSError."""
    authorities = configuration.tls.client_authorities
    files = _certificates(configuration)
    return Certificates(files, Path(authorities) if authorities else None) if files else None


def browser_certificates(configuration: Configuration) -> Certificates | None:
    """Give what WebSocket listeners show; browsers are not asked for certificates (RFC 7977 §7). Raises OSError."""
    files = _certificates(configuration)
    return Certificates(files) if files else None


def _certificates(configuration: Configuration) -> list[CertificateFiles]:
    section = configuration.tls
    if not section.certificate:
        return []
    first = CertificateFiles(Path(section.certificate), Path(section.key))
    return [first, *(CertificateFiles(Path(each.certificate), Path(each.key)) for each in section.also)]


def msrp_certificates(configuration: Configuration) -> Certificates | None:
    """Give what MSRP shows: the one whose fingerprint our SDP says.

    Raises OSError for one that cannot be used, and where clients must show theirs and cannot be asked.
    """
    section = configuration.tls
    if not section.certificate:
        return None
    files = [CertificateFiles(Path(section.certificate), Path(section.key))]
    listening = Certificates(files, asks_strangers=True)
    is_required = configuration.msrp.client_certificates is ClientCertificates.REQUIRED
    if is_required and not listening.asks_strangers:
        raise OSError("msrp.client_certificates: this Python's TLS cannot ask for certificates")
    return listening


def _client_tls(configuration: Configuration) -> ssl.SSLContext:
    section = configuration.tls
    ours = (Path(section.certificate), Path(section.key)) if section.certificate else None
    return client_context(_authorities(configuration), ours)


def _authorities(configuration: Configuration) -> Path | None:
    """Give who signs the certificates of servers that we connect to; None for the system's list."""
    return Path(configuration.tls.authorities) if configuration.tls.authorities else None


def _secret(setting: str, value: str, file: str) -> str:
    """Read a secret; raises OSError, which names the setting, for a file that gives none."""
    try:
        secret = read_secret(value, file)
    except UnicodeDecodeError:
        raise OSError(f"{setting}: {file}: it is not UTF-8") from None
    except OSError as error:
        raise OSError(f"{setting}: {file}: {error.strerror}") from error
    if not secret:
        raise OSError(f"{setting}: {file}: its first line is empty")
    return secret
