"""Taking units and giving them back. PostgreSQL, not Python, keeps two occupants of one unit apart."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from asyncpg import Range

from db.assets import SUMMARY
from db.connection import Connection
from domain import terms
from domain.assets import AssetSummary
from domain.plans import Place
from domain.reasons import Reason, refused
from domain.requests import Wanted
from domain.units import Seat, Wish


class Standing(msgspec.Struct, frozen=True):
    """What speaks against each period asked for, and who sits where meanwhile.

    `why_not` by place in the request, `seats` of the asset's own units around the periods, whose does not matter,
    `lapsed` the bookings whose lapsed holds are in the way, `rows` how many occupancies one unit takes, parts
    included, `waited_for` whether anybody is in line, `limited` whether its owner has limits for others, `summary` the
    asset.
    """

    why_not: dict[int, list[Reason]]
    seats: list[Seat]
    lapsed: list[UUID]
    rows: int
    waited_for: bool
    limited: bool
    summary: AssetSummary


# What only gives back keeps the rules of length and step, unless it is going on; an unmoved start is not asked whether
# it is too near or too far. (What is not asked must not keep a period from counting for the others.)
ASSESS = f"""
  WITH asked AS (SELECT * FROM unnest($3::timestamptz[], $4::timestamptz[], $5::int[], $11::boolean[], $12::boolean[],
                                      $15::boolean[])
                   WITH ORDINALITY p (starts, ends, units, keeps_start, keeps_end, gives_back, n)),
       asset AS MATERIALIZED (SELECT a FROM assets a WHERE a.id = $1 AND a.owner_id = $2),
       spans AS MATERIALIZED (SELECT range_agg(rules.span(a, starts, ends)) AS around FROM asset, asked),
       against AS MATERIALIZED (
         SELECT p.n, k.code, k.numbers, k.asset_id
           FROM asset, asked p
          CROSS JOIN LATERAL (
                SELECT u.code, u.numbers, u.asset_id
                  FROM (SELECT * FROM rules.uncounted(a, p.starts, p.ends, p.units, $6, $7, $8) OFFSET 0) u
                 WHERE NOT u.passed
                 UNION ALL
                SELECT * FROM rules.hoarded(a, p.starts, p.ends, $7, $8) WHERE $10::boolean) k
          WHERE (k.code <> ALL($9::text[]) AND (k.code <> 'limit_reached' OR NOT $13::boolean)
                 OR k.numbers ? 'hold_again_from')
            AND CASE WHEN p.gives_back
                     THEN k.code = 'too_small' OR p.starts > $8 AND k.code IN ('too_short', 'off_step')
                     ELSE NOT p.keeps_start OR k.code NOT IN ('in_the_past', 'too_soon', 'too_far_ahead') END
            AND (k.code <> 'off_step'
                 OR NOT (p.keeps_start OR rules.on_step(p.starts, (a).timezone, (a).step_minutes))
                 OR NOT (p.keeps_end OR rules.on_step(p.ends, (a).timezone, (a).step_minutes)))),
       beyond AS (
         SELECT w.n, w.code, w.numbers
           FROM asset
          CROSS JOIN LATERAL (
                SELECT ARRAY(SELECT cap FROM unnest(rules.caps(a, $7)) cap
                              WHERE (cap.id IS NOT NULL OR 'allowance_used' <> ALL($9))
                                AND NOT (cap.counts = 'open_bookings' AND $13)) AS caps
                  FROM rules.capped(a, $7) c WHERE c.capped OFFSET 0) k
          CROSS JOIN LATERAL rules.within_limits(
                  a, k.caps, $3, $4, $5, ARRAY(SELECT n::int FROM against), $7, $8, $14::uuid[],
                  ARRAY(SELECT n::int FROM asked WHERE gives_back), ARRAY(SELECT n::int FROM asked WHERE keeps_start)) w
          WHERE NOT w.passed)
  SELECT (SELECT jsonb_agg(to_jsonb(k))
            FROM (SELECT * FROM against UNION ALL SELECT b.*, NULL FROM beyond b) k) AS why_not,
         seats.*,
         (SELECT array_agg(DISTINCT c.booking_id ORDER BY c.booking_id)
            FROM spans s
            JOIN parts p ON p.owner_id = $2 AND p.whole_id = $1
            JOIN occupancies o ON o.owner_id = $2 AND o.asset_id = p.part_id AND o.occupied && s.around
            JOIN occurrences c ON c.owner_id = $2 AND c.id = o.occurrence_id
           WHERE coalesce(o.held_until, c.held_until, c.check_in_by) <= $8) AS lapsed,
         (SELECT f.waited_for FROM rules.waited_for($2, $1, $8) f) AS waited_for,
         $7 <> $2 AND EXISTS (SELECT FROM limits l WHERE l.owner_id = $2) AS limited,
         1 + (SELECT coalesce(sum(part.units), 0) FROM parts p
                JOIN assets part ON part.id = p.part_id AND part.owner_id = p.owner_id
               WHERE p.owner_id = $2 AND p.whole_id = $1 AND p.part_id <> $1) AS rows,
         (SELECT {SUMMARY} FROM assets a
            JOIN sites s ON s.id = a.site_id AND s.owner_id = a.owner_id
            JOIN organisations o ON o.id = a.owner_id
           WHERE a.id = $1 AND a.owner_id = $2) AS summary
    FROM (SELECT coalesce(array_agg(o.unit), '{{}}') AS units, coalesce(array_agg(lower(o.occupied)), '{{}}') AS lowers,
                 coalesce(array_agg(upper(o.occupied)), '{{}}') AS uppers
            FROM spans s JOIN occupancies o ON o.owner_id = $2 AND o.asset_id = $1 AND o.occupied && s.around
           WHERE o.held_until IS NULL OR o.held_until > $8) seats
