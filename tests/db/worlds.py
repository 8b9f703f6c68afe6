"""Worlds for the oracles: what Hypothesis makes of them, and how they get into the database.

Each world plays for some days around a date on which the clocks change or public holidays lie.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from model import DAY, Asset, Booker, Booking, Closure, World, minute, occupied, overlap
from stored import a_site, an_organisation
from uuid_utils.compat import uuid7

import db.timetables
import domain.hours
from db.connection import Connection
from domain.hours import DAYS, Holidays, Hours, HoursException, Opening, Season, WeeklyHours

SCENES = [
    ("Europe/London", date(2027, 3, 26)),  # Good Friday, the clocks go forward, Easter Monday
    ("Europe/London", date(2027, 10, 29)),
    ("Europe/London", date(2026, 12, 24)),  # Christmas, and a year of 53 ISO weeks
    ("Australia/Lord_Howe", date(2027, 4, 2)),  # by half an hour
    ("Australia/Lord_Howe", date(2027, 10, 1)),
    ("Asia/Kolkata", date(2027, 3, 26)),  # half an hour off, never changing
    ("Africa/Casablanca", date(2027, 2, 5)),  # back for Ramadan
    ("Africa/Casablanca", date(2027, 3, 12)),
    ("Asia/Beirut", date(2027, 3, 26)),  # a midnight that does not exist
    ("Asia/Beirut", date(2027, 10, 29)),
    ("America/Nuuk", date(2027, 3, 26)),
    ("America/Santiago", date(2027, 9, 3)),
    ("America/Havana", date(2027, 11, 5)),  # the first hour of a day twice
    ("Pacific/Apia", date(2011, 12, 28)),  # a day that does not exist
]
DAYS_PLAYED = 4
plain = settings(
    deadline=None, database=None, derandomize=True, print_blob=True, suppress_health_check=list(HealthCheck)
)  # the connection is one for all worlds, which are rolled back one by one
few = settings(plain, max_examples=75)
many = settings(plain, max_examples=300)
PAPERS = ("public_liability", "midas")
clock = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 0, 15, 30, 59]))
closing = clock | st.just("24:00")
usual = st.sampled_from(
    [("00:00", "24:00"), ("09:00", "17:00"), ("18:00", "02:00"), ("12:00", "12:30"), ("01:30", "03:30")]
)
openings = st.one_of(usual, st.tuples(clock, closing).filter(lambda pair: pair[0] != pair[1]))
spans = st.builds(lambda pair: Opening(*pair), openings)
few_spans = st.lists(spans, max_size=2)


def moments(around: date) -> st.SearchStrategy[datetime]:
    """Whole minutes of the days played, mostly on a quarter of an hour."""
    start = datetime(around.year, around.month, around.day, tzinfo=UTC) - timedelta(hours=12)
    quarters = st.integers(0, 96 * DAYS_PLAYED + 96).map(lambda n: 15 * n)
    return (quarters | quarters | st.integers(0, 1440 * DAYS_PLAYED)).map(lambda n: start + timedelta(minutes=n))


def minutes_played(around: date) -> tuple[int, int]:
    first = minute(datetime(around.year, around.month, around.day, tzinfo=UTC))
    return first, first + DAY * DAYS_PLAYED


usual_lengths = st.sampled_from([15, 30, 60, 60, 90, 120, 180, 240, 600, 1380, 1440, 1500, 2880])
lengths = st.one_of(usual_lengths, usual_lengths, usual_lengths, st.integers(1, 300))


def periods(around: date) -> st.SearchStrategy[tuple[datetime, datetime]]:
    return st.builds(lambda at, minutes: (at, at + timedelta(minutes=minutes)), moments(around), lengths)


def weekly(weeks: int) -> st.SearchStrategy[list[WeeklyHours]]:
    every_day = openings.map(lambda pair: [(week, day, pair) for week in range(1, weeks + 1) for day in DAYS])
    some_days = st.lists(st.tuples(st.integers(1, weeks), st.sampled_from(DAYS), openings), max_size=8)
    both = st.builds(lambda one, other: one + other, every_day, st.one_of(st.just([]), some_days))
    chosen = st.one_of(both, some_days)
    return chosen.map(lambda all_: [WeeklyHours(week=w, day=d, opens=o, closes=c) for w, d, (o, c) in all_])


@st.composite
def seasons(draw: st.DrawFn, around: date) -> list[Season]:
    """One, or two that follow each other during the days played, or none."""
    begin = around - timedelta(days=draw(st.sampled_from([400, 370, 21, 8, 1, 0])))
    middle = around + timedelta(days=draw(st.integers(0, 3)))
    gap = draw(st.integers(0, 1))
    dates = draw(
        st.sampled_from(
            [
                [(begin, None)],
                [(begin, None)],
                [(begin, middle)],
                [(begin, middle), (middle + timedelta(days=1 + gap), None)],
                [],
            ]
        )
    )
    weeks = [draw(st.integers(1, 3)) for _ in dates]
    return [
        Season(starts_on=first, ends_on=last, cycle_weeks=cycle, hours=draw(weekly(cycle)))
        for (first, last), cycle in zip(dates, weeks, strict=True)
    ]


@st.composite
def hours(draw: st.DrawFn, around: date) -> Hours:
    always = draw(st.sampled_from([False, False, False, True]))
    on = st.integers(-2, DAYS_PLAYED).map(lambda n: around + timedelta(days=n))
    exceptions = draw(st.dictionaries(on, few_spans, max_size=2))
    then = draw(st.sampled_from(["open", "closed", "hours"]))
    return Hours(
        applies_to=draw(st.sampled_from([None, None, None, "whole_period", "start_and_end"])),
        always=always,
        seasons=[] if always else draw(seasons(around)),
        exceptions=[HoursException(on=day, hours=spans) for day, spans in exceptions.items()],
        holidays=Holidays(
            region=draw(st.sampled_from(["GB-ENG", None])),
            then=then,
            hours=draw(st.lists(spans, min_size=1, max_size=2)) if then == "hours" else [],
        ),
    )


@st.composite
def assets(draw: st.DrawFn, scene: tuple[str, date], number: int = 0) -> Asset:
    """An asset that mostly can be booked, with one or two terms that matter."""
    zone, around = scene
    asset = Asset(
        id=UUID(int=(number << 64) + draw(st.integers(1, 2**60))),
        kind=draw(st.sampled_from(["space", "space", "vehicle", "people"])),
        hours=None if draw(one_in(12)) else Hours(always=True) if draw(one_in(3)) else draw(hours(around)),
        zone=zone,
        units=draw(st.sampled_from([1, 1, 2, 3])),
        step=draw(st.sampled_from([1, 1, 5, 15, 15, 60])),
        before=draw(st.sampled_from([0, 0, 0, 15, 45])),
        after=draw(st.sampled_from([0, 0, 0, 10, 60])),
    )
    terms = {
        "state": st.sampled_from(["listed", "paused", "draft"]),
        "capacity": st.integers(1, 30),
        "min_attendees": st.integers(1, 20),
        "shortest": st.sampled_from([1, 60, 1440]),
        "longest": st.sampled_from([30, 120, 1440]),
        "notice": st.sampled_from([30, 600, 2880]),
        "horizon": st.sampled_from([0, 1, 2]),
        "requires": st.sampled_from([("midas",), PAPERS]),
        "approval": st.just(True),
    }
    names = draw(st.lists(st.sampled_from(sorted(terms)), max_size=2, unique=True) if draw(one_in(3)) else st.just([]))
    return replace(asset, **{name: draw(terms[name]) for name in names})


def one_in(count: int) -> st.SearchStrategy[bool]:
    return st.sampled_from([False] * (count - 1) + [True])


@st.composite
def families(draw: st.DrawFn, scene: tuple[str, date]) -> tuple[Asset, ...]:
    """An asset alone, or a hall with its halves and a corner with its tables: three levels."""
    alone = draw(assets(scene))
    if draw(st.booleans()):
        return (alone,)
    hall = replace(alone, units=1)
    half, other = (replace(draw(assets(scene, n)), whole=hall.id) for n in (1, 2))
    half = replace(half, units=1)
    tables = replace(draw(assets(scene, 3)), whole=half.id)
    return (hall, half, other, tables)


def closures(family: tuple[Asset, ...], around: date) -> st.SearchStrategy[tuple[Closure, ...]]:
    place = st.none() | st.sampled_from([asset.id for asset in family])
    return st.lists(st.builds(lambda asset, during: Closure(asset, *during), place, periods(around)), max_size=2).map(
        tuple
    )


@st.composite
def worlds(draw: st.DrawFn) -> tuple[World, date]:
    """A world and the date around which it plays."""
    scene = draw(st.sampled_from(SCENES))
    around = scene[1]
    family = draw(families(scene))
    spans = [draw(periods(around)) for _ in range(draw(st.integers(0, 9)))]
    now = draw(nows(around, spans))
    bookings = seated(family, [draw(booking(family, now, span)) for span in spans])
    owner_state = "suspended" if draw(one_in(20)) else "verified"
    return World(now, family, draw(closures(family, around)), bookings, owner_state), around


@st.composite
def nows(draw: st.DrawFn, around: date, spans: list[tuple[datetime, datetime]]) -> datetime:
    """Some days before everything, in the midst of it, or while a booking runs or has just ended."""
    edges = [span[draw(st.integers(0, 1))] for span in spans]
    if edges and draw(one_in(3)):
        return draw(st.sampled_from(edges)) + timedelta(minutes=draw(st.sampled_from([-10, 0, 5, 15, 30])))
    return draw(moments(around)) - timedelta(days=draw(st.sampled_from([0, 1, 3, 5, 5])))


@st.composite
def booking(draw: st.DrawFn, family: tuple[Asset, ...], now: datetime, span: tuple[datetime, datetime]) -> Booking:
    """A booking of 1 unit or more; some are holds, lapsed, just lapsing or good for a while."""
    asset = draw(st.sampled_from(family))
    return Booking(
        asset.id,
        *span,
        units=tuple(range(draw(st.integers(1, asset.units)))),
        before=draw(st.sampled_from([asset.before, 0])),
        after=draw(st.sampled_from([asset.after, 0])),
        held_until=draw(st.sampled_from([None] * 4 + [now - timedelta(hours=1), now, now + timedelta(minutes=1)])),
    )


def seated(family: tuple[Asset, ...], bookings: list[Booking]) -> tuple[Booking, ...]:
    """Those bookings that find room, one after the other, each on the first units that are free."""
    world = World(datetime.now(UTC), family)
    taken: dict[tuple[UUID, int], list[range]] = {}
    found = []
    for one in bookings:
        asset, span = world.by_id[one.asset], occupied(one)
        free = [
            unit
            for unit in range(1, asset.units + 1)
            if not any(overlap(span, other) for other in taken.get((asset.id, unit), ()))
        ]
        inside = [(part.id, unit) for part in world.parts(asset) for unit in range(1, part.units + 1) if part != asset]
        if len(free) < len(one.units) or any(overlap(span, other) for key in inside for other in taken.get(key, ())):
            continue
        units = tuple(free[: len(one.units)])
        for key in [*((asset.id, unit) for unit in units), *inside]:
            taken.setdefault(key, []).append(span)
        found.append(replace(one, units=units))
    return tuple(found)


def nearby(world: World, around: date) -> st.SearchStrategy[tuple[datetime, datetime]]:
    """Periods anywhere, and more often such as begin or end near the edge of a booking or just after now."""
    known = {each for one in world.bookings for each in (one.starts, one.ends)} | {world.now + timedelta(minutes=15)}
    off = st.sampled_from([-60, -45, -30, -15, -15, -1, 0, 0, 0, 1, 10, 15, 15, 30, 45, 60]).map(
        lambda n: timedelta(minutes=n)
    )
    edges = st.builds(lambda edge, by: edge + by, st.sampled_from(sorted(known)), off)
    long = lengths.map(lambda n: timedelta(minutes=n))
    starting = st.builds(lambda edge, length: (edge, edge + length), edges, long)
    ending = st.builds(lambda edge, length: (edge - length, edge), edges, long)
    return periods(around) | starting | starting | ending


def bookers(around: date) -> st.SearchStrategy[Booker | None]:
    last_day = st.none() | st.integers(-1, DAYS_PLAYED).map(lambda n: around + timedelta(days=n))
    holds = st.dictionaries(st.sampled_from(PAPERS), last_day, max_size=2).map(lambda all_: tuple(all_.items()))
    return st.none() | st.builds(Booker, one_in(5).map(lambda each: not each), holds)


# Into the database ------------------------------------------------------------------------------------------------

ASSET = """
  INSERT INTO assets (id, owner_id, site_id, kind, category, title, features, capacity, units, part_of, state, details,
                      timetable_id, location, timezone, shortest_minutes, longest_minutes, step_minutes,
                      notice_minutes, horizon_days, turnaround_before_minutes, turnaround_after_minutes, price,
                      community_price, requires, min_attendees, approval, created_at, updated_at)
  VALUES ($1, $2, $3, $4, $5, 'A', $6, $7, $8, $9, $10, $11, $12, $13::text::geography, $14, $15, $16, $17, $18, $19,
          $20, $21, $22, $23, $24, $25, $26, $27, $27)
