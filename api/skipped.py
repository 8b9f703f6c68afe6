"""Asking again for what was skipped when a booking was made."""

from datetime import datetime
from uuid import UUID

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import structs

import db.bookings
import db.waiting
from api import waiting
from api.answers import AnyRequest
from api.changes import begin, save
from api.problems import problems
from db import seating
from db.connection import Connection
from domain import changes, errors, skipped
from domain.bookings import Booking
from domain.callers import Caller
from domain.errors import NotBookable, NotFound, StateDoesNotAllow
from domain.plans import Locked
from domain.skipped import Retry


@post(
    "/retry-skipped",
    operation_id="retrySkipped",
    status_code=200,
    responses=problems(NotFound, NotBookable, StateDoesNotAllow, errors.PreconditionFailed),
)
async def retry(
    request: AnyRequest,
    booking_id: FromPath[UUID],
    data: JSONBody[Retry],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Booking:
    """Ask again for what was skipped: every rule must hold as of a new booking made now, and it costs what that does.

    What is had is `held` until `hold_expires_at` while the booking is a hold, else `pending` where the owner approves
    bookings, else `confirmed`. With `if_some_unavailable: "skip"` the rest stays `skipped`, and `why_not` says what
    stands against it now; its `sequence` grows only if that is something else than before. Where nothing can be had,
    nothing has changed.
    """
    counted = caller.state != "verified"
    now = await db.bookings.lock_account_of(conn, booking_id, caller.organisation_id, counted=counted, now=now)
    booking = await begin("retrySkipped", request, conn, booking_id, caller, now, request_id)
    return await had(conn, booking, data, caller=caller, now=now, request_id=request_id)


async def had(
    conn: Connection,
    booking: Locked,
    data: Retry,
    *,
    offered: bool = False,
    caller: Caller,
    now: datetime,
    request_id: str,
) -> Booking:
    """Have what a locked booking skipped, as it was `offered`, or by the terms of now. Raises NotBookable,
    StateDoesNotAllow.
    """
    chosen = changes.named("retrySkipped", data, booking, now)
    planned, *_ = await seating.take(
        conn,
        structs.replace(skipped.wanted(data, chosen, booking), ignore_terms=offered),
        booking.place,
        booker_id=booking.booker_id,
        claim=None,  # what is got decides which it is: `save` writes that
        now=now,
        request_id=request_id,
    )
    got = [each for each in chosen if each.id not in planned.why_not]
    claim = skipped.claimed(got, booking, now)
    if not offered:
        for waiting_id, numbers in await db.waiting.for_skipped(conn, booking.owner_id, [each.id for each in got]):
            await db.waiting.lock(conn, waiting_id, booking.owner_id)
            await waiting.meet(conn, waiting_id, booking.owner_id, numbers, None, caller, now, request_id)
    return await save(
        conn,
        "retrySkipped",
        changes.priced(booking, got, caller),
        skipped.become_had(chosen, planned.why_not, claim, data.note),
        claim,
        unclaimed=planned.why_not,
        note=data.note,
        caller=caller,
        now=now,
        request_id=request_id,
    )


router = Router("/bookings/{booking_id:uuid}", route_handlers=[retry], tags=["bookings"])
