"""What meets a need: found, tested and measured by one statement."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from db.assets import SUMMARY
from db.connection import Connection
from domain.assets import AssetSummary
from domain.matches import Found

MATCHES = """
  WITH need AS MATERIALIZED (
    SELECT n, n.location AS origin, ARRAY(SELECT c.number FROM rules.covered(n, $3) c) AS besides,
           rules.most_examined(n) AS most
      FROM needs n
     WHERE n.id = $1 AND n.owner_id = $2 AND n.closed_at IS NULL AND n.stands_until > $3),
  near AS MATERIALIZED (
    SELECT need.*, s.* FROM need CROSS JOIN LATERAL rules.suitable(need.n, need.origin, $3) s
     WHERE cardinality(need.besides) < greatest((need.n).weeks, cardinality((need.n).periods)))
  SELECT coalesce(max(least(near.place, near.most)), 0) AS examined,
         coalesce(max(near.place) > max(near.most), false) AS cut,
         coalesce(max(near.distance_m) FILTER (WHERE near.place <= near.most), 0) AS searched_m,
         coalesce(jsonb_agg(jsonb_build_object(
             'id', a.id, 'distance_m', near.distance_m,
             'reach_m', CASE WHEN (near.n).comes_to_us THEN greatest((a.details->>'travels_m')::int, 1)
                             ELSE (near.n).within_m END,
             'occurrences', m.met, 'open_occurrences',
             greatest((near.n).weeks, cardinality((near.n).periods)) - cardinality(near.besides),
             'capacity', a.capacity, 'features', a.features, 'price', p.price,
             'each', CASE WHEN p.price->>'per' = 'booking'
                          THEN floor((p.price->>'amount')::numeric * (near.n).units / cardinality(m.met) + 0.5)
                          ELSE coalesce((SELECT max(rules.owed(p.price, (near.n).units, o.ends_at - o.starts_at))
                                           FROM unnest(m.met) o), 0) END,
             'open_minutes', u.open_minutes, 'occupied_minutes', u.occupied_minutes))
           FILTER (WHERE m.met IS NOT NULL), '[]') AS found
    FROM near
    JOIN assets a ON a.id = near.id AND a.owner_id = near.owner_id
    JOIN organisations o ON o.id = $2
   CROSS JOIN LATERAL (SELECT rules.price(a, o.kind) AS price) p
    LEFT JOIN LATERAL rules.meets(a, near.n, near.besides, $3) m ON near.place <= near.most
    LEFT JOIN LATERAL rules.used(a, (m.met[1]).starts_at, $3) u ON m.met IS NOT NULL
"""


class Looked(NamedTuple):
    """What was found, of how many examined, out to where."""

    found: list[Found]
    examined: int
    cut: bool
    searched_m: int


async def find(conn: Connection, need_id: UUID, owner_id: UUID, now: datetime) -> Looked:
    """The assets that meet an organisation's need while it is open."""
    row = await conn.fetchrow(MATCHES, need_id, owner_id, now)
    assert row is not None  # noqa: S101 - an aggregate always answers one row
    return Looked(msgspec.convert(row["found"], list[Found]), row["examined"], row["cut"], row["searched_m"])


SUMMARIES = f"""
  SELECT {SUMMARY} AS asset
    FROM assets a
    JOIN sites s ON s.id = a.site_id AND s.owner_id = a.owner_id
    JOIN organisations o ON o.id = a.owner_id
   WHERE a.id = ANY($1)
"""


async def summaries(conn: Connection, ids: list[UUID]) -> dict[UUID, AssetSummary]:
    """Assets as others show them, by id."""
    rows = await conn.fetch(SUMMARIES, ids)
    found = msgspec.convert([row["asset"] for row in rows], list[AssetSummary])
    return {each.id: each for each in found}
