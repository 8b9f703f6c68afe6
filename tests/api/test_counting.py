"""What limits and allowances do: to bookings, series, moves and offers, and to those who look before they book."""

from datetime import timedelta
from typing import Any

import pytest
from calls import Organisation, World, ok, reasons

WEEK = [(f"2027-02-0{day}T18:00:00Z", f"2027-02-0{day}T20:00:00Z") for day in range(1, 8)]  # Monday to Sunday
NEXT_WEEK = ("2027-02-08T18:00:00Z", "2027-02-08T20:00:00Z")
EVENINGS = [{"day": day, "opens": "18:00", "closes": "22:00"} for day in ("mon", "tue", "wed", "thu")]


async def limit(owner: Organisation, **given: Any) -> str:
    made = ok(await owner.post("/limits", {"counts": "minutes", **given}), 201)
    return made["id"]


def numbers(response: Any) -> dict[str, Any]:
    """Of the one reason against the one occurrence of a refusal."""
    [occurrence] = ok(response, 409)["occurrences"]
    [reason] = occurrence["why_not"]
    return reason["numbers"]


async def two(world: World, **terms: Any) -> tuple[Organisation, Organisation, dict[str, Any], dict[str, Any]]:
    """An owner of two halls, and a group."""
    owner, group = await world.organisation(kind="council"), await world.organisation()
    return owner, group, await world.asset(owner, terms=terms), await world.asset(owner, terms=terms)


async def test_minutes_of_a_week_count_over_all_assets_of_the_owner(world: World):
    owner, group, one, other = await two(world)
    other_group = await world.organisation()
    limit_id = await limit(owner, most=300, every="week")
    ok(await group.book(one, WEEK[0]), 201)
    ok(await group.book(other, WEEK[1]), 201)
    refused = await group.book(other, WEEK[6])
    [occurrence] = ok(refused, 409)["occurrences"]
    assert occurrence["why_not"] == [
        {
            "code": "limit_reached",
            "text": (
                "The owner lets each booker have 300 minutes a week of all its assets; 240 are used, 60 left, 120"
                " wanted. It counts anew from Monday 8 February 2027, 00:00."
            ),
            "passed": False,
            "numbers": {
                "of": "all its assets",
                "every": "week",
                "frees_at": "2027-02-08T00:00:00Z",
                "limit_id": limit_id,
                "minutes_left": 60,
                "minutes_used": 240,
                "most_minutes": 300,
                "minutes_wanted": 120,
            },
            "asset_id": None,
        }
    ]
    ok(await group.book(other, ("2027-02-07T18:00:00Z", "2027-02-07T19:00:00Z")), 201)
    ok(await group.book(other, NEXT_WEEK), 201)
    ok(await other_group.book(one, WEEK[6]), 201)
    ok(await owner.book(one, WEEK[2], WEEK[3], WEEK[4]), 201)


async def test_every_occurrence_of_a_series_counts(world: World):
    owner, group, one, other = await two(world)
    await limit(owner, most=300, starts_on="2027-02-01", ends_on="2027-02-28")
    refused = await group.book(one, *WEEK[:4])
    assert reasons(refused) == [[], [], ["limit_reached"], ["limit_reached"]]
    booking = ok(await group.book(one, *WEEK[:4], if_some_unavailable="skip"), 201)
    assert [each["state"] for each in booking["occurrences"]] == ["confirmed", "confirmed", "skipped", "skipped"]
    assert reasons(await group.repeat(other, *NEXT_WEEK, 2)) == [["limit_reached"], ["limit_reached"]]
    assert reasons(await group.retry(booking)) == [["limit_reached"], ["limit_reached"]]
    first, *_ = booking["occurrences"]
    ok(await group.cancel(booking, occurrence_ids=[first["id"]]), 200)
    ok(await group.retry(booking, occurrence_ids=[booking["occurrences"][2]["id"]]), 200)
    ok(await group.repeat(other, "2027-03-01T18:00:00Z", "2027-03-01T20:00:00Z", 5), 201)


