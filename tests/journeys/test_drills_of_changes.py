"""Servers, workers and PostgreSQL are killed again and again in mid-request and mid-commit, while bookings are held,
confirmed, moved, decided on and given back: each change is done once and as a whole, however often it was asked for.
"""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import asyncpg
import httpx
import pytest
from calls import Organisation, World, ok
from invariants import nothing_half_done
from servers import an_hour, kill_all, speaking_to, unavailable

from db.connection import TROUBLE
from fallow.cluster import Cluster
from fallow.deaths import Deaths
from fallow.supervisor import Servers, listen

TIMES = [pytest.param(2, id="twice"), pytest.param(15, id="15 times", marks=pytest.mark.slow)]
MORE = 10  # kills, until somebody was in the middle of something
PATIENCE = 60
CALLERS = 8
SLOW_COMMITS = """
  CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.03); RETURN NULL; END $$;
  CREATE CONSTRAINT TRIGGER slowly AFTER INSERT ON events DEFERRABLE INITIALLY DEFERRED
     FOR EACH ROW EXECUTE FUNCTION slowly();
"""
QUICK_COMMITS = "DROP TRIGGER slowly ON events; DROP FUNCTION slowly()"
COMMITTING = """
  SELECT pid FROM pg_stat_activity
   WHERE application_name = 'fallow' AND state = 'active' AND query ILIKE 'COMMIT%' LIMIT 1
"""
LAPSE = """
  WITH due AS (
    UPDATE jobs.pgqueuer SET execute_after = now() WHERE convert_from(payload, 'UTF8') LIKE '%' || $1 || '%'),
       held AS (UPDATE occurrences SET held_until = now() WHERE booking_id = $1::uuid AND state = 'held' RETURNING id)
  UPDATE occupancies SET held_until = now() WHERE occurrence_id IN (SELECT id FROM held)
"""
HISTORIES = """
  SELECT object_id::text, array_agg(type ORDER BY version) FROM events
   WHERE object_kind = 'booking' AND owner_id = $1 GROUP BY object_id
"""
keys = count()
Kill = Callable[["Service"], Awaitable[None]]


class Service:
    """Two servers and two workers of one database, looked after as `fallow run` does."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.listener = listen("127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.servers = Servers(
            self.listener, count=2, workers=2, environment={**os.environ, "DATABASE_URL": cluster.url()}
        )

    def kill(self, kind: str) -> None:
        """Kill one of a kind, which is started again."""
        places = [place for place, each in enumerate(self.servers.kinds) if each == kind]
        victim = self.servers.running[random.choice(places)]
        victim.kill()
        victim.wait()
        self.servers.deaths = {each: Deaths() for each in self.servers.kinds}  # here they die often
        self.servers.tend()


async def kill_a_worker_and_a_server(service: Service) -> None:
    service.kill("worker")
    service.kill("server")


async def kill_postgresql_in_a_commit(service: Service) -> None:
    conn = await asyncpg.connect(service.cluster.url())
    async with asyncio.timeout(PATIENCE):
        while not (pid := await conn.fetchval(COMMITTING)):
            await asyncio.sleep(0.001)
    os.kill(pid, signal.SIGKILL)
    conn.terminate()


async def kill_everything(service: Service) -> None:
    service.kill("server")
    service.cluster.deaths = Deaths()
    await kill_all(service.cluster)
    service.kill("server")
    service.kill("worker")


class Lives:
    """Callers who each take bookings from hold to end. Every step has its key and is asked until it is answered."""

    def __init__(self, world: World, owner: Organisation, groups: list[Organisation], hall: dict[str, Any]) -> None:
        self.world = world
        self.owner = owner
        self.groups = groups
        self.hall = hall
        self.steps: list[tuple[Organisation, str, dict[str, Any], dict[str, str], bytes]] = []
        self.histories: dict[str, list[str]] = {}
        self.made: set[str] = set()
        self.failed = 0

    async def answer(
        self, who: Organisation, path: str, body: dict[str, Any], headers: dict[str, str]
    ) -> httpx.Response:
        """Ask until there is an answer: not by a server that was killed, is overloaded, or has not ended the first."""
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    answer = await who.post(path, body, headers=headers)
                except httpx.TransportError:
                    self.failed += 1
                else:
                    running = answer.status_code == 409 and answer.json()["type"] == "/problems/still-running"
                    if not (running or unavailable(answer)):
                        return answer
                await asyncio.sleep(0.1)

    async def step(self, who: Organisation, path: str, body: dict[str, Any], status: int = 200) -> dict[str, Any]:
        headers = {"Idempotency-Key": f"life {next(keys)}"}
        answer = await self.answer(who, path, body, headers)
        booking: dict[str, Any] = ok(answer, status)
        self.steps.append((who, path, body, headers, answer.content))
        return booking

    async def life(self, group: Organisation, *, lapses: bool) -> None:
        """A series that is held, perhaps too long, confirmed, moved, approved in part, and given back in part."""
        hour, later = (dict(zip(("starts_at", "ends_at"), an_hour(), strict=True)) for _ in range(2))
        booking = await self.step(
            group, "/bookings", {"asset_id": self.hall["id"], "periods": series(hour), "hold": True}, 201
        )
        path, ids = f"/bookings/{booking['id']}", [each["id"] for each in booking["occurrences"]]
        self.made.add(booking["id"])
        if lapses:
            await self.lapse(booking)
        await self.step(group, f"{path}/confirm", {})
        await self.step(group, f"{path}/move", {"all": True, **later})
        await self.step(self.owner, f"{path}/approve", {"occurrence_ids": ids[:2]})
        await self.step(self.owner, f"{path}/decline", {"all": True})
        ended = await self.step(group, f"{path}/cancel", {"from_occurrence_id": ids[1]})
        assert [each["state"] for each in ended["occurrences"]] == ["confirmed", "cancelled", "declined"]
        expired = ["booking.expired"] if lapses else []
        done = ("confirmed", "moved", "approved", "declined", "cancelled")
        self.histories[booking["id"]] = ["booking.created", *expired, *(f"booking.{each}" for each in done)]

    async def lapse(self, booking: dict[str, Any]) -> None:
        """Let a hold end now: a worker may see it, or its booker's confirmation."""
        while True:
            try:
                await self.world.run(LAPSE, booking["id"])
            except TROUBLE:
                await asyncio.sleep(0.1)
            else:
                return

    async def caller(self, group: Organisation, ended: asyncio.Event) -> None:
        for n in count():
            await self.life(group, lapses=n % 2 == 1)
            if ended.is_set():
                return

    async def until(self, more: int) -> None:
        """Wait for so many steps more."""
        wanted = len(self.steps) + more
        async with asyncio.timeout(PATIENCE):
            while len(self.steps) < wanted:
                await asyncio.sleep(0.01)

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """All callers at work; at the end each finishes what it has begun."""
        ended = asyncio.Event()
        async with asyncio.TaskGroup() as callers:
            for each in self.groups:
                callers.create_task(self.caller(each, ended))
            yield
            ended.set()

    async def each_was_done_once(self) -> None:
        """What was asked for again is answered as it was, and is recorded once."""
        for n in range(0, len(self.steps), CALLERS):
            some = self.steps[n : n + CALLERS]
            again = await asyncio.gather(*(self.answer(*each[:4]) for each in some))
            assert [answer.content for answer in again] == [first for *_, first in some]
            assert all("Idempotent-Replayed" in answer.headers for answer in again)
        conn = await asyncpg.connect(self.world.database)
        histories = dict(map(tuple, await conn.fetch(HISTORIES, self.owner.id)))
        stored = await conn.fetchval("SELECT count(*) FROM bookings WHERE owner_id = $1", self.owner.id)
        await conn.close()
        assert (stored, histories) == (len(self.made), self.histories)
        await nothing_half_done(self.world.database)


