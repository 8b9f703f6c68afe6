"""Who is told that an asset now meets what it looks for: exactly those, once, in the fair order."""

from datetime import datetime
from typing import Any

import pytest
from calls import MANCHESTER, Organisation, World, daily, ok

from db.connection import connect
from fallow.organisations import set_state

pytestmark = pytest.mark.anyio
POINT = {"type": "Point", "coordinates": list(MANCHESTER)}
EVENING = {"starts_at": "2027-02-01T18:00:00Z", "ends_at": "2027-02-01T20:00:00Z"}
PERIOD = (EVENING["starts_at"], EVENING["ends_at"])
NEED = {"category": "hall", "point": POINT, "periods": [EVENING], "until": EVENING["ends_at"]}
NIGHT = daily("20:00", "23:00")


async def say(group: Organisation, **given: Any) -> dict[str, Any]:
    return ok(await group.post("/needs", {**NEED, **given}), 201)


async def told(group: Organisation) -> list[tuple[str, str]]:
    """Each need and asset of which a group was told, in the order of the feed."""
    events = ok(await group.get("/events", limit=100), 200)["items"]
    return [(each["object"]["id"], each["after"]["asset_id"]) for each in events if each["type"] == "need.matched"]


@pytest.fixture
async def owner(world: World) -> Organisation:
    return await world.organisation(kind="council")


@pytest.fixture
async def group(world: World) -> Organisation:
    return await world.organisation()


async def test_a_published_asset_is_told_to_those_whose_need_it_meets_once(world: World, owner, group, clock):
    need, other = await say(group), await say(group, attendees=50)
    await world.work(clock.now)
    hall = await world.asset(owner, capacity=40)
    assert await told(group) == []
    await world.work(clock.now)
    assert await told(group) == [(need["id"], hall["id"])]
    [event] = [each for each in ok(await group.get("/events"), 200)["items"] if each["type"] == "need.matched"]
    assert event["after"]["occurrences"] == [{"number": 1, **EVENING}]
    assert (event["actor"], event["object"]["version"]) == (None, 2)
    ok(await owner.patch(f"/assets/{hall['id']}", {"capacity": 60}), 200)
    await world.work(clock.now)
    assert sorted(await told(group)) == sorted([(need["id"], hall["id"]), (other["id"], hall["id"])])
    for action in ("pause", "publish"):
        ok(await owner.post(f"/assets/{hall['id']}/{action}"), 200)
        await world.work(clock.now)
    assert len(await told(group)) == 2
    assert [
        each for each in ok(await owner.get("/events", limit=100), 200)["items"] if each["type"] == "need.matched"
    ] == []


async def test_what_met_a_need_when_it_was_said_is_not_told(world: World, owner, group, clock):
    hall = await world.asset(owner)
    await say(group)
    await world.work(clock.now)
    ok(await owner.patch(f"/assets/{hall['id']}", {"title": "The hall"}), 200)
    await world.work(clock.now)
    assert await told(group) == []


