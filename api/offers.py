"""Offers: an owner holds a place for a group that said what it needs; the group accepts it or declines."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from uuid_utils.compat import uuid7

import db.bookings
import db.events
import db.occupancies
import db.offers
import db.places
import db.waiting
from api import skipped, waiting
from api.answers import Answer, AnyRequest, must_match
from api.cursors import Cursors
from api.lists import Cursor, Limit, Pages
from api.problems import problems
from db import seating
from db.connection import Connection
from domain import bookings, errors, offers, permissions, plans
from domain.callers import Caller
from domain.errors import Fault, Invalid, NotBookable, NotFound, StateDoesNotAllow
from domain.offers import ACTIONS, Offer, OfferFilter, OfferPage, OfferRequest, OfferState, Stored, present
from domain.plans import Claim, Place
from domain.requests import Asked, Wanted
from domain.skipped import Retry
from domain.time import Period
from domain.waiting import Skipped

NO_SUCH_NEED = "The asset meets no such need; `listAssetNeeds` says which it does."


@post(operation_id="createOffer", responses=problems(NotFound, StateDoesNotAllow))
async def create(
    data: JSONBody[OfferRequest],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Answer[Offer]:
    """Offer an asset for a need that it meets: its place is held for the asset's `offer_minutes`, no longer than to the
    first start.

    Whose need it is is told once they accept, which makes a confirmed booking of it. One offer at a time stands for a
    need and an asset; offers do not count as open holds. With `dry_run` nothing is stored.
    """
    place = await db.places.lock(conn, data.asset_id, caller.organisation_id)
    if place is None:
        raise NotFound("There is no such asset.")
    permissions.require("createOffer", caller, owner_id=place.owner_id)
    await must_not_stand(conn, data, place, now, request_id)
    found = await db.offers.wanting(conn, data.need_id, place.id, place.owner_id, now)
    occurrences = offers.chosen(found.occurrences, data.numbers, now) if found else []
    if not found or not occurrences:
        raise Invalid([Fault("#/need_id", NO_SUCH_NEED)])
    request = found.request
    expires_at = offers.deadline(place.offer_minutes, (each.starts_at for each in occurrences), now)
    asked = [Asked(uuid7(), Period(each.starts_at, each.ends_at), request.units) for each in occurrences]
    try:
        _, _, summary = await seating.take(
            conn,
            Wanted(asked=asked, attendees=request.attendees, offered=True),
            place,
            booker_id=found.booker_id,
            claim=Claim("held", held_until=expires_at),
            now=now,
            request_id=request_id,
        )
    except NotBookable:  # a booking of a whole or a part came in between
        raise Invalid([Fault("#/need_id", NO_SUCH_NEED)]) from None
    offer = offers.make(
        place,
        booker_id=found.booker_id,
        booker_kind=found.booker_kind,
        need_id=data.need_id,
        summary=summary,
        attendees=request.attendees,
        occurrences=occurrences,
        asked=asked,
        expires_at=expires_at,
        now=now,
    )
    await db.offers.insert(
        conn,
        offer,
        request.purpose,
        asked,
        place=place,
        caller=caller,
        now=now,
        request_id=request_id,
    )
    return Answer(present(offer, caller), status_code=200 if data.dry_run else 201)


async def must_not_stand(conn: Connection, data: OfferRequest, place: Place, now: datetime, request_id: str) -> None:
    """Write down that an offer of the asset for the need has lapsed. Raises StateDoesNotAllow where one stands."""
    if standing := await db.offers.standing(conn, data.need_id, place.id, place.owner_id, now):
        booking_id, lapsed = standing
        if not lapsed:
            raise StateDoesNotAllow("It is offered for this need already; wait for the answer, or withdraw it.")
        await db.occurrences.sweep(conn, place.owner_id, [booking_id], now=now, request_id=request_id)


@get(operation_id="listOffers", responses=problems(errors.CursorInvalid, errors.CursorMismatch))
async def list_(
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    cursors: NamedDependency[Cursors],
    in_state: Annotated[OfferState | None, QueryParameter(name="state")] = None,
    asset_id: FromQuery[UUID | None] = None,
    need_id: FromQuery[UUID | None] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: FromQuery[Limit] = 20,
) -> OfferPage:
    """What the caller's organisation has offered, as owner, and was offered for its needs; newest first."""
    permissions.require("listOffers", caller)
    wanted = OfferFilter(asset_id, need_id, in_state)
    pages = Pages(cursors, "listOffers", cursor, limit, wanted=wanted, caller=caller.organisation_id)
    rows = await db.offers.page(
        conn, caller.organisation_id, wanted, now=now, after=pages.position(UUID), limit=limit + 1
    )
    return pages.page(OfferPage, [present(each, caller) for each in rows], lambda offer: offer.id)


