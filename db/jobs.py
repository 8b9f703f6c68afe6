"""Jobs: written in the transaction that causes them, gone in the one that does them.

The tables are PgQueuer's, which only `worker` imports: to add a job is one row.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

import domain.jobs
from db.connection import Connection
from domain.jobs import Job


def adding(on_conflict: str) -> str:
    """A statement that adds jobs, and what it does with those whose key is taken: the same waits or runs."""
    return f"""
  INSERT INTO jobs.pgqueuer (priority, status, entrypoint, payload, dedupe_key, execute_after)
  SELECT 0, 'queued', n.entrypoint, n.payload, n.dedupe_key, coalesce($4, now())
    FROM unnest($1::text[], $2::bytea[], $3::text[]) n (entrypoint, payload, dedupe_key)
      ON CONFLICT {on_conflict}
"""


ADD = adding("DO NOTHING")
# One that waits is locked, so that no worker takes it before this transaction has committed. One that runs may have
# read already what this transaction changes.
ADD_SOON = adding("""(dedupe_key) WHERE status IN ('queued', 'picked') AND dedupe_key IS NOT NULL
     DO UPDATE SET execute_after = least(pgqueuer.execute_after, excluded.execute_after)
                 WHERE pgqueuer.status = 'queued'
  RETURNING dedupe_key
""")


async def add(conn: Connection, *jobs: Job, at: datetime | None = None) -> None:
    """Have jobs done at an instant, or soon, if this transaction commits.

    The same job at the same instant waits once. Without an instant the same job waits once too, and begins after this
    transaction; where it has begun already it is done once more.
    """
    if at is not None:
        await conn.execute(ADD, *rows(jobs, [f"{payload(job).decode()} {at}" for job in jobs]), at)
        return
    waiting = {payload(job).decode(): job for job in jobs}
    while waiting:
        placed = await conn.fetch(ADD_SOON, *rows(waiting.values(), waiting), None)
        begun = waiting.keys() - {row["dedupe_key"] for row in placed}
        waiting = {f"{key} again": waiting[key] for key in sorted(begun)}


def rows(jobs: Iterable[Job], keys: Iterable[str]) -> tuple[list[str], list[bytes], list[str]]:
    """What goes into `adding`."""
    wanted = list(jobs)
    return [domain.jobs.name(type(job)) for job in wanted], [payload(job) for job in wanted], list(keys)


def payload(job: Job) -> bytes:
    """A job as it is stored."""
    return msgspec.json.encode(job)


FINISH = "DELETE FROM jobs.pgqueuer WHERE id = $1 AND queue_manager_id = $2 RETURNING true"


async def finish(conn: Connection, job_id: int, worker_id: UUID) -> bool:
    """End a job in the transaction that did it. False: another worker has taken it over, and this one must undo all."""
    return bool(await conn.fetchval(FINISH, job_id, worker_id))


FORGET = "DELETE FROM jobs.pgqueuer_log WHERE created < $1"


async def forget(conn: Connection, before: datetime) -> None:
    """Delete what PgQueuer has recorded of jobs before an instant: when they were handed out, why they failed."""
    await conn.execute(FORGET, before)
