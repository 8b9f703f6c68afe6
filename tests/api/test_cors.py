"""Which web pages may ask."""

import httpx
from calls import World

from api.cors import Cors

PAGE = {"Origin": "https://page.example"}


async def test_any_page_reads_what_is_public_and_no_more(world: World):
    group = await world.organisation()
    public = await world.client.get("/v1/organisations", headers=PAGE)
    assert public.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in public.headers
    for other in (
        await group.send("GET", "/me", headers=PAGE),
        await world.client.post("/v1/organisations", json={}, headers=PAGE),
        await world.client.options("/v1/tokens", headers={**PAGE, "Access-Control-Request-Method": "POST"}),
    ):
        assert "Access-Control-Allow-Origin" not in other.headers


async def test_a_page_that_is_configured_may_do_everything(app):
    transport = httpx.ASGITransport(Cors(app, ["https://page.example"]))
    async with httpx.AsyncClient(transport=transport, base_url="http://fallow") as client:
        headers = {**PAGE, "Access-Control-Request-Method": "POST"}
        preflight = await client.options("/v1/tokens", headers=headers)
        assert preflight.headers["Access-Control-Allow-Origin"] == "https://page.example"
        assert "Idempotency-Key" in preflight.headers["Access-Control-Allow-Headers"]
        answer = await client.post("/v1/organisations", json={}, headers=PAGE)
        assert answer.headers["Access-Control-Allow-Origin"] == "https://page.example"
