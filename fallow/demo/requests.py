"""Who would like what and when: bookings that the demo asks for, of which the database's rules then keep some."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

import domain.time
from domain.hours import CompiledHours
from domain.time import Period
from fallow.demo import chance, groups
from fallow.demo.world import ZONE, Offered, World, made_of

LONDON = ZoneInfo(ZONE)
BEFORE, AHEAD = 14, 42  # days around today in which bookings begin
EVENING = 15 * 60  # minutes from midnight after which Tuesdays stay free where the tour looks
TUESDAY, WEDNESDAY = 1, 2
LATER = 140  # days ahead: after everything else that is booked, within what terms allow
PURPOSES = {
    "kitchen": ("community_meal", "food_bank", "training"),
    "hall": ("dance", "fundraising", "warm_space", "theatre", "private_celebration"),
    "sports_hall": ("sport", "fitness", "youth_work"),
    "minibus": ("outing", "transport"),
    "van": ("moving_goods", "food_bank"),
}
USUAL = ("meeting", "training", "peer_support", "advice", "older_people", "civic")


# What stands offered: the owner, which of its things, so many units, and to whom.
OFFERED = (
    (groups.LENDER, "sound_system", 1, groups.BOOKER),
    (groups.LENDER, "gazebo", 1, groups.BOOKER),
    (groups.BOOKER, "tables", 4, groups.LENDER),
)
WANTED = (groups.BOOKER, "chairs", 12, groups.LENDER)  # what could be offered
OFFERED_WEEK = 4  # see `later`
Offering = tuple[str, str, int, str]


class Wanted(msgspec.Struct, frozen=True):
    """A booking as it is asked for, and when. `skipped`: what others had then. `cancelled_at`: it is called off then.
    `held_until` as in occurrences. `need_id`: it is not asked for but offered, for that need.
    """

    id: UUID
    asset_id: UUID
    booker_id: UUID
    periods: list[Period]
    units: int
    attendees: int | None
    purpose: str
    asked_at: datetime
    cancelled_at: datetime | None
    state: Literal["held", "pending", "confirmed"] = "confirmed"
    held_until: datetime | None = None
    skipped: Sequence[Period] = ()
    need_id: UUID | None = None


def wanted(world: World) -> Iterator[Wanted]:
    """Everything asked for around the world's today, in the order in which it was asked."""
    near, far = bookers(world)
    made = [*examples(world)]
    for asset_id, offered in world.assets.items():
        if offered.state != "listed":
            continue
        local = in_trafford(world, offered)
        for n in range(how_many(asset_id, local=local)):
            key = (world.today, asset_id, n)
            booker_id = choose(world, offered, near if local else far, key)
            if booker_id and (one := ask(world, asset_id, offered, booker_id, key)):
                made.append(one)
    yield from sorted(made, key=lambda each: (each.asked_at, each.asset_id))


