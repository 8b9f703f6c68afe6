"""What Prometheus is told: every request by operation and status, the pools, bookings and why periods were refused."""

import httpx
import pytest
from calls import World, ok
from prometheus_client.parser import text_string_to_metric_families

pytestmark = pytest.mark.anyio
EVENING = ("2027-02-02T18:00:00Z", "2027-02-02T20:00:00Z")


async def counted(client: httpx.AsyncClient) -> dict[tuple[str, ...], float]:
    """Each sample, by its name and the values of its labels."""
    answer = await client.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    families = text_string_to_metric_families(answer.text)
    return {(each.name, *each.labels.values()): each.value for family in families for each in family.samples}


async def test_requests_bookings_and_refusals_are_counted_once(world: World):
    owner, group = await world.organisation(kind="council"), await world.organisation()
    hall = await world.asset(owner)
    body = {"asset_id": hall["id"], "periods": [{"starts_at": EVENING[0], "ends_at": EVENING[1]}]}
    before = await counted(world.client)
    for _ in range(2):  # the second is the first answer again
        ok(await group.post("/bookings", body, headers={"Idempotency-Key": "once"}), 201)
    ok(await group.post("/bookings", body), 409)
    ok(await group.get("/bookings/none"), 404)
    after = await counted(world.client)
    grown = {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}
    expected = {
        ("fallow_requests_total", "bookAsset", "201"): 2,
        ("fallow_requests_total", "bookAsset", "409"): 1,
        ("fallow_requests_total", "none", "404"): 1,
        ("fallow_request_seconds_count", "bookAsset"): 3,
        ("fallow_bookings_total",): 1,
        ("fallow_refusals_total", "taken"): 1,
    }
    assert {name: grown.get(name) for name in expected} == expected


async def test_pools_are_watched(client: httpx.AsyncClient):
    found = await counted(client)
    assert {name[1:] for name in found if name[0] == "fallow_pool_connections"} == {
        (pool, state) for pool in ("writing", "reading") for state in ("idle", "busy")
    }
