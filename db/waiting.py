"""Waiting lists, as they are stored."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec
from asyncpg import Range

import db.events
from db.assets import SUMMARY
from db.connection import Connection, session
from domain.callers import Caller
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


# What each of the others holds is counted once, for all places for which it waits. (Grouped twice, as the planner would
# join by comparing all with all.)
LINES = """
  WITH places AS MATERIALIZED (
    SELECT w.booker_id, w.units, p.number, p.asset_id, p.period
      FROM waitings w JOIN waiting_places p ON p.waiting_id = w.id AND p.owner_id = w.owner_id
     WHERE w.id = $1 AND w.owner_id = $2 AND NOT p.ended AND lower(p.period) > $3),
  others AS MATERIALIZED (
    SELECT n.number, array_agg(h.minutes) AS minutes
      FROM (SELECT q.booker_id, array_agg(DISTINCT p.number) AS numbers
              FROM places p
              JOIN waiting_places q ON q.owner_id = $2 AND q.asset_id = p.asset_id AND q.period && p.period
             WHERE NOT q.ended AND lower(q.period) > $3 AND q.booker_id <> p.booker_id
             GROUP BY q.booker_id) b
     CROSS JOIN LATERAL rules.held_minutes($2, b.booker_id, $3, $3) h
     CROSS JOIN LATERAL unnest(b.numbers) n (number)
     GROUP BY n.number)
  SELECT p.number, mine.minutes, coalesce(others.minutes, '{}') AS others,
         (SELECT coalesce(jsonb_agg(to_jsonb(f) ORDER BY f.starts_at), '[]')
            FROM rules.free_periods(a, lower(p.period), upper(p.period), p.units, $3) f) AS would_fit
    FROM (SELECT h.minutes FROM (SELECT booker_id FROM places LIMIT 1) w
           CROSS JOIN LATERAL rules.held_minutes($2, w.booker_id, $3, $3) h OFFSET 0) mine
   CROSS JOIN places p
    JOIN assets a ON a.id = p.asset_id AND a.owner_id = $2
    LEFT JOIN others ON others.number = p.number
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
    assets = [asset_id for asset_id, _, _ in places]
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
                assets,
                [occurrence_id for _, occurrence_id, _ in places],
                [Range(period.starts_at, period.ends_at) for _, _, period in places],
            )
    except asyncpg.ExclusionViolationError:
        if not await end_begun(conn, owner_id, booker_id, assets, now):
            return False
        return await insert(
            conn,
            waiting_id,
            owner_id,
            booker_id,
            booking_id=booking_id,
            units=units,
            attendees=attendees,
            purpose=purpose,
            places=places,
            now=now,
        )
    return True


BEGUN = """
  SELECT DISTINCT waiting_id FROM waiting_places
   WHERE owner_id = $1 AND booker_id = $2 AND asset_id = ANY($3::uuid[]) AND NOT ended AND lower(period) <= $4
   ORDER BY waiting_id
"""
END_BEGUN = """
  UPDATE waiting_places SET ended = true
   WHERE owner_id = $1 AND booker_id = $2 AND asset_id = ANY($3::uuid[]) AND NOT ended AND lower(period) <= $4
"""


async def end_begun(
    conn: Connection, owner_id: UUID, booker_id: UUID, asset_ids: Sequence[UUID], now: datetime
) -> bool:
    """Write down that what a booker waited for of locked assets has begun: whether anything had."""
    begun = await conn.fetch(BEGUN, owner_id, booker_id, asset_ids, now)
    for row in begun:
        await sweep(conn, row["waiting_id"], owner_id, now)
    await conn.execute(END_BEGUN, owner_id, booker_id, asset_ids, now)
    return bool(begun)


# With the wholes around them, as `db.places.lock` does.
LOCK_ASSETS = """
  SELECT a.id,
         a.id IN (SELECT p.asset_id FROM waiting_places p WHERE p.waiting_id = $1 AND p.owner_id = $2) AS waited_for
    FROM assets a
   WHERE a.owner_id = $2 AND a.id IN (
           SELECT t.whole_id FROM waiting_places p JOIN parts t ON t.owner_id = p.owner_id AND t.part_id = p.asset_id
            WHERE p.waiting_id = $1 AND p.owner_id = $2)
   ORDER BY a.id FOR NO KEY UPDATE OF a
"""
LOCK = "SELECT FROM waitings WHERE id = $1 AND owner_id = $2 FOR UPDATE"


