"""Limits: how much of an owner's assets each booker may have."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from domain import events
from domain.callers import OrganisationKind
from domain.errors import Fault
from domain.hours import as_multirange, join, opening_faults
from domain.needs import Window, in_week
from domain.taxonomy import no_such, taxonomy
from domain.terms import Every
from domain.types import LAST_YEAR, Instant, LocalDate, ShortText

MOST_LIMITS = 50  # of one owner: a booking is tested by all that apply
MOST_DAYS = 3660  # as of a horizon
LONGEST_SEASON = timedelta(days=365)  # from its first date to its last
TEXTS = ("name",)

Counted = Literal["minutes", "open_bookings", "days_ahead"]


class LimitRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What each booker may have at most, as sent; each limit that applies counts.

    Of what: of one asset, of those of a category, or, with neither, of all that the owner has. Whose: of the `kinds` of
    organisation, or everybody's but the owner's. `counts`:

    - `minutes`: of all units together; of what is held, asked for, booked, was used or nobody turned up to, and of what
      was given back late. `every` week (from Monday) or month of each site's clock, or from `starts_on` to `ends_on`,
      both included. With `prime_time` only what lies in these windows of the week.
    - `open_bookings`: what is held, asked for or booked and not over.
    - `days_ahead`: from now to the start, in days of 24 hours.
    """

    name: ShortText | None = None
    asset_id: UUID | None = None
    category: ShortText | None = None
    kinds: Annotated[list[OrganisationKind], Meta(max_length=20)] = []
    counts: Counted
    most: Annotated[int, Meta(ge=0, le=100_000_000)]
    every: Every | None = None
    starts_on: LocalDate | None = None
    ends_on: LocalDate | None = None
    prime_time: Annotated[list[Window], Meta(min_length=1, max_length=21)] | None = None


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """What each booker may have at most. Each limit that applies to a booking counts."""

    id: UUID
    owner_id: UUID
    name: str | None
    asset_id: UUID | None
    category: str | None
    kinds: list[OrganisationKind]
    counts: Counted
    most: int
    every: Every | None
    starts_on: LocalDate | None
    ends_on: LocalDate | None
    prime_time: list[Window] | None
    created_at: Instant
    updated_at: Instant


class LimitPage(msgspec.Struct, frozen=True):
    """Limits, newest first, and the cursor to the next."""

    items: list[Limit]
    next: str | None


def as_sent(limit: Limit) -> LimitRequest:
    """A limit as one would send it."""
    return LimitRequest(**{name: getattr(limit, name) for name in LimitRequest.__struct_fields__})


def told(request: LimitRequest) -> dict[str, object]:
    """What an event tells of a limit: of its name only that it has one."""
    return events.differences({}, msgspec.to_builtins(request), texts=TEXTS)[1]


def faults_of(request: LimitRequest) -> Iterator[Fault]:
    """What is wrong with a limit, beside what there is."""
    if request.asset_id is not None and request.category is not None:
        yield Fault("#/category", "Send asset_id or category, or neither.")
    if request.category is not None and request.category not in taxonomy().categories:
        yield Fault("#/category", no_such(request.category, "categories"))
    for n, kind in enumerate(request.kinds):
        if kind in request.kinds[:n]:
            yield Fault(f"#/kinds/{n}", "It is there twice.")
    if request.counts == "days_ahead" and request.most > MOST_DAYS:
        yield Fault("#/most", f"At most {MOST_DAYS} days.")
    if request.counts == "minutes":
        yield from faults_of_minutes(request)
    else:
        for name in ("every", "starts_on", "ends_on", "prime_time"):
            if getattr(request, name) is not None:
                yield Fault(f"#/{name}", "It goes with minutes only.")


def faults_of_minutes(request: LimitRequest) -> Iterator[Fault]:
    """What is wrong with the time in which a limit counts."""
    if (request.every is None) == (request.starts_on is None):
        yield Fault("#/every", "Send either every, or starts_on and ends_on.")
    if (request.starts_on is None) != (request.ends_on is None):
        yield Fault("#/ends_on", "Send starts_on and ends_on together.")
    elif request.starts_on and request.ends_on and request.ends_on < request.starts_on:
        yield Fault("#/ends_on", "It must not be before starts_on.")
    elif request.starts_on and request.ends_on and request.ends_on - request.starts_on > LONGEST_SEASON:
        yield Fault("#/ends_on", "No season is longer than 366 days.")
    elif request.ends_on and request.ends_on.year >= LAST_YEAR:
        yield Fault("#/ends_on", f"It must be before the year {LAST_YEAR}.")
    yield from opening_faults(request.prime_time or (), "#/prime_time")


def openings(request: LimitRequest) -> str | None:
    """Prime time as an int4multirange, in minutes from the midnight of Monday; Sunday's may end after it."""
    if request.prime_time is None:
        return None
    return as_multirange(join(in_week(each) for each in request.prime_time))
