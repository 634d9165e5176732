"""MSRP: its sockets, what describes our chats in SDP, and the listeners that it shares with SIP for browsers."""

from dataclasses import replace

from crossroom.conference.media import ChatMedia, MediaSettings
from crossroom.config.endpoint import Endpoint
from crossroom.config.schema import ClientCertificates, Configuration, MsrpOffer
from crossroom.net.certificates import Certificates
from crossroom.net.ids import Ids
from crossroom.net.msrp import MsrpEndpoint
from crossroom.net.msrp_face import MsrpListen, MsrpSettings
from crossroom.net.tls import trusting, unverified_context
from crossroom.net.websocket_listener import WebSocketListeners, WebSocketSettings
from crossroom.settings.certificates import authorities, fingerprints


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


def msrp(
    configuration: Configuration, certificates: Certificates | None, browsers: WebSocketListeners
) -> MsrpSettings:
    """Give the sockets of MSRP and its limits; raises OSError for a certificate that cannot be used."""
    limits = configuration.limits
    named, fingerprinted = trusting(authorities(configuration)), unverified_context()
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


def media(configuration: Configuration, endpoint: MsrpEndpoint, ids: Ids) -> ChatMedia:
    """Give what describes our chats; raises OSError for a certificate that cannot be read."""
    described = MediaSettings(
        message_octets=configuration.limits.message_octets,
        offers_tls=configuration.msrp.offer is MsrpOffer.TLS,
        tls_domains=frozenset(domain.name for domain in configuration.domains if domain.tls_only),
    )
    return ChatMedia(endpoint, ids, described, fingerprints(configuration))
