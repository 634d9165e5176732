"""What reading and writing an INVITE and a NOTIFY cost, beside sipmessage from PyPI in the same process.

Run: python bench/sip_message.py [--json]. Reading ends when every usual field is a typed value: Via, From, To,
Call-ID, CSeq, Contact, Route, Record-Route, Max-Forwards, Content-Type, Content-Length. Writing turns that message
into its octets. `both` is what a proxy or an echo pays. Watch the ratio: both libraries take turns, so that they
meet the same weather, and the quickest turn of each counts.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import sipmessage

from crossroom.sip.message import Request, parse_datagram

CALLS = 100
TURNS = 200  # short ones: one of them falls between the machine's other work
INVITE = """INVITE sip:tea@conference.example.com SIP/2.0
Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKabc;rport
Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKdef
Max-Forwards: 70
From: "Ana B" <sip:ana@sip.example>;tag=1928301774
To: <sip:tea@conference.example.com>
Call-ID: a84b4c76e66710@pc33
CSeq: 314159 INVITE
Contact: <sip:ana@192.0.2.1:5060;transport=tcp>
Allow: INVITE, ACK, BYE, CANCEL
Supported: timer, replaces
User-Agent: Bench
Content-Type: application/sdp
Content-Length: 4

v=0
"""
NOTIFY = """NOTIFY sip:ana@192.0.2.1:5060;transport=tcp SIP/2.0
Via: SIP/2.0/TCP 198.51.100.7:5060;branch=z9hG4bKghi;rport
Max-Forwards: 70
Route: <sip:proxy.example.com;transport=tcp;lr>
From: <sip:tea@conference.example.com>;tag=fx5g2h
To: "Ana B" <sip:ana@sip.example>;tag=1928301774
Call-ID: a84b4c76e66710@pc33
CSeq: 12 NOTIFY
Contact: <sip:tea@198.51.100.7:5060;transport=tcp>;isfocus
Event: conference
Subscription-State: active;expires=3599
User-Agent: Bench
Content-Type: application/conference-info+xml
Content-Length: 4

<a/>"""


def read_here(octets: bytes) -> Request:
    message = parse_datagram(octets)
    if not isinstance(message, Request):
        raise TypeError(message)
    _ = message.vias, message.from_, message.to, message.call_id, message.cseq, message.contacts
    _ = message.routes, message.record_routes, message.max_forwards, message.content_type, len(message.body)
    return message


def read_there(octets: bytes) -> sipmessage.Request | sipmessage.Response:
    message = sipmessage.Message.parse(octets)
    _ = message.via, message.from_address, message.to_address, message.call_id, message.cseq, message.contact
    _ = message.route, message.record_route, message.max_forwards, message.content_type
    _ = message.content_length
    return message


def quickest(*works: Callable[[], object]) -> list[float]:
    """Seconds of CPU for one call of each."""
    best = [float("inf")] * len(works)
    for _ in range(TURNS):
        for place, work in enumerate(works):
            start = time.thread_time()
            for _ in range(CALLS):
                work()
            best[place] = min(best[place], (time.thread_time() - start) / CALLS)
    return best


def measured(name: str, text: str) -> list[dict[str, Any]]:
    octets = text.replace("\n", "\r\n").encode()
    ours, theirs = read_here(octets), read_there(octets)
    costs = quickest(
        lambda: read_here(octets),
        lambda: read_there(octets),
        lambda: bytes(ours),
        lambda: bytes(theirs),
    )
    read, write = costs[:2], costs[2:]
    return [
        _row(f"{name} read", *read),
        _row(f"{name} write", *write),
        _row(f"{name} both", read[0] + write[0], read[1] + write[1]),
    ]


def _row(what: str, ours: float, theirs: float) -> dict[str, Any]:
    cost, reference = round(ours * 1e6, 1), round(theirs * 1e6, 1)
    return {"what": what, "us": cost, "sipmessage_us": reference, "ratio": round(ours / theirs, 2)}


def main() -> None:
    rows = [*measured("INVITE", INVITE), *measured("NOTIFY", NOTIFY)]
    if "--json" in sys.argv:
        print(json.dumps(rows, indent=1))
        return
    for row in rows:
        print("{what:<14} {us:>6} µs   sipmessage {sipmessage_us:>6} µs   ratio {ratio}".format(**row))


if __name__ == "__main__":
    main()
