"""Hours of an asset: what is hit is told, nothing is moved, stale changes are refused."""

from calls import World, daily, ok, reasons, weekly

EVENING = ("2027-07-14T17:00:00Z", "2027-07-14T19:00:00Z")
EMPTY = {
    "applies_to": None,
    "always": False,
    "seasons": [],
    "exceptions": [],
    "holidays": {"region": None, "then": "open", "hours": []},
}


async def test_hours_are_answered_as_get_answers_them(world: World):
    owner = await world.organisation()
    asset = await world.asset(owner, published=False, hours=EMPTY)
    path = f"/assets/{asset['id']}/hours"
    sent = weekly(("fri", "20:00", "02:00"), exceptions=[{"on": "2027-07-14"}])
    put = await owner.put(path, sent, headers={"If-Match": (await owner.get(path)).headers["ETag"]})
    hours = ok(put, 200)["hours"]
    assert hours == {
        **EMPTY,
        "seasons": [
            {
                "starts_on": "2026-01-05",
                "ends_on": None,
                "cycle_weeks": 1,
                "hours": [{"week": 1, "day": "fri", "opens": "20:00", "closes": "02:00"}],
            }
        ],
        "exceptions": [{"on": "2027-07-14", "hours": [], "note": None}],
    }
    got = await owner.get(path)
    assert (ok(got, 200), got.headers["ETag"]) == (hours, put.headers["ETag"])
    ok(await owner.send("GET", path, headers={"If-None-Match": put.headers["ETag"]}), 304)


async def test_an_asset_without_hours_is_never_open_and_takes_its_first_ones_freely(world: World):
    owner = await world.organisation()
    site = await world.site(owner)
    body = {"site_id": site["id"], "kind": "space", "category": "hall", "title": "A hall"}
    asset = ok(await owner.post("/assets", body), 201)
    path = f"/assets/{asset['id']}/hours"
    assert ok(await owner.get(path), 200) == EMPTY
    ok(await owner.put(path, {"always": True}), 200)
    ok(await owner.put(path, {"always": True}), 428)


