"""How log lines look: for people on a terminal, or as JSON for a collector. One line per event, with its ids."""

import logging
import re
import sys
from typing import TextIO

import structlog

from crossroom.config.schema import LogFormat


def open_log(level: str, form: LogFormat, stream: TextIO = sys.stderr) -> structlog.stdlib.BoundLogger:
    """Make the logger that `server.py` hands to everything; nothing is configured globally."""
    is_json = form is LogFormat.JSON
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if is_json
        else structlog.dev.ConsoleRenderer(colors=stream.isatty())
    )
    logger: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(stream),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *(() if is_json else (_printable,)),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
    )
    return logger


_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def _printable(_: object, _level: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """What others choose moves no cursor, colours nothing, and begins no line of its own."""
    return {key: _escaped(value) if isinstance(value, str) else value for key, value in line.items()}


def _escaped(value: str) -> str:
    return _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], value)
