"""Assets: drafts that are published, paused, archived; wholes and parts; units."""

import pytest
from calls import World, daily, ok

EVENING = ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")
LATER = ("2027-07-05T19:00:00Z", "2027-07-05T21:00:00Z")
NOTHING = "0190b0d0-0000-7000-8000-000000000000"


def pointers(problem):
    return [each["pointer"] for each in problem["errors"]]


def slug(problem):
    return problem["type"].removeprefix("/problems/")


async def test_an_asset_is_born_a_draft_with_every_field(world: World):
    owner = await world.organisation()
    site = await world.site(owner)
    made = await owner.post(
        "/assets", {"site_id": site["id"], "kind": "vehicle", "category": "minibus", "title": "A minibus"}
    )
    asset = ok(made, 201)
    assert asset.pop("terms")["step_minutes"] == 15
    assert asset == {
        "id": asset["id"],
        "owner_id": owner.id,
        "site_id": site["id"],
        "kind": "vehicle",
        "category": "minibus",
        "title": "A minibus",
        "description": None,
        "features": [],
        "capacity": None,
        "units": 1,
        "part_of": None,
        "parts": [],
        "state": "draft",
        "details": {
            "kind": "vehicle",
            "seats": None,
            "wheelchair_places": None,
            "fuel": None,
            "licence": None,
            "travels_m": None,
        },
        "photos": [],
        "house_rules": None,
        "accessibility": None,
        "documents": [],
        "timetable_id": None,
        "arrival": None,
        "created_at": "2027-01-04T09:00:00Z",
        "updated_at": "2027-01-04T09:00:00Z",
    }
    path = f"/v1/assets/{asset['id']}"
    assert made.headers["Location"] == path
    ok(await world.client.get(path), 404)
    assert (await owner.get(path.removeprefix("/v1"))).headers["ETag"] == made.headers["ETag"]
    stranger = await world.organisation()
    for method, end in [("PATCH", ""), ("POST", "/publish"), ("POST", "/archive"), ("PUT", "/hours")]:
        ok(await stranger.send(method, path.removeprefix("/v1") + end, {}), 404)


async def test_every_fault_of_an_asset_is_told_at_once(world: World):
    owner = await world.organisation()
    site = await world.site(owner)
    wrong = {
        "site_id": site["id"],
        "kind": "people",
        "category": "hall",
        "title": "x",
        "features": ["moat"],
        "terms": {"step_minutes": 7},
        "timetable_id": NOTHING,
        "part_of": NOTHING,
    }
    problem = ok(await owner.post("/assets", wrong), 422)
    assert pointers(problem) == [
        "#/category",
        "#/features/0",
        "#/terms/step_minutes",
        "#/site_id",
        "#/timetable_id",
        "#/part_of",
    ]
    assert ok(await owner.get("/assets"), 200)["items"] == []


async def test_publishing_says_what_is_lacking(world: World):
    owner = await world.organisation()
    asset = await world.asset(owner, published=False, description=None, hours={"exceptions": []})
    problem = ok(await owner.post(f"/assets/{asset['id']}/publish"), 409)
    assert (slug(problem), pointers(problem)) == ("not-publishable", ["#/description", "#/hours"])
    ok(await owner.patch(f"/assets/{asset['id']}", {"description": "A hall."}), 200)
    await world.hours(owner, asset, {"always": True})
    published = ok(await owner.post(f"/assets/{asset['id']}/publish"), 200)
    assert published["state"] == "listed"
    assert ok(await owner.post(f"/assets/{asset['id']}/publish"), 200) == published
    problem = ok(await owner.patch(f"/assets/{asset['id']}", {"description": None}), 409)
    assert slug(problem) == "not-publishable"


async def test_what_is_open_no_more_is_not_published_but_still_corrected(world: World, clock):
    owner = await world.organisation()
    season = daily("09:00", "10:00", starts_on="2026-01-05")["seasons"][0]
    hall = await world.asset(owner, hours={"seasons": [{**season, "ends_on": "2027-01-31"}]})
    path = f"/assets/{hall['id']}"
    clock.now = clock.now.replace(month=2)
    assert ok(await owner.patch(path, {"title": "Hall"}), 200)["state"] == "listed"
    ended = {"name": "Summer", "seasons": [{**season, "ends_on": "2027-01-31"}]}
    ended = ok(await owner.post("/timetables", ended), 201)
    problem = ok(await owner.patch(path, {"timetable_id": ended["id"]}), 409)
    assert (slug(problem), pointers(problem)) == ("not-publishable", ["#/hours"])
    ok(await owner.post(f"{path}/pause"), 200)
    problem = ok(await owner.post(f"{path}/publish"), 409)
    assert (slug(problem), pointers(problem)) == ("not-publishable", ["#/hours"])
    assert "open on no day from today on" in problem["detail"]
    await world.hours(owner, hall, {"always": True})
    ok(await owner.post(f"{path}/publish"), 200)


