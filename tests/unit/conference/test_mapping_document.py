"""docs/mapping.md says what the code does: its tables of addresses and of SIP and MSRP are compared with ours."""

from pathlib import Path

import pytest

from crossroom.conference.addresses import address_of, aor_of, escape_local, unescape_local
from crossroom.conference.departures import cause_of, disconnection_method
from crossroom.conference.reasons import (
    Context,
    msrp_status,
    outcome_of_sip,
    reason_of_msrp,
    reason_of_nickname,
    reason_of_sip,
    sip_status,
)
from crossroom.focus.interface import Answer
from crossroom.room.address import Address
from crossroom.room.reasons import Departure, Reason
from crossroom.sip.uri import parse_uri

DOCUMENT = Path(__file__).parents[3] / "docs" / "mapping.md"


def rows(heading: str) -> list[list[str]]:
    """The first table below a heading, without its own heading."""
    section = DOCUMENT.read_text().split(f"\n{heading}", 1)[1].split("\n#", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.mark.parametrize(("localpart", "user"), rows("## 1. "))
def test_a_localpart_and_a_user_of_the_table_are_the_same_person(localpart: str, user: str) -> None:
    person = Address(unescape_local(localpart), "x.example")
    assert str(aor_of(person)) == f"sip:{user}@x.example"
    assert escape_local(address_of(parse_uri(f"sip:{user}@x.example")).user) == localpart


def test_the_document_names_every_departure_with_its_words_in_sip() -> None:
    named = {Departure(row[0]): tuple(row[1:]) for row in rows("#### The same on SIP")}
    assert named == {each: (str(cause_of(each)), disconnection_method(each)) for each in Departure}


def test_the_document_names_every_reason_with_its_statuses() -> None:
    named = {Reason(row[0]): row[1:] for row in rows("#### Reasons to SIP and MSRP")}
    assert set(named) == set(Reason)
    for reason, (sip, retry_after, msrp) in named.items():
        status, other = sip_status(reason), msrp_status(reason)
        assert sip == f"{status.code} {status.phrase}"
        assert retry_after == ("-" if status.retry_after is None else str(status.retry_after))
        assert msrp == f"{other.code} {other.comment}"


def test_the_document_says_what_every_sip_failure_means() -> None:
    table = rows("#### SIP failures to reasons")
    named = {int(code): row[1:] for row in table for code in row[0].split(",")}
    by_class = {3: Reason.MOVED, 4: Reason.MALFORMED, 5: Reason.REMOTE_FAULT, 6: Reason.DECLINED}
    for code in range(300, 700):
        joining, inviting, declined = named.get(code, [by_class[code // 100]] * 2 + ["-"])
        assert reason_of_sip(code) == joining, code
        assert reason_of_sip(code, context=Context.INVITE) == inviting, code
        assert (outcome_of_sip(code).answer is Answer.DECLINED) == (declined == "yes"), code


def test_the_document_says_what_every_msrp_failure_means() -> None:
    named = {int(row[0]): row[1:3] for row in rows("### 4.3")}
    for code in range(400, 500):
        said, renaming = named.get(code, [Reason.MALFORMED] * 2)
        assert (reason_of_msrp(code), reason_of_nickname(code)) == (said, renaming), code
    for code in range(500, 600):
        said, renaming = named.get(code, [Reason.REMOTE_FAULT] * 2)
        assert (reason_of_msrp(code), reason_of_nickname(code)) == (said, renaming), code
