"""What a request begins, outside a dialog or new inside one: a call, a subscription, a REFER, or nothing.

RFC 3261 §13.3.1, RFC 6665 §4.2.1, RFC 3515 §2.4, RFC 3891 §3, RFC 4538 §6.
"""

from crossroom.machine import ParseError
from crossroom.sip.answer import SDP
from crossroom.sip.content import accepts
from crossroom.sip.dialog import Dialog, DialogId
from crossroom.sip.dialog_id import NamedDialog
from crossroom.sip.early import EarlyDialog
from crossroom.sip.events import InviteReceived, ReferReceived, RequestReceived, SubscribeReceived
from crossroom.sip.invite import InviteUsage
from crossroom.sip.invite_uas import InviteUas
from crossroom.sip.message import Request
from crossroom.sip.notifier import Notifier
from crossroom.sip.pending import PendingRequest
from crossroom.sip.refer import ReferReceiver
from crossroom.sip.session_timer import too_brief
from crossroom.sip.stack import Stack


def begin(pending: PendingRequest, now: float) -> None:
    """Hand a request that begins something to a new usage, and that to the user."""
    match pending.request.method:
        case "INVITE":
            _begin_call(pending, now)
        case "SUBSCRIBE":
            _begin_subscription(pending, now)
        case "REFER":
            _begin_refer(pending, now)
        case "BYE" | "UPDATE" | "NOTIFY" | "PRACK":
            pending.reply(481, now)  # these exist inside dialogs only
        case _:
            pending.stack.deliver(RequestReceived(pending))


def _begin_call(pending: PendingRequest, now: float) -> None:
    request = pending.request
    try:
        brief = too_brief(request, pending.stack.settings)
        text = request.headers.get("Replaces")
        named = NamedDialog.parse(text) if text is not None else None
    except ParseError:
        pending.reply(400, now)
        return
    # RFC 3261 §8.1.1.8: exactly one in an INVITE; a caller of RFC 2543 (RFC 4475 §3.4.1) may be known by From alone
    if request.contact is None and request.via.has_cookie:
        pending.reply(400, now, "Contact missing")
        return
    if not _takes_descriptions(request):
        pending.reply(406, now, headers=(("Accept", ", ".join(pending.stack.settings.accept)),))
        return
    if brief:
        pending.reply(422, now, headers=(("Min-SE", str(pending.stack.settings.min_se)),))
        return
    replaced = _replaceable(pending.stack, named) if named is not None else None
    if named is not None and (status := _refuses_replacing(pending, named, replaced)):
        pending.reply(status, now)
        return
    pending.stack.deliver(InviteReceived(InviteUas(pending, replaced, now)))


def _takes_descriptions(request: Request) -> bool:
    """RFC 3261 §20.1, RFC 4475 §3.3.15: whether an answer may hold SDP. An Accept that nobody can read excludes nothing."""
    try:
        return not request.headers.has("Accept") or accepts(request.headers.all("Accept"), SDP)
    except ParseError:
        return True


def _begin_subscription(pending: PendingRequest, now: float) -> None:
    request = pending.request
    events = pending.stack.settings.events
    if request.event is None or request.event.package not in events:
        # RFC 6665 §4.2.1.1: 489, and what we do know
        pending.reply(489, now, headers=(("Allow-Events", ", ".join(events)),))
    elif request.event.package == "refer":
        pending.reply(403, now)  # RFC 3515 §2.4.4: nobody subscribes to a REFER but by REFER
    elif request.contact is None:
        pending.reply(400, now, "Contact missing")
    else:
        notifier = Notifier(pending, request.event)
        pending.stack.deliver(SubscribeReceived(notifier))


def _begin_refer(pending: PendingRequest, now: float) -> None:
    request = pending.request
    session = pending.session
    try:
        text = request.headers.get("Target-Dialog")
        if session is None and text is not None:
            session = _own_session(pending, NamedDialog.parse(text))
        receiver = ReferReceiver(pending, session)
    except ParseError as error:
        pending.reply(400, now, headers=(("Warning", f'399 crossroom "{_plain(error)}"'),))
        return
    if len(request.contacts) != 1 and pending.dialog is None:  # RFC 3515 §2.2
        pending.reply(400, now, "Contact missing")
        return
    pending.stack.deliver(ReferReceived(receiver))


def session_in(dialog: Dialog | None) -> InviteUsage | None:
    """The call of a dialog, if it has one."""
    if dialog is None:
        return None
    return next((usage for usage in dialog.usages if isinstance(usage, InviteUsage)), None)


def _replaceable(stack: Stack, named: NamedDialog) -> InviteUsage | EarlyDialog | None:
    """RFC 3891 §3: a call, or one of our own that still rings; an early dialog of somebody else is none."""
    dialog = stack.dialogs.get(DialogId(named.call_id, named.local_tag, named.remote_tag))
    usages = dialog.usages if dialog is not None else ()
    return next((each for each in usages if isinstance(each, InviteUsage | EarlyDialog)), None)


def find_session(stack: Stack, named: NamedDialog) -> InviteUsage | None:
    """The call in the dialog that somebody names by Replaces or Target-Dialog."""
    return session_in(stack.dialogs.get(DialogId(named.call_id, named.local_tag, named.remote_tag)))


def _own_session(pending: PendingRequest, named: NamedDialog) -> InviteUsage | None:
    """RFC 4538 §7: who knows the identifiers may be anybody on the way; it has to be whose call that is, too."""
    session = find_session(pending.stack, named)
    is_own = session is not None and _is_same_person(pending.identity, session.dialog.identity)
    return session if is_own else None


def _refuses_replacing(
    pending: PendingRequest, named: NamedDialog, replaced: InviteUsage | EarlyDialog | None
) -> int:
    """The status that refuses a Replaces, 0 if it may. RFC 3891 §3; the right is the same address of record."""
    if replaced is None:
        return 481
    if named.is_early_only and isinstance(replaced, InviteUsage):
        return 486
    return 0 if _is_same_person(pending.identity, replaced.dialog.identity) else 403


def _is_same_person(one: str | None, other: str | None) -> bool:
    """Whether two believed identities are one address of record; From alone would let the nameless pass for each other."""
    return one is not None and other is not None and one.partition(";")[0] == other.partition(";")[0]


def _plain(error: ParseError) -> str:
    return "".join(c for c in str(error) if c.isascii() and c.isprintable() and c not in '"\\')[:80]
