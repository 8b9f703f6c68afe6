"""A database for one test after another: emptied after each, and closed to what emptying would not put right."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

TABLES = """
  SELECT oid::regclass::text FROM pg_class
   WHERE relkind = 'r' AND relnamespace::regnamespace::text IN ('public', 'jobs') ORDER BY oid
"""
SEQUENCES = "SELECT format('%I.%I', schemaname, sequencename) FROM pg_sequences"
BUSY = """
  SELECT query FROM pg_stat_activity
   WHERE datname = current_database() AND backend_type = 'client backend' AND state <> 'idle'
     AND pid <> pg_backend_pid()
"""
CLOSE = """
  CREATE FUNCTION refuse_rows() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE 'The rows of % are the same for all tests: take the fixture clone.', TG_TABLE_NAME; END $$;
  CREATE FUNCTION refuse_schema() RETURNS event_trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE 'The schema is the same for all tests: take the fixture clone.'; END $$;
"""
CLOSE_ROWS = """
  CREATE TRIGGER closed BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {} EXECUTE FUNCTION refuse_rows()
"""
CLOSE_SCHEMA = "CREATE EVENT TRIGGER closed ON ddl_command_start EXECUTE FUNCTION refuse_schema()"


class Reused:
    """Where it is, and how it becomes again what the migrations made."""

    def __init__(self, url: str, conn: "asyncpg.Connection[asyncpg.Record]", empty: str) -> None:
        self.url = url
        self._conn = conn
        self._empty = empty

    async def empty(self) -> None:
        """Delete all that was stored. Fails where somebody still does something there."""
        busy = [row["query"] for row in await self._conn.fetch(BUSY)]
        assert not busy, f"A test left this going on: {busy}"
        await self._conn.execute(self._empty)


@asynccontextmanager
async def reusing(url: str) -> AsyncIterator[Reused]:
    """Use a migrated database again and again. Closed are its schema and the tables in which migrations put rows, but
    for `service`, whose one row is put back.
    """
    # Where all is deleted, there are no foreign keys to check.
    conn = await asyncpg.connect(url, server_settings={"session_replication_role": "replica", "lock_timeout": "10s"})
    try:
        await conn.execute(CLOSE)
        await conn.execute("CREATE TEMPORARY TABLE as_migrated AS TABLE service")
        empty = ["DELETE FROM service", "INSERT INTO service TABLE as_migrated"]
        for (table,) in await conn.fetch(TABLES):
            if not await conn.fetchval(f"SELECT EXISTS (SELECT FROM {table})"):
                empty.append(f"DELETE FROM {table}")
            elif table != "service":
                await conn.execute(CLOSE_ROWS.format(table))
        await conn.execute(CLOSE_SCHEMA)
        empty += [f"SELECT setval('{name}', 1, false)" for (name,) in await conn.fetch(SEQUENCES)]
        yield Reused(url, conn, "; ".join(empty))
    finally:
        await conn.close()
