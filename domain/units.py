"""Which of an asset's identical units a booking gets. Units are interchangeable until an occupancy begins.

Pure: it plans under the asset's lock; what it plans the database's exclusion constraint keeps or refuses.
"""

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from heapq import heapify, heappop, heappush
from itertools import chain
from uuid import UUID

import msgspec

LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Seat(msgspec.Struct, frozen=True):
    """One unit, taken from `lower` to `upper` (turnaround included). `begun`: it may not be moved any more."""

    unit: int
    lower: datetime
    upper: datetime
    occurrence: UUID | None
    begun: bool = False
    held_until: datetime | None = None


class Wish(msgspec.Struct, frozen=True):
    """So many units from `lower` to `upper`, turnaround included; rather those `on` which it is, and where it has
    `begun`, no others.
    """

    occurrence: UUID
    units: int
    lower: datetime
    upper: datetime
    on: tuple[int, ...] = ()
    begun: bool = False

    @property
    def places(self) -> list[int]:
        """A unit for each that it wants: those `on` which it is, and 0 for whichever else there is."""
        return [*self.on, *[0] * (self.units - len(self.on))]

    def seats(self, units: Iterable[int]) -> list[Seat]:
        """It on these units."""
        return [Seat(unit, self.lower, self.upper, self.occurrence, self.begun and unit in self.on) for unit in units]


def most_taken(seats: Iterable[Seat], lower: datetime, upper: datetime) -> int:
    """The most units taken at any one moment of a span. What has begun cannot be moved, so a unit on which any of
    it lies within the span is taken, whether or not it is over.
    """
    touching = [seat for seat in seats if seat.lower < upper and lower < seat.upper]
    alike = Counter((seat.lower, seat.upper) for seat in touching)  # many units are often taken at once
    moments = sorted(
        chain.from_iterable(((max(since, lower), count), (until, -count)) for (since, until), count in alike.items())
    )
    running = most = 0
    for _, change in moments:
        running += change
        most = max(most, running)
    return max(most, len({seat.unit for seat in touching if seat.begun}))


def free_units(seats: Iterable[Seat], units: int, lower: datetime, upper: datetime) -> list[int]:
    """The units that nobody has at any moment of a span."""
    taken = {seat.unit for seat in seats if seat.lower < upper and lower < seat.upper}
    return [unit for unit in range(1, units + 1) if unit not in taken]


def near(wishes: Iterable[Wish], seats: Iterable[Seat]) -> dict[UUID, list[Seat]]:
    """The seats that each wish meets: one sweep over both, since an asset may have many."""
    coming = deque(sorted(seats, key=lambda each: each.lower))
    standing: list[Seat] = []
    met = {}
    for wish in sorted(wishes, key=lambda each: each.lower):
        while coming and coming[0].lower < wish.upper:
            standing.append(coming.popleft())
        standing = [each for each in standing if wish.lower < each.upper]
        met[wish.occurrence] = [each for each in standing if each.lower < wish.upper]
    return met


def accept(wishes: Sequence[Wish], seats: Sequence[Seat], units: int) -> list[Wish]:
    """Those wishes for which enough units remain at every moment: what has begun, where its own are not those on which
    something else has, and then the others in order of start, earlier ones counted.
    """
    met = near(wishes, seats)
    accepted = []
    own: list[Seat] = []
    for wish in sorted(wishes, key=lambda each: (not each.begun, each.lower)):
        around = [*met[wish.occurrence], *own]
        enough = most_taken(around, wish.lower, wish.upper) <= units - wish.units
        if enough and not (wish.begun and begun_on(around, wish)):
            accepted.append(wish)
            own += wish.seats(wish.places)
    return accepted


def begun_on(seats: Iterable[Seat], wish: Wish) -> bool:
    """Whether something that cannot be moved is, at some moment of a wish, on one of the units on which that is."""
    return any(
        seat.begun and seat.unit in wish.on and seat.lower < wish.upper and wish.lower < seat.upper for seat in seats
    )


def seat(wishes: Sequence[Wish], seats: Sequence[Seat], units: int) -> list[Seat] | None:
    """A seat for each unit of accepted wishes, the same unit through a series where it can be; None if none of
    the units that it may have is free throughout one of them, so that others have to move.
    """
    met = near(wishes, seats)
    busy = Counter(unit for seats_met in met.values() for unit in {each.unit for each in seats_met})
    made: list[Seat] = []
    for wish in sorted(wishes, key=lambda each: not each.on):
        free = free_units([*met[wish.occurrence], *made], units, wish.lower, wish.upper)
        if len(free) < wish.units or (wish.begun and not set(wish.on) <= set(free)):
            return None
        free.sort(key=lambda unit: (unit not in wish.on, busy[unit]))  # the lowest of equals, as it was
        made += wish.seats(free[: wish.units])
    return made


def reseat(wishes: Iterable[Wish], seats: Sequence[Seat], units: int) -> list[Seat]:
    """The seats in the order given, moved where they must be, and after them those of the wishes.

    What has begun stays. The rest is seated in order of start, where it was if that is free, else on the lowest unit
    that is. Whichever is taken, intervals in order of start need no more units than overlap at one moment, and what
    has begun starts before all the rest, so this succeeds whenever the wishes were accepted; LookupError otherwise.
    """
    placed = list(seats)
    for wish in wishes:
        placed += wish.seats(wish.places)
    until = dict.fromkeys(range(1, units + 1), LONG_AGO)
    for each in placed:
        if each.begun:
            until[each.unit] = max(until[each.unit], each.upper)
    busy = [(moment, unit) for unit, moment in until.items()]
    heapify(busy)
    idle: list[int] = []
    loose = [n for n, each in enumerate(placed) if not each.begun]
    for n in sorted(loose, key=lambda n: (placed[n].lower, placed[n].unit == 0)):
        each = placed[n]
        while busy and busy[0][0] <= each.lower:
            heappush(idle, heappop(busy)[1])
        unit = each.unit
        if until.get(unit, each.upper) > each.lower:
            while idle and until[idle[0]] > each.lower:
                heappop(idle)  # somebody kept it
            if not idle:
                raise LookupError(each.occurrence)
            unit = heappop(idle)
            placed[n] = msgspec.structs.replace(each, unit=unit)
        until[unit] = each.upper
        heappush(busy, (each.upper, unit))
    return placed
