"""The owner's queue: what waits for it to decide, and what it weighs before it does."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from calls import Organisation, World, ok

APPROVAL = {"approval": True}


def evening(day: int, hours: int = 2) -> tuple[str, str]:
    return f"2027-07-{day:02}T18:00:00Z", f"2027-07-{day:02}T{18 + hours}:00:00Z"


async def queue(owner: Organisation, **params: Any) -> list[dict[str, Any]]:
    wanted = {"owner_id": owner.id, "state": "pending", "order": "oldest", **params}
    return ok(await owner.get("/bookings", **wanted), 200)["items"]


def weighed(bookings: int, minutes: int) -> dict[str, Any]:
    return {"booker_has": {"bookings": bookings, "minutes": minutes}, "waiting": 0}


async def test_the_queue_is_what_waits_oldest_first_and_nothing_else(world: World, clock):
    owner, group, other = [await world.organisation() for _ in range(3)]
    kitchen, hall = await world.asset(owner, terms=APPROVAL), await world.asset(owner, terms=APPROVAL)
    open_to_all = await world.asset(owner)
    first = ok(await group.repeat(kitchen, *evening(1), 3), 201)
    ok(await group.book(open_to_all, evening(1)), 201)
    second = ok(await other.book(hall, evening(2)), 201)
    third = ok(await group.book(hall, evening(3)), 201)
    declined = ok(await other.book(hall, evening(4)), 201)
    ok(await owner.post(f"/bookings/{declined['id']}/decline", {"all": True}), 200)
    some = {"occurrence_ids": [first["occurrences"][0]["id"]]}
    ok(await owner.post(f"/bookings/{first['id']}/approve", some), 200)

    async def ids(**params: Any) -> list[str]:
        return [each["id"] for each in await queue(owner, **params)]

    waiting = [each["id"] for each in (first, second, third)]
    assert await ids() == waiting
    assert await ids(order="newest") == waiting[::-1]
    assert await ids(asset_id=hall["id"]) == waiting[1:]
    assert await ids(asset_id=hall["id"], booker_id=group.id) == waiting[2:]
    assert await ids(starts_at=evening(2)[1]) == [waiting[0], waiting[2]]
    page = ok(await owner.get("/bookings", state="pending", order="oldest", limit=2), 200)
    rest = ok(await owner.get("/bookings", state="pending", order="oldest", limit=2, cursor=page["next"]), 200)
    assert [each["id"] for each in page["items"] + rest["items"]] == waiting
    mine = ok(await group.get("/bookings", state="pending", order="oldest"), 200)["items"]
    assert [each["id"] for each in mine] == [waiting[0], waiting[2]]
    clock.now += timedelta(hours=72)
    assert await ids() == []


async def test_each_request_says_what_its_booker_has_of_this_owner_already(world: World):
    owner, elsewhere, group, other = [await world.organisation() for _ in range(4)]
    free = await world.asset(owner, units=3)
    approved = await world.asset(owner, terms=APPROVAL)
    ok(await group.book(free, evening(1), evening(2, hours=1), units=2), 201)
    ok(await group.book(free, evening(3), hold=True), 201)
    ended = ok(await group.book(free, evening(5)), 201)
    ok(await group.cancel(ended), 200)
    ok(await group.book(await world.asset(elsewhere), evening(1)), 201)
    ok(await other.book(approved, evening(7)), 201)
    ok(await group.book(approved, evening(8)), 201)
    ok(await group.book(approved, evening(9, hours=1)), 201)
    has = 2 * (120 + 60) + 120
    assert [each["request"] for each in await queue(owner)] == [
        weighed(0, 0),
        weighed(3, has + 60),
        weighed(3, has + 120),
    ]


async def test_what_is_over_is_not_had_any_more_and_of_what_goes_on_only_the_rest(world: World, clock):
    owner, group = await world.organisation(), await world.organisation()
    free, approved = await world.asset(owner), await world.asset(owner, terms={**APPROVAL, "approval_hours": 8784})
    ok(await group.book(free, evening(1), evening(2)), 201)
    ok(await group.book(approved, evening(9)), 201)
    for then, expected in [
        (evening(1)[0], weighed(1, 240)),
        ("2027-07-01T18:30:00Z", weighed(1, 210)),
        (evening(1)[1], weighed(1, 120)),
        (evening(2)[1], weighed(0, 0)),
    ]:
        clock.now = datetime.fromisoformat(then)
        assert [each["request"] for each in await queue(owner)] == [expected]


@pytest.mark.parametrize("role", ["member", "manager"])
async def test_only_the_owners_staff_are_told_and_only_while_it_waits(world: World, role: str):
    owner, group = await world.organisation(), await world.organisation()
    asked = ok(await group.book(await world.asset(owner, terms=APPROVAL), evening(1)), 201)
    assert [each["request"] for each in await queue(await owner.as_role(role))] == [weighed(0, 0)]
    assert [each["request"] for each in ok(await group.get("/bookings"), 200)["items"]] == [None]
    approved = ok(await owner.post(f"/bookings/{asked['id']}/approve", {"all": True}), 200)
    assert ok(await owner.get("/bookings"), 200)["items"] == [{**approved, "request": None}]


async def test_a_decision_holds_though_the_booker_came_to_have_more_meanwhile(world: World):
    """What is weighed is no part of the booking, so it changes no ETag."""
    owner, group = await world.organisation(), await world.organisation()
    asked = ok(await group.book(await world.asset(owner, terms=APPROVAL), evening(1)), 201)
    seen = await owner.get(f"/bookings/{asked['id']}")
    ok(await group.book(await world.asset(owner), evening(2)), 201)
    assert [each["request"] for each in await queue(owner)] == [weighed(1, 120)]
    headers = {"If-Match": seen.headers["ETag"]}
    ok(await owner.post(f"/bookings/{asked['id']}/approve", {"all": True}, headers=headers), 200)
