"""Why a period can or cannot be booked: every rule of a booking, and the nearest periods that would work."""

from datetime import datetime
from uuid import UUID

import msgspec

from db.availability import Found
from db.connection import Connection
from domain.explain import Explanation, explain
from domain.time import Period

LOAD = """
  SELECT a.kind, a.timezone,
         (SELECT jsonb_agg(to_jsonb(k)) FROM rules.checks(a, $2, $3, $4, $5, $6, $7) k) AS checks,
         (SELECT coalesce(jsonb_agg(to_jsonb(w)), '[]')
            FROM rules.would_work(a, $2, $3, $4, $5, $6, $7) w) AS would_work
    FROM assets a
   WHERE a.id = $1 AND (a.state IN ('listed', 'paused') OR a.owner_id = $6)
"""


async def load(
    conn: Connection,
    asset_id: UUID,
    period: Period,
    *,
    units: int,
    attendees: int | None,
    organisation_id: UUID | None,
    now: datetime,
) -> Found[Explanation] | None:
    """What speaks for and against a period at an asset that the caller's organisation may know of."""
    row = await conn.fetchrow(LOAD, asset_id, period.starts_at, period.ends_at, units, attendees, organisation_id, now)
    if row is None:
        return None
    near = msgspec.convert(row["would_work"], list[Period])
    return Found(row["kind"], explain(asset_id, period, row["checks"], near, row["timezone"]))
