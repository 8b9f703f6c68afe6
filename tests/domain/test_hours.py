"""Opening hours become minutes of the day on which they open."""

from datetime import date
from typing import Any

import msgspec
import pytest

import domain.hours
from domain.errors import Fault, HoursOverlap, Invalid
from domain.hours import CompiledHours, Hours

NOTHING = "{}"


def hours(**given: Any) -> Hours:
    return msgspec.convert(given, Hours)


def a_week(*openings: tuple[str, str, str], starts_on: str = "2027-01-04", **given: Any) -> dict[str, Any]:
    each = [{"day": day, "opens": opens, "closes": closes} for day, opens, closes in openings]
    return {"starts_on": starts_on, "hours": each, **given}


def compiled(**given: Any) -> CompiledHours:
    plain: dict[str, Any] = {
        "applies_to": None,
        "always": False,
        "holidays_region": None,
        "holidays_hours": None,
        "seasons": [],
        "exceptions": [],
    }
    return CompiledHours(**{**plain, **given})


def days(**given: str) -> list[str]:
    return [given.get(day, NOTHING) for day in domain.hours.DAYS]


def faults(**given: Any) -> list[Fault]:
    with pytest.raises(Invalid) as refused:
        domain.hours.compile(hours(**given))
    return refused.value.faults


def test_no_hours_compile_to_none():
    assert domain.hours.compile(hours()) == compiled()


def test_hours_belong_to_the_day_on_which_they_open_tail_included():
    season = a_week(("fri", "20:00", "02:00"), ends_on="2027-03-31")
    assert domain.hours.compile(hours(seasons=[season])) == compiled(
        seasons=[(date(2027, 1, 4), date(2027, 3, 31), 1, days(fri="{[1200,1560)}"))]
    )


def test_midnight_is_the_end_of_a_day_under_both_names():
    season = a_week(("mon", "18:00", "24:00"), ("tue", "18:00", "00:00"), ("sun", "00:00", "24:00"))
    [(_, _, _, found)] = domain.hours.compile(hours(seasons=[season])).seasons
    assert found == days(mon="{[1080,1440)}", tue="{[1080,1440)}", sun="{[0,1440)}")


def test_hours_that_touch_or_overlap_join():
    season = a_week(("mon", "13:00", "15:00"), ("mon", "09:00", "12:00"), ("mon", "12:00", "14:00"))
    [(_, _, _, found)] = domain.hours.compile(hours(seasons=[season])).seasons
    assert found == days(mon="{[540,900)}")


def test_hours_with_a_break_stay_apart():
    season = a_week(("mon", "13:00", "17:00"), ("mon", "09:00", "12:00"))
    [(_, _, _, found)] = domain.hours.compile(hours(seasons=[season])).seasons
    assert found == days(mon="{[540,720),[780,1020)}")


def test_c07_the_weeks_of_a_cycle_follow_one_another_from_the_monday_of_the_first():
    every_second = {"day": "mon", "opens": "18:00", "closes": "22:00"}
    season = {"starts_on": "2026-12-02", "cycle_weeks": 2, "hours": [{**every_second, "week": 2}]}
    assert domain.hours.compile(hours(seasons=[season])).seasons == [
        (date(2026, 12, 2), None, 2, [NOTHING] * 7 + days(mon="{[1080,1320)}"))
    ]


def test_an_exception_replaces_one_dates_hours_with_others_or_with_none():
    found = domain.hours.compile(
        hours(
            exceptions=[
                {"on": "2027-07-14"},
                {"on": "2027-07-15", "hours": [{"opens": "22:00", "closes": "03:00"}]},
            ]
        )
    )
    assert found == compiled(exceptions=[(date(2027, 7, 14), NOTHING), (date(2027, 7, 15), "{[1320,1620)}")])


