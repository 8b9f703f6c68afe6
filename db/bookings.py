"""Bookings and their occurrences, as they are stored."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Unpack
from uuid import UUID

import msgspec
from asyncpg import Record

import db.events
import db.freed
import db.jobs
import db.occurrences
import db.places
import db.waiting
from db.assets import SUMMARY
from db.connection import Connection, session
from db.events import Change
from domain.bookings import BookingFilter, Stored
from domain.jobs import MatchNeed, SweepBooking
from domain.occurrences import OPEN, Occurrence
from domain.plans import Claim, Locked, Place
from domain.transitions import OCCUPYING
from domain.waiting import Freed

# A booking to one of its two organisations: $1 is now, $2 that organisation. (Nobody's keeps the place of an offer.)
BOOKING = f"""
  SELECT b.id, b.reference, b.owner_id, b.booker_id, b.need_id, {SUMMARY} AS asset, b.attendees, b.units, b.purpose,
         b.open_to_public, b.notes, b.on_behalf_of, b.recallable, b.cancel_notice_minutes, b.cost, b.clock_changes,
         b.created_at,
         greatest(b.updated_at, (SELECT max(rules.unswept(c, $1)) FROM occurrences c
           WHERE c.owner_id = b.owner_id AND c.booking_id = b.id)) AS updated_at,
         b.version, a.arrival,
         (SELECT min(coalesce(c.held_until, c.approved_from)) FROM occurrences c
           WHERE c.owner_id = b.owner_id AND c.booking_id = b.id AND rules.state(c, $1) = 'pending') AS decide_by,
         (SELECT min(c.held_until) FROM occurrences c
           WHERE c.owner_id = b.owner_id AND c.booking_id = b.id
             AND rules.state(c, $1) = 'held') AS hold_expires_at,
         (SELECT jsonb_agg(jsonb_build_object(
                   'id', c.id, 'starts_at', c.starts_at, 'ends_at', c.ends_at, 'timezone', a.timezone, 'units', c.units,
                   'unit_numbers', coalesce((SELECT jsonb_agg(u.unit ORDER BY u.unit) FROM occupancies u
                       WHERE u.owner_id = b.owner_id AND u.occurrence_id = c.id AND u.asset_id = b.asset_id
                         AND coalesce(coalesce(u.held_until, c.held_until, c.check_in_by) > $1, true)), '[]'),
                   'state', rules.state(c, $1), 'why_not', c.why_not, 'note', c.note,
                   'cancelled_late', c.cancelled_late, 'check_in_by', c.check_in_by,
                   'sequence', rules.sequence(c, $1))
                 ORDER BY c.starts_at, c.id)
            FROM occurrences c WHERE c.owner_id = b.owner_id AND c.booking_id = b.id) AS occurrences
    FROM bookings b
    JOIN assets a ON a.id = b.asset_id AND a.owner_id = b.owner_id
    JOIN sites s ON s.id = a.site_id AND s.owner_id = a.owner_id
    JOIN organisations o ON o.id = a.owner_id
   WHERE $2 IN (b.owner_id, b.booker_id) AND b.booker_id IS NOT NULL
"""

LOAD = f"{BOOKING} AND b.id = $3"


async def load(conn: Connection, booking_id: UUID, organisation_id: UUID, now: datetime) -> Stored | None:
    """A booking as it is now, if the organisation is its owner or its booker."""
    row = await conn.fetchrow(LOAD, now, organisation_id, booking_id)
    return msgspec.convert(row, Stored) if row else None


# The bookings of an organisation in one of its two capacities, by what their occurrences say: an index walked in the
# order of the answer until the page is full. (What is filtered stands in HAVING: in WHERE the planner would think that
# little is left, and sort.) $1, $2 as above.
FITS = """
   HAVING bool_or(($3::uuid IS NULL OR c.owner_id = $3) AND ($4::uuid IS NULL OR c.booker_id = $4)
                  AND ($5::uuid IS NULL OR c.asset_id = $5)
                  AND ($7::timestamptz IS NULL OR c.ends_at > $7) AND ($8::timestamptz IS NULL OR c.starts_at < $8))
      AND ($6::text IS NULL OR $6 = coalesce(
            ($11::text[])[min(array_position($11, rules.state(c, $1)))], 'ended'))
"""
WALK = """
  (SELECT c.booking_id FROM occurrences c
    WHERE c.{capacity} = $2 AND c.booking_id {beyond} $9 AND c.booker_id IS NOT NULL
    GROUP BY c.booking_id {fits}
    ORDER BY c.booking_id {order} LIMIT $10)
