import pytest

from crossroom.machine import LocalProtocolError, ParseError
from crossroom.sip.dialog_id import NamedDialog


def test_replaces_and_join_name_a_dialog_from_the_readers_side() -> None:
    named = NamedDialog.parse("a84b@h ; to-tag=mine ;from-tag=theirs;early-only")
    assert (named.call_id, named.local_tag, named.remote_tag) == ("a84b@h", "mine", "theirs")
    assert named.is_early_only
    assert str(named) == "a84b@h;to-tag=mine;from-tag=theirs;early-only"
    assert not NamedDialog("a", "b", "c").is_early_only


def test_target_dialog_has_its_own_spelling() -> None:
    named = NamedDialog.parse("fa77@h;remote-tag=r;local-tag=l")
    assert (named.local_tag, named.remote_tag) == ("l", "r")
    assert str(named) == "fa77@h;local-tag=l;remote-tag=r"
    assert NamedDialog.parse(str(named)) == named


@pytest.mark.parametrize(
    "text",
    ["", "a", "a;to-tag=b", "a;from-tag=b", ";to-tag=a;from-tag=b", "a b;to-tag=a;from-tag=b", "a;to-tag=;from-tag=b",
     "a;to-tag=1;to-tag=2;from-tag=3", 'a;to-tag="x";from-tag=b', "a;to-tag;from-tag=b", "a;local-tag=b"],
)  # fmt: skip
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        NamedDialog.parse(text)


def test_a_dialog_that_cannot_be_written_cannot_be_named() -> None:
    with pytest.raises(LocalProtocolError):
        NamedDialog("a\r\n", "b", "c")
