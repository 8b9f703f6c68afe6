"""Occurrences by start: who is here today."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

import db.occurrences
from api.cursors import Cursors
from api.lists import Cursor, Limit, Pages
from api.problems import problems
from db.connection import Connection
from domain import errors, permissions
from domain.callers import Caller
from domain.occurrences import OccurrenceFilter, OccurrencePage, OccurrenceState
from domain.time import check_span
from domain.types import Instant


@get(operation_id="listOccurrences", responses=problems(errors.CursorInvalid, errors.CursorMismatch))
async def list_(
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    cursors: NamedDependency[Cursors],
    in_state: Annotated[OccurrenceState | None, QueryParameter(name="state")] = None,
    owner_id: FromQuery[UUID | None] = None,
    site_id: FromQuery[UUID | None] = None,
    asset_id: FromQuery[UUID | None] = None,
    booker_id: FromQuery[UUID | None] = None,
    starts_at: FromQuery[Instant | None] = None,
    ends_at: FromQuery[Instant | None] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: FromQuery[Limit] = 20,
) -> OccurrencePage:
    """What the caller's organisation owns or has booked, by start; with a period, what touches it."""
    permissions.require("listOccurrences", caller)
    check_span(starts_at, ends_at)
    wanted = OccurrenceFilter(owner_id, site_id, asset_id, booker_id, in_state, starts_at, ends_at)
    pages = Pages(cursors, "listOccurrences", cursor, limit, wanted=wanted, caller=caller.organisation_id)
    rows = await db.occurrences.page(
        conn,
        caller.organisation_id,
        wanted,
        now=now,
        after=pages.position(tuple[datetime, UUID]),
        limit=limit + 1,
    )
    return pages.page(OccurrencePage, rows, lambda row: (row.starts_at, row.id))


router = Router("/occurrences", route_handlers=[list_], tags=["occurrences"])
