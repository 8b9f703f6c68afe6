"""Timetables that many assets share."""

from calls import World, daily, ok, reasons

EVENING = ("2027-07-14T17:00:00Z", "2027-07-14T19:00:00Z")


async def test_one_change_of_a_timetable_is_a_change_of_every_asset_that_shares_it(world: World):
    owner, group = await world.organisation(), await world.organisation()
    made = await owner.post("/timetables", {"name": "The brigade's", "always": True})
    shared = ok(made, 201)
    path = f"/timetables/{shared['id']}"
    assert made.headers["Location"] == f"/v1{path}"
    site = await world.site(owner)
    halls = [await world.asset(owner, site=site) for _ in range(2)]
    for hall in halls:
        changed = ok(await owner.patch(f"/assets/{hall['id']}", {"timetable_id": shared["id"]}), 200)
        assert changed["timetable_id"] == shared["id"]
    booking = ok(await group.book(halls[1], EVENING), 201)
    narrow = {"name": "The brigade's", **daily("09:00", "17:00")}
    tried = await owner.put(path, {**narrow, "dry_run": True})
    assert [hit["booking_id"] for hit in ok(tried, 200)["bookings_hit"]] == [booking["id"]]
    assert ok(await owner.get(path), 200) == shared
    ok(await owner.put(path, narrow), 428)
    put = await owner.put(path, narrow, headers={"If-Match": tried.headers["ETag"]})
    timetable = ok(put, 200)["timetable"]
    got = await world.client.get(f"/v1{path}")
    assert (ok(got, 200), got.headers["ETag"]) == (timetable, put.headers["ETag"])
    later = ("2027-07-21T17:00:00Z", "2027-07-21T19:00:00Z")
    assert [reasons(await group.book(hall, later)) for hall in halls] == [[["closed"]]] * 2
    hours = ok(await owner.get(f"/assets/{halls[0]['id']}/hours"), 200)
    assert hours == {name: timetable[name] for name in hours}


async def test_hours_of_its_own_take_an_asset_off_the_shared_ones(world: World):
    owner = await world.organisation()
    shared = ok(await owner.post("/timetables", {"name": "Shared", "always": True}), 201)
    hall = await world.asset(owner, timetable_id=shared["id"], hours=daily("09:00", "10:00"))
    assert hall["timetable_id"] is None
    assert ok(await owner.get(f"/timetables/{shared['id']}"), 200) == shared
    assert ok(await owner.get("/timetables", owner_id=owner.id), 200)["items"] == [shared]


async def test_a_timetable_is_its_owners(world: World):
    owner, stranger = await world.organisation(), await world.organisation()
    shared = ok(await owner.post("/timetables", {"name": "Shared", "always": True}), 201)
    ok(await stranger.put(f"/timetables/{shared['id']}", {"name": "Mine"}, headers={"If-Match": "*"}), 403)
    hall = await world.asset(stranger)
    refused = ok(await stranger.patch(f"/assets/{hall['id']}", {"timetable_id": shared["id"]}), 422)
    assert [each["pointer"] for each in refused["errors"]] == ["#/timetable_id"]


async def test_a_dry_run_makes_no_timetable(world: World):
    owner = await world.organisation()
    tried = ok(await owner.post("/timetables", {"name": "Tried", "always": True, "dry_run": True}), 200)
    assert tried["name"] == "Tried"
    assert ok(await owner.get("/timetables"), 200)["items"] == []


async def test_a_timetable_that_a_listed_asset_uses_is_open_at_some_time(world: World):
    owner = await world.organisation()
    shared = ok(await owner.post("/timetables", {"name": "Shared", "always": True}), 201)
    hall = await world.asset(owner)
    ok(await owner.patch(f"/assets/{hall['id']}", {"timetable_id": shared["id"]}), 200)
    path, never, whatever = f"/timetables/{shared['id']}", {"name": "Shared"}, {"If-Match": "*"}
    for body in (never, {**never, "dry_run": True}):
        refused = await owner.put(path, body, headers=whatever)
        assert ok(refused, 409)["type"] == "/problems/not-publishable"
    assert ok(await owner.get(path), 200) == shared
    ok(await owner.post(f"/assets/{hall['id']}/pause"), 200)
    ok(await owner.put(path, never, headers={"If-Match": '"other"'}), 412)
    ok(await owner.put(path, never, headers=whatever), 200)
    [event] = [
        each for each in ok(await owner.get("/events", limit=100), 200)["items"] if each["type"] == "timetable.replaced"
    ]
    assert [event[side]["always"] for side in ("before", "after")] == [True, False]
    assert event["before"]["digest"] != event["after"]["digest"]
