"""What a SIP test peer must remember to send requests inside a dialog (RFC 3261 section 12)."""

from dataclasses import dataclass

from peers.sip_message import SipMessage, parameters, uri_in

DialogKey = tuple[str, str]  # Call-ID, local tag: the remote tag may not be known yet


@dataclass(slots=True)
class Dialog:
    """One dialog; `local` and `remote` are the From and To values with which this side writes."""

    call_id: str
    local: str
    remote: str
    target: str
    routes: list[str]
    cseq: int

    @property
    def key(self) -> DialogKey:
        return self.call_id, parameters(self.local).get("tag", "")

    @classmethod
    def of_caller(cls, request: SipMessage, response: SipMessage) -> "Dialog":
        """The dialog that a 2xx (or a NOTIFY's) peer answer to our request makes."""
        return cls(
            call_id=request.get("Call-ID"),
            local=request.get("From"),
            remote=response.get("To"),
            target=uri_in(response.get("Contact")) or request.uri,
            routes=list(reversed(response.listed("Record-Route"))),  # section 12.1.2: UAC in reverse order
            cseq=int(request.get("CSeq").split()[0]),
        )

    @classmethod
    def of_callee(cls, request: SipMessage, local_tag: str) -> "Dialog":
        """The dialog that our 2xx to this request makes."""
        local = request.get("To")
        return cls(
            call_id=request.get("Call-ID"),
            local=local if "tag" in parameters(local) else f"{local};tag={local_tag}",
            remote=request.get("From"),
            target=uri_in(request.get("Contact")),
            routes=request.listed("Record-Route"),  # section 12.1.1: UAS in order
            cseq=1,
        )

    def request(self, method: str, *, cseq: int | None = None) -> SipMessage:
        """Return a request inside this dialog, without Via; `cseq` only for an ACK, else the next number."""
        if cseq is None:
            self.cseq += 1
        headers = [("Route", route) for route in self.routes]
        headers += [
            ("From", self.local),
            ("To", self.remote),
            ("Call-ID", self.call_id),
            ("CSeq", f"{self.cseq if cseq is None else cseq} {method}"),
            ("Max-Forwards", "70"),
        ]
        return SipMessage(f"{method} {self.target} SIP/2.0", headers)
