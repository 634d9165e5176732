"""The MSRP switch: what is said in a conference, from CPIM to the room's words and back (RFC 7701 §6).

Plain functions; who sends what to whom is the seat's business. A copy for another SIP endpoint carries the
author's content untouched (RFC 7701 §6.1: the switch must not modify it), under a header block of the room's own.
"""

from dataclasses import dataclass
from typing import Protocol

from msgspec import Struct

from crossroom.bodies.cpim import (
    CORE_NAMESPACE,
    CPIM,
    IMDN_NAMESPACE,
    CpimAddress,
    CpimHeader,
    CpimMessage,
    escape,
    format_date_time,
)
from crossroom.bodies.imdn import IMDN, Imdn
from crossroom.bodies.iscomposing import IS_COMPOSING, IsComposing
from crossroom.bodies.media_type import essence
from crossroom.bodies.mime import MimePart, media_type_of, plain_text
from crossroom.bodies.multipart import readable
from crossroom.conference.addresses import is_same_person, nickname_in, room_of
from crossroom.conference.receipts import receipt_of, receipts_wanted, wishes_of
from crossroom.machine import ParseError
from crossroom.msrp.chunk import FailureReport
from crossroom.msrp.message import SharedBody
from crossroom.room.address import Address, MessageId, Network, Nickname
from crossroom.room.commands import Draft
from crossroom.room.content import Composing, Content, Native, Receipt
from crossroom.room.events import ComposingChanged, Posted
from crossroom.room.reasons import Reason, Refused
from crossroom.sip.uri import Uri, parse_uri

ENCRYPTED = "?OTR"  # RFC 7702 §9: no end-to-end encryption is defined for groups
UNDERSTOOD = frozenset(
    {(CORE_NAMESPACE, name) for name in ("from", "to", "cc", "datetime", "subject", "ns", "require")}
    | {(IMDN_NAMESPACE, name) for name in ("message-id", "disposition-notification")}
)
"""CPIM headers that may be required of us."""
LONGEST_ID = 128  # characters; ids in use have 10 to 40
_NOTHING = bytes(MimePart.of("text/plain", ""))  # RFC 3862 §2.4: content has a Content-Type at least


class Copy(Struct, frozen=True, gc=False):
    """A message ready for every SIP endpoint, and the media type inside that an endpoint must accept.

    `private` is the message, where it is for one only; what `is_fleeting` is over when a queue has moved on.
    """

    shared: SharedBody
    wrapped_type: str
    is_fleeting: bool = False
    private: Posted | None = None


class Speaker(Protocol):
    """Who speaks on an MSRP session, in what room: each is asked for only where it is needed."""

    @property
    def room(self) -> Address:
        """The room."""
        ...

    @property
    def room_uri(self) -> str:
        """Its URI as we write it, and most user agents do."""
        ...

    @property
    def uri(self) -> str:
        """The address of the SIP session."""
        ...

    @property
    def nickname(self) -> Nickname | None:
        """The speaker's own in this room."""
        ...

    def nickname_of(self, uri: Uri) -> Nickname | None:
        """The participant behind a URI of the roster, or of an occupant."""
        ...


@dataclass(frozen=True, slots=True)
class Typing:
    """An isComposing document, for the room or for one participant: `seconds` is how long "active" lasts."""

    state: Composing
    to: Nickname | None
    seconds: int


@dataclass(frozen=True, slots=True)
class Told:
    """An IMDN: what became of the private message `id`, for its author `to`."""

    id: MessageId
    receipt: Receipt
    to: Nickname
    native: Native | None


def read(content_type: str, body: bytes, message_id: str, speaker: Speaker) -> Draft | Typing | Told | None:
    """Read a SEND; None for what is accepted and concerns nobody here (an IMDN to everybody, nothing at all).

    The checks are those of RFC 7701 §6.1 to §6.3; raises Refused with the reason of the first that fails.
    """
    if content_type != CPIM and essence(content_type) != CPIM:
        raise Refused(Reason.UNSUPPORTED_CONTENT, "a chat room takes message/cpim")
    try:
        cpim = CpimMessage.from_bytes(body)
    except ParseError as error:
        raise Refused(Reason.MALFORMED, str(error)) from None
    if cpim.require:
        _must_be_understood(cpim)
    if len(cpim.to) != 1:
        raise Refused(Reason.NOT_ALLOWED, "exactly one To is needed")
    # as nearly everybody writes them, neither From nor To need be read
    if cpim.sender is None or cpim.sender.uri != speaker.uri:
        _must_be_own_name(cpim, speaker)
    to = None if cpim.to[0].uri == speaker.room_uri else _recipient(cpim.to[0].uri, speaker)
    return _said(cpim, MessageId(message_id), to)


