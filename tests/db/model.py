"""What db/functions.sql must answer, said once more: slow, plain, minute by minute.

A minute is a whole number, counted from 1970 in UTC; what is open, shut or taken is a set of them or a count of
each. Nothing here knows ranges, indexes or SQL. Everything in a world happens on whole minutes.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from hashlib import md5
from itertools import chain, groupby
from uuid import UUID
from zoneinfo import ZoneInfo

import holidays

from domain.hours import DAYS, Hours, Opening, WeeklyHours

DAY = 24 * 60
MIDNIGHT = datetime.min.time()
FIRST = datetime(1, 1, 1)  # noqa: DTZ001 - what a wall shows has no zone
ENGLAND = holidays.country_holidays("GB", subdiv="ENG", years=range(2010, 2040))


@dataclass(frozen=True)
class Asset:
    """An asset and the terms that the rules read; `whole` is the asset it is part of."""

    id: UUID
    kind: str = "space"
    category: str = "hall"
    whole: UUID | None = None
    hours: Hours | None = None
    zone: str = "Europe/London"
    point: tuple[float, float] = (0.0, 0.0)
    state: str = "listed"
    features: tuple[str, ...] = ()
    units: int = 1
    capacity: int | None = None
    min_attendees: int | None = None
    shortest: int = 30
    longest: int | None = None
    step: int = 15
    notice: int = 0
    horizon: int = 365
    before: int = 0
    after: int = 0
    price: int | None = None
    community_price: int | None = None
    per: str = "hour"
    currency: str = "GBP"
    requires: tuple[str, ...] = ()
    approval: bool = False
    travels: int | None = None


@dataclass(frozen=True)
class Closure:
    """A span in which an asset, or with `asset` None the site, is shut."""

    asset: UUID | None
    starts: datetime
    ends: datetime


@dataclass(frozen=True)
class Booking:
    """Units of an asset from `starts` to `ends`, with the turnaround that the asset had when it was booked."""

    asset: UUID
    starts: datetime
    ends: datetime
    units: tuple[int, ...] = (1,)
    before: int = 0
    after: int = 0
    held_until: datetime | None = None
    booker: int | None = None  # which of some bookers has it, and for which of their needs
    need: int | None = None


@dataclass(frozen=True)
class Booker:
    """Who asks: verified or not, the last day of each paper it holds, None for ever, and what kind it is."""

    verified: bool = True
    holds: tuple[tuple[str, date | None], ...] = ()
    kind: str = "group"


@dataclass(frozen=True)
class World:
    """One owner's site with all that happens there. Wholes stand before their parts."""

    now: datetime
    assets: tuple[Asset, ...]
    closures: tuple[Closure, ...] = ()
    bookings: tuple[Booking, ...] = ()
    owner_state: str = "verified"

    @cached_property
    def by_id(self) -> dict[UUID, Asset]:
        return {asset.id: asset for asset in self.assets}

    def wholes(self, asset: Asset) -> list[Asset]:
        """An asset and every whole around it."""
        around = [asset]
        while around[-1].whole is not None:
            around.append(self.by_id[around[-1].whole])
        return around

    def parts(self, asset: Asset) -> list[Asset]:
        """An asset and every part in it."""
        return [other for other in self.assets if asset in self.wholes(other)]

    def without_lapsed_holds(self) -> "World":
        """The same world, swept."""
        return replace(self, bookings=tuple(each for each in self.bookings if stands(each, self.now)))


def minute(moment: datetime) -> int:
    whole, rest = divmod(int(moment.timestamp()), 60)
    assert rest == 0
    return whole


def moment(number: int) -> datetime:
    return datetime.fromtimestamp(60 * number, UTC)


def wall(number: int, zone: str) -> datetime:
    """What the clock on the wall shows in a minute."""
    return moment(number).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def instant(local: datetime, zone: str) -> int:
    """The minute of a wall-clock time: the first of two, as much after a gap."""
    return minute(local.replace(tzinfo=ZoneInfo(zone), fold=0))


# Hours ------------------------------------------------------------------------------------------------------------


