"""Refusals as problems: every one has a status, a title, a page; none says what is ours."""

import asyncpg
import httpx
import pytest
from calls import World, ok

import db.organisations
from api import problem_pages, problems
from domain import errors
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


async def test_every_problem_has_its_page(client: httpx.AsyncClient):
    for slug, kind in problems.BY_SLUG.items():
        page = await client.get(f"/problems/{slug}", headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert kind.title() in page.text.replace("&#x27;", "'")
    assert (await client.get("/problems/no-such")).status_code == 404


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
    for path in ("/", "/v1", "/v1/nothing", "/v2/organisations", "/v1/tokens/no-uuid"):
        assert ok(await client.get(path), 404)["type"] == "/problems/not-found"


@pytest.mark.parametrize(
    ("failure", "status", "slug"),
    [
        (RuntimeError("secret words"), 500, "internal"),
        (asyncpg.DataError("secret words"), 500, "internal"),
        (asyncpg.LockNotAvailableError("secret words"), 503, "overloaded"),
        (asyncpg.ConnectionDoesNotExistError("secret words"), 503, "overloaded"),
        (asyncpg.AdminShutdownError("secret words"), 503, "overloaded"),
        (asyncpg.DeadlockDetectedError("secret words"), 503, "overloaded"),
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
