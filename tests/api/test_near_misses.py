"""What would help where fewer than three match: applied, it yields what it promised."""

from typing import Any

import pytest
from calls import MANCHESTER, Organisation, World, daily, ok, weekly

TUESDAYS = {
    "starts_on": "2027-01-12",
    "weeks": 3,
    "every_weeks": 1,
    "windows": [{"day": "tue", "opens": "17:00", "closes": "20:00"}],
}
POINT = {"type": "Point", "coordinates": list(MANCHESTER)}
NEED = {"category": "hall", "point": POINT, "pattern": TUESDAYS, "minutes": 120, "until": "2027-02-01T00:00:00Z"}
HOURLY = {"amount": 1000, "currency": "GBP", "per": "hour"}


async def say(group: Organisation, **given: Any) -> dict[str, Any]:
    """A need, where nothing of it is None."""
    sent = {name: value for name, value in {**NEED, **given}.items() if value is not None}
    return ok(await group.post("/needs", sent), 201)


async def look(group: Organisation, need: dict[str, Any]) -> tuple[set[str], list[dict[str, Any]]]:
    """What matches, and what would help."""
    page = ok(await group.get(f"/needs/{need['id']}/matches", limit=100), 200)
    assert page["next"] is None
    return {each["asset"]["id"] for each in page["items"]}, page["would_help"]


async def keep(group: Organisation, need: dict[str, Any], now: set[str], relaxation: dict[str, Any]) -> set[str]:
    """Apply a change and hold it against its promise; what matches then."""
    ok(await group.patch(f"/needs/{need['id']}", relaxation["patch"]), 200)
    then, _ = await look(group, need)
    new = then - now
    brought = [each["asset"]["id"] for each in relaxation["brings"]]
    assert (relaxation["matches"], len(brought), set(brought) <= new) == (len(then), min(3, len(new)), True)
    return then


async def only(group: Organisation, **given: Any) -> tuple[dict[str, Any], set[str], list[dict[str, Any]]]:
    """The one change that would help with a need, and what the same need matches once it is made."""
    need = await say(group, **given)
    now, [relaxation] = await look(group, need)
    then = await keep(group, need, now, relaxation)
    return relaxation, then - now, relaxation["brings"]


async def away(world: World, owner: Organisation, north: float, **given: Any) -> dict[str, Any]:
    """A site so many degrees to the north: 111 m each thousandth."""
    return await world.site(
        owner, point={"type": "Point", "coordinates": [MANCHESTER[0], MANCHESTER[1] + north]}, **given
    )


async def test_looking_further_brings_the_nearest_that_would_match(world: World):
    owner, group = await world.organisation(), await world.organisation()
    shut = daily("08:00", "09:00")
    await world.asset(owner, site=await away(world, owner, 0.1), hours=shut)
    near = await world.asset(owner, site=await away(world, owner, 0.12))
    same = await world.asset(owner, site=await away(world, owner, 0.1202))
    await world.asset(owner, site=await away(world, owner, 0.15))
    relaxation, new, brings = await only(group)
    assert new == {near["id"], same["id"]}
    assert [(each["asset"]["id"], each["distance_m"]) for each in brings] == [(near["id"], 13356), (same["id"], 13378)]
    assert {name: relaxation[name] for name in ("kind", "text", "patch", "change", "matches")} == {
        "kind": "radius",
        "text": "Look up to 13400 m away, not 10000: 2 would match.",
        "patch": {"within_m": 13400},
        "change": 340,
        "matches": 2,
    }


async def test_doing_without_the_feature_that_keeps_most_away(world: World):
    owner, group = await world.organisation(), await world.organisation()
    site = await world.site(owner)
    features = ["step_free", "heating", "wifi"]
    rest = {name: [each for each in features if each != name] for name in features}
    await world.asset(owner, site=site, features=rest["step_free"])
    two = {(await world.asset(owner, site=site, features=rest["heating"]))["id"] for _ in range(2)}
    await world.asset(owner, site=site, features=["wifi"])
    have = await world.asset(owner, site=site, features=features)
    relaxation, new, _ = await only(group, features=features)
    assert new == two
    assert (relaxation["kind"], relaxation["text"], relaxation["patch"], relaxation["change"]) == (
        "feature",
        "Do without heating: 3 would match.",
        {"features": ["step_free", "wifi"]},
        333,
    )
    assert have["id"] not in new


