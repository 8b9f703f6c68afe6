"""Occurrences by start, and what ends by itself: holds, and the occurrences that are over."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

import msgspec
from asyncpg import Record

import db.events
import db.freed
import db.jobs
import db.offers
from db.connection import Connection
from domain.jobs import MatchNeed
from domain.occurrences import OccurrenceFilter, OccurrenceRow
from domain.requests import LONGEST
from domain.time import Period
from domain.waiting import Freed

BEGINNING, END = (datetime(year, 1, 1, tzinfo=UTC) for year in (1960, 2210))  # of all that may be booked

# The occurrences of an organisation in one of its two capacities, by start: an index walked between ($10, $11) and $9
# until the page is full. (The planner takes two plain bounds for a narrow range, and filters that may be absent for
# strict ones, and would sort everything: hence row comparisons, and coalesce, of which it expects half.) What `when`
# ($13) means depends on the zone of the site.
WALK = """
  (SELECT c.id, c.owner_id, c.starts_at
     FROM occurrences c
    CROSS JOIN LATERAL (
          SELECT a.site_id, a.timezone,
                 CASE $13::text WHEN 'tomorrow' THEN ($1 AT TIME ZONE a.timezone)::date + 1
                                WHEN 'this_week' THEN date_trunc('week', $1 AT TIME ZONE a.timezone)::date
                                ELSE ($1 AT TIME ZONE a.timezone)::date END AS first_on
            FROM assets a WHERE a.id = c.asset_id AND a.owner_id = c.owner_id LIMIT 1) a
    WHERE c.{capacity} = $2 AND c.booker_id IS NOT NULL
      AND (c.starts_at, c.id) > ($10::timestamptz, $11::uuid)
      AND (c.starts_at, c.id) < ($9::timestamptz, '00000000-0000-0000-0000-000000000000')
      AND coalesce(
            c.ends_at > $8::timestamptz
            AND ($3::uuid IS NULL OR c.owner_id = $3) AND ($6::uuid IS NULL OR c.booker_id = $6)
            AND ($5::uuid IS NULL OR c.asset_id = $5)
            AND ($7::text[] IS NULL OR rules.state(c, $1) = ANY($7)), false)
      AND coalesce(
            ($4::uuid IS NULL OR a.site_id = $4)
            AND ($13 IS NULL
                 OR c.ends_at > rules.instant(a.first_on, a.timezone)
                AND c.starts_at < rules.instant(a.first_on + CASE $13 WHEN 'this_week' THEN 7 ELSE 1 END, a.timezone)),
            false)
    ORDER BY c.starts_at, c.id LIMIT $12)
"""
PAGE = f"""
  WITH page AS (
    {WALK.format(capacity="owner_id")} UNION {WALK.format(capacity="booker_id")} ORDER BY starts_at, id LIMIT $12)
  SELECT c.id, c.starts_at, c.ends_at, a.timezone, c.units,
         rules.state(c, $1) AS state, c.why_not, c.note, c.cancelled_late, c.check_in_by,
         rules.sequence(c, $1) AS sequence,
         ARRAY(SELECT u.unit FROM occupancies u
                WHERE u.owner_id = c.owner_id AND u.occurrence_id = c.id AND u.asset_id = c.asset_id
                  AND coalesce(coalesce(u.held_until, c.held_until, c.check_in_by) > $1, true)
                ORDER BY u.unit) AS unit_numbers,
         jsonb_build_object('id', b.id, 'reference', b.reference, 'attendees', b.attendees, 'units', b.units,
                            'purpose', b.purpose, 'notes', b.notes, 'on_behalf_of', b.on_behalf_of) AS booking,
         jsonb_build_object('id', a.id, 'title', a.title) AS asset,
         jsonb_build_object('id', s.id, 'name', s.name) AS site,
         jsonb_build_object('id', o.id, 'name', o.name) AS booker
    FROM page p
    JOIN occurrences c ON c.id = p.id AND c.owner_id = p.owner_id
    JOIN bookings b ON b.id = c.booking_id AND b.owner_id = c.owner_id
    JOIN assets a ON a.id = c.asset_id AND a.owner_id = c.owner_id
    JOIN sites s ON s.id = a.site_id AND s.owner_id = a.owner_id
    JOIN organisations o ON o.id = c.booker_id
   ORDER BY c.starts_at, c.id