async def test_only_the_verified_publish(world: World):
    owner = await world.organisation(verified=False)
    asset = await world.asset(owner, published=False)
    assert slug(ok(await owner.post(f"/assets/{asset['id']}/publish"), 403)) == "unverified"


async def test_a_listed_asset_is_paused_and_listed_again_and_archived_for_good(world: World):
    owner = await world.organisation()
    asset = await world.asset(owner)
    path = f"/assets/{asset['id']}"
    assert ok(await owner.post(f"{path}/pause"), 200)["state"] == "paused"
    assert ok(await owner.post(f"{path}/publish"), 200)["state"] == "listed"
    assert ok(await owner.post(f"{path}/archive"), 200)["state"] == "archived"
    for refused in (await owner.post(f"{path}/publish"), await owner.patch(path, {"title": "x"})):
        assert slug(ok(refused, 409)) == "state-does-not-allow"
    ok(await world.client.get(f"/v1{path}"), 404)
    events = ok(await owner.get("/events", limit=100), 200)["items"]
    told = [each["type"] for each in events if each["object"]["id"] == asset["id"]]
    versions = [each["object"]["version"] for each in events if each["object"]["id"] == asset["id"]]
    assert told == [
        "asset.created",
        "asset.hours_replaced",
        "asset.published",
        "asset.paused",
        "asset.published",
        "asset.archived",
    ]
    assert versions == [1, 2, 3, 4, 5, 6]


