"""c21: nobody jumps the queue, by whichever door; and cases like it."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from calls import MANCHESTER, Organisation, World, ok, pointers, reasons, spans
from invariants import nothing_half_done

from db.connection import connect
from fallow.organisations import set_state

EVENING = ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")
NEXT = ("2027-07-12T18:00:00Z", "2027-07-12T20:00:00Z")
LATER = ("2027-07-05T20:00:00Z", "2027-07-05T22:00:00Z")
HOUR = timedelta(hours=1)
BUSY = {200, 201, 409, 503}  # 503 where the machine is so busy that somebody waited for two seconds
ANY_VERSION = {"headers": {"If-Match": "*"}}
ORDER = "It holds {} minutes at this owner; of 1 others in line {} hold fewer."


def asked(asset: dict[str, Any], period: tuple[str, str]) -> dict[str, Any]:
    return {"any_of": [{"asset_id": asset["id"], "starts_at": period[0], "ends_at": period[1]}]}


async def wait(who: Organisation, asset: dict[str, Any], period: tuple[str, str] = EVENING, **given: Any) -> Any:
    return ok(await who.post("/waiting", {**asked(asset, period), **given}), 201)


async def offers(who: Organisation, state: str = "offered") -> list[dict[str, Any]]:
    return ok(await who.get("/offers", state=state), 200)["items"]


async def answer(who: Organisation, how: str, **options: Any) -> httpx.Response:
    [offer] = await offers(who)
    return await who.post(f"/offers/{offer['id']}/{how}", **options)


@pytest.fixture
async def owner(world: World) -> Organisation:
    return await world.organisation(kind="council")


@pytest.fixture
async def hall(world: World, owner: Organisation) -> dict[str, Any]:
    return await world.asset(owner, terms={"offer_minutes": 60})


@pytest.fixture
async def booking(world: World, hall: dict[str, Any]) -> dict[str, Any]:
    """A's, and by whom."""
    holder = await world.organisation()
    return {"by": holder, **ok(await holder.book(hall, EVENING), 201)}


@pytest.fixture
async def in_line(world: World, hall: dict[str, Any], booking: dict[str, Any]) -> tuple[Organisation, Organisation]:
    """B, who holds nothing at the owner, and C, who holds an hour and asked first."""
    first, second = await world.organisation(), await world.organisation()
    ok(await second.book(hall, ("2027-07-01T10:00:00Z", "2027-07-01T11:00:00Z")), 201)
    for each in (second, first):
        await wait(each, hall)
    return first, second


async def give_up(booking: dict[str, Any]) -> None:
    ok(await booking["by"].cancel(booking), 200)


async def test_c21_nobody_jumps_the_queue(world: World, owner, hall, booking, in_line, clock, database):
    first, second = in_line
    other = await world.organisation()
    entries = {}
    for who, held, fewer in ((first, 0, 0), (second, 60, 1)):
        [entry] = ok(await who.get("/waiting"), 200)["items"]
        entries[who.id] = entry["id"]
        line = {"place": 1, "minutes_held": held, "before": fewer, "equal": 0, "after": 1 - fewer, "would_fit": []}
        seen = ok(await owner.get(f"/waiting/{entry['id']}"), 200)
        assert seen["lines"] == [{**line, "text": ORDER.format(held, fewer)}]
    await give_up(booking)
    [offer] = await offers(first)
    assert offer == {
        "id": offer["id"],
        "owner_id": owner.id,
        "booker_id": first.id,
        "need_id": None,
        "waiting_id": entries[first.id],
        "freed_at": "2027-01-04T09:00:00Z",
        "booking_id": None,
        "asset": offer["asset"],
        "state": "offered",
        "units": 1,
        "attendees": None,
        "occurrences": [{"number": 1, "starts_at": EVENING[0], "ends_at": EVENING[1]}],
        "cost": {"amount": 0, "currency": None, "lines": []},
        "expires_at": "2027-01-04T10:00:00Z",
        "may": ["acceptOffer", "declineOffer"],
        "created_at": "2027-01-04T09:00:00Z",
        "updated_at": "2027-01-04T09:00:00Z",
    }
    assert offer["asset"]["id"] == hall["id"]
    clock.now += HOUR - timedelta(microseconds=1)
    assert reasons(await other.book(hall, EVENING)) == [["taken"]]
    assert await offers(second) == []
    clock.now += timedelta(microseconds=1)
    await world.work(clock.now)
    assert [await offers(first), await offers(first, "lapsed")] == [
        [],
        [{**offer, "state": "lapsed", "may": [], "updated_at": "2027-01-04T10:00:00Z"}],
    ]
    [after] = await offers(second)
    assert (after["waiting_id"], after["freed_at"], after["expires_at"]) == (
        entries[second.id],
        "2027-01-04T09:00:00Z",
        "2027-01-04T11:00:00Z",
    )
    assert reasons(await other.book(hall, EVENING)) == [["taken"]]
    clock.now += HOUR
    assert ok(await other.book(hall, EVENING), 201)["state"] == "confirmed"
    await nothing_half_done(database)


