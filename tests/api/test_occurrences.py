"""Occurrences by start: for a period, for the days of a site, as JSON and as CSV."""

import csv
import io
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from calls import Organisation, World, ok, pointers, weekly

from api.accept import best
from api.sheets import cell

CSV = {"Accept": "text/csv"}
HEADER = [
    *("starts_on", "from", "ends_on", "until", "asset", "site", "booker", "on_behalf_of", "reference", "attendees"),
    *("units", "unit_numbers", "state", "purpose", "notes", "note"),
    *("timezone", "starts_at", "ends_at", "id", "booking_id"),
]


async def sheet(caller: Organisation, **params: Any) -> tuple[httpx.Response, list[list[str]]]:
    answer = await caller.send("GET", "/occurrences", params=params, headers=CSV)
    assert answer.status_code == 200, answer.text
    return answer, list(csv.reader(io.StringIO(answer.text, newline=""), strict=True))


async def test_a_line_is_in_the_time_of_the_site(world: World):
    owner, group = await world.organisation(), await world.organisation(name="Sale, Hub")
    asset = await world.asset(owner, title='The "big" hall', units=3, kind="equipment", category="tables")
    evening = ("2027-07-05T22:00:00Z", "2027-07-05T23:30:00Z")
    asked = {"purpose": {"code": "community_meal"}, "notes": "An urn, please."}
    booking = ok(await group.book(asset, evening, units=2, attendees=8, **asked), 201)
    ok(await group.cancel(booking, all=True, note="Ill\r\nand tired"), 200)
    answer, lines = await sheet(owner)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert lines == [
        HEADER,
        [
            *("2027-07-05", "23:00", "2027-07-06", "00:30", 'The "big" hall', "Hall Street", "Sale, Hub"),
            *("", booking["reference"], "8", "2", "", "cancelled", "community_meal", "An urn, please."),
            *("Ill\r\nand tired", "Europe/London", *evening, booking["occurrences"][0]["id"], booking["id"]),
        ],
    ]
    assert answer.text.endswith("\r\n")


async def test_who_comes_is_told_where_staff_booked_for_them(world: World):
    owner = await world.organisation()
    asset = await world.asset(owner)
    brownies = {"name": "Brownies", "email": None, "phone": "0161 496 0000"}
    evening = ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")
    ok(await owner.book(asset, evening, on_behalf_of=brownies), 201)
    [row] = ok(await owner.get("/occurrences"), 200)["items"]
    assert row["booking"]["on_behalf_of"] == brownies
    _, (header, line) = await sheet(owner)
    assert dict(zip(header, line, strict=True))["on_behalf_of"] == "Brownies"


