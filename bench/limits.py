"""What it takes to count what a booker has: bookings of owners without limits, and of owners with six, in turns.

By HTTP alone, as limits are one matter of a booking among others.
"""

from collections.abc import Sequence
from datetime import date, datetime

from bench import changes
from bench.changes import period
from bench.jobs import post
from bench.load import Answer
from bench.stage import connected
from bench.tables import side_by_side
from db.connection import Connection

TURNS, WARM, HAD = 200, 20, 20
KINDS = ("where nothing is limited", f"where six limits count the {HAD} bookings there are")

# One asset of each of some owners; what the booker has at each of them, around the time that is asked for.
ROWS = """
  SELECT * FROM (SELECT DISTINCT ON (owner_id) * FROM bench_standing ORDER BY owner_id, k) s ORDER BY k LIMIT $1
"""
HAD_BEFORE = f"""
  WITH had AS (
    SELECT s.owner_id::uuid, s.asset_id::uuid, o.id AS booker_id, bench_id()::uuid AS booking_id,
           s.starts + (n - {HAD // 2}) * interval '1 day' AS starts_at
      FROM unnest($1::text[], $2::text[], $3::timestamptz[]) s (owner_id, asset_id, starts)
     CROSS JOIN generate_series(1, {HAD}) n
      JOIN organisations o ON o.slug = 'bench'),
  booked AS (
    INSERT INTO bookings (id, owner_id, asset_id, booker_id, reference, units, open_to_public, cost, clock_changes,
                          recallable, created_at, updated_at)
    SELECT booking_id, owner_id, asset_id, booker_id, right(booking_id::text, 12), 1, false,
           '{{"amount": 0, "currency": "GBP", "lines": []}}', '[]', false, now(), now()
      FROM had)
  INSERT INTO occurrences (id, owner_id, booking_id, asset_id, booker_id, starts_at, ends_at, units, state)
  SELECT bench_id()::uuid, owner_id, booking_id, asset_id, booker_id, starts_at, starts_at + interval '1 hour', 1,
         'confirmed'
    FROM had
"""
LIMITS = """
  INSERT INTO limits (id, owner_id, category, booker_kinds, counts, most, every, starts_on, ends_on, prime_time,
                      openings, created_at, updated_at)
  SELECT bench_id()::uuid, o.id, CASE WHEN l.of_category THEN 'hall' END, l.kinds, l.counts, l.most, l.every,
         l.starts_on, l.ends_on, l.prime_time, l.openings, now(), now()
    FROM unnest($1::text[]::uuid[]) o (id)
   CROSS JOIN (VALUES
     ('minutes', 100000, 'week', NULL::date, NULL::date, NULL::jsonb, NULL::int4multirange, false, '{}'::text[]),
     ('minutes', 100000, 'month', NULL, NULL, NULL, NULL, true, '{group,charity}'),
     ('minutes', 100000, 'week', NULL, NULL,
      '[{"day": "tue", "opens": "18:00", "closes": "22:00"}, {"day": "thu", "opens": "18:00", "closes": "22:00"}]',
      '{[2520,2760),[5400,5640)}', false, '{}'),
     ('minutes', 100000, NULL, '2026-01-01', '2028-12-31', NULL, NULL, false, '{}'),
     ('open_bookings', 1000, NULL, NULL, NULL, NULL, NULL, false, '{}'),
     ('days_ahead', 3660, NULL, NULL, NULL, NULL, NULL, false, '{group}'))
     l (counts, most, every, starts_on, ends_on, prime_time, openings, of_category, kinds)
"""


async def booking(url: str, monday: date) -> list[bytes]:
    """Bookings of one owner after the other, every second of whom has limits."""
    async with connected(url) as conn:
        token = await changes.prepare(conn, monday)
        rows = await conn.fetch(ROWS, (TURNS + WARM) * len(KINDS))
        if len(rows) < (TURNS + WARM) * len(KINDS):
            rows = (rows * TURNS)[: (TURNS + WARM) * len(KINDS)]
        await conn.execute("DELETE FROM limits")
        await conn.execute(
            HAD_BEFORE,
            [row["owner_id"] for row in rows],
            [row["asset_id"] for row in rows],
            [datetime.fromisoformat(row["starts"][0]) for row in rows],
        )
        await conn.execute(LIMITS, [row["owner_id"] for row in rows[1::2]])
        await conn.execute("ANALYZE limits, bookings, occurrences")
        return [post("/bookings", token, period(row)) for row in rows]


async def undo(conn: Connection) -> int:
    """Take back all of it: how many units the bookings occupied."""
    await conn.execute("DELETE FROM limits")
    return await changes.undo(conn)


def told(answers: Sequence[Answer]) -> str:
    """What each kind took. Raises RuntimeError where one was refused."""
    if {each.status for each in answers} != {201}:
        raise RuntimeError(f"{[each.status for each in answers]}")
    return f"Booking, alone and in turns, {TURNS} times each: {side_by_side(KINDS, answers, WARM)}."
