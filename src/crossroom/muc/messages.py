"""Messages, both ways: what an occupant wants to say, and how what was said is written (docs/mapping.md §3.5-3.9).

Pure translation. The author's own children travel untouched among XMPP occupants, as `Native`; everybody else's
message gets its body from the neutral content.
"""

from collections.abc import Iterator

from crossroom.muc.addresses import occupant_jid
from crossroom.muc.html import html_text
from crossroom.muc.presence import ROOM_SAYS
from crossroom.room.address import MessageId, Network, Nickname
from crossroom.room.commands import Draft
from crossroom.room.content import Composing, Content, Native, Receipt
from crossroom.room.events import Acknowledged, ComposingChanged, Posted
from crossroom.xmpp.chatstates import ChatState, is_only_chat_state
from crossroom.xmpp.delay import DELAY, Delay
from crossroom.xmpp.element import Element, element, serialise
from crossroom.xmpp.errors import Condition, StanzaError
from crossroom.xmpp.hints import Hint, read_hints
from crossroom.xmpp.jid import Jid
from crossroom.xmpp.markers import displayed, displayed_id, is_markable, markable
from crossroom.xmpp.muc import MUC_USER, MucUser
from crossroom.xmpp.occupant_id import occupant_id
from crossroom.xmpp.receipts import asks_for_receipt, received, received_id, request
from crossroom.xmpp.sid import SID, stanza_id
from crossroom.xmpp.stanza import Kind, Stanza, tail

XHTML_IM = "http://jabber.org/protocol/xhtml-im"
OOB = "jabber:x:oob"
CORRECT = "urn:xmpp:message-correct:0"
CORRECTED = "* corrected: "  # docs/mapping.md §3.11: towards networks that know no correction

# XEP-0334 §4.2-4.3: neither a server's archive nor a room's history
UNKEPT = frozenset((Hint.NO_STORE, Hint.NO_PERMANENT_STORE))


def composing_of(stanza: Stanza) -> Composing | None:
    """The typing state, of a message that tells nothing else; None for every other message."""
    if not is_only_chat_state(_without_room_words(stanza)):
        return None
    state = ChatState.of(stanza)
    return Composing(state) if state else None


def receipt_of(stanza: Stanza) -> tuple[MessageId, Receipt] | None:
    """Which message this one is the receipt of; None for one that has more to say, or nothing of that."""
    if stanza.body:
        return None
    if received_to := received_id(stanza):
        return MessageId(received_to), Receipt.DELIVERED
    if displayed_to := displayed_id(stanza):
        return MessageId(displayed_to), Receipt.DISPLAYED
    return None


def native_of(stanza: Stanza, room: Jid) -> Native:
    """The stanza's own children, for other XMPP occupants."""
    return Native(Network.XMPP, serialise(_own_children(stanza, room)))


def draft_of(stanza: Stanza, room: Jid, message_id: str, to: Nickname | None = None) -> Draft:
    """A message as the room takes it; `message_id` stands in where the client gave none."""
    return Draft(
        MessageId(stanza.id or message_id),
        content_of(stanza),
        native_of(stanza, room),
        to,
        is_kept=not UNKEPT & read_hints(stanza),
        receipts=frozenset(_wanted(stanza)) if to is not None else frozenset(),
    )


def content_of(stanza: Stanza) -> Content | None:
    """What every network can show of a message: its body, else what stands for one; None for neither."""
    text = stanza.body or _body_instead(stanza)
    if not text:
        return None
    if stanza.find("replace", CORRECT):
        text = CORRECTED + text
    return Content("text/plain", text, stanza.lang)


def posted_tail(room: Jid, event: Posted) -> bytes | None:
    """A message to everybody, or None where XMPP has nothing to show (docs/mapping.md §3.5)."""
    inner = _said(event)
    if inner is None:
        return None
    # XEP-0359 §3, XEP-0421 §4: on every message, live and in history alike
    room_says: list[Element] = [stanza_id(event.archive_id, room)] if event.archive_id else []
    room_says += _identity(event)
    if event.delayed:
        room_says.append(Delay(event.at, str(room)).as_element())  # XEP-0045 §7.2.14: from the room
    return tail(_stanza(room, event, "groupchat"), inner + serialise(room_says))


def private_tail(room: Jid, event: Posted) -> bytes | None:
    """A private message, or None where XMPP has nothing to show (XEP-0045 §7.5)."""
    inner = _said(event)
    if inner is None:
        return None
    asked = () if _is_native(event.native) else _asking(event.receipts)
    room_says = (*asked, *_identity(event), MucUser().as_element())
    return tail(_stanza(room, event, "chat"), inner + serialise(room_says))


