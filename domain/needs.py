"""Needs: what an organisation looks for, so that it need not search every day."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from domain import taxonomy
from domain.assets import AssetKind
from domain.errors import Fault, Invalid
from domain.hours import DAY, DAYS, Day, Opening, as_multirange, join, span
from domain.places import Point, Precision, about, centre, normal
from domain.requests import LONGEST, PeriodRequest, Purpose, Units, overlapping
from domain.terms import Amount, Currency
from domain.time import Period, instant
from domain.types import Instant, LocalDate, LongText, ShortText

MOST_OCCURRENCES = 53
FURTHEST = timedelta(days=731)  # from now to the end of what is looked for
PRIVATE_TEXTS = ("purpose", "who_benefits", "point", "postcode")

NeedState = Literal["open", "met", "closed", "lapsed"]


class Money(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An amount in minor units (pence)."""

    amount: Amount
    currency: Currency


class Window(Opening, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A day of the week, and between which times on it; `closes` earlier than `opens` is the next day's."""

    day: Day


class Pattern(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Once in each of so many weeks, in any of the windows, which keep their wall-clock times in each site's zone.

    The first week is the seven days from `starts_on`.
    """

    starts_on: LocalDate
    weeks: Annotated[int, Meta(ge=1, le=MOST_OCCURRENCES)] = 1
    every_weeks: Annotated[int, Meta(ge=1, le=4)] = 1
    windows: Annotated[list[Window], Meta(min_length=1, max_length=21)]


class NeedRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A need as sent.

    What: a category or a kind of asset, with `features` that it must have and others that would be nice. Where: within
    `within_m` of a point or of a postcode's district, or, with `comes_to_us`, whoever travels as far. When: in each of
    some `periods`, or weekly by a `pattern`, for `minutes` (null: for all of each period or window). `at_least`: of
    how many occurrences an asset must meet to match (null: all that are still open). `price_ceiling`: for each
    occurrence; a price for the whole booking is shared among them. It stands until `until`.
    """

    category: ShortText | None = None
    kind: AssetKind | None = None
    features: Annotated[list[ShortText], Meta(max_length=10)] = []
    nice_to_have: Annotated[list[ShortText], Meta(max_length=10)] = []
    attendees: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    units: Units = 1
    point: Point | None = None
    postcode: ShortText | None = None
    within_m: Annotated[int, Meta(ge=1, le=200_000)] = 10_000
    comes_to_us: bool = False
    periods: Annotated[list[PeriodRequest], Meta(min_length=1, max_length=MOST_OCCURRENCES)] | None = None
    pattern: Pattern | None = None
    minutes: Annotated[int, Meta(ge=1, le=366 * DAY)] | None = None
    at_least: Annotated[int, Meta(ge=1, le=MOST_OCCURRENCES)] | None = None
    price_ceiling: Money | None = None
    until: Instant
    purpose: Purpose | None = None
    who_benefits: LongText | None = None

    @property
    def occurrences(self) -> int:
        """How many it is for."""
        return self.pattern.weeks if self.pattern else len(self.periods or ())


class NeedOccurrence(msgspec.Struct, frozen=True):
    """One of those that a need is for, from 1, and what is booked for it; null: it is still open, or booked at an owner
    other than the one that asks.
    """

    number: int
    booking_id: UUID | None
    occurrence_id: UUID | None


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """What an organisation looks for. `precision` district: its point is the centre of a postcode district.

    `met`: something is booked for every occurrence. `lapsed`: `until` or all its windows are past.
    """

    id: UUID
    owner_id: UUID
    state: NeedState
    category: str | None
    kind: AssetKind | None
    features: list[str]
    nice_to_have: list[str]
    attendees: int | None
    units: int
    point: Point
    postcode: str | None
    precision: Precision
    within_m: int
    comes_to_us: bool
    periods: list[PeriodRequest] | None
    pattern: Pattern | None
    minutes: int | None
    at_least: int | None
    price_ceiling: Money | None
    until: Instant
    purpose: Purpose | None
    who_benefits: str | None
    occurrences: list[NeedOccurrence]
    created_at: Instant
    updated_at: Instant


class NeedPage(msgspec.Struct, frozen=True):
    """Needs, newest first, and the cursor to the next."""

    items: list[Need]
    next: str | None


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A need as it is to be stored: where it is exactly and as others see it, and its week in minutes from the midnight
    of the pattern's first date.
    """

    request: NeedRequest
    point: Point
    shown: Point
    precision: Precision
    openings: str

    @property
    def at_least(self) -> int:
        """Of how many occurrences an asset must meet."""
        return self.request.at_least or self.request.occurrences

    @property
    def stands_until(self) -> datetime:
        """When it lapses: as it says, or once all its windows are past in any zone."""
        pattern = self.request.pattern
        if pattern is None:
            return min(self.request.until, max(each.ends_at for each in self.request.periods or ()))
        last = datetime.combine(first_date(pattern, pattern.weeks - 1), time.min, UTC) + timedelta(days=9)
        return min(self.request.until, last)


def plan(request: NeedRequest, now: datetime) -> Planned:
    """What a need comes to. Raises Invalid with everything that is wrong with it."""
    found = request.point or (centre(request.postcode) if request.postcode else None)
    faults = [*check(request, now)]
    if (request.point is None) == (request.postcode is None):
        faults.append(Fault("#/point", "Send either point or postcode."))
    elif found is None:
        faults.append(Fault("#/postcode", "This postcode's district is not known; send a point."))
    if faults or found is None:
        raise Invalid(faults)
    found = normal(found)
    return Planned(
        request=request,
        point=found,
        shown=normal(about(found)),
        precision="point" if request.point else "district",
        openings=openings(request.pattern) if request.pattern else "{}",
    )


def check(request: NeedRequest, now: datetime) -> Iterator[Fault]:
    """What is wrong with a need beside its place."""
    if (request.category is None) == (request.kind is None):
        yield Fault("#/category", "Send either category or kind.")
    if request.category is not None and request.category not in taxonomy.taxonomy().categories:
        yield Fault("#/category", taxonomy.no_such(request.category, "categories"))
    yield from taxonomy.unknown(request.features, "features", "#/features")
    yield from taxonomy.unknown(request.nice_to_have, "features", "#/nice_to_have")
    for number, feature in enumerate(request.nice_to_have):
        if feature in request.features:
            yield Fault(f"#/nice_to_have/{number}", "It is among the features that it must have.")
    if request.purpose is not None and request.purpose.code not in taxonomy.taxonomy().purposes:
        yield Fault("#/purpose/code", taxonomy.no_such(request.purpose.code, "purposes"))
    if request.until <= now:
        yield Fault("#/until", "It must be later than now.")
    if (request.periods is None) == (request.pattern is None):
        yield Fault("#/periods", "Send either periods or a pattern.")
        return
    if request.at_least is not None and request.at_least > request.occurrences:
        yield Fault("#/at_least", f"At most as many as it is for: {request.occurrences}.")
    if request.pattern is not None:
        yield from pattern_faults(request.pattern, request.minutes, now)
    yield from period_faults(request, now)


def pattern_faults(pattern: Pattern, minutes: int | None, now: datetime) -> Iterator[Fault]:
    """What is wrong with a weekly pattern."""
    for number, each in enumerate(pattern.windows):
        if each.opens == each.closes:
            yield Fault(f"#/pattern/windows/{number}/closes", "It must differ from opens; a day is 00:00 to 24:00.")
    lasts = timedelta(weeks=pattern.every_weeks * (pattern.weeks - 1) + 1)
    if pattern.starts_on < (now - timedelta(days=1) - lasts).date():
        yield Fault("#/pattern/starts_on", "All its weeks are past.")
    elif pattern.starts_on > (now + FURTHEST - lasts).date():
        yield Fault("#/pattern/weeks", f"Its last week ends after the {FURTHEST.days} days that a need looks ahead.")
    if minutes is not None and minutes > max(closes - opens for opens, closes in joined(pattern)):
        yield Fault("#/minutes", "No window is as long as this.")


def period_faults(request: NeedRequest, now: datetime) -> Iterator[Fault]:
    """What is wrong with periods: each by itself, and two that overlap."""
    sent = request.periods or []
    for number, each in enumerate(sent):
        pointer = f"#/periods/{number}"
        if each.ends_at <= each.starts_at:
            yield Fault(f"{pointer}/ends_at", "It must be later than starts_at.")
        elif each.ends_at - each.starts_at > LONGEST:
            yield Fault(f"{pointer}/ends_at", "No period is longer than 366 days.")
        elif each.ends_at <= now:
            yield Fault(f"{pointer}/ends_at", "It must be later than now.")
        elif each.ends_at > now + FURTHEST:
            yield Fault(f"{pointer}/ends_at", f"It ends after the {FURTHEST.days} days that a need looks ahead.")
        elif request.minutes is not None and each.ends_at - each.starts_at < timedelta(minutes=request.minutes):
            yield Fault(f"{pointer}/ends_at", f"It is shorter than the {request.minutes} minutes that are needed.")
    for second, text in overlapping(sent):
        yield Fault(f"#/periods/{second}", text)


def joined(pattern: Pattern) -> list[tuple[int, int]]:
    """The windows of a week in minutes from the midnight of the pattern's first date; those that touch are one."""
    return join(in_week(each, pattern.starts_on.weekday()) for each in pattern.windows)


def in_week(window: Window, first: int = 0) -> tuple[int, int]:
    """A window in minutes from the midnight of the first day of a week, by its place from Monday."""
    days = (DAYS.index(window.day) - first) % 7
    opens, closes = span(window)
    return DAY * days + opens, DAY * days + closes


def openings(pattern: Pattern) -> str:
    """The windows of a week as an int4multirange."""
    return as_multirange(joined(pattern))


def windows(request: NeedRequest, zone: ZoneInfo) -> list[tuple[int, Period]]:
    """The windows of each occurrence, from 1, in a zone. Equal to rules.windows in db/functions.sql."""
    if request.pattern is None:
        return [(n, Period(each.starts_at, each.ends_at)) for n, each in enumerate(request.periods or (), 1)]
    found = []
    for week in range(request.pattern.weeks):
        midnight = datetime.combine(first_date(request.pattern, week), time.min)
        for opens, closes in joined(request.pattern):
            starts_at, ends_at = (instant(midnight + timedelta(minutes=each), zone) for each in (opens, closes))
            if starts_at < ends_at:
                found.append((week + 1, Period(starts_at, ends_at)))
    return found


def first_date(pattern: Pattern, week: int) -> date:
    """The date on which a week of a pattern, from 0, begins."""
    return pattern.starts_on + timedelta(weeks=pattern.every_weeks * week)


def as_sent(need: Need) -> NeedRequest:
    """The writable document of a need, into which a patch is merged; one placed by postcode has no point."""
    kept = {name: getattr(need, name) for name in NeedRequest.__struct_fields__}
    return NeedRequest(**{**kept, "point": need.point if need.precision == "point" else None})


def told(planned: Planned) -> dict[str, object]:
    """What an event tells of a need: not where it is, and of texts only the names."""
    said = msgspec.to_builtins(planned.request)
    texts = [name for name in PRIVATE_TEXTS if said.pop(name) is not None]
    return {**said, "texts": texts}


def unmet(occurrences: Sequence[NeedOccurrence]) -> list[int]:
    """The numbers of those for which nothing is booked."""
    return [each.number for each in occurrences if each.occurrence_id is None]
