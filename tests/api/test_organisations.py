"""Organisations: register, find, look at, change."""

from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from calls import Organisation, World, ok

from api.settings import Settings

SUMMER = {"starts_at": "2027-07-05T00:00:00Z", "ends_at": "2027-09-05T00:00:00Z"}


async def test_anyone_may_register_and_is_told_a_token_once(client: httpx.AsyncClient):
    body = {"slug": "soup", "name": "Soup", "kind": "group", "identifiers": [{"scheme": "GB-CHC", "id": "1"}]}
    made = await client.post("/v1/organisations", json=body)
    answer = ok(made, 201)
    organisation, token = answer["organisation"], answer["token"]
    assert made.headers["Location"] == f"/v1/organisations/{organisation['id']}"
    assert (organisation["state"], organisation["holds"], token["role"]) == ("unverified", [], "admin")
    me = await client.get("/v1/me", headers={"Authorization": f"Bearer {token['token']}"})
    assert ok(me, 200) == {"organisation": organisation, "role": "admin", "token": {**token, "token": None}}


async def test_names_that_are_taken_are_refused(world: World):
    await world.organisation(slug="soup", identifiers=[{"scheme": "GB-CHC", "id": "1"}])
    body = {"slug": "soup", "name": "Soup", "kind": "group"}
    problem = ok(await world.client.post("/v1/organisations", json=body), 409)
    assert (problem["type"], problem["errors"]) == (
        "/problems/slug-taken",
        [{"pointer": "#/slug", "detail": "It is another organisation's."}],
    )
    body = {**body, "slug": "stew", "identifiers": [{"scheme": "GB-CHC", "id": "1"}]}
    problem = ok(await world.client.post("/v1/organisations", json=body), 409)
    assert (problem["type"], problem["errors"]) == (
        "/problems/identifier-taken",
        [{"pointer": "#/identifiers", "detail": "One of them is another organisation's."}],
    )
    assert len(ok(await world.client.get("/v1/organisations"), 200)["items"]) == 1


async def test_registration_can_be_closed(app, client: httpx.AsyncClient, database: str):
    app.state.settings = Settings(database_url=database, database_read_url=database, registration="closed")
    refused = await client.post("/v1/organisations", json={"slug": "soup", "name": "Soup", "kind": "group"})
    assert ok(refused, 403)["type"] == "/problems/forbidden"


async def test_what_is_private_is_seen_by_its_own_and_nobody_else(world: World):
    private = {"contact": {"name": "Jo"}, "holds": [{"code": "midas", "expires_on": "2028-01-31"}]}
    group, stranger = await world.organisation(**private), await world.organisation()
    own = ok(await group.get(f"/organisations/{group.id}"), 200)
    assert own["contact"] == {"name": "Jo", "email": None, "phone": None}
    assert own["holds"] == [{"code": "midas", "expires_on": "2028-01-31", "reference": None}]
    for seen in (
        ok(await stranger.get(f"/organisations/{group.body['slug']}"), 200),
        ok(await world.client.get(f"/v1/organisations/{group.id}"), 200),
        ok(await world.client.get("/v1/organisations"), 200)["items"][1],
    ):
        assert seen == {**own, "contact": None, "holds": None, "record": None}


async def test_a_list_shows_every_row_once(world: World):
    made = [(await world.organisation()).id for _ in range(5)]
    seen, path = [], "/v1/organisations?limit=2"
    for size in (2, 2, 1):
        page = await world.client.get(path)
        assert len(ok(page, 200)["items"]) == size
        seen += [each["id"] for each in page.json()["items"]]
        if page.json()["next"]:
            path = page.headers["Link"].removeprefix("<").removesuffix('>; rel="next"')
            await world.organisation()
    assert page.json()["next"] is None
    assert "Link" not in page.headers
    assert seen == made[::-1]


async def test_a_list_is_filtered_and_its_cursor_knows(world: World):
    for name in ("North Hall", "South Hall", "Kitchen"):
        await world.organisation(name=name, kind="council")
    page = ok(await world.client.get("/v1/organisations", params={"q": "hALL", "kind": "council", "limit": 1}), 200)
    assert [each["name"] for each in page["items"]] == ["South Hall"]
    other = await world.client.get("/v1/organisations", params={"q": "Kitchen", "cursor": page["next"]})
    assert ok(other, 422)["type"] == "/problems/cursor-mismatch"


@pytest.mark.parametrize(("role", "status"), [("member", 403), ("manager", 403), ("admin", 200)])
async def test_only_admins_change_their_organisation(world: World, role: str, status: int):
    group = await world.organisation()
    caller = await group.as_role(role)
    ok(await caller.patch(f"/organisations/{group.id}", {"name": "New"}), status)


async def test_a_change_is_answered_as_get_answers_it_and_leaves_an_event_without_texts(world: World):
    group = await world.organisation(verified=False, name="Old", kind="group")
    changed = await group.patch(f"/organisations/{group.body['slug']}", {"name": "New", "kind": "charity"})
    again = await group.get(f"/organisations/{group.id}")
    assert (ok(again, 200), again.headers["ETag"]) == (ok(changed, 200), changed.headers["ETag"])
    [event] = [each for each in ok(await group.get("/events"), 200)["items"] if each["type"] == "organisation.updated"]
    assert (event["before"], event["after"]) == ({"kind": "group"}, {"kind": "charity", "texts": ["name"]})
    assert event["object"] == {"kind": "organisation", "id": group.id, "version": 2}
    assert event["request_id"] == changed.headers["X-Request-Id"]


