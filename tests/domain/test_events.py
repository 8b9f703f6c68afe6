"""Events say what changed, and nothing that anybody wrote."""

from uuid import UUID

import pytest

from domain.events import Actor, differences, hears


def test_of_texts_only_their_names_are_told():
    before = {"name": "A", "kind": "group", "contact": None, "units": 1, "updated_at": "2027"}
    after = {"name": "B", "kind": "group", "contact": {"name": "Jo"}, "units": 2, "updated_at": "2028"}
    assert differences(before, after, texts=("name", "contact")) == (
        {"units": 1},
        {"units": 2, "texts": ["contact", "name"]},
    )


OWNER, BOOKER = UUID(int=1), UUID(int=2)
HELD = {"occurrences": {"1": {"state": "held"}}}
ASKED = {"occurrences": {"1": {"state": "confirmed"}, "2": {"state": "pending"}}}


@pytest.mark.parametrize(
    ("kind", "by", "after", "heard"),
    [
        ("booking.created", BOOKER, HELD, []),
        ("booking.created", BOOKER, ASKED, [OWNER]),
        ("booking.moved", BOOKER, ASKED, [OWNER]),
        ("booking.approved", OWNER, HELD, [BOOKER]),
        ("booking.approved", None, HELD, [BOOKER]),
        ("booking.cancelled", OWNER, HELD, [BOOKER]),
        ("booking.cancelled", BOOKER, HELD, [OWNER]),
        ("booking.lapsed", None, HELD, [OWNER, BOOKER]),
        ("booking.completed", None, HELD, []),
        ("booking.recalled", OWNER, HELD, [BOOKER]),
        ("message.sent", OWNER, {}, [BOOKER]),
        ("message.read", OWNER, {}, []),
        ("offer.made", None, {}, [BOOKER]),
        ("asset.updated", OWNER, None, []),
    ],
)
def test_who_has_to_know_or_to_answer_should_hear_of_it(kind, by, after, heard):
    assert hears(kind, OWNER, BOOKER, by and Actor(by, UUID(int=3)), after) == heard


def test_of_what_one_books_of_oneself_nobody_needs_to_be_told():
    assert hears("booking.cancelled", OWNER, OWNER, Actor(OWNER, UUID(int=3)), HELD) == []


def test_an_offer_for_a_need_names_no_group_to_its_owner():
    assert hears("offer.declined", OWNER, None, None, {"state": "declined"}) == [OWNER]
    assert hears("offer.lapsed", OWNER, None, None, {"state": "lapsed"}) == [OWNER]
