"""What would help, in worlds of all kinds: each change yields what it promised, and none that is smaller helps."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st
from model import Asset, Booker, World
from test_matches_oracle import LATER, several
from uuid_utils.compat import uuid7
from worlds import SCENES, booking, insert_booker, inserted, many, periods, plain, seated

import db.matches
import db.needs
import domain.needs
from api.near_misses import would_help
from domain import near_misses, shifts
from domain.hours import DAYS, Hours, Season, WeeklyHours
from domain.near_misses import ENOUGH, SHIFTS, merged
from domain.needs import Money, NeedRequest, Pattern, Window
from domain.places import Point

pytestmark = pytest.mark.anyio
FEATURES = ("heating", "step_free", "wifi")
DEGREE_M = 111_320
fewer = settings(plain, max_examples=60)


def every_day(opens, closes):
    """The same hours on every day."""
    hours = [WeeklyHours(day=day, opens=opens, closes=closes) for day in DAYS]
    return Hours(seasons=[Season(starts_on=date(2000, 1, 3), hours=hours)])


TWO_DAYS = Hours(
    seasons=[
        Season(
            starts_on=date(2000, 1, 3),
            hours=[WeeklyHours(day=day, opens="06:00", closes="23:00") for day in ("wed", "sun")],
        )
    ]
)
HOURS = [Hours(always=True), every_day("09:00", "17:00"), every_day("18:00", "02:00"), TWO_DAYS]


@st.composite
def wishes(draw):
    """A few assets that lie apart and differ in what may be asked for, and a need that asks for one or two things."""
    zone, around = draw(st.sampled_from(SCENES))
    assets = tuple(
        Asset(
            id=UUID(int=n + 1),
            zone=zone,
            hours=draw(st.sampled_from(HOURS)),
            point=(draw(st.sampled_from([0, 0, 2, 8990, 9400, 9401, 20_000])) / DEGREE_M, 0.0),
            features=draw(st.sampled_from([FEATURES, FEATURES, FEATURES[:2], FEATURES[1:]])),
            capacity=draw(st.sampled_from([None, 10, 20, 30])),
            min_attendees=draw(st.sampled_from([None, None, None, 12])),
            price=draw(st.sampled_from([None, None, 100, 999])),
            after=draw(st.sampled_from([0, 0, 60])),
        )
        for n in range(draw(st.integers(2, 4)))
    )
    now = datetime(around.year, around.month, around.day, tzinfo=UTC) - timedelta(days=10)
    bookings = [draw(booking(assets, now, draw(periods(around)))) for _ in range(draw(st.integers(0, 4)))]
    return World(now, assets, bookings=seated(assets, bookings)), draw(requests(around))


@st.composite
def patterns(draw, around):
    """A window or two of a week or three, mostly short."""
    times = st.sampled_from([("07:00", "09:30"), ("12:30", "14:00"), ("16:00", "18:30"), ("17:00", "22:00")])
    window = st.builds(lambda day, pair: Window(*pair, day=day), st.sampled_from(DAYS), times)
    return Pattern(
        starts_on=around - timedelta(days=draw(st.sampled_from([0, 1, 3]))),
        weeks=draw(st.integers(1, 3)),
        windows=draw(st.lists(window, min_size=1, max_size=2)),
    )


@st.composite
def requests(draw, around):
    """A need of those days, for one or two things beside."""
    by_pattern = draw(st.booleans())
    request = NeedRequest(
        category="hall",
        point=Point((0.0, 0.0)),
        pattern=draw(patterns(around)) if by_pattern else None,
        periods=None if by_pattern else draw(several(around)),
        minutes=draw(st.sampled_from([30, 60, 90, 180, None])),
        until=LATER,
    )
    asked = {
        "features": st.lists(st.sampled_from(FEATURES), min_size=1, max_size=2, unique=True),
        "attendees": st.sampled_from([5, 15, 25, 45]),
        "within_m": st.sampled_from([1, 1000, 9000, 9040]),
        "at_least": st.integers(1, request.occurrences),
        "price_ceiling": st.sampled_from([0, 50, 500, 900]).map(lambda amount: Money(amount, "GBP")),
    }
    names = draw(st.lists(st.sampled_from(sorted(asked)), min_size=1, max_size=2, unique=True))
    return msgspec.structs.replace(request, **{name: draw(asked[name]) for name in names})


class Asking:
    """A need in the database, which can be asked in another form."""

    def __init__(self, conn, owner_id, need_id, now):
        self.conn, self.owner_id, self.need_id, self.now = conn, owner_id, need_id, now

    async def matched(self, request):
        """What listMatches would find once the need were that; None where it cannot be."""
        if not near_misses.can_be(request, self.now):
            return None
        planned = domain.needs.plan(request, self.now)
        await db.needs.update(self.conn, self.need_id, self.owner_id, planned, self.now)
        looked = await db.matches.find(self.conn, self.need_id, self.owner_id, self.now)
        return {each.id: each.distance_m for each in looked.found}


def smaller_first(request, world):
    """All changes of each kind there are, the smallest first; of features each by itself."""
    change = msgspec.structs.replace
    furthest = max(10_000, 3 * request.within_m)
    steps = range(100 * (request.within_m // 100 + 1), -(-furthest // 100) * 100 + 1, 100)
    near = {round(each.point[0] * DEGREE_M) for each in world.assets}
    steps = [each for each in steps if any(abs(each - metres) <= 200 for metres in near)]
    wanted = request.at_least or request.occurrences
    ceiling = request.price_ceiling
    every = range(1, request.occurrences + 1)
    yield "radius", [change(request, within_m=metres) for metres in steps]
    yield "occurrences", [change(request, at_least=count) for count in range(wanted - 1, 0, -1)]
    yield "people", [change(request, attendees=n) for n in range((request.attendees or 1) - 1, 0, -1)]
    yield "time", [shifts.shifted(request, sign * by, every) for by in SHIFTS for sign in (-1, 1)]
    yield "day", [changed for _, _, changed in shifts.other_days(request)]
    if ceiling:
        yield "price", [change(request, price_ceiling=Money(100_000_000, "GBP"))]


async def agree_on_what_helps(conn, world, request):
    assume(near_misses.can_be(request, world.now))
    async with inserted(conn, world):
        owner_id, need_id = await insert_booker(conn, Booker()), uuid7()
        await db.needs.insert(conn, need_id, owner_id, domain.needs.plan(request, world.now), world.now)
        need = await db.needs.load(conn, need_id, owner_id, world.now)
        looked = await db.matches.find(conn, need_id, owner_id, world.now)
        helping = {each.kind: each for each in await would_help(conn, need, looked, world.now)}
        now = {each.id for each in looked.found}
        assume(len(now) < ENOUGH and need.state == "open")
        asking = Asking(conn, owner_id, need_id, world.now)
        for each in helping.values():
            event(f"{each.kind} helps")
            then = await asking.matched(merged(request, each.patch))
            new = sorted((metres, one) for one, metres in then.items() if one not in now)
            assert (each.matches, [(one.distance_m, one.asset.id) for one in each.brings]) == (len(then), new[:3])
            assert new
        without = [[each for each in request.features if each != one] for one in sorted(request.features)]
        most = None, 0
        for rest in without:
            then = await asking.matched(msgspec.structs.replace(request, features=rest))
            if len(then.keys() - now) > most[1]:
                most = rest, len(then.keys() - now)
        assert (helping["feature"].patch.features if "feature" in helping else None) == most[0]
        for kind, changes in smaller_first(request, world):
            first = await first_that_helps(asking, changes, now)
            if kind == "price" and first:
                amount = helping[kind].patch.price_ceiling.amount - 1
                less = msgspec.structs.replace(request, price_ceiling=Money(amount, "GBP"))
                assert await first_that_helps(asking, [less], now) is None
            else:
                assert (kind in helping and merged(request, helping[kind].patch)) == (first or False), kind


async def first_that_helps(asking, changes, now):
    for each in changes:
        then = await asking.matched(each)
        if then and then.keys() - now:
            return each
    return None


@fewer
@given(drawn=wishes())
async def test_each_change_yields_what_it_promised_and_none_that_is_smaller_helps(conn, drawn):
    await agree_on_what_helps(conn, *drawn)


@pytest.mark.slow
@many
@given(drawn=wishes())
async def test_the_same_in_many_more_worlds(conn, drawn):
    await agree_on_what_helps(conn, *drawn)
