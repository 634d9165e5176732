"""The values of a conference-info document (RFC 4575 §5): a conference, its users, their endpoints and media.

Lives here: values only; a field that is None (or an empty tuple of children) is absent from the document.
Reading and writing: conference_reader.py and conference_writer.py; the subscriber's algorithm:
conference_state.py. Nicknames: RFC 6501 §4.6 by RFC 7701 §7.4.
"""

from dataclasses import dataclass
from enum import StrEnum

from crossroom.bodies.xml import Element

CONTENT_TYPE = "application/conference-info+xml"
NAMESPACE = "urn:ietf:params:xml:ns:conference-info"
XCON_NAMESPACE = "urn:ietf:params:xml:ns:xcon-conference-info"


class State(StrEnum):
    """How much of an element a document holds (RFC 4575 §4.4)."""

    FULL = "full"
    PARTIAL = "partial"
    DELETED = "deleted"


class EndpointStatus(StrEnum):
    """Where an endpoint stands (RFC 4575 §5.7.2)."""

    PENDING = "pending"
    DIALING_OUT = "dialing-out"
    DIALING_IN = "dialing-in"
    ALERTING = "alerting"
    ON_HOLD = "on-hold"
    CONNECTED = "connected"
    MUTED_VIA_FOCUS = "muted-via-focus"
    DISCONNECTING = "disconnecting"
    DISCONNECTED = "disconnected"


class DisconnectionMethod(StrEnum):
    """How an endpoint went (RFC 4575 §5.7.5)."""

    DEPARTED = "departed"
    BOOTED = "booted"
    FAILED = "failed"
    BUSY = "busy"


class MediaStatus(StrEnum):
    """Which way the media flow, as the endpoint sees it (RFC 4575 §5.8.5)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class Uri:
    """An entry of conf-uris, service-uris or associated-aors (RFC 4575 §5.3.1)."""

    uri: str
    display_text: str = ""
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class Execution:
    """Who did it, when and why (RFC 4575 §5.7.1): `when` is a dateTime in UTC, `reason` as in RFC 3326, `by` a URI."""

    when: str = ""
    reason: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Media:
    """One media stream of an endpoint (RFC 4575 §5.8); `type` is an SDP media name such as `message`."""

    id: str
    type: str | None = None
    status: str | None = None
    label: str | None = None
    src_id: str | None = None
    display_text: str | None = None
    extensions: tuple[Element, ...] = ()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One way in of a user (RFC 4575 §5.7). `status` and the methods keep words that we do not know."""

    entity: str
    state: State = State.FULL
    display_text: str | None = None
    referred: Execution | None = None
    status: str | None = None
    joining_method: str | None = None
    joining: Execution | None = None
    disconnection_method: str | None = None
    disconnection: Execution | None = None
    media: tuple[Media, ...] = ()
    extensions: tuple[Element, ...] = ()


@dataclass(frozen=True, slots=True)
class User:
    """A participant (RFC 4575 §5.6). `nickname` is the xcon:nickname; roles are free words (§5.6.3)."""

    entity: str
    state: State = State.FULL
    nickname: str | None = None
    display_text: str | None = None
    associated_aors: tuple[Uri, ...] | None = None
    roles: tuple[str, ...] | None = None
    languages: str | None = None
    cascaded_focus: str | None = None
    endpoints: tuple[Endpoint, ...] = ()
    extensions: tuple[Element, ...] = ()


@dataclass(frozen=True, slots=True)
class Users:
    """The roster. RFC 4575 §4.4: its state is full unless it says otherwise, also in a partial document."""

    users: tuple[User, ...] = ()
    state: State = State.FULL


@dataclass(frozen=True, slots=True)
class Description:
    """The conference itself (RFC 4575 §5.3): one atomic element, always sent whole."""

    display_text: str | None = None
    subject: str | None = None
    free_text: str | None = None
    keywords: str | None = None
    conf_uris: tuple[Uri, ...] | None = None
    service_uris: tuple[Uri, ...] | None = None
    maximum_user_count: int | None = None
    extensions: tuple[Element, ...] = ()


@dataclass(frozen=True, slots=True)
class Host:
    """Who hosts the conference (RFC 4575 §5.4)."""

    display_text: str | None = None
    web_page: str | None = None
    uris: tuple[Uri, ...] | None = None
    extensions: tuple[Element, ...] = ()


@dataclass(frozen=True, slots=True)
class ConferenceState:
    """How the conference is doing now (RFC 4575 §5.5)."""

    user_count: int | None = None
    active: bool | None = None
    locked: bool | None = None
    extensions: tuple[Element, ...] = ()


@dataclass(frozen=True, slots=True)
class ConferenceInfo:
    """A document. `version` is None only in what a careless focus sent; sidebars are among the extensions."""

    entity: str
    version: int | None = None
    state: State = State.FULL
    description: Description | None = None
    host: Host | None = None
    conference_state: ConferenceState | None = None
    users: Users | None = None
    extensions: tuple[Element, ...] = ()
