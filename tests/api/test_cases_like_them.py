"""Cases like those of other systems' trackers: other zones, other change days, whole and parts, cursors, ETags."""

from typing import Any

import pytest
from calls import World, daily, ok, pointers, reasons, spans, weekly

# Zone, first occurrence as sent, count, and what each must be: the wall clock stays, the instants move.
SERIES = [
    # Lord Howe changes by half an hour: +11 until 4 April 2027, then +10:30
    ("Australia/Lord_Howe", "2027-03-28T18:00:00+11:00", "2027-03-28T20:00:00+11:00",
     [("2027-03-28T07:00:00Z", "2027-03-28T09:00:00Z"), ("2027-04-04T07:30:00Z", "2027-04-04T09:30:00Z")]),
    # half an hour is skipped on 3 October 2027: 02:00 to 02:30
    ("Australia/Lord_Howe", "2027-09-26T02:15:00+10:30", "2027-09-26T03:15:00+10:30",
     [("2027-09-25T15:45:00Z", "2027-09-25T16:45:00Z"), ("2027-10-02T15:45:00Z", "2027-10-02T16:45:00Z")]),
    ("America/St_Johns", "2027-03-07T18:00:00-03:30", "2027-03-07T20:00:00-03:30",
     [("2027-03-07T21:30:00Z", "2027-03-07T23:30:00Z"), ("2027-03-14T20:30:00Z", "2027-03-14T22:30:00Z")]),
    # midnight is skipped: 00:00 to 01:00
    ("America/Santiago", "2027-08-29T00:00:00-04:00", "2027-08-29T01:00:00-04:00",
     [("2027-08-29T04:00:00Z", "2027-08-29T05:00:00Z"), ("2027-09-05T04:00:00Z", "2027-09-05T05:00:00Z")]),
    ("Asia/Beirut", "2027-03-21T00:00:00+02:00", "2027-03-21T01:00:00+02:00",
     [("2027-03-20T22:00:00Z", "2027-03-20T23:00:00Z"), ("2027-03-27T22:00:00Z", "2027-03-27T23:00:00Z")]),
    ("Asia/Kathmandu", "2027-03-28T06:00:00+05:45", "2027-03-28T07:00:00+05:45",
     [("2027-03-28T00:15:00Z", "2027-03-28T01:15:00Z"), ("2027-04-04T00:15:00Z", "2027-04-04T01:15:00Z")]),
    ("Pacific/Apia", "2027-03-28T18:00:00+13:00", "2027-03-28T20:00:00+13:00",
     [("2027-03-28T05:00:00Z", "2027-03-28T07:00:00Z"), ("2027-04-04T05:00:00Z", "2027-04-04T07:00:00Z")]),
    # over the end of summer time at night: 01:30 occurs twice, the first is meant
    ("Europe/London", "2027-10-24T01:30:00+01:00", "2027-10-24T02:30:00+01:00",
     [("2027-10-24T00:30:00Z", "2027-10-24T01:30:00Z"), ("2027-10-31T00:30:00Z", "2027-10-31T02:30:00Z")]),
]  # fmt: skip


@pytest.mark.parametrize(("zone", "starts", "ends", "expected"), SERIES, ids=[f"{z} {s}" for z, s, _, _ in SERIES])
async def test_like_c01_and_c03_a_series_in_other_zones(
    world: World, zone: str, starts: str, ends: str, expected: list[tuple[str, str]]
):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, timezone=zone)
    [match] = (await world.search(starts_at=starts, ends_at=ends, weeks=2))["items"]
    assert spans(match["occurrences"]) == expected
    booked = ok(await group.post("/bookings", match["book"]), 201)
    assert spans(booked["occurrences"]) == expected
    for each in expected:
        assert await world.free(asset, *each) == []
        assert reasons(await group.book(asset, each)) == [["taken"]]


