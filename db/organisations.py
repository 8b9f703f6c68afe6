"""Organisations, their identifiers and what they hold, as they are stored."""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

import db.freed
import db.jobs
from db.connection import Connection
from domain.callers import OrganisationState
from domain.errors import IdentifierTaken, SlugTaken
from domain.jobs import MatchNeed
from domain.organisations import Organisation, OrganisationRequest
from domain.waiting import Freed


def shown(record: str) -> str:
    """SQL: what an organisation is to another, $1, which may be null. Private: to it and who it has bookings with."""
    return f"""
      SELECT o.id, o.slug, o.name, o.kind, o.state, o.description, o.website,
             (SELECT coalesce(jsonb_agg(jsonb_build_object('scheme', i.scheme, 'id', i.value) ORDER BY i.scheme), '[]')
                FROM identifiers i WHERE i.organisation_id = o.id) AS identifiers,
             CASE WHEN p.seen THEN (
               SELECT coalesce(jsonb_agg(jsonb_build_object(
                        'code', h.requirement, 'expires_on', h.expires_on, 'reference', h.reference)
                        ORDER BY h.requirement), '[]')
                 FROM holdings h WHERE h.organisation_id = o.id) END AS holds,
             CASE WHEN p.seen THEN o.contact END AS contact, {record} AS record, o.created_at, o.updated_at
        FROM organisations o
       CROSS JOIN LATERAL (
             SELECT $1::uuid IS NOT NULL AND (o.id = $1
                 OR EXISTS (SELECT FROM bookings b WHERE b.owner_id = o.id AND b.booker_id = $1)
                 OR EXISTS (SELECT FROM bookings b WHERE b.booker_id = o.id AND b.owner_id = $1)) AS seen OFFSET 0) p
    """


def record() -> str:
    """SQL: what became of what an organisation has booked of others, by $3: to itself and owners that it booked with.

    An index is walked back from now until there is enough; row comparisons and coalesce as in db/occurrences.py.
    """
    return """
             CASE WHEN o.id = $1 OR EXISTS (SELECT FROM bookings b WHERE b.booker_id = o.id AND b.owner_id = $1) THEN (
               SELECT jsonb_build_object(
                        'booked', count(*),
                        'used', count(*) FILTER (WHERE state IN ('checked_in', 'completed')),
                        'cancelled_late', count(*) FILTER (WHERE cancelled_late),
                        'no_show', count(*) FILTER (WHERE state = 'no_show'),
                        'recalled', count(*) FILTER (WHERE state = 'recalled'))
                 FROM (SELECT s.state, c.cancelled_late FROM occurrences c
                        CROSS JOIN LATERAL (SELECT rules.state(c, $3) AS state OFFSET 0) s
                        WHERE c.booker_id = o.id
                          AND (c.starts_at, c.id) > ($3 - interval '365 days', 'ffffffff-ffff-ffff-ffff-ffffffffffff')
                          AND (c.starts_at, c.id) <= ($3, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
                          AND coalesce(
                                c.owner_id <> o.id AND (c.cancelled_late OR s.state IN
                                  ('confirmed', 'checked_in', 'completed', 'no_show', 'recalled')), false)
                        ORDER BY c.starts_at DESC, c.id DESC LIMIT 1000) c) END
    """


def listed(owner: str, viewer: str) -> str:
    """SQL: whether a list names what belongs to an owner. Who is suspended or closed is listed to itself alone."""
    return f"""(
           {owner} = {viewer}
           OR NOT EXISTS (SELECT FROM organisations o WHERE o.id = {owner} AND o.state IN ('suspended', 'closed')))"""


BY_ID = f"{shown(record())} WHERE o.id = $2"
BY_SLUG = f"{shown(record())} WHERE o.slug = $2"


async def load(conn: Connection, organisation_id: UUID, viewer_id: UUID | None, now: datetime) -> Organisation | None:
    """An organisation as another, or nobody, sees it."""
    row = await conn.fetchrow(BY_ID, viewer_id, organisation_id, now)
    return msgspec.convert(row, Organisation) if row else None


async def find(conn: Connection, id_or_slug: str, viewer_id: UUID | None, now: datetime) -> Organisation | None:
    """As `load`, by its id or its slug."""
    known = as_id(id_or_slug)
    row = await conn.fetchrow(BY_ID if known else BY_SLUG, viewer_id, known or id_or_slug, now)
    return msgspec.convert(row, Organisation) if row else None


def as_id(id_or_slug: str) -> UUID | None:
    """The id, if it is one: no slug looks like it."""
    try:
        return UUID(id_or_slug)
    except ValueError:
        return None


PAGE = f"""
  {shown("NULL::jsonb")}
   WHERE o.state <> 'closed' AND ($2::text IS NULL OR strpos(lower(o.name), lower($2)) > 0)
     AND ($3::text IS NULL OR o.kind = $3) AND ($4::uuid IS NULL OR o.id < $4)
   ORDER BY o.id DESC LIMIT $5
"""


async def page(
    conn: Connection, viewer_id: UUID | None, *, q: str | None, kind: str | None, before: UUID | None, limit: int
) -> list[Organisation]:
    """Organisations that are not closed, newest first, whose name has `q` in it."""
    return msgspec.convert(await conn.fetch(PAGE, viewer_id, q, kind, before, limit), list[Organisation])


