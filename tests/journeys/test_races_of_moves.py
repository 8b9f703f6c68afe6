"""Moves that race with each other, with bookings and with the clock: the old place is given up only if the new one is
had, and nobody ends with both or neither.
"""

import asyncio
import random
from typing import Any

import pytest
from arena import FEWER, ROUNDS, Arena, Period, asks, days, does, hours, statuses, won
from calls import ok, reasons

SOON = 0.03
pytestmark = pytest.mark.usefixtures("nobody_waits_in_a_circle")


def to(period: Period) -> dict[str, Any]:
    """A move of a whole booking, as sent."""
    return {"all": True, "starts_at": period[0], "ends_at": period[1]}


@ROUNDS
async def test_what_is_moved_to_and_what_is_left_is_had_once(arena: Arena, rounds: int):
    hall = await arena.hall()
    mover, one, other, another = arena.groups
    outcomes = set()
    for n in range(rounds):
        old, new = hours(18, 20), hours(18, 20)
        booking = await arena.booked(mover, hall, old)
        moved, there, here = await arena.at_once(
            does(arena.by(mover, n), "move", booking, to(new)),
            asks(arena.by(one, n + 1), hall, new),
            asks(arena.by(other, n), hall, old),
        )
        assert sorted(won([moved, there])) == [False, True]
        assert moved.is_success or reasons(moved) == [["taken"]]
        last = await arena.by(another, n).book(hall, old)
        assert won([here, last]).count(True) == moved.is_success
        assert await arena.told(booking) == ["created", *(["moved"] if moved.is_success else [])]
        outcomes.add(moved.is_success)
    assert outcomes == {True, False}


@ROUNDS
async def test_of_two_that_want_each_others_place_neither_moves(arena: Arena, rounds: int):
    """Both stay where they are, also where one has the whole and the other a part of it."""
    hall, rooms = await arena.a_hall_of_two_rooms()
    pair = arena.groups[:2]
    for n in range(rounds):
        periods, places = [hours(18, 20), hours(18, 20)], [hall, random.choice([hall, rooms[0]])]
        bookings = [await arena.booked(*each) for each in zip(pair, places, periods, strict=True)]
        answers = await arena.at_once(
            *(does(arena.by(pair[m], n + m), "move", bookings[m], to(periods[1 - m])) for m in range(2))
        )
        assert [reasons(each) for each in answers] == [[["taken"]]] * 2
        assert [await arena.told(each) for each in bookings] == [["created"]] * 2


@FEWER
async def test_who_moves_to_where_another_moves_away_has_it_once_that_is_done(arena: Arena, rounds: int):
    hall, rooms = await arena.a_hall_of_two_rooms()
    one, other, *_ = arena.groups
    for n in range(rounds):
        first, second, third = (hours(18, 20) for _ in range(3))
        follows = await arena.booked(one, hall, first)
        leads = await arena.booked(other, random.choice([hall, rooms[1]]), second)
        followed, led = await arena.at_once(
            does(arena.by(one, n), "move", follows, to(second)),
            does(arena.by(other, n + 1), "move", leads, to(third)),
        )
        assert led.status_code == 200
        if not followed.is_success:
            assert reasons(followed) == [["taken"]]
            ok(await one.post(f"/bookings/{follows['id']}/move", to(second)), 200)
        assert await arena.told(follows) == await arena.told(leads) == ["created", "moved"]


@FEWER
async def test_of_two_series_that_move_to_the_same_days_one_does(arena: Arena, rounds: int):
    hall, rooms = await arena.a_hall_of_two_rooms()
    one, other, *_ = arena.groups
    for n in range(rounds):
        week = [next(days) for _ in range(12)]
        bookings = [
            await arena.booked(who, place, *(hours(18, 20, day) for day in chosen))
            for who, place, chosen in ((one, hall, week[:3]), (other, rooms[n % 2], week[9:]))
        ]
        answers = await arena.at_once(
            does(arena.by(one, n), "move", bookings[0], to(hours(18, 20, week[5]))),
            does(arena.by(other, n + 1), "move", bookings[1], to(hours(18, 20, week[6]))),
        )
        assert statuses(answers) == {200: 1, 409: 1}
        [moved] = [each.json() for each in answers if each.is_success]
        assert {each["sequence"] for each in moved["occurrences"]} == {1}