"""
# The same of those in which something is stored as pending: an index holds no others.
WALK_PENDING = """
  (SELECT p.booking_id
     FROM (SELECT DISTINCT booking_id FROM occurrences
            WHERE {capacity} = $2 AND state = 'pending' AND booking_id {beyond} $9
            ORDER BY booking_id {order}) p
    CROSS JOIN LATERAL (SELECT FROM occurrences c WHERE c.{capacity} = $2 AND c.booking_id = p.booking_id {fits}) c
    ORDER BY p.booking_id {order} LIMIT $10)
"""


def listing(walk: str, beyond: str, order: str) -> str:
    """A page of bookings, one's own of one's own assets once."""
    walks = [
        walk.format(capacity=capacity, beyond=beyond, order=order, fits=FITS) for capacity in ("owner_id", "booker_id")
    ]
    return f"""
      {BOOKING}
         AND b.id = ANY(ARRAY({" UNION ".join(walks)} ORDER BY booking_id {order} LIMIT $10))
       ORDER BY b.id {order}
    """


NEWEST = listing(WALK, "<", "DESC")
OLDEST = listing(WALK, ">", "ASC")
NEWEST_PENDING = listing(WALK_PENDING, "<", "DESC")
OLDEST_PENDING = listing(WALK_PENDING, ">", "ASC")
FIRST_ID, LAST_ID = UUID(int=0), UUID(int=2**128 - 1)


async def page(
    conn: Connection,
    organisation_id: UUID,
    wanted: BookingFilter,
    *,
    now: datetime,
    after: UUID | None,
    oldest_first: bool,
    limit: int,
) -> list[Stored]:
    """An organisation's bookings, as owner and as booker, that touch the period and stand in the state asked for."""
    newest, oldest = (NEWEST_PENDING, OLDEST_PENDING) if wanted.state == "pending" else (NEWEST, OLDEST)
    rows = await conn.fetch(
        oldest if oldest_first else newest,
        now,
        organisation_id,
        wanted.owner_id,
        wanted.booker_id,
        wanted.asset_id,
        wanted.state,
        wanted.starts_at,
        wanted.ends_at,
        after or (FIRST_ID if oldest_first else LAST_ID),
        limit,
        OPEN,
    )
    return msgspec.convert(rows, list[Stored])


INSERT = f"""
  WITH booking AS (
    INSERT INTO bookings (id, owner_id, booker_id, asset_id, reference, units, attendees, purpose, open_to_public,
                          notes, on_behalf_of, cost, clock_changes, created_at, updated_at, recallable, need_id,
                          cancel_notice_minutes)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14, $22, $23, $38)),
  made AS (
    INSERT INTO occurrences (id, owner_id, booking_id, booker_id, asset_id, starts_at, ends_at, units, state, why_not,
                             held_until, approved_from, check_in_by)
    SELECT c.id, $2, $1, $3, $4, c.starts_at, c.ends_at, $6, c.state, $19::jsonb->(c.n::int - 1),
           CASE WHEN c.state <> 'skipped' THEN $20::timestamptz END,
           CASE WHEN c.state <> 'skipped' THEN $21::timestamptz END, c.check_in_by
      FROM unnest($15::uuid[], $16::timestamptz[], $17::timestamptz[], $18::text[], $37::timestamptz[])
           WITH ORDINALITY c (id, starts_at, ends_at, state, check_in_by, n))
  INSERT INTO events ({db.events.COLUMNS})
  VALUES ($24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36)
"""


async def insert(conn: Connection, stored: Stored, claim: Claim, **change: Unpack[Change]) -> None:
    """Store a new booking with its occurrences, and the event that says so: one statement."""
    occurrences = stored.occurrences
    await conn.execute(
        INSERT,
        stored.id,
        stored.owner_id,
        stored.booker_id,
        stored.asset.id,
        stored.reference,
        stored.units,
        stored.attendees,
        stored.purpose,
        stored.open_to_public,
        stored.notes,
        stored.on_behalf_of,
        stored.cost,
        stored.clock_changes,
        stored.created_at,
        [each.id for each in occurrences],
        [each.starts_at for each in occurrences],
        [each.ends_at for each in occurrences],
        [each.state for each in occurrences],
        [each.why_not for each in occurrences],
        claim.held_until,
        claim.approved_from,
        stored.recallable,
        stored.need_id,
        *db.events.row(**change),
        [each.check_in_by for each in occurrences],
        stored.cancel_notice_minutes,
    )
    await sweep_later(conn, stored.owner_id, stored.id, claim)
    await match_need(conn, stored)