# By other doors ---------------------------------------------------------------------------------------------------


async def found_and_retried(world: World, other: Organisation) -> httpx.Response:
    """Book what search says to book, which skips what is taken, and ask for that again."""
    [found] = (await world.search(starts_at=EVENING[0], ends_at=EVENING[1], weeks=2, at_least=1))["items"]
    booked = ok(await other.post("/bookings", found["book"]), 201)
    assert [each["state"] for each in booked["occurrences"]] == ["skipped", "confirmed"]
    return await other.retry(booked)


# How somebody who is not in line tries to have the evening; `had`: what they have of before.
DOORS: dict[str, Any] = {
    "book": lambda world, owner, hall, other, had: other.book(hall, EVENING),
    "hold": lambda world, owner, hall, other, had: other.book(hall, EVENING, hold=True),
    "a part of it": lambda world, owner, hall, other, had: other.book(hall, (EVENING[0], "2027-07-05T18:15:00Z")),
    "a series": lambda world, owner, hall, other, had: other.repeat(hall, *EVENING, 2),
    "lengthen": lambda world, owner, hall, other, had: other.move(had, starts_at=EVENING[0], ends_at=LATER[1]),
    "move": lambda world, owner, hall, other, had: other.move(had, starts_at=EVENING[0], ends_at=EVENING[1]),
    "what was skipped": lambda world, owner, hall, other, had: other.retry(had),
    "an expired hold": lambda world, owner, hall, other, had: other.post(f"/bookings/{had['id']}/confirm"),
    "the owner's own": lambda world, owner, hall, other, had: owner.book(hall, EVENING, ignore_terms=True),
    "what search says": lambda world, owner, hall, other, had: found_and_retried(world, other),
}


@pytest.mark.parametrize("moment", ["while it is offered", "as the offer lapses", "while the next has it"])
@pytest.mark.parametrize("door", DOORS)
async def test_like_c21_by_no_door_and_at_no_moment(world, owner, hall, clock, database, door, moment):
    other, had = await world.organisation(), None
    if door == "an expired hold":
        had = ok(await other.book(hall, EVENING, hold=True), 201)
        clock.now += timedelta(minutes=31)
    holder, first, second = [await world.organisation() for _ in range(3)]
    booking = {"by": holder, **ok(await holder.book(hall, EVENING), 201)}
    if door in {"lengthen", "move"}:
        had = ok(await other.book(hall, LATER), 201)
    if door == "what was skipped":
        had = ok(await other.repeat(hall, *EVENING, 2, if_some_unavailable="skip"), 201)
    ok(await second.book(hall, ("2027-07-01T10:00:00Z", "2027-07-01T11:00:00Z")), 201)
    for each in (second, first):
        await wait(each, hall)
    await give_up(booking)
    clock.now += {"while it is offered": HOUR / 2}.get(moment, HOUR)
    if moment == "while the next has it":
        await world.work(clock.now)
    refused = await DOORS[door](world, owner, hall, other, had)
    wrong = ok(refused, 409)
    assert wrong["type"] in ("/problems/not-bookable", "/problems/hold-expired")
    if wrong["type"] == "/problems/not-bookable":
        assert reasons(refused)[0] == ["taken"]
    has = first if moment == "while it is offered" else second
    assert await world.free(hall, *EVENING) == []
    assert ok(await answer(has, "accept"), 200)["state"] == "accepted"
    await nothing_half_done(database)


