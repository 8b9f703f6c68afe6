"""Waiting lists: who waits for what others have, and leaves the line."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from uuid_utils.compat import uuid7

import db.bookings
import db.jobs
import db.occupancies
import db.parts
import db.places
import db.waiting
from api.answers import Answer, AnyRequest, must_match
from api.cursors import Cursors
from api.lists import Cursor, Limit, Pages
from api.problems import problems
from db.connection import Connection, session
from domain import errors, permissions, plans, waiting
from domain.callers import Caller
from domain.errors import Fault, Invalid, NotBookable, NotFound, StateDoesNotAllow, Unmet
from domain.jobs import SweepWaiting
from domain.requests import LONGEST, MOST_SEATS, Asked, Wanted
from domain.time import Period
from domain.waiting import Waiting, WaitingEntry, WaitingFilter, WaitingPage, WaitingRequest, WaitingState


@post(operation_id="joinWaitingList", responses=problems(NotFound, NotBookable, StateDoesNotAllow))
async def join(
    data: JSONBody[WaitingRequest],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Answer[Waiting]:
    """Wait for what is taken or closed: for any one of some places, or for all that a booking skipped.

    When a place comes free, it is offered to one after another of those in line (`acceptOffer`, `declineOffer`): first
    to whoever holds the fewest minutes at its owner, of equals by a draw; when they asked decides nothing. Until the
    last of them was offered it, it stays taken for everyone else. 409 `not-bookable` where waiting does not help. With
    `dry_run` nothing is stored, and it says where one would stand.
    """
    permissions.require("joinWaitingList", caller)
    waiting.check(data, now)
    status = 200 if data.dry_run else 201
    if data.booking_id is not None:
        return Answer(await wait_for_skipped(conn, data.booking_id, caller, now, request_id), status_code=status)
    owner_id = await owner_of(conn, data, caller)
    wanted = sorted(enumerate(data.any_of or ()), key=lambda each: each[1].asset_id)
    for asset_id, places in groupby(wanted, key=lambda each: each[1].asset_id):
        periods = [Period(each.starts_at, each.ends_at) for _, each in places]
        await must_be_taken(conn, owner_id, asset_id, periods, data.units, data.attendees, caller, now)
    entered = await enter(
        conn,
        owner_id,
        caller,
        booking_id=None,
        units=data.units,
        attendees=data.attendees,
        purpose=data.purpose,
        places=[(each.asset_id, None, Period(each.starts_at, each.ends_at)) for each in data.any_of or ()],
        now=now,
        request_id=request_id,
    )
    return Answer(entered, status_code=status)


async def owner_of(conn: Connection, data: WaitingRequest, caller: Caller) -> UUID:
    """The one owner of all places. Raises Invalid."""
    places = data.any_of or []
    owners = await db.waiting.owners(conn, [each.asset_id for each in places], caller.organisation_id)
    faults = [
        Fault(f"#/any_of/{n}/asset_id", "There is no such asset.")
        for n, each in enumerate(places)
        if each.asset_id not in owners
    ]
    if not faults:
        faults = [
            Fault(f"#/any_of/{n}/asset_id", "One of them is another organisation's; join once for each owner.")
            for n, each in enumerate(places)
            if owners[each.asset_id] != owners[places[0].asset_id]
        ]
    if faults:
        raise Invalid(faults)
    return owners[places[0].asset_id]


async def must_be_taken(
    conn: Connection,
    owner_id: UUID,
    asset_id: UUID,
    periods: list[Period],
    units: int,
    attendees: int | None,
    caller: Caller,
    now: datetime,
) -> None:
    """Lock an asset and refuse to wait for what can be booked, or what waiting does not help to.

    Raises NotFound, StateDoesNotAllow, NotBookable.
    """
    await db.parts.lock(conn, owner_id, asset_id, None)  # so that nothing comes free of its wholes and parts meanwhile
    place = await db.places.lock(conn, asset_id, caller.organisation_id)
    if place is None:
        raise NotFound("There is no such asset.")
    asked = [Asked(uuid7(), period, units) for period in periods]
    wanted = Wanted(asked=asked, attendees=attendees)
    standing = await db.occupancies.assess(conn, wanted, place, booker_id=caller.organisation_id, now=now)
    if standing.rows * units > MOST_SEATS:
        text = f"It takes {standing.rows * units} units, parts included; at most {MOST_SEATS}."
        raise Invalid([Fault("#/units", text)])
    if len(standing.why_not) < len(asked):
        raise StateDoesNotAllow("It can be booked now: book it.")
    against = {asked[n].id: reasons for n, reasons in standing.why_not.items()}
    if not all(waiting.helps(reasons) for reasons in against.values()):
        refused = plans.refusals(asked, against)
        unmet = Unmet(place.id, place.owner_id, caller.organisation_id, units, attendees, hold=False)
        raise NotBookable(refused, unmet, plans.told(refused))


async def wait_for_skipped(
    conn: Connection, booking_id: UUID, caller: Caller, now: datetime, request_id: str
) -> Waiting:
    """Wait for all that a booking of the caller's skipped and that has not begun. Raises Invalid, StateDoesNotAllow."""
    found = await db.bookings.load(conn, booking_id, caller.organisation_id, now)
    if found is None or found.booker_id != caller.organisation_id:
        raise Invalid([Fault("#/booking_id", "You have no such booking.")])
    await db.parts.lock(conn, found.owner_id, found.asset.id, None)  # as below, all in one order
    booking = await db.bookings.lock(conn, booking_id, caller.organisation_id, now=now, request_id=request_id)
    assert booking is not None  # noqa: S101 - it is the caller's
    skipped = [each for each in booking.occurrences if each.state == "skipped" and each.starts_at > now]
    if not skipped:
        raise StateDoesNotAllow("It has skipped nothing that is still to come.", states=("skipped",))
    if len(skipped) > waiting.MOST_SKIPPED:
        raise StateDoesNotAllow(f"It has skipped {len(skipped)}; at most {waiting.MOST_SKIPPED} are waited for.")
    if sum((each.ends_at - each.starts_at for each in skipped), timedelta()) > LONGEST:
        raise StateDoesNotAllow("What it has skipped is longer than 366 days; no more are waited for.")
    units = max(each.units for each in skipped)
    periods = [each.period for each in skipped]
    await must_be_taken(conn, booking.owner_id, booking.place.id, periods, units, booking.attendees, caller, now)
    return await enter(
        conn,
        booking.owner_id,
        caller,
        booking_id=booking.id,
        units=units,
        attendees=booking.attendees,
        purpose=booking.purpose,
        places=[(booking.place.id, each.id, each.period) for each in skipped],
        now=now,
        request_id=request_id,
    )


