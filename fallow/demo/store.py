"""The demo goes into the database: by COPY, in the order in which rows refer to each other."""

from collections.abc import Callable, Iterable
from uuid import UUID

import asyncpg

import db.assets
import db.demand
import db.limits
import db.needs
import db.timetables
from db.connection import Connection
from db.errors import SetupFailed
from domain.places import Point
from fallow.demo import bookings, events, needs, requests, rows
from fallow.demo.bookings import Taken
from fallow.demo.requests import midnight
from fallow.demo.rows import WRITTEN, Row
from fallow.demo.stations import Grid
from fallow.demo.world import World, founded

Progress = Callable[[str, int, int], None]
STEPS = 5
BASICS = (
    "organisations",
    "sites",
    "assets",
    "parts",
    "closures",
    "limits",
    "bookings",
    "occurrences",
    "occupancies",
    "events",
    "needs",
    "offers",
    "waitings",
    "waiting_places",
)

POINTS = """
  SELECT g.easting, g.northing, ST_X(p.point) AS lon, ST_Y(p.point) AS lat
    FROM unnest($1::float8[], $2::float8[]) g (easting, northing),
         LATERAL ST_Transform(ST_SetSRID(ST_MakePoint(g.easting, g.northing), 27700), 4326) p (point)
"""


async def points(conn: Connection, grids: Iterable[Grid]) -> dict[Grid, Point]:
    """Eastings and northings of the British grid, in degrees."""
    given = sorted(set(grids))
    found = await conn.fetch(POINTS, [easting for easting, _ in given], [northing for _, northing in given])
    return {(row["easting"], row["northing"]): Point((round(row["lon"], 6), round(row["lat"], 6))) for row in found}


GEOGRAPHY = """
  SELECT n.nspname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
   WHERE t.oid = 'geography'::regtype
"""


async def teach_points(conn: Connection) -> None:
    """Let COPY send points: `rows.ewkb` made them what PostGIS reads."""
    schema = await conn.fetchval(GEOGRAPHY)
    await conn.set_type_codec("geography", schema=schema, encoder=bytes, decoder=bytes, format="binary")


TAKEN = "SELECT slug FROM organisations WHERE slug = ANY($1) ORDER BY slug LIMIT 1"


async def refuse_collision(conn: Connection, world: World) -> None:
    """Raises SetupFailed where somebody else has one of the demo's names."""
    slugs = [request.slug for request in world.organisations.values()]
    if taken := await conn.fetchval(TAKEN, slugs):
        raise SetupFailed(f"The demo needs the name {taken}, which another organisation has: load it elsewhere.")


async def copy(conn: Connection, table: str, columns: Iterable[str], records: Iterable[Row]) -> None:
    """Rows into a table."""
    await conn.copy_records_to_table(table, records=records, columns=list(columns))


async def places(conn: Connection, world: World, progress: Progress) -> None:
    """Everything but bookings. Raises SetupFailed where somebody else's organisation is in the way."""
    await refuse_collision(conn, world)
    progress("organisations", 1, STEPS)
    named = ("id", "slug", "name", "kind", "description", "website", "contact", "state", *WRITTEN)
    try:
        await copy(conn, "organisations", named, rows.organisations(world))
        await copy(conn, "identifiers", ("organisation_id", "scheme", "value"), rows.identifiers(world))
    except asyncpg.UniqueViolationError as error:
        raise SetupFailed(f"The demo is not loaded: another organisation is in its way ({error.detail})") from None
    held = ("organisation_id", "requirement", "expires_on", "reference")
    await copy(conn, "holdings", held, rows.holdings(world))
    site = ("id", "owner_id", "name", "address", "location", "shown", "precision", "timezone", "private", *WRITTEN)
    await copy(conn, "sites", site, rows.sites(world))
    progress("hours", 2, STEPS)
    for each, timetable in world.timetables.items():
        await db.timetables.insert(
            conn,
            each,
            timetable.owner_id,
            name=timetable.name,
            hours=timetable.hours,
            compiled=timetable.compiled,
            now=founded("timetable"),
        )
    await offers(conn, world)


