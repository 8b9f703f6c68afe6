"""Search: the SQL finds what the model says can be booked, nearest first, page after page."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from model import Asset, Search, World, bookable, lacking, minute, on_paper, order, repeated, sought, why_not
from stored import NOW, SALE, a_site, a_timetable, an_asset, an_organisation, at
from uuid_utils.compat import uuid7
from worlds import (
    SCENES,
    assets,
    bookers,
    booking,
    closures,
    few,
    insert_booker,
    inserted,
    many,
    nearby,
    nows,
    one_in,
    periods,
    seated,
)

import db.occupancies
import db.places
import db.search
import domain.search
from domain.callers import Caller
from domain.requests import Asked, Wanted
from domain.time import Period

pytestmark = pytest.mark.anyio

SEARCH = """
  SELECT ARRAY(SELECT (n.distance_m, n.tie, n.id) FROM unnest(r.nearest) n) AS nearest, r.examined, r.exhausted,
         (r.last).distance_m, (r.last).tie, (r.last).id
    FROM rules.search($1::text::geography, $2, $3, $4, $5, $6, $7, $8, false, NULL, $9, $10, $11, $12, $13, $14, $15,
                      $16, $17, $18, $19) r
"""
DISTANCES = """
  SELECT id, round(ST_Distance(location, $1::text::geography))::int, ST_DWithin(location, $1::text::geography, $2)
    FROM assets
"""
START = (-1, "", UUID(int=0))
BOUND = 1000


async def page(conn, search, booker_id, now, after, most):
    return await conn.fetchrow(
        SEARCH,
        point(search.origin),
        search.within,
        search.category,
        search.kind,
        search.features,
        search.units,
        search.attendees,
        search.only_free,
        search.people,
        search.starts,
        search.ends,
        search.weeks,
        search.at_least,
        booker_id,
        now,
        *after,
        most,
    )


def point(lon_lat):
    return "POINT({} {})".format(*lon_lat)


async def pages(conn, search, booker_id, now, most):
    """Every page, followed to the end as a client does: what it shows, how many were examined for it."""
    after, found = START, []
    while after is not None:
        row = await page(conn, search, booker_id, now, after, most)
        shown = row["nearest"][:most]
        found.append((shown, row["examined"]))
        there = None if row["exhausted"] else (row["distance_m"], row["tie"], row["id"])
        after = shown[-1] if len(row["nearest"]) > most else there
    return found


async def in_order(conn, world, search, among=on_paper):
    """What fits on paper within reach, in the order of the answer; the metres are PostGIS's (see c28 and c29)."""
    rows = await conn.fetch(DISTANCES, point(search.origin), search.within)
    placed = [(world.by_id[key], metres) for key, metres, reached in rows if reached]
    fitting = [(order(world, asset, metres), asset) for asset, metres in placed if among(world, asset, search)]
    return sorted(fitting, key=lambda pair: pair[0])


@st.composite
def searches(draw):
    """A few assets near each other, several at one door, and something to look for."""
    zone, around = draw(st.sampled_from(SCENES))
    other_zone = draw(st.sampled_from([zone, "Europe/London", "Asia/Kolkata"]))
    point = st.sampled_from(
        [(179.99, -16.85), (-179.99, -16.85), (179.99, -16.8502), (179.9, -16.85), (-179.97, -16.9)]
    )
    terms = {
        "point": point,
        "zone": st.sampled_from([zone, other_zone]),
        "category": st.sampled_from(["hall", "hall", "kitchen"]),
        "features": st.sampled_from([(), ("step_free",), ("step_free", "hob")]),
        "price": st.sampled_from([None, 0, 1250]),
    }
    plain = [draw(assets((zone, around), n)) for n in range(draw(st.integers(1, 8)))]
    family = tuple(replace(each, **{name: draw(values) for name, values in terms.items()}) for each in plain)
    spans = [draw(periods(around)) for _ in range(draw(st.integers(0, 9)))]
    now = draw(nows(around, spans))
    taken = seated(family, [draw(booking(family, now, span)) for span in spans])
    world = World(now, family, draw(closures(family, around)), taken)
    starts, ends = (None, None) if draw(one_in(5)) else draw(nearby(world, around))
    weeks = draw(st.integers(1, 3)) if starts else 1
    search = Search(
        origin=draw(point),
        within=draw(st.sampled_from([10, 2000, 5000, 50_000])),
        category=draw(st.sampled_from([None, "hall", "hall"])),
        kind=draw(st.sampled_from([None, None, None, "space"])),
        features=draw(st.sampled_from([(), (), ("step_free",), ("hob", "step_free")])),
        units=draw(st.sampled_from([1, 1, 1, 2])),
        attendees=draw(st.sampled_from([None, None, 10])),
        only_free=draw(st.sampled_from([False, False, True])),
        people=draw(st.booleans()),
        starts=starts,
        ends=ends,
        weeks=weeks,
        at_least=draw(st.integers(1, weeks)),
    )
    return world, search, draw(bookers(around)), draw(st.integers(1, 4))


