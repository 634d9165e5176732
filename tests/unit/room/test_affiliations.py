from crossroom.room.address import Address
from crossroom.room.affiliations import Affiliations
from crossroom.room.standing import Affiliation

ANA = Address("ana", "x.example", device="phone")


def test_standing_is_the_persons_whatever_device_or_case() -> None:
    table = Affiliations([(ANA, Affiliation.OWNER)])
    assert table.of(Address("ANA", "X.example", device="laptop")) is Affiliation.OWNER
    assert table.of(Address("bob", "x.example")) is Affiliation.NONE
    assert list(table) == [(ANA.bare, Affiliation.OWNER)]
    assert table.has_owner


def test_domain_counts_for_those_without_an_own_entry() -> None:
    table = Affiliations([(Address("", "x.example"), Affiliation.OUTCAST), (ANA, Affiliation.MEMBER)])
    assert table.of(Address("bob", "x.example")) is Affiliation.OUTCAST
    assert table.of(ANA) is Affiliation.MEMBER
    assert table.of(Address("bob", "y.example")) is Affiliation.NONE
    assert not table.has_owner


def test_none_takes_out_of_the_table_and_a_copy_is_apart() -> None:
    table = Affiliations([(ANA, Affiliation.OWNER)])
    draft = table.copy()
    draft.set(ANA, Affiliation.NONE)
    draft.set(Address("bob", "x.example"), Affiliation.NONE)
    assert (len(draft), len(table)) == (0, 1)
