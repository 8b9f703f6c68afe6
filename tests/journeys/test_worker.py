"""Workers as processes: what is due is done once, whoever is killed, frozen or away meanwhile."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from servers import kill_all, kill_one
from stored import a_booking, a_site, an_asset, an_organisation

import db.jobs
from db.connection import TROUBLE, connect
from db.migrate import migrate
from domain.jobs import CompleteBooking, FindCompleted, SweepBooking
from fallow.cluster import Cluster
from fallow.supervisor import Servers, listen

pytestmark = pytest.mark.anyio
QUICK = """
import sys
from datetime import timedelta
from worker import app
app.DEAD_AFTER = timedelta(seconds=2)
app.run(sys.argv[1])
"""
SLOWLY = """
  CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep({}); RETURN NEW; END $$;
  CREATE TRIGGER slowly BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION slowly();
"""
LEFT = "SELECT count(*) FROM jobs.pgqueuer WHERE entrypoint IN ('sweep_booking', 'complete_booking')"
RECORDED = "SELECT count(*) FROM events"


class Worker:
    """A worker of its own that takes over from others after two seconds."""

    def __init__(self, database: str) -> None:
        self.process = subprocess.Popen([sys.executable, "-c", QUICK, database], stderr=subprocess.PIPE, text=True)

    def kill(self, how: signal.Signals = signal.SIGKILL) -> int:
        self.process.send_signal(how)
        return self.process.wait(10)

    def told(self) -> list[dict[str, Any]]:
        """What went wrong with jobs until it ended, as it has logged."""
        lines = map(json.loads, self.process.stderr.read().splitlines())
        return [line for line in lines if line["event"] == "job"]


@pytest.fixture
def start() -> Iterator[Callable[[str], Worker]]:
    """Start a worker on a database; what still runs at the end is killed."""
    begun: list[Worker] = []
    yield lambda database: begun.append(Worker(database)) or begun[-1]
    for each in begun:
        each.kill()
        each.process.stderr.close()


@pytest.fixture
async def direct(database: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection that commits each statement."""
    conn = await connect(database)
    yield conn
    await conn.close()


async def until(conn: asyncpg.Connection, question: str, wanted: Callable[[Any], bool], seconds: int = 40) -> None:
    """Wait for an answer of the database."""
    async with asyncio.timeout(seconds):
        while not wanted(await conn.fetchval(question)):
            await asyncio.sleep(0.02)


async def an_owner_with_a_hall(conn: asyncpg.Connection) -> tuple[UUID, UUID]:
    owner = await an_organisation(conn)
    return owner, await an_asset(conn, owner, await a_site(conn, owner))


async def held_until(conn: asyncpg.Connection, owner: UUID, hall: UUID, lapses: datetime, day: int = 1) -> UUID:
    """A hold of an evening, with its job."""
    starts = lapses + timedelta(days=day)
    async with conn.transaction():
        made = await a_booking(conn, owner, hall, starts, starts + timedelta(hours=1), state="held", held_until=lapses)
        booking_id: UUID = await conn.fetchval("SELECT booking_id FROM occurrences WHERE id = $1", made)
        await db.jobs.add(conn, SweepBooking(owner, booking_id), at=lapses)
    return booking_id


async def over_since(conn: asyncpg.Connection, owner: UUID, hall: UUID, ends: datetime) -> UUID:
    """A booking of the hour before."""
    made = await a_booking(conn, owner, hall, ends - timedelta(hours=1), ends)
    return await conn.fetchval("SELECT booking_id FROM occurrences WHERE id = $1", made)


async def due(conn: asyncpg.Connection, number: int) -> tuple[list[UUID], list[UUID]]:
    """So many bookings that held and so many that are over, with their jobs."""
    now = datetime.now(UTC)
    halls = [await an_owner_with_a_hall(conn) for _ in range(8)]
    held = [await held_until(conn, *halls[day % 8], now - timedelta(minutes=1), day) for day in range(1, number + 1)]
    over = [await over_since(conn, *halls[day % 8], now - timedelta(days=day)) for day in range(1, number + 1)]
    await db.jobs.add(conn, FindCompleted())
    return held, over


async def all_is_done_once(conn: asyncpg.Connection, held: list[UUID], over: list[UUID]) -> None:
    """Each booking has changed once, with one event, and only what is over occupies still."""
    recorded = Counter(map(tuple, await conn.fetch("SELECT object_id, type, version FROM events")))
    assert recorded == Counter(
        [(each, "booking.expired", 2) for each in held] + [(each, "booking.completed", 2) for each in over]
    )
    assert set(map(tuple, await conn.fetch("SELECT id, version FROM bookings"))) == {(each, 2) for each in held + over}
    states = dict(map(tuple, await conn.fetch("SELECT booking_id, state FROM occurrences")))
    assert states == {**dict.fromkeys(held, "expired"), **dict.fromkeys(over, "completed")}
    occupying = await conn.fetch("SELECT booking_id FROM occupancies JOIN occurrences c ON c.id = occurrence_id")
    assert Counter(row["booking_id"] for row in occupying) == Counter(over)


