"""The application with the same small world for every example of a machine, in an event loop that goes on between them.

Hypothesis calls the rules of a machine from ordinary functions: `run` waits for what they ask of the application.
"""

import hmac
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any, TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal
from calls import Organisation, World, ok
from conftest import TEMPLATE, Clock, anyio_run, calling, execute, started
from entries import HOUR, Asset, Price

from db.connection import Connection, connect
from fallow.cluster import Cluster

T = TypeVar("T")
DAWN = datetime(2027, 1, 4, 9, tzinfo=UTC)
DATABASE = "fallow_machine"
NAMES = ("council", "group", "club", "choir")
ASSETS = {
    "hall": Asset(
        "council", notice=HOUR, shortest=30, longest=3 * HOUR, recallable=True, price=Price(9999, "day"), offer=30
    ),
    "vans": Asset(
        "council", units=3, before=15, after=30, hold=30, grace=15, recallable=True, price=Price(1250, "hour")
    ),
    "house": Asset("council", after=15, parts=("room", "desks")),
    "room": Asset("council", grace=30),
    "desks": Asset("council", units=2, price=Price(700, "booking")),
    "gym": Asset("council", approval=3 * HOUR, hold=HOUR, recallable=True, offer=2 * HOUR),
    "studio": Asset("council", units=2, after=15, approval=24 * HOUR, on_deadline="confirmed", grace=0),
    "field": Asset("club", notice=2 * HOUR, approval=2 * HOUR),
}
SHARING = ("gym", "studio")  # the hours of one timetable
CLEAR = """
  TRUNCATE bookings, occurrences, occupancies, limits, waitings, waiting_places, offers, claims, closures, accounts,
           events, idempotency_keys, jobs.pgqueuer CASCADE;
  UPDATE organisations SET state = 'verified'
"""


class Stage:
    """Three organisations and what they list, by name."""

    def __init__(self, portal: BlockingPortal, world: World, conn: Connection, clock: Clock) -> None:
        self.portal = portal
        self.world = world
        self.conn = conn
        self.clock = clock
        self.organisations: dict[str, Organisation] = {}
        self.assets: dict[str, dict[str, Any]] = {}
        self.timetable: dict[str, Any] = {}
        self.rehoured = True  # whether any hours are not as they were
        self.changed: set[str] = set()  # what has more units than it had, or an allowance
        self.seeds: dict[date, bytes] = {}  # of the fair order

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.portal.call(waited, coroutine)

    async def furnish(self) -> None:
        for name in NAMES:
            self.organisations[name] = await self.world.organisation()
        owners = {asset.owner for asset in ASSETS.values()}
        sites = {name: await self.world.site(self.organisations[name], timezone="UTC") for name in owners}
        wholes = {part: whole for whole, asset in ASSETS.items() for part in asset.parts}
        for name, asset in ASSETS.items():
            self.assets[name] = await self.world.asset(
                self.organisations[asset.owner],
                site=sites[asset.owner],
                units=asset.units,
                terms=terms(asset),
                part_of=self.assets[wholes[name]]["id"] if name in wholes else None,
            )
        shared = {"name": "The council's", "always": True}
        self.timetable = ok(await self.organisations["council"].post("/timetables", shared), 201)

    async def clear(self) -> None:
        """As it was before anybody booked."""
        self.clock.now = DAWN
        await self.conn.execute(CLEAR)
        if self.rehoured:
            await self.open_always()
        self.rehoured = False
        for name in self.changed:
            owner = self.organisations[ASSETS[name].owner]
            usual = {"units": ASSETS[name].units, "terms": {"allowance": None}}
            ok(await owner.patch(f"/assets/{self.assets[name]['id']}", usual), 200)
        self.changed.clear()
        await self.conn.execute("TRUNCATE events")

    def draw(self, moment: int, name: str) -> bytes:
        """What an organisation drew on the day of a moment, by the seed that is published when that is over."""
        on = (DAWN + timedelta(minutes=moment)).date()
        if on not in self.seeds:
            now, self.clock.now = self.clock.now, DAWN + timedelta(days=365)
            told = ok(self.run(self.organisations["council"].get(f"/seeds/{on}")), 200)
            self.clock.now, self.seeds[on] = now, bytes.fromhex(told["seed"])
        return hmac.new(self.seeds[on], self.organisations[name].id.encode(), sha256).digest()

    async def open_always(self) -> None:
        path, shared = f"/timetables/{self.timetable['id']}", {"name": "The council's", "always": True}
        ok(await self.organisations["council"].put(path, shared, headers={"If-Match": "*"}), 200)
        for name, asset in self.assets.items():
            owner = self.organisations[ASSETS[name].owner]
            if name in SHARING:
                ok(await owner.patch(f"/assets/{asset['id']}", {"timetable_id": self.timetable["id"]}), 200)
            else:
                await self.world.hours(owner, asset, {"always": True})


def terms(asset: Asset) -> dict[str, Any]:
    return {
        "shortest_minutes": asset.shortest,
        "longest_minutes": asset.longest,
        "price": asset.price and {**asdict(asset.price), "currency": "GBP"},
        "hold_minutes": asset.hold,
        "offer_minutes": asset.offer,
        "turnaround_before_minutes": asset.before,
        "turnaround_after_minutes": asset.after,
        "cancel_notice_minutes": asset.notice,
        "check_in_grace_minutes": asset.grace,
        "recallable": asset.recallable,
        "approval": asset.approval is not None,
        "approval_hours": (asset.approval or HOUR) // HOUR,
        "on_deadline": {"lapsed": "decline", "confirmed": "approve"}[asset.on_deadline],
    }


async def waited(coroutine: Coroutine[Any, Any, T]) -> T:
    return await coroutine


@asynccontextmanager
async def opened(database: str, portal: BlockingPortal) -> AsyncIterator[Stage]:
    clock = Clock(DAWN)
    async with started(database, clock) as app, calling(app) as client:
        conn = await connect(database)
        try:
            stage = Stage(portal, World(client, database), conn, clock)
            await stage.furnish()
            yield stage
        finally:
            await conn.close()


@contextmanager
def staged(template: Cluster) -> Iterator[Stage]:
    """A stage on a database of its own."""
    anyio_run(execute, template.url(), f"CREATE DATABASE {DATABASE} TEMPLATE {TEMPLATE}")
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(opened(template.url(DATABASE), portal)) as stage,
    ):
        yield stage
    anyio_run(execute, template.url(), f"DROP DATABASE {DATABASE} WITH (FORCE)")


def instant(minutes: int | None) -> str | None:
    """Minutes since dawn as the API says them."""
    return None if minutes is None else f"{DAWN + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"


def minutes(moment: str | datetime | None) -> int | None:
    """The other way."""
    if moment is None:
        return None
    told = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    passed, rest = divmod(told - DAWN, timedelta(minutes=1))
    assert not rest, moment
    return passed


def wall(minutes: int) -> str:
    """A time of the day, of that day or the next, as the API says it."""
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"