async def test_what_fails_otherwise_does_not_count_and_what_is_too_much_does_not_either(world: World):
    owner, group, one, _ = await two(world)
    await limit(owner, most=180, every="week")
    ok(await owner.book(one, WEEK[0]), 201)
    half = ("2027-02-04T18:00:00Z", "2027-02-04T19:00:00Z")
    booking = ok(await group.book(one, WEEK[0], WEEK[1], WEEK[2], half, if_some_unavailable="skip"), 201)
    assert [each["state"] for each in booking["occurrences"]] == ["skipped", "confirmed", "skipped", "confirmed"]
    why = [[reason["code"] for reason in each["why_not"]] for each in booking["occurrences"]]
    assert why == [["taken"], [], ["limit_reached"], []]


async def test_a_week_is_that_of_the_clock_on_the_wall_and_a_night_counts_in_both(world: World):
    owner, group = await world.organisation(kind="council"), await world.organisation()
    asset = await world.asset(owner, timezone="Europe/Paris")
    await limit(owner, most=60, every="week")
    night = ("2027-02-07T22:00:00Z", "2027-02-08T00:00:00Z")  # Sunday 23:00 to Monday 01:00 in Paris
    ok(await group.book(asset, night), 201)
    late = ("2027-02-07T10:00:00Z", "2027-02-07T10:15:00Z")
    assert numbers(await group.book(asset, late))["frees_at"] == "2027-02-07T23:00:00Z"
    assert numbers(await group.book(asset, NEXT_WEEK))["minutes_used"] == 60
    spring = ("2027-03-28T00:00:00Z", "2027-03-28T01:30:00Z")  # 01:00 to 03:30 by the clock: an hour and a half
    assert numbers(await group.book(asset, spring))["minutes_wanted"] == 90


async def test_prime_time_counts_what_lies_in_it(world: World):
    owner, group, one, other = await two(world)
    await limit(owner, most=120, every="week", prime_time=EVENINGS)
    ok(await group.book(one, ("2027-02-01T16:00:00Z", "2027-02-01T19:00:00Z")), 201)
    ok(await group.book(one, ("2027-02-01T08:00:00Z", "2027-02-01T16:00:00Z")), 201)
    refused = await group.book(other, WEEK[1])
    told = numbers(refused)
    assert (told["most_prime_minutes"], told["minutes_used"], told["minutes_left"]) == (120, 60, 60)
    ok(await group.book(other, WEEK[4]), 201)
    ok(await group.book(other, ("2027-02-02T17:30:00Z", "2027-02-02T19:00:00Z")), 201)


async def test_the_tail_of_a_sunday_is_prime_time_on_monday(world: World):
    owner, group, one, _ = await two(world)
    await limit(owner, most=30, every="week", prime_time=[{"day": "sun", "opens": "22:00", "closes": "02:00"}])
    assert numbers(await group.book(one, ("2027-02-08T01:00:00Z", "2027-02-08T04:00:00Z")))["minutes_wanted"] == 60
    ok(await group.book(one, ("2027-02-08T02:00:00Z", "2027-02-08T04:00:00Z")), 201)


async def test_a_limit_of_a_category_or_an_asset_counts_that_alone(world: World):
    owner, group = await world.organisation(kind="council"), await world.organisation()
    kitchen, hall = await world.asset(owner, category="kitchen"), await world.asset(owner)
    of_kitchens = await limit(owner, most=120, every="month", category="kitchen")
    of_hall = await limit(owner, most=0, every="month", asset_id=hall["id"])
    ok(await group.book(kitchen, WEEK[0]), 201)
    assert numbers(await group.book(hall, WEEK[1]))["limit_id"] == of_hall
    told = numbers(await group.book(kitchen, WEEK[1]))
    assert (told["limit_id"], told["of"], told["every"], told["frees_at"]) == (
        of_kitchens,
        "its category kitchen",
        "month",
        "2027-03-01T00:00:00Z",
    )


