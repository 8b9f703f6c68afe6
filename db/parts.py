"""Wholes and parts: who is inside whom, and what a booking of the whole takes of its parts.

Whatever changes them locks all assets concerned first, and reads in later statements.
"""

from datetime import datetime
from uuid import UUID

import asyncpg

import db.freed
import db.locks
from db.connection import Connection
from domain.errors import AssetInUse, Fault, Invalid, PartsCycle
from domain.requests import MOST_SEATS
from domain.waiting import Freed

# The asset, all inside it, all around it, and all around its new whole.
CONCERNED = """
  SELECT a.id FROM assets a
   WHERE a.owner_id = $1 AND a.id IN (
           SELECT $2::uuid
            UNION SELECT p.part_id FROM parts p WHERE p.owner_id = $1 AND p.whole_id = $2
            UNION SELECT p.whole_id FROM parts p WHERE p.owner_id = $1 AND p.part_id IN ($2, $3::uuid))
"""


async def lock(conn: Connection, owner_id: UUID, asset_id: UUID, whole_id: UUID | None) -> None:
    """Lock everything that putting an asset into a whole (None: into none) touches."""
    await db.locks.take(conn, CONCERNED, owner_id, asset_id, whole_id)


WHOLE = "SELECT site_id, units FROM assets WHERE owner_id = $1 AND id = $2 AND state <> 'archived'"


async def whole_faults(conn: Connection, owner_id: UUID, asset_id: UUID, whole_id: UUID, site_id: UUID) -> list[Fault]:
    """Why an asset may not be part of another. Raises PartsCycle (422) where it would be inside itself."""
    whole = await conn.fetchrow(WHOLE, owner_id, whole_id)
    if whole is None:
        return [Fault("#/part_of", "You have no such asset.")]
    if await conn.fetchval(INSIDE, owner_id, asset_id, whole_id):
        raise PartsCycle([Fault("#/part_of", "An asset cannot be inside itself.")])
    faults = []
    if whole["site_id"] != site_id:
        faults.append(Fault("#/part_of", "A whole and its parts are at one site."))
    if whole["units"] != 1:
        faults.append(Fault("#/part_of", "A whole has exactly one unit."))
    return faults


# Of the outermost whole, which has the most.
UNITS = """
  SELECT max(w.units)
    FROM (SELECT sum(part.units) AS units
            FROM parts around
            JOIN parts inside ON inside.owner_id = around.owner_id AND inside.whole_id = around.whole_id
            JOIN assets part ON part.id = inside.part_id AND part.owner_id = inside.owner_id
           WHERE around.owner_id = $1 AND around.part_id = $2 AND around.whole_id <> $2
           GROUP BY around.whole_id) w
"""


async def check_units(conn: Connection, owner_id: UUID, asset_id: UUID) -> None:
    """Refuse what makes a whole too large to be booked. Raises Invalid."""
    units = await conn.fetchval(UNITS, owner_id, asset_id) or 0
    if units > MOST_SEATS:
        text = f"The whole would have {units} units, its parts together; at most {MOST_SEATS}, or nobody could book it."
        raise Invalid([Fault("#/units", text)])


INSIDE = """
  SELECT $2::uuid = $3::uuid OR EXISTS (SELECT FROM parts WHERE owner_id = $1 AND whole_id = $2 AND part_id = $3)
"""

# What bookings of wholes that are wholes no more occupy in it, then the wholes themselves.
LEAVE_OCCUPANCIES = """
  DELETE FROM occupancies o USING parts inside, occurrences c, parts around
   WHERE inside.owner_id = $1 AND inside.whole_id = $2
     AND around.owner_id = $1 AND around.part_id = $2 AND around.whole_id <> $2
     AND c.owner_id = $1 AND c.asset_id = around.whole_id AND c.ends_at > $3
     AND o.owner_id = $1 AND o.asset_id = inside.part_id AND o.occurrence_id = c.id
"""
LEAVE = """
  DELETE FROM parts p USING parts inside, parts around
   WHERE inside.owner_id = $1 AND inside.whole_id = $2
     AND around.owner_id = $1 AND around.part_id = $2 AND around.whole_id <> $2
     AND p.owner_id = $1 AND p.whole_id = around.whole_id AND p.part_id = inside.part_id
  RETURNING p.whole_id
"""
JOIN_SELF = "INSERT INTO parts (owner_id, whole_id, part_id) VALUES ($1, $2, $2) ON CONFLICT DO NOTHING"
JOIN = """
  INSERT INTO parts (owner_id, whole_id, part_id)
  SELECT $1, around.whole_id, inside.part_id
    FROM parts around, parts inside
   WHERE around.owner_id = $1 AND around.part_id = $3 AND inside.owner_id = $1 AND inside.whole_id = $2
"""
JOIN_OCCUPANCIES = """
  INSERT INTO occupancies (owner_id, asset_id, unit, occupied, occurrence_id, held_until)
  SELECT $1, part.id, u, o.occupied, o.occurrence_id, o.held_until
    FROM occupancies o, parts inside
    JOIN assets part ON part.id = inside.part_id AND part.owner_id = inside.owner_id
   CROSS JOIN generate_series(1, part.units) u
   WHERE o.owner_id = $1 AND o.asset_id = $3 AND upper(o.occupied) > $4
     AND (o.held_until IS NULL OR o.held_until > $4)
     AND inside.owner_id = $1 AND inside.whole_id = $2
   ORDER BY part.id, u, lower(o.occupied)
"""


