"""What meets a need, why and in which order, said once more: slow, plain, minute by minute.

From the rules as published: docs/decisions/0035 and 0039, and the weights of domain/matches.py. The rules of each
booking are model.py's. All assets lie on the equator, along which metres are an angle times a radius.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from hashlib import md5
from math import floor, radians
from uuid import UUID

from model import (
    DAY,
    FIRST,
    Asset,
    Booker,
    World,
    applies_to,
    crowded_minutes,
    instant,
    length,
    minute,
    on_the_clock,
    open_minutes,
    runs,
    seats,
    shut_minutes,
    stands,
    wall,
)

from domain.hours import DAYS
from domain.matches import WEIGHTS, Term
from domain.needs import NeedRequest
from domain.reasons import Reason

RADIUS_M = 6_378_137  # of the equator
FOUR_WEEKS = 28 * DAY


@dataclass(frozen=True)
class Seeking:
    """The need of a number: who looks for what. `who`: which of some bookers, None: the assets' owner."""

    id: UUID
    number: int
    who: int | None
    booker: Booker
    request: NeedRequest


@dataclass(frozen=True)
class Match:
    """An asset that meets a need: occurrences as number, start and end."""

    asset: Asset
    distance_m: int
    occurrences: list[tuple[int, int, int]]
    reasons: list[Reason]

    @property
    def points(self) -> int:
        return sum(each.numbers["points"] for each in self.reasons)


def in_order(found: list[Match], need_id: UUID) -> list[Match]:
    """Most points first, then what nobody can choose."""
    return sorted(found, key=lambda one: (-one.points, md5(f"{need_id}{one.asset.id}".encode()).hexdigest()))


# What an asset is like --------------------------------------------------------------------------------------------


def metres(asset: Asset, request: NeedRequest) -> int:
    lon, lat = request.point.coordinates
    assert lat == asset.point[1] == 0
    return round(RADIUS_M * radians(abs(asset.point[0] - lon)))


def reach(asset: Asset, request: NeedRequest) -> int | None:
    """How far it may be, in metres; None: it does not come."""
    return asset.travels if request.comes_to_us else request.within_m


def suits(world: World, asset: Asset, need: Seeking) -> bool:
    """Whether it would do, whatever the time."""
    request, booker = need.request, need.booker
    furthest = reach(asset, request)
    held = dict(booker.holds)
    return (
        need.who is not None
        and asset.state == "listed"
        and world.owner_state not in ("suspended", "closed")
        and (asset.category == request.category if request.category else asset.kind == request.kind)
        and furthest is not None
        and metres(asset, request) <= min(furthest, 200_000)
        and all(each in asset.features for each in request.features)
        and request.units <= asset.units
        and (None in (request.attendees, asset.capacity) or request.attendees <= asset.capacity * request.units)
        and (request.attendees or 0) >= (asset.min_attendees or 0)
        and (booker.verified or (asset.approval and not has_something(world, need.who)))
        and all(each in held for each in asset.requires)
    )


def has_something(world: World, who: int) -> bool:
    """Whether a booker has something that is not over: one who is not verified gets nothing beside it."""
    return any(each.booker == who and stands(each, world.now) and each.ends > world.now for each in world.bookings)


# When -------------------------------------------------------------------------------------------------------------


def windows(request: NeedRequest, zone: str) -> list[tuple[int, range]]:
    """The windows of each occurrence, by time: of a pattern, those of each week's seven dates, touching ones joined."""
    found = [
        (number, range(minute(one.starts_at), minute(one.ends_at)))
        for number, one in enumerate(request.periods or (), 1)
    ]
    pattern = request.pattern
    for week in range(pattern.weeks if pattern else 0):
        first = pattern.starts_on + timedelta(weeks=week * pattern.every_weeks)
        dates = [first + timedelta(days=n) for n in range(7)]
        walls = {
            each
            for day in dates
            for window in pattern.windows
            if window.day == DAYS[day.weekday()]
            for each in on_the_clock(window, day)
        }
        for start, end in runs(walls):
            opens, closes = (instant(FIRST + timedelta(minutes=each - DAY), zone) for each in (start, end))
            if opens < closes:
                found.append((week + 1, range(opens, closes)))
    return sorted(found, key=lambda one: (one[1].start, one[1].stop, one[0]))


def occurrences(request: NeedRequest) -> int:
    return request.pattern.weeks if request.pattern else len(request.periods)


