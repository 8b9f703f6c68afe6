"""What becomes of bookings when time passes: holds lapse, occurrences are over."""

from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter

import db.bookings
import db.jobs
import db.occurrences
from db.connection import Connection
from domain.jobs import CompleteBooking, FindCompleted, SweepBooking

AT_ONCE = 1000  # occurrences that are over, looked for at a time
AHEAD = timedelta(minutes=2)  # as far as no-shows are seen coming, which is longer than it takes to look again


async def sweep(conn: Connection, job: SweepBooking, now: datetime) -> None:
    """Write down what became of a booking by itself."""
    await db.bookings.lock_for_the_clock(conn, job.booking_id, job.owner_id)
    await db.occurrences.sweep(conn, job.owner_id, [job.booking_id], now=now, request_id=None)


async def complete(conn: Connection, job: CompleteBooking, now: datetime) -> None:
    """Mark what is over of a booking."""
    await db.bookings.lock_for_the_clock(conn, job.booking_id, job.owner_id)
    await db.occurrences.complete(conn, job.owner_id, job.booking_id, now=now)


async def find_completed(conn: Connection, _job: FindCompleted, now: datetime) -> None:
    """Make a job of each booking that has something over, so that many workers share them; and one of each that nobody
    has checked in to, for the instant from which it is a no-show.
    """
    over = await db.occurrences.over(conn, now=now, limit=AT_ONCE)
    await db.jobs.add(conn, *(CompleteBooking(owner_id, booking_id) for owner_id, booking_id in over))
    unattended = await db.occurrences.unattended(conn, until=now + AHEAD, limit=AT_ONCE)
    for moment, bookings in groupby(sorted(unattended, key=itemgetter(2)), key=itemgetter(2)):
        jobs = (SweepBooking(owner_id, booking_id) for owner_id, booking_id, _ in bookings)
        await db.jobs.add(conn, *jobs, at=moment)
