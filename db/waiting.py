"""Waiting lists, as they are stored."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec
from asyncpg import Range

from db.assets import SUMMARY
from db.connection import Connection
from domain.requests import Purpose
from domain.time import Period
from domain.waiting import Candidate, Freed, FreePiece, Line, Skipped, WaitingEntry, WaitingFilter, line

# An entry as it is at $1.
ENTRY = f"""
  SELECT w.id, w.owner_id, w.booker_id, w.booking_id,
         CASE WHEN w.left_at IS NOT NULL THEN 'left' WHEN w.met_at IS NOT NULL THEN 'met'
              WHEN coalesce(p.last <= $1, true) THEN 'lapsed' ELSE 'waiting' END AS state,
         w.units, w.attendees, w.purpose, p.places, '[]'::jsonb AS may, w.created_at, w.updated_at,
         (SELECT f.id FROM offers f
           WHERE f.waiting_id = w.id AND f.owner_id = w.owner_id AND f.state = 'offered' AND f.expires_at > $1
           ORDER BY f.expires_at LIMIT 1) AS offer_id
    FROM waitings w
   CROSS JOIN LATERAL (
         SELECT max(lower(p.period)) FILTER (WHERE NOT p.ended) AS last,
                jsonb_agg(jsonb_build_object(
                  'asset', {SUMMARY}, 'starts_at', lower(p.period), 'ends_at', upper(p.period),
                  'occurrence_id', p.occurrence_id, 'met', p.met) ORDER BY p.number) AS places
           FROM waiting_places p
           JOIN assets a ON a.id = p.asset_id AND a.owner_id = p.owner_id
           JOIN sites s ON s.id = a.site_id AND s.owner_id = a.owner_id
           JOIN organisations o ON o.id = a.owner_id
          WHERE p.waiting_id = w.id AND p.owner_id = w.owner_id) p
