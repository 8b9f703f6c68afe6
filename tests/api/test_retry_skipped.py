"""Skipped dates asked for again: what is had and as what, by which rules and at what price, and what stays skipped."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from calls import Organisation, World, ok, pointers, reasons, spans

Period = tuple[str, str]
MONDAY, TUESDAY, WEDNESDAY, THURSDAY = (
    (f"2027-07-0{day}T18:00:00Z", f"2027-07-0{day}T20:00:00Z") for day in (5, 6, 7, 8)
)
SOON = ("2027-01-05T18:00:00Z", "2027-01-05T20:00:00Z")
APPROVAL = {"approval": True}
HOURLY = {"price": {"amount": 1000, "currency": "GBP", "per": "hour"}}


async def read(who: Organisation, booking: dict[str, Any]) -> dict[str, Any]:
    return ok(await who.get(f"/bookings/{booking['id']}"), 200)


async def skipping(
    world: World, asset: dict[str, Any], group: Organisation, had: Period, *missed: Period, **sent: Any
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A booking of one period that skipped the others, and those who had them, each with a booking of its own."""
    other = await world.organisation()
    quicker = [ok(await other.book(asset, each, units=asset["units"]), 201) for each in missed]
    booking = ok(await group.book(asset, had, *missed, if_some_unavailable="skip", **sent), 201)
    skipped = [each for each in booking["occurrences"] if each["state"] == "skipped"]
    assert spans(skipped) == sorted(missed)
    return booking, [{"by": other, **each} for each in quicker]


async def free(*quicker: dict[str, Any]) -> None:
    """Those who had it give it back."""
    for each in quicker:
        ok(await each["by"].cancel(each), 200)


def states(booking: dict[str, Any]) -> list[str]:
    return [each["state"] for each in booking["occurrences"]]


async def retried(who: Organisation, booking: dict[str, Any]) -> dict[str, Any]:
    """What was recorded of the last time that it was asked again."""
    events = ok(await who.get("/events", limit=100), 200)["items"]
    return [each for each in events if each["object"]["id"] == booking["id"] and each["type"] == "booking.retried"][-1]


def told(state: str, period: Period) -> dict[str, Any]:
    """An occurrence as events have it."""
    return {"state": state, "units": 1, "starts_at": period[0], "ends_at": period[1]}


async def test_what_was_skipped_is_had_once_it_is_free(world: World, clock):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, terms=HOURLY)
    booking, quicker = await skipping(world, asset, group, MONDAY, TUESDAY, attendees=5)
    assert booking["may"] == ["moveBooking", "retrySkipped", "cancelBooking"]
    assert reasons(await group.retry(booking)) == [["taken"]]
    await free(*quicker)
    clock.now += timedelta(minutes=5)
    answer = await group.retry(booking, note="We still need it")
    after = ok(answer, 200)
    first, was = booking["occurrences"]
    had = {
        **was,
        "state": "confirmed",
        "unit_numbers": [1],
        "why_not": [],
        "note": "We still need it",
        "sequence": 1,
    }
    assert after == {
        **booking,
        "occurrences": [first, had],
        "outcomes": {**booking["outcomes"], "skipped": 0},
        "may": ["moveBooking", "cancelBooking"],
        "cost": {
            "amount": 4000,
            "currency": "GBP",
            "lines": [
                {"text": "2027-07-05 19:00 to 21:00: 120 minutes × 1", "amount": 2000},
                {"text": "2027-07-06 19:00 to 21:00: 120 minutes × 1", "amount": 2000},
            ],
        },
        "updated_at": "2027-01-04T09:05:00Z",
    }
    again = await group.get(f"/bookings/{booking['id']}")
    assert (ok(again, 200), again.headers["ETag"]) == (after, answer.headers["ETag"])
    assert await world.free(asset, *TUESDAY) == []
    event = await retried(owner, booking)
    assert event["before"] == {"occurrences": {was["id"]: told("skipped", TUESDAY)}}
    assert event["after"] == {"occurrences": {was["id"]: told("confirmed", TUESDAY)}, "texts": ["note"]}
    assert event["object"]["version"] == 2
    assert await group.history(booking) == ["booking.created", "booking.retried"]
    ok(await group.cancel(booking, occurrence_ids=[was["id"]]), 200)
    assert await world.free(asset, *TUESDAY) == [TUESDAY]


