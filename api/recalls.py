"""Taking back what was booked: by itself, where that was agreed, or with a change that it stands in the way of."""

from datetime import datetime
from uuid import UUID

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

import db.bookings
import db.recalls
from api.answers import AnyRequest
from api.changes import begin
from api.problems import problems
from db.connection import Connection
from domain import changes, errors
from domain.bookings import Booking, present
from domain.callers import Caller
from domain.errors import NotFound, StateDoesNotAllow
from domain.recalls import Recall, must_be_recallable


@post(
    "/recall",
    operation_id="recallBooking",
    status_code=200,
    responses=problems(NotFound, StateDoesNotAllow, errors.PreconditionFailed),
)
async def recall(
    request: AnyRequest,
    booking_id: FromPath[UUID],
    data: JSONBody[Recall],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Booking:
    """Have back some occurrences of a booking, this and later ones, or all; their places are free at once.

    Only what was booked while the asset's terms said `recallable`. The booker sees the note, and a claim is recorded
    of each. What is in the way of a closure or of other hours is recalled with these.
    """
    booking = await begin("recallBooking", request, conn, booking_id, caller, now, request_id)
    must_be_recallable(booking)
    chosen = changes.named("recallBooking", data, booking)
    await db.recalls.recall(
        conn,
        booking.owner_id,
        [each.id for each in chosen],
        data.note,
        caller=caller,
        now=now,
        request_id=request_id,
    )
    became = await db.bookings.load(conn, booking.id, caller.organisation_id, now)
    assert became is not None  # noqa: S101 - it is locked
    return present(became, caller, now)


router = Router("/bookings/{booking_id:uuid}", route_handlers=[recall], tags=["bookings"])