async def test_c09_hours_narrowed_under_a_booking_leave_it_and_tell(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    booking = ok(await group.book(asset, EVENING), 201)
    path = f"/assets/{asset['id']}/hours"
    etag = (await owner.get(path)).headers["ETag"]
    tried = await owner.put(path, {**daily("09:00", "17:00"), "dry_run": True})
    hit = {
        "booking_id": booking["id"],
        "occurrence_id": booking["occurrences"][0]["id"],
        "starts_at": EVENING[0],
        "ends_at": EVENING[1],
        "state": "confirmed",
        "alternatives": [],
    }
    assert ok(tried, 200)["bookings_hit"] == [hit]
    assert (await owner.get(path)).headers["ETag"] == etag
    put = await owner.put(path, daily("09:00", "17:00"), headers={"If-Match": tried.headers["ETag"]})
    assert ok(put, 200) == tried.json()
    assert put.headers["ETag"] == (await owner.get(path)).headers["ETag"]
    assert ok(await group.get(f"/bookings/{booking['id']}"), 200)["state"] == "confirmed"
    assert reasons(await group.book(asset, ("2027-07-21T17:00:00Z", "2027-07-21T19:00:00Z"))) == [["closed"]]


async def test_a_dry_run_answers_only_for_what_it_would_have_hit(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    path, narrow = f"/assets/{asset['id']}/hours", daily("09:00", "17:00")
    tried = await owner.put(path, {**narrow, "dry_run": True})
    ok(await group.book(asset, EVENING), 201)
    ok(await owner.put(path, narrow, headers={"If-Match": tried.headers["ETag"]}), 412)
    ok(await owner.put(path, narrow, headers={"If-Match": (await owner.get(path)).headers["ETag"]}), 200)


async def test_c06_opening_and_closing_at_once_is_refused_and_nothing_is_stored(world: World):
    owner = await world.organisation()
    asset = await world.asset(owner)
    path = f"/assets/{asset['id']}/hours"
    before = ok(await owner.get(path), 200)
    refused = await owner.put(path, daily("00:00", "00:00"), headers={"If-Match": "*"})
    assert [each["pointer"] for each in ok(refused, 422)["errors"]] == [
        f"#/seasons/0/hours/{n}/closes" for n in range(7)
    ]
    one, two = daily("09:00", "10:00")["seasons"][0], daily("11:00", "12:00")["seasons"][0]
    overlap = await owner.put(path, {"seasons": [one, two]}, headers={"If-Match": "*"})
    assert ok(overlap, 422)["type"] == "/problems/hours-overlap"
    assert ok(await owner.get(path), 200) == before


async def test_hours_there_are_match_a_star(world: World):
    """GET answers the hours of an asset that has been given none, so there is something to match."""
    owner = await world.organisation()
    body = {"site_id": (await world.site(owner))["id"], "kind": "space", "category": "hall", "title": "A hall"}
    path = f"/assets/{ok(await owner.post('/assets', body), 201)['id']}/hours"
    ok(await owner.put(path, {"always": True}, headers={"If-Match": '"other"'}), 412)
    ok(await owner.put(path, {"always": True}, headers={"If-Match": "*"}), 200)
    ok(await owner.put(path, daily("09:00", "17:00"), headers={"If-Match": "*"}), 200)


async def test_of_what_is_at_a_private_site_only_the_owner_sees_the_notes(world: World):
    owner, other = await world.organisation(), await world.organisation()
    off = {"on": "2027-07-14", "note": "At the doctor's"}
    hours = daily("09:00", "17:00", exceptions=[off])
    home = await world.site(owner, private=True)
    cook = await world.asset(owner, site=home, kind="people", category="cook", hours=hours)
    hall = await world.asset(owner, hours=hours)

    async def notes(response) -> list[str | None]:
        return [each["note"] for each in ok(response, 200)["exceptions"]]

    for asset, seen in ((hall, off["note"]), (cook, None)):
        path = f"/assets/{asset['id']}/hours"
        assert await notes(await owner.get(path)) == [off["note"]]
        assert await notes(await other.get(path)) == [seen]
        assert await notes(await world.client.get(f"/v1{path}")) == [seen]


async def test_a_listed_asset_is_not_given_hours_that_are_never_open(world: World):
    owner = await world.organisation()
    asset = await world.asset(owner)
    path = f"/assets/{asset['id']}/hours"
    over = {"seasons": [{**daily("09:00", "10:00")["seasons"][0], "ends_on": "2027-01-03"}]}
    for never in ({}, over, {"dry_run": True}):
        refused = ok(await owner.put(path, never, headers={"If-Match": "*"}), 409)
        assert (refused["type"], [each["pointer"] for each in refused["errors"]]) == (
            "/problems/not-publishable",
            ["#/seasons"],
        )
        assert "Pause it first" in refused["detail"]
    assert ok(await owner.get(path), 200) == {**EMPTY, "always": True}
    ok(await owner.post(f"/assets/{asset['id']}/pause"), 200)
    ok(await owner.put(path, {}, headers={"If-Match": "*"}), 200)


async def test_an_archived_asset_is_given_no_hours(world: World):
    owner = await world.organisation()
    asset = await world.asset(owner)
    ok(await owner.post(f"/assets/{asset['id']}/archive"), 200)
    for body in ({"always": True}, {"always": True, "dry_run": True}):
        refused = await owner.put(f"/assets/{asset['id']}/hours", body, headers={"If-Match": "*"})
        assert ok(refused, 409)["type"] == "/problems/state-does-not-allow"
        assert "draft, listed or paused" in refused.json()["detail"]


async def test_an_event_tells_what_hours_became_without_their_notes(world: World):
    owner = await world.organisation()
    asset = await world.asset(owner)
    became = daily("09:00", "17:00", exceptions=[{"on": "2027-07-14", "note": "A wedding"}])
    await world.hours(owner, asset, became)
    [event] = [
        each
        for each in ok(await owner.get("/events", limit=100), 200)["items"]
        if each["type"] == "asset.hours_replaced" and each["object"]["version"] > 2
    ]
    same = {"timetable_id": None, "applies_to": None, "holidays": {"region": None, "then": "open"}}
    was, after = event["before"].pop("digest"), event["after"].pop("digest")
    assert was != after
    assert event["before"] == {**same, "always": True, "seasons": [], "exceptions": 0}
    assert event["after"] == {
        **same,
        "always": False,
        "seasons": [{"starts_on": "2026-01-05", "ends_on": None}],
        "exceptions": 1,
        "bookings_hit": 0,
    }