@pytest.mark.parametrize(
    ("holidays", "region", "minutes"),
    [
        ({"region": "GB-SCT", "then": "closed"}, "GB-SCT", NOTHING),
        ({"region": "GB-SCT", "then": "open"}, "GB-SCT", None),
        (
            {"region": "GB-ENG", "then": "hours", "hours": [{"opens": "10:00", "closes": "12:00"}]},
            "GB-ENG",
            "{[600,720)}",
        ),
        ({"region": None, "then": "closed"}, None, None),
    ],
)
def test_public_holidays_are_closed_as_usual_or_given_hours(holidays: Any, region: str | None, minutes: str | None):
    found = domain.hours.compile(hours(always=True, holidays=holidays))
    assert found == compiled(always=True, holidays_region=region, holidays_hours=minutes)


def test_c06_opening_and_closing_at_one_time_is_no_opening():
    midnight = a_week(("mon", "00:00", "00:00"))
    assert faults(seasons=[midnight]) == [
        Fault("#/seasons/0/hours/0/closes", "It must differ from opens; a day is 00:00 to 24:00.")
    ]


def test_every_fault_is_told_at_once():
    season = a_week(("mon", "09:00", "09:00"), ends_on="2027-01-01")
    season["hours"].append({"week": 3, "day": "tue", "opens": "09:00", "closes": "10:00"})
    exception = {"on": "2027-07-14"}
    found = faults(seasons=[season], exceptions=[exception, exception], holidays={"then": "hours"})
    assert [fault.pointer for fault in found] == [
        "#/seasons/0/ends_on",
        "#/seasons/0/hours/1/week",
        "#/seasons/0/hours/0/closes",
        "#/exceptions/1/on",
        "#/holidays/hours",
    ]


def test_two_seasons_that_share_a_date_overlap():
    first, second = a_week(ends_on="2027-03-31"), a_week(starts_on="2027-03-31")
    with pytest.raises(HoursOverlap) as refused:
        domain.hours.compile(hours(seasons=[second, first]))
    assert refused.value.faults == [Fault("#/seasons/1/starts_on", "It shares a date with the season at #/seasons/0.")]


def test_seasons_may_follow_one_another_without_a_gap():
    first, second = a_week(ends_on="2027-03-31"), a_week(starts_on="2027-04-01")
    assert len(domain.hours.compile(hours(seasons=[second, first])).seasons) == 2


@pytest.mark.parametrize(
    "wall", ["24:00", "9:00", "18:30\n", "\u0660\u0669:\u0660\u0660", "18:60", "25:00", "18:30:00"]
)
def test_what_is_no_wall_clock_time_is_refused(wall: str):
    with pytest.raises(msgspec.ValidationError):
        hours(exceptions=[{"on": "2027-07-14", "hours": [{"opens": wall, "closes": "23:00"}]}])


NINE = {"opens": "09:00", "closes": "10:00"}
ON_HOLIDAYS = {"region": "GB-ENG", "then": "hours", "hours": [NINE]}


@pytest.mark.parametrize(
    ("given", "open_from_then_on"),
    [
        ({"always": True}, True),
        ({"seasons": [a_week(("mon", "09:00", "10:00"))]}, True),
        ({"seasons": [a_week(("mon", "09:00", "10:00"), ends_on="2027-07-14")]}, True),
        ({"seasons": [a_week(("mon", "09:00", "10:00"), ends_on="2027-07-13")]}, False),
        ({"seasons": [a_week()], "holidays": ON_HOLIDAYS}, True),
        ({"seasons": [a_week(ends_on="2027-07-13")], "holidays": ON_HOLIDAYS}, False),
        ({"seasons": [a_week()], "holidays": {**ON_HOLIDAYS, "region": None}}, False),
        ({"holidays": ON_HOLIDAYS}, False),
        ({"exceptions": [{"on": "2027-07-14", "hours": [NINE]}]}, True),
        ({"exceptions": [{"on": "2027-07-13", "hours": [NINE]}]}, False),
        ({"seasons": [a_week()], "exceptions": [{"on": "2027-07-14"}]}, False),
        ({}, False),
    ],
)
def test_hours_that_never_open_from_a_date_on_are_no_hours(given: Any, *, open_from_then_on: bool):
    assert domain.hours.ever_open(hours(**given), date(2027, 7, 14)) is open_from_then_on
    assert domain.hours.ever_open(None, date(2027, 7, 14)) is False
