"""Waiting lists: what comes free is offered in the published fair order, and to nobody else before."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from calls import Organisation, World, daily, ok, pointers, reasons
from invariants import nothing_half_done

from domain.fairness import draw

EVENING = ("2027-02-01T18:00:00Z", "2027-02-01T20:00:00Z")
SCRIPT = Path(__file__).parents[2] / "docs" / "who_was_first.py"
NIGHT = ("2027-02-01T20:00:00Z", "2027-02-01T22:00:00Z")


def place(asset: dict[str, Any], period: tuple[str, str] = EVENING) -> dict[str, Any]:
    return {"asset_id": asset["id"], "starts_at": period[0], "ends_at": period[1]}


async def wait(who: Organisation, *places: dict[str, Any], **given: Any) -> dict[str, Any]:
    sent = {"any_of": list(places), **given} if places else given
    return ok(await who.post("/waiting", sent), 201)


async def offered(who: Organisation, state: str = "offered") -> list[dict[str, Any]]:
    return ok(await who.get("/offers", state=state), 200)["items"]


async def answer(who: Organisation, how: str) -> dict[str, Any]:
    """Accept or decline the one thing that is offered."""
    [offer] = await offered(who)
    return ok(await who.post(f"/offers/{offer['id']}/{how}"), 200)


async def told(who: Organisation, entry: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What was recorded of an entry, change by change: what, when, what it became and who hears of it."""
    events = [each for each in ok(await who.get("/events"), 200)["items"] if each["object"]["id"] == entry["id"]]
    events.sort(key=lambda each: each["object"]["version"])
    assert [each["object"]["version"] for each in events] == list(range(1, len(events) + 1))
    return [tuple(each[name] for name in ("type", "occurred_at", "after", "hears")) for each in events]


@pytest.fixture
async def owner(world: World) -> Organisation:
    return await world.organisation(kind="council")


@pytest.fixture
async def hall(world: World, owner: Organisation) -> dict[str, Any]:
    return await world.asset(owner, terms={"offer_minutes": 60})


@pytest.fixture
async def holder(world: World, hall: dict[str, Any]) -> Organisation:
    """Who has the hall in the evening."""
    holder = await world.organisation()
    holder.body["booking"] = ok(await holder.book(hall, EVENING), 201)
    return holder


async def groups(world: World, hall: dict[str, Any], *minutes: int) -> list[Organisation]:
    """Groups that hold so many hours at the owner of a hall."""
    made = []
    for n, hours in enumerate(minutes):
        group = await world.organisation()
        if hours:
            day = f"2027-01-{10 + n}"
            ok(await group.book(hall, (f"{day}T10:00:00Z", f"{day}T{10 + hours}:00:00Z")), 201)
        made.append(group)
    return made


async def test_what_comes_free_is_offered_to_whoever_holds_least_whoever_asked_first(
    world: World, owner, hall, holder, clock, database
):
    much, little, none = await groups(world, hall, 3, 1, 0)
    entries = [await wait(each, place(hall)) for each in (much, little, none)]
    assert [each["state"] for each in entries] == ["waiting"] * 3
    ok(await holder.cancel(holder.body["booking"]), 200)
    assert [len(await offered(each)) for each in (much, little, none)] == [0, 0, 1]
    assert reasons(await holder.book(hall, EVENING)) == [["taken"]]
    [offer] = await offered(none)
    assert (offer["waiting_id"], offer["need_id"]) == (entries[2]["id"], None)
    assert offer["freed_at"] == "2027-01-04T09:00:00Z"
    assert (offer["booker_id"], offer["expires_at"]) == (none.id, "2027-01-04T10:00:00Z")
    assert [each["booker_id"] for each in await offered(owner)] == [none.id]
    await answer(none, "decline")
    await answer(little, "decline")
    accepted = await answer(much, "accept")
    booking = ok(await much.get(f"/bookings/{accepted['booking_id']}"), 200)
    assert (booking["state"], [each["starts_at"] for each in booking["occurrences"]]) == ("confirmed", [EVENING[0]])
    states = [
        ok(await who.get(f"/waiting/{entry['id']}"), 200)["state"]
        for who, entry in zip((much, little, none), entries, strict=True)
    ]
    assert states == ["met", "left", "left"]
    await nothing_half_done(database)