async def offers(conn: Connection, world: World) -> None:
    """Assets, their parts, when sites are shut, and how much each booker may have."""
    kept = ("state", "timetable_id", "location", "timezone", *WRITTEN)
    await copy(conn, "assets", ("id", "owner_id", *kept, *db.assets.COLUMNS), rows.assets(world))
    await copy(conn, "parts", ("owner_id", "whole_id", "part_id"), rows.parts(world))
    shut = ("id", "owner_id", "site_id", "during", "note", "source", *WRITTEN)
    await copy(conn, "closures", shut, rows.closure_rows(world))
    for each, limited in world.limits.items():
        await db.limits.insert(conn, each, limited.owner_id, limited.request, founded("limit"))


async def look_for(conn: Connection, world: World, taken: list[Taken]) -> int:
    """What the organisations look for, and what of that is offered: how much that is."""
    wanted = list(needs.needs(world))
    for need_id, owner_id, planned in wanted:
        await db.needs.insert(conn, need_id, owner_id, planned, founded("need"))
    await copy(conn, "events", events.COLUMNS, events.needs(wanted))
    await copy(conn, "events", events.COLUMNS, events.offers(world, taken))
    message = ("id", "owner_id", "booking_id", "sender_id", "text", *WRITTEN)
    await copy(conn, "messages", message, rows.messages())
    given = ("id", "owner_id", "booking_id", "occurrence_id", "giver_id", "verdict", *WRITTEN)
    await copy(conn, "feedback", given, rows.feedback(taken))
    await copy(conn, "events", events.COLUMNS, events.written(taken))
    await copy(conn, "waitings", ("id", "owner_id", "booker_id", "units", *WRITTEN), rows.waitings())
    place = ("waiting_id", "owner_id", "number", "booker_id", "asset_id", "period")
    await copy(conn, "waiting_places", place, rows.waiting_places(world))
    await copy(conn, "events", events.COLUMNS, events.waitings(world))
    offered = [each.wanted.need_id for each in taken if each.wanted.need_id]
    await conn.execute("UPDATE needs SET version = 2 WHERE id = ANY($1)", offered)
    await db.demand.take(conn, midnight(world.today))
    return len(wanted)


async def book(conn: Connection, world: World, progress: Progress) -> list[Taken]:
    """Bookings, as far as the rules allow, and the events of everything."""
    progress("bookings", 3, STEPS)
    await analyse(conn)
    taken = await bookings.settle(conn, world, requests.wanted(world))
    progress("occupancies", 4, STEPS)
    whose = ("id", "owner_id", "booker_id", "asset_id", "need_id", "reference")
    what = ("units", "attendees", "purpose", "open_to_public", "cost", "clock_changes")
    agreed = ("recallable", "cancel_notice_minutes")
    await copy(conn, "bookings", (*whose, *what, *agreed, *WRITTEN), rows.booking_rows(world, taken))
    occurrence = ("id", "owner_id", "booking_id", "booker_id", "asset_id", "starts_at", "ends_at", "units", "state")
    more = (*occurrence, "cancelled_late", "sequence", "held_until", "check_in_by", "why_not")
    await copy(conn, "occurrences", more, rows.occurrences(world, taken))
    unit = ("owner_id", "asset_id", "unit", "occupied", "occurrence_id", "held_until")
    await copy(conn, "occupancies", unit, rows.occupancies(world, taken))
    offered = ("id", "owner_id", "booker_id", "asset_id", "need_id", "booking_id", "units", "attendees", "occurrences")
    await copy(conn, "offers", (*offered, "cost", "expires_at", *WRITTEN), rows.offers(world, taken))
    await copy(conn, "events", events.COLUMNS, events.told(world, taken))
    await analyse(conn)
    return taken


async def analyse(conn: Connection) -> None:
    """Tell the planner what has come."""
    await conn.execute(f"ANALYZE {', '.join(BASICS)}, timetables, seasons, exceptions, holdings")


async def exists(conn: Connection, organisation_id: UUID) -> bool:
    """Whether an organisation of the demo, and so the whole demo, is there."""
    found: bool = await conn.fetchval("SELECT EXISTS (SELECT FROM organisations WHERE id = $1)", organisation_id)
    return found
