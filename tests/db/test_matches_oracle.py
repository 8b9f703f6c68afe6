"""What meets a need, in worlds of all kinds: the same assets, for the same reasons, in the same order as the model."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

import matching
import msgspec
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from matching import Place, Seeking
from model import DAY, Asset, Booker, World, minute, moment, wall, why_not
from stored import NOW
from uuid_utils.compat import uuid7
from worlds import (
    PAPERS,
    SCENES,
    bookers,
    booking,
    closures,
    families,
    insert_booker,
    inserted,
    many,
    moments,
    nows,
    one_in,
    openings,
    periods,
    plain,
    seated,
    worlds,
)

import db.idle
import db.matches
import db.needs
import domain.matches
import domain.needs
from domain.hours import DAYS, Hours, Season, WeeklyHours, span
from domain.needs import Money, NeedRequest, Pattern, Planned, Window
from domain.places import Point
from domain.requests import PeriodRequest

pytestmark = pytest.mark.anyio
usual = settings(plain, max_examples=50)
fewer = settings(plain, max_examples=25)  # each asks four times
LATER = datetime(2100, 1, 1, tzinfo=UTC)
HERE = Point((0.0, 0.0))
FEATURES = ("heating", "step_free", "wifi")
CATEGORIES = {"space": "hall", "vehicle": "van", "people": "driver"}
LENGTHS = [60, 30, 45, 60, 60, 60, 60, 90, 120, 120, 1440, None]
DEGREE_M = 111_319.49  # of the equator

WINDOWS = """
  SELECT w.number, lower(w.during), upper(w.during) FROM needs n, rules.windows(n, $2) w WHERE n.id = $1 ORDER BY 2, 1
"""
BOOKED = """
  WITH booking AS (
    INSERT INTO bookings (id, owner_id, booker_id, asset_id, reference, units, open_to_public, cost, clock_changes,
                          need_id, created_at, updated_at)
    VALUES ($1::uuid, $3, $4, $5, $1::uuid::text, $6, false, '{}', '[]', $7, $8, $8))
  INSERT INTO occurrences (id, owner_id, booking_id, booker_id, asset_id, starts_at, ends_at, units, state, held_until)
  VALUES ($2, $3, $1, $4, $5, $9, $10, $6, $11, $12)
"""


# What is looked for -----------------------------------------------------------------------------------------------

wide = st.sampled_from([("00:00", "24:00"), ("06:00", "20:00"), ("12:00", "04:00"), ("18:00", "22:00")])


@st.composite
def patterns(draw, around):
    """Once in each of one to three weeks, on some days around the date that matters."""
    chosen = st.builds(lambda day, pair: Window(*pair, day=day), st.sampled_from(DAYS), wide | wide | openings)
    return Pattern(
        starts_on=around - timedelta(days=draw(st.sampled_from([0, 1, 4, 6, 7, 8]))),
        weeks=draw(st.integers(1, 3)),
        every_weeks=draw(st.sampled_from([1, 1, 2])),
        windows=draw(st.lists(chosen, min_size=2, max_size=5)),
    )


@st.composite
def several(draw, around):
    """Up to nine periods that do not overlap, some of them side by side, none longer than ten hours."""
    edges = sorted(draw(st.lists(moments(around), min_size=3, max_size=10, unique=True)))
    longest = timedelta(hours=10)
    return [PeriodRequest(starts, min(ends, starts + longest)) for starts, ends in pairwise(edges)]


@st.composite
def times(draw, around):
    """When, how long and how often, as a need says it: mostly little, so that much of it is there."""
    by_pattern = draw(st.booleans())
    spans = None if by_pattern else draw(several(around))
    minutes = draw(st.integers(1, 200) if draw(one_in(10)) else st.sampled_from(LENGTHS))
    if spans and minutes:
        minutes = min(minutes, max(each.ends_at - each.starts_at for each in spans) // timedelta(minutes=1))
    request = NeedRequest(
        category="hall",
        point=HERE,
        pattern=draw(patterns(around)) if by_pattern else None,
        periods=spans,
        minutes=minutes,
        until=LATER,
    )
    few = draw(st.sampled_from([1, 1, 1, 2, None]))
    return change(request, at_least=few and min(few, request.occurrences))


change = msgspec.structs.replace


@st.composite
def needs(draw, around: date, assets: tuple[Asset, ...]):
    """Something like one of some assets, with one or two wishes beside."""
    like = draw(st.sampled_from(assets))
    asked = {
        "features": st.lists(st.sampled_from(FEATURES), min_size=1, max_size=2, unique=True),
        "attendees": st.sampled_from([5, 12, 25]),
        "units": st.just(2),
        "within_m": st.sampled_from([2, 600, 9000, 30_000]),
        "comes_to_us": st.just(True),
        "price_ceiling": st.builds(Money, st.sampled_from([0, 500, 999, 5000]), st.sampled_from(["GBP", "GBP", "EUR"])),
    }
    names = draw(st.lists(st.sampled_from(sorted(asked)), max_size=2, unique=True))
    wished = {name: draw(asked[name]) for name in names}
    nice = draw(st.lists(st.sampled_from(FEATURES), max_size=3, unique=True))
    by_kind = draw(st.booleans())
    return change(
        draw(times(around)),
        category=None if by_kind else like.category,
        kind=like.kind if by_kind else None,
        nice_to_have=[each for each in nice if each not in wished.get("features", ())],
        **wished,
    )


@dataclass(frozen=True)
class Market:
    """A world, who looks for something there, and what: of whom, None is the assets' owner."""

    world: World
    around: date
    bookers: tuple[Booker, ...]
    needs: tuple[tuple[int | None, NeedRequest], ...]