async def test_what_nobody_answers_goes_to_the_next_and_stays_taken_for_everyone_else(
    world: World, hall, holder, clock, database
):
    first, second = await groups(world, hall, 0, 1)
    for each in (second, first):
        await wait(each, place(hall))
    ok(await holder.cancel(holder.body["booking"]), 200)
    assert [len(await offered(each)) for each in (first, second)] == [1, 0]
    clock.now += timedelta(minutes=61)
    assert await world.free(hall, *EVENING) == []
    assert EVENING[0] not in await world.found(*EVENING)
    assert reasons(await holder.book(hall, EVENING)) == [["taken"]]
    assert [len(await offered(each)) for each in (first, second)] == [0, 1]
    [next_one] = await offered(second)
    assert next_one["freed_at"] == "2027-01-04T09:00:00Z"
    clock.now += timedelta(minutes=61)
    assert await world.free(hall, *EVENING) == [EVENING]
    ok(await holder.book(hall, EVENING), 201)
    assert [len(await offered(each)) for each in (first, second)] == [0, 0]
    assert [len(await offered(each, "lapsed")) for each in (first, second)] == [1, 1]
    await nothing_half_done(database)


async def test_a_worker_offers_what_lapsed_to_the_next(world: World, hall, holder, clock, database):
    first, second = await groups(world, hall, 0, 1)
    for each in (first, second):
        await wait(each, place(hall))
    ok(await holder.cancel(holder.body["booking"]), 200)
    clock.now += timedelta(minutes=61)
    await world.work(clock.now)
    assert [len(await offered(each)) for each in (first, second)] == [0, 1]
    await nothing_half_done(database)


async def test_who_let_an_offer_lapse_stays_in_line_for_the_next_time(world: World, hall, holder, clock):
    [group] = await groups(world, hall, 0)
    entry = await wait(group, place(hall))
    ok(await holder.cancel(holder.body["booking"]), 200)
    clock.now += timedelta(minutes=61)
    again = ok(await holder.book(hall, EVENING), 201)
    assert ok(await group.get(f"/waiting/{entry['id']}"), 200)["state"] == "waiting"
    ok(await holder.cancel(again), 200)
    assert len(await offered(group)) == 1


async def test_a_lapsed_hold_is_first_those_who_wait(world: World, hall, clock):
    holding, group = await world.organisation(), await world.organisation()
    ok(await holding.book(hall, EVENING, hold=True), 201)
    await wait(group, place(hall))
    clock.now += timedelta(minutes=16)
    assert await world.free(hall, *EVENING) == []
    assert reasons(await holding.book(hall, EVENING)) == [["taken"]]
    assert len(await offered(group)) == 1


@pytest.mark.parametrize("how", ["recall", "shorten", "decline", "open longer", "end a closure", "a unit more"])
async def test_every_way_in_which_a_place_comes_free(world: World, owner, clock, how):
    terms = {"recallable": True, "approval": how == "decline", "offer_minutes": 60}
    hours = daily("08:00", "19:00") if how == "open longer" else None
    hall = await world.asset(owner, terms=terms, hours=hours)
    holder, group = await world.organisation(), await world.organisation()
    if how == "end a closure":
        closure = ok(await owner.post("/closures", place(hall)), 201)["closure"]
    elif how != "open longer":
        booking = ok(await holder.book(hall, EVENING if how != "shorten" else (EVENING[0], NIGHT[1])), 201)
    await wait(group, place(hall, NIGHT if how == "shorten" else EVENING))
    match how:
        case "recall" | "decline":
            ok(await owner.post(f"/bookings/{booking['id']}/{how}", {"all": True}), 200)
        case "shorten":
            ok(await holder.move(booking, ends_at=EVENING[1]), 200)
        case "open longer":
            await world.hours(owner, hall, daily("08:00", "23:00"))
        case "end a closure":
            ok(await owner.delete(f"/closures/{closure['id']}"), 204)
        case "a unit more":
            ok(await owner.patch(f"/assets/{hall['id']}", {"units": 2}), 200)
    assert len(await offered(group)) == 1


LOOKED_AGAIN = "SELECT count(*) FROM jobs.pgqueuer WHERE entrypoint = 'look_again'"


