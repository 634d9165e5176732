"""Which SIP callers are believed (docs/operations.md): trusted networks, client certificates, and else digest.

RFC 3325 (asserted identities), RFC 5922 §7 (certificates), RFC 3261 §22 and RFC 8760 (digest), RFC 3323 (who hides).
"""

from collections.abc import Callable
from dataclasses import dataclass

from crossroom.machine import ParseError
from crossroom.sip.admission import Admission, Admit, Challenge, Refuse
from crossroom.sip.hop import BROWSERS, Flow
from crossroom.sip.identity import asserted_identities, is_anonymous
from crossroom.sip.message import Request
from crossroom.sip.trust import Trusted
from crossroom.sip.uri import SipUri, Uri, parse_uri


@dataclass(frozen=True, slots=True)
class IdentityPolicy:
    """`secret_of(user, domain)` is the digest secret of an account, None for nobody of ours.

    realms: the domains that have accounts, which are also the realms of digest (RFC 3261 §22.1).
    """

    trusted: Trusted
    realms: tuple[str, ...]
    secret_of: Callable[[str, str], str | None]

    def admit(self, request: Request, source: Flow, proven: str | None) -> Admission:
        """Answer as net.sip_face.SipFace.identity is asked."""
        try:
            # any page that a trusted machine shows can open a WebSocket: its address is nobody's (RFC 6455 §10.2)
            if source.transport not in BROWSERS and self.trusted.includes(source.remote_host):
                return Admit(str(_asserted(request) or request.from_.uri))
            if (identity := _certified(request, source.names)) is not None:
                return Admit(identity)
        except ParseError as error:
            return Refuse(400, str(error))
        if request.method == "OPTIONS" and isinstance(request.uri, SipUri) and not request.uri.user:
            return Admit()  # RFC 3261 §11: a neighbour asks whether we are alive, about nobody
        return self._ask(request, proven)

    def _ask(self, request: Request, proven: str | None) -> Admission:
        hides = is_anonymous(request.from_, request.headers)
        if proven is not None:
            return _owned(request, proven, hides=hides)
        claimed = request.from_.uri
        if not isinstance(claimed, SipUri):
            return Refuse(403, "A SIP address is needed to prove who you are")
        realm = claimed.host.lower()
        if realm in self.realms:
            return Challenge((realm,), self.secret_of)
        # RFC 3323 §4.1.1.3: who hides names no domain, and proves the identity to us all the same
        if hides and self.realms:
            return Challenge(self.realms, self.secret_of)
        return Refuse(403, "Nobody of that domain can prove who they are here")


def _asserted(request: Request) -> Uri | None:
    """RFC 3325 §9.1: what a trusted hop asserts goes before what the caller wrote; a SIP URI before a tel one."""
    asserted = [each.uri for each in asserted_identities(request.headers)]
    return next((uri for uri in asserted if isinstance(uri, SipUri)), asserted[0] if asserted else None)


def _certified(request: Request, names: tuple[str, ...]) -> str | None:
    """Who a client certificate says this is: a user by `sip:user@domain`, anybody of a domain by `sip:domain`.

    Raises ParseError for an unreadable asserted identity.
    """
    for name in names:
        subject = parse_uri(name)
        if not isinstance(subject, SipUri):
            continue
        if subject.user:
            if _names(request.from_.uri, subject) or is_anonymous(request.from_, request.headers):
                return str(subject)
            continue
        # RFC 5922 §7.3: the domain's own proxy speaks for its users and no others
        believed = _asserted(request) or request.from_.uri
        if isinstance(believed, SipUri) and believed.host.lower() == subject.host.lower():
            return str(believed)
    return None


def _owned(request: Request, proven: str, *, hides: bool) -> Admission:
    """RFC 3261 §22: credentials are for their owner's address and no other; who hides gets its own back."""
    user, _, realm = proven.rpartition("@")
    owner = SipUri(realm, user)
    if hides or _names(request.from_.uri, owner):
        return Admit(str(owner))
    return Refuse(403, "These credentials are somebody else's")


def _names(claimed: Uri, owner: SipUri) -> bool:
    """Whether a URI is this address of record: user and host, whatever else it carries."""
    if not isinstance(claimed, SipUri):
        return False
    return (claimed.user or "").lower() == (owner.user or "").lower() and (
        claimed.host.lower() == owner.host.lower()
    )
