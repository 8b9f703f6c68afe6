"""Idle capacity: how much of the time of an owner's assets nobody uses, and who could use it; as JSON and as CSV."""

import csv
import io
from typing import Any

import pytest
from calls import MANCHESTER, Organisation, World, daily, ok, pointers, weekly

from domain.places import Point, about

WEEKS = {"starts_at": "2027-01-11T00:00:00Z", "ends_at": "2027-01-25T00:00:00Z"}
HEADER = [
    *("asset", "site", "day", "hour", "open_minutes", "used_minutes", "idle_minutes", "needs", "units", "timezone"),
    *("asset_id", "site_id"),
]


async def idle(owner: Organisation, **params: Any) -> dict[str, Any]:
    return ok(await owner.get(f"/organisations/{owner.id}/idle", **{**WEEKS, **params}), 200)


async def sheet(owner: Organisation, path: str | None = None, **params: Any) -> tuple[list[list[str]], str | None]:
    """The lines, and the path of the next page."""
    options = {} if path else {"params": {**WEEKS, **params}}
    answer = await owner.send(
        "GET", path or f"/organisations/{owner.id}/idle", headers={"Accept": "text/csv"}, **options
    )
    assert answer.status_code == 200, answer.text
    link = answer.headers.get("Link", "").partition(">")[0].removeprefix("</v1")
    return list(csv.reader(io.StringIO(answer.text, newline=""), strict=True)), link or None


def hour(day: str, hour: int, opened: int, used: int, needs: int = 0) -> dict[str, Any]:
    minutes = {"open_minutes": opened, "used_minutes": used, "idle_minutes": opened - used}
    return {"day": day, "hour": hour, **minutes, "needs": needs}


async def say(group: Organisation, *periods: tuple[str, str], **given: Any) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": list(MANCHESTER)}
    sent = [{"starts_at": starts, "ends_at": ends} for starts, ends in periods]
    body = {"category": "hall", "point": point, "periods": sent or None, "until": "2027-02-01T00:00:00Z", **given}
    return ok(await group.post("/needs", {name: value for name, value in body.items() if value is not None}), 201)


async def test_open_used_and_idle_are_told_by_the_hour_of_the_week(world: World):
    """Mondays from 9 to 11, two of them; on one, an hour is booked, and the turnaround of half an hour is use too."""
    owner, group = await world.organisation(), await world.organisation()
    site = await world.site(owner, name="Sale Hub")
    hours = weekly(("mon", "09:00", "11:00"))
    hall = await world.asset(owner, site=site, title="Main hall", hours=hours, terms={"turnaround_after_minutes": 30})
    ok(await group.book(hall, ("2027-01-11T09:15:00Z", "2027-01-11T10:15:00Z")), 201)
    await say(group, ("2027-01-18T10:15:00Z", "2027-01-18T11:00:00Z"))
    await say(group, ("2027-01-18T09:30:00Z", "2027-01-18T10:30:00Z"))
    await say(group, ("2027-01-11T09:30:00Z", "2027-01-11T10:30:00Z"))  # taken
    await say(group, ("2027-01-25T09:30:00Z", "2027-01-25T10:30:00Z"))  # after the span
    assert await idle(owner) == {
        "items": [
            {
                "asset": {"id": hall["id"], "title": "Main hall"},
                "site": {"id": site["id"], "name": "Sale Hub"},
                "timezone": "Europe/London",
                "units": 1,
                "open_minutes": 240,
                "used_minutes": 90,
                "idle_minutes": 150,
                "needs": 2,
                "needs_examined": 4,
                "needs_cut": False,
                "week": [hour("mon", 9, 120, 45, 1), hour("mon", 10, 120, 45, 2)],
            }
        ],
        "next": None,
    }


async def test_what_is_given_back_is_idle_again_and_units_count_each(world: World):
    owner, group = await world.organisation(), await world.organisation()
    tables = await world.asset(
        owner, kind="equipment", category="tables", units=5, hours=weekly(("tue", "18:00", "19:00"))
    )
    evening = ("2027-01-12T18:00:00Z", "2027-01-12T19:00:00Z")
    ok(await group.book(tables, evening, units=2), 201)
    returned = ok(await group.book(tables, evening, units=3), 201)
    assert (await idle(owner))["items"][0]["week"] == [hour("tue", 18, 600, 300)]
    ok(await group.cancel(returned), 200)
    assert (await idle(owner))["items"][0]["week"] == [hour("tue", 18, 600, 120)]


async def test_only_what_is_or_was_offered_is_told_newest_first_in_pages(world: World):
    owner = await world.organisation()
    listed = [await world.asset(owner, hours=daily("09:00", "10:00")) for _ in range(3)]
    ok(await owner.post(f"/assets/{listed[1]['id']}/pause"), 200)
    await world.asset(owner, published=False)
    gone = await world.asset(owner)
    ok(await owner.post(f"/assets/{gone['id']}/archive"), 200)
    await world.asset(await world.organisation())
    found, cursor = [], None
    for _ in listed:
        page = await idle(owner, limit=1, **({"cursor": cursor} if cursor else {}))
        found += page["items"]
        cursor = page["next"]
    assert cursor is None
    assert [each["asset"]["id"] for each in found] == [each["id"] for each in reversed(listed)]
    assert found == (await idle(owner))["items"]


