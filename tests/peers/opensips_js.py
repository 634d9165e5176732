"""A user of opensips-js (npm), whose SIP and MSRP are both not ours: in a browser's place, behind an MSRP relay.

It reaches its relay by WebSocket (RFC 7977) and logs in there by AUTH (RFC 4976). It writes one frame for a message of
any length, a Byte-Range of `1-25/25` for each, and a REPORT for everything that it is sent; it knows neither chunks
nor nicknames. `participant.js` says what is added to it here.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from peers.javascript import NodeParticipant, install, participant_js

SOURCE = Path(__file__).parent / "opensips_js"


def install_opensips_js(folder: Path) -> Path:
    """Put it into `folder`, as its package-lock.json names it."""
    return install(folder, SOURCE)


@asynccontextmanager
async def opensips_js_user(  # noqa: PLR0913 - keyword settings of a test
    installed: Path, name: str, *, room: str, proxy: str, relay: str, takes_cpim: bool = True
) -> AsyncIterator[NodeParticipant]:
    """Run name@sip.example, who will join a room (`sip:tea@conference.example`).

    `proxy` is the address of a SIP proxy (ws://…), `relay` the host and port of a relay whose realm is the domain of the
    room: opensips-js knows only one domain. Without `takes_cpim` it is as it comes from npm.
    """
    async with participant_js(installed, f"opensips-js {name}") as tools:
        user = NodeParticipant(tools)
        room_domain = room.partition("@")[2]
        options = {
            "user": name,
            "domain": "sip.example",
            "password": f"{name}-secret",
            "room": room,
            "roomDomain": room_domain,
            "proxy": proxy,
            "relay": relay,
            "takesCpim": takes_cpim,
        }
        await user.do("start", options)
        try:
            yield user
        finally:
            await user.do("stop")
