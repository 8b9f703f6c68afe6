"""When an asset is open and free, from the rules that bookings are tested by."""

from datetime import datetime
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

import msgspec

from db.connection import Connection
from domain.availability import Availability
from domain.taxonomy import AssetKind

T = TypeVar("T")

LOAD = """
  SELECT a.kind, a.timezone, $2::timestamptz AS starts_at, $3::timestamptz AS ends_at,
         (SELECT t.applies_to FROM rules.applies_to(a) t) AS applies_to,
         (SELECT coalesce(jsonb_agg(jsonb_build_object('starts_at', lower(h), 'ends_at', upper(h)) ORDER BY h), '[]')
            FROM rules.open_hours(a, $2, $3) o, unnest(o.hours) h) AS open,
         (SELECT coalesce(jsonb_agg(to_jsonb(f) ORDER BY f.starts_at), '[]')
            FROM rules.free_periods(a, $2, $3, $4, $5) f) AS free
    FROM assets a
   WHERE a.id = $1 AND (a.state IN ('listed', 'paused') OR a.owner_id = $6)
"""


class Found(NamedTuple, Generic[T]):
    """An asset's kind, which says who may see what is answered of its time, and the answer."""

    kind: AssetKind
    answer: T


async def load(
    conn: Connection,
    asset_id: UUID,
    *,
    starts_at: datetime,
    ends_at: datetime,
    units: int,
    organisation_id: UUID | None,
    now: datetime,
) -> Found[Availability] | None:
    """The availability of an asset that the caller's organisation may know of."""
    row = await conn.fetchrow(LOAD, asset_id, starts_at, ends_at, units, now, organisation_id)
    return Found(row["kind"], msgspec.convert(dict(row), Availability)) if row else None