@FEWER
async def test_of_those_who_want_one_unit_more_as_many_get_it_as_there_are(arena: Arena, rounds: int):
    tables = await arena.hall(kind="equipment", category="tables", units=5)
    *three, fourth = arena.groups
    for n in range(rounds):
        evening = hours(18, 20)
        bookings = [await arena.booked(who, tables, evening) for who in three]
        elsewhere = await arena.booked(fourth, tables, hours(18, 20))
        grows = {"all": True, "units": 2}
        answers = await arena.at_once(
            *(does(arena.by(three[m], n + m), "move", bookings[m], grows) for m in range(3)),
            does(arena.by(fourth, n), "move", elsewhere, to(evening)),
        )
        assert won(answers).count(True) == 2
        became = [await three[m].get(f"/bookings/{bookings[m]['id']}") for m in range(3)]
        seated = [each.json()["occurrences"][0] for each in (*became, answers[3]) if each.is_success]
        units = [unit for each in seated for unit in each["unit_numbers"]]
        assert sorted(units) == [1, 2, 3, 4, 5]


@FEWER
async def test_a_whole_or_its_parts_move_to_one_evening_and_never_both_and_never_neither(arena: Arena, rounds: int):
    hall, rooms = await arena.a_hall_of_two_rooms()
    three = arena.groups[:3]
    for n in range(rounds):
        evening = hours(18, 20)
        places = (hall, *rooms)
        bookings = [await arena.booked(who, place, hours(18, 20)) for who, place in zip(three, places, strict=True)]
        whole, *parts = await arena.at_once(
            *(does(arena.by(three[m], n + m), "move", bookings[m], to(evening)) for m in range(3))
        )
        assert (whole.is_success, won(parts)) in [(True, [False, False]), (False, [True, True])]


@FEWER
async def test_a_booking_that_is_moved_and_ended_at_once_leaves_nothing_behind(arena: Arena, rounds: int):
    """Moved twice and cancelled: whatever came first, it is cancelled where it was then, and both places are free."""
    hall = await arena.hall()
    group, other, *_ = arena.groups
    for n in range(rounds):
        places = [hours(18, 20) for _ in range(3)]
        booking = await arena.booked(group, hall, places[0])
        *moved, cancelled = await arena.at_once(
            does(arena.by(group, n), "move", booking, to(places[1])),
            does(arena.by(group, n + 1), "move", booking, to(places[2])),
            does(arena.by(arena.owner, n), "cancel", booking, {"all": True}),
        )
        assert cancelled.status_code == 200
        assert await arena.told(booking) == ["created", *["moved"] * won(moved).count(True), "cancelled"]
        ok(await other.book(hall, *places), 201)


@FEWER
async def test_a_hold_that_is_moved_while_it_lapses_ends_where_it_is_then(arena: Arena, rounds: int):
    hall = await arena.hall()
    group, other, another, _ = arena.groups
    for n in range(rounds):
        old, new = hours(18, 20), hours(18, 20)
        held = await arena.booked(group, hall, old, hold=True)
        await arena.lapsing(held, SOON / 2)
        moved, *booked, _ = await arena.at_once(
            does(arena.by(group, n), "move", held, to(new)),
            asks(arena.by(other, n + 1), hall, new),
            asks(arena.by(another, n), hall, old),
            arena.sweeps(held),
            within=SOON,
        )
        await asyncio.sleep(SOON)
        last = [await arena.by(other, n).book(hall, each) for each in (new, old)]
        assert [won(each).count(True) for each in zip(booked, last, strict=True)] == [1, 1]
        assert moved.is_success or moved.json()["type"] in {"/problems/state-does-not-allow", "/problems/not-bookable"}
        await arena.sweeps(held)()
        assert await arena.told(held) == ["created", *(["moved"] if moved.is_success else []), "expired"]
