"""Places come free while everybody books, answers, gives back and leaves: each is offered to whoever is first, and to
nobody else.

Each round is some hundred clients of two servers at the same moment, with real commits.
"""

import hmac
import random
from collections import Counter
from collections.abc import Sequence
from functools import partial
from hashlib import sha256
from itertools import chain
from typing import Any

import httpx
import pytest
from arena import Arena, Period, Running, Send, asks, does, entered, hours, statuses, won
from calls import Organisation, ok, reasons

MANY, WAVES = 64, 5
ALL = {"all": True}
HAS = ("offered", "accepted")
ROUNDS_ALONE = pytest.mark.parametrize(
    "rounds", [pytest.param(3, id="3"), pytest.param(200, id="200", marks=pytest.mark.slow)]
)
ROUNDS = pytest.mark.parametrize("rounds", [pytest.param(1, id="1"), pytest.param(20, id="20", marks=pytest.mark.slow)])
SECRET = "SELECT lot_secret FROM service"
# An offer that nobody has answered in time.
LATE = """
  WITH late AS (
    UPDATE offers SET expires_at = now() - interval '1 second' WHERE id = $1
    RETURNING owner_id::text, booking_id::text AS id, booking_id, expires_at),
  held AS (
    UPDATE occurrences c SET held_until = late.expires_at FROM late WHERE c.booking_id = late.booking_id
    RETURNING c.id, late.expires_at),
  occupied AS (
    UPDATE occupancies o SET held_until = held.expires_at
      FROM held WHERE o.occurrence_id = held.id AND o.held_until IS NOT NULL)
  SELECT owner_id, id FROM late
"""


class Crowd:
    """Those who wait in line, and those who do not and try all the same."""

    def __init__(self, arena: Arena, groups: Sequence[Organisation]) -> None:
        self.arena = arena
        self.groups = {each.id: each for each in groups}
        self.entries: dict[str, str] = {}

    async def wait(self, *places: Sequence[tuple[dict[str, Any], Period]]) -> None:
        """All come at once, each for one of these after the other."""
        sent = [
            [{"asset_id": asset["id"], "starts_at": starts, "ends_at": ends} for asset, (starts, ends) in each]
            for each in places
        ]
        joins = [
            partial(self.arena.by(each, n).post, "/waiting", {"any_of": sent[n % len(sent)]})
            for n, each in enumerate(self.groups.values())
        ]
        answers = await self.arena.at_once(*joins)
        assert statuses(answers) == {201: len(joins)}
        self.entries = {answer.json()["booker_id"]: answer.json()["id"] for answer in answers}

    def book(self, asset: dict[str, Any], evening: Period, many: int) -> list[Send]:
        """So many try to have it past the line: those who are in it, and others."""
        whose = [*self.arena.groups, *random.sample(list(self.groups.values()), many - len(self.arena.groups))]
        return [asks(self.arena.by(who, n), asset, evening, hold=n % 5 == 0) for n, who in enumerate(whose)]

    def leave(self, organisation_ids: Sequence[str]) -> list[Send]:
        return [
            partial(self.arena.by(self.groups[each], n).post, f"/waiting/{self.entries[each]}/leave")
            for n, each in enumerate(organisation_ids)
        ]

    async def offers(self, asset: dict[str, Any]) -> list[dict[str, Any]]:
        """What was ever offered of an asset."""
        found = ok(await self.arena.owner.get("/offers", asset_id=asset["id"], limit=100), 200)
        assert found["next"] is None
        return found["items"]

    async def meet(self, offer: dict[str, Any], n: int) -> list[Send]:
        """An offer is accepted and declined at once, or is not answered in time, which two workers notice."""
        if random.random() < 0.4:
            noticed = self.arena.sweeps(dict(await self.arena.direct.fetchrow(LATE, offer["id"])))
            return [noticed, noticed]
        who = self.groups[offer["booker_id"]]
        ways = random.choice([("accept", "decline"), ("decline", "decline"), ("accept", "accept")])
        return [partial(self.arena.by(who, n + m).post, f"/offers/{offer['id']}/{how}") for m, how in enumerate(ways)]

    async def order(self, freed_at: str, minutes: dict[str, int]) -> list[str]:
        """Who is to be offered it one after another: who holds the fewest minutes, of equals who has the smaller draw,
        HMAC-SHA-256 of its id with the day's seed, which is that of the date with what only the service knows.
        """
        secret = await self.arena.direct.fetchval(SECRET)
        seed = hmac.new(secret, freed_at[:10].encode(), sha256).digest()
        drawn = {each: hmac.new(seed, each.encode(), sha256).digest() for each in self.groups}
        return sorted(self.groups, key=lambda each: (minutes.get(each, 0), drawn[each]))


@pytest.fixture(scope="module")
async def made(racing: Running) -> list[tuple[dict[str, Any], str]]:
    """So many groups, and their tokens."""
    async with entered(racing) as arena:
        groups = [await arena.world.organisation() for _ in range(MANY)]
    return [(each.body, each.token) for each in groups]


@pytest.fixture
def crowd(arena: Arena, made: list[tuple[dict[str, Any], str]]) -> Crowd:
    return Crowd(arena, [Organisation(arena.servers[0], *each) for each in made])


async def all_at_once(
    arena: Arena, acts: Sequence[Sequence[Send]], *others: Sequence[Send]
) -> list[list[httpx.Response]]:
    """What each of the pairs is answered of which one can be done, then the others."""
    sends = [*acts, *others]
    answers = iter(await arena.at_once(*(each for some in sends for each in some)))
    return [[next(answers) for _ in some] for some in sends]


