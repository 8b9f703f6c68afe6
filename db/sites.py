"""Sites, as they are stored. A private one shows others a point near by and no address."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

import db.freed
import db.jobs
import db.locks
from db.connection import Connection
from db.organisations import listed
from domain.jobs import LookAgain
from domain.sites import Placed, Site
from domain.waiting import Freed

# A site to an organisation, $1, which may be null.
SITE = """
  SELECT s.id, s.owner_id, s.name, CASE WHEN NOT s.private OR s.owner_id = $1 THEN s.address END AS address,
         jsonb_build_object(
           'type', 'Point', 'coordinates', jsonb_build_array(ST_X(p.point), ST_Y(p.point))) AS point,
         s.precision, s.timezone, s.private, s.created_at, s.updated_at
    FROM sites s
   CROSS JOIN LATERAL (SELECT CASE WHEN s.owner_id = $1 THEN s.location ELSE s.shown END::geometry AS point) p
"""

LOAD = f"{SITE} WHERE s.id = $2"


async def load(conn: Connection, site_id: UUID, organisation_id: UUID | None) -> Site | None:
    """A site as an organisation, or nobody, sees it."""
    row = await conn.fetchrow(LOAD, organisation_id, site_id)
    return msgspec.convert(row, Site) if row else None


LIST = f"""
  {SITE}
   WHERE {listed("s.owner_id", "$1")}
     AND ($2::uuid IS NULL OR s.owner_id = $2)
     AND ($3::text IS NULL OR strpos(lower(s.name), lower($3)) > 0
          OR ((NOT s.private OR s.owner_id = $1)
              AND strpos(lower(concat_ws(' ', s.address->>'street', s.address->>'town',
                                         s.address->>'postcode')), lower($3)) > 0))
     AND ($4::uuid IS NULL OR s.id < $4)
   ORDER BY s.id DESC LIMIT $5
"""


async def page(
    conn: Connection,
    organisation_id: UUID | None,
    *,
    owner_id: UUID | None,
    q: str | None,
    after: UUID | None,
    limit: int,
) -> list[Site]:
    """Sites, newest first, whose name or address (where it is shown) has `q` in it."""
    return msgspec.convert(await conn.fetch(LIST, organisation_id, owner_id, q, after, limit), list[Site])


THERE = "SELECT a.id FROM assets a WHERE a.owner_id = $1 AND a.site_id = $2"
LOCK = "SELECT FROM sites WHERE owner_id = $1 AND id = $2 FOR NO KEY UPDATE"


async def lock(conn: Connection, site_id: UUID, owner_id: UUID) -> None:
    """Lock every asset at a site of an owner, and the site, so that no other comes there."""
    await db.locks.take(conn, THERE, owner_id, site_id, then=LOCK)


KEEP = "SELECT private FROM sites WHERE id = $1 AND owner_id = $2 FOR SHARE"


async def keep(conn: Connection, site_id: UUID, owner_id: UUID) -> bool | None:
    """Keep a site of an owner as it is until the end: whether it is private; None if there is none."""
    private: bool | None = await conn.fetchval(KEEP, site_id, owner_id)
    return private


HAS_PEOPLE = "SELECT EXISTS (SELECT FROM assets WHERE site_id = $1 AND owner_id = $2 AND kind = 'people')"


async def has_people(conn: Connection, site_id: UUID, owner_id: UUID) -> bool:
    """Whether some of a site's assets are people."""
    found: bool = await conn.fetchval(HAS_PEOPLE, site_id, owner_id)
    return found


INSERT = """
  INSERT INTO sites (id, owner_id, name, address, location, shown, precision, timezone, private,
                     created_at, updated_at)
  VALUES ($1, $2, $3, $4, ST_MakePoint($5, $6)::geography, ST_MakePoint($7, $8)::geography, $9, $10, $11,
          $12, $12)
"""


async def insert(conn: Connection, site_id: UUID, owner_id: UUID, placed: Placed, now: datetime) -> None:
    """Store a new site."""
    await conn.execute(INSERT, site_id, owner_id, *values(placed), now)


UPDATE = """
  UPDATE sites s SET name = $3, address = $4, location = ST_MakePoint($5, $6)::geography,
                     shown = ST_MakePoint($7, $8)::geography, precision = $9, timezone = $10, private = $11,
                     updated_at = $12, version = s.version + 1
    FROM sites was
   WHERE s.id = $1 AND s.owner_id = $2 AND was.id = $1 AND was.owner_id = $2
  RETURNING s.version, was.timezone <> s.timezone AS frees, was.shown::text <> s.shown::text AS elsewhere
"""
MOVE_ASSETS = """
  UPDATE assets a SET location = s.shown, timezone = s.timezone
    FROM sites s
   WHERE s.id = $1 AND s.owner_id = $2 AND a.site_id = s.id AND a.owner_id = s.owner_id
"""


async def update(conn: Connection, site_id: UUID, owner_id: UUID, placed: Placed, now: datetime) -> int:
    """Store a locked site anew and take its assets, which are locked, along: the version it now has."""
    (row,) = await conn.fetch(UPDATE, site_id, owner_id, *values(placed), now)
    version: int = row["version"]
    await conn.execute(MOVE_ASSETS, site_id, owner_id)
    if row["frees"]:
        await db.freed.tell(conn, Freed(owner_id=owner_id, site_id=site_id, moment=now))
    elif row["elsewhere"]:
        await db.jobs.add(conn, LookAgain(owner_id, site_id=site_id))
    return version


def values(placed: Placed) -> Sequence[object]:
    """The columns from `name` to `private`."""
    (lon, lat), (shown_lon, shown_lat) = placed.point.coordinates, placed.shown.coordinates
    return (
        placed.name,
        placed.address,
        lon,
        lat,
        shown_lon,
        shown_lat,
        placed.precision,
        placed.timezone,
        placed.private,
    )
