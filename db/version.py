"""Which schema and functions this code needs, and which a database has. Knows it without Alembic, which takes a
second to import: every server asks.
"""

import hashlib
from pathlib import Path

from db.connection import Connection

HERE = Path(__file__).parent


def functions() -> str:
    """The SQL functions of this version."""
    return (HERE / "functions.sql").read_text()


def newest_migration() -> str:
    """The revision of the last migration: files are named for their revisions, which are numbered."""
    return max(file.stem for file in (HERE / "migrations" / "versions").glob("[0-9]*.py")).split("_")[0]


def version() -> str:
    """What a database that fits this code has in its comment on the schema `rules`."""
    return f"{newest_migration()} {hashlib.sha256(functions().encode()).hexdigest()[:16]}"


async def current(conn: Connection) -> str | None:
    """The version that a database is at; None for one that Fallow has not made yet."""
    found: str | None = await conn.fetchval("SELECT obj_description(to_regnamespace('rules')::oid, 'pg_namespace')")
    return found
