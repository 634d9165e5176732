"""RFC 3261 figures 5 and 6 with RFC 6026, as timelines."""

import pytest

from crossroom.sip.client_transaction import INVITE_CLIENT, NON_INVITE_CLIENT, InviteClient, NonInviteClient
from crossroom.sip.message import Request
from crossroom.sip.settings import Timers
from crossroom.sip.transaction import Done, State
from script import script
from sip_messages import response_to, simple

T = Timers()
T1, T2, T4 = T.t1, T.t2, T.t4
INVITE = simple("INVITE", "Route: <sip:p.example;lr>")
OPTIONS = simple("OPTIONS")
TRYING, RINGING, OK = (response_to(INVITE, status) for status in (100, 180, 200))
BUSY = response_to(INVITE, 486)
OPTIONS_OK = response_to(OPTIONS, 200)


def invite(*, reliable: bool = False) -> InviteClient:
    return InviteClient(INVITE, reliable=reliable, timers=T)


def options(*, reliable: bool = False) -> NonInviteClient:
    return NonInviteClient(OPTIONS, reliable=reliable, timers=T)


def is_ack_for_busy(message: object) -> bool:
    assert isinstance(message, Request)
    assert message.method == "ACK"
    assert message.via == INVITE.via
    assert message.to.tag == "b1"
    assert message.cseq.number == 1
    assert message.cseq.method == "ACK"
    assert message.routes == INVITE.routes
    return message.uri == INVITE.uri


def test_an_unanswered_invite_doubles_its_interval_and_times_out() -> None:
    running = script(invite()).sends(INVITE)
    for factor in (1, 3, 7, 15, 31, 63):
        running.at(factor * T1).sends(INVITE)
    running.at(64 * T1).ends(Done.TIMED_OUT)


def test_a_provisional_response_stops_the_repetition_of_an_invite() -> None:
    (
        script(invite())
        .sends(INVITE)
        .at(T1)
        .sends(INVITE)
        .receives(TRYING)
        .delivers(TRYING)
        .receives(RINGING)
        .delivers(RINGING)
        .silent_until(640 * T1)
        .receives(OK)
        .delivers(OK)
    )


def test_an_invite_on_a_stream_is_sent_once() -> None:
    script(invite(reliable=True)).sends(INVITE).silent_until(63 * T1).at(64 * T1).ends(Done.TIMED_OUT)


@pytest.mark.parametrize("first", [None, RINGING])
def test_a_refusal_is_acknowledged_each_time_it_comes_and_told_once(first: object) -> None:
    running = script(invite()).sends(INVITE)
    if first is not None:
        running.receives(first).delivers(first)
    (
        running.receives(BUSY)
        .sends(is_ack_for_busy)
        .delivers(BUSY)
        .at(1)
        .receives(BUSY)
        .sends(is_ack_for_busy)
        .silent_until(31)
        .at(32)
        .ends(Done.FINISHED)
    )


def test_a_refusal_on_a_stream_ends_the_invite_at_once() -> None:
    script(invite(reliable=True)).sends(INVITE).receives(BUSY).sends(is_ack_for_busy).delivers(BUSY).ends(
        Done.FINISHED
    )


def test_every_copy_of_a_2xx_reaches_the_user_for_64_t1() -> None:
    (
        script(invite())
        .sends(INVITE)
        .receives(OK)
        .delivers(OK)
        .at(5)
        .receives(OK)
        .delivers(OK)
        .receives(BUSY)
        .quiet()
        .at(64 * T1)
        .ends(Done.FINISHED)
    )


@pytest.mark.parametrize("machine", [invite(), options()])
def test_a_transport_failure_ends_a_request(machine: InviteClient) -> None:
    running = script(machine)
    running.outputs.clear()
    running.told(lambda m, now: m.transport_failed(now)).ends(Done.TRANSPORT_FAILED)


def test_a_request_repeats_at_doubling_intervals_up_to_t2() -> None:
    running = script(options()).sends(OPTIONS)
    for when in (0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5):
        running.at(when).sends(OPTIONS)
    running.at(64 * T1).ends(Done.TIMED_OUT)


def test_a_provisional_response_slows_the_repetition_to_t2() -> None:
    trying = response_to(OPTIONS, 100)
    (
        script(options())
        .sends(OPTIONS)
        .receives(trying)
        .delivers(trying)
        .at(T1)
        .sends(OPTIONS)
        .silent_until(T1 + T2 - 0.1)
        .at(T1 + T2)
        .sends(OPTIONS)
        .receives(OPTIONS_OK)
        .delivers(OPTIONS_OK)
        .receives(OPTIONS_OK)
        .silent_until(T1 + T2 + T4 - 0.1)
        .at(T1 + T2 + T4)
        .ends(Done.FINISHED)
    )


def test_a_final_response_on_a_stream_ends_a_request_at_once() -> None:
    refused = response_to(OPTIONS, 404)
    script(options(reliable=True)).sends(OPTIONS).receives(refused).delivers(refused).ends(Done.FINISHED)


@pytest.mark.parametrize("table", [INVITE_CLIENT, NON_INVITE_CLIENT])
def test_no_table_leaves_terminated(table: dict[tuple[State, object], object]) -> None:
    assert State.TERMINATED not in {state for state, _ in table}
