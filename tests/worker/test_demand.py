"""The nightly picture of what is looked for: fixed cells, hours of the week, never fewer than three groups."""

import csv
import io
from datetime import datetime
from typing import Any

import pytest
from calls import MANCHESTER, Organisation, World, ok

from db.connection import connect
from domain.jobs import TakeDemand
from worker import jobs

pytestmark = pytest.mark.anyio
TUESDAY = {"day": "tue", "opens": "18:00", "closes": "20:30"}
PATTERN = {"starts_on": "2027-01-11", "weeks": 2, "windows": [TUESDAY]}
NEED = {"category": "hall", "minutes": 60, "pattern": PATTERN, "until": "2027-03-01T00:00:00Z"}
FAR = (MANCHESTER[0] + 0.5, MANCHESTER[1])


async def say(group: Organisation, at: tuple[float, float] = MANCHESTER, **given: Any) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": list(at)}
    sent = {name: value for name, value in {**NEED, "point": point, **given}.items() if value is not None}
    return ok(await group.post("/needs", sent), 201)


async def take(world: World, now: datetime) -> None:
    """As a worker does it."""
    conn = await connect(world.database)
    try:
        async with conn.transaction():
            await jobs.do(conn, TakeDemand(), now)
    finally:
        await conn.close()


async def told(world: World) -> list[tuple[str, str, int, int, int]]:
    items = ok(await world.client.get("/v1/demand", params={"limit": 100}), 200)["items"]
    return [(each["category"], each["day"], each["hour"], each["groups"], each["needs"]) for each in items]


@pytest.fixture
async def groups(world: World) -> list[Organisation]:
    return [await world.organisation() for _ in range(4)]


async def test_nothing_is_told_before_the_first_night(world: World):
    assert ok(await world.client.get("/v1/demand"), 200) == {
        "taken_on": None,
        "edge_m": 5000,
        "items": [],
        "next": None,
    }


async def test_what_three_groups_look_for_is_told_by_the_hours_that_they_could_use(world: World, groups, clock):
    for group in groups[:3]:
        await say(group)
    await say(groups[0], attendees=5)
    await say(groups[3], at=FAR)
    for group in groups[:2]:  # the same place and time, but two of them
        await say(group, category="kitchen")
    await take(world, clock.now)
    page = ok(await world.client.get("/v1/demand"), 200)
    assert page["taken_on"] == "2027-01-04"
    assert await told(world) == [("hall", "tue", hour, 3, 4) for hour in (18, 19, 20)]
    [center] = {tuple(each["center"]["coordinates"]) for each in page["items"]}
    assert abs(center[0] - MANCHESTER[0]) < 0.1
    assert abs(center[1] - MANCHESTER[1]) < 0.1


async def test_periods_are_told_by_the_clock_and_what_is_booked_or_over_is_not(world: World, groups, clock):
    owner = await world.organisation()
    hall = await world.asset(owner)
    summer = [
        {"starts_at": f"2027-{month}-06T22:30:00Z", "ends_at": f"2027-{month}-07T00:30:00Z"} for month in ("01", "07")
    ]
    for group in groups[:3]:
        await say(group, pattern=None, periods=summer, until="2027-08-01T00:00:00Z")
    for group in groups[:3]:
        await say(group, at=FAR, until="2027-01-05T00:00:00Z")
    clock.now = clock.now.replace(day=7)
    await take(world, clock.now)
    assert await told(world) == [("hall", "tue", 23, 3, 3), ("hall", "wed", 0, 3, 3), ("hall", "wed", 1, 3, 3)]
    need = ok(await groups[0].get("/needs"), 200)["items"][1]
    booked = await groups[0].book(hall, ("2027-07-06T22:30:00Z", "2027-07-07T00:30:00Z"), need_id=need["id"])
    ok(booked, 201)
    clock.now = clock.now.replace(day=8)
    await take(world, clock.now)
    assert await told(world) == []


async def test_a_picture_stays_while_a_walk_through_it_lasts_and_the_one_before_is_kept(world: World, groups, clock):
    for group in groups[:3]:
        await say(group)
    await take(world, clock.now)
    first = ok(await world.client.get("/v1/demand", params={"limit": 2}), 200)
    await say(groups[3])
    clock.now = clock.now.replace(day=5)
    await take(world, clock.now)
    rest = ok(await world.client.get("/v1/demand", params={"limit": 2, "cursor": first["next"]}), 200)
    assert (rest["taken_on"], [each["groups"] for each in rest["items"]], rest["next"]) == ("2027-01-04", [3], None)
    newest = ok(await world.client.get("/v1/demand"), 200)
    assert (newest["taken_on"], [each["groups"] for each in newest["items"]]) == ("2027-01-05", [4, 4, 4])
    clock.now = clock.now.replace(day=6)
    await take(world, clock.now)
    assert await world.value("SELECT count(DISTINCT taken_on) FROM demand") == 2


async def test_a_day_has_one_picture_however_often_it_is_taken(world: World, groups, clock):
    for group in groups[:3]:
        await say(group)
    await take(world, clock.now)
    await say(groups[3])
    await take(world, clock.now.replace(hour=23))
    assert [each[3] for each in await told(world)] == [3, 3, 3]


async def test_demand_is_a_sheet_too(world: World, groups, clock):
    for group in groups[:3]:
        await say(group)
    await take(world, clock.now)
    answer = await world.client.get("/v1/demand", headers={"Accept": "text/csv"})
    rows = list(csv.reader(io.StringIO(answer.text, newline="")))
    assert rows[0] == ["cell", "lon", "lat", "category", "day", "hour", "groups", "needs"]
    assert [row[3:] for row in rows[1:]] == [["hall", "tue", str(hour), "3", "3"] for hour in (18, 19, 20)]


@pytest.mark.parametrize("filter_", ["category=hall", "cell=1:1", "day=tue", "taken_on=2027-01-04"])
async def test_there_are_no_filters_by_which_differences_could_single_one_out(world: World, filter_: str):
    ok(await world.client.get(f"/v1/demand?{filter_}"), 422)
