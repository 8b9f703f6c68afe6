"""Needs: said once, changed, closed; and what meets them, to be booked in one step."""

from typing import Any

import pytest
from calls import MANCHESTER, Organisation, World, daily, ok, pointers, reasons, weekly

TUESDAYS = {"starts_on": "2027-01-12", "weeks": 3, "windows": [{"day": "tue", "opens": "17:00", "closes": "22:00"}]}
POINT = {"type": "Point", "coordinates": list(MANCHESTER)}
NEED = {"category": "hall", "point": POINT, "pattern": TUESDAYS, "minutes": 120, "until": "2027-02-01T00:00:00Z"}
STARTS = ["2027-01-12T17:00:00Z", "2027-01-19T17:00:00Z", "2027-01-26T17:00:00Z"]
HOURLY = {"amount": 500, "currency": "GBP", "per": "hour"}


async def say(group: Organisation, **given: Any) -> dict[str, Any]:
    """A need, where nothing of it is None."""
    sent = {name: value for name, value in {**NEED, **given}.items() if value is not None}
    return ok(await group.post("/needs", sent), 201)


async def matches(group: Organisation, need: dict[str, Any], **params: Any) -> list[dict[str, Any]]:
    return ok(await group.get(f"/needs/{need['id']}/matches", **params), 200)["items"]


async def matched(group: Organisation, need: dict[str, Any]) -> list[str]:
    """The assets that match, the best first."""
    return [each["asset"]["id"] for each in await matches(group, need)]


def starts(match: dict[str, Any]) -> list[tuple[int, str]]:
    return [(each["number"], each["starts_at"]) for each in match["occurrences"]]


async def test_a_need_is_matched_booked_and_met(world: World):
    owner, group = await world.organisation(), await world.organisation()
    hall = await world.asset(owner)
    need = await say(group)
    assert (need["state"], need["occurrences"]) == (
        "open",
        [{"number": n, "booking_id": None, "occurrence_id": None} for n in (1, 2, 3)],
    )
    [match] = await matches(group, need)
    assert match["asset"]["id"] == hall["id"]
    assert starts(match) == list(zip([1, 2, 3], STARTS, strict=True))
    assert match["points"] == sum(each["numbers"]["points"] for each in match["reasons"]) == 1000
    booking = ok(await group.post("/bookings", match["book"]), 201)
    assert booking["need_id"] == need["id"]
    met = ok(await group.get(f"/needs/{need['id']}"), 200)
    assert met["state"] == "met"
    assert [each["occurrence_id"] for each in met["occurrences"]] == [each["id"] for each in booking["occurrences"]]
    assert await matches(group, need) == []
    assert ok(await group.get("/needs", state="met"), 200)["items"] == [met]
    assert ok(await group.get("/needs", state="open"), 200)["items"] == []


async def test_what_is_given_back_is_open_again_and_several_assets_share_a_need(world: World):
    owner, group = await world.organisation(), await world.organisation()
    other = await world.organisation()
    small, large = [await world.asset(owner, capacity=capacity) for capacity in (10, 100)]
    ok(await other.book(small, ("2027-01-26T08:00:00Z", "2027-01-26T23:00:00Z")), 201)
    need = await say(group, attendees=10, at_least=1)
    first = next(each for each in await matches(group, need) if each["asset"]["id"] == small["id"])
    assert [number for number, _ in starts(first)] == [1, 2]
    booking = ok(await group.post("/bookings", first["book"]), 201)
    [rest] = await matches(group, need)
    assert (rest["asset"]["id"], starts(rest)) == (large["id"], [(3, STARTS[2])])
    ok(await group.post("/bookings", rest["book"]), 201)
    assert ok(await group.get(f"/needs/{need['id']}"), 200)["state"] == "met"
    ok(await group.cancel(booking, occurrence_ids=[booking["occurrences"][0]["id"]]), 200)
    opened = ok(await group.get(f"/needs/{need['id']}"), 200)
    assert (opened["state"], [each["booking_id"] is None for each in opened["occurrences"]]) == (
        "open",
        [True, False, False],
    )
    assert {number for each in await matches(group, need) for number, _ in starts(each)} == {1}


