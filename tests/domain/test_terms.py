"""Terms: their defaults, and what is wrong with them."""

import msgspec

import domain.terms
from domain.terms import Price, Terms


def pointers(terms: Terms) -> list[str]:
    return [fault.pointer for fault in domain.terms.faults(terms)]


def test_the_defaults_are_those_of_the_contract():
    assert msgspec.to_builtins(Terms()) == {
        "approval": False,
        "hold_minutes": 15,
        "shortest_minutes": 30,
        "longest_minutes": None,
        "step_minutes": 15,
        "notice_minutes": 0,
        "horizon_days": 365,
        "turnaround_before_minutes": 0,
        "turnaround_after_minutes": 0,
        "price": None,
        "community_price": None,
        "requires": [],
        "cancel_notice_minutes": 0,
        "approval_hours": 72,
        "on_deadline": "decline",
        "offer_minutes": 720,
        "check_in_grace_minutes": None,
        "recallable": False,
        "min_attendees": None,
        "allowance": None,
    }
    assert pointers(Terms()) == []


def test_every_fault_of_terms_is_told_at_once():
    pounds, euros = Price(100, "GBP", "hour"), Price(100, "EUR", "hour")
    terms = Terms(step_minutes=7, shortest_minutes=60, longest_minutes=30, price=pounds)
    assert pointers(msgspec.structs.replace(terms, community_price=euros)) == [
        "#/terms/step_minutes",
        "#/terms/longest_minutes",
        "#/terms/community_price/currency",
    ]
