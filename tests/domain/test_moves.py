"""What a move comes to: against a plain model that counts calendar days and looks at the clock quarter by quarter."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.callers import Caller
from domain.costs import Cost
from domain.errors import Invalid
from domain.moves import Move, become_moved, moves, rewritten
from domain.occurrences import Occurrence
from domain.plans import Claim, Locked, Place
from domain.requests import Asked, BookingRequest, ClockChange, Repeats, clock_changes
from domain.time import Period

NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
GROUP = Caller(UUID(int=1), "group", "verified", "member", UUID(int=2))
CHANGES = {  # what the clock shows first that is left out, or that it shows twice; in Nairobi neither happens
    "Europe/London": ("2027-03-28T01:00", "2027-10-31T01:00"),
    "Australia/Lord_Howe": ("2027-10-03T02:00", "2027-04-04T01:30"),
    "Asia/Beirut": ("2027-03-28T00:00", "2027-10-30T23:00"),
    "America/Nuuk": ("2027-03-27T23:00", "2027-10-30T23:00"),
    "Africa/Nairobi": ("2027-03-28T01:00",),
}
plain = settings(deadline=None, database=None, derandomize=True, max_examples=300)


near = st.integers(0, 3) | st.integers(0, 3) | st.integers(-12, 12) | st.integers(-200, 200)


def shown(moment: datetime, zone: ZoneInfo) -> datetime:
    """What a clock there shows."""
    return moment.astimezone(zone).replace(tzinfo=None)


def first_shown(wall: datetime, zone: ZoneInfo) -> datetime:
    """When a clock there first shows it; where it never does, as much later than what it shows before."""
    quarters = (wall.replace(tzinfo=UTC) - n * QUARTER for n in range(-3 * 4, 11 * 4 + 1))
    there = [moment for moment in quarters if shown(moment, zone) == wall]
    return min(there) if there else first_shown(wall - QUARTER, zone) + QUARTER


def days_later(first: Period, days: int, zone: ZoneInfo) -> Period:
    """The same times of the clock on another date. What starts in a gap, or ends earlier than it starts, keeps its
    length on the clock or as it elapsed.
    """
    starts, ends = (shown(moment, zone) + timedelta(days=days) for moment in (first.starts_at, first.ends_at))
    starts_at = first_shown(starts, zone)
    if ends <= starts:
        return Period(starts_at, starts_at + (first.ends_at - first.starts_at))
    if shown(starts_at, zone) != starts:
        return Period(starts_at, starts_at + (ends - starts))
    return Period(starts_at, first_shown(ends, zone))


class Drawn(NamedTuple):
    """A booking, a move of it, and the occurrences that the move is for."""

    booking: Locked
    move: Move
    chosen: list[Occurrence]

    @property
    def zone(self) -> ZoneInfo:
        return self.booking.place.zone

    @property
    def first(self) -> Period:
        """What the first is to have."""
        return Period(self.move.starts_at or self.chosen[0].starts_at, self.move.ends_at or self.chosen[0].ends_at)

    def expected(self) -> list[Period]:
        """What each is to have."""
        periods = [self.first]
        for each in self.chosen[1:]:
            days = (shown(each.starts_at, self.zone).date() - shown(self.chosen[0].starts_at, self.zone).date()).days
            pattern = days_later(self.first, days, self.zone)
            starts_at = pattern.starts_at if self.move.starts_at else each.starts_at
            ends_at = each.ends_at
            if self.move.ends_at and starts_at == pattern.starts_at:
                ends_at = pattern.ends_at
            elif self.move.ends_at:
                ends_at = first_shown(shown(self.first.ends_at, self.zone) + timedelta(days=days), self.zone)
            periods.append(Period(starts_at, ends_at))
        return periods


def an_occurrence(number: int, period: Period, zone: str, state: str, units: int) -> Occurrence:
    return Occurrence(
        id=UUID(int=number),
        starts_at=period.starts_at,
        ends_at=period.ends_at,
        timezone=zone,
        units=units,
        unit_numbers=[*range(1, units + 1)],
        state=state,
        why_not=[],
        note=None,
        cancelled_late=False,
        check_in_by=None,
        sequence=0,
    )


def a_booking(occurrences: Sequence[Occurrence], zone: str, changes: Sequence[ClockChange] = ()) -> Locked:
    """One that costs nothing, with only what a move looks at."""
    place = dict.fromkeys(Place.__struct_fields__) | {"timezone": zone, "approval": False}
    booking = dict.fromkeys(Locked.__struct_fields__) | {
        "units": 1,
        "cost": Cost(0, None, []),
        "clock_changes": [*changes],
        "occurrences": sorted(occurrences, key=lambda each: each.starts_at),
        "place": Place(**place),
    }
    return Locked(**booking)


@st.composite
def series(draw: st.DrawFn) -> tuple[str, list[Period]]:
    """A zone, and periods there some weeks apart, one of which starts about a change of its clock."""
    zone = draw(st.sampled_from([*CHANGES]))
    count, weeks = draw(st.sampled_from([1, 2, 3, 3, 4])), draw(st.integers(1, 2))
    number = draw(st.integers(0, count - 1))
    wall = datetime.fromisoformat(draw(st.sampled_from(CHANGES[zone]))) + draw(near) * QUARTER
    starts_at = first_shown(wall - number * weeks * timedelta(days=7), ZoneInfo(zone))
    length = draw(st.integers(1, 12) | st.integers(1, 100)) * QUARTER
    first = Period(starts_at, starts_at + length)
    return zone, [first, *(days_later(first, 7 * weeks * n, ZoneInfo(zone)) for n in range(1, count))]


@st.composite
def sent(draw: st.DrawFn, old: Period, *, far: int) -> dict[str, datetime | None]:
    """One end or both of a period, up to so many days away from where they are."""
    away = timedelta(days=draw(st.integers(-far, far)))
    starts_at, ends_at = (end + away + draw(st.integers(-12, 12)) * QUARTER for end in (old.starts_at, old.ends_at))
    ends = draw(st.sampled_from(["both", "starts_at", "ends_at"]))
    return {"starts_at": starts_at if ends != "ends_at" else None, "ends_at": ends_at if ends != "starts_at" else None}


@st.composite
def moving(draw: st.DrawFn) -> Drawn:
    """A series, some of which is cancelled and one of which has been moved by itself, and a move of some or all."""
    shift = st.integers(-8, 8)
    zone, periods = draw(series())
    odd = draw(st.integers(0, len(periods)))
    moved = [
        Period(each.starts_at + draw(shift) * QUARTER, each.ends_at + draw(shift) * QUARTER) if n == odd else each
        for n, each in enumerate(periods)
    ]
    assume(all(each.starts_at < each.ends_at for each in moved))
    occurrences = [
        an_occurrence(n, each, zone, draw(st.sampled_from(["confirmed"] * 3 + ["cancelled"])), draw(st.integers(1, 2)))
        for n, each in enumerate(moved)
    ]
    booking = a_booking(occurrences, zone)
    standing = [each for each in booking.occurrences if each.state == "confirmed"]
    assume(standing and not any(overlap(*pair) for pair in combinations([each.period for each in standing], 2)))
    since = draw(st.sampled_from(booking.occurrences))
    named = draw(st.lists(st.sampled_from(standing), min_size=1, unique_by=lambda each: each.id))
    scope, chosen = draw(
        st.sampled_from(
            [
                ({"all": True}, standing),
                ({"from_occurrence_id": since.id}, [each for each in standing if each.starts_at >= since.starts_at]),
                ({"occurrence_ids": [each.id for each in named]}, [each for each in standing if each in named]),
            ]
        )
    )
    assume(chosen)
    units = draw(st.sampled_from([None, None, 1, 2, 3]))
    return Drawn(booking, Move(**scope, **draw(sent(chosen[0].period, far=8)), units=units), chosen)


def overlap(one: Period, other: Period) -> bool:
    return one.starts_at < other.ends_at and other.starts_at < one.ends_at


@plain
@given(drawn=moving())
def test_a_move_comes_to_the_local_dates_and_times_of_a_calendar_and_a_clock(drawn: Drawn):
    expected = [
        (each.id, period, drawn.move.units or each.units)
        for each, period in zip(drawn.chosen, drawn.expected(), strict=True)
    ]
    changed = [
        (each, period, units)
        for (each, period, units), was in zip(expected, drawn.chosen, strict=True)
        if (period, units) != (was.period, was.units)
    ]
    backwards = [each for each, period, _ in expected if period.ends_at <= period.starts_at]
    meet = any(overlap(one, other) for (_, one, _), (_, other, _) in combinations(expected, 2))
    try:
        moved = moves(drawn.move, drawn.booking, NOW)
    except Invalid as refused:
        assert backwards or meet
        told = [fault.detail for fault in refused.faults]
        of_order = [each for each in told if "would not end after it starts" in each]
        assert len(of_order) == (1 if drawn.chosen[0].id in backwards else len(backwards))
        assert len(told) > len(of_order) or backwards
    else:
        assert not backwards
        assert not meet
        assert [(each.occurrence.id, each.period, each.units) for each in moved] == changed


@plain
@given(drawn=series(), data=st.data())
def test_a_series_that_is_moved_there_and_back_is_as_it_was(drawn: tuple[str, list[Period]], data: st.DataObject):
    zone, periods = drawn
    assume(not any(overlap(*pair) for pair in combinations(periods, 2)))
    asked = [Asked(UUID(int=n), period, 1) for n, period in enumerate(periods)]
    repeats = Repeats(periods[0].starts_at, periods[0].ends_at, len(periods))
    told = clock_changes(BookingRequest(asset_id=UUID(int=0), repeats=repeats), asked, ZoneInfo(zone))
    occurrences = [an_occurrence(n, period, zone, "confirmed", 1) for n, period in enumerate(periods)]
    booked = a_booking(occurrences, zone, told)
    there = data.draw(sent(periods[0], far=20))
    back = {name: getattr(periods[0], name) if end else None for name, end in there.items()}
    try:
        gone = moved(Move(all=True, **there), booked)
    except Invalid:
        assume(False)
    again = moved(Move(all=True, **back), gone)
    assert [each.period for each in again.occurrences] == periods
    assert {*again.clock_changes} == {*told}


def moved(move: Move, booking: Locked) -> Locked:
    """A booking after a move."""
    asked = moves(move, booking, NOW)
    became = {each.id: each for each in become_moved(asked, Claim("confirmed"), None)}
    after = [became.get(each.id, each) for each in booking.occurrences]
    return msgspec.structs.replace(rewritten(move, asked, booking, GROUP), occurrences=after)
