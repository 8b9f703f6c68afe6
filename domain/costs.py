"""What a booking costs. Fallow says what is owed; it never takes money."""

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction
from math import floor
from zoneinfo import ZoneInfo

import msgspec

from domain.terms import Price
from domain.time import Period, wall_clock

COMMUNITY = ("charity", "group", "school", "library")
AT_ONCE = " for the booking × "
PER_MINUTES = {"hour": 60, "day": 1440}


class CostLine(msgspec.Struct, frozen=True):
    """A part of a cost and what it is for; `amount` in minor units."""

    text: str
    amount: int


class Part(msgspec.Struct, frozen=True):
    """So many units for a period."""

    period: Period
    units: int

    @property
    def minutes(self) -> Fraction:
        """As they elapse."""
        return Fraction((self.period.ends_at - self.period.starts_at) // timedelta(microseconds=1), 60_000_000)

    def within(self, other: "Part") -> bool:
        """Whether the other has all that it has."""
        return self.units <= other.units and self.period.within(other.period)


class Cost(msgspec.Struct, frozen=True):
    """What the booking cost when it was made, in minor units; `currency` null: nothing.

    It is fixed then: neither a change of the price nor a cancellation changes it. What is moved, had after all or
    confirmed after it expired costs what it does then. Fallow takes no money; what becomes of a cancelled
    occurrence's part is between owner and booker. `lines`: in the local time of the site.
    """

    amount: int
    currency: str | None
    lines: list[CostLine]


FREE = Cost(0, None, [])


def price_for(kind: str, price: Price | None, community_price: Price | None) -> Price | None:
    """The price that a kind of organisation pays; None: free."""
    return community_price if community_price is not None and kind in COMMUNITY else price


def cost(price: Price | None, parts: Sequence[Part], units: int, zone: ZoneInfo) -> Cost:
    """Amount × units × elapsed minutes ÷ 60 or 1,440, each occurrence rounded half up, then summed; or once."""
    if price is None or not parts:
        return Cost(0, price.currency if price else None, [])
    if price.per == "booking":
        amount = price.amount * units
        return Cost(amount, price.currency, [CostLine(f"{money(price)}{AT_ONCE}{units}", amount)])
    return summed(price.currency, [CostLine(called(each, zone), owed(price, each)) for each in parts])


def summed(currency: str | None, lines: list[CostLine]) -> Cost:
    """What some lines come to."""
    return Cost(sum(line.amount for line in lines), currency, lines)


def recost(
    paid: Cost,
    price: Price | None,
    changes: Sequence[tuple[Part | None, Part]],
    everything: Sequence[Part],
    units: int,
    zone: ZoneInfo,
) -> Cost:
    """The cost of a booking of `everything` after changes of some of it: (what it had or None, what it has instead).

    What only gives back costs its share of what it cost; what is new or elsewhere costs what it does by `price`, and
    the rest stays as it was. A price for the whole booking stays too while its units do, and fewer cost their share of
    it. Where the two cannot be added, all of it is priced anew. Lines are in order of time.
    """
    if at_once(paid) and paid.lines[0].text.endswith(f"{AT_ONCE}{units}"):
        return paid
    whole = cost(price, everything, units, zone)
    new = [becomes for was, becomes in changes if was is None or not becomes.within(was)]
    if new and (at_once(paid) or at_once(whole) or (paid.lines and whole.currency not in (None, paid.currency))):
        return whole
    if at_once(paid):
        return fewer(paid, units)
    lines = dict(enumerate(paid.lines))
    places = find(paid.lines, [was for was, _ in changes], zone)
    for place, (was, becomes) in zip(places, changes, strict=True):
        line = lines.pop(place, None)
        if was is not None and becomes.within(was):
            share = becomes.minutes * becomes.units / (was.minutes * was.units)
            amount = half_up(line.amount * share) if line else None
        else:
            amount = owed(price, becomes) if price else None
        if amount is not None:
            lines[place] = CostLine(called(becomes, zone), amount)
    currency = paid.currency if paid.lines else whole.currency
    return summed(currency, sorted(lines.values(), key=lambda line: line.text))


def without(paid: Cost, parts: Sequence[Part], zone: ZoneInfo) -> Cost:
    """A cost but for the lines of some parts."""
    places = find(paid.lines, parts, zone)
    return summed(paid.currency, [line for n, line in enumerate(paid.lines) if n not in places])


def find(lines: Sequence[CostLine], parts: Sequence[Part | None], zone: ZoneInfo) -> list[int]:
    """Where the line of each part is among others; each in a place of its own behind them if it has none."""
    known: dict[str, list[int]] = {}
    for place, line in enumerate(lines):
        known.setdefault(line.text, []).append(place)
    texts = [called(part, zone) if part else "" for part in parts]
    return [known[text].pop(0) if known.get(text) else len(lines) + n for n, text in enumerate(texts)]


def fewer(paid: Cost, units: int) -> Cost:
    """What is left of one price for the whole booking, once it has fewer units."""
    text, _, before = paid.lines[0].text.rpartition(AT_ONCE)
    left = min(units, int(before))
    return summed(paid.currency, [CostLine(f"{text}{AT_ONCE}{left}", paid.amount * left // int(before))])


def at_once(cost: Cost) -> bool:
    """Whether it is one price for the whole booking, whenever it is."""
    return any(AT_ONCE in line.text for line in cost.lines)


def called(part: Part, zone: ZoneInfo) -> str:
    """What its line is called."""
    return f"{on_the_clock(part.period, zone)}: {float(part.minutes):g} minutes × {part.units}"


def on_the_clock(period: Period, zone: ZoneInfo) -> str:
    """A period as people of the place say it: the date of the end only where it is another."""
    starts, ends = wall_clock(period.starts_at, zone), wall_clock(period.ends_at, zone)
    until = f"{ends:%H:%M}" if ends.date() == starts.date() else f"{ends:%Y-%m-%d %H:%M}"
    return f"{starts:%Y-%m-%d %H:%M} to {until}"


def owed(price: Price, part: Part) -> int:
    """One occurrence's part, rounded half up to the minor unit."""
    return half_up(price.amount * part.units * part.minutes / PER_MINUTES[price.per])


def half_up(amount: Fraction) -> int:
    """In whole minor units."""
    return floor(amount + Fraction(1, 2))


def money(price: Price) -> str:
    """An amount in minor units with its currency, as people write it."""
    return f"{price.amount / 100:.2f} {price.currency}"
