"""Cases from other systems' trackers: booking, turnaround, units, wholes and parts, races."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from calls import Organisation, World, ok, pointers, reasons, spans, weekly

EVENING = ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")
MONDAY = ("2027-07-05T05:00:00Z", "2027-07-05T19:00:00Z")


def local(starts: str, ends: str) -> tuple[str, str]:
    """Wall-clock times of Monday 5 July 2027 in London."""
    return f"2027-07-05T{starts}:00+01:00", f"2027-07-05T{ends}:00+01:00"


def utc(starts: str, ends: str) -> tuple[str, str]:
    """Times of Monday 5 July 2027 in UTC."""
    return f"2027-07-05T{starts}:00Z", f"2027-07-05T{ends}:00Z"


async def bookings(organisation: Organisation) -> list[str]:
    return [each["id"] for each in ok(await organisation.get("/bookings", limit=100), 200)["items"]]


async def test_c10_week_three_is_taken(world: World):
    owner, group, other = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner)
    ok(await other.book(asset, ("2027-09-21T17:00:00Z", "2027-09-21T19:00:00Z")), 201)
    before = await world.free(asset, "2027-09-01T00:00:00Z", "2027-12-01T00:00:00Z"), await bookings(owner)
    sent = ("2027-09-07T18:00:00+01:00", "2027-09-07T20:00:00+01:00")
    refused = await group.repeat(asset, *sent, 12, if_some_unavailable="refuse")
    assert reasons(refused) == [[], [], ["taken"], *[[]] * 9]
    assert refused.json()["occurrences"][2]["starts_at"] == "2027-09-21T17:00:00Z"
    after = await world.free(asset, "2027-09-01T00:00:00Z", "2027-12-01T00:00:00Z"), await bookings(owner)
    assert (after, await bookings(group)) == (before, [])
    booking = ok(await group.repeat(asset, *sent, 12, if_some_unavailable="skip"), 201)
    states = [each["state"] for each in booking["occurrences"]]
    assert states == ["confirmed", "confirmed", "skipped", *["confirmed"] * 9]
    assert booking["occurrences"][-1]["starts_at"] == "2027-11-23T18:00:00Z"


async def test_c11_skip_covers_closed_days_too(world: World):
    owner, group, other = [await world.organisation() for _ in range(3)]
    hours = weekly(("tue", "18:00", "22:00"), exceptions=[{"on": "2027-09-14", "hours": []}])
    asset = await world.asset(owner, hours=hours)
    ok(await other.book(asset, ("2027-09-28T17:00:00Z", "2027-09-28T19:00:00Z")), 201)
    sent = ("2027-09-07T18:00:00+01:00", "2027-09-07T20:00:00+01:00")
    assert reasons(await group.repeat(asset, *sent, 6)) == [[], ["closed"], [], ["taken"], [], []]
    assert await bookings(group) == []
    booking = ok(await group.repeat(asset, *sent, 6, if_some_unavailable="skip"), 201)
    told = [
        (each["starts_at"][:10], each["state"], [r["code"] for r in each["why_not"]]) for each in booking["occurrences"]
    ]
    assert told == [
        ("2027-09-07", "confirmed", []),
        ("2027-09-14", "skipped", ["closed"]),
        ("2027-09-21", "confirmed", []),
        ("2027-09-28", "skipped", ["taken"]),
        ("2027-10-05", "confirmed", []),
        ("2027-10-12", "confirmed", []),
    ]


@pytest.mark.parametrize("choice", ["refuse", "skip"])
async def test_c12_repeats_longer_than_their_interval_overlap(world: World, choice: str):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    sent = ("2027-11-01T09:00:00Z", "2027-11-09T09:00:00Z")
    refused = await group.repeat(asset, *sent, 3, if_some_unavailable=choice)
    assert ok(refused, 422)["errors"][0]["detail"] == "Occurrences 1 and 2 overlap."
    assert await bookings(group) == []
    ok(await group.repeat(asset, *sent, 3, every_weeks=2, if_some_unavailable=choice), 201)


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"count": 0}, "#/repeats/count"),
        ({"count": -1}, "#/repeats/count"),
        ({"count": 201}, "#/repeats/count"),
        ({"every_weeks": 0}, "#/repeats/every_weeks"),
        ({"ends_at": EVENING[0]}, "#/repeats/ends_at"),
        ({"ends_at": "2027-07-05T17:00:00Z"}, "#/repeats/ends_at"),
    ],
)
async def test_c12_a_series_of_nothing_is_refused(world: World, wrong: dict[str, Any], pointer: str):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    repeats = {"starts_at": EVENING[0], "ends_at": EVENING[1], "count": 3, **wrong}
    assert pointers(await group.post("/bookings", {"asset_id": asset["id"], "repeats": repeats})) == [pointer]
    assert await bookings(group) == []


async def test_c13_back_to_back(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset, fresh = await world.asset(owner), await world.asset(owner, terms={"step_minutes": 1})
    for period in (utc("09:00", "13:00"), utc("13:00", "17:00"), utc("07:00", "09:00")):
        booking = ok(await group.book(asset, period), 201)
        assert spans(ok(await group.get(f"/bookings/{booking['id']}"), 200)["occurrences"]) == [period]
    ok(await group.book(fresh, utc("09:00", "13:00")), 201)
    assert reasons(await group.book(fresh, utc("12:59", "14:00"))) == [["taken"]]
    assert await world.free(fresh, *MONDAY) == [utc("05:00", "09:00"), utc("13:00", "19:00")]


@pytest.mark.parametrize("first", ["earlier", "later"])
async def test_c14_turnaround_before_and_after_once_each(world: World, first: str):
    owner, group = await world.organisation(), await world.organisation()
    terms = {"turnaround_before_minutes": 30, "turnaround_after_minutes": 15, "step_minutes": 1}
    asset = await world.asset(owner, terms=terms)
    ok(await group.book(asset, local("12:00", "13:00")), 201)
    assert await world.free(asset, *MONDAY) == [utc("05:00", "10:15"), utc("12:45", "19:00")]
    for period in [("13:30", "14:00"), ("13:44", "14:00"), ("10:00", "11:16")]:
        refused = await group.book(asset, local(*period))
        assert reasons(refused) == [["taken"]]
        [reason] = refused.json()["occurrences"][0]["why_not"]
        numbers = reason["numbers"]
        assert (numbers["turnaround_before_minutes"], numbers["turnaround_after_minutes"]) == (30, 15)
        assert await world.found(*local(*period)) == set()
    edges = [("10:00", "11:15"), ("13:45", "14:45")]
    for period in edges if first == "earlier" else edges[::-1]:
        assert await world.found(*local(*period)) == {asset["id"]}
        ok(await group.book(asset, local(*period)), 201)


async def test_c14_the_limits_are_the_same_in_the_other_order(world: World):
    owner, group = await world.organisation(), await world.organisation()
    terms = {"turnaround_before_minutes": 30, "turnaround_after_minutes": 15, "step_minutes": 1}
    asset = await world.asset(owner, terms=terms)
    middle = ok(await group.book(asset, local("12:00", "13:00")), 201)
    ok(await group.cancel(middle), 200)
    later = ok(await group.book(asset, local("13:44", "14:44")), 201)
    assert reasons(await group.book(asset, local("12:00", "13:00"))) == [["taken"]]
    ok(await group.cancel(later), 200)
    ok(await group.book(asset, local("13:45", "14:45")), 201)
    ok(await group.book(asset, local("12:00", "13:00")), 201)
    assert reasons(await group.book(asset, local("10:00", "11:16"))) == [["taken"]]
    ok(await group.book(asset, local("10:00", "11:15")), 201)


async def test_c15_staggered_bookings_of_two_units(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, units=2, kind="equipment", category="tables")
    for period in (utc("09:00", "11:00"), utc("10:00", "12:00")):
        ok(await group.book(asset, period), 201)
    assert reasons(await group.book(asset, utc("10:30", "12:30"))) == [["taken"]]
    assert await world.found(*utc("10:30", "12:30")) == set()
    assert await world.free(asset, *MONDAY) == [utc("05:00", "10:00"), utc("11:00", "19:00")]
    assert await world.free(asset, *MONDAY, units=2) == [utc("05:00", "09:00"), utc("12:00", "19:00")]
    assert reasons(await group.book(asset, utc("11:00", "13:00"), units=2)) == [["taken"]]
    for period in [("08:00", "09:15"), ("09:00", "10:00"), ("10:00", "11:00"), ("11:00", "12:00"), ("11:45", "13:00")]:
        assert await world.found(*utc(*period), units=2) == set()
    assert await world.found(*utc("12:00", "13:00"), units=2) == {asset["id"]}
    assert await world.found(*utc("11:00", "13:00")) == {asset["id"]}
    ok(await group.book(asset, utc("11:00", "13:00")), 201)
    answers = [await group.book(asset, utc("15:00", "16:00")) for _ in range(3)]
    assert [each.status_code for each in answers] == [201, 201, 409]


async def test_c16_the_hall_and_its_half(world: World):
    owner, group = await world.organisation(), await world.organisation()
    site = await world.site(owner)
    hall = await world.asset(owner, site=site, title="H")
    terms = {"turnaround_after_minutes": 60}
    one, two = [await world.asset(owner, site=site, part_of=hall["id"], title=title) for title in "PQ"]
    slow = await world.asset(owner, site=site, part_of=hall["id"], title="R", terms=terms)
    everything = {hall["id"], one["id"], two["id"], slow["id"]}

    async def free() -> set[str]:
        found = await world.found(*EVENING)
        shown = [each for each in (hall, one, two, slow) if await world.free(each, *EVENING)]
        assert {each["id"] for each in shown} == found
        return found

    part = ok(await group.book(one, EVENING), 201)
    assert await free() == {two["id"], slow["id"]}
    refused = await group.book(hall, EVENING)
    assert reasons(refused) == [["taken"]]
    assert refused.json()["occurrences"][0]["why_not"][0]["asset_id"] == one["id"]
    other = ok(await group.book(two, EVENING), 201)
    for booking in (part, other):
        ok(await group.cancel(booking), 200)
    assert await free() == everything
    whole = ok(await group.book(hall, EVENING), 201)
    assert await free() == set()
    for each in (one, two):
        refused = await group.book(each, EVENING)
        assert reasons(refused) == [["taken"]]
        assert refused.json()["occurrences"][0]["why_not"][0]["asset_id"] == hall["id"]
        assert group.id not in refused.text
    ok(await group.cancel(whole), 200)
    assert await free() == everything
    ok(await group.book(slow, EVENING), 201)
    assert reasons(await group.book(hall, ("2027-07-05T20:30:00Z", "2027-07-05T21:30:00Z"))) == [["taken"]]
    ok(await group.book(hall, ("2027-07-05T21:00:00Z", "2027-07-05T22:00:00Z")), 201)


@pytest.mark.parametrize("units", [1, 3])
async def test_c17_twenty_want_one_slot(world: World, units: int):
    owner = await world.organisation()
    asset = await world.asset(owner, units=units, kind="equipment", category="tables")
    groups = [await world.organisation() for _ in range(20)]
    answers = await asyncio.gather(*(group.book(asset, utc("18:00", "19:00")) for group in groups))
    assert sorted(each.status_code for each in answers) == [201] * units + [409] * (20 - units)
    assert await created(owner) == sorted(each.json()["id"] for each in answers if each.status_code == 201)


async def test_c17_of_unequal_periods_none_overlap(world: World):
    owner = await world.organisation()
    asset = await world.asset(owner, terms={"step_minutes": 5})
    groups = [await world.organisation() for _ in range(20)]
    first = datetime(2027, 7, 5, 12, tzinfo=UTC)
    starts = [first + timedelta(minutes=5 * n) for n in range(20)]
    answers = await asyncio.gather(
        *(
            group.book(asset, (start.isoformat(), (start + timedelta(hours=1)).isoformat()))
            for group, start in zip(groups, starts, strict=True)
        )
    )
    assert {each.status_code for each in answers} == {201, 409}
    won = [each.json() for each in answers if each.status_code == 201]
    periods = sorted(spans([occurrence for each in won for occurrence in each["occurrences"]]))
    assert all(one[1] <= other[0] for one, other in pairwise(periods))
    assert await created(owner) == sorted(each["id"] for each in won)


async def created(owner: Organisation) -> list[str]:
    """The bookings whose making is an event, sorted."""
    events, after = [], {}
    while True:
        page = ok(await owner.get("/events", limit=100, **after), 200)
        if not page["items"]:
            return sorted(each["object"]["id"] for each in events if each["type"] == "booking.created")
        events += page["items"]
        after = {"after": page["next"]}


async def test_c18_pending_already_holds_the_place(world: World):
    owner, group, other = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner, terms={"approval": True})
    asked = ok(await group.book(asset, EVENING), 201)
    assert asked["state"] == "pending"
    assert reasons(await other.book(asset, ("2027-07-05T19:00:00Z", "2027-07-05T21:00:00Z"))) == [["taken"]]
    approve = f"/bookings/{asked['id']}/approve"
    answers = await asyncio.gather(*(owner.post(approve, {"all": True}) for _ in range(10)))
    assert sorted(each.status_code for each in answers) == [200] + [409] * 9
    assert await group.history(asked) == ["booking.created", "booking.approved"]


async def test_c18_approved_or_declined_but_not_both(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, terms={"approval": True})
    for day in range(10, 20):
        evening = (f"2027-07-{day}T18:00:00Z", f"2027-07-{day}T20:00:00Z")
        asked = ok(await group.book(asset, evening), 201)
        path = f"/bookings/{asked['id']}"
        answers = await asyncio.gather(*(owner.post(f"{path}/{how}", {"all": True}) for how in ("approve", "decline")))
        assert sorted(each.status_code for each in answers) == [200, 409]
        became = ok(await group.get(path), 200)
        approved = answers[0].status_code == 200
        assert (became["state"], became["outcomes"]["declined"]) == (("confirmed", 0) if approved else ("ended", 1))
        assert await world.free(asset, *evening) == ([] if approved else [evening])
        assert len(await group.history(asked)) == 2


async def test_c19_a_hold_ends_on_time_with_nobody_watching(world: World, clock: Any):
    owner, group, other = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner)
    held = ok(await group.book(asset, EVENING, hold=True), 201)
    made = clock.now
    clock.now = made + timedelta(minutes=14, seconds=30)
    assert reasons(await other.book(asset, EVENING)) == [["taken"]]
    assert await world.free(asset, *EVENING) == []
    assert await world.found(*EVENING) == set()
    clock.now = made + timedelta(minutes=15, seconds=1)
    assert await world.free(asset, *EVENING) == [EVENING]
    assert await world.found(*EVENING) == {asset["id"]}
    winner = ok(await other.book(asset, EVENING), 201)
    expired = ok(await group.get(f"/bookings/{held['id']}"), 200)
    assert (expired["state"], expired["outcomes"]["expired"]) == ("ended", 1)
    confirm = f"/bookings/{held['id']}/confirm"
    assert ok(await group.post(confirm), 409)["type"] == "/problems/hold-expired"
    ok(await group.cancel(held), 409)
    await world.work(clock.now)
    assert ok(await group.post(confirm), 409)["type"] == "/problems/hold-expired"
    assert ok(await other.get(f"/bookings/{winner['id']}"), 200) == winner


async def test_c20_a_cancelled_slot_is_free_for_everything(world: World):
    owner, group, other = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner)
    first = ok(await group.book(asset, EVENING), 201)
    assert ok(await group.cancel(first), 200)["outcomes"]["cancelled"] == 1
    assert await world.free(asset, *EVENING) == [EVENING]
    assert await world.found(*EVENING) == {asset["id"]}
    ok(await other.cancel(ok(await other.book(asset, EVENING, hold=True), 201)), 200)
    kept = ok(await other.book(asset, EVENING), 201)
    assert ok(await group.cancel(first), 409)["type"] == "/problems/state-does-not-allow"
    assert ok(await other.get(f"/bookings/{kept['id']}"), 200) == kept
    events = ok(await group.get("/events", limit=100), 200)["items"]
    assert [each["type"] for each in events if each["object"]["id"] == first["id"]] == [
        "booking.created",
        "booking.cancelled",
    ]


async def test_c20_a_cancelled_whole_frees_its_parts(world: World):
    owner, group, other = [await world.organisation() for _ in range(3)]
    site = await world.site(owner)
    hall = await world.asset(owner, site=site)
    half = await world.asset(owner, site=site, part_of=hall["id"])
    quarter = await world.asset(owner, site=site, part_of=half["id"])
    booking = ok(await group.book(hall, EVENING), 201)
    assert await world.found(*EVENING) == set()
    ok(await group.cancel(booking), 200)
    assert await world.found(*EVENING) == {hall["id"], half["id"], quarter["id"]}
    ok(await other.book(quarter, EVENING), 201)
