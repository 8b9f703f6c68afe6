"""A database that is killed or has no room, a server that is killed: what was answered is stored, nothing by half, and
the servers go on by themselves.
"""

import asyncio
import contextlib
import random
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from calls import Organisation, World, ok
from invariants import nothing_half_done
from servers import halls, kill_all, kill_one, persist, serving, speaking_to, unavailable, wish

from db.connection import TROUBLE
from db.migrate import migrate
from fallow.cluster import Cluster

Asked = list[tuple[dict[str, Any], dict[str, str], list[httpx.Response]]]
keys = count()
DYING = """
import os, signal
from api import app

def create_app():
    serve = app.create_app()

    async def serve_or_die(scope, receive, send):
        async def send_or_die(message):
            if message["type"] == "http.response.start" and (b"x-request-id", b"the-last") in scope["headers"]:
                os.kill(os.getpid(), signal.SIGKILL)
            await send(message)
        await serve(scope, receive, send_or_die)

    return serve_or_die
"""
FULL = """
  CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql
  AS $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
  CREATE TRIGGER full_disk BEFORE INSERT ON events EXECUTE FUNCTION full_disk();
"""


class Load:
    """Callers that book, each booking of an hour and with a key of its own, and note what they are told."""

    def __init__(self, world: World, owner: Organisation, places: Sequence[dict[str, Any]]) -> None:
        self.world = world
        self.owner = owner
        self.places = places
        self.asked: Asked = []

    async def caller(self) -> None:
        while True:
            body, key = wish(random.choice(self.places)), {"Idempotency-Key": f"load {next(keys)}"}
            told: list[httpx.Response] = []
            self.asked.append((body, key, told))
            told.append(await self.owner.post("/bookings", body, headers=key))
            if unavailable(told[0]):
                await asyncio.sleep(0.2)

    def answers(self) -> list[httpx.Response]:
        return [answer for _, _, told in self.asked for answer in told]

    def made(self) -> list[httpx.Response]:
        """What was acknowledged."""
        return [answer for answer in self.answers() if answer.status_code == 201]

    def refused(self) -> int:
        return len(self.answers()) - len(self.made())

    async def until(self, truth: Callable[[], bool]) -> None:
        """Wait for something to come true under this load."""
        async with asyncio.timeout(30):
            while not truth():
                await asyncio.sleep(0.05)

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """Twelve callers at work."""
        callers = [asyncio.create_task(self.caller()) for _ in range(12)]
        try:
            yield
        finally:
            for each in callers:
                each.cancel()
            await asyncio.wait(callers)
            failed = [each.exception() for each in callers if not each.cancelled()]
            assert failed == []

    async def nothing_is_lost(self) -> None:
        """All that was acknowledged is there; what was not is there once when it is sent again."""
        assert {answer.status_code for answer in self.answers()} == {201, 503}
        for some in batched(self.asked):
            again = [partial(self.owner.post, "/bookings", body, headers=key) for body, key, _ in some]
            for (_, _, told), answer in zip(some, await asyncio.gather(*map(persist, again)), strict=True):
                assert answer.status_code == 201, answer.text
                assert [each.content for each in told if each.status_code == 201] in ([], [answer.content])
        for some in batched(self.made()):
            found = await asyncio.gather(*(self.owner.get(f"/bookings/{made.json()['id']}") for made in some))
            assert [each.content for each in found] == [each.content for each in some]
        stored = await self.world.value("SELECT count(*) FROM bookings WHERE booker_id = $1", self.owner.id)
        assert stored == len(self.asked)
        await nothing_half_done(self.world.database)


def batched(things: Sequence[Any]) -> list[Sequence[Any]]:
    return [things[n : n + 20] for n in range(0, len(things), 20)]


@asynccontextmanager
async def load_on(database: str) -> AsyncIterator[Load]:
    """A server of a database, and callers that know it."""
    with serving(database) as address:
        async with speaking_to(address, database) as world:
            owner = await world.organisation(slug=f"owner-{next(keys)}")
            yield Load(world, owner, await halls(world, owner, 4))


