"""The best matches of a need are found without testing all that suits: they are those that all would show."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st
from model import Asset, Booker, World
from stored import NOW, a_site, a_timetable, an_asset, an_organisation
from test_near_misses_oracle import DEGREE_M, FEATURES, HOURS, fewer, requests
from uuid_utils.compat import uuid7
from worlds import SCENES, booking, insert_booker, inserted, many, periods, seated

import db.matches
import db.needs
import domain.needs
from api.matches import FIRST, best
from domain import matches, near_misses
from domain.needs import Money, NeedRequest
from domain.places import Point
from domain.requests import PeriodRequest

pytestmark = pytest.mark.anyio
PER = "UPDATE assets SET price = jsonb_set(price, '{per}', to_jsonb($2::text)) WHERE id = $1"


@st.composite
def crowds(draw):
    """Up to nine assets, many of them alike, how each is paid for, and a need."""
    zone, around = draw(st.sampled_from(SCENES))
    assets = tuple(
        Asset(
            id=UUID(int=n + 1),
            zone=zone,
            hours=draw(st.sampled_from(HOURS)),
            point=(draw(st.sampled_from([0, 0, 2, 2000, 8990])) / DEGREE_M, 0.0),
            features=draw(st.sampled_from([FEATURES, FEATURES[:2], ()])),
            capacity=draw(st.sampled_from([None, 10, 10, 30])),
            price=draw(st.sampled_from([None, 0, 300, 999])),
        )
        for n in range(draw(st.integers(4, 9)))
    )
    now = datetime(around.year, around.month, around.day, tzinfo=UTC) - timedelta(days=10)
    bookings = [draw(booking(assets, now, draw(periods(around)))) for _ in range(draw(st.integers(0, 6)))]
    per = [draw(st.sampled_from(["hour", "day", "booking"])) for _ in assets]
    request = msgspec.structs.replace(
        draw(requests(around)),
        features=[],
        nice_to_have=draw(st.lists(st.sampled_from(FEATURES), max_size=3, unique=True)),
        at_least=draw(st.just(1) | st.none()),
        attendees=draw(st.sampled_from([None, 5, 10])),
        price_ceiling=draw(st.sampled_from([None, Money(0, "GBP"), Money(2000, "GBP")])),
    )
    return World(now, assets, bookings=seated(assets, bookings)), per, request


async def agree_on_the_best(conn, world, per, request):
    assume(near_misses.can_be(request, world.now))
    async with inserted(conn, world):
        for each, unit in zip(world.assets, per, strict=True):
            await conn.execute(PER, each.id, unit)
        owner_id, need_id = await insert_booker(conn, Booker()), uuid7()
        await db.needs.insert(conn, need_id, owner_id, domain.needs.plan(request, world.now), world.now)
        need = await db.needs.load(conn, need_id, owner_id, world.now)
        assume(need.state == "open")
        everything = await db.matches.find(conn, need_id, owner_id, world.now)
        ranked = matches.rank(everything.found, request, need_id)
        event(f"{len(ranked)} of {len(world.assets)}")
        for count in (1, 2, 3, 5):
            for after in [FIRST, *(each.place for each in ranked)]:
                found, looked = await best(conn, need, request, world.now, after=after, count=count)
                expected = [each for each in ranked if each.place > after][:count]
                assert found == expected
                assert (looked.examined, looked.cut, looked.searched_m) == everything[2:]
                if len(expected) < count:
                    assert looked.missed == everything.missed


@fewer
@given(drawn=crowds())
async def test_a_page_shows_what_would_be_shown_if_all_were_tested(conn, drawn):
    await agree_on_the_best(conn, *drawn)


@pytest.mark.slow
@many
@given(drawn=crowds())
async def test_the_same_in_many_more_worlds(conn, drawn):
    await agree_on_the_best(conn, *drawn)


async def test_of_many_that_suit_only_those_are_tested_that_can_stand_on_the_page(conn):
    owner_id, booker_id = await an_organisation(conn, "council"), await an_organisation(conn)
    await conn.execute("UPDATE organisations SET state = 'verified'")
    timetable_id = await a_timetable(conn, owner_id, always=True)
    for metres in range(0, 9000, 100):
        site_id = await a_site(conn, owner_id, point=Point((0.0, metres / DEGREE_M)))
        asset_id = await an_asset(conn, owner_id, site_id)
        await conn.execute("UPDATE assets SET timetable_id = $2 WHERE id = $1", asset_id, timetable_id)
    evening = NOW + timedelta(days=3)
    request = NeedRequest(
        category="hall",
        point=Point((0.0, 0.0)),
        periods=[PeriodRequest(evening, evening + timedelta(hours=2))],
        until=evening,
    )
    need_id, heard = uuid7(), []
    await db.needs.insert(conn, need_id, booker_id, domain.needs.plan(request, NOW), NOW)
    need = await db.needs.load(conn, need_id, booker_id, NOW)
    conn.add_query_logger(heard.append)
    found, looked = await best(conn, need, request, NOW, after=FIRST, count=21)
    await asyncio.sleep(0)  # loggers are called a little later
    conn.remove_query_logger(heard.append)
    tested = [len(each.args[3]) for each in heard if each.query == db.matches.TESTED]
    assert (len(found), looked.examined, tested) == (21, 90, [21])
