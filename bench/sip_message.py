"""What reading and writing one INVITE costs, against the standard library's reader of the same header block.

Run: python bench/sip_message.py [--json]. Reading includes every typed field (Via, From, To, Contact, CSeq…).
The figure to watch is the ratio: both sides run in this process.
"""

import json
import sys
import time
from collections.abc import Callable
from email.parser import BytesHeaderParser

from crossroom.sip.message import Request, parse_datagram
from crossroom.sip.stream import StreamReader

CALLS = 1_000
ROUNDS = 15  # the quickest counts: the rest is the machine's other work
INVITE = (
    b"INVITE sip:tea@conference.example.com SIP/2.0\r\n"
    b"Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKabc;rport\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKdef\r\n"
    b"Max-Forwards: 70\r\n"
    b'From: "Ana B" <sip:ana@sip.example>;tag=1928301774\r\n'
    b"To: <sip:tea@conference.example.com>\r\n"
    b"Call-ID: a84b4c76e66710@pc33\r\n"
    b"CSeq: 314159 INVITE\r\n"
    b'Contact: <sip:ana@192.0.2.1:5060;transport=tcp>;+sip.instance="<urn:uuid:1>"\r\n'
    b"Allow: INVITE, ACK, BYE, CANCEL\r\n"
    b"Supported: timer, replaces\r\n"
    b"User-Agent: Bench\r\n"
    b"Content-Type: application/sdp\r\n"
    b"Content-Length: 4\r\n\r\nv=0\n"
)


def quickest(work: Callable[[], object]) -> float:
    """Seconds of CPU per call."""
    rounds: list[float] = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(CALLS):
            work()
        rounds.append((time.process_time() - start) / CALLS)
    return min(rounds)


def main() -> None:
    message = parse_datagram(INVITE)
    if not isinstance(message, Request):
        raise TypeError(message)
    header_block = INVITE.partition(b"\r\n")[2]
    reference = quickest(lambda: BytesHeaderParser().parsebytes(header_block))
    costs = {
        "read a datagram": quickest(lambda: parse_datagram(INVITE)),
        "read from a stream": quickest(lambda: StreamReader().receive_data(INVITE)),
        "write": quickest(lambda: bytes(message)),
    }
    rows = [
        {"what": what, "microseconds": round(cost * 1e6, 2), "ratio": round(cost / reference, 3)}
        for what, cost in costs.items()
    ]
    if "--json" in sys.argv:
        print(json.dumps(rows, indent=1))
        return
    for row in rows:
        print(f"{row['what']:<20} {row['microseconds']:>8} µs   {row['ratio']} of email.parser")


if __name__ == "__main__":
    main()