def booked(world: World, need: Seeking) -> set[int]:
    """The occurrences in a window of which something that is booked for the need lies."""
    return {
        number
        for each in world.bookings
        if each.need == need.number and stands(each, world.now)
        for number, window in windows(need.request, world.by_id[each.asset].zone)
        if window.start <= minute(each.starts) and minute(each.ends) <= window.stop
    }


class Place:
    """An asset with its minutes from one to another, looked up once."""

    def __init__(self, world: World, asset: Asset, since: int, until: int) -> None:
        self.world, self.asset, self.since, self.until = world, asset, since, until

    @cached_property
    def hours(self) -> set[int]:
        return open_minutes(self.asset, self.since, self.until)

    @cached_property
    def shut(self) -> set[int]:
        return shut_minutes(self.world, self.asset)

    @cached_property
    def closed(self) -> list[int]:
        """The minutes that no booking may touch."""
        if applies_to(self.asset) == "whole_period":
            return sorted({*range(self.since, self.until)} - self.hours | self.shut)
        return sorted(self.shut)

    @cached_property
    def crowded(self) -> list[list[int]]:
        """By how many units are wanted, the minutes in which fewer are free."""
        wanted = range(self.asset.units + 1)
        return [sorted(crowded_minutes(self.world, self.asset, units, self.since)) for units in wanted]

    @cached_property
    def moved(self) -> set[int]:
        """What the steps of each day are as instants, those in a gap moved out of it."""
        first, last = (wall(each, self.asset.zone).date().toordinal() for each in (self.since, self.until))
        steps = range(0, DAY, self.asset.step)
        walls = [FIRST + timedelta(days=day - 1, minutes=each) for day in range(first - 1, last + 2) for each in steps]
        return {instant(each, self.asset.zone) for each in walls}

    def on_step(self, number: int) -> bool:
        local = wall(number, self.asset.zone)
        return (60 * local.hour + local.minute) % self.asset.step == 0 or number in self.moved

    def lets(self, starts: int, ends: int, units: int, booker: Booker) -> bool:
        """Whether a period can be booked, as far as the time decides it."""
        asset, now = self.asset, minute(self.world.now)
        if applies_to(asset) == "start_and_end" and not (
            starts in self.hours and (ends in self.hours or ends - 1 in self.hours)
        ):
            return False
        return (
            not touches(range(starts, ends), self.closed)
            and not touches(range(starts - asset.before, ends + asset.after), self.crowded[units])
            and now + asset.notice <= starts <= now + DAY * asset.horizon
            and self.on_step(starts)
            and self.on_step(ends)
            and asset.shortest <= length(starts, ends, asset.zone) <= (asset.longest or ends)
            and self.admits(booker, wall(starts, asset.zone).date())
        )

    def admits(self, booker: Booker, day: date) -> bool:
        held = dict(booker.holds)
        return all((held[each] or date.max) >= day for each in self.asset.requires)

    def open_and_used(self, since: int) -> tuple[int, int]:
        """How many minutes its units are open in four weeks, and how many of those they are taken."""
        opened = (self.hours & {*range(since, since + FOUR_WEEKS)}) - self.shut
        taken: dict[int, set[int]] = {}
        for unit, span in seats(self.world, self.asset):
            taken.setdefault(unit, set()).update(span)
        return self.asset.units * len(opened), sum(len(opened & each) for each in taken.values())


def touches(span: range, minutes: Sequence[int]) -> bool:
    """Whether one of some minutes, in order, lies in a span."""
    place = bisect_left(minutes, span.start)
    return place < len(minutes) and minutes[place] < span.stop


def met(place: Place, need: Seeking, besides: set[int]) -> list[tuple[int, int, int]]:
    """Each occurrence that is met: by the first period in its windows that can be booked, clear of the one before."""
    asset, request = place.asset, need.request
    found: dict[int, tuple[int, int, int]] = {}
    clear = minute(place.world.now)
    for number, window in windows(request, asset.zone):
        minutes = request.minutes or len(window)
        if number in besides or number in found or too_dear(asset, need, minutes):
            continue
        for starts in range(max(window.start, clear), window.stop - minutes + 1):
            ends = starts + minutes
            if place.lets(starts, ends, request.units, need.booker):
                found[number] = number, starts, ends
                clear = ends + asset.after + asset.before
                break
    return list(found.values())


# What it costs ----------------------------------------------------------------------------------------------------


def price(asset: Asset, booker: Booker) -> int | None:
    """What it asks of such an organisation; None: nothing."""
    community = booker.kind in ("charity", "group", "school", "library")
    return asset.community_price if community and asset.community_price is not None else asset.price


