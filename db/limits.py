"""Limits on bookers, as they are stored."""

from datetime import datetime
from uuid import UUID

import msgspec

import db.idempotency
import db.jobs
import db.locks
from db.connection import Connection
from db.organisations import listed
from domain.jobs import LookAgain
from domain.limits import Limit, LimitRequest, openings

COLUMNS = """
  l.id, l.owner_id, l.name, l.asset_id, l.category, l.booker_kinds AS kinds, l.counts, l.most, l.every, l.starts_on,
  l.ends_on, l.prime_time, l.created_at, l.updated_at
"""
# Whether an organisation, $1, which may be null, may know of a limit: not where it is of an asset unknown to them.
KNOWN = """
  CASE WHEN l.owner_id = $1 OR l.asset_id IS NULL THEN true
       ELSE (SELECT a.state IN ('listed', 'paused') FROM assets a
              WHERE a.id = l.asset_id AND a.owner_id = l.owner_id) END
"""
LOAD = f"SELECT {COLUMNS} FROM limits l WHERE l.id = $2 AND {KNOWN}"


async def load(conn: Connection, limit_id: UUID, organisation_id: UUID | None) -> Limit | None:
    """A limit that an organisation, or nobody, may know of."""
    row = await conn.fetchrow(LOAD, organisation_id, limit_id)
    return msgspec.convert(row, Limit) if row else None


def walk(narrow: str) -> str:
    """SQL: a page, by walking an index until it is full: see db.assets.WALK."""
    return f"""
      SELECT {COLUMNS} FROM limits l
       WHERE {narrow} AND l.id < coalesce($5::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
         AND CASE WHEN l.owner_id = $1 THEN true ELSE {listed("l.owner_id", "$1")} END
         AND {KNOWN}
         AND CASE WHEN $2::uuid IS NULL THEN true ELSE l.owner_id = $2 END
         AND CASE WHEN $3::uuid IS NULL THEN true ELSE l.asset_id = $3 END
         AND CASE WHEN $4::text IS NULL THEN true ELSE l.category = $4 END
       ORDER BY l.id DESC LIMIT $6
    """


LIST_ALL = walk("true")
LIST_ONE_OWNERS = walk("l.owner_id = coalesce($2, (SELECT a.owner_id FROM assets a WHERE a.id = $3))")


async def page(
    conn: Connection,
    organisation_id: UUID | None,
    *,
    owner_id: UUID | None,
    asset_id: UUID | None,
    category: str | None,
    after: UUID | None,
    limit: int,
) -> list[Limit]:
    """Limits that an organisation, or nobody, may know of, newest first."""
    statement = LIST_ONE_OWNERS if owner_id or asset_id else LIST_ALL
    rows = await conn.fetch(statement, organisation_id, owner_id, asset_id, category, after, limit)
    return msgspec.convert(rows, list[Limit])


COUNT = "SELECT count(*) FROM limits WHERE owner_id = $1"


async def count(conn: Connection, owner_id: UUID) -> int:
    """How many an owner has."""
    found: int = await conn.fetchval(COUNT, owner_id)
    return found


ASSETS = "SELECT a.id FROM assets a WHERE a.owner_id = $1"


async def wait_for_bookings(conn: Connection, owner_id: UUID) -> None:
    """Lock every asset of an owner: who is about to have one has found no limit, and locked no account."""
    await db.locks.take(conn, ASSETS, owner_id)


LOCK = "SELECT FROM limits WHERE id = $1 AND owner_id = $2 FOR UPDATE"


async def lock(conn: Connection, limit_id: UUID, owner_id: UUID) -> None:
    """Lock a limit of an owner. What it says is read in a later statement."""
    await conn.execute(LOCK, limit_id, owner_id)


# Dates go as text: asyncpg takes the first and the last date that Python knows for infinity.
VALUES = "$4, $5, $6, $7, $8, $9, $10, $11::text::date, $12::text::date, $13, $14::text::int4multirange"
WRITTEN = """
  name, asset_id, category, booker_kinds, counts, most, every, starts_on, ends_on, prime_time, openings
"""
INSERT = f"""
  INSERT INTO limits AS l (id, owner_id, created_at, updated_at, {WRITTEN}) VALUES ($1, $2, $3, $3, {VALUES})
  RETURNING {COLUMNS}
"""
UPDATE = f"""
  UPDATE limits l SET updated_at = $3, version = version + 1, ({WRITTEN}) = ROW ({VALUES})
   WHERE id = $1 AND owner_id = $2
  RETURNING {COLUMNS}, l.version
"""


async def insert(conn: Connection, limit_id: UUID, owner_id: UUID, request: LimitRequest, now: datetime) -> Limit:
    """Store a new limit."""
    return msgspec.convert(await conn.fetchrow(INSERT, limit_id, owner_id, now, *values(request)), Limit)


async def update(
    conn: Connection, limit_id: UUID, owner_id: UUID, request: LimitRequest, now: datetime
) -> tuple[Limit, int]:
    """Store a limit, which is locked, anew: with its version."""
    row = await conn.fetchrow(UPDATE, limit_id, owner_id, now, *values(request))
    assert row is not None  # noqa: S101 - it is locked
    await db.jobs.add(conn, LookAgain(owner_id))
    return msgspec.convert(row, Limit), row["version"]


def values(request: LimitRequest) -> tuple[object, ...]:
    """What goes into WRITTEN."""
    return (
        request.name,
        request.asset_id,
        request.category,
        request.kinds,
        request.counts,
        request.most,
        request.every,
        request.starts_on and request.starts_on.isoformat(),
        request.ends_on and request.ends_on.isoformat(),
        request.prime_time,
        openings(request),
    )


DELETE = "DELETE FROM limits WHERE id = $1 AND owner_id = $2 RETURNING version"


async def delete(conn: Connection, limit_id: UUID, owner_id: UUID) -> int:
    """Erase a limit, which is locked, and the answers that are kept of it: the version it had."""
    version: int = await conn.fetchval(DELETE, limit_id, owner_id)
    await db.idempotency.forget(conn, limit_id)
    await db.jobs.add(conn, LookAgain(owner_id))
    return version
