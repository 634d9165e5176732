"""What a conference is about, as its subscribers are told: name, description, subject, ways in (RFC 4575 §5.3).

Not here: who is in it (roster.py). Rules: docs/mapping.md §3.3 and §3.7.
"""

from dataclasses import replace

from crossroom.bodies.conference_info import Description, Uri
from crossroom.conference.addresses import identity_of, uri_of
from crossroom.room.address import Address, Network
from crossroom.room.configuration import Configuration


class Topic:
    """The description of one room, and whether the subscribers have it."""

    def __init__(self, room: Address, configuration: Configuration) -> None:
        xmpp = identity_of(replace(room, network=Network.XMPP))
        ways = (Uri(str(uri_of(room)), purpose="participation"), Uri(f"{xmpp}?join", purpose="participation"))
        self.description = Description(subject="", conf_uris=ways)
        self.is_due = False
        self.configure(configuration)
        self.is_due = False

    def configure(self, configuration: Configuration) -> None:
        """Take note of the settings."""
        self._become(
            replace(
                self.description,
                display_text=configuration.name or None,
                free_text=configuration.description or None,
                maximum_user_count=configuration.max_occupants or None,
            )
        )

    def set_subject(self, subject: str) -> None:
        """Take note of the subject."""
        self._become(replace(self.description, subject=subject))

    def take(self, other: "Topic") -> None:
        """Be about the same as another one, as something that everybody knows."""
        self.description = other.description

    def tell(self) -> Description:
        """The description for everybody: RFC 4575 §4.4, an atomic element goes whole."""
        self.is_due = False
        return self.description

    def _become(self, description: Description) -> None:
        self.is_due |= description != self.description
        self.description = description
