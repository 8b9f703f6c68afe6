"""A small world, made through the API as its users would make it."""

from datetime import datetime
from itertools import count
from typing import Any

import asyncpg
import httpx
import msgspec

import db.jobs
import worker.jobs
from db.connection import connect
from domain.jobs import FindCompleted, Job

numbers = count(1)
MANCHESTER = (-2.2426, 53.4808)
DUE = "SELECT id, payload FROM jobs.pgqueuer WHERE execute_after <= $1 ORDER BY execute_after, id LIMIT 1"
EVERY_DAY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Organisation:
    """An organisation that calls with its admin's token, or with that of another role."""

    def __init__(self, client: httpx.AsyncClient, body: dict[str, Any], token: str) -> None:
        self.client = client
        self.body = body
        self.token = token

    @property
    def id(self) -> str:
        return self.body["id"]

    async def send(self, method: str, path: str, json: Any = None, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        if json is not None:
            options["json"] = json
        return await self.client.request(method, f"/v1{path}", headers=headers, **options)

    async def get(self, path: str, **params: Any) -> httpx.Response:
        return await self.send("GET", path, params=params)

    async def post(self, path: str, json: Any = None, **options: Any) -> httpx.Response:
        return await self.send("POST", path, {} if json is None else json, **options)

    async def patch(self, path: str, json: Any, **options: Any) -> httpx.Response:
        return await self.send("PATCH", path, json, **options)

    async def put(self, path: str, json: Any, **options: Any) -> httpx.Response:
        return await self.send("PUT", path, json, **options)

    async def delete(self, path: str, **options: Any) -> httpx.Response:
        return await self.send("DELETE", path, **options)

    async def history(self, booking: dict[str, Any]) -> list[str]:
        """What was recorded of a booking, change by change."""
        events = ok(await self.get("/events", limit=100), 200)["items"]
        mine = [each for each in events if each["object"]["id"] == booking["id"]]
        mine.sort(key=lambda each: each["object"]["version"])
        assert [each["object"]["version"] for each in mine] == list(range(1, len(mine) + 1))
        return [each["type"] for each in mine]

    async def as_role(self, role: str) -> "Organisation":
        """The same organisation, calling with a new token of that role."""
        made = await self.post("/tokens", {"name": role, "role": role})
        return Organisation(self.client, self.body, ok(made, 201)["token"])

    async def book(self, asset: dict[str, Any], *periods: tuple[str, str], **given: Any) -> httpx.Response:
        """Ask for periods of an asset."""
        sent = [{"starts_at": starts, "ends_at": ends} for starts, ends in periods]
        return await self.post("/bookings", {"asset_id": asset["id"], "periods": sent, **given})

    async def repeat(
        self, asset: dict[str, Any], starts: str, ends: str, count: int, *, every_weeks: int = 1, **given: Any
    ) -> httpx.Response:
        """Ask for the same wall-clock period again and again."""
        repeats = {"starts_at": starts, "ends_at": ends, "count": count, "every_weeks": every_weeks}
        return await self.post("/bookings", {"asset_id": asset["id"], "repeats": repeats, **given})

    async def cancel(self, booking: dict[str, Any], **scope: Any) -> httpx.Response:
        """Give back a booking, all of it unless told otherwise."""
        return await self.post(f"/bookings/{booking['id']}/cancel", scope or {"all": True})

    async def move(
        self, booking: dict[str, Any], *, options: dict[str, Any] | None = None, **sent: Any
    ) -> httpx.Response:
        """Move a booking, all of it unless a scope is sent."""
        scope = {} if sent.keys() & {"occurrence_ids", "from_occurrence_id"} else {"all": True}
        return await self.post(f"/bookings/{booking['id']}/move", {**scope, **sent}, **(options or {}))

    async def retry(
        self, booking: dict[str, Any], *, options: dict[str, Any] | None = None, **sent: Any
    ) -> httpx.Response:
        """Ask again for what was skipped, all of it unless a scope is sent."""
        scope = {} if sent.keys() & {"occurrence_ids", "from_occurrence_id"} else {"all": True}
        return await self.post(f"/bookings/{booking['id']}/retry-skipped", {**scope, **sent}, **(options or {}))


class World:
    """Makes organisations, sites and assets, each with the least that is needed."""

    def __init__(self, client: httpx.AsyncClient, database: str) -> None:
        self.client = client
        self.database = database

    async def organisation(self, *, verified: bool = True, **given: Any) -> Organisation:
        """A group, unless another kind is given."""
        n = next(numbers)
        body = {"slug": f"organisation-{n}", "name": f"Organisation {n}", "kind": "group", **given}
        made = ok(await self.client.post("/v1/organisations", json=body), 201)
        if verified:
            await self.run("UPDATE organisations SET state = 'verified' WHERE id = $1", made["organisation"]["id"])
        return Organisation(self.client, made["organisation"], made["token"]["token"])

    async def run(self, statement: str, *arguments: Any) -> None:
        """What an operator or a test does past the API."""
        conn = await asyncpg.connect(self.database)
        try:
            await conn.execute(statement, *arguments)
        finally:
            await conn.close()

    async def value(self, statement: str, *arguments: Any) -> Any:
        """One value of the database."""
        conn = await asyncpg.connect(self.database)
        try:
            return await conn.fetchval(statement, *arguments)
        finally:
            await conn.close()

    async def work(self, now: datetime) -> None:
        """What workers have done by a moment: all that was due."""
        conn = await connect(self.database)
        try:
            await db.jobs.add(conn, FindCompleted())
            while row := await conn.fetchrow(DUE, now):
                async with conn.transaction():
                    await worker.jobs.do(conn, msgspec.json.decode(row["payload"], type=Job), now)
                    await conn.execute("DELETE FROM jobs.pgqueuer WHERE id = $1", row["id"])
        finally:
            await conn.close()

    async def stored(self) -> dict[str, str]:
        """What the database holds: a hash of every table."""
        conn = await asyncpg.connect(self.database)
        try:
            found = await conn.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            tables = [name for (name,) in found if name != "spatial_ref_sys"]
            hashed = "SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM {} t"
            return {name: await conn.fetchval(hashed.format(name)) for name in tables}
        finally:
            await conn.close()

    async def site(self, owner: Organisation, **given: Any) -> dict[str, Any]:
        """A site in the middle of Manchester."""
        body = {"name": "Hall Street", "point": {"type": "Point", "coordinates": list(MANCHESTER)}, **given}
        return ok(await owner.post("/sites", body), 201)

    async def asset(
        self,
        owner: Organisation,
        *,
        site: dict[str, Any] | None = None,
        hours: dict[str, Any] | None = None,
        published: bool = True,
        terms: dict[str, Any] | None = None,
        timezone: str = "Europe/London",
        **given: Any,
    ) -> dict[str, Any]:
        """As cases.md has it: a space open round the clock, shortest 15, longest 20160, step 15, a long horizon."""
        site = site or await self.site(owner, timezone=timezone)
        usual = {"shortest_minutes": 15, "longest_minutes": 20160, "step_minutes": 15, "horizon_days": 3650}
        body = {
            "site_id": site["id"],
            "kind": "space",
            "category": "hall",
            "title": "A hall",
            "description": "A hall for tests.",
            **given,
            "terms": {**usual, **(terms or {})},
        }
        asset = ok(await owner.post("/assets", body), 201)
        await self.hours(owner, asset, hours or {"always": True})
        return ok(await owner.post(f"/assets/{asset['id']}/publish"), 200) if published else asset

    async def hours(self, owner: Organisation, asset: dict[str, Any], hours: dict[str, Any]) -> dict[str, Any]:
        """Give an asset hours, whatever it had."""
        options = {"headers": {"If-Match": "*"}}
        return ok(await owner.put(f"/assets/{asset['id']}/hours", hours, **options), 200)

    async def availability(self, asset: dict[str, Any], starts: str, ends: str, **given: Any) -> dict[str, Any]:
        """What anybody is told of an asset's hours and free periods."""
        params = {"starts_at": starts, "ends_at": ends, **given}
        return ok(await self.client.get(f"/v1/assets/{asset['id']}/availability", params=params), 200)

    async def open(self, asset: dict[str, Any], starts: str, ends: str) -> list[tuple[str, str]]:
        """When an asset is open."""
        return spans((await self.availability(asset, starts, ends))["open"])

    async def free(self, asset: dict[str, Any], starts: str, ends: str, **given: Any) -> list[tuple[str, str]]:
        """When an asset is free."""
        return spans((await self.availability(asset, starts, ends, **given))["free"])

    async def search(self, **given: Any) -> dict[str, Any]:
        """What anybody finds, around the middle of Manchester unless told otherwise."""
        params = {"lon": MANCHESTER[0], "lat": MANCHESTER[1], **given}
        return ok(await self.client.get("/v1/search", params=params), 200)

    async def found(self, starts: str, ends: str, **given: Any) -> set[str]:
        """The assets that a search finds free for a period."""
        answer = await self.search(starts_at=starts, ends_at=ends, **given)
        return {item["asset"]["id"] for item in answer["items"]}


def spans(periods: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Start and end of each."""
    return [(each["starts_at"], each["ends_at"]) for each in periods]


def weekly(*openings: tuple[str, str, str], starts_on: str = "2026-01-05", **given: Any) -> dict[str, Any]:
    """Hours of one open-ended season: (day, opens, closes)."""
    hours = [{"day": day, "opens": opens, "closes": closes} for day, opens, closes in openings]
    return {"seasons": [{"starts_on": starts_on, "ends_on": None, "hours": hours}], **given}


def daily(opens: str, closes: str, **given: Any) -> dict[str, Any]:
    """The same hours on all seven days."""
    return weekly(*((day, opens, closes) for day in EVERY_DAY), **given)


def ok(response: httpx.Response, status: int) -> Any:
    """The body of an answer that must have this status."""
    assert response.status_code == status, f"{response.status_code}: {response.text}"
    return response.json() if response.content else None


def reasons(response: httpx.Response) -> list[list[str]]:
    """The codes that speak against each occurrence of a refused booking."""
    problem = ok(response, 409)
    assert problem["type"].endswith("/problems/not-bookable"), problem
    return [[reason["code"] for reason in each["why_not"]] for each in problem["occurrences"]]


def pointers(response: httpx.Response, status: int = 422) -> list[str]:
    """What a refused request is pointed at."""
    return sorted(each["pointer"] for each in ok(response, status)["errors"])