async def test_only_the_booker_asks_again_and_only_for_what_is_skipped(world: World):
    owner, group, stranger = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner)
    booking, quicker = await skipping(world, asset, group, MONDAY, TUESDAY)
    had, missed = (each["id"] for each in booking["occurrences"])
    await free(*quicker)
    assert (await read(owner, booking))["may"] == ["cancelBooking"]
    ok(await owner.retry(booking), 403)
    ok(await stranger.retry(booking), 404)
    refused = ok(await group.retry(booking, occurrence_ids=[had, missed]), 409)
    assert (refused["type"], refused["states"]) == ("/problems/state-does-not-allow", ["skipped"])
    assert refused["detail"] == "It is confirmed; only what is skipped can be retried."
    assert await read(group, booking) == booking
    ok(await (await group.as_role("member")).retry(booking, occurrence_ids=[missed]), 200)
    assert ok(await group.retry(booking), 409)["states"] == ["skipped"]


async def test_some_this_and_later_and_all_are_asked_for_again(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    booking, quicker = await skipping(world, asset, group, MONDAY, TUESDAY, WEDNESDAY, THURSDAY)
    _, second, third, _ = (each["id"] for each in booking["occurrences"])
    await free(*quicker)
    path = f"/bookings/{booking['id']}/retry-skipped"
    assert pointers(await group.post(path, {})) == ["#"]
    assert pointers(await group.post(path, {"all": True, "occurrence_ids": [second]})) == ["#"]
    assert pointers(await group.post(path, {"from_occurrence_id": booking["id"]})) == ["#/from_occurrence_id"]
    strange = {"occurrence_ids": [second, booking["id"]]}
    assert pointers(await group.post(path, strange)) == ["#/occurrence_ids/1"]
    assert pointers(await group.post(path, {"all": True, "if_some_unavailable": "ask"})) == ["#/if_some_unavailable"]
    one = ok(await group.retry(booking, occurrence_ids=[third]), 200)
    assert states(one) == ["confirmed", "skipped", "confirmed", "skipped"]
    later = ok(await group.retry(booking, from_occurrence_id=third), 200)
    assert states(later) == ["confirmed", "skipped", "confirmed", "confirmed"]
    everything = ok(await group.retry(booking), 200)
    assert states(everything) == ["confirmed"] * 4
    assert [each["sequence"] for each in everything["occurrences"]] == [0, 1, 1, 1]


async def test_all_is_had_or_none_unless_what_cannot_be_is_left_skipped(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    booking, quicker = await skipping(world, asset, group, MONDAY, TUESDAY, WEDNESDAY, THURSDAY)
    await free(quicker[0], quicker[2])
    shut = {"asset_id": asset["id"], "starts_at": THURSDAY[0], "ends_at": THURSDAY[1]}
    ok(await owner.post("/closures", shut), 201)
    stored = await world.stored()
    refused = await group.retry(booking)
    assert reasons(refused) == [[], ["taken"], ["closed"]]
    offered = refused.json()["occurrences"]
    assert spans(offered) == [TUESDAY, WEDNESDAY, THURSDAY]
    assert [spans(each["alternatives"]) for each in offered] == [
        [],
        [
            ("2027-07-07T16:00:00Z", WEDNESDAY[0]),
            (WEDNESDAY[1], "2027-07-07T22:00:00Z"),
        ],
        [
            ("2027-07-08T16:00:00Z", THURSDAY[0]),
            (THURSDAY[1], "2027-07-08T22:00:00Z"),
        ],
    ]
    assert await world.stored() == stored

    after = ok(await group.retry(booking, if_some_unavailable="skip"), 200)
    first, second, third, fourth = booking["occurrences"]
    [closed] = offered[2]["why_not"]
    assert after["occurrences"] == [
        first,
        {**second, "state": "confirmed", "unit_numbers": [1], "why_not": [], "sequence": 1},
        third,
        {**fourth, "why_not": [closed], "sequence": 1},
    ]
    assert (closed["code"], third["why_not"]) == ("closed", offered[1]["why_not"])
    event = await retried(group, booking)
    before = {second["id"]: told("skipped", TUESDAY), fourth["id"]: told("skipped", THURSDAY)}
    assert event["before"] == {"occurrences": before}
    assert event["after"] == {"occurrences": {**before, second["id"]: told("confirmed", TUESDAY)}}
    assert await read(group, booking) == after


@pytest.mark.parametrize("if_some_unavailable", ["refuse", "skip"])
async def test_where_nothing_can_be_had_nothing_changes(world: World, if_some_unavailable: str):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    booking, _ = await skipping(world, asset, group, MONDAY, TUESDAY, WEDNESDAY)
    ok(await owner.patch(f"/assets/{asset['id']}", {"terms": {"turnaround_after_minutes": 15}}), 200)
    stored = await world.stored()
    refused = await group.retry(booking, if_some_unavailable=if_some_unavailable)
    assert reasons(refused) == [["taken"], ["taken"]]
    assert [len(each["alternatives"]) for each in refused.json()["occurrences"]] == [2, 2]
    assert await world.stored() == stored


async def test_in_a_hold_it_is_held_as_long_as_the_rest(world: World, clock):
    owner, group = await world.organisation(), await world.organisation()
    halls = [await world.asset(owner) for _ in range(3)]
    booking, quicker = await skipping(world, halls[0], group, MONDAY, TUESDAY, WEDNESDAY, hold=True)
    await free(*quicker)
    for each in halls[1:]:  # with them it has as many open holds as it may
        ok(await group.book(each, MONDAY, hold=True), 201)
    clock.now += timedelta(minutes=10)
    ok(await owner.patch(f"/assets/{halls[0]['id']}", {"terms": {"hold_minutes": 60, "approval": True}}), 200)
    _, second, third = (each["id"] for each in booking["occurrences"])
    after = ok(await group.retry(booking, occurrence_ids=[second]), 200)
    assert (states(after), after["hold_expires_at"]) == (["held", "held", "skipped"], booking["hold_expires_at"])
    assert after["may"] == ["confirmBooking", "moveBooking", "retrySkipped", "cancelBooking"]
    assert await world.free(halls[0], *TUESDAY) == []
    clock.now += timedelta(minutes=5)
    assert await world.free(halls[0], *TUESDAY) == [TUESDAY]
    lapsed = await read(group, booking)
    assert (lapsed["state"], states(lapsed)) == ("ended", ["expired", "expired", "skipped"])
    await world.work(clock.now)
    assert await read(group, booking) == lapsed
    assert await group.history(booking) == ["booking.created", "booking.retried", "booking.expired"]
    asked = ok(await group.retry(booking, occurrence_ids=[third]), 200)
    assert (asked["state"], states(asked)) == ("pending", ["expired", "expired", "pending"])
    confirmed = ok(await group.post(f"/bookings/{booking['id']}/confirm"), 200)
    assert states(confirmed) == ["pending"] * 3


async def test_it_is_confirmed_with_the_hold_that_it_came_to(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    booking, quicker = await skipping(world, asset, group, MONDAY, TUESDAY, hold=True)
    await free(*quicker)
    assert states(ok(await group.retry(booking), 200)) == ["held", "held"]
    confirmed = ok(await group.post(f"/bookings/{booking['id']}/confirm"), 200)
    assert (states(confirmed), confirmed["hold_expires_at"]) == (["confirmed", "confirmed"], None)


async def test_what_one_let_lapse_is_not_held_again_in_this_way(world: World, clock):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    ok(await group.book(asset, TUESDAY, hold=True), 201)
    clock.now += timedelta(minutes=15)
    booking = ok(await group.book(asset, MONDAY, TUESDAY, hold=True, if_some_unavailable="skip"), 201)
    assert states(booking) == ["held", "skipped"]
    clock.now += timedelta(minutes=14)
    refused = await group.retry(booking)
    assert reasons(refused) == [["limit_reached"]]
    [reason] = refused.json()["occurrences"][0]["why_not"]
    assert reason["numbers"] == {"hold_again_from": "2027-01-04T09:45:00Z"}
    ok(await group.post(f"/bookings/{booking['id']}/confirm"), 200)
    assert states(ok(await group.retry(booking), 200)) == ["confirmed", "confirmed"]  # what is booked is not hoarded


@pytest.mark.parametrize(("on_deadline", "becomes"), [("decline", "lapsed"), ("approve", "confirmed")])
async def test_where_the_owner_approves_it_waits_for_that_as_a_request_of_its_own(
    world: World, clock, on_deadline: str, becomes: str
):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    booking, quicker = await skipping(world, asset, group, MONDAY, SOON, TUESDAY, WEDNESDAY)
    ok(await owner.patch(f"/assets/{asset['id']}", {"terms": {**APPROVAL, "on_deadline": on_deadline}}), 200)
    await free(*quicker)
    shut = {"asset_id": asset["id"], "starts_at": SOON[0], "ends_at": SOON[1]}
    ok(await owner.post("/closures", shut), 201)
    clock.now += timedelta(hours=1)
    asked = ok(await group.retry(booking, if_some_unavailable="skip"), 200)
    assert (asked["state"], states(asked)) == ("pending", ["skipped", "confirmed", "pending", "pending"])
    assert asked["decide_by"] == "2027-01-07T10:00:00Z"  # 72 hours from now; what was not had has no part in it
    waits = "SELECT count(*) FROM occurrences WHERE num_nonnulls(held_until, approved_from) > 0"
    assert await world.value(waits) == 2
    _, _, third, fourth = (each["id"] for each in asked["occurrences"])
    assert await world.free(asset, *TUESDAY) == []
    ok(await owner.post(f"/bookings/{booking['id']}/decline", {"occurrence_ids": [fourth]}), 200)
    clock.now = datetime.fromisoformat("2027-01-07T10:00:00Z")
    last = await read(group, booking)
    assert states(last) == ["skipped", "confirmed", becomes, "declined"]
    assert await world.free(asset, *TUESDAY) == ([TUESDAY] if becomes == "lapsed" else [])
    await world.work(clock.now)
    assert await read(group, booking) == last
    event = "booking.lapsed" if becomes == "lapsed" else "booking.approved"
    assert await group.history(booking) == ["booking.created", "booking.retried", "booking.declined", event]
    assert ok(await group.retry(booking, occurrence_ids=[third]), 409)["states"] == ["skipped"]


async def test_a_request_is_decided_by_the_start_of_what_was_had_if_that_is_earlier(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, terms=APPROVAL)
    quicker = ok(await owner.book(asset, SOON), 201)
    booking = ok(await group.book(asset, SOON, MONDAY, if_some_unavailable="skip"), 201)
    assert booking["decide_by"] == "2027-01-07T09:00:00Z"
    ok(await owner.cancel(quicker), 200)
    asked = ok(await group.retry(booking), 200)
    assert (states(asked), asked["decide_by"]) == (["pending", "pending"], SOON[0])


async def test_the_owners_own_staff_need_no_approval(world: World):
    owner = await world.organisation()
    asset = await world.asset(owner, terms=APPROVAL)
    booking, quicker = await skipping(world, asset, owner, MONDAY, TUESDAY)
    await free(*quicker)
    ok(await owner.cancel(booking, occurrence_ids=[booking["occurrences"][0]["id"]]), 200)
    assert states(ok(await owner.retry(booking), 200)) == ["cancelled", "confirmed"]


async def test_a_booking_of_which_nothing_else_is_left_comes_to_life_again(world: World, clock):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, arrival={"meet": "At the gate"})
    booking, quicker = await skipping(world, asset, group, MONDAY, TUESDAY)
    await free(*quicker)
    ok(await group.cancel(booking), 200)
    ended = await read(group, booking)
    assert (ended["state"], ended["may"], ended["arrival"]) == ("ended", ["retrySkipped"], None)
    after = ok(await group.retry(booking, dry_run=True), 200)
    assert (after["state"], states(after)) == ("confirmed", ["cancelled", "confirmed"])
    clock.now = datetime.fromisoformat(MONDAY[1])
    after = ok(await group.retry(booking), 200)
    assert (after["state"], states(after)) == ("confirmed", ["cancelled", "confirmed"])
    assert after["arrival"]["meet"] == "At the gate"


async def test_what_has_begun_is_asked_for_in_vain_and_not_offered(world: World, clock):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    booking, quicker = await skipping(world, asset, group, MONDAY, TUESDAY, WEDNESDAY)
    _, second, third = (each["id"] for each in booking["occurrences"])
    await free(*quicker)
    clock.now = datetime.fromisoformat(WEDNESDAY[0])
    assert (await read(group, booking))["may"] == ["retrySkipped"]
    assert reasons(await group.retry(booking)) == [["in_the_past"], []]
    assert reasons(await group.retry(booking, occurrence_ids=[second])) == [["in_the_past"]]
    after = ok(await group.retry(booking, if_some_unavailable="skip"), 200)
    assert states(after) == ["completed", "skipped", "confirmed"]
    assert [[why["code"] for why in each["why_not"]] for each in after["occurrences"]] == [[], ["in_the_past"], []]
    assert after["may"] == ["moveBooking", "cancelBooking", "checkIn"]
    ok(await group.cancel(booking, occurrence_ids=[third]), 200)


async def test_every_rule_of_a_new_booking_holds_as_it_is_now(world: World, clock):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, units=3, capacity=10)
    booking, quicker = await skipping(world, asset, group, MONDAY, TUESDAY, units=2, attendees=20)
    await free(*quicker)
    strict = {"longest_minutes": 60, "notice_minutes": 60, "requires": ["public_liability"], "min_attendees": 30}
    path = f"/assets/{asset['id']}"
    ok(await owner.patch(path, {"capacity": 9, "terms": strict}), 200)
    ok(await owner.post(f"{path}/pause"), 200)
    clock.now = datetime.fromisoformat("2027-07-06T17:30:00Z")
    assert reasons(await group.retry(booking)) == [
        ["not_listed", "too_small", "too_few_attendees", "too_soon", "too_long", "requirement_missing"]
    ]
    ok(await owner.post(f"{path}/publish"), 200)
    gone = {**dict.fromkeys(("longest_minutes", "min_attendees")), "notice_minutes": 0, "requires": []}
    ok(await owner.patch(path, {"capacity": 10, "units": 1, "terms": gone}), 200)
    assert reasons(await group.retry(booking)) == [["too_few_units"]]
    ok(await owner.patch(path, {"units": 2, "terms": {"horizon_days": 1}}), 200)
    after = ok(await group.retry(booking), 200)
    assert [each["unit_numbers"] for each in after["occurrences"]][1] == [1, 2]


async def test_who_is_not_verified_has_no_second_booking_by_it(world: World):
    owner, group = await world.organisation(), await world.organisation(verified=False)
    asset = await world.asset(owner, terms=APPROVAL)
    quicker = ok(await owner.book(asset, TUESDAY), 201)
    first = ok(await group.book(asset, MONDAY, TUESDAY, WEDNESDAY, if_some_unavailable="skip"), 201)
    ok(await owner.cancel(quicker), 200)
    assert states(ok(await group.retry(first, dry_run=True), 200)) == ["pending"] * 3  # it is the one that it may have
    ok(await group.cancel(first), 200)
    second = ok(await group.book(asset, THURSDAY), 201)
    assert reasons(await group.retry(first)) == [["limit_reached"]]
    ok(await group.cancel(second), 200)
    assert states(ok(await group.retry(first), 200)) == ["cancelled", "pending", "cancelled"]
    assert reasons(await group.book(asset, THURSDAY)) == [["limit_reached"]]


async def test_it_costs_what_it_does_today_and_the_rest_what_it_did(world: World):
    owner, group = await world.organisation(), await world.organisation(kind="business")
    asset = await world.asset(owner, terms=HOURLY)
    booking, quicker = await skipping(world, asset, group, TUESDAY, MONDAY, WEDNESDAY)
    await free(*quicker)
    community = {"amount": 1, "currency": "GBP", "per": "hour"}
    dearer = {"price": {"amount": 1500, "currency": "GBP", "per": "hour"}, "community_price": community}
    ok(await owner.patch(f"/assets/{asset['id']}", {"terms": dearer}), 200)
    after = ok(await group.retry(booking), 200)
    assert after["cost"] == {
        "amount": 8000,
        "currency": "GBP",
        "lines": [
            {"text": "2027-07-05 19:00 to 21:00: 120 minutes × 1", "amount": 3000},
            {"text": "2027-07-06 19:00 to 21:00: 120 minutes × 1", "amount": 2000},
            {"text": "2027-07-07 19:00 to 21:00: 120 minutes × 1", "amount": 3000},
        ],
    }


@pytest.mark.parametrize("per", ["hour", "booking"])
async def test_once_its_hold_expired_it_costs_what_it_alone_does_today(world: World, clock, per: str):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, terms={"price": {"amount": 1000, "currency": "GBP", "per": per}})
    booking, quicker = await skipping(world, asset, group, MONDAY, TUESDAY, hold=True)
    await free(*quicker)
    clock.now += timedelta(minutes=45)
    dearer = {"price": {"amount": 1500, "currency": "GBP", "per": per}}
    ok(await owner.patch(f"/assets/{asset['id']}", {"terms": dearer}), 200)
    after = ok(await group.retry(booking), 200)
    assert (states(after), [each["amount"] for each in after["cost"]["lines"]]) == (
        ["expired", "confirmed"],
        [3000 if per == "hour" else 1500],
    )
    whole = ok(await group.post(f"/bookings/{booking['id']}/confirm"), 200)
    assert [each["amount"] for each in whole["cost"]["lines"]] == ([3000, 3000] if per == "hour" else [1500])