async def sweep_later(conn: Connection, owner_id: UUID, booking_id: UUID, claim: Claim) -> None:
    """Have it written down when a claim has ended or was approved by itself."""
    moment = claim.held_until or claim.approved_from
    if moment:
        await db.jobs.add(conn, SweepBooking(owner_id, booking_id), at=moment)


async def match_need(conn: Connection, booking: Stored) -> None:
    """Have it noted what meets the need of which a booking has something now, or has it no more."""
    if booking.need_id:
        await db.jobs.add(conn, MatchNeed(booking.booker_id, booking.need_id))


LIMITED = "($3 OR EXISTS (SELECT FROM limits l WHERE l.owner_id = x.owner_id))"
LOCKED = """
  ON CONFLICT (owner_id, booker_id) DO UPDATE SET counted_at = greatest(accounts.counted_at, excluded.counted_at)
  RETURNING owner_id, booker_id, counted_at
"""
ACCOUNT = f"""
  INSERT INTO accounts (owner_id, booker_id, counted_at)
  SELECT x.owner_id, $2, $4 FROM assets x WHERE x.id = $1 AND {LIMITED} {LOCKED}
"""


async def lock_account(conn: Connection, asset_id: UUID, booker_id: UUID, *, counted: bool, now: datetime) -> datetime:
    """Lock, before the asset, what counts a booker's claims with its owner: where that has limits, or `counted`.

    The moment as of which to count, and to go on: no earlier than anybody has before, for whom more may have lapsed.
    """
    return remember(conn, await conn.fetchrow(ACCOUNT, asset_id, booker_id, counted, now), now)


ACCOUNT_OF = f"""
  INSERT INTO accounts (owner_id, booker_id, counted_at)
  SELECT x.owner_id, x.booker_id, $4 FROM bookings x
   WHERE x.id = $1 AND x.booker_id IS NOT NULL AND $2 IN (x.owner_id, x.booker_id) AND {LIMITED} {LOCKED}
"""


async def lock_account_of(
    conn: Connection, booking_id: UUID, organisation_id: UUID, *, counted: bool = False, now: datetime
) -> datetime:
    """The same, of a booking that may come to count more, or again."""
    return remember(conn, await conn.fetchrow(ACCOUNT_OF, booking_id, organisation_id, counted, now), now)


def remember(conn: Connection, locked: Record | None, now: datetime) -> datetime:
    """Note what was locked, if anything was: the moment as of which to count."""
    if locked is None:
        return now
    session(conn).accounts.add((locked["owner_id"], locked["booker_id"]))
    moment: datetime = locked["counted_at"]
    return moment


FIND = """
  SELECT asset_id, owner_id FROM bookings WHERE id = $1 AND $2 IN (owner_id, booker_id) AND booker_id IS NOT NULL
"""
LOCK_BOOKING = "SELECT FROM bookings WHERE id = $1 AND owner_id = $2 FOR NO KEY UPDATE"
LOCK_OCCURRENCES = "SELECT FROM occurrences WHERE owner_id = $2 AND booking_id = $1 ORDER BY id FOR NO KEY UPDATE"


async def lock(
    conn: Connection, booking_id: UUID, organisation_id: UUID, *, now: datetime, request_id: str
) -> Locked | None:
    """As `load`, with the asset, the booking and its occurrences locked in this order, and swept."""
    found = await conn.fetchrow(FIND, booking_id, organisation_id)
    if found is None:
        return None
    owner_id = found["owner_id"]
    place = await lock_whole(conn, booking_id, found["asset_id"], owner_id)
    await db.occurrences.sweep(conn, owner_id, [booking_id], now=now, request_id=request_id)
    row = await conn.fetchrow(LOAD, now, organisation_id, booking_id)
    return msgspec.convert({**row, "place": place}, Locked) if row else None


async def lock_whole(conn: Connection, booking_id: UUID, asset_id: UUID, owner_id: UUID) -> Place:
    """Lock an asset, a booking of it and that one's occurrences, in this order: what of the asset a booking needs."""
    place = await db.places.lock_own(conn, asset_id, owner_id)
    await conn.execute(LOCK_BOOKING, booking_id, owner_id)
    await conn.execute(LOCK_OCCURRENCES, booking_id, owner_id)
    return place


