"""The database and the application that tests use one after another are each time as they were at first."""

from typing import Any

import asyncpg
import pytest
from calls import World, ok
from conftest import NOW, execute
from reused import SEQUENCES, TABLES, Reused

ROWS = "SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, '' ORDER BY t::text)), '') FROM {} t"
STAND = "SELECT last_value || ' ' || is_called FROM {}"
EVENING = {"starts_at": "2027-07-05T18:00:00Z", "ends_at": "2027-07-05T20:00:00Z"}


async def held(url: str) -> dict[str, Any]:
    """What a database holds: the rows of each table and where each sequence stands."""
    conn = await asyncpg.connect(url)
    try:
        tables = {name: await conn.fetchval(ROWS.format(name)) for (name,) in await conn.fetch(TABLES)}
        return tables | {name: await conn.fetchval(STAND.format(name)) for (name,) in await conn.fetch(SEQUENCES)}
    finally:
        await conn.close()


async def test_nothing_is_left_of_what_a_test_stored(world: World, reused: Reused, shared: str):
    owner, group = await world.organisation(identifiers=[{"scheme": "GB-CHC", "id": "1"}]), await world.organisation()
    hall = await world.asset(owner, terms={"hold_minutes": 15})
    body = {"asset_id": hall["id"], "periods": [EVENING], "hold": True}
    ok(await group.post("/bookings", body, headers={"Idempotency-Key": "k"}), 201)
    await world.run("UPDATE service SET demand_taken_on = $1", NOW.date())
    fresh, filled = await held(shared), await held(world.database)
    different = {name for name in fresh if filled[name] != fresh[name]}
    assert different >= {"organisations", "bookings", "occupancies", "idempotency_keys", "jobs.pgqueuer"}
    assert different >= {"service", "jobs.pgqueuer_id_seq"}
    await reused.empty()
    assert await held(world.database) == fresh


async def test_what_is_left_going_on_is_told(database: str, reused: Reused):
    conn = await asyncpg.connect(database)
    transaction = conn.transaction()
    await transaction.start()
    await conn.execute("SELECT 'left open'")
    with pytest.raises(AssertionError, match="left open"):
        await reused.empty()
    await transaction.rollback()
    await conn.close()


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE kept ()",
        "ALTER TABLE bookings ADD COLUMN kept int",
        "DROP INDEX occupancies_owner_id_asset_id_unit_occupied_excl",
        "CREATE OR REPLACE FUNCTION rules.kept() RETURNS int LANGUAGE sql RETURN 1",
        "COMMENT ON SCHEMA rules IS 'older'",
        "UPDATE alembic_version SET version_num = '0001'",
        "DELETE FROM public_holidays",
        "TRUNCATE spatial_ref_sys",
    ],
)
async def test_what_would_not_be_put_right_is_refused(database: str, statement: str):
    with pytest.raises(asyncpg.RaiseError, match="take the fixture clone"):
        await execute(database, statement)
