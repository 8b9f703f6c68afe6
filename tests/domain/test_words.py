"""What a type takes is said so that a person can act on it."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from msgspec import Meta

from domain import words
from domain.callers import Role
from domain.hours import ClosingTime
from domain.organisations import Slug
from domain.types import Email, ShortText

DAY = Literal["mon", "tue", "wed"]


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (DAY, "tuesday", '"tuesday" is none of mon, tue, wed.'),
        (Role | None, "owner", '"owner" is none of member, manager, admin.'),
        (DAY, 2, "Expected one of mon, tue, wed; got 2."),
        (Literal["Point"], "Line", '"Line" is none of Point.'),
        (ClosingTime, "6pm", 'Expected a time as "18:30", from "00:00" to "24:00"; got "6pm".'),
        (Email | None, "soup", 'Expected an e-mail address such as hall@example.org; got "soup".'),
        (Annotated[int, Meta(ge=1, le=200_000)], "far", 'Expected a whole number from 1 to 200000; got "far".'),
        (Annotated[int, Meta(ge=1)], 0, "Expected a whole number of at least 1; got 0."),
        (Annotated[int, Meta(le=9)], 10**99, "Expected a whole number of at most 9; got one that is far too long."),
        (Annotated[list[int], Meta(min_length=1)], [], "Expected a list of at least 1; got a list of 0."),
        (Annotated[str, Meta(min_length=3, max_length=3)], "", 'Expected a text of 3 characters; got "".'),
        (ShortText, "a" * 201, f"Expected {words.wanted(ShortText)}; got a text of 201 characters."),
        (ShortText | None, {}, f"Expected {words.wanted(ShortText)}; got an object."),
        (UUID, "1", 'Expected an id such as 01890a5d-ac96-774b-bcce-b302099a8057; got "1".'),
        (date | None, "04/01", 'Expected a date such as 2027-03-02; got "04/01".'),
        (bool, "yes", 'Expected true or false; got "yes".'),
        (int | str, None, "Expected a whole number or a text; got null."),
    ],
)
def test_a_refusal_says_what_is_allowed_and_what_was_sent(kind: Any, value: object, said: str):
    assert words.refusal(value, kind) == said


def test_what_is_missing_or_unknown_is_told_what_there_is():
    assert words.missing(Slug) == f"It is required: {words.wanted(Slug)}."
    assert words.missing(DAY) == "It is required: one of mon, tue, wed."
    assert words.unknown("parameter", ["limit", "cursor"]) == "There is no such parameter; there are limit, cursor."
    assert words.unknown("parameter", []) == "There is no such parameter; none is taken here."
