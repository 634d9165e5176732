"""What a line of the log looks like, whatever others put into it."""

import io
import json

import pytest

from crossroom.cli.logs import open_log
from crossroom.config.schema import LogFormat

EVIL = "tea\x1b[31m\nready\r\x07\u202e\u2028"


def line(form: LogFormat) -> str:
    stream = io.StringIO()
    open_log("info", form, stream).info("join refused", room=EVIL, why="é & ☕")
    return stream.getvalue()


def test_a_value_can_neither_steer_the_terminal_nor_begin_a_line() -> None:
    written = line(LogFormat.TEXT)
    assert written.count("\n") == 1
    assert written.rstrip("\n").isprintable()
    assert "é & ☕" in written
    assert r"tea\x1b[31m\nready\r\x07\u202e\u2028" in written


def test_json_has_the_value_as_it_is() -> None:
    written = line(LogFormat.JSON)
    assert written.count("\n") == 1
    assert json.loads(written)["room"] == EVIL


@pytest.mark.parametrize("form", LogFormat)
def test_what_is_below_the_level_is_not_written(form: LogFormat) -> None:
    stream = io.StringIO()
    open_log("warning", form, stream).info("ready")
    assert stream.getvalue() == ""
