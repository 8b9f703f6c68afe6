"""Approval: requests that wait for the owner, what it decides, and what becomes of them if nobody does."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from calls import Organisation, World, ok, reasons

EVENING = ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")
APPROVAL = {"approval": True}


async def decide(who: Organisation, how: str, booking: dict[str, Any], **given: Any) -> Any:
    return await who.post(f"/bookings/{booking['id']}/{how}", {"all": True, **given})


async def test_a_request_waits_and_occupies_until_it_is_approved(world: World):
    owner, group, other = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner, terms=APPROVAL)
    asked = ok(await group.book(asset, EVENING), 201)
    assert (asked["state"], asked["decide_by"]) == ("pending", "2027-01-07T09:00:00Z")
    assert asked["may"] == ["moveBooking", "cancelBooking"]
    assert ok(await owner.get(f"/bookings/{asked['id']}"), 200)["may"] == [
        "approveBooking",
        "declineBooking",
        "cancelBooking",
    ]
    assert reasons(await other.book(asset, EVENING)) == [["taken"]]
    ok(await decide(group, "approve", asked), 403)
    ok(await decide(await owner.as_role("member"), "approve", asked), 403)
    ok(await decide(other, "approve", asked), 404)
    approved = ok(await decide(await owner.as_role("manager"), "approve", asked, note="Mind the step"), 200)
    assert (approved["state"], approved["decide_by"]) == ("confirmed", None)
    assert ok(await group.get(f"/bookings/{asked['id']}"), 200)["occurrences"][0]["note"] == "Mind the step"
    assert ok(await decide(owner, "approve", asked), 409)["states"] == ["pending"]
    assert await group.history(asked) == ["booking.created", "booking.approved"]


async def test_what_is_declined_is_free_at_once(world: World):
    owner, group, other = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner, terms=APPROVAL)
    asked = ok(await group.book(asset, EVENING), 201)
    declined = ok(await decide(owner, "decline", asked, note="The floor is wet"), 200)
    assert (declined["state"], declined["outcomes"]["declined"]) == ("ended", 1)
    assert declined["occurrences"][0]["note"] == "The floor is wet"
    assert await world.free(asset, *EVENING) == [EVENING]
    ok(await other.book(asset, EVENING), 201)
    ok(await decide(owner, "approve", asked), 409)
    assert await group.history(asked) == ["booking.created", "booking.declined"]


async def test_some_of_a_series_are_approved_and_others_declined(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, terms=APPROVAL)
    asked = ok(await group.repeat(asset, *EVENING, 4), 201)
    first, second, third, _ = (each["id"] for each in asked["occurrences"])
    ok(await owner.post(f"/bookings/{asked['id']}/approve", {"occurrence_ids": [first]}), 200)
    mixed = ok(await owner.post(f"/bookings/{asked['id']}/decline", {"from_occurrence_id": third}), 200)
    assert [each["state"] for each in mixed["occurrences"]] == ["confirmed", "pending", "declined", "declined"]
    assert (mixed["state"], mixed["decide_by"]) == ("pending", "2027-01-07T09:00:00Z")
    refused = await owner.post(f"/bookings/{asked['id']}/approve", {"occurrence_ids": [first, second]})
    assert ok(refused, 409)["detail"].startswith("It is confirmed; only what is pending can be approved.")


@pytest.mark.parametrize(
    ("terms", "decide_by"),
    [({"approval_hours": 24}, "2027-01-05T09:00:00Z"), ({"approval_hours": 8784}, "2027-07-05T18:00:00Z")],
    ids=["hours from now", "the start, if that is earlier"],
)
@pytest.mark.parametrize("on_deadline", ["decline", "approve"])
async def test_at_the_deadline_it_is_what_the_terms_said_when_it_was_asked_for(
    world: World, clock, terms: dict[str, Any], decide_by: str, on_deadline: str
):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, terms={**APPROVAL, **terms, "on_deadline": on_deadline})
    asked = ok(await group.book(asset, EVENING), 201)
    assert asked["decide_by"] == decide_by
    turned = {"decline": "approve", "approve": "decline"}[on_deadline]
    ok(await owner.patch(f"/assets/{asset['id']}", {"terms": {"on_deadline": turned}}), 200)
    clock.now = datetime.fromisoformat(decide_by) - timedelta(seconds=1)
    assert ok(await group.get(f"/bookings/{asked['id']}"), 200)["state"] == "pending"
    clock.now += timedelta(seconds=1)
    then = await group.get(f"/bookings/{asked['id']}")
    booking = ok(then, 200)
    [occurrence] = booking["occurrences"]
    assert occurrence["state"] == {"decline": "lapsed", "approve": "confirmed"}[on_deadline]
    assert (booking["decide_by"], booking["updated_at"], occurrence["sequence"]) == (None, decide_by, 1)
    assert await world.free(asset, *EVENING) == ([EVENING] if on_deadline == "decline" else [])
    ok(await decide(owner, "approve", asked), 409)
    await world.work(clock.now)
    swept = await group.get(f"/bookings/{asked['id']}")
    assert (ok(swept, 200), swept.headers["ETag"]) == (booking, then.headers["ETag"])
    ends = {"decline": "booking.lapsed", "approve": "booking.approved"}
    assert await group.history(asked) == ["booking.created", ends[on_deadline]]


async def test_the_deadline_is_the_first_start_of_what_was_got(world: World):
    owner, group, other = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner, terms={**APPROVAL, "approval_hours": 8784})
    days = [(f"{day}T18:00:00Z", f"{day}T20:00:00Z") for day in ("2027-01-03", "2027-01-05", "2027-01-12")]
    ok(await other.book(asset, days[1]), 201)
    asked = await group.book(asset, *days, if_some_unavailable="skip")
    booking = ok(asked, 201)
    assert [each["state"] for each in booking["occurrences"]] == ["skipped", "skipped", "pending"]
    assert (booking["state"], booking["decide_by"]) == ("pending", "2027-01-12T18:00:00Z")
    seen = await group.get(f"/bookings/{booking['id']}")
    assert (ok(seen, 200), seen.headers["ETag"]) == (booking, asked.headers["ETag"])
    held = await world.value("SELECT max(held_until) FROM occupancies")
    assert held == datetime.fromisoformat(booking["decide_by"])


@pytest.mark.parametrize("on_deadline", ["decline", "approve"])
async def test_what_has_begun_when_it_is_asked_for_waits_as_long_as_any_request(world: World, clock, on_deadline: str):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, terms={**APPROVAL, "approval_hours": 1, "on_deadline": on_deadline})
    now = ("2027-01-04T09:00:00Z", "2027-01-04T12:00:00Z")
    held = ok(await group.book(asset, now, hold=True), 201)
    clock.now += timedelta(minutes=5)
    asked = ok(await group.post(f"/bookings/{held['id']}/confirm"), 200)
    assert (asked["state"], asked["decide_by"]) == ("pending", "2027-01-04T10:05:00Z")
    assert ok(await group.get(f"/bookings/{held['id']}"), 200) == asked
    assert ok(await decide(owner, "approve", held), 200)["state"] == "confirmed"


async def test_the_owners_own_staff_and_set_aside_terms_need_no_approval(world: World):
    owner = await world.organisation()
    asset = await world.asset(owner, terms=APPROVAL)
    assert ok(await owner.book(asset, EVENING), 201)["state"] == "confirmed"
    later = ("2027-07-06T18:00:00Z", "2027-07-06T20:00:00Z")
    assert ok(await owner.book(asset, later, ignore_terms=True), 201)["state"] == "confirmed"


async def test_a_hold_is_asked_for_when_it_is_confirmed(world: World, clock):
    owner, group = await world.organisation(), await world.organisation()
    held = ok(await group.book(await world.asset(owner, terms=APPROVAL), EVENING, hold=True), 201)
    assert (held["state"], held["decide_by"]) == ("held", None)
    clock.now += timedelta(minutes=10)
    asked = ok(await group.post(f"/bookings/{held['id']}/confirm"), 200)
    assert (asked["state"], asked["hold_expires_at"], asked["decide_by"]) == ("pending", None, "2027-01-07T09:10:00Z")
    clock.now += timedelta(hours=1)
    assert ok(await group.get(f"/bookings/{held['id']}"), 200) == asked
    assert ok(await decide(owner, "approve", held), 200)["state"] == "confirmed"


async def test_who_is_not_verified_yet_may_ask_where_the_owner_approves_one_at_a_time(world: World):
    owner, other = await world.organisation(), await world.organisation()
    stranger = await world.organisation(verified=False)
    free, approved = await world.asset(owner), await world.asset(owner, terms=APPROVAL)
    elsewhere = await world.asset(other, terms=APPROVAL)
    assert reasons(await stranger.book(free, EVENING)) == [["unverified"]]
    asked = ok(await stranger.book(approved, EVENING), 201)
    assert asked["state"] == "pending"
    later = ("2027-07-06T18:00:00Z", "2027-07-06T20:00:00Z")
    refused = await stranger.book(approved, later)
    assert reasons(refused) == [["limit_reached"]]
    assert "at most 1 at once" in refused.json()["occurrences"][0]["why_not"][0]["text"]
    params = {"starts_at": later[0], "ends_at": later[1]}
    explained = ok(await stranger.get(f"/assets/{approved['id']}/explain", **params), 200)
    assert [each["code"] for each in explained["checks"] if not each["passed"]] == ["limit_reached"]
    starts = ok(await stranger.get(f"/assets/{approved['id']}/starts", **params, minutes=60), 200)
    assert starts["items"] == []
    ok(await stranger.book(elsewhere, EVENING), 201)
    ok(await decide(owner, "decline", asked), 200)
    ok(await stranger.book(approved, later), 201)


async def test_what_expired_of_an_open_booking_is_no_further_one(world: World, clock):
    owner, other = await world.organisation(), await world.organisation()
    stranger = await world.organisation(verified=False)
    asset = await world.asset(owner, terms=APPROVAL)
    later = ("2027-07-06T18:00:00Z", "2027-07-06T20:00:00Z")
    taken = ok(await other.book(asset, EVENING), 201)
    held = ok(await stranger.book(asset, EVENING, later, hold=True, if_some_unavailable="skip"), 201)
    clock.now += timedelta(minutes=45)
    ok(await other.cancel(taken), 200)
    assert [each["state"] for each in ok(await stranger.retry(held), 200)["occurrences"]] == ["pending", "expired"]
    confirmed = ok(await stranger.post(f"/bookings/{held['id']}/confirm"), 200)
    assert [each["state"] for each in confirmed["occurrences"]] == ["pending", "pending"]
