"""Taking units for the periods of a request, others being moved among units where only their places are in the way.

What has come free goes first to those who wait in line for it.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
from msgspec import structs
from uuid_utils.compat import uuid7

import db.fairness
import db.occupancies
import db.occurrences
import db.offers
import db.parts
import db.places
import db.waiting
from db.connection import Connection, session
from db.occupancies import Standing
from domain import fairness, offers, plans, requests, units
from domain.assets import AssetSummary
from domain.errors import Invalid, NotBookable, Overloaded
from domain.matches import MetOccurrence
from domain.plans import Claim, Place, Plan
from domain.requests import Asked, Wanted
from domain.time import Period
from domain.units import Seat
from domain.waiting import Candidate, Freed

TRIES = 6
AT_ONCE = 200  # of those in line, asked about in one statement


async def take(
    conn: Connection,
    wanted: Wanted,
    place: Place,
    *,
    booker_id: UUID,
    claim: Claim | None,
    now: datetime,
    request_id: str | None,
) -> tuple[Plan, list[Seat], AssetSummary]:
    """Occupy what can be had of a locked asset, once those in line were offered what came free of it, as long as the
    claim says; None: until something else is said.

    A booking of a whole around it or a part in it may come in between: then it looks again.
    Raises NotBookable, Invalid.
    """
    requests.check_work(wanted, place.units)
    if place.allowance is not None:  # what no longer counts of it must not come to count by a request from before
        await sweep(conn, place, now=now, request_id=request_id)
    for _ in range(TRIES):
        await offer_freed(conn, now=now, request_id=request_id)
        standing = await db.occupancies.assess(conn, wanted, place, booker_id=booker_id, now=now)
        must_count(conn, standing, wanted, place, booker_id)
        if standing.lapsed:
            await sweep(conn, place, now=now, request_id=request_id)
            continue
        try:
            plan = plans.plan(
                wanted, place, standing.why_not, standing.seats, standing.rows, booker_id=booker_id, now=now
            )
        except NotBookable as refused:
            refused.came_free = bool(session(conn).offered)
            raise
        seats = units.seat(plan.wishes, standing.seats, place.units)
        if seats is None:
            if await sweep(conn, place, now=now, request_id=request_id):
                continue  # those who move would have met it
            seats = await move_others(conn, place, plan, now=now)
        kept = until(seats, wanted, claim)
        taken = await db.occupancies.take(conn, asset_id=place.id, owner_id=place.owner_id, seats=kept)
        if taken == len(seats) * standing.rows:
            if standing.waited_for and any(each.held_until for each in kept):
                session(conn).held.add((place.owner_id, place.id))
            return plan, seats, standing.summary
        await db.occupancies.release(conn, place.id, place.owner_id, [wish.occurrence for wish in plan.wishes])
    raise Overloaded


def must_count(conn: Connection, standing: Standing, wanted: Wanted, place: Place, booker_id: UUID) -> None:
    """Raises SerializationError where the owner's first limit was made after the request had found none, and so had not
    locked what it counts: it is run again.
    """
    if standing.limited and not wanted.offered and (place.owner_id, booker_id) not in session(conn).accounts:
        raise asyncpg.SerializationError("a limit was made meanwhile")


def until(seats: Sequence[Seat], wanted: Wanted, claim: Claim | None) -> list[Seat]:
    """Seats with when they are free by themselves."""
    ends = {each.id: claim and claim.until(each.period) for each in wanted.asked}
    return [structs.replace(each, held_until=ends[each.occurrence]) for each in seats if each.occurrence]


async def sweep(conn: Connection, place: Place, *, now: datetime, request_id: str | None) -> bool:
    """Free all that has lapsed of a locked asset and its parts, at once, as bookings are locked in one order: whether
    anything had.
    """
    lapsed = await db.parts.lapsed(conn, place.owner_id, place.id, now)
    if lapsed:
        await db.occurrences.sweep(conn, place.owner_id, lapsed, now=now, request_id=request_id)
        await db.occupancies.clear(conn, place.owner_id, lapsed, now)
    return bool(lapsed)


async def settle(conn: Connection, place: Place, *, now: datetime, request_id: str | None) -> None:
    """Offer what has lapsed of a locked asset to those in line, before anything of it is given up to take something
    else: that is no place for them.
    """
    await sweep(conn, place, now=now, request_id=request_id)
    await offer_freed(conn, now=now, request_id=request_id)


async def finish(conn: Connection, *, now: datetime, request_id: str | None) -> None:
    """At the end of a transaction: offer what came free in it, and have what is held stay taken for those in line."""
    await offer_freed(conn, now=now, request_id=request_id)
    for owner_id, asset_id in sorted(session(conn).held):
        await db.waiting.keep(conn, owner_id, asset_id)


async def offer_freed(conn: Connection, *, now: datetime, request_id: str | None) -> None:
    """Offer what came free in this transaction to those in line for it."""
    remembered = session(conn).freed
    while remembered:
        each = remembered.pop(0)
        for asset_id in await db.waiting.waited_for(conn, each, now):
            place = await db.places.lock_another(conn, asset_id, each.owner_id)
            await serve(conn, place, each, now=now, request_id=request_id)


async def serve(conn: Connection, place: Place, came_free: Freed, *, now: datetime, request_id: str | None) -> None:
    """Offer what came free of a locked asset, in the fair order of the moment when it did, while any of it is left.

    All else that has come free of it goes first, or somebody could be offered that, too, while it looks for a place.
    """
    await settle(conn, place, now=now, request_id=request_id)
    seed = await db.fairness.seed(conn, came_free.moment.date())
    in_line = fairness.in_order(await db.waiting.candidates(conn, place.id, came_free, now), seed)
    while some := in_line[:AT_ONCE]:
        n, free = await db.waiting.first(conn, place.id, came_free, some, now)
        if free:
            await offer(conn, place, some[n], came_free, free, now=now, request_id=request_id)
        in_line = in_line[n + 1 :]  # those before them may not have it, and less of it is left
    session(conn).held.add((place.owner_id, place.id))


async def offer(
    conn: Connection,
    place: Place,
    candidate: Candidate,
    came_free: Freed,
    units_free: int,
    *,
    now: datetime,
    request_id: str | None,
) -> None:
    """Hold a place of a locked asset for somebody in line, unless they left meanwhile or it was taken."""
    if not await db.waiting.lock_waiting(conn, candidate.waiting_id, place.owner_id, candidate.number, now):
        return
    expires_at = offers.deadline(place.offer_minutes, [candidate.starts_at], now)
    asked = Asked(uuid7(), Period(candidate.starts_at, candidate.ends_at), candidate.units)
    try:
        _, _, summary = await take(
            conn,
            Wanted(asked=[asked], attendees=candidate.attendees, offered=True),
            place,
            booker_id=candidate.contender.organisation_id,
            claim=Claim("held", held_until=expires_at),
            now=now,
            request_id=request_id,
        )
    except (NotBookable, Invalid):
        return
    made = offers.make(
        place,
        booker_id=candidate.contender.organisation_id,
        booker_kind=candidate.booker_kind,
        waiting_id=candidate.waiting_id,
        freed_at=came_free.moment,
        summary=summary,
        attendees=candidate.attendees,
        occurrences=[MetOccurrence(candidate.number, candidate.starts_at, candidate.ends_at)],
        asked=[asked],
        expires_at=expires_at,
        now=now,
    )
    await db.offers.insert(
        conn,
        made,
        candidate.purpose,
        [asked],
        ranked={"minutes_held": candidate.contender.minutes, "units_free": units_free},
        place=place,
        caller=None,
        now=now,
        request_id=request_id,
    )
    session(conn).offered.add(candidate.waiting_id)


async def move_others(conn: Connection, place: Place, plan: Plan, *, now: datetime) -> list[Seat]:
    """Move later occupancies of an asset among its units, so that each wish has some throughout. The wishes' seats."""
    before = await db.occupancies.around(conn, place.id, place.owner_id, now, plan.wishes)
    placed = units.reseat(plan.wishes, before, place.units)
    await db.occupancies.move(conn, place.id, place.owner_id, before, placed[: len(before)])
    return placed[len(before) :]
