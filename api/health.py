"""For whoever keeps it running: whether the process is alive, whether it can answer."""

import msgspec
import structlog
from litestar import Router, get
from litestar.datastructures import State

import db.readiness
from api.answers import Answer
from api.deps import borrow
from db.connection import TROUBLE
from domain.errors import Overloaded

log = structlog.stdlib.get_logger("fallow")


class Health(msgspec.Struct, frozen=True):
    """The process answers."""

    status: str = "ok"


class Readiness(msgspec.Struct, frozen=True):
    """What an answer needs: a database that is there, at the version of this code, and of the same time zones."""

    database: bool
    migrations: bool
    zones: bool


@get("/healthz")
async def health() -> Health:
    """Always, while the process runs."""
    return Health()


@get("/readyz")
async def readiness(state: State) -> Answer[Readiness]:
    """200 when all is well, else 503. Zones are compared once; neither side changes while it runs."""
    try:
        async with borrow(state.reading) as conn:
            migrations = await db.readiness.is_at_head(conn)
            if state.get("odd_zones") is None:
                state.odd_zones = await db.readiness.odd_zones(conn)
        found = Readiness(database=True, migrations=migrations, zones=not state.odd_zones)
    except (Overloaded, *TROUBLE):
        found = Readiness(database=False, migrations=False, zones=False)
    if state.get("odd_zones"):
        log.error("zones differ between Python and PostgreSQL", zones=state.odd_zones)
    well = found.database and found.migrations and found.zones
    return Answer(found, status_code=200 if well else 503, headers={"Cache-Control": "no-store"})


router = Router("/", route_handlers=[health, readiness])
