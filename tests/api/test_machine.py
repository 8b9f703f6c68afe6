"""A machine that books, moves, decides, waits and takes back at random, and a plain model that says what comes of it.

The model is diary.py; watch.py looks after every step whether all that Fallow answers, holds and tells is as it says.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
from calls import daily, ok
from diary import CAN, Diary
from entries import ALL, DAY, HOUR, Asking, Occurrence, Refused, Scope, Wish, meet
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, consumes, initialize, multiple, precondition, rule, run_state_machine_as_test
from stage import ASSETS, NAMES, Stage, instant, minutes, staged, wall
from waiters import Waiters, attempt, to
from watch import Json, refusal_of, told

from fallow.cluster import Cluster

organisations = st.sampled_from(NAMES)
owners = st.sampled_from(["council", "council", "council", *NAMES])
names = st.sampled_from([*ASSETS, *(name for name, asset in ASSETS.items() if asset.units > 1)])
places = st.sampled_from([*ASSETS, *[None] * len(ASSETS)])  # None: where the first came
ways = st.sampled_from(["plain", "plain", "plain", "dry", "twice"])
matches = st.sampled_from([None, None, None, "known", "stale"])
looks = st.sampled_from(["known", "known", "known", "stale", "none", "current"])
notes = st.sampled_from([None, None, "Sorry"])
scopes = st.one_of(
    st.just(ALL),
    st.builds(Scope, since=st.integers(0, 2)),
    st.builds(Scope, numbers=st.sets(st.integers(0, 2), min_size=1, max_size=2).map(tuple)),
)
slots = st.tuples(st.integers(-1, 12), st.sampled_from([HOUR // 2, HOUR, HOUR, 2 * HOUR]))
nth = st.integers(0, 9)
# By how much a start and an end are moved, None where they are not sent, and to how many units.
further = st.sampled_from([-DAY, -2 * HOUR, -HOUR, -30, -15, 0, 15, 30, HOUR, 2 * HOUR, DAY, 7 * DAY])
units = st.sampled_from([1, 1, 2, 3])
moves = st.one_of(
    further.map(lambda by: (by, by, None)),
    further.map(lambda by: (None, by, None)),
    further.map(lambda by: (by, None, None)),
    units.map(lambda number: (None, None, number)),
    st.tuples(st.none(), st.sampled_from([-30, 30]), units),
    st.tuples(st.none() | further, st.none() | further, st.none() | units),
)
hours = st.sampled_from([None, None, (8 * HOUR, 20 * HOUR), (9 * HOUR, 13 * HOUR), (17 * HOUR, 26 * HOUR)])


class Machine(Waiters):
    """What several organisations do to each other's bookings, and what each of them sees of it."""

    bookings = Bundle("bookings")
    closures = Bundle("closures")

    # What is done -------------------------------------------------------------------------------------------------

    @initialize(
        target=bookings,
        name=names,
        slots=st.tuples(slots, slots, slots),
        common=slots,
        hold=st.booleans(),
        wait=st.sampled_from(["any", "all", "skipped", "none"]),
    )
    def three_come_at_once(self, name, slots, common, hold, wait):
        """To one place, each for a time of its own and all for another, for which they may wait."""
        self.first = name
        made = [
            self.ask_for(who, name, apart([(30 * n, 30 * n + length) for n, length in (slot, common)]), 1, hold, True)
            for who, slot in zip(NAMES, slots, strict=False)
        ]
        numbers = [number for number in made if number is not None]
        for number in numbers if wait == "skipped" else ():
            self.join_for(number, self.diary.bookings[number].booker)
        for who in {"any": NAMES[1:], "all": NAMES}.get(wait, ()):
            self.join(who, [(name, 30 * common[0], 30 * common[0] + common[1])], 1)
        return multiple(*numbers)

    @rule(
        target=bookings,
        who=organisations,
        name=places,
        days=st.sampled_from([0, 0, 0, 1, 7]),
        slots=st.lists(slots, min_size=1, max_size=3),
        units=st.sampled_from([1, 1, 1, 2, 3]),
        hold=st.booleans(),
        skip=st.booleans(),
        how=ways,
    )
    def book(self, who, name, days, slots, units, hold, skip, how):
        since = self.next_half_hour() + days * DAY
        periods = apart([(since + 30 * slot, since + 30 * slot + length) for slot, length in slots])
        made = self.ask_for(who, name or self.first, periods, units, hold, skip, how)
        return multiple() if made is None else made

    @rule(
        target=bookings,
        who=organisations,
        name=places,
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
        series = {"repeats": {**to(starts, ends), "count": count}}
        made = self.ask_for(who, name or self.first, periods, 1, hold, skip, how, series)
        return multiple() if made is None else made

    def ask_for(self, who, name, periods, units, hold, skip, how="plain", series=None):
        sent = series or {"periods": [to(*period) for period in periods]}
        some = {"hold": hold, "if_some_unavailable": "skip" if skip else "refuse"}
        body = {"asset_id": self.stage.assets[name]["id"], "units": units, **some, **sent}
        return self.do(
            lambda diary: diary.book(who, name, periods, units, hold=hold, skip=skip), who, "/bookings", body, how
        )

    @rule(number=bookings, who=organisations, how=ways, match=matches)
    def confirm(self, number, who, how, match):
        self.change(lambda diary: diary.confirm(number, who), number, "confirm", who, {}, how, match)

    @precondition(lambda self: self.having("confirm"))
    @rule(nth=nth)
    def confirm_ones_own(self, nth):
        self.confirm(*self.ones_own("confirm", nth), "plain", None)

    @rule(number=bookings, who=organisations, scope=scopes, to=moves, note=notes, how=ways, match=matches)
    def move(self, number, who, scope, to, note, how, match):
        """To so much sooner or later than the first that can be moved."""
        scope, body = self.scoped(number, scope, note)
        booking = self.diary.bookings[number]
        first = next((each for each in booking.within(scope) if each.state in CAN["move"]), booking.in_order()[0])
        starts, ends = (
            None if by is None else moment + by for moment, by in zip((first.starts, first.ends), to, strict=False)
        )
        sent = {"starts_at": instant(starts), "ends_at": instant(ends), "units": to[2]}
        self.change(
            lambda diary: diary.move(number, who, scope, starts, ends, to[2], note),
            number, "move", who, body | {name: value for name, value in sent.items() if value is not None}, how, match,
        )  # fmt: skip

    @precondition(lambda self: self.having("move"))
    @rule(nth=nth, scope=scopes, to=moves)
    def move_ones_own(self, nth, scope, to):
        self.move(*self.ones_own("move", nth), scope, to, None, "plain", None)

    @precondition(lambda self: self.having("move"))
    @rule(nth=nth, scope=scopes, onto=nth)
    def move_onto(self, nth, scope, onto):
        """To where something else of the same asset is, or stood."""
        number, booker = self.ones_own("move", nth)
        first = self.diary.bookings[number].within(self.scoped(number, scope, None)[0])[0]
        beside = [each for _, each in self.beside(number) if each.starts != first.starts]
        if beside:
            by = beside[onto % len(beside)].starts - first.starts
            self.move(number, booker, scope, (by, by, None), None, "plain", None)

    @precondition(lambda self: self.having("move", begun=True))
    @rule(nth=nth, by=st.sampled_from([0, 0, 7, 30]))
    def end_early(self, nth, by):
        """What has begun, now or soon."""
        number, booker = self.ones_own("move", nth, begun=True)
        going_on = next(each for each in self.diary.bookings[number].in_order() if each.state in CAN["move"])
        only, to = Scope(numbers=(going_on.number,)), (None, self.diary.now + by - going_on.ends, None)
        self.move(number, booker, only, to, None, "plain", None)

    @rule(number=bookings, who=organisations, scope=scopes, skip=st.booleans(), note=notes, how=ways, match=matches)
    def retry(self, number, who, scope, skip, note, how, match):
        scope, body = self.scoped(number, scope, note)
        self.change(
            lambda diary: diary.retry(number, who, scope, note, skip=skip, otherwise=self.said_otherwise(who, number)),
            number, "retry", who, body | {"if_some_unavailable": "skip" if skip else "refuse"}, how, match,
        )  # fmt: skip

    @precondition(lambda self: self.having("retry"))
    @rule(nth=nth, scope=scopes, skip=st.booleans(), room=st.booleans(), passing=st.sampled_from([0, 0, 1, 14]))
    def retry_ones_own(self, nth, scope, skip, room, passing):
        """Perhaps a little later, and once others have given back what they have at the time."""
        self.pass_time(passing)
        number, booker = self.ones_own("retry", nth)
        skipped = [each for each in self.diary.bookings[number].occurrences if each.state in CAN["retry"]]
        for other, each in self.beside(number) if room else ():
            if each.state in CAN["cancel"] and any(meet(each, one.starts, one.ends) for one in skipped):
                self.cancel(
                    other, self.diary.bookings[other].booker, Scope(numbers=(each.number,)), None, "plain", None
                )
        self.retry(number, booker, scope, skip, None, "plain", None)

    def said_otherwise(self, who: str, number: int) -> set[int]:
        """The occurrences of which the last answer gives other reasons, or the same with other numbers."""
        known, _ = self.seen[who, number]
        before = {each["id"]: each["why_not"] for each in known["occurrences"]}
        after = self.answer.json()["occurrences"] if self.answer.is_success else ()
        return {self.places[each["id"]][1] for each in after if each["why_not"] != before[each["id"]]}

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

    @precondition(lambda self: self.having("approve"))
    @rule(nth=nth, decision=st.sampled_from(["approve", "decline"]), scope=scopes)
    def decide_on_what_waits(self, nth, decision, scope):
        number, _ = self.ones_own(decision, nth)
        self.decide(number, self.owner_of(number), decision, scope, None, "plain", None)

    @rule(number=bookings, who=organisations, scope=scopes, note=notes, how=ways, match=matches)
    def cancel(self, number, who, scope, note, how, match):
        scope, body = self.scoped(number, scope, note)
        self.change(lambda diary: diary.cancel(number, who, scope, note), number, "cancel", who, body, how, match)

    @rule(number=bookings, scope=scopes)
    def cancel_ones_own(self, number, scope):
        self.cancel(number, self.diary.bookings[number].booker, scope, None, "plain", None)

    @rule(
        number=bookings,
        who=st.sampled_from(["council", *NAMES]),
        what=st.sampled_from(["check-in", "check-in", "no-show"]),
        scope=scopes,
        note=notes,
        how=ways,
        match=matches,
    )
    def attend(self, number, who, what, scope, note, how, match):
        scope, body = self.scoped(number, scope, note)
        self.change(lambda diary: diary.attend(what, number, who, scope, note), number, what, who, body, how, match)

    @precondition(lambda self: self.having("check-in"))
    @rule(
        nth=nth, what=st.sampled_from(["check-in", "check-in", "no-show"]), passing=st.sampled_from([-45, -30, 0, 10])
    )
    def attend_what_is_due(self, nth, what, passing):
        """About when it starts."""
        number, booker = self.ones_own("check-in", nth)
        coming = [each.starts for each in self.diary.bookings[number].occurrences if each.state in CAN["check-in"]]
        self.pass_time(max(0, min(coming) + passing - self.diary.now))
        self.attend(number, booker if what == "check-in" else self.owner_of(number), what, ALL, None, "plain", None)

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

    @precondition(lambda self: self.having("recall"))
    @rule(nth=nth, scope=scopes)
    def recall_what_was_lent(self, nth, scope):
        number, _ = self.ones_own("recall", nth)
        self.recall(number, self.owner_of(number), scope, None, "plain", None)

    @rule(
        target=closures,
        who=owners,
        name=places,
        days=st.sampled_from([0, 0, 1, 7]),
        slot=slots,
        recall=st.booleans(),
        note=notes,
        match=looks,
    )
    def close(self, who, name, days, slot, recall, note, match):
        name = name or self.first
        starts = self.next_half_hour() + days * DAY + 30 * slot[0]
        ends = starts + slot[1]
        body = {"asset_id": self.stage.assets[name]["id"], **to(starts, ends), "note": note}
        shown = self.shut(
            lambda diary: diary.close(who, name, starts, ends, recall=recall, note=note),
            who, "POST", "/closures", body, recall=recall, match=match,
        )  # fmt: skip
        return (shown["closure"]["id"], (name, starts, ends)) if shown else multiple()

    @rule(who=owners, name=st.none() | names, hours=hours, recall=st.booleans(), note=notes, match=looks)
    def replace_hours(self, who, name, hours, recall, note, match):
        """Of an asset, its own from then on, or of all that share a timetable."""
        self.stage.rehoured = True
        who = who if name else "council"
        asset = name and self.stage.assets[name]
        path = f"/assets/{asset['id']}/hours" if asset else f"/timetables/{self.stage.timetable['id']}"
        named = {} if name else {"name": "The council's"}
        body = {**named, **(daily(*map(wall, hours)) if hours else {"always": True}), "note": note}
        self.shut(
            lambda diary: diary.replace_hours(who, name, hours, recall=recall, note=note),
            who, "PUT", path, body, recall=recall, match=match,
        )  # fmt: skip

    @rule(closure=consumes(closures))
    def open_again(self, closure):
        key, (name, *span) = closure
        owner = self.stage.organisations[ASSETS[name].owner]
        self.wake()
        ok(self.stage.run(owner.delete(f"/closures/{key}")), 204)
        _, self.diary = self.agreed(lambda diary: diary.open_again(name, *span))

    @rule()
    def work(self):
        self.wake()
        self.everything_is_written_down()

    @rule()
    def doubt(self):
        """The operator takes back, or gives again, that it knows the group."""
        self.diary.unverified ^= {"group"}
        state = "unverified" if self.diary.unverified else "verified"
        group = self.stage.organisations["group"]
        self.stage.run(self.stage.conn.execute("UPDATE organisations SET state = $2 WHERE id = $1", group.id, state))

    # How it is done -----------------------------------------------------------------------------------------------

    def having(self, how: str, *, begun: bool = False) -> list[int]:
        """The bookings of which anything can be changed like this, and has begun."""
        return [
            number
            for number, booking in enumerate(self.diary.bookings)
            if any(
                each.state in CAN[how] and (each.starts <= self.diary.now or not begun) for each in booking.occurrences
            )
        ]

    def ones_own(self, how: str, nth: int, *, begun: bool = False) -> tuple[int, str]:
        """One of those, and its booker."""
        numbers = self.having(how, begun=begun)
        number = numbers[nth % len(numbers)]
        return number, self.diary.bookings[number].booker

    def owner_of(self, number: int) -> str:
        return ASSETS[self.diary.bookings[number].asset].owner

    def beside(self, number: int) -> list[tuple[int, Occurrence]]:
        """What is, or was, booked of the same asset, of a whole around it or a part in it."""
        asset = self.diary.bookings[number].asset
        return [
            (other, each)
            for other, booking in enumerate(self.diary.bookings)
            if self.diary.within(booking.asset, asset)
            for each in booking.occurrences
        ]

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

        path = {"retry": "retry-skipped"}.get(operation, operation)
        self.do(matched, who, f"/bookings/{self.ids[number]}/{path}", body, how, headers, number)

    def do(self, act: Callable[[Diary], Any], who, path, body, how, headers=None, number=None):
        """Do it in the model and through the API: both refuse, or both have the same booking afterwards.

        `how`: as a dry run, which changes nothing, or twice with one key, the second time answered as the first.
        """
        self.steps += 1
        keys = {"Idempotency-Key": f"step {self.steps}"} if how == "twice" else {}
        sent = {**body, "dry_run": how == "dry"}
        options = {"headers": {**(headers or {}), **keys}}
        self.answer = answer = self.stage.run(self.stage.organisations[who].post(path, sent, **options))
        if how == "twice":
            again = self.stage.run(self.stage.organisations[who].post(path, sent, **options))
            assert told(again) == told(answer)
        made, after = self.agreed(act, dry=how == "dry")
        if isinstance(made, Refused):
            assert refusal_of(answer) == made, answer.text
            self.diary = after
            self.can_be_had_instead(made, answer.json())
            return None
        concerned = len(self.diary.bookings) if number is None else number
        shown = ok(answer, 200 if how == "dry" or number is not None else 201)
        self.is_shown(shown, after, concerned, who)
        if how == "dry":
            assert "ETag" not in answer.headers
            return None
        self.diary = after
        if number is None:
            self.learn(shown)
        self.seen[who, concerned] = shown, answer.headers["ETag"]
        return made

    def can_be_had_instead(self, refused: Refused, problem: Json) -> None:
        """What a refusal offers can be booked: another asset by itself, another time beside the rest that is free."""
        occurrences = problem.get("occurrences", ())
        for occurrence in occurrences:
            self.can_be_booked(self.diary, occurrence["alternatives"], refused.asking)
        free = [Wish(*spanned(each), 1) for each in occurrences if each["free"]]
        for each in [offered for occurrence in occurrences for offered in occurrence["alternatives"]]:
            if self.name_of(each) == refused.asking.asset:
                asset = ASSETS[refused.asking.asset]
                starts, ends = spanned(each)
                around = asset.before + asset.after
                assert not any(meet(other, starts - around, ends + around) for other in free), each

    def can_be_booked(self, diary: Diary, alternatives: list[Json], asking: Asking) -> None:
        """Each by itself, for as many units as were asked for, unless it is to be offered once somebody notices."""
        if diary.unnoticed:
            return
        most = max(wish.units for wish in asking.wishes)
        for each in alternatives:
            wish = Wish(*spanned(each), most)
            assert diary.why_not(Asking(asking.booker, self.name_of(each), [wish], asking.hold)) == [[]], each

    def name_of(self, alternative: Json) -> str:
        return next(name for name, asset in self.stage.assets.items() if asset["id"] == alternative["asset"]["id"])

    def shut(self, act: Callable[[Diary], Any], who, method, path, body, *, recall, match) -> Json | None:
        """Do what stands in the way of bookings after a look at what that hits, which may be sent as If-Match; the
        answer, if it is done.
        """
        self.wake()
        after = deepcopy(self.diary)
        hit = attempt(lambda: act(after))
        send = self.stage.organisations[who].send
        body = {**body, "recall": recall}
        tried = self.stage.run(send(method, path, {**body, "dry_run": True}))
        if isinstance(hit, Refused):
            assert refusal_of(tried) == hit
            return None
        self.is_hit(ok(tried, 200), hit, after)
        exists = method == "PUT"
        current = self.stage.run(send("GET", path)).headers["ETag"] if exists else None
        etag = {"known": tried.headers["ETag"], "stale": '"stale"', "none": None, "current": current}[match]
        headers = {"If-Match": etag} if etag else {}
        made = self.stage.run(send(method, path, body, headers=headers))
        if not etag and (exists or recall):
            assert refusal_of(made) == Refused("precondition-required")
            return None
        if match == "stale" or (match == "current" and recall):
            assert refusal_of(made) == Refused("precondition-failed")
            return None
        shown: Json = ok(made, 200 if exists else 201)
        self.is_hit(shown, hit, after)
        _, self.diary = self.agreed(act)
        return shown

    def is_hit(self, answer: Json, hit: set[tuple[int, int]], after: Diary) -> None:
        """What a change hits, each as it is then, and what is recalled with what its booker can have instead."""
        assert {self.places[each["occurrence_id"]] for each in answer["bookings_hit"]} == hit
        assert len(answer["bookings_hit"]) == len(hit)
        for each in answer["bookings_hit"]:
            number, n = self.places[each["occurrence_id"]]
            booking = after.bookings[number]
            one = booking.occurrences[n]
            assert (each["booking_id"], each["state"]) == (self.ids[number], one.state)
            assert spanned(each) == (one.starts, one.ends)
            assert one.state == "recalled" or not each["alternatives"]
            asking = Asking(booking.booker, booking.asset, [Wish(one.starts, one.ends, one.units)])
            self.can_be_booked(after, each["alternatives"], asking)


def spanned(answered: Json) -> tuple[int, int]:
    """A period as it was answered."""
    return minutes(answered["starts_at"]), minutes(answered["ends_at"])


def apart(periods: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those that do not overlap an earlier one: a request with two that do is wrong in itself."""
    kept: list[tuple[int, int]] = []
    for starts, ends in periods:
        if all(until <= starts or ends <= since for since, until in kept):
            kept.append((starts, ends))
    return kept


class Crowd(Machine):
    """The same, who do little but wait in line, and give back what others wait for."""

    confirm, move, retry, decide, cancel, attend, recall, book_series, replace_hours, open_again, doubt, work = map(
        precondition(lambda _: False),
        (
            *(Machine.confirm, Machine.move, Machine.retry, Machine.decide, Machine.cancel, Machine.attend),
            *(Machine.recall, Machine.book_series, Machine.replace_hours, Machine.open_again, Machine.doubt),
            Machine.work,
        ),
    )


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
    run_state_machine_as_test(lambda: Machine(stage), settings=settings(plain, max_examples=9))


def test_whatever_a_crowd_does_that_waits_in_line_comes_out_as_the_model_says(stage: Stage):
    run_state_machine_as_test(lambda: Crowd(stage), settings=settings(plain, max_examples=9))


@pytest.mark.slow
def test_whatever_several_organisations_do_a_thousand_times_comes_out_as_the_model_says(stage: Stage):
    run_state_machine_as_test(lambda: Machine(stage), settings=settings(plain, max_examples=1000))


@pytest.mark.slow
def test_whatever_a_crowd_does_a_thousand_times_comes_out_as_the_model_says(stage: Stage):
    run_state_machine_as_test(lambda: Crowd(stage), settings=settings(plain, max_examples=1000))
