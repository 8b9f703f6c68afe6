"""Cases like those of other systems' trackers: other zones, other change days, whole and parts, cursors, ETags.

The last are about what came later: waiting lists, offers, check-in, messages, feedback, limits.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import ANY

import httpx
import pytest
from calls import MANCHESTER, Organisation, World, daily, ok, pointers, reasons, spans, weekly

SKIP = {"if_some_unavailable": "skip"}

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


# With those who wait, offers, check-in, messages and feedback ------------------------------------------------------


def asked(asset: dict[str, Any], *periods: tuple[str, str]) -> dict[str, Any]:
    return {"any_of": [{"asset_id": asset["id"], "starts_at": starts, "ends_at": ends} for starts, ends in periods]}


async def offers(who: Organisation, state: str = "offered") -> list[dict[str, Any]]:
    return ok(await who.get("/offers", state=state), 200)["items"]


async def test_like_c03_what_is_waited_for_of_a_series_is_moved_out_of_the_gap_too(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    gap = ("2027-03-28T01:30:00Z", "2027-03-28T02:30:00Z")
    closed = ok(await owner.post("/closures", {"asset_id": asset["id"], "starts_at": gap[0], "ends_at": gap[1]}), 201)
    series = ok(await group.repeat(asset, "2027-03-14T01:30:00Z", "2027-03-14T02:30:00Z", 3, **SKIP), 201)
    assert [each["state"] for each in series["occurrences"]] == ["confirmed", "confirmed", "skipped"]
    entry = ok(await group.post("/waiting", {"booking_id": series["id"]}), 201)
    assert spans(entry["places"]) == [gap]
    ok(await owner.delete(f"/closures/{closed['closure']['id']}"), 204)
    [offer] = await offers(group)
    assert spans(offer["occurrences"]) == [gap]
    ok(await group.post(f"/offers/{offer['id']}/accept"), 200)
    became = ok(await group.get(f"/bookings/{series['id']}"), 200)
    assert [each["state"] for each in became["occurrences"]] == ["confirmed"] * 3
    assert [each["change"] for each in became["clock_changes"]] == ["skipped"]


@pytest.mark.parametrize("how", ["decline", "lapse", "expire", "no-show", "recall", "end early"])
async def test_like_c20_what_came_free_in_any_way_is_free_for_everything(world: World, clock: Any, how: str):
    owner, group, other = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner, terms={"approval": how in {"decline", "lapse"}, "recallable": True})
    evening, rest = ("2027-07-05T18:00:00Z", "2027-07-05T22:00:00Z"), ("2027-07-05T19:00:00Z", "2027-07-05T22:00:00Z")
    booking = ok(await group.book(asset, evening, hold=how == "expire"), 201)
    clock.now = datetime.fromisoformat("2027-07-05T18:30:00Z") if how in {"no-show", "end early"} else clock.now
    match how:
        case "lapse" | "expire":
            clock.now = datetime.fromisoformat(booking["decide_by"] or booking["hold_expires_at"])
        case "end early":
            ok(await group.move(booking, ends_at="2027-07-05T18:45:00Z"), 200)
        case "decline" | "no-show" | "recall":
            ok(await owner.post(f"/bookings/{booking['id']}/{how}", {"all": True}), 200)
    became = ok(await group.get(f"/bookings/{booking['id']}"), 200)
    assert await world.free(asset, *rest) == [rest]
    assert await world.found(*rest) == {asset["id"]}
    explained = await world.client.get(
        f"/v1/assets/{asset['id']}/explain", params={"starts_at": rest[0], "ends_at": rest[1]}
    )
    assert ok(explained, 200)["bookable"] is True
    ok(await other.cancel(ok(await other.book(asset, rest, hold=True), 201)), 200)
    kept = ok(await other.book(asset, rest), 201)
    for again in ("cancel", "recall", "no-show"):
        if how != "end early":
            ok(await owner.post(f"/bookings/{booking['id']}/{again}", {"all": True}), 409)
    assert ok(await group.get(f"/bookings/{booking['id']}"), 200) == {**became, "may": ANY}
    assert ok(await other.get(f"/bookings/{kept['id']}"), 200) == kept


async def test_like_c14_an_offer_keeps_its_turnaround_and_no_more(world: World, clock: Any):
    owner, holder, group, other = [await world.organisation() for _ in range(4)]
    asset = await world.asset(owner, terms={"turnaround_after_minutes": 30, "offer_minutes": 60})
    booking = ok(await holder.book(asset, ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")), 201)
    ok(await group.post("/waiting", asked(asset, ("2027-07-05T18:00:00Z", "2027-07-05T19:00:00Z"))), 201)
    ok(await holder.cancel(booking), 200)
    assert reasons(await other.book(asset, ("2027-07-05T19:15:00Z", "2027-07-05T20:15:00Z"))) == [["taken"]]
    assert reasons(await other.book(asset, ("2027-07-05T17:00:00Z", "2027-07-05T17:45:00Z"))) == [["taken"]]
    assert await world.free(asset, "2027-07-05T16:00:00Z", "2027-07-05T21:00:00Z") == [
        ("2027-07-05T16:00:00Z", "2027-07-05T17:30:00Z"),
        ("2027-07-05T19:30:00Z", "2027-07-05T21:00:00Z"),
    ]
    ok(await other.book(asset, ("2027-07-05T19:30:00Z", "2027-07-05T20:30:00Z")), 201)
    ok(await other.book(asset, ("2027-07-05T17:00:00Z", "2027-07-05T17:30:00Z")), 201)
    [offer] = await offers(group)
    ok(await group.post(f"/offers/{offer['id']}/accept"), 200)


async def test_like_c15_who_waits_is_offered_a_unit_that_others_are_moved_out_of(world: World):
    """Of two vans one is taken from nine to eleven, the other from ten to twelve; either coming free is enough."""
    owner, holder, group = [await world.organisation() for _ in range(3)]
    vans = await world.asset(owner, kind="vehicle", category="minibus", units=2)
    early, late = ("2027-07-05T09:00:00Z", "2027-07-05T11:00:00Z"), ("2027-07-05T11:00:00Z", "2027-07-05T12:00:00Z")
    ok(await holder.book(vans, early), 201)
    middle = ok(await holder.book(vans, ("2027-07-05T10:00:00Z", "2027-07-05T11:00:00Z")), 201)
    ok(await holder.book(vans, late), 201)
    other = ok(await holder.book(vans, late), 201)
    whole = ("2027-07-05T10:00:00Z", "2027-07-05T12:00:00Z")
    entry = ok(await group.post("/waiting", asked(vans, whole)), 201)
    assert entry["lines"][0]["would_fit"] == []
    ok(await holder.cancel(middle), 200)
    assert await offers(group) == []
    assert ok(await group.get(f"/waiting/{entry['id']}"), 200)["lines"][0]["would_fit"] == [
        {"starts_at": whole[0], "ends_at": "2027-07-05T11:00:00Z", "units_free": 1}
    ]
    ok(await holder.cancel(other), 200)
    assert [spans(each["occurrences"]) for each in await offers(group)] == [[whole]]


async def test_like_c16_what_nobody_came_to_is_free_in_all_its_parts(world: World, clock: Any):
    owner, group = await world.organisation(), await world.organisation()
    site = await world.site(owner)
    house = await world.asset(owner, site=site, terms={"check_in_grace_minutes": 15})
    rooms = [await world.asset(owner, site=site, part_of=house["id"]) for _ in range(2)]
    ok(await group.book(house, ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")), 201)
    rest = ("2027-07-05T18:15:00Z", "2027-07-05T20:00:00Z")
    clock.now = datetime.fromisoformat(rest[0]) - timedelta(seconds=1)
    assert await world.found("2027-07-05T18:30:00Z", rest[1]) == set()
    clock.now += timedelta(seconds=1)
    assert await world.found("2027-07-05T18:30:00Z", rest[1]) == {house["id"], *(each["id"] for each in rooms)}
    for each in rooms:
        assert await world.free(each, *rest) == [rest]
        ok(await group.book(each, ("2027-07-05T18:30:00Z", rest[1])), 201)


async def test_like_c22_a_zero_byte_in_what_people_write_is_pointed_at(world: World):
    owner, group, other = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner)
    evening = ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")
    booking = ok(await group.book(asset, evening), 201)
    path, zero = f"/bookings/{booking['id']}", "a\0b"
    before = await world.stored()
    for who, to, body, pointer in [
        (group, f"{path}/messages", {"text": zero}, "#/text"),
        (group, f"{path}/feedback", {"verdict": "well", "text": zero}, "#/text"),
        (group, f"{path}/feedback", {"verdict": zero}, "#/verdict"),
        (group, f"{path}/check-in", {"all": True, "note": zero}, "#/note"),
        (owner, f"{path}/no-show", {"all": True, "note": zero}, "#/note"),
        (other, "/waiting", {**asked(asset, evening), "purpose": {"code": "meeting", "text": zero}}, "#/purpose/text"),
        (other, "/waiting", {"booking_id": zero}, "#/booking_id"),
    ]:
        assert (to, pointers(await who.post(to, body))) == (to, [pointer])
        key = {"headers": {"Idempotency-Key": zero}}
        assert (to, pointers(await who.post(to, body, **key))) == (to, sorted([pointer, "Idempotency-Key"]))
    for to, pointer in [
        ("/waiting?state=waiting%00", "?state"),
        ("/offers?asset_id=%00", "?asset_id"),
        (f"{path}/messages?cursor=a%00", "?cursor"),
        (f"{path}/feedback?limit=%00", "?limit"),
        ("/events?after=a%00", "?after"),
    ]:
        assert (to, pointers(await group.send("GET", to))) == (to, [pointer])
    for to in (f"{path}/messages/%00/read", "/offers/%00/accept", "/waiting/a%00/leave"):
        ok(await group.post(to), 404)
    assert await world.stored() == before


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "1969-12-31T23:59:59Z", "2200-01-01T00:00:00Z"]
)
async def test_like_c24_nobody_waits_at_the_ends_of_time(world: World, moment: str):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    evening = ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")
    ok(await group.get("/me"), 200)  # the day of which is noted
    before = await world.stored()
    assert pointers(await group.post("/waiting", asked(asset, (moment, evening[1])))) == ["#/any_of/0/starts_at"]
    assert pointers(await group.post("/waiting", asked(asset, (evening[0], moment)))) == ["#/any_of/0/ends_at"]
    late = ("2199-12-01T09:00:00Z", "2199-12-01T10:00:00Z")
    assert reasons(await group.post("/waiting", asked(asset, late))) == [["too_far_ahead"]]
    for day in ("9999-12-31", "2027-02-29"):
        ok(await group.get(f"/seeds/{day}"), 404)
    assert ok(await group.get("/seeds/0001-01-01"), 200)["on"] == "0001-01-01"
    assert await world.stored() == before


async def test_like_c26_entries_and_offers_made_at_one_moment_are_walked_once_each(world: World):
    owner, holder, group = [await world.organisation() for _ in range(3)]
    asset, other = await world.asset(owner), await world.asset(owner)
    days = [(f"2027-07-{day:02}T18:00:00Z", f"2027-07-{day:02}T20:00:00Z") for day in range(1, 10)]
    booking = ok(await holder.book(asset, *days), 201)
    made = [ok(await group.post("/waiting", asked(asset, day)), 201)["id"] for day in days][::-1]
    ok(await holder.cancel(booking), 200)
    held = [each["id"] for each in await offers(group)]
    assert (len(held), held) == (9, sorted(held, reverse=True))
    for path, expected in (("/waiting", made), ("/offers", held)):
        for who in (group, owner):
            for limit in (1, 2, 9):
                found: list[str] = []
                page = ok(await who.get(path, limit=limit), 200)
                found += [each["id"] for each in page["items"]]
                while page["next"]:
                    page = ok(await who.get(path, limit=limit, cursor=page["next"]), 200)
                    found += [each["id"] for each in page["items"]]
                assert found == expected
        cursor = ok(await group.get(path, limit=1), 200)["next"]
        for who, to, params in [
            (owner, path, {}),
            (group, path, {"asset_id": other["id"]}),
            (group, "/bookings", {}),
            (group, {"/waiting": "/offers", "/offers": "/waiting"}[path], {}),
        ]:
            assert pointers(await who.get(to, **params, limit=1, cursor=cursor)) == ["?cursor"]


async def test_like_c31_what_was_answered_of_lines_and_messages_can_be_read(world: World, app: Any):
    owner, holder, group = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://fallow") as second:
        reader = Organisation(second, group.body, group.token)
        for day in range(1, 11):
            period = (f"2027-07-{day:02}T18:00:00Z", f"2027-07-{day:02}T20:00:00Z")
            booking = ok(await holder.book(asset, period), 201)
            joined = await group.post("/waiting", asked(asset, period))
            read = await reader.get(f"/waiting/{ok(joined, 201)['id']}")
            assert (ok(read, 200), read.headers["ETag"]) == (joined.json(), joined.headers["ETag"])
            ok(await holder.cancel(booking), 200)
            [offer] = await offers(reader)
            accepted = await group.post(f"/offers/{offer['id']}/accept")
            read = await reader.get(f"/offers/{offer['id']}")
            assert (ok(read, 200), read.headers["ETag"]) == (ok(accepted, 200), accepted.headers["ETag"])
            path = f"/bookings/{accepted.json()['booking_id']}"
            assert ok(await reader.get(path), 200)["state"] == "confirmed"
            sent = ok(await group.post(f"{path}/messages", {"text": "Hello"}), 201)
            assert ok(await reader.get(f"{path}/messages"), 200)["items"] == [sent]


async def test_like_c35_sequence_counts_each_change_and_what_ended_stays(world: World, clock: Any):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    series = ok(await group.repeat(asset, "2027-10-20T17:00:00Z", "2027-10-20T19:00:00Z", 4), 201)
    starts = ["2027-10-20T17:00:00Z", "2027-10-27T17:00:00Z", "2027-11-03T18:00:00Z", "2027-11-10T18:00:00Z"]
    ids = [each["id"] for each in series["occurrences"]]

    async def rows() -> list[tuple[str, str, str, int]]:
        items = ok(await group.get("/occurrences", asset_id=asset["id"]), 200)["items"]
        return [(each["id"], each["starts_at"], each["state"], each["sequence"]) for each in items]

    assert await rows() == [(each, start, "confirmed", 0) for each, start in zip(ids, starts, strict=True)]
    ok(await group.move(series, occurrence_ids=ids[1:2], ends_at="2027-10-27T20:00:00Z"), 200)
    ok(await group.move(series, occurrence_ids=ids[1:2], ends_at="2027-10-27T19:30:00Z"), 200)
    ok(await group.cancel(series, occurrence_ids=ids[2:3]), 200)
    clock.now = datetime.fromisoformat(starts[0])
    ok(await group.post(f"/bookings/{series['id']}/check-in", {"all": True}), 200)
    expected = [("checked_in", 1), ("confirmed", 2), ("cancelled", 1), ("confirmed", 0)]
    assert await rows() == [
        (*each, *became) for each, became in zip(zip(ids, starts, strict=True), expected, strict=True)
    ]
    read = await group.get(f"/bookings/{series['id']}")
    known = {"headers": {"If-None-Match": read.headers["ETag"]}}
    assert (await group.send("GET", f"/bookings/{series['id']}", **known)).status_code == 304
    clock.now = datetime.fromisoformat(series["occurrences"][0]["ends_at"])
    assert (await rows())[0][2:] == ("completed", 1)  # as it is answered from then on, whatever becomes of it
    ok(await group.send("GET", f"/bookings/{series['id']}", **known), 200)


async def test_like_c36_what_two_say_to_each_other_is_seen_by_nobody_else(world: World, clock: Any):
    owner, group, waits, stranger = [await world.organisation() for _ in range(4)]
    asset = await world.asset(owner)
    evening = ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")
    booking = ok(await group.book(asset, evening), 201)
    path = f"/bookings/{booking['id']}"
    purpose = {"code": "meeting", "text": "SECRET-0"}
    entry = ok(await waits.post("/waiting", {**asked(asset, evening), "purpose": purpose}), 201)
    sent = ok(await group.post(f"{path}/messages", {"text": "SECRET-1"}), 201)
    clock.now = datetime.fromisoformat(evening[0])
    ok(await group.post(f"{path}/check-in", {"all": True, "note": "SECRET-2"}), 200)
    given = ok(await owner.post(f"{path}/feedback", {"verdict": "problem", "text": "SECRET-3"}), 201)
    params = {"starts_at": evening[0], "ends_at": evening[1]}
    public = ["/organisations", f"/organisations/{group.id}", f"/assets/{asset['id']}", "/assets", "/demand"]
    public += [f"/assets/{asset['id']}/hours", f"/sites/{asset['site_id']}", f"/organisations/{owner.id}"]
    inside = ["/bookings", "/occurrences", "/events", "/waiting", "/offers", "/claims", "/needs"]
    seen = [await stranger.get(each) for each in [*public, *inside]]
    seen += [await world.client.get(f"/v1{each}") for each in public]
    seen += [await who.get(f"/assets/{asset['id']}/availability", **params) for who in (stranger, waits)]
    seen += [await who.get(f"/assets/{asset['id']}/explain", **params) for who in (stranger, waits)]
    seen += [await waits.get(each) for each in ("/bookings", "/occurrences", "/events", "/offers")]
    for answer in seen:
        ok(answer, 200)
        for private in ("SECRET", booking["id"], booking["reference"], sent["id"], given["id"]):
            assert private not in answer.text
    for answer in [await stranger.get(each) for each in inside]:
        assert entry["id"] not in answer.text
    assert "SECRET" not in (await owner.get("/events", limit=100)).text
    assert "SECRET" not in (await group.get("/events", limit=100)).text
    assert waits.id not in (await group.get("/events", limit=100)).text
    for to in (path, f"{path}/messages", f"{path}/feedback"):
        assert [(await who.get(to)).status_code for who in (stranger, waits)] == [404, 404]
        invented = to.replace(booking["id"], "0190b0d0-0000-7000-8000-000000000000")
        refused = [ok(await world.client.get(f"/v1{each}"), 401)["detail"] for each in (to, invented)]
        assert refused[0] == refused[1]


# With limits ------------------------------------------------------------------------------------------------------


async def test_like_c04_a_month_of_an_allowance_is_that_of_the_site(world: World):
    """The evening of 31 July in Los Angeles is August in UTC, and July to who shares forty hours of it."""
    owner, group = await world.organisation(), await world.organisation()
    terms = {"allowance": {"minutes": 120, "every": "month"}}
    asset = await world.asset(owner, timezone="America/Los_Angeles", terms=terms)
    ok(await group.book(asset, ("2027-08-01T02:00:00Z", "2027-08-01T04:00:00Z")), 201)
    july, august = ("2027-07-20T18:00:00Z", "2027-07-20T18:15:00Z"), ("2027-08-01T07:00:00Z", "2027-08-01T09:00:00Z")
    assert reasons(await group.book(asset, july)) == [["allowance_used"]]
    assert await world.found(*july) == set()
    ok(await group.book(asset, august), 201)
    assert reasons(await group.book(asset, ("2027-08-31T20:00:00Z", "2027-08-31T21:00:00Z"))) == [["allowance_used"]]
    over = ("2027-09-01T06:00:00Z", "2027-09-01T08:00:00Z")  # half of it is still August there
    assert reasons(await group.book(asset, over)) == [["allowance_used"]]
    ok(await group.book(asset, ("2027-09-01T07:00:00Z", "2027-09-01T08:00:00Z")), 201)


@pytest.mark.parametrize(
    ("zone", "night", "minutes"),
    [
        ("Europe/London", ("2027-10-31T00:00:00Z", "2027-10-31T03:00:00Z"), 180),  # one to three, by way of one again
        ("Europe/London", ("2027-03-28T00:00:00Z", "2027-03-28T02:00:00Z"), 120),  # midnight to three
        ("Australia/Lord_Howe", ("2027-04-03T13:30:00Z", "2027-04-03T16:00:00Z"), 150),  # the clock says two hours
    ],
)
async def test_like_c01_of_a_night_of_another_length_what_passes_counts(world: World, zone, night, minutes):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, timezone=zone)
    limit = ok(await owner.post("/limits", {"counts": "minutes", "most": minutes - 1, "every": "week"}), 201)
    refused = ok(await group.book(asset, night), 409)
    [reason] = refused["occurrences"][0]["why_not"]
    assert (reason["code"], reason["numbers"]["minutes_wanted"], reason["numbers"]["minutes_left"]) == (
        "limit_reached",
        minutes,
        minutes - 1,
    )
    ok(await owner.patch(f"/limits/{limit['id']}", {"most": minutes}), 200)
    ok(await group.book(asset, night), 201)


async def test_like_c17_of_twenty_at_once_over_twenty_places_a_limit_lets_three(world: World):
    owner, group, other = [await world.organisation() for _ in range(3)]
    assets = [await world.asset(owner) for _ in range(20)]
    evening = ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")
    ok(await owner.post("/limits", {"counts": "open_bookings", "most": 3}), 201)
    answers = await asyncio.gather(*(group.book(each, evening) for each in assets))
    assert sorted(each.status_code for each in answers) == [201] * 3 + [409] * 17
    assert {str(reasons(each)) for each in answers if each.status_code == 409} == {"[['limit_reached']]"}
    again = await asyncio.gather(*(group.cancel(each.json()) for each in answers if each.status_code == 201))
    assert [each.status_code for each in again] == [200] * 3
    ok(await group.book(assets[0], evening), 201)
    ok(await other.book(assets[1], evening), 201)


async def test_like_c16_the_whole_counts_once_and_not_for_its_parts(world: World):
    owner, group = await world.organisation(), await world.organisation()
    site = await world.site(owner)
    house = await world.asset(owner, site=site)
    room = await world.asset(owner, site=site, part_of=house["id"], category="meeting_room")
    ok(await owner.post("/limits", {"counts": "minutes", "most": 120, "every": "week", "asset_id": room["id"]}), 201)
    ok(await owner.post("/limits", {"counts": "minutes", "most": 240, "every": "week"}), 201)
    ok(await group.book(house, ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")), 201)
    ok(await group.book(room, ("2027-07-06T18:00:00Z", "2027-07-06T20:00:00Z")), 201)
    refused = await group.book(room, ("2027-07-07T18:00:00Z", "2027-07-07T18:15:00Z"))
    assert reasons(refused) == [["limit_reached", "limit_reached"]]
    assert reasons(await group.book(house, ("2027-07-07T18:00:00Z", "2027-07-07T18:15:00Z"))) == [["limit_reached"]]


async def test_like_c36_a_limit_tells_of_ones_own_use_alone(world: World):
    owner, group, other = [await world.organisation(name=f"SECRET-{n}") for n in range(3)]
    asset = await world.asset(owner)
    ok(await owner.post("/limits", {"counts": "minutes", "most": 120, "every": "week"}), 201)
    evening, next_day = (
        ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z"),
        ("2027-07-06T18:00:00Z", "2027-07-06T20:00:00Z"),
    )
    booking = ok(await group.book(asset, evening), 201)
    ok(await other.book(asset, next_day, dry_run=True), 200)
    params = {"starts_at": next_day[0], "ends_at": next_day[1]}
    here = {"lon": MANCHESTER[0], "lat": MANCHESTER[1], **params}
    assert [len(ok(await who.get("/search", **here), 200)["items"]) for who in (group, other)] == [0, 1]
    assert len((await world.search(**params))["items"]) == 1  # nobody in particular has used nothing
    seen = [
        await group.get("/search", **here, explain=True),
        await group.book(asset, next_day),
        await other.get(f"/assets/{asset['id']}/explain", **params),
        await world.client.get("/v1/limits"),
    ]
    for answer in seen:
        assert booking["id"] not in answer.text
        assert group.id not in answer.text
        assert "SECRET-1" not in answer.text


# Where there are no webhooks, calendars, refreshed tokens and imports yet, what is of their kind ---------------------


async def test_like_c32_only_addresses_of_the_web_are_taken(world: World):
    owner = await world.organisation()
    asset = await world.asset(owner)
    before = await world.stored()
    for wrong in (
        "file:///etc/passwd",
        "gopher://x",
        "javascript:alert(1)",
        "data:text/html,x",
        "//x",
        "https://",
        "x",
    ):
        assert pointers(await owner.patch(f"/organisations/{owner.id}", {"website": wrong})) == ["#/website"]
        photo = {"url": wrong, "alt": "A hall", "credit": None}
        assert pointers(await owner.patch(f"/assets/{asset['id']}", {"photos": [photo]})) == ["#/photos/0/url"]
        document = {"title": "Rules", "url": wrong}
        assert pointers(await owner.patch(f"/assets/{asset['id']}", {"documents": [document]})) == ["#/documents/0/url"]
    assert await world.stored() == before


async def repeat_but(
    who: Organisation, asset: dict[str, Any], starts: str, ends: str, count: int, dates: list[str]
) -> httpx.Response:
    repeats = {"starts_at": starts, "ends_at": ends, "count": count, "except_on": dates}
    return await who.post("/bookings", {"asset_id": asset["id"], "repeats": repeats})


async def test_like_c34_excepted_dates_are_those_of_the_site(world: World):
    """Evenings west of Greenwich and early mornings east of it have another date in UTC."""
    owner, group = await world.organisation(), await world.organisation()
    los_angeles = await world.asset(owner, timezone="America/Los_Angeles")
    evening = ("2027-10-27T18:00:00-07:00", "2027-10-27T19:00:00-07:00", 4)
    booked = ok(await repeat_but(group, los_angeles, *evening, ["2027-11-03", "2027-11-17"]), 201)
    assert spans(booked["occurrences"]) == [
        ("2027-10-28T01:00:00Z", "2027-10-28T02:00:00Z"),
        ("2027-11-11T02:00:00Z", "2027-11-11T03:00:00Z"),
    ]
    ok(await group.book(los_angeles, ("2027-11-04T01:00:00Z", "2027-11-04T02:00:00Z")), 201)
    utc = await repeat_but(group, los_angeles, *evening, ["2027-11-04"])
    assert pointers(utc) == ["#/repeats/except_on/0"]
    auckland = await world.asset(owner, timezone="Pacific/Auckland")
    morning = ("2027-03-29T07:00:00+13:00", "2027-03-29T08:00:00+13:00", 3)
    booked = ok(await repeat_but(group, auckland, *morning, ["2027-03-29"]), 201)
    assert spans(booked["occurrences"]) == [
        ("2027-04-04T19:00:00Z", "2027-04-04T20:00:00Z"),
        ("2027-04-11T19:00:00Z", "2027-04-11T20:00:00Z"),
    ]


async def test_like_c37_of_ten_asks_with_one_key_one_token_comes(world: World):
    owner = await world.organisation()
    sent, options = {"name": "kiosk", "role": "member"}, {"headers": {"Idempotency-Key": "once"}}
    answers = [
        ok(each, 201) for each in await asyncio.gather(*(owner.post("/tokens", sent, **options) for _ in range(10)))
    ]
    assert len({each["id"] for each in answers}) == 1
    [secret] = [each["token"] for each in answers if each["token"]]
    kiosk = Organisation(owner.client, owner.body, secret)
    assert ok(await kiosk.get("/me"), 200)["token"]["id"] == answers[0]["id"]
    gone = await asyncio.gather(*(owner.delete(f"/tokens/{answers[0]['id']}") for _ in range(10)))
    assert {each.status_code for each in gone} <= {204, 404}
    assert ok(await kiosk.get("/me"), 401)["type"] == "/problems/token-revoked"
    assert secret not in (await owner.get("/events", limit=100)).text
    assert [each["type"] for each in ok(await owner.get("/events", limit=100), 200)["items"]].count(
        "token.revoked"
    ) == 1


async def test_like_c38_a_bad_site_in_the_middle_copies_nothing(world: World):
    owner, other = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    sites = [await world.site(owner, name=f"Hall {n}") for n in range(2)]
    theirs = await world.site(other)
    before = await world.stored()
    ids = [sites[0]["id"], theirs["id"], sites[1]["id"]]
    path, options = f"/assets/{asset['id']}/copy", {"headers": {"Idempotency-Key": "once"}}
    assert pointers(await owner.post(path, {"site_ids": ids}, **options)) == ["#/site_ids/1"]
    assert await world.stored() == before
    ids[1:2] = []
    copied = ok(await owner.post(path, {"site_ids": ids}, **options), 201)
    again = await owner.post(path, {"site_ids": ids}, **options)
    assert (ok(again, 201), again.headers["Idempotent-Replayed"]) == (copied, "true")
    assert sorted(each["site_id"] for each in copied["items"]) == sorted(ids)
    assert len(ok(await owner.get("/assets", owner_id=owner.id), 200)["items"]) == 3
    events = ok(await owner.get("/events", limit=100), 200)["items"]
    made = {each["object"]["id"] for each in events if each["type"].startswith("asset.c")}
    assert made >= {each["id"] for each in copied["items"]}
