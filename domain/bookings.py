"""Asking for a place and getting it: what is asked, what it comes to, what is refused and why."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from domain.assets import Arrival, AssetSummary
from domain.costs import Cost
from domain.errors import Fault, Invalid
from domain.occurrences import BookingState, Occurrence
from domain.reasons import Reason
from domain.time import Period, clock_change, wall_clock, weeks_later
from domain.types import Instant, LocalDate, LongText, ShortText

LONGEST = timedelta(days=366)
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


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
    change: Literal["skipped", "repeated"]


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """A booker's claim on an asset. `may`: the operations that the caller can do on it now."""

    id: UUID
    reference: str
    owner_id: UUID
    booker_id: UUID
    asset: AssetSummary
    state: BookingState
    outcomes: dict[str, int]
    attendees: int | None
    units: int
    purpose: Purpose | None
    open_to_public: bool
    notes: str | None
    on_behalf_of: None
    cost: Cost
    hold_expires_at: datetime | None
    decide_by: datetime | None
    occurrences: list[Occurrence]
    may: list[str]
    clock_changes: list[ClockChange]
    arrival: Arrival | None
    created_at: datetime
    updated_at: datetime


class BookingPage(msgspec.Struct, frozen=True):
    """Bookings, and the cursor to the next."""

    items: list[Booking]
    next: str | None


class Refusal(msgspec.Struct, frozen=True):
    """One occurrence of a refused request, with everything that speaks against it."""

    starts_at: datetime
    ends_at: datetime
    free: bool
    why_not: list[Reason]
    alternatives: list[AssetSummary]


class Asked(msgspec.Struct, frozen=True):
    """One period that a request comes to, with the name it will have."""

    id: UUID
    period: Period


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
        for first, second in zip(order, order[1:], strict=False)
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
    if first.starts_at.year + repeats.every_weeks * repeats.count // 52 > 2199:  # noqa: PLR2004 - see types.Instant
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


def reference() -> str:
    """A name for people to read out: eight letters and digits that are hard to mistake."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def refusals(asked: Iterable[Asked], why_not: Mapping[UUID, list[Reason]]) -> list[Refusal]:
    """Every occurrence of a request that is refused, the free ones too."""
    return [
        Refusal(each.period.starts_at, each.period.ends_at, not why_not.get(each.id), why_not.get(each.id, []), [])
        for each in asked
    ]


class Scope(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which occurrences a change is for: exactly one of the three."""

    occurrence_ids: Annotated[list[UUID], Meta(min_length=1, max_length=200)] | None = None
    from_occurrence_id: UUID | None = None
    all: bool = False
    note: LongText | None = None
    dry_run: bool = False


class Cancellation(Scope, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Occurrences to give back, and a note that owner and booker see."""


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


def on_date(moment: datetime, zone: ZoneInfo) -> date:
    """The local date of an instant."""
    return wall_clock(moment, zone).date()
