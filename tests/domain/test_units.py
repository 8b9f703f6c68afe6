"""Which unit a booking gets: against brute force, minute by minute and seating by seating."""

from datetime import UTC, datetime, timedelta
from itertools import permutations, product
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.units import Seat, Wish, accept, free_units, most_taken, reseat, seat

NOW = datetime(2027, 7, 5, 9, tzinfo=UTC)
plain = settings(deadline=None, database=None, derandomize=True, max_examples=300)


def at(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


def minutes_of(one: Seat | Wish) -> range:
    return range(*((each - NOW) // timedelta(minutes=1) for each in (one.lower, one.upper)))


def occurrence(number: int) -> UUID:
    return UUID(int=number + 1)


def meet(one: Seat | Wish, other: Seat | Wish) -> bool:
    return not set(minutes_of(one)).isdisjoint(minutes_of(other))


@st.composite
def seatings(draw: st.DrawFn) -> tuple[int, list[Seat], list[Wish]]:
    """Up to three units, who sits on them (each first on a unit drawn), and wishes for periods to come."""
    units = draw(st.integers(1, 3))
    seats: list[Seat] = []
    for number in range(draw(st.integers(0, 7))):
        start = draw(st.integers(-6, 20))
        end = start + draw(st.integers(1, 9))
        one = Seat(draw(st.integers(1, units)), at(start), at(end), occurrence(number), begun=start <= 0)
        if not any(one.unit == other.unit and meet(one, other) for other in seats):
            seats.append(one)
    wishes = []
    for number in range(100, 100 + draw(st.integers(1, 3))):
        start, before = draw(st.integers(0, 20)), draw(st.integers(0, 5))
        end = start + draw(st.integers(1, 9))
        wishes.append(Wish(occurrence(number), draw(st.integers(1, units)), at(start - before), at(end)))
    return units, seats, wishes


@st.composite
def going_on(draw: st.DrawFn) -> tuple[int, list[Seat], list[Wish]]:
    """As `seatings`, and one more wish has begun on some units."""
    units, seats, wishes = draw(seatings())
    on = sorted(draw(st.sets(st.integers(1, units), min_size=1)))
    lower, upper = draw(st.integers(-6, 0)), draw(st.integers(1, 20))
    begun = Wish(occurrence(99), draw(st.integers(len(on), units)), at(lower), at(upper), tuple(on), begun=True)
    return units, seats, [begun, *wishes]


def can_be_seated(units: int, seats: list[Seat], wishes: list[Wish]) -> bool:
    """Whether any way of seating everything works, what has begun staying where it is."""
    begun = [each for each in seats if each.begun]
    loose = [each for each in seats if not each.begun]
    for wish in wishes:
        stays = wish.seats(wish.on) if wish.begun else []
        begun, loose = begun + stays, loose + [wish] * (wish.units - len(stays))
    if not nobody_shares(begun):
        return False
    return any(
        all(
            mine != theirs or not meet(one, other)
            for n, (one, mine) in enumerate(zip(loose, chosen, strict=True))
            for other, theirs in [*zip(loose[:n], chosen, strict=False), *((each, each.unit) for each in begun)]
        )
        for chosen in product(range(1, units + 1), repeat=len(loose))
    )


@plain
@given(drawn=seatings())
def test_most_taken_is_the_most_of_any_minute_and_no_less_than_the_units_that_cannot_be_cleared(drawn):
    _, seats, [wish, *_] = drawn
    touching = [each for each in seats if meet(each, wish)]
    busiest = max(sum(minute in minutes_of(each) for each in touching) for minute in minutes_of(wish))
    fixed = {each.unit for each in touching if each.begun}
    assert most_taken(seats, wish.lower, wish.upper) == max(busiest, len(fixed))


@plain
@given(drawn=seatings())
def test_free_units_are_those_that_nobody_has_in_any_minute(drawn):
    units, seats, [wish, *_] = drawn
    taken = {each.unit for each in seats if meet(each, wish)}
    assert free_units(seats, units, wish.lower, wish.upper) == sorted(set(range(1, units + 1)) - taken)


@settings(plain, max_examples=300)
@given(drawn=seatings() | going_on())
def test_a_wish_is_accepted_exactly_when_some_seating_has_room_for_it(drawn):
    units, seats, [wish, *_] = drawn
    assert (accept([wish], seats, units) == [wish]) == can_be_seated(units, seats[:6], [wish]) or len(seats) > 6


@plain
@given(drawn=seatings() | going_on())
def test_of_several_wishes_what_has_begun_is_accepted_first_and_then_those_that_start_first(drawn):
    units, seats, wishes = drawn
    standing: list[Wish] = []
    for wish in sorted(wishes, key=lambda each: (not each.begun, each.lower)):
        if accept([wish], [*seats, *(each for one in standing for each in as_seats(one))], units):
            standing.append(wish)
    assert accept(wishes, seats, units) == standing


def as_seats(wish: Wish) -> list[Seat]:
    return [Seat(unit, wish.lower, wish.upper, wish.occurrence, wish.begun and unit > 0) for unit in wish.places]


@plain
@given(drawn=seatings() | going_on())
def test_whatever_was_accepted_is_seated_with_nobody_moved_where_it_can_be_and_always_with_the_rest_moved(drawn):
    units, seats, wishes = drawn
    accepted = accept(wishes, seats, units)
    wanted = [(wish.occurrence, wish.lower, wish.upper) for wish in accepted for _ in range(wish.units)]

    made = seat(accepted, seats, units)
    if made is not None:
        assert sorted((each.occurrence, each.lower, each.upper) for each in made) == sorted(wanted)
        assert nobody_shares([*seats, *made])

    placed = reseat(accepted, seats, units)
    before = [(each.occurrence, each.lower, each.upper) for each in seats]
    assert sorted((each.occurrence, each.lower, each.upper) for each in placed) == sorted(before + wanted)
    assert nobody_shares(placed)
    assert {each.unit for each in placed} <= set(range(1, units + 1))
    assert [(was.occurrence, was.lower) for was in seats] == [
        (now.occurrence, now.lower) for now in placed[: len(seats)]
    ]
    assert [each for each in placed[: len(seats)] if each.begun] == [each for each in seats if each.begun]
    stay = [(wish.occurrence, unit) for wish in accepted if wish.begun for unit in wish.on]
    assert {*stay} <= {(each.occurrence, each.unit) for each in placed}


FAR = [Seat(3, at(100), at(200), occurrence(2)), Seat(2, at(150), at(300), occurrence(3))]


def nobody_shares(seats: list[Seat]) -> bool:
    return not any(one.unit == other.unit and meet(one, other) for n, one in enumerate(seats) for other in seats[:n])


@plain
@given(drawn=seatings())
def test_a_single_wish_is_seated_without_moving_anybody_whenever_enough_units_are_free_throughout(drawn):
    units, seats, [wish, *_] = drawn
    made = seat([wish], seats, units)
    assert (made is not None) == (len(free_units(seats, units, wish.lower, wish.upper)) >= wish.units)


def test_a_series_keeps_the_unit_that_is_free_throughout_it():
    taken = [Seat(1, at(10), at(20), occurrence(0)), Seat(2, at(40), at(50), occurrence(1))]
    series = [Wish(occurrence(n), 1, at(start), at(start + 10)) for n, start in enumerate((10, 40, 70), 100)]
    made = seat(series, taken, 3)
    assert made is not None
    assert [each.unit for each in made] == [3, 3, 3]


def test_staggered_bookings_of_two_units_leave_room_only_where_one_is_free_throughout():
    """Case c15."""
    staggered = [Seat(1, at(0), at(120), occurrence(0)), Seat(2, at(60), at(180), occurrence(1))]
    across = Wish(occurrence(2), 1, at(90), at(210))
    after_the_first = Wish(occurrence(3), 1, at(120), at(240))
    assert accept([across], staggered, 2) == []
    assert accept([after_the_first], staggered, 2) == [after_the_first]
    assert accept([Wish(occurrence(4), 2, at(120), at(240))], staggered, 2) == []


def test_fragmented_units_are_seated_anew_when_no_single_one_is_free_throughout():
    fragmented = [Seat(1, at(10), at(20), occurrence(0)), Seat(2, at(30), at(40), occurrence(1))]
    wish = Wish(occurrence(2), 1, at(10), at(40))
    assert accept([wish], fragmented, 2) == [wish]
    assert seat([wish], fragmented, 2) is None
    moved = {(each.occurrence, each.unit) for each in reseat([wish], fragmented, 2)}
    assert moved == {(occurrence(0), 1), (occurrence(1), 1), (occurrence(2), 2)}


def test_nobody_moves_who_is_not_in_the_way():
    seats = [Seat(3, at(10), at(20), occurrence(0)), Seat(2, at(12), at(40), occurrence(1)), *FAR]
    placed = reseat([Wish(occurrence(9), 1, at(15), at(30))], seats, 3)
    assert placed == [*seats, Seat(1, at(15), at(30), occurrence(9))]


def test_units_that_were_used_just_now_give_no_turnaround_that_has_passed_already():
    """Neither unit was empty from 15 minutes ago on, though at no moment were both in use; neither can be moved."""
    just_now = [
        Seat(1, at(-14), at(-10), occurrence(0), begun=True),
        Seat(2, at(-8), at(5), occurrence(1), begun=True),
    ]
    assert accept([Wish(occurrence(2), 1, at(-15), at(75))], just_now, 2) == []


@pytest.mark.parametrize("sequence", list(permutations(range(3))))
def test_the_order_in_which_wishes_are_written_does_not_matter(sequence):
    wishes = [Wish(occurrence(n), 1, at(start), at(start + 10)) for n, start in enumerate((0, 5, 10))]
    assert accept([wishes[n] for n in sequence], [], 1) == [wishes[0], wishes[2]]
