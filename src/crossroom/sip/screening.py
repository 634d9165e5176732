"""What every request is checked for before anybody looks at what it wants. RFC 3261 §8.2.1-8.2.3."""

from crossroom.sip.pending import PendingRequest

KNOWN = frozenset(
    {
        *("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "UPDATE", "SUBSCRIBE", "NOTIFY", "REFER", "MESSAGE"),
        *("INFO", "PRACK", "PUBLISH", "REGISTER"),
    }
)
"""Methods that exist; another one is answered 501, one of these that is not allowed here 405."""


def screen(pending: PendingRequest, now: float) -> bool:
    """Whether the request goes on; if not, it was answered."""
    request, settings = pending.request, pending.stack.settings
    if request.method not in settings.allow:
        status = 405 if request.method in KNOWN else 501
        pending.reply(status, now, headers=(("Allow", ", ".join(settings.allow)),))
        return False
    if request.uri.scheme not in {"sip", "sips"}:
        pending.reply(416, now)  # RFC 3261 §8.2.2.1
        return False
    if request.from_.tag is None and request.to.tag is not None:
        pending.reply(400, now, "From tag missing")
        return False
    # as they were written, whatever that was: the sender is to know them again
    words = ",".join(request.headers.lines("Require")).split(",")
    unknown = [tag for word in words if (tag := word.strip()) and tag.lower() not in settings.understood]
    if unknown:
        # RFC 3261 §8.2.2.3
        pending.reply(420, now, headers=(("Unsupported", ", ".join(unknown)),))
        return False
    return True
