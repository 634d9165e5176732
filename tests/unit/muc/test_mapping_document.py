"""docs/mapping.md says what the code does: its tables of this face are compared with ours."""

from pathlib import Path

from crossroom.muc.reasons import ERRORS, JOIN_ERRORS, REASONS, STATUS_CODES
from crossroom.room.reasons import Departure, Reason
from crossroom.xmpp.jid import Jid, escape_local, unescape_local

DOCUMENT = Path(__file__).parents[3] / "docs" / "mapping.md"


def rows(heading: str) -> list[list[str]]:
    """The table below a heading, without its own heading."""
    section = DOCUMENT.read_text().split(f"### {heading}", 1)[1].split("\n#", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_document_names_every_departure_with_its_codes() -> None:
    named = {
        Departure(row[0]): tuple(int(code) for code in row[1].split() if code != "-") for row in rows("3.14")
    }
    assert named == dict(STATUS_CODES)


def test_the_document_names_every_condition_with_its_reason() -> None:
    assert {row[0]: row[1] for row in rows("4.1")} == {str(key): str(value) for key, value in REASONS.items()}


def test_the_document_names_every_reason_with_its_errors() -> None:
    found = {Reason(row[0]): row[1:] for row in rows("4.2")}
    assert set(found) == set(Reason)
    for reason, (condition, kind, joining) in found.items():
        assert (condition, kind) == ERRORS[reason]
        other = JOIN_ERRORS[reason]
        assert joining == ("same" if other == ERRORS[reason] else f"{other[0]} ({other[1]})")


def test_the_document_says_what_a_failure_in_msrp_looks_like() -> None:
    for _, reason, _, error in rows("4.3"):
        condition, kind = ERRORS[Reason(reason)]
        assert error == f"{condition} ({kind})"


def test_localparts_of_the_document_are_canonical() -> None:
    section = DOCUMENT.read_text().split("\n## 1. ", 1)[1].split("\n#", 1)[0]
    localparts = [line.split("`")[1] for line in section.splitlines() if line.startswith("| `")]
    assert localparts
    for localpart in localparts:
        assert escape_local(unescape_local(localpart)) == localpart
        assert str(Jid.parse(f"{localpart}@x.example")) == f"{localpart}@x.example"
