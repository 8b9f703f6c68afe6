"""What a draft timetable would change, worked out from what assets meet by either hours."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain import trials
from domain.idle import IdleHour
from domain.occurrences import AssetBrief, SiteBrief
from domain.trials import (
    IdleTime,
    IdleTotal,
    MetInSpan,
    NeedHour,
    NeedTime,
    NeedTotal,
    TimetableTrial,
    TrialTotal,
    Tried,
    TriedAsset,
    Way,
)

ONE, OTHER = UUID(int=1), UUID(int=2)
HALL, GYM = AssetBrief(UUID(int=3), "Hall"), AssetBrief(UUID(int=4), "Gym")
SITE = SiteBrief(UUID(int=5), "Sale Hub")
ALONE = {"site": SITE, "timezone": "Europe/London", "units": 1, "needs_examined": 2, "needs_cut": False}
SHUT = IdleTime(open_minutes=0, used_minutes=0, idle_minutes=0, needs=0, served_minutes=0, week=[])
SAME = NeedTime(needs=0, minutes=0, week=[])


def tried(asset, now, draft):
    """An asset that meets so much of needs now and by the draft."""
    return Tried(asset=asset, now=Way([], now), draft=Way([], draft), **ALONE)


def test_a_need_counts_once_in_an_hour_and_an_hour_that_occurs_twice_is_twice_as_long():
    met = [MetInSpan(ONE, 1, [(0, 60), (1, 30), (1, 60)]), MetInSpan(ONE, 2, [(0, 15)]), MetInSpan(OTHER, 1, [(1, 5)])]
    found = trials.compared(
        Tried(asset=HALL, now=Way([], []), draft=Way([(0, 120, 30), (1, 180, 0), (30, 60, 60)], met), **ALONE)
    )
    week = [IdleHour("mon", 0, 120, 30, 90, 1), IdleHour("mon", 1, 180, 0, 180, 2), IdleHour("tue", 6, 60, 60, 0, 0)]
    draft = IdleTime(open_minutes=360, used_minutes=90, idle_minutes=270, needs=2, served_minutes=170, week=week)
    gained = NeedTime(needs=2, minutes=170, week=[NeedHour("mon", 0, 75), NeedHour("mon", 1, 95)])
    assert found == TriedAsset(asset=HALL, now=SHUT, draft=draft, gained=gained, lost=SAME, **ALONE)


def test_what_is_met_at_another_time_now_even_outside_the_span_is_not_gained():
    found = trials.compared(tried(HALL, [MetInSpan(ONE, 1, [])], [MetInSpan(ONE, 1, [(9, 60)])]))
    assert (found.now.needs, found.draft.needs, found.gained, found.lost) == (0, 1, SAME, SAME)


def test_more_of_a_need_that_matches_already_is_gained_in_minutes_but_not_in_needs():
    now, draft = [MetInSpan(ONE, 1, [(9, 60)])], [MetInSpan(ONE, 1, [(9, 60)]), MetInSpan(ONE, 2, [(10, 45)])]
    gained = NeedTime(needs=0, minutes=45, week=[NeedHour("mon", 10, 45)])
    assert trials.compared(tried(HALL, now, draft)).gained == gained
    assert trials.compared(tried(HALL, draft, now)).lost == gained


def test_in_total_an_occurrence_counts_once_by_whichever_meets_most_of_it():
    """The hall meets the first of one need now; by the draft the gym would too, and both the second, the gym longer."""
    hall = tried(HALL, [MetInSpan(ONE, 1, [(9, 60)])], [MetInSpan(ONE, 1, [(9, 60)]), MetInSpan(ONE, 2, [(8, 15)])])
    gym = tried(GYM, [], [MetInSpan(ONE, 1, [(9, 60)]), MetInSpan(ONE, 2, [(7, 30), (8, 15)])])
    found = trials.compare([gym, hall])
    assert [(each.gained.needs, each.gained.minutes) for each in found.items] == [(1, 105), (0, 15)]
    assert found.total == trials.compare([hall, gym]).total
    shut = {"open_minutes": 0, "used_minutes": 0, "idle_minutes": 0}
    assert found.total == TrialTotal(
        now=IdleTotal(**shut, needs=1, served_minutes=60),
        draft=IdleTotal(**shut, needs=1, served_minutes=105),
        gained=NeedTotal(needs=0, minutes=45),
        lost=NeedTotal(needs=0, minutes=0),
        needs_cut=False,
    )


@pytest.mark.parametrize(("days", "most"), [(1, 10), (48, 10), (49, 9), (92, 5)])
def test_a_longer_span_is_tried_on_fewer_assets(days: int, most: int):
    since = datetime(2027, 1, 4, tzinfo=UTC)
    assert TimetableTrial(starts_at=since, ends_at=since + timedelta(days=days)).most_assets == most