async def test_kinds_of_organisation_have_limits_of_their_own(world: World):
    owner, group = await world.organisation(kind="council"), await world.organisation()
    charity, school = await world.organisation(kind="charity"), await world.organisation(kind="school")
    asset = await world.asset(owner, units=10)
    await limit(owner, most=120, every="week", kinds=["group", "business"])
    await limit(owner, most=240, every="week", kinds=["charity"])
    assert reasons(await group.book(asset, *WEEK[:2])) == [[], ["limit_reached"]]
    assert reasons(await charity.book(asset, *WEEK[:3])) == [[], [], ["limit_reached"]]
    ok(await school.book(asset, *WEEK), 201)


async def test_units_count_each(world: World):
    owner, group = await world.organisation(kind="council"), await world.organisation()
    asset = await world.asset(owner, units=4)
    await limit(owner, most=240, every="week")
    assert numbers(await group.book(asset, WEEK[0], units=3))["minutes_wanted"] == 360
    ok(await group.book(asset, WEEK[0], units=2), 201)


async def test_open_bookings(world: World, clock):
    owner, group, one, other = await two(world)
    await limit(owner, most=2, counts="open_bookings")
    held = ok(await group.book(one, *WEEK[:3], hold=True), 201)
    ok(await group.book(other, WEEK[0]), 201)
    told = numbers(await group.book(other, NEXT_WEEK))
    assert (told["most_open_bookings"], told["open_bookings"], told["frees_at"]) == (2, 2, "2027-02-01T20:00:00Z")
    ok(await group.move(held, starts_at="2027-02-01T19:00:00Z", ends_at="2027-02-01T21:00:00Z"), 200)
    clock.now += timedelta(minutes=15)
    ok(await group.book(other, NEXT_WEEK), 201)
    again = await group.post(f"/bookings/{held['id']}/confirm")
    assert ok(again, 409)["occurrences"][0]["why_not"][0]["code"] == "limit_reached"


async def test_days_ahead(world: World, clock):
    owner, group, one, _ = await two(world)
    await limit(owner, most=14, counts="days_ahead", kinds=["group"])
    told = numbers(await group.book(one, WEEK[0]))
    assert (told["most_days_ahead"], told["frees_at"]) == (14, "2027-01-18T18:00:00Z")
    clock.now = clock.now.replace(day=18, hour=18)
    booking = ok(await group.book(one, WEEK[0]), 201)
    assert reasons(await group.move(booking, starts_at=WEEK[1][0], ends_at=WEEK[1][1])) == [["limit_reached"]]
    ok(await group.move(booking, ends_at="2027-02-01T21:00:00Z"), 200)


async def test_a_move_counts_what_it_becomes_instead_of_what_it_was(world: World):
    owner, group, one, other = await two(world)
    await limit(owner, most=240, every="week")
    booking = ok(await group.book(one, WEEK[0]), 201)
    ok(await group.book(other, WEEK[1]), 201)
    ok(await group.move(booking, starts_at=WEEK[2][0], ends_at=WEEK[2][1]), 200)
    longer = await group.move(booking, ends_at="2027-02-03T20:15:00Z")
    assert numbers(longer)["minutes_left"] == 120
    ok(await group.move(booking, ends_at="2027-02-03T19:00:00Z"), 200)
    ok(await group.book(other, ("2027-02-05T18:00:00Z", "2027-02-05T19:00:00Z")), 201)
    ok(await group.move(booking, starts_at=NEXT_WEEK[0], ends_at=NEXT_WEEK[1]), 200)


