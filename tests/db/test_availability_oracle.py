"""What can be booked: the SQL and the model give the same reasons and the same free periods in hundreds of worlds."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from model import DAY, free_periods, minute, moment, units_free, why_not
from worlds import DAYS_PLAYED, bookers, few, insert_booker, inserted, many, minutes_played, moments, nearby, worlds

pytestmark = pytest.mark.anyio

WHY_NOT = """
  SELECT coalesce(w.codes, '{}') AS codes, f.units_free
    FROM assets a,
         unnest($2::timestamptz[], $3::timestamptz[], $4::int[], $5::int[]) WITH ORDINALITY
           p (starts, ends, units, attendees, n),
         rules.units_free(a, rules.span(a, p.starts, p.ends), $7) f,
         LATERAL (SELECT array_agg(k.code) AS codes
                    FROM rules.why_not(a, p.starts, p.ends, p.units, p.attendees, $6, $7) k) w
   WHERE a.id = $1 ORDER BY p.n
"""
FREE = """
  SELECT f.starts_at, f.ends_at, f.units_free
    FROM assets a, rules.free_periods(a, $2, $3, $4, $5) f WHERE a.id = $1 ORDER BY 1
"""
SWEEP = "DELETE FROM occupancies WHERE held_until <= $1"


@st.composite
def questions(draw):
    """A world, who asks, the periods they ask for and the window that they look at."""
    world, around = draw(worlds())
    attendees = st.none() | st.none() | st.integers(1, 40)
    free = [
        (moment(starts), moment(ends))
        for asset in world.assets
        for starts, ends, _ in free_periods(world, asset, *minutes_played(around), 1)
    ]
    when = st.one_of(
        nearby(world, around), nearby(world, around), st.sampled_from(free) if free else nearby(world, around)
    )
    asked = st.tuples(when, st.sampled_from([1, 1, 1, 1, 2, 3]), attendees)
    since = draw(moments(around))
    until = since + timedelta(minutes=draw(st.integers(1, DAY * DAYS_PLAYED)))
    return world, draw(bookers(around)), draw(st.lists(asked, min_size=1, max_size=8)), (since, until)


async def agree_on_what_can_be_booked(conn, world, booker, asked, window):
    async with inserted(conn, world):
        booker_id = await insert_booker(conn, booker)
        answers = await everything(conn, world, booker_id, asked, window)
        await conn.execute(SWEEP, world.now)
        swept = await everything(conn, world, booker_id, asked, window)
    assert answers == expected(world, booker, asked, window)
    assert swept == answers


async def everything(conn, world, booker_id, asked, window):
    """For each asset the reasons and free units of each period asked for, and its free periods."""
    periods, units, attendees = zip(*asked, strict=True)
    starts, ends = zip(*periods, strict=True)
    found = []
    for asset in world.assets:
        rows = await conn.fetch(WHY_NOT, asset.id, starts, ends, units, attendees, booker_id, world.now)
        free = {count: await conn.fetch(FREE, asset.id, *window, count, world.now) for count in (1, 2)}
        found.append(
            (
                [(sorted(set(row["codes"])), row["units_free"]) for row in rows],
                {
                    count: [(minute(one), minute(other), left) for one, other, left in rows]
                    for count, rows in free.items()
                },
            )
        )
    return found


def expected(world, booker, asked, window):
    since, until = map(minute, window)
    return [
        (
            [
                (
                    sorted(why_not(world, asset, minute(starts), minute(ends), units, attendees, booker)),
                    units_free(world, asset, minute(starts), minute(ends)),
                )
                for (starts, ends), units, attendees in asked
            ],
            {count: free_periods(world, asset, since, until, count) for count in (1, 2)},
        )
        for asset in world.assets
    ]


@few
@given(drawn=questions())
async def test_reasons_and_free_periods_are_the_models_and_lapsed_holds_change_none(conn, drawn):
    await agree_on_what_can_be_booked(conn, *drawn)


@pytest.mark.slow
@many
@given(drawn=questions())
async def test_reasons_and_free_periods_are_the_models_in_many_more_worlds(conn, drawn):
    await agree_on_what_can_be_booked(conn, *drawn)
