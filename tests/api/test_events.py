"""The feed: nothing missed, in an order that commits cannot upset."""

import uuid_utils.compat
from calls import World, ok, pointers

import db.events
from db.connection import connect

ANOTHER = "0190b0d0-0000-7000-8000-000000000000"


async def test_a_feed_is_followed_without_missing_a_change_that_commits_late(world: World, clock):
    group = await world.organisation()
    first = ok(await group.get("/events"), 200)
    assert [each["type"] for each in first["items"]] == ["organisation.registered"]
    late = await connect(world.database)
    change = {"object_kind": "site", "owner_id": group.id, "version": 1, "before": None, "after": None}
    change |= {"caller": None, "now": clock.now, "request_id": None}
    transaction = late.transaction()
    await transaction.start()
    await db.events.append(late, type="site.late", object_id=uuid_utils.compat.uuid7(), **change)
    await group.as_role("member")
    meanwhile = ok(await group.get("/events", after=first["next"]), 200)
    assert meanwhile["items"] == []
    await transaction.commit()
    await late.close()
    last = ok(await group.get("/events", after=meanwhile["next"]), 200)
    assert [each["type"] for each in last["items"]] == ["site.late", "token.created"]
    assert ok(await group.get("/events", after=last["next"]), 200) == {"items": [], "next": last["next"]}


async def test_a_feed_is_paged_and_of_ones_own(world: World):
    group, stranger = await world.organisation(), await world.organisation()
    for role in ("member", "manager"):
        await group.as_role(role)
    seen, after = [], {}
    for _ in range(3):
        page = await group.get("/events", limit=1, **after)
        seen += [each["type"] for each in ok(page, 200)["items"]]
        after = {"after": page.json()["next"]}
        assert f"after={after['after']}" in page.headers["Link"]
    assert seen == ["organisation.registered", "token.created", "token.created"]
    assert len(ok(await stranger.get("/events"), 200)["items"]) == 1
    assert ok(await stranger.get("/events", **after), 422)["type"] == "/problems/cursor-mismatch"


async def test_an_empty_place_is_not_the_beginning(world: World):
    """Who lost its place is told so, and does not act on everything again."""
    group = await world.organisation()
    assert pointers(await group.get("/events", after="")) == ["?after"]
    assert pointers(await group.get("/waiting", cursor="")) == ["?cursor"]


async def test_a_feed_that_began_anew_says_so(world: World):
    group = await world.organisation()
    after = ok(await group.get("/events"), 200)["next"]
    await world.run("UPDATE service SET epoch = $1", ANOTHER)
    refused = ok(await group.get("/events", after=after), 422)
    assert (refused["type"], refused["errors"][0]["pointer"]) == ("/problems/cursor-invalid", "?after")
