"""Bookings as sent: everything that is wrong with one is said at once."""

from calls import World, ok, pointers

EVENING = ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")


async def test_all_that_is_wrong_with_a_request_is_said_at_once(world: World):
    owner = await world.organisation()
    asset = await world.asset(owner)
    back = {"starts_at": EVENING[1], "ends_at": EVENING[0]}
    sent = {"asset_id": asset["id"], "purpose": {"code": "nothing"}}
    assert pointers(await owner.post("/bookings", {**sent, "periods": [back, back]})) == [
        "#/periods/0/ends_at",
        "#/periods/1/ends_at",
        "#/purpose/code",
    ]
    assert pointers(await owner.post("/bookings", sent)) == ["#/periods", "#/purpose/code"]
    series = {"starts_at": EVENING[0], "ends_at": EVENING[1], "count": 2}
    strange = {**series, "except_on": ["2027-07-06", "2027-07-05", "2027-07-12"]}
    assert pointers(await owner.post("/bookings", {**sent, "repeats": strange})) == [
        "#/purpose/code",
        "#/repeats/except_on",
        "#/repeats/except_on/0",
    ]
    long = {**series, "ends_at": "2027-07-20T18:00:00Z"}
    assert pointers(await owner.post("/bookings", {**sent, "repeats": long, "units": 5000})) == [
        "#/purpose/code",
        "#/repeats/ends_at",
        "#/units",
    ]


async def test_the_parts_of_a_whole_count_towards_what_one_request_may_take(world: World):
    owner = await world.organisation()
    site = await world.site(owner)
    hall = await world.asset(owner, site=site)
    for units in (750, 749):
        await world.asset(owner, site=site, part_of=hall["id"], units=units, kind="equipment", category="chairs")
    evening = ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")
    ok(await owner.repeat(hall, *evening, 2, dry_run=True), 200)
    refused = await owner.repeat(hall, *evening, 3)
    assert pointers(refused) == ["#/repeats/count"]
    assert (
        refused.json()["errors"][0]["detail"] == "Each period takes 1500 units, parts included; send at most 2 at once."
    )
    periods = [(f"2027-07-0{day}T18:00:00Z", f"2027-07-0{day}T20:00:00Z") for day in (1, 2, 3)]
    assert pointers(await owner.book(hall, *periods)) == ["#/periods"]
    most = {"site_id": site["id"], "kind": "equipment", "category": "chairs", "title": "Chairs", "units": 1000}
    chairs = await world.asset(owner, site=site, part_of=hall["id"], units=1000, kind="equipment", category="chairs")
    tables = ok(await owner.post("/assets", {**most, "units": 500, "part_of": hall["id"]}), 201)
    assert pointers(await owner.patch(f"/assets/{tables['id']}", {"units": 501})) == ["#/units"]
    assert pointers(await owner.post("/assets", {**most, "units": 1, "part_of": chairs["id"]})) == ["#/part_of"]
    more = ok(await owner.post("/assets", {**most, "units": 1}), 201)
    assert pointers(await owner.patch(f"/assets/{more['id']}", {"part_of": hall["id"]})) == ["#/units"]
    ok(await owner.book(hall, evening, dry_run=True), 200)


async def test_many_periods_among_many_units_are_sent_in_several_requests(world: World):
    owner = await world.organisation()
    chairs = await world.asset(owner, units=1000, kind="equipment", category="chairs")
    series = ("2027-01-05T18:00:00Z", "2027-01-05T20:00:00Z")
    ok(await owner.repeat(chairs, *series, 50, dry_run=True), 200)
    refused = await owner.repeat(chairs, *series, 51)
    assert pointers(refused) == ["#/repeats/count"]
    detail = refused.json()["errors"][0]["detail"]
    assert detail == "The asset has 1000 units; send at most 50 periods at once."
