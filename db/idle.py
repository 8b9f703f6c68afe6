"""How much of the time of an owner's assets nobody uses, and what could be met with it, by one statement."""

from datetime import datetime
from uuid import UUID

import msgspec

from db.connection import Connection
from domain.hours import DAYS
from domain.idle import IdleAsset

# An index walked until the page is full; what clocks show is worked out once for each zone, and what one need's matches
# may cost is shared by the assets of the page.
PAGE = """
  WITH page AS MATERIALIZED (
    SELECT a AS itself FROM assets a
     WHERE a.owner_id = $1 AND a.state IN ('listed', 'paused')
       AND a.id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
     ORDER BY a.id DESC LIMIT $3),
  clocks AS MATERIALIZED (
    SELECT z.zone, c.moments, c.shows
      FROM (SELECT DISTINCT (page.itself).timezone AS zone FROM page) z
     CROSS JOIN LATERAL rules.clock_hours(z.zone, $4, $5) c),
  near AS MATERIALIZED (
    SELECT (page.itself).id AS asset_id, k.met_hours, k.cut
      FROM page
      JOIN clocks c ON c.zone = (page.itself).timezone
     CROSS JOIN (SELECT 1.0 / count(*) AS share FROM page) share
     CROSS JOIN LATERAL rules.could_meet(page.itself, $5, c.moments, c.shows, share.share, $6) k)
  SELECT jsonb_build_object('id', (page.itself).id, 'title', (page.itself).title) AS asset,
         jsonb_build_object('id', s.id, 'name', s.name) AS site,
         (page.itself).timezone, (page.itself).units, w.open_minutes, w.used_minutes, w.idle_minutes, w.week,
         n.needs, n.needs_examined, n.needs_cut
    FROM page
    JOIN clocks c ON c.zone = (page.itself).timezone
    JOIN sites s ON s.id = (page.itself).site_id AND s.owner_id = (page.itself).owner_id
   CROSS JOIN LATERAL (
         SELECT count(*) FILTER (WHERE near.met_hours <> '{}')::int AS needs,
                count(near.met_hours)::int AS needs_examined, coalesce(bool_or(near.cut), false) AS needs_cut
           FROM near WHERE near.asset_id = (page.itself).id) n
   CROSS JOIN LATERAL (
         SELECT coalesce(sum(u.open_minutes), 0)::int AS open_minutes,
                coalesce(sum(u.used_minutes), 0)::int AS used_minutes,
                coalesce(sum(u.open_minutes - u.used_minutes), 0)::int AS idle_minutes,
                coalesce(jsonb_agg(jsonb_build_object(
                  'day', ($7::text[])[1 + u.hour / 24], 'hour', u.hour % 24, 'open_minutes', u.open_minutes,
                  'used_minutes', u.used_minutes, 'idle_minutes', u.open_minutes - u.used_minutes,
                  'needs', coalesce(m.needs, 0)) ORDER BY u.hour), '[]') AS week
           FROM rules.open_and_used(page.itself, $4, $5, c.moments, c.shows, $6) u
           LEFT JOIN (SELECT met.hour, count(*) AS needs
                        FROM near CROSS JOIN LATERAL unnest(near.met_hours) met (hour)
                       WHERE near.asset_id = (page.itself).id GROUP BY 1) m ON m.hour = u.hour) w
   ORDER BY (page.itself).id DESC
"""


async def page(
    conn: Connection,
    owner_id: UUID,
    starts_at: datetime,
    ends_at: datetime,
    *,
    now: datetime,
    before: UUID | None,
    limit: int,
) -> list[IdleAsset]:
    """What an owner's assets are open and used for in a window, newest first."""
    rows = await conn.fetch(PAGE, owner_id, before, limit, starts_at, ends_at, now, DAYS)
    return msgspec.convert(rows, list[IdleAsset])
