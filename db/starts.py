"""When bookings of an asset can start, by the rules that bookings are tested by."""

from datetime import datetime
from uuid import UUID

import msgspec

from db.availability import Found
from db.connection import Connection
from domain.starts import Starts

LOAD = """
  SELECT a.kind, a.timezone,
         (SELECT coalesce(jsonb_agg(to_jsonb(s) ORDER BY s.starts_at), '[]')
            FROM rules.starts(a, $2, $3, $4, $5, $6, $7) s) AS items
    FROM assets a
   WHERE a.id = $1 AND (a.state IN ('listed', 'paused') OR a.owner_id = $6)
"""


async def load(
    conn: Connection,
    asset_id: UUID,
    *,
    starts_at: datetime,
    ends_at: datetime,
    minutes: int,
    units: int,
    organisation_id: UUID | None,
    now: datetime,
) -> Found[Starts] | None:
    """The starts at an asset that the caller's organisation may know of, as that organisation could book them."""
    row = await conn.fetchrow(LOAD, asset_id, starts_at, ends_at, minutes, units, organisation_id, now)
    return Found(row["kind"], msgspec.convert(dict(row), Starts)) if row else None
