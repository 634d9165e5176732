"""Who has which lasting standing with a room, by person or (a ban) by whole domain: XEP-0045 §5.2, §9.2."""

from collections.abc import Iterable, Iterator

from crossroom.room.address import Address
from crossroom.room.standing import Affiliation


class Affiliations:
    """A table of persons; whoever is not in it has none. An address without user part stands for a domain."""

    def __init__(self, entries: Iterable[tuple[Address, Affiliation]] = ()) -> None:
        self._entries: dict[tuple[str, str], tuple[Address, Affiliation]] = {}
        for address, affiliation in entries:
            self.set(address, affiliation)

    def of(self, address: Address) -> Affiliation:
        """The person's own entry, else that of the domain."""
        own = self._entries.get(address.key) or self._entries.get(("", address.domain.lower()))
        return own[1] if own else Affiliation.NONE

    def set(self, address: Address, affiliation: Affiliation) -> None:
        """Give a standing; NONE takes the person out of the table."""
        if affiliation is Affiliation.NONE:
            self._entries.pop(address.key, None)
        else:
            self._entries[address.key] = (address.bare, affiliation)

    def copy(self) -> "Affiliations":
        """Make a draft of changes that are obeyed all or not at all."""
        return Affiliations(self)

    @property
    def has_owner(self) -> bool:
        """XEP-0045 §10.5: a room has at least one owner."""
        return any(affiliation is Affiliation.OWNER for _, affiliation in self)

    def __iter__(self) -> Iterator[tuple[Address, Affiliation]]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)
