"""What time does to bookings: the worker writes down what was answered anyway."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from calls import Organisation, World, ok

import db.jobs
from db.connection import connect
from domain.jobs import CompleteBooking, FindCompleted, Job, SweepBooking
from worker import jobs

pytestmark = pytest.mark.anyio
MONDAYS = [(f"2027-07-{day:02}T18:00:00Z", f"2027-07-{day:02}T20:00:00Z") for day in (5, 12, 19)]


async def work(world: World, job: Job, now: datetime) -> None:
    """Do one job, as a worker does it."""
    conn = await connect(world.database)
    try:
        async with conn.transaction():
            await jobs.do(conn, job, now)
    finally:
        await conn.close()


async def waiting(world: World) -> list[str]:
    """The jobs of bookings that wait."""
    conn = await connect(world.database)
    try:
        rows = await conn.fetch("SELECT payload FROM jobs.pgqueuer WHERE entrypoint = 'complete_booking'")
    finally:
        await conn.close()
    return sorted(row["payload"].decode() for row in rows)


async def history(organisation: Organisation, booking: dict[str, Any]) -> list[dict[str, Any]]:
    """What was recorded of a booking, in the order of its changes."""
    events = ok(await organisation.get("/events", limit=100), 200)["items"]
    return sorted(
        (each for each in events if each["object"]["id"] == booking["id"]), key=lambda each: each["object"]["version"]
    )


def about(kind: type[CompleteBooking | SweepBooking], booking: dict[str, Any]) -> Job:
    return kind(owner_id=booking["owner_id"], booking_id=booking["id"])


@pytest.fixture
async def group(world: World) -> Organisation:
    return await world.organisation()


@pytest.fixture
async def hall(world: World) -> dict[str, Any]:
    return await world.asset(await world.organisation())


async def hold(world: World, booking: dict[str, Any], until: datetime) -> None:
    """Make a hold of a booking."""
    await world.run(
        "UPDATE occurrences SET state = 'held', held_until = $2 WHERE booking_id = $1", booking["id"], until
    )
    await world.run(
        "UPDATE occupancies SET held_until = $2"
        " WHERE occurrence_id IN (SELECT id FROM occurrences WHERE booking_id = $1)",
        booking["id"],
        until,
    )


async def test_each_end_of_a_series_is_one_event_of_that_moment_however_late_the_worker(world, clock, group, hall):
    booking = ok(await group.book(hall, *MONDAYS), 201)
    first, second, third = booking["occurrences"]
    clock.now = datetime.fromisoformat("2027-07-15T09:00:00Z")
    await work(world, about(CompleteBooking, booking), clock.now)
    await work(world, about(CompleteBooking, booking), clock.now)
    _, *completed = await history(group, booking)
    assert [
        (each["type"], each["object"]["version"], each["occurred_at"], each["before"], each["after"])
        for each in completed
    ] == [
        (
            "booking.completed",
            version,
            occurrence["ends_at"],
            {"occurrences": {occurrence["id"]: {"state": "confirmed", **period(occurrence)}}},
            {"occurrences": {occurrence["id"]: {"state": "completed", **period(occurrence)}}},
        )
        for version, occurrence in ((2, first), (3, second))
    ]
    clock.now = datetime.fromisoformat("2027-07-19T20:00:00Z")
    await work(world, about(CompleteBooking, booking), clock.now)
    *_, last = await history(group, booking)
    assert (last["object"]["version"], list(last["after"]["occurrences"])) == (4, [third["id"]])


def period(occurrence: dict[str, Any]) -> dict[str, Any]:
    return {name: occurrence[name] for name in ("starts_at", "ends_at", "units")}


@pytest.mark.parametrize("held", [False, True])
async def test_a_booking_is_answered_the_same_with_its_tag_before_and_after(world, clock, group, hall, held):
    booking = ok(await group.book(hall, *MONDAYS[:2]), 201)
    if held:
        await hold(world, booking, clock.now + timedelta(minutes=15))
    clock.now = datetime.fromisoformat("2027-07-05T20:00:00Z")
    before = await group.get(f"/bookings/{booking['id']}")
    await work(world, about(SweepBooking if held else CompleteBooking, booking), clock.now)
    after = await group.get(f"/bookings/{booking['id']}")
    assert (after.content, after.headers["ETag"]) == (before.content, before.headers["ETag"])
    assert len(await history(group, booking)) == 2


async def test_a_lapsed_hold_is_one_event_of_the_moment_when_it_lapsed(world, clock, group, hall):
    booking = ok(await group.book(hall, *MONDAYS), 201)
    until = clock.now + timedelta(minutes=15)
    await hold(world, booking, until)
    await work(world, about(SweepBooking, booking), until - timedelta(microseconds=1))
    assert await world.value("SELECT count(*) FROM occupancies") == 3
    for late in (0, 1):
        await work(world, about(SweepBooking, booking), until + timedelta(hours=late))
    assert await world.value("SELECT count(*) FROM occupancies") == 0
    _, expired = await history(group, booking)
    assert (expired["type"], expired["occurred_at"]) == ("booking.expired", "2027-01-04T09:15:00Z")
    assert {each["state"] for each in expired["after"]["occurrences"].values()} == {"expired"}


async def test_c19_the_worker_changes_nothing_of_a_booking_that_took_the_place_of_a_lapsed_hold(world, clock, hall):
    group, other = await world.organisation(), await world.organisation()
    held = ok(await group.book(hall, MONDAYS[0]), 201)
    await hold(world, held, clock.now + timedelta(minutes=15))
    clock.now += timedelta(minutes=15, seconds=1)
    winner = ok(await other.book(hall, MONDAYS[0]), 201)
    stored = await world.stored()
    await work(world, about(SweepBooking, held), clock.now)
    assert await world.stored() == stored
    assert ok(await other.get(f"/bookings/{winner['id']}"), 200) == winner


@pytest.mark.parametrize("state", ["held", "pending", "cancelled", "skipped", "no_show", "completed"])
async def test_what_does_not_stand_is_not_completed(world, clock, group, hall, state):
    booking = ok(await group.book(hall, MONDAYS[0]), 201)
    await world.run("UPDATE occurrences SET state = $1", state)
    clock.now = datetime.fromisoformat("2027-07-06T09:00:00Z")
    await work(world, about(CompleteBooking, booking), clock.now)
    await work(world, FindCompleted(), clock.now)
    assert (await waiting(world), len(await history(group, booking))) == ([], 1)


async def test_c33_each_way_in_which_time_ends_a_booking_is_one_event_with_the_next_version(world, clock, group, hall):
    series = ok(await group.book(hall, *MONDAYS), 201)
    ok(await group.cancel(series, occurrence_ids=[series["occurrences"][1]["id"]]), 200)
    held = ok(await group.book(hall, MONDAYS[1]), 201)
    until = clock.now + timedelta(minutes=15)
    await hold(world, held, until)
    conn = await connect(world.database)
    await db.jobs.add(conn, about(SweepBooking, held), at=until)
    await conn.close()
    for moment in (until, "2027-07-06T09:00:00Z", "2027-07-20T09:00:00Z", "2027-07-21T09:00:00Z"):
        clock.now = datetime.fromisoformat(str(moment))
        await world.work(clock.now)
    told = [await history(group, booking) for booking in (series, held)]
    assert [[(each["object"]["version"], each["type"]) for each in events] for events in told] == [
        [(1, "booking.created"), (2, "booking.cancelled"), (3, "booking.completed"), (4, "booking.completed")],
        [(1, "booking.created"), (2, "booking.expired")],
    ]


async def test_each_booking_that_has_something_over_becomes_a_job_once(world, clock, group, hall):
    first = ok(await group.book(hall, *MONDAYS), 201)
    second = ok(await group.book(hall, ("2027-07-05T20:00:00Z", "2027-07-05T21:00:00Z")), 201)
    ok(await group.book(hall, ("2027-07-13T18:00:00Z", "2027-07-13T20:00:00Z")), 201)
    clock.now = datetime.fromisoformat("2027-07-13T19:59:59Z")
    for _ in range(2):
        await work(world, FindCompleted(), clock.now)
    assert await waiting(world) == [
        f'{{"type":"complete_booking","owner_id":"{each["owner_id"]}","booking_id":"{each["id"]}"}}'
        for each in (first, second)
    ]


async def test_what_nobody_checks_in_to_becomes_a_job_for_that_instant_and_who_needs_its_place_is_looked_for(
    world, clock, group
):
    hall = await world.asset(await world.organisation(), terms={"check_in_grace_minutes": 15})
    booking = ok(await group.book(hall, *MONDAYS), 201)
    again = "SELECT count(*) FROM jobs.pgqueuer WHERE entrypoint = 'look_again'"
    await world.run("DELETE FROM jobs.pgqueuer")
    for seen, moment in ((0, "18:12:59"), (1, "18:13:00"), (1, "18:14:00"), (1, "18:15:00")):
        clock.now = datetime.fromisoformat(f"2027-07-05T{moment}Z")
        await work(world, FindCompleted(), clock.now)
        due = "SELECT array_agg(execute_after) FROM jobs.pgqueuer WHERE entrypoint = 'sweep_booking'"
        assert await world.value(due) == ([datetime.fromisoformat("2027-07-05T18:15:00Z")] if seen else None)
    assert await world.value(again) == 0
    for _ in range(2):
        await work(world, about(SweepBooking, booking), clock.now)
        assert await world.value(again) == 1
    _, missed = await history(group, booking)
    first = booking["occurrences"][0]
    assert (missed["type"], missed["occurred_at"], missed["after"]) == (
        "booking.no_show",
        "2027-07-05T18:15:00Z",
        {"occurrences": {first["id"]: {"state": "no_show", **period(first)}}},
    )
    clock.now = datetime.fromisoformat("2027-07-05T20:00:00Z")
    await work(world, about(CompleteBooking, booking), clock.now)
    await work(world, FindCompleted(), clock.now)
    assert (await waiting(world), len(await history(group, booking))) == ([], 2)


async def test_the_jobs_of_bookings_that_are_gone_do_nothing(world, clock, group, hall):
    booking = ok(await group.book(hall, MONDAYS[0]), 201)
    stored = await world.stored()
    for kind in (SweepBooking, CompleteBooking):
        await work(world, kind(owner_id=booking["id"], booking_id=booking["id"]), clock.now)
    assert await world.stored() == stored
