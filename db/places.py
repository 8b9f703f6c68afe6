"""Assets under lock, as whoever takes something of them needs them."""

from uuid import UUID

import msgspec

import db.locks
from db.connection import Connection
from domain.plans import Place

# Of the locked row alone: what else the statement would read is as old as the moment it began to wait.
PLACE = """
  a.id, a.owner_id, a.timezone, a.units, a.approval, a.hold_minutes, a.approval_hours, a.on_deadline,
         a.cancel_notice_minutes, a.offer_minutes, a.check_in_grace_minutes, a.recallable, a.turnaround_before_minutes,
         a.turnaround_after_minutes, a.price, a.community_price, a.allowance, a.arrival
"""
# An asset that is neither part nor whole is locked by itself. While somebody is in line for any of a whole, changes of
# all in it wait for one another at the outermost: each may come to offer what comes free of the others.
ALONE = """
  a.part_of IS NULL
     AND NOT EXISTS (SELECT FROM parts t WHERE t.owner_id = a.owner_id AND t.whole_id = a.id AND t.part_id <> a.id)
"""
WITH_OUTERMOST = """
  SELECT a.id FROM assets a
   WHERE a.owner_id = $1 AND a.id IN (
           SELECT $2::uuid
            UNION
           SELECT w.id
             FROM parts t JOIN assets w ON w.id = t.whole_id AND w.owner_id = t.owner_id AND w.part_of IS NULL
            WHERE t.owner_id = $1 AND t.part_id = $2 AND EXISTS (
                    SELECT FROM parts i JOIN waiting_places p ON p.owner_id = i.owner_id AND p.asset_id = i.part_id
                     WHERE i.owner_id = $1 AND i.whole_id = w.id AND NOT p.ended AND lower(p.period) > now()))
"""
OWN_PLACE = f"SELECT {PLACE} FROM assets a WHERE a.id = $1 AND a.owner_id = $2"
KNOWN_PLACE = f"SELECT {PLACE} FROM assets a WHERE a.id = $1 AND (a.state IN ('listed', 'paused') OR a.owner_id = $2)"
LOCK = "{} FOR NO KEY UPDATE"
LOCK_ALONE = f"{{}} AND {ALONE} FOR NO KEY UPDATE"


async def lock(conn: Connection, asset_id: UUID, organisation_id: UUID) -> Place | None:
    """Lock an asset that an organisation may know of, and what of it a booking needs."""
    row = await conn.fetchrow(LOCK_ALONE.format(KNOWN_PLACE), asset_id, organisation_id)
    if row is None and (found := await conn.fetchrow(KNOWN_PLACE, asset_id, organisation_id)):
        await db.locks.take(conn, WITH_OUTERMOST, found["owner_id"], asset_id)
        row = await conn.fetchrow(LOCK.format(KNOWN_PLACE), asset_id, organisation_id)
    return msgspec.convert(row, Place) if row else None


async def lock_own(conn: Connection, asset_id: UUID, owner_id: UUID) -> Place:
    """The same of an asset whose owner is known."""
    row = await conn.fetchrow(LOCK_ALONE.format(OWN_PLACE), asset_id, owner_id)
    if row is not None:
        return msgspec.convert(row, Place)
    await db.locks.take(conn, WITH_OUTERMOST, owner_id, asset_id)
    return await lock_another(conn, asset_id, owner_id)


async def lock_another(conn: Connection, asset_id: UUID, owner_id: UUID) -> Place:
    """The same of a whole or part of one that is locked."""
    return msgspec.convert(await conn.fetchrow(LOCK.format(OWN_PLACE), asset_id, owner_id), Place)
