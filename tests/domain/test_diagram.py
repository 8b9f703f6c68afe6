"""The picture of states: nothing of the table is missing, and no two lines run into one another."""

import re
from collections import Counter
from itertools import pairwise
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from domain import diagram
from domain.diagram import Wire
from domain.occurrences import OccurrenceState
from domain.transitions import ACTIONS, AT_FIRST, BY_ITSELF

LANE = re.compile(r'<path stroke="[^"]+"[^>]* d="M([\d.]+) ([\d.]+)V([\d.]+)"/>')
HEAD = re.compile(r'<path d="M([\d.]+) ([\d.]+)l(-?)8 ')
some = st.lists(st.sampled_from(get_args(OccurrenceState)), min_size=1, max_size=4, unique=True).map(tuple)
tables = st.lists(st.tuples(some, some), min_size=1, max_size=12).map(
    lambda found: [Wire(f"change {n}", "owner", *each) for n, each in enumerate(found)]
)


def test_each_change_leaves_each_of_its_states_by_name_and_points_at_what_they_may_become():
    picture = diagram.svg(diagram.wires())
    names = Counter(re.findall(r">([a-z_ ]+)</text>", picture))
    for operation, action in ACTIONS.items():
        assert names[diagram.named(operation)] == len(action.states)
    assert names["by itself"] == len(BY_ITSELF)
    shown = {*AT_FIRST, *(state for wire in diagram.wires() for state in (*wire.sources, *wire.targets))}
    assert all(names[state] == 1 for state in shown)
    heads = [towards for _, _, towards in HEAD.findall(picture)]
    assert heads.count("-") == len(AT_FIRST)
    assert heads.count("") == sum(len(wire.targets) for wire in diagram.wires())


def test_an_operation_is_named_in_a_word_or_two():
    assert [diagram.named(each) for each in ("confirmBooking", "retrySkipped", "checkIn")] == [
        "confirm",
        "retry skipped",
        "check in",
    ]


@given(tables)
def test_no_two_lines_share_a_place_whatever_the_table(drawn: list[Wire]):
    picture = diagram.svg(drawn)
    lanes = sorted((float(x), float(top), float(bottom)) for x, top, bottom in LANE.findall(picture))
    assert len(lanes) == len(drawn)
    assert [(one, other) for one, other in pairwise(lanes) if one[0] == other[0] and one[2] >= other[1]] == []
    heights = [float(y) for x, y, towards in HEAD.findall(picture) if not towards]
    heights += [float(y) - 4 for y in re.findall(r'y="([\d.]+)" fill="[^"]+">change \d+</text>', picture)]
    assert len(heights) == len(set(heights)) == sum(len(each.sources) + len(each.targets) for each in drawn)
