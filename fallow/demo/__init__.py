"""The demo: real places, invented offers, bookings around the day on which it is loaded.

The places come from `data/` (see ATTRIBUTION.md there). Everything else is drawn from names and the day, so that two
loads of one day are the same; only the token's secret is not.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from uuid import UUID

import msgspec

import db.tokens
from db.connection import Connection, connect
from domain import tokens
from domain.places import Point
from domain.tokens import TokenRequest
from fallow.demo import groups, libraries, schools, sources, sports, stations, store
from fallow.demo.bookings import Taken
from fallow.demo.sources import Untidy
from fallow.demo.stations import Grid
from fallow.demo.world import World, founded, made_of

LOCK = 0x_FA_110_DE
WEBSITE = f"{groups.BOOKER}'s website"  # whose token the examples of the contract read and revoke
Rows = Mapping[str, list[sources.Row]]
NAMES = {
    sources.STATIONS: "STATION_NAME",
    sources.LIBRARIES: "name",
    sources.FACILITIES: "site_name",
    sources.SCHOOLS: "name",
}


class Loaded(msgspec.Struct, frozen=True):
    """What came of it. `counts` is empty and `token` None when the demo was there already.

    `untidy`: the published rows that are not as they should be, each with what was made of it.
    """

    counts: dict[str, int]
    untidy: list[Untidy]
    token: str | None

    def __str__(self) -> str:
        if not self.counts:
            return "The demo is there already."
        told = ", ".join(f"{number:,} {what}" for what, number in self.counts.items())
        return f"The demo is loaded: {told}. {len(self.untidy)} untidy rows."


async def load(url: str, *, today: date, progress: Callable[[str, int, int], None] | None = None) -> Loaded:
    """Put the demo into a migrated database, whole or not at all; one that is there already is left as it is.

    Raises SetupFailed where an organisation that is not the demo's has one of its names.
    """
    conn = await connect(url)
    try:
        async with conn.transaction():
            await conn.execute("SET LOCAL lock_timeout = '5min'; SET LOCAL idle_in_transaction_session_timeout = 0")
            await conn.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
            return await load_once(conn, today, progress or (lambda _text, _done, _of: None))
    finally:
        await conn.close()


async def load_once(conn: Connection, today: date, progress: Callable[[str, int, int], None]) -> Loaded:
    """Load the demo unless it is there; nobody else loads it meanwhile."""
    booker_id = made_of("organisation", groups.BOOKER)
    if await store.exists(conn, booker_id):
        return Loaded({}, [], None)
    progress("places", 0, store.STEPS)
    faults: list[Untidy] = []
    rows = {file: sources.read(file, faults, name=name) for file, name in NAMES.items()}
    points = await store.points(conn, filter(None, map(stations.grid, rows[sources.STATIONS])))
    world = build(today, rows, points)
    await store.teach_points(conn)
    await store.places(conn, world, progress)
    taken = await store.book(conn, world, progress)
    needed = await store.look_for(conn, world, taken)
    token = await give_token(conn, booker_id, groups.BOOKER, TokenRequest(name="Demo", role="admin"))
    await give_token(conn, booker_id, WEBSITE, TokenRequest(name="Website", role="member"))
    progress("ready", store.STEPS, store.STEPS)
    return Loaded({**count(world, taken), "needs": needed}, sorted(faults + world.untidy), token)


def build(today: date, rows: Rows, points: Mapping[Grid, Point]) -> World:
    """The whole world of a day, in memory."""
    world = World(today)
    stations.add(world, rows[sources.STATIONS], points)
    libraries.add(world, rows[sources.LIBRARIES])
    known = schools.add(world, rows[sources.SCHOOLS])
    sports.add(world, rows[sources.FACILITIES], known)
    groups.add(world)
    return world


async def give_token(conn: Connection, organisation_id: UUID, key: str, request: TokenRequest) -> str:
    """A token of the group that the README speaks for."""
    token = await db.tokens.insert(
        conn,
        token_id=made_of("token", key),
        organisation_id=organisation_id,
        request=request,
        secret=tokens.make(),
        now=founded("token"),
    )
    assert token.token is not None  # noqa: S101 - insert answers the secret that it is given
    return token.token


def count(world: World, taken: list[Taken]) -> dict[str, int]:
    """How much of everything there is."""
    kinds = Counter(offered.request.kind for offered in world.assets.values())
    return {
        "organisations": len(world.organisations),
        "sites": len(world.sites),
        "timetables": len(world.timetables),
        "assets": len(world.assets),
        **{f"{kind} assets": number for kind, number in sorted(kinds.items())},
        "closures": len(world.closures),
        "limits": len(world.limits),
        "bookings": len(taken),
        "occurrences": sum(len(each.occurrences) for each in taken),
        "occupancies": sum(len(each.seats) for each in taken),
    }
