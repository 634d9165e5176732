import asyncio
import hashlib
import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from contract.focus_contract import said
from crossroom.config.schema import Domain, Limits, Msrp, MsrpOffer, Tls
from crossroom.focus.interface import Answer
from crossroom.room.address import Address, Network
from crossroom.room.commands import SetAffiliation
from crossroom.room.content import Content
from crossroom.room.events import Joined, Left, Posted, SubjectChanged
from crossroom.room.reasons import Departure
from crossroom.room.standing import Affiliation
from peers.sdp_text import ChatMedia, read_media, session_part
from peers.seat import Seat
from peers.sip_call import start_invite
from peers.sip_message import SipMessage
from peers.sip_participant import SipParticipant
from peers.tls import Authority
from unit.conference.face_world import DOMAIN, TEA, World, facing


async def refused(world: World, peer: SipParticipant, sdp: str, room: str = TEA) -> SipMessage:
    attempt = await start_invite(peer.ua, room, sdp)
    response = await attempt.final()
    assert response.status >= 300
    assert world.server.conference.tables() == dict.fromkeys(world.server.conference.tables(), 0)
    return response


async def test_the_answer_says_that_this_is_a_room_and_what_it_can_do() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        assert ana.seat.call is not None
        assert ana.seat.call.is_with_focus
        [stream] = read_media(ana.seat.call.remote_sdp)
        assert stream.attributes["accept-types"] == "message/cpim"
        assert stream.chatroom == {"nickname", "private-messages"}
        assert stream.attributes["setup"] == "passive"
        assert "fingerprint" not in stream.attributes


@pytest.mark.parametrize("setup", ["actpass", "active", "passive", ""])
async def test_whoever_is_to_connect_connects(setup: str) -> None:
    async with facing() as world:
        ana = await world.sip("Ana", setup=setup)
        bob, seen = await world.xmpp("Bob")
        await ana.say("hello")
        await seen.first(Posted)
        await bob.post(said("hi"))
        await ana.expects_message("hi")


async def test_audio_is_refused_in_its_place_and_the_chat_goes_on() -> None:
    async with facing() as world:
        ana = await world.endpoint("Ana")
        seat = Seat(ana.ua, ana.msrp.new_session(), TEA, "Ana", ana.quirks)
        chat = str(ana.media(seat))
        head, _, message = chat.partition("m=message")
        call = await (
            await start_invite(ana.ua, TEA, f"{head}m=audio 4000 RTP/AVP 0\r\nm=message{message}")
        ).call()
        audio, stream = read_media(call.remote_sdp)
        assert (audio.kind, audio.port) == ("audio", 0)
        assert stream.port
        seat.call = call
        await seat.connect(stream.attributes["path"])
        await seat.leave()


AUDIO = session_part("127.0.0.1") + "m=audio 4000 RTP/AVP 0\r\n"
NO_CPIM = session_part("127.0.0.1") + (
    "m=message 9 TCP/MSRP *\r\na=path:msrp://127.0.0.1:9/x;tcp\r\na=accept-types:text/plain\r\na=setup:active\r\n"
)
OVER_TLS = NO_CPIM.replace("TCP/MSRP", "TCP/TLS/MSRP").replace("text/plain", "message/cpim")


@pytest.mark.parametrize("sdp", [AUDIO, NO_CPIM, OVER_TLS, "no sdp at all"])
async def test_an_offer_without_a_chat_for_us_is_refused_488_with_a_warning(sdp: str) -> None:
    async with facing() as world:
        response = await refused(world, await world.endpoint("Ana"), sdp)
        assert response.status == 488
        assert DOMAIN in response.get("Warning")


async def test_a_refused_join_is_answered_with_the_rooms_reason() -> None:
    async with facing() as world:
        bob, _ = await world.xmpp("Bob")
        ana = Address("ana", "sip.example", network=Network.SIP)
        await bob.moderate(SetAffiliation(bob.endpoint, ana, Affiliation.OUTCAST))
        response = await (await world.endpoint("Ana")).expects_refused_join(TEA, 403)
        assert "Banned" in response.start
        assert world.server.conference.tables()["seats"] == 0


