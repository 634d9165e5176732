from crossroom.room.address import Address, EndpointId
from crossroom.room.nickname import comparison_key
from crossroom.room.roster import Participant, Roster, Seat, person_of
from crossroom.room.standing import Affiliation, Role
from stage import address, nick


def participant(name: str) -> Participant:
    nickname = nick(name)
    return Participant(
        nickname, comparison_key(nickname), address(name).key, Role.PARTICIPANT, Affiliation.NONE
    )


def seat(owner: Participant, name: str, device: str = "phone") -> Seat:
    return Seat(EndpointId(name), owner, Address(*owner.person, device=device), "id")


def test_anonymous_people_are_not_one_person() -> None:
    nobody = Address("anonymous", "Anonymous.invalid")
    assert person_of(nobody, EndpointId("e1")) != person_of(nobody, EndpointId("e2"))
    assert person_of(address("Ana"), EndpointId("e1")) == person_of(address("Ana", "pc"), EndpointId("e2"))


def test_participant_is_there_as_long_as_one_seat_is() -> None:
    roster, ana = Roster(), participant("Ana")
    phone, laptop = seat(ana, "e1"), seat(ana, "e2", "laptop")
    roster.enter(phone)
    alone = phone.is_last
    roster.enter(laptop)
    assert (alone, phone.is_last) == (True, False)
    assert roster.find(nick("ANA")) is ana
    assert not roster.remove(phone)
    assert roster.remove(laptop)
    assert roster.find(nick("Ana")) is None
    assert len(roster) == 0


def test_seat_is_found_by_its_exact_device_only() -> None:
    roster, ana = Roster(), participant("Ana")
    phone = seat(ana, "e1")
    roster.enter(phone)
    assert roster.seat_of(Address("ANA", "x.example", device="phone")) is phone
    assert roster.seat_of(Address("ana", "x.example", device="Phone")) is None
    assert roster.seat_of(Address("ana", "x.example")) is None


def test_nickname_is_open_to_its_holder_and_closed_to_others() -> None:
    roster, ana = Roster(), participant("Ana")
    roster.enter(seat(ana, "e1"))
    assert roster.is_open(nick("ana"), ana.person, 0.0)
    assert not roster.is_open(nick("ana"), ("eve", "x.example"), 0.0)
    assert roster.is_open(nick("Eve"), ("eve", "x.example"), 0.0)


def test_kept_nickname_is_open_to_its_person_and_to_all_when_the_time_is_over() -> None:
    roster, ana, bob = Roster(), participant("Ana"), participant("Bob")
    roster.hold(ana, 30.0, 0.0)
    assert roster.is_open(nick("Ana"), ana.person, 10.0)
    assert not roster.is_open(nick("Ana"), bob.person, 10.0)
    assert roster.is_open(nick("Ana"), bob.person, 30.0)
    roster.hold(bob, 90.0, 60.0)
    assert list(roster.holds) == [bob.key]
    roster.enter(seat(bob, "e1"))
    assert roster.holds == {}


def test_renaming_moves_all_seats_and_joins_the_same_persons_participant() -> None:
    roster, ana = Roster(), participant("Ana")
    phone, laptop = seat(ana, "e1"), seat(ana, "e2", "laptop")
    roster.enter(phone)
    roster.enter(laptop)
    assert roster.rename(ana, nick("Anna")) is ana
    assert list(roster.participants) == ["anna"]
    other = participant("Ana")
    tablet = seat(other, "e3", "tablet")
    roster.enter(tablet)
    assert roster.rename(ana, nick("ANA")) is other
    assert phone.participant is laptop.participant is tablet.participant is other
    assert list(roster.participants) == ["ana"]
    assert [each.endpoint for each in roster] == ["e1", "e2", "e3"]


def test_renaming_in_another_case_keeps_the_participant() -> None:
    roster, ana = Roster(), participant("Ana")
    roster.enter(seat(ana, "e1"))
    assert roster.rename(ana, nick("ANA")) is ana
    assert roster.find(nick("ana")) is ana
    assert ana.nickname == "ANA"


def test_device_that_came_back_stays_findable_when_its_old_seat_goes() -> None:
    roster, ana = Roster(), participant("Ana")
    old, new = seat(ana, "e1"), seat(ana, "e2")
    roster.enter(old)
    roster.enter(new)
    roster.remove(old)
    assert roster.seat_of(new.address) is new
    roster.remove(new)
    assert roster.seat_of(new.address) is None
