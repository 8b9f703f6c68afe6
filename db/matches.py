"""What meets a need: what suits it is found by one statement, and tested and measured by another."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from db.assets import SUMMARY
from db.connection import Connection
from domain.assets import AssetSummary
from domain.fairness import Contender
from domain.matches import Found, Met, MetOccurrence, Seen, Suitable
from domain.near_misses import Missed
from domain.needs import NeedRequest
from domain.places import Point

# What an occurrence can come to at the least: as long as it must be, and a price for the booking shared by all.
SUITABLE = """
  WITH need AS MATERIALIZED (
    SELECT n, rules.most_examined(n) AS most, t.open,
           coalesce(make_interval(mins => n.minutes), (SELECT min(upper(p) - lower(p)) FROM unnest(n.periods) p), '0')
             AS least
      FROM needs n
     CROSS JOIN LATERAL (
           SELECT greatest(n.weeks, cardinality(n.periods))
                  - cardinality(ARRAY(SELECT c.number FROM rules.covered(n, $3) c)) AS open) t
     WHERE n.id = $1 AND n.owner_id = $2 AND n.closed_at IS NULL AND n.stands_until > $3 AND t.open > 0),
  near AS MATERIALIZED (
    SELECT (need.n).units, (need.n).within_m, (need.n).comes_to_us, need.most, need.open, need.least, s.*
      FROM need CROSS JOIN LATERAL rules.suitable(need.n, (need.n).location, $3) s)
  SELECT coalesce(max(least(near.place, near.most)), 0) AS examined,
         coalesce(max(near.place) > max(near.most), false) AS cut,
         coalesce(max(near.distance_m) FILTER (WHERE near.place <= near.most), 0) AS searched_m,
         coalesce(jsonb_agg(jsonb_build_object(
             'id', a.id, 'distance_m', near.distance_m,
             'reach_m', CASE WHEN near.comes_to_us THEN greatest((a.details->>'travels_m')::int, 1)
                             ELSE near.within_m END,
             'capacity', a.capacity, 'features', a.features, 'price', p.price,
             'each', coalesce(CASE WHEN p.price->>'per' = 'booking'
                                   THEN floor((p.price->>'amount')::numeric * near.units / near.open + 0.5)
                                   ELSE rules.owed(p.price, near.units, near.least) END, 0)) ORDER BY near.place)
           FILTER (WHERE near.place <= near.most), '[]') AS suitable
    FROM near
    JOIN assets a ON a.id = near.id AND a.owner_id = near.owner_id
    JOIN organisations o ON o.id = $2
   CROSS JOIN LATERAL (SELECT rules.price(a, o.kind) AS price) p
"""


class Suiting(NamedTuple):
    """What suits a need, the nearest first: how many are examined, whether there are more, and out to where."""

    suitable: list[Suitable]
    examined: int
    cut: bool
    searched_m: int


async def suiting(conn: Connection, need_id: UUID, owner_id: UUID, now: datetime) -> Suiting:
    """The nearest assets that suit an organisation's need while it is open, whatever their time."""
    row = await conn.fetchrow(SUITABLE, need_id, owner_id, now)
    assert row is not None  # noqa: S101 - an aggregate always answers one row
    suitable = msgspec.convert(row["suitable"], list[Suitable])
    return Suiting(suitable, row["examined"], row["cut"], row["searched_m"])


TESTED = """
  WITH need AS MATERIALIZED (
    SELECT n, ARRAY(SELECT c.number FROM rules.covered(n, $3) c) AS besides,
           jsonb_populate_record(n, '{"at_least": 1}') AS loose
      FROM needs n WHERE n.id = $1 AND n.owner_id = $2)
  SELECT a.id, m.met AS occurrences, t.open AS open_occurrences, k.enough, u.open_minutes, u.occupied_minutes,
         CASE WHEN p.price->>'per' = 'booking'
              THEN floor((p.price->>'amount')::numeric * (need.n).units / cardinality(m.met) + 0.5)::bigint
              ELSE coalesce((SELECT max(rules.owed(p.price, (need.n).units, o.ends_at - o.starts_at))
                               FROM unnest(m.met) o), 0) END AS each
    FROM need
   CROSS JOIN LATERAL (
         SELECT greatest((need.n).weeks, cardinality((need.n).periods)) - cardinality(need.besides) AS open) t
   CROSS JOIN unnest($4::uuid[]) asked (id)
    JOIN assets a ON a.id = asked.id
    JOIN organisations o ON o.id = $2
   CROSS JOIN LATERAL (SELECT rules.price(a, o.kind) AS price) p
    LEFT JOIN LATERAL rules.meets(a, need.loose, need.besides, $3) m ON true
   CROSS JOIN LATERAL (
         SELECT coalesce(cardinality(m.met) >= least((need.n).at_least, t.open), false) AS enough) k
    LEFT JOIN LATERAL rules.used(a, (m.met[1]).starts_at, $3) u ON k.enough
"""


