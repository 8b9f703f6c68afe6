"""A server as users meet it: a process of its own that answers on a port; two of them to race at; and a browser."""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from arena import Arena, Running, entered, two_servers
from playwright.async_api import Page, async_playwright

from db.migrate import migrate
from fallow.cluster import Cluster

DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture
def database(clone: str) -> str:
    """One of this test's own: servers and workers that are ended may still write."""
    return clone


@pytest.fixture
def factory() -> list[str]:
    """What makes the application of the server, for uvicorn."""
    return ["--factory", "api.app:create_app"]


@pytest.fixture
async def address(database: str, factory: list[str]) -> AsyncIterator[str]:
    """A server on a free port of this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", *factory, "--port", str(port), "--no-access-log"]
    command += ["--timeout-keep-alive", "75"]  # as fallow/server.py has it
    with subprocess.Popen(command, env={**os.environ, "DATABASE_URL": database}, stderr=subprocess.DEVNULL) as server:
        try:
            address = f"http://127.0.0.1:{port}"
            await wait_until_it_answers(address)
            yield address
        finally:
            server.terminate()


async def wait_until_it_answers(address: str) -> None:
    for _ in range(200):
        with contextlib.suppress(httpx.TransportError):
            httpx.get(f"{address}/readyz").raise_for_status()
            return
        await asyncio.sleep(0.1)
    pytest.fail("the server does not answer")


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
        yield await browser.new_page()
        await browser.close()


@pytest.fixture(scope="module")
def racing(template: Cluster) -> Iterator[Running]:
    """Two servers, for all races of a file."""
    with two_servers(template) as running:
        yield running


@pytest.fixture
async def arena(racing: Running) -> AsyncIterator[Arena]:
    """Those who race at them."""
    async with entered(racing) as arena:
        yield arena


@pytest.fixture
async def nobody_waits_in_a_circle(arena: Arena) -> AsyncIterator[None]:
    """Locks are taken in the one order: PostgreSQL never has to end one of two that wait for each other."""
    yield
    assert await arena.direct.fetchval(DEADLOCKS) == 0


@pytest.fixture(scope="module")
def sturdy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster that loses nothing, unlike those of other tests."""
    with Cluster(tmp_path_factory.mktemp("sturdy")) as cluster:
        migrate(cluster.url())
        yield cluster
