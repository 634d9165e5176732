"""SDP for a test peer: write one MSRP chat offer or answer, read any (RFC 4975 section 8, RFC 7701 section 8)."""

from dataclasses import dataclass, field

CHAT_TYPES = "message/cpim text/plain text/html application/im-iscomposing+xml"


@dataclass(frozen=True, slots=True)
class ChatMedia:
    """What we put into our m=message section. `path` is our MSRP URI; empty strings leave a line out."""

    path: str
    host: str
    port: int
    setup: str = "actpass"
    chatroom: str | None = "nickname private-messages"
    accept_types: str = CHAT_TYPES
    accept_wrapped_types: str = "*"
    fingerprint: str = ""
    extra: tuple[str, ...] = ()
    version: int = 1

    def __str__(self) -> str:
        protocol = "TCP/TLS/MSRP" if self.path.startswith("msrps:") else "TCP/MSRP"
        return session_part(self.host, self.version) + "\r\n".join(
            [f"m=message {self.port} {protocol} *", *self._attributes(), *self.extra, ""]
        )

    def _attributes(self) -> list[str]:
        lines = [f"a=path:{self.path}", f"a=accept-types:{self.accept_types}"]
        if self.accept_wrapped_types:
            lines.append(f"a=accept-wrapped-types:{self.accept_wrapped_types}")
        if self.setup:
            lines.append(f"a=setup:{self.setup}")
        if self.chatroom is not None:
            lines.append(f"a=chatroom:{self.chatroom}" if self.chatroom else "a=chatroom")
        if self.fingerprint:
            lines.append(f"a=fingerprint:{self.fingerprint}")
        return lines


def session_part(host: str, version: int = 1) -> str:
    """Return v= to t=."""
    family = "IP6" if ":" in host else "IP4"
    return f"v=0\r\no=- 3724 {version} IN {family} {host}\r\ns=-\r\nc=IN {family} {host}\r\nt=0 0\r\n"


@dataclass(slots=True)
class Media:
    """One m-line as read, with its attributes (`a=name:value`; a bare `a=name` maps to "")."""

    kind: str
    port: int
    protocol: str
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> list[str]:
        """The URIs of a=path, leftmost first."""
        return self.attributes.get("path", "").split()

    @property
    def chatroom(self) -> set[str] | None:
        """The tokens of a=chatroom, None when the line is absent."""
        value = self.attributes.get("chatroom")
        return None if value is None else set(value.split())


def read_media(sdp: str) -> list[Media]:
    """Return the m-lines of an SDP."""
    media: list[Media] = []
    for line in sdp.splitlines():
        if line.startswith("m="):
            kind, port, protocol = line[2:].split(" ")[:3]
            media.append(Media(kind, int(port.split("/")[0]), protocol))
        elif line.startswith("a=") and media:
            name, _, value = line[2:].partition(":")
            media[-1].attributes[name] = value.strip()
    return media


def refusal(offer: str, host: str) -> str:
    """Return an answer that refuses every m-line of `offer` with port 0 (RFC 3264 section 6)."""
    lines = [f"m={m.kind} 0 {m.protocol} *\r\n" for m in read_media(offer)]
    return session_part(host) + "".join(lines)
