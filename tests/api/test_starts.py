"""Start times through the API: each can be booked, the others are refused, and limits are said with a pointer."""

import pytest
from calls import World, daily, ok, pointers, reasons

MORNING = {"starts_at": "2027-07-05T06:00:00Z", "ends_at": "2027-07-05T12:00:00Z"}


async def starts(world: World, asset, **given):
    return ok(await world.client.get(f"/v1/assets/{asset['id']}/starts", params={**MORNING, **given}), 200)


async def test_every_start_can_be_booked_and_the_step_before_cannot(world: World):
    """Open 08:00 to 12:30 local, taken 10:00 to 11:00; steps of half an hour; the end may lie after `ends_at`."""
    owner, group = await world.organisation(), await world.organisation()
    terms = {"step_minutes": 30, "turnaround_after_minutes": 15}
    asset = await world.asset(owner, hours=daily("08:00", "12:30"), terms=terms)
    ok(await owner.book(asset, ("2027-07-05T09:00:00Z", "2027-07-05T10:00:00Z")), 201)
    answer = await starts(world, asset, minutes=60, ends_at="2027-07-05T10:31:00Z")
    assert answer == {
        "timezone": "Europe/London",
        "items": [
            {"starts_at": "2027-07-05T07:00:00Z", "ends_at": "2027-07-05T08:00:00Z", "units_free": 1},
            {"starts_at": "2027-07-05T07:30:00Z", "ends_at": "2027-07-05T08:30:00Z", "units_free": 1},
            {"starts_at": "2027-07-05T10:30:00Z", "ends_at": "2027-07-05T11:30:00Z", "units_free": 1},
        ],
    }
    for item in answer["items"]:
        ok(await group.book(asset, (item["starts_at"], item["ends_at"]), dry_run=True), 200)
    refused = await group.book(asset, ("2027-07-05T08:00:00Z", "2027-07-05T09:00:00Z"))
    assert reasons(refused) == [["taken"]]


async def test_with_a_token_only_what_its_organisation_may_book(world: World):
    owner, group = await world.organisation(), await world.organisation()
    unverified = await world.organisation(verified=False)
    asset = await world.asset(owner, terms={"requires": ["midas"]})
    holds = [{"code": "midas", "expires_on": "2027-07-04"}]
    ok(await group.patch(f"/organisations/{group.id}", {"holds": holds}), 200)
    path = f"/assets/{asset['id']}/starts"
    assert len((await starts(world, asset, minutes=60))["items"]) == 24
    late = {"starts_at": "2027-07-04T22:30:00Z", "ends_at": "2027-07-04T23:30:00Z", "minutes": 60}
    found = ok(await group.get(path, **late), 200)["items"]
    assert [each["starts_at"] for each in found] == ["2027-07-04T22:30:00Z", "2027-07-04T22:45:00Z"]
    asks_nothing = f"/assets/{(await world.asset(owner))['id']}/starts"
    assert len(ok(await group.get(asks_nothing, **late), 200)["items"]) == 4
    assert ok(await unverified.get(asks_nothing, **late), 200)["items"] == []


async def test_how_many_come_is_not_asked(world: World):
    asset = await world.asset(await world.organisation(), terms={"min_attendees": 10})
    assert len((await starts(world, asset, minutes=60))["items"]) == 24


async def test_a_paused_asset_has_no_starts_and_a_draft_is_not_known(world: World):
    owner = await world.organisation()
    asset, draft = await world.asset(owner), await world.asset(owner, published=False)
    ok(await owner.post(f"/assets/{asset['id']}/pause"), 200)
    assert (await starts(world, asset, minutes=60))["items"] == []
    path = f"/assets/{draft['id']}/starts"
    ok(await world.client.get(f"/v1{path}", params={**MORNING, "minutes": 60}), 404)
    assert ok(await owner.get(path, **MORNING, minutes=60), 200)["items"] == []


@pytest.mark.parametrize("page", ["starts", "explain"])
async def test_when_people_are_free_is_for_those_with_a_token(world: World, page):
    owner, group = await world.organisation(), await world.organisation()
    cook = await world.asset(owner, site=await world.site(owner, private=True), kind="people", category="cook")
    given = {**MORNING, **({"minutes": 60} if page == "starts" else {})}
    ok(await world.client.get(f"/v1/assets/{cook['id']}/{page}", params=given), 401)
    ok(await group.get(f"/assets/{cook['id']}/{page}", **given), 200)


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"minutes": 0}, "?minutes"),
        ({"minutes": 527041}, "?minutes"),
        ({}, "?minutes"),
        ({"minutes": 60, "ends_at": MORNING["starts_at"]}, "?ends_at"),
        ({"minutes": 60, "ends_at": "2027-08-05T06:00:01Z"}, "?ends_at"),
        ({"minutes": 60, "units": 0}, "?units"),
    ],
)
async def test_what_is_wrong_is_pointed_at(world: World, given, pointer):
    asset = await world.asset(await world.organisation())
    refused = await world.client.get(f"/v1/assets/{asset['id']}/starts", params={**MORNING, **given})
    assert pointers(refused) == [pointer]