def every_day(opens, closes):
    """The same hours on every day, for ever."""
    hours = [WeeklyHours(day=day, opens=opens, closes=closes) for day in DAYS]
    return Hours(seasons=[Season(starts_on=date(2000, 1, 3), hours=hours)])


HOURS = [Hours(always=True), every_day("09:00", "17:00"), every_day("18:00", "02:00")]


@st.composite
def offers(draw, scene):
    """An asset, or a whole with its parts, and others like it: elsewhere, of another kind or price, or quite equal."""
    zone, _ = scene
    differences = {
        "point": st.sampled_from([0, 3, 500, 8990, 9400, 20_000]).map(lambda metres: (metres / DEGREE_M, 0.0)),
        "capacity": st.sampled_from([10, 20, 30]),
        "community_price": st.sampled_from([0, 50, 3001]),
        "per": st.sampled_from(["hour", "day", "booking"]),
        "currency": st.just("EUR"),
        "travels": st.sampled_from([500, 10_000, 10_000]),
        "zone": st.sampled_from([zone, "Europe/London", "Asia/Kolkata"]),
    }

    def differently(asset):
        names = draw(st.lists(st.sampled_from(sorted(differences)), max_size=3, unique=True))
        usual = {
            "category": CATEGORIES[asset.kind],
            "features": draw(st.sampled_from([FEATURES, FEATURES, FEATURES[:2], FEATURES[1:]])),
            "price": draw(st.sampled_from([None, 0, 100, 600, 999])),
        }
        return replace(asset, **usual, **{name: draw(differences[name]) for name in names})

    def mostly_open(asset):
        return replace(asset, hours=draw(st.sampled_from(HOURS))) if draw(st.booleans()) else asset

    family = tuple(differently(mostly_open(each)) for each in draw(families(scene)))
    like = [replace(family[-1], whole=None, id=UUID(int=n << 65)) for n in range(1, 1 + draw(st.integers(1, 4)))]
    return family + tuple(each if draw(st.booleans()) else differently(each) for each in like)


@st.composite
def markets(draw):
    """Who looks for what in a world; some of it is booked already, and held, or was until just now."""
    scene = draw(st.sampled_from([*SCENES, *3 * SCENES[:2]]))
    around = scene[1]
    assets = draw(offers(scene))
    who = (draw(bookers(around)) or Booker(), Booker(holds=tuple((paper, None) for paper in PAPERS), kind="council"))
    asked = tuple(
        (draw(st.sampled_from([1, 1, 1, 1, 1, 1, 0, 0, 0, 0, None])), draw(needs(around, assets))) for _ in range(4)
    )
    spans = [draw(periods(around)) for _ in range(draw(st.integers(0, 9)))]
    early = datetime.combine(around, time.min, UTC) - timedelta(days=9)
    now = draw(nows(around, spans)) if draw(one_in(3)) else early
    taken = [draw(booking(assets, now, each)) for each in spans]
    for number, (booker, request) in enumerate(asked):
        if booker is not None and draw(one_in(3)):
            taken.append(draw(booked_for(number, booker, request, assets, now)))
    world = World(now, assets, draw(closures(assets, around)), seated(assets, taken))
    return Market(world, around, who, asked)