def series(hour: dict[str, str]) -> list[dict[str, str]]:
    """The same hour on three days, so far apart that nobody else's comes there."""
    return [
        {name: (datetime.fromisoformat(moment) + timedelta(days=50 * n)).isoformat() for name, moment in hour.items()}
        for n in range(3)
    ]


@pytest.fixture(scope="module")
def service(sturdy: Cluster) -> Iterator[Service]:
    """Servers and workers of a database that commits slowly, so that much of what is killed is in mid-commit."""
    with slow_commits(sturdy):
        service = Service(sturdy)
        yield service
        service.servers.stop()


@contextmanager
def slow_commits(cluster: Cluster) -> Iterator[None]:
    async def run(statement: str) -> None:
        conn = await asyncpg.connect(cluster.url())
        await conn.execute(statement)
        await conn.close()

    asyncio.run(run(SLOW_COMMITS))
    yield
    asyncio.run(run(QUICK_COMMITS))


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("kill", [kill_a_worker_and_a_server, kill_postgresql_in_a_commit, kill_everything])
async def test_whatever_is_killed_each_change_is_done_once_and_as_a_whole(service: Service, kill: Kill, times: int):
    async with speaking_to(service.address, service.cluster.url()) as world:
        owner = await world.organisation(slug=f"killed-{next(keys)}")
        groups = [await world.organisation(slug=f"killing-{next(keys)}") for _ in range(CALLERS)]
        site = await world.site(owner, timezone="UTC")
        hall = await world.asset(owner, site=site, terms={"approval": True})
        await world.asset(owner, site=site, part_of=hall["id"], kind="equipment", category="tables", units=2)
        lives = Lives(world, owner, groups, hall)
        async with lives.going_on():
            for _ in range(times):
                await lives.until(20)
                await kill(service)
            await lives.until(20)
            for _ in range(MORE):
                if lives.failed or kill is kill_postgresql_in_a_commit:
                    break
                await kill(service)
                await lives.until(20)
        assert lives.failed or kill is kill_postgresql_in_a_commit
        await lives.each_was_done_once()
        assert Counter(map(len, lives.histories.values())).keys() == {6, 7}
