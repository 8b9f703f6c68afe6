"""Copies of assets: drafts at many sites at once, with their parts and hours."""

from datetime import date, timedelta
from uuid import uuid4

from calls import World, ok, weekly

from domain.assets import PEOPLE_AT_PUBLIC_SITE

NOTHING = "0190b0d0-0000-7000-8000-000000000000"
OWN = ("id", "site_id", "parts", "part_of", "state", "arrival", "created_at", "updated_at")
EVENINGS = weekly(("tue", "17:00", "22:00"), exceptions=[{"on": "2027-06-01", "hours": [], "note": "Painting."}])


def told(problem):
    return {each["pointer"]: each["detail"] for each in problem["errors"]}


def slug(problem):
    return problem["type"].removeprefix("/problems/")


def said(asset):
    """What of an asset a copy says too."""
    return {name: value for name, value in asset.items() if name not in OWN}


async def copies_of_a_site(world, site, count):
    """Ids of so many sites like one."""
    columns = "owner_id, name, address, location, shown, precision, timezone, private, created_at, updated_at"
    ids = [str(uuid4()) for _ in range(count)]
    await world.run(
        f"INSERT INTO sites (id, {columns}) SELECT n, {columns} FROM sites, unnest($2::uuid[]) n WHERE id = $1",
        site["id"],
        ids,
    )
    return ids


async def test_a_copy_is_a_draft_that_says_what_its_original_says(world: World, clock):
    owner = await world.organisation()
    site, other = await world.site(owner), await world.site(owner, timezone="Pacific/Fiji")
    everything = {
        "description": "Large.",
        "features": ["wifi"],
        "capacity": 80,
        "units": 2,
        "details": {"kind": "space", "area_m2": 120},
        "terms": {"price": {"amount": 500, "currency": "GBP", "per": "hour"}, "requires": ["midas"]},
        "photos": [{"url": "https://example.org/hall.jpg", "alt": "The hall"}],
        "documents": [{"title": "Rules", "url": "https://example.org/rules"}],
        "house_rules": "No shoes.",
        "accessibility": "A ramp.",
        "arrival": {"code": "1234"},
    }
    hall = await world.asset(owner, site=site, hours=EVENINGS, **everything)
    clock.now = clock.now.replace(hour=10)
    answer = await owner.post(f"/assets/{hall['id']}/copy", {"site_ids": [other["id"], site["id"]]})
    page = ok(answer, 201)
    assert "Location" not in answer.headers
    assert page["next"] is None
    assert [each["site_id"] for each in page["items"]] == [other["id"], site["id"]]
    for made in page["items"]:
        assert said(made) == said(hall)
        assert {name: made[name] for name in OWN[2:]} == {
            "parts": [],
            "part_of": None,
            "state": "draft",
            "arrival": None,
            "created_at": "2027-01-04T10:00:00Z",
            "updated_at": "2027-01-04T10:00:00Z",
        }
        assert ok(await owner.get(f"/assets/{made['id']}"), 200) == made
        ok(await world.client.get(f"/v1/assets/{made['id']}"), 404)
        ok(await owner.post(f"/assets/{made['id']}/publish"), 200)
    there = await world.open(page["items"][0], "2027-05-25T00:00:00Z", "2027-06-03T00:00:00Z")
    assert there == [("2027-05-25T05:00:00Z", "2027-05-25T10:00:00Z")]  # Fiji's evening; closed on 1 June


async def test_own_hours_are_copied_and_a_shared_timetable_is_kept(world: World):
    owner = await world.organisation()
    site = await world.site(owner)
    own = await world.asset(owner, site=site, hours=EVENINGS)
    shared = ok(await owner.post("/timetables", {"name": "Usual", "always": True}), 201)
    sharing = await world.asset(owner, site=site, published=False)
    ok(await owner.patch(f"/assets/{sharing['id']}", {"timetable_id": shared["id"]}), 200)
    bare = {"site_id": site["id"], "kind": "space", "category": "hall", "title": "Without hours"}
    bare = ok(await owner.post("/assets", bare), 201)
    made = []
    for each in (own, sharing, bare):
        made += ok(await owner.post(f"/assets/{each['id']}/copy", {"site_ids": [site["id"]]}), 201)["items"]
    assert [each["timetable_id"] for each in made] == [None, shared["id"], None]
    was = ok(await owner.get(f"/assets/{own['id']}/hours"), 200)
    assert ok(await owner.get(f"/assets/{made[0]['id']}/hours"), 200) == was
    await world.hours(owner, own, {"always": True})
    assert ok(await owner.get(f"/assets/{made[0]['id']}/hours"), 200) == was
    assert ok(await owner.get(f"/assets/{made[2]['id']}/hours"), 200)["always"] is False


