"""Attendance: who has checked in, what becomes of what nobody comes to, and what is counted of it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from calls import Organisation, World, ok, reasons

EVENING = ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")
MONDAYS = [(f"2027-07-{day:02}T18:00:00Z", f"2027-07-{day:02}T20:00:00Z") for day in (5, 12, 19)]
GRACE = {"check_in_grace_minutes": 15}
COUNTS = ("booked", "used", "cancelled_late", "no_show", "recalled")


def at(moment: str) -> datetime:
    return datetime.fromisoformat(f"2027-07-{moment}Z")


async def does(who: Organisation, what: str, booking: dict[str, Any], **sent: Any) -> Any:
    return await who.post(f"/bookings/{booking['id']}/{what}", sent or {"all": True})


async def shown(who: Organisation, booking: dict[str, Any]) -> dict[str, Any]:
    return ok(await who.get(f"/bookings/{booking['id']}"), 200)


def states(booking: dict[str, Any]) -> list[str]:
    return [each["state"] for each in booking["occurrences"]]


async def last_event(who: Organisation, booking: dict[str, Any]) -> dict[str, Any]:
    events = ok(await who.get("/events", limit=100), 200)["items"]
    mine = [each for each in events if each["object"]["id"] == booking["id"]]
    return max(mine, key=lambda each: each["object"]["version"])


@pytest.fixture
async def owner(world: World) -> Organisation:
    return await world.organisation(kind="council")


@pytest.fixture
async def group(world: World) -> Organisation:
    return await world.organisation()


@pytest.fixture
async def hall(world: World, owner: Organisation) -> dict[str, Any]:
    """A hall where people check in."""
    return await world.asset(owner, terms=GRACE)


# Checking in ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["owner", "booker"])
async def test_a_member_of_either_checks_in_and_it_is_completed_at_its_end(world, clock, owner, group, hall, who):
    booking = ok(await group.book(hall, EVENING), 201)
    assert booking["occurrences"][0]["check_in_by"] == "2027-07-05T18:15:00Z"
    member = await {"owner": owner, "booker": group}[who].as_role("member")
    clock.now = at("05T18:14:59")
    checked = ok(await does(member, "check-in", booking, all=True, note="Twelve came"), 200)
    assert (checked["state"], states(checked), checked["occurrences"][0]["check_in_by"]) == (
        "checked_in",
        ["checked_in"],
        None,
    )
    assert (await shown(group, booking))["occurrences"][0]["note"] == "Twelve came"
    event = await last_event(owner, booking)
    occurrence = {**{name: booking["occurrences"][0][name] for name in ("starts_at", "ends_at", "units")}}
    key = booking["occurrences"][0]["id"]
    assert (event["type"], event["before"], event["after"]) == (
        "booking.checked_in",
        {"occurrences": {key: {"state": "confirmed", **occurrence}}},
        {"occurrences": {key: {"state": "checked_in", **occurrence}}, "texts": ["note"]},
    )
    clock.now = at("05T19:59:59")
    await world.work(clock.now)
    assert (await shown(group, booking))["state"] == "checked_in"
    clock.now = at("05T20:00:00")
    await world.work(clock.now)
    assert states(await shown(group, booking)) == ["completed"]
    assert await group.history(booking) == ["booking.created", "booking.checked_in", "booking.completed"]


async def test_it_is_checked_in_from_half_an_hour_before_its_start_to_its_end(clock, owner, group, world):
    hall = await world.asset(owner, timezone="Europe/London")
    booking = ok(await group.book(hall, EVENING), 201)
    assert booking["occurrences"][0]["check_in_by"] is None
    clock.now = at("05T17:29:59")
    refused = ok(await does(group, "check-in", booking), 409)
    assert (refused["type"], refused["states"], refused["detail"]) == (
        "/problems/state-does-not-allow",
        ["confirmed"],
        "It can be checked in from Monday 5 July 2027, 18:30 on.",
    )
    assert "checkIn" not in (await shown(group, booking))["may"]
    clock.now = at("05T17:30:00")
    assert "checkIn" in (await shown(group, booking))["may"]
    tried = ok(await does(group, "check-in", booking, all=True, dry_run=True), 200)
    assert states(tried) == ["checked_in"]
    clock.now = at("05T19:59:59")
    assert states(ok(await does(group, "check-in", booking), 200)) == ["checked_in"]
    again = ok(await does(group, "check-in", booking), 409)
    assert again["detail"] == "It is checked_in; only what is confirmed can be checked in."
    for late in ("cancel", "no-show"):
        ok(await does(owner, late, booking), 409)


async def test_what_is_over_is_not_checked_in(clock, owner, group, world):
    booking = ok(await group.book(await world.asset(owner), EVENING), 201)
    clock.now = at("05T20:00:00")
    refused = ok(await does(group, "check-in", booking), 409)
    assert refused["detail"] == "It is completed; only what is confirmed can be checked in."


async def test_of_a_series_that_is_checked_in_which_is_due_and_what_is_named_must_be(clock, group, hall):
    booking = ok(await group.book(hall, *MONDAYS), 201)
    first, second, _ = (each["id"] for each in booking["occurrences"])
    clock.now = at("05T17:45:00")
    refused = ok(await does(group, "check-in", booking, occurrence_ids=[first, second]), 409)
    assert refused["detail"] == "It can be checked in from Monday 12 July 2027, 18:30 on."
    refused = ok(await does(group, "check-in", booking, from_occurrence_id=second), 409)
    assert refused["detail"] == "It can be checked in from Monday 12 July 2027, 18:30 on."
    checked = ok(await does(group, "check-in", booking), 200)
    assert states(checked) == ["checked_in", "confirmed", "confirmed"]
    assert [each["sequence"] for each in checked["occurrences"]] == [1, 0, 0]
    clock.now = at("12T18:15:00")
    refused = ok(await does(group, "check-in", booking, occurrence_ids=[first, second]), 409)
    assert refused["detail"] == "It is completed, no_show; only what is confirmed can be checked in."


async def test_checking_in_early_fixes_no_unit(clock, owner, group, world):
    """Of two tables one is taken from six to eight and one from eight to ten: six to ten can still be had."""
    tables = await world.asset(owner, kind="equipment", category="tables", units=2, terms=GRACE)
    throughout = ok(await group.book(tables, ("2027-07-05T18:00:00Z", "2027-07-05T22:00:00Z")), 201)
    late = ok(await group.book(tables, ("2027-07-05T20:00:00Z", "2027-07-05T22:00:00Z")), 201)
    ok(await group.cancel(throughout), 200)
    early = ok(await group.book(tables, ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")), 201)
    assert early["occurrences"][0]["unit_numbers"] != late["occurrences"][0]["unit_numbers"]
    clock.now = at("05T17:30:00")
    ok(await does(group, "check-in", early), 200)
    ok(await group.book(tables, ("2027-07-05T18:00:00Z", "2027-07-05T22:00:00Z")), 201)
    became = await shown(group, early), await shown(group, late)
    assert [each["occurrences"][0]["unit_numbers"] for each in became] in ([[1], [1]], [[2], [2]])
    assert states(became[0]) == ["checked_in"]


# Nobody comes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("noticed", ["nobody", "a worker", "who needs it"])
async def test_what_nobody_has_checked_in_to_is_free_from_that_moment_on(world, clock, owner, group, hall, noticed):
    """The rest of it, parts too, and nothing else of the series; with or without a worker."""
    part = await world.asset(owner, site={"id": hall["site_id"]}, part_of=hall["id"])
    booking = ok(await group.book(hall, *MONDAYS), 201)
    clock.now = at("05T18:14:59")
    for place in (hall, part):
        assert await world.free(place, EVENING[0], "2027-07-05T21:00:00Z") == [
            ("2027-07-05T20:00:00Z", "2027-07-05T21:00:00Z")
        ]
    clock.now = at("05T18:15:00")
    if noticed == "a worker":
        await world.work(clock.now)
    if noticed == "who needs it":
        ok(await owner.book(part, ("2027-07-05T18:30:00Z", "2027-07-05T19:30:00Z")), 201)
    before = await group.get(f"/bookings/{booking['id']}")
    missed = before.json()
    assert (states(missed), missed["outcomes"]["no_show"], missed["state"]) == (
        ["no_show", "confirmed", "confirmed"],
        1,
        "confirmed",
    )
    assert [(each["sequence"], each["unit_numbers"]) for each in missed["occurrences"]] == [(1, []), (0, [1]), (0, [1])]
    assert missed["occurrences"][0]["check_in_by"] == missed["updated_at"] == "2027-07-05T18:15:00Z"
    if noticed != "who needs it":
        for place in (hall, part):
            assert await world.free(place, *EVENING) == [("2027-07-05T18:15:00Z", EVENING[1])]
        for monday in MONDAYS[1:]:
            assert await world.free(part, *monday) == []
    clock.now += timedelta(seconds=30)
    refused = ok(await does(group, "check-in", booking, occurrence_ids=[missed["occurrences"][0]["id"]]), 409)
    assert refused["detail"] == "It is no_show; only what is confirmed can be checked in."
    await world.work(clock.now)
    event = await last_event(group, booking)
    assert (event["type"], event["occurred_at"], event["actor"], list(event["after"]["occurrences"])) == (
        "booking.no_show",
        "2027-07-05T18:15:00Z",
        None,
        [missed["occurrences"][0]["id"]],
    )
    assert await group.history(booking) == ["booking.created", "booking.no_show"]
    after = await group.get(f"/bookings/{booking['id']}")
    assert (after.content, after.headers["ETag"]) == (before.content, before.headers["ETag"])


@pytest.mark.parametrize("approval", [False, True])
@pytest.mark.parametrize("joined", ["before it was confirmed", "after"])
async def test_what_nobody_has_checked_in_to_is_offered_to_those_in_line_before_anybody_else_can_have_it(
    world, clock, owner, group, approval, joined
):
    """The part of it that they wait for, with or without a worker."""
    waits, other = await world.organisation(), await world.organisation()
    hall = await world.asset(owner, terms={**GRACE, "approval": approval, "offer_minutes": 20})
    rest = ("2027-07-05T19:00:00Z", "2027-07-05T20:00:00Z")
    line = {"any_of": [{"asset_id": hall["id"], "starts_at": rest[0], "ends_at": rest[1]}]}
    booking = ok(await group.book(hall, EVENING), 201)
    if joined != "after":
        ok(await waits.post("/waiting", line), 201)
    if approval:
        ok(await does(owner, "approve", booking), 200)
    if joined == "after":
        ok(await waits.post("/waiting", line), 201)
    clock.now = at("05T18:15:00")
    assert states(await shown(group, booking)) == ["no_show"]
    assert await world.free(hall, *EVENING) == []
    assert reasons(await other.book(hall, rest)) == [["taken"]]
    [offer] = ok(await waits.get("/offers"), 200)["items"]
    assert (offer["state"], offer["freed_at"], offer["expires_at"]) == (
        "offered",
        "2027-07-05T18:15:00Z",
        "2027-07-05T18:35:00Z",
    )
    accepted = ok(await waits.post(f"/offers/{offer['id']}/accept"), 200)
    theirs = await shown(waits, {"id": accepted["booking_id"]})
    assert [each["check_in_by"] for each in theirs["occurrences"]] == [None if approval else "2027-07-05T19:15:00Z"]
    if not approval:
        clock.now = at("05T19:15:00")
        assert states(await shown(waits, theirs)) == ["no_show"]
        assert await world.free(hall, *rest) == [("2027-07-05T19:15:00Z", rest[1])]


async def test_nobody_is_missed_where_the_terms_do_not_ask_for_it(world, clock, owner, group):
    booking = ok(await group.book(await world.asset(owner), EVENING), 201)
    clock.now = at("05T20:00:00")
    assert states(await shown(group, booking)) == ["completed"]


async def test_a_booking_goes_by_the_terms_that_were_when_it_was_confirmed(world, clock, owner, group, hall):
    before = ok(await group.book(hall, MONDAYS[0]), 201)
    ok(await owner.patch(f"/assets/{hall['id']}", {"terms": {"check_in_grace_minutes": None}}), 200)
    free = ok(await group.book(hall, MONDAYS[1]), 201)
    ok(await owner.patch(f"/assets/{hall['id']}", {"terms": {"check_in_grace_minutes": 0}}), 200)
    held = ok(await group.book(hall, MONDAYS[2], hold=True), 201)
    assert [each["occurrences"][0]["check_in_by"] for each in (before, free, held)] == [
        "2027-07-05T18:15:00Z",
        None,
        None,
    ]
    confirmed = ok(await does(group, "confirm", held, dry_run=False), 200)
    assert confirmed["occurrences"][0]["check_in_by"] == "2027-07-19T18:00:00Z"
    clock.now = at("19T18:00:00")
    became = [states(await shown(group, each)) for each in (before, free, held)]
    assert became == [["no_show"], ["completed"], ["no_show"]]


async def test_what_is_confirmed_after_its_start_has_its_grace_from_then(world, clock, owner, group):
    hall = await world.asset(owner, terms={**GRACE, "hold_minutes": 60})
    clock.now = at("05T17:30:00")
    held = ok(await group.book(hall, EVENING, hold=True), 201)
    clock.now = at("05T18:20:00")
    confirmed = ok(await does(group, "confirm", held, dry_run=False), 200)
    assert (states(confirmed), confirmed["occurrences"][0]["check_in_by"]) == (["confirmed"], "2027-07-05T18:35:00Z")


async def test_the_grace_of_a_short_time_is_over_at_its_end(world, clock, owner, group):
    hall = await world.asset(owner, terms={"check_in_grace_minutes": 60})
    booking = ok(await group.book(hall, ("2027-07-05T18:00:00Z", "2027-07-05T18:30:00Z")), 201)
    assert booking["occurrences"][0]["check_in_by"] == "2027-07-05T18:30:00Z"
    clock.now = at("05T18:30:00")
    await world.work(clock.now)
    assert states(await shown(group, booking)) == ["no_show"]
    assert await group.history(booking) == ["booking.created", "booking.no_show"]


async def test_what_begins_as_it_is_confirmed_is_not_missed_before_anybody_can_check_in(clock, owner, group, world):
    hall = await world.asset(owner, terms={"check_in_grace_minutes": 0})
    clock.now = at("05T18:00:00")
    booking = ok(await group.book(hall, EVENING), 201)
    assert (states(booking), booking["occurrences"][0]["check_in_by"]) == (["confirmed"], None)
    assert await shown(group, booking) == booking


@pytest.mark.parametrize("by", ["the owner", "itself"])
async def test_what_is_approved_must_be_checked_in(world, clock, owner, group, by):
    terms = {**GRACE, "approval": True, "approval_hours": 24, "on_deadline": "approve"}
    hall = await world.asset(owner, terms=terms)
    asked = ok(await group.book(hall, EVENING), 201)
    if by == "the owner":
        approved = ok(await does(owner, "approve", asked), 200)
        assert approved["occurrences"][0]["check_in_by"] == "2027-07-05T18:15:00Z"
    clock.now = at("05T18:15:00")
    before = await shown(group, asked)
    sequence = {"the owner": 2, "itself": 2}[by]
    assert (states(before), before["occurrences"][0]["sequence"], before["updated_at"]) == (
        ["no_show"],
        sequence,
        "2027-07-05T18:15:00Z",
    )
    assert await world.free(hall, *EVENING) == [("2027-07-05T18:15:00Z", EVENING[1])]
    await world.work(clock.now)
    assert await shown(group, asked) == before
    assert await group.history(asked) == ["booking.created", "booking.approved", "booking.no_show"]
    assert (await last_event(group, asked))["occurred_at"] == "2027-07-05T18:15:00Z"


async def test_what_is_left_of_a_request_is_free_by_itself_when_it_says_so(world, clock, owner, group):
    """Approved by itself at the start of what it got, so that nobody could check in before: it stays to its end."""
    terms = {"check_in_grace_minutes": 0, "approval": True, "on_deadline": "approve", "approval_hours": 8784}
    hall = await world.asset(owner, terms=terms)
    ok(await owner.book(hall, MONDAYS[0]), 201)
    asked = ok(await group.book(hall, *MONDAYS[:2], if_some_unavailable="skip"), 201)
    assert [each["check_in_by"] for each in asked["occurrences"]] == [None, None]
    clock.now = at("12T18:00:00")
    assert states(await shown(group, asked)) == ["skipped", "confirmed"]
    assert await world.free(hall, *MONDAYS[1]) == []


async def test_what_is_moved_is_checked_in_when_it_then_begins(world, clock, owner, group, hall):
    booking = ok(await group.book(hall, EVENING), 201)
    ok(await owner.patch(f"/assets/{hall['id']}", {"terms": {"check_in_grace_minutes": 30}}), 200)
    later = ok(await group.move(booking, starts_at="2027-07-05T19:00:00Z"), 200)  # which takes no more than it had
    assert later["occurrences"][0]["check_in_by"] == "2027-07-05T19:15:00Z"
    short = ok(await group.move(booking, ends_at="2027-07-05T19:15:00Z", starts_at="2027-07-05T19:00:00Z"), 200)
    assert short["occurrences"][0]["check_in_by"] == "2027-07-05T19:15:00Z"
    moved = ok(await group.move(booking, starts_at="2027-07-06T18:00:00Z", ends_at="2027-07-06T20:00:00Z"), 200)
    assert moved["occurrences"][0]["check_in_by"] == "2027-07-06T18:30:00Z"
    clock.now = at("06T18:30:00")
    assert await world.free(hall, "2027-07-06T18:00:00Z", "2027-07-06T20:00:00Z") == [
        ("2027-07-06T18:30:00Z", "2027-07-06T20:00:00Z")
    ]


async def test_what_was_skipped_and_is_had_after_all_must_be_checked_in(clock, owner, group, hall, world):
    quicker = ok(await owner.book(hall, MONDAYS[1]), 201)
    booking = ok(await group.book(hall, *MONDAYS[:2], if_some_unavailable="skip"), 201)
    assert [each["check_in_by"] for each in booking["occurrences"]] == ["2027-07-05T18:15:00Z", None]
    ok(await owner.cancel(quicker), 200)
    retried = ok(await group.retry(booking), 200)
    assert [each["check_in_by"] for each in retried["occurrences"]] == ["2027-07-05T18:15:00Z", "2027-07-12T18:15:00Z"]
    clock.now = at("12T18:15:00")
    assert states(await shown(group, booking)) == ["no_show", "no_show"]
    assert await world.free(hall, *MONDAYS[1]) == [("2027-07-12T18:15:00Z", MONDAYS[1][1])]


async def test_what_its_owner_books_without_the_terms_need_not_be_checked_in(owner, hall):
    booking = ok(await owner.book(hall, EVENING, ignore_terms=True), 201)
    assert booking["occurrences"][0]["check_in_by"] is None


async def test_the_owner_reports_that_nobody_came_once_it_has_begun(world, clock, owner, group):
    hall = await world.asset(owner)
    booking = ok(await group.book(hall, *MONDAYS), 201)
    clock.now = at("05T17:59:59")
    refused = ok(await does(owner, "no-show", booking), 409)
    assert refused["detail"] == "It can be reported as a no-show from Monday 5 July 2027, 19:00 on."
    clock.now = at("05T18:00:00")
    ok(await does(group, "no-show", booking), 403)
    assert "reportNoShow" not in (await shown(group, booking))["may"]
    member = await owner.as_role("member")  # a caretaker at the door
    assert "reportNoShow" in (await shown(member, booking))["may"]
    missed = ok(await does(member, "no-show", booking, all=True, note="The lights were on for you"), 200)
    assert states(missed) == ["no_show", "confirmed", "confirmed"]
    assert (await shown(group, booking))["occurrences"][0]["note"] == "The lights were on for you"
    assert await world.free(hall, *EVENING) == [EVENING]
    assert await world.free(hall, *MONDAYS[1]) == []
    event = await last_event(group, booking)
    assert (event["type"], event["actor"]["organisation_id"], event["occurred_at"]) == (
        "booking.no_show",
        owner.id,
        "2027-07-05T18:00:00Z",
    )
    ok(await (await world.organisation()).book(hall, EVENING), 201)


async def test_what_is_cancelled_or_recalled_is_no_no_show(world, clock, owner, group):
    hall = await world.asset(owner, terms={**GRACE, "recallable": True})
    cancelled = ok(await group.book(hall, MONDAYS[0]), 201)
    recalled = ok(await group.book(hall, MONDAYS[1]), 201)
    ok(await group.cancel(cancelled), 200)
    ok(await does(owner, "recall", recalled), 200)
    clock.now = at("12T18:15:00")
    await world.work(clock.now)
    assert [states(await shown(group, each)) for each in (cancelled, recalled)] == [["cancelled"], ["recalled"]]
    became = [(await shown(group, each))["occurrences"][0]["check_in_by"] for each in (cancelled, recalled)]
    assert became == [None, None]


async def test_a_no_show_stands_in_the_list_of_occurrences_as_what_it_is(clock, owner, group, hall):
    ok(await group.book(hall, EVENING), 201)
    clock.now = at("05T18:15:00")
    params = {"starts_at": EVENING[0], "ends_at": EVENING[1]}
    [row] = ok(await owner.get("/occurrences", state="no_show", **params), 200)["items"]
    assert (row["state"], row["check_in_by"], row["sequence"]) == ("no_show", "2027-07-05T18:15:00Z", 1)
    assert ok(await owner.get("/occurrences", state="confirmed", **params), 200)["items"] == []


async def test_a_closure_does_not_hit_what_nobody_came_to_and_leaves_who_has_checked_in(
    world, clock, owner, group, hall
):
    missed = ok(await group.book(hall, EVENING), 201)
    other = await world.asset(owner, site={"id": hall["site_id"]}, terms=GRACE)
    there = ok(await group.book(other, EVENING), 201)
    clock.now = at("05T18:10:00")
    ok(await does(group, "check-in", there), 200)
    clock.now = at("05T18:20:00")
    closure = {"site_id": hall["site_id"], "starts_at": "2027-07-05T18:30:00Z", "ends_at": EVENING[1]}
    hits = ok(await owner.post("/closures", {**closure, "dry_run": True}), 200)["bookings_hit"]
    assert [(each["booking_id"], each["state"]) for each in hits] == [(there["id"], "checked_in")]
    assert states(await shown(group, missed)) == ["no_show"]


# What is counted --------------------------------------------------------------------------------------------------


async def record(viewer: Organisation, organisation: Organisation) -> Any:
    told = ok(await viewer.get(f"/organisations/{organisation.id}"), 200)["record"]
    return told and tuple(told[name] for name in COUNTS)


async def test_an_owner_that_a_group_books_with_is_told_what_became_of_its_bookings(world, clock, owner, group):
    other_owner, stranger = await world.organisation(), await world.organisation()
    terms = {**GRACE, "cancel_notice_minutes": 1440, "recallable": True}
    hall = await world.asset(owner, terms=terms)
    elsewhere = await world.asset(other_owner)
    own = await world.asset(group)
    assert await record(group, group) == (0, 0, 0, 0, 0)
    assert await record(owner, group) is None
    days = [(f"2027-07-{day:02}T18:00:00Z", f"2027-07-{day:02}T20:00:00Z") for day in range(5, 13)]
    used, _, late, in_time, recalled, to_come, _ = [ok(await group.book(hall, days[n]), 201) for n in range(7)]
    ok(await group.book(elsewhere, days[0]), 201)
    ok(await group.book(own, days[0]), 201)  # which counts for nothing
    ok(await group.book(hall, days[7], hold=True), 201)
    ok(await group.cancel(in_time), 200)
    ok(await does(owner, "recall", recalled), 200)
    assert await record(owner, group) == (0, 0, 0, 0, 0)  # nothing has begun
    clock.now = at("05T18:00:00")
    assert await record(owner, group) == (2, 0, 0, 0, 0)
    ok(await does(group, "check-in", used), 200)
    assert await record(owner, group) == (2, 1, 0, 0, 0)
    clock.now = at("06T19:00:00")  # the second is missed by now, and nothing has swept
    ok(await group.cancel(late), 200)
    assert await record(owner, group) == (3, 2, 0, 1, 0)
    clock.now = at("09T18:00:00")
    for viewer in (owner, other_owner, group):
        assert await record(viewer, group) == (5, 2, 1, 1, 1)
    await world.work(clock.now)
    assert await record(owner, group) == (5, 2, 1, 1, 1)
    clock.now = at("10T18:00:00")
    ok(await does(owner, "no-show", to_come), 200)
    assert await record(owner, group) == (6, 2, 1, 2, 1)
    assert [await record(each, group) for each in (stranger, await world.organisation())] == [None, None]
    assert await record(group, owner) is None  # who is booked with is not told of by it
    assert ok(await world.client.get(f"/v1/organisations/{group.id}"), 200)["record"] is None
    assert {each["record"] for each in ok(await owner.get("/organisations", limit=100), 200)["items"]} == {None}
    assert ok(await group.get("/me"), 200)["organisation"]["record"]["no_show"] == 2


async def test_what_is_long_past_is_not_counted(clock, owner, group, hall):
    ok(await group.book(hall, EVENING), 201)
    clock.now = at("05T18:00:00") - timedelta(seconds=1)
    assert await record(owner, group) == (0, 0, 0, 0, 0)
    clock.now += timedelta(days=365)
    assert await record(owner, group) == (1, 0, 0, 1, 0)
    clock.now += timedelta(seconds=1)
    assert await record(owner, group) == (0, 0, 0, 0, 0)


async def test_a_change_of_an_organisation_says_nothing_of_its_record(group, owner, hall):
    ok(await group.book(hall, ("2027-01-04T09:00:00Z", "2027-01-04T10:00:00Z")), 201)
    known = await group.get(f"/organisations/{group.id}")
    path = f"/organisations/{group.id}"
    changed = await group.patch(path, {"website": "https://a.example"}, headers={"If-Match": known.headers["ETag"]})
    assert ok(changed, 200)["record"]["booked"] == 1
    events = ok(await group.get("/events", limit=100), 200)["items"]
    [event] = [each for each in events if each["type"] == "organisation.updated"]
    assert (event["before"], event["after"]) == ({}, {"texts": ["website"]})


async def test_cancelling_is_late_from_the_notice_on_that_was_when_it_was_booked(world, clock, owner, group):
    hall = await world.asset(owner, terms={"cancel_notice_minutes": 60})
    booking = ok(await group.book(hall, *MONDAYS), 201)
    first, second, third = (each["id"] for each in booking["occurrences"])
    assert booking["cancel_notice_minutes"] == 60
    ok(await owner.patch(f"/assets/{hall['id']}", {"terms": {"cancel_notice_minutes": 10080}}), 200)
    clock.now = at("05T17:00:00")
    ok(await group.cancel(booking, occurrence_ids=[first]), 200)
    clock.now = at("12T17:00:00.000001")
    ok(await group.cancel(booking, occurrence_ids=[second]), 200)
    clock.now = at("19T18:30:00")
    became = ok(await owner.cancel(booking, occurrence_ids=[third]), 200)
    assert [each["cancelled_late"] for each in became["occurrences"]] == [False, True, False]
    assert await record(owner, group) == (1, 0, 1, 0, 0)
