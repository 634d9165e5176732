"""The commands: each a few lines that call something with a name. `--help` teaches."""

import asyncio
import os
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from crossroom import __version__
from crossroom.cli.logs import open_log
from crossroom.config.listing import listing
from crossroom.config.load import ConfigurationError, load
from crossroom.config.schema import Configuration, LogFormat, LogLevel

app = typer.Typer(
    name="crossroom",
    help="One chat room for SIP and XMPP users.\n\nStart with: crossroom demo",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
ConfigurationFile = Annotated[
    Path | None,
    typer.Option("--config", "-c", metavar="FILE", help="TOML file; without it: standalone on loopback."),
]


@app.callback(invoke_without_command=True)
def crossroom(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """Answer --version; everything else is a command."""
    if version:
        typer.echo(f"crossroom {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Stop after the script; exit 1 if a step failed.")
    ] = False,
    log_level: Annotated[
        LogLevel, typer.Option(help="How much of the server's own log is shown.")
    ] = LogLevel.WARNING,
) -> None:
    """See it work: SIP and XMPP participants meet in one room on this machine, nothing else needed.

    Plays a scripted conversation over real sockets and checks every step; then keeps the room open and says how
    to join it with your own clients.
    """
    from crossroom.demo.play import play

    log = open_log(log_level, LogFormat.TEXT)
    raise typer.Exit(_run(play(stay=not once, log=log)))


@app.command()
def serve(config: ConfigurationFile = None) -> None:
    """Run the server until SIGTERM or Ctrl-C, then say goodbye to everybody and stop."""
    from crossroom.server import serve as run_server

    configuration = _configuration(config)
    log = open_log(configuration.server.log_level, configuration.server.log_format)
    try:
        raise typer.Exit(_run(run_server(configuration, log)))
    except OSError as error:
        typer.secho(f"crossroom cannot start: {error}", fg="red", err=True)
        raise typer.Exit(1) from None


@app.command()
def check(config: ConfigurationFile = None) -> None:
    """Look whether the server would work: certificates, secrets, addresses, XMPP server, proxy, DNS; exit 1 if not."""
    configuration = _configuration(config)
    raise typer.Exit(_run(_check(configuration, config)))


@app.command()
def config() -> None:
    """Print every setting with its default and one line of meaning, as a file to start from."""
    typer.echo(listing(), nl=False)


async def _check(configuration: Configuration, file: Path | None) -> int:
    """Print one line for each finding; the exit status: 1 when something would stop a server."""
    from crossroom.check import Finding, Verdict
    from crossroom.check import check as findings
    from crossroom.net.dns import DnsNames

    colours = {Verdict.OK: "green", Verdict.NOTE: "yellow", Verdict.WRONG: "red"}
    is_wrong = False

    def show(finding: Finding) -> None:
        verdict = typer.style(f"{finding.verdict:<5}", fg=colours[finding.verdict])
        typer.echo(f"{verdict}  {finding.what}: {finding.text}")

    show(Finding(Verdict.OK, "configuration", str(file) if file else "built in: everything on loopback"))
    log = open_log(LogLevel.ERROR, LogFormat.TEXT)
    async for finding in findings(configuration, DnsNames(), datetime.now(UTC), log):
        is_wrong |= finding.verdict is Verdict.WRONG
        show(finding)
    return int(is_wrong)


def _configuration(file: Path | None) -> Configuration:
    try:
        return load(file, os.environ)
    except ConfigurationError as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(2) from None


def _run(main: Coroutine[Any, Any, int]) -> int:
    """Run on uvloop where it exists: a third of the CPU per message (docs/decisions/0006-uvloop.md)."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    try:
        return uvloop.run(main)
    finally:
        main.close()  # Ctrl-C before it has begun: it will not
