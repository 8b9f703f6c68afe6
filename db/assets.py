"""Assets, as they are stored."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

import db.freed
import db.jobs
from db.connection import Connection
from db.organisations import listed
from domain.assets import Asset, AssetRequest, AssetState, Uses, details_of
from domain.jobs import LookAgain
from domain.terms import Terms
from domain.waiting import Freed

# An AssetSummary as jsonb, over the aliases a (assets), s (sites) and o (organisations).
SUMMARY = """jsonb_build_object(
    'id', a.id, 'owner', jsonb_build_object('id', o.id, 'name', o.name),
    'site', jsonb_build_object(
      'id', s.id, 'name', s.name, 'town', CASE WHEN NOT s.private THEN s.address->>'town' END,
      'point', jsonb_build_object(
        'type', 'Point', 'coordinates', jsonb_build_array(ST_X(s.shown::geometry), ST_Y(s.shown::geometry))),
      'timezone', s.timezone),
    'kind', a.kind, 'category', a.category, 'title', a.title, 'features', a.features, 'capacity', a.capacity,
    'units', a.units, 'price', a.price, 'photo', a.photos->0)"""

TERMS = Terms.__struct_fields__
TERMS_OBJECT = "jsonb_build_object(" + ", ".join(f"'{name}', a.{name}" for name in TERMS) + ")"

# An asset to an organisation, $1, which may be null: drafts and archived ones only to their owner.
ASSET = f"""
  SELECT a.id, a.owner_id, a.site_id, a.kind, a.category, a.title, a.description, a.features, a.capacity,
         a.units,
         (SELECT w.id FROM assets w
           WHERE w.id = a.part_of AND w.owner_id = a.owner_id
             AND (w.owner_id = $1 OR w.state IN ('listed', 'paused'))) AS part_of,
         ARRAY(SELECT p.id FROM assets p
                WHERE p.owner_id = a.owner_id AND p.part_of = a.id
                  AND (p.owner_id = $1 OR p.state IN ('listed', 'paused')) ORDER BY p.id) AS parts,
         a.state, a.details, {TERMS_OBJECT} AS terms, a.photos, a.house_rules, a.accessibility, a.documents,
         (SELECT t.id FROM timetables t
           WHERE t.id = a.timetable_id AND t.owner_id = a.owner_id AND t.name IS NOT NULL) AS timetable_id,
         CASE WHEN a.owner_id = $1 THEN a.arrival END AS arrival, a.created_at, a.updated_at
    FROM assets a
   WHERE (a.owner_id = $1 OR a.state IN ('listed', 'paused'))
