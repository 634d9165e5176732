"""Which addresses are believed."""

from ipaddress import ip_network

import pytest

from crossroom.sip.trust import Trusted

TRUSTED = Trusted((ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")))


@pytest.mark.parametrize("host", ["10.1.2.3", "2001:db8::1", "::ffff:10.1.2.3"])
def test_an_address_in_a_listed_network_is_believed(host: str) -> None:
    assert TRUSTED.includes(host)


@pytest.mark.parametrize("host", ["192.0.2.1", "::1", "::ffff:192.0.2.1", "proxy.example", ""])
def test_nobody_else_is(host: str) -> None:
    assert not TRUSTED.includes(host)


def test_an_empty_list_trusts_nobody() -> None:
    assert not Trusted().includes("127.0.0.1")
