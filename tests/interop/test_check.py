"""`crossroom check` before a real Prosody and a real Kamailio: what it says of each, and its exit status."""

import sys
from pathlib import Path

import pytest

from peers.crossroom import Ports, configuration
from peers.kamailio import kamailio
from peers.process import Program
from peers.prosody import Prosody

pytestmark = pytest.mark.interop


async def checked(folder: Path, text: str) -> tuple[int, str]:
    """The exit status and what was printed."""
    file = folder / "crossroom.toml"
    file.write_text(text)
    command = [sys.executable, "-m", "crossroom", "check", "-c", str(file)]
    async with Program("crossroom check", command, folder) as program:
        return await program.until_ended(), program.output


async def test_what_is_well_with_a_server_and_a_proxy_is_said(tmp_path: Path, xmpp_server: Prosody) -> None:
    ports = Ports.free()
    async with kamailio(tmp_path, crossroom_port=ports.sip) as proxy:
        host, port = proxy.address
        uri = f"sip:{host}:{port};lr"
        status, printed = await checked(tmp_path, configuration(ports, xmpp=xmpp_server, outbound_proxy=uri))
    assert status == 0, printed
    assert f"ok     [[xmpp.component]]: tcp://127.0.0.1:{xmpp_server.component_port} accepts" in printed
    assert f"ok     sip.outbound_proxy: {uri} answers OPTIONS with " in printed
    assert "wrong" not in printed


async def test_a_wrong_secret_is_found_before_the_server_runs(tmp_path: Path, xmpp_server: Prosody) -> None:
    text = configuration(Ports.free(), xmpp=xmpp_server).replace(xmpp_server.secret, "another")
    status, printed = await checked(tmp_path, text)
    assert status == 1
    assert "wrong  [[xmpp.component]]: " in printed
    assert "not-authorized" in printed