@pytest.mark.parametrize(
    ("hours", "says", "window"),
    [
        (("15:30", "18:00"), "begin up to 60 minutes earlier", ("16:00", "20:00")),
        (("16:30", "18:30"), "begin up to 30 minutes earlier", ("16:30", "20:00")),
        (("19:00", "22:00"), "end up to 60 minutes later", ("17:00", "21:00")),
        (("20:00", "22:00"), "end up to 120 minutes later", ("17:00", "22:00")),
    ],
)
async def test_windows_are_made_longer_by_as_little_as_brings_something(
    world: World, hours: tuple[str, str], says: str, window: tuple[str, str]
):
    owner, group = await world.organisation(), await world.organisation()
    hall = await world.asset(owner, hours=daily(*hours))
    relaxation, new, _ = await only(group)
    assert new == {hall["id"]}
    assert (relaxation["kind"], relaxation["text"]) == ("time", f"Let it {says}: 1 would match.")
    assert relaxation["patch"] == {
        "pattern": {**TUESDAYS, "windows": [{"day": "tue", "opens": window[0], "closes": window[1]}]}
    }


async def test_what_is_to_be_as_long_as_its_window_is_moved(world: World):
    owner, group = await world.organisation(), await world.organisation()
    hall = await world.asset(owner, hours=daily("18:00", "22:00"))
    relaxation, new, _ = await only(group, minutes=None)
    assert (relaxation["text"], new) == ("Let it be 60 minutes later: 1 would match.", {hall["id"]})
    assert relaxation["patch"]["pattern"]["windows"] == [{"day": "tue", "opens": "18:00", "closes": "21:00"}]
    periods = [{"starts_at": f"2027-01-{day}T17:00:00Z", "ends_at": f"2027-01-{day}T20:00:00Z"} for day in (12, 14)]
    relaxation, new, _ = await only(group, minutes=None, pattern=None, periods=periods)
    assert (relaxation["text"], new) == ("Let it be 60 minutes later: 1 would match.", {hall["id"]})
    assert relaxation["patch"]["periods"][0] == {
        "starts_at": "2027-01-12T18:00:00Z",
        "ends_at": "2027-01-12T21:00:00Z",
    }


async def test_periods_are_made_longer_up_to_the_next(world: World):
    owner, group = await world.organisation(), await world.organisation()
    hall = await world.asset(owner, hours=daily("09:00", "17:00"))
    periods = [
        {"starts_at": f"2027-01-12T{starts}Z", "ends_at": f"2027-01-12T{ends}Z"}
        for starts, ends in (("07:00:00", "10:00:00"), ("11:00:00", "13:00:00"))
    ]
    need = await say(group, pattern=None, periods=periods)
    now, [relaxation, fewer] = await look(group, need)
    assert (relaxation["text"], fewer["kind"]) == ("Let it end up to 60 minutes later: 1 would match.", "occurrences")
    assert await keep(group, need, now, relaxation) == {hall["id"]}
    assert [each["ends_at"] for each in relaxation["patch"]["periods"]] == [
        "2027-01-12T11:00:00Z",
        "2027-01-12T14:00:00Z",
    ]


async def test_one_more_day_at_the_same_times(world: World):
    owner, group = await world.organisation(), await world.organisation()
    hall = await world.asset(owner, hours=weekly(("thu", "17:00", "22:00"), ("fri", "17:00", "22:00")))
    relaxation, new, _ = await only(group)
    thursday = {"day": "thu", "opens": "17:00", "closes": "20:00"}
    assert (relaxation["kind"], relaxation["text"], relaxation["change"], new) == (
        "day",
        "Let it be on a Thursday too, 17:00 to 20:00: 1 would match.",
        286,
        {hall["id"]},
    )
    assert relaxation["patch"] == {"pattern": {**TUESDAYS, "windows": [*TUESDAYS["windows"], thursday]}}


