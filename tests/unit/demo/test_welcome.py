"""How to join is said in full, and fits a terminal."""

from crossroom.demo.welcome import Doors, welcome

TEXT = welcome(
    Doors("127.0.0.1", 50600, 52222, "tea@conference.localhost", "sip.localhost", "anonymous.localhost")
)


def test_all_that_a_client_must_be_told_is_there() -> None:
    for needed in ("anonymous.localhost", "127.0.0.1 port 52222", "tea@conference.localhost"):
        assert needed in TEXT
    for needed in ("@sip.localhost", "127.0.0.1 port 50600", "sip:tea@127.0.0.1:50600"):
        assert needed in TEXT


def test_it_is_no_wider_than_eighty_columns() -> None:
    assert max(map(len, TEXT.splitlines())) <= 80
