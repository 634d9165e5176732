"""Requests of ours that begin something: everything but Via. RFC 3261 §8.1.1."""

from crossroom.sip.address import NameAddr
from crossroom.sip.answer import NO_BODY, Body, HeaderLines
from crossroom.sip.headers import Headers
from crossroom.sip.message import Request
from crossroom.sip.stack import Stack
from crossroom.sip.uri import SipUri


def initial_request(  # noqa: PLR0913 - the parts of a request
    stack: Stack,
    method: str,
    target: SipUri,
    *,
    from_: NameAddr,
    to: NameAddr,
    contact: NameAddr | None = None,
    route: tuple[NameAddr, ...] = (),
    headers: HeaderLines = (),
    body: Body = NO_BODY,
) -> Request:
    """Build it: fresh From tag and Call-ID, CSeq 1, Max-Forwards 70 unless `headers` say otherwise."""
    lines = [] if _names(headers, "Max-Forwards") else [("Max-Forwards", "70")]
    lines += [("Route", str(hop)) for hop in route]
    lines += [
        ("From", str(from_.without_tag().with_tag(stack.ids.token()))),
        ("To", str(to.without_tag())),
        ("Call-ID", stack.ids.token()),
        ("CSeq", f"1 {method}"),
    ]
    if contact is not None:
        lines.append(("Contact", str(contact)))
    return finish(stack, Request(method, target.without_headers(), Headers(lines)), headers, body)


def finish(stack: Stack, request: Request, headers: HeaderLines = (), body: Body = NO_BODY) -> Request:
    """Add what every request of ours may carry: further lines, Supported, User-Agent, a body with its type."""
    lines = [*headers]
    if not _names(headers, "Supported"):  # RFC 4028 §7.1: "in every request (except ACK)"
        lines.append(("Supported", ", ".join(stack.settings.supported)))
    if stack.settings.user_agent and not _names(headers, "User-Agent"):
        lines.append(("User-Agent", stack.settings.user_agent))
    fields = request.headers.adding_lines(lines)
    if body.content:
        fields = fields.with_("Content-Type", body.content_type)
    return Request(request.method, request.uri, fields, body.content)


def first_hops(stack: Stack, route: tuple[NameAddr, ...], *, has_flow: bool = False) -> tuple[NameAddr, ...]:
    """The preloaded Route of an initial request: our outbound proxy, then what was asked for."""
    return route if has_flow else (*stack.preloaded, *route)


def _names(headers: HeaderLines, name: str) -> bool:
    return any(known.lower() == name.lower() for known, _ in headers)