async def test_a_full_server_says_when_to_come_back() -> None:
    async with facing(limits=Limits(rooms=1)) as world:
        await world.xmpp("Bob", Address("cake", DOMAIN))
        response = await (await world.endpoint("Ana")).expects_refused_join(TEA, 480)
        assert response.get("Retry-After") == "60"


async def test_the_subject_of_the_creating_invite_becomes_the_rooms() -> None:
    async with facing() as world:
        await world.sip("Ana", headers=[("Subject", "Kettles")])
        _, seen = await world.xmpp("Bob")
        assert (await seen.first(SubjectChanged)).subject == "Kettles"


# -- without an offer --------------------------------------------------------------------------------------


async def offerless(peer: SipParticipant, **how: str) -> Seat:
    """Call without an offer; the answer to the focus's offer goes with the ACK."""
    seat = Seat(peer.ua, peer.msrp.new_session(), TEA, peer.name.capitalize(), peer.quirks)
    attempt = await start_invite(peer.ua, TEA, "")
    response = await attempt.final()
    answer = how.get("answer", str(peer.media(seat, setup=how.get("setup", "active"))))
    attempt._sdp = answer
    send_ack = peer.ua.send_ack

    async def with_answer(transaction: object, ack: SipMessage) -> None:
        ack.headers.append(("Content-Type", "application/sdp"))
        ack.body = answer.encode()
        await send_ack(transaction, ack)  # type: ignore[arg-type] # as it came

    peer.ua.send_ack = with_answer  # type: ignore[method-assign] # one ACK of this script
    seat.call = await attempt.established(response)
    peer.ua.send_ack = send_ack  # type: ignore[method-assign] # as it was
    peer.sit(seat)
    return seat


async def test_an_invite_without_offer_is_answered_with_one_and_the_ack_completes_it() -> None:
    async with facing() as world:
        bob, seen = await world.xmpp("Bob")
        ana = await world.endpoint("Ana")
        seat = await offerless(ana)
        assert seat.call is not None
        [stream] = read_media(seat.call.remote_sdp)
        assert stream.attributes["setup"] == "actpass"
        assert stream.chatroom == {"nickname", "private-messages"}
        await bob.post(said("while you were connecting"))
        await seat.connect(stream.attributes["path"])
        await ana.expects_message("while you were connecting")
        await ana.say("here I am")
        await seen.first(Posted, 2)
        assert seen.of(Joined)[-1].occupant.nickname == "ana"


async def test_who_answers_passively_in_the_ack_is_connected_to() -> None:
    async with facing() as world:
        bob, _ = await world.xmpp("Bob")
        ana = await world.endpoint("Ana")
        seat = await offerless(ana, setup="passive")
        assert seat.call is not None
        await seat.session.listen(read_media(seat.call.remote_sdp)[0].attributes["path"])
        await bob.post(said("hello"))
        await ana.expects_message("hello")


@pytest.mark.parametrize("answer", ["nonsense", AUDIO, NO_CPIM])
async def test_an_ack_without_a_usable_answer_ends_the_call(answer: str) -> None:
    async with facing() as world:
        _, seen = await world.xmpp("Bob")
        ana = await world.endpoint("Ana")
        seat = await offerless(ana, answer=answer)
        assert seat.call is not None
        bye = await seat.call.expects_bye()
        assert "cause=408" in bye.get("Reason")
        assert (await seen.first(Left)).departure is Departure.LINK_LOST


# -- trouble -----------------------------------------------------------------------------------------------


async def test_a_caller_that_gives_up_on_the_way_in_is_not_in_the_room() -> None:
    async with facing() as world:
        _, seen = await world.xmpp("Bob")
        gate = world.slow_down()
        ana = await world.endpoint("Ana")
        attempt = await ana.start_join(TEA)
        await gate.entered.wait()
        assert (await attempt.cancel()).status == 200
        assert (await attempt.final()).status == 487
        gate.open.set()
        assert (await seen.first(Left)).departure is Departure.LEFT
        await world.until(lambda: world.server.conference.tables()["seats"] == 0)


