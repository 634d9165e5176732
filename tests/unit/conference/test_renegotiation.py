"""Re-INVITEs of one session, from an endpoint that shares no code with us."""

from peers.sdp_text import read_media
from unit.conference.face_world import facing

AUDIO = "m=audio 40000 RTP/AVP 0\r\na=sendrecv\r\n"


async def test_every_line_of_a_new_offer_is_answered_and_the_chat_goes_on() -> None:
    async with facing() as world:
        ana, carl = await world.sip("Ana"), await world.sip("Carl")
        call = ana.seat.call
        assert call is not None
        [before] = read_media(call.remote_sdp)
        # RFC 3264 §6: "the answer MUST contain exactly the same number of "m=" lines as the offer"
        assert (await call.reinvite(str(ana.media(ana.seat)) + AUDIO)).status == 200
        chat, audio = read_media(call.remote_sdp)
        assert (audio.kind, audio.port) == ("audio", 0)
        assert (chat.kind, chat.port) == ("message", before.port)
        assert chat.attributes["path"] == before.attributes["path"]
        assert chat.attributes["setup"] == before.attributes["setup"]
        await ana.say("still here")
        await carl.expects_message("still here")
        await ana.leave()
        await carl.leave()


async def test_an_endpoint_on_hold_is_sent_nothing_until_it_takes_up_again() -> None:
    async with facing() as world:
        ana, carl = await world.sip("Ana"), await world.sip("Carl")
        call = ana.seat.call
        assert call is not None
        offer = str(ana.media(ana.seat))
        assert (await call.reinvite(f"{offer}a=inactive\r\n")).status == 200
        assert "a=inactive" in call.remote_sdp
        await carl.say("not for you")
        assert (await call.reinvite(offer)).status == 200
        assert "a=sendrecv" in call.remote_sdp
        await carl.say("for you")
        assert (await ana.expects_message()).text == "for you"
        await ana.leave()
        await carl.leave()


async def test_the_same_offer_again_gets_the_same_answer() -> None:
    async with facing() as world:
        ana = await world.sip("Ana")
        call = ana.seat.call
        assert call is not None
        before = call.remote_sdp
        assert (await call.reinvite(str(ana.media(ana.seat)))).status == 200
        assert call.remote_sdp == before  # RFC 3264 §8: the same description keeps its version
        await ana.leave()
