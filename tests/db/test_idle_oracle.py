"""How much of the time of assets is open and used, by weekday and hour: the model counts the same, minute by minute."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from model import DAY, Asset, Booking, World, minute, open_and_used
from stored import NOW
from worlds import few, inserted, many, moments, worlds

import db.idle
from domain.hours import Hours

pytestmark = pytest.mark.anyio


@st.composite
def questions(draw):
    """A world, and a window of up to eight days: all the days it plays, or some of that time."""
    world, around = draw(worlds())
    before = datetime(around.year, around.month, around.day, tzinfo=UTC) - timedelta(days=1, minutes=13)
    since = draw(moments(around) | st.just(before))
    return world, since, since + timedelta(minutes=draw(st.integers(1, 8 * DAY) | st.just(8 * DAY)))


def by_hour(asset):
    return {(each.day, each.hour): (each.open_minutes, each.used_minutes) for each in asset.week}


async def agree_on_open_and_used(conn, world, since, until):
    """What is answered of each asset, once it is what the model counts."""
    async with inserted(conn, world) as owner_id:
        found = await db.idle.page(conn, owner_id, since, until, now=world.now, before=None, limit=100)
    shown = [each for each in world.assets if each.state in ("listed", "paused")]
    assert [each.asset.id for each in found] == sorted((each.id for each in shown), reverse=True)
    for each in found:
        hours = by_hour(each)
        assert hours == open_and_used(world, world.by_id[each.asset.id], minute(since), minute(until))
        assert [one.idle_minutes for one in each.week] == [opened - used for opened, used in hours.values()]
        assert min((one.idle_minutes for one in each.week), default=0) >= 0
        totals = [sum(pair[place] for pair in hours.values()) for place in (0, 1)]
        assert [each.open_minutes, each.used_minutes, each.idle_minutes] == [*totals, totals[0] - totals[1]]
    return found


@few
@given(drawn=questions())
async def test_each_hour_of_the_week_is_open_and_used_as_the_model_counts(conn, drawn):
    for each in await agree_on_open_and_used(conn, *drawn):
        event(f"used: {each.used_minutes > 0}, idle: {each.idle_minutes > 0}")


@pytest.mark.slow
@many
@given(drawn=questions())
async def test_the_same_in_many_more_worlds(conn, drawn):
    await agree_on_open_and_used(conn, *drawn)


# Cases ------------------------------------------------------------------------------------------------------------

HALL, HALF, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)
ALWAYS = Hours(always=True)


def at(month, day, hour=0, minutes=0):
    return datetime(2027, month, day, hour, minutes, tzinfo=UTC)


async def weeks(conn, world, since, until):
    """By asset, the hours of the week, the model agreeing."""
    return {each.asset.id: by_hour(each) for each in await agree_on_open_and_used(conn, world, since, until)}


async def test_across_clock_changes_minutes_are_elapsed_and_the_hour_is_the_walls(conn):
    """In London on 28 March the hour from 1 is missing, on 31 October it is there twice; it is booked once."""
    twice = (Booking(HALL, at(10, 31), at(10, 31, 1)), Booking(HALL, at(10, 31, 1, 15), at(10, 31, 1, 45)))
    world = World(NOW, (Asset(HALL, hours=ALWAYS),), bookings=twice)
    spring = (await weeks(conn, world, at(3, 28), at(3, 28, 3)))[HALL]
    assert spring == {("sun", 0): (60, 0), ("sun", 2): (60, 0), ("sun", 3): (60, 0)}
    autumn = (await weeks(conn, world, at(10, 30, 23), at(10, 31, 3)))[HALL]
    assert autumn == {("sun", 0): (60, 0), ("sun", 1): (120, 90), ("sun", 2): (60, 0)}


async def test_of_a_whole_use_of_its_parts_is_counted_once_and_of_a_part_that_of_the_whole(conn):
    hall, half = Asset(HALL, hours=ALWAYS), Asset(HALF, hours=ALWAYS, whole=HALL)
    chairs = Asset(OTHER, hours=ALWAYS, whole=HALL, units=3)
    bookings = (
        Booking(HALF, at(7, 5, 9), at(7, 5, 10)),
        Booking(OTHER, at(7, 5, 9, 30), at(7, 5, 10, 30), units=(1, 2)),
        Booking(HALL, at(7, 5, 10, 45), at(7, 5, 11), after=15),
    )
    world = World(at(7, 5, 9, 45), (hall, half, chairs), bookings=bookings)
    assert await weeks(conn, world, at(7, 5, 9), at(7, 5, 12)) == {
        HALL: {("mon", 10): (60, 60), ("mon", 11): (60, 45), ("mon", 12): (60, 15)},
        HALF: {("mon", 10): (60, 60), ("mon", 11): (60, 15), ("mon", 12): (60, 15)},
        OTHER: {("mon", 10): (180, 60), ("mon", 11): (180, 105), ("mon", 12): (180, 45)},
    }


async def test_what_is_over_counts_as_long_as_it_was_and_a_lapsed_hold_not_at_all(conn):
    now = at(7, 6)
    bookings = (
        Booking(HALL, at(7, 5, 9), at(7, 5, 10)),
        Booking(HALL, at(7, 5, 10), at(7, 5, 11), held_until=now),
        Booking(HALL, at(7, 5, 11), at(7, 5, 12), held_until=now + timedelta(minutes=1)),
    )
    world = World(now, (Asset(HALL, hours=ALWAYS),), bookings=bookings)
    found = (await weeks(conn, world, at(7, 5, 8), at(7, 5, 12)))[HALL]
    assert found == {("mon", 9): (60, 0), ("mon", 10): (60, 60), ("mon", 11): (60, 0), ("mon", 12): (60, 60)}


async def test_equal_hours_of_several_weeks_are_added_up(conn):
    asset = Asset(HALL, hours=ALWAYS, units=2)
    world = World(NOW, (asset,), bookings=(Booking(HALL, at(7, 12, 9), at(7, 12, 10), units=(1,)),))
    found = (await weeks(conn, world, at(7, 5), at(7, 26)))[HALL]
    assert (len(found), found["mon", 10], Counter(found.values())) == (168, (360, 60), {(360, 0): 167, (360, 60): 1})