async def agree_on_what_is_found(conn, world, search, booker, most):
    async with inserted(conn, world):
        booker_id = await insert_booker(conn, booker)
        found = await pages(conn, search, booker_id, world.now, most)
        near = await in_order(conn, world, search)
        await conn.execute("DELETE FROM occupancies WHERE held_until <= $1", world.now)
        swept = await pages(conn, search, booker_id, world.now, most)
    expected = [place for place, asset in near if bookable(world, asset, search, booker)]
    assert [place for shown, _ in found for place in shown] == expected
    assert [len(shown) for shown, _ in found[:-1]] == [most] * (len(found) - 1)
    assert found[-1][1] <= len(near)
    assert swept == found


@few
@given(drawn=searches())
async def test_search_finds_exactly_what_can_be_booked_nearest_first_and_lapsed_holds_change_nothing(conn, drawn):
    await agree_on_what_is_found(conn, *drawn)


@pytest.mark.slow
@many
@given(drawn=searches())
async def test_search_finds_exactly_what_can_be_booked_in_many_more_worlds(conn, drawn):
    await agree_on_what_is_found(conn, *drawn)


@few
@given(drawn=searches())
async def test_the_periods_of_a_search_are_those_of_a_series(conn, drawn):
    _, search, _, _ = drawn
    if search.starts is None:
        return
    statement = "SELECT starts_at, ends_at FROM rules.repeats($1, $2, $3, 60)"
    for zone in ("Europe/London", "Australia/Lord_Howe", "Asia/Beirut"):
        rows = await conn.fetch(statement, search.starts, search.ends, zone)
        repeats = repeated(minute(search.starts), minute(search.ends), zone, 60)
        assert [tuple(map(minute, row)) for row in rows] == repeats


# What was not found -----------------------------------------------------------------------------------------------


async def explained(conn, search, booker_id, now):
    """The first page of an answer that explains, as an organisation, or nobody, is told it."""
    caller = booker_id and Caller(booker_id, "council", "verified", "member", UUID(int=1))
    asked = domain.search.Search(
        origin=domain.search.Origin(*search.origin, "point"),
        within_m=search.within,
        category=search.category,
        kind=search.kind,
        features=list(search.features),
        attendees=search.attendees,
        units=search.units,
        only_free_of_charge=search.only_free,
        owner_id=None,
        period=search.starts and Period(search.starts, search.ends),
        weeks=search.weeks,
        at_least=search.at_least,
        explain=True,
    )
    looked = await db.search.search(conn, asked, caller=caller, now=now, after=domain.search.START, limit=100)
    return [match for _, match in looked.matches], looked.failed


async def refusals(conn, owner_id, asset_id, periods, search, booker_id, now):
    """What a booking of these periods, or a dry run of it, is refused for."""
    place = await db.places.lock(conn, asset_id, owner_id)
    asked = [Asked(uuid7(), period, search.units) for period in periods]
    wanted = Wanted(asked=asked, attendees=search.attendees)
    standing = await db.occupancies.assess(conn, wanted, place, booker_id=booker_id, now=now)
    return [standing.why_not.get(n, []) for n in range(len(periods))]


def told(reasons):
    """What does not depend on the site's clocks, of which these worlds have one and their assets others."""
    return [(each.code, each.numbers, each.asset_id) for each in reasons]


async def agree_on_what_failed(conn, world, search, booker):
    async with inserted(conn, world) as owner_id:
        booker_id = await insert_booker(conn, booker)
        search = replace(search, people=booker is not None or search.starts is None)
        found, failed = await explained(conn, search, booker_id, world.now)
        near = await in_order(conn, world, search, among=sought)
        for each in failed if booker_id else ():
            spans = [Period(period.starts_at, period.ends_at) for period in each.occurrences]
            refused = await refusals(conn, owner_id, each.asset.id, spans, search, booker_id, world.now)
            assert [told(period.why_not) for period in each.occurrences] == [*map(told, refused)]
    fits = {asset.id: on_paper(world, asset, search) and bookable(world, asset, search, booker) for _, asset in near}
    assert [match.asset.id for match in found] == [asset.id for _, asset in near if fits[asset.id]]
    assert [(each.distance_m, each.asset.id) for each in failed] == [
        (place[0], asset.id) for place, asset in near if not fits[asset.id]
    ]
    for each in failed:
        asset = world.by_id[each.asset.id]
        assert sorted(reason.code for reason in each.why_not) == sorted(lacking(asset, search))
        periods = [(minute(period.starts_at), minute(period.ends_at)) for period in each.occurrences]
        assert periods == (
            repeated(minute(search.starts), minute(search.ends), asset.zone, search.weeks) if search.starts else []
        )
        assert [{reason.code for reason in period.why_not} for period in each.occurrences] == [
            why_not(world, asset, *period, search.units, search.attendees, booker) for period in periods
        ]
        assert each.why_not or any(period.why_not for period in each.occurrences)


