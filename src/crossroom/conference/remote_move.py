"""A focus elsewhere moves the chat of one of our users: another MSRP session for the same call (RFC 4975 §5.4)."""

from crossroom.bodies.sdp_answer import Refusal
from crossroom.conference.media import Agreed, ChatMedia
from crossroom.conference.remote_chat import RemoteChat
from crossroom.machine import ParseError
from crossroom.net.msrp_face import MsrpUnreachable
from crossroom.net.tasks import Tasks


class ChatMove:
    """How the chat of one seat moves."""

    def __init__(self, media: ChatMedia, chat: RemoteChat, tasks: Tasks) -> None:
        self._media = media
        self._chat = chat
        self._tasks = tasks

    @property
    def is_possible(self) -> bool:
        """False until the first session stands: the join still waits for that one."""
        return self._chat.bound.is_set()

    def agree(self, offer: bytes) -> Agreed | Refusal:
        """A new session of ours for what is offered; what came by the last one is not taken twice."""
        return self._media.answer(offer, self._chat, self._chat.room, self._chat.msrp)

    def take_up(self, agreed: Agreed) -> None:
        """It takes the place of the last one, as soon as it is connected."""
        self._chat.move(agreed.msrp)
        self._tasks.start(self._connect(agreed), "move of a remote chat")

    async def _connect(self, agreed: Agreed) -> None:
        try:
            await agreed.connect()
        except (MsrpUnreachable, ParseError) as error:
            if agreed.msrp is self._chat.msrp:  # and has not moved on meanwhile
                self._chat.lose(str(error))
