"""Idempotency-Key: the same request twice changes something once."""

import asyncio
from datetime import timedelta

import asyncpg
import httpx
import pytest
from calls import Organisation, World, ok

from api.app import create_app

BODY = {"name": "kiosk", "role": "member"}
EVENING = ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")


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
async def test_an_odd_key_is_refused_and_so_it_is_in_a_dry_run(world: World, name: str):
    group = await world.organisation()
    hall = await world.asset(await world.organisation())
    tried = {"asset_id": hall["id"], "periods": [{"starts_at": EVENING[0], "ends_at": EVENING[1]}], "dry_run": True}
    for path, body in (("/tokens", BODY), ("/bookings", tried)):
        [fault] = ok(await group.post(path, body, **key(name)), 422)["errors"]
        assert fault["pointer"] == "Idempotency-Key"


async def test_two_keys_in_one_request_are_no_key(world: World):
    group = await world.organisation()
    headers = [("Authorization", f"Bearer {group.token}"), ("Idempotency-Key", "one"), ("Idempotency-Key", "two")]
    refused = await world.client.post("/v1/tokens", json=BODY, headers=headers)
    assert ok(refused, 422)["errors"][0]["pointer"] == "Idempotency-Key"


async def test_a_token_that_has_ended_learns_nothing_of_a_key(world: World):
    group = await world.organisation()
    kiosk = await group.as_role("admin")
    ok(await kiosk.post("/tokens", BODY, **key("k")), 201)
    ok(await group.delete(f"/tokens/{ok(await kiosk.get('/me'), 200)['token']['id']}"), 204)
    before = await world.stored()
    for sent, name in ((BODY, "k"), ({**BODY, "role": "admin"}, "k"), (BODY, "new")):
        assert ok(await kiosk.post("/tokens", sent, **key(name)), 401)["type"] == "/problems/token-revoked"
    assert await world.stored() == before


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


async def test_a_booking_is_answered_as_it_was_even_when_it_has_been_cancelled(world: World):
    owner, group, other = [await world.organisation() for _ in range(3)]
    hall = await world.asset(owner)
    body = {"asset_id": hall["id"], "periods": [{"starts_at": EVENING[0], "ends_at": EVENING[1]}]}
    first = await group.post("/bookings", body, **key("k"))
    booking = ok(first, 201)
    assert ok(await group.post("/bookings", {**body, "units": 2}, **key("k")), 422)["type"] == "/problems/key-reused"
    cancel = f"/bookings/{booking['id']}/cancel"
    cancelled = await group.post(cancel, {"all": True}, **key("k"))  # another path: the same key is another
    assert ok(cancelled, 200)["state"] == "ended"
    ok(await other.post("/bookings", body, **key("k")), 201)
    for path, sent, answer in (("/bookings", body, first), (cancel, {"all": True}, cancelled)):
        again = await group.post(path, sent, **key("k"))
        assert (again.status_code, again.content) == (answer.status_code, answer.content)
        assert again.headers["ETag"] == answer.headers["ETag"]
        assert again.headers["Idempotent-Replayed"] == "true"
    assert len(ok(await group.get("/bookings"), 200)["items"]) == 1


async def test_a_dry_run_and_a_refused_booking_leave_the_key_free(world: World):
    owner, group, other = [await world.organisation() for _ in range(3)]
    hall = await world.asset(owner)
    body = {"asset_id": hall["id"], "periods": [{"starts_at": EVENING[0], "ends_at": EVENING[1]}]}
    ok(await group.post("/bookings", {**body, "dry_run": True}, **key("k")), 200)
    first = ok(await other.book(hall, EVENING), 201)
    ok(await group.post("/bookings", body, **key("k")), 409)
    ok(await other.cancel(first), 200)
    made = await group.post("/bookings", body, **key("k"))
    assert ok(made, 201)["state"] == "confirmed"
    assert "Idempotent-Replayed" not in made.headers
    tried = await group.post("/bookings", {**body, "dry_run": True}, **key("k"))
    assert "Idempotent-Replayed" not in tried.headers
    assert ok(tried, 409)["type"] == "/problems/not-bookable"


async def test_another_process_answers_it_again_after_the_first_has_gone(world: World, app, clock):
    """As after a crash between the commit and the answer: all that is left is what the database has."""
    owner, group = await world.organisation(), await world.organisation()
    hall = await world.asset(owner)
    body = {"asset_id": hall["id"], "periods": [{"starts_at": EVENING[0], "ends_at": EVENING[1]}]}
    first = await group.post("/bookings", body, **key("k"))
    other = create_app()
    other.state.clock = clock
    async with other.lifespan():
        transport = httpx.ASGITransport(other, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://fallow") as client:
            elsewhere = Organisation(client, group.body, group.token)
            again = await elsewhere.post("/bookings", body, **key("k"))
    assert (ok(again, 201), again.headers["ETag"]) == (ok(first, 201), first.headers["ETag"])
    assert again.headers["Idempotent-Replayed"] == "true"


async def test_what_a_key_answers_is_the_organisations_whichever_of_its_tokens_asks(world: World):
    owner, group = await world.organisation(), await world.organisation()
    hall = await world.asset(owner)
    body = {"asset_id": hall["id"], "periods": [{"starts_at": EVENING[0], "ends_at": EVENING[1]}]}
    first = await group.post("/bookings", body, **key("k"))
    again = await (await group.as_role("member")).post("/bookings", body, **key("k"))
    assert ok(again, 201) == ok(first, 201)
    assert (
        ok(await world.client.post("/v1/bookings", json=body, **key("k")), 401)["type"] == "/problems/unauthenticated"
    )
