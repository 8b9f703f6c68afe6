"""What Fallow must answer about bookings, told plainly: names, minutes and every moment lived through in order.

It knows no SQL, no locks and no workers. Whoever asks for something is answered or `Refused`; what happens by itself
happens when the clock gets there. Units are counted, not seated: on which something is matters once it has begun.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from entries import (
    ALL,
    DAWN,
    DAY,
    HELD,
    OCCUPYING,
    OPEN,
    STEP,
    Asking,
    Asset,
    Booking,
    Entry,
    Freed,
    Limit,
    Occurrence,
    Offer,
    Refused,
    Scope,
    Wish,
    day_of,
    half_up,
    meet,
)
from line import Line

OUTCOMES = ("completed", "cancelled", "expired", "declined", "lapsed", "recalled", "no_show", "skipped")
CAN = {
    "confirm": ("held", "expired"),
    "move": ("held", "pending", "confirmed"),
    "retry": ("skipped",),
    "approve": ("pending",),
    "decline": ("pending",),
    "cancel": ("held", "pending", "confirmed"),
    "recall": ("pending", "confirmed"),
    "check-in": ("confirmed",),
    "no-show": ("confirmed",),
}
OPERATIONS = {"retry": "retrySkipped", "check-in": "checkIn", "no-show": "reportNoShow"}
EARLY = {"check-in": 30, "no-show": 0}  # minutes before the start
EVENTS = {
    "expired": "booking.expired",
    "lapsed": "booking.lapsed",
    "confirmed": "booking.approved",
    "no_show": "booking.no_show",
}
HOLDS, AGAIN = 3, 30
ALWAYS = None


@dataclass
class Diary(Line):
    """`hours`: daily from when to when, in minutes after midnight, of those that are not open always; `sharing`: those
    that have the hours of one timetable. `claims`: minutes owed, by booking and occurrence. `choice`: which of so many
    `choices` it takes where what comes free at one moment may be offered in one order or another.
    """

    assets: dict[str, Asset]
    sharing: set[str] = field(default_factory=set)
    now: int = 0
    unverified: set[str] = field(default_factory=set)
    hours: dict[str, tuple[int, int] | None] = field(default_factory=dict)
    closures: list[tuple[str, int, int]] = field(default_factory=list)
    bookings: list[Booking] = field(default_factory=list)
    claims: dict[tuple[int, int], int] = field(default_factory=dict)
    draws: Callable[[int, str], bytes] = lambda _moment, name: name.encode()
    entries: list[Entry] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)
    unnoticed: list[Freed] = field(default_factory=list)
    freed: list[Freed] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)
    widened: list[tuple[str, int]] = field(default_factory=list)
    choice: int = 0
    choices: int = 1

    # The clock ----------------------------------------------------------------------------------------------------

    def next_moment(self) -> int | None:
        """When something ends by itself, as far as is known."""
        coming = [
            moment for booking in self.bookings for each in booking.occurrences for moment in self.next_of(each)[:1]
        ]
        return min([*coming, *(each.expires for each in self.offers if each.state == "offered")], default=None)

    def live(self, now: int) -> None:
        """Let time pass, up to the next moment, and what ends by itself end."""
        self.now = now
        for offer in self.offers:
            if offer.state == "offered" and offer.expires <= now:
                self.lapse(offer)
        for booking in self.bookings:
            self.settle(booking)

    def settle(self, booking: Booking) -> None:
        while due := sorted(
            (*moment, each.number)
            for each in booking.occurrences
            if (moment := self.next_of(each)) and moment[0] <= self.now
        ):
            at, state, _ = due[0]
            became = [booking.occurrences[n] for *moment, n in due if moment == [at, state]]
            for each in became:
                each.state = state
                each.sequence += state != "completed"
            if state != "completed":
                booking.changed = max(booking.changed, at)
            booking.record(EVENTS.get(state, "booking.completed"), at, None, became)
            if state not in OCCUPYING:
                self.end_by_itself(booking.asset, became, at)

    def next_of(self, occurrence: Occurrence) -> tuple[int, str] | tuple[()]:
        """When it becomes something by itself, and what."""
        if occurrence.state in ("held", "pending"):
            return occurrence.alone or ()
        if occurrence.state == "confirmed" and occurrence.due is not None:
            return occurrence.due, "no_show"
        return (occurrence.ends, "completed") if occurrence.state in ("confirmed", "checked_in") else ()

    # What is asked ------------------------------------------------------------------------------------------------

    def book(
        self, booker: str, name: str, periods: Sequence[tuple[int, int]], units: int, *, hold: bool, skip: bool
    ) -> int:
        """The number of the new booking."""
        asset = self.assets[name]
        asking = Asking(booker, name, [Wish(*period, units) for period in periods], hold)
        self.notice(name, asking.wishes)
        why_not = self.why_not(asking)
        got = [starts for (starts, _), why in zip(periods, why_not, strict=True) if not why]
        if not got or (len(got) < len(periods) and not skip):
            raise Refused("not-bookable", why_not, asking=asking)
        state, alone = ("held", (self.now + asset.hold, "expired")) if hold else self.claim(booker, name, got)
        made = [
            Occurrence(
                n, starts, ends, starts - asset.before, ends + asset.after, units, "skipped" if why else state,
                None if why else alone, why, 0 if why else self.price(name, ends - starts, units),
                due=None if why else self.due(name, state, alone, starts, ends),
            )
            for n, ((starts, ends), why) in enumerate(zip(periods, why_not, strict=True))
        ]  # fmt: skip
        booking = Booking(booker, name, units, made, changed=self.now, paid=units)
        self.bookings.append(booking)
        booking.record("booking.created", self.now, booker, made)
        return len(self.bookings) - 1

    def confirm(self, number: int, by: str) -> None:
        """Of what has expired all is had once more, or nothing is."""
        booking = self.permitted("confirm", number, by)
        chosen = self.choose("confirm", booking, ALL)
        expired = [each for each in chosen if each.state == "expired"]
        lapsed = [Wish(each.starts, each.ends, each.units) for each in expired]
        is_open = any(each.state in OPEN for each in booking.occurrences)
        self.must_be_had(Asking(booking.booker, booking.asset, lapsed, counted=is_open), "hold-expired")
        state, alone = self.claim(booking.booker, booking.asset, [each.starts for each in chosen])
        for each in chosen:
            each.become(state, alone, due=self.due(booking.asset, state, alone, each.starts, each.ends))
        for each in expired:
            each.cost = self.price(booking.asset, each.ends - each.starts, each.units)
        if expired:
            self.pay(booking)
        self.write(booking, "booking.confirmed", by, chosen)

    def move(
        self, number: int, by: str, scope: Scope, starts: int | None, ends: int | None, units: int | None,
        note: str | None,
    ) -> None:  # fmt: skip
        """Have another time, or so many units, for all in scope, or leave all as it was. `starts` and `ends` are those
        of the first; the others stay as many days away from it.
        """
        booking = self.permitted("move", number, by)
        if starts is None and ends is None and units is None:
            raise Refused("invalid")
        chosen = self.choose("move", booking, scope)
        wishes = [as_moved(each, chosen[0], starts, ends, units) for each in chosen]
        self.must_make_sense(booking, wishes)
        moved = [wish for wish in wishes if not wish.same]
        if not moved:
            return
        self.notice(booking.asset)
        hold = any(wish.had.state == "held" for wish in moved)
        self.must_be_had(Asking(booking.booker, booking.asset, moved, hold, counted=True), "not-bookable")
        asked_again = [wish.starts for wish in moved if not wish.keeps_claim]
        claim = self.claim(booking.booker, booking.asset, asked_again)
        self.free(booking.asset, [wish.had for wish in moved], self.now)
        for wish in moved:
            self.give(booking, wish, note, *((wish.had.state, wish.had.alone) if wish.keeps_claim else claim))
        rest = [each for each in booking.occurrences if all(each is not wish.had for wish in moved)]
        if units and all(each.units == units for each in rest if each.state in OPEN):
            booking.units = units
        self.pay(booking)
        self.write(booking, "booking.moved", by, [wish.had for wish in moved])

    def must_make_sense(self, booking: Booking, wishes: Sequence[Wish]) -> None:
        """No period is empty, none meets another because of a move, and what has begun keeps its start, ends now or
        later, and takes no more where the owner would have to be asked.
        """
        begun = [wish for wish in wishes if wish.had.starts <= self.now]
        if (
            any(wish.ends <= wish.starts for wish in wishes)
            or any(
                meet(one, other.starts, other.ends) and (one.moves or other.moves)
                for one, other in combinations(wishes, 2)
            )
            or any(not wish.keeps_start or wish.ends < self.now for wish in begun)
            or (self.is_asked(booking.booker, booking.asset) and not all(wish.keeps_claim for wish in begun))
        ):
            raise Refused("invalid")

    def give(self, booking: Booking, wish: Wish, note: str | None, state: str, alone: tuple[int, str] | None) -> None:
        """An occurrence has what it wished for. What gives back costs its share of what it cost, and must
        be checked in as long after its start as before, but no later than at its end.
        """
        asset, each = self.assets[booking.asset], wish.had
        length = wish.ends - wish.starts
        if wish.gives_back:
            each.cost = half_up(each.cost * length * wish.units, (each.ends - each.starts) * each.units)
        else:
            each.cost = self.price(booking.asset, length, wish.units)
        due = self.due(booking.asset, state, alone, wish.starts, wish.ends)
        if wish.keeps_claim:
            due = each.due and min(each.due + wish.starts - each.starts, wish.ends)
        each.starts, each.ends, each.units = wish.starts, wish.ends, wish.units
        each.lower, each.upper = wish.starts - asset.before, wish.ends + asset.after
        each.become(state, alone, note, due)

    def retry(self, number: int, by: str, scope: Scope, note: str | None, *, skip: bool, otherwise: set[int]) -> None:
        """Ask again for what was skipped: in a hold it is held as long as the rest. What stays skipped says why, and
        has changed if that is not what it said; `otherwise`: those that say it with other numbers.
        """
        booking = self.permitted("retry", number, by)
        chosen = self.choose("retry", booking, scope)
        held = [each.alone for each in booking.occurrences if each.state == "held"]
        wishes = [Wish(each.starts, each.ends, each.units) for each in chosen]
        is_open = any(each.state in OPEN for each in booking.occurrences)
        asking = Asking(booking.booker, booking.asset, wishes, bool(held), is_open)
        self.notice(booking.asset, wishes)
        why_not = self.why_not(asking)
        got = [each for each, why in zip(chosen, why_not, strict=True) if not why]
        if not got or (len(got) < len(chosen) and not skip):
            raise Refused("not-bookable", why_not, asking=asking)
        claim = ("held", held[0]) if held else self.claim(booking.booker, booking.asset, [each.starts for each in got])
        changed = [
            (each, why)
            for each, why in zip(chosen, why_not, strict=True)
            if why != each.why_not or each.number in otherwise
        ]
        for each, why in changed:
            each.why_not = why
            each.cost = 0 if why else self.price(booking.asset, each.ends - each.starts, each.units)
            due = None if why else self.due(booking.asset, *claim, each.starts, each.ends)
            each.become(*(("skipped", None) if why else claim), note, due)
        self.wait_no_more(number, got)
        self.pay(booking)
        self.write(booking, "booking.retried", by, [each for each, _ in changed])

    def decide(self, how: str, number: int, by: str, scope: Scope, note: str | None) -> None:
        booking = self.permitted(how, number, by)
        chosen = self.choose(how, booking, scope)
        event, state = {"approve": ("booking.approved", "confirmed"), "decline": ("booking.declined", "declined")}[how]
        for each in chosen:
            each.become(state, note=note, due=self.due(booking.asset, state, None, each.starts, each.ends))
        self.write(booking, event, by, chosen)
        if state == "declined":
            self.free(booking.asset, chosen, self.now)

    def attend(self, how: str, number: int, by: str, scope: Scope, note: str | None) -> None:
        """Somebody has come, or nobody."""
        booking = self.permitted(how, number, by)
        chosen = self.choose(how, booking, scope)
        state = {"check-in": "checked_in", "no-show": "no_show"}[how]
        for each in chosen:
            each.become(state, note=note)
        self.write(booking, f"booking.{state}", by, chosen)
        if state == "no_show":
            self.free(booking.asset, chosen, self.now)

    def cancel(self, number: int, by: str, scope: Scope, note: str | None) -> None:
        booking = self.permitted("cancel", number, by)
        chosen = self.choose("cancel", booking, scope)
        notice = self.assets[booking.asset].notice
        for each in chosen:
            each.late = by == booking.booker and each.state == "confirmed" and self.now > each.starts - notice
            each.become("cancelled", note=note)
        self.write(booking, "booking.cancelled", by, chosen)
        self.free(booking.asset, chosen, self.now)

    def recall(self, number: int, by: str, scope: Scope, note: str | None) -> None:
        booking = self.permitted("recall", number, by)
        if not self.assets[booking.asset].recallable:
            raise Refused("state-does-not-allow")
        self.take_back(number, self.choose("recall", booking, scope), by, note)

    def close(
        self, by: str, name: str, starts: int, ends: int, *, recall: bool, note: str | None
    ) -> set[tuple[int, int]]:
        """Shut an asset: what was booked there meanwhile, and with `recall` is no more."""
        self.must_own(by, [name])
        self.closures.append((name, starts, ends))
        hit = {
            (number, each.number)
            for number, booking in enumerate(self.bookings)
            if self.within(booking.asset, name)
            for each in self.coming(booking)
            if meet(each, starts, ends)
        }
        return self.take_back_all(hit, by, note) if recall else hit

    def open_again(self, name: str, starts: int, ends: int) -> None:
        self.closures.remove((name, starts, ends))
        self.freed.append(Freed(self.around(name), self.now, [(starts, ends)]))

    def replace_hours(
        self, by: str, name: str | None, hours: tuple[int, int] | None, *, recall: bool, note: str | None
    ) -> set[tuple[int, int]]:
        """Give other hours to an asset, which has its own then, or to all that share a timetable (None): what was
        booked of these at times that are not open, and with `recall` is no more.
        """
        names = {name} if name else self.sharing
        self.must_own(by, names)
        if name not in self.sharing and any(self.hours.get(each, ALWAYS) != hours for each in names):
            self.free_all(set(names))  # it is the hours that change, or which hours it has, or both
        if name:
            self.free_all(self.around(name))
        self.sharing = self.sharing - {name}
        self.hours |= dict.fromkeys(names, hours)
        hit = {
            (number, each.number)
            for number, booking in enumerate(self.bookings)
            if booking.asset in names
            for each in self.coming(booking)
            if not self.is_open(booking.asset, each.starts, each.ends)
        }
        return self.take_back_all(hit, by, note) if recall else hit

    def take_back_all(self, hit: set[tuple[int, int]], by: str, note: str | None) -> set[tuple[int, int]]:
        """Whoever has come may stay."""
        for number in {number for number, _ in hit}:
            each = [self.bookings[number].occurrences[n] for which, n in sorted(hit) if which == number]
            if chosen := [one for one in each if one.state != "checked_in"]:
                self.take_back(number, chosen, by, note)
        return hit

    def take_back(self, number: int, chosen: Sequence[Occurrence], by: str, note: str | None) -> None:
        """A hold ends; for the rest the booker is owed what was still to come."""
        for each in chosen:
            held = each.state == "held"
            if not held:
                self.claims[number, each.number] = self.to_come(each)
            each.become("cancelled" if held else "recalled", note=note)
        self.write(self.bookings[number], "booking.recalled", by, chosen)
        self.free_together(self.bookings[number].asset, chosen)

    # Who may, and what it concerns --------------------------------------------------------------------------------

    def parties(self, booking: Booking) -> tuple[str, str]:
        """Who sees a booking: its owner and its booker."""
        return self.assets[booking.asset].owner, booking.booker

    def permitted(self, how: str, number: int, by: str) -> Booking:
        booking = self.bookings[number]
        if by not in self.parties(booking):
            raise Refused("not-found")
        self.notice_of(booking)
        if by not in self.who_may(how, booking):
            raise Refused("forbidden")
        return booking

    def who_may(self, how: str, booking: Booking) -> tuple[str, ...]:
        owner, booker = self.parties(booking)
        whose = dict.fromkeys(("cancel", "check-in"), (owner, booker))
        return {**whose, **dict.fromkeys(("confirm", "move", "retry"), (booker,))}.get(how, (owner,))

    def must_own(self, by: str, names: Iterable[str]) -> None:
        if any(by != self.assets[name].owner for name in names):
            raise Refused("forbidden")

    def choose(self, how: str, booking: Booking, scope: Scope) -> list[Occurrence]:
        """What in scope can be changed like this, by start; of what is named, all must be."""
        concerned = booking.within(scope)
        chosen = [each for each in concerned if self.can(how, each)]
        if not chosen or (scope.numbers and len(chosen) < len(concerned)):
            raise Refused("state-does-not-allow", states=CAN[how])
        return chosen

    def can(self, how: str, each: Occurrence) -> bool:
        """Whether it is in a state to be changed like this, and it is time."""
        return each.state in CAN[how] and (how not in EARLY or each.starts - EARLY[how] <= self.now)

    def coming(self, booking: Booking) -> list[Occurrence]:
        """What is open and not over."""
        return [each for each in booking.occurrences if each.state in OPEN and each.ends > self.now]

    def to_come(self, occurrence: Occurrence) -> int:
        """The minutes of all its units."""
        return (occurrence.ends - max(occurrence.starts, self.now)) * occurrence.units

    def write(self, booking: Booking, event: str, by: str, changed: Iterable[Occurrence]) -> None:
        booking.changed = self.now
        booking.record(event, self.now, by, changed)

    def is_asked(self, booker: str, name: str) -> bool:
        """Whether the owner of an asset decides on what is booked of it."""
        asset = self.assets[name]
        return asset.approval is not None and booker != asset.owner

    def claim(self, booker: str, name: str, starts: Iterable[int]) -> tuple[str, tuple[int, str] | None]:
        """What becomes of what is asked for and starts then, and what becomes of that by itself."""
        asset = self.assets[name]
        if not self.is_asked(booker, name):
            return "confirmed", None
        deadline = min([self.now + asset.approval, *(each for each in starts if each > self.now)])
        return "pending", (deadline, asset.on_deadline)

    def due(self, name: str, state: str, alone: tuple[int, str] | None, starts: int, ends: int) -> int | None:
        """By when to check in to what is confirmed, now or by itself: no later than at its end, if that is after it."""
        since = self.now if state == "confirmed" else alone[0] if alone and alone[1] == "confirmed" else ends
        grace = self.assets[name].grace
        due = min(max(since, starts) + (grace or 0), ends)
        return due if grace is not None and due > since else None

    def pay(self, booking: Booking) -> None:
        """Where all of a booking has one price, it is for the most units of what stands. What expired costs nothing."""
        booking.paid = max(each.units for each in booking.occurrences if each.state in OCCUPYING)
        for each in booking.occurrences:
            each.cost = 0 if each.state == "expired" else each.cost

    def price(self, name: str, minutes: int, units: int) -> int:
        price = self.assets[name].price
        return price.cost(minutes, units) if price else 0

    # The rules ----------------------------------------------------------------------------------------------------

    def must_be_had(self, asking: Asking, slug: str) -> None:
        self.notice(asking.asset, asking.wishes)
        why_not = self.why_not(asking)
        if any(why_not):
            raise Refused(slug, why_not, asking=asking)

    def why_not(self, asking: Asking) -> list[list[str]]:
        """The reason codes against each wish. Those of one request are counted in order of start, after what has begun
        and stays where it is.
        """
        wishes = asking.wishes
        against = self.all_against(asking)
        own: list[Wish] = []
        for n in sorted(range(len(wishes)), key=lambda n: (not wishes[n].stays_on(self.now), wishes[n].starts)):
            if not against[n]:
                if self.fits(asking, wishes[n], own):
                    own.append(wishes[n])
                else:
                    against[n].append("taken")
        return [sorted(each) for each in against]

    def all_against(self, asking: Asking) -> list[list[str]]:
        """Which rules and limits speak against each wish. What only gives back is within all limits."""
        beyond = zip(asking.wishes, self.beyond(asking), strict=True)
        return [sorted(self.against(asking, wish) + ([] if wish.gives_back else counted)) for wish, counted in beyond]

    def against(self, asking: Asking, wish: Wish) -> list[str]:
        """Which rules speak against a wish by itself. What only gives back keeps those of length and step, unless it is
        going on; a start that stays may be past; and what has its booking already is not counted again.
        """
        codes = self.broken(asking, wish)
        if wish.gives_back:
            return [code for code in codes if code in ("too_short", "off_step") and wish.starts > self.now]
        return [code for code in codes if code != "in_the_past" or not wish.keeps_start]

    def broken(self, asking: Asking, wish: Wish) -> list[str]:
        booker, asset, length = asking.booker, self.assets[asking.asset], wish.ends - wish.starts
        known, counted = booker not in self.unverified, asking.counted
        broken = [
            ("too_few_units", wish.units > asset.units),
            ("taken", wish.units <= asset.units and not self.fits(asking, wish)),
            ("in_the_past", wish.starts < self.now),
            ("too_short", length < asset.shortest),
            ("too_long", length > asset.longest),
            ("off_step", any(moment % STEP for moment in wish.new_ends())),
            ("closed", not self.is_open(asking.asset, wish.starts, wish.ends)),
            ("unverified", not known and asset.approval is None),
            ("limit_reached", not counted and self.is_second(booker, asking.asset)),
            ("limit_reached", asking.hold and not counted and len(self.theirs(booker, asset.owner, HELD)) >= HOLDS),
            ("limit_reached", asking.hold and self.lapsed_just_now(asking, wish)),
        ]
        return [code for code, is_so in broken if is_so]

    def is_second(self, booker: str, name: str) -> bool:
        """Whether a booker who is not known has a booking already of an owner who decides on each."""
        asset = self.assets[name]
        return booker in self.unverified and asset.approval is not None and bool(self.theirs(booker, asset.owner, OPEN))

    # What is counted ----------------------------------------------------------------------------------------------

    def beyond(self, asking: Asking) -> list[list[str]]:
        """For each wish the limits that it is beyond, one after another. Those that can be had count for those after
        them, and what they had counts no more; but as much as there was may be there again.
        """
        caps = self.caps(asking.booker, asking.asset)
        had = [wish.had for wish in asking.wishes if wish.had is not None]
        used = {cap: self.used(cap, asking, had) for cap in caps}
        before = {cap: self.used(cap, asking, []) if had else Counter() for cap in caps}
        found = []
        for wish in asking.wishes:
            codes, passed = [], not self.broken(asking, wish)
            for cap in caps:
                for is_so, counts in self.tested(cap, asking, wish, used[cap], before[cap]):
                    passed &= not is_so
                    if is_so and counts:
                        codes.append("limit_reached" if cap.by else "allowance_used")
            if passed:
                for cap in caps:
                    used[cap].update(in_weeks(wish.starts, wish.ends, wish.units))
            found.append(codes)
        return found

    def caps(self, booker: str | None, name: str) -> list[Limit]:
        """What an owner allows does not bind the owner."""
        asset = self.assets[name]
        own = [] if asset.allowance is None else [Limit(None, name, "minutes", asset.allowance)]
        return own + [
            each
            for each in self.limits
            if each.by == asset.owner != booker and booker is not None and each.asset in (None, name)
        ]

    def used(self, cap: Limit, asking: Asking, besides: Sequence[Occurrence]) -> Counter[int]:
        """The minutes of all units in each week: of an allowance what stands and what is offered; of a limit also what
        nobody turned up to and what was given back late.
        """
        offered = [(None, each.asset, each.place) for each in self.offers if each.state == "offered" and not cap.by]
        booked = [(each.booker, each.asset, one) for each in self.bookings for one in each.occurrences]
        states = OCCUPYING if cap.by is None else (*OCCUPYING, "no_show")
        minutes: Counter[int] = Counter()
        for who, asset, each in [*booked, *offered]:
            counts = each.state in states or (cap.by is not None and each.state == "cancelled" and each.late)
            theirs = cap.by is None or (who == asking.booker and self.assets[asset].owner == cap.by)
            if counts and theirs and cap.asset in (None, asset) and all(each is not one for one in besides):
                minutes.update(in_weeks(each.starts, each.ends, each.units))
        return minutes

    def tested(
        self, cap: Limit, asking: Asking, wish: Wish, used: Counter[int], before: Counter[int]
    ) -> Iterator[tuple[bool, bool]]:
        """Whether a wish is beyond a limit, and whether that counts for it."""
        match cap.counts:
            case "minutes":
                for week, minutes in in_weeks(wish.starts, wish.ends, wish.units).items():
                    yield used[week] + minutes > max(cap.most, before[week]), True
            case "open_bookings":
                bookings = [
                    each for each in self.theirs(asking.booker, cap.by, OPEN) if cap.asset in (None, each.asset)
                ]
                yield len(bookings) >= cap.most, not asking.counted
            case "days_ahead":
                yield wish.starts > self.now + cap.most * DAY, not wish.keeps_start

    def lapsed_just_now(self, asking: Asking, wish: Wish) -> bool:
        """Whether a hold of the same booker on the same asset, and for some of the same time, ended by itself."""
        return any(
            each.state == "expired" and each.alone[0] > self.now - AGAIN and meet(each, wish.starts, wish.ends)
            for booking in self.bookings
            if (booking.booker, booking.asset) == (asking.booker, asking.asset)
            for each in booking.occurrences
        )

    def theirs(self, booker: str, owner: str, states: Sequence[str]) -> list[Booking]:
        """The bookings of a booker with an owner that have something in these states, and, but for holds, to come."""
        return [
            booking
            for booking in self.bookings
            if booking.booker == booker
            and self.assets[booking.asset].owner == owner
            and any(each.state in states and (each.ends > self.now or states is HELD) for each in booking.occurrences)
        ]

    def is_open(self, name: str, starts: int, ends: int) -> bool:
        """Whether an asset is open throughout: within its hours, and neither it nor a whole or part of it is shut."""
        if any(self.within(shut, name) and since < ends and starts < until for shut, since, until in self.closures):
            return False
        hours = self.hours.get(name, ALWAYS)
        if hours is ALWAYS:
            return True
        midnights = [day * DAY - DAWN for day in (day_of(starts) - 1, day_of(starts))]
        return any(midnight + hours[0] <= starts and ends <= midnight + hours[1] for midnight in midnights)

    def within(self, one: str, other: str) -> bool:
        """Whether two assets are one, or one of them is inside the other."""
        return one == other or one in self.assets[other].parts or other in self.assets[one].parts

    def takes(self, occurrence: Occurrence, booked: str, name: str) -> int:
        """How many units of an asset are gone where another, or it, was booked."""
        if booked == name:
            return occurrence.units
        since = [other for other, moment in self.widened if other == name and moment >= occurrence.upper]
        return self.assets[name].units - len(since) if self.within(booked, name) else 0

    def fits(self, asking: Asking, wish: Wish, own: Sequence[Wish] = ()) -> bool:
        """Whether at every moment of a wish as many units are left as it needs, beside others of its request. What it
        had is given up. A unit on which something has begun is gone throughout; what has begun itself needs its own.
        """
        name, asset = asking.asset, self.assets[asking.asset]
        lower, upper = wish.starts - asset.before, wish.ends + asset.after
        there = (
            [
                (each.lower, each.upper, self.takes(each, booking.asset, name), booking.asset, each.seats)
                for booking in self.bookings
                for each in booking.occurrences
                if each.state in OCCUPYING and all(each is not one.had for one in asking.wishes)
            ]
            + [
                (each.lower, each.upper, self.takes(each, booked, name), booked, each.seats)
                for booked, each in self.kept()
            ]
            + [
                (one.starts - asset.before, one.ends + asset.after, one.units, name, one.stays_on(self.now))
                for one in own
            ]
        )
        spans = [span for span in there if span[0] < upper and lower < span[1]]
        moments = [lower, *(since for since, *_ in spans if lower < since < upper)]
        most = max(sum(count for since, until, count, *_ in spans if since <= moment < until) for moment in moments)
        begun = {unit for since, _, _, booked, seats in spans if since <= self.now and booked == name for unit in seats}
        if any(since <= self.now and count and booked != name for since, _, count, booked, _ in spans):
            return False
        return max(most, len(begun)) + wish.units <= asset.units and begun.isdisjoint(wish.stays_on(self.now))

    # What is answered ---------------------------------------------------------------------------------------------

    def shown(self, number: int, to: str) -> dict[str, object]:
        """A booking as one of its two organisations must see it."""
        booking = self.bookings[number]
        states = [each.state for each in booking.occurrences]
        return {
            "state": booking.first_of(OPEN, otherwise="ended"),
            "outcomes": {state: states.count(state) for state in OUTCOMES},
            "may": self.may(booking, to),
            "hold_expires_at": booking.earliest("held"),
            "decide_by": booking.earliest("pending"),
            "updated_at": booking.changed,
            "units": booking.units,
            "cost": self.cost(booking),
            "occurrences": [
                (
                    each.starts, each.ends, each.units, each.units if each.state in OCCUPYING else 0, each.state,
                    each.sequence, each.note, each.late, each.due, each.why_not,
                )
                for each in booking.in_order()
            ],
        }  # fmt: skip

    def cost(self, booking: Booking) -> int:
        price = self.assets[booking.asset].price
        if price and price.per == "booking":
            return price.amount * booking.paid
        return sum(each.cost for each in booking.occurrences)

    def request(self, number: int, to: str) -> dict[str, object] | None:
        """What an owner weighs: how much the booker of a request has beside it."""
        booking = self.bookings[number]
        owner, booker = self.parties(booking)
        if to != owner or all(each.state != "pending" for each in booking.occurrences):
            return None
        others = [each for each in self.theirs(booker, owner, OPEN) if each is not booking]
        coming = [self.to_come(each) for other in others for each in self.coming(other)]
        return {"booker_has": {"bookings": len(others), "minutes": sum(coming)}, "waiting": self.in_line_for(number)}

    def may(self, booking: Booking, to: str) -> list[str]:
        """What can be done; what is to be had once more can be until it begins, and what expired all together."""
        return [
            OPERATIONS.get(how, f"{how}Booking")
            for how in CAN
            if to in self.who_may(how, booking)
            and (how != "recall" or self.assets[booking.asset].recallable)
            and any(
                self.can(how, each) and (each.state != "skipped" or each.starts >= self.now)
                for each in booking.occurrences
            )
            and not (
                how == "confirm"
                and any(each.state == "expired" and each.starts < self.now for each in booking.occurrences)
            )
        ]

    def occupied(self) -> dict[tuple[object, ...], int]:
        """How many units are occupied: by booking and occurrence or for an offer, of an asset, from when until when."""
        booked = [
            ((number, each.number), booking.asset, each)
            for number, booking in enumerate(self.bookings)
            for each in booking.occurrences
            if each.state in OCCUPYING
        ]
        offered = [(each.key, each.asset, each.place) for each in self.offers if each.state == "offered"]
        return {
            (*whose, name, each.lower, each.upper): self.takes(each, asset, name)
            for whose, asset, each in [*booked, *offered]
            for name in (asset, *self.assets[asset].parts)
        }


def in_weeks(starts: int, ends: int, units: int) -> dict[int, int]:
    """The minutes of all units in each week, from Monday."""
    days: Counter[int] = Counter()
    while starts < ends:
        until = min(ends, (day_of(starts) + 1) * DAY - DAWN)
        days[day_of(starts) // 7] += (until - starts) * units
        starts = until
    return dict(days)


def as_moved(
    occurrence: Occurrence, first: Occurrence, starts: int | None, ends: int | None, units: int | None
) -> Wish:
    """What an occurrence is to have where the first is to start and end then; what is not said stays."""
    later = (day_of(occurrence.starts) - day_of(first.starts)) * DAY
    return Wish(
        occurrence.starts if starts is None else starts + later,
        occurrence.ends if ends is None else ends + later,
        units or occurrence.units,
        occurrence,
    )