async def test_a_price_for_the_whole_booking_stays_as_it_is(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, terms={"price": {"amount": 1000, "currency": "GBP", "per": "booking"}})
    booking, quicker = await skipping(world, asset, group, MONDAY, TUESDAY)
    await free(*quicker)
    ok(await owner.patch(f"/assets/{asset['id']}", {"terms": HOURLY}), 200)
    assert ok(await group.retry(booking), 200)["cost"] == booking["cost"]
    assert booking["cost"]["amount"] == 1000


async def test_where_the_prices_cannot_be_added_all_is_priced_anew(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, terms=HOURLY)
    booking, quicker = await skipping(world, asset, group, TUESDAY, MONDAY)
    await free(*quicker)
    euros = {"price": {"amount": 100, "currency": "EUR", "per": "hour"}}
    ok(await owner.patch(f"/assets/{asset['id']}", {"terms": euros}), 200)
    cost = ok(await group.retry(booking), 200)["cost"]
    assert (cost["currency"], [each["amount"] for each in cost["lines"]]) == ("EUR", [200, 200])
    assert [each["text"][:10] for each in cost["lines"]] == ["2027-07-05", "2027-07-06"]


async def test_it_has_the_units_that_were_asked_for_whatever_the_rest_has_now(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, units=3)
    booking, quicker = await skipping(world, asset, group, MONDAY, TUESDAY)
    await free(*quicker)
    ok(await group.move(booking, units=3), 200)
    after = ok(await group.retry(booking), 200)
    assert (after["units"], [each["unit_numbers"] for each in after["occurrences"]]) == (3, [[1, 2, 3], [1]])


