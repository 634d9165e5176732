from crossroom.sip.layout import Limits, read_head

LIMITS = Limits(head=100, fields=3)


def test_a_head_is_taken_apart_and_unfolded() -> None:
    head = read_head(b"START line\r\nv : a\r\n  b \r\n\tc\r\nX-Y:\r\n z", LIMITS)
    assert head.start == "START line"
    assert head.fields == (("Via", "a b c"), ("X-Y", "z"))
    assert head.fault is None


def test_a_head_too_large_is_read_up_to_its_limit() -> None:
    head = read_head(b"START\r\nVia: a\r\nX: " + 200 * b"x", LIMITS)
    assert head.fault is not None
    assert head.fault.status == 513
    assert head.fields[0] == ("Via", "a")
    assert len(head.fields[1][1]) < 100


def test_too_many_fields_are_refused_and_the_first_kept() -> None:
    head = read_head(b"START\r\nX-1: 1\r\nX-2: 2\r\nX-3: 3\r\nX-4: 4", LIMITS)
    assert head.fault is not None
    assert head.fault.status == 513
    assert [name for name, _ in head.fields] == ["X-1", "X-2", "X-3"]


def test_octets_that_are_not_utf8_are_a_fault() -> None:
    head = read_head(b"START\r\nTo: \xe9", LIMITS)
    assert head.fault is not None
    assert head.fault.status == 400
    assert head.fields == (("To", "\ufffd"),)


def test_line_breaks_that_are_none_and_nul_become_spaces_and_a_fault() -> None:
    for octet in (b"\r", b"\n", b"\x00"):
        head = read_head(b"STA" + octet + b"RT\r\nTo: a" + octet + b"Via: evil\r\nFrom: b" + octet, LIMITS)
        assert head.start == "STA RT"
        assert head.fields == (("To", "a Via: evil"), ("From", "b"))
        assert head.fault is not None


def test_a_nul_behind_a_backslash_is_blanked_without_a_fault() -> None:
    head = read_head(b'START\r\nTo: "a\\\x00b"', LIMITS)
    assert head.fields == (("To", '"a\\ b"'),)
    assert head.fault is None


def test_lines_that_are_no_fields_are_a_fault_and_left_out() -> None:
    for line in (b"nothing", b": x", b"a b: x", b""):
        head = read_head(b"START\r\n" + line + b"\r\nTo: x", LIMITS)
        assert head.fields == (("To", "x"),)
        assert head.fault is not None
        assert head.fault.status == 400
