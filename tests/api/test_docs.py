"""The pages for people work with no internet, and lead to one another."""

import re

import httpx

from api import guides

HTML = {"Accept": "text/html"}


async def test_everything_that_the_page_needs_is_served_from_here(client: httpx.AsyncClient):
    page = await client.get("/docs", headers=HTML)
    assert page.headers["Content-Type"].startswith("text/html")
    needed = re.findall(r'(?:src|link [^>]*href)="([^"]+)"', page.text)
    assert len(needed) == 4
    for path in needed:
        assert path.startswith("/docs/")
        assert (await client.get(path)).status_code == 200
    assert "/openapi.json" in (await client.get("/docs/start.js")).text


async def test_every_page_that_one_can_get_to_from_the_first_is_there(client: httpx.AsyncClient):
    seen: set[str] = set()
    ahead = {"/"}
    while ahead:
        path = ahead.pop()
        seen.add(path)
        page = await client.get(path, headers={"Accept": "text/html, application/json"})
        assert (path, page.status_code) == (path, 200)
        if page.headers["Content-Type"].startswith("text/html"):
            links = re.findall(r'href="([^"]+)"', page.text)
            ahead |= {link.replace("&amp;", "&") for link in links if not link.startswith("http")} - seen
    assert {"/docs", "/problems/not-bookable", *(f"/docs/{name}" for name in guides.GUIDES)} <= seen


async def test_a_guide_is_its_markdown_as_a_page(client: httpx.AsyncClient):
    page = (await client.get("/docs/list-a-kitchen", headers=HTML)).text
    assert "<h1>List a kitchen in four calls</h1>" in page
    assert '<a href="/docs/tour">the README\'s tour</a>' in page
    assert "<title>List a kitchen</title>" in page
    tour = (await client.get("/docs/tour", headers=HTML)).text
    assert ("<h1>A tour</h1>" in tour, "<strong>A series.</strong>" in tour, "<h2>" in tour) == (True, True, False)


async def test_a_guide_that_is_not_there_is_not_found(client: httpx.AsyncClient):
    answer = await client.get("/docs/dependencies")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