"""


async def page(
    conn: Connection,
    organisation_id: UUID,
    wanted: OccurrenceFilter,
    *,
    now: datetime,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[OccurrenceRow]:
    """Occurrences that an organisation owns or booked and that touch a period, by start."""
    since, until = wanted.during(now)
    first = (since - LONGEST if since else BEGINNING, UUID(int=0))  # nothing that ends later starts earlier
    rows = await conn.fetch(
        PAGE,
        now,
        organisation_id,
        wanted.owner_id,
        wanted.site_id,
        wanted.asset_id,
        wanted.booker_id,
        wanted.states(),
        since or BEGINNING,
        until or END,
        *(max(first, after) if after else first),
        limit,
        wanted.when,
    )
    return msgspec.convert(rows, list[OccurrenceRow])


LOCK_UNSWEPT = """
  SELECT b.id, b.asset_id, b.booker_id, b.need_id FROM bookings b
   WHERE b.owner_id = $1 AND b.id = ANY($2::uuid[])
     AND EXISTS (SELECT FROM occurrences c
                  WHERE c.owner_id = b.owner_id AND c.booking_id = b.id AND rules.unswept(c, $3) IS NOT NULL)
   ORDER BY b.id FOR NO KEY UPDATE
"""
# From what to what, and when. What was approved by itself may be over by now: that it completed is said apart. Or
# nobody may have come to it since: that is found by another look.
SWEEP = """
  WITH unswept AS (
    SELECT c.id, c.owner_id, c.state AS was,
           CASE WHEN c.state = 'confirmed' THEN c.check_in_by ELSE least(c.held_until, c.approved_from) END AS moment,
           CASE WHEN c.state = 'held' THEN 'expired' WHEN c.state = 'confirmed' THEN 'no_show'
                WHEN c.held_until <= $3 THEN 'lapsed' ELSE 'confirmed' END AS became
      FROM occurrences c
     WHERE c.owner_id = $1 AND c.booking_id = $2 AND rules.unswept(c, $3) IS NOT NULL
     ORDER BY c.id FOR NO KEY UPDATE),
  freed AS (
    DELETE FROM occupancies
     WHERE owner_id = $1 AND occurrence_id IN (SELECT id FROM unswept WHERE became <> 'confirmed'))
  UPDATE occurrences c SET state = s.became, sequence = c.sequence + 1, approved_from = NULL
    FROM unswept s WHERE c.owner_id = s.owner_id AND c.id = s.id
  RETURNING c.id, c.starts_at, c.ends_at, c.units, s.was, s.moment, s.became
"""
TYPES = {
    "expired": "booking.expired",
    "lapsed": "booking.lapsed",
    "confirmed": "booking.approved",
    "no_show": "booking.no_show",
    "completed": "booking.completed",
}


async def sweep(
    conn: Connection, owner_id: UUID, booking_ids: Sequence[UUID], *, now: datetime, request_id: str | None
) -> None:
    """Write down what became of bookings by themselves, each with the moment at which it did, and free what ended."""
    for booking in await conn.fetch(LOCK_UNSWEPT, owner_id, booking_ids, now):
        rows = await conn.fetch(SWEEP, owner_id, booking["id"], now)
        if any(row["became"] == "confirmed" for row in rows):
            rows += await conn.fetch(SWEEP, owner_id, booking["id"], now)
        rows.sort(key=itemgetter("moment", "became", "id"))
        for (moment, became), group in groupby(rows, key=itemgetter("moment", "became")):
            if booking["booker_id"] is None:
                freed = await db.offers.end(
                    conn, owner_id, booking["id"], "lapsed", moment=moment, caller=None, now=now, request_id=request_id
                )
                await db.freed.tell(conn, freed)
                continue
            ended = list(group)
            if became != "confirmed":
                spans = [Period(row["starts_at"], row["ends_at"]) for row in ended]
                freed = Freed(owner_id=owner_id, asset_id=booking["asset_id"], moment=moment, spans=spans)
                await db.freed.tell(conn, freed)
                if booking["need_id"]:
                    await db.jobs.add(conn, MatchNeed(booking["booker_id"], booking["need_id"]))
            await record(
                conn,
                owner_id,
                booking["id"],
                ended,
                became,
                moment=moment,
                changed_at=moment,
                now=now,
                request_id=request_id,
            )


OVER = """
  SELECT DISTINCT owner_id, booking_id
    FROM (SELECT owner_id, booking_id FROM occurrences
           WHERE state IN ('confirmed', 'checked_in') AND check_in_by IS NULL AND ends_at <= $1
           ORDER BY ends_at LIMIT $2) c