async def test_an_occurrence_is_met_by_the_first_time_in_its_windows_that_is_free(world: World):
    owner, group, other = [await world.organisation() for _ in range(3)]
    hall = await world.asset(owner, hours=daily("18:00", "23:00"), terms={"step_minutes": 30})
    ok(await other.book(hall, ("2027-01-12T18:30:00Z", "2027-01-12T20:00:00Z")), 201)
    ok(await other.book(hall, ("2027-01-19T18:00:00Z", "2027-01-19T22:00:00Z")), 201)
    windows = [*TUESDAYS["windows"], {"day": "wed", "opens": "19:15", "closes": "22:00"}]
    need = await say(group, pattern={**TUESDAYS, "windows": windows})
    [match] = await matches(group, need)
    assert starts(match) == [
        (1, "2027-01-12T20:00:00Z"),
        (2, "2027-01-20T19:30:00Z"),
        (3, "2027-01-26T18:00:00Z"),
    ]
    ok(await group.post("/bookings", match["book"]), 201)


async def test_windows_keep_their_wall_clock_over_a_change_of_the_clocks(world: World):
    owner, group = await world.organisation(), await world.organisation()
    await world.asset(owner)
    need = await say(group, pattern={**TUESDAYS, "starts_on": "2027-03-23", "weeks": 2}, until="2027-05-01T00:00:00Z")
    [match] = await matches(group, need)
    assert starts(match) == [(1, "2027-03-23T17:00:00Z"), (2, "2027-03-30T16:00:00Z")]


async def test_what_is_chosen_for_one_occurrence_keeps_clear_of_the_next(world: World):
    owner, group = await world.organisation(), await world.organisation()
    await world.asset(owner, terms={"turnaround_before_minutes": 30, "turnaround_after_minutes": 30})
    periods = [
        {"starts_at": f"2027-01-12T{starts}:00:00Z", "ends_at": f"2027-01-12T{ends}:00:00Z"}
        for starts, ends in (("10", "12"), ("12", "15"))
    ]
    need = await say(group, pattern=None, periods=periods)
    [match] = await matches(group, need)
    assert starts(match) == [(1, "2027-01-12T10:00:00Z"), (2, "2027-01-12T13:00:00Z")]
    ok(await group.post("/bookings", match["book"]), 201)
    tight = await say(group, pattern=None, minutes=None, periods=periods)
    assert await matches(group, tight) == []


async def test_only_what_suits_is_found(world: World):
    owner, group = await world.organisation(kind="council"), await world.organisation()
    here = await world.site(owner)
    good = await world.asset(owner, site=here, features=["step_free"], capacity=30)
    await world.asset(owner, site=here, features=[], capacity=30)
    await world.asset(owner, site=here, features=["step_free"], capacity=20)
    await world.asset(owner, site=here, features=["step_free"], category="meeting_room")
    await world.asset(owner, site=here, features=["step_free"], terms={"requires": ["midas"]})
    await world.asset(owner, site=here, features=["step_free"], terms={"min_attendees": 31})
    await world.asset(owner, site=here, features=["step_free"], published=False)
    far = await world.site(owner, point={"type": "Point", "coordinates": [MANCHESTER[0], MANCHESTER[1] + 0.2]})
    away = await world.asset(owner, site=far, features=["step_free"])
    await world.asset(group, features=["step_free"])  # one's own
    given = {"features": ["step_free"], "attendees": 30}
    assert await matched(group, await say(group, **given)) == [good["id"]]
    assert await matched(group, await say(group, **given, within_m=25_000)) == [good["id"], away["id"]]


