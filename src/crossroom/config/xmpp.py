"""The table [xmpp], with [[xmpp.component]] and [xmpp.entry]."""

from typing import Annotated

from msgspec import field

from crossroom.config.checks import TCP, lower_domain, one_secret, parse_endpoint
from crossroom.config.section import Section, SettingError, Text, means


class Component(Section, frozen=True):
    """[[xmpp.component]]: a link to an XMPP server as its component (XEP-0114)."""

    connect: Annotated[Text, means("tcp:// address of the server's component port")]
    domain: Annotated[Text, means("the component's domain; a domain of [[domains]]")]
    secret: Annotated[Text, means("the shared secret itself; better use secret_file")] = ""
    secret_file: Annotated[Text, means("file whose first line is the shared secret")] = ""

    def __post_init__(self) -> None:
        """Refuse an address or a domain that does not parse, and a component without a secret."""
        parse_endpoint("connect", self.connect, TCP)
        lower_domain(self, "domain")
        one_secret("secret", self.secret, self.secret_file)


class Entry(Section, frozen=True):
    """[xmpp.entry]: the embedded entry for XMPP clients without a server of their own (anonymous, loopback)."""

    listen: Annotated[Text, means("tcp:// loopback address; empty: no entry")] = ""
    domain: Annotated[Text, means("domain of the anonymous users who log in here")] = "anonymous.localhost"

    def __post_init__(self) -> None:
        """Refuse an entry that others than this machine could reach: it asks for no password."""
        lower_domain(self, "domain")
        if self.listen and not parse_endpoint("listen", self.listen, TCP).is_loopback:
            why = f"{self.listen!r}: the entry asks for no password and may only listen on loopback"
            raise SettingError("listen", why)


class Xmpp(Section, frozen=True):
    """[xmpp]: the ways in for XMPP users."""

    component: Annotated[list[Component], means("links to XMPP servers")] = field(default_factory=list)
    entry: Annotated[Entry, means("the embedded client entry")] = Entry()
