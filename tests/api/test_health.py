"""Health and readiness."""

import httpx
from calls import ok
from conftest import Clock, calling, execute, started


async def test_a_process_that_runs_is_healthy(client: httpx.AsyncClient):
    assert ok(await client.get("/healthz"), 200) == {"status": "ok"}


async def test_a_database_at_head_with_our_zones_is_ready_and_another_is_not(clone: str, clock: Clock):
    async with started(clone, clock) as app, calling(app) as client:
        assert ok(await client.get("/readyz"), 200) == {"database": True, "migrations": True, "zones": True}
        await execute(clone, "COMMENT ON SCHEMA rules IS 'older'")
        assert ok(await client.get("/readyz"), 503) == {"database": True, "migrations": False, "zones": True}
