"""When a booking can start: `starts` answers exactly the minutes that every rule lets through, the model agreeing."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model import DAY, Asset, Booking, World, minute, units_free, why_not
from stored import NOW
from worlds import bookers, insert_booker, inserted, many, moments, plain, usual_lengths, worlds

import db.explain
import db.starts
from domain.hours import DAYS, Hours
from domain.time import Period

pytestmark = pytest.mark.anyio
fewer = settings(plain, max_examples=50)

# Whole minutes only, as everything in a world happens on them. That nobody said how many come is not tested.
LET_THROUGH = """
  SELECT p.starts, p.ends, f.units_free
    FROM assets a,
         generate_series($2::timestamptz, $3::timestamptz - interval '1 minute', '1 minute') starts,
         LATERAL (SELECT starts, starts + make_interval(mins => $4)) p (starts, ends),
         rules.units_free(a, rules.span(a, p.starts, p.ends), $7) f
   WHERE a.id = $1
     AND NOT EXISTS (SELECT FROM rules.checks(a, p.starts, p.ends, $5, NULL, $6, $7) k
                      WHERE NOT k.passed AND k.code <> 'too_few_attendees')
   ORDER BY 1
"""
STARTS = "SELECT s.* FROM assets a, rules.starts(a, $2, $3, $4, $5, $6, $7) s WHERE a.id = $1 ORDER BY 1"


@st.composite
def wishes(draw):
    """A world, who asks, a window of some hours, a length, how many units, and how many people come."""
    world, around = draw(worlds())
    since = draw(moments(around) | st.just(world.now - timedelta(minutes=30)))
    until = since + timedelta(minutes=draw(st.sampled_from([1, 90, 180, 300])))
    length = draw(usual_lengths | st.integers(1, 200))
    units = draw(st.sampled_from([1, 1, 1, 2, 3]))
    return world, draw(bookers(around)), (since, until), length, units, draw(st.none() | st.integers(1, 30))


async def agree_on_starts(conn, world, booker, window, length, units, attendees):
    async with inserted(conn, world):
        booker_id = await insert_booker(conn, booker)
        for asset in world.assets:
            asked = (asset.id, *window, length, units, booker_id, world.now)
            found = [tuple(row) for row in await conn.fetch(STARTS, *asked)]
            assert found == [tuple(row) for row in await conn.fetch(LET_THROUGH, *asked)]
            known = {starts: left for starts, _, left in found}
            for each in (window[0], *list(known)[:2], *list(known)[-1:]):
                begins, ends = minute(each), minute(each) + length
                broken = why_not(world, asset, begins, ends, units, None, booker) - {"too_few_attendees"}
                assert (each in known) == (broken == set())
                assert known.get(each, 0) == (0 if broken else units_free(world, asset, begins, ends))
            await agree_on_the_explanation(conn, world, asset, booker, booker_id, (window[0], length, units, attendees))


async def agree_on_the_explanation(conn, world, asset, booker, booker_id, wish):
    """The model's reasons; and periods that would work do, are others, and are as near as any start."""
    starts, length, units, attendees = wish
    period = Period(starts, starts + timedelta(minutes=length))
    given = {"units": units, "attendees": attendees, "organisation_id": booker_id, "now": world.now}
    found = await db.explain.load(conn, asset.id, period, **given)
    if asset.state == "draft":
        assert found is None
        return
    said = found.answer
    expected = why_not(world, asset, minute(starts), minute(starts) + length, units, attendees, booker)
    assert {each.code for each in said.checks if not each.passed} == expected
    assert said.bookable == (expected == set())
    near = [(each.starts_at, each.ends_at) for each in said.would_work]
    assert len(near) <= (0 if said.bookable else 4)
    assert len(set(near)) == len(near)
    for begins, ends in near:
        assert why_not(world, asset, minute(begins), minute(ends), units, attendees, booker) == set()
    if near or said.bookable or not any(each in expected for each in ("closed", "taken")):
        return
    await nothing_near(conn, asset, period, given)


