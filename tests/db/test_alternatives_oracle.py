"""What a refusal offers instead: the model finds the same, and each of it can be booked."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model import Asset, Booker, minute, on_paper, order, overlap, units_free, wall, why_not
from model import Search as Sought
from model import World as Model
from worlds import (
    SCENES,
    assets,
    bookers,
    booking,
    closures,
    families,
    insert_booker,
    inserted,
    many,
    nearby,
    nows,
    periods,
    plain,
    seated,
)

import db.alternatives
import db.occupancies
import db.places
from domain import plans
from domain.errors import NotBookable
from domain.hours import Hours
from domain.requests import Asked, Wanted
from domain.time import Period

pytestmark = pytest.mark.anyio
fewer = settings(plain, max_examples=40)

FORTNIGHT = timedelta(days=14)
LONGEST = 366 * 1440
STEPS_WALKED = 20  # by the model on either side; beyond them `rules.starts` is, which another oracle holds against it
WHATEVER_THE_TIME = {
    "not_listed",
    "too_few_units",
    "too_small",
    "too_few_attendees",
    "unverified",
    "requirement_missing",
}
STARTS = "SELECT s.starts_at FROM assets a, rules.starts(a, $2, $3, $4, $5, $6, $7) s WHERE a.id = $1 ORDER BY 1"
DISTANCES = """
  SELECT b.id, round(ST_Distance(a.location, b.location))::int FROM assets a, assets b
   WHERE a.id = $1 AND ST_DWithin(a.location, b.location, 25000)