async def test_like_c21_an_owner_cannot_offer_it_for_a_need_past_the_line(world, owner, hall, booking, in_line, clock):
    friend = await world.organisation()
    point = {"type": "Point", "coordinates": list(MANCHESTER)}
    period = {"starts_at": EVENING[0], "ends_at": EVENING[1]}
    sent = {"category": "hall", "point": point, "periods": [period], "until": "2027-08-01T00:00:00Z"}
    need = ok(await friend.post("/needs", sent), 201)
    await give_up(booking)
    for _ in range(2):
        tried = await owner.post("/offers", {"asset_id": hall["id"], "need_id": need["id"]})
        assert pointers(tried) == ["#/need_id"]
        assert ok(await owner.get(f"/assets/{hall['id']}/needs"), 200)["items"] == []
        clock.now += HOUR
        await world.work(clock.now)
    ok(await owner.post("/offers", {"asset_id": hall["id"], "need_id": need["id"]}), 201)


async def test_like_c21_a_trial_passes_nothing_on(world, hall, booking, in_line, clock):
    first, second = in_line
    other = await world.organisation()
    await give_up(booking)
    clock.now += HOUR
    before = await world.stored()
    assert reasons(await other.book(hall, EVENING, dry_run=True)) == [["taken"]]
    assert await world.stored() == before
    assert [await offers(each) for each in (first, second)] == [[], []]
    assert reasons(await other.book(hall, EVENING)) == [["taken"]]
    assert [len(await offers(each)) for each in (first, second)] == [0, 1]


async def test_like_c21_a_key_of_before_takes_nothing_again(world, hall, clock):
    holder, group = await world.organisation(), await world.organisation()
    sent = {"asset_id": hall["id"], "periods": [{"starts_at": EVENING[0], "ends_at": EVENING[1]}]}
    options = {"headers": {"Idempotency-Key": "once"}}
    made = ok(await holder.post("/bookings", sent, **options), 201)
    entered = await group.post("/waiting", {"any_of": [{"asset_id": hall["id"], **sent["periods"][0]}]}, **options)
    ok(await holder.cancel(made), 200)
    again = await holder.post("/bookings", sent, **options)
    assert (ok(again, 201), again.headers["Idempotent-Replayed"]) == (made, "true")
    assert ok(await holder.get(f"/bookings/{made['id']}"), 200)["state"] == "ended"
    answers = [await answer(group, "accept", **options)]
    [offer] = await offers(group, "accepted")
    answers += [await group.post(f"/offers/{offer['id']}/accept", **options) for _ in range(2)]
    assert [(each.status_code, each.json()) for each in answers] == [(200, answers[0].json())] * 3
    assert [each["id"] for each in ok(await group.get("/bookings"), 200)["items"]] == [answers[0].json()["booking_id"]]
    replayed = await group.post("/waiting", {"any_of": [{"asset_id": hall["id"], **sent["periods"][0]}]}, **options)
    assert (ok(replayed, 201), replayed.headers["Idempotent-Replayed"]) == (ok(entered, 201), "true")
    assert ok(await group.get("/waiting", state="waiting"), 200)["items"] == []


