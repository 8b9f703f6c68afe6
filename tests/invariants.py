"""What must be true of all that was ever stored, whatever went wrong meanwhile."""

import asyncpg

# An occurrence that stands takes its units of its own asset and every unit of all parts, and nothing else does.
WRONG = """
  WITH stands AS (SELECT c.id, c.owner_id, c.asset_id, c.units FROM occurrences c
                   WHERE c.state IN ('confirmed', 'completed')),
       due AS (SELECT c.id, p.part_id, CASE WHEN p.part_id = c.asset_id THEN c.units ELSE a.units END AS units
                 FROM stands c
                 JOIN parts p ON p.owner_id = c.owner_id AND p.whole_id = c.asset_id
                 JOIN assets a ON a.owner_id = p.owner_id AND a.id = p.part_id),
       taken AS (SELECT occurrence_id AS id, asset_id AS part_id, count(*) AS units
                   FROM occupancies WHERE held_until IS NULL GROUP BY 1, 2)
  SELECT id, part_id, due.units AS due, taken.units AS taken
    FROM due FULL JOIN taken USING (id, part_id)
   WHERE due.units IS DISTINCT FROM taken.units
"""
UNTOLD = """
  SELECT b.id FROM bookings b
   WHERE 1 <> (SELECT count(*) FROM events e WHERE e.object_id = b.id AND e.type = 'booking.created')
"""


async def nothing_half_done(database: str) -> None:
    """Every booking has exactly what it takes, and its event."""
    conn = await asyncpg.connect(database)
    try:
        assert [tuple(row) for row in await conn.fetch(WRONG)] == []
        assert [tuple(row) for row in await conn.fetch(UNTOLD)] == []
    finally:
        await conn.close()
