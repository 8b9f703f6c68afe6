"""What must be true after every step of a machine that does to Fallow what a plain model (diary.py) is told to do.

Each booking is answered as the model has it, to owner and booker; the database holds what stands and nothing else; and
the feed, read on page by page, tells every change once: who replays it has every booking's state.
"""

from asyncio import gather
from collections import Counter, defaultdict
from typing import Any

import httpx
from calls import ok
from diary import Diary
from entries import DAY, HOUR, STEP, Asking, Booking, Refused, Wish
from hypothesis.stateful import RuleBasedStateMachine, invariant
from invariants import nothing_half_done
from stage import ASSETS, NAMES, SHARING, Stage, instant, minutes

Json = dict[str, Any]

OVERLAPPING = """
  SELECT a.occurrence_id, b.occurrence_id FROM occupancies a JOIN occupancies b
      ON a.ctid < b.ctid AND a.owner_id = b.owner_id AND a.asset_id = b.asset_id AND a.unit = b.unit
     AND a.occupied && b.occupied
"""
OCCUPIED = """
  SELECT o.occurrence_id, o.asset_id, o.unit, lower(o.occupied) AS lower, upper(o.occupied) AS upper, o.held_until,
         f.id AS offer_id, o.asset_id = f.asset_id AS itself
    FROM occupancies o
    JOIN occurrences c ON c.id = o.occurrence_id
    LEFT JOIN offers f ON f.booking_id = c.booking_id AND c.booker_id IS NULL
   ORDER BY o.unit
"""
VERSIONS = "SELECT id, version FROM bookings WHERE booker_id IS NOT NULL"
STANDING = """
  SELECT id, state, starts_at, ends_at, units, cancelled_late FROM occurrences WHERE booker_id IS NOT NULL
"""
OFFERS = "SELECT id, waiting_id, waiting_number, freed_at, expires_at FROM offers"


