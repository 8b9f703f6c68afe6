"""What is measured of changes: bookings and what is done to them, all over the country.

Each turn begins with what has to be there (`stand`) and ends with the country as it was (`undo`).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import httpx
from asyncpg import Record
from asyncpg.connection import LoggedQuery
from uuid_utils.compat import uuid7

from bench.jobs import Job, post
from bench.recorded import Varying, listening, script
from bench.stage import connected
from db.connection import Connection
from domain.tokens import TokenRequest
from fallow.tokens import issue

REQUESTS, CONTESTS, WEEKS = 20_000, 200, 12
BOOKED_FROM = 60  # days after the first Monday: by then the country's own bookings are over
BOOKED = "booker_id = (SELECT id FROM organisations WHERE slug = 'bench')"

BOOKER = """
  INSERT INTO organisations (id, slug, name, kind, state, created_at, updated_at)
  VALUES ($1, 'bench', 'Bench', 'group', 'verified', now(), now())
      ON CONFLICT (slug) DO NOTHING
"""

# What can be booked at any time, in an order of no meaning; the k-th booking is of the k-th of them, on the next day
# when all had their turn, and after seven days when the weeks of the first are over. Ids are ordered by time, as those
# that the application makes. What stands there first is one booking for each request.
TARGETS = """
  DROP TABLE IF EXISTS bench_targets, bench_standing, bench_before;
  CREATE TABLE bench_targets AS
  SELECT row_number() OVER (ORDER BY md5(a.id::text))::int - 1 AS n, a.id AS asset_id, a.owner_id, a.timezone,
         count(*) OVER ()::int AS many
    FROM assets a JOIN timetables t ON t.id = a.timetable_id AND t.owner_id = a.owner_id
   WHERE a.state = 'listed' AND t.always AND a.units = 1 AND a.requires = '{}' AND a.min_attendees IS NULL
     AND a.kind <> 'people' AND a.part_of IS NULL
     AND NOT EXISTS (SELECT FROM assets p WHERE p.owner_id = a.owner_id AND p.part_of = a.id);
  CREATE UNIQUE INDEX ON bench_targets (n);
  CREATE OR REPLACE FUNCTION bench_id() RETURNS text LANGUAGE sql AS $$
    SELECT (lpad(to_hex((1000 * extract(epoch FROM clock_timestamp()))::bigint), 12, '0') || '7'
            || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid::text $$;
  DROP FUNCTION IF EXISTS bench_target;
  CREATE FUNCTION bench_target(k int, weeks int)
  RETURNS TABLE (asset_id text, owner_id text, starts text[], ends text[], booking text, occurrences text[],
                 event text, reference text)
  LANGUAGE sql AS $$
    SELECT b.asset_id, b.owner_id, p.starts, p.ends, bench_id(), p.occurrences, bench_id(), right(bench_id(), 12)
      FROM bench_targets b
     CROSS JOIN LATERAL (SELECT date '{from}' + k / b.many % 7 + k / b.many / 7 * 7 * weeks AS first) d
     CROSS JOIN LATERAL (
           SELECT array_agg((d.first + 7 * w + time '10:00') AT TIME ZONE b.timezone) AS starts,
                  array_agg((d.first + 7 * w + time '12:00') AT TIME ZONE b.timezone) AS ends,
                  array_agg(bench_id()) AS occurrences
             FROM generate_series(0, weeks - 1) w) p
     WHERE b.n = k % (SELECT many FROM bench_targets WHERE n = 0) $$;
  CREATE TABLE bench_standing AS
  SELECT k, t.*, later.starts AS moved_starts_at, later.starts + interval '2 hours' AS moved_ends_at
    FROM generate_series(0, {requests} - 1) k
   CROSS JOIN LATERAL bench_target(k, 1) t
   CROSS JOIN LATERAL (SELECT t.ends[1]::timestamptz + interval '2 hours' AS starts) later;
  CREATE UNIQUE INDEX ON bench_standing (k);
  CREATE TABLE bench_before (LIKE occupancies);
  ANALYZE bench_targets, bench_standing;
"""

# The tables that a booking has a row in, with their ids.
IDS = {"bookings": "s.booking", "occurrences": "s.occurrences[1]", "occupancies": "NULL"}
SAMPLES = {
    "bookings": f"SELECT to_jsonb(b) FROM bookings b WHERE {BOOKED}",
    "occurrences": f"SELECT to_jsonb(c) FROM occurrences c WHERE {BOOKED}",
    "occupancies": f"""
  SELECT to_jsonb(o) FROM occupancies o JOIN occurrences c ON c.owner_id = o.owner_id AND c.id = o.occurrence_id
   WHERE c.{BOOKED}
""",
}
STAND = """
  INSERT INTO {table}
  SELECT made.*
    FROM bench_standing s
   CROSS JOIN LATERAL jsonb_populate_record(NULL::{table}, $1::jsonb || jsonb_build_object(
         'id', {id}, 'owner_id', s.owner_id, 'asset_id', s.asset_id, 'reference', s.reference,
         'booking_id', s.booking, 'occurrence_id', s.occurrences[1], 'starts_at', s.starts[1], 'ends_at', s.ends[1],
         'occupied', tstzrange(s.starts[1]::timestamptz, s.ends[1]::timestamptz),
         'held_until', CASE WHEN $1::jsonb->>'held_until' IS NOT NULL THEN now() + interval '1 hour' END)) made
"""
BEFORE = f"""
  INSERT INTO bench_before
  SELECT o.* FROM occupancies o JOIN occurrences c ON c.owner_id = o.owner_id AND c.id = o.occurrence_id
   WHERE c.{BOOKED}
"""
FREE = f"""
  WITH gone AS (
    DELETE FROM occupancies o USING occurrences c
     WHERE c.{BOOKED} AND o.owner_id = c.owner_id AND o.occurrence_id = c.id RETURNING o.*)
  SELECT count(*) FROM (SELECT * FROM gone EXCEPT SELECT * FROM bench_before) changed
"""


class Bench(NamedTuple):
    """Who books: a connection, the application, what it was heard to say to the database, and a token."""

    conn: Connection
    client: httpx.AsyncClient
    heard: list[LoggedQuery]
    token: str


async def changing(url: str, monday: date) -> tuple[list[Job], list[bytes]]:
    """What changes something, and requests that contend for one asset."""
    async with connected(url) as conn, listening(url) as (client, heard):
        token = await prepare(conn, monday)
        client.headers["Authorization"] = f"Bearer {token}"
        bench = Bench(conn, client, heard, token)
        jobs = [
            await booking(bench, "booking, all over the country", period, weeks=1),
            await booking(bench, f"booking, {WEEKS} weeks at once", series, weeks=WEEKS),
            await change(bench, "confirming a hold", "confirm", lambda _: {}, hold=True),
            await change(bench, "moving a booking", "move", lambda row: {"all": True, **later(row)}),
        ]
        contested = await conn.fetch(
            "SELECT t.* FROM generate_series(0, $1) k, bench_target(k * (SELECT max(many) FROM bench_targets), 1) t",
            CONTESTS - 1,
        )
        return jobs, [post("/bookings", token, period(row)) for row in contested]


async def member(conn: Connection) -> str:
    """A token of who books here, and looks for something."""
    await conn.execute(BOOKER, uuid7())
    return await issue(conn, "bench", TokenRequest(name="Bench", role="member"), datetime.now(UTC))


async def prepare(conn: Connection, monday: date) -> str:
    """A token of who books here; whatever an earlier run left is gone."""
    token = await member(conn)
    first = monday + timedelta(days=BOOKED_FROM)
    await conn.execute(TARGETS.replace("{from}", str(first)).replace("{requests}", str(REQUESTS)))
    await undo(conn)
    return token


async def stand(conn: Connection, job: Job) -> None:
    """Have a booking for each request of a job that changes bookings; remember what is occupied by them."""
    async with conn.transaction():
        for table, row in job.standing.items():
            await conn.execute(STAND.format(table=table, id=IDS[table]), row)
        await conn.execute("TRUNCATE bench_before")
        await conn.execute(BEFORE)


async def undo(conn: Connection) -> int:
    """Take back all that was booked: how many units it occupied that were not so before."""
    async with conn.transaction():
        changed: int = await conn.fetchval(FREE)
        for table in ("occurrences", "bookings", "events"):
            await conn.execute(f"DELETE FROM {table} WHERE {BOOKED}")
        await conn.execute("DELETE FROM jobs.pgqueuer")
    return changed


async def booking(bench: Bench, name: str, wanted: Callable[[Record], object], *, weeks: int) -> Job:
    """New bookings, each of so many weeks."""
    rows = await bench.conn.fetch(
        "SELECT t.* FROM generate_series(0, $1) k, bench_target(k, $2) t", REQUESTS - 1, weeks
    )
    for row in rows[1::-1]:  # the first says more: it asks for types, and notes that the token is used today
        bench.heard.clear()
        answer = await bench.client.post("/v1/bookings", json=wanted(row))
    columns = varying(answer.raise_for_status().json(), bench.heard)
    heard = await script(bench.conn, [bench.heard], Varying(columns, f"bench_target(:k, {weeks})"))
    await undo(bench.conn)
    return Job(name, [post("/bookings", bench.token, wanted(row)) for row in rows], heard, status=201, units=weeks)


async def change(
    bench: Bench, name: str, action: str, wanted: Callable[[Record], object], *, hold: bool = False
) -> Job:
    """What is done to bookings that stand there first, or to holds."""
    rows = await bench.conn.fetch("SELECT * FROM bench_standing ORDER BY k")
    for row in rows[1::-1]:
        await undo(bench.conn)
        made = await bench.client.post("/v1/bookings", json={**period(row), "hold": hold})
        before = made.raise_for_status().json()
        standing = {table: await bench.conn.fetchval(sample) for table, sample in SAMPLES.items()}
        bench.heard.clear()
        (await bench.client.post(f"/v1/bookings/{before['id']}/{action}", json=wanted(row))).raise_for_status()
    columns = varying(before, bench.heard) | {at: f"moved_{name}" for name, at in later(row).items()}
    heard = await script(bench.conn, [bench.heard], Varying(columns, "bench_standing WHERE k = :k"))
    await undo(bench.conn)
    requests = [post(f"/bookings/{row['booking']}/{action}", bench.token, wanted(row)) for row in rows]
    return Job(name, requests, heard, units=1, standing=standing)


def period(target: Record) -> dict[str, object]:
    """A booking of a target."""
    return {"asset_id": target["asset_id"], "periods": [first(target)]}


def series(target: Record) -> dict[str, object]:
    """A booking of all the weeks of a target."""
    return {"asset_id": target["asset_id"], "repeats": {**first(target), "count": len(target["starts"])}}


def later(target: Record) -> dict[str, str]:
    """The period to which a target is moved: two hours after its end."""
    return {name: target[f"moved_{name}"].isoformat() for name in ("starts_at", "ends_at")}


def first(target: Record) -> dict[str, str]:
    """The first period of a target, as a request says it."""
    return {f"{name}_at": datetime.fromisoformat(target[name][0]).isoformat() for name in ("starts", "ends")}


def varying(booking: Mapping[str, Any], heard: Sequence[LoggedQuery]) -> dict[str, str]:
    """What of a booking is another in the next one, and the columns that say it."""
    known = {
        booking["asset"]["id"]: "asset_id",
        booking["owner_id"]: "owner_id",
        booking["id"]: "booking",
        booking["reference"]: "reference",
    }
    for n, each in enumerate(booking["occurrences"], 1):
        known[each["id"]] = f"occurrences[{n}]"
        known |= {datetime.fromisoformat(each[f"{name}_at"]).isoformat(): f"{name}[{n}]" for name in ("starts", "ends")}
    others = {str(each) for query in heard for each in query.args if isinstance(each, UUID)} - {
        *known,
        booking["booker_id"],
    }
    [event] = others
    return {**known, event: "event"}