# Zone, hours, a window, and when it is open in it.
OPEN = [
    ("America/Santiago", daily("22:00", "02:00"), ("2027-09-04T12:00:00Z", "2027-09-05T12:00:00Z"),
     [("2027-09-05T02:00:00Z", "2027-09-05T05:00:00Z")]),
    ("America/Santiago", daily("00:00", "24:00"), ("2027-09-04T00:00:00Z", "2027-09-07T00:00:00Z"),
     [("2027-09-04T00:00:00Z", "2027-09-07T00:00:00Z")]),
    ("Asia/Beirut", daily("00:00", "01:00"), ("2027-03-27T12:00:00Z", "2027-03-28T12:00:00Z"), []),
    ("Europe/London", daily("01:00", "02:00"), ("2027-03-27T12:00:00Z", "2027-03-28T12:00:00Z"), []),
    ("Europe/London", daily("01:00", "02:00"), ("2027-10-30T12:00:00Z", "2027-10-31T12:00:00Z"),
     [("2027-10-31T00:00:00Z", "2027-10-31T02:00:00Z")]),
    ("Europe/London", weekly(("sat", "20:00", "03:00")), ("2027-03-27T12:00:00Z", "2027-03-28T12:00:00Z"),
     [("2027-03-27T20:00:00Z", "2027-03-28T02:00:00Z")]),
    ("Europe/London", weekly(("sat", "20:00", "03:00")), ("2027-10-30T12:00:00Z", "2027-10-31T12:00:00Z"),
     [("2027-10-30T19:00:00Z", "2027-10-31T03:00:00Z")]),
    ("Australia/Lord_Howe", daily("01:00", "03:00"), ("2027-10-02T12:00:00Z", "2027-10-03T00:00:00Z"),
     [("2027-10-02T14:30:00Z", "2027-10-02T16:00:00Z")]),
    ("Asia/Kathmandu", daily("00:00", "24:00"), ("2027-07-12T00:00:00Z", "2027-07-19T00:00:00Z"),
     [("2027-07-12T00:00:00Z", "2027-07-19T00:00:00Z")]),
]  # fmt: skip


@pytest.mark.parametrize(("zone", "hours", "window", "expected"), OPEN)
async def test_like_c02_and_c06_hours_on_change_days(
    world: World, zone: str, hours: dict[str, Any], window: tuple[str, str], expected: list[tuple[str, str]]
):
    asset = await world.asset(await world.organisation(), timezone=zone, hours=hours)
    assert await world.open(asset, *window) == expected
    assert await world.free(asset, *window) == expected


async def test_like_c08_a_closure_of_a_part_closes_the_whole_and_not_its_sibling(world: World):
    owner, group = await world.organisation(), await world.organisation()
    site = await world.site(owner)
    hall = await world.asset(owner, site=site)
    left, right = [await world.asset(owner, site=site, part_of=hall["id"]) for _ in range(2)]
    evening = ("2027-07-14T18:00:00Z", "2027-07-14T20:00:00Z")
    ok(await owner.post("/closures", {"asset_id": left["id"], "starts_at": evening[0], "ends_at": evening[1]}), 201)
    assert await world.found(*evening) == {right["id"]}
    assert reasons(await group.book(hall, evening)) == [["closed"]]
    assert reasons(await group.book(left, evening)) == [["closed"]]
    ok(await group.book(right, evening), 201)


async def test_like_c14_turnaround_of_whole_and_part_and_of_two_units(world: World):
    owner, group = await world.organisation(), await world.organisation()
    site = await world.site(owner)
    hall = await world.asset(owner, site=site, terms={"turnaround_before_minutes": 30})
    vans = await world.asset(
        owner, site=site, part_of=hall["id"], units=2, kind="equipment", category="tables",
        terms={"turnaround_after_minutes": 45},
    )  # fmt: skip
    ok(await group.book(vans, ("2027-07-05T09:00:00Z", "2027-07-05T10:00:00Z")), 201)
    assert reasons(await group.book(hall, ("2027-07-05T11:00:00Z", "2027-07-05T12:00:00Z"))) == [["taken"]]
    ok(await group.book(hall, ("2027-07-05T11:15:00Z", "2027-07-05T12:00:00Z")), 201)
    assert reasons(await group.book(vans, ("2027-07-05T10:00:00Z", "2027-07-05T10:15:00Z"), units=2)) == [["taken"]]
    ok(await group.book(vans, ("2027-07-05T09:45:00Z", "2027-07-05T10:00:00Z")), 201)
    ok(await group.book(vans, ("2027-07-05T12:00:00Z", "2027-07-05T13:00:00Z"), units=2), 201)