async def test_a_chat_that_cannot_be_connected_to_ends_the_call() -> None:
    async with facing() as world:
        _, seen = await world.xmpp("Bob")
        ana = await world.endpoint("Ana")
        sdp = NO_CPIM.replace("text/plain", "message/cpim").replace("setup:active", "setup:passive")
        sdp = sdp.replace("127.0.0.1:9/x", "127.0.0.1:1/x")
        call = await (await start_invite(ana.ua, TEA, sdp)).call()
        assert "cause=408" in (await call.expects_bye()).get("Reason")
        assert (await seen.first(Left)).departure is Departure.LINK_LOST


async def test_the_reason_of_a_bye_is_what_the_others_read() -> None:
    async with facing() as world:
        _, seen = await world.xmpp("Bob")
        ana = await world.sip("Ana")
        assert ana.seat.call is not None
        await ana.seat.call.bye([("Reason", 'SIP;cause=200;text="gone for tea"')])
        left = await seen.first(Left)
        assert (left.departure, left.text) == (Departure.LEFT, "gone for tea")


# -- who connects ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setup", "answered", "we_are_called"),
    [
        ("actpass", "passive", True),
        ("active", "passive", True),
        ("passive", "active", False),
        ("holdconn", "passive", True),  # RFC 6135 §4.2: it means nothing here
        ("", "passive", True),  # RFC 4975 §5.4: the offerer connects
    ],
)
async def test_the_chat_is_connected_from_the_side_that_setup_says(
    setup: str, answered: str, *, we_are_called: bool
) -> None:
    async with facing() as world:
        bob, seen = await world.xmpp("Bob")
        ana = await world.endpoint("Ana")
        await ana.join(TEA, "Ana", setup=setup)
        assert ana.seat.call is not None
        [stream] = read_media(ana.seat.call.remote_sdp)
        assert stream.attributes["setup"] == answered
        [connection] = world.server.msrp.connections
        assert (connection.key is None) is we_are_called
        await ana.say("hello")
        assert (await seen.first(Posted)).content == Content("text/plain", "hello")
        await bob.post(said("hi"))
        await ana.expects_message("hi")


async def test_with_cema_the_connection_goes_to_the_address_of_the_stream() -> None:
    """RFC 6714 §4.3: a border controller has put its own address there; the path is for To-Path only."""
    async with facing() as world:
        bob, _ = await world.xmpp("Bob")
        ana = await world.endpoint("Ana")
        seat = Seat(ana.ua, ana.msrp.new_session(), TEA, "Ana", ana.quirks)
        path = f"msrp://192.0.2.1:2855/{seat.session.id};tcp"
        ours = ChatMedia(path, ana.msrp.host, ana.msrp.port, setup="passive", extra=("a=msrp-cema",))
        seat.call = await (await start_invite(ana.ua, TEA, str(ours))).call()
        [stream] = read_media(seat.call.remote_sdp)
        assert "msrp-cema" in stream.attributes
        await seat.session.listen(stream.attributes["path"])
        await bob.post(said("hi"))
        message = await seat.expects_message("hi")
        assert message.message.frames[0].get("To-Path") == path


async def test_without_cema_an_address_that_contradicts_the_path_is_refused_where_we_should_connect() -> None:
    async with facing() as world:
        ana = await world.endpoint("Ana")
        ours = ChatMedia("msrp://192.0.2.1:2855/x;tcp", ana.msrp.host, ana.msrp.port, setup="passive")
        response = await (await start_invite(ana.ua, TEA, str(ours))).final()
        assert response.status == 488
        assert response.get("Warning").startswith("301 ")


# -- TLS ---------------------------------------------------------------------------------------------------


def secure(folder: Path, authority: Authority, offer: MsrpOffer = MsrpOffer.TCP) -> dict[str, object]:
    certificate, key = authority.files(folder, "localhost")
    return {
        "tls": Tls(str(certificate), str(key)),
        "msrp": Msrp(listen=["tcp://127.0.0.1:0", "tls://127.0.0.1:0"], offer=offer),
    }


