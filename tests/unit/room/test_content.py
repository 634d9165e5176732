from crossroom.room.content import Content


def test_size_counts_octets() -> None:
    assert Content("text/plain", "é").size == 2
    assert Content("image/png", b"\x89PNG").size == 4
