"""The table [msrp]."""

from enum import StrEnum
from typing import Annotated

from msgspec import field

from crossroom.config.checks import check, check_host, no_repeats, parse_endpoint
from crossroom.config.section import Section, SettingError, Text, means

_TRANSPORTS = frozenset({"tcp", "tls", "ws", "wss"})


class MsrpOffer(StrEnum):
    """The transport of the chats that we offer."""

    TCP = "tcp"
    TLS = "tls"


class ClientCertificates(StrEnum):
    """What those who connect by TLS have to show."""

    OPTIONAL = "optional"
    REQUIRED = "required"


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
        check("advertise", check_host, self.advertise)
        for text in self.listen:
            endpoint = parse_endpoint("listen", text, _TRANSPORTS)
            # RFC 7977 §5.1: browsers speak MSRP over TLS only; on one machine nobody is in between
            if endpoint.transport == "ws" and not endpoint.is_loopback:
                why = f"{text!r}: MSRP over WebSocket needs wss:// unless it is on loopback"
                raise SettingError("listen", why)
        if all(text.startswith("ws") for text in self.listen):
            raise SettingError("listen", "at least one MSRP listener by tcp:// or tls:// is needed")
        no_repeats("listen", self.listen)
