"""A worker: does jobs until it is told to stop."""

import asyncio
import logging
import signal
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import asyncpg
import structlog

import db.logs
from db.connection import SETTINGS, TROUBLE, pool
from worker import jobs
from worker.queue import manager

AT_ONCE = 10  # jobs, each on a connection
POLL = timedelta(seconds=1)  # how long a job may wait that nobody knew of
DEAD_AFTER = timedelta(seconds=30)  # without a sign of life; then others take over

log = structlog.stdlib.get_logger("fallow")


def run(url: str) -> None:
    """Do jobs until SIGTERM, SIGINT or SIGHUP."""
    db.logs.configure()
    logging.getLogger("pgqueuer").setLevel(logging.CRITICAL)  # it would say again what worker/queue.py says
    asyncio.run(work_until_told(url))


async def work_until_told(url: str) -> None:
    """Finish the jobs that run, then end. While the database is away, look for it each second."""
    told = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(each) is not signal.SIG_IGN:
            asyncio.get_running_loop().add_signal_handler(each, told.set)
    while not told.is_set():
        try:
            await work(url, told)
        except TROUBLE as error:
            log.warning("unavailable", error=type(error).__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(told.wait(), POLL.total_seconds())


async def work(url: str, told: asyncio.Event) -> None:
    """Do jobs while the database is there."""
    async with pool(url, size=AT_ONCE) as connections:
        async with connections.acquire() as conn:
            for job in jobs.REPEATED:
                await jobs.add_next(conn, job, datetime.now(UTC))
        line = await asyncpg.connect(url, server_settings=SETTINGS, timeout=10, command_timeout=30)
        try:
            queue = manager(line, connections)
            queue.shutdown = told
            await queue.run(
                dequeue_timeout=POLL,
                batch_size=AT_ONCE // 2,
                max_concurrent_tasks=AT_ONCE,
                heartbeat_timeout=DEAD_AFTER,
                log_aggregation_interval=timedelta(0),
            )
        finally:
            await line.close()
