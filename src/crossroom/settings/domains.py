"""The domains: who decides in those of rooms, on which network the users of the others are."""

from crossroom.config.schema import Configuration, UserNetwork
from crossroom.focus.directory import Kind
from crossroom.room.address import Address, Network


def kinds(configuration: Configuration) -> dict[str, Kind]:
    """Give the domains of rooms and who decides in them."""
    return {domain.name: Kind(domain.kind.value) for domain in configuration.domains}


def factories(configuration: Configuration) -> tuple[Address, ...]:
    """Give the addresses where every call makes a room of its own (RFC 4579 §5.4)."""
    return tuple(Address(domain.factory, domain.name) for domain in configuration.domains if domain.factory)


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
