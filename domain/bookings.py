"""Bookings: as they are stored, as they are answered, and a refused one with its reasons."""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain import permissions, transitions
from domain.assets import Arrival, AssetSummary
from domain.callers import Caller
from domain.costs import Cost
from domain.occurrences import BookingState, Occurrence, booking_state, outcomes
from domain.reasons import Reason
from domain.requests import ClockChange, OnBehalfOf, Purpose

CODE_AHEAD = timedelta(hours=24)
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A booker's claim on an asset, as it is stored; its occurrences as they are now."""

    id: UUID
    reference: str
    owner_id: UUID
    booker_id: UUID
    need_id: UUID | None
    asset: AssetSummary
    attendees: int | None
    units: int
    purpose: Purpose | None
    open_to_public: bool
    notes: str | None
    on_behalf_of: OnBehalfOf | None
    recallable: bool
    cancel_notice_minutes: int
    cost: Cost
    hold_expires_at: datetime | None
    decide_by: datetime | None
    occurrences: list[Occurrence]
    clock_changes: list[ClockChange]
    arrival: Arrival | None
    created_at: datetime
    updated_at: datetime


class Booking(Stored, frozen=True, kw_only=True):
    """A booker's claim on an asset. `may`: the operations that the caller can do on it now. `recallable`: its owner may
    have it back, and `cancel_notice_minutes`: from so long before its start on it is late to give it back; both as the
    terms were when it was made.
    """

    state: BookingState
    outcomes: dict[str, int]
    may: list[str]


class Share(msgspec.Struct, frozen=True):
    """What a booker has of an owner: how many bookings that are open, and how many minutes of units are to come."""

    bookings: int
    minutes: int


class PendingRequest(msgspec.Struct, frozen=True):
    """What an owner weighs. `booker_has`: what the booker has of it already, without this request. `waiting`: how many
    wait in line for some of what this would take.
    """

    booker_has: Share
    waiting: int


class ListedBooking(Booking, frozen=True, kw_only=True):
    """A booking in a list. `request`: while any of it is pending, to its owner; else null. It is told here alone, as
    it changes with other bookings.
    """

    request: PendingRequest | None


class BookingFilter(msgspec.Struct, frozen=True):
    """Which bookings are asked for; None: whatever it is. With instants, those with an occurrence that touches them."""

    owner_id: UUID | None
    booker_id: UUID | None
    asset_id: UUID | None
    state: BookingState | None
    starts_at: datetime | None
    ends_at: datetime | None


class BookingPage(msgspec.Struct, frozen=True):
    """Bookings, and the cursor to the next."""

    items: list[ListedBooking]
    next: str | None


class Alternative(msgspec.Struct, frozen=True):
    """What the same booker could book instead, for as many units and people: the asset at another time, or another
    at the same time and so far from it.
    """

    asset: AssetSummary
    starts_at: datetime
    ends_at: datetime
    distance_m: int
    units_free: int


class Refusal(msgspec.Struct, frozen=True):
    """One occurrence of a refused request, with everything that speaks against it.

    `alternatives`, to the first five that are not free: up to two periods of the same asset, of the same length and
    nearest in time, within 14 days, each of which can be booked beside the free ones; then up to three other assets of
    its category that are free at that very time, nearest first, within 25 km.
    """

    starts_at: datetime
    ends_at: datetime
    free: bool
    why_not: list[Reason]
    alternatives: list[Alternative]


def present(stored: Stored, caller: Caller, now: datetime) -> Booking:
    """A booking as it is answered to one of its two organisations."""
    kept = {name: getattr(stored, name) for name in Stored.__struct_fields__}
    return Booking(
        **{**kept, "arrival": arrival_at(stored, now)},
        state=booking_state(stored.occurrences),
        outcomes=outcomes(stored.occurrences),
        may=may(stored, caller, now),
    )


def asks(booking: Booking, caller: Caller) -> bool:
    """Whether any of a booking waits for the caller's organisation to decide."""
    return booking.owner_id == caller.organisation_id and any(each.state == "pending" for each in booking.occurrences)


def listed(booking: Booking, request: PendingRequest | None) -> ListedBooking:
    """A booking in a list; with what is to be weighed, where it is."""
    kept = {name: getattr(booking, name) for name in Booking.__struct_fields__}
    return ListedBooking(**kept, request=request)


def may(stored: Stored, caller: Caller, now: datetime) -> list[str]:
    """The operations that a caller can do on a booking now; what has expired or was skipped is asked for anew, before
    it begins, and what has expired all together.
    """
    late = [each for each in stored.occurrences if each.state in ("expired", "skipped") and each.starts_at < now]
    in_time = [each for each in stored.occurrences if each not in late]
    return [
        operation
        for operation in transitions.ACTIONS
        if (operation != "recallBooking" or stored.recallable)
        and (operation != "confirmBooking" or not any(each.state == "expired" for each in late))
        and transitions.can(operation, in_time, now)
        and permissions.allows(operation, caller, owner_id=stored.owner_id, booker_id=stored.booker_id)
    ]


def arrival_at(stored: Stored, now: datetime) -> Arrival | None:
    """How to get in while anything is to come; the code from 24 hours before a confirmed occurrence to its end."""
    if booking_state(stored.occurrences) == "ended":
        return None
    soon = any(
        each.state in ("confirmed", "checked_in") and each.starts_at - CODE_AHEAD <= now < each.ends_at
        for each in stored.occurrences
    )
    if stored.arrival is None or soon:
        return stored.arrival
    return msgspec.structs.replace(stored.arrival, code=None)


def reference() -> str:
    """A name for people to read out: eight letters and digits that are hard to mistake."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def in_events(occurrences: Iterable[Occurrence]) -> dict[str, dict[str, Any]]:
    """Occurrences as events hold them: no text, no person."""
    return {
        str(each.id): {
            "state": each.state,
            "starts_at": each.starts_at,
            "ends_at": each.ends_at,
            "units": each.units,
            **({"cancelled_late": True} if each.cancelled_late else {}),
        }
        for each in occurrences
    }


def told_new(stored: Stored) -> dict[str, Any]:
    """What the event says that makes a booking."""
    return {
        "asset_id": stored.asset.id,
        "occurrences": in_events(stored.occurrences),
        "texts": texts(stored),
        **({"need_id": stored.need_id} if stored.need_id else {}),
    }


def texts(stored: Stored) -> list[str]:
    """The names of the private texts that a booking has: all that an event says of them."""
    given = {
        "notes": stored.notes,
        "on_behalf_of": stored.on_behalf_of,
        "purpose": stored.purpose and stored.purpose.text,
    }
    return [name for name, text in given.items() if text is not None]
