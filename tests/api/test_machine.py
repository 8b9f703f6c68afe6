"""A machine that books, decides, waits and cancels at random, and a plain model (diary.py) that says what comes of it.

After every step each booking is answered as the model has it, to owner and booker; the database holds what stands and
nothing else; and the feed, read on page by page, tells every change once: who replays it has every booking's state.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import timedelta
from typing import Any

import httpx
import pytest
from calls import ok
from diary import ALL, DAY, HOUR, Booking, Diary, Refused, Scope
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from stage import ASSETS, NAMES, Stage, instant, minutes, staged

from fallow.cluster import Cluster

Json = dict[str, Any]

OVERLAPPING = """
  SELECT a.occurrence_id, b.occurrence_id FROM occupancies a JOIN occupancies b
      ON a.ctid < b.ctid AND a.owner_id = b.owner_id AND a.asset_id = b.asset_id AND a.unit = b.unit
     AND a.occupied && b.occupied
"""
OCCUPIED = """
  SELECT occurrence_id, asset_id, unit, lower(occupied) AS lower, upper(occupied) AS upper, held_until FROM occupancies
"""
VERSIONS = "SELECT id, version FROM bookings"
STANDING = "SELECT id, state, starts_at, ends_at, units FROM occurrences"

organisations = st.sampled_from(NAMES)
names = st.sampled_from([*ASSETS])
ways = st.sampled_from(["plain", "plain", "plain", "dry", "twice"])
matches = st.sampled_from([None, None, None, "known", "stale"])
notes = st.sampled_from([None, None, "Sorry"])
scopes = st.one_of(
    st.just(ALL),
    st.builds(Scope, since=st.integers(0, 2)),
    st.builds(Scope, numbers=st.sets(st.integers(0, 2), min_size=1, max_size=2).map(tuple)),
)
slots = st.tuples(st.integers(-1, 12), st.sampled_from([HOUR // 2, HOUR, HOUR, 2 * HOUR]))


class Machine(RuleBasedStateMachine):
    """What several organisations do to each other's bookings, and what each of them sees of it."""

    bookings = Bundle("bookings")
    closures = Bundle("closures")

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage
        self.diary = Diary(ASSETS)
        self.ids: list[str] = []  # of bookings, by number
        self.occurrences: list[list[str]] = []  # and of their occurrences
        self.places: dict[str, tuple[int, int]] = {}  # the other way
        self.seen: dict[tuple[str, int], tuple[Json, str]] = {}  # what each organisation knows of each, and its ETag
        self.feeds: dict[str, tuple[str | None, list[Json]]] = {name: (None, []) for name in NAMES}
        self.begun: dict[tuple[str, str], set[int]] = {}
        self.steps = 0
        stage.run(stage.clear())

    # What is done -------------------------------------------------------------------------------------------------

    @rule(
        target=bookings,
        who=organisations,
        name=names,
        days=st.sampled_from([0, 0, 1, 7]),
        slots=st.lists(slots, min_size=1, max_size=3),
        units=st.sampled_from([1, 1, 1, 2, 3]),
        hold=st.booleans(),
        skip=st.booleans(),
        how=ways,
    )
    def book(self, who, name, days, slots, units, hold, skip, how):
        since = self.next_half_hour() + days * DAY
        periods = apart([(since + 30 * slot, since + 30 * slot + length) for slot, length in slots])
        sent = [{"starts_at": instant(starts), "ends_at": instant(ends)} for starts, ends in periods]
        return self.ask(who, name, periods, {"periods": sent}, units, hold, skip, how)

    @rule(
        target=bookings,
        who=organisations,
        name=names,
        slot=slots,
        count=st.integers(2, 3),
        hold=st.booleans(),
        skip=st.booleans(),
        how=ways,
    )
    def book_series(self, who, name, slot, count, hold, skip, how):
        starts = self.next_half_hour() + 30 * slot[0]
        ends = starts + slot[1]
        periods = [(starts + 7 * DAY * n, ends + 7 * DAY * n) for n in range(count)]
        repeats = {"starts_at": instant(starts), "ends_at": instant(ends), "count": count}
        return self.ask(who, name, periods, {"repeats": repeats}, 1, hold, skip, how)

    def ask(self, who, name, periods, sent, units, hold, skip, how):
        some = {"hold": hold, "if_some_unavailable": "skip" if skip else "refuse"}
        body = {"asset_id": self.stage.assets[name]["id"], "units": units, **some, **sent}
        made = self.do(
            lambda diary: diary.book(who, name, periods, units, hold=hold, skip=skip), who, "/bookings", body, how
        )
        if made is None and self.answer.status_code == 409:
            self.can_be_had_instead(who, name, periods, units, hold)
        return multiple() if made is None else made

    def can_be_had_instead(self, who, name, periods, units, hold):
        """What a refusal offers can be booked: another asset by itself, another time with the rest that is free."""
        refused = self.answer.json()["occurrences"]
        free = [period for period, each in zip(periods, refused, strict=True) if each["free"]]
        by_id = {asset["id"]: each for each, asset in self.stage.assets.items()}
        for each in [offered for occurrence in refused for offered in occurrence["alternatives"]]:
            other = by_id[each["asset"]["id"]]
            asked = [*(free if other == name else ()), (minutes(each["starts_at"]), minutes(each["ends_at"]))]
            assert not any(self.diary.why_not(who, other, asked, units, hold=hold)), each

    @rule(number=bookings, who=organisations, how=ways, match=matches)
    def confirm(self, number, who, how, match):
        self.change(lambda diary: diary.confirm(number, who), number, "confirm", who, {}, how, match)

    @rule(number=bookings)
    def confirm_ones_own(self, number):
        self.confirm(number, self.diary.bookings[number].booker, "plain", None)

    @rule(
        number=bookings,
        who=st.sampled_from(["council", *NAMES]),
        decision=st.sampled_from(["approve", "approve", "decline"]),
        scope=scopes,
        note=notes,
        how=ways,
        match=matches,
    )
    def decide(self, number, who, decision, scope, note, how, match):
        scope, body = self.scoped(number, scope, note)
        self.change(
            lambda diary: diary.decide(decision, number, who, scope, note), number, decision, who, body, how, match
        )

    @rule(number=bookings, who=organisations, scope=scopes, note=notes, how=ways, match=matches)
    def cancel(self, number, who, scope, note, how, match):
        scope, body = self.scoped(number, scope, note)
        self.change(lambda diary: diary.cancel(number, who, scope, note), number, "cancel", who, body, how, match)

    @rule(number=bookings, scope=scopes)
    def cancel_ones_own(self, number, scope):
        self.cancel(number, self.diary.bookings[number].booker, scope, None, "plain", None)

    @rule(
        number=bookings,
        who=st.sampled_from(["council", "council", *NAMES]),
        scope=scopes,
        note=notes,
        how=ways,
        match=matches,
    )
    def recall(self, number, who, scope, note, how, match):
        scope, body = self.scoped(number, scope, note)
        self.change(lambda diary: diary.recall(number, who, scope, note), number, "recall", who, body, how, match)

    @rule(
        target=closures,
        who=st.sampled_from(["council", "council", "council", *NAMES]),
        name=names,
        days=st.sampled_from([0, 0, 1, 7]),
        slot=slots,
        recall=st.booleans(),
        note=notes,
        match=st.sampled_from(["known", "known", "stale"]),
    )
    def close(self, who, name, days, slot, recall, note, match):
        """Shut an asset, after a look at what that hits."""
        starts = self.next_half_hour() + days * DAY + 30 * slot[0]
        ends = starts + slot[1]
        after = deepcopy(self.diary)
        sent = {"asset_id": self.stage.assets[name]["id"], "starts_at": instant(starts), "ends_at": instant(ends)}
        body = {**sent, "note": note, "recall": recall}
        post = self.stage.organisations[who].post
        tried = self.stage.run(post("/closures", {**body, "dry_run": True}))
        hit = attempt(lambda: after.close(who, name, starts, ends, recall=recall, note=note))
        if isinstance(hit, Refused):
            assert refusal_of(tried) == hit
            return multiple()
        assert self.hit(ok(tried, 200), after) == hit
        etag = {"known": tried.headers["ETag"], "stale": '"stale"'}[match]
        made = self.stage.run(post("/closures", body, headers={"If-Match": etag}))
        if match == "stale":
            assert refusal_of(made) == Refused("precondition-failed")
            return multiple()
        shown = ok(made, 201)
        assert self.hit(shown, after) == hit
        self.diary = after
        return shown["closure"]["id"], (name, starts, ends)

    def hit(self, answer: Json, after: Diary) -> set[tuple[int, int]]:
        """What a closure hits, each as it is then."""
        for each in answer["bookings_hit"]:
            number, n = self.places[each["occurrence_id"]]
            assert (each["booking_id"], each["state"]) == (
                self.ids[number],
                after.bookings[number].occurrences[n].state,
            )
        return {self.places[each["occurrence_id"]] for each in answer["bookings_hit"]}

    @rule(closure=consumes(closures))
    def open_again(self, closure):
        key, (name, *span) = closure
        owner = self.stage.organisations[ASSETS[name].owner]
        ok(self.stage.run(owner.delete(f"/closures/{key}")), 204)
        self.diary.closures.remove((name, *span))

    @rule(passing=st.sampled_from([1, 14, 15, 15, 30, 30, HOUR, HOUR, 3 * HOUR, DAY, 2 * DAY]))
    def wait(self, passing):
        self.diary.live(passing)
        self.stage.clock.now += timedelta(minutes=passing)

    @rule()
    def wait_for_what_comes(self):
        """Until the next moment at which something happens by itself or begins."""
        coming = [
            moment
            for booking in self.diary.bookings
            for each in booking.occurrences
            for moment in (each.lower, each.starts, *(self.diary.next_of(each) or ())[:1])
            if moment > self.diary.now
        ]
        if coming:
            self.wait(min(coming) - self.diary.now)

    @rule()
    def work(self):
        """Workers do all that is due, and then everything is written down."""
        for _ in range(2):  # what was approved only now may be over, which is looked for every minute
            self.stage.run(self.stage.world.work(self.stage.clock.now))
        stored = self.stage.run(self.stage.conn.fetch(STANDING))
        assert {self.places[str(row["id"])]: row["state"] for row in stored} == {
            (number, n): each.state
            for number, booking in enumerate(self.diary.bookings)
            for n, each in enumerate(booking.occurrences)
        }

    @rule()
    def doubt(self):
        """The operator takes back, or gives again, that it knows the group."""
        self.diary.unverified ^= {"group"}
        state = "unverified" if self.diary.unverified else "verified"
        group = self.stage.organisations["group"]
        self.stage.run(self.stage.conn.execute("UPDATE organisations SET state = $2 WHERE id = $1", group.id, state))

    # How it is done -----------------------------------------------------------------------------------------------

    def next_half_hour(self) -> int:
        return -(-self.diary.now // 30) * 30

    def scoped(self, number: int, scope: Scope, note: str | None) -> tuple[Scope, Json]:
        """A scope cut to what a booking has, and how it is sent."""
        ids = self.occurrences[number]
        last = len(ids) - 1
        if scope.since is not None:
            scope = Scope(since=min(scope.since, last))
            return scope, {"from_occurrence_id": ids[scope.since], "note": note}
        if scope.numbers:
            scope = Scope(numbers=tuple({min(n, last) for n in scope.numbers}))
            return scope, {"occurrence_ids": [ids[n] for n in scope.numbers], "note": note}
        return scope, {"all": True, "note": note}

    def change(self, act, number, operation, who, body, how, match):
        """As `do`; with If-Match, who does not know the booking as it is changes nothing."""
        _, etag = self.seen.get((who, number), (None, '"nothing"'))
        headers = {"If-Match": {"known": etag, "stale": '"stale"'}[match]} if match else {}

        def matched(diary: Diary) -> Any:
            diary.permitted(operation, number, who)
            if match == "stale":
                raise Refused("precondition-failed")
            return act(diary)

        self.do(matched, who, f"/bookings/{self.ids[number]}/{operation}", body, how, headers, number)

    def do(self, act: Callable[[Diary], Any], who, path, body, how, headers=None, number=None):
        """Do it in the model and through the API: both refuse, or both have the same booking afterwards.

        `how`: as a dry run, which changes nothing, or twice with one key, the second time answered as the first.
        """
        after = deepcopy(self.diary)
        made = attempt(lambda: act(after))
        refused = made if isinstance(made, Refused) else None
        if not refused:
            after.settle(after.bookings[-1 if number is None else number])
        self.steps += 1
        keys = {"Idempotency-Key": f"step {self.steps}"} if how == "twice" else {}
        sent = {**body, "dry_run": how == "dry"}
        options = {"headers": {**(headers or {}), **keys}}
        self.answer = answer = self.stage.run(self.stage.organisations[who].post(path, sent, **options))
        if how == "twice":
            again = self.stage.run(self.stage.organisations[who].post(path, sent, **options))
            assert told(again) == told(answer)
        if refused is not None:
            assert refusal_of(answer) == refused, answer.text
            return None
        shown = ok(answer, 200 if how == "dry" or number is not None else 201)
        concerned = len(after.bookings) - 1 if number is None else number
        assert visible(shown) == after.shown(concerned, who)
        if how == "dry":
            assert "ETag" not in answer.headers
            return None
        self.diary = after
        if number is None:
            self.ids.append(shown["id"])
            self.occurrences.append([each["id"] for each in shown["occurrences"]])
            self.places |= {key: (concerned, n) for n, key in enumerate(self.occurrences[concerned])}
        self.seen[who, concerned] = shown, answer.headers["ETag"]
        return made

    # What must be true --------------------------------------------------------------------------------------------

    @invariant()
    def everything_is_as_the_model_says(self):
        self.stage.run(self.look())

    async def look(self, *, at_all: bool = False) -> None:
        for who in NAMES:
            await self.look_as(who, at_all=at_all)
            if self.diary.claims:
                await self.look_what_is_owed(who)
        await self.look_who_occupies()
        await self.look_what_was_told()

    async def look_as(self, who: str, *, at_all: bool) -> None:
        """An organisation is shown its bookings as they are, and an ETag is good as long as nothing changes."""
        organisation = self.stage.organisations[who]
        listed = ok(await organisation.get("/bookings", order="oldest", limit=100), 200)["items"]
        numbers = [number for number, booking in enumerate(self.diary.bookings) if who in self.diary.parties(booking)]
        assert [each["id"] for each in listed] == [self.ids[number] for number in numbers]
        for number, item in zip(numbers, listed, strict=True):
            assert item.pop("request") == self.diary.request(number, who)
            assert visible(item) == self.diary.shown(number, who)
            for n, each in enumerate(item["occurrences"]):
                self.diary.bookings[number].occurrences[n].seats = tuple(each["unit_numbers"])
            known, etag = self.seen.get((who, number), (None, '"nothing"'))
            if known == item and (self.steps + number) % 4 and not at_all:
                continue
            answer = await organisation.send("GET", f"/bookings/{item['id']}", headers={"If-None-Match": etag})
            assert answer.status_code == (304 if known == item else 200)
            if known != item:
                assert answer.json() == item
                self.seen[who, number] = item, answer.headers["ETag"]

    async def look_what_is_owed(self, who: str) -> None:
        claims = ok(await self.stage.organisations[who].get("/claims", limit=100), 200)["items"]
        assert {self.places[each["occurrence_id"]]: each["minutes"] for each in claims} == {
            (number, n): minutes
            for (number, n), minutes in self.diary.claims.items()
            if who in self.diary.parties(self.diary.bookings[number])
        }

    async def look_who_occupies(self) -> None:
        """What stands has its units, and those of all parts; no unit has two; and what has begun stays where it is."""
        assert await self.stage.conn.fetch(OVERLAPPING) == []
        names = {asset["id"]: name for name, asset in self.stage.assets.items()}
        taken: Counter[Any] = Counter()
        begun: dict[tuple[str, str], set[int]] = defaultdict(set)
        for row in await self.stage.conn.fetch(OCCUPIED):
            key, asset = str(row["occurrence_id"]), str(row["asset_id"])
            number, n = self.places[key]
            occurrence = self.diary.bookings[number].occurrences[n]
            until = minutes(row["held_until"])
            if until is not None and until <= self.diary.now:
                assert occurrence.state in ("expired", "lapsed")
                continue
            assert until == occurrence.held_until
            taken[number, n, names[asset], minutes(row["lower"]), minutes(row["upper"])] += 1
            if row["lower"] <= self.stage.clock.now:
                begun[key, asset].add(row["unit"])
        assert taken == self.diary.occupied()
        assert all(begun[place] == self.begun[place] for place in begun.keys() & self.begun.keys())
        self.begun = begun

    async def look_what_was_told(self) -> None:
        """The feed of each organisation has every change of its bookings, which replayed make what is stored."""
        told = {who: await self.read_on(who) for who in NAMES}
        versions = {str(row["id"]): row["version"] for row in await self.stage.conn.fetch(VERSIONS)}
        stored: list[Json] = [{} for _ in self.ids]
        for row in await self.stage.conn.fetch(STANDING):
            starts, ends = (instant(minutes(row[name])) for name in ("starts_at", "ends_at"))
            number, _ = self.places[str(row["id"])]
            stored[number][str(row["id"])] = {
                "state": row["state"], "starts_at": starts, "ends_at": ends, "units": row["units"]
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
                tuple(sorted((self.places[key][1], each["state"]) for key, each in occurrences_of(event).items())),
            )
            for event in events
        )
        happened = Counter((each.type, each.at, each.by, each.became) for each in booking.events)
        assert not recorded - happened
        assert {by for _, _, by, _ in happened - recorded} <= {None}

    def actor(self, event: Json) -> str | None:
        known = {organisation.id: name for name, organisation in self.stage.organisations.items()}
        return event["actor"] and known[event["actor"]["organisation_id"]]

    def teardown(self):
        self.work()
        self.stage.run(self.look(at_all=True))


