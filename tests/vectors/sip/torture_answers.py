"""What a whole server answers to each kind of message of RFC 4475 and RFC 5118; all messages are our own wording.

Each case names the section and the short name it has there. `status` None: nothing comes back. `headers` are what
the answer must hold, each a piece of the value. `{n}` in a message is a number that nobody used before.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Case:
    """One message, and the answer on the wire. `stranger`: sent to a server that believes nobody."""

    section: str
    octets: bytes
    status: int | None
    headers: dict[str, str] = field(default_factory=dict)
    stranger: bool = False

    @property
    def name(self) -> str:
        return self.section


AUDIO = "v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
AUDIO6 = AUDIO.replace("IP4 192.0.2.2", "IP6 2001:db8::9:1")
BOTH = AUDIO6 + "m=audio 4002 RTP/AVP 0\r\nc=IN IP4 192.0.2.2\r\n"
ROOM = "sip:tea@conference.example"
SERVER = "sip:conference.example"
VIA = "Via: SIP/2.0/UDP 192.0.2.2:5061;rport;branch=z9hG4bK-{n}"
FROM = "From: <sip:ana@sip.example>;tag=a{n}"
TO = f"To: <{ROOM}>"
ID = "Call-ID: torture-{n}"
REST = "Max-Forwards: 70"
CONTACT = "Contact: <sip:ana@192.0.2.2:5061>"
SDP = "Content-Type: application/sdp"
NO_CHAT = {"Warning": "30"}
"""The message was understood as far as the session that it wants, which is not a chat."""
METHODS = {"Allow": "INVITE, ACK, CANCEL, BYE, PRACK, OPTIONS, UPDATE"}


def message(
    method: str, *lines: str, uri: str = ROOM, body: str = "", without: tuple[str, ...] = (), start: str = ""
) -> bytes:
    """A request from Ana; `lines` are put behind the usual ones, and `without` leaves some of these out."""
    usual = [VIA, FROM, TO, ID, REST, f"CSeq: 1 {method}"]
    length = (
        []
        if any(line.lower().startswith(("content-length", "l:")) for line in lines)
        else [f"l: {len(body)}"]
    )
    kept = [line for line in usual if line not in without]
    head = [start or f"{method} {uri} SIP/2.0", *kept, *lines, *length]
    return ("\r\n".join((*head, "", "")) + body).encode()


def invite(*lines: str, uri: str = ROOM, body: str = AUDIO, without: tuple[str, ...] = ()) -> bytes:
    typed = () if any(line.startswith("Content-Type") for line in lines) else (SDP,)
    return message("INVITE", CONTACT, *typed, *lines, uri=uri, body=body, without=without)


def options(*lines: str, uri: str = SERVER, without: tuple[str, ...] = (), start: str = "") -> bytes:
    return message("OPTIONS", *lines, uri=uri, without=without, start=start)


def register(*lines: str, uri: str = "sip:sip.example") -> bytes:
    me = ("To: <sip:ana@sip.example>", *lines)
    return message("REGISTER", *me, uri=uri, without=(TO,))


MIXED = (
    "--x\r\nContent-Type: application/sdp\r\n\r\n" + AUDIO + "\r\n--x\r\n"
    "Content-Type: application/pkcs7-signature\r\nContent-Disposition: attachment;handling=optional\r\n"
    "Content-Transfer-Encoding: binary\r\n\r\n\x01\x02\x03\r\n--x--\r\n"
)
LONG = "very-" * 50 + "long"

RFC4475 = (
    Case(
        "4475 3.1.1.1 wsinv",
        invite(
            "tO :", f"  <{ROOM}>  ;", "  x = y", "MaX-fOrWaRdS: 0068", "newfangled: what\r\n ever", "s :",
            "supported:\ttimer ,\r\n replaces", without=(TO, REST),
        ).replace(b"CSeq: 1 INVITE", b"cseq: 0001\r\n  INVITE"),
        488, NO_CHAT,
    ),
    Case("4475 3.1.1.2 intmeth", message("!odd-Method0.%+`'*_~", uri="sip:1_odd.USER~(&)@conference.example"), 501, METHODS),
    Case("4475 3.1.1.3 esc01", invite(uri="sip:sip%3At%65a%40b.example@conference.example"), 488, NO_CHAT),
    # read as what it is, and then a name that nobody can have
    Case("4475 3.1.1.4 escnull", register("Contact: <sip:%00@192.0.2.2>").replace(b"sip:ana@", b"sip:nu%00ll@"), 400),
    Case("4475 3.1.1.5 esc02", message("RE%47IST%45R", 'Contact: "%Z%45" <sip:a@192.0.2.2>'), 501, METHODS),
    Case("4475 3.1.1.6 lwsdisp", options("From: Ana<sip:ana@sip.example>;tag=a{n}", without=(FROM,)), 200, METHODS),
    Case(
        "4475 3.1.1.7 longreq",
        invite(
            f'To: "{LONG}" <{ROOM};{LONG}={LONG}>', f"Unknown-{LONG}: {LONG}", f"Via: SIP/2.0/TCP {LONG}.example;branch=z9hG4bK{LONG}",
            *(f"v: SIP/2.0/TCP h{hop}.example" for hop in range(34)), without=(TO,),
        ),
        488, NO_CHAT,
    ),
    Case("4475 3.1.1.8 dblreq", options() + invite().replace(b"{n}", b"behind"), 200, METHODS),
    Case("4475 3.1.1.9 semiuri", invite(uri="sip:t;par=u%40h.example@conference.example"), 488, NO_CHAT),
    Case(
        "4475 3.1.1.10 transports",
        options(*(f"Via: SIP/2.0/{name} h.example;branch=z9hG4bK1" for name in ("SCTP", "TLS", "TCP", "UNKNOWN"))),
        200, {"Via": "SIP/2.0/UNKNOWN h.example"},
    ),
    Case("4475 3.1.1.11 mpart01", invite("Content-Type: multipart/mixed;boundary=x", body=MIXED), 488, NO_CHAT),
    Case("4475 3.1.1.12 unreason", message("INVITE", start="SIP/2.0 200 = 2**3 * 5**2 сто девяносто девять"), None),
    Case("4475 3.1.1.13 noreason", message("INVITE", start="SIP/2.0 100 "), None),
    Case("4475 3.1.2.1 badinv01", invite("Contact: <sip:a@h.example>;;;,").replace(b"bK-{n}", b"bK-{n};;,;,,"), 400),
    Case("4475 3.1.2.2 clerr", invite("Content-Length: 9999"), 400),
    Case("4475 3.1.2.3 ncl", invite("Content-Length: -999"), 400),
    Case("4475 3.1.2.4 scalar02", register("Expires: 1" + 100 * "0", "Retry-After: 1" + 100 * "0"), 400),
    Case("4475 3.1.2.4 scalar02", options().replace(b"CSeq: 1 ", b"CSeq: 36893488147419103232 "), 400),
    Case("4475 3.1.2.5 scalarlg", message("OPTIONS", start="SIP/2.0 503 No").replace(b"CSeq: 1 ", b"CSeq: 9292394834772304023312 "), None),
    Case("4475 3.1.2.6 quotbal", options('To: "Mr. J. User <sip:j.user@conference.example>', without=(TO,)), 400),
    Case("4475 3.1.2.7 ltgtruri", options(uri=f"<{ROOM}>"), 400),
    Case("4475 3.1.2.8 lwsruri", options(uri=f"{ROOM}; lr"), 400),
    Case("4475 3.1.2.9 lwsstart", options(start=f"OPTIONS  {ROOM}  SIP/2.0"), 400),
    Case("4475 3.1.2.10 trws", options(start=f"OPTIONS {ROOM} SIP/2.0  "), 400),
    Case("4475 3.1.2.11 escruri", invite(uri=f"{ROOM}?Route=%3Csip:h.example%3E"), 400),
    # nobody here reads Date: a zone that does not exist harms nothing
    Case("4475 3.1.2.12 baddate", invite("Date: Fri, 01 Jan 2010 16:00:00 EST"), 488, NO_CHAT),
    Case("4475 3.1.2.13 regbadct", register("Contact: sip:ana@192.0.2.2?Route=%3Csip:sip.example%3E"), 400),
    # white space at the edges is forgiven (§3.1.2.14 allows it), inside it is not
    Case("4475 3.1.2.14 badaspec", options(f'To: "Watson, T." < {ROOM} >', without=(TO,)), 200, METHODS),
    Case("4475 3.1.2.14 badaspec", options("To: <sip:t watson@conference.example>", without=(TO,)), 400),
    Case("4475 3.1.2.15 baddn", options("From: Bell, Alex <sip:bell@sip.example>;tag=a{n}", without=(FROM,)), 400),
    Case("4475 3.1.2.16 badvers", options(start=f"OPTIONS {ROOM} SIP/7.0"), 505),
    Case("4475 3.1.2.17 mismatch01", options().replace(b"CSeq: 1 OPTIONS", b"CSeq: 1 INVITE"), 400),
    Case("4475 3.1.2.18 mismatch02", message("NEWMETHOD").replace(b"CSeq: 1 NEWMETHOD", b"CSeq: 1 INVITE"), 400),
    Case("4475 3.1.2.19 bigcode", message("OPTIONS", start="SIP/2.0 4294967301 do not break"), None),
    Case("4475 3.2.1 badbranch", options().replace(b"bK-{n}", b"bK"), 200, METHODS),
    Case("4475 3.2.1 badbranch", options().replace(b"bK-{n}", b"bK"), 200, METHODS),
    Case("4475 3.3.1 insuf", message("INVITE", without=(FROM, TO, ID)), 400),
    Case("4475 3.3.2 unkscm", options(uri="nobodyKnowsThisScheme:totallyopaquecontent"), 416),
    Case("4475 3.3.3 novelsc", options(uri="soap.beep://192.0.2.103:3002"), 416),
    Case(
        "4475 3.3.4 unksm2",
        register("Contact: <name:John_Smith>").replace(b"To: <sip:ana@sip.example>", b"To: <isbn:2983792873>"),
        400,
    ),
    Case(
        "4475 3.3.4 unksm2",
        options("From: <http://www.example.com>;tag=a{n}", "Contact: <name:John_Smith>", without=(FROM,)),
        200, METHODS,
    ),
    Case(
        "4475 3.3.5 bext01",
        options("Require: nothingSupportsThis, andNotThat", "Proxy-Require: noProxy", "Require: replaces"),
        420, {"Unsupported": "nothingSupportsThis, andNotThat"},
    ),
    Case("4475 3.3.6 invut", invite("Content-Type: application/unknownformat", body="<audio/>"), 415, {"Accept": "application/sdp"}),
    Case("4475 3.3.6 invut", invite("Content-Encoding: unknown"), 415, {"Accept-Encoding": "identity"}),
    Case(
        "4475 3.3.7 regaut01",
        register(CONTACT, "Authorization: NoOneKnowsThisScheme opaque-data=here"),
        401, {"WWW-Authenticate": 'Digest realm="sip.example"'}, stranger=True,
    ),
    Case("4475 3.3.8 multi01", invite("From: <sip:x@h.example>;tag=9", "t: <sip:other@h.example>", "i: other", "CSeq: 7 BYE"), 400),
    Case("4475 3.3.9 mcl01", options("Content-Length: 0", "l: 5"), 400),
    Case("4475 3.3.10 bcast", message("INVITE", start="SIP/2.0 200 OK").replace(b"rport;", b"received=255.255.255.255;"), None),
    # we are where the request goes to, not a hop on its way
    Case("4475 3.3.11 zeromf", options("Max-Forwards: 0", without=(REST,)), 200, METHODS),
    Case("4475 3.3.12 cparam01", register("Contact: sip:+19725552222@gw1.example.net;unknownparam"), 200, {"Contact": "<sip:+19725552222@gw1.example.net>;unknownparam"}),
    Case("4475 3.3.13 cparam02", register("Contact: <sip:+19725552222@gw1.example.net;unknownparam>"), 200, {"Contact": "<sip:+19725552222@gw1.example.net;unknownparam>"}),
    Case("4475 3.3.14 regescrt", register("Contact: <sip:a@h.example?Route=%3Csip:sip.example%3E>"), 200, {"Contact": "<sip:a@h.example?Route=%3Csip:sip.example%3E>"}),
    Case("4475 3.3.15 sdp01", invite("Accept: text/nobodyKnowsThis"), 406, {"Accept": "application/sdp"}),
    Case(
        "4475 3.4.1 inv2543",
        message(
            "INVITE", "Via: SIP/2.0/UDP old.example", "From: <sip:ana@sip.example>", "Record-Route: <sip:b@h.example;maddr=ss1.h.example>",
            SDP, body=AUDIO, without=(VIA, FROM, REST),
        ).replace(b"old.example", b"old.example;rport"),
        488, NO_CHAT,
    ),
)  # fmt: skip

VIA6 = "Via: SIP/2.0/UDP [2001:db8::9:1]:5061;rport;branch=z9hG4bK-{n}"
RFC5118 = (
    Case("5118 4.1", register("Contact: <sip:ana@[2001:db8::1]>", uri="sip:[2001:db8::10]").replace(VIA.encode(), VIA6.encode()), 200, {"Contact": "[2001:db8::1]"}),
    Case("5118 4.2", register("Contact: <sip:ana@[2001:db8::1]>", uri="sip:2001:db8::10"), 400),
    # eight groups: the last one is no port
    Case("5118 4.3", register(CONTACT, uri="sip:[2001:db8::10:5070]"), 200),
    Case("5118 4.4", register(CONTACT, uri="sip:[2001:db8::10]:5070"), 200),
    Case("5118 4.5", message("BYE", "Via: SIP/2.0/TCP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKx"), 481, {"Via": "received=[2001:db8::9:255]"}),
    Case("5118 4.5", message("BYE", "Via: SIP/2.0/TCP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKx"), 481, {"Via": "received=2001:db8::9:255"}),
    Case("5118 4.6", invite(body=AUDIO6), 488, NO_CHAT),
    Case("5118 4.7", message("BYE", "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKv4", "Via: SIP/2.0/TCP [2001:db8::a0];branch=z9hG4bKv6"), 481, {"Via": "192.0.2.1;branch=z9hG4bKv4"}),
    Case("5118 4.8", invite(body=BOTH), 488, NO_CHAT),
    Case("5118 4.9", invite().replace(b"192.0.2.2:5061>", b"[::ffff:192.0.2.10]>").replace(VIA.encode(), VIA6.replace("2001:db8::9:1", "::ffff:192.0.2.2").encode()), 488, NO_CHAT),
    Case("5118 4.10", options(uri="sip:tea@[2001:db8:::192.0.2.1]"), 400),
)  # fmt: skip

SECTIONS = {
    *(f"4475 3.1.1.{number}" for number in range(1, 14)),
    *(f"4475 3.1.2.{number}" for number in range(1, 20)),
    "4475 3.2.1",
    *(f"4475 3.3.{number}" for number in range(1, 16)),
    "4475 3.4.1",
    *(f"5118 4.{number}" for number in range(1, 11)),
}
"""Every message of both, by its section."""