async def test_what_is_given_back_in_time_is_free_again_and_late_it_is_not(world: World, clock):
    owner, group, one, _ = await two(world, cancel_notice_minutes=24 * 60)
    await limit(owner, most=120, every="week")
    for _ in range(3):
        booking = ok(await group.book(one, WEEK[0]), 201)
        assert reasons(await group.book(one, WEEK[1])) == [["limit_reached"]]
        ok(await group.cancel(booking), 200)
    booking = ok(await group.book(one, WEEK[0]), 201)
    clock.now = clock.now.replace(month=2, day=1)
    ok(await group.cancel(booking), 200)
    assert numbers(await group.book(one, WEEK[1]))["minutes_used"] == 120


async def test_an_allowance_is_shared_by_all(world: World):
    owner, group, one = await world.organisation(kind="council"), await world.organisation(), await world.organisation()
    site = await world.site(owner, private=True)
    plumber = await world.asset(
        owner, site=site, kind="people", category="driver", terms={"allowance": {"minutes": 300, "every": "month"}}
    )
    assert plumber["terms"]["allowance"] == {"minutes": 300, "every": "month"}
    booking = ok(await group.book(plumber, WEEK[0]), 201)
    ok(await one.book(plumber, WEEK[1]), 201)
    refused = await one.book(plumber, NEXT_WEEK)
    [occurrence] = ok(refused, 409)["occurrences"]
    [reason] = occurrence["why_not"]
    assert (reason["code"], reason["text"]) == (
        "allowance_used",
        (
            "All bookers together may have it for 300 minutes a month; 240 are used, 60 left, 120 wanted. It counts"
            " anew from Monday 1 March 2027, 00:00."
        ),
    )
    assert reasons(await owner.book(plumber, NEXT_WEEK)) == [["allowance_used"]]
    ok(await owner.book(plumber, ("2027-02-09T18:00:00Z", "2027-02-09T20:00:00Z"), ignore_terms=True), 201)
    ok(await group.move(booking, starts_at=WEEK[2][0], ends_at=WEEK[2][1]), 200)
    ok(await one.book(plumber, ("2027-03-01T18:00:00Z", "2027-03-01T20:00:00Z")), 201)


async def test_search_explain_and_starts_know_what_is_left_to_the_caller(world: World):
    owner, group, one, other = await two(world)
    limit_id = await limit(owner, most=180, every="week")
    ok(await group.book(one, WEEK[0]), 201)

    async def found(**given: Any) -> list[str]:
        params = {"lon": -2.2426, "lat": 53.4808, "starts_at": WEEK[1][0], "ends_at": WEEK[1][1], **given}
        return sorted(each["asset"]["id"] for each in ok(await group.get("/search", **params), 200)["items"])

    assert await found() == []
    assert await world.found(*WEEK[1]) == {one["id"], other["id"]}
    assert await found(ends_at="2027-02-02T19:00:00Z") == sorted([one["id"], other["id"]])
    period = {"starts_at": WEEK[1][0], "ends_at": WEEK[1][1]}
    told = ok(await group.get(f"/assets/{other['id']}/explain", **period), 200)
    [check] = [each for each in told["checks"] if each["code"] == "limit_reached"]
    assert (check["passed"], check["numbers"]["limit_id"], check["numbers"]["minutes_left"]) == (False, limit_id, 60)
    assert told["would_work"] != []
    for near in told["would_work"]:
        dry = await group.book(other, (near["starts_at"], near["ends_at"]), dry_run=True)
        ok(dry, 200)
    window = {"starts_at": "2027-02-07T20:00:00Z", "ends_at": "2027-02-08T02:00:00Z", "minutes": 120}
    starts = [
        each["starts_at"] for each in ok(await group.get(f"/assets/{other['id']}/starts", **window), 200)["items"]
    ]
    assert starts[0] == "2027-02-07T23:00:00Z"  # an hour of it is Sunday's, which is left


