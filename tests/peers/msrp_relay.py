"""A real Kamailio as MSRP relay, run with examples/kamailio/msrp-relay.cfg; and AUTH, by which a client logs in there.

RFC 4976: the relay gives the client a URI of its own (Use-Path). Who talks to the client goes there first, and the
client reaches everybody by way of it, on the one connection that it opened.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from peers.kamailio import HOST, configuration
from peers.msrp_frame import MsrpFrame
from peers.msrp_ua import MsrpSession, MsrpUA
from peers.process import Program, free_port, need
from peers.sip_digest import credentials


@dataclass(frozen=True, slots=True)
class MsrpRelay:
    """A running relay; ana and bob have passwords there: ana-secret, bob-secret."""

    program: Program
    port: int
    websocket_port: int

    @property
    def uri(self) -> str:
        """Where AUTH is sent to."""
        return f"msrps://{HOST}:{self.port};tcp"

    async def expects_frame(self, *, kind: str, by_port: int) -> list[str]:
        """Wait for a frame of that method or status by who listens at `by_port`; return its To-Path."""
        found = await self.program.until_output(
            rf"frame (?:{kind} <null>|<null> {kind}) by \S+:{by_port}/\S+ to (\S+) (\S+)"
        )
        return [uri for uri in found.groups() if uri != "<null>"]

    async def log_in(self, ua: MsrpUA, user: str) -> MsrpSession:
        """Return a session of `ua` that is reached by way of this relay; its Tls must expect 127.0.0.1."""
        session = ua.new_session()
        session.bind(await ua.connect((HOST, self.port), "", secure=True))
        challenge = await self._authenticate(session)
        if challenge.kind != "401":
            raise ua.transcript.failure(f"AUTH without credentials was answered {challenge.kind}")
        proof = credentials(
            challenge.get("WWW-Authenticate"),
            method="AUTH",
            uri=self.uri,
            user=user,
            password=f"{user}-secret",
        )
        accepted = await self._authenticate(session, ("Authorization", proof))
        if accepted.kind != "200":
            raise ua.transcript.failure(f"AUTH was answered {accepted.kind} {accepted.comment}")
        session.relay_path = accepted.get("Use-Path")
        return session

    async def _authenticate(self, session: MsrpSession, *headers: tuple[str, str]) -> MsrpFrame:
        # RFC 4976 section 5.1: AUTH, with To-Path the relay and From-Path ourselves
        auth = MsrpFrame("AUTH", [("To-Path", self.uri), ("From-Path", session.uri), *headers])
        session.write(auth)
        return await session.responses.take(
            lambda answer: answer.transaction == auth.transaction, wanted="to AUTH"
        )


@asynccontextmanager
async def msrp_relay(
    folder: Path, *, certificate: Path, key: Path, realm: str = "sip.example"
) -> AsyncIterator[MsrpRelay]:
    """Run the relay in `folder`; the certificate must have the address 127.0.0.1."""
    binary, port, websocket_port = need("kamailio"), free_port(), free_port()
    values = {"LISTEN_IP": HOST, "MSRP_HOST": HOST, "MSRP_PORT": str(port), "USER_DOMAIN": realm}
    values |= {
        "TLS_CERTIFICATE": str(certificate),
        "TLS_KEY": str(key),
        "WEBSOCKET_PORT": str(websocket_port),
    }
    path = folder / "msrp-relay.cfg"
    path.write_text(configuration(values, "msrp-relay.cfg"))
    command = [binary, "-DD", "-E", "-f", str(path), "-Y", str(folder), "-P", str(folder / "pid"), "-m", "32"]
    command += ["-A", "WITH_FRAME_LOG", "-A", "WITH_WEBSOCKET"]
    async with Program("msrp relay", command, folder) as program:
        await program.until_output("ready to relay", within=20)
        yield MsrpRelay(program, port, websocket_port)
