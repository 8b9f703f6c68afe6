"""Moving occurrences of a booking: to another time, for longer or shorter, with more units or fewer.

What they occupied is given up and the new place taken in the one transaction: a refusal leaves all as it was.
"""

from datetime import datetime
from uuid import UUID

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

import db.bookings
import db.occupancies
from api.answers import AnyRequest
from api.changes import begin, save
from api.problems import problems
from db import seating
from db.connection import Connection
from domain import errors, moves
from domain.bookings import Booking, present
from domain.callers import Caller
from domain.errors import NotBookable, NotFound, StateDoesNotAllow
from domain.moves import Move


@post(
    "/move",
    operation_id="moveBooking",
    status_code=200,
    responses=problems(NotFound, NotBookable, StateDoesNotAllow, errors.PreconditionFailed),
)
async def move(
    request: AnyRequest,
    booking_id: FromPath[UUID],
    data: JSONBody[Move],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Booking:
    """Move, lengthen or shorten occurrences, or change their units: all that are named, or none.

    What takes more than it had keeps the rules of a new booking, and where the owner approves bookings is `pending`
    again. What has begun keeps its start; it can end early, also now.
    """
    now = await db.bookings.lock_account_of(conn, booking_id, caller.organisation_id, now=now)
    booking = await begin("moveBooking", request, conn, booking_id, caller, now, request_id)
    moved = moves.moves(data, booking, now)
    if not moved:
        return present(booking, caller, now)
    await seating.settle(conn, booking.place, now=now, request_id=request_id)
    had = await db.occupancies.release(conn, booking.place.id, booking.owner_id, [each.occurrence.id for each in moved])
    claim = moves.claimed(moved, booking, now)
    await seating.take(
        conn,
        moves.wanted(moved, had, booking),
        booking.place,
        booker_id=booking.booker_id,
        claim=claim,
        now=now,
        request_id=request_id,
    )
    return await save(
        conn,
        "moveBooking",
        moves.rewritten(data, moved, booking, caller),
        moves.become_moved(moved, claim, data.note),
        claim,
        unclaimed=[each.occurrence.id for each in moved if each.keeps_claim],
        note=data.note,
        caller=caller,
        now=now,
        request_id=request_id,
    )


router = Router("/bookings/{booking_id:uuid}", route_handlers=[move], tags=["bookings"])
