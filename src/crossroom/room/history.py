"""What was said: bounded by number and octets, replayed to joiners as they asked: XEP-0045 §7.2.13-14."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace

from msgspec import structs

from crossroom.room.commands import HistoryRequest
from crossroom.room.content import octets_of
from crossroom.room.events import Occupant, Posted


class Entry:
    """One post, and how it is replayed in both views of its author (visibility.py): made when first asked for."""

    __slots__ = ("_full", "_plain", "octets", "post")

    def __init__(self, post: Posted, octets: int) -> None:
        self.post = post
        self.octets = octets
        self._full: Posted | None = None
        self._plain: Posted | None = None

    @property
    def text_octets(self) -> int:
        """What it counts against a joiner's bound."""
        return self.post.content.size if self.post.content else 0

    def replayed(self, *, is_full: bool) -> Posted:
        """The post as history: shared by all joiners with the same view."""
        if is_full:
            self._full = self._full or structs.replace(self.post, delayed=True)
            return self._full
        self._plain = self._plain or structs.replace(
            self.post, author=unnamed(self.post.author), delayed=True
        )
        return self._plain


class History:
    """The latest posts, oldest first, in at most `max_posts` entries and `max_octets` octets."""

    def __init__(self, max_posts: int, max_octets: int, posts: Iterable[Posted] = ()) -> None:
        self._entries: deque[Entry] = deque()
        self._octets = 0
        self._max_posts = max_posts
        self._max_octets = max_octets
        for post in posts:
            self.add(post, octets_of(post.id, post.content, post.native))

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Posted]:
        return (entry.replayed(is_full=True) for entry in self._entries)

    def add(self, post: Posted, octets: int) -> None:
        """Keep a post that weighs so much (see `octets_of`); `post.author` is the full view."""
        self._entries.append(Entry(post, octets))
        self._octets += octets
        if len(self._entries) > self._max_posts or self._octets > self._max_octets:
            self._trim()

    def resize(self, max_posts: int) -> None:
        """Another number of posts from now on."""
        self._max_posts = max_posts
        self._trim()

    def hide_addresses(self) -> None:
        """Nobody learns later who wrote under the promise that addresses are not shown."""
        self._entries = deque(Entry(entry.replayed(is_full=False), entry.octets) for entry in self._entries)

    def replay(self, request: HistoryRequest, now: float, *, is_full: bool) -> list[Posted]:
        """Choose the newest posts that meet every bound of the request, oldest first."""
        # XEP-0045 §7.2.13: several attributes together: the one that gives the least is obeyed
        earliest = max(
            request.since if request.since is not None else 0.0,
            now - request.seconds if request.seconds is not None else 0.0,
        )
        chosen: list[Posted] = []
        octets = 0
        for entry in reversed(self._entries):
            octets += entry.text_octets
            is_enough = request.max_posts is not None and len(chosen) >= request.max_posts
            # "maxchars='0'" asks for none at all, also of posts without text
            is_long = request.max_octets is not None and (
                octets > request.max_octets or not request.max_octets
            )
            if is_enough or is_long or entry.post.at < earliest:
                break
            chosen.append(entry.replayed(is_full=is_full))
        return chosen[::-1]

    def _trim(self) -> None:
        while self._entries and (len(self._entries) > self._max_posts or self._octets > self._max_octets):
            self._octets -= self._entries.popleft().octets


def unnamed(occupant: Occupant) -> Occupant:
    """The same occupant without what tells who it is outside."""
    return replace(occupant, address=None, referred_by=None)