def openings(hours: Hours, day: date) -> list[Opening | WeeklyHours]:
    """What is written for one date: an exception wins over a holiday, a holiday over the season."""
    round_the_clock = [Opening("00:00", "24:00")]
    for exception in hours.exceptions:
        if exception.on == day:
            return exception.hours
    season = next((one for one in hours.seasons if one.starts_on <= day <= (one.ends_on or date.max)), None)
    if season is None and not hours.always:
        return []
    if hours.holidays.region is not None and hours.holidays.then != "open" and day in ENGLAND:
        return hours.holidays.hours
    if hours.always:
        return round_the_clock
    weeks = (monday(day) - monday(season.starts_on)).days // 7
    week = weeks % season.cycle_weeks + 1
    return [one for one in season.hours if (one.week, one.day) == (week, DAYS[day.weekday()])]


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def on_the_clock(opening: Opening | WeeklyHours, day: date) -> range:
    """Its minutes on the wall, counted from year 1: closing no later than it opens is the next day."""
    opens, closes = (60 * int(text[:2]) + int(text[3:]) for text in (opening.opens, opening.closes))
    start = DAY * day.toordinal()
    return range(start + opens, start + closes + (DAY if closes <= opens else 0))


def open_minutes(asset: Asset, since: int, until: int) -> set[int]:
    """The minutes of a window within the hours: the union of the hours of its dates, each run of it turned into
    instants at its ends.
    """
    if asset.hours is None:
        return set()
    first, last = wall(since, asset.zone).date(), wall(until, asset.zone).date()
    dates = [first + timedelta(days=n) for n in range(-3, (last - first).days + 3)]
    walls = {each for day in dates for one in openings(asset.hours, day) for each in on_the_clock(one, day)}
    found: set[int] = set()
    for start, end in runs(walls):
        opens, closes = (instant(FIRST + timedelta(minutes=each - DAY), asset.zone) for each in (start, end))
        found.update(range(max(opens, since), min(closes, until)))
    return found


def runs(minutes: set[int]) -> list[tuple[int, int]]:
    """The maximal half-open runs of a set of minutes."""
    numbered = enumerate(sorted(minutes))
    groups = [[value for _, value in group] for _, group in groupby(numbered, lambda pair: pair[1] - pair[0])]
    return [(group[0], group[-1] + 1) for group in groups]


def applies_to(asset: Asset) -> str:
    usual = "whole_period" if asset.kind in ("space", "people") else "start_and_end"
    return (asset.hours and asset.hours.applies_to) or usual


# What stands in the way -------------------------------------------------------------------------------------------


def shut_minutes(world: World, asset: Asset) -> set[int]:
    """The minutes that a closure of the site, of the asset, of a whole around it or a part in it shuts."""
    near = {None} | {other.id for other in [*world.wholes(asset), *world.parts(asset)]}
    return {each for one in world.closures if one.asset in near for each in range(minute(one.starts), minute(one.ends))}


def stands(booking: Booking, now: datetime) -> bool:
    """Whether it still counts: a hold that has lapsed does not, swept or not."""
    return booking.held_until is None or booking.held_until > now


def occupied(booking: Booking) -> range:
    return range(minute(booking.starts) - booking.before, minute(booking.ends) + booking.after)


def seats(world: World, asset: Asset) -> list[tuple[int, range]]:
    """Each unit of an asset that is taken, and when: all of them by a booking of a whole around it, the only one
    that a whole has by a booking of a part in it.
    """
    found = []
    for booking in world.bookings:
        other = world.by_id[booking.asset]
        if other == asset:
            units = booking.units
        elif other in world.wholes(asset) or asset in world.wholes(other):
            units = range(1, asset.units + 1)
        else:
            units = ()
        if stands(booking, world.now):
            found += [(unit, occupied(booking)) for unit in units]
    return found


def units_free(world: World, asset: Asset, starts: int, ends: int) -> int:
    """The fewest units that are free in any minute of a period and of the turnaround around it. Units change hands
    freely until they are occupied; one whose occupancy has begun is not free if that lies anywhere within.
    """
    span = range(starts - asset.before, ends + asset.after)
    touching = [(unit, taken) for unit, taken in seats(world, asset) if overlap(taken, span)]
    fixed = {unit for unit, taken in touching if taken.start <= minute(world.now)}
    most = max(len({unit for unit, taken in touching if each in taken}) for each in span)
    return asset.units - max(most, len(fixed))


def overlap(one: range, other: range) -> bool:
    return one.start < other.stop and other.start < one.stop


