"""Queries: nothing unknown, nothing twice, nothing half right."""

import re
from typing import Any

import httpx
import pytest
from calls import World, ok

from api import operations
from api.app import create_app
from api.settings import Settings
from domain import permissions, tokens

SETTINGS = Settings(database_url="", database_read_url="")
NOBODY = "0190b0d0-0000-7000-8000-000000000000"


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


async def test_null_is_no_word_of_a_filter(client: httpx.AsyncClient):
    problem = ok(await client.get("/v1/assets?kind=null"), 422)
    assert problem["errors"] == [
        {"pointer": "?kind", "detail": '"null" is none of space, vehicle, equipment, people.'},
    ]


async def test_query_body_and_key_are_told_at_once(world: World):
    group = await world.organisation()
    answer = await group.post("/tokens?colour=red", {"name": "kiosk"}, headers={"Idempotency-Key": "\x01"})
    assert ok(answer, 422)["errors"] == [
        {"pointer": "?colour", "detail": "There is no such parameter; none is taken here."},
        {"pointer": "#/role", "detail": "It is required: one of member, manager, admin."},
        {
            "pointer": "Idempotency-Key",
            "detail": "Expected 1 to 255 printable ASCII characters, such as a UUID made for this request.",
        },
    ]


@pytest.mark.parametrize("ended", ["unknown", "revoked", "expired"])
async def test_a_token_that_counts_no_more_is_told_before_what_is_wrong_with_the_request(
    world: World, clock: Any, ended: str
):
    group = await world.organisation()
    kiosk = await group.as_role("admin")
    if ended == "revoked":
        ok(await kiosk.delete(f"/tokens/{ok(await kiosk.get('/me'), 200)['token']['id']}"), 204)
    if ended == "expired":
        await world.run("UPDATE tokens SET expires_at = $2 WHERE hash = $1", tokens.digest(kiosk.token), clock.now)
    token = tokens.make() if ended == "unknown" else kiosk.token
    slugs = {"unknown": "unauthenticated", "revoked": "token-revoked", "expired": "token-expired"}
    for operation in operations.find(create_app(SETTINGS)):
        sent = {"headers": {"Authorization": f"Bearer {token}"}, "params": {"nonsense": 1}}
        path = re.sub("{.*?}", NOBODY, operation.path)
        answer = await world.client.request(operation.method, path, **sent, json={"nonsense": 1})
        assert ok(answer, 401)["type"] == f"/problems/{slugs[ended]}", operation.name
        if operation.body:
            assert ok(await world.client.request(operation.method, path, **sent, content=b"{}"), 415)
            sent["headers"]["Content-Type"] = "application/json"
            assert ok(await world.client.request(operation.method, path, **sent, content=b"{"), 400)


async def test_who_sends_no_token_is_turned_away_first_where_one_is_needed(client: httpx.AsyncClient):
    for operation in operations.find(create_app(SETTINGS)):
        path = re.sub("{.*?}", NOBODY, operation.path)
        answer = await client.request(operation.method, path, params={"nonsense": 1}, content=b"{")
        needed = not permissions.TABLE[operation.name].nobody
        assert answer.status_code == (401 if needed else 415 if operation.body else 422), operation.name
        headers = {"Authorization": "Bearer fallow_forged"}
        forged = await client.request(operation.method, path, params={"nonsense": 1}, content=b"{", headers=headers)
        assert ok(forged, 401)["type"] == "/problems/unauthenticated"
        assert forged.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("accept", ["*/*", "application/*", "application/json;q=0.1, text/html"])
async def test_a_form_that_we_have_is_answered(client: httpx.AsyncClient, accept: str):
    ok(await client.get("/v1/organisations", headers={"Accept": accept}), 200)


async def test_a_form_that_we_lack_is_not_acceptable(client: httpx.AsyncClient):
    ok(await client.get("/v1/organisations", headers={"Accept": "text/html"}), 406)
