"""A booking as sent, and the periods that it comes to."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from domain.errors import Fault, Invalid
from domain.taxonomy import no_such, taxonomy
from domain.time import ClockChangeKind, Period, clock_change, wall_clock, weeks_later
from domain.types import Instant, LocalDate, LongText, ShortText

LONGEST = timedelta(days=366)
MOST_SEATS = 5000


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


class BookingRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A booking as sent: one asset, and either `periods` or `repeats`."""

    asset_id: UUID
    periods: Annotated[list[PeriodRequest], Meta(min_length=1, max_length=200)] | None = None
    repeats: Repeats | None = None
    booker_id: UUID | None = None
    units: Annotated[int, Meta(ge=1, le=10_000)] = 1
    attendees: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    purpose: Purpose | None = None
    open_to_public: bool = False
    notes: LongText | None = None
    hold: bool = False
    if_some_unavailable: Literal["refuse", "skip"] = "refuse"
    dry_run: bool = False


class ClockChange(msgspec.Struct, frozen=True):
    """A wall-clock time of a series that its zone skips or repeats on that day."""

    occurrence_id: UUID
    local: str
    change: ClockChangeKind


class Asked(msgspec.Struct, frozen=True):
    """One period that a request comes to, with the name it will have."""

    id: UUID
    period: Period


def check(request: BookingRequest) -> None:
    """Raises Invalid with what is wrong with a request whatever the asset."""
    faults = []
    if request.hold:
        faults.append(Fault("#/hold", "Holds are not offered yet; leave it out or send false."))
    if request.purpose is not None and request.purpose.code not in taxonomy().purposes:
        faults.append(Fault("#/purpose/code", no_such(request.purpose.code, "purposes")))
    if faults:
        raise Invalid(faults)


def expand(request: BookingRequest, zone: ZoneInfo) -> list[Period]:
    """The periods that a request comes to, in the order asked. Raises Invalid with every fault it finds."""
    if (request.periods is None) == (request.repeats is None):
        raise Invalid([Fault("#/periods", "Send either periods or repeats.")])
    if request.repeats is not None:
        periods = repeated(request.repeats, zone)
        pointers = ["#/repeats"] * len(periods)
    else:
        periods = [Period(each.starts_at, each.ends_at) for each in request.periods or ()]
        pointers = [f"#/periods/{n}" for n in range(len(periods))]
    faults = [fault for period, pointer in zip(periods, pointers, strict=True) for fault in ill(period, pointer)]
    if request.repeats is not None:
        faults = faults[:1]
    if request.units * len(periods) > MOST_SEATS:
        faults.append(Fault("#/units", f"At most {MOST_SEATS} in one request, all its periods together."))
    if faults := faults or overlapping(periods, pointers):
        raise Invalid(faults)
    return periods


def ill(period: Period, pointer: str) -> list[Fault]:
    """What is wrong with one period by itself."""
    if period.ends_at <= period.starts_at:
        return [Fault(f"{pointer}/ends_at", "It must be later than starts_at.")]
    if period.ends_at - period.starts_at > LONGEST:
        return [Fault(f"{pointer}/ends_at", "No period is longer than 366 days.")]
    return []


def overlapping(periods: Sequence[Period], pointers: Sequence[str]) -> list[Fault]:
    """Neighbours in time that share a moment."""
    order = sorted(range(len(periods)), key=lambda n: periods[n].starts_at)
    return [
        Fault(pointers[second], f"Occurrences {first + 1} and {second + 1} overlap.")
        for first, second in pairwise(order)
        if periods[second].starts_at < periods[first].ends_at
    ]


def repeated(repeats: Repeats, zone: ZoneInfo) -> list[Period]:
    """Every occurrence of a series but the excepted dates; ill first periods are left to `expand`."""
    first = Period(repeats.starts_at, repeats.ends_at)
    if ill(first, ""):
        return [first]
    starts_on = wall_clock(first.starts_at, zone).date()
    dates = {starts_on + timedelta(weeks=repeats.every_weeks * n): n for n in range(repeats.count)}
    strange = [
        Fault(f"#/repeats/except_on/{n}", "The series has no occurrence on this date.")
        for n, day in enumerate(repeats.except_on)
        if day not in dates
    ]
    if strange:
        raise Invalid(strange)
    left = [n for day, n in dates.items() if day not in repeats.except_on]
    if not left:
        raise Invalid([Fault("#/repeats/except_on", "No occurrence is left.")])
    if first.starts_at.year + repeats.every_weeks * repeats.count // 52 > 2199:
        raise Invalid([Fault("#/repeats/count", "The series goes beyond the year 2200.")])
    return [weeks_later(first, zone, repeats.every_weeks * n) for n in left]


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
