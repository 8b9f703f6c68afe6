"""When an asset is open, and when it is free."""

from datetime import datetime, timedelta

import msgspec

from domain.callers import Caller
from domain.errors import Fault, Invalid, Unauthenticated
from domain.hours import AppliesTo
from domain.taxonomy import AssetKind
from domain.time import check_span

LONGEST_WINDOW = timedelta(days=92)


class OpenPeriod(msgspec.Struct, frozen=True):
    """Open by its hours and not closed, `[starts_at, ends_at)`."""

    starts_at: datetime
    ends_at: datetime


class FreePeriod(OpenPeriod, frozen=True):
    """A maximal period that can be had, turnaround taken off; `units_free` is the least at any moment of it."""

    units_free: int


class Availability(msgspec.Struct, frozen=True):
    """With `applies_to` start_and_end, a booking starts and ends within `open` and lies within `free`."""

    timezone: str
    starts_at: datetime
    ends_at: datetime
    applies_to: AppliesTo
    open: list[OpenPeriod]
    free: list[FreePeriod]


def check_window(starts_at: datetime, ends_at: datetime, longest: timedelta) -> None:
    """Raises Invalid for a window that is reversed, empty or too long."""
    check_span(starts_at, ends_at)
    if ends_at - starts_at > longest:
        raise Invalid([Fault("?ends_at", f"At most {longest.days} days after starts_at.")])


def check_seen(kind: AssetKind, caller: Caller | None) -> None:
    """Raises Unauthenticated: when people are free is not for everybody."""
    if kind == "people" and caller is None:
        raise Unauthenticated("When people are free is for those with a token.")
