"""A real Kamailio for a test: registrar and record-routing proxy, run with examples/kamailio/kamailio.cfg.

The values at the top of that file are replaced by the test's; the rest is what operators run.
"""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from peers.process import EXAMPLES, Program, free_port, need

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Kamailio:
    """A running proxy."""

    program: Program
    port: int
    tls_port: int
    websocket_port: int

    @property
    def address(self) -> tuple[str, int]:
        """Where it takes SIP by UDP and TCP: the `server` of a SipParticipant."""
        return HOST, self.port

    async def expects_request(self, method: str, call_id: str, *, times: int = 1) -> None:
        """Wait until a request inside that dialog has passed (WITH_REQUEST_LOG), so many times."""
        line = rf"request {method} \S+ from \S+ Call-ID {re.escape(call_id)} To-tag (?!<null>)\S"
        await self.program.until_output(rf"(?s)({line}.*?){{{times}}}")

    @property
    def route(self) -> str:
        """Its URI as an outbound proxy."""
        return f"sip:{HOST}:{self.port};lr"


def configuration(values: dict[str, str], example: str = "kamailio.cfg") -> str:
    """Return an example configuration with the values of its `#!substdef "!NAME!value!g"` lines replaced."""
    text = (EXAMPLES / "kamailio" / example).read_text()
    for name, value in values.items():
        found = re.search(rf'^#!substdef "!{name}!.*!g"$', text, re.MULTILINE)
        if found is None:
            raise LookupError(f"the example has no value {name!r}")
        text = text.replace(found[0], f'#!substdef "!{name}!{value}!g"')
    return text


@asynccontextmanager
async def kamailio(  # noqa: PLR0913 - keyword settings of a test
    folder: Path,
    *,
    crossroom_port: int,
    crossroom_transport: str = "udp",
    user_domain: str = "sip.example",
    room_domains: Sequence[str] = ("conference.example",),
    xmpp_domains: Sequence[str] = ("xmpp.example",),
    options: Sequence[str] = (),
    certificate: Path | None = None,
    key: Path | None = None,
) -> AsyncIterator[Kamailio]:
    """Run Kamailio in `folder`.

    Rooms and XMPP users are looked for at `crossroom_port`; options are the WITH_... parts of the example
    (WITH_TLS wants certificate and key in PEM).
    """
    binary = need("kamailio")
    ports = {"LISTEN_PORT": free_port(), "TLS_PORT": free_port(), "WEBSOCKET_PORT": free_port()}
    values = {
        "LISTEN_IP": HOST,
        **{name: str(port) for name, port in ports.items()},
        "USER_DOMAIN": user_domain,
        "ROOM_DOMAINS": ",".join(room_domains),
        "XMPP_DOMAINS": ",".join(xmpp_domains),
        "CROSSROOM_URI": f"sip:{HOST}:{crossroom_port};transport={crossroom_transport}",
    }
    if certificate and key:
        values |= {"TLS_CERTIFICATE": str(certificate), "TLS_KEY": str(key)}
    path = folder / "kamailio.cfg"
    path.write_text(configuration(values))
    command = [binary, "-DD", "-E", "-f", str(path), "-Y", str(folder), "-P", str(folder / "pid"), "-m", "32"]
    command += [argument for option in options for argument in ("-A", option)]
    async with Program("kamailio", command, folder) as program:
        await program.until_output("ready to take requests", within=20)
        yield Kamailio(program, *ports.values())
