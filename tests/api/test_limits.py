"""Limits on bookers: owners set them, anybody reads them, and every change is an event."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from calls import Organisation, World, ok, pointers

from domain.limits import MOST_LIMITS

EVENING = {"day": "fri", "opens": "18:00", "closes": "22:00"}
WEEKLY = {"counts": "minutes", "most": 600, "every": "week"}
OPEN = {"counts": "open_bookings", "most": 2}


@pytest.fixture
async def owner(world: World) -> Organisation:
    return await world.organisation(kind="council")


async def listed(who: Organisation, **filters: Any) -> list[dict[str, Any]]:
    """The limits that somebody finds."""
    return ok(await who.get("/limits", limit=100, **filters), 200)["items"]


async def told(owner: Organisation) -> list[dict[str, Any]]:
    """The events of limits, in the order of the feed."""
    items = ok(await owner.get("/events", limit=100), 200)["items"]
    return [each for each in items if each["object"]["kind"] == "limit"]


async def test_a_limit_is_made_read_changed_and_deleted(world: World, owner, clock):
    hall = await world.asset(owner)
    sent = {
        "name": "Evenings",
        "asset_id": hall["id"],
        "kinds": ["group", "charity"],
        **WEEKLY,
        "prime_time": [{"day": "sun", "opens": "22:00", "closes": "02:00"}, EVENING],
    }
    made = await owner.post("/limits", sent)
    limit = ok(made, 201)
    assert limit == {
        "id": limit["id"],
        "owner_id": owner.id,
        **sent,
        "category": None,
        "starts_on": None,
        "ends_on": None,
        "created_at": "2027-01-04T09:00:00Z",
        "updated_at": "2027-01-04T09:00:00Z",
    }
    path = f"/limits/{limit['id']}"
    assert made.headers["Location"] == f"/v1{path}"
    got = await world.client.get(f"/v1{path}")
    assert (ok(got, 200), got.headers["ETag"]) == (limit, made.headers["ETag"])
    clock.now += timedelta(hours=1)
    changed = await owner.patch(path, {"most": 900, "kinds": [], "prime_time": None})
    after = limit | {"most": 900, "kinds": [], "prime_time": None, "updated_at": "2027-01-04T10:00:00Z"}
    assert ok(changed, 200) == after
    got = await owner.get(path)
    assert (ok(got, 200), got.headers["ETag"]) == (after, changed.headers["ETag"])
    assert await listed(owner) == [after]
    ok(await owner.delete(path), 204)
    ok(await owner.get(path), 404)
    assert await listed(owner) == []


async def test_its_prime_time_is_kept_as_sent_and_as_minutes_of_the_week(world: World, owner):
    windows = [{"day": "sun", "opens": "22:00", "closes": "02:00"}, EVENING]
    limit = ok(await owner.post("/limits", {**WEEKLY, "prime_time": windows}), 201)
    stored = "SELECT openings::text FROM limits WHERE id = $1"
    assert await world.value(stored, limit["id"]) == "{[6840,7080),[9960,10200)}"
    ok(await owner.patch(f"/limits/{limit['id']}", {"prime_time": [EVENING]}), 200)
    assert await world.value(stored, limit["id"]) == "{[6840,7080)}"
    ok(await owner.patch(f"/limits/{limit['id']}", {"prime_time": None}), 200)
    assert await world.value(stored, limit["id"]) is None


@pytest.mark.parametrize(
    "sent",
    [
        {"counts": "days_ahead", "most": 28, "category": "hall"},
        {"counts": "minutes", "most": 0, "starts_on": "2027-04-01", "ends_on": "2027-04-01"},
        {"counts": "minutes", "most": 6000, "starts_on": "2199-01-01", "ends_on": "2199-12-31"},
        {**OPEN, "name": "Two at a time", "kinds": ["business"]},
    ],
)
async def test_a_limit_is_answered_as_it_was_sent(world: World, owner, sent: dict[str, Any]):
    limit = ok(await owner.post("/limits", sent), 201)
    assert {name: limit[name] for name in sent} == sent
    assert ok(await world.client.get(f"/v1/limits/{limit['id']}"), 200) == limit


async def test_all_that_is_wrong_is_told_at_once(world: World, owner):
    other = await world.asset(await world.organisation())
    wrong = {
        **WEEKLY,
        "asset_id": other["id"],
        "category": "castle",
        "kinds": ["group", "charity", "group"],
        "starts_on": "2027-09-30",
        "ends_on": "2027-04-01",
        "prime_time": [EVENING | {"closes": "18:00"}],
    }
    expected = ["#/asset_id", "#/category", "#/category", "#/ends_on", "#/every", "#/kinds/2", "#/prime_time/0/closes"]
    assert pointers(await owner.post("/limits", wrong)) == expected
    limit = ok(await owner.post("/limits", WEEKLY), 201)
    assert pointers(await owner.patch(f"/limits/{limit['id']}", wrong)) == expected
    types = {**WEEKLY, "counts": "days", "most": -1, "kinds": ["knights"], "every": "year", "colour": "red"}
    expected = ["#/colour", "#/counts", "#/every", "#/kinds/0", "#/most"]
    assert pointers(await owner.post("/limits", types)) == expected
    assert pointers(await owner.patch(f"/limits/{limit['id']}", types)) == expected
    assert await listed(owner) == [limit]


async def test_a_change_is_judged_by_what_comes_of_it(owner):
    limit = ok(await owner.post("/limits", {**WEEKLY, "prime_time": [EVENING]}), 201)
    path = f"/limits/{limit['id']}"
    assert pointers(await owner.patch(path, {"every": None})) == ["#/every"]
    assert pointers(await owner.patch(path, {"counts": "days_ahead"})) == ["#/every", "#/prime_time"]
    assert pointers(await owner.patch(path, {"counts": None})) == ["#/counts"]
    season = {"every": None, "starts_on": "2027-04-01", "ends_on": "2027-09-30"}
    assert ok(await owner.patch(path, season), 200) == limit | season
    bare = {"counts": "open_bookings", "most": 2, "starts_on": None, "ends_on": None, "prime_time": None}
    assert ok(await owner.patch(path, bare), 200) == limit | {"every": None} | bare


async def test_what_is_limited_is_an_asset_of_ones_own(world: World, owner):
    stranger = await world.organisation()
    hall = await world.asset(owner)
    limit = ok(await owner.post("/limits", OPEN), 201)
    for refused in (
        await stranger.post("/limits", {**OPEN, "asset_id": hall["id"]}),
        await owner.post("/limits", {**OPEN, "asset_id": "0190b0d0-0000-7000-8000-000000000000"}),
        await owner.patch(f"/limits/{limit['id']}", {"asset_id": limit["id"]}),
    ):
        told = [(each["pointer"], each["detail"]) for each in ok(refused, 422)["errors"]]
        assert told == [("#/asset_id", "You have no such asset.")]


async def test_an_archived_asset_is_not_limited_and_its_limits_can_be_deleted(world: World, owner):
    hall = await world.asset(owner)
    limit = ok(await owner.post("/limits", {**OPEN, "asset_id": hall["id"]}), 201)
    other = ok(await owner.post("/limits", OPEN), 201)
    ok(await owner.post(f"/assets/{hall['id']}/archive"), 200)
    for refused in (
        await owner.post("/limits", {**OPEN, "asset_id": hall["id"]}),
        await owner.patch(f"/limits/{limit['id']}", {"most": 3}),
        await owner.patch(f"/limits/{other['id']}", {"asset_id": hall["id"]}),
    ):
        assert ok(refused, 409)["type"] == "/problems/state-does-not-allow"
        assert "draft, listed or paused" in refused.json()["detail"]
    moved = ok(await owner.patch(f"/limits/{limit['id']}", {"asset_id": None, "category": "hall"}), 200)
    assert moved["category"] == "hall"
    ok(await owner.patch(f"/limits/{limit['id']}", {"most": 3}), 200)
    ok(await owner.delete(f"/limits/{limit['id']}"), 204)


async def test_an_owners_limits_are_a_hundred_at_most_also_when_two_come_at_once(world: World, owner):
    for _ in range(MOST_LIMITS - 1):
        ok(await owner.post("/limits", OPEN), 201)
    nothing = {**OPEN, "every": "week"}
    await asyncio.gather(*(owner.post("/limits", nothing) for _ in range(8)))  # now there is a connection for each
    answers = await asyncio.gather(*(owner.post("/limits", OPEN) for _ in range(8)))
    assert sorted(each.status_code for each in answers) == [201] + [422] * 7
    [refused, *_] = [each for each in answers if each.status_code == 422]
    sentence = f"You have {MOST_LIMITS} limits, and no owner has more than {MOST_LIMITS}: delete one."
    assert [(each["pointer"], each["detail"]) for each in refused.json()["errors"]] == [("#", sentence)]
    wrong = await owner.post("/limits", {**OPEN, "every": "week"})
    assert pointers(wrong) == ["#", "#/every"]
    found = await listed(owner)
    assert len(found) == MOST_LIMITS
    ok(await owner.patch(f"/limits/{found[0]['id']}", {"most": 3}), 200)
    ok(await (await world.organisation()).post("/limits", OPEN), 201)
    ok(await owner.delete(f"/limits/{found[0]['id']}"), 204)
    ok(await owner.post("/limits", OPEN), 201)


async def test_only_managers_of_the_owner_set_them(world: World, owner):
    stranger = await world.organisation()
    limit = ok(await owner.post("/limits", OPEN), 201)
    path = f"/limits/{limit['id']}"
    for who in (stranger, await owner.as_role("member")):
        ok(await who.patch(path, {"most": 3}), 403)
        ok(await who.delete(path), 403)
        assert ok(await who.get(path), 200) == limit
    ok(await (await owner.as_role("member")).post("/limits", OPEN), 403)
    ok(await world.client.post("/v1/limits", json=OPEN), 401)
    manager = await owner.as_role("manager")
    made = ok(await manager.post("/limits", OPEN), 201)
    ok(await manager.patch(f"/limits/{made['id']}", {"most": 3}), 200)
    ok(await manager.delete(f"/limits/{made['id']}"), 204)
    assert await listed(owner) == [limit]


async def test_everybody_reads_them_but_those_of_what_one_may_not_know_of(world: World, owner):
    stranger = await world.organisation()
    home = await world.site(owner, private=True)
    cook = await world.asset(owner, site=home, kind="people", category="cook")
    draft = await world.asset(owner, published=False)
    gone = await world.asset(owner)
    made = [
        ok(await owner.post("/limits", {**OPEN, **of}), 201)
        for of in ({}, {"category": "hall"}, *({"asset_id": each["id"]} for each in (cook, draft, gone)))
    ]
    ok(await owner.post(f"/assets/{gone['id']}/archive"), 200)
    assert await listed(owner) == made[::-1]
    assert await listed(stranger) == made[2::-1]
    assert ok(await world.client.get("/v1/limits"), 200)["items"] == made[2::-1]
    for limit in made:
        due = 200 if limit in made[:3] else 404
        path = f"/limits/{limit['id']}"
        assert ok(await owner.get(path), 200) == limit
        ok(await world.client.get(f"/v1{path}"), due)
        ok(await stranger.get(path), due)
        ok(await stranger.patch(path, {"most": 3}), 403 if due == 200 else 404)
        ok(await stranger.delete(path), 403 if due == 200 else 404)


async def test_lists_are_narrowed_and_come_in_pages(world: World, owner):
    other = await world.organisation()
    hall = await world.asset(owner)
    of_hall = ok(await owner.post("/limits", {**OPEN, "asset_id": hall["id"]}), 201)
    of_halls = ok(await owner.post("/limits", {**OPEN, "category": "hall"}), 201)
    of_all = ok(await owner.post("/limits", OPEN), 201)
    theirs = ok(await other.post("/limits", {**OPEN, "category": "hall"}), 201)
    for filters, found in (
        ({}, [theirs, of_all, of_halls, of_hall]),
        ({"owner_id": owner.id}, [of_all, of_halls, of_hall]),
        ({"asset_id": hall["id"]}, [of_hall]),
        ({"category": "hall"}, [theirs, of_halls]),
        ({"category": "hall", "owner_id": owner.id}, [of_halls]),
        ({"asset_id": hall["id"], "owner_id": other.id}, []),
        ({"asset_id": theirs["id"]}, []),
    ):
        assert await listed(other, **filters) == found
    first = ok(await other.get("/limits", limit=2, owner_id=owner.id), 200)
    rest = ok(await other.get("/limits", limit=2, owner_id=owner.id, cursor=first["next"]), 200)
    assert (first["items"] + rest["items"], rest["next"]) == ([of_all, of_halls, of_hall], None)


async def test_a_limit_that_has_changed_since_is_neither_changed_nor_deleted(owner):
    made = await owner.post("/limits", OPEN)
    path, seen = f"/limits/{ok(made, 201)['id']}", {"headers": {"If-Match": made.headers["ETag"]}}
    changed = await owner.patch(path, {"most": 3}, **seen)
    ok(changed, 200)
    for refused in (await owner.patch(path, {"most": 4}, **seen), await owner.delete(path, **seen)):
        assert ok(refused, 412)["type"] == "/problems/precondition-failed"
    assert ok(await owner.get(path), 200) == changed.json()
    ok(await owner.delete(path, headers={"If-Match": changed.headers["ETag"]}), 204)


async def test_of_changes_at_once_by_the_same_etag_one_is_made(owner):
    made = await owner.post("/limits", OPEN)
    path, seen = f"/limits/{ok(made, 201)['id']}", {"headers": {"If-Match": made.headers["ETag"]}}
    answers = await asyncio.gather(*(owner.patch(path, {"most": 10 + n}, **seen) for n in range(8)))
    assert sorted(each.status_code for each in answers) == [200] + [412] * 7
    [changed] = [each.json() for each in answers if each.status_code == 200]
    assert ok(await owner.get(path), 200) == changed
    answers = await asyncio.gather(*(owner.delete(path) for _ in range(4)))
    assert sorted(each.status_code for each in answers) == [204, 404, 404, 404]
    assert [each["object"]["version"] for each in await told(owner)] == [1, 2, 3]


async def test_a_limit_is_answered_again_until_it_is_deleted(owner):
    key = {"Idempotency-Key": "once"}
    first = await owner.post("/limits", OPEN, headers=key)
    again = await owner.post("/limits", OPEN, headers=key)
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (ok(first, 201), "true")
    assert await listed(owner) == [first.json()]
    ok(await owner.delete(f"/limits/{first.json()['id']}"), 204)
    other = ok(await owner.post("/limits", OPEN, headers=key), 201)
    assert await listed(owner) == [other]


async def test_each_change_is_told_and_of_the_name_only_that_it_changed(world: World, owner):
    limit = ok(await owner.post("/limits", {**WEEKLY, "name": "A secret", "category": "hall"}), 201)
    path = f"/limits/{limit['id']}"
    ok(await owner.patch(path, {"most": 900, "kinds": ["charity"]}), 200)
    ok(await owner.patch(path, {"name": "Another secret"}), 200)
    ok(await owner.delete(path), 204)
    events = await told(owner)
    whole = {"category": "hall", "kinds": [], **WEEKLY, "texts": ["name"]}
    assert [(each["type"], each["object"]["version"], each["before"], each["after"]) for each in events] == [
        ("limit.created", 1, None, whole),
        ("limit.changed", 2, {"kinds": [], "most": 600}, {"kinds": ["charity"], "most": 900}),
        ("limit.changed", 3, {}, {"texts": ["name"]}),
        ("limit.deleted", 4, {**whole, "kinds": ["charity"], "most": 900}, None),
    ]
    assert {each["object"]["id"] for each in events} == {limit["id"]}
    assert {(each["owner_id"], each["booker_id"], tuple(each["hears"])) for each in events} == {(owner.id, None, ())}
    assert "secret" not in (await owner.get("/events", limit=100)).text