class Looked(NamedTuple):
    """Of what suits, that which was found to meet a need, and that which was missed, the nearest first."""

    found: list[Found]
    missed: list[Missed]
    examined: int
    cut: bool
    searched_m: int


async def test(
    conn: Connection, need_id: UUID, owner_id: UUID, suitable: Sequence[Suitable], now: datetime
) -> tuple[list[Found], list[Missed]]:
    """Which of some assets that suit a need meet enough of it, and which too little."""
    known = {each.id: each for each in suitable}
    found, missed = [], []
    for row in await conn.fetch(TESTED, need_id, owner_id, now, list(known)):
        asset, occurrences = known[row["id"]], [MetOccurrence(*each) for each in row["occurrences"] or ()]
        if row["enough"]:
            measured = {name: row[name] for name in ("each", "open_occurrences", "open_minutes", "occupied_minutes")}
            found.append(Found(**{**msgspec.structs.asdict(asset), **measured}, occurrences=occurrences))
        else:
            missed.append(Missed(asset.id, asset.distance_m, len(occurrences)))
    return found, missed


async def find(conn: Connection, need_id: UUID, owner_id: UUID, now: datetime) -> Looked:
    """All assets that meet an organisation's need while it is open."""
    near = await suiting(conn, need_id, owner_id, now)
    return looked(near, *await test(conn, need_id, owner_id, near.suitable, now))


def looked(near: Suiting, found: list[Found], missed: Iterable[Missed]) -> Looked:
    """What came of testing some of what suits."""
    places = {each.id: place for place, each in enumerate(near.suitable)}
    return Looked(found, sorted(missed, key=lambda each: places[each.id]), near.examined, near.cut, near.searched_m)


SUMMARIES = f"""
  SELECT {SUMMARY} AS asset
    FROM assets a
    JOIN sites s ON s.id = a.site_id AND s.owner_id = a.owner_id
    JOIN organisations o ON o.id = a.owner_id
   WHERE a.id = ANY($1)
"""


async def summaries(conn: Connection, ids: list[UUID]) -> dict[UUID, AssetSummary]:
    """Assets as others show them, by id."""
    rows = await conn.fetch(SUMMARIES, ids)
    found = msgspec.convert([row["asset"] for row in rows], list[AssetSummary])
    return {each.id: each for each in found}


LISTED = """
  SELECT a.id FROM assets a
   WHERE a.owner_id = $1 AND a.state = 'listed'
     AND (a.timetable_id = $3 OR a.site_id = $4
          OR a.id IN (SELECT r.asset_id FROM rules.whole_and_parts($1, $2) r)
          OR coalesce($2, $3, $4) IS NULL)
"""


async def listed(
    conn: Connection, owner_id: UUID, asset_id: UUID | None, timetable_id: UUID | None, site_id: UUID | None
) -> list[UUID]:
    """The listed assets of an owner that keep a timetable, are at a site, or are an asset, its wholes and its parts;
    all of them where none is named.
    """
    return [row["id"] for row in await conn.fetch(LISTED, owner_id, asset_id, timetable_id, site_id)]


