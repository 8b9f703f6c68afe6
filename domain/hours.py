"""Opening hours as people write them, and as the database keeps them: minutes from the midnight of a day.

Hours belong to the day on which they open: Friday 20:00-02:00 is Friday's, tail included.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import combinations
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from domain.errors import Fault, HoursOverlap, Invalid, NotPublishable
from domain.types import LocalDate, LongText, ShortText

DAY = 1440
NEVER_OPEN = (
    "By these hours a listed asset would never be open from today on. Pause it first; or keep its hours and send a"
    " closure, or exceptions, for when it is shut."
)

AppliesTo = Literal["whole_period", "start_and_end"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
HolidayRegion = Literal["GB-ENG", "GB-SCT", "GB-NIR", "GB-WLS"]
HolidayHours = Literal["closed", "open", "hours"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

OpeningTime = Annotated[
    str,
    Meta(
        pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$",
        min_length=5,
        max_length=5,
        description="A wall-clock time, 00:00 to 23:59.",
        extra={"words": 'a time as "18:30", from "00:00" to "23:59"'},
        examples=["18:30"],
    ),
]
ClosingTime = Annotated[
    str,
    Meta(
        pattern="^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
        min_length=5,
        max_length=5,
        description="A wall-clock time, 00:00 to 24:00; earlier than `opens` means the next day.",
        extra={"words": 'a time as "18:30", from "00:00" to "24:00"'},
        examples=["22:00"],
    ),
]


class Opening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Open from `opens` to `closes`, which is the next day's where it is earlier."""

    opens: OpeningTime
    closes: ClosingTime


