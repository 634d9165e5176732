"""Which focus answers for a room: by domain, from configuration, for one face each. The faces never learn which.

What came in on one network is not sent back out on it: the SIP face is given no focus elsewhere on SIP, the MUC
face no room elsewhere on XMPP.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from crossroom.focus.interface import Focus
from crossroom.room.address import Address
from crossroom.room.reasons import Reason, Refused


class Kind(StrEnum):
    """Who decides in the rooms of a domain."""

    HOSTED = "hosted"
    LOOPED = "looped"  # ours, and the MUC face reaches it by SIP through the outbound proxy
    REMOTE_SIP = "remote-sip"
    REMOTE_MUC = "remote-muc"


@dataclass(frozen=True, slots=True)
class Focuses:
    """What may stand behind the door. None where the server has no such network."""

    local: Focus
    remote_sip: Focus | None = None  # conference/remote_focus.py
    remote_muc: Focus | None = None  # a MUC room elsewhere: nothing offers it yet


class DomainDirectory:
    """One face's table of domains."""

    def __init__(self, focuses: Mapping[str, Focus]) -> None:
        self._focuses = {domain.lower(): focus for domain, focus in focuses.items()}

    def focus_for(self, room: Address) -> Focus:
        """Find the focus of a room; raises Refused(NO_SUCH_ROOM) for a domain that is not served."""
        focus = self._focuses.get(room.domain.lower())
        if focus is None:
            raise Refused(Reason.NO_SUCH_ROOM, f"no rooms of {room.domain} here")
        return focus


@dataclass(frozen=True, slots=True)
class Directories:
    """The two tables."""

    conference: DomainDirectory
    muc: DomainDirectory


def directories(domains: Mapping[str, Kind], focuses: Focuses) -> Directories:
    """Make both faces' tables from the configured domains."""
    for_sip = {  # a looped domain's SIP end is where the loop comes back in
        Kind.HOSTED: focuses.local,
        Kind.LOOPED: focuses.local,
        Kind.REMOTE_SIP: None,
        Kind.REMOTE_MUC: focuses.remote_muc,
    }
    for_xmpp = {
        Kind.HOSTED: focuses.local,
        Kind.LOOPED: focuses.remote_sip,
        Kind.REMOTE_SIP: focuses.remote_sip,
        Kind.REMOTE_MUC: None,
    }
    return Directories(_table(domains, for_sip), _table(domains, for_xmpp))


def _table(domains: Mapping[str, Kind], choice: Mapping[Kind, Focus | None]) -> DomainDirectory:
    found = {domain: choice[kind] for domain, kind in domains.items()}
    return DomainDirectory({domain: focus for domain, focus in found.items() if focus is not None})