async def test_a_kind_is_looked_for_in_all_its_categories(world: World):
    owner, group = await world.organisation(), await world.organisation()
    spaces = {(await world.asset(owner, category=category))["id"] for category in ("hall", "gym")}
    await world.asset(owner, kind="equipment", category="tables")
    assert set(await matched(group, await say(group, category=None, kind="space"))) == spaces


async def test_who_comes_to_us_is_found_as_far_as_they_travel(world: World):
    owner, group = await world.organisation(), await world.organisation()
    home = {"private": True, "point": {"type": "Point", "coordinates": [MANCHESTER[0], MANCHESTER[1] + 0.1]}}
    sites = [await world.site(owner, **home) for _ in range(3)]
    cooks = [
        await world.asset(
            owner, site=site, kind="people", category="cook", details={"kind": "people", "travels_m": travels}
        )
        for site, travels in zip(sites, (20_000, 5_000, None), strict=True)
    ]
    need = await say(group, category="cook", comes_to_us=True, within_m=1)
    assert await matched(group, need) == [cooks[0]["id"]]
    near = await say(group, category="cook", within_m=20_000)
    assert set(await matched(group, near)) == {each["id"] for each in cooks}


async def test_the_ceiling_is_for_each_occurrence_and_a_price_for_the_booking_is_shared(world: World):
    owner, group = await world.organisation(), await world.organisation()
    free = await world.asset(owner)
    hourly = await world.asset(owner, terms={"price": {**HOURLY, "amount": 2000}, "community_price": HOURLY})
    at_once = await world.asset(owner, terms={"price": {**HOURLY, "amount": 3000, "per": "booking"}})
    euros = await world.asset(owner, terms={"price": {**HOURLY, "currency": "EUR"}})

    async def within(amount: int) -> set[str]:
        return set(await matched(group, await say(group, price_ceiling={"amount": amount, "currency": "GBP"})))

    assert await within(0) == {free["id"]}
    assert await within(999) == {free["id"]}
    assert await within(1000) == {free["id"], hourly["id"], at_once["id"]}
    need = await say(group)
    assert set(await matched(group, need)) == {free["id"], hourly["id"], at_once["id"], euros["id"]}
    prices = {each["asset"]["id"]: each["reasons"][4]["numbers"].get("amount") for each in await matches(group, need)}
    assert prices == {free["id"]: 0, hourly["id"]: 1000, at_once["id"]: 1000, euros["id"]: 1000}


async def test_matches_are_paged_by_points_and_a_page_is_true_at_the_moment_of_the_first(world: World, clock: Any):
    owner, group = await world.organisation(), await world.organisation()
    site = await world.site(owner)
    halls = [await world.asset(owner, site=site, capacity=capacity) for capacity in (80, 20, 40, 20)]
    need = await say(group, attendees=20)
    seen: list[str] = []
    params: dict[str, Any] = {"limit": 3}
    page = ok(await group.get(f"/needs/{need['id']}/matches", **params), 200)
    seen += [each["asset"]["id"] for each in page["items"]]
    clock.now = clock.now.replace(day=13)  # the first Tuesday is past
    page = ok(await group.get(f"/needs/{need['id']}/matches", **params, cursor=page["next"]), 200)
    seen += [each["asset"]["id"] for each in page["items"]]
    assert page["next"] is None
    assert set(seen[:2]) == {halls[1]["id"], halls[3]["id"]}
    assert seen[2:] == [halls[2]["id"], halls[0]["id"]]


async def test_a_need_is_changed_and_matched_anew(world: World):
    owner, group = await world.organisation(), await world.organisation()
    await world.asset(owner, capacity=20)
    need = await say(group, attendees=30, purpose={"code": "meeting", "text": "Tea"})
    assert await matches(group, need) == []
    etag = (await group.get(f"/needs/{need['id']}")).headers["ETag"]
    changed = ok(await group.patch(f"/needs/{need['id']}", {"attendees": 20}, headers={"If-Match": etag}), 200)
    assert (changed["attendees"], changed["purpose"]) == (20, {"code": "meeting", "text": "Tea"})
    assert len(await matches(group, need)) == 1
    ok(await group.patch(f"/needs/{need['id']}", {"attendees": 30}, headers={"If-Match": etag}), 412)
    assert pointers(await group.patch(f"/needs/{need['id']}", {"category": None})) == ["#/category"]
    events = [each for each in ok(await group.get("/events"), 200)["items"] if each["object"]["kind"] == "need"]
    assert [(each["type"], each["before"], each["object"]["version"]) for each in events] == [
        ("need.created", None, 1),
        ("need.updated", {"attendees": 30}, 2),
    ]
    assert "Tea" not in str(events)