@few
@given(drawn=searches())
async def test_what_is_near_is_found_or_explained_by_the_reasons_that_a_booking_gives(conn, drawn):
    world, search, booker, _ = drawn
    await agree_on_what_failed(conn, world, search, booker)


@pytest.mark.slow
@many
@given(drawn=searches())
async def test_what_is_near_is_found_or_explained_in_many_more_worlds(conn, drawn):
    world, search, booker, _ = drawn
    await agree_on_what_failed(conn, world, search, booker)


@few
@given(drawn=searches())
async def test_nothing_of_a_suspended_owner_is_found_or_explained(conn, drawn):
    world, search, booker, _ = drawn
    async with inserted(conn, replace(world, owner_state="suspended")):
        assert await explained(conn, search, await insert_booker(conn, booker), world.now) == ([], [])


# Places -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asset", "origin", "within", "metres"),
    [
        ((179.99, -16.85), (-179.99, -16.85), 5000, [2131]),  # c28: over the 180th meridian
        ((179.99, -16.85), (-179.99, -16.85), 2000, []),
        ((179.99, -16.85), (179.99, -16.85), 5000, [0]),
        ((180, -16.85), (-180, -16.85), 5000, [0]),
        ((-0.965, 60.155), (-1.145, 60.155), 9980, []),  # c29: a sphere says 9,961
        ((-0.965, 60.155), (-1.145, 60.155), 10000, [9997]),
        ((32.58, 0.4002), (32.58, 0.31), 9990, [9974]),  # a sphere says 10,030
        ((32.58, 0.4002), (32.58, 0.31), 9970, []),
    ],
)
async def test_distances_are_the_spheroids_to_the_metre_everywhere(conn, asset, origin, within, metres):
    world = World(NOW, (Asset(UUID(int=1), point=asset),))
    async with inserted(conn, world):
        [(shown, _)] = await pages(conn, Search(origin, within), None, NOW, 5)
    assert [place[0] for place in shown] == metres


async def test_what_a_sphere_would_put_in_another_order_is_in_the_spheroids(conn):
    """From the equator a degree north is shorter than a degree east, and a sphere says they are equal."""
    east, north = (0.9960, 0.0), (0.0, 1.0)
    world = World(NOW, (Asset(UUID(int=1), point=east), Asset(UUID(int=2), point=north)))
    async with inserted(conn, world):
        found = await pages(conn, Search((0.0, 0.0), 200_000), None, NOW, 1)
    assert [[place[0] for place in shown] for shown, _ in found] == [[110574], [110874]]


async def test_where_a_sphere_is_too_short_the_next_page_misses_nothing(conn):
    """Near the poles the spheroid's metres are more than the sphere's, which a page goes by to find its place."""
    world = World(NOW, (Asset(UUID(int=1), point=(0, 88)), Asset(UUID(int=2), point=(0, 87.9999))))
    async with inserted(conn, world):
        found = await pages(conn, Search((0.0, 89.0), 200_000), None, NOW, 1)
    assert [[place[0] for place in shown] for shown, _ in found] == [[111693], [111704]]


# A crowd at one point ---------------------------------------------------------------------------------------------

CROWD = """
  INSERT INTO assets (id, owner_id, site_id, kind, category, title, state, details, location, timezone, timetable_id,
                      created_at, updated_at)
  SELECT md5('crowd' || n)::uuid, a.owner_id, a.site_id, a.kind, a.category, a.title, a.state, a.details, a.location,
         a.timezone, a.timetable_id, a.created_at, a.updated_at
    FROM assets a, generate_series(1, $2) n WHERE a.id = $1
"""
OPEN_TO_ALL = "UPDATE assets SET timetable_id = $1 WHERE id = ANY($2)"


