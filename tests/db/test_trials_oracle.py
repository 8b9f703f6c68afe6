"""What a trial of a draft timetable promises: the timetable really put in force yields it, in worlds of all kinds."""

import dataclasses
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from model import DAY, Booker, minute, wall
from test_matches_oracle import LATER, insert_need, needs
from uuid_utils.compat import uuid7
from worlds import DAYS_PLAYED, PAPERS, hours, insert_booker, inserted, many, moments, plain, worlds

import db.idle
import db.matches
import db.timetables
import db.trials
import domain.hours
from domain import trials
from domain.hours import DAYS, Hours
from domain.needs import NeedRequest
from domain.places import Point
from domain.requests import PeriodRequest
from domain.trials import IdleTime, IdleTotal, NeedHour, NeedTime, NeedTotal

pytestmark = pytest.mark.anyio
fewer = settings(plain, max_examples=60)


@st.composite
def easy(draw, around):
    """Half an hour or two in each of some quarters of a day, once at least."""
    first = datetime(around.year, around.month, around.day, tzinfo=UTC)
    quarters = sorted(draw(st.lists(st.integers(0, 4 * DAYS_PLAYED), min_size=1, max_size=4, unique=True)))
    starts = [first + timedelta(hours=6 * each) for each in quarters]
    return NeedRequest(
        category="hall",
        units=draw(st.sampled_from([1, 1, 2])),
        point=Point((0.0, 0.0)),
        periods=[PeriodRequest(each, each + timedelta(hours=draw(st.sampled_from([2, 6])))) for each in starts],
        minutes=draw(st.sampled_from([30, 120, 120])),
        at_least=1,
        until=LATER,
    )


@st.composite
def drafts(draw):
    """A world that lies ahead and in which some has no hours yet; what somebody who may book looks for in it; other
    hours for all of it; and a span.
    """
    world, around = draw(worlds())
    assets = tuple(
        dataclasses.replace(each, hours=draw(st.sampled_from([each.hours, each.hours, None]))) for each in world.assets
    )
    world = dataclasses.replace(world, assets=assets, now=world.now - timedelta(days=5), owner_state="verified")
    wanted = draw(st.lists(easy(around) | easy(around) | needs(around, world.assets), min_size=1, max_size=3))
    draft = draw(st.sampled_from([Hours(always=True), Hours()]) | hours(around))
    first = datetime(around.year, around.month, around.day, tzinfo=UTC)
    since = draw(st.sampled_from([first, first + timedelta(hours=1)]) | moments(around))
    until = since + timedelta(minutes=draw(st.sampled_from([8 * DAY, 8 * DAY, DAY + 410, 410, 90])))
    return world, wanted, draft, since, until


async def store(conn, owner_id, draft, now):
    timetable_id = uuid7()
    compiled = domain.hours.compile(draft)
    await db.timetables.insert(conn, timetable_id, owner_id, name=None, hours=draft, compiled=compiled, now=now)
    return timetable_id


async def promised(conn, world, owner_id, draft, since, until):
    """What is answered of all assets, the draft taken back."""
    savepoint = conn.transaction()
    await savepoint.start()
    draft_id = await store(conn, owner_id, draft, world.now)
    asset_ids = [asset.id for asset in world.assets]
    tried = await db.trials.look(conn, owner_id, asset_ids, draft_id, since, until, now=world.now)
    await savepoint.rollback()
    return trials.compare(tried)


async def as_it_is(conn, world, owner_id, sought, since, until):
    """By asset, what getIdle says, and by need and occurrence in which hours what listMatches says lies, in minutes."""
    idle = await db.idle.page(conn, owner_id, since, until, now=world.now, before=None, limit=10)
    met = {asset.id: {} for asset in world.assets}
    for need_id, request, booker_id in sought:
        looked = await db.matches.find(conn, need_id, booker_id, world.now)
        for each in looked.found:
            for one in each.occurrences:
                span = range(max(minute(one.starts_at), minute(since)), min(minute(one.ends_at), minute(until)))
                local = [wall(at, world.by_id[each.id].zone) for at in span]
                lies = Counter((at.weekday(), at.hour) for at in local)
                met[each.id][need_id, one.number] = Counter({hour: request.units * lies[hour] for hour in lies})
    return {each.asset.id: each for each in idle}, met


