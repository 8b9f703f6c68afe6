"""Moving: another time, longer, shorter or early ends, other numbers of units, and what a refusal leaves as it was."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from calls import Organisation, World, ok, pointers, reasons, spans

EVENING = ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")
LATER = ("2027-07-05T20:00:00Z", "2027-07-05T22:00:00Z")
NEXT = ("2027-07-06T18:00:00Z", "2027-07-06T20:00:00Z")
APPROVAL = {"approval": True}


def to(period: tuple[str, str]) -> dict[str, str]:
    return dict(zip(("starts_at", "ends_at"), period, strict=True))


async def read(who: Organisation, booking: dict[str, Any]) -> dict[str, Any]:
    return ok(await who.get(f"/bookings/{booking['id']}"), 200)


async def moved(who: Organisation, booking: dict[str, Any]) -> dict[str, Any]:
    """What was recorded of its last move."""
    events = ok(await who.get("/events", limit=100), 200)["items"]
    return [each for each in events if each["object"]["id"] == booking["id"] and each["type"] == "booking.moved"][-1]


async def test_a_move_takes_the_new_place_and_gives_up_the_old(world: World):
    owner, group, other = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner)
    booking = ok(await group.book(asset, EVENING, attendees=5), 201)
    answer = await group.move(booking, **to(NEXT), note="The cook is away")
    after = ok(answer, 200)
    [was], [became] = booking["occurrences"], after["occurrences"]
    assert became == {**was, **to(NEXT), "sequence": 1, "note": "The cook is away"}
    assert after == {**booking, "occurrences": [became], "updated_at": after["updated_at"]}
    again = await group.get(f"/bookings/{booking['id']}")
    assert (ok(again, 200), again.headers["ETag"]) == (after, answer.headers["ETag"])
    ok(await other.book(asset, EVENING), 201)
    assert reasons(await other.book(asset, NEXT)) == [["taken"]]
    event = await moved(group, booking)
    assert event["before"] == {"occurrences": {was["id"]: {"state": "confirmed", "units": 1, **to(EVENING)}}}
    assert event["after"] == {
        "occurrences": {was["id"]: {"state": "confirmed", "units": 1, **to(NEXT)}},
        "texts": ["note"],
    }
    assert await group.history(booking) == ["booking.created", "booking.moved"]


async def test_a_refused_move_leaves_everything_as_it_was(world: World):
    owner, group, other = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner, hours={"seasons": [{"starts_on": "2027-01-01", "hours": [
        {"day": day, "opens": "08:00", "closes": "22:00"} for day in ("mon", "tue")]}]})  # fmt: skip
    booking = ok(await group.repeat(asset, *EVENING, 2), 201)
    ok(await other.book(asset, ("2027-07-13T19:00:00Z", "2027-07-13T20:00:00Z")), 201)
    stored = await world.stored()
    assert reasons(await group.move(booking, **to(NEXT))) == [[], ["taken"]]
    assert reasons(await group.move(booking, ends_at="2027-07-05T22:00:00Z")) == [["closed"], ["closed"]]
    assert reasons(await group.move(booking, **to(("2026-07-06T18:00:00Z", "2026-07-06T20:00:00Z")))) == [
        ["in_the_past", "closed"],
        ["in_the_past", "closed"],
    ]
    assert await world.stored() == stored
    assert await read(group, booking) == booking


async def test_only_the_booker_moves_what_stands(world: World):
    owner, group, other = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner)
    booking = ok(await group.book(asset, EVENING), 201)
    assert "moveBooking" in booking["may"]
    assert "moveBooking" not in (await read(owner, booking))["may"]
    ok(await owner.move(booking, **to(NEXT)), 403)
    ok(await other.move(booking, **to(NEXT)), 404)
    ok(await (await group.as_role("member")).move(booking, **to(NEXT)), 200)
    ok(await group.cancel(booking), 200)
    refused = ok(await group.move(booking, **to(EVENING)), 409)
    assert (refused["type"], refused["states"]) == ("/problems/state-does-not-allow", ["held", "pending", "confirmed"])
    assert refused["detail"] == "It is cancelled; only what is held or pending or confirmed can be moved."


async def test_a_move_can_be_tried_repeated_and_guarded(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    made = await group.book(asset, EVENING)
    booking = ok(made, 201)
    tried = ok(await group.move(booking, **to(NEXT), dry_run=True), 200)
    assert spans(tried["occurrences"]) == [NEXT]
    assert await read(group, booking) == booking
    guarded = {"headers": {"If-Match": made.headers["ETag"], "Idempotency-Key": "once"}}
    first = await group.move(booking, **to(NEXT), options=guarded)
    again = await group.move(booking, **to(NEXT), options=guarded)
    assert (ok(again, 200), again.headers["Idempotent-Replayed"]) == (ok(first, 200), "true")
    stale = {"headers": {"If-Match": made.headers["ETag"]}}
    ok(await group.move(booking, **to(EVENING), options=stale), 412)
    assert await group.history(booking) == ["booking.created", "booking.moved"]


async def test_what_does_not_change_keeps_its_sequence(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, units=2)
    booking = ok(await group.repeat(asset, *EVENING, 2), 201)
    same = await group.move(booking, **to(EVENING), units=1)
    assert ok(same, 200) == booking
    ids = [each["id"] for each in booking["occurrences"]]
    more = ok(await group.move(booking, occurrence_ids=[ids[1]], units=2), 200)
    assert [(each["units"], each["sequence"]) for each in more["occurrences"]] == [(1, 0), (2, 1)]
    all_of_it = ok(await group.move(booking, units=2), 200)
    assert [(each["units"], each["sequence"]) for each in all_of_it["occurrences"]] == [(2, 1), (2, 1)]
    assert (more["units"], all_of_it["units"]) == (1, 2)
    assert [event for event in await group.history(booking) if event == "booking.moved"] == ["booking.moved"] * 2


async def test_one_this_and_later_and_all_of_a_series_move(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    series = ok(await group.repeat(asset, *EVENING, 3), 201)
    ids = [each["id"] for each in series["occurrences"]]
    wednesday = ("2027-07-14T18:00:00Z", "2027-07-14T19:00:00Z")
    one = ok(await group.move(series, occurrence_ids=[ids[1]], **to(wednesday)), 200)
    assert spans(one["occurrences"])[1] == wednesday
    later = ok(await group.move(series, from_occurrence_id=ids[1], starts_at="2027-07-14T17:30:00Z"), 200)
    assert spans(later["occurrences"]) == [
        EVENING,
        ("2027-07-14T17:30:00Z", "2027-07-14T19:00:00Z"),
        ("2027-07-19T17:30:00Z", "2027-07-19T20:00:00Z"),
    ]
    everything = ok(await group.move(series, **to(("2027-07-06T10:00:00Z", "2027-07-06T11:00:00Z"))), 200)
    assert spans(everything["occurrences"]) == [
        (f"2027-07-{day:02}T10:00:00Z", f"2027-07-{day:02}T11:00:00Z") for day in (6, 15, 20)
    ]
    assert [each["sequence"] for each in everything["occurrences"]] == [1, 3, 2]
    assert [each["id"] for each in everything["occurrences"]] == ids


async def test_what_is_wrong_with_a_move_is_pointed_at(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    booking = ok(await group.book(asset, EVENING, LATER), 201)
    first, second = (each["id"] for each in booking["occurrences"])
    assert pointers(await group.move(booking)) == ["#"]
    assert pointers(await group.move(booking, starts_at=EVENING[1])) == ["#/starts_at"]
    assert pointers(await group.move(booking, ends_at=EVENING[0])) == ["#/ends_at"]
    assert pointers(await group.move(booking, occurrence_ids=[first], ends_at="2028-07-06T18:00:00Z")) == ["#/ends_at"]
    assert pointers(await group.move(booking, **to(NEXT))) == ["#/ends_at"]  # both on that one evening
    assert pointers(await group.move(booking, units=0)) == ["#/units"]
    assert pointers(await group.post(f"/bookings/{booking['id']}/move", {"units": 1})) == ["#"]
    assert reasons(await group.move(booking, occurrence_ids=[first], **to(LATER))) == [["taken"]]
    ok(await group.move(booking, occurrence_ids=[second], **to(NEXT)), 200)
    ok(await group.move(booking, occurrence_ids=[first], **to(LATER)), 200)


async def test_a_period_may_move_over_its_own_old_place(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, terms={"turnaround_before_minutes": 30, "turnaround_after_minutes": 30})
    series = ok(await group.book(asset, EVENING, NEXT, ("2027-07-07T18:00:00Z", "2027-07-07T20:00:00Z")), 201)
    over = ok(await group.move(series, **to(("2027-07-06T19:00:00Z", "2027-07-06T21:00:00Z"))), 200)
    assert [starts[:13] for starts, _ in spans(over["occurrences"])] == [f"2027-07-0{day}T19" for day in (6, 7, 8)]


async def test_a_shorter_period_asks_nothing_but_the_least_length_and_the_step(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    booking = ok(await group.book(asset, EVENING), 201)
    strict = {"shortest_minutes": 60, "notice_minutes": 525_600, "turnaround_after_minutes": 600, "min_attendees": 9}
    ok(await owner.patch(f"/assets/{asset['id']}", {"terms": {**strict, "requires": ["public_liability"]}}), 200)
    ok(await owner.post(f"/assets/{asset['id']}/pause"), 200)
    await world.hours(owner, asset, {"seasons": []})
    assert reasons(await group.move(booking, ends_at="2027-07-05T18:30:00Z")) == [["too_short"]]
    assert reasons(await group.move(booking, ends_at="2027-07-05T19:10:00Z")) == [["off_step"]]
    ok(await group.move(booking, ends_at="2027-07-05T19:00:00Z"), 200)
    refused = await group.move(booking, ends_at="2027-07-05T20:00:00Z")
    assert reasons(refused) == [["not_listed", "too_few_attendees", "requirement_missing", "closed"]]


async def test_what_begun_keeps_its_start_and_ends_early_or_later(world: World, clock):
    owner, group, other = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner, terms={"shortest_minutes": 60, "notice_minutes": 60})
    booking = ok(await group.book(asset, EVENING), 201)
    clock.now = datetime.fromisoformat("2027-07-05T18:22:07Z")
    assert pointers(await group.move(booking, starts_at="2027-07-05T18:30:00Z")) == ["#/starts_at"]
    assert pointers(await group.move(booking, ends_at="2027-07-05T18:21:00Z")) == ["#/ends_at"]
    assert reasons(await group.move(booking, ends_at="2027-07-05T20:01:00Z")) == [["off_step"]]
    longer = ok(await group.move(booking, ends_at="2027-07-05T20:30:00Z"), 200)
    assert (longer["state"], spans(longer["occurrences"])) == ("confirmed", [(EVENING[0], "2027-07-05T20:30:00Z")])
    tried = ok(await group.move(booking, ends_at="2027-07-05T18:22:00Z", dry_run=True), 200)
    assert (tried["state"], tried["may"]) == ("ended", [])
    ended = ok(await group.move(booking, ends_at="2027-07-05T18:23:00Z"), 200)
    assert (ended["state"], ended["occurrences"][0]["sequence"]) == ("confirmed", 2)
    clock.now = datetime.fromisoformat("2027-07-05T18:23:00Z")
    over = await read(group, booking)
    assert (over["state"], over["outcomes"]["completed"]) == ("ended", 1)
    ok(await other.book(asset, ("2027-07-05T19:30:00Z", "2027-07-05T20:30:00Z")), 201)
    await world.work(clock.now)
    assert await read(group, booking) == over


async def test_what_begun_and_takes_more_is_refused_where_somebody_comes(world: World, clock):
    owner, group, other = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner)
    booking = ok(await group.book(asset, EVENING), 201)
    ok(await other.book(asset, LATER), 201)
    clock.now = datetime.fromisoformat("2027-07-05T19:00:00Z")
    assert reasons(await group.move(booking, ends_at="2027-07-05T20:15:00Z")) == [["taken"]]


async def test_what_begun_stays_on_its_unit_and_others_make_room(world: World, clock):
    owner, group, other = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner, units=2)
    early = ok(await other.book(asset, ("2027-07-05T17:00:00Z", "2027-07-05T19:00:00Z")), 201)
    mine = ok(await group.book(asset, EVENING), 201)
    [unit] = mine["occurrences"][0]["unit_numbers"]
    [theirs] = early["occurrences"][0]["unit_numbers"]
    after = ok(await other.book(asset, LATER), 201)
    after_too = ok(await other.book(asset, ("2027-07-05T22:00:00Z", "2027-07-05T23:00:00Z")), 201)
    assert unit != theirs
    clock.now = datetime.fromisoformat("2027-07-05T18:30:00Z")
    longer = ok(await group.move(mine, ends_at="2027-07-05T23:00:00Z"), 200)
    assert longer["occurrences"][0]["unit_numbers"] == [unit]
    for each in (after, after_too):
        assert (await read(other, each))["occurrences"][0]["unit_numbers"] == [theirs]
    assert reasons(await group.move(mine, units=2)) == [["taken"]]


async def test_what_begun_gets_more_units_where_turnaround_was_cut_since(world: World, clock):
    owner, group, other = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner, units=2, terms={"turnaround_before_minutes": 60})
    booking = ok(await group.book(asset, EVENING), 201)
    before = ok(await other.book(asset, ("2027-07-05T15:00:00Z", "2027-07-05T17:30:00Z")), 201)
    assert [each["occurrences"][0]["unit_numbers"] for each in (booking, before)] == [[1], [2]]
    ok(await owner.patch(f"/assets/{asset['id']}", {"terms": {"turnaround_before_minutes": 0}}), 200)
    clock.now = datetime.fromisoformat("2027-07-05T19:00:00Z")
    assert ok(await group.move(booking, units=2), 200)["occurrences"][0]["unit_numbers"] == [1, 2]


async def test_no_move_is_refused_because_of_which_unit_is_free(world: World):
    owner, group, other = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner, units=2)
    hours = [f"2027-07-05T{hour:02}:00:00Z" for hour in range(10, 20)]
    first = ok(await other.book(asset, (hours[0], hours[1])), 201)
    second = ok(await other.book(asset, (hours[0], hours[2]), (hours[2], hours[3])), 201)
    third = ok(await other.book(asset, (hours[1], hours[2])), 201)
    ok(await other.cancel(first), 200)
    ok(await other.cancel(second, occurrence_ids=[second["occurrences"][0]["id"]]), 200)
    mine = ok(await group.book(asset, (hours[5], hours[6])), 201)
    ok(await group.move(mine, starts_at=hours[0], ends_at=hours[3]), 200)
    units = [(await read(who, each))["occurrences"] for who, each in ((other, second), (other, third), (group, mine))]
    taken = [(each["starts_at"], unit) for booking in units for each in booking for unit in each["unit_numbers"]]
    assert sorted(taken) == sorted(set(taken))
    assert reasons(await group.move(mine, units=2)) == [["taken"]]
    fewer = ok(await group.move(mine, starts_at=hours[5], ends_at=hours[6], units=2), 200)
    assert fewer["occurrences"][0]["unit_numbers"] == [1, 2]
    assert len(ok(await group.move(mine, units=1), 200)["occurrences"][0]["unit_numbers"]) == 1


async def test_attendees_must_still_fit_into_the_units(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, units=3, capacity=10)
    booking = ok(await group.book(asset, EVENING, units=2, attendees=20), 201)
    assert reasons(await group.move(booking, units=1)) == [["too_small"]]
    assert reasons(await group.move(booking, units=4)) == [["too_few_units"]]
    ok(await group.move(booking, units=3), 200)


async def test_a_whole_moves_with_its_parts_and_not_into_them(world: World):
    owner, group, other = [await world.organisation() for _ in range(3)]
    site = await world.site(owner)
    whole = await world.asset(owner, site=site)
    part = await world.asset(owner, site=site, part_of=whole["id"], units=2)
    booking = ok(await group.book(whole, EVENING), 201)
    ok(await other.book(part, NEXT), 201)
    refused = await group.move(booking, **to(NEXT))
    assert reasons(refused) == [["taken"]]
    assert refused.json()["occurrences"][0]["why_not"][0]["asset_id"] == part["id"]
    assert reasons(await other.book(part, EVENING)) == [["taken"]]
    ok(await group.move(booking, **to(LATER)), 200)
    ok(await other.book(part, EVENING, units=2), 201)
    assert reasons(await other.book(part, LATER)) == [["taken"]]


async def test_a_hold_moves_with_its_deadline(world: World, clock):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    held = ok(await group.book(asset, EVENING, hold=True), 201)
    clock.now += timedelta(minutes=10)
    moved = ok(await group.move(held, **to(NEXT)), 200)
    assert (moved["state"], moved["hold_expires_at"]) == ("held", held["hold_expires_at"])
    clock.now += timedelta(minutes=5)
    assert await world.free(asset, *NEXT) == [NEXT]
    assert (await read(group, held))["outcomes"]["expired"] == 1
    new = ok(await group.book(asset, LATER, hold=True), 201)
    assert reasons(await group.move(new, **to(NEXT))) == [["limit_reached"]]


@pytest.mark.parametrize("decided", [False, True])
async def test_where_the_owner_approves_a_move_asks_again_and_less_does_not(world: World, clock, decided):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, terms=APPROVAL)
    asked = ok(await group.repeat(asset, *EVENING, 2), 201)
    if decided:
        asked = ok(await owner.post(f"/bookings/{asked['id']}/approve", {"all": True}), 200)
    clock.now += timedelta(hours=1)
    less = ok(await group.move(asked, ends_at="2027-07-05T19:00:00Z"), 200)
    assert (less["state"], less["decide_by"]) == (asked["state"], asked["decide_by"])
    [first, second] = (each["id"] for each in asked["occurrences"])
    clock.now += timedelta(hours=1)
    later = ok(await group.move(asked, occurrence_ids=[second], starts_at="2027-07-12T17:00:00Z"), 200)
    assert [each["state"] for each in later["occurrences"]] == [asked["occurrences"][0]["state"], "pending"]
    assert later["decide_by"] == ("2027-01-07T11:00:00Z" if decided else asked["decide_by"])
    if decided:
        assert (await moved(group, asked))["after"]["occurrences"][second]["state"] == "pending"
    tomorrow = ("2027-01-05T10:00:00Z", "2027-01-05T11:00:00Z")
    sooner = ok(await group.move(asked, occurrence_ids=[first], **to(tomorrow)), 200)
    assert sooner["decide_by"] == "2027-01-05T10:00:00Z"
    clock.now = datetime.fromisoformat("2027-01-05T10:00:00Z")
    assert [each["state"] for each in (await read(group, asked))["occurrences"]] == ["lapsed", "pending"]
    clock.now = datetime.fromisoformat("2027-01-07T11:00:00Z")
    last = await read(group, asked)
    assert last["outcomes"]["lapsed"] == 2
    await world.work(clock.now)
    assert await read(group, asked) == last


async def test_what_begun_does_not_wait_for_approval(world: World, clock):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, terms=APPROVAL)
    asked = ok(await group.book(asset, EVENING), 201)
    ok(await owner.post(f"/bookings/{asked['id']}/approve", {"all": True}), 200)
    own = ok(await owner.book(asset, NEXT), 201)
    clock.now = datetime.fromisoformat("2027-07-05T19:00:00Z")
    assert pointers(await group.move(asked, ends_at="2027-07-05T21:00:00Z")) == ["#/ends_at"]
    assert ok(await group.move(asked, ends_at="2027-07-05T19:30:00Z"), 200)["state"] == "confirmed"
    assert ok(await owner.move(own, **to(LATER)), 200)["state"] == "confirmed"


async def test_what_is_moved_costs_what_it_does_today_and_the_rest_what_it_did(world: World):
    owner, group = await world.organisation(kind="council"), await world.organisation(kind="business")
    asset = await world.asset(owner, units=2, terms={"price": {"amount": 1000, "currency": "GBP", "per": "hour"}})
    series = ok(await group.repeat(asset, *EVENING, 2), 201)
    dearer = {"price": {"amount": 1500, "currency": "GBP", "per": "hour"}}
    ok(await owner.patch(f"/assets/{asset['id']}", {"terms": dearer}), 200)
    second = series["occurrences"][1]["id"]
    longer = ok(await group.move(series, occurrence_ids=[second], ends_at="2027-07-12T21:00:00Z"), 200)
    first = {"text": "2027-07-05 19:00 to 21:00: 120 minutes × 1", "amount": 2000}
    assert longer["cost"] == {
        "amount": 6500,
        "currency": "GBP",
        "lines": [first, {"text": "2027-07-12 19:00 to 22:00: 180 minutes × 1", "amount": 4500}],
    }
    shorter = ok(await group.move(series, ends_at="2027-07-05T19:00:00Z"), 200)
    assert [each["amount"] for each in shorter["cost"]["lines"]] == [1000, 1500]
    more = ok(await group.move(series, units=2), 200)
    assert [each["amount"] for each in more["cost"]["lines"]] == [3000, 3000]


async def test_a_price_for_the_whole_booking_is_for_the_most_units_that_any_of_it_has_or_had(world: World, clock):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, units=5, terms={"price": {"amount": 1000, "currency": "GBP", "per": "booking"}})
    series = ok(await group.repeat(asset, *EVENING, 2), 201)
    first, second = (each["id"] for each in series["occurrences"])

    async def cost(**change: Any) -> tuple[int, int]:
        after = ok(await group.move(series, **change), 200)
        return after["units"], after["cost"]["amount"]

    assert await cost(occurrence_ids=[first], units=5) == (1, 5000)
    assert await cost(occurrence_ids=[first], units=3) == (1, 3000)
    clock.now = datetime.fromisoformat(EVENING[1])
    assert await cost(occurrence_ids=[second], units=2) == (2, 3000)


async def test_units_of_two_at_one_time_are_changed_together(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, units=4)
    booking = ok(await group.book(asset, EVENING, NEXT), 201)
    first = booking["occurrences"][0]["id"]
    ok(await group.move(booking, occurrence_ids=[first], **to(NEXT)), 200)
    after = ok(await group.move(booking, units=2), 200)
    assert sorted(unit for each in after["occurrences"] for unit in each["unit_numbers"]) == [1, 2, 3, 4]
    assert pointers(await group.move(booking, ends_at="2027-07-06T21:00:00Z")) == ["#/ends_at"]


async def test_two_that_want_each_others_place_are_both_refused(world: World):
    owner, one, other = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner)
    mine, theirs = ok(await one.book(asset, EVENING), 201), ok(await other.book(asset, NEXT), 201)
    answers = await asyncio.gather(one.move(mine, **to(NEXT)), other.move(theirs, **to(EVENING)))
    assert [reasons(each) for each in answers] == [[["taken"]], [["taken"]]]
    assert (await read(one, mine), await read(other, theirs)) == (mine, theirs)


async def test_a_booking_and_a_move_to_one_place_have_one_winner(world: World):
    owner, one, other = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner)
    mine = ok(await one.book(asset, EVENING), 201)
    for period in (NEXT, LATER, EVENING):
        answers = await asyncio.gather(one.move(mine, **to(period)), other.book(asset, period))
        assert sorted(each.status_code for each in answers) in ([200, 409], [201, 409])
        if answers[1].status_code == 201:
            ok(await other.cancel(answers[1].json()), 200)


async def test_what_is_over_and_held_is_not_had_for_longer_where_others_have_begun_on_its_unit(world: World, clock):
    owner, group, other = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner, units=2, terms={"hold_minutes": 240})
    clock.now = datetime.fromisoformat("2027-07-05T17:45:00Z")
    mine = ok(await group.book(asset, EVENING, hold=True), 201)
    clock.now = datetime.fromisoformat("2027-07-05T18:15:00Z")
    ok(await group.move(mine, ends_at="2027-07-05T18:30:00Z"), 200)
    theirs = ok(await other.book(asset, ("2027-07-05T18:30:00Z", EVENING[1])), 201)
    assert [each["occurrences"][0]["unit_numbers"] for each in (mine, theirs)] == [[1], [1]]
    clock.now = datetime.fromisoformat("2027-07-05T18:40:00Z")
    stored = await world.stored()
    refused = await group.move(mine, ends_at="2027-07-05T19:00:00Z")
    assert reasons(refused) == [["taken"]]
    assert refused.json()["detail"] == "Only 0 of 2 free throughout, 1 wanted (turnaround: 0 minutes before, 0 after)."
    assert await world.stored() == stored


async def test_a_move_lays_nothing_over_what_goes_on_for_days(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, units=2)
    days = [
        (f"2027-07-0{day}T{hour}:00:00Z", f"2027-07-0{day}T{hour + 1}:00:00Z")
        for day, hour in enumerate((18, 18, 20), 5)
    ]
    booking = ok(await group.book(asset, *days), 201)
    first = booking["occurrences"][0]["id"]
    ok(await group.move(booking, occurrence_ids=[first], ends_at="2027-07-08T18:00:00Z"), 200)
    refused = await group.move(booking, starts_at=days[0][0])
    assert pointers(refused) == ["#/starts_at"]
    assert refused.json()["errors"][0]["detail"] == (
        "The occurrences of Monday 5 July 2027, 19:00 and Wednesday 7 July 2027, 21:00 would overlap."
    )