async def enter(
    conn: Connection, owner_id: UUID, caller: Caller, *, now: datetime, request_id: str, **entry: Any
) -> Waiting:
    """Store an entry whose assets are locked. Raises StateDoesNotAllow where its booker waits for some of it, or owns
    it, as owners hold nothing at themselves and would come first in every line.
    """
    if owner_id == caller.organisation_id:
        raise StateDoesNotAllow("It is your own: an owner does not wait in line for what it lists.")
    waiting_id = uuid7()
    places = entry["places"]
    if not await db.waiting.insert(conn, waiting_id, owner_id, caller.organisation_id, now=now, **entry):
        raise StateDoesNotAllow("Your organisation waits for some of this already: leave that line first.")
    session(conn).held.update((owner_id, asset_id) for asset_id, *_ in places)
    after = {
        "booking_id": entry["booking_id"],
        "units": entry["units"],
        "places": [
            {"asset_id": asset_id, "starts_at": period.starts_at, "ends_at": period.ends_at}
            for asset_id, _, period in places
        ],
    }
    await db.waiting.record(
        conn,
        "waiting.joined",
        waiting_id,
        owner_id,
        caller.organisation_id,
        1,
        after,
        caller=caller,
        now=now,
        request_id=request_id,
    )
    begun = max(period.starts_at for _, _, period in places)
    await db.jobs.add(conn, SweepWaiting(owner_id, waiting_id), at=begun)
    return await answered(conn, waiting_id, caller, now)


@get(operation_id="listWaiting", responses=problems(errors.CursorInvalid, errors.CursorMismatch))
async def list_(
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    cursors: NamedDependency[Cursors],
    in_state: Annotated[WaitingState | None, QueryParameter(name="state")] = None,
    asset_id: FromQuery[UUID | None] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: FromQuery[Limit] = 20,
) -> WaitingPage:
    """What the caller's organisation waits for, and who waits for what it owns; newest first."""
    permissions.require("listWaiting", caller)
    wanted = WaitingFilter(asset_id, in_state)
    pages = Pages(cursors, "listWaiting", cursor, limit, wanted=wanted, caller=caller.organisation_id)
    rows = await db.waiting.page(
        conn, caller.organisation_id, wanted, now=now, after=pages.position(UUID), limit=limit + 1
    )
    return pages.page(WaitingPage, [permitted(each, caller) for each in rows], lambda entry: entry.id)


