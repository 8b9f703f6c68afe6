"""What is measured: the same requests for the server, and what it makes of them for the database alone."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec

from bench import country
from bench.recorded import Script, listening, script
from bench.stage import connected
from db.connection import Connection

SAMPLES = 8


class Job(NamedTuple):
    """Requests, the status of their answers, and what they are to pgbench.

    Where each changes the occupancy of so many `units` it is sent once; `standing`, by table: a row, such as stand
    there first for every request. `examined`: how many assets, or needs, each search tests. `by_worker`: the requests
    are what a worker is to do.
    """

    name: str
    requests: Sequence[bytes]
    script: Script
    status: int = 200
    units: int = 0
    standing: Mapping[str, Mapping[str, Any]] = {}
    examined: Sequence[int] = ()
    by_worker: bool = False


def get(path: str, token: str | None = None, **query: object) -> bytes:
    """A request as it goes over the wire."""
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    return f"GET /v1{path}?{urlencode(query)} HTTP/1.1\r\nHost: bench\r\n{authorization}\r\n".encode()


def post(path: str, token: str, body: object) -> bytes:
    """The same, with a body."""
    sent = msgspec.json.encode(body)
    head = (
        f"POST /v1{path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
    )
    return f"{head}Content-Length: {len(sent)}\r\n\r\n".encode() + sent


def two_hours(monday: date, days: int, hour: int) -> dict[str, str]:
    """A period, as a query says it."""
    starts = datetime.combine(monday + timedelta(days=days), time(hour), UTC)
    return {"starts_at": f"{starts:%Y-%m-%dT%H:%M:%SZ}", "ends_at": f"{starts + timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}"}


async def categories(conn: Connection) -> list[str]:
    """Those that anybody may search for, the rarest first."""
    ordered = "SELECT category FROM assets WHERE kind <> 'people' GROUP BY category ORDER BY count(*)"
    return [row["category"] for row in await conn.fetch(ordered)]


async def places(conn: Connection) -> list[tuple[float, float]]:
    """Some sites all over the country."""
    sites = (
        "SELECT ST_X(shown::geometry) AS lon, ST_Y(shown::geometry) AS lat FROM sites ORDER BY md5(id::text) LIMIT $1"
    )
    return [(row["lon"], row["lat"]) for row in await conn.fetch(sites, SAMPLES)]


async def searches(conn: Connection, monday: date) -> dict[str, list[bytes]]:
    """Within 25 km of sites all over the country, 20 results."""
    known = await categories(conn)
    rare, common = {"category": known[0]}, {"category": known[-1]}
    here = [{"lon": lon, "lat": lat, "within_m": 25_000} for lon, lat in await places(conn)]
    evening = two_hours(monday, 9, 18)
    middle = {"lon": country.MIDDLE[0], "lat": country.MIDDLE[1], "within_m": country.FULL_WITHIN_M}
    full = two_hours(monday, country.FULL_DAY, country.FULL_HOUR)
    return {
        "search, an evening, common category": [get("/search", **each, **common, **evening) for each in here],
        "search, an evening, rare category": [get("/search", **each, **rare, **evening) for each in here],
        "search, everything within 25 km taken": [get("/search", **middle, **common, **full)],
        "search, no period, common category": [get("/search", **each, **common) for each in here],
    }


async def lookups(conn: Connection, monday: date) -> dict[str, list[bytes]]:
    """One asset at a time."""
    listed = "SELECT id FROM assets WHERE state = 'listed' AND kind <> 'people' ORDER BY md5(id::text) LIMIT $1"
    assets = [f"/assets/{row['id']}" for row in await conn.fetch(listed, SAMPLES)]
    since = f"{monday}T00:00:00Z"
    quarter = {"starts_at": since, "ends_at": f"{monday + timedelta(days=90)}T00:00:00Z"}
    week = {"starts_at": since, "ends_at": f"{monday + timedelta(days=7)}T00:00:00Z", "minutes": 120}
    return {
        "availability of an asset, 90 days": [get(f"{each}/availability", **quarter) for each in assets],
        "starts at an asset, a week": [get(f"{each}/starts", **week) for each in assets],
        "an asset": [get(each) for each in assets],
    }


async def reading(url: str, monday: date, *, only_searches: bool = False) -> list[Job]:
    """What only looks."""
    jobs = []
    async with connected(url) as conn, listening(url) as (client, heard):
        given = await searches(conn, monday) | ({} if only_searches else await lookups(conn, monday))
        for name, requests in given.items():
            samples, examined = [], []
            for request in requests:
                for _ in range(2):  # the first says more: it asks for types
                    heard.clear()
                    answer = (await client.get(request.split()[1].decode())).raise_for_status().json()
                samples.append(list(heard))
                if "examined" in answer:
                    examined.append(answer["examined"])
            jobs.append(Job(name, requests, await script(conn, samples), examined=examined))
    return jobs
