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
PER_MINUTES = {"hour": 60, "day": 1440}


class CostLine(msgspec.Struct, frozen=True):
    """A part of a cost and what it is for; `amount` in minor units."""

    text: str
    amount: int


class Cost(msgspec.Struct, frozen=True):
    """What the booking cost when it was made, in minor units; `currency` null: nothing.

    It is fixed then: neither a change of the price nor a cancellation changes it. Fallow takes no money; what becomes
    of a cancelled occurrence's part is between owner and booker. `lines`: in the local time of the site.
    """

    amount: int
    currency: str | None
    lines: list[CostLine]


def price_for(kind: str, price: Price | None, community_price: Price | None) -> Price | None:
    """The price that a kind of organisation pays; None: free."""
    return community_price if community_price is not None and kind in COMMUNITY else price


def cost(price: Price | None, periods: Sequence[Period], units: int, zone: ZoneInfo) -> Cost:
    """Amount × units × elapsed minutes ÷ 60 or 1,440, each occurrence rounded half up, then summed; or once."""
    if price is None or not periods:
        return Cost(0, price.currency if price else None, [])
    if price.per == "booking":
        amount = price.amount * units
        return Cost(amount, price.currency, [CostLine(f"{money(price)} for the booking × {units}", amount)])
    lines = [
        CostLine(f"{on_the_clock(period, zone)}: {float(minutes):g} minutes × {units}", owed(price, minutes, units))
        for period in periods
        for minutes in [Fraction((period.ends_at - period.starts_at) // timedelta(microseconds=1), 60_000_000)]
    ]
    return Cost(sum(line.amount for line in lines), price.currency, lines)


def on_the_clock(period: Period, zone: ZoneInfo) -> str:
    """A period as people of the place say it: the date of the end only where it is another."""
    starts, ends = wall_clock(period.starts_at, zone), wall_clock(period.ends_at, zone)
    until = f"{ends:%H:%M}" if ends.date() == starts.date() else f"{ends:%Y-%m-%d %H:%M}"
    return f"{starts:%Y-%m-%d %H:%M} to {until}"


def owed(price: Price, minutes: Fraction, units: int) -> int:
    """One occurrence's part, rounded half up to the minor unit."""
    exact = price.amount * units * minutes / PER_MINUTES[price.per]
    return floor(exact + Fraction(1, 2))


def money(price: Price) -> str:
    """An amount in minor units with its currency, as people write it."""
    return f"{price.amount / 100:.2f} {price.currency}"
