"""What the server writes to its log: who, where and which call; and never a secret."""

from collections.abc import MutableMapping
from typing import Any

import structlog

from crossroom.config.schema import Account, Component, Configuration, Domain, Msrp, Sip, Xmpp
from crossroom.server import Crossroom
from peers.process import free_port
from peers.sip_participant import SipParticipant

DOMAIN = "conference.example"
SECRETS = ("tea-for-two", "milk-and-sugar", "not-the-password")


def configuration() -> Configuration:
    password, secret, _ = SECRETS
    return Configuration(
        domains=[Domain(DOMAIN)],
        sip=Sip(
            listen=["udp://127.0.0.1:0", "tcp://127.0.0.1:0"],
            trusted=[],
            account=[Account("ana@sip.example", password)],
        ),
        msrp=Msrp(listen=["tcp://127.0.0.1:0"]),
        xmpp=Xmpp(component=[Component(f"tcp://127.0.0.1:{free_port()}", DOMAIN, secret)]),
    )


async def test_a_join_is_logged_with_its_call_and_no_line_has_a_secret() -> None:
    lines: list[dict[str, Any]] = []

    def keep(_: object, level: str, line: MutableMapping[str, Any]) -> str:
        lines.append({**line, "level": level})
        raise structlog.DropEvent

    server = Crossroom(configuration(), structlog.wrap_logger(None, processors=[keep]))
    await server.start()
    at = server.sip.listening[0]
    for password in (SECRETS[2], SECRETS[0]):
        async with SipParticipant("ana", "sip.example", server=(at.host, at.port), password=password) as ana:
            if password == SECRETS[0]:
                await ana.join(f"sip:tea@{DOMAIN}", "Ana")
                await ana.leave()
            else:
                await ana.expects_refused_join(f"sip:tea@{DOMAIN}", 401, 403)
    await server.stop()

    [joined] = [line for line in lines if line["event"] == "joined by SIP"]
    assert joined["person"].startswith("ana@sip.example")
    assert joined["room"] == f"tea@{DOMAIN}"
    assert joined["call_id"]
    assert {"component link down", "ready", "stopped"} <= {line["event"] for line in lines}
    for secret in SECRETS:
        assert secret not in str(lines)
