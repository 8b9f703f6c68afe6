"""Claims: what owners owe and bookers are owed, each to these two alone."""

from typing import Any

from calls import Organisation, World, ok

RECALLABLE = {"recallable": True}


def hour(day: int) -> tuple[str, str]:
    return (f"2027-07-{day:02}T18:00:00Z", f"2027-07-{day:02}T19:00:00Z")


async def recalled(owner: Organisation, booker: Organisation, asset: dict[str, Any], *days: int) -> dict[str, Any]:
    booking = ok(await booker.book(asset, *map(hour, days)), 201)
    return ok(await owner.post(f"/bookings/{booking['id']}/recall", {"all": True}), 200)


async def test_a_claim_is_seen_by_its_owner_and_its_booker(world: World):
    owner, group, stranger = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner, terms=RECALLABLE)
    booking = await recalled(owner, group, asset, 5)
    claims = ok(await group.get("/claims"), 200)
    assert claims == {
        "items": [
            {
                "id": claims["items"][0]["id"],
                "owner_id": owner.id,
                "booker_id": group.id,
                "asset_id": asset["id"],
                "booking_id": booking["id"],
                "occurrence_id": booking["occurrences"][0]["id"],
                "minutes": 60,
                "state": "open",
                "created_at": "2027-01-04T09:00:00Z",
                "updated_at": "2027-01-04T09:00:00Z",
            }
        ],
        "next": None,
    }
    assert ok(await owner.get("/claims"), 200) == claims
    assert ok(await stranger.get("/claims"), 200)["items"] == []
    ok(await world.client.get("/v1/claims"), 401)


async def test_claims_are_listed_newest_first_each_once_by_owner_booker_and_state(world: World):
    owner, group = await world.organisation(), await world.organisation()
    halls = [await world.asset(each, terms=RECALLABLE) for each in (owner, group)]
    await recalled(owner, group, halls[0], 5, 6, 7)
    await recalled(group, owner, halls[1], 5)
    await recalled(owner, owner, halls[0], 8)
    every = ok(await owner.get("/claims", limit=100), 200)["items"]
    ids = [each["id"] for each in every]
    assert (len(ids), ids) == (5, sorted(ids, reverse=True))
    walked, cursor = [], None
    while True:
        page = ok(await owner.get("/claims", limit=2, **({"cursor": cursor} if cursor else {})), 200)
        walked += page["items"]
        if not (cursor := page["next"]):
            break
    assert walked == every

    async def count(who: Organisation, **filters: str) -> int:
        return len(ok(await who.get("/claims", **filters), 200)["items"])

    assert await count(owner, owner_id=owner.id) == 4
    assert await count(owner, booker_id=owner.id) == 2
    assert await count(group, booker_id=owner.id) == 1
    assert await count(group) == 4
    assert (await count(owner, state="open"), await count(owner, state="made_good")) == (5, 0)
