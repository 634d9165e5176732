import pytest

from crossroom.focus.networks import MAX_REMEMBERED, Networks
from crossroom.room.address import Address, Network
from crossroom.room.reasons import Reason, Refused


class Dns:
    """A lookup that answers from a table and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.now = 0.0
        self.answers = {"sip.example": Network.SIP, "xmpp.example": Network.XMPP}

    async def __call__(self, domain: str) -> Network | None:
        self.asked.append(domain)
        return self.answers.get(domain)


def networks(dns: Dns, keep: float = 300.0) -> Networks:
    return Networks(
        configured={"Table.example": Network.XMPP, "both.example": Network.SIP},
        own={"own.example": Network.SIP, "both.example": Network.XMPP},
        lookup=dns,
        clock=lambda: dns.now,
        keep=keep,
    )


@pytest.mark.parametrize(
    ("address", "network"),
    [
        (Address("ana", "xmpp.example", network=Network.SIP), Network.SIP),
        (Address("ana", "TABLE.example"), Network.XMPP),
        (Address("ana", "own.example"), Network.SIP),
        (Address("ana", "both.example"), Network.SIP),
    ],
)
async def test_scheme_table_and_own_domains_are_never_looked_up(address: Address, network: Network) -> None:
    dns = Dns()
    assert await networks(dns).network_of(address) is network
    assert dns.asked == []


async def test_dns_is_asked_last_and_its_answer_is_kept_for_a_while() -> None:
    dns = Dns()
    choice = networks(dns, keep=10.0)
    for _ in range(3):
        assert await choice.network_of(Address("ana", "XMPP.example")) is Network.XMPP
    assert dns.asked == ["xmpp.example"]
    dns.now = 10.0
    await choice.network_of(Address("ana", "xmpp.example"))
    assert dns.asked == ["xmpp.example"] * 2


async def test_address_on_no_network_is_refused_and_not_asked_again_at_once() -> None:
    dns = Dns()
    choice = networks(dns)
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            await choice.network_of(Address("ana", "nowhere.example"))
        assert refused.value.reason is Reason.UNREACHABLE
    assert dns.asked == ["nowhere.example"]


async def test_number_of_answers_kept_is_bounded() -> None:
    dns = Dns()
    dns.answers = {f"d{number}.example": Network.SIP for number in range(MAX_REMEMBERED + 1)}
    choice = networks(dns)
    for domain in dns.answers:
        await choice.network_of(Address("ana", domain))
    await choice.network_of(Address("ana", f"d{MAX_REMEMBERED}.example"))
    assert len(dns.asked) == MAX_REMEMBERED + 1
    await choice.network_of(Address("ana", "d0.example"))
    assert dns.asked[-1] == "d0.example"
