"""The points of a match, each worked out by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain import matches
from domain.matches import WEIGHTS, Found, MetOccurrence
from domain.needs import NeedRequest
from domain.terms import Price

NEED = UUID(int=7)
STARTS = datetime(2027, 2, 1, 18, tzinfo=UTC)
HOUR = timedelta(hours=1)
REQUEST = {
    "category": "hall",
    "postcode": "M33",
    "until": "2027-03-01T00:00:00Z",
    "pattern": {
        "starts_on": "2027-02-01",
        "weeks": 4,
        "windows": [{"day": "mon", "opens": "18:00", "closes": "22:00"}],
    },
}


def asked(**given: Any) -> NeedRequest:
    return msgspec.convert({**REQUEST, **given}, NeedRequest)


def found(met: int = 4, **given: Any) -> Found:
    """Something that is near, free, idle, and as good as it can be."""
    usual = {
        "id": UUID(int=1),
        "distance_m": 0,
        "reach_m": 10_000,
        "occurrences": [
            MetOccurrence(n + 1, STARTS + 168 * n * HOUR, STARTS + (168 * n + 1) * HOUR) for n in range(met)
        ],
        "open_occurrences": 4,
        "capacity": 40,
        "features": [],
        "price": None,
        "each": 0,
        "open_minutes": 1000,
        "occupied_minutes": 0,
    }
    return Found(**{**usual, **given})


def points(one: Found, request: NeedRequest) -> dict[str, int]:
    return {each.code: each.numbers["points"] for each in matches.judge(one, request)}


def test_the_best_there_is_has_every_point():
    assert points(found(), asked(attendees=40)) == WEIGHTS
    assert sum(WEIGHTS.values()) == 1000


@pytest.mark.parametrize(
    ("term", "given", "request_", "expected"),
    [
        ("share_met", {"met": 3}, {}, 225),
        ("distance", {"distance_m": 2500}, {}, 188),  # 187.5
        ("distance", {"distance_m": 10_000}, {}, 0),
        ("distance", {"distance_m": 10_001}, {}, 0),  # the sphere's metres may be a little more
        ("fit", {"capacity": 200}, {"attendees": 8}, 6),
        ("fit", {"capacity": None}, {"attendees": 8}, 150),
        ("fit", {"capacity": 200}, {}, 150),
        ("fit", {"capacity": 20}, {"attendees": 30, "units": 2}, 113),  # 112.5
        ("nice_to_have", {"features": ["heating"]}, {"nice_to_have": ["heating", "lockers", "oven"]}, 50),
        ("nice_to_have", {}, {"nice_to_have": ["heating"]}, 0),
        ("price", {"price": Price(500, "GBP", "hour"), "each": 500}, {}, 50),
        (
            "price",
            {"price": Price(500, "GBP", "hour"), "each": 500},
            {"price_ceiling": {"amount": 2000, "currency": "GBP"}},
            75,
        ),
        (
            "price",
            {"price": Price(0, "GBP", "hour"), "each": 0},
            {"price_ceiling": {"amount": 0, "currency": "GBP"}},
            100,
        ),
        ("idle", {"occupied_minutes": 250}, {}, 38),  # 37.5
        ("idle", {"occupied_minutes": 2000}, {}, 0),
        ("idle", {"open_minutes": 0}, {}, 0),
    ],
)
def test_a_term_has_its_share_of_its_weight(term, given, request_, expected):
    met = given.pop("met", 4)
    assert points(found(met, **given), asked(**request_)) == {**WEIGHTS, term: expected}


def test_more_points_come_first_and_equal_ones_in_an_order_of_the_need():
    ids = [UUID(int=n) for n in range(1, 9)]
    alike = [found(id=each) for each in ids]
    better = found(id=UUID(int=99), distance_m=0)
    worse = [msgspec.structs.replace(each, distance_m=9000) for each in alike]
    ranked = matches.rank([*worse, better], asked(), NEED)
    assert ranked[0].found == better
    order = [[one.found.id for one in matches.rank(alike, asked(), UUID(int=need))] for need in range(5)]
    assert len({tuple(each) for each in order}) == 5
    assert all(sorted(each) == ids for each in order)


def test_every_reason_says_what_its_points_are_for():
    texts = [each.text for each in matches.judge(found(met=3, distance_m=1200), asked(attendees=10))]
    assert texts == [
        "It meets 3 of 4. 225 of 300 points.",
        "It is 1200 m away, of at most 10000. 220 of 250 points.",
        "It holds 40; 10 would come. 38 of 150 points.",
        "Nothing more was asked for. 150 of 150 points.",
        "It is free. 100 of 100 points.",
        "It is taken for 0 % of the time in four weeks. 50 of 50 points.",
    ]


@pytest.mark.parametrize(("at_least", "met", "some"), [(None, 4, "refuse"), (3, 4, "skip"), (3, 3, "refuse")])
def test_the_body_that_books_a_match_may_lose_as_many_as_the_need_can_do_without(at_least, met, some):
    booked = matches.book(found(met), asked(at_least=at_least, units=2, attendees=5), NEED)
    assert (booked.if_some_unavailable, len(booked.periods), booked.need_id) == (some, met, NEED)
    assert (booked.units, booked.attendees) == (2, 5)
