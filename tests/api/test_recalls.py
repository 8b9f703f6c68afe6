"""Recall: what an owner takes back, what its booker is told and owed, and what stays."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from calls import Organisation, World, daily, ok, pointers

EVENING = ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")
NOON = {"starts_at": "2027-07-05T12:00:00Z", "ends_at": "2027-07-05T19:00:00Z"}
LATE = ("2027-07-06T18:00:00Z", "2027-07-06T20:00:00Z")
FLOOD = {"recall": True, "note": "A flood"}
RECALLABLE = {"recallable": True}


async def recall(who: Organisation, booking: dict[str, Any], **given: Any) -> Any:
    return await who.post(f"/bookings/{booking['id']}/recall", given or {"all": True, "note": "A flood"})


async def test_what_is_recalled_is_free_at_once_and_its_booker_is_told_why(world: World):
    owner, group, other = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner, terms=RECALLABLE, units=3)
    booking = ok(await group.book(asset, EVENING, units=2), 201)
    assert (booking["recallable"], booking["may"]) == (True, ["moveBooking", "cancelBooking"])
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
    later = ok(await group.book(asset, LATE), 201)
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
    clock.now = datetime.fromisoformat(now)
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


async def close(owner: Organisation, tried: httpx.Response, **body: Any) -> httpx.Response:
    """A closure as it was tried."""
    return await owner.post("/closures", body, headers={"If-Match": tried.headers["ETag"]})


async def states(who: Organisation, *bookings: dict[str, Any]) -> list[list[str]]:
    """What is of each occurrence."""
    found = [ok(await who.get(f"/bookings/{each['id']}"), 200) for each in bookings]
    return [[one["state"] for one in each["occurrences"]] for each in found]


async def test_a_closure_takes_back_what_it_hits_once_it_was_tried(world: World):
    owner, group = await world.organisation(), await world.organisation()
    site = await world.site(owner)
    hall, other = await world.asset(owner, site=site), await world.asset(owner)
    booking = ok(await group.book(hall, EVENING, LATE), 201)
    body = {"asset_id": hall["id"], **NOON, **FLOOD}
    before = await world.stored()
    tried = await owner.post("/closures", {**body, "dry_run": True})
    [hit] = ok(tried, 200)["bookings_hit"]
    assert (hit["occurrence_id"], hit["state"]) == (booking["occurrences"][0]["id"], "recalled")
    nearest = [(each["asset"]["id"], each["starts_at"]) for each in hit["alternatives"]]
    assert (other["id"], EVENING[0]) in nearest
    assert (hall["id"], "2027-07-05T19:00:00Z") in nearest
    for sent in ({}, {"If-Match": "*"}, {"If-Match": '"other"'}):
        refused = ok(await owner.post("/closures", body, headers=sent), 412 if sent else 428)
        assert "`dry_run: true`" in refused["detail"]
    assert await world.stored() == before
    assert ok(await close(owner, tried, **body), 201)["bookings_hit"] == [hit]
    assert await states(group, booking) == [["recalled", "confirmed"]]
    first, second = ok(await group.get(f"/bookings/{booking['id']}"), 200)["occurrences"]
    assert (first["note"], second["note"]) == ("A flood", None)
    assert [each["minutes"] for each in ok(await group.get("/claims"), 200)["items"]] == [120]
    assert await group.history(booking) == ["booking.created", "booking.recalled"]
    [closure] = ok(await owner.get("/closures"), 200)["items"]
    ok(await owner.delete(f"/closures/{closure['id']}"), 204)
    assert await world.free(hall, *EVENING) == [EVENING]


async def test_without_recall_nothing_that_was_booked_is_touched(world: World):
    owner, group = await world.organisation(), await world.organisation()
    hall = await world.asset(owner, terms=RECALLABLE)
    booking = ok(await group.book(hall, EVENING), 201)
    body = {"asset_id": hall["id"], **NOON, "note": "A flood"}
    tried = ok(await owner.post("/closures", {**body, "dry_run": True}), 200)["bookings_hit"]
    assert [(each["state"], each["alternatives"]) for each in tried] == [("confirmed", [])]
    assert ok(await owner.post("/closures", body), 201)["bookings_hit"] == tried
    assert ok(await group.get(f"/bookings/{booking['id']}"), 200) == booking
    assert ok(await group.get("/claims"), 200)["items"] == []
    assert await group.history(booking) == ["booking.created"]


async def test_what_came_since_a_dry_run_is_looked_at_first(world: World):
    owner, group = await world.organisation(), await world.organisation()
    hall = await world.asset(owner)
    body = {"asset_id": hall["id"], **NOON, **FLOOD}
    tried = await owner.post("/closures", {**body, "dry_run": True})
    held = ok(await group.book(hall, EVENING, hold=True), 201)
    ok(await close(owner, tried, **body), 412)
    tried = await owner.post("/closures", {**body, "dry_run": True})
    ok(await group.post(f"/bookings/{held['id']}/confirm"), 200)
    ok(await close(owner, tried, **body), 412)
    assert await states(group, held) == [["confirmed"]]
    assert ok(await owner.get("/closures"), 200)["items"] == []


async def test_more_than_can_be_taken_back_at_once_is_taken_back_part_by_part(world: World, monkeypatch):
    owner, group = await world.organisation(), await world.organisation()
    hall = await world.asset(owner)
    booking = ok(await group.book(hall, EVENING, LATE), 201)
    monkeypatch.setattr("api.recalls.MOST", 1)
    week = {"starts_at": NOON["starts_at"], "ends_at": LATE[1]}
    for body in ({"dry_run": True}, {}):
        refused = await owner.post("/closures", {"asset_id": hall["id"], **week, **FLOOD, **body})
        assert pointers(refused) == ["#/recall"]
    body = {"asset_id": hall["id"], **NOON, **FLOOD}
    tried = await owner.post("/closures", {**body, "dry_run": True})
    ok(await close(owner, tried, **body), 201)
    assert await states(group, booking) == [["recalled", "confirmed"]]


async def test_a_closure_takes_back_wholes_and_parts_and_frees_them_at_once(world: World):
    owner, group = await world.organisation(), await world.organisation()
    site = await world.site(owner)
    hall = await world.asset(owner, site=site)
    half, other = [await world.asset(owner, site=site, part_of=hall["id"]) for _ in range(2)]
    whole = ok(await group.book(hall, ("2027-07-05T12:00:00Z", "2027-07-05T14:00:00Z")), 201)
    part = ok(await group.book(half, EVENING), 201)
    beside = ok(await group.book(other, EVENING), 201)
    body = {"asset_id": half["id"], **NOON, **FLOOD}
    tried = await owner.post("/closures", {**body, "dry_run": True})
    assert [each["booking_id"] for each in ok(tried, 200)["bookings_hit"]] == [whole["id"], part["id"]]
    ok(await close(owner, tried, **body), 201)
    assert await states(group, whole, part, beside) == [["recalled"], ["recalled"], ["confirmed"]]
    assert await world.free(other, *NOON.values()) == [("2027-07-05T12:00:00Z", "2027-07-05T18:00:00Z")]


async def test_a_hold_in_the_way_ends_and_nothing_is_owed_for_it(world: World):
    owner, group = await world.organisation(), await world.organisation()
    hall = await world.asset(owner, units=2, terms={"approval": True})
    held = ok(await group.book(hall, EVENING, hold=True), 201)
    asked = ok(await group.book(hall, EVENING), 201)
    body = {"site_id": hall["site_id"], **NOON, **FLOOD}
    tried = await owner.post("/closures", {**body, "dry_run": True})
    hits = ok(await close(owner, tried, **body), 201)["bookings_hit"]
    assert [each["state"] for each in hits] == ["cancelled", "recalled"]
    assert await states(group, held, asked) == [["cancelled"], ["recalled"]]
    assert [each["booking_id"] for each in ok(await group.get("/claims"), 200)["items"]] == [asked["id"]]
    ok(await group.post(f"/bookings/{held['id']}/confirm"), 409)


async def test_what_has_begun_is_taken_back_and_what_is_over_or_checked_in_is_not(world: World, clock):
    owner, group = await world.organisation(), await world.organisation()
    hall = await world.asset(owner, units=2)
    over = ok(await group.book(hall, ("2027-07-05T16:00:00Z", "2027-07-05T18:00:00Z")), 201)
    begun, there = [ok(await group.book(hall, EVENING), 201) for _ in range(2)]
    await world.run("UPDATE occurrences SET state = 'checked_in' WHERE booking_id = $1", there["id"])
    clock.now = datetime(2027, 7, 5, 18, 30, tzinfo=UTC)
    body = {"asset_id": hall["id"], **NOON, **FLOOD}
    tried = await owner.post("/closures", {**body, "dry_run": True})
    assert {each["state"] for each in ok(tried, 200)["bookings_hit"]} == {"recalled", "checked_in"}
    ok(await close(owner, tried, **body), 201)
    assert await states(group, over, begun, there) == [["completed"], ["recalled"], ["checked_in"]]
    assert [each["minutes"] for each in ok(await group.get("/claims"), 200)["items"]] == [90]


async def test_hours_take_back_what_lies_outside_them(world: World):
    owner, group = await world.organisation(), await world.organisation()
    hall = await world.asset(owner)
    within = ok(await group.book(hall, ("2027-07-05T10:00:00Z", "2027-07-05T11:00:00Z")), 201)
    outside = ok(await group.book(hall, EVENING, LATE), 201)
    path, body = f"/assets/{hall['id']}/hours", {**daily("09:00", "17:00"), **FLOOD}
    tried = await owner.put(path, {**body, "dry_run": True})
    current = (await owner.get(path)).headers["ETag"]
    for sent, status in (({}, 428), ({"If-Match": "*"}, 412), ({"If-Match": current}, 412)):
        assert "`dry_run: true`" in ok(await owner.put(path, body, headers=sent), status)["detail"]
    put = await owner.put(path, body, headers={"If-Match": tried.headers["ETag"]})
    assert ok(put, 200) == tried.json()
    assert [each["state"] for each in put.json()["bookings_hit"]] == ["recalled"] * 2
    assert "recall" not in put.json()["hours"]
    assert put.headers["ETag"] == (await owner.get(path)).headers["ETag"]
    assert await states(group, within, outside) == [["confirmed"], ["recalled"] * 2]
    assert await group.history(outside) == ["booking.created", "booking.recalled"]


async def test_a_timetable_takes_back_what_is_outside_it_of_every_asset_that_shares_it(world: World):
    owner, group, other = [await world.organisation() for _ in range(3)]
    shared = ok(await owner.post("/timetables", {"name": "The brigade's", "always": True}), 201)
    site = await world.site(owner)
    halls = [await world.asset(owner, site=site) for _ in range(3)]
    for hall in halls[:2]:
        ok(await owner.patch(f"/assets/{hall['id']}", {"timetable_id": shared["id"]}), 200)
    made = [ok(await who.book(hall, EVENING), 201) for who, hall in zip((group, other, group), halls, strict=True)]
    path, body = f"/timetables/{shared['id']}", {"name": "The brigade's", **daily("09:00", "17:00"), **FLOOD}
    tried = await owner.put(path, {**body, "dry_run": True})
    ok(await owner.put(path, body, headers={"If-Match": "*"}), 412)
    ok(await owner.put(path, body, headers={"If-Match": tried.headers["ETag"]}), 200)
    assert await states(owner, *made) == [["recalled"], ["recalled"], ["confirmed"]]
    assert [len(ok(await who.get("/claims"), 200)["items"]) for who in (owner, group, other)] == [2, 1, 1]


@pytest.mark.parametrize("rounds", [5])
async def test_a_closure_and_what_happens_at_once_are_one_after_the_other(world: World, rounds: int):
    owner, group, other = [await world.organisation() for _ in range(3)]
    hall = await world.asset(owner)
    body = {"site_id": hall["site_id"], **NOON, **FLOOD}
    for _ in range(rounds):
        booking = ok(await group.book(hall, EVENING), 201)
        tried = await owner.post("/closures", {**body, "dry_run": True})
        closed, cancelled, booked = await asyncio.gather(
            close(owner, tried, **body), group.cancel(booking), other.book(hall, LATE)
        )
        [[state]] = await states(group, booking)
        assert (closed.status_code, cancelled.status_code, state) in {
            (201, 409, "recalled"),
            (412, 200, "cancelled"),
        }
        ok(await other.cancel(ok(booked, 201)), 200)
        if closed.status_code == 201:
            ok(await owner.delete(f"/closures/{closed.json()['closure']['id']}"), 204)