@pytest.mark.parametrize(
    ("patch", "offers", "looks"),
    [
        ({"title": "Another hall"}, 0, 0),
        ({"arrival": {"meet": "Ring twice."}}, 0, 0),
        ({"terms": {"offer_minutes": 30, "recallable": True}}, 0, 0),
        ({"terms": {"price": {"amount": 500, "currency": "GBP", "per": "hour"}}}, 0, 1),
        ({"features": ["step_free"]}, 0, 1),
        ({"terms": {"horizon_days": 100}}, 1, 1),
        ({"capacity": 100}, 1, 1),
        ({"state": "paused"}, 0, 0),
        ({"site": {"name": "Another name"}}, 0, 0),
        ({"site": {"point": {"type": "Point", "coordinates": [-2.25, 53.49]}}}, 0, 1),
        ({"site": {"timezone": "Europe/Dublin"}}, 1, 1),
        ({"timetable": {"name": "Another name", "always": True}}, 0, 0),
        ({"timetable": {"name": "Another name", "always": False, **daily("08:00", "23:00")}}, 1, 1),
    ],
)
async def test_only_what_may_free_something_asks_those_in_line_again(world, owner, clock, patch, offers, looks):
    site = await world.site(owner)
    timetable = ok(await owner.post("/timetables", {"name": "Hours", "always": True}), 201)
    hall = await world.asset(owner, site=site, terms={"offer_minutes": 60})
    ok(await owner.patch(f"/assets/{hall['id']}", {"timetable_id": timetable["id"]}), 200)
    group = await world.organisation()
    booking = ok(await owner.book(hall, EVENING), 201)
    await wait(group, place(hall))
    ok(await owner.cancel(booking), 200)
    clock.now += timedelta(minutes=61)
    await world.work(clock.now)
    anything = {"headers": {"If-Match": "*"}}
    match patch:
        case {"state": _}:
            ok(await owner.post(f"/assets/{hall['id']}/pause"), 200)
        case {"site": changed}:
            ok(await owner.patch(f"/sites/{site['id']}", changed), 200)
        case {"timetable": hours}:
            ok(await owner.put(f"/timetables/{timetable['id']}", hours, **anything), 200)
        case _:
            ok(await owner.patch(f"/assets/{hall['id']}", patch), 200)
    assert (len(await offered(group)), await world.value(LOOKED_AGAIN)) == (offers, looks)


async def test_any_of_several_places_is_enough(world: World, owner, hall, holder, database):
    other = await world.asset(owner)
    ok(await holder.book(other, EVENING), 201)
    ok(await holder.book(hall, NIGHT), 201)
    group = await world.organisation()
    entry = await wait(group, place(hall), place(hall, NIGHT), place(other))
    ok(await holder.cancel(holder.body["booking"]), 200)
    [offer] = await offered(group)
    assert [each["number"] for each in offer["occurrences"]] == [1]
    await answer(group, "accept")
    met = ok(await group.get(f"/waiting/{entry['id']}"), 200)
    assert (met["state"], [each["met"] for each in met["places"]], met["lines"]) == ("met", [True, False, False], [])
    await nothing_half_done(database)


async def test_what_a_series_skipped_is_had_after_all(world: World, hall, holder, clock, database):
    later = ("2027-02-08T18:00:00Z", "2027-02-08T20:00:00Z")
    second = ok(await holder.book(hall, later), 201)
    group = await world.organisation()
    series = ok(await group.repeat(hall, *EVENING, 3, if_some_unavailable="skip"), 201)
    entry = await wait(group, booking_id=series["id"])
    assert [each["starts_at"] for each in entry["places"]] == [EVENING[0], later[0]]
    ok(await holder.cancel(second), 200)
    accepted = await answer(group, "accept")
    assert accepted["booking_id"] == series["id"]
    became = ok(await group.get(f"/bookings/{series['id']}"), 200)
    assert [each["state"] for each in became["occurrences"]] == ["skipped", "confirmed", "confirmed"]
    assert ok(await group.get(f"/waiting/{entry['id']}"), 200)["state"] == "waiting"
    ok(await holder.cancel(holder.body["booking"]), 200)
    await answer(group, "accept")
    assert ok(await group.get(f"/waiting/{entry['id']}"), 200)["state"] == "met"
    await nothing_half_done(database)


async def test_only_what_is_taken_or_closed_is_waited_for(world: World, owner, hall, holder):
    group = await world.organisation()
    free = ok(await group.post("/waiting", {"any_of": [place(hall, NIGHT)]}), 409)
    assert free["type"] == "/problems/state-does-not-allow"
    assert reasons(await group.post("/waiting", {"any_of": [place(hall)], "units": 2})) == [["too_few_units"]]
    await wait(group, place(hall))
    assert ok(await group.post("/waiting", {"any_of": [place(hall)]}), 409)["type"] == "/problems/state-does-not-allow"
    strange = {**place(hall), "asset_id": "019b8d68-e320-70ae-8a0c-85b883b17511"}
    assert pointers(await group.post("/waiting", {"any_of": [strange]})) == ["#/any_of/0/asset_id"]
    elsewhere = await world.asset(await world.organisation())
    sent = {"any_of": [place(hall), place(elsewhere)]}
    assert pointers(await group.post("/waiting", sent)) == ["#/any_of/1/asset_id"]
    assert pointers(await group.post("/waiting", {})) == ["#/any_of"]
    backwards = {"any_of": [place(hall, EVENING[::-1]), place(hall, ("2027-01-01T10:00:00Z", "2027-01-01T12:00:00Z"))]}
    assert pointers(await group.post("/waiting", backwards)) == ["#/any_of/0/ends_at", "#/any_of/1/starts_at"]
    halves = [("2027-02-01T00:00:00Z", "2027-08-03T12:00:00Z"), ("2027-09-01T00:00:00Z", "2028-03-01T12:00:00Z")]
    assert ok(await group.post("/waiting", {"any_of": [place(hall, each) for each in halves]}), 409)
    longer = [place(hall, halves[0]), place(hall, (halves[1][0], "2028-03-01T12:15:00Z"))]
    assert pointers(await group.post("/waiting", {"any_of": longer})) == ["#/any_of"]
    theirs = {"booking_id": holder.body["booking"]["id"]}
    assert pointers(await group.post("/waiting", {**theirs, "units": 2})) == ["#/units"]
    assert pointers(await group.post("/waiting", theirs)) == ["#/booking_id"]
    ok(await holder.post("/waiting", theirs), 409)


