"""Needs, as they are stored."""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec
from asyncpg import Record

from db.connection import Connection
from domain.needs import Need, NeedState, Planned

# A need as it is at $1, to an organisation, $2. (What meets it elsewhere is no business of an owner that may see it.)
NEED = """
  SELECT n.id, n.owner_id,
         CASE WHEN n.closed_at IS NOT NULL THEN 'closed'
              WHEN o.met THEN 'met'
              WHEN n.stands_until <= $1 THEN 'lapsed' ELSE 'open' END AS state,
         jsonb_build_object('type', 'Point', 'coordinates', jsonb_build_array(ST_X(p.point), ST_Y(p.point))) AS point,
         n.precision, n.request, o.occurrences, n.created_at, n.updated_at
    FROM needs n
   CROSS JOIN LATERAL (SELECT n.location::geometry AS point) p
   CROSS JOIN LATERAL (
         SELECT count(c.occurrence_id) = count(*) AS met,
                jsonb_agg(jsonb_build_object('number', w.number, 'booking_id', k.booking_id,
                                             'occurrence_id', k.occurrence_id) ORDER BY w.number) AS occurrences
           FROM generate_series(1, greatest(n.weeks, cardinality(n.periods))) w (number)
           LEFT JOIN rules.covered(n, $1) c ON c.number = w.number
           LEFT JOIN LATERAL (SELECT c.booking_id, c.occurrence_id WHERE $2 IN (n.owner_id, c.owner_id)) k ON true) o
"""
LOAD = f"{NEED} WHERE n.owner_id = $2 AND n.id = $3"


async def load(conn: Connection, need_id: UUID, owner_id: UUID, now: datetime) -> Need | None:
    """A need of an organisation as it is now."""
    row = await conn.fetchrow(LOAD, now, owner_id, need_id)
    return read(row) if row else None


SHOWN = f"""
  {NEED}
   WHERE n.id = $3
     AND (n.owner_id = $2 OR EXISTS (SELECT FROM bookings b WHERE b.owner_id = $2 AND b.booker_id = n.owner_id))
"""


async def show(conn: Connection, need_id: UUID, viewer_id: UUID, now: datetime) -> Need | None:
    """A need as it is now, if it is the viewer's, or of an organisation that has bookings with it."""
    row = await conn.fetchrow(SHOWN, now, viewer_id, need_id)
    return read(row) if row else None


LOCK = "SELECT FROM needs WHERE id = $1 AND owner_id = $2 FOR UPDATE"


async def lock(conn: Connection, need_id: UUID, owner_id: UUID) -> None:
    """Lock a need of an organisation, before anything else."""
    await conn.execute(LOCK, need_id, owner_id)


LIST = f"""
  SELECT * FROM ({NEED} WHERE n.owner_id = $2 AND ($3::uuid IS NULL OR n.id < $3)) n
   WHERE $4::text IS NULL OR n.state = $4
   ORDER BY n.id DESC LIMIT $5
"""


async def page(
    conn: Connection, owner_id: UUID, *, state: NeedState | None, now: datetime, after: UUID | None, limit: int
) -> list[Need]:
    """An organisation's needs, newest first, that stand in the state asked for."""
    return [read(row) for row in await conn.fetch(LIST, now, owner_id, after, state, limit)]


def read(row: Record) -> Need:
    """A row of NEED: what was sent, and what has become of it."""
    given = dict(row)
    return msgspec.convert({**given.pop("request"), **given}, Need)


# What matching reads of a request. `reach` contains the circle, which ST_Buffer draws a little too small; those who
# come to us come no further than 200 km.
VALUES = """
  (SELECT p.location, ST_MakePoint($5, $6)::geography, $7::text, $8::jsonb, $9::text, $10::text, $11::text[],
          $12::text[], $13::int, $14::int, p.within_m, p.comes_to_us,
          ST_Buffer(p.location, 1.03 * CASE WHEN p.comes_to_us THEN 200000 ELSE p.within_m END + 10),
          $17::tstzrange[], $18::date, $19::int, $20::int, $21::text::int4multirange, $22::int, $23::int, $24::int,
          $25::text, $26::timestamptz, $27::timestamptz
     FROM (SELECT ST_MakePoint($3, $4)::geography, $15::int, $16::boolean) p (location, within_m, comes_to_us))
"""
COLUMNS = """
  location, shown, precision, request, category, kind, features, nice_to_have, attendees, units, within_m, comes_to_us,
  reach, periods, starts_on, weeks, every_weeks, openings, minutes, at_least, most_amount, most_currency, stands_until,
  updated_at
"""
INSERT = f"""
  INSERT INTO needs (id, owner_id, created_at, {COLUMNS})
  SELECT $1, $2, v.updated_at, v.* FROM {VALUES} v ({COLUMNS})
"""
UPDATE = f"""
  UPDATE needs SET version = version + 1, ({COLUMNS}) = {VALUES} WHERE id = $1 AND owner_id = $2 RETURNING version
"""


async def insert(conn: Connection, need_id: UUID, owner_id: UUID, planned: Planned, now: datetime) -> None:
    """Store a new need."""
    await conn.execute(INSERT, need_id, owner_id, *values(planned, now))


async def update(conn: Connection, need_id: UUID, owner_id: UUID, planned: Planned, now: datetime) -> int:
    """Store a need anew: the version it now has."""
    version: int = await conn.fetchval(UPDATE, need_id, owner_id, *values(planned, now))
    return version


def values(planned: Planned, now: datetime) -> tuple[object, ...]:
    """The columns, as VALUES takes them."""
    request, pattern, ceiling = planned.request, planned.request.pattern, planned.request.price_ceiling
    return (
        *planned.point.coordinates,
        *planned.shown.coordinates,
        planned.precision,
        request,
        request.category,
        request.kind,
        request.features,
        request.nice_to_have,
        request.attendees,
        request.units,
        request.within_m,
        request.comes_to_us,
        [asyncpg.Range(each.starts_at, each.ends_at) for each in request.periods or ()],
        pattern and pattern.starts_on,
        pattern.weeks if pattern else 0,
        pattern.every_weeks if pattern else 0,
        planned.openings,
        request.minutes,
        planned.at_least,
        ceiling and ceiling.amount,
        ceiling and ceiling.currency,
        planned.stands_until,
        now,
    )


CLOSE = """
  UPDATE needs SET closed_at = $3, updated_at = $3, version = version + 1 WHERE id = $1 AND owner_id = $2
  RETURNING version
"""


async def close(conn: Connection, need_id: UUID, owner_id: UUID, now: datetime) -> int:
    """Look for it no more: the version it now has."""
    version: int = await conn.fetchval(CLOSE, need_id, owner_id, now)
    return version


EXISTS = "SELECT EXISTS (SELECT FROM needs WHERE id = $1 AND owner_id = $2)"


async def exists(conn: Connection, need_id: UUID, owner_id: UUID) -> bool:
    """Whether an organisation has such a need, in whatever state."""
    found: bool = await conn.fetchval(EXISTS, need_id, owner_id)
    return found