@get("/{offer_id:uuid}", operation_id="getOffer", responses=problems(NotFound))
async def read(
    offer_id: FromPath[UUID],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
) -> Offer:
    """An offer as it is now, to its owner and to the organisation whose need it is for."""
    return present(await load(conn, "getOffer", offer_id, caller, now), caller)


@post(
    "/{offer_id:uuid}/accept",
    operation_id="acceptOffer",
    status_code=200,
    responses=problems(NotFound, StateDoesNotAllow, NotBookable, errors.PreconditionFailed),
)
async def accept(
    request: AnyRequest,
    offer_id: FromPath[UUID],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Offer:
    """Take what is offered: it is booked, and counts for the need or ends the waiting.

    What an owner offers for a need is confirmed; what came free for a waiting list is `pending` where the owner
    approves bookings. It can be had as it was offered, whatever became of the asset's terms since; 409 `not-bookable`
    where it was closed.
    """
    offer, place = await begin("acceptOffer", request, conn, offer_id, caller, now, request_id)
    found = None
    if offer.waiting_id:
        await db.waiting.lock(conn, offer.waiting_id, offer.owner_id)
        found = await db.waiting.skipped(conn, offer.id, offer.owner_id)
    if found:
        await have_skipped(conn, offer, place, found, caller, now, request_id)
    else:
        await book(conn, offer, place, caller, now, request_id)
    if offer.waiting_id:
        numbers = [each.number for each in offer.occurrences]
        await waiting.meet(conn, offer.waiting_id, offer.owner_id, numbers, offer.id, caller, now, request_id)
    ended = await end("acceptOffer", conn, offer, caller, now, request_id)
    if found is None:
        return ended
    await db.offers.put_into(conn, offer, found.booking_id)
    return present(await load(conn, "acceptOffer", offer.id, caller, now), caller)


@post(
    "/{offer_id:uuid}/decline",
    operation_id="declineOffer",
    status_code=200,
    responses=problems(NotFound, StateDoesNotAllow, errors.PreconditionFailed),
)
async def decline(
    request: AnyRequest,
    offer_id: FromPath[UUID],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Offer:
    """Do without what is offered: its place is free at once. Its owner is not told whose need it was."""
    offer, _ = await begin("declineOffer", request, conn, offer_id, caller, now, request_id)
    await db.offers.release(conn, offer)
    if offer.waiting_id:
        await waiting.leave(conn, offer.waiting_id, offer.owner_id, caller, now, request_id)
    return await end("declineOffer", conn, offer, caller, now, request_id)


@post(
    "/{offer_id:uuid}/withdraw",
    operation_id="withdrawOffer",
    status_code=200,
    responses=problems(NotFound, StateDoesNotAllow, errors.PreconditionFailed),
)
async def withdraw(
    request: AnyRequest,
    offer_id: FromPath[UUID],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Offer:
    """Take back what was offered and is not answered yet: its place is free at once."""
    offer, _ = await begin("withdrawOffer", request, conn, offer_id, caller, now, request_id)
    if offer.waiting_id:
        raise StateDoesNotAllow("It is for whoever was first in line, who alone can answer it.")
    await db.offers.release(conn, offer)
    return await end("withdrawOffer", conn, offer, caller, now, request_id)


async def book(conn: Connection, offer: Stored, place: Place, caller: Caller, now: datetime, request_id: str) -> None:
    """Give the group the booking that kept the place of an offer, seated anew."""
    held = await db.offers.held(conn, offer)
    await seating.settle(conn, place, now=now, request_id=request_id)
    await db.occupancies.release(conn, place.id, place.owner_id, [each.id for each in held])
    starts = [each.period.starts_at for each in held]
    claim = plans.confirmed(place, now) if offer.need_id else plans.claim(place, offer.booker_id, starts, now=now)
    await seating.take(
        conn,
        Wanted(asked=held, attendees=offer.attendees, ignore_terms=True),
        place,
        booker_id=offer.booker_id,
        claim=claim,
        now=now,
        request_id=request_id,
    )
    await db.offers.accept(conn, offer, held, claim, now)
    booking = await db.bookings.load(conn, offer.booking_id, caller.organisation_id, now)
    assert booking is not None  # noqa: S101 - it is the caller's by now
    await db.bookings.sweep_later(conn, booking.owner_id, booking.id, claim)
    await db.bookings.match_need(conn, booking)
    await db.events.append(
        conn,
        type="booking.created",
        object_kind="booking",
        object_id=booking.id,
        owner_id=booking.owner_id,
        booker_id=booking.booker_id,
        version=1,
        before=None,
        after={**bookings.told_new(booking), "offer_id": offer.id},
        caller=caller,
        now=now,
        request_id=request_id,
    )


async def have_skipped(
    conn: Connection,
    offer: Stored,
    place: Place,
    found: Skipped,
    caller: Caller,
    now: datetime,
    request_id: str,
) -> None:
    """Have a skipped occurrence of a booking in the place that was kept for it. Raises StateDoesNotAllow."""
    await seating.settle(conn, place, now=now, request_id=request_id)
    await db.offers.release(conn, offer)
    booking = await db.bookings.lock(conn, found.booking_id, caller.organisation_id, now=now, request_id=request_id)
    assert booking is not None  # noqa: S101 - it is the caller's
    await skipped.had(
        conn,
        booking,
        Retry(occurrence_ids=[found.occurrence_id]),
        offered=True,
        caller=caller,
        now=now,
        request_id=request_id,
    )


async def load(conn: Connection, operation: str, offer_id: UUID, caller: Caller, now: datetime) -> Stored:
    """An offer that the caller may do this with. Raises NotFound, Forbidden."""
    offer = await db.offers.load(conn, offer_id, caller.organisation_id, now)
    if offer is None:
        raise NotFound
    permissions.require(operation, caller, owner_id=offer.owner_id, booker_id=offer.booker_id)
    return offer


async def begin(
    operation: str,
    request: AnyRequest,
    conn: Connection,
    offer_id: UUID,
    caller: Caller,
    now: datetime,
    request_id: str,
) -> tuple[Stored, Place]:
    """An offer that stands and that the caller may answer or take back, with its asset; both locked.

    Raises NotFound, Forbidden, PreconditionFailed, StateDoesNotAllow.
    """
    found = await db.offers.find(conn, offer_id, caller.organisation_id)
    if found is None:
        raise NotFound
    booking_id, asset_id, owner_id, waiting_id = found
    if operation == "acceptOffer":
        counted = caller.state != "verified"
        now = await db.bookings.lock_account(conn, asset_id, caller.organisation_id, counted=counted, now=now)
    if waiting_id:
        await db.waiting.lock_assets(conn, waiting_id, owner_id)
    place = await db.bookings.lock_whole(conn, booking_id, asset_id, owner_id)
    await db.occurrences.sweep(conn, owner_id, [booking_id], now=now, request_id=request_id)
    offer = await load(conn, operation, offer_id, caller, now)
    must_match(request, present(offer, caller))
    offers.must_stand(offer)
    return offer, place


async def end(operation: str, conn: Connection, offer: Stored, caller: Caller, now: datetime, request_id: str) -> Offer:
    """Write down what an operation made of a locked offer: the offer as it is then."""
    freed = await db.offers.end(
        conn,
        offer.owner_id,
        offer.booking_id,
        ACTIONS[operation],
        moment=now,
        caller=caller,
        now=now,
        request_id=request_id,
    )
    if operation != "acceptOffer":
        await db.freed.tell(conn, freed)
    return present(await load(conn, operation, offer.id, caller, now), caller)


router = Router("/offers", route_handlers=[create, list_, read, accept, decline, withdraw], tags=["offers"])
