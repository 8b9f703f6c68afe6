"""Jobs in the queue: there with the transaction that causes them, gone with the one that does them."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from pgqueuer.domain.schema.notify import notify_function, notify_trigger

import db.jobs
from domain.jobs import FindCompleted, SweepBooking
from worker.queue import NAMES, queue

pytestmark = pytest.mark.anyio
AT = datetime(2027, 7, 5, 18, 0, tzinfo=UTC)
HOLD = SweepBooking(owner_id=UUID(int=1), booking_id=UUID(int=2))
WAITING = "SELECT entrypoint, execute_after FROM jobs.pgqueuer ORDER BY execute_after"


async def waiting(conn: asyncpg.Connection) -> list[tuple[str, datetime]]:
    return [tuple(row) for row in await conn.fetch(WAITING)]


async def test_the_tables_are_those_of_pgqueuer_without_what_notifies(shared: str):
    """Where this fails after an upgrade of PgQueuer, what it lists belongs into a migration."""
    conn = await asyncpg.connect(shared)
    try:
        plan = await queue(conn).plan_upgrade()
    finally:
        await conn.close()
    left_out = (notify_function(NAMES).name, notify_trigger(NAMES).name)
    assert [each for each in plan.statements if not any(name in each for name in left_out)] == []
    assert len(plan.statements) == 2


async def test_a_job_is_the_row_that_pgqueuer_would_write(conn: asyncpg.Connection):
    await db.jobs.add(conn, HOLD)
    payload = await conn.fetchval("SELECT payload FROM jobs.pgqueuer")
    assert json.loads(payload) == {
        "type": "sweep_booking",
        "owner_id": str(HOLD.owner_id),
        "booking_id": str(HOLD.booking_id),
    }
    await conn.reset_type_codec("jsonb", schema="pg_catalog")  # PgQueuer has none
    await queue(conn).enqueue("sweep_booking", payload, dedupe_key="another")
    ours, theirs = [dict(row) for row in await conn.fetch("SELECT * FROM jobs.pgqueuer ORDER BY id")]
    for row in (ours, theirs):
        del row["id"], row["dedupe_key"]
    assert ours == {**theirs, "headers": None}


async def test_the_same_job_at_the_same_instant_waits_once(conn: asyncpg.Connection):
    for at in (AT, AT, AT + timedelta(minutes=1)):
        await db.jobs.add(conn, HOLD, at=at)
    await db.jobs.add(conn, SweepBooking(owner_id=UUID(int=1), booking_id=UUID(int=3)), at=AT)
    assert await waiting(conn) == [("sweep_booking", AT)] * 2 + [("sweep_booking", AT + timedelta(minutes=1))]


async def test_without_an_instant_the_same_job_waits_once_and_is_due(conn: asyncpg.Connection):
    await db.jobs.add(conn, HOLD, FindCompleted())
    await db.jobs.add(conn, HOLD)
    now = await conn.fetchval("SELECT now()")
    assert sorted(await waiting(conn)) == [("find_completed", now), ("sweep_booking", now)]


async def test_of_a_transaction_that_fails_no_job_is_left(conn: asyncpg.Connection):
    async def book_and_fail() -> None:
        async with conn.transaction():
            await db.jobs.add(conn, HOLD, at=AT)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await book_and_fail()
    assert await waiting(conn) == []


async def test_only_the_worker_that_has_a_job_may_end_it(conn: asyncpg.Connection):
    await db.jobs.add(conn, HOLD)
    mine, others = uuid4(), uuid4()
    job_id = await conn.fetchval("UPDATE jobs.pgqueuer SET status = 'picked', queue_manager_id = $1 RETURNING id", mine)
    assert not await db.jobs.finish(conn, job_id, others)
    assert await db.jobs.finish(conn, job_id, mine)
    assert not await db.jobs.finish(conn, job_id, mine)
    assert await waiting(conn) == []


async def test_what_is_recorded_of_jobs_is_forgotten(conn: asyncpg.Connection):
    await conn.execute(
        "INSERT INTO jobs.pgqueuer_log (created, job_id, status, priority, entrypoint)"
        " SELECT $1::timestamptz + make_interval(hours => n), n, 'picked', 0, 'sweep_booking'"
        "   FROM generate_series(1, 3) n",
        AT,
    )
    await db.jobs.forget(conn, AT + timedelta(hours=3))
    assert [row["job_id"] for row in await conn.fetch("SELECT job_id FROM jobs.pgqueuer_log")] == [3]