INSERT = """
  INSERT INTO organisations (id, slug, name, kind, description, website, contact, created_at, updated_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
"""


async def insert(conn: Connection, organisation_id: UUID, request: OrganisationRequest, now: datetime) -> Organisation:
    """Store a new organisation: as it sees itself. Raises SlugTaken, IdentifierTaken."""
    try:
        await conn.execute(INSERT, organisation_id, *values(request), now)
    except asyncpg.UniqueViolationError:
        raise SlugTaken from None
    await insert_details(conn, organisation_id, request)
    return await reload(conn, organisation_id, now)


OF_ID = "SELECT id FROM organisations WHERE id = $1"
OF_SLUG = "SELECT id FROM organisations WHERE slug = $1"


async def id_of(conn: Connection, id_or_slug: str) -> UUID | None:
    """The id of the organisation that has an id or a slug."""
    known = as_id(id_or_slug)
    found: UUID | None = await conn.fetchval(OF_ID if known else OF_SLUG, known or id_or_slug)
    return found


LOCK = "SELECT FROM organisations WHERE id = $1 FOR NO KEY UPDATE"


async def lock(conn: Connection, organisation_id: UUID) -> None:
    """Lock an organisation. What it says is read in a later statement."""
    await conn.execute(LOCK, organisation_id)


UPDATE = """
  UPDATE organisations
     SET slug = $2, name = $3, kind = $4, description = $5, website = $6, contact = $7, updated_at = $8,
         version = version + 1
   WHERE id = $1
  RETURNING version
"""


async def update(
    conn: Connection, organisation_id: UUID, request: OrganisationRequest, now: datetime
) -> tuple[Organisation, int]:
    """Store an organisation anew: as it sees itself, and its version. Raises SlugTaken, IdentifierTaken."""
    try:
        version: int = await conn.fetchval(UPDATE, organisation_id, *values(request), now)
    except asyncpg.UniqueViolationError:
        raise SlugTaken from None
    await conn.execute("DELETE FROM identifiers WHERE organisation_id = $1", organisation_id)
    await conn.execute("DELETE FROM holdings WHERE organisation_id = $1", organisation_id)
    await insert_details(conn, organisation_id, request)
    await match_needs(conn, organisation_id)
    return await reload(conn, organisation_id, now), version


def values(request: OrganisationRequest) -> tuple[object, ...]:
    """The columns from `slug` to `contact`."""
    return (
        request.slug,
        request.name,
        request.kind,
        request.description,
        request.website,
        request.contact,
    )


INSERT_IDENTIFIERS = """
  INSERT INTO identifiers (organisation_id, scheme, value)
  SELECT $1, * FROM unnest($2::text[], $3::text[]) ORDER BY 2, 3
"""
# The dates go as text: bound as a date, the last day of 9999 would be stored as infinity.
INSERT_HOLDINGS = """
  INSERT INTO holdings (organisation_id, requirement, expires_on, reference)
  SELECT $1, h.requirement, h.expires_on::date, h.reference
    FROM unnest($2::text[], $3::text[], $4::text[]) AS h(requirement, expires_on, reference)
"""


async def insert_details(conn: Connection, organisation_id: UUID, request: OrganisationRequest) -> None:
    """Store identifiers and what it holds."""
    try:
        if request.identifiers:
            await conn.execute(
                INSERT_IDENTIFIERS,
                organisation_id,
                [each.scheme for each in request.identifiers],
                [each.id for each in request.identifiers],
            )
    except asyncpg.UniqueViolationError:
        raise IdentifierTaken from None
    if request.holds:
        await conn.execute(
            INSERT_HOLDINGS,
            organisation_id,
            [each.code for each in request.holds],
            [each.expires_on and each.expires_on.isoformat() for each in request.holds],
            [each.reference for each in request.holds],
        )


async def reload(conn: Connection, organisation_id: UUID, now: datetime) -> Organisation:
    """An organisation that is there, as it sees itself."""
    return msgspec.convert(await conn.fetchrow(BY_ID, organisation_id, organisation_id, now), Organisation)


NEEDS = "SELECT id FROM needs WHERE owner_id = $1 AND closed_at IS NULL ORDER BY id"


async def match_needs(conn: Connection, organisation_id: UUID) -> None:
    """Look for what meets an organisation's needs now: what it holds and whether it is verified decides that too."""
    ids = [row["id"] for row in await conn.fetch(NEEDS, organisation_id)]
    await db.jobs.add(conn, *(MatchNeed(organisation_id, each) for each in ids))


SET_STATE = """
  UPDATE organisations SET state = $2, updated_at = $3, version = version + 1 WHERE id = $1 RETURNING version
"""


async def set_state(conn: Connection, organisation_id: UUID, state: OrganisationState, now: datetime) -> int:
    """Change the state of an organisation that is locked: its version. What it owns may be had again."""
    version: int = await conn.fetchval(SET_STATE, organisation_id, state, now)
    await match_needs(conn, organisation_id)
    await db.freed.tell(conn, Freed(owner_id=organisation_id, moment=now))
    return version
