"""Locking many assets at once, so that nobody waits in a circle and nothing that comes meanwhile is missed."""

from uuid import UUID

from db.connection import Connection

LOCK = "{} ORDER BY a.id FOR NO KEY UPDATE OF a"
LOOK = "{} ORDER BY a.id"


async def take(conn: Connection, find: str, *arguments: UUID | None, then: str | None = None) -> None:
    """Lock the assets a that a statement finds, by id, and `then` what others must lock to be found by it.

    A lock that waited may have waited for one that came, went or moved. Where a second look finds others than were
    locked, all are let go and taken again: so these locks are always taken in the one order, and once this returns
    nobody else can change what the statement finds.
    """
    while True:
        attempt = conn.transaction()
        await attempt.start()
        locked = await conn.fetch(LOCK.format(find), *arguments)
        if then:
            await conn.execute(then, *arguments)
        if await conn.fetch(LOOK.format(find), *arguments) == locked:
            await attempt.commit()
            return
        await attempt.rollback()
