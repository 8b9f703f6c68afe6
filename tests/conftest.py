"""What tests stand on: a real PostgreSQL with PostGIS of their own, and the application on top of it.

`conn` is rolled back after each test. `database` may be committed to and is emptied after each (reused.py), `client`
is the whole application on it, `world` what makes organisations and assets through that (calls.py). A test that changes
the schema, fills it, starts processes or breaks connections takes a `clone` of its own: `started` and `calling` on it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from calls import World
from contract import contract
from reused import Reused, reusing

from db.connection import connect
from db.migrate import migrate
from fallow.cluster import Cluster

NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)  # a Monday; cases.md plays in 2027
TEMPLATE = "fallow_template"
numbers = count(1)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A throwaway cluster; runs beside one another do not meet."""
    with Cluster(Path(__file__).parent.parent / ".fallow" / "test", throwaway=True) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> Cluster:
    """The cluster, with a migrated database to clone."""
    anyio_run(execute, cluster.url(), f"CREATE DATABASE {TEMPLATE}")
    migrate(cluster.url(TEMPLATE))
    return cluster


@pytest.fixture(scope="session")
def shared(template: Cluster) -> str:
    """A migrated database in which nothing is ever committed."""
    anyio_run(execute, template.url(), f"CREATE DATABASE fallow_shared TEMPLATE {TEMPLATE}")
    return template.url("fallow_shared")


@pytest.fixture
async def conn(shared: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection whose transaction is rolled back."""
    connection = await connect(shared)
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield connection
    finally:
        await transaction.rollback()
        await connection.close()


@pytest.fixture
async def clone(template: Cluster) -> AsyncIterator[str]:
    """The address of a migrated database of this test's own."""
    name = f"fallow_{next(numbers)}"
    await execute(template.url(), f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield template.url(name)
    await execute(template.url(), f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
async def reused(template: Cluster) -> AsyncIterator[Reused]:
    """A migrated database for one test after another."""
    await execute(template.url(), f"CREATE DATABASE fallow_reused TEMPLATE {TEMPLATE}")
    async with reusing(template.url("fallow_reused")) as reused:
        yield reused


@pytest.fixture
async def database(reused: Reused) -> AsyncIterator[str]:
    """The address of a migrated database in which nothing is stored yet."""
    yield reused.url
    await reused.empty()


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@asynccontextmanager
async def started(database: str, clock: Clock) -> AsyncIterator[Any]:
    """The application, started, on a database and with a clock that the test moves."""
    from api import app, settings  # noqa: PLC0415 - tests of the layers below do without it

    application = app.create_app(settings.read({"DATABASE_URL": database}))
    application.state.clock = clock
    async with application.lifespan():
        yield application


@asynccontextmanager
async def calling(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without a token. Every answer is held against the contract as published."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    hooks = {"response": [contract().check]}
    async with httpx.AsyncClient(transport=transport, base_url="http://fallow", event_hooks=hooks) as client:
        yield client


@pytest.fixture(scope="session")
async def service(reused: Reused) -> AsyncIterator[Any]:
    """The application, for one test after another."""
    async with started(reused.url, Clock(NOW)) as application:
        yield application


@pytest.fixture
def app(service: Any, database: str, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The application on `database`, with this test's clock; what else the test sets in its state is put back."""
    monkeypatch.setenv("DATABASE_URL", database)
    before = service.state.dict()
    service.state.clock = clock
    yield service
    service.state.update(before)
    for pool in (service.state.writing, service.state.reading):
        assert (pool.is_closing(), pool.get_idle_size()) == (False, pool.get_size())


@pytest.fixture
async def client(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(app) as client:
        yield client


@pytest.fixture
def world(client: httpx.AsyncClient, database: str) -> World:
    return World(client, database)


async def execute(url: str, statement: str) -> None:
    """Run one statement outside any transaction."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def anyio_run(function: Any, *arguments: object) -> Any:
    """Run a coroutine function to its end, from a fixture that is not asynchronous."""
    return asyncio.run(function(*arguments))
