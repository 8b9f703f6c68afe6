"""The demo as a newcomer meets it: loaded once, and a key of its own that works on every start."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import db.tokens
from db.connection import Connection, connect
from domain.tokens import TokenRequest
from fallow import demo, home
from fallow.demo import Loaded, groups
from fallow.demo.world import made_of
from fallow.tokens import issue

KEY, UNTIDY = "demo-key", "demo-untidy"
LONDON = ZoneInfo("Europe/London")
TUESDAY = 1


async def ensure(url: str, report: Callable[[str, int, int], None]) -> Loaded:
    """Load the demo unless it is there, and keep a key to it and the list of untidy rows in FALLOW_HOME."""
    loaded = await demo.load(url, today=datetime.now(UTC).date(), progress=report)
    if loaded.untidy:
        home.write(UNTIDY, "\n".join(map(str, loaded.untidy)))
    if loaded.token:
        home.write(KEY, loaded.token)
        return loaded
    conn = await connect(url)
    try:
        if not await opens(conn, home.read(KEY)):
            home.write(KEY, await renew(conn))
    finally:
        await conn.close()
    return loaded


def told(loaded: Loaded) -> str:
    """What loading came to, in a line."""
    return f"{loaded} Which, and what was made of them: {home.home() / UNTIDY}" if loaded.untidy else str(loaded)


async def opens(conn: Connection, key: str | None) -> bool:
    """Whether a key is one of this database's."""
    found = await db.tokens.find(conn, key) if key else None
    return found is not None and not found.revoked


async def renew(conn: Connection) -> str:
    """Another key to the demo, for a folder that has none."""
    organisation_id = str(made_of("organisation", groups.BOOKER))
    async with conn.transaction():
        return await issue(conn, organisation_id, TokenRequest(name="Demo", role="admin"), datetime.now(UTC))


def curl(address: str) -> str:
    """A search for the evening of the next Tuesday, ready to type."""
    today = datetime.now(LONDON).date()
    day = today + timedelta(days=(TUESDAY - today.weekday() - 1) % 7 + 1)
    begins, ends = (datetime.combine(day, time(hour), LONDON).astimezone(UTC) for hour in (18, 20))
    asked = {
        "postcode": "M33",
        "category": "hall",
        "starts_at": f"{begins:%Y-%m-%dT%H:%M:%SZ}",
        "ends_at": f"{ends:%Y-%m-%dT%H:%M:%SZ}",
        "limit": 3,
    }
    return f"curl -H 'Authorization: Bearer {home.read(KEY)}' '{address}/v1/search?{urlencode(asked, safe=':')}'"
