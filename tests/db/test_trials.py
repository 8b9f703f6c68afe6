"""A trial is written and taken back: meanwhile nobody sees the draft, and nobody waits for it."""

from uuid import UUID

from stored import NOW, a_site, a_timetable, an_asset, an_organisation, at
from uuid_utils.compat import uuid7

import db.organisations
import db.sites
import db.timetables
import db.trials
import domain.hours
from db.connection import connect
from domain.hours import Hours

ALWAYS = Hours(always=True)


async def test_while_a_draft_is_tried_its_owner_can_change_everything(database: str):
    one, other = await connect(database), await connect(database)
    try:
        owner = await an_organisation(one)
        site, shared = await a_site(one, owner), await a_timetable(one, owner, always=True)
        hall = await an_asset(one, owner, site, timetable_id=shared)
        trial = one.transaction()
        await trial.start()
        draft_id, compiled = uuid7(), domain.hours.compile(ALWAYS)
        await db.timetables.insert(one, draft_id, owner, name=None, hours=ALWAYS, compiled=compiled, now=NOW)
        [tried] = await db.trials.look(one, owner, [hall], draft_id, at(5, 0), at(6, 0), now=NOW)
        assert [sum(opened for _, opened, _ in way.hours) for way in (tried.now, tried.draft)] == [1440, 1440]
        assert await change_everything(other, owner, site, shared) == 1
        await trial.rollback()
        assert await one.fetch("SELECT id FROM timetables") == [(shared,)]
    finally:
        await one.close()
        await other.close()


async def change_everything(conn, owner: UUID, site: UUID, timetable_id: UUID) -> int:
    """Lock what changes of the organisation, the site and the hours lock, and change: how many timetables it sees."""
    await conn.execute("SET lock_timeout = '50ms'")
    async with conn.transaction():
        await db.organisations.lock(conn, owner)
        await db.sites.lock(conn, site, owner)
        await db.timetables.lock(conn, timetable_id, owner)
        compiled = domain.hours.compile(ALWAYS)
        await db.timetables.replace(conn, timetable_id, owner, name="All", hours=ALWAYS, compiled=compiled, now=NOW)
        count: int = await conn.fetchval("SELECT count(*) FROM timetables")
        return count
