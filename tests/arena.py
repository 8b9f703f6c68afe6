"""Two servers of one database, and those who call both at the same moment.

Clients do as the contract says: told that the service is overloaded (503 with Retry-After), they ask again.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import cycle
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from calls import Organisation, World, ok, reasons
from invariants import nothing_half_done
from servers import a_database, serving

import worker.jobs
from db.connection import connect
from domain.jobs import SweepBooking
from fallow.cluster import Cluster

ROUNDS, FEWER = (
    pytest.mark.parametrize(
        "rounds", [pytest.param(some, id=f"{some}"), pytest.param(many, id=f"{many}", marks=pytest.mark.slow)]
    )
    for some, many in ((50, 1000), (10, 200))
)
FIRST_DAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=30)
PATIENCE = 60
days = cycle(range(3500))  # so many may be booked ahead, and no race needs more on its assets
Period = tuple[str, str]
Running = tuple[str, list[str], dict[str, Any]]
Send = Callable[[], Awaitable[httpx.Response]]
# Whatever a claim waits for comes at once: it ends, or is approved by itself.
LAPSING = """
  WITH claims AS (
    UPDATE occurrences SET held_until = CASE WHEN held_until IS NOT NULL THEN now() + $3 END,
                           approved_from = CASE WHEN approved_from IS NOT NULL THEN now() + $3 END
     WHERE owner_id = $1 AND booking_id = $2)
  UPDATE occupancies SET held_until = now() + $3
   WHERE owner_id = $1 AND held_until IS NOT NULL
     AND occurrence_id IN (SELECT id FROM occurrences WHERE owner_id = $1 AND booking_id = $2)