async def test_like_c18_what_is_pending_already_holds_the_place(world: World):
    owner, group, other = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner, terms={"approval": True})
    asked = ok(await group.book(asset, ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")), 201)
    assert ok(await group.get(f"/bookings/{asked['id']}"), 200)["state"] == "pending"
    overlapping = ("2027-07-05T19:00:00Z", "2027-07-05T21:00:00Z")
    assert reasons(await other.book(asset, overlapping)) == [["taken"]]
    assert await world.found(*overlapping) == set()
    assert ok(await group.cancel(asked), 200)["outcomes"]["cancelled"] == 1
    ok(await other.book(asset, overlapping), 201)


async def test_like_c25_lists_of_etags(world: World):
    owner = await world.organisation()
    asset = await world.asset(owner)
    path = f"/assets/{asset['id']}"
    tag = (await owner.get(path)).headers["ETag"]
    for known in (tag, f"W/{tag}", f'"x", {tag}', f'W/"x",W/{tag} , "y"', "*"):
        answer = await owner.send("GET", path, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", tag)
    for other in ('"x"', 'W/"x", "y"', tag.strip('"'), '"*"', ""):
        ok(await owner.send("GET", path, headers={"If-None-Match": other}), 200)
    for stale in (f"W/{tag}", '"x"', '"*"', tag.strip('"'), ""):
        assert ok(await owner.patch(path, {"title": "B"}, headers={"If-Match": stale}), 412)["errors"] == []
    ok(await owner.patch(path, {"title": "B"}, headers={"If-Match": f'"x", {tag}'}), 200)


async def test_like_c26_bookings_made_at_one_moment_are_walked_once_each(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    made = [
        ok(await group.book(asset, (f"2027-07-{day:02}T18:00:00Z", f"2027-07-{day:02}T19:00:00Z")), 201)["id"]
        for day in range(1, 10)
    ]
    for limit in (1, 2, 9):
        for order in ("newest", "oldest"):
            found, params = [], {"limit": limit, "order": order}
            page = ok(await group.get("/bookings", **params), 200)
            found += [each["id"] for each in page["items"]]
            while page["next"]:
                page = ok(await group.get("/bookings", **params, cursor=page["next"]), 200)
                found += [each["id"] for each in page["items"]]
            assert found == (made if order == "oldest" else made[::-1])
    cursor = ok(await group.get("/bookings", limit=1), 200)["next"]
    for who, path, params in [
        (owner, "/bookings", {"limit": 1}),
        (group, "/bookings", {"limit": 1, "order": "oldest"}),
        (group, "/bookings", {"limit": 1, "asset_id": asset["id"]}),
        (group, "/occurrences", {"limit": 1}),
    ]:
        assert pointers(await who.get(path, **params, cursor=cursor)) == ["?cursor"]


async def test_like_c37_a_revoked_token_is_refused_at_the_next_request(world: World):
    group = await world.organisation()
    kiosk = await group.as_role("member")
    ok(await kiosk.get("/bookings"), 200)
    ok(await group.delete(f"/tokens/{ok(await kiosk.get('/me'), 200)['token']['id']}"), 204)
    assert ok(await kiosk.get("/bookings"), 401)["type"] == "/problems/token-revoked"
    events = ok(await group.get("/events", limit=100), 200)
    for secret in (kiosk.token, group.token):
        assert secret not in str(events)


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Europe/London", "2027-03-28"), ("Europe/London", "2027-10-31"), ("Australia/Lord_Howe", "2027-10-02")],
)
async def test_like_c02_what_starts_offers_on_a_change_day_is_what_can_be_booked(world: World, zone: str, day: str):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, timezone=zone, hours=daily("00:30", "04:00"), terms={"step_minutes": 30})
    window = {"starts_at": f"{day}T00:00:00Z", "ends_at": f"{day}T20:00:00Z"}
    answer = await world.client.get(f"/v1/assets/{asset['id']}/starts", params={**window, "minutes": 60})
    offered = {each["starts_at"] for each in ok(answer, 200)["items"]}
    assert offered
    for minutes in range(0, 20 * 60, 30):
        starts, ends = (f"{day}T{at // 60:02}:{at % 60:02}:00Z" for at in (minutes, minutes + 60))
        tried = await group.book(asset, (starts, ends), dry_run=True)
        assert (starts, tried.status_code) == (starts, 200 if starts in offered else 409)
