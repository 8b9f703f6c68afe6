"""Sixty-four clients at once, over different assets and two servers: no limit and no allowance is ever exceeded.

Each round has a day of its own, and a limit that counts it alone.
"""

import asyncio
import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from arena import Arena, Period, asks, does, hours, statuses, won
from calls import Organisation, ok

CLIENTS = 64
HALLS = 16
HOUR = 60
MINUTES = """
  SELECT coalesce(sum(extract(epoch FROM ends_at - starts_at) / 60 * units), 0)::int FROM occurrences
   WHERE owner_id = $1 AND booker_id = coalesce($2, booker_id) AND starts_at >= $3 AND starts_at < $4
     AND state IN ('held', 'pending', 'confirmed')
     AND (held_until IS NULL OR held_until > now())
"""
WAITING = "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted"

ROUNDS = pytest.mark.parametrize(
    "rounds", [pytest.param(3, id="3"), pytest.param(200, id="200", marks=pytest.mark.slow)]
)

pytestmark = pytest.mark.usefixtures("nobody_waits_in_a_circle")


async def limit(arena: Arena, **given: Any) -> dict[str, Any]:
    return ok(await arena.owner.post("/limits", {"counts": "minutes", **given}), 201)


async def lifted(arena: Arena, made: dict[str, Any]) -> None:
    ok(await arena.owner.delete(f"/limits/{made['id']}"), 204)


def season(day: Period) -> dict[str, str]:
    """The date of a day."""
    on = datetime.fromisoformat(day[0]).date().isoformat()
    return {"starts_on": on, "ends_on": on}


async def minutes(arena: Arena, who: Organisation | None, day: Period) -> int:
    """What somebody, or everybody, has on a day."""
    starts = datetime.fromisoformat(day[0]).replace(hour=0)
    booker = who.id if who else None
    found: int = await arena.direct.fetchval(MINUTES, arena.owner.id, booker, starts, starts + timedelta(days=1))
    return found


@ROUNDS
async def test_of_64_bookings_of_16_halls_as_many_are_had_as_the_limit_says(arena: Arena, rounds: int):
    halls = [await arena.hall(units=4) for _ in range(HALLS)]
    group = arena.groups[0]
    for _ in range(rounds):
        day = hours(10, 11)
        made = await limit(arena, most=10 * HOUR + 59, **season(day))
        answers = await arena.at_once(
            *(
                asks(arena.by(group, n), halls[n % HALLS], day, hold=n % 5 == 0 and n < 15, units=1)
                for n in range(CLIENTS)
            )
        )
        assert statuses(answers) == {201: 10, 409: CLIENTS - 10}
        assert await minutes(arena, group, day) == 10 * HOUR
        await lifted(arena, made)


@ROUNDS
async def test_of_64_bookings_as_many_are_open_as_the_limit_says(arena: Arena, rounds: int):
    halls = [await arena.hall(units=4) for _ in range(HALLS)]
    group = arena.groups[1]
    for _ in range(rounds):
        made = await limit(arena, counts="open_bookings", most=7, kinds=["group"])
        day = hours(10, 11)
        answers = await arena.at_once(
            *(asks(arena.by(group, n), halls[n % HALLS], day) for n in range(CLIENTS)),
        )
        assert statuses(answers) == {201: 7, 409: CLIENTS - 7}
        for each in answers:
            if each.is_success:
                ok(await group.cancel(each.json()), 200)
        await lifted(arena, made)


@ROUNDS
async def test_of_64_bookings_of_four_groups_as_many_are_had_as_the_allowance_says(arena: Arena, rounds: int):
    for _ in range(rounds):
        helpers = await arena.hall(units=64, terms={"allowance": {"minutes": 12 * HOUR, "every": "week"}})
        day = hours(10, 11)
        answers = await arena.at_once(*(asks(arena.somebody(n), helpers, day) for n in range(CLIENTS)))
        assert statuses(answers) == {201: 12, 409: CLIENTS - 12}


