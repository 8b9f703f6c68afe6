"""The windows of a need at other times: never on the day before, never more than a day, never into each other."""

from datetime import UTC, date, datetime

import pytest

from domain import shifts
from domain.needs import NeedRequest, Pattern, Window
from domain.requests import PeriodRequest

LATER = datetime(2100, 1, 1, tzinfo=UTC)


def window(opens: str, closes: str, day: str = "mon") -> Window:
    return Window(opens, closes, day=day)


def weekly(*windows: Window, minutes: int | None = 60) -> NeedRequest:
    pattern = Pattern(starts_on=date(2027, 2, 1), weeks=2, windows=list(windows))
    return NeedRequest(category="hall", pattern=pattern, minutes=minutes, until=LATER)


def period(starts: int, ends: int) -> PeriodRequest:
    return PeriodRequest(datetime(2027, 2, 1, starts, tzinfo=UTC), datetime(2027, 2, 1, ends, tzinfo=UTC))


@pytest.mark.parametrize(
    ("given", "minutes", "longer", "moved"),
    [
        (("17:00", "20:00"), -60, ("16:00", "20:00"), ("16:00", "19:00")),
        (("17:00", "20:00"), 60, ("17:00", "21:00"), ("18:00", "21:00")),
        (("00:30", "02:00"), -60, ("00:00", "02:00"), ("00:30", "02:00")),
        (("21:00", "23:00"), 60, ("21:00", "24:00"), ("22:00", "24:00")),
        (("22:00", "24:00"), 60, ("22:00", "01:00"), ("23:00", "01:00")),
        (("23:30", "00:30"), 60, ("23:30", "01:30"), ("23:30", "00:30")),
        (("23:30", "00:30"), -60, ("22:30", "00:30"), ("22:30", "23:30")),
        (("10:00", "09:30"), 60, ("10:00", "09:30"), ("11:00", "10:30")),
        (("00:00", "24:00"), -60, ("00:00", "24:00"), ("00:00", "24:00")),
    ],
)
def test_a_window_is_longer_at_one_end_or_moved(given, minutes, longer, moved):
    assert shifts.longer(window(*given), minutes) == window(*longer)
    assert shifts.moved(window(*given), minutes) == window(*moved)


def test_only_periods_that_are_unmet_change_and_end_where_others_begin():
    request = NeedRequest(
        category="hall", periods=[period(9, 11), period(12, 14), period(14, 16)], minutes=60, until=LATER
    )
    later = shifts.shifted(request, 120, [1, 3]).periods
    assert later == [period(9, 12), period(12, 14), period(14, 18)]
    earlier = shifts.shifted(request, -120, [1, 2, 3]).periods
    assert earlier == [period(7, 11), period(11, 14), period(14, 16)]


def test_a_pattern_is_not_moved_from_under_what_is_booked():
    request = weekly(window("17:00", "20:00"), minutes=None)
    assert shifts.shifted(request, 30, [2]) == request
    assert shifts.shifted(request, 30, [1, 2]) == weekly(window("17:30", "20:30"), minutes=None)


def test_another_day_has_the_times_of_the_day_next_to_it():
    morning, evening = window("09:00", "12:00"), window("18:00", "22:00", "thu")
    found = [
        (away, day, changed.pattern.windows[2:])
        for away, day, changed in shifts.other_days(weekly(morning, evening))
        if changed.pattern
    ]
    assert found == [
        (1, "tue", [window("09:00", "12:00", "tue")]),
        (1, "wed", [window("18:00", "22:00", "wed")]),
        (1, "fri", [window("18:00", "22:00", "fri")]),
        (1, "sun", [window("09:00", "12:00", "sun")]),
        (2, "sat", [window("09:00", "12:00", "sat")]),
    ]


def test_no_day_is_added_to_a_full_week_nor_to_periods():
    every = [window("09:00", "12:00", day) for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")]
    periods = NeedRequest(category="hall", periods=[period(9, 11)], until=LATER)
    assert [list(shifts.other_days(each)) for each in (weekly(*every), periods)] == [[], []]
