"""The DevTools protocol, by which Chromium and Node.js are told what to do: run JavaScript there, hear what it reports.

Both print where they listen for it. JavaScript reports by calling `report(text)`; that a page is there is a report too.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import aiohttp

from peers.transcript import DEFAULT_TIMEOUT, Inbox, Transcript

Report = dict[str, Any]


class DevTools:
    """One page, or one Node.js process."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, transcript: Transcript) -> None:
        self.transcript = transcript
        self.reports: Inbox[Report] = Inbox(transcript, "report")
        self._socket = socket
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def command(self, method: str, **parameters: object) -> dict[str, Any]:
        """Send a command and return its result; PeerFailure with what the other end says is wrong."""
        number = next(self._numbers)
        answered = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        async with asyncio.timeout(DEFAULT_TIMEOUT):
            answer = await answered
        if "error" in answer:
            raise self.transcript.failure(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    async def run(self, expression: str) -> Any:
        """Run JavaScript, wait for what it promises, and return its value; PeerFailure when it throws."""
        self.transcript.note(expression)
        result = await self.command(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True
        )
        if "exceptionDetails" in result:
            thrown = result["exceptionDetails"].get("exception", {})
            raise self.transcript.failure(f"{expression} threw {thrown.get('description') or thrown}")
        return result["result"].get("value")

    async def call(self, function: str, *arguments: object) -> Any:
        """Call a function with values."""
        return await self.run(f"({function})({', '.join(json.dumps(each) for each in arguments)})")

    async def screenshot(self) -> bytes:
        """Return the page as a picture (PNG)."""
        return base64.b64decode((await self.command("Page.captureScreenshot"))["data"])

    async def read(self) -> None:
        """Take what comes, until the connection is closed."""
        async for message in self._socket:
            told = json.loads(message.data)
            if "id" in told:
                self._waiting.pop(told["id"]).set_result(told)
            elif told["method"] == "Runtime.bindingCalled":
                self.transcript.received("report", told["params"]["payload"])
                self.reports.put(json.loads(told["params"]["payload"]))
            elif told["method"] == "Page.loadEventFired":
                self.reports.put({"kind": "loaded"})
            elif told["method"] in {"Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"}:
                self.transcript.note(json.dumps(told["params"])[:2000])


@asynccontextmanager
async def devtools(url: str, transcript: Transcript) -> AsyncIterator[DevTools]:
    """Connect to where a page or a process says that it listens (`ws://...`)."""
    async with aiohttp.ClientSession() as http, http.ws_connect(url, max_msg_size=0) as socket:
        tools = DevTools(socket, transcript)
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(tools.read())
            await tools.command("Runtime.enable")
            await tools.command("Runtime.addBinding", name="report")
            try:
                yield tools
            finally:
                await socket.close()
                await reading
