"""Who is told of what meets a need: at each change, exactly what listMatches finds then and was not known before."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from itertools import count
from random import Random
from typing import Any

import pytest
from calls import Organisation, World, daily, ok
from hypothesis import event, given, settings
from hypothesis import strategies as st
from stored import NOW
from worlds import many, plain

import db.matches
from db.connection import connect

pytestmark = pytest.mark.anyio
fewer = settings(plain, max_examples=6)
places = count()
Json = dict[str, Any]
Pair = tuple[str, str]  # the ids of a need and an asset

UNTIL = "2027-03-01T00:00:00Z"
NIGHT, EVERY_EVENING, ALWAYS = daily("23:00", "04:00"), daily("16:00", "23:00"), {"always": True}
FEATURES = ["step_free", "heating"]
AS_IT_IS = {"headers": {"If-Match": "*"}}
EVENINGS = [(f"2027-02-{day:02}T18:00:00Z", f"2027-02-{day:02}T20:00:00Z") for day in (1, 2, 8, 9)]
PERIODS = [{"starts_at": starts, "ends_at": ends} for starts, ends in EVENINGS]
ALL_EVENINGS = {"starts_at": "2027-02-01T12:00:00Z", "ends_at": "2027-02-10T12:00:00Z"}
HOURLY = {"amount": 500, "currency": "GBP", "per": "hour"}
PATTERN = {
    "starts_on": "2027-02-01",
    "weeks": 3,
    "windows": [{"day": day, "opens": "17:00", "closes": "22:00"} for day in ("tue", "thu")],
}
ASSETS: Mapping[str, Json] = {
    "hall": {"capacity": 40, "features": ["step_free"]},
    "half": {"capacity": 20},
    "court": {"capacity": 30, "units": 2, "features": ["step_free", "heating"]},
    "van": {"kind": "vehicle", "category": "van", "details": {"kind": "vehicle", "travels_m": 5000}},
}
NAMES = tuple(ASSETS)
# Whose it is, and what it asks for.
NEEDS: list[tuple[int, Json]] = [
    (0, {"category": "hall", "periods": PERIODS[:1]}),
    (0, {"category": "hall", "pattern": PATTERN, "minutes": 120, "at_least": 2, "features": ["step_free"]}),
    (1, {"kind": "space", "periods": PERIODS, "minutes": 90, "attendees": 15}),
    (1, {"category": "hall", "periods": PERIODS[1:3], "units": 2}),
    (1, {"category": "van", "comes_to_us": True, "periods": PERIODS[:2], "at_least": 1}),
    (2, {"kind": "space", "pattern": PATTERN, "price_ceiling": {"amount": 700, "currency": "GBP"}, "minutes": 60}),
]
# Terms that stand in the way of some need, and the same as they were.
TERMS: list[tuple[Json, Json]] = [
    ({"notice_minutes": 100_000}, {"notice_minutes": 0}),
    ({"horizon_days": 28}, {"horizon_days": 3650}),
    ({"longest_minutes": 45}, {"longest_minutes": None}),
    ({"turnaround_after_minutes": 10_000}, {"turnaround_after_minutes": 0}),
    ({"price": {**HOURLY, "amount": 2000}}, {"price": HOURLY}),
    ({"price": {**HOURLY, "currency": "EUR"}}, {"price": {**HOURLY, "amount": 1000, "per": "booking"}}),
    ({"min_attendees": 45}, {"min_attendees": None}),
    ({"requires": ["midas"]}, {"requires": []}),
]
EDITS: list[Json] = [
    {"within_m": 1000},
    {"within_m": 50_000},
    {"features": []},
    {"attendees": 45},
    {"attendees": None},
    {"at_least": 1},
    {"at_least": None},
    {"until": "2027-02-02T00:00:00Z"},
]


class Stage:
    """An owner with a few assets, three organisations that look for something there, and what was known before."""

    def __init__(self, world: World, clock: Any, conn: Any, random: Random) -> None:
        self.world, self.clock, self.conn, self.random = world, clock, conn, random
        self.assets: dict[str, Json] = {}
        self.needs: list[tuple[Organisation, Json]] = []
        self.matched: set[Pair] = set()
        self.recorded: set[Pair] = set()
        self.told: list[Pair] = []

    async def begin(self) -> "Stage":
        """Somewhere where nothing was before."""
        place = next(places)
        self.clock.now = NOW
        self.here = {"type": "Point", "coordinates": [-170 + 2 * place, 10]}
        self.away = {"type": "Point", "coordinates": [-170 + 2 * place, 10.2]}
        self.owner = await self.world.organisation(kind="council")
        self.groups = [await self.world.organisation(kind=kind) for kind in ("group", "charity", "council")]
        self.other = await self.world.organisation()
        self.site = await self.world.site(self.owner, point=self.here)
        made = ok(await self.owner.post("/timetables", {"name": "Shared", **ALWAYS}), 201)
        self.timetable = made.get("timetable", made)
        for name, given_ in ASSETS.items():
            part = {"part_of": self.assets["hall"]["id"]} if name == "half" else {}
            self.assets[name] = await self.world.asset(
                self.owner, site=self.site, terms={"recallable": True}, **part, **given_
            )
        ok(await self.owner.patch(f"/assets/{self.id('court')}", {"timetable_id": self.timetable["id"]}), 200)
        return self

    def id(self, name: str) -> str:
        return str(self.assets[name]["id"])

    async def patch(self, name: str, **given_: Any) -> None:
        ok(await self.owner.patch(f"/assets/{self.id(name)}", given_), 200)

    async def find(self) -> set[Pair]:
        """What each need finds now."""
        return {
            (need["id"], str(each.id))
            for group, need in self.needs
            for each in (await db.matches.find(self.conn, need["id"], group.id, self.clock.now)).found
        }

    async def pairs(self, statement: str) -> list[Pair]:
        rows = await self.conn.fetch(statement, [need["id"] for _, need in self.needs])
        return [(str(need_id), str(asset_id)) for need_id, asset_id in rows]

    async def check(self, name: str, *, tells: bool = True, own: str | None = None) -> None:
        """That exactly what newly meets a need is recorded, and told unless it was the need's own organisation that did
        something; `own`: its need, of which it may be told.
        """
        await self.world.work(self.clock.now)
        matched = await self.find()
        new = matched - self.matched - self.recorded
        event(f"{name}: {'something' if new else 'nothing'} new")
        recorded = set(await self.pairs("SELECT need_id, asset_id FROM need_matches WHERE need_id = ANY($1::uuid[])"))
        assert recorded == self.recorded | new, name
        told = await self.pairs(
            "SELECT object_id, (after->>'asset_id')::uuid FROM events"
            " WHERE type = 'need.matched' AND object_id = ANY($1::uuid[])"
        )
        assert len(told) == len({*told}), name
        said = {*told} - {*self.told}
        must = {(need, asset) for need, asset in new if tells and need != own}
        assert must <= said <= (new if tells else set()), name
        self.matched, self.recorded, self.told = matched, recorded, told


# What stands in the way of an asset, and gives way ------------------------------------------------------------------

Undo = Callable[[], Awaitable[Any]]


async def a_closure(on: Stage, name: str) -> Undo:
    where = on.random.choice([{"asset_id": on.id(name)}, {"site_id": on.site["id"]}])
    closure = ok(await on.owner.post("/closures", {**where, **ALL_EVENINGS}), 201)["closure"]
    return lambda: on.owner.delete(f"/closures/{closure['id']}")


async def a_booking(on: Stage, name: str) -> Undo:
    """Of somebody else, who gives it back, loses or moves it, or only held it."""
    how = on.random.choice(["cancel", "recall", "move", "lapse"])
    units = 2 if name == "court" else 1
    period = (ALL_EVENINGS["starts_at"], ALL_EVENINGS["ends_at"])
    answer = await on.other.book(on.assets[name], period, hold=how == "lapse", units=units)
    if answer.status_code != 201:
        return nothing
    booking = answer.json()

    async def undo() -> None:
        if how == "cancel":
            ok(await on.other.cancel(booking), 200)
        elif how == "recall":
            ok(await on.owner.post(f"/bookings/{booking['id']}/recall", {"all": True}), 200)
        elif how == "move":
            await on.other.move(booking, starts_at="2027-06-01T00:00:00Z", ends_at="2027-06-05T00:00:00Z")
        else:
            on.clock.now += timedelta(minutes=20)

    return undo


async def nothing() -> None:
    """What is to be done where nothing stands in the way."""


async def a_pause(on: Stage, name: str) -> Undo:
    ok(await on.owner.post(f"/assets/{on.id(name)}/pause"), 200)
    return lambda: on.owner.post(f"/assets/{on.id(name)}/publish")


async def other_hours(on: Stage, name: str) -> Undo:
    path, called = f"/assets/{on.id(name)}/hours", {}
    if name == "court":
        path, called = f"/timetables/{on.timetable['id']}", {"name": "Shared"}
    ok(await on.owner.put(path, {**called, **NIGHT}, **AS_IT_IS), 200)
    return lambda: on.owner.put(path, {**called, **on.random.choice([ALWAYS, EVERY_EVENING])}, **AS_IT_IS)


async def other_terms(on: Stage, name: str) -> Undo:
    hinders, usual = on.random.choice(TERMS)
    await on.patch(name, terms=hinders)
    return lambda: on.patch(name, terms=usual)


async def another_place(on: Stage, _name: str) -> Undo:
    ok(await on.owner.patch(f"/sites/{on.site['id']}", {"point": on.away}), 200)
    return lambda: on.owner.patch(f"/sites/{on.site['id']}", {"point": on.here})


async def less_of_it(on: Stage, name: str) -> Undo:
    """Of what it has and holds."""
    less, more = on.random.choice([({"features": []}, {"features": FEATURES}), ({"capacity": 5}, {"capacity": 60})])
    await on.patch(name, **less)
    return lambda: on.patch(name, **more)


async def one_unit(on: Stage, _name: str) -> Undo:
    if (await on.owner.patch(f"/assets/{on.id('court')}", {"units": 1})).status_code != 200:
        return nothing
    return lambda: on.patch("court", units=2)


async def a_booked_part(on: Stage, _name: str) -> Undo:
    """Or a booked whole: until the part leaves it."""
    booked = on.random.choice(["hall", "half"])
    await on.owner.patch(f"/assets/{on.id('half')}", {"part_of": on.id("hall")})
    await on.other.book(on.assets[booked], (ALL_EVENINGS["starts_at"], ALL_EVENINGS["ends_at"]))
    return lambda: on.patch("half", part_of=None)


OBSTACLES = (
    a_closure, a_booking, a_booking, a_pause, other_hours, other_terms, another_place, less_of_it, one_unit,
    a_booked_part,
)  # fmt: skip


# What those who need something do -----------------------------------------------------------------------------------


async def say(on: Stage) -> None:
    who, asked = on.random.choice(NEEDS)
    answer = await on.groups[who].post("/needs", {"point": on.here, "until": UNTIL, **asked})
    on.needs.append((on.groups[who], ok(answer, 201)))
    await on.check("say", tells=False)


async def change(on: Stage) -> None:
    who, need = on.random.choice(on.needs)
    await who.patch(f"/needs/{need['id']}", on.random.choice(EDITS))
    await on.check("change", tells=False)


async def hold_papers(on: Stage) -> None:
    who, holds = on.random.choice(on.groups), on.random.choice([[], [{"code": "midas"}]])
    ok(await who.patch(f"/organisations/{who.id}", {"holds": holds}), 200)
    await on.check("hold papers", tells=False)


async def book_and_give_back(on: Stage) -> None:
    """Some of what a need could have; meanwhile something else happens."""
    who, need = on.random.choice(on.needs)
    found = ok(await who.get(f"/needs/{need['id']}/matches"), 200)["items"]
    if not found:
        return
    body = on.random.choice(found)["book"]
    some = on.random.randint(1, len(body["periods"]))
    booking = ok(await who.post("/bookings", {**body, "periods": body["periods"][:some]}), 201)
    await on.check("book for a need", tells=False)
    await on.random.choice(OBSTACLES)(on, on.random.choice(NAMES))
    await on.check("hinder")
    ok(await who.cancel(booking), 200)
    await on.check("give back", own=need["id"])


async def agree_on_who_is_told(world, clock, database, random):
    conn = await connect(database)
    try:
        on = await Stage(world, clock, conn, random).begin()
        for _ in range(2):
            undo = [(each.__name__, await each(on, random.choice(NAMES))) for each in random.sample(OBSTACLES, 3)]
            await on.check("hinder")
            for each in (say, say, say, random.choice([change, change, hold_papers, book_and_give_back])):
                await each(on)
            for name, each in random.sample(undo, len(undo)):
                await each()
                await on.check(name)
    finally:
        await conn.close()


@fewer
@given(random=st.randoms(use_true_random=True))
async def test_each_change_is_told_to_exactly_those_whose_need_it_makes_something_meet(world, clock, database, random):
    await agree_on_who_is_told(world, clock, database, random)


@pytest.mark.slow
@settings(many, max_examples=60)
@given(random=st.randoms(use_true_random=True))
async def test_the_same_of_many_more_changes(world, clock, database, random):
    await agree_on_who_is_told(world, clock, database, random)
