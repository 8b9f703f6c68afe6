"""What those who wait in line do, for the machine: they join, leave, answer, and are offered what others give back."""

from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any

from calls import ok
from diary import CAN, Diary
from entries import DAY, HOUR, OCCUPYING, Limit, Occurrence, Offer, Refused, Scope, meet
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, consumes, precondition, rule
from stage import ASSETS, NAMES, instant, minutes
from watch import OFFERS, Json, Watched, refusal_of

ALONE = {name for name, asset in ASSETS.items() if not asset.parts} - {
    part for asset in ASSETS.values() for part in asset.parts
}  # no whole and no part
organisations = st.sampled_from(NAMES)
nth = st.integers(0, 9)
shifts = st.sampled_from([(0, 0), (0, 0), (0, 0), (0, 0), (0, 30), (-30, 0), (30, 30), (-15, -15), (30, 0), (15, 15)])
ways = st.lists(st.sampled_from(["accept", "decline", "late", "late", "unnoticed"]), max_size=3)
Place = tuple[str, int, int]


class Waiters(Watched):
    """Those who wait. `asleep`: no worker works, so that who comes first finds what ended by itself."""

    limits = Bundle("limits")
    asleep = False

    # Time ---------------------------------------------------------------------------------------------------------

    @rule(
        passing=st.sampled_from([1, 14, 15, 15, 30, 30, HOUR, HOUR, 3 * HOUR, DAY, 2 * DAY]),
        asleep=st.sampled_from([False, False, True]),
    )
    def wait(self, passing, asleep):
        self.asleep = asleep
        self.pass_time(passing)
        self.asleep = False

    @rule(asleep=st.booleans())
    def wait_for_what_comes(self, asleep):
        """Until the next moment at which something happens by itself or begins."""
        coming = [
            moment
            for booking in self.diary.bookings
            for each in booking.occurrences
            for moment in (each.lower, each.starts, *self.diary.next_of(each)[:1])
        ] + [each.expires for each in self.diary.offers if each.state == "offered"]
        if later := [moment for moment in coming if moment > self.diary.now]:
            self.asleep = asleep
            self.pass_time(min(later) - self.diary.now)
            self.asleep = False

    def pass_time(self, passing: int) -> None:
        """From one moment at which something ends by itself to the next: a worker is there each time, or none is."""
        until = self.diary.now + passing
        while (moment := self.diary.next_moment()) is not None and moment <= until:
            self.let_it_be(moment)
        self.let_it_be(until)

    def let_it_be(self, now: int) -> None:
        self.stage.clock.now += timedelta(minutes=now - self.diary.now)
        self.diary.live(now)
        if not self.asleep or any(name not in ALONE for freed in self.diary.unnoticed for name, _ in freed.seats):
            self.wake()

    def wake(self, *, at_all: bool = False) -> None:
        """A worker notices what ended by itself."""
        if self.diary.unnoticed or at_all:
            self.stage.run(self.stage.world.work(self.stage.clock.now))
            _, self.diary = self.agreed(Diary.work)

    @precondition(lambda self: self.ending())
    @rule(who=organisations, nth=nth, units=st.sampled_from([1, 1, 2]), hold=st.booleans())
    def come_first(self, who, nth, units, hold):
        """To what is about to end by itself, before any worker notices that it has."""
        name, each, moment = self.ending()[nth % len(self.ending())]
        self.asleep = True
        self.pass_time(moment - self.diary.now)
        self.asleep = False
        self.ask_for(who, name, [(each.starts, each.ends)], units, hold, False)

    # In line ------------------------------------------------------------------------------------------------------

    @rule(
        who=organisations, nths=st.lists(nth, min_size=1, max_size=3), shift=shifts, units=st.sampled_from([1, 1, 1, 2])
    )
    def wait_for_what_others_have(self, who, nths, shift, units):
        """For one thing that is taken, or any of several of one owner, or for about that."""
        taken = self.taken()
        if taken:
            chosen = [taken[n % len(taken)] for n in nths]
            places = [(name, each.starts + shift[0], each.ends + shift[1]) for name, each in chosen]
            self.join(who, [each for each in places if ASSETS[each[0]].owner == ASSETS[places[0][0]].owner], units)

    @precondition(lambda self: self.taken())
    @rule(nth=nth, units=st.sampled_from([1, 1, 2]))
    def all_wait_for_the_same(self, nth, units):
        taken = self.taken()
        name, each = taken[nth % len(taken)]
        for who in NAMES:
            self.join(who, [(name, each.starts, each.ends)], units)

    @rule(
        who=organisations, name=st.sampled_from([*ASSETS]), slot=st.integers(-1, 12), units=st.sampled_from([1, 1, 2])
    )
    def wait_for_whatever(self, who, name, slot, units):
        starts = -(-self.diary.now // 30) * 30 + 30 * slot
        self.join(who, [(name, starts, starts + HOUR)], units)

    def join(self, who: str, places: list[Place], units: int) -> None:
        sent = [{"asset_id": self.stage.assets[name]["id"], **to(starts, ends)} for name, starts, ends in places]
        self.enter(lambda diary: diary.join(who, places, units), who, {"any_of": sent, "units": units})

    @precondition(lambda self: self.skipping())
    @rule(nth=nth, who=st.none() | organisations)
    def wait_for_what_was_skipped(self, nth, who):
        numbers = self.skipping()
        number = numbers[nth % len(numbers)]
        self.join_for(number, who or self.diary.bookings[number].booker)

    def join_for(self, number: int, who: str) -> None:
        self.enter(lambda diary: diary.join_for(who, number), who, {"booking_id": self.ids[number]})

    def enter(self, act: Callable[[Diary], Any], who: str, body: Json) -> None:
        self.steps += 1
        self.wake(at_all=True)
        answer = self.stage.run(self.stage.organisations[who].post("/waiting", body))
        made, after = self.agreed(act)
        if isinstance(made, Refused):
            assert refusal_of(answer) == made, answer.text
            return
        shown = ok(answer, 201)
        self.diary = after
        self.entries.append(shown["id"])

    @precondition(lambda self: self.entries)
    @rule(nth=nth, who=st.none() | organisations)
    def leave(self, nth, who):
        number = nth % len(self.entries)
        who = who or self.diary.entries[number].booker
        self.wake()
        answer = self.stage.run(self.stage.organisations[who].post(f"/waiting/{self.entries[number]}/leave"))
        self.settle_for(answer, lambda diary: diary.leave(number, who))

    @precondition(lambda self: self.offers)
    @rule(nth=nth, who=organisations, how=st.sampled_from(["accept", "decline"]))
    def answer_any(self, nth, who, how):
        self.answer_offer(self.diary.offers[nth % len(self.offers)], who, how)

    @precondition(lambda self: self.standing())
    @rule(nth=nth, how=st.sampled_from(["accept", "decline"]))
    def answer_ones_own(self, nth, how):
        offer = self.standing()[nth % len(self.standing())]
        self.answer_offer(offer, self.diary.entries[offer.entry].booker, how)

    def answer_offer(self, offer: Offer, who: str, how: str) -> None:
        answer = self.stage.run(self.stage.organisations[who].post(f"/offers/{self.offers[offer.key]}/{how}"))
        place = self.diary.offers.index(offer)
        if self.settle_for(answer, lambda diary: diary.answer(diary.offers[place], how, who)) and how == "accept":
            booking = ok(
                self.stage.run(self.stage.organisations[who].get(f"/bookings/{answer.json()['booking_id']}")), 200
            )
            if booking["id"] not in self.ids:
                self.learn(booking)

    # What comes free ----------------------------------------------------------------------------------------------

    @precondition(lambda self: self.waited_for())
    @rule(
        nth=nth,
        how=st.sampled_from(["cancel", "cancel", "cancel", "later", "shorter", "decline", "no-show"]),
        then=ways,
    )
    def free_what_is_waited_for(self, nth, how, then):
        """Somebody gives it back, or does with less of it, or the owner takes care that they do; and some answer."""
        self.free_it(nth, how)
        for way in then:
            self.answer_first(way)

    def answer_first(self, way: str) -> None:
        """Whoever has to answer soonest, or nobody in time."""
        for offer in sorted(self.standing(), key=lambda each: each.expires)[:1]:
            if way in ("accept", "decline"):
                self.answer_offer(offer, self.diary.entries[offer.entry].booker, way)
            else:
                self.asleep = way == "unnoticed"
                self.pass_time(offer.expires - self.diary.now)
                self.asleep = False

    def free_it(self, nth: int, how: str) -> None:
        found = self.waited_for()
        number, each = found[nth % len(found)]
        booking = self.diary.bookings[number]
        only = Scope(numbers=(each.number,))
        match how:
            case "cancel":
                self.cancel(number, booking.booker, only, None, "plain", None)
            case "later":
                self.move(number, booking.booker, only, (7 * DAY, 7 * DAY, None), None, "plain", None)
            case "shorter":
                self.move(number, booking.booker, only, (None, -15, None), None, "plain", None)
            case "decline":
                self.decide(number, self.owner_of(number), "decline", only, None, "plain", None)
            case "no-show":
                self.pass_time(max(0, each.starts - self.diary.now))
                self.attend(number, self.owner_of(number), "no-show", only, None, "plain", None)

    @rule(name=st.sampled_from([name for name, asset in ASSETS.items() if asset.units > 1]))
    def widen(self, name):
        """There is one unit more of something."""
        self.patch(name, {"units": self.diary.assets[name].units + 1}, lambda diary: diary.widen(name))

    @rule(name=st.sampled_from([*ASSETS]), minutes=st.sampled_from([None, HOUR, 3 * HOUR, 10 * HOUR]))
    def allow(self, name, minutes):
        """All together may have so much of an asset."""
        allowance = minutes and {"minutes": minutes, "every": "week"}
        self.patch(name, {"terms": {"allowance": allowance}}, lambda diary: diary.allow(name, minutes))

    def patch(self, name: str, body: Json, act: Callable[[Diary], Any]) -> None:
        self.wake()
        self.stage.changed.add(name)
        owner = self.stage.organisations[ASSETS[name].owner]
        self.settle_for(self.stage.run(owner.patch(f"/assets/{self.stage.assets[name]['id']}", body)), act)

    @rule(
        target=limits,
        by=st.sampled_from(["council", "council", "club"]),
        name=st.none() | st.sampled_from([*ASSETS]),
        counts=st.sampled_from(["minutes", "minutes", "open_bookings", "days_ahead"]),
        most=st.integers(0, 4),
    )
    def limit(self, by, name, counts, most):
        """Each booker may have so much of an asset, or of all that somebody has."""
        by = ASSETS[name].owner if name else by
        limit = Limit(by, name, counts, most * {"minutes": HOUR, "days_ahead": 2}.get(counts, 1))
        every = {"every": "week"} if counts == "minutes" else {}
        body = {"counts": counts, "most": limit.most, "asset_id": name and self.stage.assets[name]["id"], **every}
        made = ok(self.stage.run(self.stage.organisations[by].post("/limits", body)), 201)
        self.diary.limits.append(limit)
        return made["id"], limit

    @rule(limit=consumes(limits))
    def limit_no_more(self, limit):
        key, known = limit
        ok(self.stage.run(self.stage.organisations[known.by].delete(f"/limits/{key}")), 204)
        self.diary.limits.remove(known)

    # How it is done -----------------------------------------------------------------------------------------------

    def settle_for(self, answer: Any, act: Callable[[Diary], Any]) -> bool:
        """Both refuse, or both do it."""
        self.steps += 1
        made, after = self.agreed(act)
        if isinstance(made, Refused):
            assert refusal_of(answer) == made, answer.text
        else:
            ok(answer, 200)
        self.diary = after
        return not isinstance(made, Refused)

    def agreed(self, act: Callable[[Diary], Any], *, dry: bool = False) -> tuple[Any, Diary]:
        """What somebody does in the model, and how that is afterwards. What came free at one moment may be offered in
        one order or another: as it was. Every offer there is must be one that the model makes, and the other way.
        """
        there = self.there()
        for choice in range(1000):
            after = deepcopy(self.diary)
            after.choice, after.choices = choice, 1
            made = attempt(lambda: act(after))  # noqa: B023 - called at once
            left = self.left(made, after, choice, dry=dry)
            if offers_of(left) == there or choice + 1 >= max(after.choices, left.choices):
                break
        assert offers_of(left) == there, made
        return made, after if dry and not isinstance(made, Refused) else left

    def left(self, made: Any, after: Diary, choice: int, *, dry: bool) -> Diary:
        """What is left of it: of a refusal what it found to be offered, of a dry run nothing."""
        if isinstance(made, Refused):
            found = len(after.offers) > len(self.diary.offers)
            after_all = deepcopy(self.diary)
            if found and not dry and made.slug in ("not-bookable", "hold-expired"):
                after_all.choice = choice
                after_all.notice(made.asking.asset)
                after_all.choices = max(after.choices, after_all.choices)
            return after_all
        if dry:
            return self.diary
        after.offer_freed()
        for booking in after.bookings:
            after.settle(booking)
        return after

    def there(self) -> dict[tuple[int, int, int], int]:
        """What was ever offered, and until when."""
        found = {}
        for row in self.stage.run(self.stage.conn.fetch(OFFERS)):
            key = (self.entries.index(str(row["waiting_id"])), row["waiting_number"], minutes(row["freed_at"]))
            assert self.offers.setdefault(key, str(row["id"])) == str(row["id"]), f"offered twice: {key}"
            found[key] = minutes(row["expires_at"])
        return found

    def taken(self) -> list[tuple[str, Occurrence]]:
        """What somebody has that has not begun."""
        return [
            (booking.asset, each)
            for booking in self.diary.bookings
            for each in booking.occurrences
            if each.state in OCCUPYING and each.starts > self.diary.now
        ]

    def ending(self) -> list[tuple[str, Occurrence, int]]:
        """What somebody has that ends by itself before it begins, and when."""
        own = [
            (booking.asset, each, each.held_until) for booking in self.diary.bookings for each in booking.occurrences
        ]
        offered = [(each.asset, each.place, each.expires) for each in self.standing()]
        return [
            (name, each, until)
            for name, each, until in [*own, *offered]
            if each.state in ("held", "pending") and until is not None and self.diary.now < until < each.starts
        ]

    def standing(self) -> list[Offer]:
        return [each for each in self.diary.offers if each.state == "offered"]

    def skipping(self) -> list[int]:
        """The bookings that skipped something."""
        return [
            number
            for number, booking in enumerate(self.diary.bookings)
            if any(each.state == "skipped" for each in booking.occurrences)
        ]

    def waited_for(self) -> list[tuple[int, Occurrence]]:
        """What of all bookings somebody waits for."""
        places = [place for entry in self.diary.entries for _, place in entry.waits(self.diary.now)]
        return [
            (number, each)
            for number, booking in enumerate(self.diary.bookings)
            for each in booking.occurrences
            if each.state in CAN["cancel"]
            if any(
                self.diary.within(booking.asset, place.asset) and meet(each, place.starts, place.ends)
                for place in places
            )
        ]


def offers_of(diary: Diary) -> dict[tuple[int, int, int], int]:
    """All that were ever made, and until when they stood."""
    return {each.key: each.expires for each in diary.offers}


def attempt(act: Callable[[], Any]) -> Any:
    """What it makes, or the refusal."""
    try:
        return act()
    except Refused as refused:
        return refused


def to(starts: int, ends: int) -> Json:
    """A period as it is sent."""
    return {"starts_at": instant(starts), "ends_at": instant(ends)}
