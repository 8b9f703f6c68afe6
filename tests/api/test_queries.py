"""Queries: nothing unknown, nothing twice, nothing half right."""

import httpx
import pytest
from calls import ok


@pytest.mark.parametrize(
    ("query", "pointers"),
    [
        ("limit=0", ["?limit"]),
        ("limit=101&kind=club&colour=red", ["?limit", "?kind", "?colour"]),
        ("limit=5&limit=6", ["?limit"]),
        ("limit=", ["?limit"]),
        ("limit=nan", ["?limit"]),
        ("limit=5.5", ["?limit"]),
        ("q=a%00b", ["?q"]),
        ("q=", ["?q"]),
        ("cursor=forged", ["?cursor"]),
    ],
)
async def test_every_fault_of_a_query_is_told_at_once(client: httpx.AsyncClient, query: str, pointers: list[str]):
    problem = ok(await client.get(f"/v1/organisations?{query}"), 422)
    assert [each["pointer"] for each in problem["errors"]] == pointers


async def test_a_query_that_is_no_utf8_is_malformed(client: httpx.AsyncClient):
    assert ok(await client.get("/v1/organisations?q=%ff"), 400)["type"] == "/problems/malformed"


async def test_the_character_nul_is_nowhere_found(client: httpx.AsyncClient):
    assert ok(await client.get("/v1/organisations/a%00b"), 404)["type"] == "/problems/not-found"


async def test_nobody_is_turned_away_before_the_query_is_looked_at(client: httpx.AsyncClient):
    answer = await client.get("/v1/tokens?colour=red")
    assert ok(answer, 401)["type"] == "/problems/unauthenticated"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("accept", ["*/*", "application/*", "application/json;q=0.1, text/html"])
async def test_a_form_that_we_have_is_answered(client: httpx.AsyncClient, accept: str):
    ok(await client.get("/v1/organisations", headers={"Accept": accept}), 200)


async def test_a_form_that_we_lack_is_not_acceptable(client: httpx.AsyncClient):
    ok(await client.get("/v1/organisations", headers={"Accept": "text/html"}), 406)
