"""The rooms and the two faces: what a focus admits, how people are invited, the faces' own limits."""

from crossroom.conference.notices import NoticeSettings
from crossroom.conference.premises import ConferenceSettings
from crossroom.conference.seat_chat import SeatSettings
from crossroom.config.schema import Configuration
from crossroom.focus.creators import Creators
from crossroom.focus.invitations import InvitationLimits
from crossroom.focus.limits import Allowance, Limits
from crossroom.muc.context import MucLimits
from crossroom.room.configuration import Configuration as RoomConfiguration
from crossroom.room.nickname import comparison_key, parse_nickname
from crossroom.room.state import RoomLimits
from crossroom.settings.domains import factories


def focus(configuration: Configuration) -> tuple[Limits, RoomConfiguration]:
    """Give what a focus admits, and what a new room is set to."""
    limits = configuration.limits
    # a message arrives with its native form beside it: room for both
    room = RoomLimits(
        occupants=limits.occupants,
        history_posts=limits.history_most,
        history_octets=limits.history_octets,
        post_octets=4 * limits.message_octets,
        affiliations=limits.affiliations,
        text_octets=limits.subject_octets,
        hold_seconds=limits.nickname_seconds,
        reserved_nicknames=frozenset(
            comparison_key(parse_nickname(each)) for each in configuration.server.reserved_nicknames
        ),
    )
    admitted = Limits(
        rooms=limits.rooms,
        rooms_per_person=limits.rooms_per_person,
        acts=Allowance(limits.occupant_burst, limits.occupant_rate),
        joins=Allowance(limits.join_burst, limits.join_rate),
        invitations=Allowance(limits.invitation_burst, limits.invitation_rate),
        creators=Creators(
            {domain.name: domain.creators for domain in configuration.domains}, factories(configuration)
        ),
        room=room,
    )
    # docs/decisions/0015: who begins a room by SIP has no form to allow a change of subject in
    return admitted, RoomConfiguration(history_length=limits.history, anyone_changes_subject=True)


def invitations(configuration: Configuration) -> InvitationLimits:
    """Give how long and how many."""
    limits = configuration.limits
    return InvitationLimits(
        time_limit=limits.invitation_seconds,
        per_focus=Allowance(limits.focus_invitation_burst, limits.focus_invitation_rate),
        per_invitee=limits.invitations_per_person,
        per_room=limits.invitations_per_room,
        pending=limits.invitations,
    )


def conference(configuration: Configuration) -> ConferenceSettings:
    """Give the SIP face's own settings."""
    notices, limits = configuration.notices, configuration.limits
    return ConferenceSettings(
        room_domains=tuple(domain.name for domain in configuration.domains),
        factories=frozenset(each.key for each in factories(configuration)),
        whole_rosters=tuple(configuration.sip.whole_rosters),
        person_subscriptions=limits.sip_person_subscriptions,
        room_subscriptions=limits.sip_subscriptions,
        dial_seconds=limits.invitation_seconds,
        seat=SeatSettings(
            recovery_seconds=limits.msrp_recovery_seconds,
            kept_messages=limits.msrp_kept_messages,
            history_posts=notices.history,
            notices=NoticeSettings(notices.welcome, notices.joins, notices.subject),
        ),
    )


def muc(configuration: Configuration) -> MucLimits:
    """Give the MUC face's own limits."""
    limits = configuration.limits
    return MucLimits(
        join_seconds=limits.join_seconds,
        invitation_seconds=limits.invitation_seconds + 30.0,
        waiting_invitations=limits.invitations,
        link_grace_seconds=limits.component_grace_seconds,
    )
