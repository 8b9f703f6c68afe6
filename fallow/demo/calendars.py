"""Plausible opening hours, written as people write them: `mon-fri 18:00-22:00, sat 09:00-17:00`."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import msgspec

from domain.hours import DAYS, Holidays, Hours, HoursException, Opening, Season, WeeklyHours

CLOSED_ON_HOLIDAYS = Holidays(region="GB-ENG", then="closed")
SHORT_ON_HOLIDAYS = Holidays(region="GB-ENG", then="hours", hours=[Opening("10:00", "16:00")])
YEARS = 4  # of seasons, from the year before today's
# The terms of a school year that recurs, by first day (month, day); and whether it is term.
SCHOOL_YEAR = ((1, 5, True), (3, 28, False), (4, 13, True), (7, 21, False), (9, 3, True), (12, 19, False))


def openings(pattern: str, week: int = 1) -> Iterator[WeeklyHours]:
    """The weekly hours that a pattern means."""
    for part in filter(None, map(str.strip, pattern.split(","))):
        days, hours = part.split(" ")
        first, _, last = days.partition("-")
        opens, closes = hours.split("-")
        for day in DAYS[DAYS.index(first) : DAYS.index(last or first) + 1]:
            yield WeeklyHours(week=week, day=day, opens=opens, closes=closes)


def season(first: date, last: date | None, *weeks: str) -> Season:
    """A season whose weeks alternate, if there is more than one pattern."""
    hours = [each for number, pattern in enumerate(weeks, 1) for each in openings(pattern, number)]
    return Season(starts_on=first, ends_on=last, cycle_weeks=len(weeks), hours=hours)


def all_year(today: date, *weeks: str, **more: Any) -> Hours:
    """The same hours since a Monday of the year before."""
    january = date(today.year - 1, 1, 4)
    return Hours(seasons=[season(january - timedelta(days=january.weekday()), None, *weeks)], **more)


def summer_and_winter(today: date, summer: str, winter: str, **more: Any) -> Hours:
    """Longer hours from April to September."""
    seasons = []
    for year in years(today):
        seasons.append(season(date(year, 4, 1), date(year, 9, 30), summer))
        seasons.append(season(date(year, 10, 1), date(year + 1, 3, 31), winter))
    return Hours(seasons=seasons, **more)


def school(today: date, term: Sequence[str], vacation: str, **more: Any) -> Hours:
    """Evenings and weekends in term, whole days in the school holidays."""
    days = [(date(year, month, day), in_term) for year in years(today) for month, day, in_term in SCHOOL_YEAR]
    ends = [first - timedelta(days=1) for first, _ in days[1:]] + [date(today.year + YEARS - 1, 1, 4)]
    seasons = [
        season(first, last, *(term if in_term else [vacation]))
        for (first, in_term), last in zip(days, ends, strict=True)
    ]
    return Hours(seasons=seasons, **more)


def years(today: date) -> range:
    """The years that seasons are given for."""
    return range(today.year - 1, today.year - 1 + YEARS)


def new_year(today: date) -> list[HoursException]:
    """Shorter hours on Christmas Eve, none on New Year's Eve."""
    return [
        each
        for year in years(today)
        for each in (
            HoursException(on=date(year, 12, 24), hours=[Opening("09:00", "13:00")], note="Christmas Eve"),
            HoursException(on=date(year, 12, 31), note="New Year's Eve"),
        )
    ]


def with_exception(hours: Hours, on: date, note: str, *spans: Opening) -> Hours:
    """Hours with other ones on one date; a date that has its own already stays as it is."""
    if any(each.on == on for each in hours.exceptions):
        return hours
    return msgspec.structs.replace(
        hours, exceptions=[*hours.exceptions, HoursException(on=on, hours=list(spans), note=note)]
    )
