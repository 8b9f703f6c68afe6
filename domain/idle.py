"""Idle capacity: when assets are open and nobody uses them, by the hour of the week."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

import msgspec

from domain.hours import Day
from domain.occurrences import AssetBrief, SiteBrief

MOST_ASSETS = 20  # of one page,
MOST_DAYS = 1000  # and of opening hours that it looks up


class IdleHour(msgspec.Struct, frozen=True):
    """An hour of the local week, `day` from `hour`:00, in minutes of units in the whole span. `needs`: how many open
    needs could be met in it.
    """

    day: Day
    hour: int
    open_minutes: int
    used_minutes: int
    idle_minutes: int
    needs: int


class IdleAsset(msgspec.Struct, frozen=True, kw_only=True):
    """An asset's time in a span, in minutes of units: open; used, which is occupied while open; idle, the rest. `week`:
    the hours of the week in which it is ever open. `needs`: how many open needs nearby it could meet within the span,
    of so many examined; `needs_cut`: there are more.
    """

    asset: AssetBrief
    site: SiteBrief
    timezone: str
    units: int
    open_minutes: int
    used_minutes: int
    idle_minutes: int
    needs: int
    needs_examined: int
    needs_cut: bool
    week: list[IdleHour]


class IdlePage(msgspec.Struct, frozen=True):
    """Assets, newest first, and the cursor to the next."""

    items: list[IdleAsset]
    next: str | None


class IdleLine(msgspec.Struct, frozen=True):
    """An hour of an asset's week; None where it is never open."""

    asset: IdleAsset
    hour: IdleHour | None


def lines(page: IdlePage) -> Iterator[IdleLine]:
    """Each hour of each asset, and one line for each asset that is never open."""
    for each in page.items:
        if not each.week:
            yield IdleLine(each, None)
        for hour in each.week:
            yield IdleLine(each, hour)


# An hour on one line of a sheet.
COLUMNS: Mapping[str, Callable[[IdleLine], object]] = {
    "asset": lambda line: line.asset.asset.title,
    "site": lambda line: line.asset.site.name,
    "day": lambda line: line.hour and line.hour.day,
    "hour": lambda line: line.hour and f"{line.hour.hour:02}:00",
    "open_minutes": lambda line: line.hour.open_minutes if line.hour else 0,
    "used_minutes": lambda line: line.hour.used_minutes if line.hour else 0,
    "idle_minutes": lambda line: line.hour.idle_minutes if line.hour else 0,
    "needs": lambda line: line.hour.needs if line.hour else 0,
    "units": lambda line: line.asset.units,
    "timezone": lambda line: line.asset.timezone,
    "asset_id": lambda line: line.asset.asset.id,
    "site_id": lambda line: line.asset.site.id,
}


def most_assets(starts_at: datetime, ends_at: datetime) -> int:
    """How many assets one page looks at: the fewer the longer the span."""
    return min(MOST_ASSETS, MOST_DAYS // ((ends_at - starts_at) // timedelta(days=1) + 2))