def time(idle, met):
    """An asset's time, as getIdle has it."""
    names = ("open_minutes", "used_minutes", "idle_minutes", "needs")
    served = sum(lies.total() for lies in met.values())
    return IdleTime(**{name: getattr(idle, name) for name in names}, served_minutes=served, week=idle.week)


def total(items, met):
    """Of assets together."""
    names = ("open_minutes", "used_minutes", "idle_minutes")
    best = most(met)
    touched = {need_id for each in met for (need_id, _), lies in each.items() if lies}
    sums = {name: sum(getattr(each, name) for each in items) for name in names}
    return IdleTotal(**sums, needs=len(touched), served_minutes=sum(best.values()))


def most(met):
    """By need and occurrence, the most that any asset meets of it."""
    keys = {key for each in met for key in each}
    return {key: max(each[key].total() for each in met if key in each) for key in keys}


def more(known, other):
    """What of needs one asset meets by the other hours and not by those that it had."""
    new = {key: lies for key, lies in other.items() if lies and key not in known}
    minutes = sum(new.values(), Counter())
    fresh = {need_id for need_id, _ in new} - {need_id for need_id, _ in known}
    week = [NeedHour(DAYS[day], hour, minutes[day, hour]) for day, hour in sorted(minutes)]
    return NeedTime(needs=len(fresh), minutes=minutes.total(), week=week)


def more_in_all(known, other):
    """The same of assets together."""
    met_before = {key for each in known for key in each}
    new = {key: minutes for key, minutes in most(other).items() if minutes and key not in met_before}
    fresh = {need_id for need_id, _ in new} - {need_id for need_id, _ in met_before}
    return NeedTotal(needs=len(fresh), minutes=sum(new.values()))


async def agree_on_what_comes_of_a_draft(conn, world, wanted, draft, since, until):
    async with inserted(conn, world) as owner_id:
        booker_id = await insert_booker(conn, Booker(holds=tuple((paper, None) for paper in PAPERS)))
        sought = [(await insert_need(conn, booker_id, each, now=world.now), each, booker_id) for each in wanted]
        trial = await promised(conn, world, owner_id, draft, since, until)
        await conn.execute("UPDATE assets SET state = 'listed' WHERE owner_id = $1", owner_id)
        was, met_before = await as_it_is(conn, world, owner_id, sought, since, until)
        for asset in world.assets:
            in_force = await store(conn, owner_id, draft, world.now)
            await db.timetables.give(conn, asset.id, owner_id, in_force, world.now)
        came, met_then = await as_it_is(conn, world, owner_id, sought, since, until)
    assert [each.asset.id for each in trial.items] == sorted(met_before, reverse=True)
    for each in trial.items:
        before, then = met_before[each.asset.id], met_then[each.asset.id]
        assert each.now == time(was[each.asset.id], before)
        assert each.draft == time(came[each.asset.id], then)
        assert (each.gained, each.lost) == (more(before, then), more(then, before))
        assert (each.needs_examined, each.needs_cut) == (came[each.asset.id].needs_examined, False)
    before, then = list(met_before.values()), list(met_then.values())
    assert trial.total.now == total(was.values(), before)
    assert trial.total.draft == total(came.values(), then)
    assert (trial.total.gained, trial.total.lost) == (more_in_all(before, then), more_in_all(then, before))
    event(f"gained: {trial.total.gained.minutes > 0}, lost: {trial.total.lost.minutes > 0}")
    event(f"counted once: {trial.total.gained.minutes < sum(each.gained.minutes for each in trial.items)}")


@fewer
@given(drawn=drafts())
async def test_a_draft_put_in_force_yields_what_it_promised(conn, drawn):
    await agree_on_what_comes_of_a_draft(conn, *drawn)


@pytest.mark.slow
@many
@given(drawn=drafts())
async def test_the_same_in_many_more_worlds(conn, drawn):
    await agree_on_what_comes_of_a_draft(conn, *drawn)