async def lock_assets(conn: Connection, waiting_id: UUID, owner_id: UUID) -> None:
    """Lock the assets of an entry that may be in line no more, and have it found out at the end of the transaction what
    of them need not stay taken for it (`keep`).
    """
    rows = await conn.fetch(LOCK_ASSETS, waiting_id, owner_id)
    session(conn).held.update((owner_id, row["id"]) for row in rows if row["waited_for"])


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
    UPDATE waiting_places p SET met = p.met OR p.number = ANY($3::int[]), ended = true
      FROM waitings w
     WHERE w.id = $1 AND w.owner_id = $2 AND p.waiting_id = w.id AND p.owner_id = w.owner_id
       AND (w.booking_id IS NULL OR p.number = ANY($3)))
  UPDATE waitings w
     SET updated_at = $4::timestamptz, version = w.version + 1,
         met_at = CASE WHEN w.booking_id IS NULL OR NOT EXISTS (
                    SELECT FROM waiting_places p
                     WHERE p.waiting_id = $1 AND p.owner_id = $2 AND p.number <> ALL($3) AND NOT p.ended)
                  THEN $4::timestamptz END
   WHERE w.id = $1 AND w.owner_id = $2
  RETURNING w.version
"""


async def meet(conn: Connection, waiting_id: UUID, owner_id: UUID, numbers: Sequence[int], now: datetime) -> int:
    """Write down that places of a locked entry were had: the version it now has."""
    version: int = await conn.fetchval(MEET, waiting_id, owner_id, numbers, now)
    return version


# The last place that is still waited for has begun.
LAPSE = """
  WITH places AS (
    UPDATE waiting_places p SET ended = true
     WHERE p.waiting_id = $1 AND p.owner_id = $2 AND NOT p.ended
       AND NOT EXISTS (SELECT FROM waiting_places q
                        WHERE q.waiting_id = $1 AND q.owner_id = $2 AND NOT q.ended AND lower(q.period) > $3)
    RETURNING lower(p.period) AS began)
  UPDATE waitings w SET version = w.version + 1
    FROM (SELECT max(began) AS moment FROM places) p
   WHERE w.id = $1 AND w.owner_id = $2 AND p.moment IS NOT NULL
  RETURNING w.booker_id, w.version, p.moment
"""


async def sweep(conn: Connection, waiting_id: UUID, owner_id: UUID, now: datetime) -> None:
    """Write down that an entry has lapsed, and when, if it has. What it answers does not change by that."""
    await lock(conn, waiting_id, owner_id)
    for booker_id, version, moment in await conn.fetch(LAPSE, waiting_id, owner_id, now):
        await record(
            conn,
            "waiting.lapsed",
            waiting_id,
            owner_id,
            booker_id,
            version,
            {"state": "lapsed"},
            caller=None,
            now=now,
            occurred_at=moment,
            request_id=None,
        )


async def record(
    conn: Connection,
    type: str,  # noqa: A002 - as events call it
    waiting_id: UUID,
    owner_id: UUID,
    booker_id: UUID,
    version: int,
    after: Mapping[str, object],
    *,
    caller: Caller | None,
    now: datetime,
    occurred_at: datetime | None = None,
    request_id: str | None,
) -> None:
    """What became of an entry, for its owner and who waits."""
    await db.events.append(
        conn,
        type=type,
        object_kind="waiting",
        object_id=waiting_id,
        owner_id=owner_id,
        booker_id=booker_id,
        version=version,
        before=None if version == 1 else {"state": "waiting"},
        after=after,
        caller=caller,
        now=now,
        occurred_at=occurred_at or now,
        request_id=request_id,
    )


def not_offered(freed_at: str, at: str) -> str:
    """That an entry w is offered nothing else at a moment, and was not offered its place p of what came free of that
    asset at another.
    """
    return f"""
  NOT EXISTS (
    SELECT FROM offers f
     WHERE f.waiting_id = w.id AND f.owner_id = w.owner_id
       AND ((w.booking_id IS NULL OR f.waiting_number = p.number) AND f.state = 'offered' AND f.expires_at > {at}
            OR f.asset_id = p.asset_id AND f.freed_at = {freed_at} AND EXISTS (
                 SELECT FROM waiting_places q
                  WHERE q.waiting_id = w.id AND q.owner_id = w.owner_id AND q.number = f.waiting_number
                    AND q.period && p.period)))
