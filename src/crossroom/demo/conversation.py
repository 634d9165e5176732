"""The demo's script: who does what in which order, and what everybody must see then. Nothing else is decided here."""

from dataclasses import dataclass

from crossroom.demo.sights import (
    accepted,
    arrived,
    earlier,
    invited,
    joined,
    left,
    renamed,
    said,
    taken,
    typing,
)
from crossroom.demo.sip_participant import SipParticipant
from crossroom.demo.stage import Stage
from crossroom.demo.xmpp_participant import XmppParticipant


@dataclass(frozen=True, slots=True)
class Cast:
    """Two participants of each network, logged in and not in the room."""

    ana: SipParticipant
    bob: XmppParticipant
    carol: SipParticipant
    dora: XmppParticipant


async def perform(cast: Cast, stage: Stage, room: str) -> None:
    """Play the whole script; what does not come is on the stage's list. `room` is the room's address."""
    await meet(cast, stage)
    await talk(cast, stage)
    await rename(cast, stage)
    await invite_carol(cast, stage, room)
    await invite_dora(cast, stage, room)
    await talk_in_four(cast, stage)
    await say_goodbye(cast, stage)


async def meet(cast: Cast, stage: Stage) -> None:
    """One of each network comes."""
    stage.step("Ana calls the room with SIP, which creates it; Bob joins it with XMPP")
    await cast.ana.join()
    await stage.expect("Ana", arrived(["Ana"]))
    cast.bob.join()
    await stage.expect("Bob", arrived(["Ana", "Bob"]))
    await stage.expect("Ana", joined("Bob"))


async def talk(cast: Cast, stage: Stage) -> None:
    """Typing and messages, both ways."""
    stage.step("They type and talk")
    cast.ana.type()
    await stage.expect("Bob", typing("Ana"))
    cast.ana.say("Hello Bob! I am on SIP.")
    await stage.expect("Bob, Ana", said("Ana", "Hello Bob! I am on SIP."))
    cast.bob.type()
    await stage.expect("Ana", typing("Bob"))
    cast.bob.say("Hello Ana! I am on XMPP <& fine>.")
    await stage.expect("Ana, Bob", said("Bob", "Hello Ana! I am on XMPP <& fine>."))


async def rename(cast: Cast, stage: Stage) -> None:
    """Nicknames: refused when somebody has them, and changed, both ways."""
    stage.step("They try each other's nicknames, then change their own")
    cast.bob.rename("Ana")
    await stage.expect("Bob", taken("Ana"))
    await cast.ana.rename("Bob")
    await stage.expect("Ana", taken("Bob"))
    cast.bob.rename("Robert")
    await stage.expect("Ana, Bob", renamed("Bob", "Robert"))
    await cast.ana.rename("Anna")
    await stage.expect("Bob, Ana", renamed("Ana", "Anna"))


async def invite_carol(cast: Cast, stage: Stage, room: str) -> None:
    """XMPP invites SIP: a mediated invitation becomes a call."""
    stage.step("Bob, on XMPP, invites Carol, who is on SIP")
    address = cast.carol.uri.removeprefix("sip:")
    cast.bob.invite(address, "Ana is here, too")
    await stage.expect("Carol", invited(room, "Robert"))
    await cast.carol.accept()
    await stage.expect("Carol", arrived(["Anna", "Carol", "Robert"]))
    # whom the room calls has no name but the address, until NICKNAME says more
    await stage.expect("Ana, Bob", joined("carol"), renamed("carol", "Carol"))


async def invite_dora(cast: Cast, stage: Stage, room: str) -> None:
    """SIP invites XMPP: a REFER becomes a mediated invitation."""
    stage.step("Ana, on SIP, invites Dora, who is on XMPP")
    await cast.ana.invite(f"sip:{cast.dora.bare}", "Bob is here, too")
    await stage.expect("Dora", invited(room, "Anna"))
    cast.dora.join()
    await stage.expect("Dora", arrived(["Anna", "Carol", "Dora", "Robert"]))
    await stage.expect("Dora", earlier("Ana", "Hello Bob! I am on SIP."))
    await stage.expect("Ana, Bob, Carol", joined("Dora"))
    await stage.expect("Ana", accepted())


async def talk_in_four(cast: Cast, stage: Stage) -> None:
    """Who was invited is heard by all."""
    stage.step("Those who were invited speak")
    cast.carol.say("Good to see you all.")
    await stage.expect("Ana, Bob, Carol, Dora", said("Carol", "Good to see you all."))
    cast.dora.say("Same here 👋")
    await stage.expect("Ana, Bob, Carol, Dora", said("Dora", "Same here 👋"))


async def say_goodbye(cast: Cast, stage: Stage) -> None:
    """Leaving, both ways, until the room is empty."""
    stage.step("Everybody leaves")
    await cast.carol.leave()
    await stage.expect("Ana, Bob, Dora, Carol", left("Carol"))
    cast.dora.leave()
    await stage.expect("Ana, Bob, Dora", left("Dora"))
    await cast.ana.leave()
    await stage.expect("Bob, Ana", left("Anna"))
    cast.bob.leave()
    await stage.expect("Bob", left("Robert"))
