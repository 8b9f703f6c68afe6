"""What can be booked: the SQL and the model give the same reasons and the same free periods in hundreds of worlds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from model import DAY, Asset, Booking, Closure, World, free_periods, minute, moment, units_free, why_not
from stored import NOW
from worlds import DAYS_PLAYED, bookers, few, insert_booker, inserted, many, minutes_played, moments, nearby, worlds

from domain.hours import Hours

pytestmark = pytest.mark.anyio

WHY_NOT = """
  SELECT coalesce(w.codes, '{}') AS codes, f.units_free, t.taken
    FROM assets a,
         unnest($2::timestamptz[], $3::timestamptz[], $4::int[], $5::int[]) WITH ORDINALITY
           p (starts, ends, units, attendees, n),
         rules.units_free(a, rules.span(a, p.starts, p.ends), $7) f,
         rules.surely_taken(a, rules.span(a, p.starts, p.ends), p.units, $7) t,
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
    """For each asset the reasons and free units of each period asked for, whether it is surely taken, and its free
    periods.
    """
    periods, units, attendees = zip(*asked, strict=True)
    starts, ends = zip(*periods, strict=True)
    found = []
    for asset in world.assets:
        rows = await conn.fetch(WHY_NOT, asset.id, starts, ends, units, attendees, booker_id, world.now)
        free = {count: await conn.fetch(FREE, asset.id, *window, count, world.now) for count in (1, 2)}
        found.append(
            (
                [(sorted(set(row["codes"])), row["units_free"], row["taken"]) for row in rows],
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
                    surely_taken(world, asset, minute(starts), minute(ends), units),
                )
                for (starts, ends), units, attendees in asked
            ],
            {count: free_periods(world, asset, since, until, count) for count in (1, 2)},
        )
        for asset in world.assets
    ]


def surely_taken(world, asset, starts, ends, units):
    """What search asks first: of a single unit whether the asset itself, or a whole around it, is booked."""
    wholes = world.wholes(asset)
    booked = tuple(each for each in world.bookings if world.by_id[each.asset] in wholes)
    alone = replace(world, assets=tuple(wholes), bookings=booked)
    return units_free(alone, asset, starts, ends) < (1 if asset.units == 1 else units)


@few
@given(drawn=questions())
async def test_reasons_and_free_periods_are_the_models_and_lapsed_holds_change_none(conn, drawn):
    await agree_on_what_can_be_booked(conn, *drawn)


@pytest.mark.slow
@many
@given(drawn=questions())
async def test_reasons_and_free_periods_are_the_models_in_many_more_worlds(conn, drawn):
    await agree_on_what_can_be_booked(conn, *drawn)


# Cases ------------------------------------------------------------------------------------------------------------

HALL, HALF, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)
ALWAYS = Hours(always=True)


def july(hour, minutes=0):
    return datetime(2027, 7, 5, hour, minutes, tzinfo=UTC)


async def answers(conn, world, asset_id, asked, units=1):
    """The codes that the SQL gives for each period, the model agreeing."""
    async with inserted(conn, world):
        starts, ends = zip(*asked, strict=True)
        counts = [units] * len(asked)
        rows = await conn.fetch(WHY_NOT, asset_id, starts, ends, counts, [None] * len(asked), None, world.now)
    asset = world.by_id[asset_id]
    found = [set(row["codes"]) for row in rows]
    assert found == [why_not(world, asset, *map(minute, period), units, None, None) for period in asked]
    return [codes == set() for codes in found]


async def free(conn, world, asset_id, units=1):
    """The free periods of a morning, in hours, the model agreeing."""
    async with inserted(conn, world):
        rows = await conn.fetch(FREE, asset_id, july(5), july(19), units, world.now)
    found = [(minute(starts), minute(ends), left) for starts, ends, left in rows]
    assert found == free_periods(world, world.by_id[asset_id], minute(july(5)), minute(july(19)), units)
    return [(starts, ends) for starts, ends, _ in rows]


async def test_neighbours_touch_without_colliding(conn):
    """Case c13."""
    world = World(NOW, (Asset(HALL, hours=ALWAYS, step=1),), bookings=(Booking(HALL, july(9), july(13)),))
    asked = [(july(13), july(17)), (july(7), july(9)), (july(12, 59), july(14))]
    assert await answers(conn, world, HALL, asked) == [True, True, False]
    assert await free(conn, world, HALL) == [(july(5), july(9)), (july(13), july(19))]


