"""Where the guided fuzzer begins: the vectors, and a document of each kind that a reader reads."""

from crossroom.xmpp.element import CLIENT
from crossroom.xmpp.stream import COMPONENT, StreamOpened
from sip_mutations import samples
from vectors.msrp.test_msrp_vectors import CPIM as ENVELOPES
from vectors.msrp.test_msrp_vectors import FRAMES

SDP = """v=0
o=- 3 7 IN IP4 192.0.2.1
s=chat
c=IN IP4 192.0.2.1
t=0 0
m=message 2855 TCP/MSRP *
a=accept-types:message/cpim
a=accept-wrapped-types:* text/plain
a=path:msrp://192.0.2.1:2855/abc;tcp
a=setup:active
a=chatroom:nickname private-messages
m=audio 0 RTP/AVP 0
"""
CPIM = """From: "Ana B" <sip:ana@sip.example>
To: <sip:tea@conference.example>
DateTime: 2026-02-03T10:11:12Z
NS: imdn <urn:ietf:params:imdn>
imdn.Message-ID: 7
imdn.Disposition-Notification: positive-delivery, negative-delivery
Subject:;lang=fr Th\\u00e9

Content-Type: text/plain; charset=utf-8
Content-ID: <1@x>

Is the kettle on?"""
ROSTER = """<?xml version="1.0" encoding="UTF-8"?>
<conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity="sip:tea@conference.example" state="full" version="3">
 <conference-description><subject>Tea</subject><maximum-user-count>9</maximum-user-count></conference-description>
 <conference-state><user-count>1</user-count><active>true</active></conference-state>
 <users state="partial"><user entity="sip:ana@sip.example" state="full"><display-text>Ana</display-text>
 <roles><entry>participant</entry></roles><endpoint entity="sip:ana@192.0.2.1"><status>connected</status>
 <joining-method>dialed-in</joining-method><media id="1"><type>message</type><status>sendrecv</status></media>
 </endpoint></user><user entity="sip:bob@sip.example" state="deleted"/></users>
</conference-info>"""
STANZAS = """<presence to='tea@conference.example/Ana' id='p1'><x xmlns='http://jabber.org/protocol/muc'/></presence>
<message type='groupchat' to='tea@conference.example' xml:lang='en'><body>Is the &lt;kettle&gt; on?</body></message>
<iq type='get' id='d1' to='conference.example'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>
</stream:stream>"""


def _wire(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def sip() -> tuple[bytes, ...]:
    return samples()


def sdp() -> tuple[bytes, ...]:
    bodies = [octets.partition(b"\r\n\r\n")[2] for octets in samples()]
    return (_wire(SDP), SDP.encode(), *{body for body in bodies if body.startswith(b"v=")})


def cpim() -> tuple[bytes, ...]:
    return (_wire(CPIM), CPIM.encode(), *(octets for octets, _, _ in ENVELOPES.values()))


def conference_info() -> tuple[bytes, ...]:
    return (ROSTER.encode(),)


def msrp() -> tuple[bytes, ...]:
    frames = [vector.octets for vector in FRAMES.values()]
    return (*frames, b"".join(frames))


def xmpp() -> tuple[bytes, ...]:
    headers = [
        bytes(StreamOpened(namespace, to="a.example", version="1.0")) for namespace in (CLIENT, COMPONENT)
    ]
    return tuple(header + STANZAS.encode() for header in headers)
