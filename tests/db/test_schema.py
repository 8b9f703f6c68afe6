"""What the migrations make is what db/tables.py declares, down to the definitions in the catalogue."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import create_async_engine

from db.migrate import make_extensions
from db.tables import metadata

OURS = """
  SELECT oid FROM pg_class
   WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
     AND relname NOT IN ('alembic_version', 'spatial_ref_sys')
"""
CATALOGUE = {
    "tables": f"""
      SELECT relname, relkind::text, reloptions::text, relpersistence, obj_description(oid, 'pg_class')
        FROM pg_class WHERE oid IN ({OURS})
    """,
    "columns": f"""
      SELECT a.attrelid::regclass::text, a.attname,
             row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum),
             format_type(a.atttypid, a.atttypmod), a.attnotnull,
             a.attgenerated, a.attidentity, a.attcollation::regcollation::text, pg_get_expr(d.adbin, d.adrelid),
             col_description(a.attrelid, a.attnum)
        FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
       WHERE a.attrelid IN ({OURS}) AND a.attnum > 0 AND NOT a.attisdropped
    """,
    "constraints": f"""
      SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated
        FROM pg_constraint WHERE conrelid IN ({OURS})
    """,
    "indexes": f"""
      SELECT indrelid::regclass::text, pg_get_indexdef(indexrelid), indisvalid
        FROM pg_index WHERE indrelid IN ({OURS})
    """,
    "triggers": f"SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid IN ({OURS}) AND NOT tgisinternal",
    "sequences": "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S'",
}


async def catalogue(url: str) -> dict[str, set[tuple]]:
    conn = await asyncpg.connect(url)
    try:
        return {kind: {tuple(row) for row in await conn.fetch(query)} for kind, query in CATALOGUE.items()}
    finally:
        await conn.close()


@pytest.fixture
def declared(template) -> str:
    """The address of a database made from the declarations alone."""

    async def make() -> str:
        conn = await asyncpg.connect(template.url())
        await conn.execute("CREATE DATABASE fallow_declared TEMPLATE template0")
        await conn.close()
        url = template.url("fallow_declared")
        conn = await asyncpg.connect(url)
        await make_extensions(conn)
        await conn.close()
        engine = create_async_engine(
            "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url), poolclass=NullPool
        )
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        await engine.dispose()
        return url

    return asyncio.run(make())


async def test_migrations_make_what_is_declared(declared: str, shared: str):
    expected, migrated = await catalogue(declared), await catalogue(shared)
    assert len(expected["tables"]) == len(metadata.tables)
    for kind in CATALOGUE:
        assert {
            "declared only": sorted(map(repr, expected[kind] - migrated[kind])),
            "migrated only": sorted(map(repr, migrated[kind] - expected[kind])),
        } == {"declared only": [], "migrated only": []}, kind