async def test_turnaround_counts_before_and_after_once_each(conn):
    """Case c14, and the same limits in the other order."""
    asset = Asset(HALL, hours=ALWAYS, step=1, before=30, after=15)
    world = World(NOW, (asset,), bookings=(Booking(HALL, july(11), july(12), before=30, after=15),))
    after = [(july(12, minutes), july(14)) for minutes in (30, 44, 45)]
    before = [(july(9), july(10, minutes)) for minutes in (16, 15)]
    assert await answers(conn, world, HALL, after + before) == [False, False, True, False, True]
    assert await free(conn, world, HALL) == [(july(5), july(10, 15)), (july(12, 45), july(19))]


async def test_two_units_with_staggered_bookings(conn):
    """Case c15."""
    staggered = (Booking(HALL, july(9), july(11), units=(1,)), Booking(HALL, july(10), july(12), units=(2,)))
    world = World(NOW, (Asset(HALL, hours=ALWAYS, units=2),), bookings=staggered)
    asked = [(july(10, 30), july(12, 30)), (july(11), july(13)), (july(12), july(13))]
    assert await answers(conn, world, HALL, asked) == [False, True, True]
    assert await answers(conn, world, HALL, asked, units=2) == [False, False, True]
    assert await free(conn, world, HALL) == [(july(5), july(10)), (july(11), july(19))]
    assert await free(conn, world, HALL, units=2) == [(july(5), july(9)), (july(12), july(19))]


async def test_a_hall_and_its_half_exclude_each_other_and_two_halves_do_not(conn):
    """Case c16, the half's turnaround included."""
    hall = Asset(HALL, hours=ALWAYS)
    halves = (Asset(HALF, hours=ALWAYS, whole=HALL, after=60), Asset(OTHER, hours=ALWAYS, whole=HALL))
    evening = (july(16), july(18))
    with_the_half = World(NOW, (hall, *halves), bookings=(Booking(HALF, *evening, after=60),))
    assert await answers(conn, with_the_half, HALL, [evening, (july(18, 30), july(20)), (july(19), july(20))]) == [
        False,
        False,
        True,
    ]
    assert await answers(conn, with_the_half, OTHER, [evening]) == [True]
    with_the_hall = World(NOW, (hall, *halves), bookings=(Booking(HALL, *evening),))
    assert await answers(conn, with_the_hall, HALF, [evening]) == [False]
    assert await answers(conn, with_the_hall, OTHER, [evening]) == [False]


async def test_a_unit_that_was_in_use_just_now_has_had_no_turnaround(conn):
    """One unit was in use until ten minutes ago, the other is since eight: neither was empty for the quarter of an
    hour before the period, though at no moment were both in use, and neither can be moved any more.
    """
    just_now = (
        Booking(HALL, july(8, 30), july(8, 50), units=(1,)),
        Booking(HALL, july(8, 52), july(9, 5), units=(2,)),
    )
    world = World(july(9), (Asset(HALL, hours=ALWAYS, units=2, step=1, before=30),), bookings=just_now)
    asked = [(july(9, 15), july(11)), (july(9, 19), july(11)), (july(9, 20), july(11))]
    assert await answers(conn, world, HALL, asked) == [False, False, True]
    assert await free(conn, world, HALL) == [(july(9, 20), july(19))]


@pytest.mark.parametrize("shut", [HALL, HALF, OTHER, None])
async def test_a_closure_closes_wholes_and_parts_too_but_not_the_other_half(conn, shut):
    hall = Asset(HALL, hours=ALWAYS)
    halves = (Asset(HALF, hours=ALWAYS, whole=HALL), Asset(OTHER, hours=ALWAYS, whole=HALL))
    noon = (july(12), july(13))
    world = World(NOW, (hall, *halves), closures=(Closure(shut, *noon),))
    closed = {HALL: {HALL, HALF, OTHER}, HALF: {HALL, HALF}, OTHER: {HALL, OTHER}, None: {HALL, HALF, OTHER}}[shut]
    for asset in (HALL, HALF, OTHER):
        assert await answers(conn, world, asset, [noon]) == [asset not in closed]
        whole, cut = [(july(5), july(19))], [(july(5), july(12)), (july(13), july(19))]
        assert await free(conn, world, asset) == (cut if asset in closed else whole)


async def test_where_only_whole_days_are_let_a_day_of_23_hours_with_a_little_more_is_offered(conn):
    clocks_go_forward = datetime(2027, 3, 28, tzinfo=UTC)
    since, until = clocks_go_forward - timedelta(minutes=15), clocks_go_forward + timedelta(hours=23)
    world = World(NOW, (Asset(HALL, hours=ALWAYS, shortest=DAY),))
    async with inserted(conn, world):
        offered = await conn.fetch(FREE, HALL, since, until, 1, NOW)
        too_late = await conn.fetch(FREE, HALL, clocks_go_forward + timedelta(minutes=1), until, 1, NOW)
    assert ([tuple(row) for row in offered], too_late) == ([(since, until, 1)], [])
    assert await answers(conn, world, HALL, [(clocks_go_forward, until)]) == [True]