def attempt(act: Callable[[], Any]) -> Any:
    """What it makes, or the refusal."""
    try:
        return act()
    except Refused as refused:
        return refused


def apart(periods: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those that do not overlap an earlier one: a request with two that do is wrong in itself."""
    kept: list[tuple[int, int]] = []
    for starts, ends in periods:
        if all(until <= starts or ends <= since for since, until in kept):
            kept.append((starts, ends))
    return kept


def visible(booking: Json) -> Json:
    """A booking as answered, as far as the model knows of it."""
    return {
        **{name: booking[name] for name in ("state", "outcomes", "may", "units")},
        **{name: minutes(booking[name]) for name in ("hold_expires_at", "decide_by", "updated_at")},
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
                codes(each),
            )
            for each in booking["occurrences"]
        ],
    }


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


def replayed(events: list[Json]) -> Json:
    """What the occurrences of a booking are after all of its events; each begins where the one before it ended."""
    known: Json = {}
    for event in events:
        before, after = occurrences_of(event, "before"), occurrences_of(event)
        assert before == {key: known[key] for key in (after if known else ())}
        known |= after
    return known


@pytest.fixture(scope="module")
def stage(template: Cluster) -> Iterator[Stage]:
    with staged(template) as stage:
        yield stage


plain = settings(
    deadline=None,
    database=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
    stateful_step_count=30,
)  # the database is one for all examples, and cleared before each


def test_whatever_several_organisations_do_comes_out_as_the_model_says(stage: Stage):
    run_state_machine_as_test(lambda: Machine(stage), settings=settings(plain, max_examples=12))


@pytest.mark.slow
def test_whatever_several_organisations_do_a_thousand_times_comes_out_as_the_model_says(stage: Stage):
    run_state_machine_as_test(lambda: Machine(stage), settings=settings(plain, max_examples=1000))
