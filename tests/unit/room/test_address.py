from crossroom.room.address import Address, Network


def test_bare_address_is_the_person() -> None:
    phone = Address("ana", "sip.example", "a1", Network.SIP)
    assert phone.bare == Address("ana", "sip.example", network=Network.SIP)
    person = phone.bare
    assert person.bare is person


def test_same_person_is_the_same_in_any_case_and_on_any_device() -> None:
    assert Address("Ana", "SIP.example", "a1").is_same_person(Address("ana", "sip.example"))
    assert not Address("ana", "sip.example").is_same_person(Address("ann", "sip.example"))


def test_people_who_hide_behind_one_address_are_told_apart_by_device() -> None:
    one, other = (Address("anonymous", "anonymous.invalid", device) for device in ("a1", "b2"))
    assert not one.is_same_person(other)
    assert one.is_same_person(Address("Anonymous", "Anonymous.invalid", "a1"))


def test_address_is_written_for_logs() -> None:
    assert str(Address("ana", "sip.example", "a1", Network.SIP)) == "sip:ana@sip.example/a1"
    assert str(Address("", "sip.example")) == "sip.example"
