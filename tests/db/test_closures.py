"""Closures, as they are stored."""

import pytest
from stored import NOW, a_booking, a_site, an_asset, an_organisation, at
from uuid_utils.compat import uuid7

import db.closures
import domain.closures
from domain.closures import ClosureRequest
from domain.recalls import BookingHit


@pytest.fixture
async def owner(conn):
    return await an_organisation(conn)


@pytest.fixture
async def site(conn, owner):
    return await a_site(conn, owner)


def a_closure(**given):
    request = ClosureRequest(**{"starts_at": at(5, 12), "ends_at": at(5, 19), "note": "Boiler", **given})
    return domain.closures.plan(request, id=uuid7(), now=NOW)


async def test_a_closure_is_answered_as_it_was_stored_until_it_is_deleted(conn, owner, site):
    hall = await an_asset(conn, owner, site)
    of_hall, of_site = a_closure(asset_id=hall), a_closure(site_id=site)
    for closure in (of_hall, of_site):
        await db.closures.insert(conn, closure, owner)
        assert await db.closures.load(conn, closure.id, None) == (False, closure)
    everything = {"owner_id": owner, "asset_id": None, "site_id": None, "after": None, "limit": 9}
    assert await db.closures.page(conn, None, **everything) == [of_site, of_hall]
    assert await db.closures.page(conn, None, **{**everything, "asset_id": hall}) == [of_hall]
    assert await db.closures.page(conn, None, **{**everything, "site_id": site}) == [of_site]
    assert await db.closures.page(conn, None, **{**everything, "after": of_site.id}) == [of_hall]
    assert await db.closures.delete(conn, of_hall.id, owner, NOW) == 1
    assert await db.closures.load(conn, of_hall.id, owner) is None


async def test_a_closure_of_a_draft_is_the_owners_alone(conn, owner, site):
    closure = a_closure(asset_id=await an_asset(conn, owner, site, state="draft"))
    await db.closures.insert(conn, closure, owner)
    assert await db.closures.load(conn, closure.id, None) is None
    assert await db.closures.load(conn, closure.id, owner) == (False, closure)


async def test_a_closure_hits_its_asset_the_wholes_and_the_parts(conn, owner, site):
    hall = await an_asset(conn, owner, site)
    half = await an_asset(conn, owner, site, part_of=hall)
    other = await an_asset(conn, owner, site, part_of=hall)
    corner = await an_asset(conn, owner, site, part_of=half)
    await a_booking(conn, owner, hall, at(5, 9), at(5, 13))
    await a_booking(conn, owner, other, at(5, 14), at(5, 15))
    await a_booking(conn, owner, corner, at(5, 18), at(5, 20))
    await a_booking(conn, owner, half, at(5, 15), at(5, 16))
    await a_booking(conn, owner, half, at(5, 10, month=8), at(5, 11, month=8))
    await a_booking(conn, owner, half, at(5, 17), at(5, 18), state="held", held_until=at(1, 9, month=1))

    async def hit(**given):
        return [each.starts_at.hour for each in await db.closures.hit(conn, a_closure(**given), owner, NOW)]

    assert await hit(asset_id=half) == [9, 15, 18]
    assert await hit(asset_id=hall) == [9, 14, 15, 18]
    assert await hit(asset_id=corner) == [9, 15, 18]
    assert await hit(site_id=site) == [9, 14, 15, 18]
    assert await hit(asset_id=half, starts_at=at(5, 13), ends_at=at(5, 15)) == []


async def test_what_is_over_is_not_hit(conn, owner, site):
    hall = await an_asset(conn, owner, site)
    occurrence = await a_booking(conn, owner, hall, at(5, 12), at(5, 14))
    closure = a_closure(asset_id=hall)
    [hit] = await db.closures.hit(conn, closure, owner, at(5, 13))
    assert hit == BookingHit(hit.booking_id, occurrence, at(5, 12), at(5, 14), "confirmed", [])
    assert await db.closures.hit(conn, closure, owner, at(5, 14)) == []


async def test_only_the_owners_closure_is_locked(conn, owner, site):
    stranger = await an_organisation(conn)
    closure = a_closure(site_id=site)
    await db.closures.insert(conn, closure, owner)
    assert await db.closures.lock(conn, closure.id, owner) is True
    assert await db.closures.lock(conn, closure.id, stranger) is False
