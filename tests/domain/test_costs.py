"""What is owed: elapsed minutes, each occurrence rounded half up, then summed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.costs import Cost, CostLine, Part, cost, price_for, recost
from domain.terms import Price
from domain.time import Period

LONDON = ZoneInfo("Europe/London")
START = datetime(2027, 7, 5, 18, tzinfo=UTC)
plain = settings(deadline=None, database=None, derandomize=True, max_examples=200)


def a_period(minutes: int) -> Period:
    return Period(START, START + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("price", "minutes", "units", "amount"),
    [
        (Price(1250, "GBP", "hour"), [120], 1, 2500),
        (Price(1250, "GBP", "hour"), [90, 90], 2, 7500),
        (Price(1, "GBP", "hour"), [30], 1, 1),
        (Price(1, "GBP", "hour"), [29], 1, 0),
        (Price(1, "GBP", "hour"), [30, 30], 1, 2),
        (Price(2400, "GBP", "day"), [23 * 60], 1, 2300),
        (Price(2400, "GBP", "day"), [25 * 60], 1, 2500),
        (Price(1000, "GBP", "booking"), [60, 60], 3, 3000),
        (Price(0, "GBP", "hour"), [60], 1, 0),
    ],
)
def test_what_is_owed(price, minutes, units, amount):
    owed = cost(price, [Part(a_period(each), units) for each in minutes], units, LONDON)
    assert (owed.amount, owed.currency) == (amount, "GBP")
    assert sum(line.amount for line in owed.lines) == amount


def test_a_line_says_what_it_is_for_in_the_time_of_the_place():
    assert cost(Price(1250, "GBP", "hour"), [Part(a_period(60), 2), Part(a_period(24 * 60), 2)], 2, LONDON) == Cost(
        62500,
        "GBP",
        [
            CostLine("2027-07-05 19:00 to 20:00: 60 minutes × 2", 2500),
            CostLine("2027-07-05 19:00 to 2027-07-06 19:00: 1440 minutes × 2", 60000),
        ],
    )


def test_seconds_that_no_step_forbade_are_paid_for():
    half = Period(START, START + timedelta(minutes=1, seconds=30))
    assert cost(Price(600, "GBP", "hour"), [Part(half, 1)], 1, LONDON) == Cost(
        15, "GBP", [CostLine("2027-07-05 19:00 to 19:01: 1.5 minutes × 1", 15)]
    )


def test_what_is_free_costs_nothing():
    assert cost(None, [Part(a_period(60), 1)], 1, LONDON) == Cost(0, None, [])


@pytest.mark.parametrize(
    ("kind", "community", "pays"),
    [
        ("charity", Price(5, "GBP", "hour"), Price(5, "GBP", "hour")),
        ("library", None, Price(9, "GBP", "hour")),
        ("business", Price(5, "GBP", "hour"), Price(9, "GBP", "hour")),
    ],
)
def test_the_community_price_is_for_the_community(kind, community, pays):
    assert price_for(kind, Price(9, "GBP", "hour"), community) == pays


def on_day(day: int, minutes: int = 60, units: int = 1, since: int = 0) -> Part:
    """So many minutes of an evening, of which no booking has two."""
    starts_at = START + timedelta(days=day, minutes=since)
    return Part(Period(starts_at, starts_at + timedelta(minutes=minutes)), units)


def test_what_moves_to_where_another_was_that_moves_on_costs_what_it_does_now():
    weeks = [on_day(7 * n) for n in range(3)]
    later = [on_day(7 * n) for n in range(1, 4)]
    paid = cost(Price(1000, "GBP", "hour"), weeks, 1, LONDON)
    changes = [*zip(weeks, later, strict=True)]
    dearer = Price(1500, "GBP", "hour")
    assert recost(paid, dearer, changes, later, 1, LONDON) == cost(dearer, later, 1, LONDON)


def test_fewer_units_of_a_booking_at_one_price_cost_their_share_of_it():
    whole, part = on_day(0, units=3), on_day(0, units=2)
    paid = cost(Price(1000, "GBP", "booking"), [whole], 3, LONDON)
    dearer = Price(9000, "GBP", "booking")
    assert recost(paid, dearer, [(whole, part)], [part], 2, LONDON) == Cost(
        2000, "GBP", [CostLine("10.00 GBP for the booking × 2", 2000)]
    )
    assert recost(paid, None, [(whole, part)], [part], 3, LONDON) == paid  # some of it still has three
    assert recost(paid, dearer, [(part, whole)], [whole], 4, LONDON).amount == 36_000


prices = st.none() | st.builds(
    Price,
    st.integers(0, 3000),
    st.sampled_from(["GBP", "GBP", "EUR"]),
    st.sampled_from(["hour", "hour", "day", "booking"]),
)


@st.composite
def parts(draw: st.DrawFn, day: int) -> Part:
    return on_day(day, draw(st.integers(1, 300)), draw(st.integers(1, 3)), draw(st.integers(0, 60)))


@st.composite
def less_of(draw: st.DrawFn, part: Part) -> Part:
    """Some of it, or all."""
    minutes = seconds(part) // 60
    since = draw(st.integers(0, minutes - 1))
    starts_at = part.period.starts_at + timedelta(minutes=since)
    ends_at = starts_at + timedelta(minutes=draw(st.integers(1, minutes - since)))
    return Part(Period(starts_at, ends_at), draw(st.integers(1, part.units)))


@st.composite
def changed(draw: st.DrawFn, before: list[Part]) -> list[tuple[Part | None, Part]]:
    """What each of some parts becomes, on its day or on one that another may leave; and perhaps one more."""
    at_home = [(part.period.starts_at - START).days for part in before]
    days = draw(st.just(at_home) | st.permutations(range(8)))
    after: list[tuple[Part | None, Part]] = [
        (part, draw(st.just(part) | less_of(part) | parts(day) if day == home else parts(day)))
        for part, home, day in zip(before, at_home, days, strict=False)
    ]
    if draw(st.booleans()) and len(before) < 6:
        after.append((None, draw(parts(min(set(range(8)) - {*days[: len(before)]})))))
    return after


class Bill:
    """A plain model: what is owed for each part, or for all of them one price of a unit."""

    def __init__(self, price: Price | None, parts: list[Part], units: int) -> None:
        self.begin(price, parts, units)

    def begin(self, price: Price | None, parts: list[Part], units: int) -> None:
        self.currency = price.currency if price else None
        self.each = price.amount if price and price.per == "booking" else None
        self.units = units
        self.owed = {part: None if self.each is not None else priced(price, part) for part in parts}

    @property
    def charged(self) -> bool:
        return self.each is not None or any(amount is not None for amount in self.owed.values())

    def change(self, price: Price | None, changes: list[tuple[Part | None, Part]], units: int) -> None:
        """Some parts become others."""
        takes_more = any(old is None or not is_less(new, old) for old, new in changes)
        if self.each is not None and units == self.units:
            return
        unlike = price is not None and (price.per == "booking" or (self.charged and price.currency != self.currency))
        if takes_more and (self.each is not None or unlike):
            self.begin(price, [new for _, new in changes], units)
        elif self.each is not None:
            self.units = min(units, self.units)
        else:
            if not self.charged:
                self.currency = price.currency if price else None
            self.owed = {new: self.owing(price, old, new) for old, new in changes}

    def owing(self, price: Price | None, old: Part | None, new: Part) -> int | None:
        """What a part becomes that is owed for another."""
        if old is None or not is_less(new, old):
            return priced(price, new)
        was = self.owed[old]
        return None if was is None else rounded(was * new.units * seconds(new), old.units * seconds(old))

    def lines(self) -> dict[str, int]:
        """What is owed, by what it is for."""
        if self.each is not None:
            text = f"{self.each / 100:.2f} {self.currency} for the booking × {self.units}"
            return {text: self.each * self.units}
        return {in_words(part): amount for part, amount in self.owed.items() if amount is not None}


def is_less(one: Part, other: Part) -> bool:
    """Whether it is nothing but some of the other, or all."""
    inside = other.period.starts_at <= one.period.starts_at and one.period.ends_at <= other.period.ends_at
    return inside and one.units <= other.units


def priced(price: Price | None, part: Part) -> int | None:
    """What is owed for an hour or a day of it."""
    return price and rounded(price.amount * part.units * seconds(part), 3600 if price.per == "hour" else 86_400)


def rounded(number: int, by: int) -> int:
    """Divided, half up."""
    return (2 * number + by) // (2 * by)


def seconds(part: Part) -> int:
    return round((part.period.ends_at - part.period.starts_at).total_seconds())


def in_words(part: Part) -> str:
    """As the line says it, an hour before UTC."""
    starts, ends = (end + timedelta(hours=1) for end in (part.period.starts_at, part.period.ends_at))
    until = f"{ends:%H:%M}" if ends.date() == starts.date() else f"{ends:%Y-%m-%d %H:%M}"
    return f"{starts:%Y-%m-%d %H:%M} to {until}: {seconds(part) // 60} minutes × {part.units}"


@plain
@given(data=st.data())
def test_whatever_is_moved_grows_shrinks_or_is_added_costs_what_a_plain_bill_says(data: st.DataObject):
    price = data.draw(prices)
    booked = [data.draw(parts(day)) for day in range(data.draw(st.integers(1, 4)))]
    units = data.draw(st.integers(1, 3))
    paid, bill = cost(price, booked, units, LONDON), Bill(price, booked, units)
    for _ in range(data.draw(st.integers(1, 4))):
        price, units = data.draw(st.just(price) | prices), data.draw(st.just(units) | st.integers(1, 3))
        changes = data.draw(changed(booked))
        booked = [new for _, new in changes]
        paid = recost(paid, price, [each for each in changes if each[0] != each[1]], booked, units, LONDON)
        bill.change(price, changes, units)
        assert (paid.currency, {line.text: line.amount for line in paid.lines}) == (bill.currency, bill.lines())
        assert paid.amount == sum(line.amount for line in paid.lines)
        assert all(line.amount >= 0 for line in paid.lines)


@plain
@given(data=st.data(), price=prices, units=st.integers(1, 3))
def test_what_moves_there_and_back_costs_what_it_did(data: st.DataObject, price: Price | None, units: int):
    """To the penny, but that what was longer or more meanwhile has been rounded twice."""
    booked = [data.draw(parts(day)) for day in range(data.draw(st.integers(1, 4)))]
    there = [(old, new) for old, new in data.draw(changed(booked)) if old]
    back = [(new, old) for old, new in there]
    first = cost(price, booked, units, LONDON)
    moved = recost(first, price, there, [new for _, new in there], units, LONDON)
    again = recost(moved, price, back, booked, units, LONDON)
    assert (again.currency, [line.text for line in again.lines]) == (
        first.currency,
        [line.text for line in first.lines],
    )
    if price and price.per == "booking":
        assert again == first
    else:
        for was, line, (old, new) in zip(first.lines, again.lines, there, strict=bool(price)):
            assert abs(line.amount - was.amount) <= (1 if old != new and is_less(old, new) else 0)
