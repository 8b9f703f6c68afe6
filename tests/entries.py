"""What stands in a diary (diary.py): assets, bookings and their occurrences, what is asked, recorded and refused.

Times are minutes since a dawn at nine o'clock, on a clock that never changes.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

OPEN = ("held", "pending", "checked_in", "confirmed")
OCCUPYING = (*OPEN, "completed")
HELD = ("held",)
HOUR, DAY = 60, 1440
DAWN = 9 * HOUR
STEP = 15


@dataclass(frozen=True)
class Price:
    """So much for each unit, and each hour or day, or once for the booking."""

    amount: int
    per: str

    def cost(self, minutes: int, units: int) -> int:
        """Of one occurrence, rounded half up; what is paid once is no occurrence's."""
        by = {"hour": HOUR, "day": DAY}.get(self.per)
        return half_up(self.amount * units * minutes, by) if by else 0


@dataclass(frozen=True)
class Asset:
    """`approval`: the owner's minutes to decide, None where it need not. `grace`: those to check in, None where nobody
    need. `parts`: names. `price`: None: free. `offer`: for how long those in line are offered what came free.
    `allowance`: the minutes that all may have together in a week."""

    owner: str
    units: int = 1
    before: int = 0
    after: int = 0
    shortest: int = STEP
    longest: int = 14 * DAY
    hold: int = 15
    approval: int | None = None
    grace: int | None = None
    on_deadline: str = "lapsed"
    notice: int = 0
    recallable: bool = False
    parts: tuple[str, ...] = ()
    price: Price | None = None
    offer: int = HOUR
    allowance: int | None = None


@dataclass
class Occurrence:
    """`number`: its place in the request. `alone`: when it becomes something by itself, and what. `seats`: its units,
    as they were answered. `cost`: its part of what the booking costs. `due`: by when to check in, once it is confirmed.
    """

    number: int
    starts: int
    ends: int
    lower: int
    upper: int
    units: int
    state: str
    alone: tuple[int, str] | None = None
    why_not: list[str] = field(default_factory=list)
    cost: int = 0
    note: str | None = None
    late: bool = False
    sequence: int = 0
    seats: tuple[int, ...] = ()
    due: int | None = None

    @property
    def held_until(self) -> int | None:
        """When its place is free by itself."""
        if self.state in ("held", "pending") and self.alone and self.alone[1] != "confirmed":
            return self.alone[0]
        return self.due

    def become(
        self, state: str, alone: tuple[int, str] | None = None, note: str | None = None, due: int | None = None
    ) -> None:
        self.state, self.alone, self.due = state, alone, due
        self.note = self.note if note is None else note
        self.sequence += 1

    def told(self) -> tuple[int, str, int, int, int]:
        """As events tell it."""
        return self.number, self.state, self.starts, self.ends, self.units


@dataclass(frozen=True)
class Wish:
    """So many units for a period; `had`: instead of what."""

    starts: int
    ends: int
    units: int
    had: Occurrence | None = None

    @property
    def same(self) -> bool:
        """Whether it is what it had."""
        return self.had is not None and (self.starts, self.ends, self.units) == (
            self.had.starts, self.had.ends, self.had.units
        )  # fmt: skip

    @property
    def moves(self) -> bool:
        return bool(self.new_ends())

    @property
    def gives_back(self) -> bool:
        """Whether it takes nothing that it had not."""
        return (
            self.had is not None
            and self.had.starts <= self.starts
            and self.ends <= self.had.ends
            and self.units <= self.had.units
        )

    @property
    def keeps_claim(self) -> bool:
        """Whether nobody has to be asked for it again."""
        return self.had is not None and (self.had.state == "held" or self.gives_back)

    @property
    def keeps_start(self) -> bool:
        return self.had is not None and self.had.starts == self.starts

    def new_ends(self) -> list[int]:
        """Its start and its end, as far as they are not what they were."""
        old = (self.had.starts, self.had.ends) if self.had else (None, None)
        return [moment for moment, was in zip((self.starts, self.ends), old, strict=True) if moment != was]

    def stays_on(self, now: int) -> tuple[int, ...]:
        """The units on which it has begun, and which it keeps."""
        return self.had.seats[: self.units] if self.had and self.keeps_start and self.had.lower <= now else ()


@dataclass(frozen=True)
class Asking:
    """What somebody asks of an asset at once. `counted`: in a booking that is open, so that it is no further one."""

    booker: str | None
    asset: str
    wishes: list[Wish]
    hold: bool = False
    counted: bool = False


