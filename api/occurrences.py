"""Occurrences by start: who is here today."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

import db.occurrences
from api.accept import CSV, JSON
from api.answers import Answer, AnyRequest
from api.cursors import Cursors
from api.lists import Cursor, Limit, Pages
from api.problems import problems
from api.sheets import Sheet
from db.connection import Connection
from domain import errors, permissions
from domain.callers import Caller
from domain.errors import Fault, Invalid
from domain.occurrences import COLUMNS, OccurrenceFilter, OccurrencePage, OccurrenceState, When
from domain.time import check_span
from domain.types import Instant


@get(
    operation_id="listOccurrences",
    responses=problems(errors.CursorInvalid, errors.CursorMismatch),
    opt={"produces": (JSON, CSV)},
)
async def list_(
    request: AnyRequest,
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
    when: FromQuery[When | None] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: FromQuery[Limit] = 20,
) -> Answer[OccurrencePage]:
    """What the caller's organisation owns or has booked, by start; with a period, what touches it.

    `when` asks for the days of each site: what touches today, tomorrow or this week from Monday to Sunday and stands,
    unless a `state` is asked for. With `Accept: text/csv`, a line that names the columns and one for each occurrence,
    in the site's local time; the next page is in `Link`, and cells that a spreadsheet would run begin with an
    apostrophe.
    """
    permissions.require("listOccurrences", caller)
    check_span(starts_at, ends_at)
    if when is not None and (starts_at is not None or ends_at is not None):
        raise Invalid([Fault("?when", "It cannot be combined with starts_at or ends_at.")])
    wanted = OccurrenceFilter(
        owner_id=owner_id,
        site_id=site_id,
        asset_id=asset_id,
        booker_id=booker_id,
        state=in_state,
        starts_at=starts_at,
        ends_at=ends_at,
        when=when,
    )
    pages = Pages(cursors, "listOccurrences", cursor, limit, wanted=wanted, caller=caller.organisation_id)
    rows = await db.occurrences.page(
        conn,
        caller.organisation_id,
        wanted,
        now=now,
        after=pages.position(tuple[datetime, UUID]),
        limit=limit + 1,
    )
    page = pages.page(OccurrencePage, rows, lambda row: (row.starts_at, row.id))
    if request.state.form == CSV:
        return Sheet(page, COLUMNS)
    return Answer(page)


router = Router("/occurrences", route_handlers=[list_], tags=["occurrences"])