def examples(world: World) -> Iterator[Wanted]:
    """The bookings that the examples of the contract name, so far ahead that they can long be changed: chairs that the
    group borrows, three times, tables that it holds, three requests for its pans, and what is offered. All chairs were
    once out on a day that the group skipped for that, and are not any more. Tables that it has had since last week, and
    others that are out of its own store, can long be checked in.
    """
    usual = Wanted(
        id=made_of("booking", groups.BOOKER),
        asset_id=made_of("asset", groups.store(groups.LENDER), "chairs"),
        booker_id=made_of("organisation", groups.BOOKER),
        periods=[later(world, 0)],
        units=20,
        attendees=None,
        purpose="community_meal",
        asked_at=midnight(world.today - timedelta(days=1)),
        cancelled_at=None,
    )
    yield usual
    yield msgspec.structs.replace(
        usual,
        id=made_of("booking", groups.BOOKER, "moved"),
        periods=[later(world, 1)],
    )
    theirs = later(world, 3)
    yield msgspec.structs.replace(
        usual,
        id=made_of("booking", groups.LENDER),
        booker_id=made_of("organisation", groups.LENDER),
        periods=[theirs],
        units=world.assets[usual.asset_id].request.units,
        asked_at=usual.asked_at - timedelta(days=1),
        cancelled_at=usual.asked_at + timedelta(hours=9),
    )
    yield msgspec.structs.replace(
        usual,
        id=made_of("booking", groups.BOOKER, "skipped"),
        periods=[later(world, 2)],
        skipped=[theirs],
    )
    yield msgspec.structs.replace(
        usual,
        id=made_of("booking", groups.BOOKER, "held"),
        asset_id=made_of("asset", groups.store(groups.LENDER), "tables"),
        state="held",
        held_until=midnight(world.today),
    )
    for week in (1, 2, 3):
        yield msgspec.structs.replace(
            usual,
            id=made_of("booking", groups.BOOKER, "asked", week),
            asset_id=made_of("asset", groups.store(groups.BOOKER), "cooking_equipment"),
            booker_id=made_of("organisation", groups.LENDER),
            periods=[later(world, week)],
            units=1,
            state="pending",
            held_until=usual.periods[0].starts_at,
        )
    for n in range(2):
        day = world.today - timedelta(days=1 + (world.today.weekday() - WEDNESDAY - 1) % 7, weeks=n)
        yield msgspec.structs.replace(
            usual,
            id=made_of("booking", groups.BOOKER, "past", n),
            periods=[period(day, 10 * 60, day, 15 * 60)],
            units=1,
            asked_at=midnight(day - timedelta(days=20)),
        )
    for owner, booker in ((groups.LENDER, groups.BOOKER), (groups.BOOKER, "tin roof players")):
        yield msgspec.structs.replace(
            usual,
            id=made_of("booking", booker, "begun"),
            asset_id=made_of("asset", groups.store(owner), "tables"),
            booker_id=made_of("organisation", booker),
            periods=[begun(world)],
            units=1,
            asked_at=usual.asked_at - timedelta(days=30),
        )
    for owner, thing, units, booker in OFFERED:
        yield msgspec.structs.replace(
            usual,
            id=made_of("booking", owner, "offered", thing),
            asset_id=made_of("asset", groups.store(owner), thing),
            booker_id=made_of("organisation", booker),
            periods=[later(world, OFFERED_WEEK)],
            units=units,
            state="held",
            held_until=usual.periods[0].starts_at,
            need_id=made_of("need", booker, "offered", thing),
        )


def later(world: World, week: int) -> Period:
    """A Wednesday's middle so far ahead that it can long be changed, or that of a later week."""
    day = world.today + timedelta(days=LATER + (WEDNESDAY - world.today.weekday()) % 7)
    return domain.time.weeks_later(period(day, 10 * 60, day, 15 * 60), LONDON, week)


def closed_day(world: World) -> Period:
    """The middle of a Sunday after that."""
    first = later(world, OFFERED_WEEK)
    return Period(first.starts_at + timedelta(days=4), first.ends_at + timedelta(days=4))


def begun(world: World) -> Period:
    """From last Wednesday for forty weeks."""
    day = world.today - timedelta(days=1 + (world.today.weekday() - WEDNESDAY - 1) % 7)
    return period(day, 10 * 60, day + timedelta(weeks=40), 15 * 60)


def in_trafford(world: World, offered: Offered) -> bool:
    """Whether an asset lies where the local groups are."""
    lon, lat = world.sites[offered.request.site_id].placed.shown.coordinates
    return -2.75 < lon < -1.95 and 53.3 < lat < 53.7


def how_many(asset_id: UUID, *, local: bool) -> int:
    """How many bookings an asset sees."""
    return chance.pick((0, 1, 2, 3, 4) if local else (0, 0, 1, 1), "how many", asset_id)


def bookers(world: World) -> tuple[list[UUID], list[UUID]]:
    """Who books around Trafford, and who books anywhere."""
    invented = [one for one, request in world.organisations.items() if request.holds]
    national = [one for one in invented if "anywhere" in (world.organisations[one].description or "")]
    return [one for one in invented if one not in national], national


def choose(world: World, offered: Offered, among: Sequence[UUID], key: tuple[object, ...]) -> UUID | None:
    """Who books: mostly one that holds what it takes, sometimes the owner itself, if that asks for nothing."""
    needs = set(offered.request.terms.requires)
    if not needs and chance.likely(0.2, "own", *key):
        return offered.owner_id
    fit = [one for one in among if needs <= {each.code for each in world.organisations[one].holds}]
    return chance.pick(fit, "booker", *key) if fit else None


