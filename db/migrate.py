"""Bring a database up to date: extensions, tables (Alembic), SQL functions, reference data.

`python -m alembic` is not needed: `fallow migrate` calls this.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import holidays
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, NullPool
from sqlalchemy.ext.asyncio import create_async_engine
from uuid_utils.compat import uuid7

import db.connection
from db.errors import SetupFailed
from db.version import current, functions, version

EXTENSIONS = ("postgis", "btree_gist")
REGIONS = ("ENG", "SCT", "NIR", "WLS")
YEARS = range(1971, 2100)
LOCK = 0x_FA_110_3
TURN = f"SET lock_timeout = 0; SELECT pg_advisory_lock({LOCK}); RESET lock_timeout"
Progress = Callable[[str, int, int], None]


def config() -> Config:
    """Alembic's settings, without a file."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return settings


def migrate(url: str, progress: Progress | None = None) -> None:
    """Bring the database at `url` up to date; one that is up to date is only looked at.

    Raises SetupFailed where PostGIS is missing and may not be made there.
    """
    asyncio.run(bring_up_to_date(url, progress or (lambda _text, _done, _of: None)))


async def bring_up_to_date(url: str, progress: Progress) -> None:
    """Each step once, one process at a time; another waits for its turn as long as it takes."""
    conn = await db.connection.connect(url)
    try:
        await conn.execute(TURN)
        if await current(conn) == version():
            return
        steps: list[tuple[str, Callable[[], Awaitable[object]]]] = [
            ("extensions", lambda: make_extensions(conn)),
            ("tables", lambda: upgrade(url)),
            ("functions", lambda: conn.execute(functions())),
            ("holidays", lambda: fill_holidays(conn)),
            ("service", lambda: conn.execute(SERVICE, uuid7())),
        ]
        for done, (name, step) in enumerate(steps):
            progress(name, done, len(steps))
            await step()
        await conn.execute(f"COMMENT ON SCHEMA rules IS '{version()}'")
        progress("ready", len(steps), len(steps))
    finally:
        await conn.close()


async def make_extensions(conn: db.connection.Connection) -> None:
    """PostGIS and btree_gist, each only if it is missing."""
    for name in EXTENSIONS:
        if await conn.fetchval("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = $1)", name):
            continue
        try:
            await conn.execute(f"CREATE EXTENSION {name}")
        except (
            asyncpg.InsufficientPrivilegeError,
            asyncpg.FeatureNotSupportedError,
            asyncpg.UndefinedFileError,
        ) as error:
            raise SetupFailed(
                f"This database lacks {name}: ask its administrator to install it and type CREATE EXTENSION {name};"
            ) from error


async def upgrade(url: str) -> None:
    """Run the migrations that are missing, in one transaction."""
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url), poolclass=NullPool
    )
    async with engine.begin() as connection:
        await connection.run_sync(upgrade_to_head)
    await engine.dispose()


def upgrade_to_head(connection: Connection) -> None:
    """Alembic is synchronous: what runs it on an asynchronous connection."""
    settings = config()
    settings.attributes["connection"] = connection
    command.upgrade(settings, "head")


async def fill_holidays(conn: db.connection.Connection) -> None:
    """The public holidays of the four nations."""
    rows = [
        (f"GB-{region}", day, name)
        for region in REGIONS
        for day, name in holidays.country_holidays("GB", subdiv=region, years=YEARS).items()
    ]
    async with conn.transaction():
        await conn.execute("DELETE FROM public_holidays")
        await conn.copy_records_to_table("public_holidays", records=rows, columns=["region", "on_date", "name"])


SERVICE = """
  INSERT INTO service (epoch, secret)
  VALUES ($1, sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')))
      ON CONFLICT DO NOTHING
"""
