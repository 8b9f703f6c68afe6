"""Who waits in line for what others have, told plainly: part of the diary (diary.py).

Whoever holds the fewest minutes at the owner comes first, of equals whoever has the smaller draw; when they asked
decides nothing. What comes free is offered to one after another, to each once, and is nobody else's until then.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice, permutations
from math import factorial
from typing import TYPE_CHECKING

from entries import DAY, OPEN, Asking, Booking, Entry, Freed, Occurrence, Offer, Refused, Waited, Wish, meet

if TYPE_CHECKING:
    from diary import Diary

COUNTS = ("confirmed", "checked_in", "completed", "no_show")
CURABLE = {"taken", "closed"}
COUNTED = {"limit_reached", "allowance_used"}  # more may be left by then
MOST_ORDERS = 24


class Line:
    """`draws`: what an organisation drew on the day of a moment. `unnoticed`: what ended by itself and has not been
    offered yet; `freed`: what came free by what is done now.
    """

    entries: list[Entry]
    offers: list[Offer]
    unnoticed: list[Freed]
    freed: list[Freed]
    draws: Callable[[int, str], bytes]
    widened: list[tuple[str, int]]
    choice: int
    choices: int

    # What is asked ------------------------------------------------------------------------------------------------

    def join(self: "Diary", booker: str, places: Sequence[tuple[str, int, int]], units: int) -> int:
        """The number of the new entry, for any of some places."""
        wanted = [Waited(*place) for place in places]
        if (
            any(each.ends <= each.starts or each.starts <= self.now for each in wanted)
            or len(set(places)) < len(places)
            or len({self.assets[name].owner for name, _, _ in places}) > 1
        ):
            raise Refused("invalid")
        for name in self.assets:
            if periods := [Wish(each.starts, each.ends, units) for each in wanted if each.asset == name]:
                self.must_be_taken(booker, name, periods)
        return self.enter(booker, wanted, units, None)

    def join_for(self: "Diary", booker: str, number: int) -> int:
        """The same, for all that a booking skipped."""
        booking = self.bookings[number]
        if booking.booker != booker:
            raise Refused("invalid")
        skipped = [each for each in booking.in_order() if each.state == "skipped" and each.starts > self.now]
        if not skipped:
            raise Refused("state-does-not-allow", states=("skipped",))
        units = max(each.units for each in skipped)
        self.must_be_taken(booker, booking.asset, [Wish(each.starts, each.ends, units) for each in skipped])
        places = [Waited(booking.asset, each.starts, each.ends, (number, each.number)) for each in skipped]
        return self.enter(booker, places, units, number)

    def must_be_taken(self: "Diary", booker: str, name: str, wishes: list[Wish]) -> None:
        asking = Asking(booker, name, wishes)
        why_not = self.all_against(asking)
        if not all(why_not):
            raise Refused("state-does-not-allow")
        second = self.is_second(booker, name)
        if any(second or not CURABLE & {*each} or {*each} - CURABLE - COUNTED for each in why_not):
            raise Refused("not-bookable", why_not, asking=asking)

    def enter(self: "Diary", booker: str, places: list[Waited], units: int, booking: int | None) -> int:
        """Nobody is in line twice for the same time of an asset, and no owner in its own."""
        if self.assets[places[0].asset].owner == booker:
            raise Refused("state-does-not-allow")
        own = [each for entry in self.entries if entry.booker == booker for each in entry.places if not each.ended]
        met = [
            one for one in own for other in places if one.asset == other.asset and meet(one, other.starts, other.ends)
        ]
        if any(each.starts > self.now for each in met):
            raise Refused("state-does-not-allow")
        for each in own if met else ():
            each.ended |= each.starts <= self.now and each.asset in {one.asset for one in places}
        self.entries.append(Entry(booker, units, places, booking, self.now))
        return len(self.entries) - 1

    def leave(self: "Diary", number: int, by: str) -> None:
        entry = self.entry_of(number, by)
        if entry.state(self.now) != "waiting":
            raise Refused("state-does-not-allow", states=("waiting",))
        if self.standing_of(number):
            raise Refused("state-does-not-allow")
        self.go(entry)

    def go(self: "Diary", entry: Entry) -> None:
        entry.left, entry.changed = True, self.now
        entry.events.append("waiting.left")
        for place in entry.places:
            place.ended = True

    def answer(self: "Diary", offer: Offer, how: str, by: str) -> None:
        """Accept what is offered, or decline it and wait no more."""
        entry = self.entry_of(offer.entry, by)
        if offer.state != "offered":
            raise Refused("state-does-not-allow", states=("offered",))
        {"accept": self.accept, "decline": self.decline}[how](offer, entry)
        offer.changed = self.now

    def decline(self: "Diary", offer: Offer, entry: Entry) -> None:
        offer.state = "declined"
        self.go(entry)
        self.free(offer.asset, [offer.place], offer.freed_at)

    def accept(self: "Diary", offer: Offer, entry: Entry) -> None:
        """It is booked as it was offered, or had in the booking that skipped it, if nothing but terms has changed."""
        waited = entry.places[offer.number - 1]
        self.notice(offer.asset)
        wish = Wish(offer.place.starts, offer.place.ends, offer.place.units)
        offer.state = "accepted"
        try:
            if waited.skipped:
                self.have_skipped(entry, wish, *waited.skipped)
            else:
                self.book_offered(offer, entry, wish)
        except Refused:
            offer.state = "offered"
            raise
        self.meet(entry, [waited])
        offer.booking = len(self.bookings) - 1 if entry.booking is None else entry.booking

    def meet(self: "Diary", entry: Entry, had: Sequence[Waited]) -> None:
        """One of any places is enough; of what was skipped all is waited for."""
        entry.events.append("waiting.met")
        for place in had:
            place.met = True
        for place in entry.places if entry.booking is None else had:
            place.ended = True
        entry.changed, entry.met = self.now, all(each.ended for each in entry.places)

    def book_offered(self: "Diary", offer: Offer, entry: Entry, wish: Wish) -> None:
        name, asset = offer.asset, self.assets[offer.asset]
        self.must_be_had_still(Asking(entry.booker, name, [wish]))
        state, alone = self.claim(entry.booker, name, [wish.starts])
        due = self.due(name, state, alone, wish.starts, wish.ends)
        cost = self.price(name, wish.ends - wish.starts, wish.units)
        lower, upper = wish.starts - asset.before, wish.ends + asset.after
        made = Occurrence(0, wish.starts, wish.ends, lower, upper, wish.units, state, alone, cost=cost, due=due)
        made.seats = offer.place.seats
        booking = Booking(entry.booker, name, wish.units, [made], changed=self.now, paid=wish.units)
        self.bookings.append(booking)
        booking.record("booking.created", self.now, entry.booker, [made])

    def have_skipped(self: "Diary", entry: Entry, wish: Wish, number: int, n: int) -> None:
        booking = self.bookings[number]
        each = booking.occurrences[n]
        if each.state != "skipped":
            raise Refused("state-does-not-allow", states=("skipped",))
        held = [one.alone for one in booking.occurrences if one.state == "held"]
        is_open = any(one.state in OPEN for one in booking.occurrences)
        self.must_be_had_still(Asking(entry.booker, booking.asset, [wish], bool(held), is_open))
        claim = ("held", held[0]) if held else self.claim(entry.booker, booking.asset, [each.starts])
        each.why_not = []
        each.cost = self.price(booking.asset, each.ends - each.starts, each.units)
        each.become(*claim, None, self.due(booking.asset, *claim, each.starts, each.ends))
        self.pay(booking)
        self.write(booking, "booking.retried", entry.booker, [each])

    def must_be_had_still(self: "Diary", asking: Asking) -> None:
        """Whatever became of the terms."""
        against = self.broken(asking, asking.wishes[0]) + self.beyond(asking)[0]
        waived = ("too_short", "too_long", "off_step", "allowance_used")
        if why_not := sorted(each for each in against if each not in waived):
            raise Refused("not-bookable", [why_not], asking=asking)

    def widen(self: "Diary", name: str) -> None:
        """One unit more."""
        self.assets = self.assets | {name: replace(self.assets[name], units=self.assets[name].units + 1)}
        self.widened.append((name, self.now))
        self.free_all(self.around(name))

    def wait_no_more(self: "Diary", number: int, had: Iterable[Occurrence]) -> None:
        """What was skipped has been had otherwise."""
        for entry in self.entries:
            places = [each for each in entry.places if each.skipped in {(number, one.number) for one in had}]
            if found := [each for each in places if not each.ended]:
                self.meet(entry, found)

    def allow(self: "Diary", name: str, minutes: int | None) -> None:
        """All may have so many minutes a week of an asset."""
        was = self.assets[name].allowance
        self.assets = self.assets | {name: replace(self.assets[name], allowance=minutes)}
        if was != minutes:
            self.free_all(self.around(name))

    def entry_of(self: "Diary", number: int, by: str) -> Entry:
        """An entry that only its booker changes, and whose owner sees it."""
        entry = self.entries[number]
        if by not in self.concerned(entry):
            raise Refused("not-found")
        if by != entry.booker:
            raise Refused("forbidden")
        return entry

    def concerned(self: "Diary", entry: Entry) -> tuple[str, str]:
        return self.assets[entry.places[0].asset].owner, entry.booker

    # What comes free ----------------------------------------------------------------------------------------------

    def around(self: "Diary", name: str) -> set[str]:
        """An asset, and what comes free with it."""
        return {other for other in self.assets if self.within(name, other)}

    def free(self: "Diary", name: str, places: Iterable[Occurrence], moment: int) -> None:
        """Of what stood somebody has done without some."""
        if spans := [(each.lower, each.upper) for each in places]:
            self.freed.append(Freed(self.around(name), moment, spans))

    def free_together(self: "Diary", name: str, places: Iterable[Occurrence]) -> None:
        """The same of what an owner takes back of an asset at once, whoever had it."""
        spans = [(each.lower, each.upper) for each in places]
        for each in self.freed:
            if (each.names, each.moment) == (self.around(name), self.now) and each.spans is not None:
                each.spans += spans
                return
        self.freed.append(Freed(self.around(name), self.now, spans))

    def free_all(self: "Diary", names: set[str]) -> None:
        """Its owner has changed something that may help anybody."""
        self.freed.append(Freed(names, self.now, None))

    def anybody(self: "Diary") -> bool:
        return any(entry.waits(self.now) for entry in self.entries) or any(
            each.state == "offered" for each in self.offers
        )

    def notice(self: "Diary", name: str, wishes: Sequence[Wish] | None = None) -> None:
        """Somebody looks at an asset, and finds what ended by itself, if it is in the way of wishes: then all of it is
        offered, and whatever else came free.
        """
        there = [each for each in self.unnoticed if any(self.within(asset, name) for asset, _ in each.seats)]
        asset = self.assets[name]
        if wishes is None or any(
            since < wish.ends + asset.after and wish.starts - asset.before < until
            for each in there
            for since, until in each.spans or ()
            for wish in wishes
        ):
            self.come_free(there)
        self.offer_freed()

    def notice_of(self: "Diary", booking: Booking) -> None:
        """Somebody changes a booking, of which something ended by itself."""
        self.come_free([each for each in self.unnoticed if any(one is each.seats[0][1] for one in booking.occurrences)])

    def come_free(self: "Diary", noticed: Sequence[Freed]) -> None:
        self.freed += noticed
        self.unnoticed = [each for each in self.unnoticed if all(each is not one for one in noticed)]

    def work(self: "Diary") -> None:
        """A worker notices one after another, while the others are still kept for whoever is in line, or are not."""
        orders = orders_of(len(self.unnoticed))
        self.choices = max(self.choices, 2 * len(orders))
        chosen = orders[self.choice // 2 % len(orders)]
        waiting = [self.unnoticed[n] for n in chosen]
        if self.choice % 2:
            self.unnoticed = []
        for each in waiting:
            self.unnoticed = [other for other in self.unnoticed if other is not each]
            self.serve(each)

    def offer_freed(self: "Diary") -> None:
        """Offer all that came free at once, in some order."""
        orders = orders_of(len(self.freed))
        self.choices = max(self.choices, len(orders))
        for n in orders[self.choice % len(orders)]:
            self.serve(self.freed[n])
        self.freed = []

    def serve(self: "Diary", freed: Freed) -> None:
        """Offer it to one after another, as long as there is any left that somebody can have."""
        for name in self.assets:
            if name in freed.names:
                refused: set[tuple[int, int]] = set()
                while (first := self.first(name, freed, refused)) is not None:
                    if not self.offered(*first, freed):
                        refused.add(first)

    def first(self: "Diary", name: str, freed: Freed, refused: set[tuple[int, int]]) -> tuple[int, int] | None:
        """Who is next: an entry, and which of its places."""
        there = [each for each in self.candidates(name, freed) if each not in refused]
        return min(there, key=lambda each: self.rank(*each, freed.moment), default=None)

    def candidates(self: "Diary", name: str, freed: Freed) -> Iterator[tuple[int, int]]:
        """Those whom it helps, and who have not been offered it."""
        asset = self.assets[name]
        for number, entry in enumerate(self.entries):
            for n, place in entry.waits(self.now):
                lower, upper = place.starts - asset.before, place.ends + asset.after
                if (
                    place.asset == name
                    and (freed.spans is None or any(since < upper and lower < until for since, until in freed.spans))
                    and not self.was_offered(number, place, freed.moment)
                    and not self.standing_of(number, n if entry.booking is not None else None)
                    and self.fits(
                        Asking(entry.booker, name, [Wish(place.starts, place.ends, entry.units)]),
                        Wish(place.starts, place.ends, entry.units),
                    )
                ):
                    yield number, n

    def was_offered(self: "Diary", number: int, place: Waited, moment: int) -> bool:
        """Whether an entry was offered what came free there then."""
        return any(
            (each.entry, each.asset, each.freed_at) == (number, place.asset, moment)
            and meet(place, each.place.starts, each.place.ends)
            for each in self.offers
        )

    def standing_of(self: "Diary", number: int, n: int | None = None) -> list[Offer]:
        """What is offered to an entry now, for any of its places or the n-th."""
        return [
            each
            for each in self.offers
            if each.entry == number and each.state == "offered" and n in (None, each.number)
        ]

    def rank(self: "Diary", number: int, n: int, moment: int) -> tuple[int, bytes, int, int]:
        entry = self.entries[number]
        owner, booker = self.concerned(entry)
        return self.held_minutes(owner, booker, moment), self.draws(moment, booker), entry.places[n - 1].starts, n

    def held_minutes(self: "Diary", owner: str, booker: str, moment: int) -> int:
        return sum(
            (each.ends - each.starts) * each.units
            for booking in self.bookings
            if booking.booker == booker and self.assets[booking.asset].owner == owner
            for each in booking.occurrences
            if each.starts >= moment - 90 * DAY and (each.state in COUNTS or (each.state == "cancelled" and each.late))
        )

    def offered(self: "Diary", number: int, n: int, freed: Freed) -> bool:
        """Whether the rules let an entry have it, which is then kept for it."""
        entry = self.entries[number]
        place = entry.places[n - 1]
        asset = self.assets[place.asset]
        wish = Wish(place.starts, place.ends, entry.units)
        if any(self.all_against(Asking(entry.booker, place.asset, [wish]))):
            return False
        lower, upper = wish.starts - asset.before, wish.ends + asset.after
        expires = min(self.now + asset.offer, place.starts)
        kept = Occurrence(0, wish.starts, wish.ends, lower, upper, wish.units, "held", (expires, "expired"))
        self.offers.append(Offer(number, n, place.asset, kept, freed.moment, expires, self.now))
        return True

    def lapse(self: "Diary", offer: Offer) -> None:
        """Nobody has answered."""
        offer.state, offer.changed = "lapsed", offer.expires
        self.end_by_itself(offer.asset, [offer.place], offer.freed_at)

    def end_by_itself(self: "Diary", name: str, places: Sequence[Occurrence], moment: int) -> None:
        """What nobody need do anything for; without anybody in line nobody need notice it."""
        if self.anybody():
            spans = [(each.lower, each.upper) for each in places]
            self.unnoticed.append(Freed(self.around(name), moment, spans, [(name, each) for each in places]))

    def kept(self: "Diary") -> Iterator[tuple[str, Occurrence]]:
        """What is offered, and what is to be offered once somebody notices."""
        for each in self.offers:
            if each.state == "offered":
                yield each.asset, each.place
        for freed in self.unnoticed:
            yield from freed.seats

    # What is answered ---------------------------------------------------------------------------------------------

    def shown_entry(self: "Diary", number: int, to: str) -> dict[str, object]:
        entry = self.entries[number]
        can = to == entry.booker and entry.state(self.now) == "waiting" and not self.standing_of(number)
        return {
            "state": entry.state(self.now),
            "booker": entry.booker,
            "booking": entry.booking,
            "units": entry.units,
            "places": [(each.asset, each.starts, each.ends, each.skipped, each.met) for each in entry.places],
            "offered": bool(self.standing_of(number)),
            "may": ["leaveWaitingList"] if can else [],
            "updated_at": entry.changed,
        }

    def shown_offer(self: "Diary", offer: Offer, to: str) -> dict[str, object]:
        entry = self.entries[offer.entry]
        place = offer.place
        return {
            "key": offer.key,
            "booker": entry.booker,
            "asset": offer.asset,
            "state": offer.state,
            "units": place.units,
            "place": (offer.number, place.starts, place.ends),
            "expires_at": offer.expires,
            "updated_at": offer.changed,
            "may": ["acceptOffer", "declineOffer"] if offer.state == "offered" and to == entry.booker else [],
            "booking": offer.booking,
        }

    def lines(self: "Diary", number: int) -> list[tuple[int, int, int, int, int]]:
        """Where an entry stands for each place: its minutes, and how many come before, beside and after it."""
        entry = self.entries[number]
        if entry.state(self.now) != "waiting":
            return []
        owner, booker = self.concerned(entry)
        own = self.held_minutes(owner, booker, self.now)
        found = []
        for n, place in entry.waits(self.now):
            others = {
                other.booker
                for other in self.entries
                for _, each in other.waits(self.now)
                if each.asset == place.asset and meet(each, place.starts, place.ends) and other.booker != booker
            }
            held = [self.held_minutes(owner, other, self.now) for other in others]
            before, equal = sum(each < own for each in held), held.count(own)
            found.append((n, own, before, equal, len(held) - before - equal))
        return found

    def in_line_for(self: "Diary", number: int) -> int:
        """How many wait for some of what a request would take."""
        booking = self.bookings[number]
        pending = [each for each in booking.occurrences if each.state == "pending"]
        return sum(
            any(
                place.asset == booking.asset and meet(place, each.starts, each.ends)
                for _, place in entry.waits(self.now)
                for each in pending
            )
            for entry in self.entries
        )


def orders_of(many: int) -> list[tuple[int, ...]]:
    """The orders in which so many may be served, as far as they are tried."""
    return [*islice(permutations(range(many)), min(factorial(many), MOST_ORDERS))]
