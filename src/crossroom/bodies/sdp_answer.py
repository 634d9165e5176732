"""Offer and answer for a chat (RFC 3264): one m-line is answered, every other one is refused in its place.

Lives here: making the first offer, answering one, and who connects then. Not here: what the attributes are
called (msrp_media.py). Sections: RFC 3264 §6, RFC 4975 §8, RFC 6135 §4.2, RFC 6714 §4, RFC 7701 §5.2.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from crossroom.bodies.cpim import CPIM
from crossroom.bodies.media_type import essence
from crossroom.bodies.msrp_media import PROTOCOLS, WEBSOCKET, Direction, MessageMedia, Setup
from crossroom.bodies.sdp import MediaSection, Origin, SessionDescription
from crossroom.machine import ParseError


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no line of an offer can be a chat: a warn-code and text for a 488 (RFC 3261 §20.43)."""

    warning: int
    text: str


NO_CHAT = Refusal(304, "No MSRP message stream offered")
NO_TRANSPORT = Refusal(302, "This MSRP transport is not served here")
NO_CPIM = Refusal(305, "A chat room needs message/cpim in accept-types")
NO_PATH = Refusal(306, "The path of the message stream cannot be read")
NO_CEMA = Refusal(301, "The path is not at the address of the stream, and msrp-cema is not offered")
SWITCHED_OFF = Refusal(304, "The message stream is offered with port 0")


@dataclass(frozen=True, slots=True)
class Answer:
    """An accepted offer: what to send back, and the two sides' chat streams as agreed.

    `theirs` is the offered line at `index`, `ours` the line that answers it.
    """

    description: SessionDescription
    ours: MessageMedia
    theirs: MessageMedia
    index: int

    @property
    def we_connect(self) -> bool:
        """True if the answerer, this side, opens the MSRP connection."""
        return self.ours.setup is Setup.ACTIVE


def make_offer(ours: MessageMedia, origin: Origin) -> SessionDescription:
    """Describe one chat stream to somebody. Without a role of our own both are offered (RFC 6135 §4.2)."""
    offered = ours if ours.setup else replace(ours, setup=Setup.ACTPASS)
    section = offered.section()
    return SessionDescription(origin, (replace(section, connection=None),), connection=section.connection)


def answer_offer(
    offer: SessionDescription,
    ours: Sequence[MessageMedia],
    origin: Origin,
    *,
    required_types: Sequence[str] = (CPIM,),
    is_cema_strict: bool = True,
) -> Answer | Refusal:
    """Answer with the first chat line that fits one of our streams; refuse the offer when none does.

    `ours` are this side's possible streams, one for each transport that it serves (plain, TLS, WebSocket); a
    stream whose `setup` is ACTIVE cannot be reached from outside. `required_types` must be acceptable to the
    other side. `is_cema_strict` refuses a line that we should connect to and whose path is elsewhere than its
    address (RFC 6714 §4.3); who connects to us is found by the session-id, whatever a border controller wrote.
    """
    rules = _Rules(tuple(ours), tuple(required_types), is_cema_strict)
    refusals: list[Refusal] = []
    for index, section in enumerate(offer.media):
        choice = rules.examine(offer, section)
        if not isinstance(choice, Refusal):
            mine, theirs = choice
            return Answer(_describe(offer, index, mine, origin), mine, theirs, index)
        refusals.append(choice)
    # of several reasons the one nearest to success says most to a person
    return max(refusals, key=_NEARNESS.index, default=NO_CHAT)


_NEARNESS = (NO_CHAT, SWITCHED_OFF, NO_TRANSPORT, NO_PATH, NO_CEMA, NO_CPIM)


def read_answer(offer: SessionDescription, answer: SessionDescription) -> MessageMedia | Refusal:
    """Find the chat in an answer to an offer of ours that held one message line; never raises."""
    index = chat_line(offer)
    return _accepted(answer, answer.media[index]) if index < len(answer.media) else NO_CHAT


def chat_line(offer: SessionDescription) -> int:
    """Where the chat is in an offer of ours: its first message line that is not refused."""
    lines = enumerate(offer.media)
    return next(index for index, line in lines if line.media.lower() == "message" and line.port)