async def test_like_c21_etags_of_entries_and_offers_are_heeded(world, hall, booking, in_line, clock):
    first, second = in_line
    [entry] = ok(await second.get("/waiting"), 200)["items"]
    path = f"/waiting/{entry['id']}"
    tag = (await second.get(path)).headers["ETag"]
    stale = {"headers": {"If-Match": '"x"'}}
    assert ok(await second.post(f"{path}/leave", **stale), 412)["errors"] == []
    await give_up(booking)
    for how in ("accept", "decline"):
        ok(await answer(first, how, **stale), 412)
    [offer] = await offers(first)
    seen = await first.get(f"/offers/{offer['id']}")
    ok(await answer(first, "decline", headers={"If-Match": seen.headers["ETag"]}), 200)
    [offer] = await offers(second)
    ok(await second.post(f"{path}/leave", headers={"If-Match": tag}), 412)  # something is offered to it since
    ok(await answer(second, "accept", headers={"If-Match": f'"x", {(await second.get(path)).headers["ETag"]}'}), 412)
    ok(await answer(second, "accept", headers={"If-Match": "*"}), 200)


async def test_like_c21_who_asks_later_and_holds_less_is_next_all_the_same(world, hall, booking, in_line, clock):
    first, second = in_line
    ok(await first.book(hall, ("2027-07-02T10:00:00Z", "2027-07-02T10:30:00Z")), 201)
    await give_up(booking)
    late = await world.organisation()
    await wait(late, hall)
    assert [len(await offers(each)) for each in (first, second, late)] == [1, 0, 0]
    ok(await answer(first, "decline"), 200)
    assert [len(await offers(each)) for each in (first, second, late)] == [0, 0, 1]
    ok(await answer(late, "decline"), 200)
    assert [len(await offers(each)) for each in (first, second, late)] == [0, 1, 0]


@pytest.mark.parametrize("state", ["suspended", "closed", "unverified"])
async def test_like_c21_who_may_not_book_is_passed_over(world, owner, hall, booking, in_line, database, state):
    first, second = in_line
    await world.run("UPDATE organisations SET state = $2 WHERE id = $1", first.id, state)
    await give_up(booking)
    assert [each["booker_id"] for each in await offers(owner)] == [second.id]
    assert reasons(await owner.book(hall, EVENING)) == [["taken"]]
    ok(await answer(second, "decline"), 200)
    assert await offers(owner) == []
    ok(await owner.book(hall, EVENING), 201)
    await nothing_half_done(database)


async def test_like_c21_what_came_free_while_its_owner_was_suspended_is_still_for_those_in_line(
    world, owner, hall, booking, in_line, clock, database
):
    first, second = in_line
    conn = await connect(database)
    try:
        async with conn.transaction():
            await set_state(conn, owner.id, "suspended", clock.now)
        await give_up(booking)
        assert [await offers(each) for each in (first, second)] == [[], []]
        async with conn.transaction():
            await set_state(conn, owner.id, "verified", clock.now)
    finally:
        await conn.close()
    assert [len(await offers(each)) for each in (first, second)] == [1, 0]
    assert reasons(await booking["by"].book(hall, EVENING)) == [["taken"]]
    await nothing_half_done(database)


async def test_like_c21_nobody_answers_for_another(world, owner, hall, booking, in_line):
    first, second = in_line
    stranger = await world.organisation()
    await give_up(booking)
    [offer] = await offers(first)
    [entry] = ok(await first.get("/waiting"), 200)["items"]
    for who, status in ((second, 404), (stranger, 404), (owner, 403)):
        for how in ("accept", "decline"):
            ok(await who.post(f"/offers/{offer['id']}/{how}"), status)
        ok(await who.post(f"/waiting/{entry['id']}/leave"), status)
    ok(await owner.post(f"/offers/{offer['id']}/withdraw"), 409)
    ok(await first.post(f"/offers/{offer['id']}/withdraw"), 403)
    for path in (f"/offers/{offer['id']}", f"/waiting/{entry['id']}"):
        assert [(await who.get(path)).status_code for who in (second, stranger)] == [404, 404]
        assert (await world.client.get(f"/v1{path}")).status_code == 401
    kiosk = await first.as_role("member")
    assert [each["may"] for each in await offers(kiosk)] == [["acceptOffer", "declineOffer"]]
    ok(await answer(kiosk, "accept"), 200)


