"""Moves: another time or number of units for some occurrences of a booking, and what becomes of them."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import astuple

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
    """An occurrence, and what it is to have instead. `turned`: those of its ends that follow the first by the clock, as
    a clock shows them.
    """

    occurrence: Occurrence
    turned: list[datetime]
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
    def moves(self) -> bool:
        """Whether it is to have another period."""
        return self.period != self.occurrence.period

    @property
    def gives_back(self) -> bool:
        """Whether it takes nothing that it does not have."""
        return self.becomes.within(self.was)

    @property
    def keeps_claim(self) -> bool:
        """Whether it stands as it did: what is held, and what only gives back."""
        return self.occurrence.state == "held" or self.gives_back

    @property
    def check_in_by(self) -> datetime | None:
        """By when somebody must have checked in where it keeps its claim: as long after its start, within its time."""
        was = self.occurrence.check_in_by
        return was and min(was + (self.period.starts_at - self.occurrence.starts_at), self.period.ends_at)


def moves(move: Move, booking: Locked, now: datetime) -> list[Moved]:
    """The occurrences that a move changes, by start, each with what it is to have.

    Raises Invalid, StateDoesNotAllow.
    """
    if move.starts_at is None and move.ends_at is None and move.units is None:
        raise Invalid([Fault("#", "Send at least one of starts_at, ends_at and units.")])
    chosen = named("moveBooking", move, booking, now)
    zone = booking.place.zone
    pointer = "#/ends_at" if move.ends_at else "#/starts_at"
    first = first_as_moved(move, chosen)
    if first.ends_at <= first.starts_at:
        raise Invalid([Fault(pointer, "The first would not end after it starts.")])
    moved = [
        Moved(each, *shifted(move, first, each, days_between(chosen[0], each, booking), zone), move.units or each.units)
        for each in chosen
    ]
    if faults := [*misplaced(moved, pointer, zone), *begun(moved, booking, now)]:
        raise Invalid(faults)
    return [each for each in moved if each.becomes != each.was]


def first_as_moved(move: Move, chosen: Sequence[Occurrence]) -> Period:
    """The period that the first is to have."""
    return Period(move.starts_at or chosen[0].starts_at, move.ends_at or chosen[0].ends_at)


def shifted(
    move: Move, first: Period, occurrence: Occurrence, days: int, zone: ZoneInfo
) -> tuple[list[datetime], Period]:
    """The ends of an occurrence that follow the first by the clock, as a clock shows them, and the period that it is to
    have: that of the first, as sent, so many local days later.
    """
    if not days:
        return [], Period(move.starts_at or occurrence.starts_at, move.ends_at or occurrence.ends_at)
    starts, ends = (wall_clock(end, zone) + timedelta(days=days) for end in astuple(first))
    later = days_later(first, zone, days)
    starts_at = later.starts_at if move.starts_at else occurrence.starts_at
    if starts_at != later.starts_at:  # the end has nothing to do with such a start
        later = Period(starts_at, instant(ends, zone))
    keeps_length = starts_at == instant(starts, zone) and clock_change(starts, zone) == "skipped"
    turned = [starts] if move.starts_at else []
    if move.ends_at and not keeps_length:
        turned.append(ends)
    return turned, Period(starts_at, later.ends_at if move.ends_at else occurrence.ends_at)


def days_between(first: Occurrence, other: Occurrence, booking: Locked) -> int:
    """From the local date of one to that of the other."""
    return (local_date(other, booking) - local_date(first, booking)).days


def local_date(occurrence: Occurrence, booking: Locked) -> date:
    """On which an occurrence starts; where the clock left out its time, and be it all to midnight, the date of that."""
    zone = booking.place.zone
    for each in booking.clock_changes:
        local = datetime.fromisoformat(each.local)
        if each.occurrence_id == occurrence.id and instant(local, zone) == occurrence.starts_at:
            return local.date()
    return wall_clock(occurrence.starts_at, zone).date()


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
        before = (one for one in in_order[:n] if one.moves or other.moves)
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
            pointer = "#/ends_at" if each.moves else "#/units"
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
            check_in_by=each.check_in_by if each.keeps_claim else claim.check_in_by(each.period),
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
        cost=recosted(booking, becomes, caller),
        clock_changes=[*clock_changes(move, moved, booking)],
    )


def clock_changes(move: Move, moved: Sequence[Moved], booking: Locked) -> Iterator[ClockChange]:
    """Of ends that do not move, and where new local times are skipped or repeated: sent instants are what they are."""
    zone = booking.place.zone
    anew = {
        (each.occurrence.id, was)
        for each in moved
        for sent, was, now in zip(
            (move.starts_at, move.ends_at), astuple(each.occurrence.period), astuple(each.period), strict=True
        )
        if sent and (each.turned or was != now)
    }
    for change in booking.clock_changes:
        if (change.occurrence_id, instant(datetime.fromisoformat(change.local), zone)) not in anew:
            yield change
    for each in moved:
        for local in each.turned:
            if kind := clock_change(local, zone):
                yield ClockChange(each.occurrence.id, local.isoformat(), kind)
