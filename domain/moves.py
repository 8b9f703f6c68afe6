"""Moves: another time or number of units for some occurrences of a booking, and what becomes of them."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from domain.callers import Caller
from domain.changes import Scope, become, named, recosted
from domain.costs import Part
from domain.errors import Fault, Invalid
from domain.occurrences import OPEN, Occurrence
from domain.plans import Claim, Locked, claim
from domain.requests import LONGEST, Asked, ClockChange, Had, Units, Wanted
from domain.time import Period, clock_change, days_later, instant, local_time, wall_clock
from domain.types import LAST_YEAR, Instant
from domain.units import Seat


class Move(Scope, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Occurrences to have at another time, for longer or shorter, or in another number of units.

    `starts_at` and `ends_at` are those of the first that can be moved; what is not sent stays. The others keep their
    difference to it in local dates and take its new local times.
    """

    starts_at: Instant | None = None
    ends_at: Instant | None = None
    units: Units | None = None


class Moved(msgspec.Struct, frozen=True):
    """An occurrence, how many local days it is after the first, and what it is to have instead."""

    occurrence: Occurrence
    days: int
    period: Period
    units: int

    @property
    def was(self) -> Part:
        """What it has."""
        return Part(self.occurrence.period, self.occurrence.units)

    @property
    def becomes(self) -> Part:
        """What it is to have."""
        return Part(self.period, self.units)

    @property
    def gives_back(self) -> bool:
        """Whether it takes nothing that it does not have."""
        return self.becomes.within(self.was)

    @property
    def keeps_claim(self) -> bool:
        """Whether it stands as it did: what is held, and what only gives back."""
        return self.occurrence.state == "held" or self.gives_back


def moves(move: Move, booking: Locked, now: datetime) -> list[Moved]:
    """The occurrences that a move changes, by start, each with what it is to have.

    Raises Invalid, StateDoesNotAllow.
    """
    if move.starts_at is None and move.ends_at is None and move.units is None:
        raise Invalid([Fault("#", "Send at least one of starts_at, ends_at and units.")])
    chosen = named("moveBooking", move, booking)
    zone = booking.place.zone
    pointer = "#/ends_at" if move.ends_at else "#/starts_at"
    first = first_as_moved(move, chosen)
    if first.ends_at <= first.starts_at:
        raise Invalid([Fault(pointer, "The first would not end after it starts.")])
    later = [days_between(chosen[0], each, zone) for each in chosen]
    moved = [
        Moved(each, days, shifted(move, first, each, days, zone), move.units or each.units)
        for each, days in zip(chosen, later, strict=True)
    ]
    if faults := [*misplaced(moved, pointer, zone), *begun(moved, booking, now)]:
        raise Invalid(faults)
    return [each for each in moved if each.becomes != each.was]


def first_as_moved(move: Move, chosen: Sequence[Occurrence]) -> Period:
    """The period that the first is to have."""
    return Period(move.starts_at or chosen[0].starts_at, move.ends_at or chosen[0].ends_at)


def shifted(move: Move, first: Period, occurrence: Occurrence, days: int, zone: ZoneInfo) -> Period:
    """The period that an occurrence is to have: that of the first, as sent, so many local days later."""
    later = days_later(first, zone, days)
    return Period(
        later.starts_at if move.starts_at else occurrence.starts_at,
        later.ends_at if move.ends_at else occurrence.ends_at,
    )


def days_between(first: Occurrence, other: Occurrence, zone: ZoneInfo) -> int:
    """From the local date of one to that of the other."""
    return (wall_clock(other.starts_at, zone).date() - wall_clock(first.starts_at, zone).date()).days


def misplaced(moved: Sequence[Moved], pointer: str, zone: ZoneInfo) -> Iterator[Fault]:
    """What is wrong with the periods that a move comes to."""
    for each in moved:
        name = f"The occurrence of {local_time(each.occurrence.starts_at, zone)}"
        if each.period.ends_at <= each.period.starts_at:
            yield Fault(pointer, f"{name} would not end after it starts.")
        elif each.period.ends_at - each.period.starts_at > LONGEST:
            yield Fault(pointer, f"{name} would be longer than 366 days.")
        elif each.period.ends_at.year >= LAST_YEAR:
            yield Fault(pointer, f"{name} would lie beyond the year 2200.")
    in_order = sorted(moved, key=lambda each: each.period)
    for n, other in enumerate(in_order):
        before = (one for one in in_order[:n] if one.becomes != one.was or other.becomes != other.was)
        for one in before:
            if other.period.starts_at < one.period.ends_at:
                names = " and ".join(local_time(each.occurrence.starts_at, zone) for each in (one, other))
                yield Fault(pointer, f"The occurrences of {names} would overlap.")
                break


