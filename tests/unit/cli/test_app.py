"""What somebody sees who calls `crossroom` wrongly: one line that says what, where and what to do; and a status."""

import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crossroom import __main__
from crossroom.cli.app import app

LOOPBACK = '[sip]\nlisten = ["tcp://127.0.0.1:0"]\n[msrp]\nlisten = ["tcp://127.0.0.1:0"]\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "crossroom.toml"


def served(file: Path, text: str) -> tuple[int, str]:
    """The exit status and what was printed."""
    file.write_text(text)
    result = CliRunner().invoke(app, ["serve", "-c", str(file)])
    return result.exit_code, result.output


def test_a_wrong_configuration_is_one_line_and_2(file: Path) -> None:
    status, printed = served(file, '[sip]\nlisen = ["udp://127.0.0.1:0"]\n')
    assert status == 2
    assert printed.startswith(f"{file}:2: sip.lisen: there is no such setting (did you mean listen?)")
    assert printed.count("\n") == 1


def test_an_address_in_use_is_one_line_and_1(file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"tcp://127.0.0.1:{other.getsockname()[1]}"
        listen = f'[sip]\nlisten = ["{taken}"]\n[msrp]\nlisten = ["tcp://127.0.0.1:0"]\n'
        status, printed = served(file, listen)
    assert (status, printed) == (1, f"crossroom cannot start: {taken}: another program listens there\n")


@pytest.mark.parametrize(
    ("more", "setting"),
    [
        ('[[sip.account]]\nuser = "ana@sip.example"\npassword_file = "{}"\n', "sip.account[0].password_file"),
        (
            '[[xmpp.component]]\nconnect = "tcp://127.0.0.1:1"\ndomain = "conference.localhost"\nsecret_file = "{}"\n',
            "xmpp.component[0].secret_file",
        ),
    ],
)
def test_a_secret_that_cannot_be_read_is_one_line_that_names_its_setting(
    file: Path, more: str, setting: str
) -> None:
    absent, empty = file.with_name("absent"), file.with_name("empty")
    empty.write_text("\nsecond line")
    for secret, why in ((absent, "No such file or directory"), (empty, "its first line is empty")):
        status, printed = served(file, LOOPBACK + more.format(secret))
        assert (status, printed) == (1, f"crossroom cannot start: {setting}: {secret}: {why}\n")


def test_a_certificate_that_cannot_be_read_is_one_line(file: Path) -> None:
    tls = '[tls]\ncertificate = "/nowhere/chain.pem"\nkey = "/nowhere/key.pem"\n'
    status, printed = served(file, LOOPBACK + tls)
    assert status == 1
    assert printed == (
        "crossroom cannot start: certificate /nowhere/chain.pem with key /nowhere/key.pem: "
        "/nowhere/chain.pem: No such file or directory\n"
    )


def test_check_prints_one_line_for_each_finding_and_says_by_its_status_what_would_stop_a_server(
    file: Path,
) -> None:
    def checked(text: str) -> tuple[int, list[str]]:
        file.write_text(text)
        result = CliRunner().invoke(app, ["check", "-c", str(file)])
        return result.exit_code, result.output.splitlines()

    status, lines = checked(LOOPBACK)
    assert status == 0
    assert lines[0] == f"ok     configuration: {file}"
    assert [line[:5] for line in lines] == ["ok   "] * 3
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"tcp://127.0.0.1:{other.getsockname()[1]}"
        status, lines = checked(LOOPBACK.replace("tcp://127.0.0.1:0", taken, 1))
    assert status == 1
    assert lines[1] == f"wrong  sip.listen: {taken}: another program listens there"
    status, lines = checked("[limits]\nrooms = 0\n")
    assert (status, len(lines)) == (2, 1)


def test_every_command_has_help_that_ends_well() -> None:
    listed = CliRunner().invoke(app, ["--help"])
    assert listed.exit_code == 0
    for command in ("demo", "serve", "check", "config"):
        assert command in listed.output
        assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0


def test_ctrl_c_while_loading_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("crossroom.cli.app.app", interrupted)
    with pytest.raises(SystemExit) as ended:
        __main__.main()
    assert ended.value.code == 130
