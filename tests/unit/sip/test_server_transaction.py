"""RFC 3261 figures 7 and 8 with RFC 6026, as timelines."""

from msgspec.structs import replace

from crossroom.sip.message import Response
from crossroom.sip.server_transaction import InviteServer, NonInviteServer
from crossroom.sip.settings import Timers
from crossroom.sip.transaction import Done
from script import Script, script
from sip_messages import response_to, simple

T = Timers()
T1, T4 = T.t1, T.t4
INVITE = simple("INVITE")
ACK = replace(simple("ACK"), method="ACK")
OPTIONS = simple("OPTIONS")
TRYING, RINGING, OK, BUSY = (response_to(INVITE, status) for status in (100, 180, 200, 486))
OPTIONS_TRYING, OPTIONS_OK = response_to(OPTIONS, 100), response_to(OPTIONS, 200)


def invite(*, reliable: bool = False) -> Script:
    return script(InviteServer(INVITE, reliable=reliable, timers=T)).delivers(INVITE)


def options(*, reliable: bool = False) -> Script:
    return script(NonInviteServer(OPTIONS, reliable=reliable, timers=T)).delivers(OPTIONS)


def answers(running: Script, response: Response) -> Script:
    return running.told(lambda machine, now: machine.respond(response, now))


def test_an_invite_gets_100_when_its_user_says_nothing_for_200_ms() -> None:
    running = invite().silent_until(0.19).at(0.2).sends(TRYING)
    running.receives(INVITE).sends(TRYING)
    answers(running, RINGING).sends(RINGING).receives(INVITE).sends(RINGING)


def test_an_invite_answered_at_once_gets_no_100() -> None:
    answers(invite(), RINGING).sends(RINGING).silent_until(60)


def test_a_copy_of_the_invite_before_any_answer_is_absorbed() -> None:
    invite().receives(INVITE).quiet()


def test_a_refusal_is_repeated_until_its_ack() -> None:
    running = answers(invite(), BUSY).sends(BUSY)
    assert running.machine.answered
    (
        running.at(T1)
        .sends(BUSY)
        .at(3 * T1)
        .sends(BUSY)
        .receives(INVITE)
        .sends(BUSY)
        .receives(ACK)
        .receives(ACK)
        .silent_until(3 * T1 + T4 - 0.1)
        .at(3 * T1 + T4)
        .ends(Done.FINISHED)
    )


def test_a_refusal_without_ack_times_out() -> None:
    running = answers(invite(), BUSY).sends(BUSY)
    for when in (0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5):
        running.at(when).sends(BUSY)
    running.at(64 * T1).ends(Done.TIMED_OUT)


def test_a_refusal_on_a_stream_is_sent_once_and_ends_with_its_ack() -> None:
    answers(invite(reliable=True), BUSY).sends(BUSY).silent_until(10).receives(ACK).ends(Done.FINISHED)


def test_after_a_2xx_copies_of_the_invite_are_absorbed_for_64_t1() -> None:
    running = answers(invite(), OK).sends(OK).receives(INVITE).quiet()
    answers(running.at(1), OK).sends(OK).receives(ACK).delivers(ACK)
    answers(running, BUSY).at(64 * T1).ends(Done.FINISHED)


def test_a_transport_failure_ends_an_invite_that_waits() -> None:
    invite().told(lambda machine, now: machine.transport_failed(now)).ends(Done.TRANSPORT_FAILED)


def test_a_final_response_to_a_request_is_replayed_for_64_t1() -> None:
    running = answers(options().receives(OPTIONS).quiet(), OPTIONS_OK).sends(OPTIONS_OK)
    (
        running.at(10)
        .receives(OPTIONS)
        .sends(OPTIONS_OK)
        .silent_until(64 * T1 - 0.1)
        .at(64 * T1)
        .ends(Done.FINISHED)
    )


def test_a_provisional_response_to_a_request_is_replayed_until_the_final_one() -> None:
    running = answers(options(), OPTIONS_TRYING).sends(OPTIONS_TRYING).receives(OPTIONS).sends(OPTIONS_TRYING)
    answers(running, OPTIONS_OK).sends(OPTIONS_OK)


def test_a_final_response_on_a_stream_ends_a_request_at_once() -> None:
    answers(options(reliable=True), OPTIONS_OK).sends(OPTIONS_OK).ends(Done.FINISHED)
