"""Which network a domain is on, by DNS (RFC 7247 §5): asked only where the configuration does not say."""

from crossroom.net.dns import Names
from crossroom.room.address import Network

XMPP_SERVICES = ("_xmpp-server._tcp.", "_xmpps-server._tcp.")  # RFC 6120 §3.2.1, XEP-0368
SIP_SERVICES = ("_sips._tcp.", "_sip._tcp.", "_sip._udp.")  # RFC 3263 §4.1


async def network_of(names: Names, domain: str) -> Network | None:
    """Ask for the services of both networks, XMPP first; None for a domain that offers neither."""
    for prefixes, network in ((XMPP_SERVICES, Network.XMPP), (SIP_SERVICES, Network.SIP)):
        for prefix in prefixes:
            found = await names.services(prefix + domain)
            if any(service.target not in {"", "."} for service in found):
                return network
    return Network.SIP if await names.pointers(domain) else None
