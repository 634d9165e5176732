"""The table [tls], with [[tls.also]]."""

from typing import Annotated

from msgspec import field

from crossroom.config.section import Section, Text, means


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
