"""Search and availability through the API: what they call free can be booked, and the walk through pages."""

from typing import Any

import pytest
from calls import MANCHESTER, World, daily, ok, weekly

EVENING = {"starts_at": "2027-07-05T18:00:00Z", "ends_at": "2027-07-05T20:00:00Z"}
HERE = {"lon": MANCHESTER[0], "lat": MANCHESTER[1]}


async def search(world: World, **params: Any) -> dict[str, Any]:
    return ok(await world.client.get("/v1/search", params={**HERE, **params}), 200)


async def test_what_search_finds_is_booked_with_the_body_that_it_gives(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, hours=daily("08:00", "22:00"), capacity=40)
    answer = await search(world, category="hall", attendees=30, **EVENING)
    assert (answer["examined"], answer["cut"], answer["searched_m"], answer["next"]) == (1, False, 10_000, None)
    assert answer["failed"] == []
    [match] = answer["items"]
    assert match["asset"]["id"] == asset["id"]
    assert match["occurrences"] == [{**EVENING, "free": True, "units_free": 1, "why_not": []}]
    ok(await group.post("/bookings", match["book"]), 201)
    assert (await search(world, category="hall", attendees=30, **EVENING))["items"] == []


async def test_weeks_repeat_the_wall_clock_and_say_which_week_is_taken(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, hours=weekly(("wed", "17:00", "22:00")))
    ok(await group.book(asset, ("2027-11-03T18:00:00Z", "2027-11-03T19:00:00Z")), 201)
    period = {"starts_at": "2027-10-20T17:00:00Z", "ends_at": "2027-10-20T19:00:00Z", "weeks": 4}
    assert (await search(world, **period))["items"] == []
    [match] = (await search(world, at_least=3, **period))["items"]
    assert [(o["starts_at"], o["free"], [r["code"] for r in o["why_not"]]) for o in match["occurrences"]] == [
        ("2027-10-20T17:00:00Z", True, []),
        ("2027-10-27T17:00:00Z", True, []),
        ("2027-11-03T18:00:00Z", False, ["taken"]),
        ("2027-11-10T18:00:00Z", True, []),
    ]
    assert match["book"]["if_some_unavailable"] == "skip"
    booking = ok(await group.post("/bookings", match["book"]), 201)
    assert booking["outcomes"]["skipped"] == 1


@pytest.mark.parametrize("limit", [7, 1])
async def test_thirty_at_one_door_come_once_each(world: World, limit: int):
    owner = await world.organisation()
    site = await world.site(owner)
    made = {(await world.asset(owner, site=site, title=f"Room {n}"))["id"] for n in range(12)}
    seen: list[str] = []
    params: dict[str, Any] = {"limit": limit, **EVENING}
    while True:
        page = await search(world, **params)
        seen += [item["asset"]["id"] for item in page["items"]]
        if page["next"] is None:
            break
        params["cursor"] = page["next"]
    assert (len(seen), set(seen)) == (12, made)


async def test_filters_are_all_needed(world: World):
    owner = await world.organisation()
    await world.asset(owner, features=["step_free", "wifi"], capacity=20, title="A")
    await world.asset(owner, features=["step_free"], capacity=50, title="B")
    await world.asset(owner, kind="equipment", category="tables", units=12, title="C")
    await world.asset(owner, terms={"price": {"amount": 500, "currency": "GBP", "per": "hour"}}, title="D")

    async def titles(**params: Any) -> set[str]:
        return {item["asset"]["title"] for item in (await search(world, **params))["items"]}

    assert await titles() == {"A", "B", "C", "D"}
    assert await titles(features=["step_free", "wifi"]) == {"A"}
    assert await titles(kind="space", attendees=30, price="free") == {"B"}
    assert await titles(units=12) == {"C"}
    assert await titles(price="free") == {"A", "B", "C"}
    assert await titles(category="tables", owner_id=owner.id) == {"C"}


async def test_a_postcode_is_its_districts_centre(world: World):
    answer = ok(await world.client.get("/v1/search", params={"postcode": "M33 4BX"}), 200)
    assert answer["origin"]["precision"] == "district"
    assert answer["items"] == []


async def test_people_are_left_out_of_a_search_with_a_period_by_nobody(world: World):
    owner, group = await world.organisation(), await world.organisation()
    site = await world.site(owner, private=True)
    asset = await world.asset(owner, site=site, kind="people", category="plumber", details={"kind": "people"})
    assert len((await search(world))["items"]) == 1
    assert (await search(world, **EVENING))["items"] == []
    assert len(ok(await group.get("/search", **HERE, **EVENING), 200)["items"]) == 1
    window = {"starts_at": "2027-07-05T00:00:00Z", "ends_at": "2027-07-06T00:00:00Z"}
    ok(await world.client.get(f"/v1/assets/{asset['id']}/availability", params=window), 401)
    ok(await group.get(f"/assets/{asset['id']}/availability", **window), 200)


async def test_availability_takes_off_bookings_and_their_turnaround(world: World):
    owner, group = await world.organisation(), await world.organisation()
    terms = {"turnaround_before_minutes": 30, "turnaround_after_minutes": 15}
    asset = await world.asset(owner, hours=daily("08:00", "22:00"), terms=terms)
    ok(await group.book(asset, ("2027-07-05T11:00:00Z", "2027-07-05T12:00:00Z")), 201)
    window = {"starts_at": "2027-07-05T00:00:00Z", "ends_at": "2027-07-06T00:00:00Z"}
    answer = ok(await world.client.get(f"/v1/assets/{asset['id']}/availability", params=window), 200)
    assert answer == {
        "timezone": "Europe/London",
        **window,
        "applies_to": "whole_period",
        "open": [{"starts_at": "2027-07-05T07:00:00Z", "ends_at": "2027-07-05T21:00:00Z"}],
        "free": [
            {"starts_at": "2027-07-05T07:00:00Z", "ends_at": "2027-07-05T10:15:00Z", "units_free": 1},
            {"starts_at": "2027-07-05T12:45:00Z", "ends_at": "2027-07-05T21:00:00Z", "units_free": 1},
        ],
    }


async def test_a_draft_is_nowhere_to_be_found(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, published=False)
    assert (await search(world))["items"] == []
    ok(await group.book(asset, (EVENING["starts_at"], EVENING["ends_at"])), 404)


@pytest.mark.parametrize(
    ("params", "pointers"),
    [
        ({"lat": None}, ["?lat"]),
        ({"lat": 91}, ["?lat"]),
        ({"postcode": "ZZ99 9ZZ", "lon": None, "lat": None}, ["?postcode"]),
        ({"starts_at": EVENING["starts_at"]}, ["?ends_at"]),
        ({"starts_at": EVENING["ends_at"], "ends_at": EVENING["starts_at"]}, ["?ends_at"]),
        ({"category": "castle", "features": ["moat"]}, ["?features/0", "?category"]),
        ({"weeks": 2, "at_least": 3}, ["?at_least"]),
        ({"within_m": 200_001, "limit": 0}, ["?limit", "?within_m"]),
        ({"colour": "red"}, ["?colour"]),
    ],
)
async def test_what_is_wrong_with_a_search_is_pointed_at(world: World, params: dict[str, Any], pointers: list[str]):
    sent = {name: value for name, value in {**HERE, **params}.items() if value is not None}
    problem = ok(await world.client.get("/v1/search", params=sent), 422)
    assert sorted(error["pointer"] for error in problem["errors"]) == sorted(pointers)
