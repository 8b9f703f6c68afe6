"""Explanations through the API: every rule with its sentence, the same codes everywhere, and what would work."""

from typing import Any

import pytest
from calls import Organisation, World, daily, ok, pointers, reasons

EVENING = ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")


async def explain(caller: Organisation | World, asset: dict[str, Any], period=EVENING, **given: Any) -> dict[str, Any]:
    params = {"starts_at": period[0], "ends_at": period[1], **given}
    path = f"/assets/{asset['id']}/explain"
    if isinstance(caller, World):
        return ok(await caller.client.get(f"/v1{path}", params=params), 200)
    return ok(await caller.get(path, **params), 200)


def failed(explanation: dict[str, Any]) -> dict[str, Any]:
    return {each["code"]: each for each in explanation["checks"] if not each["passed"]}


async def test_what_can_be_booked_says_every_rule_that_it_passed(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, capacity=20, terms={"requires": ["midas"]})
    ok(await group.patch(f"/organisations/{group.id}", {"holds": [{"code": "midas"}]}), 200)
    anybody = await explain(world, asset, attendees=20)
    assert (anybody["asset_id"], anybody["bookable"], anybody["would_work"]) == (asset["id"], True, [])
    assert [each["code"] for each in anybody["checks"]] == [
        "not_listed",
        "too_few_units",
        "too_small",
        "in_the_past",
        "too_soon",
        "too_far_ahead",
        "too_short",
        "too_long",
        "off_step",
        "closed",
        "taken",
    ]
    named = await explain(group, asset, attendees=20)
    assert named["bookable"]
    assert [each["text"] for each in named["checks"] if each["code"] in ("unverified", "requirement_missing")] == [
        "The booker is verified, or the owner approves each booking.",
        "The booker holds midas.",
    ]


async def test_taken_says_what_is_in_the_way_and_the_nearest_starts_before_and_after(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, terms={"turnaround_after_minutes": 30})
    booking = ok(await group.book(asset, EVENING), 201)
    answer = await explain(world, asset)
    reason = failed(answer)["taken"]
    assert reason["asset_id"] == asset["id"]
    assert reason["numbers"] == {
        "units": 1,
        "units_free": 0,
        "units_wanted": 1,
        "turnaround_before_minutes": 0,
        "turnaround_after_minutes": 30,
        "occupied_from": "2027-07-05T18:00:00Z",
        "occupied_until": "2027-07-05T20:30:00Z",
    }
    assert reason["text"] == (
        "It is taken from Monday 5 July 2027, 19:00 to Monday 5 July 2027, 21:30 (turnaround included: 0 minutes"
        " before, 30 after); 0 of 1 free throughout, 1 wanted."
    )
    assert booking["booker_id"] not in str(answer)
    assert answer["would_work"] == [
        {
            "starts_at": "2027-07-05T15:30:00Z",
            "ends_at": "2027-07-05T17:30:00Z",
            "text": "2 hours and 30 minutes earlier: Monday 5 July 2027, 16:30 to 18:30.",
        },
        {
            "starts_at": "2027-07-05T20:30:00Z",
            "ends_at": "2027-07-05T22:30:00Z",
            "text": "2 hours and 30 minutes later: Monday 5 July 2027, 21:30 to 23:30.",
        },
    ]


async def test_closed_names_the_closure_or_the_hours_near_by(world: World):
    owner = await world.organisation()
    asset = await world.asset(owner, hours=daily("09:00", "17:00"))
    reason = failed(await explain(world, asset))["closed"]
    assert reason["numbers"] == {"opens_at": "2027-07-05T08:00:00Z", "closes_at": "2027-07-05T16:00:00Z"}
    assert reason["text"] == (
        "It is closed for all or part of this period; it is open from Monday 5 July 2027, 09:00 to Monday 5 July 2027,"
        " 17:00."
    )
    closure = {"asset_id": asset["id"], "starts_at": "2027-07-05T11:00:00Z", "ends_at": "2027-07-05T12:00:00Z"}
    ok(await owner.post("/closures", closure), 201)
    reason = failed(await explain(world, asset, ("2027-07-05T10:00:00Z", "2027-07-05T12:00:00Z")))["closed"]
    assert reason["numbers"] == {
        "closure_starts_at": "2027-07-05T11:00:00Z",
        "closure_ends_at": "2027-07-05T12:00:00Z",
    }
    assert reason["text"] == "It is closed from Monday 5 July 2027, 12:00 to Monday 5 July 2027, 13:00."


