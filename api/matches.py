"""What meets a need."""

from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

import db.matches
from api import needs
from api.cursors import Cursors
from api.lists import Cursor, Limit, Pages
from api.problems import problems
from db.connection import Connection
from domain import errors, matches, permissions
from domain.callers import Caller
from domain.errors import NotFound
from domain.matches import NeedMatchPage
from domain.needs import as_sent


class Position(msgspec.Struct, frozen=True):
    """The last that was shown, and the moment that all pages are true at."""

    now: datetime
    place: tuple[int, str]


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
    moment of the first page.
    """
    pages = Pages(cursors, "listMatches", cursor, limit, need=need_id)
    position = pages.position(Position)
    at = position.now if position else now
    need = (await needs.load(conn, need_id, caller, at)).need
    permissions.require("listMatches", caller, owner_id=need.owner_id)
    looked = await db.matches.find(conn, need_id, need.owner_id, at)
    request = as_sent(need)
    ranked = matches.rank(looked.found, request, need_id)
    rest = [each for each in ranked if position is None or each.place > position.place][: limit + 1]
    assets = await db.matches.summaries(conn, [each.found.id for each in rest])
    return pages.page(
        lambda shown, following: NeedMatchPage(
            items=[matches.present(each, assets[each.found.id], request, need_id) for each in shown],
            examined=looked.examined,
            cut=looked.cut,
            searched_m=looked.searched_m if looked.cut else need.within_m,
            next=following,
        ),
        rest,
        lambda one: Position(at, one.place),
    )


router = Router("/needs/{need_id:uuid}/matches", route_handlers=[list_], tags=["needs"])
