"""Idempotency-Key: the same request twice changes something once."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest
from calls import Organisation, World, ok

BODY = {"name": "kiosk", "role": "member"}


def key(name: str) -> dict[str, dict[str, str]]:
    return {"headers": {"Idempotency-Key": name}}


async def names(group: Organisation) -> list[str]:
    return [each["name"] for each in ok(await group.get("/tokens"), 200)["items"]]


async def test_the_first_answer_comes_again_without_its_secret(world: World):
    group = await world.organisation()
    first, again = await group.post("/tokens", BODY, **key("k")), await group.post("/tokens", BODY, **key("k"))
    assert ok(again, 201) == {**ok(first, 201), "token": None}
    assert (again.headers["ETag"], again.headers["Location"]) == (first.headers["ETag"], first.headers["Location"])
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert await names(group) == ["kiosk", "First token"]


async def test_another_body_another_caller_and_another_day_are_other_requests(world: World, clock):
    group, other = await world.organisation(), await world.organisation()
    ok(await group.post("/tokens", BODY, **key("k")), 201)
    refused = await group.post("/tokens", {**BODY, "role": "admin"}, **key("k"))
    assert ok(refused, 422)["type"] == "/problems/key-reused"
    assert "Idempotent-Replayed" not in (await other.post("/tokens", BODY, **key("k"))).headers
    clock.now += timedelta(hours=47)
    assert "Idempotent-Replayed" in (await group.post("/tokens", BODY, **key("k"))).headers
    clock.now += timedelta(hours=1)
    assert "Idempotent-Replayed" not in (await group.post("/tokens", BODY, **key("k"))).headers


async def test_a_refusal_is_not_remembered(world: World, clock):
    group = await world.organisation()
    body = {**BODY, "expires_at": (clock.now - timedelta(hours=1)).isoformat()}
    ok(await group.post("/tokens", body, **key("k")), 422)
    clock.now -= timedelta(hours=2)
    assert "Idempotent-Replayed" not in (await group.post("/tokens", body, **key("k"))).headers


@pytest.mark.parametrize("name", ["", "a" * 256, "\x01", "é".encode()])
async def test_an_odd_key_is_refused(world: World, name: str):
    group = await world.organisation()
    assert ok(await group.post("/tokens", BODY, **key(name)), 422)["errors"][0]["pointer"] == "Idempotency-Key"


async def test_of_many_at_once_one_changes_something(world: World):
    group = await world.organisation()
    answers = await asyncio.gather(*(group.post("/tokens", BODY, **key("k")) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 7
    assert await names(group) == ["kiosk", "First token"]


async def test_while_the_first_runs_the_second_waits_and_gives_up(world: World):
    group = await world.organisation()
    conn = await asyncpg.connect(world.database)
    async with conn.transaction():
        await conn.execute(
            "INSERT INTO idempotency_keys VALUES ($1, 'POST', '/v1/tokens', 'k', '', 0, '{}', '', NULL, now())",
            group.id,
        )
        assert ok(await group.post("/tokens", BODY, **key("k")), 409)["type"] == "/problems/still-running"
    await conn.close()
