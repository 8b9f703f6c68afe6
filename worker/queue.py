"""PgQueuer as workers use it: it hands each job to one of them, takes over from those that died, and tries again."""

import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import structlog
from pgqueuer import AsyncpgDriver, Queries, QueueManager, RetryRequested
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.domain.settings import DBSettings
from pgqueuer.models import Job as Row

import db.jobs
from db.connection import Pool
from domain.jobs import Job, name
from worker import jobs, metrics

SLOWEST_RETRY = timedelta(hours=1)
WORTH_A_TRACEBACK = 3  # failures of one job; what a second try mends is one line

log = structlog.stdlib.get_logger("fallow")


class Names(DBSettings):
    """Where PgQueuer finds its tables, whatever variables the environment has."""

    @classmethod
    def settings_customise_sources(cls, *_settings: Any, **sources: Any) -> tuple[Any, ...]:
        """Only what is given in code."""
        return (sources["init_settings"],)


NAMES = Names(db_schema="jobs")


class Queue(Queries):
    """A job is done when its row is gone, which happens in the transaction that does it.

    So nothing is acknowledged afterwards, and what failed or broke off stays, to be handed out again.
    """

    async def log_jobs(self, job_status: list[Any]) -> None:
        """Not as PgQueuer would, which deletes here, later and for every reason."""


class TakenOver(Exception):
    """Another worker does this job."""


def queue(conn: "asyncpg.Connection[asyncpg.Record]") -> Queue:
    """The jobs of a database, on a connection of their own that has no codecs."""
    return Queue(
        AsyncpgDriver(conn),
        qbe=QueryBuilderEnvironment(NAMES),
        qbq=QueryQueueBuilder(NAMES),
        qbs=QuerySchedulerBuilder(NAMES),
    )


def manager(conn: "asyncpg.Connection[asyncpg.Record]", pool: Pool) -> QueueManager:
    """What hands out jobs; they are done on the connections of a pool."""
    made = QueueManager(queue(conn), channel=NAMES.channel)

    async def attempt(row: Row) -> None:
        started = time.perf_counter()
        try:
            await do(row, pool, made.queue_manager_id)
        except TakenOver:
            tell(row, "taken over", started)
        except Exception as error:  # noqa: BLE001 - told, and tried again
            tell(row, "failed", started, error)
            delay = min(timedelta(seconds=2 ** min(row.attempts, 20)), SLOWEST_RETRY)
            raise RetryRequested(delay, type(error).__name__) from None
        else:
            tell(row, "done", started)

    for kind in jobs.HANDLERS:
        made.entrypoint(name(kind), accepts_context=False)(attempt)
    return made


async def do(row: Row, pool: Pool, worker_id: UUID) -> None:
    """Do a job and end it, in one transaction. Raises TakenOver, and whatever the job does."""
    job: Job = msgspec.json.decode(row.payload or b"", type=Job)
    now = max(datetime.now(UTC), row.execute_after)  # where the database's clock is ahead of ours
    metrics.late.labels(row.entrypoint).observe((now - row.execute_after).total_seconds())
    async with pool.acquire() as conn, conn.transaction():
        await jobs.do(conn, job, now)
        if not await db.jobs.finish(conn, row.id, worker_id):
            raise TakenOver


def tell(row: Row, outcome: str, started: float, error: Exception | None = None) -> None:
    """An attempt's place in the metrics, and a line of the log unless all went well."""
    took = time.perf_counter() - started
    metrics.jobs.labels(row.entrypoint, outcome).inc()
    metrics.seconds.labels(row.entrypoint).observe(took)
    log.log(
        logging.DEBUG if outcome == "done" else logging.WARNING,
        "job",
        job=row.entrypoint,
        id=row.id,
        outcome=outcome,
        attempt=row.attempts + 1,
        milliseconds=round(took * 1000, 1),
        **({"error": type(error).__name__} if error else {}),
        exc_info=error if row.attempts >= WORTH_A_TRACEBACK else None,
    )