@pytest.mark.parametrize("kill", [kill_one, kill_all])
async def test_when_the_database_is_killed_under_load_nothing_acknowledged_is_lost(
    sturdy: Cluster, kill: Callable[[Cluster], Awaitable[None]]
):
    async with load_on(sturdy.url()) as load:
        async with load.going_on():
            await load.until(lambda: len(load.made()) > 20)
            await kill(sturdy)
            before = len(load.made())
            await load.until(lambda: len(load.made()) > before + 20)
        await load.nothing_is_lost()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, which is soon full."""
    path = tmp_path / "disk"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200m,mode=700", "tmpfs", path]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine mounts no file system for us; another test injects the error")
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)


@pytest.fixture
def confined(small_disk: Path) -> Iterator[Cluster]:
    """A cluster on it."""
    with Cluster(small_disk / "home") as cluster:
        migrate(cluster.url())
        yield cluster


def fill(disk: Path) -> Path:
    """Take all room that is left."""
    ballast = disk / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(bytes(2**16)):
            pass
    return ballast


async def end_the_log(cluster: Cluster) -> None:
    """Make PostgreSQL need a new file for its log: without room for one it ends."""
    with contextlib.suppress(*TROUBLE):
        conn = await asyncpg.connect(cluster.url())
        while True:
            await conn.execute("SELECT pg_logical_emit_message(true, '', ''), pg_switch_wal()")


@pytest.mark.parametrize("what", ["data", "log"])
async def test_without_room_nothing_is_half_done_and_with_room_it_goes_on(
    small_disk: Path, confined: Cluster, what: str
):
    async with load_on(confined.url()) as load:
        async with load.going_on():
            await load.until(lambda: len(load.made()) > 20)
            ballast = fill(small_disk)
            if what == "log":
                await end_the_log(confined)
            await load.until(lambda: load.refused() > 20)
            if what == "data":
                ok(await load.owner.get(f"/assets/{load.places[0]['id']}"), 200)
            ballast.unlink()
            before = len(load.made())
            confined.revive()
            await load.until(lambda: len(load.made()) > before + 20)
        await load.nothing_is_lost()


async def test_where_postgresql_says_that_there_is_no_room_so_does_the_answer(database: str):
    """The error injected, for machines on which no file system can be filled."""
    async with load_on(database) as load:
        async with load.going_on():
            await load.until(lambda: len(load.made()) > 20)
            await load.world.run(FULL)
            await load.until(lambda: load.refused() > 20)
            await load.world.run("DROP TRIGGER full_disk ON events")
            before = len(load.made())
            await load.until(lambda: len(load.made()) > before + 20)
        await load.nothing_is_lost()


async def test_the_first_answer_comes_from_another_server_when_the_first_was_killed_before_it_answered(
    database: str, tmp_path: Path
):
    (tmp_path / "dying.py").write_text(DYING)
    with (
        serving(database) as address,
        serving(database, "dying:create_app", PYTHONPATH=str(tmp_path)) as doomed,
    ):
        async with speaking_to(address, database) as world, httpx.AsyncClient(base_url=doomed, timeout=30) as client:
            owner = await world.organisation()
            [hall] = await halls(world, owner, 1)
            body, key = wish(hall), {"Idempotency-Key": "once"}
            there = Organisation(client, owner.body, owner.token)
            with pytest.raises(httpx.RemoteProtocolError):
                await there.post("/bookings", body, headers={**key, "X-Request-Id": "the-last"})
            stored = await world.value("SELECT id FROM bookings WHERE booker_id = $1", owner.id)
            answers = [await owner.post("/bookings", body, headers=key) for _ in range(2)]
            assert [(each.status_code, each.headers["Idempotent-Replayed"]) for each in answers] == [(201, "true")] * 2
            assert [each.json()["id"] for each in answers] == [str(stored)] * 2
            assert ok(await owner.get(f"/bookings/{stored}"), 200) == answers[0].json()
            assert await world.value("SELECT count(*) FROM bookings") == 1
        await nothing_half_done(database)