@pytest.mark.parametrize(
    ("ends_at", "code", "works"),
    [
        ("2027-07-05T18:15:00Z", "too_short", "2027-07-05T19:00:00Z"),
        ("2027-07-05T23:00:00Z", "too_long", "2027-07-05T21:00:00Z"),
    ],
)
async def test_a_wrong_length_is_put_right_at_the_same_start(world: World, ends_at, code, works):
    terms = {"shortest_minutes": 60, "longest_minutes": 180}
    asset = await world.asset(await world.organisation(), terms=terms)
    answer = await explain(world, asset, (EVENING[0], ends_at))
    assert list(failed(answer)) == [code]
    assert (answer["would_work"][0]["starts_at"], answer["would_work"][0]["ends_at"]) == (EVENING[0], works)
    assert len(answer["would_work"]) == 3


async def test_a_length_off_its_step_has_a_shorter_and_a_longer_beside_it(world: World):
    asset = await world.asset(await world.organisation(), terms={"step_minutes": 30})
    answer = await explain(world, asset, (EVENING[0], "2027-07-05T18:40:00Z"))
    assert list(failed(answer)) == ["off_step"]
    assert [each["text"] for each in answer["would_work"]] == [
        "For 30 minutes: Monday 5 July 2027, 19:00 to 19:30.",
        "For 1 hour: Monday 5 July 2027, 19:00 to 20:00.",
        "30 minutes earlier, for 30 minutes: Monday 5 July 2027, 18:30 to 19:00.",
        "30 minutes later, for 30 minutes: Monday 5 July 2027, 19:30 to 20:00.",
    ]


@pytest.mark.parametrize("hour", [0, 1])  # 01:00 on the clock, for the first time and for the second
async def test_in_the_hour_that_occurs_twice_the_time_that_passes_is_said(world: World, hour: int):
    owner = await world.organisation()
    asset = await world.asset(owner, terms={"step_minutes": 60})
    asked = (f"2027-10-31T0{hour}:00:00Z", f"2027-10-31T0{hour + 1}:00:00Z")
    ok(await owner.book(asset, asked), 201)
    texts = [each["text"] for each in (await explain(world, asset, asked))["would_work"]]
    assert [text.partition(":")[0] for text in texts] == ["1 hour earlier", "1 hour later"]


async def test_where_no_other_time_helps_none_is_offered(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, capacity=10, terms={"requires": ["midas"]})
    ok(await owner.patch(f"/organisations/{owner.id}", {"holds": [{"code": "midas"}]}), 200)
    ok(await owner.book(asset, EVENING), 201)
    too_many = await explain(world, asset, attendees=11)
    assert (list(failed(too_many)), too_many["would_work"]) == (["too_small", "taken"], [])
    lacking = await explain(group, asset)
    assert (list(failed(lacking)), lacking["would_work"]) == (["requirement_missing", "taken"], [])


async def test_explain_search_a_dry_run_and_a_refusal_give_the_same_reasons(world: World):
    """The sentences and numbers too, for what depends on the caller as well."""
    owner = await world.organisation()
    verified, unverified = await world.organisation(), await world.organisation(verified=False)
    terms = {"longest_minutes": 60, "min_attendees": 5, "requires": ["midas"]}
    asset = await world.asset(owner, capacity=10, hours=daily("09:00", "20:00"), terms=terms)
    holds = [{"code": "midas", "expires_on": "2027-07-01"}]
    ok(await verified.patch(f"/organisations/{verified.id}", {"holds": holds}), 200)
    ok(await owner.post("/closures", {"asset_id": asset["id"], "starts_at": EVENING[0], "ends_at": EVENING[1]}), 201)
    codes = {verified: ["requirement_expired"], unverified: ["unverified", "requirement_missing"]}
    for caller, own in codes.items():
        said = [each for each in (await explain(caller, asset, attendees=3))["checks"] if not each["passed"]]
        assert [each["code"] for each in said] == ["too_few_attendees", "too_long", *own, "closed"]
        for options in ({"dry_run": True}, {}):
            refused = await caller.book(asset, EVENING, attendees=3, **options)
            assert reasons(refused) == [[each["code"] for each in said]]
            assert refused.json()["occurrences"][0]["why_not"] == said
        params = {"lon": -2.2426, "lat": 53.4808, "starts_at": EVENING[0], "ends_at": EVENING[1], "attendees": 3}
        [miss] = ok(await caller.get("/search", explain="true", **params), 200)["failed"]
        assert miss["occurrences"][0]["why_not"] == said


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"ends_at": EVENING[0]}, "?ends_at"),
        ({"ends_at": "2027-07-05T17:00:00Z"}, "?ends_at"),
        ({"ends_at": "2028-07-05T18:00:01Z"}, "?ends_at"),
        ({"attendees": 0}, "?attendees"),
    ],
)
async def test_what_is_wrong_is_pointed_at(world: World, given, pointer):
    asset = await world.asset(await world.organisation())
    params = {"starts_at": EVENING[0], "ends_at": EVENING[1], **given}
    refused = await world.client.get(f"/v1/assets/{asset['id']}/explain", params=params)
    assert pointers(refused) == [pointer]
