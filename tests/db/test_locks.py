"""Locking many assets, with real commits: nothing that comes meanwhile is missed, and nobody waits in a circle."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import pytest
from stored import NOW, a_site, a_timetable, an_asset, an_organisation

import db.assets
import db.closures
import db.parts
import db.sites
import db.timetables
from db.connection import Connection, connect

WAITING = """
  SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.fixture
async def conns(database: str) -> AsyncIterator[list[Connection]]:
    """Connections to one database: the first commits what it does, the others have begun a transaction."""
    async with AsyncExitStack() as stack:
        opened = [await connect(database) for _ in range(4)]
        for conn in opened:
            stack.push_async_callback(conn.close)
        for conn in opened[1:]:
            await conn.transaction().start()
        yield opened


async def waiting(conn: Connection, count: int) -> None:
    """Until so many wait for a lock."""
    async with asyncio.timeout(10):
        while await conn.fetchval(WAITING) != count:
            await asyncio.sleep(0.01)


async def is_locked(conn: Connection, asset_id: Any) -> bool:
    try:
        await conn.execute(f"SELECT FROM assets WHERE id = '{asset_id}' FOR NO KEY UPDATE NOWAIT")
    except asyncpg.LockNotAvailableError:
        return True
    return False


@pytest.mark.parametrize("to", ["whole", "part", "site", "empty site", "timetable", "unused timetable"])
async def test_what_comes_while_a_lock_waits_is_locked_too(conns, to: str):
    conn, mover, locker, _ = conns
    owner = await an_organisation(conn)
    site, elsewhere, empty = [await a_site(conn, owner) for _ in range(3)]
    shared, unused = [await a_timetable(conn, owner, always=True) for _ in range(2)]
    hall = await an_asset(conn, owner, site, timetable_id=shared)
    half = await an_asset(conn, owner, site, part_of=hall)
    comer, part = await an_asset(conn, owner, elsewhere), None
    await mover.execute("SELECT FROM assets WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE", [hall, comer])
    match to:
        case "whole":
            await db.parts.join(mover, owner, comer, hall, NOW)
            lock = db.closures.lock_asset(locker, hall, owner)
        case "part":
            part = await an_asset(mover, owner, elsewhere, part_of=comer)
            await db.parts.join(mover, owner, comer, half, NOW)
            lock = db.parts.lock(locker, owner, hall, None)
        case "site" | "empty site":
            there = site if to == "site" else empty
            assert await db.sites.keep(mover, there, owner) is False
            await mover.execute("UPDATE assets SET site_id = $2 WHERE id = $1", comer, there)
            lock = db.sites.lock(locker, there, owner)
        case _:
            used = shared if to == "timetable" else unused
            await db.timetables.give(mover, comer, owner, used, NOW)
            lock = db.timetables.lock(locker, used, owner)
    locked = asyncio.create_task(lock)
    await waiting(conn, 1)
    await mover.execute("COMMIT")
    await locked
    assert await is_locked(conn, comer)
    assert part is None or await is_locked(conn, part)


async def test_nothing_comes_to_a_site_or_a_timetable_that_is_locked(conns):
    conn, locker, one, other = conns
    owner = await an_organisation(conn)
    site, shared = await a_site(conn, owner), await a_timetable(conn, owner, always=True)
    asset = await an_asset(conn, owner, await a_site(conn, owner))
    await db.sites.lock(locker, site, owner)
    await db.timetables.lock(locker, shared, owner)
    tasks = [
        asyncio.create_task(db.sites.keep(one, site, owner)),
        asyncio.create_task(db.timetables.give(other, asset, owner, shared, NOW)),
    ]
    await waiting(conn, 2)
    await locker.execute("COMMIT")
    assert await asyncio.gather(*tasks) == [False, 2]


async def test_only_an_owners_assets_are_locked(conns):
    conn, locker, _, _ = conns
    owner, stranger = await an_organisation(conn), await an_organisation(conn)
    site = await a_site(conn, owner)
    shared = await a_timetable(conn, owner, always=True)
    asset = await an_asset(conn, owner, site, timetable_id=shared)
    await db.closures.lock_asset(locker, asset, stranger)
    await db.parts.lock(locker, stranger, asset, None)
    await db.sites.lock(locker, site, stranger)
    await db.timetables.lock(locker, shared, stranger)
    assert not await is_locked(conn, asset)


async def test_changes_of_one_tree_that_find_each_other_do_not_wait_in_a_circle(conns):
    """While a hall is put into a building, one waits for the hall and one for the building: then each needs both."""
    conn, mover, inside, around = conns
    owner = await an_organisation(conn)
    site = await a_site(conn, owner)
    hall, building = [await an_asset(conn, owner, site) for _ in range(2)]
    corner = await an_asset(conn, owner, site, part_of=hall)

    async def lock(locker: Connection, asset_id: Any) -> None:
        await db.parts.lock(locker, owner, asset_id, None)
        assert all([await is_locked(conn, each) for each in (hall, building, corner)])
        await locker.execute("COMMIT")

    await db.parts.lock(mover, owner, hall, building)
    await db.parts.join(mover, owner, hall, building, NOW)
    tasks = [asyncio.create_task(lock(inside, corner)), asyncio.create_task(lock(around, building))]
    await waiting(conn, 2)
    await mover.execute("COMMIT")
    await asyncio.gather(*tasks)
