"""Search and availability through the API: what they call free can be booked, and the walk through pages."""

from typing import Any

import pytest
from calls import MANCHESTER, World, daily, ok, weekly

EVENING = {"starts_at": "2027-07-05T18:00:00Z", "ends_at": "2027-07-05T20:00:00Z"}
HOURLY = {"amount": 500, "currency": "GBP", "per": "hour"}
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
    await world.asset(owner, terms={"price": HOURLY}, title="D")

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


def told(answer: dict[str, Any]) -> dict[str, tuple[list[str], list[list[str]]]]:
    """Why each near miss was not found: whatever the time, and period by period."""
    return {
        miss["asset"]["title"]: (
            [reason["code"] for reason in miss["why_not"]],
            [[reason["code"] for reason in period["why_not"]] for period in miss["occurrences"]],
        )
        for miss in answer["failed"]
    }


async def test_explain_tells_every_reason_of_what_was_near_and_not_found(world: World):
    owner, group = await world.organisation(), await world.organisation()
    await world.asset(owner, title="Fits", features=["step_free", "wifi"])
    plain = await world.asset(owner, title="Plain", capacity=20, terms={"price": HOURLY})
    closed = await world.asset(owner, title="Closed", features=["step_free", "wifi"], hours=daily("08:00", "12:00"))
    paused = await world.asset(owner, title="Paused", features=["step_free", "wifi"])
    ok(await owner.post(f"/assets/{paused['id']}/pause"), 200)
    taken = await world.asset(owner, title="Taken", features=["step_free", "wifi"])
    ok(await group.book(taken, (EVENING["starts_at"], EVENING["ends_at"])), 201)
    await world.asset(owner, title="Draft", published=False)
    await world.asset(owner, title="Another", category="kitchen")
    wanted = {"category": "hall", "features": ["step_free", "wifi"], "attendees": 30, "price": "free", **EVENING}
    answer = await search(world, explain=True, **wanted)
    assert [item["asset"]["title"] for item in answer["items"]] == ["Fits"]
    assert told(answer) == {
        "Plain": (["feature_missing", "feature_missing", "too_small", "too_dear"], [["too_small"]]),
        "Closed": ([], [["closed"]]),
        "Paused": (["not_listed"], [["not_listed"]]),
        "Taken": ([], [["taken"]]),
    }
    misses = {miss["asset"]["title"]: miss for miss in answer["failed"]}
    assert [(reason["numbers"], reason["text"]) for reason in misses["Plain"]["why_not"]] == [
        ({"feature": "step_free"}, "It lacks step_free."),
        ({"feature": "wifi"}, "It lacks wifi."),
        ({"capacity": 20, "attendees": 30}, "It holds 20 people; 30 would come."),
        (HOURLY, "It is not free of charge."),
    ]
    assert (misses["Taken"]["distance_m"], misses["Taken"]["occurrences"][0]["units_free"]) == (0, 0)
    for asset, title in ((plain, "Plain"), (closed, "Closed"), (taken, "Taken")):
        refused = await group.book(asset, (EVENING["starts_at"], EVENING["ends_at"]), attendees=30, dry_run=True)
        assert ok(refused, 409)["occurrences"][0]["why_not"] == misses[title]["occurrences"][0]["why_not"]
    assert (await search(world, **wanted))["failed"] == []


async def test_without_a_period_only_what_holds_whatever_the_time_is_told(world: World):
    owner = await world.organisation()
    await world.asset(owner, title="One", hours=daily("08:00", "12:00"))
    await world.asset(owner, title="Six", units=6)
    answer = await search(world, explain=True, units=7)
    assert told(answer) == {"One": (["too_few_units"], []), "Six": (["too_few_units"], [])}
    assert told(await search(world, explain=True, units=2)) == {"One": (["too_few_units"], [])}
    assert told(await search(world, explain=True, units=2, owner_id=(await world.organisation()).id)) == {}


async def test_what_is_free_of_charge_to_groups_is_too_dear_to_others(world: World):
    owner, group, council = [await world.organisation(kind=kind) for kind in ("council", "group", "council")]
    nothing = {**HOURLY, "amount": 0}
    await world.asset(owner, title="Hall", terms={"price": HOURLY, "community_price": nothing})
    wanted = {**HERE, "price": "free", "explain": True}
    known = ok(await group.get("/search", **wanted), 200)
    assert ([item["asset"]["title"] for item in known["items"]], known["failed"]) == (["Hall"], [])
    for answer in (ok(await council.get("/search", **wanted), 200), await search(world, price="free", explain=True)):
        assert (answer["items"], told(answer)) == ([], {"Hall": (["too_dear"], [])})
        assert answer["failed"][0]["why_not"][0]["numbers"] == HOURLY


async def test_of_several_weeks_it_fails_only_when_too_few_are_free(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, title="Hall")
    ok(await group.book(asset, ("2027-07-12T18:00:00Z", "2027-07-12T20:00:00Z")), 201)
    assert told(await search(world, explain=True, weeks=3, at_least=2, **EVENING)) == {}
    answer = await search(world, explain=True, weeks=3, **EVENING)
    assert told(answer) == {"Hall": ([], [[], ["taken"], []])}
    assert [period["free"] for period in answer["failed"][0]["occurrences"]] == [True, False, True]


async def test_an_unverified_organisation_is_told_why_it_finds_nothing(world: World):
    owner, group = await world.organisation(), await world.organisation(verified=False)
    await world.asset(owner, title="Hall", terms={"requires": ["public_liability"]})
    answer = ok(await group.get("/search", **HERE, **EVENING, explain=True), 200)
    assert answer["items"] == []
    assert told(answer) == {"Hall": ([], [["unverified", "requirement_missing"]])}


async def test_people_are_not_explained_to_nobody_for_a_period(world: World):
    owner = await world.organisation()
    site = await world.site(owner, private=True)
    await world.asset(owner, site=site, title="Ann", kind="people", category="plumber", details={"kind": "people"})
    wanted = {"features": ["wifi"], "explain": True}
    assert told(await search(world, **wanted)) == {"Ann": (["feature_missing"], [])}
    assert told(await search(world, **wanted, **EVENING)) == {}
    assert told(ok(await owner.get("/search", **HERE, **wanted, **EVENING), 200)) == {
        "Ann": (["feature_missing"], [[]])
    }


async def test_near_misses_come_with_the_first_page_and_a_cursor_keeps_to_its_filters(world: World):
    owner = await world.organisation()
    for title in ("A", "B", "C"):
        await world.asset(owner, title=title, units=2)
    await world.asset(owner, title="Small")
    first = await search(world, explain=True, units=2, limit=2)
    assert (len(first["items"]), list(told(first))) == (2, ["Small"])
    second = await search(world, explain=True, units=2, limit=2, cursor=first["next"])
    assert (len(second["items"]), second["failed"], second["next"]) == (1, [], None)
    for other in ({"units": 2}, {"units": 2, "explain": False}, {"units": 1, "explain": True}):
        params = {**HERE, "limit": 2, "cursor": first["next"], **other}
        problem = ok(await world.client.get("/v1/search", params=params), 422)
        assert problem["type"].endswith("/problems/cursor-mismatch")


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


async def test_weeks_without_a_period_change_nothing(world: World):
    asset = await world.asset(await world.organisation())
    found = (await world.search(weeks=18))["items"]
    assert [each["asset"]["id"] for each in found] == [asset["id"]]
