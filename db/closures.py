"""Closures, as they are stored."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

import db.freed
import db.idempotency
import db.locks
from db.connection import Connection
from db.organisations import listed
from domain.closures import Closure
from domain.recalls import BookingHit
from domain.time import Period
from domain.waiting import Freed

# A closure to an organisation, $1, which may be null, unless it is of an asset that they may not know of. Of what is
# at a private site others see no note.
CLOSURE = """
  SELECT c.id, c.asset_id, c.site_id, lower(c.during) AS starts_at, upper(c.during) AS ends_at,
         CASE WHEN c.owner_id = $1 OR NOT s.private THEN c.note END AS note,
         c.source, c.created_at, c.updated_at, s.private
    FROM closures c
    LEFT JOIN assets a ON a.id = c.asset_id AND a.owner_id = c.owner_id
    JOIN sites s ON s.id = coalesce(c.site_id, a.site_id) AND s.owner_id = c.owner_id
   WHERE (c.owner_id = $1 OR a.id IS NULL OR a.state IN ('listed', 'paused'))
"""
LOAD = f"{CLOSURE} AND c.id = $2"


class Found(NamedTuple):
    """A closure, and whether its site is private, which says who may see it."""

    private: bool
    closure: Closure


async def load(conn: Connection, closure_id: UUID, organisation_id: UUID | None) -> Found | None:
    """A closure that an organisation, or nobody, may know of."""
    row = await conn.fetchrow(LOAD, organisation_id, closure_id)
    return Found(row["private"], msgspec.convert(row, Closure)) if row else None


# The ids of a page, as those of assets: see db.assets.WALK.
WALK = f"""
  (SELECT w.id FROM closures w
   WHERE {{narrow}} AND w.id < coalesce($5::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
     AND CASE WHEN w.owner_id = $1 THEN true
              ELSE {listed("w.owner_id", "$1")} AND (
                   SELECT (x.id IS NULL OR x.state IN ('listed', 'paused')) AND ($1 IS NOT NULL OR NOT y.private)
                     FROM (SELECT w.asset_id, w.site_id) v
                     LEFT JOIN assets x ON x.id = v.asset_id AND x.owner_id = w.owner_id
                     JOIN sites y ON y.id = coalesce(v.site_id, x.site_id) AND y.owner_id = w.owner_id)
         END
     AND CASE WHEN $2::uuid IS NULL THEN true ELSE w.owner_id = $2 END
     AND CASE WHEN $3::uuid IS NULL THEN true ELSE w.asset_id = $3 END
     AND CASE WHEN $4::uuid IS NULL THEN true ELSE w.site_id = $4 END
   ORDER BY w.id DESC LIMIT $6)
"""
ONE_OWNERS = """
  w.owner_id = coalesce($2, (SELECT a.owner_id FROM assets a WHERE a.id = $3),
                        (SELECT s.owner_id FROM sites s WHERE s.id = $4))
"""
LIST_ALL, LIST_ONE_OWNERS = (
    f"{CLOSURE} AND c.id = ANY(ARRAY{WALK.format(narrow=narrow)}) ORDER BY c.id DESC" for narrow in ("true", ONE_OWNERS)
)


async def page(
    conn: Connection,
    organisation_id: UUID | None,
    *,
    owner_id: UUID | None,
    asset_id: UUID | None,
    site_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> list[Closure]:
    """Closures, newest first; to nobody in particular without those at private sites."""
    statement = LIST_ONE_OWNERS if owner_id or asset_id or site_id else LIST_ALL
    rows = await conn.fetch(statement, organisation_id, owner_id, asset_id, site_id, after, limit)
    return msgspec.convert(rows, list[Closure])


# Everything that a closure of an asset closes: itself, its wholes and its parts.
SHUT = """
  SELECT a.id FROM assets a
   WHERE a.owner_id = $1 AND a.id IN (SELECT r.asset_id FROM rules.whole_and_parts($1, $2) r)
"""


async def lock_asset(conn: Connection, asset_id: UUID, owner_id: UUID) -> None:
    """Lock an asset of an owner with its wholes and parts."""
    await db.locks.take(conn, SHUT, owner_id, asset_id)


OWNER = "SELECT owner_id FROM closures WHERE id = $1"


async def owner(conn: Connection, closure_id: UUID) -> UUID | None:
    """Whose closure it is."""
    found: UUID | None = await conn.fetchval(OWNER, closure_id)
    return found


LOCK = "SELECT version FROM closures WHERE id = $1 AND owner_id = $2 FOR UPDATE"


async def lock(conn: Connection, closure_id: UUID, owner_id: UUID) -> bool:
    """Lock a closure of an owner, after its assets; whether there is one."""
    return await conn.fetchval(LOCK, closure_id, owner_id) is not None


INSERT = """
  INSERT INTO closures (id, owner_id, asset_id, site_id, during, note, source, created_at, updated_at)
  VALUES ($1, $2, $3, $4, tstzrange($5, $6), $7, $8, $9, $9)
"""


async def insert(conn: Connection, closure: Closure, owner_id: UUID) -> None:
    """Store a new closure."""
    await conn.execute(
        INSERT,
        closure.id,
        owner_id,
        closure.asset_id,
        closure.site_id,
        closure.starts_at,
        closure.ends_at,
        closure.note,
        closure.source,
        closure.created_at,
    )


DELETE = "DELETE FROM closures WHERE id = $1 AND owner_id = $2 RETURNING version, asset_id, site_id, during"


async def delete(conn: Connection, closure_id: UUID, owner_id: UUID, now: datetime) -> int:
    """Erase a closure, and the answers that are kept of it: the version it had."""
    row = await conn.fetchrow(DELETE, closure_id, owner_id)
    assert row is not None  # noqa: S101 - it is locked
    await db.idempotency.forget(conn, closure_id)
    await db.freed.tell(
        conn,
        Freed(
            owner_id=owner_id,
            asset_id=row["asset_id"],
            site_id=row["site_id"],
            moment=now,
            spans=[Period(row["during"].lower, row["during"].upper)],
        ),
    )
    version: int = row["version"]
    return version


HIT = """
  SELECT c.booking_id, c.id AS occurrence_id, c.starts_at, c.ends_at, rules.state(c, $6) AS state,
         '[]'::jsonb AS alternatives
    FROM assets a
    JOIN occurrences c ON c.owner_id = a.owner_id AND c.asset_id = a.id
   WHERE a.owner_id = $1
     AND (a.site_id = $3
          OR a.id IN (SELECT r.asset_id FROM rules.whole_and_parts($1, $2) r))
     AND c.starts_at < $5 AND c.ends_at > greatest($4::timestamptz, $6)
     AND c.booker_id IS NOT NULL AND rules.state(c, $6) IN ('held', 'pending', 'confirmed', 'checked_in')
   ORDER BY c.starts_at, c.id
"""


async def hit(conn: Connection, closure: Closure, owner_id: UUID, now: datetime) -> list[BookingHit]:
    """Occurrences to come in a closure: of its asset, that one's wholes and parts, or of its site."""
    rows = await conn.fetch(HIT, owner_id, closure.asset_id, closure.site_id, closure.starts_at, closure.ends_at, now)
    return msgspec.convert(rows, list[BookingHit])