"""
LOAD = f"{ENTRY} WHERE w.id = $2 AND $3 IN (w.owner_id, w.booker_id)"


async def load(conn: Connection, waiting_id: UUID, organisation_id: UUID, now: datetime) -> WaitingEntry | None:
    """An entry as it is now, if the organisation waits or is the owner."""
    row = await conn.fetchrow(LOAD, now, waiting_id, organisation_id)
    return msgspec.convert(row, WaitingEntry) if row else None


# The entries of an organisation, $2, in one of its two capacities: an index walked until the page is full.
WALK = """
  (SELECT w.id FROM waitings w
    WHERE w.{capacity} = $2 AND w.id < coalesce($5::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
      AND CASE WHEN $3::uuid IS NULL THEN true ELSE EXISTS (
            SELECT FROM waiting_places p
             WHERE p.waiting_id = w.id AND p.owner_id = w.owner_id AND p.asset_id = $3) END
      AND CASE WHEN $4::text IS NULL THEN true
               ELSE $4 = CASE WHEN w.left_at IS NOT NULL THEN 'left' WHEN w.met_at IS NOT NULL THEN 'met'
                              WHEN EXISTS (SELECT FROM waiting_places p
                                            WHERE p.waiting_id = w.id AND p.owner_id = w.owner_id AND NOT p.ended
                                              AND lower(p.period) > $1) THEN 'waiting' ELSE 'lapsed' END END
    ORDER BY w.id DESC LIMIT $6)
"""
LIST = f"""
  {ENTRY}
   WHERE w.id = ANY(ARRAY({WALK.format(capacity="owner_id")} UNION {WALK.format(capacity="booker_id")}
                           ORDER BY id DESC LIMIT $6))
   ORDER BY w.id DESC
"""


async def page(
    conn: Connection, organisation_id: UUID, wanted: WaitingFilter, *, now: datetime, after: UUID | None, limit: int
) -> list[WaitingEntry]:
    """The entries of an organisation, as owner and as booker, newest first."""
    rows = await conn.fetch(LIST, now, organisation_id, *msgspec.structs.astuple(wanted), after, limit)
    return msgspec.convert(rows, list[WaitingEntry])


LINES = """
  SELECT p.number, rules.held_minutes(w.owner_id, w.booker_id, $3, $3) AS minutes,
         ARRAY(SELECT rules.held_minutes(w.owner_id, q.booker_id, $3, $3)
                 FROM (SELECT DISTINCT q.booker_id FROM waiting_places q
                        WHERE q.owner_id = p.owner_id AND q.asset_id = p.asset_id AND q.period && p.period
                          AND NOT q.ended AND lower(q.period) > $3 AND q.booker_id <> w.booker_id) q) AS others,
         (SELECT coalesce(jsonb_agg(to_jsonb(f) ORDER BY f.starts_at), '[]')
            FROM rules.free_periods(a, lower(p.period), upper(p.period), w.units, $3) f) AS would_fit
    FROM waitings w
    JOIN waiting_places p ON p.waiting_id = w.id AND p.owner_id = w.owner_id
    JOIN assets a ON a.id = p.asset_id AND a.owner_id = p.owner_id
   WHERE w.id = $1 AND w.owner_id = $2 AND NOT p.ended AND lower(p.period) > $3
   ORDER BY p.number
"""


async def lines(conn: Connection, waiting_id: UUID, owner_id: UUID, now: datetime) -> list[Line]:
    """Where an entry stands for each place that it still waits for."""
    rows = await conn.fetch(LINES, waiting_id, owner_id, now)
    return [
        line(row["number"], row["minutes"], row["others"], msgspec.convert(row["would_fit"], list[FreePiece]))
        for row in rows
    ]


# Those that an organisation may know of.
OWNERS = """
  SELECT a.id, a.owner_id FROM assets a
   WHERE a.id = ANY($1::uuid[]) AND (a.state IN ('listed', 'paused') OR a.owner_id = $2)
"""


async def owners(conn: Connection, asset_ids: Sequence[UUID], organisation_id: UUID) -> dict[UUID, UUID]:
    """The owner of each asset that an organisation may know of."""
    return {row["id"]: row["owner_id"] for row in await conn.fetch(OWNERS, asset_ids, organisation_id)}


INSERT = """
  WITH waiting AS (
    INSERT INTO waitings (id, owner_id, booker_id, booking_id, units, attendees, purpose, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) RETURNING id)
  INSERT INTO waiting_places (waiting_id, owner_id, number, booker_id, asset_id, occurrence_id, period)
  SELECT w.id, $2, p.number, $3, p.asset_id, p.occurrence_id, p.period
    FROM waiting w,
         unnest($9::uuid[], $10::uuid[], $11::tstzrange[]) WITH ORDINALITY p (asset_id, occurrence_id, period, number)
"""


async def insert(
    conn: Connection,
    waiting_id: UUID,
    owner_id: UUID,
    booker_id: UUID,
    *,
    booking_id: UUID | None,
    units: int,
    attendees: int | None,
    purpose: Purpose | None,
    places: Sequence[tuple[UUID, UUID | None, Period]],
    now: datetime,
) -> bool:
    """Store an entry with its places: asset, skipped occurrence, period. False: its booker waits for some of it."""
    try:
        async with conn.transaction():
            await conn.execute(
                INSERT,
                waiting_id,
                owner_id,
                booker_id,
                booking_id,
                units,
                attendees,
                purpose,
                now,
                [asset_id for asset_id, _, _ in places],
                [occurrence_id for _, occurrence_id, _ in places],
                [Range(period.starts_at, period.ends_at) for _, _, period in places],
            )
    except asyncpg.ExclusionViolationError:
        return False
    return True


PLACES = "SELECT DISTINCT asset_id FROM waiting_places WHERE waiting_id = $1 AND owner_id = $2 ORDER BY asset_id"
LOCK = "SELECT FROM waitings WHERE id = $1 AND owner_id = $2 FOR UPDATE"


async def assets(conn: Connection, waiting_id: UUID, owner_id: UUID) -> list[UUID]:
    """The assets of an entry, in the order in which they are locked."""
    return [row["asset_id"] for row in await conn.fetch(PLACES, waiting_id, owner_id)]


async def lock(conn: Connection, waiting_id: UUID, owner_id: UUID) -> None:
    """Lock an entry, after its assets."""
    await conn.execute(LOCK, waiting_id, owner_id)


LEAVE = """
  WITH places AS (
    UPDATE waiting_places SET ended = true WHERE waiting_id = $1 AND owner_id = $2)
  UPDATE waitings SET left_at = $3, updated_at = $3, version = version + 1 WHERE id = $1 AND owner_id = $2
  RETURNING version
"""


async def leave(conn: Connection, waiting_id: UUID, owner_id: UUID, now: datetime) -> int:
    """Take a locked entry out of the line: the version it now has."""
    version: int = await conn.fetchval(LEAVE, waiting_id, owner_id, now)
    return version


SKIPPED = """
  SELECT w.booking_id, p.occurrence_id
    FROM offers f
    JOIN waitings w ON w.id = f.waiting_id AND w.owner_id = f.owner_id
    JOIN waiting_places p ON p.waiting_id = w.id AND p.owner_id = w.owner_id AND p.number = f.waiting_number
   WHERE f.id = $1 AND f.owner_id = $2 AND p.occurrence_id IS NOT NULL
"""


async def skipped(conn: Connection, offer_id: UUID, owner_id: UUID) -> Skipped | None:
    """What an offer is for, if a booking skipped it."""
    row = await conn.fetchrow(SKIPPED, offer_id, owner_id)
    return msgspec.convert(dict(row), Skipped) if row else None


# One of any places is enough; of what a booking skipped all is waited for.
MEET = """
  WITH places AS (
    UPDATE waiting_places p SET met = p.met OR p.number = $3, ended = true
      FROM waitings w
     WHERE w.id = $1 AND w.owner_id = $2 AND p.waiting_id = w.id AND p.owner_id = w.owner_id
       AND (w.booking_id IS NULL OR p.number = $3))
  UPDATE waitings w
     SET updated_at = $4::timestamptz, version = w.version + 1,
         met_at = CASE WHEN w.booking_id IS NULL OR NOT EXISTS (
                    SELECT FROM waiting_places p
                     WHERE p.waiting_id = $1 AND p.owner_id = $2 AND p.number <> $3 AND NOT p.ended)
                  THEN $4::timestamptz END
   WHERE w.id = $1 AND w.owner_id = $2
  RETURNING w.version
"""


async def meet(conn: Connection, waiting_id: UUID, owner_id: UUID, number: int, now: datetime) -> int:
    """Write down that a place of a locked entry was had: the version it now has."""
    version: int = await conn.fetchval(MEET, waiting_id, owner_id, number, now)
    return version


# Who waits for what came free of an asset, has not been offered it yet, and could have so many units throughout.
CANDIDATES = """
  WITH asset AS MATERIALIZED (SELECT a AS itself FROM assets a WHERE a.id = $1 AND a.owner_id = $2),
  waits AS MATERIALIZED (
    SELECT w.id, p.number, w.booker_id, lower(p.period) AS starts_at, upper(p.period) AS ends_at, w.units, w.attendees,
           w.purpose
      FROM asset
      JOIN waiting_places p ON p.asset_id = $1 AND p.owner_id = $2
      JOIN waitings w ON w.id = p.waiting_id AND w.owner_id = p.owner_id
     CROSS JOIN LATERAL (SELECT rules.span(asset.itself, lower(p.period), upper(p.period)) AS span) t
     WHERE NOT p.ended AND lower(p.period) > $5 AND coalesce(t.span && $4::tstzmultirange, true)
       AND NOT EXISTS (
             SELECT FROM offers f
              WHERE f.waiting_id = w.id AND f.owner_id = w.owner_id
                AND ((w.booking_id IS NULL OR f.waiting_number = p.number) AND f.state = 'offered' AND f.expires_at > $5
                     OR f.asset_id = $1 AND f.freed_at = $3 AND EXISTS (
                          SELECT FROM waiting_places q
                           WHERE q.waiting_id = w.id AND q.owner_id = w.owner_id AND q.number = f.waiting_number
                             AND q.period && p.period)))),
  free AS (
    SELECT t.* FROM asset, (SELECT DISTINCT starts_at, ends_at, units FROM waits) t
     WHERE (SELECT f.units_free >= t.units
              FROM rules.units_free(asset.itself, rules.span(asset.itself, t.starts_at, t.ends_at), $5) f)),
  held AS MATERIALIZED (
    SELECT b.booker_id, o.kind, rules.held_minutes($2, b.booker_id, $3, $5) AS minutes
      FROM (SELECT DISTINCT booker_id FROM waits JOIN free USING (starts_at, ends_at, units)) b
      JOIN organisations o ON o.id = b.booker_id)
  SELECT waits.id AS waiting_id, waits.number, held.kind AS booker_kind, waits.starts_at, waits.ends_at, waits.units,
         waits.attendees, waits.purpose,
         jsonb_build_object('organisation_id', held.booker_id, 'minutes', held.minutes) AS contender
    FROM waits JOIN free USING (starts_at, ends_at, units) JOIN held USING (booker_id)
   ORDER BY waits.starts_at, waits.number
"""


async def candidates(conn: Connection, asset_id: UUID, freed: Freed, now: datetime) -> list[Candidate]:
    """The places free of a locked asset that those in line have not been offered yet, of what came free then."""
    spans = None if freed.spans is None else [Range(each.starts_at, each.ends_at) for each in freed.spans]
    rows = await conn.fetch(CANDIDATES, asset_id, freed.owner_id, freed.moment, spans, now)
    return msgspec.convert([dict(row) for row in rows], list[Candidate])


# What ends by itself stays taken when it does, while there is somebody in line who was not offered it: until whoever
# notices offers it to the next.
KEEP = """
  UPDATE occupancies o SET held_until = k.until
    FROM (SELECT c.id, c.owner_id, CASE WHEN NOT EXISTS (
                   SELECT FROM waiting_places p
                     JOIN waitings w ON w.id = p.waiting_id AND w.owner_id = p.owner_id
                    WHERE p.owner_id = c.owner_id AND NOT p.ended AND EXISTS (
                            SELECT FROM parts t
                             WHERE t.owner_id = c.owner_id
                               AND (t.whole_id, t.part_id) IN ((c.asset_id, p.asset_id), (p.asset_id, c.asset_id)))
                      AND p.period && tstzrange(c.starts_at, c.ends_at) AND lower(p.period) > e.ends
                      AND NOT EXISTS (
                            SELECT FROM offers g
                             WHERE g.waiting_id = w.id AND g.owner_id = w.owner_id
                               AND (w.booking_id IS NULL OR g.waiting_number = p.number)
                               AND (g.state = 'offered' OR g.asset_id = f.asset_id AND g.freed_at = f.freed_at)))
                 THEN e.ends END AS until
            FROM occurrences c
           CROSS JOIN LATERAL (SELECT coalesce(c.held_until, c.check_in_by) AS ends) e
            LEFT JOIN offers f ON f.owner_id = c.owner_id AND f.booking_id = c.booking_id AND f.state = 'offered'
           WHERE c.owner_id = $1 AND c.state IN ('held', 'pending', 'confirmed') AND e.ends IS NOT NULL
             AND c.asset_id IN (SELECT t.part_id FROM parts t WHERE t.owner_id = $1 AND t.whole_id = $2
                                 UNION SELECT t.whole_id FROM parts t WHERE t.owner_id = $1 AND t.part_id = $2)) k
   WHERE o.owner_id = k.owner_id AND o.occurrence_id = k.id AND o.held_until IS DISTINCT FROM k.until
"""


async def keep(conn: Connection, owner_id: UUID, asset_id: UUID) -> None:
    """Have what is held of an asset, its wholes and parts stay taken while somebody is in line to be offered it."""
    await conn.execute(KEEP, owner_id, asset_id)


ANYBODY = """
  SELECT EXISTS (
    SELECT FROM waiting_places w
     WHERE w.owner_id = $1 AND NOT w.ended AND lower(w.period) > $3
       AND w.asset_id IN (SELECT p.part_id FROM parts p WHERE p.owner_id = $1 AND p.whole_id = $2
                           UNION SELECT p.whole_id FROM parts p WHERE p.owner_id = $1 AND p.part_id = $2))
"""


async def anybody(conn: Connection, owner_id: UUID, asset_id: UUID, now: datetime) -> bool:
    """Whether anybody is in line for an asset, a whole around it or a part in it."""
    found: bool = await conn.fetchval(ANYBODY, owner_id, asset_id, now)
    return found


# Those of what may have come free that somebody waits for.
WAITED_FOR = """
  SELECT DISTINCT p.asset_id
    FROM waiting_places p JOIN assets a ON a.id = p.asset_id AND a.owner_id = p.owner_id
   WHERE p.owner_id = $1 AND NOT p.ended AND lower(p.period) > $5
     AND (a.timetable_id = $3 OR a.site_id = $4
          OR a.id IN (SELECT t.part_id FROM parts t WHERE t.owner_id = $1 AND t.whole_id = $2
                       UNION SELECT t.whole_id FROM parts t WHERE t.owner_id = $1 AND t.part_id = $2))
   ORDER BY p.asset_id
"""


async def waited_for(conn: Connection, freed: Freed, now: datetime) -> list[UUID]:
    """The assets of which something came free that somebody waits for, in the order in which they are locked."""
    rows = await conn.fetch(WAITED_FOR, freed.owner_id, freed.asset_id, freed.timetable_id, freed.site_id, now)
    return [row["asset_id"] for row in rows]


WAITS = """
  SELECT EXISTS (
    SELECT FROM waiting_places p
      JOIN waitings w ON w.id = p.waiting_id AND w.owner_id = p.owner_id
     WHERE p.waiting_id = $1 AND p.owner_id = $2 AND p.number = $3 AND NOT p.ended
       AND NOT EXISTS (
             SELECT FROM offers f
              WHERE f.waiting_id = $1 AND f.owner_id = $2 AND f.state = 'offered' AND f.expires_at > $4
                AND (w.booking_id IS NULL OR f.waiting_number = $3)))
"""


async def lock_waiting(conn: Connection, waiting_id: UUID, owner_id: UUID, number: int, now: datetime) -> bool:
    """Lock an entry, after its asset: whether it still waits for a place, and nothing is offered to it."""
    await lock(conn, waiting_id, owner_id)
    waits: bool = await conn.fetchval(WAITS, waiting_id, owner_id, number, now)
    return waits


END_HAD = "UPDATE waiting_places SET ended = true WHERE owner_id = $1 AND occurrence_id = ANY($2::uuid[]) AND NOT ended"


async def end_had(conn: Connection, owner_id: UUID, occurrence_ids: Sequence[UUID]) -> None:
    """Wait no more for what was skipped and has been had otherwise."""
    await conn.execute(END_HAD, owner_id, occurrence_ids)