async def nothing_near(conn, asset, period, given):
    """Where nothing near would work, no start within a day is answered for this length and so many people."""
    day = timedelta(days=1)
    found = await db.starts.load(
        conn,
        asset.id,
        starts_at=period.starts_at - day,
        ends_at=period.starts_at + day,
        minutes=int((period.ends_at - period.starts_at).total_seconds()) // 60,
        units=given["units"],
        organisation_id=given["organisation_id"],
        now=given["now"],
    )
    fits = asset.capacity is None or (given["attendees"] or 0) <= asset.capacity * given["units"]
    enough = asset.min_attendees is None or (given["attendees"] or 0) >= asset.min_attendees
    assert not (fits and enough and [one for one in found.answer.items if one.starts_at != period.starts_at])


@fewer
@given(drawn=wishes())
async def test_starts_are_all_that_the_rules_let_through_and_only_those(conn, drawn):
    await agree_on_starts(conn, *drawn)


@pytest.mark.slow
@many
@given(drawn=wishes())
async def test_starts_are_all_that_the_rules_let_through_in_many_more_worlds(conn, drawn):
    await agree_on_starts(conn, *drawn)


@plain
@given(
    numbers=st.lists(st.integers(0, 9), max_size=12),
    ends=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=12),
)
async def test_the_most_in_windows_that_move_on(conn, numbers, ends):
    ones = sorted(min(one, len(numbers)) for one, _ in ends)
    others = sorted(min(other, len(numbers)) for _, other in ends)
    found = await conn.fetchval("SELECT rules.most($1, $2, $3)", numbers, ones, others)
    assert found == [max(numbers[max(one, 1) - 1 : other], default=0) for one, other in zip(ones, others, strict=True)]


# Cases ------------------------------------------------------------------------------------------------------------

HALL = UUID(int=1)
ALWAYS = Hours(always=True)


async def starts(conn, world, since, until, minutes, units=1):
    async with inserted(conn, world):
        rows = await conn.fetch(STARTS, HALL, since, until, minutes, units, None, world.now)
    return [(row["starts_at"], row["units_free"]) for row in rows]


async def test_an_hour_that_occurs_twice_has_its_steps_twice(conn):
    world = World(NOW, (Asset(HALL, hours=ALWAYS, step=30),))
    since = datetime(2027, 10, 31, 0, tzinfo=UTC)
    found = await starts(conn, world, since, since + timedelta(hours=2), 60)
    assert found == [(since + timedelta(minutes=30 * n), 1) for n in range(4)]


async def test_steps_moved_out_of_a_gap_are_starts_too(conn):
    """In Berlin, steps of two hours: 02:00 does not exist and is read as 03:00, an hour before 04:00."""
    world = World(NOW, (Asset(HALL, hours=ALWAYS, step=120, zone="Europe/Berlin"),))
    midnight = datetime(2027, 3, 27, 23, tzinfo=UTC)
    after = midnight + timedelta(hours=5)
    assert await starts(conn, world, midnight, after, 120) == [(midnight, 1), (midnight + timedelta(hours=3), 1)]
    assert await starts(conn, world, midnight, after, 60) == [(midnight + timedelta(hours=2), 1)]


async def test_the_units_of_a_start_are_the_least_within_its_own_span(conn):
    nine = datetime(2027, 7, 5, 9, tzinfo=UTC)
    hour = timedelta(hours=1)
    staggered = (
        Booking(HALL, nine, nine + 2 * hour, units=(1,)),
        Booking(HALL, nine + hour, nine + 3 * hour, units=(2,)),
    )
    world = World(NOW, (Asset(HALL, hours=ALWAYS, units=3, step=60),), bookings=staggered)
    assert await starts(conn, world, nine - hour, nine + 4 * hour, 60) == [
        (nine - hour, 3),
        (nine, 2),
        (nine + hour, 1),
        (nine + 2 * hour, 2),
        (nine + 3 * hour, 3),
    ]
    assert await starts(conn, world, nine, nine + 2 * hour, 60, units=2) == [(nine, 2)]


async def test_a_year_of_full_days_in_seasons_is_open_throughout(conn):
    world = World(NOW, (Asset(HALL, hours=two_full_years(), longest=366 * DAY),))
    assert await starts(conn, world, NOW, NOW + timedelta(minutes=15), 365 * DAY) == [(NOW, 1)]


def two_full_years():
    full = [{"day": day, "opens": "00:00", "closes": "24:00"} for day in DAYS]
    dates = [("2027-01-01", "2027-12-31"), ("2028-01-01", "2028-12-31")]
    return msgspec.convert({"seasons": [{"starts_on": a, "ends_on": b, "hours": full} for a, b in dates]}, Hours)
