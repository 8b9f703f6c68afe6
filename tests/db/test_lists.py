"""Lists walk an index until the page is full, whatever an organisation has: a page of many reads few."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from stored import NOW, a_site, an_asset, an_organisation

import db.bookings
import db.claims
import db.limits
import db.occurrences
import db.shares
from domain.occurrences import OPEN

MANY = 4000
FILL = """
  WITH b AS (
    INSERT INTO bookings (id, owner_id, booker_id, asset_id, reference, units, open_to_public, cost, clock_changes,
                          created_at, updated_at)
    SELECT gen_random_uuid(), $1, $2, $3, n::text, 1, false, '{}', '[]', $4, $4 FROM generate_series(1, $5::int) n
    RETURNING id, reference::int AS n)
  INSERT INTO occurrences (id, owner_id, booking_id, booker_id, asset_id, starts_at, ends_at, units, state)
  SELECT gen_random_uuid(), $1, b.id, $2, $3, $4 + b.n * interval '1 hour', $4 + (b.n + 1) * interval '1 hour', 1,
         'confirmed' FROM b
"""
NOTHING: tuple[None, ...] = (None,) * 6


@pytest.fixture
async def parties(conn: asyncpg.Connection) -> dict[str, UUID]:
    """An owner and a booker with many bookings between them."""
    return await with_many(conn, NOW)


async def with_many(conn: asyncpg.Connection, since: datetime) -> dict[str, UUID]:
    """The same, each an hour after the other, since a moment."""
    owner, booker = await an_organisation(conn, "council"), await an_organisation(conn)
    asset = await an_asset(conn, owner, await a_site(conn, owner))
    await conn.execute(FILL, owner, booker, asset, since, MANY)
    await conn.execute("ANALYZE bookings, occurrences")
    return {"owner": owner, "booker": booker}


def literal(value: object) -> str:
    if isinstance(value, tuple):
        return f"'{{{','.join(value)}}}'"
    return "NULL" if value is None else f"'{value}'"


async def most_read(conn: asyncpg.Connection, statement: str, *arguments: object) -> float:
    """The most rows that any one step of the plan handles, those that it drops included."""
    await conn.execute(f"PREPARE asked AS {statement}")
    given = ", ".join(map(literal, arguments))
    plan = await conn.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE asked({given})")
    await conn.execute("DEALLOCATE asked")
    return max(steps(json.loads(plan)[0]["Plan"] if isinstance(plan, str) else plan[0]["Plan"]))


def steps(plan: dict[str, Any]) -> list[float]:
    dropped = sum(value for name, value in plan.items() if name.startswith("Rows Removed by"))
    own = (plan["Actual Rows"] + dropped) * plan["Actual Loops"]
    return [own, *(each for below in plan.get("Plans", []) for each in steps(below))]


@pytest.mark.parametrize("capacity", ["owner", "booker"])
@pytest.mark.parametrize("order", ["newest", "oldest"])
async def test_a_page_of_bookings_reads_no_more_than_it_shows(
    conn: asyncpg.Connection, parties: dict[str, UUID], capacity: str, order: str
):
    statement, first = {
        "newest": (db.bookings.NEWEST, db.bookings.LAST_ID),
        "oldest": (db.bookings.OLDEST, db.bookings.FIRST_ID),
    }[order]
    read = await most_read(conn, statement, NOW, parties[capacity], *NOTHING, first, 21, OPEN)
    assert read <= 3 * 21
    filtered = (None, None, None, "confirmed", NOW, None)
    assert await most_read(conn, statement, NOW, parties[capacity], *filtered, first, 21, OPEN) <= 3 * 21


@pytest.mark.parametrize("capacity", ["owner", "booker"])
@pytest.mark.parametrize("order", ["newest", "oldest"])
async def test_a_page_of_what_waits_reads_nothing_that_does_not(
    conn: asyncpg.Connection, parties: dict[str, UUID], capacity: str, order: str
):
    statement, first = {
        "newest": (db.bookings.NEWEST_PENDING, db.bookings.LAST_ID),
        "oldest": (db.bookings.OLDEST_PENDING, db.bookings.FIRST_ID),
    }[order]
    await conn.execute("UPDATE occurrences SET state = 'pending' WHERE extract(hour FROM starts_at) = 7")
    await conn.execute("ANALYZE occurrences")
    filtered = (None, None, None, "pending", None, None)
    assert await most_read(conn, statement, NOW, parties[capacity], *filtered, first, 21, OPEN) <= 3 * 21


SCATTER = """
  UPDATE occurrences c
     SET state = (ARRAY['pending', 'held', 'confirmed', 'declined', 'completed'])[1 + n.n % 5],
         booking_id = n.booking_id, held_until = CASE WHEN n.n % 3 = 0 THEN $1::timestamptz END,
         approved_from = CASE WHEN n.n % 7 = 0 THEN $1 END
    FROM (SELECT id, (hashtextextended(id::text, 1) & 1048575)::int AS n,
                 first_value(booking_id) OVER (PARTITION BY row_number / 3 ORDER BY row_number) AS booking_id
            FROM (SELECT id, booking_id, row_number() OVER (ORDER BY booking_id) FROM occurrences) numbered) n
   WHERE c.id = n.id
