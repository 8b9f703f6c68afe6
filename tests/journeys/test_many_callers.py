"""c30: more callers than connections, and one asset that somebody holds locked."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest
from calls import MANCHESTER, World, ok

CALLERS = 300
EVENING = {"starts_at": "2027-07-05T18:00:00Z", "ends_at": "2027-07-05T20:00:00Z"}
SOON = 2  # seconds; a single request takes some milliseconds


@pytest.fixture
async def world(address: str, database: str) -> AsyncIterator[World]:
    limits = httpx.Limits(max_connections=CALLERS)
    async with httpx.AsyncClient(base_url=address, timeout=30, limits=limits) as client:
        yield World(client, database)


async def test_c30_more_callers_than_connections(world: World):
    owner, group = await world.organisation(), await world.organisation()
    site = await world.site(owner)
    assets = [await world.asset(owner, site=site) for _ in range(10)]
    search = {"lon": MANCHESTER[0], "lat": MANCHESTER[1], **EVENING}

    async def ask(number: int) -> httpx.Response:
        asset = assets[number // 3 % len(assets)]
        if number % 3 == 0:
            return await group.book(asset, (EVENING["starts_at"], EVENING["ends_at"]))
        if number % 3 == 1:
            return await world.client.get("/v1/search", params=search)
        return await world.client.get(f"/v1/assets/{asset['id']}/availability", params=EVENING)

    answers = await asyncio.gather(*(ask(number) for number in range(CALLERS)))
    counted = Counter(answer.status_code for answer in answers)
    assert set(counted) <= {200, 201, 409, 503}, counted
    assert counted[201] <= len(assets)
    assert all(answer.headers["Retry-After"] for answer in answers if answer.status_code == 503)
    began = time.monotonic()
    ok(await owner.get("/me"), 200)
    assert time.monotonic() - began < SOON


async def test_c30_a_locked_asset_is_in_nobody_elses_way(world: World, database: str):
    owner, group = await world.organisation(), await world.organisation()
    locked, other = await world.asset(owner), await world.asset(owner)
    conn = await asyncpg.connect(database)
    period = (EVENING["starts_at"], EVENING["ends_at"])
    try:
        async with conn.transaction():
            await conn.execute("SELECT FROM assets WHERE id = $1 FOR UPDATE", locked["id"])
            waiting = [asyncio.create_task(group.book(locked, period)) for _ in range(60)]
            await asyncio.sleep(0.2)
            began = time.monotonic()
            ok(await group.book(other, period), 201)
            ok(await world.client.get(f"/v1/assets/{locked['id']}/availability", params=EVENING), 200)
            assert time.monotonic() - began < SOON
            for answer in await asyncio.gather(*waiting):
                assert ok(answer, 503)["type"] == "/problems/overloaded"
                assert answer.headers["Retry-After"]
    finally:
        await conn.close()
    ok(await group.book(locked, period), 201)
