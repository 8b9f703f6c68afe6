"""The published lists."""

import re

import pytest

from domain.errors import Fault
from domain.taxonomy import Term, category_faults, taxonomy, unknown

LISTS = ["categories", "features", "requirements", "purposes"]


@pytest.mark.parametrize("name", LISTS)
def test_each_list_is_ordered_by_code_and_says_what_each_term_means(name: str):
    terms: dict[str, Term] = getattr(taxonomy(), name)
    assert list(terms) == sorted(terms)
    for code, term in terms.items():
        assert re.fullmatch("[a-z][a-z0-9_]*", code)
        assert code == term.code
        assert term.title
        assert term.description.endswith(".")
        assert term.kinds


def test_a_category_fits_the_kind_of_asset():
    assert list(category_faults("hall", "space", "#/category")) == []
    assert list(category_faults("hall", "vehicle", "#/category")) == [
        Fault(
            "#/category",
            "This category is for space. Those for vehicle: car, cargo_bike, coach, minibus, trailer, truck, van.",
        )
    ]
    assert list(category_faults("spaceship", "vehicle", "#/category")) == [
        Fault("#/category", "It is not in the published list, /v1/categories.")
    ]


def test_unknown_and_repeated_codes_are_pointed_at():
    found = unknown(["wifi", "moat", "wifi", "stepfree"], "features", "#/features")
    nearest = ", where step_free comes nearest"
    assert list(found) == [
        Fault("#/features/1", "It is not in the published list, /v1/features."),
        Fault("#/features/2", "It is named twice."),
        Fault("#/features/3", f"It is not in the published list, /v1/features{nearest}."),
    ]
