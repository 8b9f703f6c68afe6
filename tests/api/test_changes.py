"""Giving back: which occurrences a change names, and what becomes of them."""

from typing import Any

from calls import World, ok

EVENING = ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")


async def test_cancelling_frees_the_place_at_once_and_only_once(world: World):
    owner, group, other = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner)
    booking = ok(await group.book(asset, EVENING), 201)
    cancelled = await group.post(f"/bookings/{booking['id']}/cancel", {"all": True, "note": "Ill"})
    assert ok(cancelled, 200)["state"] == "ended"
    assert cancelled.json()["outcomes"]["cancelled"] == 1
    assert cancelled.json()["occurrences"][0]["note"] == "Ill"
    again = await group.get(f"/bookings/{booking['id']}")
    assert (ok(again, 200), again.headers["ETag"]) == (cancelled.json(), cancelled.headers["ETag"])
    ok(await other.book(asset, EVENING), 201)
    assert ok(await group.post(f"/bookings/{booking['id']}/cancel", {"all": True}), 409)["type"].endswith(
        "state-does-not-allow"
    )
    events = ok(await group.get("/events"), 200)["items"]
    assert [event["type"] for event in events if event["object"]["id"] == booking["id"]] == [
        "booking.created",
        "booking.cancelled",
    ]


async def test_a_cancelled_hold_expires_no_more(world: World):
    owner, group = await world.organisation(), await world.organisation()
    booking = ok(await group.book(await world.asset(owner), EVENING, hold=True), 201)
    cancelled = await group.cancel(booking)
    assert ok(cancelled, 200)["hold_expires_at"] is None
    again = await group.get(f"/bookings/{booking['id']}")
    assert (ok(again, 200), again.headers["ETag"]) == (cancelled.json(), cancelled.headers["ETag"])


async def test_one_occurrence_this_and_later_and_all_can_be_cancelled(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    repeats = {"starts_at": EVENING[0], "ends_at": EVENING[1], "count": 5}
    booking = ok(await group.post("/bookings", {"asset_id": asset["id"], "repeats": repeats}), 201)
    ids = [each["id"] for each in booking["occurrences"]]

    async def states(**scope: Any) -> list[str]:
        answer = ok(await group.post(f"/bookings/{booking['id']}/cancel", scope), 200)
        return [each["state"] for each in answer["occurrences"]]

    assert await states(occurrence_ids=[ids[1]]) == [
        "confirmed",
        "cancelled",
        "confirmed",
        "confirmed",
        "confirmed",
    ]
    assert await states(from_occurrence_id=ids[3]) == [
        "confirmed",
        "cancelled",
        "confirmed",
        "cancelled",
        "cancelled",
    ]
    assert await states(all=True) == ["cancelled"] * 5
    ok(await group.post(f"/bookings/{booking['id']}/cancel", {}), 422)


async def test_a_cancellation_inside_the_notice_is_recorded_as_late(world: World, clock):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, terms={"cancel_notice_minutes": 1440})
    late, early = [
        ("2027-01-05T08:00:00Z", "2027-01-05T09:00:00Z"),
        ("2027-01-06T09:00:00Z", "2027-01-06T10:00:00Z"),
    ]
    booking = ok(await group.book(asset, late, early), 201)
    answer = ok(await group.post(f"/bookings/{booking['id']}/cancel", {"all": True}), 200)
    assert [each["cancelled_late"] for each in answer["occurrences"]] == [True, False]
