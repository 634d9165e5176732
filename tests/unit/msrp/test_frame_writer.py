"""msrp/frame_writer.py: one frame out, nothing injected."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossroom.machine import LocalProtocolError
from crossroom.msrp.frame_writer import PLAIN_RESPONSE, build_frame, build_response, is_in_body, is_line

PATHS = (("To-Path", "msrp://a:1/x;tcp"), ("From-Path", "msrp://b:2/y;tcp"))


def test_frame_without_body_has_no_empty_line() -> None:
    assert build_frame("a1b2", "SEND", PATHS) == (
        b"MSRP a1b2 SEND\r\nTo-Path: msrp://a:1/x;tcp\r\nFrom-Path: msrp://b:2/y;tcp\r\n-------a1b2$\r\n"
    )


def test_frame_with_body_keeps_its_octets() -> None:
    built = build_frame("a1b2", "SEND", (*PATHS, ("Content-Type", "x/y")), b"\x00\xff\r\n", "+")
    assert built.endswith(b"Content-Type: x/y\r\n\r\n\x00\xff\r\n\r\n-------a1b2+\r\n")


@pytest.mark.parametrize("value", ["a\r\nb", "a\nb", "a\rb", "a\x00b"])
def test_line_end_or_nul_is_never_written(value: str) -> None:
    with pytest.raises(LocalProtocolError):
        build_frame("a1b2", "SEND", (("X", value),))
    with pytest.raises(LocalProtocolError):
        build_frame("a1b2", f"200 {value}", PATHS)
    assert not is_line(value)


def test_a_value_is_something_that_can_be_printed() -> None:
    assert is_line("message/cpim; x=y")
    assert not is_line("")


@pytest.mark.parametrize("transaction_id", ["", "abc", "-abcd", "a b c", "a" * 33, "abcdé"])
def test_transaction_id_outside_the_grammar_is_never_written(transaction_id: str) -> None:
    with pytest.raises(LocalProtocolError):
        build_frame(transaction_id, "SEND", PATHS)


def test_body_with_the_own_end_line_is_never_written() -> None:
    with pytest.raises(LocalProtocolError):
        build_frame("a1b2", "SEND", PATHS, b"x\r\n-------a1b2$\r\n")
    assert b"-------a1b3" in build_frame("a1b2", "SEND", PATHS, b"x\r\n-------a1b3$\r\n")
    assert is_in_body("a1b2", b"-------a1b2")
    assert not is_in_body("a1b2", b"------a1b2")


VALUES = st.text(st.sampled_from("aZ1 $-:\r\n\0\u00e4"), max_size=6) | st.sampled_from(
    [
        "a1b2",
        "200 OK",
        "481",
        "msrp://a:1/x;tcp",
        "msrp://a:1/x;tcp msrp://b:2/y;tcp",
        "OK\r\nTo-Path: x",
        "a1b2 200",
    ]
)


@given(VALUES, VALUES, VALUES, VALUES)
def test_response_is_written_as_any_frame_or_refused_as_any(
    transaction_id: str, action: str, to_path: str, from_path: str
) -> None:
    paths = (("To-Path", to_path), ("From-Path", from_path))
    try:
        expected = build_frame(transaction_id, action, paths)
    except LocalProtocolError:
        with pytest.raises(LocalProtocolError):
            build_response(transaction_id, action, to_path, from_path)
    else:
        assert build_response(transaction_id, action, to_path, from_path) == expected


def test_usual_response_is_known_at_one_look() -> None:
    assert PLAIN_RESPONSE.fullmatch(build_response("a1b2", "200 OK", "msrp://a:1/x;tcp", "msrp://b:2/y;tcp"))