def begun(moved: Sequence[Moved], booking: Locked, now: datetime) -> Iterator[Fault]:
    """What a move cannot do with what is going on: its start stays, and it ends now, to the minute, or later.

    Where the owner approves bookings it does not take more either: it cannot wait for that.
    """
    approved = booking.place.approval and booking.booker_id != booking.owner_id
    for each in moved:
        if each.occurrence.starts_at > now:
            return
        if each.period.starts_at != each.occurrence.starts_at:
            yield Fault("#/starts_at", "The first has begun: its start stays. Send ends_at alone, or name later ones.")
        elif each.period.ends_at < now.replace(second=0, microsecond=0):
            yield Fault("#/ends_at", f"What has begun ends now, {now:%Y-%m-%dT%H:%MZ}, or later.")
        elif approved and not each.keeps_claim:
            pointer = "#/ends_at" if each.period != each.occurrence.period else "#/units"
            yield Fault(pointer, "It has begun, and what is more needs the owner's approval: book that by itself.")


def wanted(moved: Sequence[Moved], seats: Sequence[Seat], booking: Locked) -> Wanted:
    """What a move asks for, instead of the seats that it had."""
    asked = []
    for each in moved:
        own = [seat for seat in seats if seat.occurrence == each.occurrence.id]
        had = Had(each.occurrence.period, own[0].lower, own[0].upper, tuple(seat.unit for seat in own))
        asked.append(Asked(each.occurrence.id, each.period, each.units, had))
    return Wanted(
        asked=asked,
        attendees=booking.attendees,
        hold=any(each.occurrence.state == "held" for each in moved),
        counted=True,
    )


def claimed(moved: Sequence[Moved], booking: Locked, now: datetime) -> Claim:
    """The claim of those that do not keep theirs: where the owner approves bookings, it is asked again."""
    starts = [each.period.starts_at for each in moved if not each.keeps_claim]
    return claim(booking.place, booking.booker_id, starts, now=now) if starts else Claim("confirmed")


def become_moved(moved: Sequence[Moved], claim: Claim, note: str | None) -> list[Occurrence]:
    """What a move makes of occurrences that got their new places."""
    return [
        become(
            each.occurrence,
            each.occurrence.state if each.keeps_claim else claim.state,
            note,
            starts_at=each.period.starts_at,
            ends_at=each.period.ends_at,
            units=each.units,
        )
        for each in moved
    ]


def rewritten(move: Move, moved: Sequence[Moved], booking: Locked, caller: Caller) -> Locked:
    """The booking with what else a move changes: its cost, its clock changes, and its units if all that is open has
    others.
    """
    becomes = {each.occurrence.id: each.becomes for each in moved}
    rest = [each for each in booking.occurrences if each.id not in becomes]
    units = booking.units
    if move.units and all(each.state not in OPEN or each.units == move.units for each in rest):
        units = move.units
    return msgspec.structs.replace(
        booking,
        units=units,
        cost=recosted(booking, becomes, units, caller),
        clock_changes=[*stay(moved, booking), *new_clock_changes(move, booking, moved)],
    )


def stay(moved: Sequence[Moved], booking: Locked) -> Iterator[ClockChange]:
    """The clock changes of ends that do not move."""
    ends = {each.occurrence.id: (each.period.starts_at, each.period.ends_at) for each in moved}
    for each in booking.clock_changes:
        moment = instant(datetime.fromisoformat(each.local), booking.place.zone)
        if moment in ends.get(each.occurrence_id, (moment,)):
            yield each


def new_clock_changes(move: Move, booking: Locked, moved: Sequence[Moved]) -> Iterator[ClockChange]:
    """Where the new local times of later days are skipped or repeated; sent instants are what they are."""
    zone = booking.place.zone
    known = {(each.occurrence_id, each.local) for each in stay(moved, booking)}
    for each in moved:
        for sent in filter(None, (move.starts_at, move.ends_at) if each.days else ()):
            local = wall_clock(sent, zone) + timedelta(days=each.days)
            change = clock_change(local, zone)
            if change and (each.occurrence.id, local.isoformat()) not in known:
                yield ClockChange(each.occurrence.id, local.isoformat(), change)
            if change == "skipped" and sent is move.starts_at:
                break  # the end keeps its distance from such a start
