"""Chat states."""

import pytest

from crossroom.xmpp.chatstates import ChatState, is_only_chat_state
from crossroom.xmpp.element import OWN, element
from crossroom.xmpp.hints import Hint
from crossroom.xmpp.stanza import Kind, Stanza


@pytest.mark.parametrize("state", ChatState)
def test_a_state_is_written_and_read_back(state: ChatState) -> None:
    message = Stanza(
        Kind.MESSAGE, children=(state.as_element(), element("thread"), Hint.NO_STORE.as_element())
    )
    assert ChatState.of(message) is state
    assert is_only_chat_state(message)


def test_a_message_with_a_body_is_more_than_a_state() -> None:
    message = Stanza(Kind.MESSAGE, children=(element("body", OWN, "hi"), ChatState.ACTIVE.as_element()))
    assert ChatState.of(message) is ChatState.ACTIVE
    assert not is_only_chat_state(message)
    assert not is_only_chat_state(Stanza(Kind.MESSAGE))
    assert ChatState.of(Stanza(Kind.MESSAGE)) is None