@pytest.mark.parametrize(("at_least", "finds"), [(3, False), (2, True)])
async def test_search_over_weeks_counts_them_together(world: World, at_least, finds):
    owner, group, one, _ = await two(world)
    await limit(owner, most=240, starts_on="2027-02-01", ends_on="2027-02-28", asset_id=one["id"])
    params = {"lon": -2.2426, "lat": 53.4808, "starts_at": WEEK[0][0], "ends_at": WEEK[0][1], "weeks": 3}
    items = ok(await group.get("/search", **params, at_least=at_least), 200)["items"]
    mine = [each for each in items if each["asset"]["id"] == one["id"]]
    assert bool(mine) is finds
    if finds:
        [item] = mine
        assert [each["free"] for each in item["occurrences"]] == [True, True, False]
        assert [[why["code"] for why in each["why_not"]] for each in item["occurrences"]] == [[], [], ["limit_reached"]]
        booking = ok(await group.post("/bookings", item["book"]), 201)
        assert [each["state"] for each in booking["occurrences"]] == ["confirmed", "confirmed", "skipped"]


async def test_a_match_is_no_more_than_the_limits_leave_and_can_be_booked(world: World):
    owner, group, one, _ = await two(world)
    await limit(owner, most=240, starts_on="2027-02-01", ends_on="2027-02-28")
    ok(await group.book(one, ("2027-02-01T08:00:00Z", "2027-02-01T09:00:00Z")), 201)
    periods = [{"starts_at": starts, "ends_at": ends} for starts, ends in WEEK[1:4]]
    point = {"type": "Point", "coordinates": [-2.2426, 53.4808]}
    sent = {"category": "hall", "point": point, "periods": periods, "at_least": 1, "until": "2027-03-01T00:00:00Z"}
    need = ok(await group.post("/needs", sent), 201)
    shorter = ok(await group.post("/needs", {**sent, "minutes": 60, "at_least": 3}), 201)

    async def matched(of: dict[str, Any]) -> list[dict[str, Any]]:
        return ok(await group.get(f"/needs/{of['id']}/matches"), 200)["items"]

    for match in await matched(need):
        assert [each["number"] for each in match["occurrences"]] == [1]
        ok(await group.post("/bookings", {**match["book"], "dry_run": True}), 200)
    first, second = await matched(shorter)
    assert [each["number"] for each in first["occurrences"]] == [1, 2, 3]
    ok(await group.post("/bookings", second["book"]), 201)
    assert await matched(need) == []


async def test_what_is_refused_by_a_limit_is_offered_when_it_counts_anew(world: World):
    owner, group, one, other = await two(world)
    await limit(owner, most=120, every="week", category="hall")
    ok(await group.book(one, WEEK[6]), 201)
    night = ("2027-02-07T22:00:00Z", "2027-02-08T00:00:00Z")
    [refused] = ok(await group.book(other, night), 409)["occurrences"]
    assert refused["alternatives"] != []
    for each in refused["alternatives"]:
        assert each["starts_at"] >= "2027-02-08" or each["ends_at"] <= "2027-02-01T00:00:00Z"
        ok(await group.book(each["asset"], (each["starts_at"], each["ends_at"]), dry_run=True), 200)


async def test_who_may_not_have_more_is_not_offered_what_comes_free(world: World):
    """The next in line is; and who has no more room by the time they accept cannot."""
    owner, group, one, other = await two(world)
    second, third = await world.organisation(), await world.organisation()
    await limit(owner, most=120, every="week")
    taken = ok(await third.book(one, WEEK[0]), 201)
    ok(await group.book(other, WEEK[1]), 201)
    place = {"asset_id": one["id"], "starts_at": WEEK[0][0], "ends_at": WEEK[0][1]}
    for each in (group, second):
        ok(await each.post("/waiting", {"any_of": [place]}), 201)
    free = {"asset_id": one["id"], "starts_at": WEEK[2][0], "ends_at": WEEK[2][1]}
    refused = await group.post("/waiting", {"any_of": [free]})
    assert reasons(refused) == [["limit_reached"]]
    ok(await third.cancel(taken), 200)
    assert ok(await group.get("/offers"), 200)["items"] == []
    [offer] = ok(await second.get("/offers"), 200)["items"]
    mine = ok(await second.book(other, WEEK[2]), 201)
    assert reasons(await second.post(f"/offers/{offer['id']}/accept")) == [["limit_reached"]]
    ok(await second.cancel(mine), 200)
    ok(await second.post(f"/offers/{offer['id']}/accept"), 200)
    assert reasons(await second.book(other, WEEK[3])) == [["limit_reached"]]