"""


@st.composite
def requests(draw):
    """A world, who asks, of which asset, for which periods, for how many units and people."""
    scene = draw(st.sampled_from(SCENES))
    around = scene[1]
    point = st.sampled_from([(0.0, 0.0), (0.0, 0.01), (0.01, 0.0), (0.1, 0.1), (0.3, 0.0)])
    family = draw(families(scene))
    easy = Asset(UUID(int=0), hours=Hours(always=True), zone=scene[0], step=1, shortest=1)
    numbers = range(4, 4 + draw(st.integers(0, 6)))
    others = [draw(assets(scene, n) | st.just(replace(easy, id=UUID(int=n)))) for n in numbers]
    category = st.sampled_from(["hall", "hall", "hall", "kitchen"])
    others = [replace(each, point=draw(point), category=draw(category)) for each in others]
    everything = (*family, *others)
    spans = [draw(periods(around)) for _ in range(draw(st.integers(0, 9)))]
    now = draw(nows(around, spans))
    taken = seated(everything, [draw(booking(everything, now, span)) for span in spans])
    world = Model(now, everything, draw(closures(everything, around)), taken)
    wanted = []
    for starts, ends in [draw(nearby(world, around)) for _ in range(draw(st.sampled_from([1, 1, 2, 4])))]:
        if all(ends <= one or other <= starts for one, other in wanted):
            wanted.append((starts, ends))
    asset = draw(st.sampled_from([family[0], *family]))
    units = draw(st.sampled_from([1, 1, 1, 2]))
    booker = draw(bookers(around)) or Booker()
    return world, booker, asset, wanted, units, draw(st.sampled_from([None, None, 10]))


async def refused(conn, owner_id, booker_id, world, asset, periods, units, attendees):
    """The refusal of a request, as it comes out of planning; None where nothing is refused."""
    asked = [Asked(uuid4(), Period(*each), units) for each in periods]
    wanted = Wanted(asked=asked, attendees=attendees)
    place = await db.places.lock(conn, asset.id, owner_id)
    standing = await db.occupancies.assess(conn, wanted, place, booker_id=booker_id, now=world.now)
    try:
        plans.plan(wanted, place, standing.why_not, standing.seats, standing.rows, booker_id=booker_id, now=world.now)
    except NotBookable as refused:
        return refused
    return None


def around(asset: Asset, starts: int, ends: int) -> range:
    """What a period takes of it, turnaround included."""
    return range(starts - asset.before, ends + asset.after)


def minute_of_day(number: int, zone: str) -> int:
    local = wall(number, zone)
    return 60 * local.hour + local.minute


def lengths(asset: Asset, asked: int) -> list[int]:
    """The nearest lengths that an asset is let for, none shorter and none longer between them and the one asked for."""
    most = min(asset.longest or LONGEST, LONGEST)
    shorter = [n for n in range(min(asked, most), max(asset.shortest, 1) - 1, -1) if n % asset.step == 0][:1]
    longer = [n for n in range(max(asked, asset.shortest, 1), most + 1)[: asset.step] if n % asset.step == 0][:1]
    return sorted({*shorter, *longer})


async def other_times(conn, world, asset, one, besides, wish):
    """The two nearest periods of the asset itself."""
    units, attendees, booker, booker_id = wish
    starts, ends = minute(one.starts_at), minute(one.ends_at)
    let = lengths(asset, ends - starts)
    if why_not(world, asset, starts, ends, units, attendees, booker) & WHATEVER_THE_TIME or not let:
        return []

    def fits(since: int, length: int) -> bool:
        free = not any(overlap(around(asset, since, since + length), each) for each in besides)
        return free and why_not(world, asset, since, since + length, units, attendees, booker) == set()

    length = min(let, key=lambda each: (abs(each - (ends - starts)), each))
    asked = (asset.id, one.starts_at - FORTNIGHT, one.starts_at + FORTNIGHT, length, units, booker_id, world.now)
    known = [minute(row["starts_at"]) for row in await conn.fetch(STARTS, *asked)]
    earlier = [each for each in reversed(known) if each < starts]
    later = [each for each in known if each > starts]
    found = [(starts, starts + each) for each in let if fits(starts, each) and starts + each != ends]
    for side, way in ((earlier, -1), (later, 1)):
        near = next((each for each in side if fits(each, length)), None)
        walked = range(starts + way, starts + way * STEPS_WALKED * asset.step, way)
        steps = (each for each in walked if minute_of_day(each, asset.zone) % asset.step == 0)
        assert next((each for each in steps if fits(each, length)), near) == near
        found += [(near, near + length)] if near is not None else []
    return sorted(found, key=lambda each: (abs(each[0] - starts), each))[:2]


async def other_assets(conn, world, asset, one, wish):
    """The three nearest other assets that are free at that time."""
    units, attendees, booker, _ = wish
    search = Sought((0, 0), category=asset.category, units=units, attendees=attendees)
    family = [*world.wholes(asset), *world.parts(asset)]
    rows = await conn.fetch(DISTANCES, asset.id)
    near = [(world.by_id[key], metres) for key, metres in rows if world.by_id[key] not in family]
    period = (minute(one.starts_at), minute(one.ends_at))
    fitting = [
        (order(world, other, metres), other)
        for other, metres in near
        if on_paper(world, other, search) and not why_not(world, other, *period, units, attendees, booker)
    ]
    return [(place[0], other) for place, other in sorted(fitting, key=lambda pair: pair[0])][:3]


async def agree_on_alternatives(conn, world, booker, asset, wanted, units, attendees):
    async with inserted(conn, world) as owner_id:
        booker_id = await insert_booker(conn, booker)
        problem = await refused(conn, owner_id, booker_id, world, asset, wanted, units, attendees)
        if problem is None:
            return
        found = await db.alternatives.find(conn, problem.unmet, problem.occurrences, world.now)
        wish = (units, attendees, booker, booker_id)
        besides = [
            around(asset, minute(each.starts_at), minute(each.ends_at)) for each in problem.occurrences if each.free
        ]
        failed = [n for n, each in enumerate(problem.occurrences) if not each.free]
        for place, n in enumerate(failed):
            one = problem.occurrences[n]
            looked_for = place < min(asset.step, 1000 // sum(part.units for part in world.parts(asset)))
            times = await other_times(conn, world, asset, one, besides, wish) if looked_for else []
            here = [(asset.id, *each, 0, units_free(world, asset, *each)) for each in times]
            period = (minute(one.starts_at), minute(one.ends_at))
            there = [
                (other.id, *period, metres, units_free(world, other, *period))
                for metres, other in await other_assets(conn, world, asset, one, wish)
            ]
            assert [
                (each.asset.id, minute(each.starts_at), minute(each.ends_at), each.distance_m, each.units_free)
                for each in found.get(n, [])
            ] == here + there
        offered = [each for alternatives in found.values() for each in alternatives]
        for each in offered:
            other, period = world.by_id[each.asset.id], (each.starts_at, each.ends_at)
            assert await refused(conn, owner_id, booker_id, world, other, [period], units, attendees) is None
            if other == asset:
                free = [(one.starts_at, one.ends_at) for one in problem.occurrences if one.free]
                request = (world, asset, [*free, period], units, attendees)
                assert await refused(conn, owner_id, booker_id, *request) is None
    assert found.keys() <= set(failed)


@fewer
@given(drawn=requests())
async def test_a_refusal_offers_the_nearest_times_and_the_nearest_assets_that_can_be_booked(conn, drawn):
    await agree_on_alternatives(conn, *drawn)


@pytest.mark.slow
@many
@given(drawn=requests())
async def test_a_refusal_offers_what_can_be_booked_in_many_more_worlds(conn, drawn):
    await agree_on_alternatives(conn, *drawn)