@st.composite
def booked_for(draw, number, booker, request, assets, now):
    """A booking for a need, in one of its windows or a little off it."""
    asset = draw(st.sampled_from(assets))
    windows = matching.windows(request, asset.zone)
    _, window = draw(st.sampled_from(windows)) if windows else (1, range(minute(now), minute(now) + 60))
    starts = window.start + draw(st.sampled_from([0, 0, 0, 15, -15]))
    during = moment(starts), moment(starts + min(len(window), request.minutes or DAY))
    return replace(draw(booking(assets, now, during)), asset=asset.id, units=(1,), booker=booker, need=number)


class Stored:
    """A market in the database."""

    def __init__(self, conn, market, owner_id, booker_ids):
        self.conn, self.market, self.owner_id, self.booker_ids = conn, market, owner_id, booker_ids
        self.needs = []

    @classmethod
    async def of(cls, conn, market, owner_id):
        stored = cls(conn, market, owner_id, [await insert_booker(conn, each) for each in market.bookers])
        for number, (who, request) in enumerate(market.needs):
            need_id = await insert_need(conn, stored.of_whom(who), request, now=market.world.now)
            booker = Booker() if who is None else market.bookers[who]
            stored.needs.append(Seeking(need_id, number, who, booker, request))
        return stored

    def of_whom(self, who):
        return self.owner_id if who is None else self.booker_ids[who]

    async def book(self):
        """What is booked for the needs."""
        for each in self.market.world.bookings:
            if each.need is not None:
                await self.conn.execute(
                    BOOKED,
                    uuid7(),
                    uuid7(),
                    self.owner_id,
                    self.of_whom(each.booker),
                    each.asset,
                    len(each.units),
                    self.needs[each.need].id,
                    NOW,
                    each.starts,
                    each.ends,
                    "held" if each.held_until else "confirmed",
                    each.held_until,
                )

    async def look(self, need):
        return await db.matches.find(self.conn, need.id, self.of_whom(need.who), self.market.world.now)

    async def found(self, need, request):
        """What meets a need once it asks for something else."""
        await db.needs.update(self.conn, need.id, self.of_whom(need.who), planned(request), self.market.world.now)
        return {each.id for each in (await self.look(need)).found}


def planned(request):
    openings_ = domain.needs.openings(request.pattern) if request.pattern else "{}"
    return Planned(request=request, point=request.point, shown=request.point, precision="point", openings=openings_)


async def insert_need(conn, owner_id, request, now=NOW):
    need_id = uuid7()
    await db.needs.insert(conn, need_id, owner_id, planned(request), now)
    return need_id


# The same, in the same order --------------------------------------------------------------------------------------


def places(market):
    """All assets, with their minutes of the weeks that a need or its idle hours may be about."""
    first = minute(datetime.combine(market.around, time.min, UTC)) - 10 * DAY
    return [Place(market.world, asset, first, first + 80 * DAY) for asset in market.world.assets]


async def agree_on_matches(conn, market):
    world = market.world
    async with inserted(conn, world) as owner_id:
        stored = await Stored.of(conn, market, owner_id)
        await stored.book()
        around = places(market)
        for need in stored.needs:
            looked = await stored.look(need)
            ranked = domain.matches.rank(looked.found, need.request, need.id)
            expected = matching.matches(around, need)
            event(f"found {len(expected)}, ties: {len({each.points for each in expected}) < len(expected)}")
            assert [told(one) for one in ranked] == [expected_of(one) for one in expected]
            fit = [one for one in world.assets if matching.suits(world, one, need)]
            nothing_left = len(matching.booked(world, need)) == matching.occurrences(need.request)
            assert looked.examined == (0 if closed(world, need) or nothing_left else len(fit))
            assert looked.cut is False
            for one in expected:
                _, starts, ends = one.occurrences[-1]
                request = need.request
                assert why_not(world, one.asset, starts, ends, request.units, request.attendees, need.booker) == set()


