"""What becomes of entries of waiting lists when time passes."""

from datetime import datetime

import db.waiting
from db.connection import Connection
from domain.jobs import SweepWaiting


async def sweep(conn: Connection, job: SweepWaiting, now: datetime) -> None:
    """Write down that an entry has lapsed."""
    await db.waiting.sweep(conn, job.waiting_id, job.owner_id, now)
