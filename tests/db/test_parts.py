"""Wholes and parts: a booking of the whole takes the parts, whichever came first."""

import pytest
from stored import NOW, a_booking, a_site, an_asset, an_organisation, at, occupied

import db.assets
import db.parts
from domain.assets import Uses
from domain.errors import AssetInUse, Fault, PartsCycle


@pytest.fixture
async def owner(conn):
    return await an_organisation(conn)


@pytest.fixture
async def site(conn, owner):
    return await a_site(conn, owner)


async def closure(conn, owner):
    rows = await conn.fetch("SELECT whole_id, part_id FROM parts WHERE owner_id = $1", owner)
    return {tuple(row) for row in rows}


async def test_every_asset_is_inside_itself_and_all_its_wholes(conn, owner, site):
    hall = await an_asset(conn, owner, site)
    half = await an_asset(conn, owner, site, part_of=hall)
    corner = await an_asset(conn, owner, site, part_of=half)
    own = {(hall, hall), (half, half), (corner, corner)}
    assert await closure(conn, owner) == own | {(hall, half), (hall, corner), (half, corner)}


async def test_a_new_part_is_taken_by_the_bookings_of_its_wholes_that_are_not_over(conn, owner, site):
    hall = await an_asset(conn, owner, site)
    await a_booking(conn, owner, hall, at(1, 9, month=1), at(1, 10, month=1))
    await a_booking(conn, owner, hall, at(5, 18), at(5, 20))
    lapsed = at(4, 8, month=1)
    await a_booking(conn, owner, hall, at(6, 18), at(6, 20), state="held", held_until=lapsed)
    courts = await an_asset(conn, owner, site, part_of=hall, units=2)
    assert await occupied(conn, courts) == [(1, at(5, 18), at(5, 20)), (2, at(5, 18), at(5, 20))]


async def test_what_leaves_a_whole_is_left_by_its_bookings_too(conn, owner, site):
    hall, other = await an_asset(conn, owner, site), await an_asset(conn, owner, site)
    half = await an_asset(conn, owner, site, part_of=hall)
    corner = await an_asset(conn, owner, site, part_of=half)
    await a_booking(conn, owner, hall, at(5, 18), at(5, 20))
    await a_booking(conn, owner, other, at(6, 18), at(6, 20))
    await a_booking(conn, owner, half, at(7, 18), at(7, 20))
    await db.parts.lock(conn, owner, half, other)
    await db.parts.join(conn, owner, half, other, NOW)
    taken = [(1, at(6, 18), at(6, 20)), (1, at(7, 18), at(7, 20))]
    assert await occupied(conn, half) == taken
    assert await occupied(conn, corner) == taken
    assert await occupied(conn, hall) == [(1, at(5, 18), at(5, 20))]
    assert (hall, corner) not in await closure(conn, owner)
    assert (other, corner) in await closure(conn, owner)
    await db.parts.join(conn, owner, half, None, NOW)
    assert await occupied(conn, corner) == taken[1:]


async def test_a_part_and_a_whole_that_are_booked_at_once_cannot_be_joined(conn, owner, site):
    hall, half = await an_asset(conn, owner, site), await an_asset(conn, owner, site)
    await a_booking(conn, owner, hall, at(5, 18), at(5, 20))
    await a_booking(conn, owner, half, at(5, 19), at(5, 21))
    with pytest.raises(AssetInUse):
        await db.parts.join(conn, owner, half, hall, NOW)


async def test_an_asset_is_never_inside_itself(conn, owner, site):
    hall = await an_asset(conn, owner, site)
    half = await an_asset(conn, owner, site, part_of=hall)
    corner = await an_asset(conn, owner, site, part_of=half)
    for whole in (hall, half, corner):
        with pytest.raises(PartsCycle):
            await db.parts.whole_faults(conn, owner, hall, whole, site)


async def test_a_whole_is_the_owners_at_the_same_site_and_single(conn, owner, site):
    half = await an_asset(conn, owner, site)
    stranger = await an_organisation(conn)
    theirs = await an_asset(conn, stranger, await a_site(conn, stranger))
    assert await db.parts.whole_faults(conn, owner, half, theirs, site) == [
        Fault("#/part_of", "You have no such asset.")
    ]
    elsewhere = await an_asset(conn, owner, await a_site(conn, owner), units=2)
    assert await db.parts.whole_faults(conn, owner, half, elsewhere, site) == [
        Fault("#/part_of", "A whole and its parts are at one site."),
        Fault("#/part_of", "A whole has exactly one unit."),
    ]
    hall = await an_asset(conn, owner, site)
    assert await db.parts.whole_faults(conn, owner, half, hall, site) == []


async def test_new_units_of_a_part_are_taken_by_its_wholes_too(conn, owner, site):
    hall = await an_asset(conn, owner, site)
    courts = await an_asset(conn, owner, site, part_of=hall)
    await a_booking(conn, owner, hall, at(5, 18), at(5, 20))
    await db.parts.grow(conn, owner, courts, units=1, to=3, now=NOW)
    assert await occupied(conn, courts) == [(unit, at(5, 18), at(5, 20)) for unit in (1, 2, 3)]


async def test_what_is_booked_or_has_parts_is_in_use(conn, owner, site):
    hall = await an_asset(conn, owner, site)
    half = await an_asset(conn, owner, site, part_of=hall)
    await a_booking(conn, owner, half, at(5, 18), at(5, 20))
    zone = "Europe/London"
    assert await db.assets.uses(conn, hall, owner, NOW) == Uses(0, None, zone, 1)
    assert await db.assets.uses(conn, half, owner, NOW) == Uses(1, at(5, 20), zone, 0)
    assert await db.assets.uses(conn, half, owner, at(6, 9)) == Uses(0, None, zone, 0)


async def test_lapsed_holds_in_an_asset_and_its_parts_are_found(conn, owner, site):
    hall = await an_asset(conn, owner, site)
    half = await an_asset(conn, owner, site, part_of=hall)
    await a_booking(conn, owner, half, at(5, 18), at(5, 20))
    held = await a_booking(conn, owner, half, at(6, 18), at(6, 20), state="held", held_until=NOW)
    booking = await conn.fetchval("SELECT booking_id FROM occurrences WHERE id = $1", held)
    assert await db.parts.lapsed(conn, owner, hall, NOW) == [booking]


async def test_units_that_go_are_given_back_by_the_wholes_alone(conn, owner, site):
    hall = await an_asset(conn, owner, site)
    courts = await an_asset(conn, owner, site, part_of=hall, units=2)
    await a_booking(conn, owner, hall, at(5, 18), at(5, 20))
    await a_booking(conn, owner, courts, at(6, 18), at(6, 20), unit=2)
    await db.parts.shrink(conn, owner, courts, to=1, now=NOW)
    assert await occupied(conn, courts) == [(1, at(5, 18), at(5, 20)), (2, at(6, 18), at(6, 20))]


async def test_what_is_over_on_units_that_go_counts_no_more(conn, owner, site):
    tables = await an_asset(conn, owner, site, units=2)
    await a_booking(conn, owner, tables, at(5, 18), at(5, 20), unit=1)
    await a_booking(conn, owner, tables, at(5, 18), at(5, 20), unit=2)
    await db.parts.shrink(conn, owner, tables, to=1, now=at(5, 20))
    assert await occupied(conn, tables) == [(1, at(5, 18), at(5, 20))]