async def test_what_a_spreadsheet_would_run_is_text(world: World):
    owner = await world.organisation()
    group = await world.organisation(name='=HYPERLINK("//evil",A1)')
    asset = await world.asset(owner, title="@SUM(1)")
    booking = ok(await group.book(asset, ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")), 201)
    ok(await group.cancel(booking, all=True, note="  \t+1"), 200)
    _, (header, line) = await sheet(owner)
    found = dict(zip(header, line, strict=True))
    assert (found["booker"], found["asset"], found["note"]) == (
        '\'=HYPERLINK("//evil",A1)',
        "'@SUM(1)",
        "'  \t+1",
    )


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", " =1", "\u00a0=1", "\ta", "\ra", "\na", "\uff1d1", "\uff0d1"])
def test_such_a_cell_begins_with_an_apostrophe(text: str):
    assert cell(text) == "'" + text


@pytest.mark.parametrize("text", ["", "a=1", "1-2", "'", "a@b.org"])
def test_any_other_cell_is_as_it_is(text: str):
    assert cell(text) == text
    assert cell(None) == ""


async def test_pages_follow_link_in_csv_too(world: World):
    owner = await world.organisation()
    asset = await world.asset(owner)
    booking = ok(await owner.repeat(asset, "2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z", 3), 201)
    first, lines = await sheet(owner, limit=2)
    address = first.headers["Link"].partition(">")[0].removeprefix("</v1")
    rest = await owner.send("GET", address, headers=CSV)
    last = list(csv.reader(io.StringIO(rest.text, newline="")))
    place = HEADER.index("id")
    assert [line[place] for line in [*lines[1:], *last[1:]]] == [each["id"] for each in booking["occurrences"]]
    assert (len(lines), last[0], "Link" in rest.headers) == (3, HEADER, False)


async def test_nothing_is_a_header_alone(world: World):
    answer, lines = await sheet(await world.organisation())
    assert lines == [HEADER]
    assert answer.headers["Vary"] == "Authorization, Accept"


@pytest.mark.parametrize(
    ("accepted", "form"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/csv", "text/csv"),
        ("TEXT/CSV; charset=utf-8", "text/csv"),
        ("text/*", "text/csv"),
        ("text/csv, application/json", "application/json"),
        ("text/csv;q=0.9, application/json;q=0.8", "text/csv"),
        ("text/csv;q=0.1, */*", "application/json"),
        ("text/csv;q=0, */*;q=0.1", "application/json"),
        ("application/json;q=0, */*", "text/csv"),
        ("text/csv;q=0.001, text/html", "text/csv"),
        ("text/csv;q=0", None),
        ("text/html", None),
        ("*/*;q=0", None),
        ("text/*;q=0, text/csv", "text/csv"),
    ],
)
def test_the_form_that_is_liked_best_is_answered(accepted: str, form: str | None):
    assert best(accepted, ["application/json", "text/csv"]) == form


async def test_neither_form_is_not_acceptable(world: World):
    owner = await world.organisation()
    refused = await owner.send("GET", "/occurrences", headers={"Accept": "text/csv;q=0"})
    assert ok(refused, 406)["detail"] == "Accept application/json or text/csv."
    ok(await owner.send("GET", "/bookings", headers=CSV), 406)


@pytest.mark.parametrize(
    ("zone", "now"),
    [
        ("Europe/London", "2027-01-04T09:00:00Z"),
        ("Pacific/Auckland", "2027-01-03T11:00:00Z"),  # Monday, 00:00
        ("Pacific/Pago_Pago", "2027-01-04T09:00:00Z"),  # Sunday the 3rd, 22:00
        ("Europe/London", "2027-03-28T12:00:00Z"),  # the Sunday of 23 hours
        ("America/New_York", "2026-11-01T05:30:00Z"),  # the Sunday of 25 hours, before its clocks change
        ("Asia/Kathmandu", "2027-01-10T18:14:59Z"),  # Sunday, 23:59:59
    ],
)
async def test_days_are_those_of_the_site(world: World, clock, zone: str, now: str):
    owner = await world.organisation()
    asset = await world.asset(owner, timezone=zone)
    moment = datetime.fromisoformat(now)
    today = moment.astimezone(ZoneInfo(zone)).date()
    week = today - timedelta(days=today.weekday())
    clock.now = moment - timedelta(days=30)

    def at(day: date, hour: int) -> str:
        return datetime.combine(day, time(hour), ZoneInfo(zone)).astimezone(UTC).isoformat().replace("+00:00", "Z")

    dates = [today + timedelta(days=n) for n in range(-8, 9)]
    periods = [(at(day, 0), at(day, 1)) for day in dates]
    periods += [(at(day, 23), at(day + timedelta(days=1), 0)) for day in dates]
    booking = ok(await owner.book(asset, *periods), 201)
    on = {
        each["id"]: dates[periods.index((each["starts_at"], each["ends_at"])) % len(dates)]
        for each in booking["occurrences"]
    }
    clock.now = moment

    async def days(when: str) -> list[date]:
        found = ok(await owner.get("/occurrences", when=when), 200)["items"]
        return [on[each["id"]] for each in found]

    assert await days("today") == [today] * 2
    assert await days("tomorrow") == [today + timedelta(days=1)] * 2
    expected = [week + timedelta(days=n // 2) for n in range(14)]
    assert await days("this_week") == expected


async def test_a_day_holds_what_touches_it_and_stands(world: World, clock):
    owner = await world.organisation()
    asset = await world.asset(owner)
    night, morning, noon = [
        ("2027-01-04T22:00:00Z", "2027-01-06T02:00:00Z"),
        ("2027-01-05T09:00:00Z", "2027-01-05T10:00:00Z"),
        ("2027-01-05T12:00:00Z", "2027-01-05T13:00:00Z"),
    ]
    long = ok(await owner.book(asset, night), 201)
    other = await world.asset(owner)
    short = ok(await owner.book(other, morning, noon), 201)
    ok(await owner.cancel(short, occurrence_ids=[short["occurrences"][1]["id"]]), 200)
    clock.now = datetime(2027, 1, 5, 11, tzinfo=UTC)

    async def states(**params: Any) -> list[tuple[str, str]]:
        found = ok(await owner.get("/occurrences", when="today", **params), 200)["items"]
        return [(each["id"], each["state"]) for each in found]

    assert await states() == [
        (long["occurrences"][0]["id"], "confirmed"),
        (short["occurrences"][0]["id"], "completed"),
    ]
    assert await states(state="cancelled") == [(short["occurrences"][1]["id"], "cancelled")]


async def test_days_are_not_combined_with_a_period(world: World):
    owner = await world.organisation()
    for other in ("starts_at", "ends_at"):
        answer = await owner.get("/occurrences", when="today", **{other: "2027-07-05T18:00:00Z"})
        assert pointers(answer) == ["?when"]
    assert pointers(await owner.get("/occurrences", when="yesterday")) == ["?when"]


async def test_owner_and_booker_see_an_occurrence_once_by_start(world: World):
    """Owned and booked, owned, booked: three branches in one order, page by page."""
    owner, other = await world.organisation(), await world.organisation()
    mine, theirs = await world.asset(owner), await world.asset(other)
    made = [
        ok(await who.book(asset, (f"2027-07-0{day}T18:00:00Z", f"2027-07-0{day}T20:00:00Z")), 201)
        for day, (who, asset) in enumerate([(owner, mine), (other, mine), (owner, theirs), (owner, mine)], 1)
    ]
    ok(await other.book(theirs, ("2027-07-01T18:00:00Z", "2027-07-01T20:00:00Z")), 201)
    for path, expected in (
        ("/occurrences", [each["occurrences"][0]["id"] for each in made]),
        ("/bookings", [each["id"] for each in reversed(made)]),
    ):
        found, page = [], ok(await owner.get(path, limit=1), 200)
        while True:
            found += [item["id"] for item in page["items"]]
            if page["next"] is None:
                break
            page = ok(await owner.get(path, limit=1, cursor=page["next"]), 200)
        assert found == expected


async def test_a_period_that_began_a_year_ago_is_still_found(world: World, clock):
    owner = await world.organisation()
    asset = await world.asset(owner, terms={"longest_minutes": 366 * 1440})
    booking = ok(await owner.book(asset, ("2027-02-01T00:00:00Z", "2028-02-02T00:00:00Z")), 201)
    late = {"starts_at": "2028-02-01T23:59:59Z", "ends_at": "2028-03-01T00:00:00Z"}
    found = ok(await owner.get("/occurrences", **late), 200)["items"]
    assert [each["id"] for each in found] == [booking["occurrences"][0]["id"]]


async def test_who_is_here_today(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, hours=weekly(("mon", "08:00", "22:00")))
    ok(await group.book(asset, ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z"), attendees=5), 201)
    rows = ok(await owner.get("/occurrences", site_id=asset["site_id"], starts_at="2027-07-05T00:00:00Z"), 200)["items"]
    assert [(row["asset"]["title"], row["booker"]["id"], row["booking"]["attendees"]) for row in rows] == [
        ("A hall", group.id, 5)
    ]
