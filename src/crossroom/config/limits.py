"""Every limit: sizes, rates and counts, each with its unit. What happens at one is in docs/operations.md."""

from typing import Annotated

from msgspec import Meta

from crossroom.config.section import Positive, Rate, Seconds, Section, SettingError, means


class Limits(Section, frozen=True):
    """[limits]: sizes, rates and counts. A limit that is reached gives the documented error and a log line."""

    rooms: Annotated[Positive, means("rooms at once")] = 10_000
    rooms_per_person: Annotated[Positive, means("rooms that one person began and that are still there")] = 100
    occupants: Annotated[Positive, means("occupants of one room")] = 2_000
    history: Annotated[Positive, means("messages kept for joiners, per room, unless its owner chooses")] = 20
    history_most: Annotated[Positive, means("the most messages that an owner may choose to keep")] = 500
    history_octets: Annotated[Positive, means("the messages kept in one room, in octets")] = 1_048_576
    subject_octets: Annotated[
        Positive, means("a subject, the name or description of a room, a reason, in octets")
    ] = 8_192
    affiliations: Annotated[Positive, means("members, admins, owners and banned people of one room")] = 10_000
    nickname_seconds: Annotated[
        Seconds, means("how long the nickname of somebody whose connection broke is kept, in seconds")
    ] = 30.0
    occupant_rate: Annotated[Rate, means("what one occupant may do a second: messages, typing, renames")] = (
        20.0
    )
    occupant_burst: Annotated[Positive, means("the same at once")] = 100
    join_rate: Annotated[Rate, means("joins of one person a second")] = 1.0
    join_burst: Annotated[Positive, means("the same at once")] = 60
    message_octets: Annotated[Positive, means("one chat message, in octets")] = 65_536
    sip_message_octets: Annotated[Positive, means("the body of one SIP message, in octets")] = 65_535
    sip_head_octets: Annotated[Positive, means("the header of one SIP message, in octets")] = 32_768
    sip_connections: Annotated[Positive, means("SIP connections at once")] = 4_096
    sip_connect_seconds: Annotated[
        Seconds, means("how long a SIP connection may take to open before the next server is tried")
    ] = 5.0
    sip_idle_seconds: Annotated[
        Seconds, means("after how long without an octet a SIP connection that no dialog uses is closed")
    ] = 600.0
    sip_unsent_octets: Annotated[
        Positive, means("octets that wait for a slow SIP connection before it is given up")
    ] = 1_048_576
    sip_redirects: Annotated[Positive, means("contacts that are tried after 3xx answers to one call")] = 5
    sip_session_seconds: Annotated[
        Annotated[int, Meta(ge=90)],
        means("after how long a call is given up that neither side refreshes (RFC 4028), 90 at least"),
    ] = 1_800
    sip_transactions: Annotated[Positive, means("SIP transactions at once; more are answered 503")] = 20_000
    sip_rate: Annotated[
        Rate, means("requests a second outside dialogs of each kind, for each source; more are answered 503")
    ] = 20.0
    sip_burst: Annotated[Positive, means("the same at once")] = 100
    sip_trusted_rate: Annotated[Rate, means("sip_rate for an address of sip.trusted, such as a proxy")] = (
        500.0
    )
    sip_trusted_burst: Annotated[Positive, means("the same at once")] = 2_000
    sip_wrong_passwords: Annotated[
        Positive, means("wrong passwords a minute of one source, before nothing of it is tried")
    ] = 30
    sip_account_wrong_passwords: Annotated[
        Positive, means("the same for one account from everywhere; its owner gets in all the same")
    ] = 100
    sip_registrations: Annotated[Positive, means("SIP users registered at once")] = 100_000
    sip_registration_seconds: Annotated[
        Annotated[int, Meta(ge=60)], means("how long a device may stay registered without saying so again")
    ] = 7_200
    sip_contacts: Annotated[Positive, means("devices registered by one SIP user")] = 10
    msrp_connections: Annotated[Positive, means("MSRP connections at once")] = 10_000
    sip_subscriptions: Annotated[Positive, means("subscriptions to the roster of one room")] = 5_000
    sip_person_subscriptions: Annotated[Positive, means("of these, by one person: each device needs one")] = (
        20
    )
    msrp_queue_octets: Annotated[Positive, means("unsent octets of one endpoint before it is dropped")] = (
        4_194_304
    )
    msrp_queue_messages: Annotated[
        Positive, means("unanswered messages of one endpoint before it is dropped")
    ] = 4_096
    msrp_kept_messages: Annotated[
        Positive, means("messages kept for an endpoint that is not connected yet, or not any more")
    ] = 1_000
    msrp_recovery_seconds: Annotated[
        Seconds, means("how long a seat waits for a new MSRP connection after a loss, in seconds")
    ] = 30.0
    stanza_octets: Annotated[
        Positive, means("one stanza of a client of the entry, in octets (RFC 6120 asks for 10000 at least)")
    ] = 262_144
    component_stanza_octets: Annotated[
        Positive, means("one stanza to an XMPP server, in octets: what it takes from a component")
    ] = 500_000
    component_queue_octets: Annotated[
        Positive, means("stanzas kept while the link to an XMPP server is down, in octets")
    ] = 1_048_576
    component_grace_seconds: Annotated[
        Seconds, means("how long its users keep their seats while it is down, in seconds")
    ] = 30.0
    entry_clients: Annotated[Positive, means("clients of the embedded entry at once")] = 100
    invitation_seconds: Annotated[Seconds, means("how long an invited person may think, in seconds")] = 90.0
    invitations: Annotated[Positive, means("invitations waiting for an answer at once")] = 1_000
    invitations_per_room: Annotated[Positive, means("of these, into one room")] = 100
    invitations_per_person: Annotated[Positive, means("of these, to one person")] = 5
    invitation_rate: Annotated[Rate, means("invitations by one person a second")] = 0.2
    invitation_burst: Annotated[Positive, means("the same at once")] = 20
    focus_invitation_rate: Annotated[Rate, means("invitations by one conference elsewhere a second")] = 1.0
    focus_invitation_burst: Annotated[Positive, means("the same at once")] = 100
    join_seconds: Annotated[Seconds, means("how long a join by SIP may take, in seconds")] = 30.0

    def __post_init__(self) -> None:
        """Refuse what is only wrong together."""
        if self.history > self.history_most:
            raise SettingError("history", "more than history_most")
