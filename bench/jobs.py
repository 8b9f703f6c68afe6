"""What is measured: the same requests for the server, and what it makes of them for the database alone."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from urllib.parse import urlencode
from uuid import UUID

import httpx
import msgspec
from asyncpg.connection import LoggedQuery
from uuid_utils.compat import uuid7

from bench import country
from bench.recorded import Script, listening, script
from bench.stage import connected
from db.connection import Connection
from domain.tokens import TokenRequest
from fallow.tokens import issue

SAMPLES, BOOKINGS, CONTESTS = 8, 20_000, 200
BOOKED_FROM = 60  # days after the first Monday: by then the country's own bookings are over


class Job(NamedTuple):
    """Requests, and what they are to pgbench. Each that `makes` something is sent once; `examined`: how many assets
    each search tests.
    """

    name: str
    requests: Sequence[bytes]
    script: Script
    makes: bool = False
    examined: Sequence[int] = ()


BOOKER = """
  INSERT INTO organisations (id, slug, name, kind, state, created_at, updated_at)
  VALUES ($1, 'bench', 'Bench', 'group', 'verified', now(), now())
      ON CONFLICT (slug) DO NOTHING
"""

# What can be booked at any time, in an order of no meaning; the k-th booking is of the k-th of them, on the next day
# when all had their turn. Ids are ordered by time, as those that the application makes.
TARGETS = """
  DROP TABLE IF EXISTS bench_targets;
  CREATE TABLE bench_targets AS
  SELECT row_number() OVER (ORDER BY md5(a.id::text))::int - 1 AS n, a.id AS asset_id, a.owner_id,
         count(*) OVER ()::int AS many
    FROM assets a JOIN timetables t ON t.id = a.timetable_id AND t.owner_id = a.owner_id
   WHERE a.state = 'listed' AND t.always AND a.units = 1 AND a.requires = '{}' AND a.min_attendees IS NULL
     AND a.kind <> 'people' AND a.part_of IS NULL
     AND NOT EXISTS (SELECT FROM assets p WHERE p.owner_id = a.owner_id AND p.part_of = a.id);
  CREATE UNIQUE INDEX ON bench_targets (n);
  ANALYZE bench_targets;
  CREATE OR REPLACE FUNCTION bench_id() RETURNS text LANGUAGE sql AS $$
    SELECT (lpad(to_hex((1000 * extract(epoch FROM clock_timestamp()))::bigint), 12, '0') || '7'
            || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid::text $$;
  DROP FUNCTION IF EXISTS bench_target;
  CREATE FUNCTION bench_target(k int)
  RETURNS TABLE (asset_id text, owner_id text, starts text, ends text, booking text, occurrence text, event text,
                 reference text)
  LANGUAGE sql AS $$
    SELECT b.asset_id, b.owner_id, s.at, s.at + interval '2 hours', bench_id(), bench_id(), bench_id(),
           right(bench_id(), 12)
      FROM bench_targets b
     CROSS JOIN LATERAL (SELECT timestamptz '{from}' + make_interval(days => k / b.many) AS at) s
     WHERE b.n = k % (SELECT many FROM bench_targets WHERE n = 0) $$;
"""
BOOKED = "booker_id = (SELECT id FROM organisations WHERE slug = 'bench')"
FREE = f"""
  WITH gone AS (
    DELETE FROM occupancies o USING occurrences c
     WHERE c.{BOOKED} AND o.owner_id = c.owner_id AND o.occurrence_id = c.id RETURNING o.unit)
  SELECT count(*) FROM gone
"""
TABLES = ("occurrences", "bookings", "events")


async def prepare(conn: Connection, monday: date) -> str:
    """A token of who books here; whatever an earlier run left is gone."""
    await conn.execute(BOOKER, uuid7())
    token = await issue(conn, "bench", TokenRequest(name="Bench", role="member"), datetime.now(UTC))
    first = datetime.combine(monday + timedelta(days=BOOKED_FROM), time(10), UTC)
    await conn.execute(TARGETS.replace("{from}", first.isoformat()))
    await undo(conn)
    return token


async def undo(conn: Connection) -> int:
    """Take back all that was booked: how many units it occupied."""
    async with conn.transaction():
        freed: int = await conn.fetchval(FREE)
        for table in TABLES:
            await conn.execute(f"DELETE FROM {table} WHERE {BOOKED}")
    return freed


def get(path: str, **query: object) -> bytes:
    """A request as it goes over the wire."""
    return f"GET /v1{path}?{urlencode(query)} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()


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


async def searches(conn: Connection, monday: date) -> dict[str, list[bytes]]:
    """Within 25 km of sites all over the country, 20 results."""
    ordered = "SELECT category FROM assets WHERE kind <> 'people' GROUP BY category ORDER BY count(*)"
    categories = [row["category"] for row in await conn.fetch(ordered)]
    rare, common = {"category": categories[0]}, {"category": categories[-1]}
    sites = (
        "SELECT ST_X(shown::geometry) AS lon, ST_Y(shown::geometry) AS lat FROM sites ORDER BY md5(id::text) LIMIT $1"
    )
    here = [{"lon": row["lon"], "lat": row["lat"], "within_m": 25_000} for row in await conn.fetch(sites, SAMPLES)]
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


async def booking(url: str, monday: date) -> tuple[Job, list[bytes]]:
    """Booking all over the country, and requests that contend for one asset."""
    async with connected(url) as conn, listening(url) as (client, heard):
        token = await prepare(conn, monday)
        many = await conn.fetchval("SELECT count(*) FROM bench_targets")
        rows = await conn.fetch("SELECT t.* FROM generate_series(0, $1) k, bench_target(k) t", BOOKINGS - 1)
        contested = await conn.fetch(
            "SELECT t.* FROM generate_series(0, $1) k, bench_target($2 * k) t", CONTESTS - 1, many
        )
        client.headers["Authorization"] = f"Bearer {token}"
        for row in rows[1::-1]:  # the first says more: it asks for types, and notes that the token is used today
            heard.clear()
            sample = wanted(row)
            answer = await client.post("/v1/bookings", json=sample)
        made = await script(conn, [heard], varying(sample, answer.raise_for_status(), heard))
        await undo(conn)
    requests, contests = ([post("/bookings", token, wanted(row)) for row in each] for each in (rows, contested))
    return Job("booking, all over the country", requests, made, makes=True), contests


def wanted(target: Mapping[str, str]) -> dict[str, object]:
    """A booking of a target."""
    starts, ends = (datetime.fromisoformat(target[name]).isoformat() for name in ("starts", "ends"))
    return {"asset_id": target["asset_id"], "periods": [{"starts_at": starts, "ends_at": ends}]}


def varying(sent: dict[str, object], answer: httpx.Response, heard: Sequence[LoggedQuery]) -> dict[str, str]:
    """What of a booking is another in the next one, and the columns of `bench_target` that say it."""
    made = answer.json()
    [period] = sent["periods"]
    [occurrence] = made["occurrences"]
    known = {
        made["asset"]["id"]: "asset_id",
        made["owner_id"]: "owner_id",
        made["id"]: "booking",
        occurrence["id"]: "occurrence",
        made["reference"]: "reference",
        period["starts_at"]: "starts",
        period["ends_at"]: "ends",
    }
    others = {str(each) for query in heard for each in query.args if isinstance(each, UUID)} - {
        *known,
        made["booker_id"],
    }
    [event] = others
    return {**known, event: "event"}