def meeting(where: str, wanted: str, order: str = "n.id") -> str:
    """The open needs that an asset may meet, as many as asked for in an order, and what it meets of each. `where` is
    where they are measured from.
    """
    return f"""
  WITH asset AS MATERIALIZED (
    SELECT a AS itself FROM assets a WHERE a.id = $1 AND a.owner_id = $2 AND a.state = 'listed'),
  near AS MATERIALIZED (
    SELECT n, d.distance_m
      FROM asset
      JOIN needs n ON n.reach && (asset.itself).location
     CROSS JOIN LATERAL (SELECT round(ST_Distance((asset.itself).location, n.{where}))::int AS distance_m) d
     CROSS JOIN LATERAL rules.suits(asset.itself, n, d.distance_m, $3) s
     WHERE n.closed_at IS NULL AND n.stands_until > $3 AND n.id > $4
       AND (n.category = (asset.itself).category OR n.kind = (asset.itself).kind)
       AND ST_DWithin((asset.itself).location, n.{where}, CASE WHEN n.comes_to_us THEN 200000 ELSE n.within_m END)
       AND s.suits AND {wanted}
     ORDER BY {order} LIMIT $5)
  SELECT (near.n).id AS need_id, near.distance_m, m.met AS occurrences,
         jsonb_build_object('organisation_id', (near.n).owner_id, 'minutes',
                            CASE WHEN m.met IS NULL THEN 0
                                 ELSE (SELECT h.minutes FROM rules.held_minutes($2, (near.n).owner_id, $3, $3) h)
                             END) AS contender,
         ST_X((near.n).shown::geometry) AS lon, ST_Y((near.n).shown::geometry) AS lat, (near.n).request
    FROM asset
   CROSS JOIN near
   CROSS JOIN LATERAL (SELECT ARRAY(SELECT c.number FROM rules.covered(near.n, $3) c) AS besides) b
    LEFT JOIN LATERAL rules.meets(asset.itself, near.n, b.besides, $3) m ON true
   ORDER BY (near.n).id
"""


UNRECORDED = meeting(
    where="location",
    wanted="NOT EXISTS (SELECT FROM need_matches k WHERE k.need_id = n.id AND k.asset_id = $1 AND k.owner_id = $2)",
)
FIRST = UUID(int=0)


async def unrecorded(
    conn: Connection, asset_id: UUID, owner_id: UUID, now: datetime, *, after: UUID | None, limit: int
) -> tuple[list[UUID], list[Met]]:
    """The next open needs with which an asset was never matched: all that were tested, and those that it meets."""
    rows = await conn.fetch(UNRECORDED, asset_id, owner_id, now, after or FIRST, limit)
    return [row["need_id"] for row in rows], [read_met(row) for row in rows if row["occurrences"]]


LOCK = "SELECT FROM needs WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE"
RECORD = """
  WITH found AS (
    INSERT INTO need_matches (need_id, owner_id, asset_id, found_at)
    SELECT n, $2, $1, $4 FROM unnest($3::uuid[]) n
        ON CONFLICT DO NOTHING RETURNING need_id)
  UPDATE needs SET version = version + 1 WHERE id IN (SELECT need_id FROM found) RETURNING id, version
"""


async def record(
    conn: Connection, asset_id: UUID, owner_id: UUID, need_ids: list[UUID], now: datetime
) -> dict[UUID, int]:
    """Write down that an asset matches needs: those that were not known to, each with the version that it now has."""
    if not need_ids:
        return {}
    await conn.execute(LOCK, need_ids)
    return {row["id"]: row["version"] for row in await conn.fetch(RECORD, asset_id, owner_id, need_ids, now)}


NOTE = """
  INSERT INTO need_matches (need_id, owner_id, asset_id, found_at)
  SELECT $1, a.owner_id, a.id, $3 FROM assets a WHERE a.id = ANY($2::uuid[])
      ON CONFLICT DO NOTHING
"""


async def note(conn: Connection, need_id: UUID, asset_ids: list[UUID], now: datetime) -> None:
    """Write down what matches a need."""
    await conn.execute(NOTE, need_id, asset_ids, now)


def read_met(row: Any) -> Met:
    """A row of MEETING."""
    occurrences = [MetOccurrence(*each) for each in row["occurrences"]]
    return Met(row["need_id"], msgspec.convert(row["contender"], Contender), row["distance_m"], occurrences)


# Where there are more than are tested, which ones are is decided by no age.
SEEN = meeting(where="shown", wanted="true", order="md5(n.id::text || $1::text)")


async def seen(conn: Connection, asset_id: UUID, owner_id: UUID, now: datetime, *, limit: int) -> list[Seen]:
    """The open needs that an asset meets, as far as others may know of them, of so many that were tested."""
    rows = await conn.fetch(SEEN, asset_id, owner_id, now, FIRST, limit)
    return [
        Seen(read_met(row), msgspec.convert(row["request"], NeedRequest), Point((row["lon"], row["lat"])))
        for row in rows
        if row["occurrences"]
    ]
