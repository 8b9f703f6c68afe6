"""Wall clocks and instants: what a clock change does to a time, a period, a series."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.time import WEEK, Period, clock_change, instant, wall_clock, weeks_later

ZONES = ["Europe/London", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Beirut", "America/Nuuk"]
LONDON = ZoneInfo("Europe/London")
plain = settings(deadline=None, database=None, derandomize=True, max_examples=300)
zones = st.sampled_from(ZONES).map(ZoneInfo)
walls = st.datetimes(datetime(2025, 1, 1), datetime(2036, 1, 1)).map(lambda wall: wall.replace(second=0, microsecond=0))  # noqa: DTZ001 - a wall has no zone
moments = walls.map(lambda wall: wall.replace(tzinfo=UTC))


def utc(*given: int) -> datetime:
    return datetime(*given, tzinfo=UTC)


def naive(*given: int) -> datetime:
    return datetime(*given)  # noqa: DTZ001 - a wall has no zone


@pytest.mark.parametrize(
    ("zone", "wall", "moment", "change"),
    [
        ("Europe/London", naive(2027, 7, 5, 18), utc(2027, 7, 5, 17), None),
        ("Europe/London", naive(2027, 3, 28, 0, 59), utc(2027, 3, 28, 0, 59), None),
        ("Europe/London", naive(2027, 3, 28, 1), utc(2027, 3, 28, 1), "skipped"),
        ("Europe/London", naive(2027, 3, 28, 1, 30), utc(2027, 3, 28, 1, 30), "skipped"),
        ("Europe/London", naive(2027, 3, 28, 2), utc(2027, 3, 28, 1), None),
        ("Europe/London", naive(2027, 10, 31, 1, 30), utc(2027, 10, 31, 0, 30), "repeated"),
        ("Europe/London", naive(2027, 10, 31, 2), utc(2027, 10, 31, 2), None),
        ("Australia/Lord_Howe", naive(2027, 10, 3, 2, 10), utc(2027, 10, 2, 15, 40), "skipped"),
        ("Australia/Lord_Howe", naive(2027, 4, 4, 1, 45), utc(2027, 4, 3, 14, 45), "repeated"),
        ("Asia/Beirut", naive(2027, 3, 28), utc(2027, 3, 27, 22), "skipped"),
        ("Asia/Beirut", naive(2027, 10, 31), utc(2027, 10, 30, 22), None),
        ("Asia/Kolkata", naive(2027, 3, 28, 1, 30), utc(2027, 3, 27, 20), None),
        ("Pacific/Apia", naive(2011, 12, 30, 9), utc(2011, 12, 30, 19), "skipped"),
    ],
)
def test_a_wall_clock_time_is_the_first_of_two_and_as_much_after_a_gap(zone, wall, moment, change):
    assert (instant(wall, ZoneInfo(zone)), clock_change(wall, ZoneInfo(zone))) == (moment, change)


@plain
@given(zone=zones, wall=walls)
def test_a_clock_shows_the_wall_clock_time_again_unless_it_was_skipped(zone, wall):
    shown = wall_clock(instant(wall, zone), zone)
    assert (shown == wall) == (clock_change(wall, zone) != "skipped")


@plain
@given(zone=zones, moment=moments)
def test_no_earlier_instant_shows_the_same_wall_clock_time(zone, moment):
    wall = wall_clock(moment, zone)
    first = instant(wall, zone)
    hours_before = [first - timedelta(minutes=15 * n) for n in range(1, 12)]
    assert first <= moment
    assert wall not in [wall_clock(each, zone) for each in hours_before]


@plain
@given(zone=zones, moment=moments, minutes=st.integers(1, 3 * 1440), weeks=st.integers(0, 60))
def test_a_week_later_is_a_period_too_and_starts_when_the_clock_says_or_as_much_after_the_gap(
    zone, moment, minutes, weeks
):
    later = weeks_later(Period(moment, moment + timedelta(minutes=minutes)), zone, weeks)
    expected = instant(wall_clock(moment, zone) + weeks * WEEK, zone) if weeks else moment
    assert later.starts_at == expected
    assert later.ends_at > later.starts_at


def test_a_weekly_series_keeps_its_wall_clock_in_autumn():
    """Case c01."""
    first = Period(utc(2027, 10, 20, 17), utc(2027, 10, 20, 19))
    starts = [utc(2027, 10, 20, 17), utc(2027, 10, 27, 17), utc(2027, 11, 3, 18), utc(2027, 11, 10, 18)]
    assert [weeks_later(first, LONDON, n) for n in range(4)] == [Period(at, at + timedelta(hours=2)) for at in starts]


def test_an_occurrence_whose_start_does_not_exist_begins_after_the_gap_and_keeps_its_length():
    """Case c03."""
    first = Period(utc(2027, 3, 14, 1, 30), utc(2027, 3, 14, 2, 30))
    series = [weeks_later(first, LONDON, n) for n in range(4)]
    assert series == [
        Period(utc(2027, 3, 14, 1, 30), utc(2027, 3, 14, 2, 30)),
        Period(utc(2027, 3, 21, 1, 30), utc(2027, 3, 21, 2, 30)),
        Period(utc(2027, 3, 28, 1, 30), utc(2027, 3, 28, 2, 30)),
        Period(utc(2027, 4, 4, 0, 30), utc(2027, 4, 4, 1, 30)),
    ]


def test_each_end_alone_follows_the_clock_where_only_the_end_lies_in_the_gap():
    first = Period(utc(2027, 3, 21, 0), utc(2027, 3, 21, 1, 30))
    assert weeks_later(first, LONDON, 1) == Period(utc(2027, 3, 28, 0), utc(2027, 3, 28, 1, 30))


def test_a_period_within_the_hour_that_occurs_twice_keeps_its_length():
    first = Period(utc(2027, 10, 31, 0, 45), utc(2027, 10, 31, 1, 15))  # 01:45 to 01:15 on the wall
    assert weeks_later(first, LONDON, 1) == Period(utc(2027, 11, 7, 1, 45), utc(2027, 11, 7, 2, 15))


def test_occurrences_of_a_series_come_one_after_the_other():
    first = Period(utc(2027, 1, 3, 1, 30), utc(2027, 1, 3, 2))
    series = [weeks_later(first, LONDON, n) for n in range(60)]
    assert all(one.ends_at <= other.starts_at for one, other in pairwise(series))
