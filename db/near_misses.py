"""What nearly meets a need, and which change of it would help, tested by the rules that matching goes by."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from db.connection import Connection
from db.matches import Looked
from domain.near_misses import TRIED, Dearer, Lacking, Nearly, Trial, merged
from domain.needs import NeedRequest, openings

MOST_FURTHER = 20

# Of the nearest assets that suit ($8) the ceilings at which they would meet it, and those that would at all the earlier
# times, at all the later ones, on all days. (What suits further away is tested for its time: 20, as MOST_FURTHER.)
NEARLY = """
  WITH need AS MATERIALIZED (
    SELECT n, ARRAY(SELECT c.number FROM rules.covered(n, $3) c) AS besides,
           rules.most_examined(n) - $4 AS room,
           least(200000, 100 * ceil(greatest(10000, 3 * n.within_m) / 100.0)::int) AS reach_m
      FROM needs n WHERE n.id = $1 AND n.owner_id = $2)
  SELECT need.room, need.reach_m,
         (SELECT coalesce(jsonb_agg(to_jsonb(l)), '[]')
            FROM rules.nearly(need.n, (need.n).location, false,
                              CASE WHEN (need.n).comes_to_us THEN 200000 ELSE (need.n).within_m END,
                              CASE WHEN need.room > 0 THEN need.room + 1 ELSE 0 END, $3) l) AS lacking,
         (SELECT coalesce(jsonb_agg(to_jsonb(l)), '[]')
            FROM rules.nearly(need.n, (need.n).location, true, need.reach_m,
                              CASE WHEN (need.n).comes_to_us THEN 0 ELSE least(20, need.room) END, $3) l) AS further,
         (SELECT coalesce(jsonb_agg(jsonb_build_object('id', a.id, 'ceiling', c.ceiling)), '[]')
            FROM assets a CROSS JOIN LATERAL rules.ceilings(a, need.n, need.besides, $3) c
           WHERE a.id = ANY($8::uuid[]) AND (need.n).most_amount IS NOT NULL) AS dearer,
         coalesce(rules.meeting(need.n, $5::jsonb, $8::uuid[], $3), $8::uuid[]) AS earlier,
         coalesce(rules.meeting(need.n, $6::jsonb, $8::uuid[], $3), $8::uuid[]) AS later,
         coalesce(rules.meeting(need.n, $7::jsonb, $8::uuid[], $3), $8::uuid[]) AS any_day
    FROM need
"""


async def nearly(
    conn: Connection,
    need_id: UUID,
    owner_id: UUID,
    looked: Looked,
    widest: tuple[NeedRequest, NeedRequest, NeedRequest] | None,
    now: datetime,
) -> Nearly:
    """What nearly meets a need for which somebody looked."""
    nearest = [each.id for each in looked.missed[:TRIED]]
    wide = [columns(each) for each in widest] if widest else [None] * 3
    row = await conn.fetchrow(NEARLY, need_id, owner_id, now, looked.examined, *wide, nearest)
    assert row is not None  # noqa: S101 - the caller has seen it
    lacking, further = (msgspec.convert(row[name], list[Lacking]) for name in ("lacking", "further"))
    # The index goes by the sphere, on which it may be 0.7 % less far.
    cut = len(further) == min(MOST_FURTHER, row["room"])
    return Nearly(
        lacking=lacking if len(lacking) <= row["room"] else None,
        further=further,
        known_m=max(each.distance_m for each in further) * 0.99 - 100 if further and cut else row["reach_m"],
        dearer=msgspec.convert(row["dearer"], list[Dearer]),
        earlier=row["earlier"],
        later=row["later"],
        any_day=row["any_day"],
    )


FIRST = """
  SELECT l.ladder, f.place, f.ids
    FROM needs n
   CROSS JOIN LATERAL jsonb_array_elements($4::jsonb) WITH ORDINALITY l (changes, ladder)
   CROSS JOIN LATERAL rules.first_helping(n, l.changes, $5::uuid[], $6, $3) f
   WHERE n.id = $1 AND n.owner_id = $2
"""


class Helped(NamedTuple):
    """Of a ladder, the place of the first change that helps, and all that would match of what was tested."""

    ladder: int
    place: int
    ids: list[UUID]


async def first(
    conn: Connection,
    need_id: UUID,
    owner_id: UUID,
    request: NeedRequest,
    ladders: Sequence[Sequence[Trial]],
    looked: Looked,
    now: datetime,
) -> list[Helped]:
    """Of each ladder the first change that helps, if one does."""
    changes = [
        [{"change": columns(merged(request, each.patch)), "try": each.tried, "ids": each.ids} for each in trials]
        for trials in ladders
    ]
    found = [each.id for each in looked.found]
    rows = await conn.fetch(FIRST, need_id, owner_id, now, changes, found, looked.examined)
    return [Helped(row["ladder"] - 1, row["place"], row["ids"]) for row in rows]


def columns(request: NeedRequest) -> dict[str, Any]:
    """What matching reads of a need and a change may touch, as jsonb_populate_record takes it."""
    ceiling = request.price_ceiling
    return {
        "features": request.features,
        "attendees": request.attendees,
        "within_m": request.within_m,
        "periods": [f"[{each.starts_at.isoformat()},{each.ends_at.isoformat()})" for each in request.periods or ()],
        "openings": openings(request.pattern) if request.pattern else "{}",
        "at_least": request.at_least or request.occurrences,
        "most_amount": ceiling and ceiling.amount,
    }