@get("/{waiting_id:uuid}", operation_id="getWaiting", responses=problems(NotFound))
async def read(
    waiting_id: FromPath[UUID],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
) -> Waiting:
    """An entry of a waiting list, and where it stands in each line; to who waits and to the owner."""
    found = await answered(conn, waiting_id, caller, now)
    permissions.require("getWaiting", caller, owner_id=found.owner_id, booker_id=found.booker_id)
    return found


@post(
    "/{waiting_id:uuid}/leave",
    operation_id="leaveWaitingList",
    status_code=200,
    responses=problems(NotFound, StateDoesNotAllow, errors.PreconditionFailed),
)
async def leave_(
    request: AnyRequest,
    waiting_id: FromPath[UUID],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Waiting:
    """Wait no more. What is offered at present is to be declined instead, which leaves the line too."""
    owner_id = (await load(conn, waiting_id, caller, now)).owner_id
    await db.waiting.lock_assets(conn, waiting_id, owner_id)
    await db.waiting.lock(conn, waiting_id, owner_id)
    found = await answered(conn, waiting_id, caller, now)
    permissions.require("leaveWaitingList", caller, owner_id=found.owner_id, booker_id=found.booker_id)
    must_match(request, found)
    if found.state != "waiting":
        raise StateDoesNotAllow(f"It is {found.state}; only who is waiting can leave.", states=("waiting",))
    if found.offer_id is not None:
        raise StateDoesNotAllow("Something is offered to it: accept or decline that.")
    await leave(conn, waiting_id, owner_id, caller, now, request_id)
    return await answered(conn, waiting_id, caller, now)


async def leave(
    conn: Connection, waiting_id: UUID, owner_id: UUID, caller: Caller, now: datetime, request_id: str
) -> None:
    """Take an entry of the caller's out of the line; its assets are locked."""
    await db.waiting.lock(conn, waiting_id, owner_id)
    version = await db.waiting.leave(conn, waiting_id, owner_id, now)
    await db.waiting.record(
        conn,
        "waiting.left",
        waiting_id,
        owner_id,
        caller.organisation_id,
        version,
        {"state": "left"},
        caller=caller,
        now=now,
        request_id=request_id,
    )


async def meet(
    conn: Connection,
    waiting_id: UUID,
    owner_id: UUID,
    numbers: Sequence[int],
    offer_id: UUID | None,
    caller: Caller,
    now: datetime,
    request_id: str,
) -> None:
    """Write down that places for which a locked entry of the caller's waited were had, as they were offered or not."""
    version = await db.waiting.meet(conn, waiting_id, owner_id, numbers, now)
    await db.waiting.record(
        conn,
        "waiting.met",
        waiting_id,
        owner_id,
        caller.organisation_id,
        version,
        {"met": numbers, "offer_id": offer_id},
        caller=caller,
        now=now,
        request_id=request_id,
    )


async def load(conn: Connection, waiting_id: UUID, caller: Caller, now: datetime) -> WaitingEntry:
    """An entry that the caller may know of. Raises NotFound."""
    found = await db.waiting.load(conn, waiting_id, caller.organisation_id, now)
    if found is None:
        raise NotFound
    return permitted(found, caller)


async def answered(conn: Connection, waiting_id: UUID, caller: Caller, now: datetime) -> Waiting:
    """An entry as it is answered, with where it stands. Raises NotFound."""
    found = await load(conn, waiting_id, caller, now)
    lines = await db.waiting.lines(conn, waiting_id, found.owner_id, now) if found.state == "waiting" else []
    return Waiting(**{name: getattr(found, name) for name in WaitingEntry.__struct_fields__}, lines=lines)


def permitted(entry: WaitingEntry, caller: Caller) -> WaitingEntry:
    """An entry with what the caller may do with it."""
    allowed = permissions.allows("leaveWaitingList", caller, owner_id=entry.owner_id, booker_id=entry.booker_id)
    can = entry.state == "waiting" and entry.offer_id is None
    return msgspec.structs.replace(entry, may=["leaveWaitingList"] if allowed and can else [])


router = Router("/waiting", route_handlers=[join, list_, read, leave_], tags=["waiting"])
