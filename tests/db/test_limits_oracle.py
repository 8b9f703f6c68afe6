"""What limits and allowances leave: the model counts each quarter of an hour by itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from stored import NOW, SALE, a_site, a_timetable, an_asset, an_organisation, at
from uuid_utils.compat import uuid7
from worlds import few, many

from domain.limits import LimitRequest, openings
from domain.needs import Window
from domain.terms import Allowance, Terms
from domain.time import instant

pytestmark = pytest.mark.anyio

QUARTER = timedelta(minutes=15)
SCENES = [
    ("Europe/London", date(2027, 3, 28)),  # forward, on a Sunday: the week after begins in summer time
    ("Europe/London", date(2027, 10, 31)),  # back, and the month ends
    ("Pacific/Fiji", date(2027, 1, 31)),
    ("Europe/London", date(2027, 1, 1)),
]
OTHER_ZONES = ("Europe/London", "Pacific/Fiji")
STANDING = ("held", "pending", "confirmed", "checked_in")
STATES = (*STANDING, "completed", "no_show", "cancelled", "declined", "lapsed", "recalled", "expired", "skipped")
BOOKERS = ("group", "charity")
CATEGORIES = ("hall", "kitchen", "hall")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


every = st.sampled_from(["week", "month"])
Row = tuple[int, str, bool, int | None, int | None]


@dataclass(frozen=True)
class Had:
    """An occurrence of a booker's, or of nobody's, by their places in the world."""

    asset: int
    booker: int | None
    starts: datetime
    quarters: int
    units: int
    state: str
    late: bool
    lapsed: bool

    @property
    def ends(self) -> datetime:
        return self.starts + self.quarters * QUARTER


@dataclass(frozen=True)
class World:
    """What there is, and what the first booker asks of the first asset."""

    zone: str
    limits: list[LimitRequest]
    of_asset: list[int | None]
    allowance: Allowance | None
    had: list[Had]
    asked: list[tuple[datetime, datetime]]
    units: int
    failed: set[int]
    now: datetime


@st.composite
def worlds(draw) -> World:
    zone, around = draw(st.sampled_from(SCENES))
    first = datetime.combine(around, time(), UTC) - timedelta(days=3)
    moments = st.integers(0, 96 * 7).map(lambda n: first + n * QUARTER)
    quarters = st.sampled_from([1, 4, 8, 8, 8, 40, 200])
    had = st.builds(
        Had,
        asset=st.integers(0, 2),
        booker=st.sampled_from([0, 0, 0, 1, None]),
        starts=moments,
        quarters=quarters,
        units=st.integers(1, 3),
        state=st.sampled_from(STATES),
        late=st.booleans(),
        lapsed=st.booleans(),
    )
    windows = st.lists(
        st.builds(
            lambda day, hours: Window(day=day, opens=hours[0], closes=hours[1]),
            st.sampled_from(DAYS),
            st.sampled_from([("18:00", "22:00"), ("22:00", "02:00"), ("00:00", "24:00"), ("01:30", "02:30")]),
        ),
        min_size=1,
        max_size=4,
    )

    def limit(counts, most, every, of, kinds, prime):
        season = {"starts_on": around - timedelta(days=1), "ends_on": around + timedelta(days=draw(st.integers(0, 9)))}
        minutes = {"prime_time": prime, **({"every": every} if every else season)}
        return LimitRequest(
            counts=counts,
            most={"minutes": 15 * most, "open_bookings": most % 4, "days_ahead": most % 8}[counts],
            category=of if isinstance(of, str) else None,
            kinds=kinds,
            **(minutes if counts == "minutes" else {}),
        )

    limits = draw(
        st.lists(
            st.builds(
                limit,
                st.sampled_from(["minutes", "minutes", "minutes", "open_bookings", "days_ahead"]),
                st.integers(0, 200),
                st.sampled_from(["week", "month", None]),
                st.sampled_from([None, "hall", "kitchen"]),
                st.sampled_from([[], ["group"], ["charity", "council"]]),
                st.none() | windows,
            ),
            max_size=3,
        )
    )
    of_asset = [None if each.category else draw(st.sampled_from([None, None, 0, 1])) for each in limits]
    asked = draw(st.lists(st.tuples(moments, quarters), min_size=1, max_size=4))
    return World(
        zone=zone,
        limits=limits,
        of_asset=of_asset,
        allowance=draw(st.none() | st.builds(lambda n, e: Allowance(15 * n, e), st.integers(1, 200), every)),
        had=draw(st.lists(had, max_size=12)),
        asked=[(starts, starts + n * QUARTER) for starts, n in asked],
        units=draw(st.integers(1, 2)),
        failed=draw(st.sets(st.integers(1, len(asked)), max_size=1)),
        now=draw(moments),
    )


# The model ----------------------------------------------------------------------------------------------------------


def quarters(starts, ends):
    while starts < ends:
        yield starts
        starts += QUARTER


def week_of(moment: datetime, zone: ZoneInfo) -> date:
    """The Monday of its week: that of the last one that has begun."""
    monday = moment.astimezone(zone).date() + timedelta(days=2)
    while monday.weekday() or instant(datetime.combine(monday, time()), zone) > moment:
        monday -= timedelta(days=1)
    return monday


def is_prime(moment: datetime, windows: list[Window] | None, zone: ZoneInfo) -> bool:
    if windows is None:
        return True
    for back in range(9):
        day = moment.astimezone(zone).date() - timedelta(days=back - 1)
        for each in windows:
            if DAYS[day.weekday()] != each.day:
                continue
            opens = datetime.combine(day, time.fromisoformat(each.opens))
            hours = 24 if each.closes == "24:00" else int(each.closes[:2])
            closes = datetime.combine(day, time()) + timedelta(hours=hours, minutes=int(each.closes[3:]))
            closes += timedelta(days=closes <= opens)
            if instant(opens, zone) <= moment < instant(closes, zone):
                return True
    return False


def shares(limit, zone: ZoneInfo, starts: datetime, ends: datetime) -> dict[date, int]:
    """How many minutes of a period lie in each week, month or season of a limit."""
    found: dict[date, int] = {}
    for moment in quarters(starts, ends):
        day = moment.astimezone(zone).date()
        if limit.every == "week":
            key = week_of(moment, zone)
        elif limit.every == "month":
            key = day.replace(day=1)
        elif limit.starts_on <= day <= limit.ends_on:
            key = limit.starts_on
        else:
            continue
        if is_prime(moment, limit.prime_time, zone):
            found[key] = found.get(key, 0) + 15
    return found


def state(each: Had, now: datetime) -> str:
    if each.lapsed and each.state in ("held", "pending"):
        return {"held": "expired", "pending": "lapsed"}[each.state]
    if each.ends <= now and each.state in ("confirmed", "checked_in"):
        return "completed"
    return each.state


@dataclass(frozen=True)
class Cap:
    """What caps the booking that is asked for, and what of it counts."""

    code: str
    limit: LimitRequest
    had: list[Had]
    counted: tuple[str, ...]


def caps_of(world: World) -> Iterator[Cap]:
    """The allowance of the first asset, and the limits that apply to it and to the first booker."""
    if world.allowance:
        limit = LimitRequest(counts="minutes", most=world.allowance.minutes, every=world.allowance.every)
        yield Cap("allowance_used", limit, [each for each in world.had if each.asset == 0], (*STANDING, "completed"))
    for limit, of_asset in zip(world.limits, world.of_asset, strict=True):
        of_kind = not limit.kinds or BOOKERS[0] in limit.kinds
        if of_kind and limit.category in {None, CATEGORIES[0]} and of_asset in {None, 0}:
            had = [
                each
                for each in world.had
                if each.booker == 0
                and of_asset in {None, each.asset}
                and limit.category in {None, CATEGORIES[each.asset]}
            ]
            yield Cap("limit_reached", limit, had, (*STANDING, "completed", "no_show", "cancelled"))


def counted_by(
    cap: Cap, world: World, starts: datetime, ends: datetime, taken: list[tuple[datetime, datetime]]
) -> Iterator[tuple[bool, int | None, int | None]]:
    """Of each thing that a cap counts of a period: whether it passes, what is used, and what it wants."""
    limit = cap.limit
    if limit.counts == "days_ahead":
        yield starts - world.now <= timedelta(days=limit.most), None, None
    elif limit.counts == "open_bookings":
        used = sum(state(each, world.now) in STANDING and each.ends > world.now for each in cap.had)
        yield used < limit.most, used, None
    else:
        zones = [ZoneInfo(world.zone), *map(ZoneInfo, OTHER_ZONES)]
        counted = [
            each
            for each in cap.had
            if state(each, world.now) in cap.counted and (each.state != "cancelled" or each.late)
        ]
        for key, wants in shares(limit, zones[0], starts, ends).items():
            used = sum(
                each.units * shares(limit, zones[each.asset], each.starts, each.ends).get(key, 0) for each in counted
            ) + sum(world.units * shares(limit, zones[0], *other).get(key, 0) for other in taken)
            yield used + world.units * wants <= limit.most, used, world.units * wants


def expected(world: World) -> list[Row]:
    """Of each period and each thing that caps it: whether it passes, what is used, and what it wants."""
    caps = [*caps_of(world)]
    rows: list[Row] = []
    taken: list[tuple[datetime, datetime]] = []
    for n, period in enumerate(world.asked, 1):
        mine: list[Row] = [(n, cap.code, *test) for cap in caps for test in counted_by(cap, world, *period, taken)]
        rows += mine
        if n not in world.failed and all(passed for _, _, passed, _, _ in mine):
            taken.append(period)
    return sorted(rows, key=str)


# The database -------------------------------------------------------------------------------------------------------


async def answered(conn, world: World) -> list[Row]:
    """The same from the rules of the database."""
    owner = await an_organisation(conn, "council")
    bookers = [await an_organisation(conn, kind) for kind in BOOKERS]
    assets = []
    for zone, category in zip((world.zone, *OTHER_ZONES), CATEGORIES, strict=True):
        site = await a_site(conn, owner, timezone=zone)
        terms = Terms(allowance=world.allowance if not assets else None)
        assets.append(await an_asset(conn, owner, site, category=category, units=9, terms=terms))
    for limit, of_asset in zip(world.limits, world.of_asset, strict=True):
        await conn.execute(
            """
            INSERT INTO limits (id, owner_id, asset_id, category, booker_kinds, counts, most, every, starts_on, ends_on,
                                prime_time, openings, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::text::int4multirange, $13, $13)
            """,
            uuid7(),
            owner,
            None if of_asset is None else assets[of_asset],
            limit.category,
            limit.kinds,
            limit.counts,
            limit.most,
            limit.every,
            limit.starts_on,
            limit.ends_on,
            limit.prime_time,
            openings(limit),
            world.now,
        )
    for each in world.had:
        booker = None if each.booker is None else bookers[each.booker]
        booking = uuid7()
        await conn.execute(
            """
            WITH b AS (
              INSERT INTO bookings (id, owner_id, booker_id, asset_id, reference, units, open_to_public, cost,
                                    clock_changes, created_at, updated_at)
              VALUES ($1::uuid, $2, $3, $4, $1::uuid::text, 1, false, '{}', '[]', $10, $10))
            INSERT INTO occurrences (id, owner_id, booking_id, booker_id, asset_id, starts_at, ends_at, units, state,
                                     cancelled_late, held_until)
            VALUES ($1, $2, $1, $3, $4, $5, $6, $7, $8, $9, $11)
            """,
            booking,
            owner,
            booker,
            assets[each.asset],
            each.starts,
            each.ends,
            each.units,
            each.state,
            each.late,
            world.now,
            world.now + timedelta(minutes=-1 if each.lapsed else 1) if each.state in ("held", "pending") else None,
        )
    rows = await conn.fetch(
        """
        SELECT w.n, w.code, w.passed, coalesce(w.numbers->'minutes_used', w.numbers->'open_bookings') AS used,
               w.numbers->'minutes_wanted' AS wanted
          FROM assets a
         CROSS JOIN LATERAL rules.within_limits(a, rules.caps(a, $6), $2, $3, $4, $5, $6, $7) w
         WHERE a.id = $1
        """,
        assets[0],
        [starts for starts, _ in world.asked],
        [ends for _, ends in world.asked],
        [world.units for _ in world.asked],
        [*world.failed],
        bookers[0],
        world.now,
    )
    starts, ends = world.asked[0]
    since = min(starts, *(each.starts for each in world.had), starts) - timedelta(days=1)
    wrong = await conn.fetch(
        STARTS, assets[0], bookers[0], since, since + timedelta(days=9), ends - starts, world.units, world.now
    )
    assert wrong == []
    return sorted((tuple(row) for row in rows), key=str)


# Starts of which it is known at once that they go beyond, or that they do not, and it is not so.
STARTS = """
  SELECT s, b.never @> s AS never, f.fails
    FROM assets a
   CROSS JOIN LATERAL (SELECT rules.caps(a, $2) AS caps OFFSET 0) c
   CROSS JOIN LATERAL (SELECT rules.counted(a, c.caps, $2, $3, $4::timestamptz + $5, '{}', $7) AS used OFFSET 0) u
   CROSS JOIN LATERAL rules.starts_beyond(c.caps, u.used, $3, $4, $5, $6, a.timezone, $7) b
   CROSS JOIN generate_series($3::timestamptz, $4::timestamptz - interval '15 minutes', '15 minutes') s
   CROSS JOIN LATERAL (
         SELECT EXISTS (SELECT FROM rules.within(a, c.caps, u.used, NULL, s, s + $5::interval, $6, $7) l
                         WHERE NOT l.passed) AS fails OFFSET 0) f
   WHERE a.id = $1 AND (b.never @> s AND NOT f.fails OR NOT b.never @> s AND NOT b.perhaps @> s AND f.fails)