async def shared(world: World, owner: Organisation, hours: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    timetable = ok(await owner.post("/timetables", {"name": "Shared", **hours}), 201)
    timetable = timetable.get("timetable", timetable)
    hall = await world.asset(owner)
    ok(await owner.patch(f"/assets/{hall['id']}", {"timetable_id": timetable["id"]}), 200)
    return hall, timetable


WAYS = (
    *("hours", "timetable", "terms", "site", "closure", "limit", "no limit"),
    *("cancel", "decline", "move", "recall", "lapse", "part"),
)


@pytest.mark.parametrize("by", WAYS)
async def test_every_way_in_which_an_asset_comes_to_meet_a_need_is_noticed(world: World, owner, group, clock, by):
    far = {"type": "Point", "coordinates": [MANCHESTER[0], MANCHESTER[1] + 1]}
    site = await world.site(owner, **({"point": far} if by == "site" else {}))
    terms = {"recallable": True, **({"notice_minutes": 100_000} if by == "terms" else {})}
    hall, timetable = await shared(world, owner, NIGHT) if by == "timetable" else (None, None)
    hall = hall or await world.asset(
        owner, site=site, hours=NIGHT if by == "hours" else None, terms={**terms, "approval": by == "decline"}
    )
    whole = None
    if by == "part":
        whole, hall = hall, await world.asset(owner, site=site, part_of=hall["id"])
    closure = {"asset_id": hall["id"], **EVENING}
    closed = ok(await owner.post("/closures", closure), 201)["closure"] if by == "closure" else None
    other = await world.organisation()
    limited = "limit" in by
    limit = ok(await owner.post("/limits", {"counts": "open_bookings", "most": 0}), 201) if limited else None
    taken = by in {"cancel", "decline", "move", "recall", "lapse", "part"}
    booking = ok(await other.book(whole or hall, PERIOD, hold=by == "lapse"), 201) if taken else None
    need = await say(group)
    await world.work(clock.now)
    assert await told(group) == []

    things = {"hall": hall, "site": site, "timetable": timetable, "closure": closed, "limit": limit, "booking": booking}
    ok(await change(by, owner, other, things), 204 if by in {"closure", "no limit"} else 200)
    clock.now = clock.now.replace(hour=10)
    await world.work(clock.now)
    found = await told(group)
    assert (need["id"], hall["id"]) in found
    assert {each for each, _ in found} == {need["id"]}


async def change(by: str, owner: Organisation, other: Organisation, things: dict[str, Any]) -> Any:
    """Do what makes room: by the owner, by who booked, or by nobody but time."""
    ids = {name: each["id"] for name, each in things.items() if each}
    as_it_is = {"headers": {"If-Match": "*"}}
    if by == "lapse":
        return await owner.get("/me")
    if by == "move":
        return await other.move(things["booking"], starts_at="2027-02-02T18:00:00Z", ends_at="2027-02-02T20:00:00Z")
    if by in {"cancel", "part", "recall", "decline"}:
        who, action = (other, "cancel") if by in {"cancel", "part"} else (owner, by)
        return await who.post(f"/bookings/{ids['booking']}/{action}", {"all": True})
    if by in {"hours", "timetable"}:
        path = f"/assets/{ids['hall']}/hours" if by == "hours" else f"/timetables/{ids['timetable']}"
        name = {"name": "Shared"} if by == "timetable" else {}
        return await owner.put(path, {**name, **daily("08:00", "22:00")}, **as_it_is)
    if by in {"closure", "no limit"}:
        name = by.removeprefix("no ")
        return await owner.delete(f"/{name}s/{ids[name]}")
    bodies = {
        "site": ("sites", "site", {"point": POINT}),
        "limit": ("limits", "limit", {"most": 1}),
        "terms": ("assets", "hall", {"terms": {"notice_minutes": 0}}),
    }
    path, name, body = bodies[by]
    return await owner.patch(f"/{path}/{ids[name]}", body)


async def become(world: World, organisation: Organisation, state: str, now: datetime) -> None:
    """What an operator makes of an organisation."""
    conn = await connect(world.database)
    try:
        async with conn.transaction():
            await set_state(conn, organisation.id, state, now)
    finally:
        await conn.close()


async def test_the_assets_of_an_owner_that_is_suspended_no_more_are_told(world: World, owner, group, clock):
    hall = await world.asset(owner)
    await become(world, owner, "suspended", clock.now)
    need = await say(group)
    await world.work(clock.now)
    assert await told(group) == []
    await become(world, owner, "verified", clock.now)
    await world.work(clock.now)
    assert await told(group) == [(need["id"], hall["id"])]


async def test_what_meets_a_need_once_its_organisation_is_verified_is_not_told_later(world: World, owner, clock):
    newcomer = await world.organisation(verified=False)
    hall = await world.asset(owner)
    need = await say(newcomer)
    await become(world, newcomer, "verified", clock.now)
    await world.work(clock.now)
    assert [each["asset"]["id"] for each in ok(await newcomer.get(f"/needs/{need['id']}/matches"), 200)["items"]] == [
        hall["id"]
    ]
    ok(await owner.patch(f"/assets/{hall['id']}", {"title": "The hall"}), 200)
    await world.work(clock.now)
    assert await told(newcomer) == []


async def test_where_needs_compete_they_are_told_in_the_fair_order(world: World, owner, clock):
    hall = await world.asset(owner, published=False)
    other = await world.asset(owner, category="meeting_room")
    groups = [await world.organisation() for _ in range(4)]
    for count, group in enumerate(groups[:2], 1):
        for n in range(count):
            ok(await group.book(other, (f"2027-03-0{count}T1{n}:00:00Z", f"2027-03-0{count}T1{n}:30:00Z")), 201)
    for group in groups:
        await say(group)
    await world.work(clock.now)
    ok(await owner.post(f"/assets/{hall['id']}/publish"), 200)
    await world.work(clock.now)
    seen = ok(await owner.get(f"/assets/{hall['id']}/needs"), 200)["items"]
    assert [each["minutes_held"] for each in seen] == [0, 0, 30, 60]
    assert [each["place"] for each in seen] == [1, 2, 3, 4]
    statement = "SELECT string_agg(owner_id::text, ' ' ORDER BY xid, id) FROM events WHERE type = 'need.matched'"
    order = (await world.value(statement)).split()
    assert order[2:] == [groups[0].id, groups[1].id]
    assert set(order[:2]) == {groups[2].id, groups[3].id}
    needs = {ok(await each.get("/needs"), 200)["items"][0]["id"]: each.id for each in groups}
    assert [needs[each["need_id"]] for each in seen] == order
    clock.now = clock.now.replace(day=5)
    seed = bytes.fromhex(ok(await world.client.get("/v1/seeds/2027-01-04"), 200)["seed"])
    import hmac  # noqa: PLC0415 - as a reader of the seed would

    drawn = sorted(order[:2], key=lambda each: hmac.digest(seed, each.encode(), "sha256"))
    assert order[:2] == drawn


async def test_an_owner_sees_needs_only_to_about_a_kilometre_and_not_whose(world: World, owner, group):
    hall = await world.asset(owner)
    near = {"type": "Point", "coordinates": [MANCHESTER[0] + 0.00123, MANCHESTER[1] + 0.00123]}
    need = await say(group, point=near, purpose={"code": "meeting", "text": "Secret"}, who_benefits="Us")
    answer = await owner.get(f"/assets/{hall['id']}/needs")
    [seen] = ok(answer, 200)["items"]
    assert (seen["need_id"], seen["purpose"], seen["occurrences"]) == (
        need["id"],
        "meeting",
        [{"number": 1, **EVENING}],
    )
    assert seen["about"]["coordinates"] != near["coordinates"]
    assert abs(seen["about"]["coordinates"][0] - near["coordinates"][0]) < 0.02
    for secret in ("Secret", "Us", group.id, str(near["coordinates"][0])):
        assert secret not in answer.text
    ok(await group.get(f"/assets/{hall['id']}/needs"), 403)


async def test_needs_of_an_asset_are_paged_in_their_order(world: World, owner):
    hall = await world.asset(owner)
    for _ in range(5):
        await say(await world.organisation())
    whole = ok(await owner.get(f"/assets/{hall['id']}/needs"), 200)
    assert (len(whole["items"]), whole["next"]) == (5, None)
    walked, params = [], {"limit": 2}
    while True:
        page = ok(await owner.get(f"/assets/{hall['id']}/needs", **params), 200)
        walked += page["items"]
        if page["next"] is None:
            break
        params["cursor"] = page["next"]
    assert walked == whole["items"]


@pytest.mark.parametrize("on", ["2027-01-05", "yesterday", "2027-02-30", "20270101", "2027-1-1x"])
async def test_there_is_no_seed_of_a_day_to_come_or_of_no_day(world: World, on: str):
    ok(await world.client.get(f"/v1/seeds/{on}"), 404)


async def test_the_seed_of_today_is_told_tomorrow(world: World, clock):
    today = ok(await world.client.get("/v1/seeds/2027-01-04"), 200)
    assert today["seed"] is None
    clock.now = clock.now.replace(day=5, hour=0)
    over = ok(await world.client.get("/v1/seeds/2027-01-04"), 200)
    assert over["commitment"] == today["commitment"]
    assert len(over["seed"]) == 64
