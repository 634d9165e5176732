"""The owner's form and the room's end (XEP-0045 §10; muc#owner, muc#roomconfig)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from crossroom.focus.interface import Features
from crossroom.machine import ParseError
from crossroom.muc.addresses import room_of
from crossroom.muc.asking import Asked, inside
from crossroom.room.configuration import Configuration, PrivateMessages
from crossroom.room.reasons import Reason, Refused
from crossroom.room.standing import Affiliation
from crossroom.xmpp.dataform import Field, FieldKind, Form, FormKind, form_type
from crossroom.xmpp.errors import Condition, StanzaError
from crossroom.xmpp.muc_owner import OwnerQuery

FORM = "http://jabber.org/protocol/muc#roomconfig"
MAX_NUMBER = 10**6  # more occupants or messages than any room has


@dataclass(frozen=True, slots=True)
class Setting:
    """One field of the form: which attribute of Configuration it shows, and how its values are read and written."""

    attribute: str
    label: str
    kind: FieldKind
    read: Callable[[Field], object]
    write: Callable[[Any], str]
    options: tuple[tuple[str, str], ...] = ()

    def field(self, var: str, configuration: Configuration) -> Field:
        """The field with its present value."""
        value = self.write(getattr(configuration, self.attribute))
        return Field(var, (value,), self.kind, self.label, self.options)


def _text(field: Field) -> str:
    return "\n".join(field.values)


def _number(field: Field) -> int:
    text = field.value.strip()
    if text in {"", "none"}:  # XEP-0045 §15.6.3: "none" stands for no limit
        return 0
    if not (text.isascii() and text.isdigit() and int(text[:20]) <= MAX_NUMBER):
        raise ParseError(f"{field.var}: no number: {text!r}")
    return int(text)


def _whois(field: Field) -> bool:
    if field.value not in {"anyone", "moderators"}:
        raise ParseError(f"{field.var}: neither anyone nor moderators")
    return field.value == "moderators"


def _private_messages(field: Field) -> PrivateMessages:
    try:
        return PrivateMessages(field.value)
    except ValueError:
        raise ParseError(f"{field.var}: not a value of the list") from None


def _flag(attribute: str, label: str) -> Setting:
    return Setting(
        attribute, label, FieldKind.BOOLEAN, lambda field: field.boolean, lambda on: "1" if on else "0"
    )


def _line(attribute: str, label: str, kind: FieldKind = FieldKind.TEXT_SINGLE) -> Setting:
    return Setting(attribute, label, kind, _text, str)


def _count(attribute: str, label: str) -> Setting:
    return Setting(attribute, label, FieldKind.TEXT_SINGLE, _number, str)


SETTINGS: Mapping[str, Setting] = MappingProxyType(
    {
        "muc#roomconfig_roomname": _line("name", "Name of the room"),
        "muc#roomconfig_roomdesc": _line("description", "What the room is about"),
        "muc#roomconfig_lang": _line("language", "Language of the room (BCP 47)"),
        "muc#roomconfig_persistentroom": _flag("is_persistent", "Keep the room when everybody has left"),
        "muc#roomconfig_publicroom": _flag("is_public", "List the room for everybody"),
        "muc#roomconfig_membersonly": _flag("is_members_only", "Let only members in"),
        "muc#roomconfig_moderatedroom": _flag("is_moderated", "Newcomers may only listen"),
        "muc#roomconfig_roomsecret": _line("password", "Password", FieldKind.TEXT_PRIVATE),
        "muc#roomconfig_changesubject": _flag("anyone_changes_subject", "Everybody may change the subject"),
        "muc#roomconfig_allowinvites": _flag("anyone_invites", "Everybody may invite others"),
        "muc#roomconfig_maxusers": _count("max_occupants", "Most occupants (0: no limit)"),
        "muc#roomconfig_whois": Setting(
            "is_anonymous",
            "Who sees real addresses",
            FieldKind.LIST_SINGLE,
            _whois,
            lambda anonymous: "moderators" if anonymous else "anyone",
            (("Moderators only", "moderators"), ("Everybody", "anyone")),
        ),
        "muc#roomconfig_allowpm": Setting(
            "private_messages",
            "Who may send private messages",
            FieldKind.LIST_SINGLE,
            _private_messages,
            str,
            tuple((value.value.capitalize(), value.value) for value in PrivateMessages),
        ),
        "muc#maxhistoryfetch": _count("history_length", "Most messages of history for newcomers"),
        # the name that existing services gave to the same setting
        "muc#roomconfig_historylength": _count("history_length", "Messages of history that are kept"),
    }
)
PROTECTED = "muc#roomconfig_passwordprotectedroom"
SECRET = "muc#roomconfig_roomsecret"  # noqa: S105 -- the name of a field


@inside
async def on_get(asked: Asked) -> None:
    """An owner asks for the form."""
    asked.answer(OwnerQuery(form_of(_own_room(asked))).as_element())


@inside
async def on_set(asked: Asked) -> None:
    """An owner submits or cancels the form, or ends the room."""
    before, view = _own_room(asked), asked.occupancy.view
    query = OwnerQuery.parse(asked.stanza.children[0])
    if query.destroy is not None:
        jid = query.destroy.jid
        await asked.participation.destroy(query.destroy.reason, room_of(jid) if jid else None)
    elif query.form is None:
        raise ParseError("neither a form nor destroy")
    elif query.form.kind is FormKind.CANCEL:
        # XEP-0045 §10.1.2 example 155: cancelling the first configuration of a room ends it
        if view is not None and view.is_locked:
            await asked.participation.destroy()
    else:
        try:
            after = configuration_of(query.form, before)
        except ParseError as error:
            # XEP-0045 §10.2: a value that cannot be is not acceptable
            reply = StanzaError(Condition.NOT_ACCEPTABLE, text=str(error), by=str(asked.occupancy.room))
            asked.context.reply_error(asked.stanza, reply)
            return
        await asked.participation.configure(after)
    asked.answer()


def form_of(configuration: Configuration) -> Form:
    """The form with the present settings."""
    fields = [setting.field(var, configuration) for var, setting in SETTINGS.items() if var not in ALIASES]
    protected = Field(
        PROTECTED, ("1" if configuration.password else "0",), FieldKind.BOOLEAN, "A password is needed"
    )
    secret = next(index for index, field in enumerate(fields) if field.var == SECRET)
    fields.insert(secret, protected)
    return Form(
        FormKind.FORM, (form_type(FORM), *fields), "Room configuration", ("The settings of this room.",)
    )


def configuration_of(form: Form, before: Configuration) -> Configuration:
    """The settings that a submitted form asks for; what it does not name stays (XEP-0045 §10.2.1).

    Fields that we do not know are passed over. Raises ParseError for a value that a known field cannot have.
    """
    changes = {
        SETTINGS[field.var].attribute: SETTINGS[field.var].read(field)
        for field in form.fields
        if field.var in SETTINGS
    }
    protected = form.get(PROTECTED)
    if protected is not None and not protected.boolean:
        changes["password"] = ""
    elif protected is not None and not changes.get("password", before.password):
        raise ParseError(f"{SECRET}: a protected room needs a password")
    return replace(before, **changes)  # type: ignore[arg-type] # each setting's reader has its attribute's type


ALIASES = frozenset(("muc#roomconfig_historylength",))


def _own_room(asked: Asked) -> Configuration:
    asked.needs(Features.CONFIGURATION)
    view = asked.occupancy.view
    own = view.occupant if view else None
    if view is None or own is None or own.affiliation is not Affiliation.OWNER:
        raise Refused(Reason.NOT_ALLOWED)  # XEP-0045 §10.2: forbidden
    return view.configuration
