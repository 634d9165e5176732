"""The table [server]."""

from enum import StrEnum
from typing import Annotated

from msgspec import field

from crossroom.config.section import Seconds, Section, SettingError, means
from crossroom.room.nickname import parse_nickname


class LogLevel(StrEnum):
    """How much is logged: lines of this level and of those after it."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How log lines are written."""

    TEXT = "text"
    JSON = "json"


class Server(Section, frozen=True):
    """[server]: the process."""

    log_level: Annotated[LogLevel, means("debug, info, warning or error")] = LogLevel.INFO
    log_format: Annotated[LogFormat, means("text for people, json for collectors")] = LogFormat.TEXT
    shutdown_seconds: Annotated[Seconds, means("how long a clean shutdown may take, in seconds")] = 10.0
    reserved_nicknames: Annotated[
        list[str], means("nicknames that nobody may take, however they are written; a room's own name never")
    ] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Refuse what can be no nickname anyway."""
        for index, nickname in enumerate(self.reserved_nicknames):
            try:
                parse_nickname(nickname)
            except ValueError as error:
                raise SettingError(f"reserved_nicknames[{index}]", error) from None
