"""Who came: an occurrence is checked in, or its owner says that nobody has come."""

from datetime import datetime
from uuid import UUID

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.answers import AnyRequest
from api.changes import begin, save
from api.problems import problems
from db.connection import Connection
from domain import changes, errors
from domain.bookings import Booking
from domain.callers import Caller
from domain.changes import CheckIn, NoShow
from domain.errors import NotFound, StateDoesNotAllow


@post(
    "/check-in",
    operation_id="checkIn",
    status_code=200,
    responses=problems(NotFound, StateDoesNotAllow, errors.PreconditionFailed),
)
async def check_in(
    request: AnyRequest,
    booking_id: FromPath[UUID],
    data: JSONBody[CheckIn],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Booking:
    """Say that somebody has come, from 30 minutes before the start to the end. With `all` that is of whatever is due.

    Where the asset's terms ask for it, an occurrence has `check_in_by`: what is not checked in by then is a no-show,
    and the rest of its time is free. Checked in, it stays to its end.
    """
    booking = await begin("checkIn", request, conn, booking_id, caller, now, request_id)
    checked_in = changes.outcome("checkIn", data, booking, now)
    return await save(
        conn, "checkIn", booking, checked_in, note=data.note, caller=caller, now=now, request_id=request_id
    )


@post(
    "/no-show",
    operation_id="reportNoShow",
    status_code=200,
    responses=problems(NotFound, StateDoesNotAllow, errors.PreconditionFailed),
)
async def report_no_show(
    request: AnyRequest,
    booking_id: FromPath[UUID],
    data: JSONBody[NoShow],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Booking:
    """Say that nobody has come to what has begun and is not checked in: the rest of its time is free at once.

    With `all` that is of whatever is going on. It counts in the booker's `record`, who sees the note.
    """
    booking = await begin("reportNoShow", request, conn, booking_id, caller, now, request_id)
    missed = changes.outcome("reportNoShow", data, booking, now)
    return await save(
        conn, "reportNoShow", booking, missed, note=data.note, caller=caller, now=now, request_id=request_id
    )


router = Router("/bookings/{booking_id:uuid}", route_handlers=[check_in, report_no_show], tags=["bookings"])
