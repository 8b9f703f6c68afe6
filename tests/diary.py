"""What Fallow must answer about bookings, told plainly: names, minutes and every moment lived through in order.

It knows no SQL, no locks and no workers. Whoever asks for something is answered or `Refused`; what happens by itself
happens when the clock gets there. Units are counted, not seated: on which something is matters once it has begun.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

OPEN = ("held", "pending", "checked_in", "confirmed")
OCCUPYING = (*OPEN, "completed")
OUTCOMES = ("completed", "cancelled", "expired", "declined", "lapsed", "recalled", "no_show", "skipped")
CAN = {
    "confirm": ("held", "expired"),
    "move": ("held", "pending", "confirmed"),
    "approve": ("pending",),
    "decline": ("pending",),
    "cancel": ("held", "pending", "confirmed"),
    "recall": ("pending", "confirmed"),
}
EVENTS = {"expired": "booking.expired", "lapsed": "booking.lapsed", "confirmed": "booking.approved"}
HELD = ("held",)
HOLDS, AGAIN = 3, 30
HOUR, DAY = 60, 1440


@dataclass(frozen=True)
class Asset:
    """`approval`: the owner's minutes to decide, None where it need not. `parts`: names."""

    owner: str
    units: int = 1
    before: int = 0
    after: int = 0
    hold: int = 15
    approval: int | None = None
    on_deadline: str = "lapsed"
    notice: int = 0
    recallable: bool = False
    parts: tuple[str, ...] = ()


@dataclass
class Occurrence:
    """`alone`: when it becomes something by itself, and what. `seats`: its units, as they were answered."""

    starts: int
    ends: int
    lower: int
    upper: int
    units: int
    state: str
    alone: tuple[int, str] | None = None
    why_not: list[str] = field(default_factory=list)
    note: str | None = None
    late: bool = False
    sequence: int = 0
    seats: tuple[int, ...] = ()

    @property
    def held_until(self) -> int | None:
        """When its place is free by itself."""
        open_end = self.state in ("held", "pending") and self.alone and self.alone[1] != "confirmed"
        return self.alone[0] if open_end else None


@dataclass(frozen=True)
class Event:
    """What must be recorded once: when it happened, by whom (None: the clock), and what the occurrences became."""

    type: str
    at: int
    by: str | None
    became: tuple[tuple[int, str], ...]


@dataclass
class Booking:
    booker: str
    asset: str
    units: int
    occurrences: list[Occurrence]
    changed: int
    events: list[Event] = field(default_factory=list)

    def first_of(self, states: Iterable[str], *, otherwise: str) -> str:
        found = {each.state for each in self.occurrences}
        return next((state for state in states if state in found), otherwise)

    def earliest(self, state: str) -> int | None:
        return min((each.alone[0] for each in self.occurrences if each.state == state and each.alone), default=None)

    def record(self, kind: str, at: int, by: str | None, numbers: Iterable[int]) -> None:
        self.events.append(Event(kind, at, by, tuple((n, self.occurrences[n].state) for n in sorted(numbers))))


@dataclass
class Refused(Exception):
    """The slug, and what it tells: reason codes for each period, or the states that would do."""

    slug: str
    why_not: list[list[str]] = field(default_factory=list)
    states: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scope:
    """All, the n-th and later, or those numbers."""

    since: int | None = None
    numbers: tuple[int, ...] = ()

    def choose(self, count: int) -> list[int]:
        if self.since is not None:
            return list(range(self.since, count))
        return sorted(self.numbers) or list(range(count))


ALL = Scope()