"""


# Who waits for what came free of an asset and has not been offered it yet, where anybody could have it. Each time is
# tested once, and what each booker holds counted once. (Grouped, as the planner would join by comparing all with all.)
CANDIDATES = f"""
  WITH asset AS MATERIALIZED (SELECT a AS itself FROM assets a WHERE a.id = $1 AND a.owner_id = $2),
  spans AS MATERIALIZED (
    SELECT range_agg(CASE WHEN a.id IS NULL THEN span ELSE rules.span(a, lower(span), upper(span)) END) AS around
      FROM unnest($4::tstzrange[]) span LEFT JOIN assets a ON a.id = $6 AND a.owner_id = $2),
  times AS MATERIALIZED (
    SELECT lower(p.period) AS starts_at, upper(p.period) AS ends_at, w.units, w.attendees, array_agg(w.id) AS ids,
           array_agg(p.number) AS numbers, array_agg(w.booker_id) AS bookers, array_agg(w.purpose) AS purposes
      FROM asset
     CROSS JOIN spans
      JOIN waiting_places p ON p.asset_id = $1 AND p.owner_id = $2
      JOIN waitings w ON w.id = p.waiting_id AND w.owner_id = p.owner_id
     WHERE NOT p.ended AND lower(p.period) > $5
       AND coalesce(rules.span(asset.itself, lower(p.period), upper(p.period)) && spans.around, true)
       AND {not_offered(freed_at="$3", at="$5")}
     GROUP BY lower(p.period), upper(p.period), w.units, w.attendees),
  free AS MATERIALIZED (
    SELECT t.* FROM asset, times t
     WHERE NOT EXISTS (
             SELECT FROM rules.why_not(asset.itself, t.starts_at, t.ends_at, t.units, t.attendees, NULL, $5)))
  SELECT o.kind AS booker_kind, jsonb_build_object('organisation_id', o.id, 'minutes', h.minutes) AS contender, b.places
    FROM (SELECT e.booker_id,
                 jsonb_agg(jsonb_build_object(
                   'waiting_id', e.id, 'number', e.number, 'starts_at', t.starts_at, 'ends_at', t.ends_at,
                   'units', t.units, 'attendees', t.attendees, 'purpose', e.purpose)
                 ORDER BY t.starts_at, e.number) AS places
            FROM free t
           CROSS JOIN LATERAL unnest(t.ids, t.numbers, t.bookers, t.purposes) e (id, number, booker_id, purpose)
           GROUP BY e.booker_id) b
    JOIN organisations o ON o.id = b.booker_id
   CROSS JOIN LATERAL rules.held_minutes($2, b.booker_id, $3, $5) h
"""


async def candidates(conn: Connection, asset_id: UUID, freed: Freed, now: datetime) -> list[Candidate]:
    """The places of a locked asset that those in line have not been offered yet, of what came free then, and that they
    can have if they may.
    """
    spans = None if freed.spans is None else [Range(each.starts_at, each.ends_at) for each in freed.spans]
    rows = await conn.fetch(CANDIDATES, asset_id, freed.owner_id, freed.moment, spans, now, freed.asset_id)
    return [
        msgspec.convert({"contender": row["contender"], "booker_kind": row["booker_kind"], **each}, Candidate)
        for row in rows
        for each in row["places"]
    ]


# They are tested one after another, until one may have it; first whether it is taken by now, as that costs least. (The
# planner would test the rest before, but for OFFSET 0.)
FIRST = f"""
  WITH asset AS MATERIALIZED (SELECT a AS itself FROM assets a WHERE a.id = $1 AND a.owner_id = $2)
  SELECT c.n, e.units_free
    FROM asset
   CROSS JOIN unnest($3::uuid[], $4::int[]) WITH ORDINALITY c (waiting_id, number, n)
   CROSS JOIN LATERAL (
         SELECT w.booker_id, w.units, w.attendees, lower(p.period) AS starts_at, upper(p.period) AS ends_at,
                f.units_free
           FROM waitings w
           JOIN waiting_places p ON p.waiting_id = w.id AND p.owner_id = w.owner_id
          CROSS JOIN LATERAL rules.units_free(
                  asset.itself, rules.span(asset.itself, lower(p.period), upper(p.period)), $6) f
          WHERE w.id = c.waiting_id AND w.owner_id = $2 AND p.number = c.number
            AND {not_offered(freed_at="$5", at="$6")} OFFSET 0) e
   WHERE e.units_free >= e.units
     AND NOT EXISTS (
           SELECT FROM rules.why_not(asset.itself, e.starts_at, e.ends_at, e.units, e.attendees, e.booker_id, $6))
   ORDER BY c.n LIMIT 1