async def test_a_whole_is_copied_with_its_parts_to_any_depth(world: World):
    owner, group = await world.organisation(), await world.organisation()
    site, other = await world.site(owner), await world.site(owner)
    building = await world.asset(owner, site=site, title="Building")
    hall = await world.asset(owner, site=site, title="Hall", part_of=building["id"])
    await world.asset(owner, site=site, title="Half", part_of=hall["id"], kind="equipment", category="tables", units=3)
    gone = await world.asset(owner, site=site, title="Gone", part_of=hall["id"], published=False)
    ok(await owner.post(f"/assets/{gone['id']}/archive"), 200)
    evening = ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")
    ok(await group.book(building, evening), 201)
    sent = {"site_ids": [other["id"], site["id"]]}
    for top in ok(await owner.post(f"/assets/{hall['id']}/copy", sent), 201)["items"]:
        [half] = [ok(await owner.get(f"/assets/{each}"), 200) for each in top["parts"]]
        assert (top["title"], top["part_of"]) == ("Hall", None)
        assert (half["title"], half["part_of"], half["units"]) == ("Half", top["id"], 3)
        assert half["site_id"] == top["site_id"]
        for each in (top, half):
            ok(await owner.post(f"/assets/{each['id']}/publish"), 200)
        ok(await group.book(top, evening), 201)
        ok(await group.book(half, evening), 409)  # its whole is booked
    [copied] = ok(await owner.post(f"/assets/{building['id']}/copy", {"site_ids": [other["id"]]}), 201)["items"]
    [inside] = [ok(await owner.get(f"/assets/{each}"), 200) for each in copied["parts"]]
    assert (inside["title"], len(inside["parts"])) == ("Hall", 1)
    assert await world.value("SELECT count(*) FROM parts WHERE whole_id = $1", copied["id"]) == 3


async def test_every_site_that_will_not_do_is_told_at_once(world: World):
    owner, stranger = await world.organisation(), await world.organisation()
    site, theirs = await world.site(owner), await world.site(stranger)
    cook = await world.asset(
        owner, site=await world.site(owner, private=True), kind="people", category="cook", title="A cook"
    )
    before = await world.stored()
    sent = {"site_ids": [site["id"], theirs["id"], NOTHING, site["id"]]}
    problem = ok(await owner.post(f"/assets/{cook['id']}/copy", sent), 422)
    assert told(problem) == {
        "#/site_ids/0": PEOPLE_AT_PUBLIC_SITE,
        "#/site_ids/1": "You have no such site.",
        "#/site_ids/2": "You have no such site.",
        "#/site_ids/3": "It is the same site as #/site_ids/0; send each once.",
    }
    for none in ([], [site["id"]] * 201, "x"):
        ok(await owner.post(f"/assets/{cook['id']}/copy", {"site_ids": none}), 422)
    assert await world.stored() == before


async def test_a_request_makes_a_bounded_number_of_assets(world: World):
    owner = await world.organisation()
    site = await world.site(owner)
    hall = await world.asset(owner, site=site)
    for _ in range(5):
        await world.asset(owner, site=site, part_of=hall["id"], published=False)
    sites = await copies_of_a_site(world, site, 84)
    path = f"/assets/{hall['id']}/copy"
    assert told(ok(await owner.post(path, {"site_ids": sites}), 422)) == {
        "#/site_ids": "That makes 504 assets, its parts among them; at most 500 at once:"
        " send at most 83 sites at a time."
    }
    made = ok(await owner.post(path, {"site_ids": sites[:83]}), 201)["items"]
    assert [each["site_id"] for each in made] == sites[:83]
    assert {len(each["parts"]) for each in made} == {5}
    dates = (date(2027, 1, 1) + timedelta(days=n) for n in range(999))
    await world.hours(owner, hall, {**EVENINGS, "exceptions": [{"on": day.isoformat(), "hours": []} for day in dates]})
    assert told(ok(await owner.post(path, {"site_ids": sites[:21]}), 422)) == {
        "#/site_ids": "That makes 21000 seasons and exceptions of hours; at most 20000 at once:"
        " send at most 20 sites at a time."
    }


async def test_what_is_archived_is_not_copied(world: World):
    owner = await world.organisation()
    asset = await world.asset(owner)
    ok(await owner.post(f"/assets/{asset['id']}/archive"), 200)
    problem = ok(await owner.post(f"/assets/{asset['id']}/copy", {"site_ids": [asset["site_id"]]}), 409)
    assert slug(problem) == "state-does-not-allow"


async def test_each_asset_made_has_its_event(world: World):
    owner = await world.organisation()
    site = await world.site(owner)
    hall = await world.asset(owner, site=site, published=False, arrival={"code": "1234"})
    part = {"site_id": site["id"], "kind": "space", "category": "hall", "title": "Half", "part_of": hall["id"]}
    ok(await owner.post("/assets", part), 201)
    seen = ok(await owner.get("/events", limit=100), 200)["next"]
    [made] = ok(await owner.post(f"/assets/{hall['id']}/copy", {"site_ids": [site["id"]]}), 201)["items"]
    told = ok(await owner.get("/events", after=seen), 200)["items"]
    assert [(each["type"], each["object"]["version"], each["before"]) for each in told] == [
        ("asset.created", 1, None)
    ] * 2
    assert {each["object"]["id"] for each in told} == {made["id"], *made["parts"]}
    after = next(each["after"] for each in told if each["object"]["id"] == made["id"])
    assert (after["parts"], after["site_id"], after["state"]) == (made["parts"], site["id"], "draft")
    assert after["texts"] == ["description", "details", "documents", "photos", "title"]


async def test_a_repeated_key_makes_no_second_copies(world: World):
    owner = await world.organisation()
    hall = await world.asset(owner, published=False)
    path, sent = f"/assets/{hall['id']}/copy", {"site_ids": [hall["site_id"]]}
    first = await owner.post(path, sent, headers={"Idempotency-Key": "k"})
    again = await owner.post(path, sent, headers={"Idempotency-Key": "k"})
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(ok(await owner.get("/assets", owner_id=owner.id), 200)["items"]) == 2
