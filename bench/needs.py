"""What is looked for in a country: open needs, a tenth as many as assets, where assets are and of what they are.

They are laid over a country that is there, and made anew only when this file changes: a country takes much longer.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from asyncpg import Record
from uuid_utils.compat import uuid7

import db.needs
import domain.needs
from bench.country import PREPARE
from db.connection import connect
from domain import taxonomy
from domain.hours import DAYS
from domain.needs import Money, NeedRequest, Pattern, Window
from domain.places import Point
from domain.requests import PeriodRequest

ASSETS_A_NEED, NEEDS_A_GROUP = 10, 5
WEEKS, STANDS = 12, timedelta(days=150)

# Half of the groups hold the paper that one asset in seven asks for.
GROUPS = """
  INSERT INTO organisations (id, slug, name, kind, state, created_at, updated_at)
  SELECT gen_random_uuid(), 'group-' || n, 'Group ' || n, 'group', 'verified', '2026-11-01Z', '2026-11-01Z'
    FROM generate_series(1, $1::bigint) n
      ON CONFLICT (slug) DO NOTHING
"""
HOLDINGS = """
  INSERT INTO holdings (organisation_id, requirement, expires_on)
  SELECT id, 'public_liability', NULL FROM organisations WHERE slug LIKE 'group-%0' OR slug LIKE 'group-%5'
      ON CONFLICT DO NOTHING
"""
OWNERS = "SELECT id FROM organisations WHERE slug LIKE 'group-%' ORDER BY slug LIMIT $1"
ASSETS = """
  SELECT category, kind, ST_X(location::geometry) AS lon, ST_Y(location::geometry) AS lat
    FROM assets WHERE state = 'listed' ORDER BY md5(id::text) LIMIT $1
"""


async def fill(url: str, assets: int, monday: date, report: Callable[[str], None]) -> None:
    """Make them, for the weeks from a Monday on, in place of those that are there, and have them counted."""
    conn = await connect(url)
    try:
        many = max(assets // ASSETS_A_NEED, 1)
        report(f"{many:,} needs")
        await conn.execute(PREPARE)
        async with conn.transaction():
            await conn.execute("TRUNCATE needs, need_matches")
            await conn.execute(GROUPS, max(many // NEEDS_A_GROUP, 1))
            await conn.execute(HOLDINGS)
            groups = [row["id"] for row in await conn.fetch(OWNERS, many // NEEDS_A_GROUP + 1)]
            now = datetime.combine(monday, time(), UTC)
            rows = (
                (uuid7(), groups[n % len(groups)], *db.needs.values(domain.needs.plan(request, now), now))
                for n, request in enumerate(requests(await conn.fetch(ASSETS, many), monday))
            )
            await conn.executemany(db.needs.INSERT, rows)
        await conn.execute("VACUUM ANALYZE needs, organisations, holdings")
    finally:
        await conn.close()


def requests(assets: Sequence[Record], monday: date) -> Iterator[NeedRequest]:
    """One for each asset: of its category, seldom of its kind, and within 2 km or so of another."""
    random = Random(len(assets))
    features = sorted(taxonomy.taxonomy().features)
    for what, where in zip(assets, [*assets[1:], *assets[:1]], strict=True):
        by_kind, by_periods = random.random() < 0.15, random.random() < 0.2
        asked = random.sample(features, 3)
        must = random.choice([0, 0, 1])
        starts_on = monday + timedelta(weeks=random.randrange(3))
        opens, long = random.randrange(8, 19), random.randrange(3, 6)
        days = random.sample(DAYS, random.choice([1, 1, 2, 3]))
        yield NeedRequest(
            category=None if by_kind else what["category"],
            kind=what["kind"] if by_kind else None,
            features=asked[:must],
            nice_to_have=asked[must : random.choice([1, 2, 3])],
            attendees=random.choice([None, 8, 15, 30, 60]),
            point=Point((where["lon"] + random.gauss(0, 0.015), where["lat"] + random.gauss(0, 0.01))),
            within_m=random.choice([2000, 5000, 10_000, 10_000, 25_000]),
            pattern=None if by_periods else weekly(starts_on, days, opens, long),
            periods=list(weekly_periods(starts_on, opens, long)) if by_periods else None,
            minutes=random.choice([60, 90, 120, 180]),
            at_least=random.choice([None, 6, 8, 10]),
            price_ceiling=random.choice([None, None, Money(3000, "GBP")]),
            until=datetime.combine(monday, time(), UTC) + STANDS,
        )


def weekly(starts_on: date, days: Iterable[str], opens: int, long: int) -> Pattern:
    """Once a week, on any of some days within some hours."""
    windows = [Window(f"{opens:02}:00", f"{opens + long:02}:00", day=day) for day in days]
    return Pattern(starts_on=starts_on, weeks=WEEKS, windows=windows)


def weekly_periods(starts_on: date, opens: int, long: int) -> Iterator[PeriodRequest]:
    """The same on one day, said date by date."""
    for week in range(WEEKS):
        first = datetime.combine(starts_on + timedelta(weeks=week), time(opens), UTC)
        yield PeriodRequest(first, first + timedelta(hours=long))