async def test_it_is_not_refused_because_of_which_unit_is_free(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, units=2)
    booking, quicker = await skipping(world, asset, group, MONDAY, TUESDAY)
    ok(await quicker[0]["by"].cancel(quicker[0]), 200)
    hours = [f"2027-07-06T{hour}:00:00Z" for hour in (18, 19, 20)]
    throughout = ok(await owner.book(asset, (hours[0], hours[2])), 201)
    late = ok(await owner.book(asset, (hours[1], hours[2])), 201)
    ok(await owner.cancel(throughout), 200)
    early = ok(await owner.book(asset, (hours[0], hours[1])), 201)
    taken = [(await read(owner, each))["occurrences"][0]["unit_numbers"] for each in (late, early)]
    assert taken == [[2], [1]]
    [unit] = ok(await group.retry(booking), 200)["occurrences"][1]["unit_numbers"]
    after = [(await read(owner, each))["occurrences"][0]["unit_numbers"] for each in (late, early)]
    assert after == [[3 - unit]] * 2


async def test_a_whole_is_had_with_its_parts_and_a_part_not_from_a_whole(world: World):
    owner, group = await world.organisation(), await world.organisation()
    site = await world.site(owner)
    whole = await world.asset(owner, site=site)
    part = await world.asset(owner, site=site, part_of=whole["id"])
    booking, quicker = await skipping(world, part, group, MONDAY, TUESDAY)
    all_of_it, also = await skipping(world, whole, group, THURSDAY, WEDNESDAY)
    await free(*quicker, *also)
    stands = ok(await owner.book(whole, TUESDAY), 201)
    refused = await group.retry(booking)
    assert reasons(refused) == [["taken"]]
    assert refused.json()["occurrences"][0]["why_not"][0]["asset_id"] == whole["id"]
    ok(await owner.cancel(stands), 200)
    assert states(ok(await group.retry(booking), 200)) == ["confirmed", "confirmed"]
    assert states(ok(await group.retry(all_of_it), 200)) == ["confirmed", "confirmed"]
    assert reasons(await owner.book(part, WEDNESDAY)) == [["taken"]]
    assert reasons(await owner.book(whole, TUESDAY)) == [["taken"]]