def owed(asset: Asset, need: Seeking, minutes: int) -> int:
    """For one occurrence of so many minutes, where the price is not for the whole booking."""
    return half_up(
        Fraction(price(asset, need.booker) * need.request.units * minutes, 60 if asset.per == "hour" else DAY)
    )


def too_dear(asset: Asset, need: Seeking, minutes: int) -> bool:
    """Whether an occurrence would cost more than it may."""
    ceiling, each = need.request.price_ceiling, price(asset, need.booker)
    if ceiling is None or not each or asset.per == "booking":
        return False
    return owed(asset, need, minutes) > ceiling.amount


def affordable(asset: Asset, need: Seeking, count: int) -> bool:
    """Whether it can be paid for when it meets so many, who share a price for the whole booking."""
    ceiling, each = need.request.price_ceiling, price(asset, need.booker)
    if ceiling is None or not each:
        return True
    shared = Fraction(each * need.request.units, count)
    return asset.currency == ceiling.currency and (asset.per != "booking" or shared <= ceiling.amount)


def half_up(amount: Fraction) -> int:
    return floor(amount + Fraction(1, 2))


# All together -----------------------------------------------------------------------------------------------------


def matches(places: Sequence[Place], need: Seeking) -> list[Match]:
    """What meets a need, the best first."""
    found = []
    for place in places:
        world, asset = place.world, place.asset
        besides = booked(world, need)
        left = occurrences(need.request) - len(besides)
        if left == 0 or need.request.until <= world.now or not suits(world, asset, need):
            continue
        chosen = met(place, need, besides)
        wanted = min(need.request.at_least or occurrences(need.request), left)
        if chosen and len(chosen) >= wanted and affordable(asset, need, len(chosen)):
            reasons = [reason(*term) for term in terms(place, need, chosen, left)]
            found.append(Match(asset, metres(asset, need.request), chosen, reasons))
    return in_order(found, need.id)


def reason(code: Term, share: Fraction, text: str, numbers: dict[str, int | str]) -> Reason:
    points, weight = half_up(WEIGHTS[code] * share), WEIGHTS[code]
    return Reason(code, f"{text} {points} of {weight} points.", True, {**numbers, "points": points}, None)


def terms(
    place: Place, need: Seeking, chosen: list[tuple[int, int, int]], left: int
) -> Iterator[tuple[Term, Fraction, str, dict[str, int | str]]]:
    """Each term's share of its weight, the sentence that says what for, and its numbers."""
    asset, request = place.asset, need.request
    count, distance_m, within_m = len(chosen), metres(asset, request), reach(asset, request) or 1
    yield "share_met", Fraction(count, left), f"It meets {count} of {left}.", {"met": count, "wanted": left}
    far = f"It is {distance_m} m away, of at most {within_m}."
    yield "distance", 1 - Fraction(distance_m, within_m), far, {"distance_m": distance_m, "within_m": within_m}

    come, holds = request.attendees, asset.capacity and asset.capacity * request.units
    if come is None or holds is None:
        yield "fit", Fraction(1), "How many come, or how many it holds, was not said.", {}
    else:
        yield (
            "fit",
            Fraction(come, holds),
            f"It holds {holds}; {come} would come.",
            {"attendees": come, "capacity": holds},
        )

    nice = request.nice_to_have
    had = [each for each in nice if each in asset.features]
    text = f"It has {', '.join(had) or 'none'} of what would be nice." if nice else "Nothing more was asked for."
    share = Fraction(len(had), len(nice)) if nice else Fraction(1)
    yield "nice_to_have", share, text, {"had": len(had), "wanted": len(nice)}

    asked = price(asset, need.booker) or 0
    each = half_up(Fraction(asked * request.units, count))
    if asked and asset.per != "booking":
        each = max(owed(asset, need, ends - starts) for _, starts, ends in chosen)
    if each == 0:
        yield "price", Fraction(1), "It is free.", {"amount": 0}
    else:
        pounds, pence = divmod(each, 100)
        text = f"It costs {pounds}.{pence:02} {asset.currency} for each occurrence."
        ceiling = request.price_ceiling
        share = 1 - Fraction(each, ceiling.amount) if ceiling else Fraction(1, 2)
        yield "price", share, text, {"amount": each, "currency": asset.currency}

    opened, used = place.open_and_used(min(starts for _, starts, _ in chosen))
    numbers = {"open_minutes": opened, "occupied_minutes": used}
    if opened == 0:
        yield "idle", Fraction(0), "It is not open in those four weeks.", numbers
    else:
        percent = half_up(Fraction(100 * used, opened))
        yield "idle", 1 - Fraction(used, opened), f"It is taken for {percent} % of the time in four weeks.", numbers
