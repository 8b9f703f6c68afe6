"""Plain values become typed ones strictly, and everything wrong is said at once."""

from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Meta

from domain.errors import Invalid
from domain.strict import convert
from domain.types import Instant, ShortText

AN_INSTANT = "Expected an instant with seconds and an offset, such as 2027-03-02T18:30:00Z"


class Period(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    starts_at: Instant
    units: Annotated[int, Meta(ge=1, le=9)] = 1


class Round(msgspec.Struct, frozen=True, tag="round", tag_field="kind"):
    radius: float


class Square(msgspec.Struct, frozen=True, tag="square", tag_field="kind"):
    side: float


class Everything(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: ShortText
    periods: Annotated[list[Period], Meta(max_length=3)] = []
    until: Instant | None = None
    shape: Round | Square | None = None
    corners: tuple[float, float] | None = None


def faults(value: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        convert(value, Everything)
    return {each.pointer: each.detail for each in caught.value.faults}


def test_what_is_right_is_converted():
    value = {
        "name": "A",
        "periods": [{"starts_at": "2027-03-02T18:30:00+01:00"}],
        "until": None,
        "shape": {"kind": "square", "side": 2},
    }
    assert msgspec.to_builtins(convert(value, Everything)) == {
        "name": "A",
        "periods": [{"starts_at": "2027-03-02T17:30:00Z", "units": 1}],
        "until": None,
        "shape": {"kind": "square", "side": 2.0},
        "corners": None,
    }


def test_every_fault_is_found_at_once():
    value = {
        "name": "",
        "periods": [{"starts_at": "tomorrow"}, {"units": 10}, 7],
        "until": 1815555600,
        "shape": {"kind": "square", "side": "2"},
        "un/known": 1,
    }
    assert faults(value) == {
        "#/name": 'Expected a text of 1 to 200 characters, not all of them blank; got "".',
        "#/periods/0/starts_at": f'{AN_INSTANT}; got "tomorrow".',
        "#/periods/1/units": "Expected a whole number from 1 to 9; got 10.",
        "#/periods/1/starts_at": f"It is required: {AN_INSTANT.removeprefix('Expected ')}.",
        "#/periods/2": "Expected an object with starts_at, units; got 7.",
        "#/until": f"{AN_INSTANT}; got 1815555600.",
        "#/shape/side": 'Expected a number; got "2".',
        "#/un~1known": "There is no such field; there are name, periods, until, shape, corners.",
    }


def test_the_length_of_a_list_is_checked_too():
    assert faults({"name": "A", "periods": [{"starts_at": "2027-03-02T18:30:00Z"}] * 4}) == {
        "#/periods": "Expected a list of at most 3; got a list of 4."
    }


def test_what_no_member_of_a_union_fits_is_told():
    assert faults({"name": "A", "shape": {"kind": "oval"}}) == {"#/shape/kind": '"oval" is none of round, square.'}
    assert faults({"name": "A", "shape": {}}) == {"#/shape/kind": "It is required: one of round, square."}
    assert faults({"name": "A", "shape": 7}) == {
        "#/shape": "Expected an object with radius or an object with side; got 7."
    }


def test_a_list_of_so_many_is_looked_into():
    assert faults({"name": "A", "corners": [1, "2"]}) == {"#/corners/1": 'Expected a number; got "2".'}
    assert faults({"name": "A", "corners": [1]}) == {"#/corners": "Expected a list of 2; got a list of 1."}


@pytest.mark.parametrize("name", ["a\0b", "   "])
def test_texts_that_are_none_are_refused(name: str):
    assert list(faults({"name": name})) == ["#/name"]


@pytest.mark.parametrize("value", [{"periods": [7] * 100_000}, {str(n): 1 for n in range(100_000)}])
def test_a_hundred_faults_are_enough(value: dict[str, Any]):
    with pytest.raises(Invalid) as caught:
        convert(value, Everything)
    assert len(caught.value.faults) == 100
    assert caught.value.detail.endswith("`errors` has 97 more.")


def test_something_else_than_an_object_is_refused():
    assert faults([]) == {"#": "Expected an object with name, periods, until, shape, corners; got a list of 0."}