def wrapper_of(private: bytes) -> bytes:
    """What a REPORT about a private message carries (RFC 7701 §6.2): its From and To, around nothing.

    `private` is the body of a SEND that was read before.
    """
    cpim = CpimMessage.from_bytes(private)
    return bytes(CpimMessage(cpim.sender, cpim.to, _NOTHING))


def copy_of(posted: Posted, author: str, to: str) -> Copy:
    """The copy of a post for SIP endpoints: From is what the roster shows, the content is the author's own.

    `author` and `to` are URIs.
    """
    content = _content_octets(posted)
    shared = SharedBody(CPIM, _head_of(posted, author, to).encode() + content)
    return Copy(shared, media_type_of(content), private=None if posted.to is None else posted)


def _head_of(posted: Posted, author: str, to: str) -> str:
    """The header block, written at one go: it is that of a CpimMessage with the same values."""
    name, date_time = escape(posted.author.nickname, quotes=True), format_date_time(posted.at)
    head = f'From: "{name}" <{author}>\r\nTo: <{to}>\r\nDateTime: {date_time}\r\n'
    if 0 < len(posted.id) <= LONGEST_ID:
        head += f"NS: imdn <{IMDN_NAMESPACE}>\r\nimdn.Message-ID: {escape(posted.id)}\r\n"
        if posted.receipts:
            [asked] = wishes_of(posted.receipts)
            head += f"imdn.{asked.name}: {asked.value}\r\n"
    return f"{head}\r\n"


def typing_of(event: ComposingChanged, author: str, to: str) -> SharedBody:
    """Somebody types, or stopped (RFC 7573 §6): active while composing, idle otherwise."""
    is_active = event.state is Composing.COMPOSING
    document = IsComposing(is_active=is_active, refresh=90 if is_active else None, content_type="text/plain")
    part = MimePart((("Content-Type", IS_COMPOSING),), bytes(document))
    message = CpimMessage(CpimAddress(author, event.author.nickname), (CpimAddress(to),), bytes(part))
    # nobody waits for the answer to a typing notification (docs/mapping.md §3.9)
    return SharedBody(CPIM, bytes(message), failure_report=FailureReport.NO)


def correlation(message_id: MessageId, receipts: frozenset[Receipt] = frozenset()) -> tuple[CpimHeader, ...]:
    """The author's own id as SIP is told it (RFC 5438 §6.3), and what is asked about that message.

    An id that is too long stays in its own network: then no answer could name the message.
    """
    is_known = message_id and len(message_id) <= LONGEST_ID
    return (CpimHeader(IMDN_NAMESPACE, "Message-ID", message_id), *wishes_of(receipts)) if is_known else ()


def chosen_id(cpim: CpimMessage) -> MessageId | None:
    """The author's own id for the whole message (RFC 5438 §6.3), unless it is too long for one."""
    chosen = cpim.extension(IMDN_NAMESPACE, "Message-ID")
    return MessageId(chosen) if chosen and len(chosen) <= LONGEST_ID else None


def is_wordless(posted: Posted) -> bool:
    """True for what has nothing that SIP could show: a reaction, a marker (docs/mapping.md §3.11)."""
    is_native = posted.native is not None and posted.native.network is Network.SIP
    return posted.content is None and not is_native


def _must_be_understood(cpim: CpimMessage) -> None:
    """RFC 3862 §4.7: a message that requires a header which is not understood is not processed."""
    for namespace, name in cpim.require:
        if (namespace, name.lower()) not in UNDERSTOOD:
            raise Refused(Reason.UNSUPPORTED_CONTENT, f"the header {name[:60]} is not understood here")