"""
TOLD = "SELECT type FROM events WHERE owner_id = $1 AND object_kind = 'booking' AND object_id = $2 ORDER BY version"


class Arena:
    """Two servers of one database, an owner and some groups that book."""

    def __init__(
        self,
        database: str,
        servers: Sequence[httpx.AsyncClient],
        tokens: dict[str, Any],
        direct: "asyncpg.Connection[asyncpg.Record]",
    ) -> None:
        self.database = database
        self.servers = servers
        self.direct = direct
        self.owner = Organisation(servers[0], tokens["owner"][0], tokens["owner"][1])
        self.groups = [Organisation(servers[0], *each) for each in tokens["groups"]]
        self.world = World(servers[0], database)
        self.asked_again = 0

    def by(self, organisation: Organisation, number: int) -> Organisation:
        """An organisation, calling one server or the other."""
        return Organisation(self.servers[number % 2], organisation.body, organisation.token)

    def somebody(self, number: int) -> Organisation:
        """A group, calling one server and then the other."""
        return self.by(self.groups[number // 2 % len(self.groups)], number)

    async def persist(self, send: Send) -> httpx.Response:
        """The answer of a server that is not overloaded."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while (answer := await send()).status_code == 503:
            assert answer.headers["Retry-After"]
            assert asyncio.get_running_loop().time() < deadline
            self.asked_again += 1
            await asyncio.sleep(random.uniform(0.1, 0.5))
        return answer

    async def race(self, requests: Sequence[dict[str, Any]]) -> list[httpx.Response]:
        """Ask for every booking at the same time, each as another client: the answers in that order."""

        async def one(number: int, body: dict[str, Any]) -> httpx.Response:
            client = self.somebody(number)
            return await self.persist(lambda: client.post("/bookings", body))

        answers = await asyncio.gather(*(one(*each) for each in enumerate(requests)))
        assert {answer.status_code for answer in answers} <= {201, 409}, Counter(a.status_code for a in answers)
        for answer in answers:
            if answer.status_code == 409:
                assert {code for each in reasons(answer) for code in each} <= {"taken", "too_few_units"}
        return answers

    async def at_once(self, *sends: Send, within: float = 0.0) -> list[httpx.Response]:
        """The answers to what is sent at the same moment, or at moments `within` so many seconds."""

        async def one(send: Send) -> httpx.Response:
            await asyncio.sleep(random.uniform(0, within))
            return await self.persist(send)

        order = random.sample(range(len(sends)), len(sends))
        answers = dict(zip(order, await asyncio.gather(*(one(sends[n]) for n in order)), strict=True))
        assert {answer.status_code for answer in answers.values()} <= {200, 201, 409, 412}, [
            answer.text for answer in answers.values()
        ]
        return [answers[n] for n in range(len(sends))]

    async def booked(self, who: Organisation, asset: dict[str, Any], *periods: Period, **given: Any) -> dict[str, Any]:
        """A booking that stands before the race."""
        return ok(await who.book(asset, *periods, **given), 201)

    async def lapsing(self, booking: dict[str, Any], after: float = -1) -> None:
        """Have the holds and requests of a booking end so many seconds from now."""
        await self.direct.execute(LAPSING, booking["owner_id"], booking["id"], timedelta(seconds=after))

    def sweeps(self, booking: dict[str, Any]) -> Send:
        """What a worker does with a booking's job, not done yet."""

        async def sweep() -> httpx.Response:
            conn = await connect(self.database)
            try:
                async with conn.transaction():
                    job = SweepBooking(UUID(booking["owner_id"]), UUID(booking["id"]))
                    await worker.jobs.do(conn, job, datetime.now(UTC))
            except asyncpg.LockNotAvailableError:  # it waited for two seconds; a worker tries again later
                return httpx.Response(503, headers={"Retry-After": "1"})
            finally:
                await conn.close()
            return httpx.Response(200)

        return sweep

    async def told(self, booking: dict[str, Any]) -> list[str]:
        """What was recorded of a booking, without the word that they all begin with."""
        told = await self.direct.fetch(TOLD, booking["owner_id"], booking["id"])
        return [each["type"].partition(".")[2] for each in told]

    async def check(self) -> None:
        """What must be true of all that was ever stored."""
        await nothing_half_done(self.database)

    async def hall(self, **given: Any) -> dict[str, Any]:
        """A hall, or part of one."""
        return await self.world.asset(self.owner, **given)

    async def a_hall_of_two_rooms(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """A whole and its parts."""
        site = await self.world.site(self.owner)
        hall = await self.hall(site=site)
        return hall, [await self.hall(site=site, part_of=hall["id"]) for _ in range(2)]


@contextmanager
def two_servers(template: Cluster) -> Iterator[Running]:
    """A database of these tests' own, the addresses of two servers, and organisations made through one of them."""
    with ExitStack() as stack:
        database = stack.enter_context(a_database(template, "fallow_races"))
        addresses = [stack.enter_context(serving(database)) for _ in range(2)]
        yield database, addresses, asyncio.run(make_organisations(database, addresses[0]))


async def make_organisations(database: str, address: str) -> dict[str, Any]:
    """Those who call, and their tokens."""
    async with httpx.AsyncClient(base_url=address, timeout=PATIENCE) as client:
        world = World(client, database)
        made = [await world.organisation(slug=f"racer-{number}") for number in range(5)]
    pairs = [(each.body, each.token) for each in made]
    return {"owner": pairs[0], "groups": pairs[1:]}


@asynccontextmanager
async def entered(running: Running) -> AsyncIterator[Arena]:
    """The arena for one test; what it leaves is checked."""
    database, addresses, tokens = running
    limits = httpx.Limits(max_connections=100)
    async with AsyncExitStack() as stack:
        servers = [
            await stack.enter_async_context(httpx.AsyncClient(base_url=each, timeout=PATIENCE, limits=limits))
            for each in addresses
        ]
        direct = await connect(database)
        stack.push_async_callback(direct.close)
        arena = Arena(database, servers, tokens, direct)
        yield arena
        await arena.check()


def hours(starts: int, ends: int, day: int | None = None) -> Period:
    """So many hours of a day that no other race has."""
    midnight = FIRST_DAY + timedelta(days=next(days) if day is None else day)
    return ((midnight + timedelta(hours=starts)).isoformat(), (midnight + timedelta(hours=ends)).isoformat())


def wish(asset: dict[str, Any], *periods: Period, **given: Any) -> dict[str, Any]:
    """A booking as sent."""
    sent = [{"starts_at": starts, "ends_at": ends} for starts, ends in periods]
    return {"asset_id": asset["id"], "periods": sent, **given}


def statuses(answers: Sequence[httpx.Response]) -> dict[int, int]:
    """How often each was answered."""
    return Counter(answer.status_code for answer in answers)


def won(answers: Sequence[httpx.Response]) -> list[bool]:
    """Who got what they asked for."""
    return [answer.is_success for answer in answers]


def asks(who: Organisation, asset: dict[str, Any], *periods: Period, **given: Any) -> Send:
    """A booking, not sent yet."""
    return partial(who.post, "/bookings", wish(asset, *periods, **given))


def does(who: Organisation, what: str, booking: dict[str, Any], body: Any = None, **options: Any) -> Send:
    """A change, not sent yet."""
    return partial(who.post, f"/bookings/{booking['id']}/{what}", body, **options)
