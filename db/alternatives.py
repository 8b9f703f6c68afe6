"""What could be booked instead, by the rules that bookings are tested by and in the order of search: one statement."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from db.assets import SUMMARY
from db.connection import Connection
from domain.bookings import Alternative, Refusal
from domain.errors import Unmet

# For each of the first five periods that failed: of the asset itself the nearest two, that can be had beside those that
# did not fail, then the nearest three other assets. (Two fortnights have 40,320 minutes: no more steps than that are
# tested of the asset, and of no more than 1,000 units, its parts' included, unless the first period needs it.)
FIND = f"""
  WITH asked AS MATERIALIZED (
    SELECT * FROM unnest($8::timestamptz[], $9::timestamptz[], $10::boolean[]) WITH ORDINALITY
           p (starts, ends, free, n)),
  failed AS MATERIALIZED (
    SELECT p.*, row_number() OVER (ORDER BY p.n) AS place FROM asked p WHERE NOT p.free ORDER BY p.n LIMIT 5),
  asset AS MATERIALIZED (
    SELECT a AS itself, least(a.step_minutes, greatest(1, 1000 / (
             SELECT sum(part.units) FROM parts p JOIN assets part ON part.id = p.part_id AND part.owner_id = p.owner_id
              WHERE p.owner_id = a.owner_id AND p.whole_id = a.id))) AS most,
           rules.others(a, $4, $5, $7) AS others,
           ARRAY(SELECT tstzrange(p.starts, p.ends) FROM asked p WHERE p.free ORDER BY p.starts) AS had
      FROM assets a WHERE a.id = $1 AND a.owner_id = $2)
  SELECT f.n, jsonb_agg(jsonb_build_object(
                'asset', {SUMMARY}, 'starts_at', i.starts_at, 'ends_at', i.ends_at, 'distance_m', i.distance_m,
                'units_free', u.units_free) ORDER BY i.place) AS alternatives
    FROM asset
   CROSS JOIN failed f
   CROSS JOIN LATERAL (
         SELECT i.*, row_number() OVER () AS place
           FROM ((SELECT (asset.itself).owner_id, (asset.itself).id, t.starts_at, t.ends_at, 0 AS distance_m
                    FROM rules.other_times(asset.itself, f.starts, f.ends, $4, $5, $3, $6, $7, asset.had) t
                   WHERE f.place <= asset.most
                   ORDER BY greatest(t.starts_at - f.starts, f.starts - t.starts_at), t.starts_at, t.ends_at LIMIT 2)
                 UNION ALL
                 SELECT n.owner_id, n.id, f.starts, f.ends, n.distance_m
                   FROM rules.other_assets(asset.others, f.starts, f.ends, $4, $5, $3, $6, $7,
                                           CASE WHEN asset.had <> '{{}}' AND EXISTS (
                                             SELECT FROM limits l WHERE l.owner_id = $2) THEN $2 END) n) i) i
    JOIN assets a ON a.id = i.id AND a.owner_id = i.owner_id
    JOIN sites s ON s.id = a.site_id AND s.owner_id = a.owner_id
    JOIN organisations o ON o.id = a.owner_id
   CROSS JOIN LATERAL rules.units_free(a, rules.span(a, i.starts_at, i.ends_at), $7) u
   GROUP BY f.n
"""


async def find(
    conn: Connection, unmet: Unmet, occurrences: Sequence[Refusal], now: datetime
) -> dict[int, list[Alternative]]:
    """What could be booked instead of the first occurrences that cannot be, by their place in a refusal."""
    rows = await conn.fetch(
        FIND,
        *unmet,
        now,
        [each.starts_at for each in occurrences],
        [each.ends_at for each in occurrences],
        [each.free for each in occurrences],
    )
    return {row["n"] - 1: msgspec.convert(row["alternatives"], list[Alternative]) for row in rows}
