"""Trials: what a draft timetable would change, before anybody opens a door."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from domain.availability import LONGEST_WINDOW
from domain.errors import Fault
from domain.hours import DAYS, Day, Hours
from domain.idle import IdleHour
from domain.occurrences import AssetBrief, SiteBrief
from domain.types import Instant

MOST_ASSETS = 10  # of one trial,
MOST_DAYS = 500  # and of opening hours that it looks up by each of the two timetables,
MOST_OPENINGS = 20  # on one of them by the draft


class TimetableTrial(Hours, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A draft timetable, to be tried on the assets named or on all at a site, in a span of at most 92 days."""

    asset_ids: Annotated[list[UUID], Meta(min_length=1, max_length=MOST_ASSETS)] | None = None
    site_id: UUID | None = None
    starts_at: Instant
    ends_at: Instant

    @property
    def most_assets(self) -> int:
        """How many it may be tried on: the fewer the longer the span."""
        return min(MOST_ASSETS, MOST_DAYS // ((self.ends_at - self.starts_at) // timedelta(days=1) + 2))


class IdleTotal(msgspec.Struct, frozen=True, kw_only=True):
    """Time in a span, in minutes of units: open; used, which is occupied while open; idle, the rest. `needs`: how many
    open needs could be met within the span; `served_minutes`: for how long in all, each need as if it were alone.
    """

    open_minutes: int
    used_minutes: int
    idle_minutes: int
    needs: int
    served_minutes: int


class IdleTime(IdleTotal, frozen=True, kw_only=True):
    """The same of one asset, with the hours of the week in which it is ever open."""

    week: list[IdleHour]


class NeedTotal(msgspec.Struct, frozen=True, kw_only=True):
    """What differs: how many needs are met by one timetable and not at all by the other, and the minutes of units of
    all occurrences, of these needs and of others, that are met by the one only.
    """

    needs: int
    minutes: int


class NeedHour(msgspec.Struct, frozen=True):
    """An hour of the local week, `day` from `hour`:00, and how many of the minutes lie in it."""

    day: Day
    hour: int
    minutes: int


class NeedTime(NeedTotal, frozen=True, kw_only=True):
    """The same of one asset, with the hours of the week in which they lie."""

    week: list[NeedHour]


class TriedAsset(msgspec.Struct, frozen=True, kw_only=True):
    """An asset by its present hours and by the draft's, as if it were listed: what it would gain and lose. Of the open
    needs nearby so many were examined; `needs_cut`: there are more.
    """

    asset: AssetBrief
    site: SiteBrief
    timezone: str
    units: int
    now: IdleTime
    draft: IdleTime
    gained: NeedTime
    lost: NeedTime
    needs_examined: int
    needs_cut: bool


class TrialTotal(msgspec.Struct, frozen=True, kw_only=True):
    """All assets together. An occurrence that several could meet counts once, by whichever meets most of it within the
    span; it is gained where none of them meets it now. Time that is open is added up.
    """

    now: IdleTotal
    draft: IdleTotal
    gained: NeedTotal
    lost: NeedTotal
    needs_cut: bool


class Trial(msgspec.Struct, frozen=True):
    """What a draft timetable would change: of each asset, newest first, and in all."""

    items: list[TriedAsset]
    total: TrialTotal


class MetInSpan(msgspec.Struct, frozen=True):
    """An occurrence of a need that an asset meets; pairs of an hour of the local week, Monday 00 as 0, and how many
    minutes of units lie in it. None: it lies outside the span.
    """

    need_id: UUID
    number: int
    hours: list[tuple[int, int]]


class Way(msgspec.Struct, frozen=True):
    """An asset by one timetable: hours of the local week in which it is ever open, with the minutes of units open and
    used; and all that it meets.
    """

    hours: list[tuple[int, int, int]]
    met: list[MetInSpan]


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """An asset by both timetables, as it is found."""

    asset: AssetBrief
    site: SiteBrief
    timezone: str
    units: int
    now: Way
    draft: Way
    needs_examined: int
    needs_cut: bool


# By need and occurrence, the minutes in each hour of the local week: none where it is met outside the span.
Served = Mapping[tuple[UUID, int], Counter[int]]


def faults(trial: TimetableTrial) -> Iterator[Fault]:
    """What is wrong with a trial beside its hours."""
    if (trial.asset_ids is None) == (trial.site_id is None):
        yield Fault("#/asset_ids", "Send exactly one of asset_ids and site_id.")
    if trial.ends_at <= trial.starts_at:
        yield Fault("#/ends_at", "It must be later than starts_at.")
        return
    if trial.ends_at - trial.starts_at > LONGEST_WINDOW:
        yield Fault("#/ends_at", f"At most {LONGEST_WINDOW.days} days after starts_at.")
        return
    named = trial.asset_ids or []
    for place, asset_id in enumerate(named):
        if (first := named.index(asset_id)) != place:
            yield Fault(f"#/asset_ids/{place}", f"It is the same asset as #/asset_ids/{first}; send each once.")
    yield from crowded(trial)
    if len(named) > trial.most_assets:
        yield Fault("#/asset_ids", f"A span as long as this is tried on at most {trial.most_assets} assets at once.")


def crowded(hours: Hours) -> Iterator[Fault]:
    """Days with more openings than are tried, since each is looked up for each need."""
    days = {
        f"#/seasons/{number}/hours": max(Counter((each.week, each.day) for each in season.hours).values(), default=0)
        for number, season in enumerate(hours.seasons)
    }
    days |= {f"#/exceptions/{number}/hours": len(each.hours) for number, each in enumerate(hours.exceptions)}
    days["#/holidays/hours"] = len(hours.holidays.hours)
    for pointer, openings in days.items():
        if openings > MOST_OPENINGS:
            yield Fault(pointer, f"A day with {openings} openings is not tried: at most {MOST_OPENINGS}.")


def missing(trial: TimetableTrial, found: Sequence[UUID]) -> Iterator[Fault]:
    """What is wrong with the assets of a trial, of which these are there."""
    for place, asset_id in enumerate(trial.asset_ids or ()):
        if asset_id not in found:
            yield Fault(f"#/asset_ids/{place}", "You have no such asset, or it is archived.")
    if trial.site_id and not found:
        yield Fault("#/site_id", "You have no such site, or no asset there.")
    if trial.site_id and len(found) > trial.most_assets:
        yield Fault(
            "#/site_id",
            f"A span as long as this is tried on at most {trial.most_assets} assets at once, and there are more: name"
            " some of them in asset_ids.",
        )


def compare(tried: Sequence[Tried]) -> Trial:
    """What the draft would change."""
    items = [compared(each) for each in tried]
    now, draft = merged(served(each.now) for each in tried), merged(served(each.draft) for each in tried)
    return Trial(
        items,
        TrialTotal(
            now=total([each.now for each in items], now),
            draft=total([each.draft for each in items], draft),
            gained=without_week(beyond(now, draft)),
            lost=without_week(beyond(draft, now)),
            needs_cut=any(each.needs_cut for each in items),
        ),
    )


def compared(tried: Tried) -> TriedAsset:
    """The same of one asset."""
    now, draft = served(tried.now), served(tried.draft)
    return TriedAsset(
        asset=tried.asset,
        site=tried.site,
        timezone=tried.timezone,
        units=tried.units,
        now=time(tried.now, now),
        draft=time(tried.draft, draft),
        gained=beyond(now, draft),
        lost=beyond(draft, now),
        needs_examined=tried.needs_examined,
        needs_cut=tried.needs_cut,
    )


def served(way: Way) -> Served:
    """What an asset meets by one timetable."""
    return {(each.need_id, each.number): added_up(each.hours) for each in way.met}


def added_up(pairs: Iterable[tuple[int, int]]) -> Counter[int]:
    """The minutes in each hour, which an occurrence of a week or an hour that occurs twice has twice."""
    found: Counter[int] = Counter()
    for hour, minutes in pairs:
        found[hour] += minutes
    return found


def merged(several: Iterable[Served]) -> Served:
    """What assets meet together: each occurrence by whichever meets most of it within the span."""
    best: dict[tuple[UUID, int], Counter[int]] = {}
    for each in several:
        for key, hours in each.items():
            best[key] = max(best.get(key, hours), hours, key=lambda one: (bool(one), one.total()))
    return best


def beyond(known: Served, other: Served) -> NeedTime:
    """What of needs the other meets within the span that is not known to be met at all."""
    new = {key: hours for key, hours in other.items() if hours and key not in known}
    needs = {need_id for need_id, _ in new} - {need_id for need_id, _ in known}
    minutes = added_up(pair for hours in new.values() for pair in hours.items())
    week = [NeedHour(DAYS[hour // 24], hour % 24, minutes[hour]) for hour in sorted(minutes)]
    return NeedTime(needs=len(needs), minutes=minutes.total(), week=week)


def without_week(time: NeedTime) -> NeedTotal:
    """Only the sums: several assets may meet one occurrence in different hours."""
    return NeedTotal(needs=time.needs, minutes=time.minutes)


def time(way: Way, met: Served) -> IdleTime:
    """An asset's time by one timetable, a need counted once in each hour."""
    needs = Counter(hour for _, hour in {(need_id, hour) for (need_id, _), hours in met.items() for hour in hours})
    week = [
        IdleHour(DAYS[hour // 24], hour % 24, opened, used, opened - used, needs[hour])
        for hour, opened, used in way.hours
    ]
    return IdleTime(**sums(week, met), week=week)


def total(times: Iterable[IdleTime], met: Served) -> IdleTotal:
    """The time of several assets, added up, and what they meet together."""
    return IdleTotal(**sums(times, met))


def sums(times: Iterable[IdleTime | IdleHour], met: Served) -> dict[str, int]:
    """What an IdleTotal says."""
    times = list(times)
    return {
        "open_minutes": sum(each.open_minutes for each in times),
        "used_minutes": sum(each.used_minutes for each in times),
        "idle_minutes": sum(each.idle_minutes for each in times),
        "needs": len({need_id for (need_id, _), hours in met.items() if hours}),
        "served_minutes": sum(hours.total() for hours in met.values()),
    }