def acknowledged_tail(room: Jid, event: Acknowledged) -> bytes:
    """What became of a private message: a receipt, a marker, or the error that it would have got on XMPP."""
    from_ = occupant_jid(room, event.author.nickname)
    if event.receipt is Receipt.FAILED:
        # docs/mapping.md §3.10: as a server would return it, from the occupant that it could not be brought to
        error = StanzaError(Condition.RECIPIENT_UNAVAILABLE, by=str(room)).as_element()
        return tail(Stanza(Kind.MESSAGE, None, from_, event.id, "error"), serialise((error,)))
    if event.native is not None and _is_native(event.native):
        said = event.native.octets
    else:
        write = received if event.receipt is Receipt.DELIVERED else displayed
        said = serialise((write(event.id),))
    identity = (occupant_id(event.author.id),) if event.author.id else ()
    return tail(
        Stanza(Kind.MESSAGE, None, from_, "", "chat"), said + serialise((*identity, MucUser().as_element()))
    )


def composing_tail(room: Jid, event: ComposingChanged) -> bytes:
    """Somebody types, or stopped."""
    author = event.author
    from_ = occupant_jid(room, author.nickname)
    children = [ChatState(event.state).as_element(), Hint.NO_STORE.as_element()]
    if author.id:
        children.append(occupant_id(author.id))
    if event.to is not None:
        children.append(MucUser().as_element())
    kind = "groupchat" if event.to is None else "chat"
    return tail(Stanza(Kind.MESSAGE, None, from_, "", kind), serialise(children))


def text_of(content: Content) -> str:
    """Content of any type as a body (docs/mapping.md §3.6)."""
    if isinstance(content.body, bytes):
        return f"[{content.media_type}, {len(content.body)} octets]"
    if content.media_type == "text/html":
        return html_text(content.body)
    return content.body


def _said(event: Posted) -> bytes | None:
    if event.native is not None and _is_native(event.native):
        return event.native.octets
    if event.content is None:
        return None
    return serialise((element("body", "", text_of(event.content)),))


def _is_native(native: Native | None) -> bool:
    return native is not None and native.network is Network.XMPP


def _wanted(stanza: Stanza) -> Iterator[Receipt]:
    """What the author asks to be told. An error comes unasked on XMPP, but has to be asked for elsewhere."""
    if asks_for_receipt(stanza):
        yield Receipt.DELIVERED
        yield Receipt.FAILED
    if is_markable(stanza):
        yield Receipt.DISPLAYED


def _asking(receipts: frozenset[Receipt]) -> tuple[Element, ...]:
    asked = (request(),) if Receipt.DELIVERED in receipts else ()
    return (*asked, markable()) if Receipt.DISPLAYED in receipts else asked


def _stanza(room: Jid, event: Posted, kind: str) -> Stanza:
    from_ = occupant_jid(room, event.author.nickname)
    lang = event.content.language if event.content else ""
    return Stanza(Kind.MESSAGE, None, from_, event.id, kind, lang)


def _identity(event: Posted) -> list[Element]:
    return [occupant_id(event.author.id)] if event.author.id else []


def _own_children(stanza: Stanza, room: Jid) -> tuple[Element, ...]:
    return tuple(child for child in stanza.children if not _is_rooms_word(child, room))


def _is_rooms_word(child: Element, room: Jid) -> bool:
    if (child.namespace, child.name) == (SID, "stanza-id"):
        # XEP-0359 §3: only ids "by" the room are forged; another entity's id is the author's business
        return child.get("by").strip().lower() == str(room).lower()
    if (child.namespace, child.name) == (DELAY, "delay"):
        return child.get("from").strip().lower() == str(room).lower()
    return (child.namespace, child.name) in ROOM_SAYS


def _without_room_words(stanza: Stanza) -> Stanza:
    kept = (child for child in stanza.children if (child.namespace, child.name) != (MUC_USER, "x"))
    return stanza.with_children(*kept)


def _body_instead(stanza: Stanza) -> str:
    """docs/mapping.md §3.6: `<html/>` only where there is no body; the address of a file stands for it."""
    oob = stanza.find("x", OOB)
    if oob and (url := oob.child_text("url")):
        return url
    html = stanza.find("html", XHTML_IM)
    return _all_text(html).strip() if html else ""


def _all_text(node: Element) -> str:
    return "".join(child if isinstance(child, str) else _all_text(child) for child in node.children)