"""


@asynccontextmanager
async def inserted(conn: Connection, world: World) -> AsyncIterator[UUID]:
    """The world in the database, for as long as this lasts; its owner."""
    savepoint = conn.transaction()
    await savepoint.start()
    try:
        yield await insert(conn, world)
    finally:
        await savepoint.rollback()


async def insert(conn: Connection, world: World) -> UUID:
    owner = await an_organisation(conn, "council")
    await conn.execute("UPDATE organisations SET state = $2 WHERE id = $1", owner, world.owner_state)
    site = await a_site(conn, owner)
    for asset in world.assets:
        await insert_asset(conn, asset, owner, site)
    await conn.executemany(
        "INSERT INTO parts (owner_id, whole_id, part_id) VALUES ($1, $2, $3)",
        [(owner, whole.id, asset.id) for asset in world.assets for whole in world.wholes(asset)],
    )
    await conn.executemany(
        "INSERT INTO closures (id, owner_id, asset_id, site_id, during, created_at, updated_at)"
        " VALUES ($1, $2, $3, $4, tstzrange($5, $6), $5, $5)",
        [(uuid7(), owner, each.asset, None if each.asset else site, each.starts, each.ends) for each in world.closures],
    )
    await conn.executemany(
        "INSERT INTO occupancies (owner_id, asset_id, unit, occupied, held_until)"
        " VALUES ($1, $2, $3, tstzrange($4, $5), $6)",
        [
            (
                owner,
                *key,
                each.starts - timedelta(minutes=each.before),
                each.ends + timedelta(minutes=each.after),
                each.held_until,
            )
            for each in world.bookings
            for key in rows(world, each)
        ],
    )
    return owner


def rows(world: World, booking: Booking) -> list[tuple[UUID, int]]:
    """What a booking occupies: its units, and every unit of every part."""
    asset = world.by_id[booking.asset]
    inside = [(part.id, unit) for part in world.parts(asset) for unit in range(1, part.units + 1) if part != asset]
    return [(asset.id, unit) for unit in booking.units] + inside


async def insert_asset(conn: Connection, asset: Asset, owner: UUID, site: UUID) -> None:
    timetable = uuid7() if asset.hours else None
    if asset.hours:
        compiled = domain.hours.compile(asset.hours)
        await db.timetables.insert(
            conn, timetable, owner, name=None, hours=asset.hours, compiled=compiled, now=datetime.now(UTC)
        )
    await conn.execute(
        ASSET,
        asset.id,
        owner,
        site,
        asset.kind,
        asset.category,
        asset.features,
        asset.capacity,
        asset.units,
        asset.whole,
        asset.state,
        {} if asset.travels is None else {"kind": asset.kind, "travels_m": asset.travels},
        timetable,
        "POINT({} {})".format(*asset.point),
        asset.zone,
        asset.shortest,
        asset.longest,
        asset.step,
        asset.notice,
        asset.horizon,
        asset.before,
        asset.after,
        *(
            None if amount is None else {"amount": amount, "currency": asset.currency, "per": asset.per}
            for amount in (asset.price, asset.community_price)
        ),
        asset.requires,
        asset.min_attendees,
        asset.approval,
        datetime.now(UTC),
    )


async def insert_booker(conn: Connection, booker: Booker | None) -> UUID | None:
    if booker is None:
        return None
    made = await an_organisation(conn, booker.kind)
    await conn.execute(
        "UPDATE organisations SET state = $2 WHERE id = $1", made, "verified" if booker.verified else "unverified"
    )
    await conn.executemany(
        "INSERT INTO holdings (organisation_id, requirement, expires_on) VALUES ($1, $2, $3)",
        [(made, paper, last) for paper, last in booker.holds],
    )
    return made
