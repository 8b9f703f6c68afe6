"""Claims: what is owed for bookings that were recalled."""

from typing import Annotated
from uuid import UUID

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

import db.claims
from api.cursors import Cursors
from api.lists import Cursor, Limit, Pages
from api.problems import problems
from db.connection import Connection
from domain import errors, permissions
from domain.callers import Caller
from domain.claims import ClaimFilter, ClaimPage, ClaimState


@get(operation_id="listClaims", responses=problems(errors.CursorInvalid, errors.CursorMismatch))
async def list_(
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    cursors: NamedDependency[Cursors],
    in_state: Annotated[ClaimState | None, QueryParameter(name="state")] = None,
    owner_id: FromQuery[UUID | None] = None,
    booker_id: FromQuery[UUID | None] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: FromQuery[Limit] = 20,
) -> ClaimPage:
    """What the caller's organisation owes, as owner, or is owed, as booker, for what was recalled; newest first."""
    permissions.require("listClaims", caller)
    wanted = ClaimFilter(owner_id, booker_id, in_state)
    pages = Pages(cursors, "listClaims", cursor, limit, wanted=wanted, caller=caller.organisation_id)
    rows = await db.claims.page(conn, caller.organisation_id, wanted, after=pages.position(UUID), limit=limit + 1)
    return pages.page(ClaimPage, rows, lambda row: row.id)


router = Router("/claims", route_handlers=[list_], tags=["claims"])