@ROUNDS
async def test_whatever_is_done_at_once_nobody_has_more_than_the_limit(arena: Arena, rounds: int):
    """Bookings, moves into the day, what is lengthened there, asked for again or given back, expired holds that are
    confirmed: at the end as much is had as the limit leaves, or less, never more.
    """
    halls = [await arena.hall(units=4) for _ in range(HALLS)]
    group, other = arena.groups[2], arena.groups[3]
    full = 0
    for _ in range(rounds):
        day, elsewhere = hours(10, 11), hours(10, 11)
        ok(await other.book(halls[0], day, units=4), 201)
        series = [
            ok(await group.book(halls[0], day, elsewhere, if_some_unavailable="skip"), 201),
            *[ok(await group.book(halls[n], elsewhere), 201) for n in range(1, 6)],
        ]
        held = [ok(await group.book(halls[n], day, hold=True), 201) for n in (6, 7)]
        for each in held:
            await arena.lapsing(each)
        kept = [ok(await group.book(halls[n], day), 201) for n in (8, 9)]
        [taken] = ok(await arena.owner.get("/bookings", asset_id=halls[0]["id"], booker_id=other.id), 200)["items"][:1]
        ok(await other.cancel(taken), 200)
        made = await limit(arena, most=5 * HOUR, **season(day))
        sends = [
            *(asks(arena.by(group, n), halls[10 + n % 6], day) for n in range(CLIENTS - 20)),
            *(
                does(arena.by(group, n), "move", each, {"all": True, "starts_at": day[0], "ends_at": day[1]})
                for n, each in enumerate(series[1:])
            ),
            *(does(arena.by(group, n), "confirm", each) for n, each in enumerate(held)),
            *(does(arena.by(group, n), "retry-skipped", series[0], {"all": True}) for n in range(2)),
            *(does(arena.by(group, n), "move", kept[0], {"all": True, "ends_at": later(day[1])}) for n in range(8)),
            does(arena.by(group, 1), "cancel", kept[1], {"all": True}),
        ]
        answers = await arena.at_once(*sends)
        had = await minutes(arena, group, day)
        assert had <= 5 * HOUR, statuses(answers)
        full += had == 5 * HOUR
        assert any(won(answers))
        await lifted(arena, made)
    assert full > 0


def later(instant: str) -> str:
    """Some quarters of an hour after it."""
    return (datetime.fromisoformat(instant) + timedelta(minutes=15 * random.randint(1, 4))).isoformat()


@ROUNDS
async def test_the_first_limit_of_an_owner_counts_for_those_who_had_found_none(arena: Arena, rounds: int):
    """They wait for their halls, each another one, which it has locked when it is made."""
    *halls, last = [await arena.hall() for _ in range(7)]
    group = arena.groups[0]
    for _ in range(rounds):
        day = hours(10, 11)
        async with arena.direct.transaction():
            await arena.direct.execute("SELECT FROM assets WHERE id = $1 FOR UPDATE", last["id"])
            made = asyncio.create_task(limit(arena, most=2 * HOUR, **season(day)))
            await waiting(arena, 1)
            asked = asyncio.gather(
                *(arena.persist(asks(arena.by(group, n), hall, day)) for n, hall in enumerate(halls))
            )
            await waiting(arena, 1 + len(halls))
        made_by_now = await made
        assert statuses(await asked) == {201: 2, 409: 4}
        await lifted(arena, made_by_now)


async def test_the_first_limit_of_an_owner_waits_for_who_is_about_to_have_a_place(arena: Arena):
    """They have tested already whether they may, and no limit; what they take counts once it is there."""
    hall, other = await arena.hall(), await arena.hall()
    group, day = arena.groups[1], hours(10, 11)
    in_the_way = arena.direct.transaction()
    await in_the_way.start()
    await arena.direct.execute(
        "INSERT INTO occupancies (owner_id, asset_id, unit, occupied) VALUES ($1, $2, 1, tstzrange($3, $4))",
        arena.owner.id,
        hall["id"],
        *map(datetime.fromisoformat, day),
    )
    asked = asyncio.create_task(asks(arena.by(group, 0), hall, day)())
    await waiting(arena, 1)
    made = asyncio.create_task(limit(arena, most=HOUR, **season(day)))
    done, _ = await asyncio.wait([made], timeout=0.5)
    await in_the_way.rollback()
    assert not done
    ok(await asked, 201)
    made_later = await made
    ok(await arena.by(group, 1).book(other, day), 409)
    await lifted(arena, made_later)


async def waiting(arena: Arena, many: int) -> None:
    """Until so many wait for locks."""
    async with asyncio.timeout(10):
        while await arena.direct.fetchval(WAITING) < many:
            await asyncio.sleep(0.01)
