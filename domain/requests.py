"""A booking as sent, and the periods that it comes to."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta
from uuid_utils.compat import uuid7

from domain.errors import Fault, Invalid
from domain.taxonomy import no_such, taxonomy
from domain.time import ClockChangeKind, Period, clock_change, wall_clock, weeks_later
from domain.types import Email, Instant, LocalDate, LongText, Phone, ShortText

LONGEST = timedelta(days=366)
MOST_SEATS = 3000
MOST_LOOKED_AT = 50_000  # units of the asset, in all periods of a request: among so many it looks for room

IfSomeUnavailable = Literal["refuse", "skip"]
Units = Annotated[int, Meta(ge=1, le=10_000)]


class PeriodRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When: from `starts_at`, up to and not including `ends_at`."""

    starts_at: Instant
    ends_at: Instant


class Repeats(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same wall-clock period every so many weeks; `count` includes the dates in `except_on`."""

    starts_at: Instant
    ends_at: Instant
    count: Annotated[int, Meta(ge=1, le=200)]
    every_weeks: Annotated[int, Meta(ge=1, le=52)] = 1
    except_on: Annotated[list[LocalDate], Meta(max_length=200)] = []


class Purpose(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What for: a code of the published list, and in the booker's words (private to owner and booker)."""

    code: ShortText
    text: LongText | None = None


class OnBehalfOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A group without an account, for which the owner's staff book (private to owner and booker)."""

    name: ShortText
    email: Email | None = None
    phone: Phone | None = None


class BookingRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A booking as sent: one asset, and either `periods` or `repeats`. `need_id`: the need that it is for.

    For those who own the asset and book it themselves: `on_behalf_of`, and for a manager `ignore_terms`, which sets
    aside the asset's terms (lengths, steps, notice, horizon, requirements, least attendees, allowance) and nothing
    else.
    """

    asset_id: UUID
    periods: Annotated[list[PeriodRequest], Meta(min_length=1, max_length=200)] | None = None
    repeats: Repeats | None = None
    booker_id: UUID | None = None
    need_id: UUID | None = None
    units: Units = 1
    attendees: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    purpose: Purpose | None = None
    open_to_public: bool = False
    notes: LongText | None = None
    on_behalf_of: OnBehalfOf | None = None
    hold: bool = False
    if_some_unavailable: IfSomeUnavailable = "refuse"
    ignore_terms: bool = False
    dry_run: bool = False


class ClockChange(msgspec.Struct, frozen=True):
    """A wall-clock time of a series that its zone skips or repeats on that day."""

    occurrence_id: UUID
    local: str
    change: ClockChangeKind


class Had(msgspec.Struct, frozen=True):
    """What an occurrence has that is asked for anew: its period, its units, and from when to when it occupies them."""

    period: Period
    lower: datetime
    upper: datetime
    units: tuple[int, ...]

    @property
    def turnaround(self) -> tuple[timedelta, timedelta]:
        """Before and after its period, as it was when that was taken."""
        return self.period.starts_at - self.lower, self.upper - self.period.ends_at


class Asked(msgspec.Struct, frozen=True):
    """So many units for one period that a request comes to, with the name it will have; `had`: instead of what."""

    id: UUID
    period: Period
    units: int
    had: Had | None = None

    @property
    def keeps_start(self) -> bool:
        """Whether its start does not move."""
        return self.had is not None and self.had.period.starts_at == self.period.starts_at

    @property
    def keeps_end(self) -> bool:
        """Whether its end does not move."""
        return self.had is not None and self.had.period.ends_at == self.period.ends_at

    @property
    def gives_back(self) -> bool:
        """Whether it takes nothing that it does not have."""
        return self.had is not None and self.units <= len(self.had.units) and self.period.within(self.had.period)

    def begun(self, now: datetime) -> bool:
        """Whether it is going on, and so stays on its units."""
        return self.had is not None and self.keeps_start and self.had.lower <= now


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of an asset, of a request's or a booking's own accord.

    `skip`: what cannot be had may be left out. `ignore_terms` as in a BookingRequest. `counted`: the booking stands
    already, so that limits on how many do not apply. `offered`: nobody has it yet, so that it does not count.
    `pointer`: what to point at where it is too much at once.
    """

    asked: list[Asked]
    attendees: int | None
    skip: bool = False
    ignore_terms: bool = False
    hold: bool = False
    counted: bool = False
    offered: bool = False
    pointer: str = "#"

    @property
    def units(self) -> int:
        """The most of any period."""
        return max(each.units for each in self.asked)


def wanted(request: BookingRequest, zone: ZoneInfo) -> Wanted:
    """What a request comes to, its periods in the order asked. Raises Invalid with everything that is wrong with it."""
    faults = [*check(request)]
    astray = [*misplaced(request, zone)]
    if not astray:
        periods = repeated(request.repeats, zone) if request.repeats else [period for _, period in sent(request)]
        astray = [*together(request, periods)]
    if faults + astray:
        raise Invalid(faults + astray)
    return Wanted(
        asked=[Asked(uuid7(), period, request.units) for period in periods],
        attendees=request.attendees,
        skip=request.if_some_unavailable == "skip",
        ignore_terms=request.ignore_terms,
        hold=request.hold,
        pointer="#/repeats/count" if request.repeats else "#/periods",
    )


def check(request: BookingRequest) -> Iterator[Fault]:
    """What is wrong with a request beside its periods."""
    if request.purpose is not None and request.purpose.code not in taxonomy().purposes:
        yield Fault("#/purpose/code", no_such(request.purpose.code, "purposes"))


def sent(request: BookingRequest) -> list[tuple[str, Period]]:
    """The periods that stand in a request, each with its pointer; of a series the first."""
    periods = [(f"#/periods/{n}", Period(each.starts_at, each.ends_at)) for n, each in enumerate(request.periods or ())]
    if request.repeats is None:
        return periods
    return [("#/repeats", Period(request.repeats.starts_at, request.repeats.ends_at)), *periods]


def misplaced(request: BookingRequest, zone: ZoneInfo) -> Iterator[Fault]:
    """What is wrong with each period by itself, and with the dates of a series."""
    if (request.periods is None) == (request.repeats is None):
        yield Fault("#/periods", "Send either periods or repeats.")
    for pointer, period in sent(request):
        if period.ends_at <= period.starts_at:
            yield Fault(f"{pointer}/ends_at", "It must be later than starts_at.")
        elif period.ends_at - period.starts_at > LONGEST:
            yield Fault(f"{pointer}/ends_at", "No period is longer than 366 days.")
    if request.repeats is None:
        return
    repeats = request.repeats
    if repeats.starts_at.year + repeats.every_weeks * repeats.count // 52 > 2199:
        yield Fault("#/repeats/count", "The series goes beyond the year 2200.")
        return
    dates = series(repeats, zone)
    for n, day in enumerate(repeats.except_on):
        if day not in dates:
            yield Fault(f"#/repeats/except_on/{n}", "The series has no occurrence on this date.")
    if not dates.keys() - set(repeats.except_on):
        yield Fault("#/repeats/except_on", "It names every date of the series; no occurrence is left.")


def together(request: BookingRequest, periods: Sequence[Period]) -> Iterator[Fault]:
    """What is wrong with periods that are each right: too many units, or two at the same time."""
    if request.units * len(periods) > MOST_SEATS:
        yield Fault("#/units", f"At most {MOST_SEATS} in one request, all its periods together.")
    for second, text in overlapping(periods):
        yield Fault("#/repeats/ends_at" if request.repeats else f"#/periods/{second}", text)
        if request.repeats:  # and so does each with the next
            return


def overlapping(periods: Sequence[Period | PeriodRequest]) -> Iterator[tuple[int, str]]:
    """Of each two neighbours in time that overlap the place of the later one, and what to say of them."""
    order = sorted(range(len(periods)), key=lambda n: periods[n].starts_at)
    for first, second in pairwise(order):
        if periods[second].starts_at < periods[first].ends_at:
            yield second, f"Occurrences {first + 1} and {second + 1} overlap."


def check_work(wanted: Wanted, units: int) -> None:
    """Refuse to look for room among the units of an asset in so many periods at once. Raises Invalid."""
    most = MOST_LOOKED_AT // units
    if len(wanted.asked) > most:
        raise Invalid([Fault(wanted.pointer, f"The asset has {units} units; send at most {most} periods at once.")])


def series(repeats: Repeats, zone: ZoneInfo) -> dict[date, int]:
    """The local dates on which a series starts, and how many weeks each is after the first."""
    starts_on = wall_clock(repeats.starts_at, zone).date()
    weeks = (repeats.every_weeks * n for n in range(repeats.count))
    return {starts_on + timedelta(weeks=each): each for each in weeks}


def repeated(repeats: Repeats, zone: ZoneInfo) -> list[Period]:
    """Every occurrence of a series but the excepted dates."""
    first = Period(repeats.starts_at, repeats.ends_at)
    return [
        weeks_later(first, zone, weeks) for day, weeks in series(repeats, zone).items() if day not in repeats.except_on
    ]


def clock_changes(request: BookingRequest, asked: Sequence[Asked], zone: ZoneInfo) -> list[ClockChange]:
    """Where the wall-clock times of a series are skipped or repeated; sent instants are what they are."""
    if request.repeats is None:
        return []
    starts, ends = (wall_clock(moment, zone) for moment in (request.repeats.starts_at, request.repeats.ends_at))
    changes = []
    for each in asked:
        if each.period.starts_at == request.repeats.starts_at:
            continue
        days = timedelta(days=7 * round((each.period.starts_at - request.repeats.starts_at) / timedelta(days=7)))
        for wall in (starts + days, ends + days):
            if change := clock_change(wall, zone):
                changes.append(ClockChange(each.id, wall.isoformat(), change))
                if change == "skipped":
                    break  # the end keeps its distance from such a start
    return changes
