"""What it takes to give back what many wait for: the request that frees a place offers it to the first in line.

By HTTP alone: who is first, and so what is said to the database, is another matter each time.
"""

from collections.abc import Sequence
from datetime import date

from bench import changes
from bench.changes import period
from bench.jobs import post
from bench.load import Answer
from bench.recorded import listening
from bench.stage import connected
from bench.tables import side_by_side
from db.connection import Connection

GROUPS, TURNS, WARM, HAD = 1_000, 30, 5, 10
KINDS = (
    "what nobody waits for",
    f"what {GROUPS:,} wait for, the first of whom is offered it",
    f"what {GROUPS:,} wait for who may not have it",
)

# The groups, each of which has had something of ten owners.
LINE = f"""
  INSERT INTO organisations (id, slug, name, kind, state, created_at, updated_at)
  SELECT gen_random_uuid(), 'in-line-' || n, 'In line ' || n, 'group', 'verified', now(), now()
    FROM generate_series(1, {GROUPS}) n
      ON CONFLICT (slug) DO NOTHING;
  WITH had AS (
    SELECT o.id AS booker_id, t.asset_id, t.owner_id, now() - t.n * interval '3 days' AS starts_at,
           bench_id()::uuid AS booking_id
      FROM organisations o JOIN bench_targets t ON t.n < {HAD} WHERE o.slug LIKE 'in-line-%'),
  booked AS (
    INSERT INTO bookings (id, owner_id, asset_id, booker_id, reference, units, open_to_public, cost, clock_changes,
                          recallable, created_at, updated_at)
    SELECT booking_id, owner_id, asset_id, booker_id, right(booking_id::text, 12), 1, false,
           '{{"amount": 0, "currency": "GBP", "lines": []}}', '[]', false, starts_at, starts_at
      FROM had)
  INSERT INTO occurrences (id, owner_id, booking_id, asset_id, booker_id, starts_at, ends_at, units, state)
  SELECT bench_id()::uuid, owner_id, booking_id, asset_id, booker_id, starts_at, starts_at + interval '2 hours', 1,
         'completed'
    FROM had;
"""
# They all wait for each of some assets, from which time on: what is booked there.
WAIT = """
  WITH entries AS (
    INSERT INTO waitings (id, owner_id, booker_id, units, created_at, updated_at)
    SELECT bench_id()::uuid, $1, o.id, 1, now(), now() FROM organisations o WHERE o.slug LIKE 'in-line-%'
    RETURNING id, booker_id)
  INSERT INTO waiting_places (waiting_id, owner_id, number, booker_id, asset_id, period)
  SELECT id, $1, 1, booker_id, $2, tstzrange($3, $4) FROM entries
"""
ASK_FOR_PAPER = "UPDATE assets SET requires = '{bench}' WHERE id = $1 AND owner_id = $2"
UNDO = """
  DELETE FROM offers WHERE waiting_id IS NOT NULL;
  DELETE FROM waiting_places;
  DELETE FROM waitings;
  DELETE FROM occupancies o USING occurrences c
   WHERE c.booker_id IS NULL AND o.owner_id = c.owner_id AND o.occurrence_id = c.id;
  DELETE FROM occurrences WHERE booker_id IS NULL;
  DELETE FROM bookings WHERE booker_id IS NULL;
  DELETE FROM occurrences c USING organisations o WHERE o.id = c.booker_id AND o.slug LIKE 'in-line-%';
  DELETE FROM bookings b USING organisations o WHERE o.id = b.booker_id AND o.slug LIKE 'in-line-%';
  DELETE FROM events WHERE object_kind IN ('waiting', 'offer');
  UPDATE assets SET requires = '{}' WHERE requires = '{bench}';
"""
MADE = "SELECT count(*) FROM offers WHERE waiting_id IS NOT NULL"


async def cancelling(url: str, monday: date) -> list[bytes]:
    """Requests that give something back, each of another asset, of each of the KINDS in turn, and who waits for it."""
    async with connected(url) as conn, listening(url) as (client, _):
        token = await changes.prepare(conn, monday)
        client.headers["Authorization"] = f"Bearer {token}"
        await undo(conn)
        await conn.execute(LINE)
        rows = await conn.fetch("SELECT * FROM bench_standing WHERE k < $1 ORDER BY k", (TURNS + WARM) * len(KINDS))
        requests = []
        for row in rows:
            made = (await client.post("/v1/bookings", json=period(row))).raise_for_status().json()
            [had] = await conn.fetch(
                "SELECT owner_id, asset_id, starts_at, ends_at FROM occurrences WHERE booking_id = $1", made["id"]
            )
            if row["k"] % len(KINDS):
                await conn.execute(WAIT, *had)
            if row["k"] % len(KINDS) == 2:
                await conn.execute(ASK_FOR_PAPER, had["asset_id"], had["owner_id"])
            requests.append(post(f"/bookings/{made['id']}/cancel", token, {"all": True}))
        await conn.execute("ANALYZE waitings, waiting_places, bookings, occurrences")
        return requests


async def undo(conn: Connection) -> int:
    """Take back all of it: how many offers had been made."""
    made: int = await conn.fetchval(MADE)
    await conn.execute(UNDO)
    await changes.undo(conn)
    return made


def told(answers: Sequence[Answer], offers: int) -> str:
    """What each kind took. Raises RuntimeError where one was refused, or others were offered than should be."""
    if {each.status for each in answers} != {200} or offers != len(answers) // len(KINDS):
        raise RuntimeError(f"{[each.status for each in answers]}, {offers} offers")
    return f"Giving back, alone and in turns, {TURNS} times each: {side_by_side(KINDS, answers, WARM)}."