async def test_a_page_looks_at_fewer_assets_the_longer_the_span(world: World):
    owner = await world.organisation()
    hall = await world.asset(owner)
    sites = [(await world.site(owner))["id"] for _ in range(22)]
    ok(await owner.post(f"/assets/{hall['id']}/copy", {"site_ids": sites}), 201)
    await world.run("UPDATE assets SET state = 'listed'")
    quarter = {"ends_at": "2027-04-13T00:00:00Z", "limit": 100}
    first = await idle(owner, **quarter)
    rest = await idle(owner, **quarter, cursor=first["next"])
    assert (len(first["items"]), len(rest["items"])) == (10, 10)
    assert (await idle(owner, **quarter, cursor=rest["next"]))["next"] is None
    assert len((await idle(owner, limit=100))["items"]) == 20


async def test_a_sheet_has_a_line_for_each_hour_and_what_a_spreadsheet_would_run_is_text(world: World):
    owner = await world.organisation()
    site = await world.site(owner, name="=1+1")
    summer = weekly(("mon", "09:00", "10:00"), starts_on="2027-06-01")
    never = await world.asset(owner, site=site, title="Shut, for now", hours=summer)
    hall = await world.asset(owner, site=site, title="@SUM(1)", hours=weekly(("sun", "09:00", "11:00")))
    first, path = await sheet(owner, limit=1)
    last, end = await sheet(owner, path)
    place = ["Europe/London", hall["id"], site["id"]]
    assert first == [
        HEADER,
        ["'@SUM(1)", "'=1+1", "sun", "09:00", "120", "0", "120", "0", "1", *place],
        ["'@SUM(1)", "'=1+1", "sun", "10:00", "120", "0", "120", "0", "1", *place],
    ]
    assert last == [
        HEADER,
        ["Shut, for now", "'=1+1", "", "", "0", "0", "0", "0", "1", "Europe/London", never["id"], site["id"]],
    ]
    assert end is None


async def test_needs_are_measured_from_where_others_see_them(world: World):
    """Two groups 400 m apart are shown at one place: either both are near enough, or neither."""
    owner, group = await world.organisation(), await world.organisation()
    lon, lat = about(Point(MANCHESTER)).coordinates
    for north in (-0.002, 0.002):
        point = {"type": "Point", "coordinates": [lon, lat + north]}
        await say(group, ("2027-01-11T09:00:00Z", "2027-01-11T10:00:00Z"), point=point, within_m=5000)
    found = []
    for north in (0.0442, 0.0456):  # 4.92 and 5.07 km
        place = {"type": "Point", "coordinates": [lon, lat + north]}
        await world.asset(owner, site=await world.site(owner, point=place))
        found.append((await idle(owner, limit=1))["items"][0]["needs"])
    assert found == [2, 0]


async def test_where_more_is_looked_for_than_is_tested_the_answer_is_cut(world: World):
    """A need of 708 days may be matched with 56 assets; a quarter of that is shared by the two assets of the page."""
    owner, group = await world.organisation(), await world.organisation()
    for _ in range(2):
        await world.asset(owner)
    pattern = {
        "starts_on": "2027-01-11",
        "weeks": 51,
        "every_weeks": 2,
        "windows": [{"day": "sun", "opens": "09:00", "closes": "11:00"}],
    }
    for needs in (1, 2, 3, 4, 5, 6, 7, 8):
        await say(group, pattern=pattern, minutes=60, at_least=1)
        seen = [(each["needs"], each["needs_examined"], each["needs_cut"]) for each in (await idle(owner))["items"]]
        assert seen == [(min(needs, 7), min(needs, 7), needs > 7)] * 2


async def test_only_its_own_staff_are_told(world: World):
    owner, other = await world.organisation(), await world.organisation()
    await world.asset(owner)
    by_slug = ok(await owner.get(f"/organisations/{owner.body['slug']}/idle", **WEEKS), 200)
    assert by_slug == await idle(await owner.as_role("member"))
    path = f"/organisations/{owner.id}/idle"
    assert ok(await other.get(path, **WEEKS), 403)["type"] == "/problems/forbidden"
    ok(await world.client.get(f"/v1{path}", params=WEEKS), 401)
    ok(await owner.get("/organisations/nobody-at-all/idle", **WEEKS), 404)


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"ends_at": WEEKS["starts_at"]}, "?ends_at"),
        ({"ends_at": "2027-01-10T00:00:00Z"}, "?ends_at"),
        ({"ends_at": "2027-04-13T00:00:01Z"}, "?ends_at"),
        ({"starts_at": "yesterday"}, "?starts_at"),
        ({"starts_at": None}, "?starts_at"),
        ({"limit": 101}, "?limit"),
    ],
)
async def test_what_is_asked_wrongly_is_refused_with_a_pointer(world: World, given: dict[str, Any], pointer: str):
    owner = await world.organisation()
    params = {name: value for name, value in {**WEEKS, **given}.items() if value is not None}
    assert pointers(await owner.get(f"/organisations/{owner.id}/idle", **params)) == [pointer]


async def test_a_cursor_belongs_to_its_span(world: World):
    owner = await world.organisation()
    for _ in range(2):
        await world.asset(owner)
    cursor = (await idle(owner, limit=1))["next"]
    other = {**WEEKS, "ends_at": "2027-01-26T00:00:00Z", "cursor": cursor}
    refused = ok(await owner.get(f"/organisations/{owner.id}/idle", **other), 422)
    assert refused["type"] == "/problems/cursor-mismatch"
