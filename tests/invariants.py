"""What must be true of all that was ever stored, whatever went wrong meanwhile."""

import asyncpg

# An occurrence that stands takes its units of its own asset and every unit of all parts for as long as it is claimed,
# or until somebody must have checked in, and nothing else does. While somebody is in line for some of what is around it
# or in it, it does so until it is noticed that it is over.
WRONG = """
  WITH stands AS (SELECT c.id, c.owner_id, c.asset_id, c.units, coalesce(c.held_until, c.check_in_by) AS held_until
                    FROM occurrences c
                   WHERE rules.state(c, now()) IN ('held', 'pending', 'confirmed', 'checked_in', 'completed')),
       due AS (SELECT c.id, p.part_id, CASE WHEN p.part_id = c.asset_id THEN c.units ELSE a.units END AS units,
                      c.held_until
                 FROM stands c
                 JOIN parts p ON p.owner_id = c.owner_id AND p.whole_id = c.asset_id
                 JOIN assets a ON a.owner_id = p.owner_id AND a.id = p.part_id),
       taken AS (SELECT occurrence_id AS id, asset_id AS part_id, count(*) AS units, max(held_until) AS held_until
                   FROM occupancies WHERE held_until IS NULL OR held_until > now() GROUP BY 1, 2),
       waited_for AS (SELECT DISTINCT c.id,
                             c.state IN ('held', 'pending', 'confirmed')
                             AND coalesce(c.held_until, c.check_in_by) <= now() AS lapsed
                        FROM occurrences c
                        JOIN parts t ON t.owner_id = c.owner_id AND c.asset_id IN (t.whole_id, t.part_id)
                        JOIN waiting_places p ON p.owner_id = c.owner_id AND p.asset_id IN (t.whole_id, t.part_id))
  SELECT id, part_id, due.units AS due, taken.units AS taken, due.held_until, taken.held_until
    FROM due FULL JOIN taken USING (id, part_id)
   WHERE due.units IS DISTINCT FROM taken.units
         AND NOT (due.units IS NULL AND taken.held_until IS NULL AND id IN (SELECT id FROM waited_for WHERE lapsed))
      OR taken.held_until IS NOT NULL AND due.held_until IS DISTINCT FROM taken.held_until
      OR taken.held_until IS NULL AND due.held_until IS NOT NULL AND id NOT IN (SELECT id FROM waited_for)
"""
# Each change of a booking has one event, the first of which made it. (Nobody's keeps the place of an offer.)
UNTOLD = """
  SELECT b.id, b.version, told.types
    FROM bookings b
   CROSS JOIN LATERAL (
         SELECT array_agg(e.type ORDER BY e.version) AS types, array_agg(e.version ORDER BY e.version) AS versions
           FROM events e
          WHERE e.owner_id = b.owner_id AND e.object_kind = 'booking' AND e.object_id = b.id) told
   WHERE b.booker_id IS NOT NULL
     AND (told.versions IS DISTINCT FROM ARRAY(SELECT generate_series(1::bigint, b.version))
          OR told.types[1] <> 'booking.created' OR 'booking.created' = ANY(told.types[2:]))
"""
# What events say, one after another, leads from nothing to what is stored.
UNLIKE = """
  WITH told AS (
    SELECT c.key AS id, e.object_id, e.version, c.value AS becomes, e.before->'occurrences'->c.key AS was,
           lag(c.value) OVER w AS stood, lead(e.version) OVER w IS NULL AS last
      FROM events e CROSS JOIN LATERAL jsonb_each(e.after->'occurrences') c
     WHERE e.object_kind = 'booking'
    WINDOW w AS (PARTITION BY c.key ORDER BY e.version))
  SELECT t.object_id, t.version, t.was, t.stood FROM told t WHERE t.was IS DISTINCT FROM t.stood
   UNION ALL
  SELECT c.booking_id, t.version, t.becomes, to_jsonb(c)
    FROM occurrences c LEFT JOIN told t ON t.id = c.id::text AND t.last
   WHERE c.booker_id IS NOT NULL
     AND (t.becomes->>'state', (t.becomes->>'starts_at')::timestamptz, (t.becomes->>'ends_at')::timestamptz,
          (t.becomes->>'units')::int) IS DISTINCT FROM (c.state, c.starts_at, c.ends_at, c.units)
"""
# What an offer is and what keeps its place agree, and each of its changes was told to its owner and to the group.
UNKEPT = """
  SELECT f.id, f.state, c.state, c.booker_id, f.version
    FROM offers f JOIN occurrences c ON c.owner_id = f.owner_id AND c.booking_id = f.booking_id
   WHERE (f.state = 'accepted') <> (c.booker_id IS NOT NULL)
      OR (f.state = 'offered') <> (c.state = 'held' AND c.booker_id IS NULL)
      OR f.version <> (SELECT count(*) FROM events e WHERE e.owner_id = f.owner_id AND e.object_id = f.id)
      OR f.need_id IS NOT NULL AND f.version <> (
           SELECT count(*) FROM events e
            WHERE e.owner_id = f.booker_id AND e.object_id = f.need_id AND e.after->>'offer_id' = f.id::text)
"""
# Who is in line is offered what came free once, one thing at a time, and in the transaction that freed it or noticed
# that it was free.
TWICE = """
  SELECT f.waiting_id, f.waiting_number, f.freed_at, count(*) FROM offers f
   WHERE f.waiting_id IS NOT NULL GROUP BY 1, 2, 3 HAVING count(*) > 1
   UNION ALL
  SELECT f.waiting_id, n.number, NULL, count(*)
    FROM offers f
    JOIN waitings w ON w.id = f.waiting_id AND w.owner_id = f.owner_id
   CROSS JOIN LATERAL (SELECT CASE WHEN w.booking_id IS NOT NULL THEN f.waiting_number END AS number) n
   WHERE f.state = 'offered' AND f.expires_at > now() GROUP BY 1, 2 HAVING count(*) > 1
"""
LATE = """
  SELECT e.object_id, e.occurred_at FROM events e
   WHERE e.type = 'offer.made' AND e.after ? 'freed_at'
     AND NOT EXISTS (SELECT FROM events f WHERE f.xid = e.xid AND f.type NOT IN ('offer.made', 'waiting.left'))
"""


async def nothing_half_done(database: str) -> None:
    """Every booking has exactly what it takes, and its events."""
    conn = await asyncpg.connect(database)
    try:
        for statement in (WRONG, UNTOLD, UNLIKE, UNKEPT, TWICE, LATE):
            wrong = [tuple(row) for row in await conn.fetch(statement)]
            assert wrong == [], wrong
    finally:
        await conn.close()
