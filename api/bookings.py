"""Booking an asset, looking at what was booked, giving it back."""

from datetime import datetime
from functools import partial
from typing import Annotated, Literal
from uuid import UUID

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from uuid_utils.compat import uuid7

import db.bookings
import db.needs
import db.occupancies
import db.places
import db.shares
from api.answers import Answer
from api.cursors import Cursors
from api.lists import Cursor, Limit, Pages
from api.problems import problems
from db import seating
from db.connection import Connection
from domain import bookings, errors, permissions, plans, requests
from domain.bookings import Booking, BookingFilter, BookingPage, present
from domain.callers import Caller
from domain.errors import Fault, Forbidden, Invalid, NotBookable, NotFound
from domain.occurrences import BookingState
from domain.requests import BookingRequest
from domain.time import check_span
from domain.types import Instant


@post(operation_id="bookAsset", responses=problems(NotFound, NotBookable))
async def book(
    data: JSONBody[BookingRequest],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Answer[Booking]:
    """Book an asset for one or more periods, or for the same wall-clock period every so many weeks.

    A refusal names every occurrence with all that speaks against it. With `if_some_unavailable: "skip"` what can be
    had is booked and the rest stays in the booking as `skipped`. With `hold` it is held for the asset's
    `hold_minutes`, and `confirmBooking` makes a booking of it; where the owner approves bookings it is `pending` until
    `decide_by`. With `dry_run` nothing is stored, and `arrival` is null: how to get in is told to those with a booking.
    """
    permissions.require("bookAsset", caller)
    if data.booker_id not in {None, caller.organisation_id}:
        raise Forbidden("A booking is made with a token of the organisation that books.")
    if data.need_id is not None and not await db.needs.exists(conn, data.need_id, caller.organisation_id):
        raise Invalid([Fault("#/need_id", "You have no such need.")])
    counted = data.hold or caller.state != "verified"
    now = await db.bookings.lock_account(conn, data.asset_id, caller.organisation_id, counted=counted, now=now)
    place = await db.places.lock(conn, data.asset_id, caller.organisation_id)
    if place is None:
        raise NotFound("There is no such asset.")
    if data.on_behalf_of is not None:
        permissions.require("bookAsset.on_behalf_of", caller, owner_id=place.owner_id)
    if data.ignore_terms:
        permissions.require("bookAsset.ignore_terms", caller, owner_id=place.owner_id)
    wanted = requests.wanted(data, place.zone)
    claimed = partial(plans.claim, place, caller.organisation_id, hold=data.hold, waived=data.ignore_terms, now=now)
    claim = claimed(each.period.starts_at for each in wanted.asked)
    planned, seats, summary = await seating.take(
        conn,
        wanted,
        place,
        booker_id=caller.organisation_id,
        claim=claim,
        now=now,
        request_id=request_id,
    )
    if planned.why_not:
        got = [each for each in wanted.asked if each.id not in planned.why_not]
        claim = claimed(each.period.starts_at for each in got)
        await db.occupancies.hold(conn, place.owner_id, {each.id: claim.until(each.period) for each in got})
    stored = plans.settle(
        data, place, wanted, planned, seats, claim, summary=summary, booking_id=uuid7(), caller=caller, now=now
    )
    await db.bookings.insert(
        conn,
        stored,
        claim,
        type="booking.created",
        object_kind="booking",
        object_id=stored.id,
        owner_id=stored.owner_id,
        booker_id=stored.booker_id,
        version=1,
        before=None,
        after={**bookings.told_new(stored), **({"ignore_terms": True} if data.ignore_terms else {})},
        caller=caller,
        now=now,
        request_id=request_id,
    )
    return Answer(present(stored, caller, now), status_code=200 if data.dry_run else 201)


@get(operation_id="listBookings", responses=problems(errors.CursorInvalid, errors.CursorMismatch))
async def list_(
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    cursors: NamedDependency[Cursors],
    in_state: Annotated[BookingState | None, QueryParameter(name="state")] = None,
    owner_id: FromQuery[UUID | None] = None,
    booker_id: FromQuery[UUID | None] = None,
    asset_id: FromQuery[UUID | None] = None,
    starts_at: FromQuery[Instant | None] = None,
    ends_at: FromQuery[Instant | None] = None,
    order: FromQuery[Literal["newest", "oldest"]] = "newest",
    cursor: FromQuery[Cursor | None] = None,
    limit: FromQuery[Limit] = 20,
) -> BookingPage:
    """The bookings of the caller's organisation, as owner and as booker, newest first.

    With `starts_at` or `ends_at`, those with an occurrence that touches the period. With `owner_id` of its own,
    `state=pending` and `order=oldest` it is what waits for the organisation to decide, each with what to weigh.
    """
    permissions.require("listBookings", caller)
    check_span(starts_at, ends_at)
    wanted = BookingFilter(owner_id, booker_id, asset_id, in_state, starts_at, ends_at)
    pages = Pages(cursors, "listBookings", cursor, limit, wanted=wanted, order=order, caller=caller.organisation_id)
    rows = await db.bookings.page(
        conn,
        caller.organisation_id,
        wanted,
        now=now,
        after=pages.position(UUID),
        oldest_first=order == "oldest",
        limit=limit + 1,
    )
    shown = [present(each, caller, now) for each in rows]
    asked = [each.id for each in shown if bookings.asks(each, caller)]
    shares = await db.shares.beside(conn, caller.organisation_id, asked, now) if asked else {}
    items = [bookings.listed(each, shares.get(each.id)) for each in shown]
    return pages.page(BookingPage, items, lambda booking: booking.id)


@get("/{booking_id:uuid}", operation_id="getBooking", responses=problems(NotFound))
async def read(
    booking_id: FromPath[UUID],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
) -> Booking:
    """A booking as it is now, to its owner or its booker."""
    stored = await db.bookings.load(conn, booking_id, caller.organisation_id, now)
    if stored is None:
        raise NotFound
    permissions.require("getBooking", caller, owner_id=stored.owner_id, booker_id=stored.booker_id)
    return present(stored, caller, now)


router = Router("/bookings", route_handlers=[book, list_, read], tags=["bookings"])
