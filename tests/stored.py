"""A small world made straight in the database, for the tests of single statements."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from uuid_utils.compat import uuid7

import db.assets
import db.parts
import db.sites
import db.timetables
import domain.hours
import domain.sites
from db.connection import Connection
from domain.assets import AssetRequest
from domain.hours import Hours
from domain.places import Point
from domain.sites import SiteRequest

NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)
SALE = Point((-2.32451, 53.42519))


def at(day: int, hour: int, month: int = 7) -> datetime:
    """An instant of summer 2027."""
    return datetime(2027, month, day, hour, tzinfo=UTC)


async def an_organisation(conn: Connection, kind: str = "group") -> UUID:
    made = uuid7()
    await conn.execute(
        """
        INSERT INTO organisations (id, slug, name, kind, created_at, updated_at)
        VALUES ($1, $2, 'Sale Hub', $3, $4, $4)
        """,
        made,
        f"hub-{made}",
        kind,
        NOW,
    )
    return made


async def a_site(conn: Connection, owner_id: UUID, **given: Any) -> UUID:
    made = uuid7()
    request = SiteRequest(**{"name": "Hall Street", "point": SALE, **given})
    placed = domain.sites.place(request, {"Europe/London", "Pacific/Fiji"})
    await db.sites.insert(conn, made, owner_id, placed, NOW)
    return made


async def an_asset(conn: Connection, owner_id: UUID, site_id: UUID, *, state: str = "listed", **given: Any) -> UUID:
    made = uuid7()
    request = AssetRequest(**{"site_id": site_id, "kind": "space", "category": "hall", "title": "A hall", **given})
    await db.assets.insert(conn, made, owner_id, request, NOW)
    await db.parts.join(conn, owner_id, made, request.part_of, NOW)
    await conn.execute("UPDATE assets SET state = $2 WHERE id = $1", made, state)
    return made


async def a_timetable(conn: Connection, owner_id: UUID, *, name: str | None = "Usual", **given: Any) -> UUID:
    made = uuid7()
    hours = msgspec.convert(given, Hours)
    compiled = domain.hours.compile(hours)
    await db.timetables.insert(conn, made, owner_id, name=name, hours=hours, compiled=compiled, now=NOW)
    return made


async def a_booking(
    conn: Connection,
    owner_id: UUID,
    asset_id: UUID,
    starts_at: datetime,
    ends_at: datetime,
    *,
    unit: int = 1,
    state: str = "confirmed",
    held_until: datetime | None = None,
) -> UUID:
    """Its occurrence. It takes one unit of the asset and every unit of its parts, without turnaround."""
    booking_id, occurrence_id = uuid7(), uuid7()
    await conn.execute(
        """
        WITH booking AS (
          INSERT INTO bookings (id, owner_id, booker_id, asset_id, reference, units, open_to_public, cost,
                                clock_changes, created_at, updated_at)
          VALUES ($1::uuid, $3, $3, $4, $1::uuid::text, 1, false, '{}', '[]', $5, $5)),
        occurrence AS (
          INSERT INTO occurrences (id, owner_id, booking_id, booker_id, asset_id, starts_at, ends_at, units, state,
                                   held_until)
          VALUES ($2, $3, $1, $3, $4, $6, $7, 1, $8, $9))
        INSERT INTO occupancies (owner_id, asset_id, unit, occupied, occurrence_id, held_until)
        SELECT $3, p.part_id, u, tstzrange($6, $7), $2, $9
          FROM parts p JOIN assets part ON part.id = p.part_id, generate_series(1, part.units) u
         WHERE p.whole_id = $4 AND (p.part_id <> $4 OR u = $10)
        """,
        booking_id,
        occurrence_id,
        owner_id,
        asset_id,
        NOW,
        starts_at,
        ends_at,
        state,
        held_until,
        unit,
    )
    return occurrence_id


async def occupied(conn: Connection, asset_id: UUID) -> list[tuple[int, datetime, datetime]]:
    """What is taken of an asset: unit, from, to."""
    rows = await conn.fetch(
        "SELECT unit, lower(occupied), upper(occupied) FROM occupancies WHERE asset_id = $1 ORDER BY 2, 1", asset_id
    )
    return [tuple(row) for row in rows]
