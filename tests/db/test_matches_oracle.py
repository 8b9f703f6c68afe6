"""What an asset meets of a need: the first periods in its windows that every rule lets through, the model agreeing."""

import dataclasses
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from model import DAY, Booker, minute, wall, why_not
from msgspec.structs import replace
from stored import NOW
from uuid_utils.compat import uuid7
from worlds import PAPERS, bookers, insert_booker, inserted, many, moments, one_in, openings, plain, worlds

import db.idle
import db.matches
import db.needs
import domain.needs
from domain.hours import DAYS
from domain.needs import NeedRequest, Pattern, Planned, Window
from domain.places import Point
from domain.requests import PeriodRequest

pytestmark = pytest.mark.anyio
fewer = settings(plain, max_examples=50)
LATER = datetime(2100, 1, 1, tzinfo=UTC)

MET = """
  SELECT m.number, m.starts_at, m.ends_at FROM assets a, needs n, rules.suits(a, n, 0, $4) s, rules.met(a, n, $3, $4) m
   WHERE a.id = $1 AND n.id = $2 AND s.suits ORDER BY m.starts_at
"""
WINDOWS = """
  SELECT w.number, lower(w.during), upper(w.during) FROM needs n, rules.windows(n, $2) w WHERE n.id = $1 ORDER BY 2, 1
"""
# Whole minutes only, as everything in a world happens on them.
LET_THROUGH = """
  SELECT starts
    FROM assets a,
         generate_series($2::timestamptz, $3::timestamptz - make_interval(mins => $4), '1 minute') starts
   WHERE a.id = $1
     AND NOT EXISTS (SELECT FROM rules.checks(a, starts, starts + make_interval(mins => $4), $5, $6, $7, $8) k
                      WHERE NOT k.passed)
   ORDER BY 1
"""


wide = st.sampled_from([("00:00", "24:00"), ("06:00", "20:00"), ("12:00", "04:00"), ("18:00", "22:00")])


@st.composite
def patterns(draw, around):
    """Once in each of one to three weeks, on some days around the date that matters."""
    chosen = st.builds(lambda day, pair: Window(*pair, day=day), st.sampled_from(DAYS), wide | wide | openings)
    return Pattern(
        starts_on=around - timedelta(days=draw(st.sampled_from([0, 1, 4, 6, 7, 8]))),
        weeks=draw(st.integers(1, 3)),
        every_weeks=draw(st.sampled_from([1, 1, 2])),
        windows=draw(st.lists(chosen, min_size=2, max_size=5)),
    )


@st.composite
def several(draw, around):
    """Up to nine periods that do not overlap, some of them side by side, none longer than ten hours."""
    edges = sorted(draw(st.lists(moments(around), min_size=3, max_size=10, unique=True)))
    longest = timedelta(hours=10)
    return [PeriodRequest(starts, min(ends, starts + longest)) for starts, ends in pairwise(edges)]


@st.composite
def needs(draw, around: date):
    """Something to look for in those days: mostly little, so that much of it is there."""
    by_pattern = draw(one_in(3))
    return NeedRequest(
        category="hall",
        attendees=draw(st.sampled_from([None, None, None, 5, 25])),
        units=draw(st.sampled_from([1, 1, 1, 2])),
        point=Point((0.0, 0.0)),
        pattern=draw(patterns(around)) if by_pattern else None,
        periods=None if by_pattern else draw(several(around)),
        minutes=draw(st.sampled_from([15, 15, 30, 30, 60, 60, 90, 120, 1440, None]) | st.integers(1, 200)),
        until=LATER,
    )


@st.composite
def wishes(draw):
    world, around = draw(worlds())
    request = draw(needs(around))
    besides = draw(st.just([]) | st.lists(st.integers(1, request.occurrences), max_size=2))
    return world, draw(bookers(around)) or Booker(), request, besides


@st.composite
def easy_wishes(draw):
    """The same of somebody who may book, for whom half an hour once is enough, before any of it is over."""
    world, _, request, _ = draw(wishes())
    world = dataclasses.replace(world, now=world.now - timedelta(days=5))
    return world, Booker(holds=tuple((paper, None) for paper in PAPERS)), replace(request, at_least=1, minutes=30)


async def insert_need(conn, owner_id, request, now=NOW):
    need_id = uuid7()
    openings_ = domain.needs.openings(request.pattern) if request.pattern else "{}"
    planned = Planned(request=request, point=request.point, shown=request.point, precision="point", openings=openings_)
    await db.needs.insert(conn, need_id, owner_id, planned, now)
    return need_id


