"""Whether a database fits this code: its version, its time zones."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import db.zones
from db.connection import Connection
from db.version import current, version

# Both sides of the clock changes of north and south, this decade and the next.
MOMENTS = tuple(datetime(year, month, 15, 12, tzinfo=UTC) for year in (2025, 2030, 2036) for month in (1, 4, 7, 10))
OFFSETS = """
  SELECT zone, moment, (moment AT TIME ZONE zone) - (moment AT TIME ZONE 'UTC') AS ahead
    FROM unnest($1::text[]) zone, unnest($2::timestamptz[]) moment
"""


async def is_at_head(conn: Connection) -> bool:
    """Whether the schema and the functions are those of this code."""
    return await current(conn) == version()


async def odd_zones(conn: Connection) -> list[str]:
    """Valid zones on whose offsets Python and PostgreSQL differ; bookings there would not be when people think."""
    rows = await conn.fetch(OFFSETS, sorted(await db.zones.valid(conn)), MOMENTS)
    return differing((row["zone"], row["moment"], row["ahead"]) for row in rows)


def differing(offsets: Iterable[tuple[str, datetime, timedelta]]) -> list[str]:
    """The zones of which Python says otherwise."""
    return sorted({zone for zone, moment, ahead in offsets if moment.astimezone(ZoneInfo(zone)).utcoffset() != ahead})
