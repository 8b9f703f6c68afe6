"""What comes free in a transaction: those in line are offered it before that ends, and needs are looked at again."""

import db.jobs
from db.connection import Connection, session
from domain.jobs import LookAgain
from domain.waiting import Freed


async def tell(conn: Connection, *came_free: Freed) -> None:
    """Remember it for those in line (`db.seating.offer_freed`), and have it noticed by those who look for it."""
    session(conn).freed.extend(came_free)
    jobs = {LookAgain(each.owner_id, each.asset_id, each.timetable_id, each.site_id) for each in came_free}
    await db.jobs.add(conn, *sorted(jobs, key=str))
