"""Closures: they shut wholes and parts, tell what they hit, and open again."""

import hashlib

from calls import World, ok, reasons

EVENING = ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")
NOON = {"starts_at": "2027-07-05T12:00:00Z", "ends_at": "2027-07-05T19:00:00Z"}


async def test_a_closure_tells_what_it_hits_and_shuts_wholes_and_parts(world: World):
    owner, group = await world.organisation(), await world.organisation()
    site = await world.site(owner)
    hall = await world.asset(owner, site=site)
    half = await world.asset(owner, site=site, part_of=hall["id"])
    booking = ok(await group.book(hall, EVENING), 201)
    body = {"asset_id": half["id"], "note": "Boiler", **NOON}
    tried = await owner.post("/closures", {**body, "dry_run": True})
    assert [hit["booking_id"] for hit in ok(tried, 200)["bookings_hit"]] == [booking["id"]]
    assert ok(await owner.get("/closures"), 200)["items"] == []
    made = await owner.post("/closures", body, headers={"If-Match": tried.headers["ETag"]})
    closure = ok(made, 201)["closure"]
    assert closure == {
        "id": closure["id"],
        "asset_id": half["id"],
        "site_id": None,
        **NOON,
        "note": "Boiler",
        "source": "manual",
        "created_at": "2027-01-04T09:00:00Z",
        "updated_at": "2027-01-04T09:00:00Z",
    }
    assert made.headers["Location"] == f"/v1/closures/{closure['id']}"
    got = await world.client.get(f"/v1/closures/{closure['id']}")
    assert (ok(got, 200), got.headers["ETag"]) == (closure, made.headers["ETag"])
    early = ("2027-07-05T13:00:00Z", "2027-07-05T14:00:00Z")
    for asset in (hall, half):
        assert reasons(await group.book(asset, early)) == [["closed"]]
    ok(await owner.delete(f"/closures/{closure['id']}"), 204)
    ok(await owner.get(f"/closures/{closure['id']}"), 404)
    ok(await group.book(hall, early), 201)


async def test_a_closure_of_a_site_shuts_everything_there(world: World):
    owner, group = await world.organisation(), await world.organisation()
    site = await world.site(owner)
    hall = await world.asset(owner, site=site)
    ok(await owner.post("/closures", {"site_id": site["id"], **NOON}), 201)
    assert reasons(await group.book(hall, EVENING)) == [["closed"]]


async def test_a_stale_dry_run_closes_nothing(world: World):
    owner, group = await world.organisation(), await world.organisation()
    hall = await world.asset(owner)
    body = {"asset_id": hall["id"], **NOON}
    tried = await owner.post("/closures", {**body, "dry_run": True})
    ok(await group.book(hall, EVENING), 201)
    ok(await owner.post("/closures", body, headers={"If-Match": tried.headers["ETag"]}), 412)
    assert ok(await owner.get("/closures", asset_id=hall["id"]), 200)["items"] == []


async def test_a_closure_is_answered_again_until_it_is_erased(world: World):
    owner = await world.organisation()
    hall = await world.asset(owner)
    body, key = {"asset_id": hall["id"], **NOON}, {"Idempotency-Key": "once"}
    first = await owner.post("/closures", body, headers=key)
    again = await owner.post("/closures", body, headers=key)
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (ok(first, 201), "true")
    ok(await owner.delete(f"/closures/{first.json()['closure']['id']}"), 204)
    other = ok(await owner.post("/closures", body, headers=key), 201)
    assert other["closure"]["id"] != first.json()["closure"]["id"]


async def test_only_the_owner_closes_and_only_what_is_there(world: World):
    owner, stranger = await world.organisation(), await world.organisation()
    hall = await world.asset(owner)
    ok(await stranger.post("/closures", {"asset_id": hall["id"], **NOON}), 403)
    draft = await world.asset(owner, published=False)
    hidden = ok(await stranger.post("/closures", {"asset_id": draft["id"], **NOON}), 422)
    assert [each["pointer"] for each in hidden["errors"]] == ["#/asset_id"]
    closure = ok(await owner.post("/closures", {"asset_id": hall["id"], **NOON}), 201)["closure"]
    ok(await stranger.delete(f"/closures/{closure['id']}"), 403)
    events = ok(await owner.get("/events", limit=100), 200)["items"]
    assert [each["type"] for each in events if each["object"]["kind"] == "closure"] == ["closure.created"]


async def test_what_is_not_there_yet_is_matched_by_a_dry_run_alone(world: World):
    owner = await world.organisation()
    hall = await world.asset(owner)
    body = {"asset_id": hall["id"], **NOON}
    tried = await owner.post("/closures", {**body, "dry_run": True})
    for sent in ("*", f'"{hashlib.sha256(b"null").hexdigest()[:32]}"', '"other"'):
        ok(await owner.post("/closures", body, headers={"If-Match": sent}), 412)
    assert ok(await owner.get("/closures"), 200)["items"] == []
    ok(await owner.post("/closures", body, headers={"If-Match": f'"other", {tried.headers["ETag"]}'}), 201)


async def test_when_people_and_private_sites_are_closed_is_for_those_with_a_token_and_why_for_the_owner(world: World):
    owner, other = await world.organisation(), await world.organisation()
    home = await world.site(owner, private=True)
    cook = await world.asset(owner, site=home, kind="people", category="cook")
    hall = await world.asset(owner)
    made = [
        ok(await owner.post("/closures", {**place, "note": "At the doctor's", **NOON}), 201)["closure"]
        for place in ({"asset_id": hall["id"]}, {"asset_id": cook["id"]}, {"site_id": home["id"]})
    ]
    told = [made[0], *({**each, "note": None} for each in made[1:])]
    assert ok(await owner.get("/closures"), 200)["items"] == made[::-1]
    assert ok(await other.get("/closures"), 200)["items"] == told[::-1]
    assert ok(await world.client.get("/v1/closures"), 200)["items"] == made[:1]
    for closure, seen in zip(made, told, strict=True):
        path = f"/closures/{closure['id']}"
        assert ok(await owner.get(path), 200) == closure
        assert ok(await other.get(path), 200) == seen
        ok(await world.client.get(f"/v1{path}"), 200 if closure == made[0] else 401)


async def test_an_archived_asset_is_not_closed_and_its_closures_can_be_erased(world: World):
    owner = await world.organisation()
    hall = await world.asset(owner)
    closure = ok(await owner.post("/closures", {"asset_id": hall["id"], **NOON}), 201)["closure"]
    ok(await owner.post(f"/assets/{hall['id']}/archive"), 200)
    for body in ({}, {"dry_run": True}):
        refused = ok(await owner.post("/closures", {"asset_id": hall["id"], **NOON, **body}), 409)
        assert refused["type"] == "/problems/state-does-not-allow"
        assert "draft, listed or paused" in refused["detail"]
    ok(await owner.delete(f"/closures/{closure['id']}"), 204)