def _must_be_own_name(cpim: CpimMessage, speaker: Speaker) -> None:
    # RFC 7701 §6.1: a From that is not this session's own is not forwarded; its display name never counts
    try:
        claimed = parse_uri(cpim.sender.uri) if cpim.sender else None
    except ParseError:
        claimed = None
    if claimed is None:
        raise Refused(Reason.NOT_ALLOWED, "a From that can be read is needed")
    own = speaker.nickname
    is_own_nickname = own is not None and speaker.nickname_of(claimed) == own
    if not is_own_nickname and not is_same_person(claimed, parse_uri(speaker.uri)):
        raise Refused(Reason.NOT_ALLOWED, "From is not the address of this session")


def _recipient(text: str, speaker: Speaker) -> Nickname | None:
    """None for the room; RFC 7701 §9.3 shows its URI with parameters, so only the address counts."""
    try:
        uri = parse_uri(text)
        if nickname_in(uri, speaker.room) is None and room_of(uri).is_same_person(speaker.room):
            return None
        found = speaker.nickname_of(uri)
    except ParseError:
        found = None
    if found is None:
        raise Refused(Reason.NO_SUCH_PARTICIPANT, "To is neither the room nor anybody in it")
    return found


def _said(cpim: CpimMessage, message_id: MessageId, to: Nickname | None) -> Draft | Typing | Told | None:
    text = plain_text(cpim.content)
    if text is not None:  # as nearly everything is
        return _draft(cpim, message_id, to, Content("text/plain", text))
    try:
        part = cpim.part
        media_type = part.media_type
        if media_type == IS_COMPOSING:
            document = IsComposing.from_bytes(part.body)
            state = Composing.COMPOSING if document.is_active else Composing.ACTIVE
            return Typing(state, to, document.seconds)
        if media_type == IMDN:
            return _told(cpim, message_id, to) if to is not None else None
        content = content_of(part)
    except ParseError as error:
        raise Refused(Reason.UNSUPPORTED_CONTENT, str(error)) from None
    return _draft(cpim, message_id, to, content)


def _draft(cpim: CpimMessage, message_id: MessageId, to: Nickname | None, content: Content) -> Draft:
    if isinstance(content.body, str) and content.body.startswith(ENCRYPTED):
        raise Refused(Reason.UNSUPPORTED_CONTENT, "encrypted text cannot be shown to a room")
    chosen = chosen_id(cpim) if cpim.extensions else None
    receipts = receipts_wanted(cpim) if to is not None and chosen else frozenset()
    return Draft(chosen or message_id, content, Native(Network.SIP, cpim.content), to, receipts=receipts)


def _told(cpim: CpimMessage, message_id: MessageId, to: Nickname) -> Draft | Told | None:
    """Raises ParseError. One that names its author's address is not passed on but said again without it."""
    imdn = Imdn.from_bytes(cpim.part.body)
    receipt, native = receipt_of(imdn), Native(Network.SIP, cpim.content)
    if imdn.recipient or imdn.original_recipient:
        # RFC 7701 §6.1: what others are shown must not reveal an address; this one its user agent wrote unasked
        return Told(MessageId(imdn.message_id), receipt, to, None) if receipt else None
    if receipt is None or len(imdn.message_id) > LONGEST_ID:
        # what no other network knows is still for another SIP endpoint; it never asks for an IMDN itself
        return Draft(chosen_id(cpim) or message_id, None, native, to)
    return Told(MessageId(imdn.message_id), receipt, to, native)


def content_of(whole: MimePart) -> Content:
    """What a person reads of a body: one part as it is; of several one text, with a word for what is none.

    Raises ParseError. Which parts these are: docs/mapping.md §3.6.
    """
    parts = readable(whole)
    if len(parts) == 1:
        [part] = parts
        is_text = part.media_type.startswith("text/")
        return Content(part.media_type, part.text if is_text else part.body, part.language)
    said = (
        part.text if part.media_type == "text/plain" else f"[{part.media_type}, {len(part.body)} octets]"
        for part in parts
    )
    return Content("text/plain", "\n".join(said), parts[0].language if parts else "")


def _content_octets(posted: Posted) -> bytes:
    if posted.native is not None and posted.native.network is Network.SIP:
        return posted.native.octets
    content = posted.content or Content("text/plain", "")
    return bytes(MimePart.of(content.media_type, content.body, content.language))
