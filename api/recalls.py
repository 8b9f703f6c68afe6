"""Taking back what was booked: by itself, where that was agreed, or with a change that it stands in the way of."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

import db.alternatives
import db.recalls
from api.answers import AnyRequest, etag, must_match
from api.changes import answered, begin
from api.problems import problems
from db.connection import Connection
from domain import changes, errors
from domain.bookings import Alternative, Booking, Refusal
from domain.callers import Caller
from domain.closures import ClosureRequest
from domain.errors import Fault, Invalid, NotFound, StateDoesNotAllow
from domain.hours import HoursRequest
from domain.recalls import BECOMES, BookingHit, Recall, must_be_recallable, taken_back

TRY_FIRST = (
    "Send the same with `dry_run: true`, look at `bookings_hit`, and send the ETag of that answer as If-Match with"
    " `recall: true`."
)
MOST = 5000  # occurrences at once, while all their assets are locked
OFFERED = 5  # as many of what is recalled have alternatives as of what is refused


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
    chosen = changes.named("recallBooking", data, booking, now)
    await db.recalls.recall(
        conn,
        booking.owner_id,
        [each.id for each in chosen],
        data.note,
        caller=caller,
        now=now,
        request_id=request_id,
    )
    return await answered(conn, booking, caller, now)


async def settle(
    request: AnyRequest,
    conn: Connection,
    data: HoursRequest | ClosureRequest,
    before: object,
    after: object,
    hits: list[BookingHit],
    *,
    owner_id: UUID,
    required: bool = False,
    caller: Caller,
    now: datetime,
    request_id: str,
) -> tuple[list[BookingHit], str]:
    """Say what a change that is stored does to bookings, and with `recall` do it: the hits as they are then, and the
    ETag of the answer.

    `before` and `after` as GET answers them; `before` None: there was nothing. `required`: If-Match is. Raises
    Invalid, PreconditionFailed, PreconditionRequired.
    """
    if data.recall and len(hits) > MOST:
        text = f"It hits {len(hits)} occurrences, and at most {MOST} are recalled at once: do it part by part."
        raise Invalid([Fault("#/recall", text)])
    dry = etag(("" if before is None else etag(before), hits))
    if data.recall and not data.dry_run:
        must_match(request, None, dry, required=True, detail=TRY_FIRST)
    else:
        must_match(request, before, dry, required=required and not data.dry_run)
    if data.recall:
        ids = [each.occurrence_id for each in hits]
        await db.recalls.recall(conn, owner_id, ids, data.note, caller=caller, now=now, request_id=request_id)
        hits = taken_back(hits, await instead(conn, owner_id, hits, now))
    return hits, dry if data.dry_run else etag(after)


async def instead(
    conn: Connection, owner_id: UUID, hits: Sequence[BookingHit], now: datetime
) -> dict[UUID, list[Alternative]]:
    """What their bookers could have instead of the first occurrences that are recalled."""
    recalled = [each for each in hits if BECOMES.get(each.state) == "recalled"][:OFFERED]
    unmet = await db.recalls.unmet(conn, owner_id, [each.occurrence_id for each in recalled])
    found = {}
    for each in recalled:
        refused = Refusal(each.starts_at, each.ends_at, free=False, why_not=[], alternatives=[])
        offered = await db.alternatives.find(conn, unmet[each.occurrence_id], [refused], now)
        found[each.occurrence_id] = offered.get(0, [])
    return found


router = Router("/bookings/{booking_id:uuid}", route_handlers=[recall], tags=["bookings"])