@pytest.fixture
async def crowd(conn):
    """1,100 halls at one door that have no hours, in the order of the answer, and hours to give to some of them."""
    owner = await an_organisation(conn)
    first = await an_asset(conn, owner, await a_site(conn, owner))
    await conn.execute(CROWD, first, 1099)
    await conn.execute("INSERT INTO parts SELECT owner_id, id, id FROM assets ON CONFLICT DO NOTHING")
    places = [order(World(NOW, ()), Asset(row["id"]), 0) for row in await conn.fetch("SELECT id FROM assets")]
    return sorted(places), await a_timetable(conn, owner, always=True)


HERE = Search(SALE.coordinates, category="hall")
TONIGHT = replace(HERE, starts=at(5, 18), ends=at(5, 20))


async def test_a_crowd_at_one_door_is_paged_through_without_a_gap_or_a_double(conn, crowd):
    places, _ = crowd
    found = await pages(conn, HERE, None, NOW, 100)
    assert [shown for shown, _ in found] == [places[n : n + 100] for n in range(0, 1100, 100)]


async def test_only_a_thousand_are_examined_and_the_next_page_goes_on_from_there(conn, crowd):
    places, always = crowd
    await conn.execute(OPEN_TO_ALL, always, [places[n][2] for n in (3, 999, 1000, 1050)])
    found = await pages(conn, TONIGHT, None, NOW, 20)
    assert found == [([places[3], places[999]], BOUND), ([places[1000], places[1050]], 100)]


async def test_a_page_may_be_empty_and_yet_not_the_last(conn, crowd):
    places, always = crowd
    await conn.execute(OPEN_TO_ALL, always, [places[1099][2]])
    assert await pages(conn, TONIGHT, None, NOW, 20) == [([], BOUND), ([places[1099]], 100)]
    first = await page(conn, TONIGHT, None, NOW, START, 20)
    assert (first["exhausted"], (first["distance_m"], first["tie"], first["id"])) == (False, places[999])


async def test_a_crowd_of_exactly_as_many_as_are_examined_is_the_end(conn, crowd):
    places, _ = crowd
    await conn.execute("UPDATE assets SET state = 'paused' WHERE id = ANY($1)", [place[2] for place in places[BOUND:]])
    assert await pages(conn, TONIGHT, None, NOW, 20) == [([], BOUND)]


async def test_no_more_than_twenty_thousand_days_of_hours_are_looked_up_for_a_page(conn, crowd):
    """Each evening counts as two: the day before may run on."""
    places, always = crowd
    await conn.execute(OPEN_TO_ALL, always, [places[188][2]])
    year = replace(TONIGHT, weeks=53)
    first = await page(conn, year, None, NOW, START, 20)
    assert (first["nearest"], first["examined"], first["exhausted"]) == ([], 20_000 // (53 * 2), False)
    second = await page(conn, year, None, NOW, places[187], 20)
    assert (second["nearest"], second["examined"]) == ([places[188]], 188)


@pytest.mark.parametrize(
    ("starts", "ends", "weeks", "bound"),
    [
        (None, None, 1, 1000),
        (at(5, 18), at(5, 20), 1, 1000),
        (at(5, 18), at(5, 20), 10, 1000),
        (at(5, 18), at(5, 20), 53, 188),
        (at(5, 18), at(12, 18), 53, 41),
        (at(5, 18), at(5, 18, month=8), 1, 606),
        (at(5, 18), at(5, 18) + timedelta(days=366), 1, 54),
    ],
)
async def test_the_bound_of_a_page_counts_the_days_of_its_periods(conn, starts, ends, weeks, bound):
    assert await conn.fetchval("SELECT rules.bound($1, $2, $3)", starts, ends, weeks) == bound


IN_A_ROW = """
  UPDATE assets a SET location = ST_Project(a.location, 5 * n, 0)
    FROM unnest($1::uuid[]) WITH ORDINALITY row (id, n) WHERE row.id = a.id
"""
PAUSE = "UPDATE assets SET state = 'paused' WHERE id = ANY($1)"


@pytest.mark.parametrize("paused", [[3, 199, 200, 1050], [*range(40, 60)]])
async def test_told_are_the_nearest_ten_that_failed_of_the_nearest_two_hundred(conn, crowd, paused):
    places, always = crowd
    row = [place[2] for place in places]
    await conn.execute(OPEN_TO_ALL, always, row)
    await conn.execute(IN_A_ROW, row)
    assert (await explained(conn, TONIGHT, None, NOW))[1] == []
    await conn.execute(PAUSE, [row[n] for n in paused])
    _, failed = await explained(conn, TONIGHT, None, NOW)
    assert [each.asset.id for each in failed] == [row[n] for n in paused if n < 200][:10]