"""


async def over(conn: Connection, *, now: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """Owner and booking of so many occurrences that are over, those that ended first, and not yet completed."""
    return [(row["owner_id"], row["booking_id"]) for row in await conn.fetch(OVER, now, limit)]


UNATTENDED = """
  SELECT DISTINCT owner_id, booking_id, check_in_by
    FROM (SELECT owner_id, booking_id, check_in_by FROM occurrences
           WHERE state = 'confirmed' AND check_in_by <= $1
           ORDER BY check_in_by LIMIT $2) c
"""


async def unattended(conn: Connection, *, until: datetime, limit: int) -> list[tuple[UUID, UUID, datetime]]:
    """Owner and booking of so many occurrences that are no-shows by then if nobody checks in, and from when on."""
    rows = await conn.fetch(UNATTENDED, until, limit)
    return [(row["owner_id"], row["booking_id"], row["check_in_by"]) for row in rows]


COMPLETE = """
  WITH ended AS (
    SELECT id, owner_id, state FROM occurrences
     WHERE owner_id = $1 AND booking_id = $2 AND state IN ('confirmed', 'checked_in') AND check_in_by IS NULL
       AND ends_at <= $3
     ORDER BY id FOR NO KEY UPDATE)
  UPDATE occurrences c SET state = 'completed'
    FROM ended WHERE c.owner_id = ended.owner_id AND c.id = ended.id
  RETURNING c.id, c.starts_at, c.ends_at, c.units, ended.state AS was
"""


async def complete(conn: Connection, owner_id: UUID, booking_id: UUID, *, now: datetime) -> None:
    """Mark what is over of a locked booking, and record for each end that it was then: the same events, however late.

    What the booking answers does not change by it, so neither do `sequence` and `updated_at`.
    """
    rows = sorted(await conn.fetch(COMPLETE, owner_id, booking_id, now), key=itemgetter("ends_at", "id"))
    for end, group in groupby(rows, key=itemgetter("ends_at")):
        await record(
            conn, owner_id, booking_id, list(group), "completed", moment=end, changed_at=None, now=now, request_id=None
        )


NEXT_VERSION = """
  UPDATE bookings SET version = version + 1, updated_at = greatest(updated_at, $3)
   WHERE owner_id = $1 AND id = $2 RETURNING booker_id, version
"""


async def record(
    conn: Connection,
    owner_id: UUID,
    booking_id: UUID,
    rows: Sequence[Record],
    became: str,
    *,
    moment: datetime,
    changed_at: datetime | None,
    now: datetime,
    request_id: str | None,
) -> None:
    """One event of what became by itself, at one moment, of some occurrences of a booking. `changed_at`: since when the
    booking answers something else; None: it does not.
    """
    (booking,) = await conn.fetch(NEXT_VERSION, owner_id, booking_id, changed_at)
    await db.events.append(
        conn,
        type=TYPES[became],
        object_kind="booking",
        object_id=booking_id,
        owner_id=owner_id,
        booker_id=booking["booker_id"],
        version=booking["version"],
        before={"occurrences": {str(row["id"]): in_event(row, row["was"]) for row in rows}},
        after={"occurrences": {str(row["id"]): in_event(row, became) for row in rows}},
        caller=None,
        now=now,
        occurred_at=moment,
        request_id=request_id,
    )


def in_event(row: Record, state: str) -> dict[str, Any]:
    """An occurrence as events hold it."""
    return {"state": state, **{name: row[name] for name in ("starts_at", "ends_at", "units")}}
