"""What is owed: elapsed minutes, each occurrence rounded half up, then summed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.costs import Cost, CostLine, Part, cost, price_for
from domain.terms import Price
from domain.time import Period

LONDON = ZoneInfo("Europe/London")
START = datetime(2027, 7, 5, 18, tzinfo=UTC)


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