async def test_where_the_booking_itself_has_moved_to_it_is_taken(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    booking, quicker = await skipping(world, asset, group, MONDAY, TUESDAY)
    await free(*quicker)
    ok(await group.move(booking, starts_at=TUESDAY[0], ends_at=TUESDAY[1]), 200)
    assert reasons(await group.retry(booking)) == [["taken"]]


async def test_its_clock_changes_were_said_and_stay(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    night = ("2027-03-28T01:30:00Z", "2027-03-28T03:00:00Z")  # the clock shows 02:30 to 04:00
    quicker = ok(await owner.book(asset, night), 201)
    series = ("2027-03-21T01:30:00Z", "2027-03-21T03:00:00Z")
    booking = ok(await group.repeat(asset, *series, 3, if_some_unavailable="skip"), 201)
    assert states(booking) == ["confirmed", "skipped", "confirmed"]
    second = booking["occurrences"][1]["id"]
    change = {"occurrence_id": second, "local": "2027-03-28T01:30:00", "change": "skipped"}
    assert booking["clock_changes"] == [change]
    ok(await owner.cancel(quicker), 200)
    after = ok(await group.retry(booking), 200)
    assert (states(after), after["clock_changes"]) == (["confirmed"] * 3, [change])
    assert spans(after["occurrences"]) == [series, night, ("2027-04-04T00:30:00Z", "2027-04-04T02:00:00Z")]


async def test_what_was_had_is_recalled_and_owed_as_the_booking_says(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, terms={"recallable": True})
    booking, quicker = await skipping(world, asset, group, MONDAY, TUESDAY)
    await free(*quicker)
    ok(await owner.patch(f"/assets/{asset['id']}", {"terms": {"recallable": False}}), 200)
    ok(await group.retry(booking), 200)
    second = booking["occurrences"][1]["id"]
    ok(await owner.post(f"/bookings/{booking['id']}/recall", {"occurrence_ids": [second]}), 200)
    claims = ok(await group.get("/claims"), 200)["items"]
    assert [(each["occurrence_id"], each["minutes"]) for each in claims] == [(second, 120)]


async def test_many_dates_among_many_units_are_asked_for_in_several_requests(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    tried = ok(await owner.repeat(asset, *MONDAY, 52, dry_run=True), 200)
    ok(await owner.book(asset, *spans(tried["occurrences"])[1:]), 201)
    booking = ok(await group.repeat(asset, *MONDAY, 52, if_some_unavailable="skip"), 201)
    ok(await owner.patch(f"/assets/{asset['id']}", {"units": 1000}), 200)
    refused = await group.retry(booking)
    assert pointers(refused) == ["#"]
    detail = refused.json()["errors"][0]["detail"]
    assert detail == "The asset has 1000 units; send at most 50 periods at once."
    some = [each["id"] for each in booking["occurrences"][1:51]]
    after = ok(await group.retry(booking, occurrence_ids=some), 200)
    assert (after["outcomes"]["skipped"], states(after)[-1]) == (1, "skipped")
