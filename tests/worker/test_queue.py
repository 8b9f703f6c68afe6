"""What becomes of jobs that fail, whatever way they do."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

import db.jobs
import worker.jobs
from db.connection import connect
from domain.jobs import SweepBooking
from worker import app
from worker.queue import Queue

pytestmark = pytest.mark.anyio
HOLD = SweepBooking(owner_id=UUID(int=1), booking_id=UUID(int=2))
ROW = "SELECT status, attempts, execute_after - updated AS delay FROM jobs.pgqueuer WHERE entrypoint = 'sweep_booking'"
Answer = Callable[[asyncpg.Record | None], bool]


@pytest.fixture
async def direct(clone: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection that commits each statement."""
    conn = await connect(clone)
    yield conn
    await conn.close()


@asynccontextmanager
async def working(database: str) -> AsyncIterator[None]:
    """A worker in this process."""
    told = asyncio.Event()
    task = asyncio.create_task(app.work(database, told))
    try:
        yield
    finally:
        told.set()
        await task


async def becomes(conn: asyncpg.Connection, wanted: Answer) -> asyncpg.Record | None:
    """The job, once it is as wanted."""
    async with asyncio.timeout(10):
        while not wanted(row := await conn.fetchrow(ROW)):
            await asyncio.sleep(0.02)
    return row


def instead(monkeypatch: pytest.MonkeyPatch, handler: Callable[..., Awaitable[None]]) -> None:
    monkeypatch.setattr(worker.jobs, "HANDLERS", {**worker.jobs.HANDLERS, SweepBooking: handler})


async def write_and_fail(conn: asyncpg.Connection, *_: object) -> None:
    await conn.execute("UPDATE service SET secret = 'spilt'")
    raise ZeroDivisionError("the caretaker's telephone number is 0161 496 0000")


async def test_a_job_that_fails_is_undone_and_tried_again_later_and_later(clone, direct, monkeypatch):
    instead(monkeypatch, write_and_fail)
    await db.jobs.add(direct, HOLD)
    async with working(clone):
        row = await becomes(direct, lambda row: row["attempts"] == 2)
    assert tuple(row) == ("queued", 2, timedelta(seconds=2))
    assert await direct.fetchval("SELECT secret <> 'spilt' FROM service")
    recorded = await direct.fetch("SELECT traceback FROM jobs.pgqueuer_log WHERE traceback IS NOT NULL")
    assert len(recorded) == 2
    assert all(row["traceback"]["exception_message"] == "ZeroDivisionError" for row in recorded)
    assert "telephone" not in str(recorded)


async def test_a_job_that_failed_is_done_when_what_was_wrong_is_not(clone, direct, monkeypatch):
    failures = iter([ZeroDivisionError])

    async def fail_once(*_: object) -> None:
        for error in failures:
            raise error

    instead(monkeypatch, fail_once)
    await db.jobs.add(direct, HOLD)
    async with working(clone):
        await becomes(direct, lambda row: row is None)


async def test_a_job_whose_failure_cannot_even_be_written_down_stays(clone, direct, monkeypatch):
    async def be_away(*_: object) -> None:
        raise ConnectionError

    instead(monkeypatch, be_away)
    monkeypatch.setattr(Queue, "retry_job", be_away)
    monkeypatch.setattr(app, "DEAD_AFTER", timedelta(seconds=1))
    await db.jobs.add(direct, HOLD)
    async with working(clone):
        await becomes(direct, lambda row: row["status"] == "picked")
        await asyncio.sleep(0.5)  # PgQueuer would delete it after a tenth
        assert await direct.fetchrow(ROW)
        monkeypatch.undo()
        await becomes(direct, lambda row: row is None)


async def test_a_job_that_this_worker_does_not_know_waits_for_one_that_does(clone, direct):
    await db.jobs.add(direct, HOLD)
    await direct.execute("UPDATE jobs.pgqueuer SET entrypoint = 'of another version'")
    await db.jobs.add(direct, HOLD, at=await direct.fetchval("SELECT now()"))
    async with working(clone):
        await becomes(direct, lambda row: row is None)
    assert await direct.fetchval("SELECT status FROM jobs.pgqueuer WHERE entrypoint = 'of another version'") == "queued"


async def test_repeated_jobs_wait_once_however_many_workers_start(clone, direct):
    async with working(clone), working(clone):
        pass
    waiting = [tuple(row) for row in await direct.fetch("SELECT entrypoint, execute_after FROM jobs.pgqueuer")]
    assert {kind for kind, _ in waiting} == {"find_completed", "forget_jobs", "take_demand"}
    assert len(waiting) == len(set(waiting))


async def test_a_change_that_commits_while_its_job_runs_is_seen_by_another(clone, direct, monkeypatch):
    seen, goes_on = [], asyncio.Event()

    async def look(conn: asyncpg.Connection, *_: object) -> None:
        seen.append(await conn.fetchval("SELECT secret FROM service"))
        await goes_on.wait()

    instead(monkeypatch, look)
    await db.jobs.add(direct, HOLD)
    async with working(clone):
        try:
            await becomes(direct, lambda _: seen != [])
            for secret in (b"first", b"second"):
                async with direct.transaction():
                    await direct.execute("UPDATE service SET secret = $1", secret)
                    await db.jobs.add(direct, HOLD)
        finally:
            goes_on.set()
        await becomes(direct, lambda row: row is None)
    assert seen[1:] == [b"second"]


async def test_a_job_that_waits_begins_after_the_change_that_asks_for_it_again(clone, direct, monkeypatch):
    seen = []

    async def look(conn: asyncpg.Connection, *_: object) -> None:
        seen.append(await conn.fetchval("SELECT secret FROM service"))

    instead(monkeypatch, look)
    await db.jobs.add(direct, HOLD)
    async with direct.transaction():
        await direct.execute("UPDATE service SET secret = 'new'::bytea")
        await db.jobs.add(direct, HOLD)
        async with working(clone):
            await asyncio.sleep(1.5)  # a worker looks each second
    assert seen == []
    async with working(clone):
        await becomes(direct, lambda row: row is None)
    assert seen == [b"new"]
