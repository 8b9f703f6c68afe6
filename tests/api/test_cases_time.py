"""Cases from other systems' trackers: clock changes and zones."""

from zoneinfo import available_timezones

import asyncpg
from calls import World, daily, ok, pointers, reasons, spans, weekly

POINT = {"type": "Point", "coordinates": [30.5234, 50.4501]}


async def test_c01_a_weekly_series_keeps_its_wall_clock_in_autumn(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    sent = ("2027-10-20T18:00:00+01:00", "2027-10-20T20:00:00+01:00")
    expected = [
        ("2027-10-20T17:00:00Z", "2027-10-20T19:00:00Z"),
        ("2027-10-27T17:00:00Z", "2027-10-27T19:00:00Z"),
        ("2027-11-03T18:00:00Z", "2027-11-03T20:00:00Z"),
        ("2027-11-10T18:00:00Z", "2027-11-10T20:00:00Z"),
    ]
    search = {"starts_at": sent[0], "ends_at": sent[1], "weeks": 4, "explain": True}
    [match] = (await world.search(**search))["items"]
    assert [each["free"] for each in match["occurrences"]] == [True] * 4
    assert spans(match["occurrences"]) == expected
    booking = ok(await group.repeat(asset, *sent, 4), 201)
    assert spans(booking["occurrences"]) == expected
    answer = await world.search(**search, at_least=1)
    assert answer["items"] == []
    [miss] = answer["failed"]
    assert spans(miss["occurrences"]) == expected
    refused = await group.repeat(asset, *sent, 4)
    assert reasons(refused) == [["taken"]] * 4
    assert [each["why_not"] for each in miss["occurrences"]] == [
        each["why_not"] for each in refused.json()["occurrences"]
    ]


async def test_c02_opening_hours_on_the_morning_the_clocks_go_forward(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, hours=weekly(("sun", "10:00", "16:00")))
    changeover = [("2027-03-28T09:00:00Z", "2027-03-28T15:00:00Z")]
    before = [("2027-03-21T10:00:00Z", "2027-03-21T16:00:00Z")]
    for look in (world.open, world.free):
        assert await look(asset, "2027-03-28T00:00:00Z", "2027-03-29T00:00:00Z") == changeover
        assert await look(asset, "2027-03-21T00:00:00Z", "2027-03-22T00:00:00Z") == before
    ok(await group.book(asset, ("2027-03-28T14:00:00Z", "2027-03-28T15:00:00Z")), 201)
    assert reasons(await group.book(asset, ("2027-03-28T15:00:00Z", "2027-03-28T16:00:00Z"))) == [["closed"]]


async def test_c03_a_series_whose_start_does_not_exist_in_one_week(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    sent = ("2027-03-14T01:30:00Z", "2027-03-14T02:30:00Z")
    expected = [(f"2027-03-{day}T01:30:00Z", f"2027-03-{day}T02:30:00Z") for day in (14, 21, 28)]
    [match] = (await world.search(starts_at=sent[0], ends_at=sent[1], weeks=3))["items"]
    assert spans(match["occurrences"]) == expected
    booking = ok(await group.repeat(asset, *sent, 3), 201)
    assert spans(booking["occurrences"]) == expected
    last = booking["occurrences"][2]["id"]
    assert booking["clock_changes"] == [
        {"occurrence_id": last, "local": "2027-03-28T01:30:00", "change": "skipped"},
    ]
    again = ok(await group.get(f"/bookings/{booking['id']}"), 200)
    assert again["clock_changes"] == booking["clock_changes"]
    assert reasons(await group.book(asset, ("2027-03-28T01:30:00Z", "2027-03-28T02:30:00Z"))) == [["taken"]]


async def test_c04_an_exception_closes_the_local_evening_not_the_utc_day(world: World):
    owner = await world.organisation()
    asset = await world.asset(owner, timezone="America/Los_Angeles", hours=daily("17:00", "23:00"))
    window = ("2027-07-13T12:00:00Z", "2027-07-16T12:00:00Z")
    evenings = [(f"2027-07-{day}T00:00:00Z", f"2027-07-{day}T06:00:00Z") for day in (14, 15, 16)]
    assert await world.free(asset, *window) == evenings
    await world.hours(owner, asset, daily("17:00", "23:00", exceptions=[{"on": "2027-07-14", "hours": []}]))
    assert await world.free(asset, *window) == [evenings[0], evenings[2]]
    shorter = {"on": "2027-07-14", "hours": [{"opens": "18:00", "closes": "20:00"}]}
    await world.hours(owner, asset, daily("17:00", "23:00", exceptions=[shorter]))
    assert await world.free(asset, *window) == [
        evenings[0],
        ("2027-07-15T01:00:00Z", "2027-07-15T03:00:00Z"),
        evenings[2],
    ]


async def known_to_postgres(world: World, name: str) -> bool:
    conn = await asyncpg.connect(world.database)
    try:
        return await conn.fetchval("SELECT EXISTS (SELECT FROM pg_timezone_names WHERE name = $1)", name)
    finally:
        await conn.close()


async def test_c05_zone_names_old_and_new_mean_the_same(world: World):
    owner = await world.organisation()
    sites = []
    for zone in ("Europe/Kyiv", "Europe/Kiev"):
        made = await owner.post("/sites", {"name": zone, "point": POINT, "timezone": zone})
        if zone in available_timezones() and await known_to_postgres(world, zone):
            sites.append(ok(made, 201))
        else:
            assert pointers(made) == ["#/timezone"]
    assert sites
    for site in sites:
        asset = await world.asset(owner, site=site, hours=daily("10:00", "12:00"))
        assert await world.open(asset, "2027-03-27T00:00:00Z", "2027-03-29T00:00:00Z") == [
            ("2027-03-27T08:00:00Z", "2027-03-27T10:00:00Z"),
            ("2027-03-28T07:00:00Z", "2027-03-28T09:00:00Z"),
        ]


UNKNOWN = [
    "Europe",
    "Europe/",
    "",
    "a" * 300,
    "../London",
    "Europe/London\0",
    "tzdata.zi",
    "right/UTC",
    "posix/UTC",
    "localtime",
    "Factory",
    "+01:00",
    "GMT+1",
    "Mars/Phobos",
    "europe/london",
]


async def test_c05_a_zone_that_one_half_does_not_know_is_refused(world: World):
    owner = await world.organisation()
    for zone in UNKNOWN:
        assert pointers(await owner.post("/sites", {"name": "A", "point": POINT, "timezone": zone})) == ["#/timezone"]
    assert ok(await owner.get("/sites", owner_id=owner.id), 200)["items"] == []