async def test_no_more_than_a_year_of_what_was_skipped_is_waited_for(world: World, owner, holder):
    hall = await world.asset(owner, terms={"longest_minutes": 366 * 24 * 60})
    for year in (2027, 2028):
        ok(await holder.book(hall, (f"{year}-02-01T10:00:00Z", f"{year}-02-01T11:00:00Z")), 201)
    group = await world.organisation()
    for days, status in ((4, 200), (5, 409)):
        long = ("2027-02-01T00:00:00Z", "2028-01-30T00:00:00Z"), ("2028-02-01T00:00:00Z", f"2028-02-0{days}T00:00:00Z")
        free = (f"2028-03-0{days}T00:00:00Z", f"2028-03-0{days}T01:00:00Z")
        series = ok(await group.book(hall, *long, free, if_some_unavailable="skip"), 201)
        ok(await group.post("/waiting", {"booking_id": series["id"], "dry_run": True}), status)


async def test_who_waits_sees_where_they_stand_and_why(world: World, owner, hall, holder):
    much, little, none, other = await groups(world, hall, 3, 1, 0, 1)
    entries = [await wait(each, place(hall)) for each in (much, little, none, other)]
    lines = [ok(await owner.get(f"/waiting/{each['id']}"), 200)["lines"][0] for each in entries]
    assert [(each["minutes_held"], each["before"], each["equal"], each["after"]) for each in lines] == [
        (180, 3, 0, 0),
        (60, 1, 1, 1),
        (0, 0, 0, 3),
        (60, 1, 1, 1),
    ]
    assert lines[1]["text"] == (
        "It holds 60 minutes at this owner; of 3 others in line 1 hold fewer, and 1 as many, among whom a draw decides."
    )
    assert [each["booker_id"] for each in ok(await owner.get("/waiting", asset_id=hall["id"]), 200)["items"]] == [
        other.id,
        none.id,
        little.id,
        much.id,
    ]
    assert ok(await (await world.organisation()).get("/waiting"), 200)["items"] == []
    left = ok(await none.post(f"/waiting/{entries[2]['id']}/leave"), 200)
    assert (left["state"], left["may"], left["lines"]) == ("left", [], [])
    ok(await holder.cancel(holder.body["booking"]), 200)
    assert [len(await offered(each)) for each in (much, none)] == [0, 0]


async def test_of_a_long_place_what_would_fit_is_said(world: World, hall, holder):
    group = await world.organisation()
    entry = await wait(group, place(hall, ("2027-02-01T16:00:00Z", "2027-02-01T21:00:00Z")))
    assert entry["lines"][0]["would_fit"] == [
        {"starts_at": "2027-02-01T16:00:00Z", "ends_at": "2027-02-01T18:00:00Z", "units_free": 1},
        {"starts_at": "2027-02-01T20:00:00Z", "ends_at": "2027-02-01T21:00:00Z", "units_free": 1},
    ]


async def test_of_equals_a_draw_decides_that_everybody_can_repeat(world: World, owner, hall, holder, clock):
    made = await groups(world, hall, *[0] * 6)
    for each in made:
        await wait(each, place(hall))
    ok(await holder.cancel(holder.body["booking"]), 200)
    order = []
    while standing := await offered(owner):
        order.append(standing[0]["booker_id"])
        await answer(next(each for each in made if each.id == order[-1]), "decline")
    day = clock.now.date()
    clock.now += timedelta(days=1)
    seed = bytes.fromhex(ok(await owner.get(f"/seeds/{day}"), 200)["seed"])
    assert order == sorted((each.id for each in made), key=lambda each: draw(seed, each))


