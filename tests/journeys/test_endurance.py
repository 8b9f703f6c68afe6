"""Callers that go away in mid-request, or never come to an end: nothing is left behind. (Crowds: test_many_callers.py.)

One server process with its normal pool, on a database of its own.
"""

import asyncio
import random
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import httpx
import pytest
from calls import Organisation, World, ok
from invariants import nothing_half_done
from servers import PATIENCE, a_database, an_hour, halls, serving, speaking_to, wish

from fallow.cluster import Cluster

LOCK = "SELECT FROM assets WHERE id = $1 FOR UPDATE"
# Connections of servers that do something or have left a transaction open.
BUSY = """
  SELECT count(*) FROM pg_stat_activity
   WHERE application_name = 'fallow' AND datname = current_database() AND (state <> 'idle' OR xact_start IS NOT NULL)
"""
STORED = "SELECT count(*) FROM bookings WHERE booker_id = $1"


@pytest.fixture(scope="module")
def running(template: Cluster) -> Iterator[tuple[str, str]]:
    """The server's address and its database's."""
    with a_database(template, "fallow_endurance") as database, serving(database) as address:
        yield address, database


@pytest.fixture
async def world(running: tuple[str, str]) -> AsyncIterator[World]:
    async with speaking_to(*running) as world:
        yield world


async def call_and_leave(address: str, request: bytes) -> None:
    """Send a request, perhaps not all of it, and go away at some moment of its work."""
    host, port = httpx.URL(address).host, httpx.URL(address).port
    _, writer = await asyncio.open_connection(host, port)
    writer.write(request[: random.choice((len(request), len(request), random.randrange(len(request))))])
    await asyncio.sleep(random.choice((0, 0.005, 0.02, 0.1)) * random.random())
    writer.transport.abort()


def written(caller: Organisation, method: str, path: str, json: Any = None, **headers: str) -> bytes:
    """A request as it goes over the wire."""
    headers["Authorization"] = f"Bearer {caller.token}"
    request = caller.client.build_request(method, f"/v1{path}", json=json, headers=headers)
    first = f"{method} {request.url.raw_path.decode()} HTTP/1.1".encode()
    return b"\r\n".join([first, *map(b": ".join, request.headers.raw), b"", request.content])


async def lock_now_and_then(world: World, asset: dict[str, Any]) -> None:
    """Make whoever wants an asset wait, most of the time."""
    conn = await asyncpg.connect(world.database)
    try:
        while True:
            async with conn.transaction():
                await conn.execute(LOCK, asset["id"])
                await asyncio.sleep(0.3)
            await asyncio.sleep(0.05)
    finally:
        await conn.close()


async def counted(world: World, name: str, *labels: str) -> list[tuple[str, ...]]:
    """Labels and value of each sample that the server's metrics have of that name."""
    told = (await world.client.get("/metrics")).text
    sample = ",".join(f'{label}="([^"]*)"' for label in labels)
    return re.findall(rf"^{name}\{{{sample}\}} (\d+)", told, re.MULTILINE)


@pytest.mark.parametrize("times", [1000, pytest.param(10_000, marks=pytest.mark.slow)])
async def test_callers_that_go_away_leave_nothing_open_and_nothing_half_stored(world: World, times: int):
    owner = await world.organisation()
    locked, *others = await halls(world, owner, 4)
    bodies = [wish(locked if n % 10 == 0 else others[n % 3]) for n in range(times // 2)]
    sent = [
        written(owner, "POST", "/bookings", body, **{"Idempotency-Key": f"left {n}"}) for n, body in enumerate(bodies)
    ]
    reading = written(owner, "GET", f"/search?lon=-2.24&lat=53.48&starts_at={an_hour()[0][:19]}Z")
    changes = [written(owner, "PATCH", f"/assets/{each['id']}", {"title": "A room"}) for each in (locked, *others)]
    publishing = written(owner, "POST", f"/assets/{others[0]['id']}/publish", {}, **{"Idempotency-Key": "publish"})
    sent += random.choices([reading, *changes, publishing], k=times - len(sent))
    random.shuffle(sent)
    address, queue = str(world.client.base_url), iter(sent)

    async def leaver() -> None:
        for request in queue:
            await call_and_leave(address, request)

    locker = asyncio.create_task(lock_now_and_then(world, locked))
    await asyncio.gather(*(leaver() for _ in range(30)))
    locker.cancel()
    await asyncio.wait([locker])
    async with asyncio.timeout(PATIENCE):
        while await world.value(BUSY):
            await asyncio.sleep(0.1)
    used = await counted(world, "fallow_pool_connections", "pool", "state")
    assert {(pool, number) for pool, state, number in used if state == "busy"} == {("reading", "0"), ("writing", "0")}
    statuses = {status for _, status, _ in await counted(world, "fallow_requests_total", "operation", "status")}
    assert {"200", "201", "400"} <= statuses
    assert "500" not in statuses
    assert 0 < await world.value(STORED, owner.id) < len(bodies)
    await nothing_half_done(world.database)
    for n in range(0, len(bodies), 20):  # what was done is answered now, and what was not is done
        again = (
            owner.post("/bookings", body, headers={"Idempotency-Key": f"left {n + m}"})
            for m, body in enumerate(bodies[n : n + 20])
        )
        assert {answer.status_code for answer in await asyncio.gather(*again)} == {201}
    assert await world.value(STORED, owner.id) == len(bodies)


async def test_a_caller_that_sends_its_body_slowly_holds_no_connection(world: World):
    owner = await world.organisation()
    [hall] = await halls(world, owner, 1)
    path, writers = f"/assets/{hall['id']}/publish", []
    for n in range(20):
        request = written(owner, "POST", path, {}, **{"Idempotency-Key": f"slow {n}"})
        _, writer = await asyncio.open_connection(world.client.base_url.host, world.client.base_url.port)
        writer.write(request[:-1])
        writers.append(writer)
    await asyncio.sleep(0.5)
    assert await world.value(BUSY) == 0
    ok(await owner.book(hall, an_hour()), 201)
    for writer in writers:
        writer.transport.abort()