@dataclass(frozen=True)
class Event:
    """What must be recorded once: when it happened, by whom (None: the clock), and what the occurrences became."""

    type: str
    at: int
    by: str | None
    became: tuple[tuple[int, str, int, int, int], ...]


@dataclass(frozen=True)
class Scope:
    """All, the n-th and those that start no sooner, or those numbers."""

    since: int | None = None
    numbers: tuple[int, ...] = ()


ALL = Scope()


@dataclass
class Booking:
    """`occurrences`: as they were asked for. `paid`: for so many units, where all of it has one price."""

    booker: str
    asset: str
    units: int
    occurrences: list[Occurrence]
    changed: int
    paid: int
    events: list[Event] = field(default_factory=list)

    def in_order(self) -> list[Occurrence]:
        """By start, as they are answered."""
        return sorted(self.occurrences, key=lambda each: (each.starts, each.number))

    def within(self, scope: Scope) -> list[Occurrence]:
        since = None if scope.since is None else self.occurrences[scope.since].starts
        return [
            each
            for each in self.in_order()
            if (since is None or each.starts >= since) and (not scope.numbers or each.number in scope.numbers)
        ]

    def first_of(self, states: Iterable[str], *, otherwise: str) -> str:
        found = {each.state for each in self.occurrences}
        return next((state for state in states if state in found), otherwise)

    def earliest(self, state: str) -> int | None:
        return min((each.alone[0] for each in self.occurrences if each.state == state and each.alone), default=None)

    def record(self, kind: str, at: int, by: str | None, changed: Iterable[Occurrence]) -> None:
        self.events.append(Event(kind, at, by, tuple(sorted(each.told() for each in changed))))


@dataclass(frozen=True)
class Limit:
    """What an owner lets each booker have at most, of one asset or of all: `minutes` a week, `open_bookings`, or
    `days_ahead`. `by` None: an asset's allowance, which all have together.
    """

    by: str | None
    asset: str | None
    counts: str
    most: int


@dataclass
class Waited:
    """A place that is waited for. `skipped`: the booking and the occurrence that it is for."""

    asset: str
    starts: int
    ends: int
    skipped: tuple[int, int] | None = None
    met: bool = False
    ended: bool = False


@dataclass
class Entry:
    """Somebody in line: for any of its places, or for all that a booking skipped."""

    booker: str
    units: int
    places: list[Waited]
    booking: int | None
    changed: int
    left: bool = False
    met: bool = False
    events: list[str] = field(default_factory=lambda: ["waiting.joined"])

    def waits(self, now: int) -> list[tuple[int, Waited]]:
        """The places that are still waited for, each with its number."""
        return [(n, each) for n, each in enumerate(self.places, 1) if not each.ended and each.starts > now]

    def state(self, now: int) -> str:
        if self.left or self.met:
            return "left" if self.left else "met"
        return "waiting" if self.waits(now) else "lapsed"


@dataclass
class Freed:
    """What came free, and when. `names`: the assets for which those in line may be helped by it. `spans`: what was
    occupied, None: at any time. `seats`: who sat there, which nobody else may have before it is noticed.
    """

    names: set[str]
    moment: int
    spans: list[tuple[int, int]] | None
    seats: list[tuple[str, Occurrence]] = field(default_factory=list)


@dataclass
class Offer:
    """A place that is kept for an entry, the `number`-th it waits for, until it has answered."""

    entry: int
    number: int
    asset: str
    place: Occurrence
    freed_at: int
    expires: int
    changed: int
    state: str = "offered"
    booking: int | None = None

    @property
    def key(self) -> tuple[int, int, int]:
        """What nobody is offered twice."""
        return self.entry, self.number, self.freed_at


@dataclass
class Refused(Exception):
    """The slug, and what it tells: reason codes for each period, or the states that would do. `asking`: for what."""

    slug: str
    why_not: list[list[str]] = field(default_factory=list)
    states: tuple[str, ...] = ()
    asking: Asking | None = field(default=None, compare=False)


def half_up(amount: int, by: int) -> int:
    """In whole pence."""
    return (2 * amount + by) // (2 * by)


def meet(one: Wish | Occurrence, starts: int, ends: int) -> bool:
    return one.starts < ends and starts < one.ends


def day_of(moment: int) -> int:
    """Days since the one with the dawn."""
    return (moment + DAWN) // DAY