async def test_a_new_limit_leaves_what_is_booked_and_lets_it_be_moved(world: World):
    owner, group, one, other = await two(world)
    first, second = [ok(await group.book(one, each), 201) for each in WEEK[:2]]
    made = await limit(owner, most=60, every="week")
    assert reasons(await group.book(other, WEEK[4])) == [["limit_reached"]]
    ok(await group.move(first, starts_at=WEEK[3][0], ends_at=WEEK[3][1]), 200)
    assert reasons(await group.move(first, ends_at="2027-02-04T20:15:00Z")) == [["limit_reached"]]
    assert reasons(await group.move(first, starts_at=NEXT_WEEK[0], ends_at=NEXT_WEEK[1])) == [["limit_reached"]]
    ok(await group.move(second, ends_at="2027-02-02T19:00:00Z"), 200)
    ok(await owner.delete(f"/limits/{made}"), 204)
    ok(await group.book(other, WEEK[4]), 201)


async def test_held_and_asked_for_count_until_they_end(world: World, clock):
    owner, group, one, other = await two(world, approval=True, approval_hours=1, hold_minutes=30)
    await limit(owner, most=120, every="week")
    ok(await group.book(one, WEEK[0], hold=True), 201)
    assert reasons(await group.book(other, WEEK[1])) == [["limit_reached"]]
    clock.now += timedelta(minutes=30)
    asked = ok(await group.book(other, WEEK[1]), 201)
    assert asked["state"] == "pending"
    assert reasons(await group.book(one, WEEK[0])) == [["limit_reached"]]
    ok(await owner.post(f"/bookings/{asked['id']}/decline", {"all": True}), 200)
    ok(await group.book(one, WEEK[0]), 201)
    clock.now += timedelta(hours=1)
    ok(await group.book(other, WEEK[1]), 201)


async def test_what_is_offered_instead_can_be_had_beside_the_rest_of_the_request(world: World):
    owner, group, one, _ = await two(world)
    elsewhere = await world.asset(await world.organisation())
    await limit(owner, most=180, every="week")
    answer = ok(await group.book(one, WEEK[0], WEEK[2]), 409)
    first, second = answer["occurrences"]
    assert (first["why_not"], [each["code"] for each in second["why_not"]]) == ([], ["limit_reached"])
    offered = [(each["asset"]["id"], each["starts_at"][:10]) for each in second["alternatives"]]
    assert offered[-1] == (elsewhere["id"], "2027-02-03")
    assert len(offered) == 3
    for each in second["alternatives"][:2]:
        assert each["asset"]["id"] == one["id"]
        ok(await group.book(one, WEEK[0], (each["starts_at"], each["ends_at"]), dry_run=True), 200)


async def test_what_is_moved_at_once_counts_together_also_where_a_rule_is_not_asked_again(world: World, clock):
    """Too near to its start, too far ahead, more bookings than may be open: for what stands none of it speaks, and so
    all of it counts.
    """
    owner, group, one, _ = await two(world, notice_minutes=3 * 24 * 60)
    booking = ok(await group.book(one, *WEEK[:2]), 201)
    await limit(owner, most=300, every="week")
    await limit(owner, most=1, counts="open_bookings")
    ahead = await limit(owner, most=0, counts="days_ahead")
    refused = await group.move(booking, ends_at="2027-02-01T21:00:00Z")
    assert reasons(refused) == [[], ["limit_reached"]]
    ok(await owner.delete(f"/limits/{ahead}"), 204)
    clock.now = clock.now.replace(month=1, day=30)
    refused = await group.move(booking, ends_at="2027-02-01T21:00:00Z")
    assert reasons(refused) == [[], ["limit_reached"]]
    ok(await group.move(booking, ends_at="2027-02-01T20:30:00Z"), 200)


