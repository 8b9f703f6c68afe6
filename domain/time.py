"""Wall clocks and instants: the Python twin of rules.instant and rules.repeats in db/functions.sql."""

from datetime import UTC, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from domain.errors import Fault, Invalid

ClockChangeKind = Literal["skipped", "repeated"]
WEEK = timedelta(days=7)


class Period(msgspec.Struct, frozen=True, order=True):
    """A half-open span of time, `[starts_at, ends_at)`, in UTC."""

    starts_at: datetime
    ends_at: datetime

    def within(self, other: "Period") -> bool:
        """Whether the other contains it."""
        return other.starts_at <= self.starts_at and self.ends_at <= other.ends_at


def check_span(starts_at: datetime | None, ends_at: datetime | None) -> None:
    """Raises Invalid where a query asks for a reversed or empty period; either end may be open."""
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        raise Invalid([Fault("?ends_at", "It must be later than starts_at.")])


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """A naive wall-clock time as an instant: the first of two; where there is none, as much after the gap."""
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def wall_clock(moment: datetime, zone: ZoneInfo) -> datetime:
    """What a clock on the wall shows, naive."""
    return moment.astimezone(zone).replace(tzinfo=None)


def local_time(moment: datetime, zone: ZoneInfo) -> str:
    """A local time for people: "Tuesday 12 January 2027, 20:00"."""
    local = moment.astimezone(zone)
    return f"{local:%A} {local.day} {local:%B %Y}, {local:%H:%M}"


def local_period(starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> str:
    """A local period for people: "Tuesday 12 January 2027, 20:00 to 22:00"."""
    starts, ends = wall_clock(starts_at, zone), wall_clock(ends_at, zone)
    if ends == datetime.combine(starts.date(), time.min) + timedelta(days=1):
        return f"{local_time(starts_at, zone)} to 24:00"
    same_day = starts.date() == ends.date()
    return f"{local_time(starts_at, zone)} to {f'{ends:%H:%M}' if same_day else local_time(ends_at, zone)}"


def clock_change(wall: datetime, zone: ZoneInfo) -> ClockChangeKind | None:
    """`skipped` for a wall-clock time that does not exist, `repeated` for one that occurs twice, else None."""
    first, second = wall.replace(tzinfo=zone, fold=0), wall.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return None
    return "repeated" if wall_clock(first.astimezone(UTC), zone) == wall else "skipped"


def weeks_later(first: Period, zone: ZoneInfo, weeks: int) -> Period:
    """The same wall-clock period so many weeks later."""
    return days_later(first, zone, 7 * weeks)


def days_later(first: Period, zone: ZoneInfo, days: int) -> Period:
    """The same wall-clock period so many days later.

    Each end is turned alone, except that a period whose start falls into a gap, or whose wall-clock end does
    not come after its start (the hour that occurs twice), keeps its length.
    """
    if days == 0:
        return first
    later = timedelta(days=days)
    starts, ends = wall_clock(first.starts_at, zone), wall_clock(first.ends_at, zone)
    starts_at = instant(starts + later, zone)
    if ends <= starts:
        return Period(starts_at, starts_at + (first.ends_at - first.starts_at))
    if clock_change(starts + later, zone) == "skipped":
        return Period(starts_at, starts_at + (ends - starts))
    return Period(starts_at, instant(ends + later, zone))
