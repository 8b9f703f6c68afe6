"""Opening hours: the SQL and the model agree, minute by minute, in hundreds of worlds."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from model import DAY, World, is_open, minute, moment, open_minutes, runs, shut_minutes
from worlds import DAYS_PLAYED, SCENES, assets, closures, few, inserted, many, moments, periods

pytestmark = pytest.mark.anyio

OPENED = """
  SELECT lower(h) AS starts, upper(h) AS ends
    FROM assets a, rules.opened(a.owner_id, a.timetable_id, a.timezone, $2, $3) o, unnest(o.hours) h
   WHERE a.id = $1 ORDER BY 1
"""
OPEN_HOURS = """
  SELECT lower(h) AS starts, upper(h) AS ends
    FROM assets a, rules.open_hours(a, $2, $3) o, unnest(o.hours) h WHERE a.id = $1 ORDER BY 1
"""
OPEN_THROUGHOUT = """
  SELECT o.open
    FROM assets a, unnest($2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY p (starts, ends, n),
         rules.open_throughout(a, p.starts, p.ends) o
   WHERE a.id = $1 ORDER BY p.n
"""


@st.composite
def openings(draw):
    """One asset and its closures, a window, and periods to ask for."""
    scene = draw(st.sampled_from(SCENES))
    asset = draw(assets(scene))
    world = World(draw(moments(scene[1])), (asset,), draw(closures((asset,), scene[1])))
    since = draw(moments(scene[1]))
    until = since + timedelta(minutes=draw(st.integers(1, DAY * DAYS_PLAYED)))
    edges = [each for run in runs(open_minutes(asset, minute(since), minute(until))) for each in run]
    exactly = [(moment(start), moment(end)) for start in edges for end in edges if start < end]
    asked = draw(st.lists(periods(scene[1]), min_size=1, max_size=10)) + exactly[:10]
    return world, (since, until), asked


async def agree_on_hours(conn, world, window, asked):
    [asset] = world.assets
    since, until = map(minute, window)
    hours = open_minutes(asset, since, until)
    async with inserted(conn, world):
        opened = await spans(conn, OPENED, asset, window)
        not_shut = await spans(conn, OPEN_HOURS, asset, window)
        throughout = await conn.fetch(OPEN_THROUGHOUT, asset.id, *map(list, zip(*asked, strict=True)))
    within = {each for start, end in opened for each in range(max(start, since), min(end, until))}
    assert runs(within) == runs(hours)
    assert not_shut == runs(hours - shut_minutes(world, asset))
    assert [row["open"] for row in throughout] == [is_open(world, asset, *map(minute, period)) for period in asked]


async def spans(conn, statement, asset, window):
    rows = await conn.fetch(statement, asset.id, *window)
    return [(minute(row["starts"]), minute(row["ends"])) for row in rows]


@few
@given(drawn=openings())
async def test_what_is_open_is_what_people_wrote_turned_into_instants(conn, drawn):
    await agree_on_hours(conn, *drawn)


@pytest.mark.slow
@many
@given(drawn=openings())
async def test_what_is_open_is_what_people_wrote_turned_into_instants_in_many_more_worlds(conn, drawn):
    await agree_on_hours(conn, *drawn)