async def test_what_a_move_shortens_counts_before_what_it_lengthens(world: World):
    owner, group, one, _ = await two(world)
    short, long = ("2027-02-01T18:00:00Z", "2027-02-01T19:00:00Z"), ("2027-02-02T18:00:00Z", "2027-02-02T22:00:00Z")
    booking = ok(await group.book(one, short, long), 201)
    await limit(owner, most=300, every="week")
    assert reasons(await group.move(booking, ends_at="2027-02-01T21:00:00Z")) == [["limit_reached"], []]
    ok(await group.move(booking, ends_at="2027-02-01T20:30:00Z"), 200)


async def test_what_is_offered_for_a_need_counts_together_when_it_is_accepted(world: World):
    """Also where it has used up the allowance by itself."""
    owner, group, one, other = await two(world)
    ok(await owner.patch(f"/assets/{one['id']}", {"terms": {"allowance": {"minutes": 360, "every": "week"}}}), 200)
    periods = [{"starts_at": starts, "ends_at": ends} for starts, ends in WEEK[1:4]]
    point = {"type": "Point", "coordinates": [-2.2426, 53.4808]}
    sent = {"category": "hall", "point": point, "periods": periods, "at_least": 1, "until": "2027-03-01T00:00:00Z"}
    need = ok(await group.post("/needs", sent), 201)
    await limit(owner, most=360, every="week")
    offer = ok(await owner.post("/offers", {"asset_id": one["id"], "need_id": need["id"]}), 201)
    mine = ok(await group.book(other, WEEK[5]), 201)
    assert reasons(await group.post(f"/offers/{offer['id']}/accept")) == [[], [], ["limit_reached"]]
    ok(await group.cancel(mine), 200)
    ok(await group.post(f"/offers/{offer['id']}/accept"), 200)


async def test_what_was_counted_as_lapsed_does_not_come_to_count_by_who_began_before(world: World, clock):
    """Whoever waited for a lock goes on as of the moment at which others have counted meanwhile."""
    owner, group, one, other = await two(world, approval=True, approval_hours=1)
    await limit(owner, most=120, every="week")
    asked = ok(await group.book(one, WEEK[0]), 201)
    began = clock.now + timedelta(minutes=59)
    clock.now += timedelta(minutes=61)
    ok(await group.book(other, WEEK[1], hold=True), 201)
    clock.now, later = began, clock.now
    ok(await owner.post(f"/bookings/{asked['id']}/approve", {"all": True}), 409)
    held_until = later + timedelta(minutes=15)
    clock.now = held_until + timedelta(minutes=1)
    [held] = ok(await group.get("/bookings", asset_id=other["id"]), 200)["items"]
    ok(await group.book(one, WEEK[2], hold=True), 201)
    clock.now = held_until - timedelta(minutes=1)
    refused = ok(await group.post(f"/bookings/{held['id']}/confirm"), 409)
    assert [each["code"] for each in refused["occurrences"][0]["why_not"]] == ["limit_reached"]


async def test_what_lapsed_of_an_allowance_does_not_come_to_count_by_who_began_before(world: World, clock):
    owner, group, other = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner, units=2, terms={"allowance": {"minutes": 120, "every": "week"}})
    held = ok(await group.book(asset, WEEK[0], hold=True), 201)
    began = clock.now + timedelta(minutes=14)
    clock.now += timedelta(minutes=16)
    ok(await other.book(asset, WEEK[0]), 201)
    clock.now = began
    refused = ok(await group.post(f"/bookings/{held['id']}/confirm"), 409)
    assert [each["code"] for each in refused["occurrences"][0]["why_not"]] == ["allowance_used"]
