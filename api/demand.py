"""What is looked for where."""

from datetime import date
from functools import partial

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

import db.demand
from api.accept import CSV, JSON
from api.answers import Answer, AnyRequest
from api.cursors import Cursors
from api.lists import Cursor, Limit, Pages
from api.problems import problems
from api.sheets import Sheet
from db.connection import Connection
from domain import errors
from domain.demand import COLUMNS, EDGE_M, START, DemandPage, Place


class Position(msgspec.Struct, frozen=True):
    """Of which picture, and how far."""

    taken_on: date
    place: Place


@get(
    operation_id="listDemand",
    responses=problems(errors.CursorInvalid, errors.CursorMismatch),
    opt={"produces": (JSON, CSV)},
)
async def list_(
    request: AnyRequest,
    conn: NamedDependency[Connection],
    cursors: NamedDependency[Cursors],
    cursor: FromQuery[Cursor | None] = None,
    limit: FromQuery[Limit] = 20,
) -> Answer[DemandPage]:
    """What groups look for and have not found yet, by cell of the map, category and hour of the week.

    A picture taken each night, in which no row is of fewer than three groups. There are no filters: what they leave out
    would tell of single groups. With `Accept: text/csv`, a line for each; the next page is in `Link`.
    """
    pages = Pages(cursors, "listDemand", cursor, limit)
    position = pages.position(Position)
    taken_on = position.taken_on if position else await db.demand.newest(conn)
    if taken_on is None:
        page = DemandPage(None, EDGE_M, [], None)
    else:
        rows = await db.demand.page(conn, taken_on, position.place if position else START, limit + 1)
        page = pages.page(partial(DemandPage, taken_on, EDGE_M), rows, lambda row: Position(taken_on, row.place))
    return Sheet(page, COLUMNS) if request.state.form == CSV else Answer(page)


router = Router("/demand", route_handlers=[list_], tags=["needs"])
