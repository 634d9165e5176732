"""Which URI names whom in one roster: every participant has a key of its own (RFC 4575 §5.6, user@entity).

Which URI somebody should have is said in roster_entry.py; here it is given out, taken back, and looked up.
"""

from crossroom.conference.addresses import occupant_uri
from crossroom.conference.roster_entry import EntityForm, preferred_entity
from crossroom.room.address import Address, Nickname
from crossroom.room.events import Occupant
from crossroom.sip.uri import SipUri


class RosterKeys:
    """The URIs that are given out, and the nickname that has each."""

    def __init__(self, room: Address, form: EntityForm) -> None:
        self._room = room
        self._form = form
        self._owners: dict[str, Nickname] = {}

    def preferred(self, occupant: Occupant) -> str:
        """The URI that should name this participant."""
        return str(preferred_entity(self._room, occupant, self._form))

    def claim(self, occupant: Occupant) -> str:
        """Give the participant its URI, or another one where somebody has it already."""
        wanted = preferred_entity(self._room, occupant, self._form)
        text, key = str(wanted), _key(wanted)
        key = text if key == text else key  # nearly always: one text is kept, not two
        if self._owners.setdefault(key, occupant.nickname) == occupant.nickname:
            return text
        # one person under two nicknames: the second one needs a key of its own
        own = occupant_uri(self._room, occupant.nickname)
        self._owners[_key(own)] = occupant.nickname
        return str(own)

    def pass_on(self, entity: str, nickname: Nickname) -> None:
        """The same participant is called otherwise now."""
        self._owners[_key(SipUri.parse(entity))] = nickname

    def disown(self, entity: str, nickname: Nickname) -> None:
        """Take a URI back, unless somebody else has it by now."""
        key = _key(SipUri.parse(entity))
        if self._owners.get(key) == nickname:
            del self._owners[key]

    def owner_of(self, uri: SipUri) -> Nickname | None:
        """Who has exactly this URI."""
        return self._owners.get(_key(uri))


def _key(uri: SipUri) -> str:
    """A URI by what tells participants apart, without the case that addresses ignore."""
    plain = SipUri(uri.host.lower(), uri.user.lower() if uri.user else None)
    return f"{plain};gr={uri.gr}" if uri.gr else str(plain)
