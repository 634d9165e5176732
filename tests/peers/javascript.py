"""User agents in JavaScript, with the SIP of SIP.js: examples/browser as a page in Chromium, or its parts in Node.js.

SIP.js is not ours and shares no code with the peers here; its MSRP is examples/browser/msrp.js.
"""

import asyncio
import json
import shutil
import subprocess
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from peers.conference_document import ConferenceRoster
from peers.devtools import DevTools, Report, devtools
from peers.process import EXAMPLES, Program, need
from peers.transcript import DEFAULT_TIMEOUT

HOST = "127.0.0.1"
SOURCES = (EXAMPLES / "browser", Path(__file__).parent / "javascript")
CHROMIUM = (
    "--headless",
    "--no-sandbox",  # a container's root has no namespaces to give
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
    "--window-size=900,760",
)


def install(folder: Path, *sources: Path) -> Path:
    """Copy the sources (else the example and its participant) into `folder`, with what package-lock.json names."""
    node, npm = need("node"), need("npm")
    for source in sources or SOURCES:
        shutil.copytree(source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, f"{node}: npm ci failed\n{done.stdout}{done.stderr}"
    return folder


# ---- Node.js -----------------------------------------------------------------------------------------------


class NodeParticipant:
    """A user in a Node.js process; `participant.js` has the other half."""

    def __init__(self, tools: DevTools) -> None:
        self._tools = tools

    async def do(self, what: str, *arguments: object) -> Any:
        """Have participant.js do something; the value of what it promises."""
        return await self._tools.call(f"participant.{what}", *arguments)

    async def expects(self, kind: str, **fields: object) -> Report:
        """Wait for a report of that kind with those fields."""
        return await self._tools.reports.take(
            lambda report: report["kind"] == kind and fields.items() <= report.items(),
            wanted=f"{kind} {fields}",
        )


class NodeUser(NodeParticipant):
    """A user of SIP.js."""

    def __init__(self, tools: DevTools, address: str) -> None:
        super().__init__(tools)
        self.address = address
        self.roster = ConferenceRoster()

    async def expects_roster(self, *names: str) -> None:
        """Wait until the NOTIFYs add up to these names."""
        async with asyncio.timeout(DEFAULT_TIMEOUT):
            while self.roster.names != set(names):
                self.roster.apply((await self.expects("roster"))["xml"].encode())

    def entity(self, name: str) -> str:
        """Return the URI of a participant."""
        return next(entity for entity, user in self.roster.users.items() if user.name == name)


@asynccontextmanager
async def node_user(
    installed: Path, server: str, address: str, *, password: str = "", authority: Path | None = None
) -> AsyncIterator[NodeUser]:
    """Run Node.js with one user of a server (ws://… or wss://…); `authority` signs its certificate."""
    environment = {"NODE_EXTRA_CA_CERTS": str(authority)} if authority else {}
    async with participant_js(installed, address, environment) as tools:
        user = NodeUser(tools, address)
        await user.do("start", {"server": server, "address": address, "password": password})
        try:
            yield user
        finally:
            await user.do("stop")


@asynccontextmanager
async def participant_js(
    installed: Path, name: str, environment: Mapping[str, str] | None = None
) -> AsyncIterator[DevTools]:
    """Run the participant.js that was installed there."""
    command = [need("node"), f"--inspect={HOST}:0", "participant.js"]
    async with Program(f"node {name}", command, installed, environment) as program:
        listening = await program.until_output(r"Debugger listening on (ws://\S+)", within=20)
        await program.until_output("participant is here", within=20)
        async with devtools(listening[1], program.transcript) as tools:
            yield tools


# ---- Chromium ----------------------------------------------------------------------------------------------


class Page:
    """examples/browser as a person sees and uses it."""

    def __init__(self, tools: DevTools) -> None:
        self.tools = tools

    async def fill(self, form: str, **fields: str) -> None:
        """Type into the fields of a form."""
        await self.tools.call(
            "(form, fields) => { for (const [name, value] of Object.entries(fields))"
            " document.getElementById(form).elements[name].value = value; }",
            form,
            fields,
        )

    async def press(self, selector: str) -> None:
        """Press a button."""
        await self.tools.call("(selector) => document.querySelector(selector).click()", selector)

    async def choose(self, selector: str, label: str) -> None:
        """Choose an entry of a list by what it shows."""
        await self.tools.call(
            "(selector, label) => { const list = document.querySelector(selector);"
            " list.value = [...list.options].find((each) => each.text === label).value; }",
            selector,
            label,
        )

    async def shows(self, selector: str, text: str) -> None:
        """Wait until what is visible of an element has this text."""
        await self._until(f"shown({json.dumps(selector)}).includes({json.dumps(text)})")

    async def hides(self, selector: str) -> None:
        """Wait until nothing of an element is to be seen."""
        await self._until(f"shown({json.dumps(selector)}) === ''")

    async def shows_list(self, selector: str, *entries: str) -> None:
        """Wait until a list has exactly these entries, in any order."""
        wanted = json.dumps(sorted(entries))
        await self._until(f"JSON.stringify(entries({json.dumps(selector)})) === JSON.stringify({wanted})")

    async def _until(self, claim: str) -> None:
        """Wait for a change of the page after which the claim holds."""
        await self.tools.run(
            f"""(() => {{
              const shown = (selector) => [...document.querySelectorAll(selector)]
                .filter((each) => each.checkVisibility()).map((each) => each.textContent).join("\\n");
              const entries = (selector) => [...document.querySelectorAll(selector)]
                .map((each) => each.textContent).sort();
              return new Promise((resolve, reject) => {{
                const seen = new MutationObserver(look);
                const late = setTimeout(() => reject(new Error("the page shows: " + document.body.innerText)),
                  {DEFAULT_TIMEOUT * 900});
                function look() {{
                  if (!({claim})) return;
                  seen.disconnect();
                  clearTimeout(late);
                  resolve();
                }}
                seen.observe(document.body,
                  {{ subtree: true, childList: true, characterData: true, attributes: true }});
                look();
              }});
            }})()"""
        )


@asynccontextmanager
async def served(installed: Path) -> AsyncIterator[str]:
    """Serve the example by HTTP; its origin."""
    app = web.Application()
    app.router.add_static("/", installed)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, 0).start()
        yield f"http://{HOST}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def chromium_page(folder: Path, url: str, certificate: bytes) -> AsyncIterator[Page]:
    """Run Chromium with one page; it takes servers with this certificate (PEM) for who they say they are."""
    key = x509.load_pem_x509_certificate(certificate).public_key()
    pin = b64encode(sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest())
    trust = f"--ignore-certificate-errors-spki-list={pin.decode()}"
    profile = f"--user-data-dir={folder / 'profile'}"
    command = [need("chromium"), *CHROMIUM, trust, profile, "about:blank"]
    async with Program("chromium", command, folder) as program:
        listening = await program.until_output(r"DevTools listening on ws://([^/]+)/", within=30)
        async with aiohttp.ClientSession() as http:
            targets = await (await http.get(f"http://{listening[1]}/json/list")).json()
        target = next(each["webSocketDebuggerUrl"] for each in targets if each["type"] == "page")
        async with devtools(target, program.transcript) as tools:
            await tools.command("Page.enable")
            await tools.command("Log.enable")
            await tools.command("Page.navigate", url=f"{url}/index.html")
            await tools.reports.take(lambda report: report["kind"] == "loaded", within=20)
            yield Page(tools)