def we_connect(ours: MessageMedia, theirs: MessageMedia, *, we_offered: bool) -> bool:
    """Tell which side opens the connection once both descriptions are known.

    RFC 6135 §4.2 through a=setup; RFC 4975 §5.4 without it: the offerer connects.
    """
    answered = theirs.setup if we_offered else ours.setup
    if answered in {Setup.ACTIVE, Setup.PASSIVE}:
        return (answered is Setup.PASSIVE) is we_offered
    return we_offered


@dataclass(frozen=True, slots=True)
class _Rules:
    ours: tuple[MessageMedia, ...]
    required_types: tuple[str, ...]
    is_cema_strict: bool

    def examine(
        self, offer: SessionDescription, section: MediaSection
    ) -> tuple[MessageMedia, MessageMedia] | Refusal:
        if section.media.lower() != "message" or section.first("file-selector"):
            return NO_CHAT  # RFC 5547 §8: a file transfer that is not taken is refused like any stream
        if section.port == 0:
            return SWITCHED_OFF
        try:
            theirs = MessageMedia.read(offer, section)
        except ParseError:
            return NO_PATH if section.protocol.upper() in PROTOCOLS else NO_TRANSPORT
        mine = next((stream for stream in self.ours if _is_same_road(stream, theirs)), None)
        if mine is None:
            return NO_TRANSPORT
        return self._objection(mine, theirs) or (_agreed(mine, theirs), theirs)

    def _objection(self, mine: MessageMedia, theirs: MessageMedia) -> Refusal | None:
        if not all(theirs.takes(needed) for needed in self.required_types):
            return NO_CPIM  # RFC 7701 §5.2: the focus refuses who cannot take message/cpim
        is_called = _answered_role(mine, theirs) is Setup.ACTIVE
        if self.is_cema_strict and is_called and not theirs.has_cema and not theirs.is_path_at_address:
            return NO_CEMA
        return None


def _is_same_road(mine: MessageMedia, theirs: MessageMedia) -> bool:
    if theirs.transport == WEBSOCKET and theirs.setup is Setup.PASSIVE:
        return False  # RFC 7977 §5.1: browsers connect, nobody can connect to them
    return mine.is_secure == theirs.is_secure and mine.transport == theirs.transport


def _agreed(mine: MessageMedia, theirs: MessageMedia) -> MessageMedia:
    return replace(
        mine,
        setup=_answered_role(mine, theirs),
        direction=_answered_direction(mine, theirs),
        has_cema=mine.has_cema and theirs.has_cema and not _needs_path(mine, theirs),
        accept_wrapped_types=_not_repeated(mine),
    )


def _needs_path(mine: MessageMedia, theirs: MessageMedia) -> bool:
    # RFC 6714 §4.3: no msrp-cema is answered to an offerer who connects by way of a relay, or where both have one
    return theirs.has_relay and (mine.has_relay or theirs.setup in {None, Setup.ACTIVE})


def _answered_role(mine: MessageMedia, theirs: MessageMedia) -> Setup:
    match theirs.setup:
        case Setup.PASSIVE:
            return Setup.ACTIVE
        case Setup.ACTPASS if mine.setup is Setup.ACTIVE:
            return Setup.ACTIVE
        case _:
            return Setup.PASSIVE  # RFC 4975 §5.4: without a=setup the offerer connects


def _answered_direction(mine: MessageMedia, theirs: MessageMedia) -> Direction:
    # RFC 3264 §6.1: nobody sends what the other does not receive
    return Direction.of(
        sends=mine.direction.sends and theirs.direction.receives,
        receives=mine.direction.receives and theirs.direction.sends,
    )


def _not_repeated(mine: MessageMedia) -> tuple[str, ...]:
    # RFC 4975 §8.6: what is in accept-types is accepted wrapped as well, and is not said twice
    plain = {essence(entry) for entry in mine.accept_types}
    return tuple(entry for entry in mine.accept_wrapped_types if essence(entry) not in plain)


def _describe(
    offer: SessionDescription, index: int, mine: MessageMedia, origin: Origin
) -> SessionDescription:
    section = mine.section()
    lines = [offered.refused() for offered in offer.media]
    lines[index] = replace(section, media=offer.media[index].media, connection=None)
    # RFC 3264 §6: the t= line of the answer equals that of the offer
    return SessionDescription(origin, tuple(lines), connection=section.connection, times=offer.times)


def _accepted(answer: SessionDescription, section: MediaSection) -> MessageMedia | Refusal:
    if section.port == 0:
        return SWITCHED_OFF
    try:
        return MessageMedia.read(answer, section)
    except ParseError:
        return NO_PATH
