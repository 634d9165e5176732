"""What an XMPP user waits for: messages, presences, rosters, declines. Every wait ends in a value or a PeerFailure."""

import asyncio
from collections.abc import Callable, Iterable

from peers.transcript import DEFAULT_TIMEOUT
from peers.xmpp_connection import XmppConnection
from peers.xmpp_stanza import MUC_USER, RoomMessage, RoomPresence, split_jid


class XmppExpectations(XmppConnection):
    """The waits of a user; those that name no room mean the one joined last."""

    async def expects_message(
        self,
        text: str | None = None,
        sender: str | None = None,
        *,
        private: bool | None = None,
        within: float = DEFAULT_TIMEOUT,
    ) -> RoomMessage:
        """Wait for a message with a body that fits; `private` tells chat from groupchat."""
        return await self.message(
            lambda m: (
                m.text is not None
                and not m.error
                and m.extension("invite") is None
                and text in {None, m.text}
                and sender in {None, m.sender}
                and private in {None, m.type == "chat"}
            ),
            f"text={text!r} sender={sender!r} private={private}",
            within,
        )

    async def expects_message_error(self, condition: str, *, id_: str | None = None) -> RoomMessage:
        """Wait until a message of ours comes back with that condition."""
        return await self.message(lambda m: m.error == condition and id_ in {None, m.id}, condition)

    async def expects_subject(self, subject: str, *, sender: str | None = None) -> RoomMessage:
        """Wait for that subject."""
        return await self.message(
            lambda m: m.is_subject and m.subject == subject and sender in {None, m.sender},
            f"subject {subject!r}",
        )

    async def expects_typing(self, sender: str, state: str = "composing") -> RoomMessage:
        """Wait for that chat state of an occupant."""
        return await self.message(lambda m: m.state == state and m.sender == sender, f"{state} of {sender!r}")

    async def message(
        self, fits: Callable[[RoomMessage], bool], wanted: str, within: float = DEFAULT_TIMEOUT
    ) -> RoomMessage:
        return await self.messages.take(fits, within=within, wanted=wanted)

    async def expects_presence(
        self,
        nick: str,
        *,
        codes: Iterable[int] = (),
        type_: str = "",
        room: str | None = None,
        within: float = DEFAULT_TIMEOUT,
    ) -> RoomPresence:
        """Wait for a presence of that occupant with (at least) those status codes and exactly that type."""
        where, least = room or self.room, frozenset(codes)
        return await self.presences.take(
            lambda p: p.room == where and p.nick == nick and p.type == type_ and least <= p.codes,
            within=within,
            wanted=f"of {nick!r} type={type_!r} codes={sorted(least)}",
        )

    async def expects_roster(self, *nicks: str, within: float = DEFAULT_TIMEOUT) -> None:
        """Wait until exactly these occupants are in the room."""
        wanted = set(nicks)
        try:
            async with asyncio.timeout(within):
                while set(self.rosters.get(self.room, {})) != wanted:
                    await self._changed.wait()
        except TimeoutError:
            seen = sorted(self.rosters.get(self.room, {}))
            raise self.transcript.failure(
                f"roster is {seen}, not {sorted(wanted)} after {within:g} s"
            ) from None

    async def expects_decline(self, who: str, *, within: float = DEFAULT_TIMEOUT) -> str:
        """Wait until `who` (a bare JID) is said to have declined; return the reason."""

        def fits(found: RoomMessage) -> bool:
            decline = found.extension("decline")
            return decline is not None and split_jid(decline.get("from", ""))[0] == who

        found = await self.message(fits, f"declining for {who}", within)
        return found.element.findtext(f"{MUC_USER}x/{MUC_USER}decline/{MUC_USER}reason", "")
