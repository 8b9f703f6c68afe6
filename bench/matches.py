"""What is measured of needs: what matches one, and which of them a new listing meets.

The first is a request. The second is a job, which a worker of the bench's own does as workers do, but for its end: it
is taken back, so that it can be done again. So are pgbench's transactions.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import httpx
import msgspec
from asyncpg.connection import LoggedQuery

import db.matches
from bench import changes, work
from bench.country import MIDDLE
from bench.jobs import SAMPLES, Job, categories, get, places
from bench.recorded import listening, script
from bench.stage import connected
from db.connection import Connection, pool
from domain import taxonomy
from domain.jobs import MatchAsset
from worker.needs import AT_ONCE

WEEKS = 12
REACHES_M = (10_000, 25_000)  # what a need has that says nothing, and what the searches of the bench have
FORGET = "DELETE FROM needs WHERE owner_id = (SELECT id FROM organisations WHERE slug = 'bench')"
LISTINGS = f"""
  SELECT id, owner_id FROM assets WHERE state = 'listed' AND category = $1
   ORDER BY location <-> 'POINT({MIDDLE[0]} {MIDDLE[1]})'::geography LIMIT $2
"""


async def matching(url: str, monday: date) -> list[Job]:
    """What matches needs of twelve weeks, and the needs that listings meet; both of the most frequent category."""
    async with connected(url) as conn, listening(url) as (client, heard):
        token = await changes.member(conn)
        client.headers["Authorization"] = f"Bearer {token}"
        await conn.execute(FORGET)
        common = (await categories(conn))[-1]
        forward = []
        for within_m in REACHES_M:
            needs = [wanted(common, place, monday, within_m) for place in await places(conn)]
            forward.append(await matches(conn, client, heard, token, needs, f"{within_m // 1000} km"))
        await conn.execute("DELETE FROM jobs.pgqueuer")
        return [*forward, await listings(url, conn, common)]


def wanted(category: str, place: tuple[float, float], monday: date, within_m: int) -> dict[str, object]:
    """Two hours on one of three evenings in each of twelve weeks, eight of them at least."""
    days = ("tue", "thu", "sat")
    return {
        "category": category,
        "nice_to_have": sorted(taxonomy.taxonomy().features)[:2],
        "attendees": 20,
        "point": {"type": "Point", "coordinates": place},
        "within_m": within_m,
        "pattern": {
            "starts_on": monday,
            "weeks": WEEKS,
            "windows": [{"day": day, "opens": "17:00", "closes": "22:00"} for day in days],
        },
        "minutes": 120,
        "at_least": 8,
        "price_ceiling": {"amount": 5000, "currency": "GBP"},
        "until": datetime.combine(monday, time(), UTC) + timedelta(weeks=WEEKS + 1),
    }


async def matches(
    conn: Connection,
    client: httpx.AsyncClient,
    heard: list[LoggedQuery],
    token: str,
    needs: Sequence[dict[str, object]],
    reach: str,
) -> Job:
    """The first page of what matches each need."""
    requests, samples, examined = [], [], []
    for need in needs:
        said = await client.post("/v1/needs", json=msgspec.to_builtins(need))
        path = f"/needs/{said.raise_for_status().json()['id']}/matches"
        for _ in range(2):  # the first says more: it asks for types
            heard.clear()
            (await client.get(f"/v1{path}")).raise_for_status()
        requests.append(get(path, token))
        samples.append(list(heard))
        examined.append(sum(len(each.args[3]) for each in heard if each.query == db.matches.TESTED))
    return Job(f"matches of a need, 12 weeks, {reach}", requests, await script(conn, samples), examined=examined)


async def listings(url: str, conn: Connection, category: str) -> Job:
    """All the needs that each of some assets in the middle meets, for the first time."""
    payloads, samples, examined = [], [], []
    async with pool(url, size=1) as connections:
        heard: list[LoggedQuery] = []
        async with connections.acquire() as only:
            only.add_query_logger(heard.append)
        for row in await conn.fetch(LISTINGS, category, SAMPLES):
            payload = msgspec.json.encode(MatchAsset(row["owner_id"], row["id"]))
            for _ in range(2):
                heard.clear()
                await work.attempt(connections, payload)
            payloads.append(payload)
            samples.append(list(heard))
            examined.append(await tested(conn, row["id"], row["owner_id"]))
    name = "needs that a new listing meets (a job)"
    return Job(name, payloads, await script(conn, samples), examined=examined, by_worker=True)


async def tested(conn: Connection, asset_id: UUID, owner_id: UUID) -> int:
    """How many needs are tested for an asset."""
    ids, _ = await db.matches.unrecorded(conn, asset_id, owner_id, datetime.now(UTC), after=None, limit=AT_ONCE)
    return len(ids)