@pytest.mark.parametrize("change", [{"kind": "charity"}, {"identifiers": []}])
async def test_what_was_verified_is_the_operators_to_change(world: World, change: dict[str, Any]):
    identifiers = [{"scheme": "GB-CHC", "id": "1"}, {"scheme": "GB-COH", "id": "2"}]
    group = await world.organisation(kind="group", identifiers=identifiers)
    path = f"/organisations/{group.id}"
    refused = ok(await group.patch(path, change), 409)
    assert refused["type"] == "/problems/state-does-not-allow"
    assert refused["detail"].startswith("It is verified; kind and identifiers are what the operator")
    others = {"slug": f"renamed-{group.body['slug']}", "name": "New", "identifiers": identifiers[::-1]}
    changed = ok(await group.patch(path, {**others, "kind": "group"}), 200)
    assert (changed["name"], changed["identifiers"]) == ("New", identifiers)
    await world.run("UPDATE organisations SET state = 'unverified' WHERE id = $1", group.id)
    assert ok(await group.patch(path, change), 200) == {**changed, "state": "unverified", **change}


async def test_who_may_not_change_it_does_not_wait_for_its_lock(world: World):
    group, stranger = await world.organisation(), await world.organisation()
    conn = await asyncpg.connect(world.database)
    async with conn.transaction():
        await conn.execute("SELECT FROM organisations WHERE id = $1 FOR NO KEY UPDATE", group.id)
        refused = await stranger.patch(f"/organisations/{group.body['slug']}", {"name": "Ours"})
        assert ok(refused, 403)["type"] == "/problems/forbidden"
    await conn.close()


async def test_who_registers_another_is_not_told_of_in_its_events_and_gets_the_same_answer_again(world: World):
    group = await world.organisation()
    body, key = {"slug": "stew", "name": "Stew", "kind": "group"}, {"headers": {"Idempotency-Key": "k"}}
    first = ok(await group.post("/organisations", body, **key), 201)
    stew = Organisation(world.client, first["organisation"], first["token"]["token"])
    [event] = ok(await stew.get("/events"), 200)["items"]
    assert event["actor"] == {"organisation_id": stew.id, "token_id": first["token"]["id"]}
    again = await group.post("/organisations", body, **key)
    assert ok(again, 201) == {**first, "token": {**first["token"], "token": None}}
    assert again.headers["Idempotent-Replayed"] == "true"
    assert await world.value("SELECT object_id FROM idempotency_keys") == UUID(stew.id)
    ok(await world.client.post("/v1/organisations", json=body, **key), 409)


async def test_a_change_is_refused_when_somebody_was_quicker(world: World):
    group = await world.organisation()
    seen = (await group.get(f"/organisations/{group.id}")).headers["ETag"]
    options = {"headers": {"If-Match": seen}}
    ok(await group.patch(f"/organisations/{group.id}", {"name": "One"}, **options), 200)
    refused = await group.patch(f"/organisations/{group.id}", {"name": "Two"}, **options)
    assert ok(refused, 412)["type"] == "/problems/precondition-failed"
    assert ok(await group.get(f"/organisations/{group.id}"), 200)["name"] == "One"


@pytest.mark.parametrize("state", ["suspended", "closed"])
async def test_lists_do_not_name_what_belongs_to_who_is_suspended_or_closed(world: World, state: str):
    owner, group = await world.organisation(), await world.organisation()
    site = await world.site(owner)
    asset = await world.asset(owner, site=site)
    timetable = ok(await owner.post("/timetables", {"name": "Usual", "always": True}), 201)
    closure = ok(await owner.post("/closures", {"site_id": site["id"], **SUMMER}), 201)["closure"]
    limit = ok(await owner.post("/limits", {"counts": "open_bookings", "most": 2}), 201)
    things = {"sites": site, "assets": asset, "timetables": timetable, "closures": closure, "limits": limit}
    await world.run("UPDATE organisations SET state = $2 WHERE id = $1", owner.id, state)
    for name, thing in things.items():
        assert ok(await group.get(f"/{name}"), 200) == {"items": [], "next": None}
        assert ok(await world.client.get(f"/v1/{name}"), 200) == {"items": [], "next": None}
        assert ok(await world.client.get(f"/v1/{name}/{thing['id']}"), 200)["id"] == thing["id"]
        if state == "suspended":
            assert [each["id"] for each in ok(await owner.get(f"/{name}"), 200)["items"]] == [thing["id"]]


async def test_who_is_suspended_reads_and_changes_nothing(world: World):
    group = await world.organisation()
    await world.run("UPDATE organisations SET state = 'suspended' WHERE id = $1", group.id)
    ok(await group.get("/me"), 200)
    refused = await group.patch(f"/organisations/{group.id}", {"name": "New"})
    assert ok(refused, 403)["type"] == "/problems/suspended"


@pytest.mark.parametrize("last", ["0001-01-01", "9999-12-31"])
async def test_c24_what_it_holds_may_expire_at_the_ends_of_time(world: World, last: str):
    holds = [{"code": "public_liability", "expires_on": last, "reference": None}]
    group = await world.organisation(holds=holds)
    assert group.body["holds"] == holds
    changed = ok(await group.patch(f"/organisations/{group.id}", {"holds": holds}), 200)
    assert ok(await group.get(f"/organisations/{group.id}"), 200) == changed
    assert changed["holds"] == holds
