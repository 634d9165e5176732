"""The order of RFC 3263 over names that a test makes up."""

from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import dns.asyncresolver
import pytest

from crossroom.net.dns import DnsNames, Pointer, Service, SipResolver, in_order, system_resolver
from crossroom.sip.hop import Hop
from crossroom.sip.uri import SipUri


@dataclass
class MadeUpNames:
    a: dict[str, list[str]] = field(default_factory=dict)
    srv: dict[str, list[Service]] = field(default_factory=dict)
    naptr: dict[str, list[Pointer]] = field(default_factory=dict)

    async def addresses(self, name: str) -> list[str]:
        return self.a.get(name, [])

    async def services(self, name: str) -> list[Service]:
        return self.srv.get(name, [])

    async def pointers(self, name: str) -> list[Pointer]:
        return self.naptr.get(name, [])


NAMES = MadeUpNames(
    a={"one": ["192.0.2.1", "2001:db8::1"], "two": ["192.0.2.2"], "plain.example": ["192.0.2.9"]},
    srv={
        "_sip._tcp.full.example": [Service(10, 0, 5070, "one"), Service(5, 0, 5080, "two")],
        "_sip._udp.srv.example": [Service(1, 1, 5090, "one")],
        "_sips._tcp.full.example": [Service(1, 1, 5071, "two")],
        "_sip._udp.none.example": [Service(1, 1, 5090, ".")],
    },
    naptr={
        "full.example": [
            Pointer(20, 1, "SIP+D2U", "_sip._udp.full.example"),
            Pointer(10, 1, "SIP+D2W", "_sip._ws.full.example"),
            Pointer(10, 2, "SIP+D2T", "_sip._tcp.full.example"),
            Pointer(5, 1, "SIPS+D2T", "_sips._tcp.full.example"),
        ]
    },
)
FROM_TCP = [
    Hop("TCP", "192.0.2.2", 5080, "full.example"),
    Hop("TCP", "192.0.2.1", 5070, "full.example"),
    Hop("TCP", "2001:db8::1", 5070, "full.example"),
]


@pytest.mark.parametrize(
    ("uri", "hops"),
    [
        ("sip:192.0.2.77:5099", [Hop("UDP", "192.0.2.77", 5099, "192.0.2.77")]),
        ("sip:two:5099;transport=tcp", [Hop("TCP", "192.0.2.2", 5099, "two")]),
        ("sip:full.example;transport=tcp", FROM_TCP),
        ("sip:full.example", FROM_TCP),
        ("sips:full.example", [Hop("TLS", "192.0.2.2", 5071, "full.example")]),
        ("sip:srv.example", [
            Hop("UDP", "192.0.2.1", 5090, "srv.example"), Hop("UDP", "2001:db8::1", 5090, "srv.example")
        ]),
        ("sip:plain.example", [Hop("UDP", "192.0.2.9", 5060, "plain.example")]),
        ("sip:plain.example;transport=tcp", [Hop("TCP", "192.0.2.9", 5060, "plain.example")]),
        ("sips:plain.example", [Hop("TLS", "192.0.2.9", 5061, "plain.example")]),
        ("sip:none.example", []),
        # RFC 3263 §4: the target is maddr; the name that a certificate must have stays that of the URI
        ("sip:b.example;maddr=192.0.2.5", [Hop("UDP", "192.0.2.5", 5060, "b.example")]),
        ("sip:b.example:5099;maddr=two;transport=tcp", [Hop("TCP", "192.0.2.2", 5099, "b.example")]),
        ("sip:b.example;maddr=plain.example", [Hop("UDP", "192.0.2.9", 5060, "b.example")]),
        ("sip:b.example;maddr=plain.example;transport=tcp", [Hop("TCP", "192.0.2.9", 5060, "b.example")]),
    ],
)  # fmt: skip
async def test_a_uri_leads_to_its_servers_in_order(uri: str, hops: list[Hop]) -> None:
    spoken = frozenset({"UDP", "TCP", "TLS"}) if uri.startswith("sips") else frozenset({"UDP", "TCP"})
    resolver = SipResolver(NAMES, lambda: spoken, Random(1))
    assert await resolver.hops(SipUri.parse(uri)) == hops


def test_servers_of_one_priority_share_by_weight() -> None:
    records = [Service(1, 90, 1, "heavy"), Service(1, 10, 1, "light"), Service(0, 0, 1, "first")]
    random = Random(7)
    second = [in_order(records, random)[1].target for _ in range(200)]
    assert 150 < second.count("heavy") < 200
    assert in_order(records, random)[0].target == "first"


async def test_a_name_server_that_is_not_there_gives_nothing() -> None:
    nowhere = dns.asyncresolver.Resolver(configure=False)
    nowhere.nameservers = ["127.0.0.1"]
    nowhere.port = 9
    names = DnsNames(lifetime=0.05, resolver=nowhere)
    assert await names.services("_sip._udp.sip.example") == []
    assert await names.pointers("sip.example") == []


async def test_the_hosts_file_of_the_system_counts() -> None:
    assert "127.0.0.1" in await DnsNames().addresses("localhost")
    assert await DnsNames().addresses("no host\x00") == []


async def test_a_machine_without_name_servers_learns_nothing_and_runs(tmp_path: Path) -> None:
    names = DnsNames(lifetime=1.0, resolver=system_resolver(str(tmp_path / "resolv.conf")))
    assert await names.services("_sip._udp.sip.example") == []
    assert await names.pointers("sip.example") == []


BROWSER = "b1c2.invalid"


@pytest.mark.parametrize(
    "uri", [f"sip:a@{BROWSER}", f"sip:a@{BROWSER}:5060", f"sip:a@{BROWSER};transport=ws"]
)
async def test_nobody_is_asked_where_a_browser_is(uri: str) -> None:
    names = MadeUpNames(
        a={BROWSER: ["192.0.2.66"]}, srv={f"_sip._ws.{BROWSER}": [Service(1, 1, 80, BROWSER)]}
    )
    resolver = SipResolver(names, lambda: frozenset({"UDP", "TCP", "WS"}), Random(1))
    assert await resolver.hops(SipUri.parse(uri)) == []