class WeeklyHours(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An opening of one day of the cycle; week 1 is the ISO week of the season's first date."""

    week: Annotated[int, Meta(ge=1, le=52)] = 1
    day: Day
    opens: OpeningTime
    closes: ClosingTime


class Season(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Weekly hours from its first to its last date, both included; `ends_on` null: for good."""

    starts_on: LocalDate
    ends_on: LocalDate | None = None
    cycle_weeks: Annotated[int, Meta(ge=1, le=52)] = 1
    hours: Annotated[list[WeeklyHours], Meta(max_length=1000)] = []


class HoursException(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Other hours on one date, also outside every season; none: closed."""

    on: LocalDate
    hours: Annotated[list[Opening], Meta(max_length=50)] = []
    note: ShortText | None = None


class Holidays(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What public holidays are: closed, open as usual, or other hours. `region` null: none count."""

    region: HolidayRegion | None = None
    then: HolidayHours = "open"
    hours: Annotated[list[Opening], Meta(max_length=50)] = []


class Hours(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A timetable: seasons of weekly hours, one-day exceptions, public holidays. With `always` it is open
    round the clock and its seasons do not count.

    An exception wins over a holiday, a holiday over the season. `applies_to` null: `whole_period` for space
    and people, `start_and_end` for vehicle and equipment.
    """

    applies_to: AppliesTo | None = None
    always: bool = False
    seasons: Annotated[list[Season], Meta(max_length=200)] = []
    exceptions: Annotated[list[HoursException], Meta(max_length=2000)] = []
    holidays: Holidays = Holidays()


class HoursRequest(Hours, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An asset's own hours as sent. `dry_run`: say what they would hit and store nothing. `recall`: take back what
    they hit, with a `note` that its bookers see.
    """

    dry_run: bool = False
    recall: bool = False
    note: LongText | None = None


class CompiledHours(msgspec.Struct, frozen=True):
    """Hours as the database keeps them. Each text is an `int4multirange` such as `{[1080,1320)}`, in minutes
    from that day's midnight; past 1440 is the next day. A season is (first date, last date or None, weeks of
    its cycle, one text for each day of the cycle from the Monday of its first week).
    """

    applies_to: AppliesTo | None
    always: bool
    holidays_region: HolidayRegion | None
    holidays_hours: str | None
    seasons: list[tuple[date, date | None, int, list[str]]]
    exceptions: list[tuple[date, str]]


def compile(hours: Hours) -> CompiledHours:  # noqa: A001 - always written domain.hours.compile
    """Hours as rules in minutes. Raises Invalid with every fault at once, or HoursOverlap where the only
    fault is that two seasons share a date.
    """
    faults = [*season_faults(hours), *exception_faults(hours), *holiday_faults(hours.holidays)]
    overlaps = list(overlapping(hours.seasons))
    if faults:
        raise Invalid(faults + overlaps)
    if overlaps:
        raise HoursOverlap(overlaps)
    holidays = hours.holidays
    given = None if holidays.region is None or holidays.then == "open" else multirange(holidays.hours)
    return CompiledHours(
        applies_to=hours.applies_to,
        always=hours.always,
        holidays_region=holidays.region,
        holidays_hours=given,
        seasons=[(one.starts_on, one.ends_on, one.cycle_weeks, days(one)) for one in hours.seasons],
        exceptions=[(one.on, multirange(one.hours)) for one in hours.exceptions],
    )


def only_hours(hours: Hours) -> Hours:
    """Hours as they are kept, without what else was sent beside them."""
    return Hours(**{name: getattr(hours, name) for name in Hours.__struct_fields__})


def without_notes(hours: Hours) -> Hours:
    """Hours as those see them who may not know why it is open or closed on a date."""
    exceptions = [msgspec.structs.replace(one, note=None) for one in hours.exceptions]
    return msgspec.structs.replace(hours, exceptions=exceptions)


def told(hours: Hours) -> dict[str, object]:
    """What an event tells of hours, not their notes; another `digest` means other hours."""
    rules = msgspec.json.encode(without_notes(only_hours(hours)))
    return {
        "applies_to": hours.applies_to,
        "always": hours.always,
        "seasons": [{"starts_on": one.starts_on, "ends_on": one.ends_on} for one in hours.seasons],
        "exceptions": len(hours.exceptions),
        "holidays": {"region": hours.holidays.region, "then": hours.holidays.then},
        "digest": hashlib.sha256(rules).hexdigest()[:32],
    }


def refuse_never_open(hours: Hours, today: date) -> None:
    """Raises NotPublishable where by these hours a listed asset could not be booked from a local date on."""
    if not ever_open(hours, today):
        raise NotPublishable([Fault("#/seasons", NEVER_OPEN)])


def ever_open(hours: Hours | None, today: date) -> bool:
    """Whether anything could be booked from a local date on by these hours, as far as they themselves say."""
    if hours is None:
        return False
    on_holidays = hours.holidays.region is not None and bool(hours.holidays.hours)  # within a season only
    return (
        hours.always
        or any((one.hours or on_holidays) and (one.ends_on or date.max) >= today for one in hours.seasons)
        or any(one.hours and one.on >= today for one in hours.exceptions)
    )


def days(season: Season) -> list[str]:
    """The hours of each day of the cycle, from the Monday of the season's first week."""
    return [
        multirange([each for each in season.hours if (each.week, each.day) == (week, day)])
        for week in range(1, season.cycle_weeks + 1)
        for day in DAYS
    ]


def multirange(openings: Iterable[Opening | WeeklyHours]) -> str:
    """The hours of one day as an int4multirange; those that touch or overlap join."""
    return as_multirange(join(map(span, openings)))


def join(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans of minutes in order, those that touch or overlap as one."""
    joined: list[tuple[int, int]] = []
    for opens, closes in sorted(spans):
        if joined and opens <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(closes, joined[-1][1]))
        else:
            joined.append((opens, closes))
    return joined


def as_multirange(spans: Iterable[tuple[int, int]]) -> str:
    """Spans of minutes as the text of an int4multirange."""
    return "{" + ",".join(f"[{opens},{closes})" for opens, closes in spans) + "}"


def span(opening: Opening | WeeklyHours) -> tuple[int, int]:
    """When it opens and closes, in minutes from the midnight before it opens."""
    opens, closes = minutes(opening.opens), minutes(opening.closes)
    return opens, closes if closes > opens else closes + DAY


def minutes(wall: str) -> int:
    """Minutes from midnight of a time such as 18:30."""
    return 60 * int(wall[:2]) + int(wall[3:])


def season_faults(hours: Hours) -> Iterator[Fault]:
    """What is wrong with each season by itself."""
    for number, season in enumerate(hours.seasons):
        pointer = f"#/seasons/{number}"
        if season.ends_on is not None and season.ends_on < season.starts_on:
            yield Fault(f"{pointer}/ends_on", "It must not be before starts_on.")
        for place, each in enumerate(season.hours):
            if each.week > season.cycle_weeks:
                yield Fault(f"{pointer}/hours/{place}/week", f"At most cycle_weeks: {season.cycle_weeks}.")
        yield from opening_faults(season.hours, f"{pointer}/hours")


def exception_faults(hours: Hours) -> Iterator[Fault]:
    """What is wrong with the exceptions."""
    seen: set[date] = set()
    for number, exception in enumerate(hours.exceptions):
        if exception.on in seen:
            yield Fault(f"#/exceptions/{number}/on", "There is another exception for this date; one has all its hours.")
        seen.add(exception.on)
        yield from opening_faults(exception.hours, f"#/exceptions/{number}/hours")


def holiday_faults(holidays: Holidays) -> Iterator[Fault]:
    """What is wrong with the public holidays."""
    if (holidays.then == "hours") != bool(holidays.hours):
        yield Fault("#/holidays/hours", "Hours are given when `then` is hours, and only then.")
    yield from opening_faults(holidays.hours, "#/holidays/hours")


def opening_faults(openings: Sequence[Opening | WeeklyHours], pointer: str) -> Iterator[Fault]:
    """Openings that would last no time."""
    for place, each in enumerate(openings):
        if each.opens == each.closes:
            yield Fault(f"{pointer}/{place}/closes", "It must differ from opens; a day is 00:00 to 24:00.")


def overlapping(seasons: Sequence[Season]) -> Iterator[Fault]:
    """Seasons that share a date with an earlier one of the list, each once."""
    told: set[int] = set()
    for (first, one), (second, other) in combinations(enumerate(seasons), 2):
        shares = other.starts_on <= (one.ends_on or date.max) and one.starts_on <= (other.ends_on or date.max)
        if shares and second not in told:
            told.add(second)
            yield Fault(f"#/seasons/{second}/starts_on", f"It shares a date with the season at #/seasons/{first}.")