def ask(world: World, asset_id: UUID, offered: Offered, booker_id: UUID, key: tuple[object, ...]) -> Wanted | None:
    """One booking of an asset; None where it has no hours to fit it in."""
    request = offered.request
    first = first_period(world, offered, key)
    if first is None:
        return None
    count = chance.between(2, 8, "count", *key) if chance.likely(0.45, "series", *key) else 1
    periods = [domain.time.weeks_later(first, LONDON, n) for n in range(count)]
    units = chance.between(1, max(1, request.units // 2), "units", *key)
    most = None if request.capacity is None else request.capacity * units
    before = min(first.starts_at - timedelta(minutes=request.terms.notice_minutes), midnight(world.today))
    ahead = timedelta(minutes=chance.between(60, 40_000, "asked", *key))
    asked_at = before - ahead
    return Wanted(
        id=chance.identifier(asked_at, "booking", *key),
        asset_id=asset_id,
        booker_id=booker_id,
        periods=periods,
        units=units,
        attendees=None if most is None else chance.between(max(1, most // 4), most, "attendees", *key),
        purpose=chance.pick(PURPOSES.get(request.category, USUAL), "purpose", *key),
        asked_at=asked_at,
        cancelled_at=before - ahead / 2 if chance.likely(0.05, "cancelled", *key) else None,
    )


def midnight(day: date) -> datetime:
    """When a day begins in UTC: what the demo takes for now."""
    return datetime.combine(day, time(), UTC)


def first_period(world: World, offered: Offered, key: tuple[object, ...]) -> Period | None:
    """A period within the usual hours of one day, or for what is fetched, from one day's to another's."""
    compiled = world.timetables[offered.timetable_id].compiled
    request = offered.request
    fetched = request.kind in {"vehicle", "equipment"}
    since = -BEFORE if request.terms.check_in_grace_minutes is None else 1  # who was there is not made up
    for later in range(7):
        day = world.today + timedelta(days=chance.between(since, AHEAD, "day", *key) + later)
        if not (open_spans := spans(compiled, day)):
            continue
        span = chance.pick(open_spans, "span", *key)
        if fetched:
            back = next((each for each in spans(compiled, day + timedelta(days=1))), None)
            found = between_desks(offered, day, span, back, key)
        else:
            found = within(offered, day, span, key)
        if found:
            return found
    return None


def within(offered: Offered, day: date, span: tuple[int, int], key: tuple[object, ...]) -> Period | None:
    """Some of one opening."""
    terms = offered.request.terms
    opens, closes = span
    if offered.evenings and day.weekday() == TUESDAY:
        closes = min(closes, EVENING)
    lengths = [
        minutes
        for minutes in (60, 90, 120, 120, 180, 240)
        if terms.shortest_minutes <= minutes <= min(closes - opens, terms.longest_minutes or closes)
    ]
    if not lengths:
        return None
    length = chance.pick(lengths, "length", *key)
    starts = opens + 30 * chance.between(0, (closes - opens - length) // 30, "start", *key)
    return period(day, starts, day, starts + length)


def between_desks(
    offered: Offered, day: date, span: tuple[int, int], back: tuple[int, int] | None, key: tuple[object, ...]
) -> Period | None:
    """Fetched in one opening, brought back in the next day's, or late in the same."""
    starts = span[0] + 30 * chance.between(0, 3, "start", *key)
    if back and chance.likely(0.4, "overnight", *key):
        return period(day, starts, day + timedelta(days=1), back[0] + 60)
    if span[1] - starts < offered.request.terms.shortest_minutes:
        return None
    return period(day, starts, day, span[1])


def period(first: date, starts: int, last: date, ends: int) -> Period:
    """A period from minutes of one day to minutes of another, by the clocks of London."""
    walls = (
        datetime.combine(day, time()) + timedelta(minutes=minutes) for day, minutes in ((first, starts), (last, ends))
    )
    return Period(*(domain.time.instant(wall, LONDON) for wall in walls))


def spans(compiled: CompiledHours, day: date) -> list[tuple[int, int]]:
    """The usual openings of a day, in minutes: holidays and exceptions are the database's business."""
    if compiled.always:
        return [(8 * 60, 22 * 60)]
    for first, last, weeks, days in compiled.seasons:
        if first <= day and (last is None or day <= last):
            monday = first - timedelta(days=first.weekday())
            text = days[(day - monday).days % (7 * weeks)]
            return [(int(opens), int(closes)) for opens, closes in re.findall(r"\[(\d+),(\d+)\)", text)]
    return []
