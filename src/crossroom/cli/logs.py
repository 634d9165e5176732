"""How log lines look: for people on a terminal, or as JSON for a collector. One line per event, with its ids."""

import logging
import sys
from typing import TextIO

import structlog

from crossroom.config.schema import LogFormat


def open_log(level: str, form: LogFormat, stream: TextIO = sys.stderr) -> structlog.stdlib.BoundLogger:
    """Make the logger that `server.py` hands to everything; nothing is configured globally."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if form is LogFormat.JSON
        else structlog.dev.ConsoleRenderer(colors=stream.isatty())
    )
    logger: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(stream),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
    )
    return logger
