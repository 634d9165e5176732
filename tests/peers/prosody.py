"""A real Prosody for a test: users, a component port for Crossroom, and rooms of its own.

It runs examples/prosody/prosody.cfg.lua; the `local` values at the top of that file are replaced by the test's.
"""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from peers.process import EXAMPLES, Program, free_port, need
from peers.xmpp_user import XmppUser

HOST = "127.0.0.1"
USERS = {"bob": "bob-secret", "dora": "dora-secret"}


@dataclass(frozen=True, slots=True)
class Prosody:
    """A running XMPP server."""

    program: Program
    user_domain: str
    room_domain: str
    own_muc_domain: str
    secret: str  # of the component
    users: Mapping[str, str]
    component_port: int
    client_port: int
    server_port: int

    def user(self, name: str, *, resource: str = "peer") -> XmppUser:
        """Return one of the server's users, to be entered with `async with`."""
        return XmppUser(
            name,
            self.user_domain,
            server=(HOST, self.client_port),
            password=self.users[name],
            resource=resource,
        )


def configuration(values: Mapping[str, str | int | bool]) -> str:
    """Return the example configuration with its `local name = value` lines replaced."""
    text = (EXAMPLES / "prosody" / "prosody.cfg.lua").read_text()
    for name, value in values.items():
        written = f'"{value}"' if isinstance(value, str) else str(value).lower()
        found = re.search(rf"^local {name} = .*$", text, re.MULTILINE)
        if found is None:
            raise LookupError(f"the example has no value {name!r}")
        text = text.replace(found[0], f"local {name} = {written}")
    return text


@asynccontextmanager
async def prosody(
    folder: Path,
    *,
    user_domain: str = "xmpp.example",
    room_domain: str = "conference.example",
    users: Mapping[str, str] = USERS,
    secret: str = "component-secret",
) -> AsyncIterator[Prosody]:
    """Run Prosody in `folder` with those users (name to password)."""
    binary = need("prosody")
    ports = {name: free_port() for name in ("component_port", "client_port", "server_port")}
    own_muc_domain = f"rooms.{user_domain}"
    values: dict[str, str | int | bool] = {
        "user_domain": user_domain,
        "room_domain": room_domain,
        "own_muc_domain": own_muc_domain,
        "shared_secret": secret,
        "listen_address": HOST,
        "data_folder": str(folder),
        "certificate_folder": str(folder),
        "demand_encryption": False,
        "allow_root": True,
        **ports,
    }
    path = folder / "prosody.cfg.lua"
    path.write_text(configuration(values))
    write_accounts(folder, user_domain, users)
    async with Program("prosody", [binary, "-F", "--config", str(path)], folder) as program:
        for service in ("c2s", "component"):
            await program.until_output(rf"Activated service '{service}' on [^\n]*\d", within=20)
        for host in (user_domain, room_domain, own_muc_domain):
            await program.until_output(rf"{re.escape(host)}:tls\s+info\s+Certificates loaded")
        yield Prosody(program, user_domain, room_domain, own_muc_domain, secret, users, **ports)


def write_accounts(folder: Path, domain: str, users: Mapping[str, str]) -> None:
    """Write accounts where Prosody's internal storage looks; it hashes each password at the first login."""
    accounts = folder / _encoded(domain) / "accounts"
    accounts.mkdir(parents=True)
    for name, password in users.items():
        (accounts / f"{_encoded(name)}.dat").write_text(f'return {{ ["password"] = "{password}" }};\n')


def _encoded(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", lambda found: f"%{ord(found[0]):02x}", text)
