"""What meets a need, and which needs an asset meets."""

from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

import db.fairness
import db.matches
from api import assets, near_misses, needs
from api.cursors import Cursors
from api.lists import Cursor, Limit, Pages
from api.problems import problems
from db.connection import Connection
from db.matches import Looked
from domain import errors, fairness, matches, permissions
from domain.callers import Caller
from domain.errors import NotFound
from domain.matches import WEIGHTS, AssetNeedPage, Found, NeedMatchPage, Place, Ranked
from domain.near_misses import ENOUGH, Missed
from domain.needs import Need, NeedRequest, as_sent


class Position(msgspec.Struct, frozen=True):
    """The last that was shown, and the moment that all pages are true at."""

    now: datetime
    place: Place


FIRST: Place = (-sum(WEIGHTS.values()) - 1, "")  # before all others


@get(operation_id="listMatches", responses=problems(NotFound, errors.CursorInvalid, errors.CursorMismatch))
async def list_(
    need_id: FromPath[UUID],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    cursors: NamedDependency[Cursors],
    cursor: FromQuery[Cursor | None] = None,
    limit: FromQuery[Limit] = 20,
) -> NeedMatchPage:
    """The assets that meet a need of the caller's organisation, by the points of the published formula.

    Each can be booked as `book` says, which counts for the need. None where the need is not open. A page is true at the
    moment of the first page. Where fewer than three match, the first page says in `would_help` what would.
    """
    pages = Pages(cursors, "listMatches", cursor, limit, need=need_id)
    position = pages.position(Position)
    at = position.now if position else now
    need = await needs.load(conn, need_id, caller, at)
    permissions.require("listMatches", caller, owner_id=need.owner_id)
    request = as_sent(need)
    after = position.place if position else FIRST
    rest, looked = await best(conn, need, request, at, after=after, count=max(limit + 1, ENOUGH))
    would_help = await near_misses.would_help(conn, need, looked, at) if position is None else []
    shown_assets = await db.matches.summaries(conn, [each.found.id for each in rest[: limit + 1]])
    return pages.page(
        lambda shown, following: NeedMatchPage(
            items=[matches.present(each, shown_assets[each.found.id], request, need_id) for each in shown],
            examined=looked.examined,
            cut=looked.cut,
            searched_m=looked.searched_m if looked.cut else need.within_m,
            would_help=would_help,
            next=following,
        ),
        rest[: limit + 1],
        lambda one: Position(at, one.place),
    )


async def best(
    conn: Connection, need: Need, request: NeedRequest, now: datetime, *, after: Place, count: int
) -> tuple[list[Ranked], Looked]:
    """What stands next after a place in the order, and what was tested for it.

    Tested first is what can come to stand first; once so many are found, only what can come to stand before the last of
    them. Where fewer are found everything has been tested.
    """
    near = await db.matches.suiting(conn, need.id, need.owner_id, now)
    hopeful = matches.by_hope(near.suitable, request, need.id)
    found: list[Found] = []
    missed: list[Missed] = []
    ranked: list[Ranked] = []
    many = count
    while hopeful:
        tested = [each.suitable for each in hopeful[:many]]
        met, unmet = await db.matches.test(conn, need.id, need.owner_id, tested, now)
        found, missed = found + met, missed + unmet
        ranked = [each for each in matches.rank(found, request, need.id) if each.place > after]
        hopeful, many = hopeful[many:], 2 * many
        if len(ranked) >= count:
            hopeful = [each for each in hopeful if each.place < ranked[count - 1].place]
    return ranked[:count], db.matches.looked(near, found, missed)


MOST_SEEN = 100


class Standing(msgspec.Struct, frozen=True):
    """How many were shown, and the moment that all pages are true at."""

    now: datetime
    shown: int


@get(operation_id="listAssetNeeds", responses=problems(NotFound, errors.CursorInvalid, errors.CursorMismatch))
async def seen(
    asset_id: FromPath[UUID],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    cursors: NamedDependency[Cursors],
    cursor: FromQuery[Cursor | None] = None,
    limit: FromQuery[Limit] = 20,
) -> AssetNeedPage:
    """Who could use an asset of the caller's organisation: the open needs that it meets, of at most 100 that are near.

    They stand in the fair order: whoever holds the fewest minutes at this owner first, then by the day's draw, whose
    seed is told the day after (`getSeed`). Where they are is rounded to about 1 km.
    """
    asset = await assets.load(conn, asset_id, caller)
    permissions.require("listAssetNeeds", caller, owner_id=asset.owner_id)
    pages = Pages(cursors, "listAssetNeeds", cursor, limit, asset=asset_id)
    position = pages.position(Standing) or Standing(now, 0)
    found = await db.matches.seen(conn, asset_id, asset.owner_id, position.now, limit=MOST_SEEN)
    ordered = fairness.in_order(found, await db.fairness.seed(conn, position.now.date()))
    items = [matches.as_seen(each, place) for place, each in enumerate(ordered, 1)]
    return pages.page(
        AssetNeedPage, items[position.shown : position.shown + limit + 1], lambda one: Standing(position.now, one.place)
    )


router = Router("/needs/{need_id:uuid}/matches", route_handlers=[list_], tags=["needs"])
of_asset = Router("/assets/{asset_id:uuid}/needs", route_handlers=[seen], tags=["needs"])