"""


async def agree(conn, world: World) -> None:
    begun = conn.transaction()
    await begun.start()
    try:
        found = await answered(conn, world)
    finally:
        await begun.rollback()
    wanted = expected(world)
    assert found == wanted
    event(f"passed: {sorted({each[2] for each in wanted})}")


@few
@given(world=worlds())
async def test_what_is_left_of_limits_is_what_the_model_counts(conn, world):
    await agree(conn, world)


CALLS = "SELECT calls FROM pg_stat_xact_user_functions WHERE schemaname = 'rules' AND funcname = 'counted'"


async def test_a_search_over_weeks_counts_what_a_booker_has_once_for_each_asset(conn):
    owner, booker = await an_organisation(conn, "council"), await an_organisation(conn)
    site = await a_site(conn, owner)
    timetable = await a_timetable(conn, owner, always=True)
    for _ in range(3):
        await an_asset(conn, owner, site, timetable_id=timetable)
    await conn.execute(
        """
        INSERT INTO limits (id, owner_id, booker_kinds, counts, most, every, created_at, updated_at)
        VALUES ($1, $2, '{}', 'minutes', 600, 'week', $3, $3)
        """,
        uuid7(),
        owner,
        NOW,
    )
    await conn.execute("UPDATE organisations SET state = 'verified' WHERE id = $1", booker)
    await conn.execute("SET LOCAL track_functions = 'pl'")
    found = await conn.fetchval(
        """
        SELECT cardinality(nearest) FROM rules.search($1::geography, 1000, 'hall', NULL, '{}', 1, NULL, false, false,
          NULL, true, $2, $3, 10, 10, $4, $5, -1, '', '00000000-0000-0000-0000-000000000000', 20)
        """,
        "POINT({} {})".format(*SALE.coordinates),
        at(5, 18),
        at(5, 20),
        booker,
        NOW,
    )
    assert (found, await conn.fetchval(CALLS)) == (3, 3)


@pytest.mark.slow
@many
@given(world=worlds())
async def test_the_same_in_many_more_worlds(conn, world):
    await agree(conn, world)