def closed(world, need):
    """Whether it is over."""
    return planned(need.request).stands_until <= world.now


def told(ranked):
    found = ranked.found
    occurrences = [(each.number, minute(each.starts_at), minute(each.ends_at)) for each in found.occurrences]
    return found.id, ranked.points, found.distance_m, occurrences, ranked.reasons


def expected_of(match):
    return match.asset.id, match.points, match.distance_m, match.occurrences, match.reasons


@fewer
@given(market=markets())
async def test_the_same_assets_meet_a_need_for_the_same_reasons_in_the_same_order(conn, market):
    await agree_on_matches(conn, market)


@pytest.mark.slow
@many
@given(market=markets())
async def test_the_same_in_many_more_worlds(conn, market):
    await agree_on_matches(conn, market)


# Asking for less --------------------------------------------------------------------------------------------------


def relaxations(request):
    """What asks for less: further, dearer, longer, on another day, with a feature, an occurrence or people less."""
    yield "radius", change(request, within_m=3 * request.within_m + 100)
    for each in request.features:
        yield "feature", change(request, features=[other for other in request.features if other != each])
    wanted = request.at_least or request.occurrences
    if wanted > 1:
        yield "occurrences", change(request, at_least=wanted - 1)
    if request.attendees:
        yield "people", change(request, attendees=request.attendees - 4)
        yield "people", change(request, attendees=None)
    elif request.units > 1:
        yield "units", change(request, units=1)
    if request.price_ceiling:
        dearer = Money(2 * request.price_ceiling.amount + 100, request.price_ceiling.currency)
        yield "price", change(request, price_ceiling=dearer)
        yield "price", change(request, price_ceiling=None)
    if request.pattern:
        yield "time", change(request, pattern=change(request.pattern, windows=[*map(wider, request.pattern.windows)]))
        days = {each.day for each in request.pattern.windows}
        for day in [each for each in DAYS if each not in days][:2]:
            another = change(request.pattern.windows[0], day=day)
            yield "day", change(request, pattern=change(request.pattern, windows=[*request.pattern.windows, another]))
    else:
        yield "time", change(request, periods=longer(request.periods))


def wider(window):
    """An hour later and three quarters sooner, as far as it is shorter than a day then."""
    opens, closes = span(window)
    if opens >= 45 and closes - opens + 45 < DAY:
        opens -= 45
    if closes - opens + 60 < DAY:
        closes += 60
    opens, closes = (f"{each // 60:02}:{each % 60:02}" for each in (opens, closes if closes <= DAY else closes - DAY))
    return change(window, opens=opens, closes=closes)


def longer(periods):
    """The same, as far as none runs into the next."""
    found, since = [], datetime.min.replace(tzinfo=UTC)
    following = [*(each.starts_at for each in periods[1:]), LATER]
    for each, until in zip(periods, following, strict=True):
        starts = max(since, each.starts_at - timedelta(minutes=45))
        since = min(each.ends_at + timedelta(hours=1), until)
        found.append(PeriodRequest(starts, since))
    return found


def asks_for_less(other, request, zone):
    """Whether its windows contain those of a request, which a clock change may prevent: then one that ends within the
    hour that is left out ends later than one that ends after it. Without a length each window must be there as it is.
    """
    wide, narrow = matching.windows(other, zone), matching.windows(request, zone)
    if request.minutes is None:
        return all(each in wide for each in narrow)
    return all(
        any(number == n and more.start <= window.start and window.stop <= more.stop for n, more in wide)
        for number, window in narrow
    )


async def lose_nothing(conn, market):
    world = market.world
    zones = {each.zone for each in world.assets}
    async with inserted(conn, world) as owner_id:
        stored = await Stored.of(conn, market, owner_id)
        for need in stored.needs:
            before = await stored.found(need, need.request)
            for name, other in relaxations(need.request):
                if not all(asks_for_less(other, need.request, zone) for zone in zones):
                    event(f"{name}: not less")
                    continue
                after = await stored.found(need, other)
                event(f"{name}: {'more' if after - before else 'the same' if after else 'nothing'}")
                lost = before - after
                if name == "people":
                    lost = {each for each in lost if (world.by_id[each].min_attendees or 0) <= (other.attendees or 0)}
                assert lost == set(), name


