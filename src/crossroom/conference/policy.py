"""Which SIP callers are believed (docs/operations.md): trusted networks by From, everybody else by digest."""

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crossroom.sip.admission import Admission, Admit, Challenge, Refuse
from crossroom.sip.hop import Flow
from crossroom.sip.identity import asserted_identities
from crossroom.sip.message import Request
from crossroom.sip.uri import SipUri

Networks = Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]


@dataclass(frozen=True, slots=True)
class IdentityPolicy:
    """`secret_of(user, domain)` is the digest secret of an account, None for nobody of ours."""

    trusted: Networks
    secret_of: Callable[[str, str], str | None]

    def admit(self, request: Request, source: Flow, proven: str | None) -> Admission:
        """Answer as net.sip_face.SipFace.identity is asked."""
        if self._is_trusted(source):
            # RFC 3325 §9.1: what a trusted hop asserts goes before what the caller wrote
            asserted = asserted_identities(request.headers)
            return Admit(str(asserted[0].uri if asserted else request.from_.uri))
        claimed = request.from_.uri
        if not isinstance(claimed, SipUri):
            return Refuse(403, "A SIP address is needed to prove who you are")
        realm = claimed.host.lower()
        if proven is None:
            return Challenge(realm, lambda username: self.secret_of(_user(username), realm))
        # RFC 3261 §22: credentials are for their owner's address and no other
        is_owner = proven.lower() == f"{_user(claimed.user or '')}@{realm}".lower()
        return Admit(str(claimed)) if is_owner else Refuse(403, "These credentials are somebody else's")

    def _is_trusted(self, source: Flow) -> bool:
        try:
            host = ipaddress.ip_address(source.remote_host)
        except ValueError:
            return False
        return any(host in network for network in self.trusted)


def _user(username: str) -> str:
    return username.partition("@")[0]