"""


async def first(
    conn: Connection, asset_id: UUID, freed: Freed, in_line: Sequence[Candidate], now: datetime
) -> tuple[int, int]:
    """The place in their order of the first of those in line who may have what they wait for of a locked asset, whom
    nothing was offered meanwhile, and how many units are free for that; of the last, and 0, where nobody may.
    """
    row = await conn.fetchrow(
        FIRST,
        asset_id,
        freed.owner_id,
        [each.waiting_id for each in in_line],
        [each.number for each in in_line],
        freed.moment,
        now,
    )
    return (row["n"] - 1, row["units_free"]) if row else (len(in_line) - 1, 0)


# What ends by itself stays taken when it does, while there is somebody in line who was not offered it: until whoever
# notices offers it to the next. What is held for the same time until the same instant is tested once.
KEEP = f"""
  WITH held AS MATERIALIZED (
    SELECT c.asset_id, c.starts_at, c.ends_at, e.ends, f.freed_at, array_agg(c.id) AS ids
      FROM occurrences c
     CROSS JOIN LATERAL (SELECT coalesce(c.held_until, c.check_in_by) AS ends) e
      LEFT JOIN offers f ON f.owner_id = c.owner_id AND f.booking_id = c.booking_id AND f.state = 'offered'
     WHERE c.owner_id = $1 AND c.state IN ('held', 'pending', 'confirmed') AND e.ends IS NOT NULL
       AND c.asset_id IN (SELECT r.asset_id FROM rules.whole_and_parts($1, $2) r)
     GROUP BY c.asset_id, c.starts_at, c.ends_at, e.ends, f.freed_at),
  kept AS MATERIALIZED (
    SELECT h.ids, CASE WHEN NOT EXISTS (
             SELECT FROM rules.whole_and_parts($1, h.asset_id) r
               JOIN assets b ON b.id = r.asset_id AND b.owner_id = $1
               JOIN waiting_places p ON p.owner_id = $1 AND p.asset_id = b.id
                AND p.period && rules.reach(b, rules.span(a, h.starts_at, h.ends_at))
               JOIN waitings w ON w.id = p.waiting_id AND w.owner_id = p.owner_id
              WHERE NOT p.ended AND lower(p.period) > h.ends
                AND {not_offered(freed_at="h.freed_at", at="h.ends")})
           THEN h.ends END AS until
      FROM held h JOIN assets a ON a.id = h.asset_id AND a.owner_id = $1)
  UPDATE occupancies o SET held_until = kept.until
    FROM kept CROSS JOIN LATERAL unnest(kept.ids) occurrence (id)
   WHERE o.owner_id = $1 AND o.occurrence_id = occurrence.id AND o.held_until IS DISTINCT FROM kept.until
"""


async def keep(conn: Connection, owner_id: UUID, asset_id: UUID) -> None:
    """Have what is held of an asset, its wholes and parts stay taken while somebody is in line to be offered it."""
    await conn.execute(KEEP, owner_id, asset_id)


ANYBODY = "SELECT f.waited_for FROM rules.waited_for($1, $2, $3) f"


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
          OR a.id IN (SELECT r.asset_id FROM rules.whole_and_parts($1, $2) r)
          OR num_nonnulls($2::uuid, $3::uuid, $4::uuid) = 0)
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


FOR_SKIPPED = """
  SELECT waiting_id, array_agg(number ORDER BY number) AS numbers FROM waiting_places
   WHERE owner_id = $1 AND occurrence_id = ANY($2::uuid[]) AND NOT ended
   GROUP BY waiting_id ORDER BY waiting_id
"""


async def for_skipped(conn: Connection, owner_id: UUID, occurrence_ids: Sequence[UUID]) -> list[tuple[UUID, list[int]]]:
    """The entries that wait for what a locked booking skipped, and for which of their places."""
    return [tuple(row) for row in await conn.fetch(FOR_SKIPPED, owner_id, occurrence_ids)]
