"""JIDs and the room's addresses, both ways (docs/mapping.md §1).

The room speaks of plain text: `a/b@c.org` at a domain. A JID carries it escaped (XEP-0106).
"""

from functools import lru_cache

from crossroom.machine import LocalProtocolError, ParseError
from crossroom.room.address import Address, Network, Nickname
from crossroom.xmpp.jid import Jid, escape_local, unescape_local
from crossroom.xmpp.stanza import Stanza

CACHED_ADDRESSES = 8192  # as many as the JID cache: the people of a busy server
SIP_RESOURCE = "sip"  # of a SIP endpoint that showed no GRUU: XEP-0045 §7.2.2 wants a full JID


def address_of(jid: Jid) -> Address:
    """A user of this network, with the resource as device."""
    return Address(unescape_local(jid.local), jid.domain, jid.resource, Network.XMPP)


def person_of(jid: Jid) -> Address:
    """Somebody whose network nobody has told us: an invitee, the target of a ban."""
    return Address(unescape_local(jid.local), jid.domain)


def room_of(jid: Jid) -> Address:
    """A room by its JID or by the JID of one of its occupants."""
    return Address(unescape_local(jid.local), jid.domain)


@lru_cache(CACHED_ADDRESSES)
def jid_of(address: Address) -> Jid:
    """The JID of anybody. Raises ParseError where XMPP has no way to write the address."""
    local = escape_local(address.user)
    device = address.device
    if address.network is Network.SIP and not device:
        device = SIP_RESOURCE
    try:
        return Jid.enforce(local, address.domain, device)
    except ParseError:
        # docs/mapping.md §1.1: a gr value that is no resourcepart is left out; the rest must hold
        return Jid.enforce(local, address.domain)


def shown_jid(address: Address | None) -> Jid | None:
    """An occupant's real JID, None when it is hidden or cannot be written."""
    if address is None:
        return None
    try:
        return jid_of(address)
    except ParseError:
        return None


def occupant_jid(room: Jid, nickname: Nickname) -> Jid:
    """The occupant JID: the nickname is enforced already (room/nickname.py)."""
    return Jid(room.local, room.domain, nickname)


def recipient(stanza: Stanza) -> Jid:
    """What a stanza was sent to; MucService lets none through without."""
    if stanza.to is None:
        raise LocalProtocolError("a stanza to nobody")
    return stanza.to


def sender(stanza: Stanza) -> Jid:
    """Who sent a stanza; MucService lets none through without."""
    if stanza.from_ is None:
        raise LocalProtocolError("a stanza from nobody")
    return stanza.from_