async def join(conn: Connection, owner_id: UUID, asset_id: UUID, whole_id: UUID | None, now: datetime) -> None:
    """Put an asset, with all inside it, into a whole (None: into none) and out of those it was in.

    Bookings of the whole take the new parts too. Raises AssetInUse (409) where both are booked at once, Invalid.
    """
    await conn.execute(JOIN_SELF, owner_id, asset_id)
    await conn.execute(LEAVE_OCCUPANCIES, owner_id, asset_id, now)
    left = {row["whole_id"] for row in await conn.fetch(LEAVE, owner_id, asset_id)}
    await db.freed.tell(conn, *(Freed(owner_id=owner_id, asset_id=each, moment=now) for each in sorted(left)))
    if whole_id is None:
        return
    await conn.execute(JOIN, owner_id, asset_id, whole_id)
    await check_units(conn, owner_id, asset_id)
    try:
        await conn.execute(JOIN_OCCUPANCIES, owner_id, asset_id, whole_id, now)
    except asyncpg.ExclusionViolationError as error:
        told = "It and the whole are both booked for some of the same time: cancel the one or the other first."
        raise AssetInUse(told) from error


GROW = """
  INSERT INTO occupancies (owner_id, asset_id, unit, occupied, occurrence_id, held_until)
  SELECT $1, $2, u, o.occupied, o.occurrence_id, o.held_until
    FROM assets a
    JOIN occupancies o ON o.owner_id = a.owner_id AND o.asset_id = a.part_of
   CROSS JOIN generate_series($3::int + 1, $4::int) u
   WHERE a.owner_id = $1 AND a.id = $2 AND upper(o.occupied) > $5
     AND (o.held_until IS NULL OR o.held_until > $5)
   ORDER BY u, lower(o.occupied)
"""


async def grow(conn: Connection, owner_id: UUID, asset_id: UUID, *, units: int, to: int, now: datetime) -> None:
    """Occupy the new units of a part for the bookings of its wholes."""
    await check_units(conn, owner_id, asset_id)
    await conn.execute(GROW, owner_id, asset_id, units, to, now)


# Of the units that go: what is over, and what bookings of the wholes hold, which take every unit of their parts.
SHRINK = """
  DELETE FROM occupancies o USING occurrences c
   WHERE o.owner_id = $1 AND o.asset_id = $2 AND o.unit > $3
     AND c.owner_id = $1 AND c.id = o.occurrence_id AND (c.asset_id <> $2 OR upper(o.occupied) <= $4)
"""


async def shrink(conn: Connection, owner_id: UUID, asset_id: UUID, *, to: int, now: datetime) -> None:
    """Give back, of units that are to go, what is over and what bookings of the wholes hold."""
    await conn.execute(SHRINK, owner_id, asset_id, to, now)


LAPSED = """
  SELECT DISTINCT c.booking_id
    FROM parts p
    JOIN occupancies o ON o.owner_id = p.owner_id AND o.asset_id = p.part_id
    JOIN occurrences c ON c.owner_id = o.owner_id AND c.id = o.occurrence_id
   WHERE p.owner_id = $1 AND p.whole_id = $2 AND coalesce(o.held_until, c.held_until, c.check_in_by) <= $3
"""


async def lapsed(conn: Connection, owner_id: UUID, asset_id: UUID, now: datetime) -> list[UUID]:
    """The bookings whose lapsed holds still have rows in an asset or its parts."""
    return [row["booking_id"] for row in await conn.fetch(LAPSED, owner_id, asset_id, now)]
