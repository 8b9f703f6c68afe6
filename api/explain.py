"""Why a period can be booked or cannot."""

from datetime import datetime
from uuid import UUID

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

import db.explain
from api.availability import Units, shown
from api.problems import problems
from api.search import Attendees
from db.connection import Connection
from domain import permissions
from domain.availability import check_window
from domain.callers import Caller
from domain.errors import NotFound
from domain.explain import Explanation
from domain.requests import LONGEST
from domain.time import Period
from domain.types import Instant


@get(operation_id="explainPeriod", responses=problems(NotFound))
async def read(
    asset_id: FromPath[UUID],
    starts_at: FromQuery[Instant],
    ends_at: FromQuery[Instant],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller | None],
    now: NamedDependency[datetime],
    units: FromQuery[Units] = 1,
    attendees: FromQuery[Attendees | None] = None,
) -> Explanation:
    """Every rule that a booking of one period must keep, passed or failed, and the nearest periods that would work.

    The same rules with the same codes as a refused booking, a dry run and search. With a token, also those about the
    caller: its papers on that date, being verified. `would_work` has the same start with the nearest length where
    the length is wrong, and the nearest start before and after within 14 days, each tested by all rules.
    """
    permissions.allow("explainPeriod", caller)
    check_window(starts_at, ends_at, LONGEST)
    found = await db.explain.load(
        conn,
        asset_id,
        Period(starts_at, ends_at),
        units=units,
        attendees=attendees,
        organisation_id=caller.organisation_id if caller else None,
        now=now,
    )
    return shown(found, caller)


router = Router("/assets/{asset_id:uuid}/explain", route_handlers=[read], tags=["availability"])
