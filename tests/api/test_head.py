"""HEAD is GET without the body; OPTIONS says what an address takes."""

import io
import json

import httpx
import pytest
from calls import World, ok

from db.logs import Lines


@pytest.mark.parametrize(
    "path", ["/v1/organisations", "/v1/categories", "/healthz", "/docs", "/openapi.json", "/v1/me"]
)
async def test_head_is_get_without_the_body(client: httpx.AsyncClient, path: str):
    headers = {"X-Request-Id": "mine", "Origin": "https://elsewhere.example"}
    get, head = await client.get(path, headers=headers), await client.head(path, headers=headers)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers == get.headers
    assert int(head.headers["Content-Length"]) == len(get.content) > 0


async def test_head_heeds_what_get_heeds(world: World):
    group = await world.organisation()
    path = f"/organisations/{group.id}"
    known = (await group.send("HEAD", path)).headers["ETag"]
    assert known == (await group.get(path)).headers["ETag"]
    assert (await group.send("HEAD", path, headers={"If-None-Match": known})).status_code == 304
    assert (await group.send("HEAD", "/organisations/nobody")).status_code == 404
    assert (await group.send("HEAD", "/search?lon=0")).status_code == 422


async def test_a_head_is_logged_under_its_own_name(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch):
    written = io.StringIO()
    monkeypatch.setattr(Lines, "stream", written)
    await client.head("/v1/organisations/nobody")
    [line] = map(json.loads, written.getvalue().splitlines())
    assert (line["method"], line["path"], line["status"]) == ("HEAD", "/v1/organisations/{id_or_slug}", 404)


async def test_what_has_no_get_has_no_head(world: World):
    group = await world.organisation()
    refused = await group.send("HEAD", f"/assets/{group.id}/publish")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "OPTIONS, POST")


async def test_options_says_what_an_address_takes(client: httpx.AsyncClient):
    for headers in ({}, {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}):
        answer = await client.options("/v1/organisations", headers=headers)
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert ok(await client.options("/v1/nothing"), 404)["type"] == "/problems/not-found"
