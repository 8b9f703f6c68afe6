"""Copies of assets, as they are stored: a fixed number of statements, however many are made."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

import db.assets
import db.locks
from db.connection import Connection
from domain.copies import Copy, Original

INSIDE = """
  SELECT a.id FROM assets a
   WHERE a.owner_id = $1 AND a.id IN (SELECT p.part_id FROM parts p WHERE p.owner_id = $1 AND p.whole_id = $2)
"""


async def lock(conn: Connection, owner_id: UUID, asset_id: UUID) -> None:
    """Lock an asset and everything inside it."""
    await db.locks.take(conn, INSIDE, owner_id, asset_id)


# What is archived has only archived parts.
ORIGINALS = """
  SELECT a.id, a.part_of, a.kind, t.id AS own_hours_id,
         (SELECT count(*) FROM seasons s WHERE s.owner_id = t.owner_id AND s.timetable_id = t.id)
         + (SELECT count(*) FROM exceptions e WHERE e.owner_id = t.owner_id AND e.timetable_id = t.id) AS dates
    FROM parts p
    JOIN assets a ON a.id = p.part_id AND a.owner_id = p.owner_id
    LEFT JOIN timetables t ON t.id = a.timetable_id AND t.owner_id = a.owner_id AND t.name IS NULL
   WHERE p.owner_id = $1 AND p.whole_id = $2 AND a.state <> 'archived'
   ORDER BY a.id
"""


async def originals(conn: Connection, owner_id: UUID, asset_id: UUID) -> list[Original]:
    """An asset, which is locked, and all inside it but what is archived."""
    return msgspec.convert(await conn.fetch(ORIGINALS, owner_id, asset_id), list[Original])


KEEP_SITES = "SELECT id, private FROM sites WHERE owner_id = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR SHARE"


async def keep_sites(conn: Connection, owner_id: UUID, site_ids: Sequence[UUID]) -> dict[UUID, bool]:
    """Keep those of some sites that an owner has as they are until the end: whether each is private."""
    return {row["id"]: row["private"] for row in await conn.fetch(KEEP_SITES, owner_id, site_ids)}


MADE_HOURS = "unnest($2::uuid[], $3::uuid[]) made (id, original_id)"
HOURS = f"""
  INSERT INTO timetables (id, owner_id, hours, applies_to, always, holidays_region, holidays_hours,
                          created_at, updated_at)
  SELECT made.id, t.owner_id, t.hours, t.applies_to, t.always, t.holidays_region, t.holidays_hours, $4, $4
    FROM {MADE_HOURS}
    JOIN timetables t ON t.id = made.original_id AND t.owner_id = $1
"""
SEASONS = f"""
  INSERT INTO seasons (timetable_id, owner_id, dates, cycle_weeks, days)
  SELECT made.id, s.owner_id, s.dates, s.cycle_weeks, s.days
    FROM {MADE_HOURS}
    JOIN seasons s ON s.timetable_id = made.original_id AND s.owner_id = $1
"""
EXCEPTIONS = f"""
  INSERT INTO exceptions (timetable_id, owner_id, on_date, hours)
  SELECT made.id, e.owner_id, e.on_date, e.hours
    FROM {MADE_HOURS}
    JOIN exceptions e ON e.timetable_id = made.original_id AND e.owner_id = $1
"""
COPIED = [name for name in db.assets.COLUMNS if name not in {"site_id", "part_of", "arrival"}]
ASSETS = f"""
  INSERT INTO assets (id, owner_id, site_id, part_of, timetable_id, location, timezone, created_at, updated_at,
                      {", ".join(COPIED)})
  SELECT made.id, a.owner_id, s.id, made.part_of, coalesce(made.own_hours_id, a.timetable_id), s.shown, s.timezone,
         $7, $7, {", ".join(f"a.{name}" for name in COPIED)}
    FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[])
           made (id, original_id, site_id, part_of, own_hours_id)
    JOIN assets a ON a.id = made.original_id AND a.owner_id = $1
    JOIN sites s ON s.id = made.site_id AND s.owner_id = $1
"""
PARTS = """
  WITH made AS (SELECT * FROM unnest($2::uuid[], $3::uuid[], $4::uuid[]) made (id, original_id, site_id))
  INSERT INTO parts (owner_id, whole_id, part_id)
  SELECT $1, whole.id, part.id
    FROM made whole
    JOIN parts p ON p.owner_id = $1 AND p.whole_id = whole.original_id
    JOIN made part ON part.original_id = p.part_id AND part.site_id = whole.site_id
"""


async def insert(conn: Connection, owner_id: UUID, copies: Sequence[Copy], now: datetime) -> None:
    """Store copies, each with its place among the others and hours of its own. The originals are locked."""
    made_hours = [(each.own_hours_id, each.original.own_hours_id) for each in copies if each.own_hours_id]
    hours = [made for made, _ in made_hours], [original for _, original in made_hours]
    await conn.execute(HOURS, owner_id, *hours, now)
    await conn.execute(SEASONS, owner_id, *hours)
    await conn.execute(EXCEPTIONS, owner_id, *hours)
    where = [each.id for each in copies], [each.original.id for each in copies], [each.site_id for each in copies]
    inside = [each.part_of for each in copies], [each.own_hours_id for each in copies]
    await conn.execute(ASSETS, owner_id, *where, *inside, now)
    await conn.execute(PARTS, owner_id, *where)