"""


@pytest.mark.parametrize("capacity", ["owner", "booker"])
async def test_what_waits_is_what_a_walk_through_everything_finds(
    conn: asyncpg.Connection, parties: dict[str, UUID], capacity: str
):
    """Bookings of three occurrences in all states, some of which lapsed or were approved by themselves."""
    await conn.execute(SCATTER, NOW)
    filtered = (None, None, None, "pending", NOW + timedelta(hours=100), NOW + timedelta(hours=3000))
    for everything, pending, first in (
        (db.bookings.NEWEST, db.bookings.NEWEST_PENDING, db.bookings.LAST_ID),
        (db.bookings.OLDEST, db.bookings.OLDEST_PENDING, db.bookings.FIRST_ID),
    ):
        asked = (NOW, parties[capacity], *filtered, first, MANY, OPEN)
        expected = [each["id"] for each in await conn.fetch(everything, *asked)]
        assert [each["id"] for each in await conn.fetch(pending, *asked)] == expected
        assert 100 < len(expected) < MANY / 3 / 2


async def test_what_bookers_have_is_read_without_what_they_had(conn: asyncpg.Connection):
    """Of each only once, however many of its bookings are asked about."""
    parties = await with_many(conn, NOW - timedelta(hours=MANY - 30))
    await conn.execute("UPDATE occurrences SET state = 'completed' WHERE ends_at <= $1", NOW)
    await conn.execute("ANALYZE occurrences")
    found = await conn.fetch("SELECT booking_id FROM occurrences WHERE state = 'confirmed'")
    asked = tuple(str(each["booking_id"]) for each in found)
    assert len(asked) == 31
    await conn.execute("SET LOCAL enable_seqscan = off")  # which a table of one owner's alone is small enough for
    assert await most_read(conn, db.shares.BESIDE, NOW, parties["owner"], asked, OPEN) == len(asked)


@pytest.mark.parametrize("capacity", ["owner", "booker"])
@pytest.mark.parametrize("when", [None, "today"])
async def test_a_page_of_occurrences_reads_no_more_than_it_shows(
    conn: asyncpg.Connection, parties: dict[str, UUID], capacity: str, when: str | None
):
    bounds = (db.occurrences.BEGINNING, db.occurrences.END)
    if when:
        bounds = (NOW - timedelta(hours=26), NOW + timedelta(hours=26))
    arguments = (*NOTHING[:4], None, *bounds, db.occurrences.BEGINNING, db.bookings.FIRST_ID, 21, when)
    assert await most_read(conn, db.occurrences.PAGE, NOW, parties[capacity], *arguments) <= 3 * 21


CLAIM = """
  INSERT INTO claims (id, owner_id, booker_id, asset_id, booking_id, occurrence_id, minutes, created_at, updated_at)
  SELECT gen_random_uuid(), owner_id, booker_id, asset_id, booking_id, id, 60, $1, $1 FROM occurrences
"""


@pytest.mark.parametrize("capacity", ["owner", "booker"])
async def test_a_page_of_claims_reads_no_more_than_it_shows(
    conn: asyncpg.Connection, parties: dict[str, UUID], capacity: str
):
    await conn.execute(CLAIM, NOW)
    await conn.execute("ANALYZE claims")
    for state in (None, "open"):
        read = await most_read(conn, db.claims.LIST, parties[capacity], None, None, state, None, 21)
        assert read <= 3 * 21


LIMITS = """
  INSERT INTO limits (id, owner_id, booker_kinds, counts, most, created_at, updated_at)
  SELECT gen_random_uuid(), $1, '{}', 'open_bookings', 2, $2, $2 FROM generate_series(1, $3::int)
"""


@pytest.mark.parametrize("viewer", [None, "owner", "booker"])
async def test_a_page_of_limits_reads_no_more_than_it_shows(
    conn: asyncpg.Connection, parties: dict[str, UUID], viewer: str | None
):
    await conn.execute(LIMITS, parties["owner"], NOW, MANY)
    await conn.execute("ANALYZE limits")
    for statement, owner in ((db.limits.LIST_ALL, None), (db.limits.LIST_ONE_OWNERS, parties["owner"])):
        read = await most_read(conn, statement, viewer and parties[viewer], owner, None, None, None, 21)
        assert read <= 3 * 21