@fewer
@given(market=markets())
async def test_a_need_that_asks_for_less_loses_no_match(conn, market):
    await lose_nothing(conn, market)


@pytest.mark.slow
@many
@given(market=markets())
async def test_a_need_that_asks_for_less_loses_no_match_in_many_more_worlds(conn, market):
    await lose_nothing(conn, market)


# Seen from the other side -----------------------------------------------------------------------------------------


@fewer
@given(market=markets())
async def test_an_asset_finds_exactly_the_needs_that_find_it(conn, market):
    world = market.world
    async with inserted(conn, world) as owner_id:
        stored = await Stored.of(conn, market, owner_id)
        await stored.book()
        expected = {asset.id: {} for asset in world.assets}
        for need in stored.needs:
            for each in (await stored.look(need)).found:
                expected[each.id][need.id] = each.distance_m, each.occurrences
        for asset in world.assets:
            _, met = await db.matches.unrecorded(conn, asset.id, owner_id, world.now, after=None, limit=10)
            assert {each.need_id: (each.distance_m, each.occurrences) for each in met} == expected[asset.id]


@st.composite
def easy_wishes(draw):
    """A world before any of it is over, and what half an hour once is enough for, of somebody who may book."""
    world, around = draw(worlds())
    request = change(draw(times(around)), at_least=1, minutes=30)
    return (
        replace(world, now=world.now - timedelta(days=5)),
        Booker(holds=tuple((each, None) for each in PAPERS)),
        request,
    )


@usual
@given(drawn=easy_wishes(), later=st.integers(-60, 300), length=st.sampled_from([90, 600, 3 * DAY, 8 * DAY]))
async def test_idle_hours_could_meet_what_the_asset_meets_then(conn, drawn, later, length):
    """A need counts, by weekday and hour on the wall, in each in which a minute of what it is met by lies."""
    world, booker, request = drawn
    windows = domain.needs.windows(request, ZoneInfo(world.assets[0].zone))
    first = min((each.starts_at for _, each in windows), default=world.now) + timedelta(minutes=later)
    window = (first, first + timedelta(minutes=length))
    async with inserted(conn, world) as owner_id:
        booker_id = await insert_booker(conn, booker)
        for _ in range(2):
            await insert_need(conn, booker_id, request, now=world.now)
        for each in await db.idle.page(conn, owner_id, *window, now=world.now, before=None, limit=10):
            seen = await db.matches.seen(conn, each.asset.id, owner_id, world.now, limit=10)
            met = [hours_met(one.met.occurrences, *window, each.timezone) for one in seen]
            expected = Counter(hour for hours in met for hour in hours)
            shown = {(hour.day, hour.hour): hour.needs for hour in each.week}
            event(f"met by some: {bool(expected)}")
            assert each.needs == sum(1 for hours in met if hours)
            assert shown == {hour: expected[hour] for hour in shown}
            assert each.needs_cut is False


def hours_met(occurrences, since, until, zone):
    spans = [
        range(max(minute(each.starts_at), minute(since)), min(minute(each.ends_at), minute(until)))
        for each in occurrences
    ]
    local = [wall(each, zone) for span in spans for each in span]
    return {(DAYS[each.weekday()], each.hour) for each in local}


@fewer
@given(market=markets())
async def test_the_windows_in_sql_are_those_in_python_and_those_of_the_model(conn, market):
    async with inserted(conn, market.world) as owner_id:
        stored = await Stored.of(conn, market, owner_id)
        for need in stored.needs:
            for zone in {"Europe/London", *(each.zone for each in market.world.assets)}:
                found = [tuple(row) for row in await conn.fetch(WINDOWS, need.id, zone)]
                twin = [
                    (n, one.starts_at, one.ends_at) for n, one in domain.needs.windows(need.request, ZoneInfo(zone))
                ]
                expected = [(n, moment(one.start), moment(one.stop)) for n, one in matching.windows(need.request, zone)]
                assert found == sorted(twin, key=lambda one: (one[1], one[0])) == expected
