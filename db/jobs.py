"""Jobs: written in the transaction that causes them, gone in the one that does them.

The tables are PgQueuer's, which only `worker` imports: to add a job is one row.
"""

from datetime import datetime
from uuid import UUID

import msgspec

import domain.jobs
from db.connection import Connection
from domain.jobs import Job

ADD = """
  INSERT INTO jobs.pgqueuer (priority, status, entrypoint, payload, dedupe_key, execute_after)
  SELECT 0, 'queued', n.entrypoint, n.payload, n.dedupe_key, coalesce($4, now())
    FROM unnest($1::text[], $2::bytea[], $3::text[]) n (entrypoint, payload, dedupe_key)
      ON CONFLICT DO NOTHING
"""


async def add(conn: Connection, *jobs: Job, at: datetime | None = None) -> None:
    """Have jobs done at an instant, or soon, if this transaction commits.

    The same job at the same instant waits once; without an instant, the same job.
    """
    payloads = [msgspec.json.encode(job) for job in jobs]
    await conn.execute(
        ADD,
        [domain.jobs.name(type(job)) for job in jobs],
        payloads,
        [f"{payload.decode()} {at or ''}" for payload in payloads],
        at,
    )


FINISH = "DELETE FROM jobs.pgqueuer WHERE id = $1 AND queue_manager_id = $2 RETURNING true"


async def finish(conn: Connection, job_id: int, worker_id: UUID) -> bool:
    """End a job in the transaction that did it. False: another worker has taken it over, and this one must undo all."""
    return bool(await conn.fetchval(FINISH, job_id, worker_id))


FORGET = "DELETE FROM jobs.pgqueuer_log WHERE created < $1"


async def forget(conn: Connection, before: datetime) -> None:
    """Delete what PgQueuer has recorded of jobs before an instant: when they were handed out, why they failed."""
    await conn.execute(FORGET, before)
