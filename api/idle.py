"""Idle capacity: how much of the time of an owner's assets nobody uses."""

from datetime import datetime
from uuid import UUID

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

import db.idle
import db.organisations
from api.accept import CSV, JSON
from api.answers import Answer, AnyRequest
from api.cursors import Cursors
from api.lists import Cursor, Limit, Pages
from api.problems import problems
from api.sheets import Sheet
from db.connection import Connection
from domain import errors, idle, permissions
from domain.availability import LONGEST_WINDOW, check_window
from domain.callers import Caller
from domain.errors import NotFound
from domain.idle import IdlePage
from domain.types import Instant


@get(
    operation_id="getIdle",
    responses=problems(NotFound, errors.CursorInvalid, errors.CursorMismatch),
    opt={"produces": (JSON, CSV)},
)
async def read(
    request: AnyRequest,
    id_or_slug: FromPath[str],
    starts_at: FromQuery[Instant],
    ends_at: FromQuery[Instant],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    cursors: NamedDependency[Cursors],
    cursor: FromQuery[Cursor | None] = None,
    limit: FromQuery[Limit] = 20,
) -> Answer[IdlePage]:
    """How much of a span of at most 92 days the assets of the caller's organisation are open, used and idle.

    By the hour of the local week, in minutes of units; turnaround is use. What is listed or paused, newest first, at
    most 20 on a page and fewer the longer the span: 10 for 92 days. With it, how many open needs nearby each could meet
    within the span, from now on, measured from where others see them. With `Accept: text/csv`, a line that names the
    columns and one for each hour of each asset; the next page is in `Link`.
    """
    owner_id = await db.organisations.id_of(conn, id_or_slug)
    if owner_id is None:
        raise NotFound
    permissions.require("getIdle", caller, owner_id=owner_id)
    check_window(starts_at, ends_at, LONGEST_WINDOW)
    limit = min(limit, idle.most_assets(starts_at, ends_at))
    pages = Pages(cursors, "getIdle", cursor, limit, owner=owner_id, starts_at=starts_at, ends_at=ends_at)
    rows = await db.idle.page(conn, owner_id, starts_at, ends_at, now=now, before=pages.position(UUID), limit=limit + 1)
    page = pages.page(IdlePage, rows, lambda row: row.asset.id)
    if request.state.form == CSV:
        return Sheet(page, idle.COLUMNS, idle.lines)
    return Answer(page)


router = Router("/organisations/{id_or_slug:str}/idle", route_handlers=[read], tags=["organisations"])
