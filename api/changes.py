"""What is done to a booking: confirmed, approved, declined, given back.

Each change locks the booking and sees it as it is now, decides in `domain/changes.py`, and stores what its occurrences
became with one event. A dry run does the same, and is rolled back.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

import db.bookings
from api.answers import AnyRequest, must_match
from api.problems import problems
from db import seating
from db.connection import Connection
from domain import changes, errors, permissions, plans
from domain.bookings import Booking, present
from domain.callers import Caller
from domain.changes import Cancellation, Confirmation, Decision
from domain.errors import HoldExpired, NotBookable, NotFound, StateDoesNotAllow
from domain.occurrences import Occurrence
from domain.plans import Claim, Locked
from domain.transitions import ACTIONS

NOTHING_MORE = Confirmation()


@post(
    "/confirm",
    operation_id="confirmBooking",
    status_code=200,
    opt={"body": "optional"},
    responses=problems(NotFound, StateDoesNotAllow, HoldExpired, errors.PreconditionFailed),
)
async def confirm(
    request: AnyRequest,
    booking_id: FromPath[UUID],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
    data: JSONBody[Confirmation] = NOTHING_MORE,
) -> Booking:
    """Make a booking of a hold: `pending` where the owner approves bookings, else `confirmed`.

    What has expired is booked anew, at the price of now, if all of it can still be had and every rule still holds, else
    that is 409 `hold-expired` with every occurrence that cannot.
    """
    del data
    counted = caller.state != "verified"
    now = await db.bookings.lock_account_of(conn, booking_id, caller.organisation_id, counted=counted, now=now)
    booking = await begin("confirmBooking", request, conn, booking_id, caller, now, request_id)
    chosen = changes.all_of("confirmBooking", booking, now)
    claim = plans.claim(booking.place, booking.booker_id, (each.starts_at for each in chosen), now=now)
    if expired := [each for each in chosen if each.state == "expired"]:
        try:
            await seating.take(
                conn,
                changes.again(booking, expired),
                booking.place,
                booker_id=booking.booker_id,
                claim=claim,
                now=now,
                request_id=request_id,
            )
        except NotBookable as refused:
            expired_too = HoldExpired(refused.occurrences, refused.unmet, refused.detail)
            expired_too.came_free = refused.came_free
            raise expired_too from None
        booking = changes.priced(booking, expired, caller)
    confirmed = [changes.become(each, claim.state, check_in_by=claim.check_in_by(each.period)) for each in chosen]
    return await save(conn, "confirmBooking", booking, confirmed, claim, caller=caller, now=now, request_id=request_id)


@post(
    "/approve",
    operation_id="approveBooking",
    status_code=200,
    responses=problems(NotFound, StateDoesNotAllow, errors.PreconditionFailed),
)
async def approve(
    request: AnyRequest,
    booking_id: FromPath[UUID],
    data: JSONBody[Decision],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Booking:
    """Approve all or some of what was asked for: it is `confirmed`. The booker sees the note."""
    now = await db.bookings.lock_account_of(conn, booking_id, caller.organisation_id, now=now)
    booking = await begin("approveBooking", request, conn, booking_id, caller, now, request_id)
    approved = changes.outcome("approveBooking", data, booking, now, plans.confirmed(booking.place, now))
    return await save(
        conn, "approveBooking", booking, approved, note=data.note, caller=caller, now=now, request_id=request_id
    )


@post(
    "/decline",
    operation_id="declineBooking",
    status_code=200,
    responses=problems(NotFound, StateDoesNotAllow, errors.PreconditionFailed),
)
async def decline(
    request: AnyRequest,
    booking_id: FromPath[UUID],
    data: JSONBody[Decision],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Booking:
    """Decline all or some of what was asked for: its place is free at once. The booker sees the note."""
    booking = await begin("declineBooking", request, conn, booking_id, caller, now, request_id)
    declined = changes.outcome("declineBooking", data, booking, now)
    return await save(
        conn, "declineBooking", booking, declined, note=data.note, caller=caller, now=now, request_id=request_id
    )


@post(
    "/cancel",
    operation_id="cancelBooking",
    status_code=200,
    responses=problems(NotFound, StateDoesNotAllow, errors.PreconditionFailed),
)
async def cancel(
    request: AnyRequest,
    booking_id: FromPath[UUID],
    data: JSONBody[Cancellation],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Booking:
    """Give back some occurrences of a booking, this and later ones, or all; their places are free at once.

    By the booker and nearer to the start than the owner's notice, it is recorded as late.
    """
    booking = await begin("cancelBooking", request, conn, booking_id, caller, now, request_id)
    cancelled = changes.cancel(data, booking, caller, now)
    return await save(
        conn, "cancelBooking", booking, cancelled, note=data.note, caller=caller, now=now, request_id=request_id
    )


async def begin(
    operation: str,
    request: AnyRequest,
    conn: Connection,
    booking_id: UUID,
    caller: Caller,
    now: datetime,
    request_id: str,
) -> Locked:
    """The booking, locked, which the caller may change in this way and knows as it is.

    Raises NotFound, Forbidden, PreconditionFailed.
    """
    booking = await db.bookings.lock(conn, booking_id, caller.organisation_id, now=now, request_id=request_id)
    if booking is None:
        raise NotFound
    permissions.require(operation, caller, owner_id=booking.owner_id, booker_id=booking.booker_id)
    must_match(request, present(booking, caller, now))
    return booking


async def save(
    conn: Connection,
    operation: str,
    booking: Locked,
    changed: Sequence[Occurrence],
    claim: Claim | None = None,
    *,
    unclaimed: Collection[UUID] = (),
    note: str | None = None,
    caller: Caller,
    now: datetime,
    request_id: str,
) -> Booking:
    """Store what an operation made of occurrences of a locked booking, with the claim they have now, but for those
    `unclaimed`, which keep theirs: the booking as it is then.
    """
    before, after = changes.recorded(booking, changed, note)
    await db.bookings.change(
        conn,
        booking,
        changed,
        claim,
        unclaimed,
        type=ACTIONS[operation].event,
        object_kind="booking",
        object_id=booking.id,
        owner_id=booking.owner_id,
        booker_id=booking.booker_id,
        version=booking.version + 1,
        before=before,
        after=after,
        caller=caller,
        now=now,
        request_id=request_id,
    )
    return await answered(conn, booking, caller, now)


async def answered(conn: Connection, booking: Locked, caller: Caller, now: datetime) -> Booking:
    """A locked booking as it is after its change."""
    became = await db.bookings.load(conn, booking.id, caller.organisation_id, now)
    assert became is not None  # noqa: S101 - it is locked
    return present(became, caller, now)


router = Router("/bookings/{booking_id:uuid}", route_handlers=[confirm, approve, decline, cancel], tags=["bookings"])