def fingerprint_in(file: str) -> str:
    der = ssl.PEM_cert_to_DER_cert(Path(file).read_text().partition("-----END CERTIFICATE-----")[0] + _END)
    return "sha-256 " + hashlib.sha256(der).digest().hex(":").upper()


_END = "-----END CERTIFICATE-----\n"


async def test_a_chat_over_tls_announces_the_certificate_that_is_shown(tmp_path: Path) -> None:
    authority = Authority()
    settings = secure(tmp_path, authority)
    async with facing(**settings) as world:  # type: ignore[arg-type] # as made above
        tls = authority.peer("ana.example", server_name="localhost")
        ana = await world.endpoint("Ana", tls=tls)
        await ana.join(TEA, "Ana")  # the peer checks the fingerprint against what it is shown
        plain = await world.sip("Cy")
        await ana.say("secretly")
        await plain.expects_message("secretly")
        assert ana.seat.call is not None
        [stream] = read_media(ana.seat.call.remote_sdp)
        assert stream.protocol == "TCP/TLS/MSRP"
        assert stream.attributes["path"].startswith("msrps://")
        tls_section = settings["tls"]
        assert isinstance(tls_section, Tls)
        assert stream.attributes["fingerprint"] == fingerprint_in(tls_section.certificate)


@pytest.mark.parametrize("is_honest", [True, False])
async def test_the_certificate_of_whom_we_connect_to_must_be_the_announced_one(
    tmp_path: Path, *, is_honest: bool
) -> None:
    authority = Authority()
    async with facing(**secure(tmp_path, authority)) as world:  # type: ignore[arg-type] # as made above
        bob, seen = await world.xmpp("Bob")
        tls = authority.peer("ana.example", server_name="localhost")
        ana = await world.endpoint("Ana", tls=tls)
        seat = Seat(ana.ua, ana.msrp.new_session(), TEA, "Ana", ana.quirks)
        sdp = str(ana.media(seat, setup="passive"))
        if not is_honest:
            sdp = sdp.replace(tls.fingerprint, "sha-256 " + ":".join(["AB"] * 32))
        seat.call = await (await start_invite(ana.ua, TEA, sdp)).call()
        if is_honest:
            await seat.session.listen(read_media(seat.call.remote_sdp)[0].attributes["path"])
            await bob.post(said("hello"))
            await seat.expects_message("hello")
        else:
            await seat.call.expects_bye()
            assert (await seen.first(Left)).departure is Departure.LINK_LOST


@pytest.mark.parametrize("shows", ["the announced", "another"])
async def test_the_certificate_of_who_connects_to_us_must_be_the_announced_one(
    tmp_path: Path, shows: str
) -> None:
    authority = Authority()
    async with facing(**secure(tmp_path, authority)) as world:  # type: ignore[arg-type] # as made above
        _, seen = await world.xmpp("Bob")
        tls = authority.peer("ana.example", server_name="localhost")
        ana = await world.endpoint("Ana", tls=tls)
        if shows == "another":
            other = authority.peer("ana.example", server_name="localhost")
            ana.msrp.tls = replace(tls, unverified_client=other.unverified_client)
        seat = Seat(ana.ua, ana.msrp.new_session(), TEA, "Ana", ana.quirks)
        seat.call = await (await start_invite(ana.ua, TEA, str(ana.media(seat, setup="active")))).call()
        [stream] = read_media(seat.call.remote_sdp)
        path, ours = stream.attributes["path"], stream.attributes["fingerprint"]
        await seat.session.connect(path, bind=False, fingerprint=ours)
        frame = seat.session.bind_frame()
        seat.session.write(frame)
        if shows == "the announced":
            await seat.session.expects_response(frame, 200)
        else:
            await seat.session.expects_response(frame, 481)
            await seat.call.expects_bye()
            assert (await seen.first(Left)).departure is Departure.LINK_LOST


