"""What a SIP participant reads in a room: a CPIM message seen as sender, text and kind."""

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass

from peers.cpim_text import Cpim
from peers.msrp_ua import MsrpMessage
from peers.sip_message import display_name_in, uri_in

COMPOSING_TYPE = "application/im-iscomposing+xml"
COMPOSING = "{urn:ietf:params:xml:ns:im-iscomposing}"


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message as shown to the user; `message` and `cpim` keep the wire."""

    text: str
    sender: str  # formal name of the CPIM From
    from_uri: str
    to_uri: str
    content_type: str
    message: MsrpMessage
    cpim: Cpim | None

    @classmethod
    def of(cls, message: MsrpMessage) -> "ChatMessage":
        """Read a message; content outside CPIM has no sender."""
        if not message.content_type.lower().startswith("message/cpim"):
            return cls(_decoded(message.body), "", "", "", message.content_type, message, None)
        cpim = Cpim.parse(message.body)
        sender, recipient = cpim.get("From"), cpim.get("To")
        return cls(
            text=_decoded(cpim.content),
            sender=display_name_in(sender),
            from_uri=uri_in(sender),
            to_uri=uri_in(recipient),
            content_type=cpim.get("Content-Type"),
            message=message,
            cpim=cpim,
        )

    @property
    def is_notice(self) -> bool:
        """A status text of the room itself: `Message-Type: status` in whatever prefix."""
        headers = self.cpim.headers if self.cpim else []
        return any(name.endswith("Message-Type") and value == "status" for name, value in headers)

    @property
    def is_composing(self) -> bool:
        return self.content_type.lower().startswith(COMPOSING_TYPE)

    @property
    def composing_state(self) -> str:
        """ "active" or "idle"."""
        return ET.fromstring(self.text).findtext(f"{COMPOSING}state", "idle")

    @property
    def sent_at(self) -> str:
        """The CPIM DateTime, "" when absent."""
        return self.cpim.get("DateTime") if self.cpim else ""


def _decoded(content: bytes) -> str:
    return content.decode("utf-8", "backslashreplace")


def same_user(one: str, other: str) -> bool:
    """Whether two SIP URIs name the same user at the same host, parameters aside."""
    return _user_at_host(one) == _user_at_host(other)


def _user_at_host(uri: str) -> str:
    return re.sub(r"^(sips?|xmpp|im|pres):", "", uri.partition(";")[0]).lower()