async def test_the_most_occurrences_that_some_asset_meets(world: World):
    owner, group, other = [await world.organisation() for _ in range(3)]
    site = await world.site(owner)
    halls = [await world.asset(owner, site=site, hours=weekly(("tue", "17:00", "20:00"))) for _ in range(3)]
    taken = [("2027-01-12T17:00:00Z", "2027-01-12T20:00:00Z"), ("2027-01-19T17:00:00Z", "2027-01-19T20:00:00Z")]
    ok(await other.book(halls[0], *taken), 201)
    ok(await other.book(halls[1], taken[0]), 201)
    ok(await other.book(halls[2], taken[1]), 201)
    relaxation, new, _ = await only(group)
    assert new == {halls[1]["id"], halls[2]["id"]}
    assert (relaxation["kind"], relaxation["text"], relaxation["patch"], relaxation["change"]) == (
        "occurrences",
        "Be content with 2 of 3 occurrences: 2 would match.",
        {"at_least": 2},
        333,
    )


async def test_as_many_people_as_something_holds_that_is_free_then(world: World):
    owner, group = await world.organisation(), await world.organisation()
    site = await world.site(owner)
    needs_many = await world.asset(owner, site=site, capacity=100, units=2, terms={"min_attendees": 25})
    smaller = await world.asset(owner, site=site, capacity=10, units=2)
    await world.asset(owner, site=site, capacity=12, units=2, hours=daily("08:00", "09:00"))
    await world.asset(owner, site=site, capacity=8, units=2)
    await world.asset(owner, site=site, capacity=10, units=1)
    need = await say(group, attendees=30, units=2)
    now, [relaxation] = await look(group, need)
    assert now == {needs_many["id"]}
    assert (relaxation["kind"], relaxation["text"], relaxation["patch"], relaxation["change"]) == (
        "people",
        "Be 20 people, not 30: 1 would match.",
        {"attendees": 20},
        333,
    )
    assert await keep(group, need, now, relaxation) == {smaller["id"]}


async def test_the_smallest_ceiling_in_the_same_currency(world: World):
    owner, group = await world.organisation(), await world.organisation()
    site = await world.site(owner)
    dear = [
        await world.asset(owner, site=site, terms={"price": price})
        for price in (
            {**HOURLY, "amount": 900},
            {**HOURLY, "amount": 4300, "per": "booking"},  # 14.33 for each of three
            {**HOURLY, "currency": "EUR", "amount": 600},
            {**HOURLY, "amount": 717},  # 14.34 for two hours
        )
    ]
    need = await say(group, price_ceiling={"amount": 1000, "currency": "GBP"})
    now, [relaxation] = await look(group, need)
    assert now == set()
    assert (relaxation["kind"], relaxation["text"], relaxation["patch"], relaxation["change"]) == (
        "price",
        "Pay up to 14.34 GBP for each occurrence, not 10.00: 2 would match.",
        {"price_ceiling": {"amount": 1434, "currency": "GBP"}},
        434,
    )
    assert await keep(group, need, now, relaxation) == {dear[1]["id"], dear[3]["id"]}


async def test_what_changes_least_comes_first_and_all_keep_their_promise(world: World):
    owner, group = await world.organisation(), await world.organisation()
    site = await world.site(owner)
    tuesdays = weekly(("tue", "17:00", "20:00"))
    given: dict[str, Any] = {"features": ["step_free", "heating"], "capacity": 30, "hours": tuesdays}
    await world.asset(owner, site=await away(world, owner, 0.1), **given)
    for changed in (
        {"features": ["heating"]},
        {"capacity": 29},
        {"hours": weekly(("wed", "17:00", "20:00"))},
        {"hours": weekly(("tue", "15:00", "18:30"))},
        {"terms": {"price": {**HOURLY, "amount": 550}}},
        {"hours": {**tuesdays, "exceptions": [{"on": "2027-01-19", "hours": []}]}},
    ):
        await world.asset(owner, site=site, **{**given, **changed})
    ceiling = {"amount": 1000, "currency": "GBP"}
    wanted = {"features": ["step_free", "heating"], "attendees": 30, "price_ceiling": ceiling}
    _, relaxations = await look(group, await say(group, **wanted))
    assert [(each["kind"], each["change"]) for each in relaxations] == [
        ("people", 33),
        ("time", 42),
        ("price", 100),
        ("radius", 120),
        ("day", 143),
        ("occurrences", 333),
        ("feature", 500),
    ]
    for each in relaxations:
        need = await say(group, **wanted)
        assert len(await keep(group, need, set(), each)) == 1


