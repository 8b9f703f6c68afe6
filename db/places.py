"""Assets under lock, as whoever takes something of them needs them."""

from uuid import UUID

import msgspec

from db.connection import Connection
from domain.plans import Place

# Of the locked row alone: what else the statement would read is as old as the moment it began to wait.
PLACE = """
  a.id, a.owner_id, a.timezone, a.units, a.approval, a.hold_minutes, a.approval_hours, a.on_deadline,
         a.cancel_notice_minutes, a.offer_minutes, a.check_in_grace_minutes, a.recallable, a.turnaround_before_minutes,
         a.turnaround_after_minutes, a.price, a.community_price, a.arrival
"""
KNOWN_PLACE = f"""
  SELECT {PLACE} FROM assets a WHERE a.id = $1 AND (a.state IN ('listed', 'paused') OR a.owner_id = $2)
     FOR NO KEY UPDATE
"""


async def lock(conn: Connection, asset_id: UUID, organisation_id: UUID) -> Place | None:
    """Lock an asset that an organisation may know of, and what of it a booking needs."""
    row = await conn.fetchrow(KNOWN_PLACE, asset_id, organisation_id)
    return msgspec.convert(row, Place) if row else None


OWN_PLACE = f"SELECT {PLACE} FROM assets a WHERE a.id = $1 AND a.owner_id = $2 FOR NO KEY UPDATE"


async def lock_own(conn: Connection, asset_id: UUID, owner_id: UUID) -> Place:
    """The same of an asset whose owner is known."""
    return msgspec.convert(await conn.fetchrow(OWN_PLACE, asset_id, owner_id), Place)
