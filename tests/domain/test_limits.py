"""Limits on bookers: what can be wrong with one, when its prime time is, and what events tell of it."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

import domain.limits
from domain.limits import LimitRequest

HALL = str(UUID(int=1))
WEEKLY = {"counts": "minutes", "most": 600, "every": "week"}
SEASON = {"counts": "minutes", "most": 600, "starts_on": "2027-04-01", "ends_on": "2027-09-30"}
EVENING = {"day": "fri", "opens": "18:00", "closes": "22:00"}
EMPTY = {"day": "sat", "opens": "18:00", "closes": "18:00"}


def faults(**given: Any) -> list[tuple[str, str]]:
    return list(domain.limits.faults_of(msgspec.convert(given, LimitRequest)))


@pytest.mark.parametrize(
    "right",
    [
        WEEKLY,
        {**WEEKLY, "most": 0},
        {**WEEKLY, "every": "month", "asset_id": HALL, "kinds": ["charity", "group"]},
        {**WEEKLY, "category": "hall", "prime_time": [EVENING, {**EVENING, "opens": "22:00", "closes": "02:00"}]},
        SEASON,
        {**SEASON, "ends_on": "2027-04-01", "prime_time": [EVENING]},
        {"counts": "open_bookings", "most": 2, "asset_id": HALL},
        {**SEASON, "starts_on": "2199-01-01", "ends_on": "2199-12-31"},
        {"counts": "days_ahead", "most": 3660, "category": "hall"},
    ],
)
def test_nothing_is_wrong_with_a_right_one(right: dict[str, Any]):
    assert faults(**right) == []


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({**WEEKLY, "asset_id": HALL, "category": "hall"}, [("#/category", "Send asset_id or category, or neither.")]),
        (
            {"counts": "minutes", "most": 600},
            [("#/every", "Send either every, or starts_on and ends_on.")],
        ),
        ({**SEASON, "every": "week"}, [("#/every", "Send either every, or starts_on and ends_on.")]),
        ({**WEEKLY, "ends_on": "2027-09-30"}, [("#/ends_on", "Send starts_on and ends_on together.")]),
        ({**SEASON, "ends_on": None}, [("#/ends_on", "Send starts_on and ends_on together.")]),
        ({**SEASON, "ends_on": "2027-03-31"}, [("#/ends_on", "It must not be before starts_on.")]),
        (
            {**SEASON, "starts_on": "2199-06-01", "ends_on": "2200-01-01"},
            [("#/ends_on", "It must be before the year 2200.")],
        ),
        (
            {**SEASON, "starts_on": "2027-01-01", "ends_on": "2028-01-02"},
            [("#/ends_on", "No season is longer than 366 days.")],
        ),
        ({"counts": "days_ahead", "most": 3661}, [("#/most", "At most 3660 days.")]),
        (
            {**WEEKLY, "prime_time": [EVENING, EMPTY]},
            [("#/prime_time/1/closes", "It must differ from opens; a day is 00:00 to 24:00.")],
        ),
    ],
)
def test_what_is_wrong_is_pointed_at(wrong: dict[str, Any], told: list[tuple[str, str]]):
    assert faults(**wrong) == told


@pytest.mark.parametrize("counts", ["open_bookings", "days_ahead"])
def test_what_goes_with_minutes_goes_with_nothing_else(counts: str):
    wrong = {**SEASON, **WEEKLY, "prime_time": [EVENING], "counts": counts}
    names = ("every", "starts_on", "ends_on", "prime_time")
    assert faults(**wrong) == [(f"#/{name}", "It goes with minutes only.") for name in names]


def test_all_that_is_wrong_is_told_at_once():
    wrong = {**SEASON, "every": "week", "ends_on": "2027-03-31", "prime_time": [EMPTY]}
    pointers = [pointer for pointer, _ in faults(**wrong, asset_id=HALL, category="castle")]
    assert pointers == ["#/category", "#/category", "#/every", "#/ends_on", "#/prime_time/0/closes"]


@pytest.mark.parametrize(
    ("windows", "openings"),
    [
        ([("mon", "00:00", "24:00")], "{[0,1440)}"),
        ([("fri", "18:00", "22:00"), ("mon", "18:30", "20:00")], "{[1110,1200),[6840,7080)}"),
        ([("tue", "18:00", "20:00"), ("tue", "19:00", "22:00"), ("tue", "22:00", "23:00")], "{[2520,2820)}"),
        ([("tue", "22:00", "02:00"), ("wed", "01:00", "03:00")], "{[2760,3060)}"),
        ([("sun", "22:00", "02:00")], "{[9960,10200)}"),
        ([("sun", "22:00", "02:00"), ("mon", "00:00", "06:00")], "{[0,360),[9960,10200)}"),
    ],
)
def test_prime_time_is_minutes_from_the_midnight_of_monday(windows: list[tuple[str, str, str]], openings: str):
    sent = [dict(zip(("day", "opens", "closes"), window, strict=True)) for window in windows]
    assert domain.limits.openings(msgspec.convert({**WEEKLY, "prime_time": sent}, LimitRequest)) == openings


def test_without_prime_time_all_the_week_counts():
    assert domain.limits.openings(msgspec.convert(WEEKLY, LimitRequest)) is None


def test_an_event_tells_all_but_the_name():
    request = msgspec.convert({**WEEKLY, "name": "Ours", "asset_id": HALL, "prime_time": [EVENING]}, LimitRequest)
    assert domain.limits.told(request) == {
        "asset_id": HALL,
        "kinds": [],
        "counts": "minutes",
        "most": 600,
        "every": "week",
        "prime_time": [EVENING],
        "texts": ["name"],
    }
