"""When a booking of a given length can start: what a widget shows."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from msgspec import Meta

import db.starts
from api.availability import Units, shown
from api.problems import problems
from db.connection import Connection
from domain import permissions
from domain.availability import check_window
from domain.callers import Caller
from domain.errors import NotFound
from domain.starts import LONGEST_WINDOW, Starts
from domain.types import Instant

Minutes = Annotated[
    int,
    Meta(ge=1, le=366 * 1440, description="How long the booking lasts, in elapsed minutes.", examples=[120]),
]


@get(operation_id="listStarts", responses=problems(NotFound))
async def read(
    asset_id: FromPath[UUID],
    starts_at: FromQuery[Instant],
    ends_at: FromQuery[Instant],
    minutes: FromQuery[Minutes],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller | None],
    now: NamedDependency[datetime],
    units: FromQuery[Units] = 1,
) -> Starts:
    """Every start from `starts_at` to before `ends_at`, at most 31 days, at which `minutes` can be booked.

    All rules of a booking are kept, so that each can be booked as it stands; the end may lie after `ends_at`. With a
    token, also what the caller must have (papers that count on that date, being verified): an unverified
    organisation is shown none. How many people come is not known here: `min_attendees` is not tested.
    """
    permissions.allow("listStarts", caller)
    check_window(starts_at, ends_at, LONGEST_WINDOW)
    found = await db.starts.load(
        conn,
        asset_id,
        starts_at=starts_at,
        ends_at=ends_at,
        minutes=minutes,
        units=units,
        organisation_id=caller.organisation_id if caller else None,
        now=now,
    )
    return shown(found, caller)


router = Router("/assets/{asset_id:uuid}/starts", route_handlers=[read], tags=["availability"])
