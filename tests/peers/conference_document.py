"""The conference roster as a subscriber sees it (RFC 4575 section 4.6), read with the standard ElementTree."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass, field

CONFERENCE = "{urn:ietf:params:xml:ns:conference-info}"
NICKNAME = "{urn:ietf:params:xml:ns:xcon-conference-info}nickname"


@dataclass(slots=True)
class RosterUser:
    """One `user` element: what a subscriber can show."""

    entity: str
    nickname: str = ""
    display_text: str = ""
    roles: list[str] = field(default_factory=list)
    endpoints: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The nickname, else the display text, else the URI."""
        return self.nickname or self.display_text or self.entity


class ConferenceRoster:
    """The state that a series of documents adds up to."""

    def __init__(self) -> None:
        self.version: int | None = None
        self.users: dict[str, RosterUser] = {}
        self.subject = ""
        self.description: dict[str, str] = {}
        self.user_count: int | None = None
        self.deleted = False
        self.has_gap = False  # a version was missed: only a new full document repairs the picture
        self.states: list[str] = []  # "full", "partial" ... of every document taken, in order

    @property
    def names(self) -> set[str]:
        """The names shown for all users."""
        return {user.name for user in self.users.values()}

    def apply(self, document: bytes) -> None:
        """Take one NOTIFY body; ElementTree.ParseError when it is not XML."""
        root = ET.fromstring(document)
        state = root.get("state", "full")
        version = int(root.get("version", "0"))
        if self.version is not None and version <= self.version:
            return
        if state == "partial" and self.version is not None and version != self.version + 1:
            self.has_gap = True
        self.version = version
        self.states.append(state)
        if state == "full":
            self.users, self.has_gap = {}, False
        self.deleted = state == "deleted"
        if self.deleted:
            self.users = {}
        self._apply_description(root)
        users = root.find(f"{CONFERENCE}users")
        if users is not None:
            self._apply_users(users)

    def _apply_description(self, root: ET.Element) -> None:
        for part in root.findall(f"{CONFERENCE}conference-description/*"):
            self.description[part.tag.removeprefix(CONFERENCE)] = (part.text or "").strip()
        self.subject = self.description.get("subject", self.subject)
        count = root.findtext(f"{CONFERENCE}conference-state/{CONFERENCE}user-count")
        if count is not None:
            self.user_count = int(count)

    def _apply_users(self, users: ET.Element) -> None:
        if users.get("state", "full") == "full":
            self.users = {}
        for element in users.findall(f"{CONFERENCE}user"):
            entity = element.get("entity", "")
            if element.get("state") == "deleted":
                self.users.pop(entity, None)
            elif element.get("state") == "partial" and entity in self.users:
                self._apply_user(self.users[entity], element)
            else:
                self.users[entity] = RosterUser(entity)
                self._apply_user(self.users[entity], element)

    def _apply_user(self, user: RosterUser, element: ET.Element) -> None:
        user.nickname = element.get(NICKNAME, user.nickname)
        user.display_text = element.findtext(f"{CONFERENCE}display-text", user.display_text)
        roles = [role.text or "" for role in element.findall(f"{CONFERENCE}roles/{CONFERENCE}entry")]
        user.roles = roles or user.roles
        for endpoint in element.findall(f"{CONFERENCE}endpoint"):
            key = endpoint.get("entity", "")
            if endpoint.get("state") == "deleted":
                user.endpoints.pop(key, None)
            else:
                known = {child.tag.removeprefix(CONFERENCE): (child.text or "").strip() for child in endpoint}
                user.endpoints[key] = {**user.endpoints.get(key, {}), **known}
