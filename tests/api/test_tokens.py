"""Tokens: shown once, stored hashed, refused when they should be."""

from datetime import timedelta

import httpx
import pytest
from calls import Organisation, World, ok

from domain import tokens


async def test_a_token_is_shown_once_and_stored_hashed(world: World):
    group = await world.organisation()
    made = await group.post("/tokens", {"name": "kiosk", "role": "member", "expires_at": "2027-02-01T00:00:00+01:00"})
    token = ok(made, 201)
    assert made.headers["Cache-Control"] == "no-store"
    assert tokens.is_well_formed(token["token"])
    assert token["expires_at"] == "2027-01-31T23:00:00Z"
    again = await group.get(f"/tokens/{token['id']}")
    assert (ok(again, 200), again.headers["ETag"]) == ({**token, "token": None}, made.headers["ETag"])
    listed = ok(await group.get("/tokens"), 200)["items"]
    assert listed[0] == {**token, "token": None}
    assert token["token"] not in str(listed)


@pytest.mark.parametrize(
    ("header", "slug"),
    [
        ("Bearer fallow_forged", "unauthenticated"),
        pytest.param(f"Bearer {tokens.make()}", "unauthenticated", id="one that was never given"),
        ("Basic YTpi", "unauthenticated"),
        ("Bearer", "unauthenticated"),
        ("", "unauthenticated"),
    ],
)
async def test_no_forged_token_is_taken_not_even_where_none_is_needed(
    client: httpx.AsyncClient, header: str, slug: str
):
    for path in ("/v1/me", "/v1/organisations"):
        answer = await client.get(path, headers={"Authorization": header})
        assert ok(answer, 401)["type"] == f"/problems/{slug}"


async def test_a_revoked_token_ends_at_once(world: World):
    group = await world.organisation()
    kiosk = await group.as_role("manager")
    token_id = ok(await kiosk.get("/me"), 200)["token"]["id"]
    ok(await group.delete(f"/tokens/{token_id}"), 204)
    assert ok(await kiosk.get("/me"), 401)["type"] == "/problems/token-revoked"
    ok(await group.get(f"/tokens/{token_id}"), 404)
    ok(await group.delete(f"/tokens/{token_id}"), 404)


async def test_a_token_ends_when_it_expires(world: World, clock):
    group = await world.organisation()
    expires_at = clock.now + timedelta(hours=1)
    body = {"name": "kiosk", "role": "member", "expires_at": expires_at.isoformat()}
    kiosk = Organisation(world.client, group.body, ok(await group.post("/tokens", body), 201)["token"])
    clock.now = expires_at - timedelta(microseconds=1)
    ok(await kiosk.get("/me"), 200)
    clock.now = expires_at
    assert ok(await kiosk.get("/me"), 401)["type"] == "/problems/token-expired"
    assert ok(await group.post("/tokens", body), 422)["errors"][0]["pointer"] == "#/expires_at"


@pytest.mark.parametrize("role", ["member", "manager"])
async def test_who_is_no_admin_is_told_so_of_its_own_tokens_and_nothing_of_others(world: World, role: str):
    group, stranger = await world.organisation(), await world.organisation()
    kiosk = await group.as_role(role)
    own, others = [ok(await each.get("/me"), 200)["token"]["id"] for each in (group, stranger)]
    for method in ("GET", "DELETE"):
        refused = ok(await kiosk.send(method, f"/tokens/{own}"), 403)
        assert refused["detail"] == f"This needs the role admin; the token has the role {role}."
        assert ok(await kiosk.send(method, f"/tokens/{others}"), 404)["type"] == "/problems/not-found"
    ok(await group.get(f"/tokens/{own}"), 200)


async def test_tokens_of_others_are_not_there(world: World):
    group, stranger = await world.organisation(), await world.organisation()
    token_id = ok(await group.get("/me"), 200)["token"]["id"]
    ok(await stranger.get(f"/tokens/{token_id}"), 404)
    ok(await stranger.delete(f"/tokens/{token_id}"), 404)
    assert [each["id"] for each in ok(await stranger.get("/tokens"), 200)["items"]] != [token_id]


async def test_the_day_of_use_is_noted_once_a_day(world: World, clock):
    group = await world.organisation()
    ok(await group.get("/me"), 200)
    me = await group.get("/me")
    assert ok(me, 200)["token"]["last_used_on"] == "2027-01-04"
    again = await group.get("/me")
    assert again.headers["ETag"] == me.headers["ETag"]
    clock.now += timedelta(days=1)
    ok(await group.get("/me"), 200)
    assert ok(await group.get("/me"), 200)["token"]["last_used_on"] == "2027-01-05"


async def test_tokens_of_a_closed_organisation_are_refused(world: World):
    group = await world.organisation()
    await world.run("UPDATE organisations SET state = 'closed' WHERE id = $1", group.id)
    assert ok(await group.get("/me"), 401)["type"] == "/problems/token-revoked"


async def test_making_and_ending_a_token_are_events_without_its_secret_or_name(world: World):
    group = await world.organisation()
    kiosk = await group.as_role("member")
    token_id = ok(await kiosk.get("/me"), 200)["token"]["id"]
    ok(await group.delete(f"/tokens/{token_id}"), 204)
    events = [each for each in ok(await group.get("/events"), 200)["items"] if each["object"]["id"] == token_id]
    changes = [(each["type"], each["object"]["version"]) for each in events]
    assert changes == [("token.created", 1), ("token.revoked", 2)]
    assert events[0]["after"] == {"role": "member", "expires_at": None}
    assert events[0]["actor"]["organisation_id"] == group.id
