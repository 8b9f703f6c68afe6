"""What is looked for where: a picture of fixed cells, taken each night."""

from datetime import date, datetime

import msgspec

from db.connection import Connection
from domain.demand import EDGE_M, Demand, Place

# Of each open need the hours of the local week that its open windows touch, in the hexagon (by Web Mercator, whose
# metres shrink towards the poles) in which the point lies that others see. What fewer than three groups look for is
# not told.
TAKE = """
  INSERT INTO demand (taken_on, cell, center, category, hour_of_week, groups, needs)
  WITH looked_for AS (
    SELECT n.id, n.owner_id, n.category, n.shown, ARRAY(SELECT c.number FROM rules.covered(n, $1) c) AS covered, n
      FROM needs n
     WHERE n.closed_at IS NULL AND n.stands_until > $1 AND n.category IS NOT NULL),
  hours AS (
    SELECT DISTINCT l.id, h.hour_of_week
      FROM looked_for l
     CROSS JOIN LATERAL rules.windows(l.n, $2) w
     CROSS JOIN LATERAL (SELECT lower(w.during) AT TIME ZONE $2 AS starts, upper(w.during) AT TIME ZONE $2 AS ends) wall
     CROSS JOIN LATERAL generate_series(
           date_trunc('hour', wall.starts), wall.ends - interval '1 microsecond', '1 hour') hour
     CROSS JOIN LATERAL (
           SELECT 24 * (extract(isodow FROM hour)::int - 1) + extract(hour FROM hour)::int AS hour_of_week) h
     WHERE upper(w.during) > $1 AND NOT w.number = ANY(l.covered))
  SELECT $1::date, g.i || ':' || g.j, ST_Transform(ST_Centroid(g.geom), 4326)::geography, l.category, h.hour_of_week,
         count(DISTINCT l.owner_id), count(DISTINCT l.id)
    FROM looked_for l
    JOIN hours h ON h.id = l.id
   CROSS JOIN LATERAL (
         SELECT ST_Transform(ST_SetSRID(ST_MakePoint(
                  ST_X(l.shown::geometry), greatest(-85, least(85, ST_Y(l.shown::geometry)))), 4326), 3857) AS point) p
   CROSS JOIN LATERAL (SELECT c.* FROM ST_HexagonGrid($3, p.point) c WHERE ST_Intersects(c.geom, p.point)
                        ORDER BY c.i, c.j LIMIT 1) g
   GROUP BY g.i, g.j, g.geom, l.category, h.hour_of_week
  HAVING count(DISTINCT l.owner_id) >= 3
      ON CONFLICT DO NOTHING
"""
ZONE = "Europe/London"  # in which the hours of periods, which say none, are told
BEGIN = "UPDATE service SET demand_taken_on = $1 WHERE demand_taken_on IS DISTINCT FROM $1 RETURNING true"
FORGET = "DELETE FROM demand WHERE taken_on < $1::date - 1"


async def take(conn: Connection, now: datetime) -> None:
    """Take the picture of a day, once, and forget those of other days but the one before."""
    if await conn.fetchval(BEGIN, now.date()):
        await conn.execute(TAKE, now, ZONE, float(EDGE_M))
        await conn.execute(FORGET, now.date())


PAGE = """
  SELECT d.taken_on, d.cell,
         jsonb_build_object('type', 'Point', 'coordinates', jsonb_build_array(ST_X(p.point), ST_Y(p.point))) AS center,
         d.category, (ARRAY['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'])[1 + d.hour_of_week / 24] AS day,
         d.hour_of_week % 24 AS hour, d.hour_of_week, d.groups, d.needs
    FROM demand d
   CROSS JOIN LATERAL (SELECT ST_SnapToGrid(d.center::geometry, 0.00001) AS point) p
   WHERE d.taken_on = $1 AND (d.cell, d.category, d.hour_of_week) > ($2, $3, $4)
   ORDER BY d.cell, d.category, d.hour_of_week LIMIT $5
"""


async def newest(conn: Connection) -> date | None:
    """The day of the newest picture."""
    found: date | None = await conn.fetchval("SELECT demand_taken_on FROM service")
    return found


async def page(conn: Connection, taken_on: date, after: Place, limit: int) -> list[Demand]:
    """What a picture shows after a place in it."""
    rows = await conn.fetch(PAGE, taken_on, after.cell, after.category, after.hour_of_week, limit)
    return msgspec.convert(rows, list[Demand])
