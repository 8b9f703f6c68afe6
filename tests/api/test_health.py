"""Health and readiness."""

import httpx
from calls import World, ok


async def test_a_process_that_runs_is_healthy(client: httpx.AsyncClient):
    assert ok(await client.get("/healthz"), 200) == {"status": "ok"}


async def test_a_database_at_head_with_our_zones_is_ready_and_another_is_not(world: World):
    assert ok(await world.client.get("/readyz"), 200) == {"database": True, "migrations": True, "zones": True}
    await world.run("COMMENT ON SCHEMA rules IS 'older'")
    assert ok(await world.client.get("/readyz"), 503) == {"database": True, "migrations": False, "zones": True}