async def test_nothing_is_said_where_three_match_nor_on_later_pages(world: World):
    owner, group = await world.organisation(), await world.organisation()
    site = await world.site(owner)
    await world.asset(owner, site=site, hours=weekly(("wed", "17:00", "22:00")))
    for _ in range(2):
        await world.asset(owner, site=site)
    need = await say(group)
    first = ok(await group.get(f"/needs/{need['id']}/matches", limit=1), 200)
    assert [each["kind"] for each in first["would_help"]] == ["day"]
    second = ok(await group.get(f"/needs/{need['id']}/matches", limit=1, cursor=first["next"]), 200)
    assert (len(second["items"]), second["would_help"]) == (1, [])
    await world.asset(owner, site=site)
    assert (await look(group, need))[1] == []


async def test_nothing_helps_what_is_closed_met_lapsed_or_can_not_be_changed(world: World, clock: Any):
    owner, group = await world.organisation(), await world.organisation()
    hall = await world.asset(owner, capacity=20)
    closed, lapsed = [await say(group, attendees=30, until=f"2027-01-{day}T00:00:00Z") for day in ("30", "20")]
    ok(await group.post(f"/needs/{closed['id']}/close"), 200)
    met = await say(group, pattern={**TUESDAYS, "weeks": 1})
    booked = ("2027-01-12T17:00:00Z", "2027-01-12T19:00:00Z")
    ok(await group.book(hall, booked, need_id=met["id"]), 201)
    periods = [{"starts_at": f"2027-01-{day}T17:00:00Z", "ends_at": f"2027-01-{day}T19:00:00Z"} for day in ("14", "25")]
    begun = await say(group, attendees=30, pattern=None, periods=periods, at_least=1)
    assert [await look(group, each) for each in (closed, met)] == [(set(), [])] * 2
    assert [each["kind"] for each in (await look(group, begun))[1]] == ["people"]
    clock.now = clock.now.replace(day=20, hour=0)
    assert [await look(group, each) for each in (lapsed, begun)] == [(set(), [])] * 2
    assert ok(await group.patch(f"/needs/{begun['id']}", {"attendees": 20}), 422)["errors"][0]["pointer"] == (
        "#/periods/0/ends_at"
    )


async def test_what_nobody_may_see_or_book_helps_nobody(world: World):
    owner, group, gone = [await world.organisation() for _ in range(3)]
    small = {"capacity": 20}
    await world.asset(owner, published=False, **small)
    paused = await world.asset(owner, **small)
    ok(await owner.post(f"/assets/{paused['id']}/pause"), 200)
    await world.asset(owner, terms={"requires": ["midas"]}, **small)
    await world.asset(gone, **small)
    await world.asset(group, **small)  # one's own
    await world.run("UPDATE organisations SET state = 'suspended' WHERE id = $1", gone.id)
    assert await look(group, await say(group, attendees=30)) == (set(), [])


async def test_who_comes_to_us_comes_no_further_for_a_wider_radius(world: World):
    owner, group = await world.organisation(), await world.organisation()
    home = await away(world, owner, 0.1, private=True)
    for travels, capacity in ((5_000, 30), (20_000, 20)):
        details = {"kind": "people", "travels_m": travels}
        await world.asset(owner, site=home, kind="people", category="cook", details=details, capacity=capacity)
    need = await say(group, category="cook", comes_to_us=True, within_m=1, attendees=30)
    now, [relaxation] = await look(group, need)
    assert (now, relaxation["patch"]) == (set(), {"attendees": 20})
    assert len(await keep(group, need, now, relaxation)) == 1


async def test_what_is_booked_stays_as_it_is(world: World):
    owner, group = await world.organisation(), await world.organisation()
    hall = await world.asset(owner, hours=weekly(("tue", "17:00", "20:00"), ("thu", "18:00", "21:00")))
    periods = [{"starts_at": f"2027-01-{day}T17:00:00Z", "ends_at": f"2027-01-{day}T20:00:00Z"} for day in (12, 14)]
    need = await say(group, pattern=None, minutes=None, periods=periods)
    ok(await group.book(hall, tuple(periods[0].values()), need_id=need["id"]), 201)
    now, [relaxation] = await look(group, need)
    assert relaxation["patch"]["periods"] == [
        periods[0],
        {"starts_at": "2027-01-14T18:00:00Z", "ends_at": "2027-01-14T21:00:00Z"},
    ]
    assert await keep(group, need, now, relaxation) == {hall["id"]}
