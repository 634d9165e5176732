"""Who may send us a request: the answers of the policy, and the digest check behind a challenge.

RFC 3261 §22, RFC 7616, RFC 8760. The policy itself is the face's: it is asked per request, this module only
carries out what it says. A user agent challenges with 401, never 407, and never an ACK or a CANCEL.
"""

from collections.abc import Callable
from dataclasses import dataclass

from crossroom.sip.hop import Flow
from crossroom.sip.message import Request


@dataclass(frozen=True, slots=True)
class Admit:
    """Let the request in. `identity`: the address the sender is believed to own, if one is known."""

    identity: str | None = None


@dataclass(frozen=True, slots=True)
class Challenge:
    """Ask for digest credentials of one of these realms.

    `password_of(username, realm)` is None for an unknown user.
    """

    realms: tuple[str, ...]
    password_of: Callable[[str, str], str | None]


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer with this status and nothing else."""

    status: int
    reason: str = ""


Admission = Admit | Challenge | Refuse

Policy = Callable[[Request, Flow, str | None], Admission]
"""Asked for each request outside a dialog: (request, where from, `user@realm` once digest has proved it)."""


def admit_all(request: Request, flow: Flow, proven: str | None) -> Admission:  # noqa: ARG001 - a Policy's shape
    """The policy of a trusted network: everybody is who their From says."""
    return Admit(str(request.from_.uri))
