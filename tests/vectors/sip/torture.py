"""Messages that test a reader's patience, in the manner of RFC 4475 and RFC 5118, all our own wording.

Each row: what it is, the octets, and what must come of it. `reads` are accessor paths and their text;
`status` and `answered` belong to messages that must be refused.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Good:
    """A message that must be read, and what must be read in it."""

    name: str
    octets: bytes
    reads: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Bad:
    """A message that must be refused with `status`; `answered`: there is a response to send."""

    name: str
    octets: bytes
    status: int
    answered: bool = True


def wire(*lines: str, body: str | bytes = b"") -> bytes:
    octets = body.encode() if isinstance(body, str) else body
    return "\r\n".join((*lines, "", "")).encode() + octets


VIA = "Via: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKt0rture"
FROM = "From: <sip:ana@sip.example>;tag=1a2b"
TO = "To: <sip:tea@conference.example.com>"
ID = "Call-ID: torture.1@192.0.2.2"
REST = "Max-Forwards: 70"
OPTIONS = "OPTIONS sip:tea@conference.example.com SIP/2.0"
CORE = (VIA, FROM, TO, ID, REST)


def options(*lines: str, without: tuple[str, ...] = (), cseq: str = "CSeq: 8 OPTIONS") -> bytes:
    return wire(OPTIONS, *[line for line in CORE if line not in without], cseq, *lines)


GOOD = (
    Good(
        "white space, folds and odd capitals everywhere",
        wire(
            "INVITE sip:tea@conference.example.com;unknown SIP/2.0",
            "tO :",
            " tea ;       tag   = 77",
            'fRoM  : \t "A \\"N\\" A"  <sip:ana@sip.example>',
            "  ;",
            "  tag = 98asjd8",
            "MaX-fOrWaRdS: 0068",
            "call-id: odd.98 76@",
            "v: SIP  / 2.0",
            "  / tcp     spindle.example.com   ;",
            "  branch  =   z9hG4bK9ikj8  ,",
            " SIP  /    2.0   / UDP  192.168.255.111   ; branch=z9hG4bK30239",
            "cseq: 0009",
            "  INVITE",
            'm:"Quoted, \\"name\\"" <sip:ana@192.0.2.2;lr>;newparam =',
            "      newvalue ;",
            "  q = 0.33",
        ).replace(b"tea ;", b"<sip:tea@conference.example.com> ;").replace(b"98 76@", b"9876@"),
        {
            "to.tag": "77",
            "from_.tag": "98asjd8",
            "from_.display_name": 'A "N" A',
            "max_forwards": "68",
            "via.transport": "TCP",
            "via.branch": "z9hG4bK9ikj8",
            "vias.1.host": "192.168.255.111",
            "cseq": "9 INVITE",
            "contact.display_name": 'Quoted, "name"',
            "contact.params": ";newparam=newvalue;q=0.33",
        },
    ),
    Good(
        "every character that a method, a user and a tag may have",
        wire(
            "!odd-Method0.%+`'*_~ sip:1_odd.USER~(to-be!sure)&isn't+it$/mad?,/;;*:&it+has=1,pas$wo~d@h.example SIP/2.0",
            VIA,
            "From: \"BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f\" <sip:ana@sip.example>;tag=_tok~1'+`*%!-.",
            TO,
            "Call-ID: word%ZK-!.*_+'@word`~)(><:\\/\"][?}{",
            "CSeq: 139122385 !odd-Method0.%+`'*_~",
            REST,
        ),
        {
            "uri.user": "1_odd.USER~(to-be!sure)&isn't+it$/mad?,/;;*",
            "uri.password": "&it+has=1,pas$wo~d",
            "from_.tag": "_tok~1'+`*%!-.",
            "from_.display_name": "BEL:  NUL:  DEL: ",
            "call_id": "word%ZK-!.*_+'@word`~)(><:\\/\"][?}{",
        },
    ),
    Good(
        "escapes in user parts hide an at sign and a scheme",
        wire("INVITE sip:sips%3Aana%40sip.example@h.example SIP/2.0", *CORE, "CSeq: 1 INVITE"),
        {"uri.user": "sips:ana@sip.example", "uri.host": "h.example", "uri.scheme": "sip"},
    ),
    Good(
        "an escaped NUL in a user part",
        wire("REGISTER sip:h.example SIP/2.0", VIA, "From: <sip:n%00l@h.example>;tag=1", TO, ID, "CSeq: 1 REGISTER"),
        {"from_.uri": "sip:n%00l@h.example", "from_.uri.user": "n\x00l"},
    ),
    Good(
        "a percent sign that is no escape outside of URIs",
        wire("RE%47IST%45R sip:h.example SIP/2.0", *CORE, "CSeq: 1 RE%47IST%45R", 'Contact: "%Z%45" <sip:a@h.example>'),
        {"method": "RE%47IST%45R", "contact.display_name": "%Z%45"},
    ),
    Good(
        "no space between display name and bracket",
        options("Contact: Ana<sip:ana@192.0.2.2>;expires=3600"),
        {"contact.display_name": "Ana", "contact.uri": "sip:ana@192.0.2.2"},
    ),
    Good(
        "a semicolon inside the user part",
        wire("OPTIONS sip:user;par=u%40h.example@example.com SIP/2.0", *CORE, "CSeq: 1 OPTIONS"),
        {"uri.user": "user;par=u@h.example", "uri.host": "example.com", "uri.params": ""},
    ),
    Good(
        "a header parameter behind a bare URI belongs to the header field",
        options("Contact: sip:ana@192.0.2.2;x=y;isfocus"),
        {"contact.params": ";x=y;isfocus", "contact.uri": "sip:ana@192.0.2.2"},
    ),
    Good(
        "compact names in any case",
        wire(
            "OPTIONS sip:h.example SIP/2.0", "V: SIP/2.0/UDP h.example;branch=z9hG4bK1", "F: <sip:a@h.example>;tag=1",
            "T: <sip:b@h.example>", "I: x@y", "CSEQ: 1 OPTIONS", "M: <sip:a@192.0.2.2>", "K: timer,replaces",
            "O: conference", "C: application/sdp", "L: 0",
        ),
        {"supported": "('timer', 'replaces')", "event": "conference", "content_type": "application/sdp"},
    ),
    Good(
        "an RFC 2543 caller: no branch, no tag, no Max-Forwards",
        wire(
            "INVITE sip:tea@h.example SIP/2.0", "Via: SIP/2.0/UDP old.example", "From: <sip:ana@h.example>", TO, ID,
            "CSeq: 1 INVITE",
        ),
        {"via.branch": "None", "via.has_cookie": "False", "max_forwards": "None", "from_.tag": "None"},
    ),
    Good(
        "transports that nobody has heard of",
        wire(
            "OPTIONS sip:h.example SIP/2.0", "Via: SIP/2.0/SCTP a.example;branch=z9hG4bK1, SIP/2.0/nova b.example",
            FROM, TO, ID, "CSeq: 1 OPTIONS",
        ),
        {"via.transport": "SCTP", "vias.1.transport": "NOVA"},
    ),
    Good(
        "octets behind the body of a datagram are ignored",
        options("Content-Length: 2") + b"abINVITE sip:x SIP/2.0\r\n\r\n",
        {"body": "ab"},
    ),
    Good(
        "URIs of strange schemes in From and To",
        wire(
            OPTIONS, VIA, "From: <http://www.example.com/a;b?c>;tag=3", "To: <isbn:2983792873>", ID, "CSeq: 1 OPTIONS",
        ),
        {"from_.uri": "http://www.example.com/a;b?c", "from_.tag": "3", "to.uri": "isbn:2983792873"},
    ),
    Good(
        "a tel URI is called",
        wire("INVITE tel:+15551234;phone-context=x SIP/2.0", *CORE, "CSeq: 1 INVITE"),
        {"uri.scheme": "tel", "uri": "tel:+15551234;phone-context=x"},
    ),
    Good(
        "a Max-Forwards of zero is for the next floor",
        options(without=(REST,)).replace(b"CSeq", b"Max-Forwards: 0\r\nCSeq"),
        {"max_forwards": "0"},
    ),
    Good(
        "unknown fields are kept, also empty ones",
        options("X-Nova:", "X-Nova: two"),
        {"headers.get(X-Nova)": "", "headers.lines(x-nova)": "('', 'two')"},
    ),
    Good(
        "a URI in Contact with an escaped Route header",
        options("Contact: <sip:ana@h.example?Route=%3Csip:sip.example%3E>"),
        {"contact.uri.headers": "(('Route', '<sip:sip.example>'),)"},
    ),
    Good(
        "every Contact is gone",
        options("Contact: *"),
        {"contacts": "()"},
    ),
    Good(
        "a reason phrase in another script",
        wire("SIP/2.0 200 = 2**3 * 5**2 но сто девяносто девять", *CORE, "CSeq: 1 OPTIONS"),
        {"status": "200", "reason": "= 2**3 * 5**2 но сто девяносто девять"},
    ),
    Good(
        "no reason phrase, with and without its space",
        wire("SIP/2.0 100 ", *CORE, "CSeq: 1 OPTIONS"),
        {"status": "100", "reason": ""},
    ),
    Good(
        "no reason phrase and no space",
        wire("sip/2.0 180", *CORE, "CSeq: 1 OPTIONS"),
        {"status": "180", "reason": ""},
    ),
    Good(
        "IPv6 references in the Request-URI, Via and Contact",
        wire(
            "OPTIONS sip:[2001:db8::10]:5070 SIP/2.0", "Via: SIP/2.0/UDP [2001:db8::9:1]:5061;branch=z9hG4bKas3-111", FROM,
            TO, ID, "CSeq: 1 OPTIONS", 'Contact: "Ana" <sip:ana@[2001:DB8::9:1]>',
        ),
        {"uri.host": "[2001:db8::10]", "uri.port": "5070", "via.port": "5061", "contact.uri": "sip:ana@[2001:DB8::9:1]"},
    ),
    Good(
        "received with and without brackets",
        wire(
            OPTIONS, "Via: SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bK1",
            "Via: SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255", FROM, TO, ID, "CSeq: 1 OPTIONS",
        ),
        {"via.received": "2001:db8::9:255", "vias.1.received": "2001:db8::9:255"},
    ),
    Good(
        "an IPv4 address inside IPv6",
        wire("OPTIONS sip:x@[::ffff:192.0.2.10] SIP/2.0", *CORE, "CSeq: 1 OPTIONS"),
        {"uri.host": "[::ffff:192.0.2.10]"},
    ),
    Good(
        "a method behind Refer-To, and one inside",
        options("Refer-To: <sip:bob@h.example>;method=BYE"),
        {"headers.get(Refer-To)": "<sip:bob@h.example>;method=BYE"},
    ),
    Good(
        "blank lines before the start line",
        b"\r\n\r\n" + options(),
        {"method": "OPTIONS"},
    ),
)  # fmt: skip

BAD = (
    Bad("separators without values", options("Contact: <sip:ana@h.example>;;;,").replace(b"rture", b"rture;;,;,,"), 400),
    Bad("a Contact of separators", options('Contact: "Ana" <sip:ana@h.example>;;;;'), 400),
    Bad("a Content-Length beyond the datagram", options("Content-Length: 9999") + b"short", 400),
    Bad("a negative Content-Length", options("Content-Length: -999"), 400),
    Bad("two Content-Lengths", options("Content-Length: 0", "l: 4") + b"body", 400),
    Bad("a CSeq above 2**31", options(cseq="CSeq: 36893488147419103232 OPTIONS"), 400),
    Bad("a CSeq of exactly 2**31", options(cseq="CSeq: 2147483648 OPTIONS"), 400),
    Bad("a Max-Forwards of 300", options(without=(REST,)).replace(b"CSeq", b"Max-Forwards: 300\r\nCSeq"), 400),
    Bad("an Expires with a hundred digits", options("Expires: 1" + 99 * "0"), 400),
    Bad("an open quote in To", wire(OPTIONS, VIA, FROM, 'To: "Mr. Watson <sip:w@h.example>', ID, "CSeq: 8 OPTIONS"), 400),
    Bad("an unquoted comma in a display name", wire(OPTIONS, VIA, "From: Bell, A <sip:b@h.example>;tag=43", TO, ID, "CSeq: 8 OPTIONS"), 400),
    Bad("angle brackets around the Request-URI", options().replace(b"sip:tea@conference.example.com SIP", b"<sip:tea@h.example> SIP"), 400),
    Bad("white space inside the Request-URI", options().replace(b"example.com SIP", b"example.com; lr SIP"), 400),
    Bad("two spaces in the request line", options().replace(b"OPTIONS sip", b"OPTIONS  sip", 1), 400),
    Bad("white space behind the version", options().replace(b"SIP/2.0\r", b"SIP/2.0  \r", 1), 400),
    Bad("headers in the Request-URI", options().replace(b".com SIP", b".com?Route=%3Csip:h.example%3E SIP"), 400),
    Bad("a version from the future", options().replace(b"com SIP/2.0", b"com SIP/7.0"), 505),
    Bad("a method that is not CSeq's", options(cseq="CSeq: 8 INVITE"), 400),
    Bad("CSeq's method in other case", options(cseq="CSeq: 8 options"), 400),
    Bad("a scheme nobody serves", options().replace(b"sip:tea@conference.example.com SIP", b"soap.beep://192.0.2.103:3002 SIP"), 416),
    Bad("no Call-ID", options(without=(ID,)), 400),
    Bad("no From and no To", options(without=(FROM, TO)), 400),
    Bad("no Via", options(without=(VIA,)), 400, answered=False),
    Bad("two From, To and Call-ID", options(FROM, "t: <sip:other@h.example>", "i: other"), 400),
    Bad("a user that is not UTF-8 once unescaped", options().replace(b"sip:tea@", b"sip:t%E9a@", 1), 400),
    Bad("a broken escape in the user", options().replace(b"sip:tea@", b"sip:t%ea%zz@", 1), 400),
    Bad("a header field that is not UTF-8", options("Subject: t").replace(b"Subject: t", b"Subject: th\xe9"), 400),
    Bad("a NUL in a header field", options("Subject: a\x00b"), 400),
    Bad("a bare CR that tries to be a header field", options("Subject: a\rVia: evil"), 400),
    Bad("a bare LF that tries to be a header field", options("Subject: a\nVia: evil"), 400),
    Bad("a header line without a colon", options("Subject nothing"), 400),
    Bad("an empty header name", options(": nothing"), 400),
    Bad("no end of the header fields", options()[:-2], 400),
    Bad("a port beyond 65535", options().replace(b"example.com SIP", b"example.com:65536 SIP"), 400),
    Bad("an IPv6 address without brackets", options().replace(b"sip:tea@conference.example.com SIP", b"sip:2001:db8::10 SIP"), 400),
    Bad("brackets around nonsense", options().replace(b"sip:tea@conference.example.com SIP", b"sip:[::1::2] SIP"), 400),
    Bad("a bad ACK is never answered", wire("ACK sip:h.example SIP/2.0", *CORE, "CSeq: 1 INVITE"), 400, answered=False),
    Bad("a bad response is dropped: status", wire("SIP/2.0 4294967301 better not break the receiver", *CORE, "CSeq: 1 OPTIONS"), 400, answered=False),
    Bad("a bad response is dropped: overlarge CSeq", wire("SIP/2.0 503 No", *CORE, "CSeq: 9292394834772304023312 OPTIONS"), 400, answered=False),
    Bad("a bad response is dropped: Content-Length", wire("SIP/2.0 200 OK", *CORE, "CSeq: 1 OPTIONS", "l: 5"), 400, answered=False),
    Bad("a Via of another protocol", options().replace(b"Via: SIP/2.0", b"Via: HTTP/1.1"), 400, answered=False),
    Bad("an address of two at signs", wire(OPTIONS, VIA, "From: <sip:a@b@h.example>;tag=1", TO, ID, "CSeq: 8 OPTIONS"), 400),
)  # fmt: skip

NOT_SIP = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET / HTTP/1.1\r\nHost: h.example\r\n\r\n",
    b"\x00\x00\x00\x00",
    b"INVITE\r\n\r\n",
    b"MSRP 1a2b SEND\r\n\r\n",
)
