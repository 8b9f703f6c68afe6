"""Booking: what is answered, what is stored, what is refused and why."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from calls import World, daily, ok, reasons

EVENING = ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")


async def test_a_booking_is_answered_as_get_answers_it(world: World):
    owner, group = await world.organisation(kind="council"), await world.organisation()
    asset = await world.asset(owner)
    made = await group.book(asset, EVENING, attendees=8, purpose={"code": "meeting", "text": "Soup"}, notes="Two doors")
    booking = ok(made, 201)
    assert made.headers["Location"].endswith(f"/v1/bookings/{booking['id']}")
    again = await group.get(f"/bookings/{booking['id']}")
    assert (ok(again, 200), again.headers["ETag"]) == (booking, made.headers["ETag"])
    assert booking["state"] == "confirmed"
    assert [(o["starts_at"], o["ends_at"], o["state"], o["unit_numbers"]) for o in booking["occurrences"]] == [
        (*EVENING, "confirmed", [1])
    ]
    assert booking["may"] == ["moveBooking", "cancelBooking"]
    assert booking["cost"] == {"amount": 0, "currency": None, "lines": []}


async def test_nobody_else_may_know_of_a_booking(world: World):
    owner, group, stranger = [await world.organisation() for _ in range(3)]
    booking = ok(await group.book(await world.asset(owner), EVENING), 201)
    ok(await owner.get(f"/bookings/{booking['id']}"), 200)
    real = await stranger.get(f"/bookings/{booking['id']}")
    invented = await stranger.get("/bookings/0190b0d0-0000-7000-8000-000000000000")
    assert ok(real, 404)["type"] == ok(invented, 404)["type"]
    ok(await world.client.get(f"/v1/bookings/{booking['id']}"), 401)


async def test_a_taken_place_is_refused_with_what_is_in_the_way(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    ok(await group.book(asset, EVENING), 201)
    refused = await group.book(asset, ("2027-07-05T19:00:00Z", "2027-07-05T21:00:00Z"))
    assert reasons(refused) == [["taken"]]
    [reason] = refused.json()["occurrences"][0]["why_not"]
    assert reason["asset_id"] == asset["id"]
    assert reason["numbers"]["units_free"] == 0
    assert reason["numbers"]["occupied_from"] == "2027-07-05T18:00:00Z"


async def test_a_dry_run_answers_in_full_and_stores_nothing(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    tried = ok(await group.book(asset, EVENING, dry_run=True), 200)
    assert tried["state"] == "confirmed"
    assert ok(await group.get("/bookings"), 200)["items"] == []
    assert ok(await group.book(asset, EVENING), 201)["occurrences"][0]["unit_numbers"] == [1]
    assert reasons(await group.book(asset, EVENING, dry_run=True)) == [["taken"]]


async def test_a_dry_run_does_not_tell_how_to_get_in(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, arrival={"code": "1234"})
    soon = ("2027-01-04T18:00:00Z", "2027-01-04T20:00:00Z")
    assert ok(await group.book(asset, soon, dry_run=True), 200)["arrival"] is None
    assert ok(await group.book(asset, soon), 201)["arrival"]["code"] == "1234"


async def test_units_are_seated_anew_when_only_their_places_are_in_the_way(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, units=2, kind="equipment", category="tables")
    first = ok(await group.book(asset, ("2027-07-05T09:00:00Z", "2027-07-05T11:00:00Z")), 201)
    second = ok(await group.book(asset, ("2027-07-05T10:00:00Z", "2027-07-05T13:00:00Z")), 201)
    ok(await group.book(asset, ("2027-07-05T13:00:00Z", "2027-07-05T15:00:00Z")), 201)
    ok(await group.book(asset, ("2027-07-05T14:00:00Z", "2027-07-05T16:00:00Z")), 201)
    last = await group.book(asset, ("2027-07-05T11:00:00Z", "2027-07-05T14:00:00Z"))
    assert ok(last, 201)["state"] == "confirmed"
    assert [each["occurrences"][0]["unit_numbers"] for each in (first, second)] == [[1], [2]]


async def test_a_unit_is_taken_where_turnaround_reaches_back_to_what_has_begun_on_it(world: World, clock):
    """At no moment are both units taken; but what has begun stays where it is, so neither is free throughout."""
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(
        owner, units=2, kind="equipment", category="tables", terms={"turnaround_before_minutes": 120}
    )
    noon = ("2027-07-05T12:00:00Z", "2027-07-05T12:30:00Z")
    later = ("2027-07-05T13:00:00Z", "2027-07-05T14:00:00Z")
    over = ok(await group.book(asset, ("2027-07-05T09:00:00Z", "2027-07-05T10:30:00Z")), 201)
    beside = ok(await group.book(asset, later), 201)
    begun = ok(await group.book(asset, later), 201)
    assert [each["occurrences"][0]["unit_numbers"] for each in (over, beside, begun)] == [[1], [1], [2]]
    ok(await group.cancel(beside), 200)
    ok(await group.book(asset, noon, dry_run=True), 200)
    assert await world.found(*noon) == {asset["id"]}
    clock.now = datetime(2027, 7, 5, 12, tzinfo=UTC)
    refused = await group.book(asset, noon)
    assert reasons(refused) == [["taken"]]
    [reason] = refused.json()["occurrences"][0]["why_not"]
    assert (reason["numbers"]["units"], reason["numbers"]["units_free"]) == (2, 0)
    assert await world.found(*noon) == set()
    assert await world.free(asset, *noon) == []


@pytest.mark.parametrize(
    ("price", "community", "kind", "owed"),
    [
        ({"amount": 1250, "currency": "GBP", "per": "hour"}, None, "business", 2500),
        (
            {"amount": 1250, "currency": "GBP", "per": "hour"},
            {"amount": 333, "currency": "GBP", "per": "hour"},
            "group",
            666,
        ),
        ({"amount": 1000, "currency": "GBP", "per": "day"}, None, "group", 83),
        ({"amount": 1000, "currency": "GBP", "per": "booking"}, None, "group", 1000),
    ],
)
async def test_the_cost_is_fixed_when_booked(world: World, price, community, kind, owed):
    owner, group = await world.organisation(), await world.organisation(kind=kind)
    asset = await world.asset(owner, terms={"price": price, "community_price": community})
    assert ok(await group.book(asset, EVENING), 201)["cost"]["amount"] == owed


async def test_requirements_are_tested_on_each_occurrences_date(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, terms={"requires": ["public_liability"]})
    assert reasons(await group.book(asset, EVENING)) == [["requirement_missing"]]
    holds = [{"code": "public_liability", "expires_on": "2027-07-05", "reference": "PL 1"}]
    ok(await group.patch(f"/organisations/{group.id}", {"holds": holds}), 200)
    repeats = {"starts_at": EVENING[0], "ends_at": EVENING[1], "count": 2}
    refused = await group.post("/bookings", {"asset_id": asset["id"], "repeats": repeats})
    assert reasons(refused) == [[], ["requirement_expired"]]


async def test_ones_own_turnaround_counts_like_anybodys(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, terms={"turnaround_after_minutes": 30})
    back_to_back = [
        ("2027-07-05T09:00:00Z", "2027-07-05T10:00:00Z"),
        ("2027-07-05T10:00:00Z", "2027-07-05T11:00:00Z"),
        ("2027-07-05T11:00:00Z", "2027-07-05T12:00:00Z"),
    ]
    assert reasons(await group.book(asset, *back_to_back)) == [[], ["taken"], []]
    made = await group.book(asset, *back_to_back, if_some_unavailable="skip")
    skipped = ok(made, 201)
    assert [each["state"] for each in skipped["occurrences"]] == ["confirmed", "skipped", "confirmed"]
    assert made.headers["ETag"] == (await group.get(f"/bookings/{skipped['id']}")).headers["ETag"]


async def test_an_unverified_group_is_refused_with_the_reason(world: World):
    owner, group = await world.organisation(), await world.organisation(verified=False)
    assert reasons(await group.book(await world.asset(owner), EVENING)) == [["unverified"]]


async def test_twenty_who_want_one_slot_at_once(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    answers = await asyncio.gather(*(group.book(asset, EVENING) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19


async def test_a_lapsed_hold_blocks_nobody_and_is_recorded_when_it_is_swept(world: World, clock):
    owner, group, other = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner)
    booking = ok(await group.book(asset, EVENING, hold=True), 201)
    assert ok(await group.get(f"/bookings/{booking['id']}"), 200)["state"] == "held"
    assert reasons(await other.book(asset, EVENING)) == [["taken"]]
    clock.now = clock.now.replace(minute=15)
    assert ok(await group.get(f"/bookings/{booking['id']}"), 200)["outcomes"]["expired"] == 1
    unswept = ok(await group.get(f"/bookings/{booking['id']}"), 200)
    ok(await other.book(asset, EVENING), 201)
    assert ok(await group.get(f"/bookings/{booking['id']}"), 200) == unswept
    expired = [e for e in ok(await group.get("/events"), 200)["items"] if e["type"] == "booking.expired"]
    assert [(e["object"]["id"], e["occurred_at"]) for e in expired] == [(booking["id"], "2027-01-04T09:15:00Z")]


async def test_lists_of_bookings_filter_and_page(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, hours=daily("08:00", "22:00"))
    made = [
        ok(await group.book(asset, (f"2027-07-0{day}T18:00:00Z", f"2027-07-0{day}T20:00:00Z")), 201)
        for day in (1, 2, 3)
    ]
    ok(await group.post(f"/bookings/{made[1]['id']}/cancel", {"all": True}), 200)

    async def ids(**params: Any) -> list[str]:
        return [each["id"] for each in ok(await group.get("/bookings", **params), 200)["items"]]

    newest = [each["id"] for each in reversed(made)]
    assert await ids() == newest
    assert await ids(order="oldest") == newest[::-1]
    assert await ids(state="ended") == [made[1]["id"]]
    assert await ids(state="confirmed", asset_id=asset["id"], owner_id=owner.id) == [newest[0], newest[2]]
    assert await ids(starts_at="2027-07-02T19:00:00Z", ends_at="2027-07-03T18:00:00Z") == [made[1]["id"]]
    first = ok(await group.get("/bookings", limit=2), 200)
    second = ok(await group.get("/bookings", limit=2, cursor=first["next"]), 200)
    assert [each["id"] for each in first["items"] + second["items"]] == newest
    assert second["next"] is None