async def agree_on_what_is_met(conn, world, booker, request, besides):
    async with inserted(conn, world):
        booker_id = await insert_booker(conn, booker)
        need_id = await insert_need(conn, booker_id, request)
        for asset in world.assets:
            found = [tuple(row) for row in await conn.fetch(MET, asset.id, need_id, besides, world.now)]
            event(f"met {len(found)} of {request.occurrences - len(set(besides))}")
            assert found == await first_of_each(conn, world, asset, booker_id, request, besides)
            for _, starts, ends in found:
                spans = (minute(starts), minute(ends))
                assert why_not(world, asset, *spans, request.units, request.attendees, booker) == set()


async def first_of_each(conn, world, asset, booker_id, request, besides):
    """For each occurrence in turn the first minute in its windows that is let through and keeps clear of the last."""
    found = {}
    clear = None
    for number, window in sorted(
        domain.needs.windows(request, ZoneInfo(asset.zone)), key=lambda pair: (pair[1], pair[0])
    ):
        if number in found or number in besides:
            continue
        span = (window.ends_at - window.starts_at) // timedelta(minutes=1)
        length = request.minutes or span
        asked = (window.starts_at, window.ends_at, length)
        rest = (request.units, request.attendees, booker_id, world.now)
        for (starts,) in await conn.fetch(LET_THROUGH, asset.id, *asked, *rest):
            if clear is None or starts >= clear:
                ends = starts + timedelta(minutes=length)
                found[number] = (number, starts, ends)
                clear = ends + timedelta(minutes=asset.before + asset.after)
                break
    return list(found.values())


@fewer
@given(drawn=wishes())
async def test_each_occurrence_is_met_by_the_first_period_that_the_rules_let_through(conn, drawn):
    await agree_on_what_is_met(conn, *drawn)


@pytest.mark.slow
@many
@given(drawn=wishes())
async def test_the_same_in_many_more_worlds(conn, drawn):
    await agree_on_what_is_met(conn, *drawn)


@fewer
@given(drawn=wishes())
async def test_an_asset_finds_exactly_the_needs_that_find_it(conn, drawn):
    world, booker, request, _ = drawn
    async with inserted(conn, world) as owner_id:
        booker_id = await insert_booker(conn, booker)
        need_id = await insert_need(conn, booker_id, request, now=world.now)
        forward = await db.matches.find(conn, need_id, booker_id, world.now)
        found = {each.id: each.occurrences for each in forward.found}
        for asset in world.assets:
            _, met = await db.matches.unrecorded(conn, asset.id, owner_id, world.now, after=None, limit=10)
            expected = [found[asset.id]] if asset.id in found else []
            assert [each.occurrences for each in met] == expected
        event(f"{len(found)} of {len(world.assets)} found")


@fewer
@given(drawn=easy_wishes(), later=st.integers(-60, 300), length=st.sampled_from([90, 600, 3 * DAY, 8 * DAY]))
async def test_idle_hours_could_meet_what_the_asset_meets_then(conn, drawn, later, length):
    """A need counts, by weekday and hour on the wall, in each in which a minute of what it is met by lies."""
    world, booker, request = drawn
    windows = domain.needs.windows(request, ZoneInfo(world.assets[0].zone))
    first = min((each.starts_at for _, each in windows), default=world.now) + timedelta(minutes=later)
    window = (first, first + timedelta(minutes=length))
    async with inserted(conn, world) as owner_id:
        booker_id = await insert_booker(conn, booker)
        for _ in range(2):
            await insert_need(conn, booker_id, request, now=world.now)
        for each in await db.idle.page(conn, owner_id, *window, now=world.now, before=None, limit=10):
            seen = await db.matches.seen(conn, each.asset.id, owner_id, world.now, limit=10)
            met = [hours_met(one.met.occurrences, *window, each.timezone) for one in seen]
            expected = Counter(hour for hours in met for hour in hours)
            shown = {(hour.day, hour.hour): hour.needs for hour in each.week}
            event(f"met by some: {bool(expected)}")
            assert each.needs == sum(1 for hours in met if hours)
            assert shown == {hour: expected[hour] for hour in shown}
            assert each.needs_cut is False


def hours_met(occurrences, since, until, zone):
    spans = [
        range(max(minute(each.starts_at), minute(since)), min(minute(each.ends_at), minute(until)))
        for each in occurrences
    ]
    local = [wall(each, zone) for span in spans for each in span]
    return {(DAYS[each.weekday()], each.hour) for each in local}


@fewer
@given(drawn=wishes())
async def test_the_windows_in_sql_are_those_in_python(conn, drawn):
    world, booker, request, _ = drawn
    async with inserted(conn, world):
        need_id = await insert_need(conn, await insert_booker(conn, booker), request)
        for zone in ("Europe/London", world.assets[0].zone):
            found = [tuple(row) for row in await conn.fetch(WINDOWS, need_id, zone)]
            expected = [(n, each.starts_at, each.ends_at) for n, each in domain.needs.windows(request, ZoneInfo(zone))]
            assert found == sorted(expected, key=lambda one: (one[1], one[0]))
