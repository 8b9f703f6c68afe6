"""The nearest assets that fit and can be booked, by the rules that bookings are tested by: one statement."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from db.assets import SUMMARY
from db.connection import Connection
from domain.assets import AssetSummary
from domain.callers import Caller
from domain.costs import COMMUNITY
from domain.reasons import refused
from domain.search import START, Looked, Match, NearMiss, Place, Search, SearchedPeriod, book

CANDIDATE = "c (owner_id, id, timezone, distance_m, tie, sphere_m, place)"

ASKED = "$1::geography, $2, $3, $4, $5, $6, $7, $8, $9, $16, $17, $10, $11, $12, $13, $14, $15"


def told(*, why: bool) -> str:
    """What is told of each of them: the asset, and the periods asked for, with what speaks against each or not."""
    periods = "rules.repeats($10, $11, a.timezone, $12) p"
    against = f"""
           CROSS JOIN LATERAL (
                 SELECT jsonb_object_agg(k.n, k.why_not) AS whys
                   FROM (SELECT k.n, jsonb_agg(to_jsonb(k)) AS why_not
                           FROM rules.against(a, ARRAY(SELECT p.starts_at FROM {periods} ORDER BY p.n),
                                              ARRAY(SELECT p.ends_at FROM {periods} ORDER BY p.n), $6, $7, $14, $15) k
                          GROUP BY k.n) k) against"""
    return f"""
            JOIN assets a ON a.id = c.id AND a.owner_id = c.owner_id
            JOIN sites s ON s.id = a.site_id AND s.owner_id = a.owner_id
            JOIN organisations o ON o.id = a.owner_id {against if why else ""}
           CROSS JOIN LATERAL (
                 SELECT jsonb_agg(jsonb_build_object(
                          'starts_at', p.starts_at, 'ends_at', p.ends_at,
                          'units_free', (SELECT f.units_free
                             FROM rules.units_free(a, rules.span(a, p.starts_at, p.ends_at), $15) f),
                          'why_not', {"against.whys->(p.n + 1)::text" if why else "NULL::jsonb"})
                        ORDER BY p.n) AS occurrences
                   FROM {periods} WHERE $10::timestamptz IS NOT NULL) w"""


def statement(failed: str, *, why: bool) -> str:
    """A search, and what is told of what it finds."""
    return f"""
  SELECT r.examined, r.exhausted, (r.last).distance_m, (r.last).tie, (r.last).id,
         (SELECT jsonb_agg(jsonb_build_object(
                   'place', jsonb_build_array(c.distance_m, c.tie, c.id), 'asset', {SUMMARY},
                   'occurrences', w.occurrences)
                 ORDER BY c.place)
            FROM unnest(r.nearest) WITH ORDINALITY {CANDIDATE} {told(why=why)}) AS matches,
         {failed} AS failed
    FROM rules.search({ASKED}, $18, $19, $20, $21) r
"""


# Where nothing can have failed nothing is asked of it: making ready to ask takes longer than a small search.
SEARCH = statement("NULL::jsonb", why=False)
SEARCH_AND_TELL = statement(
    f"""(SELECT jsonb_agg(jsonb_build_object(
                   'distance_m', c.distance_m, 'asset', {SUMMARY}, 'occurrences', w.occurrences,
                   'why_not', (SELECT jsonb_agg(to_jsonb(p)) FROM rules.paper(a, $5, $6, $7, $8, $9) p
                                WHERE NOT p.passed))
                 ORDER BY c.place)
            FROM unnest(CASE WHEN $22 THEN rules.near_misses({ASKED}) END) WITH ORDINALITY {CANDIDATE} {told(why=True)})
""",
    why=True,
)


async def search(
    conn: Connection, search: Search, *, caller: Caller | None, now: datetime, after: Place, limit: int
) -> Looked:
    """The nearest `limit` matches after a place in the order, and one more if there is one; what failed, if that is
    asked for and this is the beginning.

    People are left out of a search with a period by nobody we know.
    """
    period = search.period
    asked = (
        f"POINT({search.origin.lon} {search.origin.lat})",
        search.within_m,
        search.category,
        search.kind,
        search.features,
        search.units,
        search.attendees,
        search.only_free_of_charge,
        caller is not None and caller.kind in COMMUNITY,
        period and period.starts_at,
        period and period.ends_at,
        search.weeks,
        search.at_least,
        caller.organisation_id if caller else None,
        now,
        search.owner_id,
        caller is not None or period is None,
        after.distance_m,
        after.tie,
        after.id,
        limit,
    )
    if search.explain or search.at_least < search.weeks:
        row = await conn.fetchrow(SEARCH_AND_TELL, *asked, search.explain and after == START)
    else:
        row = await conn.fetchrow(SEARCH, *asked)
    assert row is not None  # noqa: S101 - an aggregate always answers one row
    return Looked(
        matches=[read(search, match) for match in row["matches"] or ()],
        failed=[read_near_miss(each) for each in row["failed"] or ()],
        examined=row["examined"],
        last=Place(row["distance_m"], row["tie"], row["id"]) if row["id"] else None,
        exhausted=row["exhausted"],
    )


def read(search: Search, match: dict[str, Any]) -> tuple[Place, Match]:
    """One match as the statement builds it."""
    place = msgspec.convert(match["place"], Place)
    asset = msgspec.convert(match["asset"], AssetSummary)
    return place, Match(asset, place.distance_m, read_periods(match, asset), book(search, asset.id))


def read_near_miss(miss: dict[str, Any]) -> NearMiss:
    """One near miss as the statement builds it."""
    asset = msgspec.convert(miss["asset"], AssetSummary)
    why_not = [refused(each) for each in miss["why_not"] or ()]
    return NearMiss(asset, miss["distance_m"], why_not, read_periods(miss, asset))


def read_periods(found: dict[str, Any], asset: AssetSummary) -> list[SearchedPeriod]:
    """The periods of a match or a near miss."""
    return [read_period(each, ZoneInfo(asset.site.timezone)) for each in found["occurrences"] or ()]


def read_period(period: dict[str, Any], zone: ZoneInfo) -> SearchedPeriod:
    """One period with what speaks against it, in words."""
    why_not = [refused(each, zone) for each in period["why_not"] or ()]
    given = period | {"why_not": [], "free": not why_not}
    return msgspec.structs.replace(msgspec.convert(given, SearchedPeriod), why_not=why_not)
