from unit.muc.world import BOB, DEE, ROOM, World, item, summary, to


async def test_the_first_one_in_creates_the_room_and_gets_presence_then_subject() -> None:
    world = World()
    told = await world.join(BOB, "Bob")
    assert [summary(one) for one in told] == ["Bob available 110 201", "room subject:"]
    assert (item(told[0]).get("role"), item(told[0]).get("affiliation")) == ("moderator", "owner")


async def test_a_newcomer_is_told_of_the_others_first_then_of_itself_then_the_subject() -> None:
    world = World()
    await world.open_room((BOB, "Bob"))
    told = await world.join(DEE, "Dee")
    assert [summary(one) for one in told] == ["Bob available", "Dee available 110", "room subject:"]


async def test_a_message_goes_to_all_with_its_own_id() -> None:
    world = World()
    await world.open_room((BOB, "Bob"), (DEE, "Dee"))
    told = await world.send(
        f"<message from='{BOB}' to='{ROOM}' type='groupchat' id='k7'><body>Kettle on</body></message>"
    )
    assert [(str(one.to), one.id, one.body, str(one.from_)) for one in told] == [
        (BOB, "k7", "Kettle on", f"{ROOM}/Bob"),
        (DEE, "k7", "Kettle on", f"{ROOM}/Bob"),
    ]


async def test_leaving_is_acknowledged_and_seen() -> None:
    world = World()
    await world.open_room((BOB, "Bob"), (DEE, "Dee"))
    told = await world.send(f"<presence type='unavailable' from='{DEE}' to='{ROOM}/Dee'/>")
    assert [summary(one) for one in to(DEE, told)] == ["Dee unavailable 110"]
    assert [summary(one) for one in to(BOB, told)] == ["Dee unavailable"]
    assert world.service.tables()["occupants"] == 1
