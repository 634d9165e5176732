"""`crossroom demo` as a user runs it: in a process of its own, over real sockets, with slixmpp on the XMPP side."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process

import pytest
import structlog

from crossroom.demo import play
from crossroom.demo.conversation import Cast
from crossroom.demo.stage import Stage
from peers.xmpp_user import XmppUser

ROOM = "tea@conference.localhost"
WITHIN = 60.0  # seconds; it takes one or two


async def started(*options: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-bb", "-m", "crossroom", "demo", *options, stdout=PIPE, stderr=PIPE
    )


async def test_the_demo_passes_and_shows_what_everybody_sees() -> None:
    async with asyncio.timeout(WITHIN):
        demo = await started("--once")
        out, errors = await demo.communicate()
    printed = out.decode()
    assert demo.returncode == 0, printed
    assert errors == b""
    for line in (
        "  Ana SIP   the room: Ana",
        "  Bob XMPP  the room: Ana, Bob",
        "  Bob XMPP  Ana is typing",
        "  Ana SIP   Bob is typing",
        "  Bob XMPP  Ana: Hello Bob! I am on SIP.",
        "  Ana SIP   Bob: Hello Ana! I am on XMPP <& fine>.",
        "  Bob XMPP  the nickname Ana is taken",
        "  Ana SIP   Bob is now Robert",
        "  Bob XMPP  Ana is now Anna",
        "Carol SIP   an invitation to tea@conference.localhost by Robert",
        " Dora XMPP  an invitation to tea@conference.localhost by Anna",
        "  Bob XMPP  Carol left",
        "  Ana SIP   Dora left",
    ):
        assert f"{line}\n" in printed
    assert "MISSING" not in printed
    assert "\x1b" not in printed  # no colour where there is no terminal
    assert max(map(len, printed.splitlines())) <= 80


async def until(demo: Process, text: str) -> str:
    """What was printed before the line with this text, and that line."""
    assert demo.stdout is not None
    printed = ""
    while text not in printed:
        line = await demo.stdout.readline()
        assert line, f"{text!r} was never printed:\n{printed}"
        printed += line.decode()
    return printed


async def test_a_visitor_of_the_room_that_stays_is_answered_from_both_networks() -> None:
    async with asyncio.timeout(WITHIN):
        demo = await started()
        printed = await until(demo, "Ctrl-C ends the demo")
        port = int(printed.partition("server     127.0.0.1 port ")[2].partition(",")[0])
        async with XmppUser("max", "anonymous.localhost", server=("127.0.0.1", port)) as visitor:
            await visitor.join(ROOM, "Max")
            await visitor.expects_roster("Ana", "Bob", "Max")
            await visitor.say("hello?")
            await visitor.expects_message(text="Max, I read you with SIP: hello?", sender="Ana")
            await visitor.expects_message(text="Max, I read you with XMPP: hello?", sender="Bob")
        demo.send_signal(signal.SIGINT)
        out, errors = await demo.communicate()
    assert demo.returncode == 0
    assert "Goodbye." in out.decode()
    assert errors == b""


async def test_ctrl_c_in_the_middle_of_the_script_ends_it_cleanly() -> None:
    async with asyncio.timeout(WITHIN):
        demo = await started()
        await until(demo, "They type and talk")
        demo.send_signal(signal.SIGINT)
        out, errors = await demo.communicate()
    assert demo.returncode == 130
    assert out.decode().endswith("The demo was stopped.\n")
    assert errors == b""


async def test_a_script_that_cannot_go_on_fails_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def carol_accepts_what_nobody_sent(cast: Cast, stage: Stage, room: str) -> None:
        await cast.ana.join()
        await stage.expect("Ana", f"the room: Ana in {room}")
        await cast.carol.accept()

    monkeypatch.setattr("crossroom.demo.conversation.perform", carol_accepts_what_nobody_sent)
    monkeypatch.setattr(play, "PATIENCE", 0.2)
    assert await play.play(stay=False, log=structlog.stdlib.get_logger()) == 1
    printed = capsys.readouterr().out
    assert f"Ana did not see: the room: Ana in {ROOM}" in printed
    assert "nobody has invited Carol" in printed


async def test_without_slixmpp_one_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert await play.play(stay=False, log=structlog.stdlib.get_logger()) == 1
    assert capsys.readouterr().err == (
        "crossroom demo needs slixmpp for its XMPP participants: pip install 'crossroom[demo]'\n"
    )


async def test_an_address_that_cannot_be_had_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_port(wanted: int, *kinds: str) -> int:
        raise OSError(f"no free port on loopback for {wanted} {kinds[0]}")

    monkeypatch.setattr(play, "port_for", no_port)
    assert await play.play(stay=True, log=structlog.stdlib.get_logger()) == 1
    assert capsys.readouterr().err == ("crossroom demo cannot run: no free port on loopback for 5060 tcp\n")