async def test_owners_can_check_the_order_with_their_events_and_the_seeds_alone(
    world: World, owner, hall, holder, clock, tmp_path
):
    much, little, *equal = made = await groups(world, hall, 3, 1, 0, 0, 0)
    late = ok(await equal[0].book(hall, ("2027-01-20T10:00:00Z", "2027-01-20T12:00:00Z")), 201)
    ok(await owner.patch(f"/assets/{hall['id']}", {"terms": {"cancel_notice_minutes": 40_000}}), 200)
    ok(await equal[0].cancel(late), 200)
    for each in (much, little, *equal):
        await wait(each, place(hall))
    ok(await holder.cancel(holder.body["booking"]), 200)
    clock.now += timedelta(minutes=61)
    await world.work(clock.now)
    while standing := await offered(owner):
        await answer(next(each for each in made if each.id == standing[0]["booker_id"]), "decline")
    vans = await world.asset(owner, units=3, terms={"offer_minutes": 60})
    of_three = [ok(await holder.book(vans, EVENING), 201) for _ in range(3)]
    await wait(equal[2], place(vans), units=3)
    await wait(much, place(vans))
    ok(await holder.cancel(of_three[0]), 200)
    day = str(clock.now.date())
    clock.now += timedelta(days=1)
    events = ok(await owner.get("/events", limit=100), 200)["items"]
    seeds = {day: ok(await owner.get(f"/seeds/{day}"), 200)["seed"]}

    def check(given: list[dict[str, Any]], seeds: dict[str, str | None] = seeds) -> tuple[int, str]:
        for name, content in (("events", given), ("seeds", seeds)):
            (tmp_path / f"{name}.json").write_text(json.dumps(content))
        sent = [sys.executable, SCRIPT, tmp_path / "events.json", tmp_path / "seeds.json"]
        done = subprocess.run(sent, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.strip()

    assert len([each for each in events if each["type"] == "offer.made"]) == 6
    assert check(events) == (0, "all in order")
    first = min((each for each in events if each["type"] == "offer.made"), key=lambda each: each["occurred_at"])
    skipped = [each for each in events if each is not first]
    code, told = check(skipped)
    assert (code, first["booker_id"] in told) == (1, True)
    for none in ({}, {day: None}):  # the day is not over
        assert check(events, none) == (0, "all in order\nnot checked for want of a seed: 6 of 6 offers")


async def test_cancelling_and_booking_again_gains_nothing(world: World, hall, holder):
    group = await world.organisation()
    await wait(group, place(hall))
    ok(await holder.cancel(holder.body["booking"]), 200)
    assert reasons(await holder.book(hall, EVENING)) == [["taken"]]
    assert reasons(await holder.book(hall, EVENING, hold=True)) == [["taken"]]
    assert len(await offered(group)) == 1


@pytest.mark.parametrize("terms", [{"check_in_grace_minutes": 15}, {"approval": True}])
async def test_what_was_accepted_stands_longer_than_its_offer(world: World, owner, clock, database, terms):
    hall = await world.asset(owner, terms={"offer_minutes": 60, **terms})
    booking = ok(await owner.book(hall, EVENING), 201)
    first, second = await world.organisation(), await world.organisation()
    for each in (first, second):
        await wait(each, place(hall))
    ok(await owner.cancel(booking), 200)
    [got] = [each for each in (first, second) if await offered(each)]
    await answer(got, "accept")
    await nothing_half_done(database)
    clock.now += timedelta(hours=2)
    assert reasons(await owner.book(hall, EVENING)) == [["taken"]]
    await nothing_half_done(database)


async def test_a_refused_move_gives_nothing_up(world: World, owner, hall, holder, clock, database):
    held, waiting = await world.organisation(), await world.organisation()
    ok(await held.book(hall, NIGHT, hold=True), 201)
    await wait(waiting, place(hall, NIGHT))
    clock.now += timedelta(minutes=16)
    moved = {"starts_at": "2027-02-01T19:00:00Z", "ends_at": NIGHT[1], "all": True}
    assert reasons(await holder.post(f"/bookings/{holder.body['booking']['id']}/move", moved)) == [["taken"]]
    assert len(await offered(waiting)) == 1
    assert reasons(await owner.book(hall, EVENING)) == [["taken"]]
    await nothing_half_done(database)


async def test_a_key_of_what_was_refused_for_those_in_line_can_be_used_again(world: World, hall, holder, clock):
    group = await world.organisation()
    ok(await holder.book(hall, NIGHT, hold=True), 201)
    await wait(group, place(hall, NIGHT))
    clock.now += timedelta(minutes=16)
    sent = {"asset_id": hall["id"], "periods": [{"starts_at": NIGHT[0], "ends_at": NIGHT[1]}]}
    for _ in range(2):
        answered = await holder.post("/bookings", sent, headers={"Idempotency-Key": "again"})
        assert reasons(answered) == [["taken"]]
    assert len(await offered(group)) == 1


async def test_only_who_was_first_can_answer_an_offer_of_the_line(world: World, owner, hall, holder):
    [group] = await groups(world, hall, 0)
    await wait(group, place(hall))
    ok(await holder.cancel(holder.body["booking"]), 200)
    [offer] = await offered(owner)
    assert offer["may"] == []
    ok(await owner.post(f"/offers/{offer['id']}/withdraw"), 409)
    assert len(await offered(group)) == 1


async def test_who_is_late_for_one_place_is_offered_another(world: World, owner, hall, holder, clock):
    other = await world.asset(owner, terms={"offer_minutes": 60})
    second = ok(await holder.book(other, EVENING), 201)
    [group] = await groups(world, hall, 0)
    await wait(group, place(hall), place(other))
    ok(await holder.cancel(holder.body["booking"]), 200)
    clock.now += timedelta(minutes=61)
    ok(await holder.cancel(second), 200)
    assert [each["asset"]["id"] for each in await offered(group)] == [other["id"]]


async def test_what_only_turnaround_kept_from_somebody_is_for_those_in_line_too(world: World, owner, clock):
    hall = await world.asset(owner, terms={"turnaround_after_minutes": 30, "offer_minutes": 60})
    holding, group = await world.organisation(), await world.organisation()
    ok(await holding.book(hall, EVENING, hold=True), 201)
    await wait(group, place(hall, NIGHT))
    clock.now += timedelta(minutes=16)
    assert await world.free(hall, *EVENING) == []
    assert reasons(await holding.book(hall, NIGHT)) == [["taken"]]
    assert len(await offered(group)) == 1


async def test_what_is_offered_to_one_stays_taken_for_who_was_offered_something_else(world: World, hall, clock):
    holder = await world.organisation()
    booking = ok(await holder.book(hall, (EVENING[0], NIGHT[1])), 201)
    first, second = await groups(world, hall, 0, 1)
    await wait(first, place(hall), place(hall, NIGHT))
    await wait(second, place(hall, NIGHT))
    ok(await holder.cancel(booking), 200)
    [evening], [night] = await offered(first), await offered(second)
    assert [each["occurrences"][0]["starts_at"] for each in (evening, night)] == [EVENING[0], NIGHT[0]]
    clock.now += timedelta(minutes=61)
    assert await world.free(hall, *NIGHT) == []
    await world.work(clock.now)
    assert [each["occurrences"][0]["starts_at"] for each in await offered(first)] == [NIGHT[0]]


async def test_who_may_not_have_a_place_is_passed_over(world: World, owner, hall, holder):
    first, second, third = await groups(world, hall, 0, 1, 2)
    await world.run("INSERT INTO holdings (organisation_id, requirement) VALUES ($1, 'public_liability')", third.id)
    for each in (first, second, third):
        await wait(each, place(hall))
    ok(await owner.patch(f"/assets/{hall['id']}", {"terms": {"requires": ["public_liability"]}}), 200)
    ok(await holder.cancel(holder.body["booking"]), 200)
    assert [len(await offered(each)) for each in (first, second, third)] == [0, 0, 1]


async def test_of_several_units_each_is_offered_to_the_next_as_many_as_they_want(world: World, owner, database):
    vans = await world.asset(owner, units=3, terms={"offer_minutes": 60})
    holder = await world.organisation()
    booking = ok(await holder.book(vans, EVENING, units=3), 201)
    first, second, third, fourth = await groups(world, vans, 0, 1, 2, 3)
    for each, units in ((first, 2), (second, 2), (third, 1), (fourth, 1)):
        await wait(each, place(vans), place(vans, ("2027-02-01T19:00:00Z", EVENING[1])), units=units)
    ok(await holder.cancel(booking), 200)
    got = [[each["units"] for each in await offered(who)] for who in (first, second, third, fourth)]
    assert got == [[2], [], [1], []]
    await nothing_half_done(database)


@pytest.mark.parametrize("how", ["accept", "decline"])
async def test_what_is_held_elsewhere_is_kept_no_longer_for_who_has_answered(world, owner, hall, holder, clock, how):
    other = await world.asset(owner)
    ok(await holder.book(other, EVENING, hold=True), 201)
    [group] = await groups(world, hall, 0)
    await wait(group, place(hall), place(other))
    ok(await holder.cancel(holder.body["booking"]), 200)
    await answer(group, how)
    clock.now += timedelta(minutes=16)
    assert await world.free(other, *EVENING) == [EVENING]


async def test_after_a_lapse_only_what_was_kept_for_that_is_offered(world: World, hall, clock):
    holder, first, second = await world.organisation(), await world.organisation(), await world.organisation()
    both = ok(await holder.book(hall, (EVENING[0], NIGHT[1])), 201)
    await wait(first, place(hall))
    ok(await holder.cancel(both), 200)
    night = ok(await holder.book(hall, NIGHT), 201)
    await wait(second, place(hall, NIGHT))
    clock.now += timedelta(minutes=1)
    ok(await holder.cancel(night), 200)
    clock.now += timedelta(minutes=61)
    await world.work(clock.now)
    assert [len(await offered(each, "lapsed")) for each in (first, second)] == [1, 1]
    assert [len(await offered(each)) for each in (first, second)] == [0, 0]


async def test_what_an_offer_took_beside_what_came_free_is_for_those_in_line_too(world: World, hall, holder, clock):
    first, second = await groups(world, hall, 0, 1)
    await wait(first, place(hall, (EVENING[0], NIGHT[1])))
    ok(await holder.cancel(holder.body["booking"]), 200)
    await wait(second, place(hall, NIGHT))
    clock.now += timedelta(minutes=61)
    await world.work(clock.now)
    assert [len(await offered(each)) for each in (first, second)] == [0, 1]


async def test_a_hold_on_what_is_waited_for_is_for_those_in_line_when_it_ends(world: World, hall, holder, clock):
    [group] = await groups(world, hall, 0)
    await wait(group, place(hall))
    ok(await holder.cancel(holder.body["booking"]), 200)
    clock.now += timedelta(minutes=61)
    ok(await holder.book(hall, EVENING, hold=True), 201)
    clock.now += timedelta(minutes=16)
    assert await world.free(hall, *EVENING) == []
    assert reasons(await holder.book(hall, EVENING)) == [["taken"]]
    assert len(await offered(group)) == 1


async def test_what_was_offered_of_a_series_is_had_as_it_was_offered(world: World, owner, hall, holder, clock):
    group = await world.organisation()
    series = ok(await group.repeat(hall, *EVENING, 2, if_some_unavailable="skip"), 201)
    await wait(group, booking_id=series["id"])
    ok(await holder.cancel(holder.body["booking"]), 200)
    ok(await owner.patch(f"/assets/{hall['id']}", {"terms": {"notice_minutes": 100_000}}), 200)
    accepted = await answer(group, "accept")
    assert accepted["booking_id"] == series["id"]


async def test_what_is_had_otherwise_is_waited_for_no_more(world: World, hall, holder, clock):
    group = await world.organisation()
    series = ok(await group.repeat(hall, *EVENING, 2, if_some_unavailable="skip"), 201)
    entry = await wait(group, booking_id=series["id"])
    ok(await holder.cancel(holder.body["booking"]), 200)
    clock.now += timedelta(minutes=61)
    had = ok(await group.retry(series), 200)
    assert [each["state"] for each in had["occurrences"]] == ["confirmed", "confirmed"]
    met = ok(await group.get(f"/waiting/{entry['id']}"), 200)
    assert (met["state"], [each["met"] for each in met["places"]]) == ("met", [True])
    assert (await told(group, entry))[1:] == [
        ("waiting.met", "2027-01-04T10:01:00Z", {"met": [1], "offer_id": None}, [])
    ]
    ok(await group.cancel(series, occurrence_ids=[had["occurrences"][0]["id"]]), 200)
    assert await offered(group) == []


@pytest.mark.parametrize("worked", [True, False])
async def test_what_nobody_had_lapses_when_the_last_of_it_begins(world: World, owner, hall, holder, clock, worked):
    ok(await holder.book(hall, NIGHT), 201)
    [group] = await groups(world, hall, 0)
    entry = await wait(group, place(hall), place(hall, NIGHT))
    if worked:
        await world.work(clock.now + timedelta(days=28, hours=9, minutes=59))
    clock.now += timedelta(days=28, hours=11)
    if worked:
        assert len(await told(group, entry)) == 1
        await world.work(clock.now)
        await world.work(clock.now)
        assert (await told(owner, entry))[1:] == [("waiting.lapsed", NIGHT[0], {"state": "lapsed"}, [group.id])]
    read = ok(await group.get(f"/waiting/{entry['id']}"), 200)
    assert {**read, "lines": []} == {**entry, "state": "lapsed", "may": [], "lines": []}
    assert [each["id"] for each in ok(await group.get("/waiting", state="lapsed"), 200)["items"]] == [entry["id"]]
    ok(await group.post(f"/waiting/{entry['id']}/leave"), 409)


async def test_who_waits_for_a_part_is_offered_it_when_the_whole_comes_free(world: World, owner, clock, database):
    site = await world.site(owner)
    whole = await world.asset(owner, site=site, category="gym", terms={"offer_minutes": 60})
    part = await world.asset(owner, site=site, part_of=whole["id"], terms={"offer_minutes": 60})
    holder, group = await world.organisation(), await world.organisation()
    booking = ok(await holder.book(whole, EVENING), 201)
    await wait(group, place(part))
    ok(await holder.cancel(booking), 200)
    assert [each["asset"]["id"] for each in await offered(group)] == [part["id"]]
    assert reasons(await holder.book(whole, EVENING)) == [["taken"]]
    await nothing_half_done(database)


async def test_of_two_places_that_come_free_at_once_who_is_in_line_is_offered_one(world: World, owner, clock, database):
    vans = await world.asset(owner, units=2)
    for each in [await world.organisation() for _ in range(2)]:
        ok(await each.book(vans, EVENING, hold=True), 201)
    group = await world.organisation()
    await wait(group, place(vans))
    clock.now += timedelta(minutes=16)
    ok(await owner.book(vans, EVENING), 201)
    assert len(await offered(group)) == 1
    await nothing_half_done(database)


async def test_who_waited_for_what_has_begun_waits_for_the_rest_of_it(world: World, hall, holder, clock, database):
    [group] = await groups(world, hall, 0)
    rest = ("2027-02-01T19:00:00Z", EVENING[1])
    ok(await holder.book(hall, NIGHT), 201)
    both = await wait(group, place(hall), place(hall, NIGHT))
    assert ok(await group.post("/waiting", {"any_of": [place(hall, rest)]}), 409)
    clock.now = datetime(2027, 2, 1, 18, 30, tzinfo=UTC)
    await wait(group, place(hall, rest))
    assert ok(await group.get(f"/waiting/{both['id']}"), 200)["state"] == "waiting"
    clock.now = datetime(2027, 2, 1, 19, 0, tzinfo=UTC)
    await wait(group, place(hall, ("2027-02-01T19:30:00Z", EVENING[1])))
    await nothing_half_done(database)


async def test_who_waited_for_what_has_begun_is_in_nobodys_line_any_more(world: World, owner, clock):
    hall = await world.asset(owner, terms={"approval": True, "approval_hours": 8784})
    asking, group = await world.organisation(), await world.organisation()
    ok(await asking.book(hall, ("2027-02-01T19:00:00Z", EVENING[1])), 201)
    await wait(group, place(hall))
    assert [each["request"]["waiting"] for each in ok(await owner.get("/bookings"), 200)["items"]] == [1]
    clock.now = datetime(2027, 2, 1, 18, 30, tzinfo=UTC)
    assert [each["request"]["waiting"] for each in ok(await owner.get("/bookings"), 200)["items"]] == [0]


async def test_what_has_expired_has_no_units_though_it_is_kept_for_those_in_line(world: World, hall, clock):
    holding, group = await world.organisation(), await world.organisation()
    held = ok(await holding.book(hall, EVENING, hold=True), 201)
    await wait(group, place(hall))
    clock.now += timedelta(minutes=16)
    [expired] = ok(await holding.get(f"/bookings/{held['id']}"), 200)["occurrences"]
    assert (expired["state"], expired["unit_numbers"]) == ("expired", [])
    [listed] = ok(await holding.get("/occurrences"), 200)["items"]
    assert (listed["state"], listed["unit_numbers"]) == ("expired", [])


async def test_a_stampede_gets_one_place(world: World, owner, database):
    vans = await world.asset(owner, units=2)
    holder = await world.organisation()
    booking = ok(await holder.book(vans, EVENING, units=2), 201)
    many = [await world.organisation() for _ in range(8)]
    answers = await asyncio.gather(
        *(each.post("/waiting", {"any_of": [place(vans)]}) for each in many), holder.cancel(booking)
    )
    joined = [each for each, answered in zip(many, answers[:-1], strict=True) if answered.status_code == 201]
    got = Counter({each.id: len(await offered(each)) for each in many})
    assert sum(got.values()) == min(2, len(joined))
    booked = await asyncio.gather(*(each.book(vans, EVENING) for each in many))
    assert Counter(each.status_code for each in booked)[201] == 2 - min(2, len(joined))
    await nothing_half_done(database)


async def test_an_owner_does_not_wait_in_its_own_line(world: World):
    owner, group = await world.organisation(kind="council"), await world.organisation()
    hall = await world.asset(owner)
    ok(await group.book(hall, EVENING), 201)
    refused = ok(await owner.post("/waiting", {"any_of": [place(hall)]}), 409)
    assert refused["detail"] == "It is your own: an owner does not wait in line for what it lists."
    skipped = ok(await owner.book(hall, EVENING, NIGHT, if_some_unavailable="skip"), 201)
    ok(await owner.post("/waiting", {"booking_id": skipped["id"]}), 409)
