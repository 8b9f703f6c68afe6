"""Cases from other systems' trackers: opening hours, exceptions, closures."""

from datetime import UTC, datetime
from typing import Any

import pytest
from calls import World, daily, ok, pointers, reasons, weekly

ROUND_THE_CLOCK = daily("00:00", "24:00")
ONE_WEEK = ("2027-07-12T00:00:00Z", "2027-07-19T00:00:00Z")


@pytest.mark.parametrize("hours", [ROUND_THE_CLOCK, {"always": True}], ids=["seven days", "always"])
async def test_c06_open_round_the_clock_has_no_seam(world: World, hours: dict[str, Any]):
    owner, group = await world.organisation(), await world.organisation()
    asset, fresh = await world.asset(owner, hours=hours), await world.asset(owner, hours=hours)
    assert await world.open(asset, *ONE_WEEK) == [ONE_WEEK]
    assert await world.free(asset, *ONE_WEEK) == [ONE_WEEK]
    ok(await group.book(asset, ("2027-07-16T22:00:00Z", "2027-07-17T00:00:00Z")), 201)
    ok(await group.book(fresh, ("2027-07-16T22:00:00Z", "2027-07-16T23:00:00Z")), 201)
    ok(await group.book(asset, ("2027-07-18T22:30:00Z", "2027-07-18T23:30:00Z")), 201)


async def test_c06_a_place_that_opens_and_closes_at_once_is_a_fault(world: World):
    owner = await world.organisation()
    asset = await world.asset(owner)
    refused = await owner.put(
        f"/assets/{asset['id']}/hours", weekly(("mon", "00:00", "00:00")), headers={"If-Match": "*"}
    )
    assert pointers(refused) == ["#/seasons/0/hours/0/closes"]


@pytest.mark.parametrize(
    ("starts_on", "window", "expected"),
    [
        (
            "2026-11-30",
            ("2026-11-30T00:00:00Z", "2027-01-15T00:00:00Z"),
            ["2026-11-30", "2026-12-14", "2026-12-28", "2027-01-11"],
        ),
        ("2032-11-29", ("2032-12-25T00:00:00Z", "2033-01-15T00:00:00Z"), ["2032-12-27", "2033-01-10"]),
    ],
)
async def test_c07_every_second_week_over_a_year_with_53_weeks(
    world: World, starts_on: str, window: tuple[str, str], expected: list[str]
):
    owner = await world.organisation()
    hours = weekly(("mon", "18:00", "22:00"), starts_on=starts_on)
    hours["seasons"][0]["cycle_weeks"] = 2
    asset = await world.asset(owner, hours=hours)
    assert await world.open(asset, *window) == [(f"{on}T18:00:00Z", f"{on}T22:00:00Z") for on in expected]


async def test_c08_a_closure_cuts_a_hole_not_the_day(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, hours=daily("10:00", "18:00"))
    for starts, ends in [
        ("2027-07-14T13:00:00+01:00", "2027-07-14T14:00:00+01:00"),
        ("2027-07-14T12:30:00+01:00", "2027-07-14T13:30:00+01:00"),
        ("2027-07-16T12:00:00+01:00", "2027-07-19T11:00:00+01:00"),
    ]:
        ok(await owner.post("/closures", {"asset_id": asset["id"], "starts_at": starts, "ends_at": ends}), 201)
    expected = [
        ("2027-07-14T09:00:00Z", "2027-07-14T11:30:00Z"),
        ("2027-07-14T13:00:00Z", "2027-07-14T17:00:00Z"),
        ("2027-07-15T09:00:00Z", "2027-07-15T17:00:00Z"),
        ("2027-07-16T09:00:00Z", "2027-07-16T11:00:00Z"),
        ("2027-07-19T10:00:00Z", "2027-07-19T17:00:00Z"),
    ]
    assert await world.free(asset, "2027-07-14T00:00:00Z", "2027-07-20T00:00:00Z") == expected
    assert await world.open(asset, "2027-07-14T00:00:00Z", "2027-07-20T00:00:00Z") == expected
    over = ("2027-07-14T11:00:00Z", "2027-07-14T14:00:00Z")
    assert reasons(await group.book(asset, over)) == [["closed"]]
    answer = await world.search(starts_at=over[0], ends_at=over[1], explain=True)
    assert answer["items"] == []
    refused = await group.book(asset, over)
    assert answer["failed"][0]["occurrences"][0]["why_not"] == refused.json()["occurrences"][0]["why_not"]


async def test_c09_hours_narrowed_under_a_booking(world: World, clock: Any):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    past = ok(await group.book(asset, ("2027-07-07T17:00:00Z", "2027-07-07T19:00:00Z")), 201)
    future = ok(await group.book(asset, ("2027-07-14T17:00:00Z", "2027-07-14T19:00:00Z")), 201)
    clock.now = datetime(2027, 7, 10, 9, tzinfo=UTC)
    changed = await world.hours(owner, asset, daily("09:00", "17:00"))
    assert [hit["booking_id"] for hit in changed["bookings_hit"]] == [future["id"]]
    kept = ok(await group.get(f"/bookings/{future['id']}"), 200)
    assert (kept["state"], kept["occurrences"]) == ("confirmed", future["occurrences"])
    assert ok(await group.get(f"/bookings/{past['id']}"), 200)["outcomes"]["completed"] == 1
    assert reasons(await group.book(asset, ("2027-07-21T17:00:00Z", "2027-07-21T19:00:00Z"))) == [["closed"]]
    ok(await group.cancel(future), 200)
    assert reasons(await group.book(asset, ("2027-07-14T17:00:00Z", "2027-07-14T19:00:00Z"))) == [["closed"]]