# Other places -----------------------------------------------------------------------------------------------------


async def test_like_c21_the_whole_is_not_had_past_who_waits_for_a_part(world, owner, clock, database):
    site = await world.site(owner)
    terms = {"offer_minutes": 60}
    house = await world.asset(owner, site=site, terms=terms)
    room, other_room = [await world.asset(owner, site=site, part_of=house["id"], terms=terms) for _ in range(2)]
    holder, group, other = [await world.organisation() for _ in range(3)]
    booking = ok(await holder.book(house, EVENING), 201)
    await wait(group, room)
    ok(await holder.cancel(booking), 200)
    for moment in (timedelta(0), HOUR / 2):
        clock.now += moment
        assert reasons(await other.book(house, EVENING)) == [["taken"]]
        assert reasons(await other.book(room, EVENING)) == [["taken"]]
    assert await world.found(*EVENING) == {other_room["id"]}
    ok(await other.book(other_room, EVENING), 201)
    ok(await answer(group, "accept"), 200)
    await nothing_half_done(database)


async def test_like_c21_no_part_is_had_past_who_waits_for_the_whole(world, owner, clock, database):
    site = await world.site(owner)
    terms = {"offer_minutes": 60}
    house = await world.asset(owner, site=site, terms=terms)
    room, other_room = [await world.asset(owner, site=site, part_of=house["id"], terms=terms) for _ in range(2)]
    holder, group, other = [await world.organisation() for _ in range(3)]
    booking = ok(await holder.book(room, EVENING), 201)
    entry = await wait(group, house)
    assert reasons(await other.book(house, EVENING)) == [["taken"]]
    ok(await holder.cancel(booking), 200)
    assert [each["asset"]["id"] for each in await offers(group)] == [house["id"]]
    for asset in (house, room, other_room):
        assert reasons(await other.book(asset, EVENING)) == [["taken"]]
    clock.now += HOUR
    ok(await other.book(room, EVENING), 201)
    assert [len(await offers(group, state)) for state in ("offered", "lapsed")] == [0, 1]
    assert ok(await group.get(f"/waiting/{entry['id']}"), 200)["state"] == "waiting"
    await nothing_half_done(database)


async def test_like_c21_who_waits_for_two_units_is_not_robbed_of_one(world, owner, clock, database):
    vans = await world.asset(owner, kind="vehicle", category="minibus", units=3, terms={"offer_minutes": 60})
    holder, group, other = [await world.organisation() for _ in range(3)]
    ok(await holder.book(vans, EVENING), 201)
    pair = ok(await holder.book(vans, EVENING, units=2), 201)
    await wait(group, vans, units=2)
    ok(await holder.cancel(pair), 200)
    [offer] = await offers(group)
    assert offer["units"] == 2
    assert reasons(await other.book(vans, EVENING)) == [["taken"]]
    clock.now += HOUR
    ok(await other.book(vans, EVENING), 201)
    await nothing_half_done(database)