"""


async def assess(conn: Connection, wanted: Wanted, place: Place, *, booker_id: UUID, now: datetime) -> Standing:
    """Test every rule that counts on every period.

    To be sure of the answer the asset must be locked, in an earlier statement.
    """
    row = await conn.fetchrow(
        ASSESS,
        place.id,
        place.owner_id,
        [each.period.starts_at for each in wanted.asked],
        [each.period.ends_at for each in wanted.asked],
        [each.units for each in wanted.asked],
        wanted.attendees,
        booker_id,
        now,
        [*terms.RULES] if wanted.ignore_terms else [],
        wanted.hold,
        [each.keeps_start for each in wanted.asked],
        [each.keeps_end for each in wanted.asked],
        wanted.counted,
        [each.id for each in wanted.asked if each.had],
        [each.gives_back for each in wanted.asked],
    )
    assert row is not None  # noqa: S101 - a SELECT without FROM answers one row
    why_not: dict[int, list[Reason]] = {}
    for each in row["why_not"] or ():
        why_not.setdefault(each["n"] - 1, []).append(refused(each, place.zone))
    return Standing(
        why_not=why_not,
        seats=[
            Seat(unit, lower, upper, None, lower <= now)
            for unit, lower, upper in zip(row["units"], row["lowers"], row["uppers"], strict=True)
        ],
        lapsed=row["lapsed"] or [],
        rows=row["rows"],
        waited_for=row["waited_for"],
        limited=row["limited"],
        summary=msgspec.convert(row["summary"], AssetSummary),
    )


TAKE = """
  INSERT INTO occupancies (owner_id, asset_id, unit, occupied, occurrence_id, held_until)
  SELECT $2, p.part_id, u, tstzrange(s.lower, s.upper), s.occurrence_id, s.held_until
    FROM unnest($3::uuid[], $4::int[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[])
         s (occurrence_id, unit, lower, upper, held_until)
    JOIN parts p ON p.owner_id = $2 AND p.whole_id = $1
    JOIN assets part ON part.id = p.part_id AND part.owner_id = p.owner_id
   CROSS JOIN generate_series(1, part.units) u
   WHERE p.part_id <> $1 OR u = s.unit
   ORDER BY p.part_id, u, s.lower
      ON CONFLICT DO NOTHING
  RETURNING occurrence_id
"""


async def take(conn: Connection, *, asset_id: UUID, owner_id: UUID, seats: Sequence[Seat]) -> int:
    """Occupy the seats of an asset and all its parts: how many rows it could. The asset is already locked.

    Fewer than `len(seats)` times `Standing.rows` means that a booking of a whole or a part came in between.
    """
    rows = await conn.fetch(
        TAKE,
        asset_id,
        owner_id,
        [seat.occurrence for seat in seats],
        [seat.unit for seat in seats],
        [seat.lower for seat in seats],
        [seat.upper for seat in seats],
        [seat.held_until for seat in seats],
    )
    return len(rows)


HOLD = """
  UPDATE occupancies o SET held_until = n.until
    FROM unnest($2::uuid[], $3::timestamptz[]) n (id, until)
   WHERE o.owner_id = $1 AND o.occurrence_id = n.id AND o.held_until IS DISTINCT FROM n.until
"""


async def hold(conn: Connection, owner_id: UUID, until: Mapping[UUID, datetime | None]) -> None:
    """Have all that occurrences occupy free by itself at other instants; None: not at all."""
    await conn.execute(HOLD, owner_id, [*until], [*until.values()])


RELEASE = """
  WITH released AS (
    DELETE FROM occupancies WHERE owner_id = $2 AND occurrence_id = ANY($3::uuid[])
    RETURNING asset_id, unit, occupied, occurrence_id)
  SELECT unit, lower(occupied) AS lower, upper(occupied) AS upper, occurrence_id AS occurrence
    FROM released WHERE asset_id = $1 ORDER BY unit
"""


async def release(conn: Connection, asset_id: UUID, owner_id: UUID, occurrence_ids: Sequence[UUID]) -> list[Seat]:
    """Give back everything that occurrences occupy: the seats that they had of the asset itself."""
    return msgspec.convert(await conn.fetch(RELEASE, asset_id, owner_id, occurrence_ids), list[Seat])


CLEAR = """
  DELETE FROM occupancies o USING occurrences c
   WHERE c.owner_id = $1 AND c.booking_id = ANY($2::uuid[])
     AND o.owner_id = $1 AND o.occurrence_id = c.id AND coalesce(o.held_until, c.held_until, c.check_in_by) <= $3
"""


async def clear(conn: Connection, owner_id: UUID, booking_ids: Sequence[UUID], now: datetime) -> None:
    """Free what lapsed of swept bookings and still has a row: one that was given another unit while sweeping waited
    for it has a new row, which that statement was too old to see.
    """
    await conn.execute(CLEAR, owner_id, booking_ids, now)


# Of what is not over by $4, that in one stretch of occupied time with $5, or all.
LATER = """
  SELECT unit, lower(occupied) AS lower, upper(occupied) AS upper, occurrence_id AS occurrence,
         lower(occupied) <= $3 AS begun, held_until
    FROM occupancies
   WHERE owner_id = $1 AND asset_id = $2 AND upper(occupied) > $4 AND (held_until IS NULL OR held_until > $3)
     AND occupied && CASE WHEN $5::tstzmultirange IS NULL THEN '{(,)}' ELSE (
           SELECT range_agg(stretch)
             FROM (SELECT unnest(range_agg(o.occupied)) AS stretch FROM occupancies o
                    WHERE o.owner_id = $1 AND o.asset_id = $2 AND upper(o.occupied) > $4) o
            WHERE stretch && $5) END
   ORDER BY occurrence_id, unit
     FOR UPDATE
"""


async def later(conn: Connection, asset_id: UUID, owner_id: UUID, now: datetime) -> list[Seat]:
    """Every seat of an asset that is not over yet, locked."""
    return msgspec.convert(await conn.fetch(LATER, owner_id, asset_id, now, now, None), list[Seat])


async def around(conn: Connection, asset_id: UUID, owner_id: UUID, now: datetime, wishes: Sequence[Wish]) -> list[Seat]:
    """The seats of an asset that may have to move for wishes, locked: all that touch them, and all that touch those, on
    and on. Those that are over come with them as far as the turnaround of the wishes reaches back.
    """
    since = min([now, *(wish.lower for wish in wishes)])
    spans = [Range(wish.lower, wish.upper) for wish in wishes]
    return msgspec.convert(await conn.fetch(LATER, owner_id, asset_id, now, since, spans), list[Seat])


LEAVE = """
  DELETE FROM occupancies o
   USING unnest($3::int[], $4::timestamptz[]) s (unit, lower)
   WHERE o.owner_id = $1 AND o.asset_id = $2 AND o.unit = s.unit AND lower(o.occupied) = s.lower
"""
RETURN = """
  INSERT INTO occupancies (owner_id, asset_id, unit, occupied, occurrence_id, held_until)
  SELECT $1, $2, s.unit, tstzrange(s.lower, s.upper), s.occurrence_id, s.held_until
    FROM unnest($3::uuid[], $4::int[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[])
         s (occurrence_id, unit, lower, upper, held_until)
   ORDER BY s.unit, s.lower
"""


async def move(conn: Connection, asset_id: UUID, owner_id: UUID, before: Sequence[Seat], after: Sequence[Seat]) -> None:
    """Give seats of an asset other units, as `after` has them in the same order.

    Two statements: an update trips over the constraint row by row.
    """
    moved = [(was, becomes) for was, becomes in zip(before, after, strict=True) if was.unit != becomes.unit]
    left = await conn.execute(
        LEAVE, owner_id, asset_id, [was.unit for was, _ in moved], [was.lower for was, _ in moved]
    )
    if left != f"DELETE {len(moved)}":
        raise RuntimeError(f"{left}, but {len(moved)} to seat anew")
    seats = [becomes for _, becomes in moved]
    await conn.execute(
        RETURN,
        owner_id,
        asset_id,
        [seat.occurrence for seat in seats],
        [seat.unit for seat in seats],
        [seat.lower for seat in seats],
        [seat.upper for seat in seats],
        [seat.held_until for seat in seats],
    )
