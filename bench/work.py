"""A worker that does the same jobs again and again, so many at once, and takes back what it has done."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import cycle
from time import perf_counter
from uuid import uuid4

import msgspec
from pgqueuer.models import Job as Row

import domain.jobs
from bench.load import Answer
from db.connection import Pool, pool
from domain.jobs import Job
from worker import queue
from worker.queue import TakenOver


def drive(url: str, payloads: Sequence[bytes], *, clients: int, warm: float, seconds: float) -> list[Answer]:
    """So many seconds of jobs, and some more before."""
    return asyncio.run(work(url, cycle(payloads), clients=clients, warm=warm, seconds=seconds))


async def work(url: str, payloads: Iterator[bytes], *, clients: int, warm: float, seconds: float) -> list[Answer]:
    """The same, on as many connections."""
    answers: list[Answer] = []

    async def keep_doing(connections: Pool) -> None:
        while (begun := perf_counter()) < since + seconds:
            await attempt(connections, next(payloads))
            now = perf_counter()
            answers.append(Answer(now - since, now - begun, 200))

    async with pool(url, size=clients) as connections:
        since = perf_counter() + warm
        await asyncio.gather(*(keep_doing(connections) for _ in range(clients)))
    return answers


async def attempt(connections: Pool, payload: bytes) -> None:
    """Do a job that nobody has handed out: all of it is done, and then found to be another's."""
    now = datetime.now(UTC)
    kind = domain.jobs.name(type(msgspec.json.decode(payload, type=Job)))
    row = Row(
        id=0,
        priority=0,
        created=now,
        updated=now,
        heartbeat=now,
        execute_after=now,
        status="picked",
        entrypoint=kind,
        payload=payload,
        queue_manager_id=None,
        headers=None,
    )
    with suppress(TakenOver):
        await queue.do(row, connections, uuid4())
        raise RuntimeError(f"{kind} was done for good")
