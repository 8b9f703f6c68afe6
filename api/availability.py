"""When an asset is open, and when it is free."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from msgspec import Meta

import db.availability
from api.problems import problems
from db.availability import Found, T
from db.connection import Connection
from domain import permissions
from domain.availability import LONGEST_WINDOW, Availability, check_seen, check_window
from domain.callers import Caller
from domain.errors import NotFound
from domain.types import Instant

Units = Annotated[int, Meta(ge=1, le=10_000, description="How many are needed at once.")]


@get(operation_id="getAvailability", responses=problems(NotFound))
async def read(
    asset_id: FromPath[UUID],
    starts_at: FromQuery[Instant],
    ends_at: FromQuery[Instant],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller | None],
    now: NamedDependency[datetime],
    units: FromQuery[Units] = 1,
) -> Availability:
    """When an asset is open in a window of at most 92 days, and the maximal periods in which it can be had.

    `free` is cut to the window and to starts that notice and horizon allow; turnaround is taken off. Whether a
    booking must lie on steps, or may not be longer than so much, it does not say.
    """
    permissions.allow("getAvailability", caller)
    check_window(starts_at, ends_at, LONGEST_WINDOW)
    found = await db.availability.load(
        conn,
        asset_id,
        starts_at=starts_at,
        ends_at=ends_at,
        units=units,
        organisation_id=caller.organisation_id if caller else None,
        now=now,
    )
    return shown(found, caller)


def shown(found: Found[T] | None, caller: Caller | None) -> T:
    """What is answered of an asset's time. Raises NotFound, and Unauthenticated where it is people's."""
    if found is None:
        raise NotFound
    check_seen(found.kind, caller)
    return found.answer


router = Router("/assets/{asset_id:uuid}/availability", route_handlers=[read], tags=["availability"])