"""

LOAD = f"{ASSET} AND a.id = $2"


async def load(conn: Connection, asset_id: UUID, organisation_id: UUID | None) -> Asset | None:
    """An asset as an organisation, or nobody, sees it; None if they may not know of it."""
    row = await conn.fetchrow(LOAD, organisation_id, asset_id)
    return msgspec.convert(row, Asset) if row else None


LOAD_ALL = f"{ASSET} AND a.id = ANY($2::uuid[]) ORDER BY a.id"


async def load_all(conn: Connection, asset_ids: Sequence[UUID], organisation_id: UUID | None) -> dict[UUID, Asset]:
    """Those of some assets that an organisation, or nobody, may know of, by id."""
    rows = await conn.fetch(LOAD_ALL, organisation_id, asset_ids)
    return {each.id: each for each in msgspec.convert(rows, list[Asset])}


# The ids of a page: an index walked in the order of the answer until the page is full, and only then what they say.
# (CASE, as of `$2 IS NULL OR a.owner_id = $2` the planner thinks that little is left, and sorts everything.)
WALK = f"""
  (SELECT w.id FROM assets w
   WHERE {{narrow}} AND w.id < coalesce($8::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
     AND CASE WHEN w.owner_id = $1 THEN true
              ELSE w.state IN ('listed', 'paused') AND {listed("w.owner_id", "$1")} END
     AND CASE WHEN $2::uuid IS NULL THEN true ELSE w.owner_id = $2 END
     AND CASE WHEN $3::uuid IS NULL THEN true ELSE w.site_id = $3 END
     AND CASE WHEN $4::text IS NULL THEN true ELSE w.kind = $4 END
     AND CASE WHEN $5::text IS NULL THEN true ELSE w.category = $5 END
     AND CASE WHEN $6::text IS NULL THEN true ELSE w.state = $6 END
     AND CASE WHEN $7::uuid IS NULL THEN true ELSE w.part_of = $7 END
     AND CASE WHEN $10::text IS NULL THEN true ELSE strpos(lower(w.title), lower($10)) > 0 END
   ORDER BY w.id DESC LIMIT $9)
"""
ONE_OWNERS = """
  w.owner_id = coalesce($2, (SELECT s.owner_id FROM sites s WHERE s.id = $3),
                        (SELECT o.owner_id FROM assets o WHERE o.id = $7))
"""
LIST_ALL, LIST_ONE_OWNERS = (
    f"{ASSET} AND a.id = ANY(ARRAY{WALK.format(narrow=narrow)}) ORDER BY a.id DESC" for narrow in ("true", ONE_OWNERS)
)


async def page(
    conn: Connection,
    organisation_id: UUID | None,
    *,
    owner_id: UUID | None,
    site_id: UUID | None,
    kind: str | None,
    category: str | None,
    state: str | None,
    part_of: UUID | None,
    q: str | None,
    after: UUID | None,
    limit: int,
) -> list[Asset]:
    """Assets, newest first, as an organisation, or nobody, sees them, whose title has `q` in it."""
    statement = LIST_ONE_OWNERS if owner_id or site_id or part_of else LIST_ALL
    rows = await conn.fetch(
        statement, organisation_id, owner_id, site_id, kind, category, state, part_of, after, limit, q
    )
    return msgspec.convert(rows, list[Asset])


LOCK = "SELECT version FROM assets WHERE id = $1 AND owner_id = $2 FOR NO KEY UPDATE"


async def lock(conn: Connection, asset_id: UUID, owner_id: UUID) -> bool:
    """Lock an asset of an owner; whether there is one. What it says is read in a later statement."""
    return await conn.fetchval(LOCK, asset_id, owner_id) is not None


COLUMNS = (
    "site_id",
    "kind",
    "category",
    "title",
    "description",
    "features",
    "capacity",
    "units",
    "part_of",
    "details",
    "photos",
    "house_rules",
    "accessibility",
    "documents",
    "arrival",
    *TERMS,
)
# How it is described and dealt with, by which nobody can have it who could not; and what it is to who looks for it.
TOLD = {"title", "description", "photos", "house_rules", "accessibility", "documents", "arrival"} | {
    "hold_minutes",
    "cancel_notice_minutes",
    "approval_hours",
    "on_deadline",
    "offer_minutes",
    "check_in_grace_minutes",
    "recallable",
}
SOUGHT = {"kind", "category", "features", "details", "price", "community_price"}
PLACES = [f"${place}" for place in range(4, 4 + len(COLUMNS))]

INSERT = f"""
  INSERT INTO assets (id, owner_id, created_at, updated_at, timetable_id, location, timezone,
                      {", ".join(COLUMNS)})
  SELECT $1, $2, $3, $3, ${4 + len(COLUMNS)}::uuid, s.shown, s.timezone, {", ".join(PLACES)}
    FROM sites s WHERE s.id = $4 AND s.owner_id = $2
"""


async def insert(conn: Connection, asset_id: UUID, owner_id: UUID, request: AssetRequest, now: datetime) -> None:
    """Store a new draft. Its place among wholes and parts is db.parts' business."""
    await conn.execute(INSERT, asset_id, owner_id, now, *values(request), request.timetable_id)


def differs(columns: Iterable[str]) -> str:
    """That one of some columns is another than it was."""
    was, became = (", ".join(f"{row}.{name}" for name in sorted(columns)) for row in ("was", "a"))
    return f"({was}) IS DISTINCT FROM ({became})"


UPDATE = f"""
  UPDATE assets a
     SET updated_at = $3, version = a.version + 1, location = s.shown, timezone = s.timezone,
         timetable_id = coalesce(${4 + len(COLUMNS)}::uuid,
                                 (SELECT t.id FROM timetables t
                                   WHERE t.id = a.timetable_id AND t.owner_id = $2 AND t.name IS NULL)),
         {", ".join(f"{name} = {place}" for name, place in zip(COLUMNS, PLACES, strict=True))}
    FROM sites s, assets was
   WHERE a.id = $1 AND a.owner_id = $2 AND s.id = $4 AND s.owner_id = $2 AND was.id = $1 AND was.owner_id = $2
  RETURNING a.version, {differs({*COLUMNS, "timetable_id"} - TOLD - SOUGHT)} AS frees, {differs(SOUGHT)} AS another
"""


async def update(conn: Connection, asset_id: UUID, owner_id: UUID, request: AssetRequest, now: datetime) -> int:
    """Store a locked asset anew: its version. Without a shared timetable it keeps hours of its own, if any."""
    (row,) = await conn.fetch(UPDATE, asset_id, owner_id, now, *values(request), request.timetable_id)
    version: int = row["version"]
    if row["frees"]:
        await db.freed.tell(conn, Freed(owner_id=owner_id, asset_id=asset_id, moment=now))
    elif row["another"]:
        await db.jobs.add(conn, LookAgain(owner_id, asset_id))
    return version


def values(request: AssetRequest) -> Sequence[object]:
    """What goes into COLUMNS."""
    own = [getattr(request, name) for name in COLUMNS if name not in TERMS]
    own[COLUMNS.index("details")] = details_of(request)
    return [*own, *(getattr(request.terms, name) for name in TERMS)]


SET_STATE = """
  UPDATE assets SET state = $3, updated_at = $4, version = version + 1 WHERE id = $1 AND owner_id = $2
  RETURNING version
"""


async def set_state(conn: Connection, asset_id: UUID, owner_id: UUID, state: AssetState, now: datetime) -> int:
    """List, pause or archive an asset: its version."""
    version: int = await conn.fetchval(SET_STATE, asset_id, owner_id, state, now)
    if state == "listed":
        await db.freed.tell(conn, Freed(owner_id=owner_id, asset_id=asset_id, moment=now))
    return version


USES = """
  SELECT c.occurrences, c.until, f.offers, f.lapse_at, a.timezone,
         (SELECT count(*) FROM assets p
           WHERE p.owner_id = $2 AND p.part_of = $1 AND p.state <> 'archived')::int AS parts
    FROM assets a
   CROSS JOIN LATERAL (
         SELECT count(*)::int AS occurrences, max(c.ends_at) AS until FROM occurrences c
          WHERE c.owner_id = $2 AND c.asset_id = $1 AND c.ends_at > $3 AND c.booker_id IS NOT NULL
            AND rules.state(c, $3)
                IN ('held', 'pending', 'confirmed', 'checked_in')) c
   CROSS JOIN LATERAL (
         SELECT count(*)::int AS offers, max(f.expires_at) AS lapse_at FROM offers f
          WHERE f.owner_id = $2 AND f.asset_id = $1 AND f.state = 'offered' AND f.expires_at > $3) f
   WHERE a.id = $1 AND a.owner_id = $2
"""


async def uses(conn: Connection, asset_id: UUID, owner_id: UUID, now: datetime) -> Uses:
    """What keeps an asset, which is locked, from being archived."""
    return msgspec.convert(await conn.fetchrow(USES, asset_id, owner_id, now), Uses)
