"""What a draft timetable would change: the rules of matching, asked of assets as they are and as they would be."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from db.connection import Connection
from domain.trials import Tried

NAMED = "SELECT a.id FROM assets a WHERE a.owner_id = $1 AND a.id = ANY($2::uuid[]) AND a.state <> 'archived'"
AT_SITE = "SELECT a.id FROM assets a WHERE a.owner_id = $1 AND a.site_id = $2 AND a.state <> 'archived' LIMIT $3"


async def named(conn: Connection, owner_id: UUID, asset_ids: Sequence[UUID]) -> list[UUID]:
    """Those of some assets that an owner has, whatever their state but archived."""
    return [row["id"] for row in await conn.fetch(NAMED, owner_id, asset_ids)]


async def at_site(conn: Connection, owner_id: UUID, site_id: UUID, *, limit: int) -> list[UUID]:
    """The same of one of its sites, no more than so many."""
    return [row["id"] for row in await conn.fetch(AT_SITE, owner_id, site_id, limit)]


# An asset by its present hours and by the draft's is the same row with another timetable, so that both go through the
# very functions that match and book; the state is listed in both. Needs are looked for once and tested twice.
TRY = """
  WITH asked AS MATERIALIZED (
    SELECT jsonb_populate_record(a, '{"state": "listed"}') AS itself FROM assets a
     WHERE a.owner_id = $1 AND a.id = ANY($2::uuid[])),
  clocks AS MATERIALIZED (
    SELECT z.zone, c.moments, c.shows
      FROM (SELECT DISTINCT (asked.itself).timezone AS zone FROM asked) z
     CROSS JOIN LATERAL rules.clock_hours(z.zone, $4, $5) c),
  near AS MATERIALIZED (
    SELECT (asked.itself).id AS asset_id, k.n, k.besides, k.cut
      FROM asked
     CROSS JOIN (SELECT 0.5 / count(*) AS share FROM asked) half
     CROSS JOIN LATERAL rules.needs_near(asked.itself, half.share, $6) k)
  SELECT jsonb_build_object('id', (asked.itself).id, 'title', (asked.itself).title) AS asset,
         jsonb_build_object('id', s.id, 'name', s.name) AS site,
         (asked.itself).timezone, (asked.itself).units, w.ways->'now' AS now, w.ways->'draft' AS draft,
         (SELECT count(*) FROM near WHERE near.asset_id = (asked.itself).id AND NOT near.cut)::int AS needs_examined,
         EXISTS (SELECT FROM near WHERE near.asset_id = (asked.itself).id AND near.cut) AS needs_cut
    FROM asked
    JOIN clocks c ON c.zone = (asked.itself).timezone
    JOIN sites s ON s.id = (asked.itself).site_id AND s.owner_id = (asked.itself).owner_id
   CROSS JOIN LATERAL (
         SELECT jsonb_object_agg(way.name, jsonb_build_object('hours', u.hours, 'met', m.met)) AS ways
           FROM (VALUES ('now', asked.itself),
                        ('draft', jsonb_populate_record(asked.itself, jsonb_build_object('timetable_id', $3::uuid)))
                ) way (name, itself)
          CROSS JOIN LATERAL (
                SELECT coalesce(jsonb_agg(jsonb_build_array(h.hour, h.open_minutes, h.used_minutes) ORDER BY h.hour),
                                '[]') AS hours
                  FROM rules.open_and_used(way.itself, $4, $5, c.moments, c.shows, $6) h) u
          CROSS JOIN LATERAL (
                SELECT coalesce(jsonb_agg(jsonb_build_object(
                         'need_id', (near.n).id, 'number', o.number,
                         'hours', (SELECT coalesce(jsonb_agg(jsonb_build_array(l.hour, (near.n).units * l.minutes)),
                                                   '[]')
                                     FROM rules.lies_in(o, $5, c.moments, c.shows) l))), '[]') AS met
                  FROM near
                 CROSS JOIN LATERAL rules.meets(way.itself, near.n, near.besides, $6) k
                 CROSS JOIN LATERAL unnest(k.met) o
                 WHERE near.asset_id = (asked.itself).id AND NOT near.cut) m) w
   ORDER BY (asked.itself).id DESC
"""


async def look(
    conn: Connection,
    owner_id: UUID,
    asset_ids: Sequence[UUID],
    timetable_id: UUID,
    starts_at: datetime,
    ends_at: datetime,
    *,
    now: datetime,
) -> list[Tried]:
    """What assets of an owner are open, used for and meet in a window, now and by another timetable of that owner:
    newest first, as if they were listed.
    """
    rows = await conn.fetch(TRY, owner_id, asset_ids, timetable_id, starts_at, ends_at, now)
    return msgspec.convert(rows, list[Tried])