def is_open(world: World, asset: Asset, starts: int, ends: int) -> bool:
    """Whether a period lies within the hours, as far as they apply to it, and touches no closure."""
    hours = open_minutes(asset, starts - 1, ends + 1)
    if applies_to(asset) == "whole_period":
        within = all(each in hours for each in range(starts, ends))
    else:
        within = starts in hours and (ends in hours or ends - 1 in hours)
    shut = shut_minutes(world, asset)
    return within and not any(each in shut for each in range(starts, ends))


# A booking's own rules --------------------------------------------------------------------------------------------


def length(starts: int, ends: int, zone: str) -> int:
    """Elapsed minutes, except that from a wall-clock time to the same on a later date each day counts as a day."""
    days, rest = divmod((clock(ends, zone) - clock(starts, zone)) // timedelta(minutes=1), DAY)
    return DAY * days if days > 0 and rest == 0 else ends - starts


def clock(number: int, zone: str) -> datetime:
    """What the clock on the wall shows, except that a day begins at midnight also where midnight is missing."""
    local = wall(number, zone)
    midnight = datetime.combine(local.date(), MIDNIGHT)
    return midnight if instant(midnight, zone) == number else local


def is_on_step(number: int, zone: str, step: int) -> bool:
    """Whether it is a whole number of steps after midnight on the wall, or was before a gap moved it."""
    local = wall(number, zone)
    earlier = (local - timedelta(minutes=each) for each in range(1, DAY + 1))
    unmoved = (each for each in earlier if instant(each, zone) == number)
    return any((60 * each.hour + each.minute) % step == 0 for each in chain([local], unmoved))


def why_not(
    world: World, asset: Asset, starts: int, ends: int, units: int, attendees: int | None, booker: Booker | None
) -> set[str]:
    """The codes of all rules that a booking of one period would break."""
    now = minute(world.now)
    elapsed = length(starts, ends, asset.zone)
    date_on = wall(starts, asset.zone).date()
    held = dict(booker.holds) if booker else {}
    asked = asset.requires if booker else ()
    broken = {
        "not_listed": asset.state != "listed" or world.owner_state in ("suspended", "closed"),
        "too_few_units": units > asset.units,
        "too_small": None not in (attendees, asset.capacity) and attendees > asset.capacity * units,
        "too_few_attendees": asset.min_attendees is not None and (attendees or 0) < asset.min_attendees,
        "in_the_past": starts < now,
        "too_soon": now <= starts < now + asset.notice,
        "too_far_ahead": starts > now + DAY * asset.horizon,
        "too_short": elapsed < asset.shortest,
        "too_long": asset.longest is not None and elapsed > asset.longest,
        "off_step": not all(is_on_step(each, asset.zone, asset.step) for each in (starts, ends)),
        "unverified": booker is not None and not (booker.verified or asset.approval),
        "requirement_missing": any(each not in held for each in asked),
        "requirement_expired": any(each in held and (held[each] or date.max) < date_on for each in asked),
        "closed": not is_open(world, asset, starts, ends),
        "taken": units <= asset.units and units_free(world, asset, starts, ends) < units,
    }
    return {code for code, is_broken in broken.items() if is_broken}


# Availability -----------------------------------------------------------------------------------------------------


def free_periods(world: World, asset: Asset, since: int, until: int, units: int) -> list[tuple[int, int, int]]:
    """The longest periods of a window in which so many units can be had, and how many can at the least."""
    now = minute(world.now)
    shut = shut_minutes(world, asset)
    usable = open_minutes(asset, since, until) - shut
    if applies_to(asset) == "start_and_end" and usable:
        usable = set(range(min(usable), max(usable) + 1)) - shut
    for starts, ends in runs(crowded_minutes(world, asset, units, since)):
        usable -= set(range(starts - asset.after, ends + asset.before))
    periods = [(max(starts, now + asset.notice), ends) for starts, ends in runs(usable)]
    listed = asset.state == "listed" and world.owner_state not in ("suspended", "closed") and units <= asset.units
    return [
        (starts, ends, units_free(world, asset, starts, ends))
        for starts, ends in periods
        if listed and starts < ends and starts <= now + DAY * asset.horizon and fits(asset, starts, ends)
    ]


def crowded_minutes(world: World, asset: Asset, units: int, since: int) -> set[int]:
    """The minutes in which fewer than the wanted units are free for a period that is still to come, for which what
    has begun might as well have begun long ago.
    """
    taken: dict[int, set[int]] = {unit: set() for unit in range(1, asset.units + 1)}
    for unit, span in seats(world, asset):
        begun = span.start <= minute(world.now)
        taken[unit].update(range(min(span.start, since - DAY), span.stop) if begun else span)
    counts = Counter(each for minutes in taken.values() for each in minutes)
    return {each for each, count in counts.items() if count > asset.units - units}


def fits(asset: Asset, starts: int, ends: int) -> bool:
    """Whether the shortest booking does: by elapsed time, or as whole local days within."""
    days = range(1, (ends - starts) // DAY + 3)
    whole_days = [instant(clock(starts, asset.zone) + timedelta(days=n), asset.zone) for n in days]
    return any(length(starts, end, asset.zone) >= asset.shortest for end in [ends, *whole_days] if end <= ends)


# Idle capacity ----------------------------------------------------------------------------------------------------


def open_and_used(world: World, asset: Asset, since: int, until: int) -> dict[tuple[str, int], tuple[int, int]]:
    """How many minutes its units are open and how many of those they are taken, by weekday and hour on the wall."""
    taken = Counter(each for _, each in {(unit, each) for unit, span in seats(world, asset) for each in span})
    found: dict[tuple[str, int], tuple[int, int]] = {}
    for each in open_minutes(asset, since, until) - shut_minutes(world, asset):
        local = wall(each, asset.zone)
        key = (DAYS[local.weekday()], local.hour)
        opened, used = found.get(key, (0, 0))
        found[key] = (opened + asset.units, used + taken[each])
    return found


# Search -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Search:
    """What is asked for; `starts` None: what is there."""

    origin: tuple[float, float]
    within: int = 10_000
    category: str | None = None
    kind: str | None = None
    features: tuple[str, ...] = ()
    units: int = 1
    attendees: int | None = None
    only_free: bool = False
    people: bool = True
    starts: datetime | None = None
    ends: datetime | None = None
    weeks: int = 1
    at_least: int = 1


def repeated(starts: int, ends: int, zone: str, weeks: int) -> list[tuple[int, int]]:
    """A period and the same wall-clock period in the weeks after; one whose start falls into a gap, or that
    ends no later on the wall than it starts, keeps its length.
    """
    one, other = wall(starts, zone), wall(ends, zone)
    found = [(starts, ends)]
    for week in range(1, weeks):
        then = timedelta(weeks=week)
        begins = instant(one + then, zone)
        if other <= one:
            found.append((begins, begins + ends - starts))
        elif wall(begins, zone) != one + then:
            found.append((begins, begins + (other - one) // timedelta(minutes=1)))
        else:
            found.append((begins, instant(other + then, zone)))
    return found


def sought(world: World, asset: Asset, search: Search) -> bool:
    """Whether a search is about it: what it is not about is neither found nor explained."""
    return (
        asset.state in ("listed", "paused")
        and world.owner_state not in ("suspended", "closed")
        and search.category in (None, asset.category)
        and search.kind in (None, asset.kind)
        and (search.people or asset.kind != "people")
    )


def lacking(asset: Asset, search: Search) -> list[str]:
    """The codes of what speaks against it whatever the time; one for each feature that it lacks."""
    broken = {
        "not_listed": asset.state != "listed",
        "too_few_units": asset.units < search.units,
        "too_small": None not in (search.attendees, asset.capacity)
        and asset.capacity * search.units < search.attendees,
        "too_dear": search.only_free and bool(asset.price),
    }
    missing = ["feature_missing" for each in search.features if each not in asset.features]
    return missing + [code for code, is_broken in broken.items() if is_broken]


def on_paper(world: World, asset: Asset, search: Search) -> bool:
    return sought(world, asset, search) and not lacking(asset, search)


def bookable(world: World, asset: Asset, search: Search, booker: Booker | None) -> bool:
    """Whether enough of the periods asked for can be booked."""
    if search.starts is None:
        return True
    periods = repeated(minute(search.starts), minute(search.ends), asset.zone, search.weeks)
    broken = [why_not(world, asset, *period, search.units, search.attendees, booker) for period in periods]
    return broken.count(set()) >= search.at_least


def order(world: World, asset: Asset, distance_m: int) -> tuple[int, str, UUID]:
    """Nearest first; among equally near ones an order that changes daily."""
    today = world.now.astimezone(ZoneInfo(asset.zone)).date()
    return distance_m, md5(f"{asset.id}{today}".encode()).hexdigest(), asset.id
