"""What workers do, composed. A kind of job is a Struct in domain/jobs.py and one line here."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import db.jobs
from db import seating
from db.connection import Connection, begin
from domain.jobs import (
    CompleteBooking,
    FindCompleted,
    ForgetJobs,
    Job,
    LookAgain,
    MatchAsset,
    MatchNeed,
    SweepBooking,
    SweepWaiting,
    TakeDemand,
)
from worker import bookings, needs, waiting

REMEMBERED = timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def forget(conn: Connection, _job: ForgetJobs, now: datetime) -> None:
    """Delete what is recorded of jobs of other days."""
    await db.jobs.forget(conn, now - REMEMBERED)


# Each is called in a transaction of its own with the job and with now, which is never before the instant it was added
# for. It locks as requests do, and does nothing where nothing is left to do.
HANDLERS: Mapping[type[Job], Callable[[Connection, Any, datetime], Awaitable[None]]] = {
    SweepBooking: bookings.sweep,
    CompleteBooking: bookings.complete,
    SweepWaiting: waiting.sweep,
    LookAgain: needs.look_again,
    MatchAsset: needs.match_asset,
    MatchNeed: needs.match_need,
    FindCompleted: bookings.find_completed,
    TakeDemand: needs.take_demand,
    ForgetJobs: forget,
}
# What is done again and again: each time adds the next.
REPEATED: Mapping[Job, timedelta] = {
    FindCompleted(): timedelta(minutes=1),
    ForgetJobs(): timedelta(hours=1),
    TakeDemand(): timedelta(days=1),
}


async def do(conn: Connection, job: Job, now: datetime) -> None:
    """Do one job, in the caller's transaction."""
    begin(conn)
    await HANDLERS[type(job)](conn, job, now)
    await seating.finish(conn, now=now, request_id=None)
    if job in REPEATED:
        await add_next(conn, job, now)


async def add_next(conn: Connection, job: Job, now: datetime) -> None:
    """Add a repeated job for its next instant: the same whichever worker adds it, so that it waits once."""
    every = REPEATED[job]
    await db.jobs.add(conn, job, at=now + every - (now - EPOCH) % every)
