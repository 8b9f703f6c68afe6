"""Many at once, with real commits and two server processes: what can be had is had once, and by somebody."""

import asyncio
import random
from collections import Counter
from functools import partial
from itertools import count
from typing import Any

import pytest
from arena import Arena, days, hours, statuses, wish
from calls import Organisation, ok

ROUNDS = [pytest.param(3, id="3 rounds"), pytest.param(12, id="12 rounds", marks=pytest.mark.slow)]
keys = count()


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_of_64_for_one_place_one_has_it(arena: Arena, rounds: int):
    hall = await arena.hall()
    for _ in range(rounds):
        evening = hours(18, 20)
        assert statuses(await arena.race([wish(hall, evening)] * 64)) == {201: 1, 409: 63}


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_of_64_for_8_units_eight_have_one(arena: Arena, rounds: int):
    tables = await arena.hall(kind="equipment", category="tables", units=8)
    for _ in range(rounds):
        evening = hours(18, 20)
        answers = await arena.race([wish(tables, evening)] * 64)
        assert statuses(answers) == {201: 8, 409: 56}
        units = [answer.json()["occurrences"][0]["unit_numbers"] for answer in answers if answer.status_code == 201]
        assert sorted(units) == [[unit] for unit in range(1, 9)]


async def three_levels(arena: Arena) -> tuple[list[dict[str, Any]], list[set[int]]]:
    """A building, its two floors, two rooms on each: the assets, and by place which of them are in each one's way."""
    site = await arena.world.site(arena.owner)
    building = await arena.hall(site=site)
    floors = [await arena.hall(site=site, part_of=building["id"]) for _ in range(2)]
    rooms = [await arena.hall(site=site, part_of=floors[n // 2]["id"]) for n in range(4)]
    way = [set(range(7)), {0, 1, 3, 4}, {0, 2, 5, 6}, {0, 1, 3}, {0, 1, 4}, {0, 2, 5}, {0, 2, 6}]
    return [building, *floors, *rooms], way


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_a_whole_and_its_parts_three_levels_deep_never_both_and_never_neither(arena: Arena, rounds: int):
    assets, way = await three_levels(arena)
    weights = [3, 2, 2, 1, 1, 1, 1]
    for _ in range(rounds):
        evening = hours(18, 20)
        picks = random.choices(range(7), weights, k=42)
        answers = await arena.race([wish(assets[pick], evening) for pick in picks])
        won = [pick for pick, answer in zip(picks, answers, strict=True) if answer.status_code == 201]
        assert won
        for place, one in enumerate(won):
            assert not way[one] & set(won[place + 1 :]), won
        for pick, answer in zip(picks, answers, strict=True):
            assert answer.status_code == 201 or way[pick] & set(won), f"{pick} was refused for nothing; {won} won"


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_series_that_cross_end_with_one_of_them_having_each_period(arena: Arena, rounds: int):
    """Series of wholes and of parts, forwards and backwards, that share some days."""
    assets, way = await three_levels(arena)
    for _ in range(rounds):
        week = [next(days) for _ in range(8)]
        asked = []
        for number in range(28):
            chosen = random.sample(week, 4)
            chosen.sort(reverse=number % 2 == 1)
            asked.append((random.randrange(7), chosen))
        sent = [wish(assets[pick], *(hours(18, 20, day) for day in chosen)) for pick, chosen in asked]
        answers = await arena.race(sent)
        won = [each for each, answer in zip(asked, answers, strict=True) if answer.status_code == 201]
        had = [(pick, day) for pick, chosen in won for day in chosen]
        assert won
        assert not clashes(had, way)
        for (pick, chosen), answer in zip(asked, answers, strict=True):
            theirs = [(pick, day) for day in chosen]
            assert answer.status_code == 201 or any(in_the_way(way, one, has) for one in theirs for has in had)


def in_the_way(way: list[set[int]], one: tuple[int, Any], other: tuple[int, Any]) -> bool:
    return one[1] == other[1] and other[0] in way[one[0]]


def clashes(had: list[tuple[int, int]], way: list[set[int]]) -> bool:
    return any(in_the_way(way, one, other) for n, one in enumerate(had) for other in had[n + 1 :])


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_series_that_skip_share_every_period_out(arena: Arena, rounds: int):
    hall = await arena.hall()
    for _ in range(rounds):
        week = [next(days) for _ in range(8)]
        sent = []
        for number in range(16):
            chosen = sorted(random.sample(week, 5), reverse=number % 2 == 1)
            sent.append((chosen, wish(hall, *(hours(18, 20, day) for day in chosen), if_some_unavailable="skip")))
        answers = await arena.race([body for _, body in sent])
        had = [
            each["starts_at"]
            for answer in answers
            if answer.status_code == 201
            for each in answer.json()["occurrences"]
            if each["state"] == "confirmed"
        ]
        wanted = {day for chosen, _ in sent for day in chosen}
        assert (len(had), len(set(had))) == (len(wanted), len(wanted))


async def fragment(arena: Arena, tables: dict[str, Any], day: int) -> None:
    """Of eight units four are booked from 10 to 12 and the other four from 12 to 14: none is free throughout."""
    client = arena.groups[0]
    late = ok(await client.post("/bookings", wish(tables, hours(12, 14, day), units=4)), 201)
    first = set(late["occurrences"][0]["unit_numbers"])
    for _ in range(4):
        ok(await client.post("/bookings", wish(tables, hours(12, 14, day))), 201)
    ok(await client.cancel(late), 200)
    for _ in range(4):
        early = ok(await client.post("/bookings", wish(tables, hours(10, 12, day))), 201)
        assert set(early["occurrences"][0]["unit_numbers"]) < first


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_fragmented_units_are_seated_anew_under_contention(arena: Arena, rounds: int):
    tables = await arena.hall(kind="equipment", category="tables", units=8)
    for _ in range(rounds):
        day = next(days)
        await fragment(arena, tables, day)
        long = [wish(tables, hours(10, 14, day))] * 24
        beside = [wish(tables, hours(14, 16, day), units=3)] * 12
        together = [each for pair in zip(long, beside * 2, strict=True) for each in pair][:36]
        random.shuffle(together)
        answers = await arena.race(together)
        won = Counter(answer.json()["units"] for answer in answers if answer.status_code == 201)
        asked = Counter(each.get("units", 1) for each in together)
        assert won == {1: min(4, asked[1]), 3: min(2, asked[3])}


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_parts_added_while_the_whole_is_booked_are_booked_with_it(arena: Arena, rounds: int):
    for _ in range(rounds):
        site = await arena.world.site(arena.owner)
        hall = await arena.hall(site=site)
        inside = [await arena.hall(site=site) for _ in range(3)]
        evenings = [hours(18, 20) for _ in range(24)]

        owners = [Organisation(arena.servers[n % 2], arena.owner.body, arena.owner.token) for n in range(3)]
        changes = [
            partial(owner.patch, f"/assets/{part['id']}", {"part_of": hall["id"], "units": units})
            for owner, part, units in zip(owners, inside, (1, 2, 3), strict=True)
        ]
        answers, *changed = await asyncio.gather(
            arena.race([wish(hall, each) for each in evenings]), *(arena.persist(each) for each in changes)
        )
        assert statuses(answers) == {201: 24}
        assert [each.status_code for each in changed] == [200, 200, 200], [each.text for each in changed]
        refused = await arena.race([wish(part, each) for each in evenings[::6] for part in inside])
        assert statuses(refused) == {409: len(refused)}


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_a_part_added_while_both_are_booked_never_makes_two_of_one_place(arena: Arena, rounds: int):
    """Either it becomes a part and one of the two has the evening, or both have it and it becomes none."""
    for _ in range(rounds):
        site = await arena.world.site(arena.owner)
        hall, room = await arena.hall(site=site), await arena.hall(site=site)
        evening = hours(18, 20)
        change, answers = await asyncio.gather(
            arena.persist(partial(arena.owner.patch, f"/assets/{room['id']}", {"part_of": hall["id"]})),
            arena.race([wish(each, evening) for each in (hall, room) * 4]),
        )
        won = Counter(answer.json()["asset"]["id"] for answer in answers if answer.status_code == 201)
        assert change.status_code in {200, 409}, change.text
        assert won in ([{hall["id"]: 1}, {room["id"]: 1}] if change.status_code == 200 else [dict.fromkeys(won, 1)])
        assert change.status_code == 200 or len(won) == 2


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_a_part_that_grows_shrinks_and_comes_and_goes_is_always_booked_with_its_whole(arena: Arena, rounds: int):
    for _ in range(rounds):
        site = await arena.world.site(arena.owner)
        hall = await arena.hall(site=site)
        part = await arena.hall(site=site, part_of=hall["id"])
        owners = [Organisation(server, arena.owner.body, arena.owner.token) for server in arena.servers]
        changes: list[dict[str, Any]] = [{"units": 3}, {"part_of": None}, {"units": 2}, {"part_of": hall["id"]}]
        evenings = [hours(18, 20) for _ in range(12)]
        wishes = [wish(hall if n % 3 else part, evenings[n // 3 * 2 % 12]) for n in range(36)]
        answers, *changed = await asyncio.gather(
            arena.race(wishes),
            *(
                arena.persist(partial(owners[n % 2].patch, f"/assets/{part['id']}", change))
                for n, change in enumerate(changes * 2)
            ),
        )
        assert {each.status_code for each in changed} <= {200, 409}, [each.text for each in changed]
        assert 201 in statuses(answers)
        await arena.check()


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_lapsed_holds_that_many_sweep_at_once_are_in_nobodys_way(arena: Arena, rounds: int):
    """A series held on the whole has lapsed; those who want its rooms find it on each of them."""
    assets, way = await three_levels(arena)
    for _ in range(rounds):
        evenings = [hours(18, 20) for _ in range(3)]
        held = await arena.booked(arena.groups[0], assets[0], *evenings, hold=True)
        await arena.lapsing(held)
        picks = [(random.randrange(7), random.choice(evenings)) for _ in range(32)]
        answers = await arena.race([wish(assets[pick], evening) for pick, evening in picks])
        won = [each for each, answer in zip(picks, answers, strict=True) if answer.status_code == 201]
        assert {evening for _, evening in won} == {evening for _, evening in picks}
        for one, answer in zip(picks, answers, strict=True):
            assert answer.status_code == 201 or any(in_the_way(way, one, other) for other in won)
        assert await arena.told(held) == ["created", "expired"]
        assert ok(await arena.groups[0].get(f"/bookings/{held['id']}"), 200)["outcomes"]["expired"] == 3


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_cancelling_and_booking_at_once_leaves_one_in_it(arena: Arena, rounds: int):
    hall = await arena.hall()
    for _ in range(rounds):
        evening = hours(18, 20)
        first = ok(await arena.groups[0].post("/bookings", wish(hall, evening)), 201)
        answers, *cancelled = await asyncio.gather(
            arena.race([wish(hall, evening)] * 16),
            *(arena.persist(partial(arena.groups[0].cancel, first)) for _ in range(3)),
        )
        assert sorted(each.status_code for each in cancelled) == [200, 409, 409]
        assert statuses(answers)[201] <= 1
        left = await arena.race([wish(hall, evening)])
        assert statuses([*answers, *left])[201] == 1


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_one_key_on_two_servers_books_once(arena: Arena, rounds: int):
    tables = await arena.hall(kind="equipment", category="tables", units=8)
    for _ in range(rounds):
        body, key = wish(tables, hours(18, 20)), {"Idempotency-Key": f"race {next(keys)}"}
        group = arena.groups[0]
        clients = [Organisation(arena.servers[number % 2], group.body, group.token) for number in range(16)]
        sends = [partial(one.post, "/bookings", body, headers=key) for one in clients]
        answers = await asyncio.gather(*(arena.persist(send) for send in sends))
        assert statuses(answers) == {201: 16}
        assert len({answer.content for answer in answers}) == 1
        assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 15
