"""Taking back many bookings at once, with real commits."""

import asyncio
from typing import Any
from uuid import UUID

from stored import NOW, a_booking, a_site, an_asset, an_organisation, at

import db.claims
import db.recalls
from db.connection import connect
from domain.callers import Caller
from domain.claims import ClaimFilter

EVERYTHING = ClaimFilter(None, None, None)
STATES = "SELECT DISTINCT state, note, sequence FROM occurrences"
TOLD = "SELECT count(*), count(DISTINCT object_id) FROM events WHERE type = 'booking.recalled'"


async def take_back(database: str, owner: UUID, occurrence_ids: list[UUID]) -> None:
    """Recall them in a transaction of its own."""
    conn = await connect(database)
    caller: Any = Caller(owner, "group", "verified", "manager", UUID(int=1))
    try:
        async with conn.transaction():
            await db.recalls.recall(conn, owner, occurrence_ids, "A flood", caller=caller, now=NOW, request_id="r")
    finally:
        await conn.close()


async def test_two_who_take_back_the_same_neither_wait_in_a_circle_nor_do_it_twice(database: str):
    conn = await connect(database)
    owner = await an_organisation(conn)
    hall = await an_asset(conn, owner, await a_site(conn, owner))
    made = [await a_booking(conn, owner, hall, at(5, hour), at(5, hour + 1)) for hour in range(20)]
    for _ in range(3):
        await asyncio.gather(take_back(database, owner, made), take_back(database, owner, made[::-1]))
    assert [tuple(row) for row in await conn.fetch(STATES)] == [("recalled", "A flood", 1)]
    assert tuple(await conn.fetchrow(TOLD)) == (20, 20)
    claims = await db.claims.page(conn, owner, EVERYTHING, after=None, limit=100)
    assert {(each.occurrence_id, each.minutes) for each in claims} == {(each, 60) for each in made}
    assert await conn.fetchval("SELECT count(*) FROM occupancies") == 0
    await conn.close()


async def test_what_was_approved_by_itself_is_told_before_it_is_taken_back(database: str):
    conn = await connect(database)
    owner = await an_organisation(conn)
    hall = await an_asset(conn, owner, await a_site(conn, owner))
    asked = await a_booking(conn, owner, hall, at(5, 18), at(5, 20), state="pending")
    await conn.execute("UPDATE occurrences SET approved_from = $1", NOW)
    lapsed = await a_booking(conn, owner, hall, at(6, 18), at(6, 20), state="held", held_until=NOW)
    await take_back(database, owner, [asked, lapsed])
    told = await conn.fetch("SELECT type, version FROM events ORDER BY type")
    assert [tuple(row) for row in told] == [("booking.approved", 2), ("booking.expired", 2), ("booking.recalled", 3)]
    found = await conn.fetch("SELECT state FROM occurrences ORDER BY starts_at")
    assert [row["state"] for row in found] == ["recalled", "expired"]
    await conn.close()


async def test_only_the_owners_are_taken_back(database: str):
    conn = await connect(database)
    owner, stranger = await an_organisation(conn), await an_organisation(conn)
    hall = await an_asset(conn, owner, await a_site(conn, owner))
    made = await a_booking(conn, owner, hall, at(5, 18), at(5, 20))
    await take_back(database, stranger, [made])
    assert [tuple(row) for row in await conn.fetch(STATES)] == [("confirmed", None, 0)]
    await conn.close()
