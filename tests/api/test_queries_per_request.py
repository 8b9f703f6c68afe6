"""How often a request goes to the database: a fixed number of times, whatever it finds."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest
from calls import Organisation, World, ok

EVENING = ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")
PERIOD = dict(zip(("starts_at", "ends_at"), EVENING, strict=True))
WEEK = {"starts_at": "2027-07-05T00:00:00Z", "ends_at": "2027-07-12T00:00:00Z"}


class Queries:
    """Counts what the application sends to PostgreSQL once each statement is prepared: BEGIN and COMMIT too."""

    def __init__(self, app: Any) -> None:
        self.sent: list[str] = []
        pools = (app.state.reading, app.state.writing)
        self.heard = [holder._con for pool in pools for holder in pool._holders if holder._con]
        for conn in self.heard:
            conn.add_query_logger(self.note)

    def note(self, record: Any) -> None:
        self.sent.append(record.query)

    async def of(self, request: Callable[[], Awaitable[httpx.Response]], status: int = 200) -> list[str]:
        await asyncio.sleep(0)
        self.sent.clear()
        ok(await request(), status)
        await asyncio.sleep(0)
        return [" ".join(query.split())[:60] for query in self.sent]


@pytest.fixture
def queries(app: Any) -> Iterator[Callable[[], Queries]]:
    """Made once the pools have their connections; one after another, requests use one of each."""
    made: list[Queries] = []
    yield lambda: made.append(Queries(app)) or made[-1]
    for each in made:
        for conn in each.heard:
            conn.remove_query_logger(each.note)


async def crowd(world: World, owner: Organisation, count: int) -> list[dict[str, Any]]:
    """So many halls at one site, each with a booking of the evening by its owner."""
    site = await world.site(owner)
    halls = [await world.asset(owner, site=site, units=3) for _ in range(count)]
    for hall in halls:
        ok(await owner.book(hall, EVENING), 201)
    return halls


@pytest.mark.parametrize(
    "params",
    [{}, PERIOD, {**PERIOD, "weeks": 4, "at_least": 2}, {**PERIOD, "explain": "true"}],
    ids=["place", "period", "weeks", "explain"],
)
async def test_search_asks_once_whatever_it_finds(world: World, queries, params):
    owner = await world.organisation()

    async def search() -> httpx.Response:
        return await world.client.get("/v1/search", params={"lon": -2.2426, "lat": 53.4808, "limit": 100, **params})

    ok(await search(), 200)
    counting = queries()
    none = await counting.of(search)
    await crowd(world, owner, 12)
    many = await counting.of(search)
    assert len((await search()).json()["items"]) == 12
    assert (len(none), none) == (1, many)


async def test_an_asset_and_its_times_ask_once_and_once_for_the_token(world: World, queries):
    owner = await world.organisation()
    [hall] = await crowd(world, owner, 1)
    path = f"/assets/{hall['id']}"
    ok(await owner.get(path), 200)
    counting = queries()

    async def asked() -> list[list[int]]:
        pages = {"": {}, "/availability": WEEK, "/starts": {**WEEK, "minutes": 60}, "/explain": PERIOD}
        return [
            [
                len(await counting.of(lambda page=page: world.client.get(f"/v1{path}{page}", params=pages[page]))),
                len(await counting.of(lambda page=page: owner.get(f"{path}{page}", **pages[page]))),
            ]
            for page in pages
        ]

    assert await asked() == [[1, 2]] * 4
    for hour in range(8, 18):
        ok(await owner.book(hall, (f"2027-07-06T{hour:02}:00:00Z", f"2027-07-06T{hour + 1:02}:00:00Z")), 201)
    assert await asked() == [[1, 2]] * 4


async def test_copies_ask_the_same_number_of_times_however_many_are_made(world: World, queries):
    owner = await world.organisation()
    sites = [(await world.site(owner))["id"] for _ in range(20)]
    hall = await world.asset(owner)
    path = f"/assets/{hall['id']}/copy"
    ok(await owner.post(path, {"site_ids": sites[:2]}), 201)
    counting = queries()
    one = await counting.of(lambda: owner.post(path, {"site_ids": sites[:1]}), 201)
    assert "INSERT INTO events" in " ".join(one)
    many = await counting.of(lambda: owner.post(path, {"site_ids": sites}), 201)
    assert [each.partition(" __asyncpg")[0] for each in many] == [each.partition(" __asyncpg")[0] for each in one]


async def test_a_booking_asks_eight_times_whatever_stands_and_however_much_is_asked(world: World, queries):
    owner, group = await world.organisation(), await world.organisation()
    [hall] = await crowd(world, owner, 1)
    halls = await crowd(world, owner, 2)
    ok(await group.book(hall, EVENING, dry_run=True), 200)
    ok(await group.book(hall, ("2027-09-05T18:00:00Z", "2027-09-05T20:00:00Z")), 201)
    counting = queries()
    one = await counting.of(lambda: group.book(halls[0], EVENING), 201)
    assert len(one) <= 8, one  # token, BEGIN and COMMIT among them
    start, end = "2027-10-04T18:00:00+01:00", "2027-10-04T20:00:00+01:00"
    series = await counting.of(lambda: group.repeat(halls[1], start, end, 40, units=2), 201)
    assert series == one
    key = {"Idempotency-Key": "k"}
    body = {"asset_id": hall["id"], "periods": [{"starts_at": EVENING[0], "ends_at": EVENING[1]}]}
    keyed = await counting.of(lambda: group.post("/bookings", body, headers=key), 201)
    assert len(keyed) == len(one) + 1, keyed  # the key is claimed with the token; keeps the answer


async def test_a_refusal_asks_once_for_alternatives_when_nothing_is_locked_any_more(world: World, queries):
    owner, group = await world.organisation(), await world.organisation()
    halls = await crowd(world, owner, 3)
    ok(await group.book(halls[0], EVENING, units=3), 409)
    counting = queries()
    one = await counting.of(lambda: group.book(halls[0], EVENING, units=3), 409)
    assert [each.partition(" ")[0] for each in one[-2:]] == ["ROLLBACK;", "WITH"], one
    start, end = "2027-10-04T18:00:00+01:00", "2027-10-04T20:00:00+01:00"
    ok(await owner.repeat(halls[0], start, end, 40, units=3), 201)
    assert await counting.of(lambda: group.repeat(halls[0], start, end, 40, units=3), 409) == one


async def test_the_queue_asks_twice_and_once_for_the_token_however_many_wait(world: World, queries):
    owner, groups = await world.organisation(), [await world.organisation() for _ in range(3)]
    hall = await world.asset(owner, terms={"approval": True}, units=12)
    queue = {"state": "pending", "order": "oldest", "limit": 100}
    ok(await groups[0].book(hall, EVENING), 201)
    ok(await owner.get("/bookings", **queue), 200)
    counting = queries()
    one = await counting.of(lambda: owner.get("/bookings", **queue))
    for group in groups * 3:
        ok(await group.book(hall, EVENING), 201)
    assert len(ok(await owner.get("/bookings", **queue), 200)["items"]) == 10
    assert await counting.of(lambda: owner.get("/bookings", **queue)) == one
    assert len(one) == 3


async def test_a_recall_asks_the_same_number_of_times_however_much_it_hits(world: World, queries):
    owner, group = await world.organisation(), await world.organisation()
    counting = queries()
    asked = []
    for count in (5, 5, 20):
        [hall, *_] = halls = await crowd(world, owner, 2)
        for hour in range(count - 2):
            period = (f"2027-07-06T{hour:02}:00:00Z", f"2027-07-06T{hour + 1:02}:00:00Z")
            ok(await group.book(halls[hour % 2], period), 201)
        body = {"site_id": hall["site_id"], **WEEK, "recall": True, "note": "A flood"}
        tried = await owner.post("/closures", {**body, "dry_run": True})
        assert len(ok(tried, 200)["bookings_hit"]) == count
        headers = {"If-Match": tried.headers["ETag"]}
        sent = await counting.of(lambda: owner.post("/closures", body, headers=headers), 201)  # noqa: B023 - at once
        asked.append([each.partition(" __asyncpg")[0] for each in sent])
    assert asked[1] == asked[2]


async def test_those_in_line_who_may_not_have_what_came_free_are_asked_about_all_at_once(world: World, queries):
    owner, holder = await world.organisation(), await world.organisation()
    site = await world.site(owner)
    halls = [await world.asset(owner, site=site) for _ in range(2)]
    for hall, waiting in zip(halls, (2, 7), strict=True):
        hall["booking"] = ok(await holder.book(hall, EVENING), 201)
        for _ in range(waiting):
            group = await world.organisation()
            ok(await group.post("/waiting", {"any_of": [{"asset_id": hall["id"], **PERIOD}]}), 201)
        ok(await owner.patch(f"/assets/{hall['id']}", {"terms": {"requires": ["public_liability"]}}), 200)
    counting = queries()
    few = await counting.of(lambda: holder.cancel(halls[0]["booking"]))
    assert await counting.of(lambda: holder.cancel(halls[1]["booking"])) == few
