from crossroom.room.address import MessageId, Network
from crossroom.room.content import Content, Native, octets_of


def test_size_counts_octets() -> None:
    assert Content("text/plain", "é").size == 2
    assert Content("image/png", b"\x89PNG").size == 4


def test_a_post_weighs_what_its_id_content_and_native_form_weigh_together() -> None:
    content, native = Content("text/plain", "\u00e9"), Native(Network.SIP, b"\r\nhi")
    assert octets_of(MessageId("\u00e91"), content, native) == 3 + 2 + 4
    assert octets_of(MessageId("m"), None, None) == 1
