"""From the configuration to what each part is told: one function for each part, named as server.py asks for it."""

from crossroom.settings.certificates import (
    browser_certificates,
    fingerprints,
    msrp_certificates,
    sip_certificates,
)
from crossroom.settings.domains import kinds, networks, own_networks
from crossroom.settings.msrp_endpoint import media, msrp, websockets
from crossroom.settings.rooms import conference, focus, invitations, muc
from crossroom.settings.sip_agent import has_registrar, policy, registrar, sip
from crossroom.settings.xmpp_links import components, entry

__all__ = [
    "browser_certificates",
    "components",
    "conference",
    "entry",
    "fingerprints",
    "focus",
    "has_registrar",
    "invitations",
    "kinds",
    "media",
    "msrp",
    "msrp_certificates",
    "muc",
    "networks",
    "own_networks",
    "policy",
    "registrar",
    "sip",
    "sip_certificates",
    "websockets",
]
