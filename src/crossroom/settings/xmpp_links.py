"""XMPP: the links to servers, and the embedded entry."""

from crossroom import __version__
from crossroom.config.endpoint import Endpoint
from crossroom.config.schema import Component, Configuration, Limits
from crossroom.net.xmpp_component import ComponentSettings
from crossroom.net.xmpp_entry import EntrySettings
from crossroom.settings.secret_file import secret
from crossroom.xmpp.account import Site
from crossroom.xmpp.stream import Limits as StreamLimits


def components(configuration: Configuration) -> tuple[ComponentSettings, ...]:
    """Give the links to XMPP servers; raises OSError for a secret that cannot be read."""
    return tuple(
        _component(section, f"xmpp.component[{index}]", configuration.limits)
        for index, section in enumerate(configuration.xmpp.component)
    )


def _component(section: Component, name: str, limits: Limits) -> ComponentSettings:
    server = Endpoint.parse(section.connect)
    return ComponentSettings(
        server.host,
        server.port,
        section.domain,
        secret(f"{name}.secret_file", section.secret, section.secret_file),
        stanza_octets=limits.component_stanza_octets,
        queue_octets=limits.component_queue_octets,
    )


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