async def test_what_is_booked_is_not_archived(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    ok(await group.book(asset, EVENING, ("2027-07-12T18:00:00Z", "2027-07-12T20:00:00Z")), 201)
    problem = ok(await owner.post(f"/assets/{asset['id']}/archive"), 409)
    assert (slug(problem), problem["detail"]) == (
        "asset-in-use",
        (
            "2 occurrences are to come, until Monday 12 July 2027, 21:00 (Europe/London):"
            " cancel, or pause the asset until then."
        ),
    )


async def test_how_to_get_in_is_for_the_owner_alone(world: World):
    owner = await world.organisation()
    asset = await world.asset(owner, arrival={"code": "1234"})
    assert asset["arrival"]["code"] == "1234"
    assert ok(await world.client.get(f"/v1/assets/{asset['id']}"), 200)["arrival"] is None


async def test_a_patch_is_merged_and_checked_as_a_whole(world: World):
    owner = await world.organisation()
    asset = await world.asset(owner, features=["wifi"], capacity=20)
    path = f"/assets/{asset['id']}"
    patch = {"terms": {"price": {"amount": 500, "currency": "GBP", "per": "hour"}}, "capacity": None}
    changed = ok(await owner.patch(path, patch), 200)
    assert (changed["features"], changed["capacity"]) == (["wifi"], None)
    assert changed["terms"] == {**asset["terms"], **patch["terms"]}
    assert pointers(ok(await owner.patch(path, {"terms": {"longest_minutes": 1}}), 422)) == ["#/terms/longest_minutes"]
    assert pointers(ok(await owner.patch(path, {"title": None, "owner_id": "x"}), 422)) == [
        "#/owner_id",
        "#/title",
    ]
    assert ok(await owner.get(path), 200) == changed


async def test_c25_of_ten_changes_at_once_one_is_made(world: World):
    import asyncio  # noqa: PLC0415

    owner = await world.organisation()
    asset = await world.asset(owner)
    path = f"/assets/{asset['id']}"
    seen = {"If-Match": (await owner.get(path)).headers["ETag"]}
    answers = await asyncio.gather(*(owner.patch(path, {"title": f"Hall {n}"}, headers=seen) for n in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 9


async def test_c16_a_part_made_after_a_booking_of_the_whole_is_taken(world: World):
    owner, group = await world.organisation(), await world.organisation()
    site = await world.site(owner)
    hall = await world.asset(owner, site=site)
    ok(await group.book(hall, EVENING), 201)
    half = await world.asset(owner, site=site, part_of=hall["id"])
    assert ok(await owner.get(f"/assets/{hall['id']}"), 200)["parts"] == [half["id"]]
    ok(await group.book(half, LATER), 409)
    ok(await owner.patch(f"/assets/{half['id']}", {"part_of": None}), 200)
    ok(await group.book(half, LATER), 201)
    problem = ok(await owner.patch(f"/assets/{half['id']}", {"part_of": hall["id"]}), 409)
    assert slug(problem) == "asset-in-use"


async def test_an_asset_is_never_inside_itself(world: World):
    owner = await world.organisation()
    site = await world.site(owner)
    hall = await world.asset(owner, site=site)
    half = await world.asset(owner, site=site, part_of=hall["id"])
    for whole in (hall, half):
        problem = ok(await owner.patch(f"/assets/{hall['id']}", {"part_of": whole["id"]}), 422)
        assert (slug(problem), pointers(problem)) == ("parts-cycle", ["#/part_of"])


async def test_a_whole_has_one_unit_and_its_parts_are_archived_first(world: World):
    owner = await world.organisation()
    site = await world.site(owner)
    hall = await world.asset(owner, site=site)
    half = await world.asset(owner, site=site, part_of=hall["id"])
    assert pointers(ok(await owner.patch(f"/assets/{hall['id']}", {"units": 2}), 422)) == ["#/units"]
    problem = ok(await owner.post(f"/assets/{hall['id']}/archive"), 409)
    told = "1 part of it is not archived: archive what is inside first."
    assert (slug(problem), problem["detail"]) == ("asset-in-use", told)
    ok(await owner.post(f"/assets/{half['id']}/archive"), 200)
    ok(await owner.post(f"/assets/{hall['id']}/archive"), 200)


@pytest.mark.parametrize(("units", "status"), [(3, 200), (2, 200), (1, 409)])
async def test_units_go_only_while_enough_remain_for_what_is_booked(world: World, units: int, status: int):
    owner, group = await world.organisation(), await world.organisation()
    tables = await world.asset(owner, kind="equipment", category="tables", units=4)
    first = ok(await group.book(tables, EVENING, units=2), 201)
    ok(await group.book(tables, LATER, units=2), 201)
    ok(await group.post(f"/bookings/{first['id']}/cancel", {"all": True}), 200)
    changed = ok(await owner.patch(f"/assets/{tables['id']}", {"units": units}), status)
    if status == 200:
        assert changed["units"] == units
        left = [
            unit
            for each in ok(await group.get("/bookings"), 200)["items"]
            for o in each["occurrences"]
            for unit in o["unit_numbers"]
        ]
        assert len(left) == 2
        assert max(left) <= units
    else:
        told = "2 units are booked at the same time: leave so many, or cancel bookings first."
        assert (slug(changed), changed["detail"]) == ("asset-in-use", told)


async def test_a_unit_on_which_a_booking_has_begun_does_not_go(world: World, clock):
    owner, group = await world.organisation(), await world.organisation()
    tables = await world.asset(owner, kind="equipment", category="tables", units=2)
    first = ok(await group.book(tables, EVENING), 201)
    ok(await group.book(tables, LATER), 201)
    ok(await group.cancel(first), 200)
    clock.now = clock.now.replace(month=7, day=5, hour=20)
    problem = ok(await owner.patch(f"/assets/{tables['id']}", {"units": 1}), 409)
    told = "A booking that has begun has one of the units to go, until 2027-07-05T21:00:00Z: wait so long."
    assert (slug(problem), problem["detail"]) == ("asset-in-use", told)


async def test_assets_are_listed_by_state_to_their_owner(world: World):
    owner = await world.organisation()
    draft, listed = await world.asset(owner, published=False), await world.asset(owner)
    mine = {"owner_id": owner.id, "state": "draft"}
    [found] = ok(await owner.get("/assets", **mine), 200)["items"]
    assert found["id"] == draft["id"]
    assert ok(await world.client.get("/v1/assets", params=mine), 200)["items"] == []
    [public] = ok(await world.client.get("/v1/assets", params={"owner_id": owner.id}), 200)["items"]
    assert public["id"] == listed["id"]
    ok(await owner.get("/assets", state="lost"), 422)


async def test_assets_are_found_by_a_part_of_their_title(world: World):
    owner = await world.organisation()
    hall, van = await world.asset(owner, title="Église hall"), await world.asset(owner, title="Red van")
    [found] = ok(await world.client.get("/v1/assets", params={"q": "église"}), 200)["items"]
    assert found["id"] == hall["id"]
    assert [each["id"] for each in ok(await owner.get("/assets", q="D V"), 200)["items"]] == [van["id"]]
    assert ok(await owner.get("/assets", q="é", limit=1), 200) == ok(await owner.get("/assets", q="église"), 200)
