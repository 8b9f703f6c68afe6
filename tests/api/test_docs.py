"""The docs page works with no internet."""

import re

import httpx


async def test_everything_that_the_page_needs_is_served_from_here(client: httpx.AsyncClient):
    page = await client.get("/docs", headers={"Accept": "text/html"})
    assert page.headers["Content-Type"].startswith("text/html")
    needed = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(needed) == 4
    for path in needed:
        assert path.startswith("/docs/")
        assert (await client.get(path)).status_code == 200
    assert "/openapi.json" in (await client.get("/docs/start.js")).text
