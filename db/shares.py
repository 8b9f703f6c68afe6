"""How much of an owner's things its bookers have already."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from db.connection import Connection
from domain.bookings import PendingRequest, Share
from domain.occurrences import OPEN

# Each booker's open bookings are read once, however many of the bookings asked about are its own.
BESIDE = """
  WITH asked AS (
    SELECT id, booker_id FROM bookings WHERE owner_id = $2 AND id = ANY($3::uuid[])),
  has AS (
    SELECT c.booker_id, c.booking_id,
           sum(c.units * extract(epoch FROM c.ends_at - greatest(c.starts_at, $1)) / 60) AS minutes
      FROM occurrences c
     WHERE c.owner_id = $2 AND c.booker_id = ANY(ARRAY(SELECT booker_id FROM asked)) AND c.ends_at > $1
       AND c.state IN ('held', 'pending', 'confirmed', 'checked_in') AND rules.state(c, $1) = ANY($4::text[])
     GROUP BY c.booker_id, c.booking_id),
  total AS (
    SELECT booker_id, count(*) AS bookings, sum(minutes) AS minutes FROM has GROUP BY booker_id)
  SELECT a.id, coalesce(t.bookings - (h.booking_id IS NOT NULL)::int, 0) AS bookings,
         coalesce(floor(t.minutes - coalesce(h.minutes, 0)), 0)::bigint AS minutes,
         (SELECT count(DISTINCT p.waiting_id)
            FROM occurrences c
            JOIN waiting_places p ON p.owner_id = c.owner_id AND p.asset_id = c.asset_id
                                 AND p.period && tstzrange(c.starts_at, c.ends_at)
           WHERE c.owner_id = $2 AND c.booking_id = a.id AND c.state = 'pending'
             AND NOT p.ended AND lower(p.period) > $1) AS waiting
    FROM asked a
    LEFT JOIN total t ON t.booker_id = a.booker_id
    LEFT JOIN has h ON h.booking_id = a.id
"""


async def beside(
    conn: Connection, owner_id: UUID, booking_ids: Sequence[UUID], now: datetime
) -> Mapping[UUID, PendingRequest]:
    """For each of an owner's bookings what its booker has of that owner in others that are open, pending ones too, and
    how many wait in line for what is pending of it.
    """
    rows = await conn.fetch(BESIDE, now, owner_id, booking_ids, OPEN)
    return {
        row["id"]: PendingRequest(Share(bookings=row["bookings"], minutes=row["minutes"]), row["waiting"])
        for row in rows
    }
