"""Servers in processes of their own, what their callers do, and how their database is killed."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import asyncpg
import httpx
from calls import Organisation, World

from fallow.cluster import Cluster
from fallow.supervisor import Servers, listen

FIRST_DAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=30)
PATIENCE = 30
hours = count()


@contextmanager
def a_database(template: Cluster, name: str) -> Iterator[str]:
    """The address of a migrated database for several tests."""

    async def execute(statement: str) -> None:
        conn = await asyncpg.connect(template.url())
        try:
            await conn.execute(statement)
        finally:
            await conn.close()

    asyncio.run(execute(f"CREATE DATABASE {name} TEMPLATE fallow_template"))
    try:
        yield template.url(name)
    finally:
        asyncio.run(execute(f"DROP DATABASE {name} WITH (FORCE)"))


@contextmanager
def serving(database: str, app: str = "api.app:create_app", **environment: str) -> Iterator[str]:
    """The address of one server process with its normal pool."""
    listener = listen("127.0.0.1", 0)
    environment = {**os.environ, "DATABASE_URL": database, **environment}
    servers = Servers(listener, count=1, environment=environment, app=app)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        servers.stop()


@asynccontextmanager
async def speaking_to(address: str, database: str) -> AsyncIterator[World]:
    """The world behind a server, for as many callers as may come."""
    limits = httpx.Limits(max_connections=400)
    async with httpx.AsyncClient(base_url=address, timeout=PATIENCE, limits=limits) as client:
        yield World(client, database)


async def halls(world: World, owner: Organisation, number: int) -> list[dict[str, Any]]:
    site = await world.site(owner)
    return await asyncio.gather(*(world.asset(owner, site=site) for _ in range(number)))


def an_hour() -> tuple[str, str]:
    """An hour that no other request of these tests wants."""
    starts = FIRST_DAY + timedelta(hours=next(hours))
    return starts.isoformat(), (starts + timedelta(hours=1)).isoformat()


def wish(asset: dict[str, Any]) -> dict[str, Any]:
    """A booking of an hour of its own."""
    starts, ends = an_hour()
    return {"asset_id": asset["id"], "periods": [{"starts_at": starts, "ends_at": ends}]}


def unavailable(answer: httpx.Response) -> bool:
    """Whether an answer says to come again, as it must."""
    if answer.status_code != 503:
        return False
    assert answer.json()["type"] == "/problems/overloaded"
    assert answer.headers["Retry-After"] == "1"
    return True


async def persist(send: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """The answer of a server that is well again."""
    async with asyncio.timeout(PATIENCE):
        while unavailable(answer := await send()):
            await asyncio.sleep(0.2)
    return answer


def children(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, check=False, text=True)
    return [int(each) for each in found.stdout.split()]


async def kill_one(cluster: Cluster) -> None:
    """Kill the process behind one of the server's connections; PostgreSQL then ends all others and starts anew."""
    conn = await asyncpg.connect(cluster.url())
    pid = await conn.fetchval("SELECT pid FROM pg_stat_activity WHERE application_name = 'fallow' LIMIT 1")
    os.kill(pid, signal.SIGKILL)
    conn.terminate()


async def kill_all(cluster: Cluster) -> None:
    """Kill every process of the database; `fallow run` starts it again, or whoever looks after it."""
    theirs = children(cluster.process.pid)
    for pid in (cluster.process.pid, *theirs):
        with suppress(ProcessLookupError):  # it has noticed that the first is gone
            os.kill(pid, signal.SIGKILL)
    await asyncio.sleep(1)
    assert cluster.revive()
