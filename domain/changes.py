"""Changes of a booking: which of its occurrences they name, and what those become."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from domain.bookings import in_events
from domain.callers import Caller
from domain.costs import FREE, Cost, Part, price_for, recost, without
from domain.errors import Fault, Invalid
from domain.occurrences import STANDING, Occurrence, OccurrenceState, booking_state
from domain.plans import Claim, Locked
from domain.requests import Asked, Wanted
from domain.transitions import ACTIONS, choose
from domain.types import LongText


class Scope(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which occurrences a change is for: exactly one of the three."""

    occurrence_ids: Annotated[list[UUID], Meta(min_length=1, max_length=200)] | None = None
    from_occurrence_id: UUID | None = None
    all: bool = False
    note: LongText | None = None
    dry_run: bool = False


class Cancellation(Scope, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Occurrences to give back, and a note that owner and booker see."""


class Decision(Scope, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Occurrences to approve or decline, and a note that the booker sees."""


class CheckIn(Scope, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Occurrences to which somebody has come, and a note that owner and booker see."""


class NoShow(Scope, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Occurrences to which nobody has come, and a note that the booker sees."""


class Confirmation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A hold, to be made a booking."""

    dry_run: bool = False


def in_scope(scope: Scope, occurrences: Sequence[Occurrence]) -> list[Occurrence]:
    """The occurrences that a change names, by start. Raises Invalid for a scope that names none or two ways."""
    ways = [scope.occurrence_ids is not None, scope.from_occurrence_id is not None, scope.all]
    if sum(ways) != 1:
        raise Invalid([Fault("#", "Send exactly one of occurrence_ids, from_occurrence_id and all: true.")])
    known = {each.id: each for each in occurrences}
    if scope.all:
        return list(occurrences)
    if scope.from_occurrence_id is not None:
        first = known.get(scope.from_occurrence_id)
        if first is None:
            raise Invalid([Fault("#/from_occurrence_id", "This booking has no such occurrence.")])
        return [each for each in occurrences if each.starts_at >= first.starts_at]
    ids = scope.occurrence_ids or []
    strange = [
        Fault(f"#/occurrence_ids/{n}", "This booking has no such occurrence.")
        for n, each in enumerate(ids)
        if each not in known
    ]
    if strange:
        raise Invalid(strange)
    return [each for each in occurrences if each.id in ids]


def named(operation: str, scope: Scope, booking: Locked, now: datetime) -> list[Occurrence]:
    """The occurrences that a change is for, as they are. Raises Invalid, StateDoesNotAllow."""
    return choose(operation, in_scope(scope, booking.occurrences), named=scope.occurrence_ids is not None, now=now)


def all_of(operation: str, booking: Locked, now: datetime) -> list[Occurrence]:
    """The occurrences that an operation is for which concerns a whole booking. Raises StateDoesNotAllow."""
    return choose(operation, booking.occurrences, named=False, now=now)


def again(
    booking: Locked,
    occurrences: Sequence[Occurrence],
    *,
    skip: bool = False,
    hold: bool = False,
) -> Wanted:
    """Occurrences of a booking, to be had once more. Limits count a booking as long as any of it is open, and so do not
    grow by more of it.
    """
    return Wanted(
        asked=[Asked(each.id, each.period, each.units) for each in occurrences],
        attendees=booking.attendees,
        skip=skip,
        hold=hold,
        counted=booking_state(booking.occurrences) != "ended",
    )


def become(occurrence: Occurrence, state: OccurrenceState, note: str | None = None, **more: Any) -> Occurrence:
    """An occurrence after a change; without a note it keeps the one that it has. Nobody need check in to it unless
    `more` says so.
    """
    changed = {"note": occurrence.note if note is None else note, "check_in_by": None, **more}
    return msgspec.structs.replace(occurrence, state=state, sequence=occurrence.sequence + 1, **changed)


def outcome(
    operation: str, scope: Scope, booking: Locked, now: datetime, claim: Claim | None = None
) -> list[Occurrence]:
    """What an operation that has one outcome makes of the occurrences that it names, on a claim if they keep one.

    Raises Invalid, StateDoesNotAllow.
    """
    becomes = ACTIONS[operation].states
    return [
        become(each, becomes[each.state][0], scope.note, check_in_by=claim and claim.check_in_by(each.period))
        for each in named(operation, scope, booking, now)
    ]


def cancel(cancellation: Cancellation, booking: Locked, caller: Caller, now: datetime) -> list[Occurrence]:
    """What a cancellation makes of the occurrences that it names. Late: by the booker, nearer to the start than the
    owner's notice. Raises Invalid, StateDoesNotAllow.
    """
    notice = timedelta(minutes=booking.cancel_notice_minutes)
    by_booker = caller.organisation_id == booking.booker_id
    return [
        become(
            each,
            "cancelled",
            cancellation.note,
            cancelled_late=by_booker and each.state == "confirmed" and now > each.starts_at - notice,
        )
        for each in named("cancelBooking", cancellation, booking, now)
    ]


def recosted(booking: Locked, becomes: Mapping[UUID, Part], caller: Caller) -> Cost:
    """The cost of a booking once some of its occurrences have other parts, or one where they had none, by the price of
    now. Nothing is owed for what has expired, and a price for the whole booking is for the most units that any of it
    has, what is over included.
    """
    zone = booking.place.zone
    parts = {each.id: Part(each.period, each.units) for each in booking.occurrences}
    expired = [parts[each.id] for each in booking.occurrences if each.state == "expired"]
    had = {each.id: parts[each.id] for each in booking.occurrences if each.state not in ("skipped", "expired")}
    paid = without(booking.cost, expired, zone) if had else FREE
    price = price_for(caller.kind, booking.place.price, booking.place.community_price)
    changes = [(had.get(each), part) for each, part in becomes.items()]
    everything = sorted({**had, **becomes}.values(), key=lambda part: part.period)
    stand = {each.id: parts[each.id] for each in booking.occurrences if each.state in STANDING}
    units = max(part.units for part in {**stand, **becomes}.values())
    return recost(paid, price, changes, everything, units, zone)


def priced(booking: Locked, got: Sequence[Occurrence], caller: Caller) -> Locked:
    """A booking with occurrences in its cost that were not had, or had expired, at the price of now."""
    parts = {each.id: Part(each.period, each.units) for each in got}
    return msgspec.structs.replace(booking, cost=recosted(booking, parts, caller))


def recorded(
    booking: Locked, changed: Sequence[Occurrence], note: str | None = None
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """What an event says of a booking before and after a change of occurrences: no text, but that there is one."""
    ids = {each.id for each in changed}
    before = {"occurrences": in_events(each for each in booking.occurrences if each.id in ids)}
    after = {"occurrences": in_events(changed), **({} if note is None else {"texts": ["note"]})}
    return before, after
