"""What becomes of what a change of the owner's hits."""

from uuid import UUID

import pytest
from stored import at

import domain.recalls
from domain.occurrences import OccurrenceState
from domain.recalls import BECOMES, BookingHit
from domain.transitions import ACTIONS


def test_what_a_recall_makes_of_occurrences_is_in_the_one_table():
    allowed = {operation: ACTIONS[operation].states for operation in ("recallBooking", "cancelBooking")}
    assert all(becomes in (*allowed["cancelBooking"][was], "recalled") for was, becomes in BECOMES.items())
    assert {was for was, becomes in BECOMES.items() if becomes == "recalled"} == set(allowed["recallBooking"])


@pytest.mark.parametrize(
    ("was", "becomes"),
    [("held", "cancelled"), ("pending", "recalled"), ("confirmed", "recalled"), ("checked_in", "checked_in")],
)
def test_a_hit_says_what_it_is_once_what_can_be_was_taken_back(was: OccurrenceState, becomes: OccurrenceState):
    hit, other = [BookingHit(UUID(int=n), UUID(int=n), at(5, 18), at(5, 20), was, []) for n in range(2)]
    became = domain.recalls.taken_back([hit, other], {})
    assert [each.state for each in became] == [becomes] * 2