@ROUNDS
@pytest.mark.usefixtures("nobody_waits_in_a_circle")
async def test_as_many_offers_as_places_come_free_each_to_whoever_is_first(arena: Arena, crowd: Crowd, rounds: int):
    """Three are given back at once, offered, answered or not, and given back again, while all book and some leave."""
    became = Counter()
    for _ in range(rounds):
        vans = await arena.hall(kind="vehicle", category="minibus", units=3, terms={"offer_minutes": 60})
        evening, earlier = hours(18, 20), hours(10, 12)
        rich = dict.fromkeys(random.sample([*crowd.groups], 3), 120)
        for each in rich:
            await arena.booked(crowd.groups[each], vans, earlier)
        holder = arena.groups[0]  # of all three, which so come free at one moment: each is offered one of them once
        held = await arena.booked(holder, vans, evening, units=3)
        await crowd.wait([(vans, evening)])
        left: set[str] = set()
        acts = [[does(arena.by(holder, n), "cancel", held, ALL) for n in range(2)]]
        for _ in range(WAVES):
            were = {each["booker_id"] for each in await crowd.offers(vans)}
            leaving = random.sample(sorted(crowd.groups.keys() - were - left), 4)
            *pairs, gone, booked = await all_at_once(arena, acts, crowd.leave(leaving), crowd.book(vans, evening, MANY))
            assert [reasons(each) for each in booked] == [[["taken"]]] * MANY
            left |= {who for who, is_gone in zip(leaving, won(gone), strict=True) if is_gone}
            for pair in pairs:
                assert not pair[0].content or won(pair).count(True) == 1
            offers = await crowd.offers(vans)
            states = Counter(each["state"] for each in offers)
            freed = 3 + states["declined"] + states["lapsed"]
            assert states["offered"] + states["accepted"] == 3
            in_line = [each for each in await crowd.order(offers[0]["freed_at"], rich) if each not in left]
            assert sorted(each["booker_id"] for each in offers) == sorted(in_line[:freed])
            acts = [await crowd.meet(each, n) for n, each in enumerate(offers) if each["state"] == "offered"]
        became += states
    assert became.keys() == {"offered", "accepted", "declined", "lapsed"} or rounds < 5


@ROUNDS
async def test_a_whole_or_its_parts_are_offered_and_never_both_and_to_nobody_else(
    arena: Arena, crowd: Crowd, rounds: int
):
    """Some wait for the hall, some for one of its rooms, some for either of them, and all of it comes free at once."""
    for _ in range(rounds):
        hall, rooms = await arena.a_hall_of_two_rooms()
        evening = hours(18, 20)
        held = [(who, await arena.booked(who, each, evening)) for who, each in zip(arena.groups, rooms, strict=False)]
        one, other, either = [(rooms[0], evening)], [(rooms[1], evening)], [(each, evening) for each in rooms]
        await crowd.wait([(hall, evening)], one, other, either)
        acts = [[does(arena.by(who, n), "cancel", each, ALL) for n in range(2)] for who, each in held]
        for _ in range(WAVES):
            books = [each for asset in (hall, *rooms) for each in crowd.book(asset, evening, MANY // 3)]
            *pairs, booked = await all_at_once(arena, acts, books)
            assert [reasons(each) for each in booked] == [[["taken"]]] * len(books)
            for pair in pairs:
                assert not pair[0].content or won(pair).count(True) == 1
            of_hall, *of_rooms = [await crowd.offers(each) for each in (hall, *rooms)]
            has = [[each for each in offers if each["state"] in HAS] for offers in (of_hall, *of_rooms)]
            assert [len(each) for each in has] in ([1, 0, 0], [0, 1, 1])
            standing = [each for each in chain(*has) if each["state"] == "offered"]
            assert max(Counter(each["booker_id"] for each in standing).values(), default=1) == 1
            acts = [await crowd.meet(each, n) for n, each in enumerate(standing)]


@ROUNDS_ALONE
async def test_who_is_alone_in_line_is_offered_it_and_once_they_decline_one_of_many_has_it(arena: Arena, rounds: int):
    """A hold lapses while many would have its place, and a worker looks."""
    alone, holder, *_ = arena.groups
    hall = await arena.hall(terms={"offer_minutes": 60})
    for _ in range(rounds):
        evening = hours(18, 20)
        held = await arena.booked(holder, hall, evening, hold=True)
        sent = {"any_of": [{"asset_id": hall["id"], "starts_at": evening[0], "ends_at": evening[1]}]}
        ok(await alone.post("/waiting", sent), 201)
        await arena.lapsing(held)
        many = [asks(arena.somebody(n), hall, evening) for n in range(MANY)]
        *answers, _, _ = await arena.at_once(*many, arena.sweeps(held), arena.sweeps(held))
        assert [reasons(each) for each in answers] == [[["taken"]]] * MANY
        [offer] = ok(await alone.get("/offers", state="offered", asset_id=hall["id"]), 200)["items"]
        *answers, declined = await arena.at_once(*many, partial(alone.post, f"/offers/{offer['id']}/decline"))
        assert (won(answers).count(True) <= 1, declined.status_code) == (True, 200)
        last = await arena.at_once(*many)
        assert won([*answers, *last]).count(True) == 1
