"""What usages stand on: dialogs that live as long as their usages, servers to avoid, ACKs without a way."""

from crossroom.sip.dialog import Dialog
from crossroom.sip.hop import TLS, UDP, Hop
from crossroom.sip.message import Request
from crossroom.sip.pending import PendingRequest
from crossroom.sip.settings import fraction
from sip_messages import simple
from sip_peer import CONTACT, FROM_UDP, Peer

FIRST, SECOND = Hop(UDP, "192.0.2.11", 5060), Hop(UDP, "192.0.2.12", 5060)


class Using:
    """A usage that does nothing."""

    def handles(self, request: Request) -> bool:
        return not request.method

    def receive(self, pending: PendingRequest, now: float) -> None:
        pending.reply(500, now)


def test_a_dialog_lives_as_long_as_its_last_usage() -> None:
    stack = Peer().agent.stack
    dialog = Dialog.as_uas(simple("INVITE"), "ours", CONTACT, FROM_UDP)
    one, two = Using(), Using()
    stack.hold(dialog, one)
    stack.hold(dialog, one)
    stack.hold(dialog, two)
    assert dialog.usages == (one, two)
    stack.release(dialog, one)
    assert stack.dialogs == {dialog.id: dialog}
    stack.release(dialog, two)
    stack.release(dialog, two)
    assert stack.dialogs == {}


def test_a_server_is_avoided_until_its_time_has_passed() -> None:
    stack = Peer().agent.stack
    stack.avoid(FIRST, 10.0, 0.0)
    stack.avoid(None, 10.0, 0.0)
    stack.avoid(SECOND, 0.0, 0.0)
    assert stack.best_first([FIRST, SECOND], 9.0) == [SECOND, FIRST]
    assert stack.best_first([FIRST, SECOND], 10.0) == [FIRST, SECOND]


def test_an_ack_over_a_transport_that_we_do_not_have_is_not_sent() -> None:
    peer = Peer()
    ack = simple("ACK")
    peer.agent.stack.send_ack(ack, None).resolved([Hop(TLS, "192.0.2.1", 5061)], 0.0)
    peer.drain()
    assert len(peer.sent) == 1, "only the one to the numeric Request-URI"


def test_a_token_gives_a_fraction() -> None:
    fractions = [fraction(f"token{number}") for number in range(100)]
    assert all(0 <= value < 1 for value in fractions)
    assert max(fractions) - min(fractions) > 0.5