async def test_workers_that_are_killed_again_and_again_leave_nothing_undone_and_nothing_done_twice(
    database, direct, start
):
    held, over = await due(direct, 40)
    await direct.execute(SLOWLY.format(0.05))
    start(database)
    for _ in range(5):
        before = await direct.fetchval(RECORDED)
        victim = start(database)
        await until(direct, RECORDED, lambda now, before=before: now > before + 5)
        victim.kill()
    await until(direct, LEFT, lambda left: left == 0)
    await all_is_done_once(direct, held, over)


async def test_a_frozen_worker_that_wakes_up_after_its_job_was_taken_over_undoes_its_work(database, direct, start):
    owner, hall = await an_owner_with_a_hall(direct)
    booking = await over_since(direct, owner, hall, datetime.now(UTC))
    await direct.execute(SLOWLY.format(1))
    await db.jobs.add(direct, CompleteBooking(owner, booking))
    frozen = start(database)
    await until(
        direct, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'", lambda sleeping: sleeping > 0
    )
    frozen.process.send_signal(signal.SIGSTOP)
    other = start(database)
    await until(direct, "SELECT max(attempts) FROM jobs.pgqueuer", lambda attempts: attempts > 0)
    frozen.process.send_signal(signal.SIGCONT)
    await until(direct, LEFT, lambda left: left == 0)
    await all_is_done_once(direct, [], [booking])
    assert (frozen.kill(signal.SIGTERM), other.kill(signal.SIGTERM)) == (0, 0)
    assert [line["outcome"] for line in frozen.told()] == ["taken over"]
    assert {(line["outcome"], line["error"]) for line in other.told()} == {("failed", "LockNotAvailableError")}


async def test_a_worker_that_is_told_to_stop_finishes_what_it_has_begun(database, direct, start):
    held, over = await due(direct, 20)
    await direct.execute(SLOWLY.format(0.3))
    worker = start(database)
    await until(direct, RECORDED, lambda recorded: recorded > 0)
    assert worker.kill(signal.SIGTERM) == 0
    assert worker.told() == []
    assert await direct.fetchval("SELECT count(*) FROM jobs.pgqueuer WHERE status = 'picked'") == 0
    assert 0 < await direct.fetchval(RECORDED) < len(held) + len(over)


@pytest.mark.parametrize("kill", [kill_one, kill_all])
async def test_a_worker_goes_on_when_its_database_was_killed(
    tmp_path: Path, start, kill: Callable[[Cluster], Awaitable[None]]
):
    with Cluster(tmp_path, throwaway=True) as cluster:
        await asyncio.to_thread(migrate, cluster.url())
        conn = await connect(cluster.url())
        held, over = await due(conn, 20)
        await conn.execute(SLOWLY.format(0.05))
        worker = start(cluster.url())
        await until(conn, RECORDED, lambda recorded: recorded > 10)
        conn.terminate()
        await kill(cluster)
        conn = await connected_when_all_is_done(cluster)
        await all_is_done_once(conn, held, over)
        await conn.close()
        assert worker.kill(signal.SIGTERM) == 0


async def connected_when_all_is_done(cluster: Cluster) -> asyncpg.Connection:
    """A connection to a database that is about to end, or on its way, or there."""
    async with asyncio.timeout(40):
        while True:
            with contextlib.suppress(*TROUBLE):
                conn = await connect(cluster.url())
                if not await conn.fetchval(LEFT):
                    return conn
                await conn.close()
            await asyncio.sleep(0.1)


async def test_a_hold_is_written_down_as_expired_when_it_lapses_and_not_before(database, direct, start):
    start(database)
    lapses = datetime.now(UTC) + timedelta(seconds=3)
    await held_until(direct, *await an_owner_with_a_hall(direct), lapses)
    await until(direct, RECORDED, lambda recorded: recorded == 1)
    [event] = await direct.fetch("SELECT type, occurred_at, actor, request_id, recorded_at FROM events")
    *told, recorded_at = event
    assert told == ["booking.expired", lapses, None, None]
    assert lapses <= recorded_at < lapses + timedelta(seconds=3)


async def test_a_worker_beside_servers_is_started_again_and_counts_for_them(database, direct, tmp_path):
    environment = {**os.environ, "DATABASE_URL": database, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    listener = listen("127.0.0.1", 0)
    servers = Servers(listener, count=1, workers=1, environment=environment)
    try:
        _, worker = servers.running
        worker.kill()
        worker.wait()
        servers.tend()
        assert servers.running[1].pid != worker.pid
        await db.jobs.add(direct, FindCompleted())
        await until(direct, "SELECT count(*) FROM jobs.pgqueuer WHERE execute_after <= now()", lambda left: left == 0)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=20) as client:
            told = (await client.get("/metrics")).text
        assert 'fallow_jobs_total{job="find_completed",outcome="done"} 1.0' in told
    finally:
        servers.stop()
