"""Taking back what was booked, as it is stored: however many bookings, so many statements."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

from asyncpg import Record
from uuid_utils.compat import uuid7

import db.events
import db.freed
import db.jobs
import db.occurrences
from db.connection import Connection
from db.events import Change
from db.occurrences import in_event
from domain.callers import Caller
from domain.claims import owed
from domain.errors import Unmet
from domain.jobs import MatchNeed
from domain.recalls import BECOMES
from domain.time import Period
from domain.waiting import Freed

LOCK_BOOKINGS = """
  SELECT b.id, b.booker_id, b.need_id FROM bookings b
   WHERE b.owner_id = $1
     AND b.id IN (SELECT c.booking_id FROM occurrences c WHERE c.owner_id = $1 AND c.id = ANY($2::uuid[]))
   ORDER BY b.id FOR NO KEY UPDATE
"""
LOCK_OCCURRENCES = """
  SELECT c.id, c.booking_id, c.asset_id, c.booker_id, c.starts_at, c.ends_at, c.units, c.state
    FROM occurrences c
   WHERE c.owner_id = $1 AND c.id = ANY($2::uuid[]) AND rules.state(c, $4) = ANY($3::text[])
   ORDER BY c.id FOR NO KEY UPDATE
"""
RECALL = """
  WITH became AS (
    UPDATE occurrences c
       SET state = n.state, note = coalesce($5, c.note), sequence = c.sequence + 1,
           held_until = NULL, approved_from = NULL, check_in_by = NULL
      FROM unnest($2::uuid[], $3::text[]) n (id, state)
     WHERE c.owner_id = $1 AND c.id = n.id),
  freed AS (
    DELETE FROM occupancies WHERE owner_id = $1 AND occurrence_id = ANY($2)),
  claimed AS (
    INSERT INTO claims (id, owner_id, booker_id, asset_id, booking_id, occurrence_id, minutes, created_at, updated_at)
    SELECT n.id, $1, c.booker_id, c.asset_id, c.booking_id, c.id, n.minutes, $4, $4
      FROM unnest($6::uuid[], $7::uuid[], $8::int[]) n (id, occurrence_id, minutes)
      JOIN occurrences c ON c.owner_id = $1 AND c.id = n.occurrence_id)
  UPDATE bookings SET version = version + 1, updated_at = $4
   WHERE owner_id = $1 AND id = ANY($9::uuid[])
  RETURNING id, booker_id, version
"""


async def recall(
    conn: Connection,
    owner_id: UUID,
    occurrence_ids: Sequence[UUID],
    note: str | None,
    *,
    caller: Caller,
    now: datetime,
    request_id: str,
) -> None:
    """Take occurrences back from their bookers, each with a claim, and say so once for each booking. Holds end without
    one, and what is checked in stays. All their assets are locked; now the bookings are, then the occurrences.
    """
    locked = await conn.fetch(LOCK_BOOKINGS, owner_id, occurrence_ids)
    bookings = [row["id"] for row in locked]
    needs = {MatchNeed(row["booker_id"], row["need_id"]) for row in locked if row["need_id"] and row["booker_id"]}
    await db.jobs.add(conn, *sorted(needs, key=str))
    await db.occurrences.sweep(conn, owner_id, bookings, now=now, request_id=request_id)
    rows = await conn.fetch(LOCK_OCCURRENCES, owner_id, occurrence_ids, [*BECOMES], now)
    if not rows:
        return
    claims = {
        row["id"]: (uuid7(), owed(row["starts_at"], row["ends_at"], row["units"], now))
        for row in rows
        if BECOMES[row["state"]] == "recalled"
    }
    hit: dict[UUID, list[Record]] = {}
    for row in rows:
        hit.setdefault(row["booking_id"], []).append(row)
    for asset_id, freed in groupby(sorted(rows, key=itemgetter("asset_id")), key=itemgetter("asset_id")):
        spans = [Period(row["starts_at"], row["ends_at"]) for row in freed]
        await db.freed.tell(conn, Freed(owner_id=owner_id, asset_id=asset_id, moment=now, spans=spans))
    changed = await conn.fetch(
        RECALL,
        owner_id,
        [row["id"] for row in rows],
        [BECOMES[row["state"]] for row in rows],
        now,
        note,
        [claim_id for claim_id, _ in claims.values()],
        [*claims],
        [minutes for _, minutes in claims.values()],
        [*hit],
    )
    await db.events.append_all(
        conn,
        [
            Change(
                type="booking.recalled",
                object_kind="booking",
                object_id=booking["id"],
                owner_id=owner_id,
                booker_id=booking["booker_id"],
                version=booking["version"],
                before={"occurrences": {str(row["id"]): in_event(row, row["state"]) for row in hit[booking["id"]]}},
                after=after(hit[booking["id"]], claims, note),
                caller=caller,
                now=now,
                request_id=request_id,
            )
            for booking in changed
        ],
    )


def after(rows: Sequence[Record], claims: Mapping[UUID, tuple[UUID, int]], note: str | None) -> dict[str, Any]:
    """What an event says of a booking after some of it was taken back."""
    opened = [(row["id"], *claims[row["id"]]) for row in rows if row["id"] in claims]
    return {
        "occurrences": {str(row["id"]): in_event(row, BECOMES[row["state"]]) for row in rows},
        "claims": {str(claim_id): {"occurrence_id": each, "minutes": minutes} for each, claim_id, minutes in opened},
        **({} if note is None else {"texts": ["note"]}),
    }


UNMET = """
  SELECT c.id, c.asset_id, c.owner_id, c.booker_id, c.units, b.attendees, false AS hold
    FROM occurrences c
    JOIN bookings b ON b.id = c.booking_id AND b.owner_id = c.owner_id
   WHERE c.owner_id = $1 AND c.id = ANY($2::uuid[])
"""


async def unmet(conn: Connection, owner_id: UUID, occurrence_ids: Sequence[UUID]) -> dict[UUID, Unmet]:
    """What the bookers of occurrences had asked for, by occurrence."""
    rows = await conn.fetch(UNMET, owner_id, occurrence_ids)
    return {row["id"]: Unmet(*(row[name] for name in Unmet._fields)) for row in rows}
