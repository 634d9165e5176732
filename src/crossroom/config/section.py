"""What every table of the configuration is made of: sections, settings with a meaning, numbers with a bound."""

from typing import Annotated

from msgspec import Meta, Struct

Text = str
Positive = Annotated[int, Meta(ge=1)]
Count = Annotated[int, Meta(ge=0)]
Seconds = Annotated[float, Meta(gt=0)]
Rate = Annotated[float, Meta(gt=0)]


def means(text: str) -> Meta:
    """What a setting does, with its unit: one line, shown by `crossroom config`."""
    return Meta(description=text)


class SettingError(ValueError):
    """A value that a setting cannot have: the setting by its name in the table, and what is wrong."""

    def __init__(self, setting: str, what: object) -> None:
        super().__init__(f"{setting}: {what}")


class Section(Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the file."""