@pytest.mark.parametrize("offer", list(MsrpOffer))
async def test_who_is_called_is_offered_the_transport_of_the_setting(
    tmp_path: Path, offer: MsrpOffer
) -> None:
    authority = Authority()
    async with facing(**secure(tmp_path, authority, offer)) as world:  # type: ignore[arg-type] # as made above
        bob, _ = await world.xmpp("Bob")
        tls = authority.peer("ana.example", server_name="localhost") if offer is MsrpOffer.TLS else None
        ana = await world.endpoint("Ana", tls=tls)
        await ana.ua.register()
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(bob.invite(Address("ana", "sip.example", network=Network.SIP)))
            invitation = await ana.expects_invite()
            [stream] = read_media(invitation.invite.offer)
            assert stream.protocol == ("TCP/TLS/MSRP" if offer is MsrpOffer.TLS else "TCP/MSRP")
            await invitation.accept("Ana")
        assert asking.result().answer is Answer.ACCEPTED
        await bob.post(said("welcome"))
        await ana.expects_message("welcome")


async def test_a_domain_of_tls_only_answers_plain_offers_488_and_offers_tls(tmp_path: Path) -> None:
    authority = Authority()
    settings = secure(
        tmp_path, authority
    )  # plain and TLS are listened on, and plain is what is offered elsewhere
    async with facing(**settings, domain=Domain(DOMAIN, tls_only=True)) as world:  # type: ignore[arg-type] # as made above
        bob, _ = await world.xmpp("Bob")
        refused = await (await world.endpoint("Cy")).expects_refused_join(TEA, 488)
        assert refused.get("Warning").startswith("302 ")
        tls = authority.peer("ana.example", server_name="localhost")
        ana = await world.endpoint("Ana", tls=tls)
        await ana.join(TEA, "Ana")
        await bob.post(said("secretly"))
        await ana.expects_message("secretly")
        dee = await world.endpoint("Dee", tls=authority.peer("dee.example", server_name="localhost"))
        await dee.ua.register()
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(bob.invite(Address("dee", "sip.example", network=Network.SIP)))
            invitation = await dee.expects_invite()
            [stream] = read_media(invitation.invite.offer)
            assert stream.protocol == "TCP/TLS/MSRP"
            await invitation.accept("Dee")
        assert asking.result().answer is Answer.ACCEPTED


async def test_an_answer_in_the_clear_to_an_offer_of_tls_is_no_answer(tmp_path: Path) -> None:
    authority = Authority()
    async with facing(**secure(tmp_path, authority), domain=Domain(DOMAIN, tls_only=True)) as world:  # type: ignore[arg-type] # as made above
        bob, _ = await world.xmpp("Bob")
        dee = await world.endpoint("Dee")  # who speaks plain MSRP, whatever is offered
        await dee.ua.register()
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(bob.invite(Address("dee", "sip.example", network=Network.SIP)))
            invitation = await dee.expects_invite()
            answer = ChatMedia(dee.msrp.new_session().path, dee.msrp.host, dee.msrp.port, setup="active")
            call = await invitation.invite.accept(str(answer))
            await call.expects_bye()
        assert asking.result().answer is not Answer.ACCEPTED


@pytest.mark.parametrize("setup", ["active", "passive"])
async def test_a_fingerprint_on_a_chat_in_the_clear_is_meant_for_something_else(setup: str) -> None:
    """A session-level line is there for the audio of the same call (RFC 8122 §5)."""
    async with facing(msrp=Msrp(listen=["tcp://127.0.0.1:0"])) as world:
        bob, _ = await world.xmpp("Bob")
        ana = await world.endpoint("Ana")
        seat = Seat(ana.ua, ana.msrp.new_session(), TEA, "Ana", ana.quirks)
        sdp = str(ana.media(seat, setup=setup)).replace(
            "m=", "a=fingerprint:sha-256 " + ":".join(["AB"] * 32) + "\r\nm=", 1
        )
        seat.call = await (await start_invite(ana.ua, TEA, sdp)).call()
        path = read_media(seat.call.remote_sdp)[0].attributes["path"]
        await (seat.session.listen(path) if setup == "passive" else seat.connect(path))
        await bob.post(said("hello"))
        await seat.expects_message("hello")
