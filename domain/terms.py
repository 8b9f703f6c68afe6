"""How an asset may be booked, and what it costs."""

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from domain.errors import Fault
from domain.reasons import ReasonCode
from domain.types import ShortText

DAY = 1440
YEAR = 366 * DAY

# The rules that terms set, which `ignore_terms` sets aside.
RULES: frozenset[ReasonCode] = frozenset(
    {
        "too_few_attendees",
        "too_soon",
        "too_far_ahead",
        "too_short",
        "too_long",
        "off_step",
        "requirement_missing",
        "requirement_expired",
        "allowance_used",
    }
)

Per = Literal["hour", "day", "booking"]
OnDeadline = Literal["decline", "approve"]
Every = Literal["week", "month"]
Minutes = Annotated[int, Meta(ge=0, le=YEAR)]
Amount = Annotated[int, Meta(ge=0, le=100_000_000)]  # in minor units
Currency = Annotated[
    str,
    Meta(
        pattern="^[A-Z]{3}$",
        min_length=3,
        max_length=3,
        examples=["GBP"],
        extra={"words": "a currency code of three capital letters, such as GBP"},
    ),
]


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An amount in minor units (pence), for each unit and each hour, day or booking."""

    amount: Amount
    currency: Currency
    per: Per


class Allowance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many minutes all bookers together may have of all units of an asset in each week, from Monday, or month."""

    minutes: Annotated[int, Meta(ge=1, le=100_000_000)]
    every: Every


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`shortest_minutes` and `longest_minutes` are elapsed; notice and horizon count to the start, in days of
    24 hours; starts and ends lie on a step of their local day. `price` null: free. `community_price`, for
    charities, groups, schools and libraries, null: as price. `check_in_grace_minutes` null: no check-in.
    `recallable`: the owner may have back what is booked from now on. `allowance` null: as much as there is.
    """

    approval: bool = False
    hold_minutes: Annotated[int, Meta(ge=1, le=7 * DAY)] = 15
    shortest_minutes: Annotated[int, Meta(ge=1, le=YEAR)] = 30
    longest_minutes: Annotated[int, Meta(ge=1, le=YEAR)] | None = None
    step_minutes: Annotated[int, Meta(ge=1, le=DAY)] = 15
    notice_minutes: Minutes = 0
    horizon_days: Annotated[int, Meta(ge=1, le=3660)] = 365
    turnaround_before_minutes: Annotated[int, Meta(ge=0, le=7 * DAY)] = 0
    turnaround_after_minutes: Annotated[int, Meta(ge=0, le=7 * DAY)] = 0
    price: Price | None = None
    community_price: Price | None = None
    requires: Annotated[list[ShortText], Meta(max_length=20)] = []
    cancel_notice_minutes: Minutes = 0
    approval_hours: Annotated[int, Meta(ge=1, le=8784)] = 72
    on_deadline: OnDeadline = "decline"
    offer_minutes: Annotated[int, Meta(ge=1, le=YEAR)] = 720
    check_in_grace_minutes: Annotated[int, Meta(ge=0, le=DAY)] | None = None
    recallable: bool = False
    min_attendees: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    allowance: Allowance | None = None


def faults(terms: Terms, pointer: str = "#/terms") -> Iterator[Fault]:
    """What is wrong with terms beyond their types; requirements are the taxonomy's business."""
    if DAY % terms.step_minutes:
        yield Fault(f"{pointer}/step_minutes", "It must divide a day of 1440 minutes, as 15, 30 and 60 do.")
    if terms.longest_minutes is not None and terms.longest_minutes < terms.shortest_minutes:
        yield Fault(f"{pointer}/longest_minutes", f"At least shortest_minutes: {terms.shortest_minutes}.")
    if terms.price and terms.community_price and terms.price.currency != terms.community_price.currency:
        yield Fault(f"{pointer}/community_price/currency", f"It must be the currency of price, {terms.price.currency}.")
