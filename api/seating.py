"""Taking units for the periods of a request, others being moved among units where only their places are in the way."""

from datetime import datetime
from uuid import UUID

import db.occupancies
import db.occurrences
from db.connection import Connection
from domain import plans, requests, units
from domain.assets import AssetSummary
from domain.errors import Overloaded
from domain.plans import Place, Plan
from domain.requests import Wanted
from domain.units import Seat

TRIES = 4


async def take(
    conn: Connection,
    wanted: Wanted,
    place: Place,
    *,
    booker_id: UUID,
    held_until: datetime | None,
    now: datetime,
    request_id: str,
) -> tuple[Plan, list[Seat], AssetSummary]:
    """Occupy what can be had of a locked asset.

    A booking of a whole around it or a part in it may come in between: then it looks again.
    Raises NotBookable, Invalid.
    """
    requests.check_work(wanted, place.units)
    for _ in range(TRIES):
        standing = await db.occupancies.assess(conn, wanted, place, booker_id=booker_id, now=now)
        plan = plans.plan(wanted, place, standing.why_not, standing.seats, standing.rows, booker_id=booker_id, now=now)
        seats = units.seat(plan.wishes, standing.seats, place.units)
        lapsed = standing.lapsed
        if seats is None:  # those who move may meet more of them: all are locked at once, in the one order
            lapsed = [*lapsed, *await db.occupancies.lapsed(conn, place.id, place.owner_id, now)]
        if lapsed:
            await db.occurrences.sweep(conn, place.owner_id, lapsed, now=now, request_id=request_id)
            await db.occupancies.clear(conn, place.owner_id, lapsed, now)
        if seats is None:
            seats = await move_others(conn, place, plan, now=now)
        taken = await db.occupancies.take(
            conn, asset_id=place.id, owner_id=place.owner_id, seats=seats, held_until=held_until
        )
        if taken == len(seats) * standing.rows:
            return plan, seats, standing.summary
        await db.occupancies.release(conn, place.id, place.owner_id, [wish.occurrence for wish in plan.wishes])
    raise Overloaded


async def move_others(conn: Connection, place: Place, plan: Plan, *, now: datetime) -> list[Seat]:
    """Move later occupancies of an asset among its units, so that each wish has some throughout. The wishes' seats."""
    before = await db.occupancies.around(conn, place.id, place.owner_id, now, plan.wishes)
    placed = units.reseat(plan.wishes, before, place.units)
    await db.occupancies.move(conn, place.id, place.owner_id, before, placed[: len(before)])
    return placed[len(before) :]