@dataclass
class Diary:
    assets: dict[str, Asset]
    now: int = 0
    unverified: set[str] = field(default_factory=set)
    closures: list[tuple[str, int, int]] = field(default_factory=list)
    bookings: list[Booking] = field(default_factory=list)
    claims: dict[tuple[int, int], int] = field(default_factory=dict)  # minutes owed, by booking and occurrence

    # The clock ----------------------------------------------------------------------------------------------------

    def live(self, minutes: int) -> None:
        """Let time pass, and what ends by itself end."""
        self.now += minutes
        for booking in self.bookings:
            self.settle(booking)

    def settle(self, booking: Booking) -> None:
        while due := sorted(
            (*moment, n)
            for n, each in enumerate(booking.occurrences)
            if (moment := self.next_of(each)) is not None and moment[0] <= self.now
        ):
            at, state, _ = due[0]
            numbers = [n for *moment, n in due if moment == [at, state]]
            for n in numbers:
                booking.occurrences[n].state = state
                booking.occurrences[n].sequence += state != "completed"
            if state != "completed":
                booking.changed = max(booking.changed, at)
            booking.record(EVENTS.get(state, "booking.completed"), at, None, numbers)

    def next_of(self, occurrence: Occurrence) -> tuple[int, str] | None:
        if occurrence.state in ("held", "pending"):
            return occurrence.alone
        return (occurrence.ends, "completed") if occurrence.state in ("confirmed", "checked_in") else None

    # What is asked ------------------------------------------------------------------------------------------------

    def book(
        self, booker: str, name: str, periods: Sequence[tuple[int, int]], units: int, *, hold: bool, skip: bool
    ) -> int:
        """The number of the new booking."""
        asset = self.assets[name]
        why_not = self.why_not(booker, name, periods, units, hold=hold)
        got = [period for period, why in zip(periods, why_not, strict=True) if not why]
        if not got or (len(got) < len(periods) and not skip):
            raise Refused("not-bookable", why_not)
        state, alone = ("held", (self.now + asset.hold, "expired")) if hold else self.claim(booker, name, got)
        made = [
            Occurrence(
                starts, ends, starts - asset.before, ends + asset.after, units, "skipped" if why else state,
                None if why else alone, why,
            )
            for (starts, ends), why in zip(periods, why_not, strict=True)
        ]  # fmt: skip
        booking = Booking(booker, name, units, sorted(made, key=lambda each: each.starts), self.now)
        self.bookings.append(booking)
        booking.record("booking.created", self.now, booker, range(len(periods)))
        return len(self.bookings) - 1

    def confirm(self, number: int, by: str) -> None:
        booking = self.permitted("confirm", number, by)
        chosen = self.choose("confirm", booking, ALL)
        lapsed = [each for each in chosen if each.state == "expired"]
        periods = [(each.starts, each.ends) for each in lapsed]
        why_not = self.why_not(booking.booker, booking.asset, periods, booking.units)
        if any(why_not):
            raise Refused("hold-expired", why_not)
        state, alone = self.claim(booking.booker, booking.asset, [(each.starts, each.ends) for each in chosen])
        self.change(booking, chosen, "booking.confirmed", by, state, alone=alone)

    def decide(self, how: str, number: int, by: str, scope: Scope, note: str | None) -> None:
        booking = self.permitted(how, number, by)
        chosen = self.choose(how, booking, scope)
        event, state = {"approve": ("booking.approved", "confirmed"), "decline": ("booking.declined", "declined")}[how]
        self.change(booking, chosen, event, by, state, note=note)

    def cancel(self, number: int, by: str, scope: Scope, note: str | None) -> None:
        booking = self.permitted("cancel", number, by)
        chosen = self.choose("cancel", booking, scope)
        notice = self.assets[booking.asset].notice
        for each in chosen:
            each.late = by == booking.booker and each.state == "confirmed" and self.now > each.starts - notice
        self.change(booking, chosen, "booking.cancelled", by, "cancelled", note=note)

    def recall(self, number: int, by: str, scope: Scope, note: str | None) -> None:
        booking = self.permitted("recall", number, by)
        if not self.assets[booking.asset].recallable:
            raise Refused("state-does-not-allow")
        self.take_back(number, self.choose("recall", booking, scope), by, note)

    def close(
        self, by: str, name: str, starts: int, ends: int, *, recall: bool, note: str | None
    ) -> set[tuple[int, int]]:
        """Shut an asset: what was booked there meanwhile, and with `recall` is no more."""
        if by != self.assets[name].owner:
            raise Refused("forbidden")
        self.closures.append((name, starts, ends))
        hit = {
            (number, n)
            for number, booking in enumerate(self.bookings)
            if self.within(booking.asset, name)
            for n, each in enumerate(booking.occurrences)
            if each.state in OPEN and met(each, starts, ends) and each.ends > self.now
        }
        if recall:
            for number in {number for number, _ in hit}:
                occurrences = self.bookings[number].occurrences
                self.take_back(number, [occurrences[n] for which, n in sorted(hit) if which == number], by, note)
        return hit

    def take_back(self, number: int, chosen: Sequence[Occurrence], by: str, note: str | None) -> None:
        """A hold ends; for the rest the booker is owed what was still to come."""
        booking = self.bookings[number]
        for n, each in enumerate(booking.occurrences):
            if any(each is one for one in chosen) and each.state != "held":
                self.claims[number, n] = (each.ends - max(each.starts, self.now)) * each.units
        state = "cancelled" if chosen[0].state == "held" else "recalled"
        self.change(booking, chosen, "booking.recalled", by, state, note=note)

    # Who may, and what it concerns --------------------------------------------------------------------------------

    def parties(self, booking: Booking) -> tuple[str, str]:
        """Who sees a booking: its owner and its booker."""
        return self.assets[booking.asset].owner, booking.booker

    def permitted(self, how: str, number: int, by: str) -> Booking:
        booking = self.bookings[number]
        if by not in self.parties(booking):
            raise Refused("not-found")
        if by not in self.who_may(how, booking):
            raise Refused("forbidden")
        return booking

    def who_may(self, how: str, booking: Booking) -> tuple[str, ...]:
        owner, booker = self.parties(booking)
        return {"cancel": (owner, booker), "confirm": (booker,), "move": (booker,)}.get(how, (owner,))

    def choose(self, how: str, booking: Booking, scope: Scope) -> list[Occurrence]:
        """What in scope can be changed like this; of what is named, all must be."""
        concerned = [booking.occurrences[n] for n in scope.choose(len(booking.occurrences))]
        chosen = [each for each in concerned if each.state in CAN[how]]
        if not chosen or (scope.numbers and len(chosen) < len(concerned)):
            raise Refused("state-does-not-allow", states=CAN[how])
        return chosen

    def change(
        self,
        booking: Booking,
        chosen: Sequence[Occurrence],
        event: str,
        by: str,
        state: str,
        *,
        note: str | None = None,
        alone: tuple[int, str] | None = None,
    ) -> None:
        for each in chosen:
            each.state, each.alone = state, alone
            each.note = each.note if note is None else note
            each.sequence += 1
        booking.changed = self.now
        numbers = [n for n, each in enumerate(booking.occurrences) if any(each is one for one in chosen)]
        booking.record(event, self.now, by, numbers)

    def claim(self, booker: str, name: str, periods: Sequence[tuple[int, int]]) -> tuple[str, tuple[int, str] | None]:
        """What becomes of what is asked for, and what becomes of that by itself."""
        asset = self.assets[name]
        if asset.approval is None or booker == asset.owner:
            return "confirmed", None
        deadline = min([self.now + asset.approval, *(starts for starts, _ in periods if starts > self.now)])
        return "pending", (deadline, asset.on_deadline)

    # The rules ----------------------------------------------------------------------------------------------------

    def why_not(
        self, booker: str, name: str, periods: Sequence[tuple[int, int]], units: int, *, hold: bool = False
    ) -> list[list[str]]:
        """The reason codes against each period, those of one request counted in order of start."""
        asset = self.assets[name]
        against = [self.against(booker, name, *period, units, hold=hold) for period in periods]
        own: list[tuple[int, int, int]] = []
        for n in sorted(range(len(periods)), key=lambda n: periods[n]):
            lower, upper = periods[n][0] - asset.before, periods[n][1] + asset.after
            if not against[n]:
                if self.most_taken(name, lower, upper, own) + units > asset.units:
                    against[n].append("taken")
                else:
                    own.append((lower, upper, units))
        return [sorted(each) for each in against]

    def against(self, booker: str, name: str, starts: int, ends: int, units: int, *, hold: bool) -> list[str]:
        asset = self.assets[name]
        codes = []
        if units > asset.units:
            codes.append("too_few_units")
        elif self.most_taken(name, starts - asset.before, ends + asset.after) + units > asset.units:
            codes.append("taken")
        if starts < self.now:
            codes.append("in_the_past")
        if booker in self.unverified:
            if asset.approval is None:
                codes.append("unverified")
            elif self.theirs(booker, asset.owner, OPEN):
                codes.append("limit_reached")
        if any(self.within(shut, name) and since < ends and starts < until for shut, since, until in self.closures):
            codes.append("closed")
        if hold and len(self.theirs(booker, asset.owner, HELD)) >= HOLDS:
            codes.append("limit_reached")
        if hold and any(
            each.state == "expired" and each.alone and each.alone[0] > self.now - AGAIN and met(each, starts, ends)
            for booking in self.bookings
            if (booking.booker, booking.asset) == (booker, name)
            for each in booking.occurrences
        ):
            codes.append("limit_reached")
        return codes

    def theirs(self, booker: str, owner: str, states: Sequence[str]) -> list[Booking]:
        """The bookings of a booker with an owner that have something in these states, and, but for holds, to come."""
        return [
            booking
            for booking in self.bookings
            if booking.booker == booker
            and self.assets[booking.asset].owner == owner
            and any(each.state in states and (each.ends > self.now or states is HELD) for each in booking.occurrences)
        ]

    def within(self, one: str, other: str) -> bool:
        """Whether two assets are one, or one of them is inside the other."""
        return one == other or one in self.assets[other].parts or other in self.assets[one].parts

    def takes(self, occurrence: Occurrence, booked: str, name: str) -> int:
        """How many units of an asset are gone where another, or it, was booked."""
        if booked == name:
            return occurrence.units
        return self.assets[name].units if self.within(booked, name) else 0

    def most_taken(self, name: str, lower: int, upper: int, own: Sequence[tuple[int, int, int]] = ()) -> int:
        """The most units gone at one moment of a span; one on which something has begun is gone throughout."""
        there = [
            (each.lower, each.upper, self.takes(each, booking.asset, name), booking.asset, each.seats)
            for booking in self.bookings
            for each in booking.occurrences
            if each.state in OCCUPYING and each.lower < upper and lower < each.upper
        ]
        spans = [*((since, until, count) for since, until, count, *_ in there), *own]
        moments = [lower, *(since for since, *_ in spans if lower < since < upper)]
        most = max(sum(count for since, until, count in spans if since <= moment < until) for moment in moments)
        begun = {unit for since, _, _, booked, seats in there if since <= self.now and booked == name for unit in seats}
        whole = any(since <= self.now and count and booked != name for since, _, count, booked, _ in there)
        return max(most, self.assets[name].units if whole else len(begun))

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
            "occurrences": [
                (
                    each.starts, each.ends, each.units, each.units if each.state in OCCUPYING else 0, each.state,
                    each.sequence, each.note, each.late, each.why_not,
                )
                for each in booking.occurrences
            ],
        }  # fmt: skip

    def request(self, number: int, to: str) -> dict[str, object] | None:
        """What an owner weighs: how much the booker of a request has beside it."""
        booking = self.bookings[number]
        owner, booker = self.parties(booking)
        if to != owner or all(each.state != "pending" for each in booking.occurrences):
            return None
        others = [each for each in self.theirs(booker, owner, OPEN) if each is not booking]
        coming = [
            (each.ends - max(each.starts, self.now)) * each.units
            for other in others
            for each in other.occurrences
            if each.state in OPEN and each.ends > self.now
        ]
        return {"booker_has": {"bookings": len(others), "minutes": sum(coming)}, "waiting": 0}

    def may(self, booking: Booking, to: str) -> list[str]:
        return [
            f"{how}Booking"
            for how, states in CAN.items()
            if to in self.who_may(how, booking)
            and (how != "recall" or self.assets[booking.asset].recallable)
            and any(
                each.state in states and (each.state != "expired" or each.starts >= self.now)
                for each in booking.occurrences
            )
        ]

    def occupied(self) -> dict[tuple[int, int, str, int, int], int]:
        """How many units are occupied: by booking and occurrence, of an asset, from when until when."""
        return {
            (number, n, name, each.lower, each.upper): self.takes(each, booking.asset, name)
            for number, booking in enumerate(self.bookings)
            for n, each in enumerate(booking.occurrences)
            if each.state in OCCUPYING
            for name in (booking.asset, *self.assets[booking.asset].parts)
        }


def met(occurrence: Occurrence, starts: int, ends: int) -> bool:
    return occurrence.starts < ends and starts < occurrence.ends