async def test_a_closed_and_a_lapsed_need_match_nothing(world: World, clock: Any):
    owner, group = await world.organisation(), await world.organisation()
    await world.asset(owner)
    closed, lapsed = await say(group), await say(group, until="2027-01-20T00:00:00Z")
    assert ok(await group.post(f"/needs/{closed['id']}/close"), 200)["state"] == "closed"
    again = ok(await group.post(f"/needs/{closed['id']}/close"), 409)
    assert again["states"] == ["open", "met", "lapsed"]
    clock.now = clock.now.replace(day=20, hour=0)
    assert ok(await group.get(f"/needs/{lapsed['id']}"), 200)["state"] == "lapsed"
    for each in (closed, lapsed):
        assert await matches(group, each) == []


async def test_nobody_else_sees_a_need_or_books_for_it(world: World):
    owner, group, stranger = [await world.organisation() for _ in range(3)]
    hall = await world.asset(owner)
    need = await say(group)
    for who in (owner, stranger):
        for path in ("", "/matches"):
            ok(await who.get(f"/needs/{need['id']}{path}"), 404)
        ok(await who.patch(f"/needs/{need['id']}", {"attendees": 1}), 404)
        ok(await who.post(f"/needs/{need['id']}/close"), 404)
        assert ok(await who.get("/needs"), 200)["items"] == []
    tried = await stranger.book(hall, (STARTS[0], "2027-01-12T19:00:00Z"), need_id=need["id"])
    assert pointers(tried) == ["#/need_id"]


async def test_an_organisation_not_verified_yet_matches_what_is_approved(world: World):
    owner, group = await world.organisation(), await world.organisation(verified=False)
    await world.asset(owner)
    asked = await world.asset(owner, terms={"approval": True})
    need = await say(group)
    [match] = await matches(group, need)
    assert match["asset"]["id"] == asked["id"]
    assert ok(await group.post("/bookings", match["book"]), 201)["state"] == "pending"
    assert ok(await group.get(f"/needs/{need['id']}"), 200)["state"] == "met"


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"within_m": 20_000_000}, "#/within_m"),
        ({"pattern": {**TUESDAYS, "weeks": 10_000}}, "#/pattern/weeks"),
        ({"pattern": {**TUESDAYS, "windows": []}}, "#/pattern/windows"),
        ({"pattern": {**TUESDAYS, "starts_on": "2026-01-01"}}, "#/pattern/starts_on"),
        ({"minutes": 301}, "#/minutes"),
        ({"at_least": 4}, "#/at_least"),
        ({"colour": "red"}, "#/colour"),
    ],
)
async def test_what_cannot_be_looked_for_is_pointed_at_and_not_stored(
    world: World, given: dict[str, Any], pointer: str
):
    group = await world.organisation()
    assert pointers(await group.post("/needs", {**NEED, **given})) == [pointer]
    assert ok(await group.get("/needs"), 200)["items"] == []


async def test_what_matched_a_moment_ago_is_refused_with_its_reason(world: World):
    owner, group, other = [await world.organisation() for _ in range(3)]
    hall = await world.asset(owner, hours=weekly(("tue", "17:00", "22:00")))
    [match] = await matches(group, await say(group))
    ok(await other.book(hall, (STARTS[1], "2027-01-19T18:00:00Z")), 201)
    assert reasons(await group.post("/bookings", match["book"])) == [[], ["taken"], []]