ASSET_OF = "SELECT asset_id FROM bookings WHERE id = $1 AND owner_id = $2"


async def lock_for_the_clock(conn: Connection, booking_id: UUID, owner_id: UUID) -> None:
    """As `lock`, of a change that nobody asked for: the asset, then the booking."""
    if asset_id := await conn.fetchval(ASSET_OF, booking_id, owner_id):
        await db.places.lock_own(conn, asset_id, owner_id)
    await conn.execute(LOCK_BOOKING, booking_id, owner_id)


CHANGE = f"""
  WITH booking AS (
    UPDATE bookings SET updated_at = $3, version = version + 1, units = $4, cost = $5, clock_changes = $6
     WHERE owner_id = $2 AND id = $1),
  n AS (
    SELECT * FROM unnest($7::uuid[], $8::text[], $9::text[], $10::boolean[], $11::int[], $12::timestamptz[],
                         $13::timestamptz[], $14::int[], $33::timestamptz[])
           WITH ORDINALITY n (id, state, note, cancelled_late, sequence, starts_at, ends_at, units, check_in_by,
                              place)),
  changed AS (
    UPDATE occurrences c
       SET state = n.state, note = n.note, cancelled_late = n.cancelled_late, sequence = n.sequence,
           starts_at = n.starts_at, ends_at = n.ends_at, units = n.units, why_not = $15::jsonb->(n.place::int - 1),
           check_in_by = n.check_in_by,
           held_until = CASE WHEN c.id = ANY($32::uuid[]) THEN c.held_until ELSE $16 END,
           approved_from = CASE WHEN c.id = ANY($32) THEN c.approved_from ELSE $17 END
      FROM n
     WHERE c.owner_id = $2 AND c.id = n.id),
  freed AS (
    DELETE FROM occupancies WHERE owner_id = $2 AND occurrence_id = ANY($18::uuid[])),
  kept AS (
    UPDATE occupancies o SET held_until = u.until
      FROM n
      JOIN occurrences c ON c.owner_id = $2 AND c.id = n.id
     CROSS JOIN LATERAL (
           SELECT coalesce(CASE WHEN c.id = ANY($32) THEN c.held_until ELSE $16 END, n.check_in_by) AS until) u
     WHERE n.id <> ALL($18::uuid[]) AND o.owner_id = $2 AND o.occurrence_id = n.id
       AND o.held_until IS DISTINCT FROM u.until)
  INSERT INTO events ({db.events.COLUMNS})
  VALUES ($19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31)
"""


async def change(
    conn: Connection,
    booking: Locked,
    changed: Sequence[Occurrence],
    claim: Claim | None,
    unclaimed: Collection[UUID] = (),
    **change: Unpack[Change],
) -> None:
    """Store what some occurrences of a locked booking became, give back what those occupy that no longer stand, and say
    so: one statement. `claim`: what they have now, None where they have none; `unclaimed` keep what they had.
    """
    claim = claim or Claim("confirmed")
    await conn.execute(
        CHANGE,
        booking.id,
        booking.owner_id,
        change["now"],
        booking.units,
        booking.cost,
        booking.clock_changes,
        [each.id for each in changed],
        [each.state for each in changed],
        [each.note for each in changed],
        [each.cancelled_late for each in changed],
        [each.sequence for each in changed],
        [each.starts_at for each in changed],
        [each.ends_at for each in changed],
        [each.units for each in changed],
        [each.why_not for each in changed],
        claim.held_until,
        claim.approved_from,
        [each.id for each in changed if each.state not in OCCUPYING],
        *db.events.row(**change),
        list(unclaimed),
        [each.check_in_by for each in changed],
    )
    await sweep_later(conn, booking.owner_id, booking.id, claim)
    await match_need(conn, booking)
    ends = claim.held_until or any(each.check_in_by for each in changed)
    if ends and await db.waiting.anybody(conn, booking.owner_id, booking.place.id, change["now"]):
        session(conn).held.add((booking.owner_id, booking.place.id))
    left = {each.id for each in changed if change["type"] == "booking.moved" or each.state not in OCCUPYING}
    if left:
        spans = [each.period for each in booking.occurrences if each.id in left]
        freed = Freed(owner_id=booking.owner_id, asset_id=booking.place.id, moment=change["now"], spans=spans)
        await db.freed.tell(conn, freed)
