"""The fair order: who comes first, and that anybody can work it out."""

import hashlib
import hmac
from datetime import date
from typing import NamedTuple
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain import fairness
from domain.fairness import Contender

SECRET = b"a" * 32
TODAY = date(2027, 1, 4)


class Wish(NamedTuple):
    contender: Contender


wishes = st.lists(
    st.builds(lambda n, minutes: Wish(Contender(UUID(int=n), minutes)), st.integers(1, 9), st.integers(0, 2)),
    unique_by=lambda wish: wish.contender.organisation_id,
)


def test_who_holds_less_comes_first():
    less, more = (Wish(Contender(UUID(int=n), minutes)) for n, minutes in ((1, 60), (2, 120)))
    for day in range(1, 29):
        seed = fairness.seed_of(SECRET, date(2027, 1, day))
        assert fairness.in_order([more, less], seed) == [less, more]


@given(wishes, st.dates())
def test_the_order_in_which_they_came_decides_nothing(came, on):
    seed = fairness.seed_of(SECRET, on)
    ordered = fairness.in_order(came, seed)
    assert fairness.in_order(reversed(came), seed) == ordered
    assert [each.contender.minutes for each in ordered] == sorted(each.contender.minutes for each in came)


def test_equals_are_drawn_anew_each_day_and_none_is_always_first():
    equals = [Wish(Contender(UUID(int=n), 0)) for n in range(1, 4)]
    days = [date(2027, month, day) for month in range(1, 13) for day in range(1, 29)]
    first = [fairness.in_order(equals, fairness.seed_of(SECRET, day))[0] for day in days]
    assert all(80 < first.count(each) < 144 for each in equals)  # of 336


def test_anybody_can_work_a_draw_out_from_the_published_seed():
    told = fairness.published(SECRET, TODAY, date(2027, 1, 5))
    seed = bytes.fromhex(told.seed)
    group = UUID("019B8D62-7A80-7192-A02D-E017BCEA04D7")
    by_hand = hmac.digest(seed, b"019b8d62-7a80-7192-a02d-e017bcea04d7", "sha256")
    assert fairness.draw(fairness.seed_of(SECRET, TODAY), group) == by_hand
    assert told.commitment == hashlib.sha256(seed).hexdigest()


def test_a_seed_is_told_when_its_day_is_over_and_its_hash_before():
    same_day, next_day = (fairness.published(SECRET, TODAY, day) for day in (TODAY, date(2027, 1, 5)))
    assert same_day.seed is None
    assert same_day.commitment == next_day.commitment
    assert next_day.seed != fairness.published(SECRET, date(2027, 1, 3), TODAY).seed
