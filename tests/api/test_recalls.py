"""Recall: what an owner takes back, what its booker is told and owed, and what stays."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from calls import Organisation, World, ok, pointers

EVENING = ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")
RECALLABLE = {"recallable": True}


async def recall(who: Organisation, booking: dict[str, Any], **given: Any) -> Any:
    return await who.post(f"/bookings/{booking['id']}/recall", given or {"all": True, "note": "A flood"})


async def test_what_is_recalled_is_free_at_once_and_its_booker_is_told_why(world: World):
    owner, group, other = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner, terms=RECALLABLE, units=3)
    booking = ok(await group.book(asset, EVENING, units=2), 201)
    assert (booking["recallable"], booking["may"]) == (True, ["cancelBooking"])
    assert ok(await owner.get(f"/bookings/{booking['id']}"), 200)["may"] == ["cancelBooking", "recallBooking"]
    ok(await recall(group, booking), 403)
    ok(await recall(await owner.as_role("member"), booking), 403)
    ok(await recall(other, booking), 404)
    answer = await recall(await owner.as_role("manager"), booking)
    recalled = ok(answer, 200)
    assert (recalled["state"], recalled["outcomes"]["recalled"], recalled["may"]) == ("ended", 1, [])
    [occurrence] = ok(await group.get(f"/bookings/{booking['id']}"), 200)["occurrences"]
    assert (occurrence["state"], occurrence["note"], occurrence["sequence"]) == ("recalled", "A flood", 1)
    assert occurrence["unit_numbers"] == []
    assert answer.headers["ETag"] == (await owner.get(f"/bookings/{booking['id']}")).headers["ETag"]
    assert await world.free(asset, *EVENING, units=3) == [EVENING]
    ok(await other.book(asset, EVENING, units=3), 201)
    assert ok(await recall(owner, booking), 409)["states"] == ["pending", "confirmed"]
    assert await group.history(booking) == ["booking.created", "booking.recalled"]


async def test_an_event_says_what_was_recalled_and_what_is_owed_for_it(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, terms=RECALLABLE)
    booking = ok(await group.book(asset, EVENING), 201)
    ok(await recall(owner, booking), 200)
    [claim] = ok(await group.get("/claims"), 200)["items"]
    [event] = [each for each in ok(await group.get("/events"), 200)["items"] if each["type"] == "booking.recalled"]
    [occurrence] = booking["occurrences"]
    held = {"starts_at": EVENING[0], "ends_at": EVENING[1], "units": 1}
    assert event["before"] == {"occurrences": {occurrence["id"]: {"state": "confirmed", **held}}}
    assert event["after"] == {
        "occurrences": {occurrence["id"]: {"state": "recalled", **held}},
        "claims": {claim["id"]: {"occurrence_id": occurrence["id"], "minutes": 120}},
        "texts": ["note"],
    }
    assert (event["owner_id"], event["booker_id"], event["object"]["version"]) == (owner.id, group.id, 2)


async def test_what_is_asked_for_is_recalled_too_and_some_of_a_series_alone(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, terms={**RECALLABLE, "approval": True})
    asked = ok(await group.repeat(asset, *EVENING, 4), 201)
    first, second, third, _ = (each["id"] for each in asked["occurrences"])
    ok(await owner.post(f"/bookings/{asked['id']}/approve", {"occurrence_ids": [first]}), 200)
    ok(await recall(owner, asked, occurrence_ids=[first]), 200)
    later = ok(await recall(owner, asked, from_occurrence_id=third), 200)
    assert [each["state"] for each in later["occurrences"]] == ["recalled", "pending", "recalled", "recalled"]
    assert [each["note"] for each in later["occurrences"]] == [None] * 4
    ok(await recall(owner, asked, occurrence_ids=[first, second]), 409)
    ok(await owner.post(f"/bookings/{asked['id']}/approve", {"all": True}), 200)


async def test_only_what_was_booked_on_such_terms_is_recalled(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    before = ok(await group.book(asset, EVENING), 201)
    ok(await owner.patch(f"/assets/{asset['id']}", {"terms": RECALLABLE}), 200)
    later = ok(await group.book(asset, ("2027-07-06T18:00:00Z", "2027-07-06T20:00:00Z")), 201)
    ok(await owner.patch(f"/assets/{asset['id']}", {"terms": {"recallable": False}}), 200)
    refused = ok(await recall(owner, before), 409)
    assert (refused["type"], "POST /v1/closures" in refused["detail"]) == ("/problems/state-does-not-allow", True)
    assert "recallBooking" not in ok(await owner.get(f"/bookings/{before['id']}"), 200)["may"]
    assert ok(await recall(owner, later), 200)["outcomes"]["recalled"] == 1


async def test_a_recall_that_is_only_tried_answers_in_full_and_stores_nothing(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, terms=RECALLABLE)
    booking = ok(await group.book(asset, EVENING), 201)
    before = await world.stored()
    tried = ok(await recall(owner, booking, all=True, note="A flood", dry_run=True), 200)
    assert tried["occurrences"][0]["state"] == "recalled"
    assert await world.stored() == before
    assert pointers(await recall(owner, booking, note="A flood")) == ["#"]
    assert tried == ok(await recall(owner, booking), 200)


async def test_a_hold_is_not_recalled(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, terms=RECALLABLE)
    held = ok(await group.book(asset, EVENING, hold=True), 201)
    assert ok(await recall(owner, held), 409)["detail"].startswith("It is held; only what is pending or confirmed")


@pytest.mark.parametrize(
    ("now", "minutes"),
    [("2027-07-05T17:00:00+00:00", 240), ("2027-07-05T18:30:20+00:00", 180)],
    ids=["all of it", "what was still to come"],
)
async def test_a_claim_is_of_the_minutes_that_were_to_come_for_each_unit(world: World, clock, now: str, minutes: int):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, terms=RECALLABLE, units=2)
    booking = ok(await group.book(asset, EVENING, units=2), 201)
    clock.now = clock.now.fromisoformat(now)
    ok(await recall(owner, booking), 200)
    assert [each["minutes"] for each in ok(await group.get("/claims"), 200)["items"]] == [minutes]
    clock.now += timedelta(hours=4)
    assert ok(await group.get(f"/bookings/{booking['id']}"), 200)["outcomes"]["recalled"] == 1


@pytest.mark.parametrize("rounds", [5])
async def test_of_a_recall_and_a_cancellation_at_once_one_wins(world: World, rounds: int):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, terms=RECALLABLE)
    for _ in range(rounds):
        booking = ok(await group.book(asset, EVENING), 201)
        both = await asyncio.gather(recall(owner, booking), group.cancel(booking), recall(owner, booking))
        assert sorted(each.status_code for each in both) == [200, 409, 409]
        assert len(await group.history(booking)) == 2
