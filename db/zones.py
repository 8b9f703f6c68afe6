"""The time zones that this database knows."""

from zoneinfo import available_timezones

import domain.zones
from db.connection import Connection, Pool

KNOWN = "SELECT name FROM pg_timezone_names"


async def valid(conn: Connection | Pool) -> frozenset[str]:
    """The zones that Python and this database both know. Reads hundreds of files: once, at the start."""
    return domain.zones.valid(available_timezones(), [row["name"] for row in await conn.fetch(KNOWN)])