async def test_like_c21_of_a_series_only_what_is_waited_for_is_kept(world, owner, hall, clock, database):
    holder, group, other = [await world.organisation() for _ in range(3)]
    series = ok(await holder.repeat(hall, "2027-10-19T18:00:00Z", "2027-10-19T20:00:00Z", 4), 201)
    after = ("2027-11-02T19:00:00Z", "2027-11-02T21:00:00Z")  # the clocks have gone back
    assert spans(series["occurrences"])[2] == after
    await wait(group, hall, after)
    ok(await holder.cancel(series, from_occurrence_id=series["occurrences"][1]["id"]), 200)
    [offer] = await offers(group)
    assert spans(offer["occurrences"]) == [after]
    taken = ok(
        await other.repeat(hall, "2027-10-26T18:00:00Z", "2027-10-26T20:00:00Z", 3, if_some_unavailable="skip"), 201
    )
    assert [(each["state"], [why["code"] for why in each["why_not"]]) for each in taken["occurrences"]] == [
        ("confirmed", []),
        ("skipped", ["taken"]),
        ("confirmed", []),
    ]
    ok(await answer(group, "decline"), 200)
    ok(await other.retry(taken), 200)
    await nothing_half_done(database)


async def test_like_c21_what_has_begun_is_offered_to_nobody(world, owner, hall, booking, in_line, clock, database):
    """The offer ends as the place begins; then nobody waits for it any more, and what is left of it can be had."""
    first, second = in_line
    await clock_to(world, clock, "2027-07-05T17:30:00Z")
    await give_up(booking)
    [offer] = await offers(first)
    assert offer["expires_at"] == EVENING[0]
    await clock_to(world, clock, EVENING[0])
    assert [await offers(each) for each in (first, second)] == [[], []]
    states = [ok(await each.get("/waiting"), 200)["items"][0]["state"] for each in (first, second)]
    assert states == ["lapsed", "lapsed"]
    ok(await booking["by"].book(hall, ("2027-07-05T18:15:00Z", EVENING[1])), 201)
    place = {"asset_id": hall["id"], "starts_at": EVENING[0], "ends_at": EVENING[1]}
    assert pointers(await first.post("/waiting", {"any_of": [place]})) == ["#/any_of/0/starts_at"]
    await nothing_half_done(database)


async def clock_to(world: World, clock: Any, moment: str) -> None:
    clock.now = type(clock.now).fromisoformat(moment)
    await world.work(clock.now)


async def test_like_c30_a_crowd_in_a_whole_and_its_parts_waits_in_no_circle(world, owner, clock, database):
    """Whoever frees a part offers the whole, and the other way round, while others come from there."""
    site = await world.site(owner)
    house = await world.asset(owner, site=site)
    rooms = [await world.asset(owner, site=site, part_of=house["id"]) for _ in range(2)]
    groups = [await world.organisation() for _ in range(4)]
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    before = await world.value(deadlocks)
    for day in (5, 6):
        period = (f"2027-07-{day:02}T18:00:00Z", f"2027-07-{day:02}T20:00:00Z")
        booked = [ok(await groups[0].book(each, period), 201) for each in rooms]
        for who, asset in zip(groups, (house, *rooms), strict=False):
            await wait(who, asset, period)
        answers = await asyncio.gather(
            *(groups[0].cancel(each) for each in booked),
            *(each.book(asset, period) for each in groups for asset in (house, *rooms)),
            *(each.post("/waiting", asked(asset, period)) for each in groups for asset in rooms),
            *(owner.put(f"/assets/{each['id']}/hours", {"always": True}, **ANY_VERSION) for each in rooms),
            *(owner.post(f"/assets/{each['id']}/publish") for each in rooms),
        )
        assert {each.status_code for each in answers} <= BUSY
        entries = [entry for each in groups for entry in ok(await each.get("/waiting", state="waiting"), 200)["items"]]
        made = await offers(owner)
        by = {each.id: each for each in groups}
        answers = await asyncio.gather(
            *(by[each["booker_id"]].post(f"/offers/{each['id']}/decline") for each in made),
            *(by[each["booker_id"]].post(f"/waiting/{each['id']}/leave") for each in entries),
            *(each.book(asset, period) for each in groups for asset in (house, *rooms)),
        )
        assert {each.status_code for each in answers} <= BUSY
    await asyncio.sleep(1)  # for what the database counts
    assert await world.value(deadlocks) == before
    await nothing_half_done(database)