class Watched(RuleBasedStateMachine):
    """A machine that knows what Fallow calls what the model numbers, and looks at all of it after each step."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage

        def draws(moment: int, name: str) -> bytes:  # a method would be copied with its stage
            return stage.draw(moment, name)

        self.diary = Diary(ASSETS, sharing=set(SHARING), draws=draws)
        self.entries: list[str] = []  # of waiting lists, by number
        self.offers: dict[tuple[int, int, int], str] = {}  # by what nobody is offered twice
        self.ids: list[str] = []  # of bookings, by number
        self.references: list[str] = []
        self.occurrences: list[list[str]] = []  # and of their occurrences
        self.places: dict[str, tuple[int, int]] = {}  # the other way
        self.seen: dict[tuple[str, int], tuple[Json, str]] = {}  # what each organisation knows of each, and its ETag
        self.feeds: dict[str, tuple[str | None, list[Json]]] = {name: (None, []) for name in NAMES}
        self.begun: dict[tuple[str, str, Any], set[int]] = {}
        self.steps = 0
        stage.run(stage.clear())

    def learn(self, shown: Json) -> None:
        """What the newest booking is called."""
        number = len(self.ids)
        in_order = self.diary.bookings[number].in_order()
        names = {each.number: one["id"] for each, one in zip(in_order, shown["occurrences"], strict=True)}
        self.ids.append(shown["id"])
        self.references.append(shown["reference"])
        self.occurrences.append([names[n] for n in sorted(names)])
        self.places |= {key: (number, n) for n, key in names.items()}

    @invariant()
    def everything_is_as_the_model_says(self):
        self.stage.run(self.look())

    async def look(self, *, at_all: bool = False) -> None:
        """All of them at once, as nothing changes meanwhile; the feeds now and then, as they keep all."""
        read = at_all or self.steps % 3 == 0
        owed = NAMES if self.diary.claims else ()
        feeds, *_ = await gather(
            gather(*(self.read_on(who) for who in NAMES if read)),
            *(self.look_as(who, at_all=at_all) for who in NAMES),
            *(self.look_what_is_owed(who) for who in owed),
            self.look_who_occupies(),
            *(self.look_who_waits(who) for who in {NAMES[0], NAMES[self.steps % len(NAMES)]} if self.entries),
            self.look_what_is_free(),
        )
        if read:
            await self.look_what_was_told(dict(zip(NAMES, feeds, strict=True)))

    async def look_as(self, who: str, *, at_all: bool) -> None:
        """An organisation is shown its bookings as they are, and an ETag is good as long as nothing changes."""
        organisation = self.stage.organisations[who]
        listed = ok(await organisation.get("/bookings", order="oldest", limit=100), 200)["items"]
        numbers = [number for number, booking in enumerate(self.diary.bookings) if who in self.diary.parties(booking)]
        numbers.sort(key=lambda number: self.ids[number])  # what was offered first is as old as the offer
        assert [each["id"] for each in listed] == [self.ids[number] for number in numbers]
        for number, item in zip(numbers, listed, strict=True):
            booking = self.diary.bookings[number]
            assert item.pop("request") == self.diary.request(number, who)
            self.is_shown(item, self.diary, number, who)
            for each in item["occurrences"]:
                _, n = self.places[each["id"]]
                booking.occurrences[n].seats = tuple(each["unit_numbers"])
            known, etag = self.seen.get((who, number), (None, '"nothing"'))
            if known == item and (self.steps + number) % 4 and not at_all:
                continue
            answer = await organisation.send("GET", f"/bookings/{item['id']}", headers={"If-None-Match": etag})
            assert answer.status_code == (304 if known == item else 200), (answer.text, known)
            if known != item:
                assert answer.json() == item
                self.seen[who, number] = item, answer.headers["ETag"]

    def is_shown(self, shown: Json, diary: Diary, number: int, to: str) -> None:
        """A booking is answered as a diary has it, and what was there before is called as it was."""
        assert visible(shown) == diary.shown(number, to)
        if number < len(self.ids):
            assert (shown["id"], shown["reference"]) == (self.ids[number], self.references[number])
            assert [self.places[each["id"]] for each in shown["occurrences"]] == [
                (number, each.number) for each in diary.bookings[number].in_order()
            ]

    async def look_what_is_owed(self, who: str) -> None:
        claims = ok(await self.stage.organisations[who].get("/claims", limit=100), 200)["items"]
        assert {self.places[each["occurrence_id"]]: each["minutes"] for each in claims} == {
            (number, n): minutes
            for (number, n), minutes in self.diary.claims.items()
            if who in self.diary.parties(self.diary.bookings[number])
        }

    async def look_who_waits(self, who: str) -> None:
        """Each is shown who waits and what is offered as it is."""
        organisation = self.stage.organisations[who]
        entries = ok(await organisation.get("/waiting", limit=100), 200)["items"]
        numbers = [n for n, entry in enumerate(self.diary.entries) if who in self.diary.concerned(entry)]
        assert {each["id"]: self.entry(each) for each in entries} == {
            self.entries[n]: self.diary.shown_entry(n, who) for n in numbers
        }
        offers = ok(await organisation.get("/offers", limit=100), 200)["items"]
        shown = [each for each in self.diary.offers if each.entry in numbers]
        assert {each["id"]: self.offer(each) for each in offers} == {
            self.offers[each.key]: self.diary.shown_offer(each, who) for each in shown
        }
        if numbers:
            number = numbers[self.steps % len(numbers)]
            answer = ok(await organisation.get(f"/waiting/{self.entries[number]}"), 200)
            assert in_lines(answer) == self.diary.lines(number)

    def entry(self, shown: Json) -> Json:
        """An entry as answered, as far as the model knows of it."""
        assert shown["offer_id"] in {None, *self.offers.values()}
        return {
            **{name: shown[name] for name in ("state", "units", "may")},
            "booker": self.name(shown["booker_id"]),
            "booking": shown["booking_id"] and self.ids.index(shown["booking_id"]),
            "places": [
                (
                    self.name(each["asset"]["id"]),
                    minutes(each["starts_at"]),
                    minutes(each["ends_at"]),
                    each["occurrence_id"] and self.places[each["occurrence_id"]],
                    each["met"],
                )
                for each in shown["places"]
            ],
            "offered": shown["offer_id"] is not None,
            "updated_at": minutes(shown["updated_at"]),
        }

    def offer(self, shown: Json) -> Json:
        """An offer, likewise."""
        [place] = shown["occurrences"]
        entry = self.entries.index(shown["waiting_id"])
        return {
            **{name: shown[name] for name in ("state", "units", "may")},
            "key": (entry, place["number"], minutes(shown["freed_at"])),
            "booker": self.name(shown["booker_id"]),
            "asset": self.name(shown["asset"]["id"]),
            "place": (place["number"], minutes(place["starts_at"]), minutes(place["ends_at"])),
            "expires_at": minutes(shown["expires_at"]),
            "updated_at": minutes(shown["updated_at"]),
            "booking": self.ids.index(shown["booking_id"]) if shown["booking_id"] else None,
        }

    def name(self, key: str) -> str:
        """What an organisation or an asset is called here."""
        known = {each.id: name for name, each in self.stage.organisations.items()}
        return known.get(key) or next(name for name, asset in self.stage.assets.items() if asset["id"] == key)

    async def look_what_is_free(self) -> None:
        """Availability says of one asset, and search of all for one period, what can be booked."""
        if self.diary.unnoticed:
            return
        since = -(-self.diary.now // STEP) * STEP
        await (self.look_when(since) if self.steps % 2 else self.look_where(since + STEP * (7 * self.steps % 40)))

    async def look_when(self, since: int) -> None:
        """It does not say how much of an allowance is left."""
        name = [*ASSETS][self.steps // 2 % len(ASSETS)]
        until, length = since + DAY, ASSETS[name].shortest
        told = await self.stage.world.free(self.stage.assets[name], instant(since), instant(until))
        free = [(minutes(starts), minutes(ends)) for starts, ends in told]
        starts = range(since, until - length, STEP)
        assert [each for each in starts if any(low <= each and each + length <= high for low, high in free)] == [
            each for each in starts if not self.diary.broken(*by_anybody(name, each, each + length))
        ]

    async def look_where(self, starts: int) -> None:
        found = await self.stage.world.found(instant(starts), instant(starts + HOUR))
        assert {self.name(each) for each in found} == {
            name for name in ASSETS if not any(self.diary.all_against(by_anybody(name, starts, starts + HOUR)[0]))
        }

    async def look_who_occupies(self) -> None:
        """What stands has its units, and those of all parts; no unit has two; and what has begun stays where it is."""
        assert await self.stage.conn.fetch(OVERLAPPING) == []
        names = {asset["id"]: name for name, asset in self.stage.assets.items()}
        offers = {self.offers[each.key]: each for each in self.diary.offers}
        for each in self.diary.offers:
            each.place.seats = ()
        taken: Counter[Any] = Counter()
        begun: dict[tuple[str, str, Any], set[int]] = defaultdict(set)
        for row in await self.stage.conn.fetch(OCCUPIED):
            key, asset = str(row["occurrence_id"]), str(row["asset_id"])
            until = minutes(row["held_until"])
            if offer := offers.get(str(row["offer_id"])):
                whose, occurrence, state = offer.key, offer.place, offer.state
                if row["itself"]:
                    occurrence.seats += (row["unit"],)
            else:
                whose = self.places[key]
                occurrence = self.diary.bookings[whose[0]].occurrences[whose[1]]
                state = occurrence.state
            if state in ("expired", "lapsed", "no_show"):
                assert until is None or until <= self.diary.now
                if until is None:
                    assert any(occurrence is each for freed in self.diary.unnoticed for _, each in freed.seats)
                continue
            assert until == occurrence.held_until or (until is None and self.diary.anybody())
            taken[*whose, names[asset], minutes(row["lower"]), minutes(row["upper"])] += 1
            if row["lower"] <= self.stage.clock.now:
                begun[key, asset, row["lower"]].add(row["unit"])
        assert taken == self.diary.occupied()
        for place in begun.keys() & self.begun.keys():  # in another number of units, some of them
            assert begun[place] <= self.begun[place] or self.begun[place] <= begun[place]
        self.begun = begun

    async def look_what_was_told(self, told: dict[str, dict[str, dict[int, Json]]]) -> None:
        """The feed of each organisation has every change of its bookings, which replayed make what is stored."""
        versions = {str(row["id"]): row["version"] for row in await self.stage.conn.fetch(VERSIONS)}
        stored: list[Json] = [{} for _ in self.ids]
        for row in await self.stage.conn.fetch(STANDING):
            starts, ends = (instant(minutes(row[name])) for name in ("starts_at", "ends_at"))
            number, _ = self.places[str(row["id"])]
            stored[number][str(row["id"])] = {
                "state": row["state"], "starts_at": starts, "ends_at": ends, "units": row["units"],
                **({"cancelled_late": True} if row["cancelled_late"] else {}),
            }  # fmt: skip
        for number, booking in enumerate(self.diary.bookings):
            key = self.ids[number]
            events = told[booking.booker][key]
            for who in NAMES:
                assert told[who][key] == (events if who in self.diary.parties(booking) else {})
            assert sorted(events) == list(range(1, versions[key] + 1))
            in_order = [events[version] for version in sorted(events)]
            assert replayed(in_order) == stored[number]
            self.compare(booking, in_order)

    async def read_on(self, who: str) -> dict[str, dict[int, Json]]:
        """What an organisation was told of each booking, by version."""
        after, known = self.feeds[who]
        more = True
        while more:
            params = {"limit": 5, **({"after": after} if after else {})}
            page = ok(await self.stage.organisations[who].get("/events", **params), 200)
            after = page["next"]
            known += page["items"]
            more = len(page["items"]) == 5
        self.feeds[who] = after, known
        assert len({event["id"] for event in known}) == len(known)
        told: dict[str, dict[int, Json]] = defaultdict(dict)
        for event in known:
            told[event["object"]["id"]][event["object"]["version"]] = event
        return told

    def compare(self, booking: Booking, events: list[Json]) -> None:
        """What was recorded is what happened, but for what happened by itself and is not written down yet."""
        recorded = Counter(
            (
                event["type"],
                minutes(event["occurred_at"]),
                self.actor(event),
                tuple(sorted((self.places[key][1], *told_of(each)) for key, each in occurrences_of(event).items())),
            )
            for event in events
        )
        happened = Counter((each.type, each.at, each.by, each.became) for each in booking.events)
        assert not recorded - happened
        assert {by for _, _, by, _ in happened - recorded} <= {None}

    def actor(self, event: Json) -> str | None:
        known = {organisation.id: name for name, organisation in self.stage.organisations.items()}
        return event["actor"] and known[event["actor"]["organisation_id"]]

    def wake(self) -> None:
        """Nothing sleeps."""

    def everything_is_written_down(self) -> None:
        """Workers do all that is due."""
        for _ in range(2):  # what was approved only now may be over, which is looked for every minute
            self.stage.run(self.stage.world.work(self.stage.clock.now))
        stored = self.stage.run(self.stage.conn.fetch(STANDING))
        assert {self.places[str(row["id"])]: row["state"] for row in stored} == {
            (number, each.number): each.state
            for number, booking in enumerate(self.diary.bookings)
            for each in booking.occurrences
        }

    def teardown(self):
        self.wake()
        self.everything_is_written_down()
        self.stage.run(self.look(at_all=True))
        self.stage.run(nothing_half_done(self.stage.world.database))


def visible(booking: Json) -> Json:
    """A booking as answered, as far as the model knows of it."""
    return {
        **{name: booking[name] for name in ("state", "outcomes", "may", "units")},
        **{name: minutes(booking[name]) for name in ("hold_expires_at", "decide_by", "updated_at")},
        "cost": booking["cost"]["amount"],
        "occurrences": [
            (
                minutes(each["starts_at"]),
                minutes(each["ends_at"]),
                each["units"],
                len(each["unit_numbers"]),
                each["state"],
                each["sequence"],
                each["note"],
                each["cancelled_late"],
                minutes(each["check_in_by"]),
                codes(each),
            )
            for each in booking["occurrences"]
        ],
    }


def by_anybody(name: str, starts: int, ends: int) -> tuple[Asking, Wish]:
    """What nobody in particular asks for."""
    wish = Wish(starts, ends, 1)
    return Asking(None, name, [wish]), wish


def in_lines(entry: Json) -> list[tuple[int, int, int, int, int]]:
    """Where an entry stands."""
    return [
        tuple(each[name] for name in ("place", "minutes_held", "before", "equal", "after")) for each in entry["lines"]
    ]


def codes(occurrence: Json) -> list[str]:
    return sorted(reason["code"] for reason in occurrence["why_not"])


def told(answer: httpx.Response) -> tuple[int, Json]:
    """An answer but for the request's own name."""
    return answer.status_code, {name: value for name, value in answer.json().items() if name != "request_id"}


def refusal_of(answer: httpx.Response) -> Refused:
    assert answer.status_code >= 400, answer.text
    problem = answer.json()
    why_not = [codes(each) for each in problem.get("occurrences", ())]
    return Refused(problem["type"].rpartition("/")[2], why_not, tuple(problem.get("states", ())))


def occurrences_of(event: Json, side: str = "after") -> Json:
    return (event[side] or {}).get("occurrences", {})


def told_of(occurrence: Json) -> tuple[str, int, int, int]:
    """An occurrence as an event tells it."""
    starts, ends = minutes(occurrence["starts_at"]), minutes(occurrence["ends_at"])
    return occurrence["state"], starts, ends, occurrence["units"]


def replayed(events: list[Json]) -> Json:
    """What the occurrences of a booking are after all of its events; each begins where the one before it ended."""
    known: Json = {}
    for event in events:
        before, after = occurrences_of(event, "before"), occurrences_of(event)
        assert before == {key: known[key] for key in (after if known else ())}
        known |= after
    return known
