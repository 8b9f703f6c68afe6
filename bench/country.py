"""A country to measure with: assets around real postcode districts, with hours, parts, papers and bookings.

The same number makes the same country, but for the ids of bookings and the day from which they are. Its most frequent
category is the first by name, its rarest (one asset in a thousand) the last.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import date

from asyncpg import Record

from db.connection import Connection, connect
from domain import taxonomy
from domain.places import districts

ASSETS_A_SITE, SITES_AN_OWNER, BOOKINGS_A_UNIT = 5, 20, 10
MIDDLE = (-2.2426, 53.4808)  # around which everything is taken …
FULL_WITHIN_M = 25_000  # … so far
FULL_DAY, FULL_HOUR = 44, 18  # … from this day and hour (UTC), counted from the first Monday, for two hours

# Nothing is checked row by row while it is made: FOREIGN KEYs are triggers, and what follows is built at the end.
PREPARE = """
  SET session_replication_role = replica;
  SET synchronous_commit = off;
  SET maintenance_work_mem = '1GB';
"""
FUNCTIONS = """
  CREATE FUNCTION pg_temp.chance(what text, n bigint) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT (hashtextextended(what, n) & 4294967295) / 4294967296.0 $$;
  CREATE FUNCTION pg_temp.id(what text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT (lpad(to_hex(1790000000000 + n / 100), 12, '0') || '7' || substr(md5(what || n), 1, 3)
               || '8' || substr(md5(what || n), 4, 15))::uuid $$;
"""

TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"

# All but what foreign keys refer to.
INDEXES = """
  SELECT k.conrelid::regclass::text AS on_table,
         format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::regclass, k.conname) AS without,
         format('ALTER TABLE %s ADD CONSTRAINT %I %s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid))
           AS build
    FROM pg_constraint k
   WHERE k.contype IN ('x', 'u') AND k.connamespace = 'public'::regnamespace
     AND NOT EXISTS (SELECT FROM pg_constraint f WHERE f.contype = 'f' AND f.conindid = k.conindid)
   UNION ALL
  SELECT i.indrelid::regclass::text, format('DROP INDEX %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
   WHERE c.relnamespace = 'public'::regnamespace AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid)
"""

OWNERS = """
  INSERT INTO organisations (id, slug, name, kind, state, created_at, updated_at)
  SELECT pg_temp.id('owner', n), 'owner-' || n, 'Owner ' || n, CASE WHEN n % 2 = 0 THEN 'council' ELSE 'charity' END,
         'verified', '2026-11-01Z', '2026-11-01Z'
    FROM generate_series(1, $1::bigint / $2) n
"""

# Three that each owner's assets share: always, every day, and on weekday evenings.
TIMETABLES = """
  INSERT INTO timetables (id, owner_id, name, hours, always, created_at, updated_at)
  SELECT pg_temp.id('timetable', 3 * n + k), pg_temp.id('owner', n), 'Hours ' || k, '{}', k = 0, '2026-11-01Z',
         '2026-11-01Z'
    FROM generate_series(1, $1::bigint / $2) n, generate_series(0, 2) k
"""
SEASONS = """
  INSERT INTO seasons (timetable_id, owner_id, dates, cycle_weeks, days)
  SELECT pg_temp.id('timetable', 3 * n + k), pg_temp.id('owner', n), '[2026-01-05,)', 1,
         CASE WHEN k = 1 THEN array_fill('{[480,1320)}'::int4multirange, ARRAY[7])
              ELSE array_fill('{[1020,1320)}'::int4multirange, ARRAY[5])
                   || array_fill('{}'::int4multirange, ARRAY[2]) END
    FROM generate_series(1, $1::bigint / $2) n, generate_series(1, 2) k
"""

# Within 8 km of a district's centre, most of them near it.
SITES = """
  INSERT INTO sites (id, owner_id, name, address, location, shown, precision, timezone, private, created_at, updated_at)
  SELECT pg_temp.id('site', n), pg_temp.id('owner', 1 + n % ($1::bigint / $2 / $3)), 'Site ' || n, '{}', point, point,
         'point', 'Europe/London', false, '2026-11-01Z', '2026-11-01Z'
    FROM generate_series(1, $1::bigint / $3) n
   CROSS JOIN LATERAL (SELECT 1 + floor(pg_temp.chance('district', n) * cardinality($4::float8[])) AS d) d
   CROSS JOIN LATERAL (
         SELECT ST_Project(ST_MakePoint(($4::float8[])[d], ($5::float8[])[d])::geography,
                           8000 * pg_temp.chance('far', n) ^ 2, 6.28 * pg_temp.chance('turn', n)) AS point) p
"""

# One in twenty sites has a hall (its first asset) of which the next two are parts; one in ten others has several units.
ASSETS = """
  INSERT INTO assets (id, owner_id, site_id, kind, category, title, features, capacity, units, part_of, state, details,
                      timetable_id, location, timezone, longest_minutes, price, requires, min_attendees,
                      created_at, updated_at)
  SELECT pg_temp.id('asset', n), s.owner_id, s.id, k.kind, k.category, 'Asset ' || n,
         ARRAY(SELECT f FROM unnest($4::text[]) f WHERE pg_temp.chance(f, n) < 0.3),
         20 + n % 100,
         CASE WHEN n % 100 < 3 OR n % 10 > 0 THEN 1 ELSE 2 + n / 10 % 4 END,
         CASE WHEN n % 100 IN (1, 2) THEN pg_temp.id('asset', n - n % 100) END,
         CASE WHEN n % 97 = 96 THEN 'paused' WHEN n % 97 = 95 THEN 'draft' ELSE 'listed' END,
         jsonb_build_object('kind', k.kind),
         pg_temp.id('timetable', 3 * (1 + m.site % ($1::bigint / $2 / $3)) + n % 3), s.location, s.timezone, NULL,
         CASE WHEN n % 2 = 0 THEN '{"amount": 1250, "currency": "GBP", "per": "hour"}'::jsonb END,
         CASE WHEN n % 7 = 0 THEN '{public_liability}' ELSE '{}' END::text[], CASE WHEN n % 50 = 0 THEN 5 END,
         '2026-11-01Z', '2026-11-01Z'
    FROM generate_series(100, 99 + $1::bigint) n
   CROSS JOIN LATERAL (SELECT 1 + n / $3 % ($1::bigint / $3) AS site) m
    JOIN sites s ON s.id = pg_temp.id('site', m.site)
   CROSS JOIN LATERAL (SELECT CASE WHEN n % 1000 = 503 THEN cardinality($5::text[])
                           ELSE 1 + floor(pg_temp.chance('category', n) ^ 3 * (cardinality($5::text[]) - 1)) END AS k) c
   CROSS JOIN LATERAL (SELECT ($5::text[])[k] AS category, ($6::text[])[k] AS kind) k
"""
PARTS = """
  INSERT INTO parts (owner_id, whole_id, part_id)
  SELECT owner_id, id, id FROM assets UNION ALL SELECT owner_id, part_of, id FROM assets WHERE part_of IS NOT NULL
"""

# Two hours each, three days apart or so, and one evening on which nothing is left around the middle; those who have
# parts are booked by their parts only. In the order of the constraint, whose index is then built page by page.
BOOKINGS = """
  CREATE UNLOGGED TABLE made AS
  SELECT pg_temp.id('booking', row_number() OVER (ORDER BY a.owner_id, a.id, s.starts_at)) AS id, a.owner_id,
         a.id AS asset_id, u AS unit, s.starts_at
    FROM assets a
   CROSS JOIN generate_series(1, a.units) u
   CROSS JOIN LATERAL (
         SELECT make_interval(days => (3 * k + 2 * pg_temp.chance(a.id::text, k))::int,
                              hours => (8 + 12 * pg_temp.chance(a.id::text, 100 * u + k))::int)
           FROM generate_series(1, $1::int) k
          UNION ALL
         SELECT make_interval(days => $3, hours => $4) WHERE ST_DWithin(a.location, $5::geography, $6)) later (by)
   CROSS JOIN LATERAL (SELECT $2::date::timestamptz + later.by AS starts_at) s
   WHERE NOT EXISTS (SELECT FROM assets p WHERE p.owner_id = a.owner_id AND p.part_of = a.id)
"""
WRITE = {
    "occupancies": """
  INSERT INTO occupancies (owner_id, asset_id, unit, occupied, occurrence_id)
  SELECT owner_id, asset_id, unit, tstzrange(starts_at, starts_at + interval '2 hours'), id FROM made
""",
    "bookings": """
  INSERT INTO bookings (id, owner_id, booker_id, asset_id, reference, units, open_to_public, cost, clock_changes,
                        created_at, updated_at)
  SELECT id, owner_id, owner_id, asset_id, right(id::text, 12), 1, false,
         '{"amount": 0, "currency": "GBP", "lines": []}', '[]', '2026-11-01Z', '2026-11-01Z' FROM made
""",
    "occurrences": """
  INSERT INTO occurrences (id, owner_id, booking_id, booker_id, asset_id, starts_at, ends_at, units, state)
  SELECT id, owner_id, id, owner_id, asset_id, starts_at, starts_at + interval '2 hours', 1, 'confirmed' FROM made
""",
}


async def fill(url: str, assets: int, monday: date, report: Callable[[str], None]) -> None:
    """Make everything in a database that is migrated and empty, with bookings from a Monday on, and have it counted.

    Two connections finish it: the constraint that keeps occupancies apart takes as long as all the rest.
    """
    one, other = await connect(url), await connect(url)
    try:
        for conn in (one, other):
            await conn.execute(PREPARE)
        tables = {row["relname"] for row in await one.fetch(TABLES)}
        indexes = await one.fetch(INDEXES)
        for index in indexes:
            await one.execute(index["without"])
        await begin(one, assets, monday, report)
        await asyncio.gather(
            finish(one, ["occupancies"], indexes, report),
            finish(other, sorted(tables - {"occupancies"}), indexes, report),
        )
        await one.execute("DROP TABLE made")
    finally:
        await one.close()
        await other.close()


async def begin(conn: Connection, assets: int, monday: date, report: Callable[[str], None]) -> None:
    """Places and assets, and what is booked of them."""
    lists = taxonomy.taxonomy()
    features, categories = sorted(lists.features), sorted(lists.categories)
    kinds = [next(iter(lists.categories[each].kinds)) for each in categories]
    points = [point.coordinates for _, point in sorted(districts().items())]
    sizes = (assets, ASSETS_A_SITE * SITES_AN_OWNER)
    split = (assets, SITES_AN_OWNER, ASSETS_A_SITE)
    middle = "POINT({} {})".format(*MIDDLE)
    await conn.execute(FUNCTIONS)
    for statement in (OWNERS, TIMETABLES, SEASONS):
        await conn.execute(statement, *sizes)
    await conn.execute(SITES, *split, [lon for lon, _ in points], [lat for _, lat in points])
    report("assets")
    await conn.execute(ASSETS, *split, features, categories, kinds)
    await conn.execute(PARTS)
    report("what is booked")
    await conn.execute("ANALYZE assets")
    await conn.execute(BOOKINGS, BOOKINGS_A_UNIT, monday, FULL_DAY, FULL_HOUR, middle, FULL_WITHIN_M)


async def finish(
    conn: Connection, tables: Iterable[str], indexes: Sequence[Record], report: Callable[[str], None]
) -> None:
    """What was booked is written, and what was left for the end is built."""
    for table in tables:
        if table in WRITE:
            report(table)
            await conn.execute(WRITE[table])
        for index in indexes:
            if index["on_table"] == table:
                report(index["build"])
                await conn.execute(index["build"])
        await conn.execute(f"VACUUM ANALYZE {table}")
