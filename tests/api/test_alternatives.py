"""What a refusal offers instead: other times, other places, and each of it can be booked."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from calls import MANCHESTER, Organisation, World, ok, reasons

from db.connection import pool

EVENING = ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")
EARLIER = ("2027-07-05T16:00:00Z", "2027-07-05T18:00:00Z")
LATER = ("2027-07-05T20:00:00Z", "2027-07-05T22:00:00Z")


async def hall(world: World, owner: Organisation, east: float = 0.0, **given: Any) -> dict[str, Any]:
    """A hall so many degrees east of the middle of Manchester."""
    point = {"type": "Point", "coordinates": [MANCHESTER[0] + east, MANCHESTER[1]]}
    return await world.asset(owner, site=await world.site(owner, point=point), **given)


def offered(refused: httpx.Response) -> list[list[tuple[str, str, str]]]:
    """What is offered for each occurrence: asset, start, end."""
    return [
        [(one["asset"]["id"], one["starts_at"], one["ends_at"]) for one in each["alternatives"]]
        for each in ok(refused, 409)["occurrences"]
    ]


async def test_a_taken_evening_is_refused_with_other_times_and_the_nearest_other_halls(world: World):
    owner, group = await world.organisation(), await world.organisation()
    taken, *others = [await hall(world, owner, east) for east in (0, 0.03, 0.01, 0.02, 0.04)]
    await hall(world, owner, 0.5)  # further than 25 km
    await hall(world, owner, category="kitchen")
    await hall(world, owner, published=False)
    ok(await owner.book(taken, EVENING), 201)
    ok(await owner.book(others[2], EVENING), 201)
    refused = await group.book(taken, EVENING, attendees=8)
    near = [(others[n]["id"], *EVENING) for n in (1, 0, 3)]
    assert offered(refused) == [[(taken["id"], *EARLIER), (taken["id"], *LATER), *near]]
    alternatives = refused.json()["occurrences"][0]["alternatives"]
    found = await world.search(starts_at=EVENING[0], ends_at=EVENING[1], category="hall")
    assert [(each["asset"], each["distance_m"], each["units_free"]) for each in alternatives[2:]] == [
        (each["asset"], each["distance_m"], each["occurrences"][0]["units_free"]) for each in found["items"]
    ]
    assert [each["distance_m"] for each in alternatives[:2]] == [0, 0]
    assert offered(await group.book(taken, EVENING, attendees=8, dry_run=True)) == offered(refused)
    for each in alternatives:
        ok(await group.book(each["asset"], (each["starts_at"], each["ends_at"]), attendees=8), 201)


async def test_each_occurrence_has_its_own_and_those_that_are_free_have_none(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    days = [(f"2027-07-{day:02}T18:00:00Z", f"2027-07-{day:02}T20:00:00Z") for day in range(5, 14)]
    ok(await owner.book(asset, *days[1:8]), 201)
    found = offered(await group.book(asset, *days))
    assert [len(each) for each in found] == [0, 2, 2, 2, 2, 2, 0, 0, 0]
    assert found[1] == [
        (asset["id"], "2027-07-06T16:00:00Z", "2027-07-06T18:00:00Z"),
        (asset["id"], "2027-07-06T20:00:00Z", "2027-07-06T22:00:00Z"),
    ]


async def test_what_is_offered_can_be_had_beside_the_rest_of_the_request(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, terms={"turnaround_after_minutes": 30, "step_minutes": 30})
    ok(await owner.book(asset, EVENING), 201)
    before, after = ("2027-07-05T15:00:00Z", "2027-07-05T17:00:00Z"), ("2027-07-05T20:30:00Z", "2027-07-05T21:00:00Z")
    wanted = [before, EVENING, after]
    [_, times, _] = offered(await group.book(asset, *wanted))
    assert times == [
        (asset["id"], "2027-07-05T21:30:00Z", "2027-07-05T23:30:00Z"),
        (asset["id"], "2027-07-05T12:30:00Z", "2027-07-05T14:30:00Z"),
    ]
    for _, *period in times:
        ok(await group.book(asset, before, period, after, dry_run=True), 200)


async def test_a_length_that_is_not_let_is_offered_as_the_nearest_that_is(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, terms={"shortest_minutes": 60})
    refused = await group.book(asset, ("2027-07-05T18:00:00Z", "2027-07-05T18:30:00Z"))
    assert reasons(refused) == [["too_short"]]
    assert offered(refused) == [
        [
            (asset["id"], "2027-07-05T18:00:00Z", "2027-07-05T19:00:00Z"),
            (asset["id"], "2027-07-05T17:45:00Z", "2027-07-05T18:45:00Z"),
        ]
    ]


@pytest.mark.parametrize(
    ("terms", "asked", "code"),
    [
        ({}, {"units": 2}, "too_few_units"),
        ({}, {"attendees": 30}, "too_small"),
        ({"min_attendees": 10}, {"attendees": 8}, "too_few_attendees"),
        ({"requires": ["midas"]}, {}, "requirement_missing"),
    ],
)
async def test_where_no_other_time_helps_another_place_may(world: World, terms, asked, code):
    owner, group = await world.organisation(), await world.organisation()
    small = await hall(world, owner, kind="equipment", category="tables", capacity=20, terms=terms)
    large = await hall(world, owner, 0.01, kind="equipment", category="tables", capacity=40, units=3)
    refused = await group.book(small, EVENING, **asked)
    assert reasons(refused) == [[code]]
    assert offered(refused) == [[(large["id"], *EVENING)]]


async def test_who_may_not_book_anywhere_is_offered_nothing(world: World):
    owner, stranger = await world.organisation(), await world.organisation(verified=False)
    asset = await hall(world, owner)
    await hall(world, owner, 0.01)
    assert offered(await stranger.book(asset, EVENING)) == [[]]


async def test_a_hold_too_many_is_offered_only_where_it_can_be_held(world: World):
    owner, other, group = [await world.organisation() for _ in range(3)]
    asset, beside = await hall(world, owner), await hall(world, owner, 0.01)
    elsewhere = await hall(world, other, 0.02)
    for hour in (9, 10, 11):
        ok(
            await group.book(beside, (f"2027-07-05T{hour:02}:00:00Z", f"2027-07-05T{hour + 1:02}:00:00Z"), hold=True),
            201,
        )
    refused = await group.book(asset, EVENING, hold=True)
    assert reasons(refused) == [["limit_reached"]]
    assert offered(refused) == [[(elsewhere["id"], *EVENING)]]
    ok(await group.book(elsewhere, EVENING, hold=True), 201)


async def test_an_expired_hold_whose_place_was_taken_is_told_what_else_there_is(world: World, clock):
    owner, group = await world.organisation(), await world.organisation()
    asset, near = await hall(world, owner), await hall(world, owner, 0.01)
    held = ok(await group.book(asset, EVENING, hold=True), 201)
    clock.now += timedelta(hours=1)
    ok(await owner.book(asset, EVENING), 201)
    refused = await group.post(f"/bookings/{held['id']}/confirm")
    assert ok(refused, 409)["type"].endswith("/problems/hold-expired")
    assert offered(refused) == [[(asset["id"], *EARLIER), (asset["id"], *LATER), (near["id"], *EVENING)]]


async def test_neither_a_whole_nor_a_part_is_offered_for_the_other(world: World):
    owner, group = await world.organisation(), await world.organisation()
    site = await world.site(owner)
    whole = await world.asset(owner, site=site)
    part, beside = [await world.asset(owner, site=site, part_of=whole["id"]) for _ in range(2)]
    ok(await owner.book(part, EVENING), 201)
    assert offered(await group.book(whole, EVENING)) == [[(whole["id"], *EARLIER), (whole["id"], *LATER)]]
    refused = await group.book(part, EVENING)
    assert offered(refused) == [[(part["id"], *EARLIER), (part["id"], *LATER), (beside["id"], *EVENING)]]


async def test_of_people_no_more_is_told_than_search_tells(world: World):
    owner, group = await world.organisation(), await world.organisation()
    people = {"kind": "people", "category": "cook", "details": {"kind": "people", "skills": [], "checks": []}}
    sites = [await world.site(owner, private=True, address={"street": "1 Home Road", "town": "Sale"}) for _ in range(2)]
    cook, other = [await world.asset(owner, site=site, **people) for site in sites]
    ok(await owner.book(cook, EVENING), 201)
    [*_, found] = ok(await group.book(cook, EVENING), 409)["occurrences"][0]["alternatives"]
    point = found["asset"]["site"]["point"]["coordinates"]
    params = {"starts_at": EVENING[0], "ends_at": EVENING[1], "category": "cook", "lon": point[0], "lat": point[1]}
    [searched] = ok(await group.get("/search", **params), 200)["items"]
    assert found["asset"]["id"] == other["id"]
    assert (found["asset"], found["distance_m"]) == (searched["asset"], searched["distance_m"])
    assert found["asset"]["site"]["town"] is None


async def test_a_refusal_is_answered_though_nothing_can_be_looked_for(world: World, app: Any):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    ok(await owner.book(asset, EVENING), 201)
    async with pool(world.database) as closed:
        pass
    app.state.reading = closed
    refused = await group.book(asset, EVENING)
    assert (reasons(refused), offered(refused)) == ([["taken"]], [[]])
