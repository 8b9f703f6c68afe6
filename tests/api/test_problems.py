"""Refusals as problems: every one has a status, a title, a page; none says what is ours."""

import json
import re
from html import unescape

import asyncpg
import httpx
import msgspec
import pytest
from calls import World, ok
from jsonschema_rs import Draft202012Validator

import db.organisations
import db.tokens
from api import problem_pages, problems
from domain import bookings, errors
from domain.errors import Refused


def every(kind: type[Refused]) -> set[type[Refused]]:
    return {kind, *(each for child in kind.__subclasses__() for each in every(child))}


def test_every_refusal_has_a_status_and_a_page():
    ours = {kind for kind in every(Refused) if kind.__module__ == errors.__name__} - {Refused}
    assert set(problems.STATUS) == ours
    assert set(problem_pages.PAGES) == set(problems.BY_SLUG)
    assert len(problems.BY_SLUG) == len(ours)


def test_a_detail_never_repeats_the_title():
    for kind in problems.STATUS:
        assert kind.title().endswith(".")
        assert kind.usual.endswith(".")
        assert kind.usual != kind.title()


async def test_every_problem_has_its_page_with_an_example_and_the_way_out(client: httpx.AsyncClient):
    listed = (await client.get("/problems")).text
    for slug, kind in problems.BY_SLUG.items():
        answer = await client.get(f"/problems/{slug}", headers={"Accept": "text/html"})
        assert answer.status_code == 200
        text = unescape(answer.text)
        assert f"<h1>{kind.title()}</h1>" in text
        assert all(f"<li>{step}</li>" in text for step in problem_pages.PAGES[slug].steps)
        assert json.loads(text.split("<h2>An answer</h2><pre>")[1].split("</pre>")[0]) == problem_pages.example(kind)
        assert 'href="/docs"' in text
        assert f'href="/problems/{slug}"' in listed
    assert (await client.get("/problems/no-such")).status_code == 404


async def test_the_example_of_every_problem_is_one_that_the_contract_allows(client: httpx.AsyncClient):
    """The faults of a page's example are given where the problem names faults, and only there."""
    components = (await client.get("/openapi.json")).json()["components"]
    published = [name for name in components["schemas"] if name.endswith("Problem")]
    for slug, kind in problems.BY_SLUG.items():
        example = problem_pages.example(kind)
        assert set(msgspec.convert(example, problems.Problem).__struct_fields__) <= set(example)
        for name in published:
            if example["type"] in components["schemas"][name]["properties"]["type"]["enum"]:
                schema = {"$ref": f"#/components/schemas/{name}", "components": components}
                assert [each.message for each in Draft202012Validator(schema).iter_errors(example)] == []
                assert set(example) <= set(components["schemas"][name]["properties"])
        for refusal in example.get("occurrences", []):
            msgspec.convert(refusal, bookings.Refusal)
        names_faults = issubclass(kind, errors.Invalid | errors.NotPublishable)
        assert (slug, bool(example["errors"])) == (slug, names_faults)


async def test_the_way_in_is_found_from_the_root(client: httpx.AsyncClient):
    page = await client.get("/")
    assert page.status_code == 200
    links = {unescape(each) for each in re.findall(r'href="(/[^"]*)"', page.text)}
    assert {"/docs", "/docs/tour", "/openapi.json", "/problems", "/v1/search?postcode=M33&limit=3"} <= links
    for link in links:
        assert (await client.get(link)).status_code == 200


async def test_a_problem_says_what_the_contract_says(client: httpx.AsyncClient):
    answer = await client.get("/v1/organisations/nobody", headers={"X-Request-Id": "mine"})
    assert ok(answer, 404) == {
        "type": "/problems/not-found",
        "title": "There is nothing here that the caller may know of.",
        "status": 404,
        "detail": "There is no such organisation, or it is private to others.",
        "instance": "/v1/organisations/nobody",
        "request_id": "mine",
        "errors": [],
    }
    assert answer.headers["X-Request-Id"] == "mine"


async def test_a_wrong_method_is_told_the_right_ones(client: httpx.AsyncClient):
    answer = await client.delete("/v1/organisations")
    assert ok(answer, 405)["type"] == "/problems/method-not-allowed"
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
    assert answer.json()["detail"] == "It takes GET, HEAD, OPTIONS, POST, and not DELETE."


async def test_an_address_that_is_none_is_not_found(client: httpx.AsyncClient):
    for path in ("/v1", "/v1/nothing", "/v2/organisations", "/v1/tokens/no-uuid"):
        problem = ok(await client.get(path), 404)
        assert problem["type"] == "/problems/not-found"
        assert problem["detail"].startswith("There is no such address; /docs has those that there are. An id in one is")


@pytest.mark.parametrize(
    ("failure", "status", "slug"),
    [
        (RuntimeError("secret words"), 500, "internal"),
        (asyncpg.DataError("secret words"), 500, "internal"),
        (asyncpg.LockNotAvailableError("secret words"), 503, "overloaded"),
        (asyncpg.ConnectionDoesNotExistError("secret words"), 503, "overloaded"),
        (asyncpg.AdminShutdownError("secret words"), 503, "overloaded"),
        (asyncpg.DeadlockDetectedError("secret words"), 503, "overloaded"),
        (asyncpg.DiskFullError("secret words"), 503, "overloaded"),
        (asyncpg.InternalClientError("secret words"), 503, "overloaded"),
    ],
)
async def test_what_nobody_foresaw_says_nothing_of_ours(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, failure: Exception, status: int, slug: str
):
    async def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(db.organisations, "find", fail)
    answer = await client.get("/v1/organisations/any")
    assert ok(answer, status)["type"] == f"/problems/{slug}"
    assert "secret" not in answer.text
    assert ("Retry-After" in answer.headers) == (status == 503)


async def test_a_pool_with_no_free_connection_is_told_as_such(app, world: World):
    group = await world.organisation()
    held = [await app.state.writing.acquire() for _ in range(app.state.writing.get_max_size())]
    try:
        answer = await group.post("/tokens", {"name": "one", "role": "member"})
    finally:
        for each in held:
            await app.state.writing.release(each)
    assert ok(answer, 503)["type"] == "/problems/overloaded"
    assert answer.headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (asyncpg.DiskFullError, "Nothing was changed; "),
        (asyncpg.ConnectionDoesNotExistError, "The database went away, and it is not known whether "),
    ],
)
async def test_where_the_connection_breaks_nobody_claims_that_nothing_was_changed(
    world: World, monkeypatch: pytest.MonkeyPatch, failure: type[Exception], said: str
):
    async def fail(*_: object, **__: object) -> None:
        raise failure

    group = await world.organisation()
    monkeypatch.setattr(db.tokens, "insert", fail)
    problem = ok(await group.post("/tokens", {"name": "one", "role": "member"}), 503)
    assert problem["detail"].startswith(said)
    assert "same Idempotency-Key" in problem["detail"]
