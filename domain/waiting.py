"""Waiting lists: who wants what others have, and in which order they are offered it when it comes free."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from domain.assets import AssetSummary
from domain.callers import OrganisationKind
from domain.errors import Fault, Invalid
from domain.fairness import Contender
from domain.reasons import Reason, ReasonCode
from domain.requests import LONGEST, Purpose, Units
from domain.taxonomy import no_such, taxonomy
from domain.time import Period
from domain.types import Instant

MOST_PLACES = 20
MOST_SKIPPED = 200
# What waiting can help against: others have it, or it is not open.
CURABLE: frozenset[ReasonCode] = frozenset({"taken", "closed"})
# What does not speak against waiting: more may be left by then.
COUNTED: frozenset[ReasonCode] = frozenset({"limit_reached", "allowance_used"})

WaitingState = Literal["waiting", "met", "left", "lapsed"]


class PlaceRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An asset for a period, from `starts_at` up to and not including `ends_at`."""

    asset_id: UUID
    starts_at: Instant
    ends_at: Instant


class WaitingRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is waited for, as sent: any one of some places, or what a booking of one's own skipped, all of it.

    The places of one entry are of one owner, and together no longer than 366 days. `units`, `attendees` and `purpose`
    go with places: a booking has its own.
    """

    any_of: Annotated[list[PlaceRequest], Meta(min_length=1, max_length=MOST_PLACES)] | None = None
    booking_id: UUID | None = None
    units: Units = 1
    attendees: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    purpose: Purpose | None = None
    dry_run: bool = False


class WaitingPlace(msgspec.Struct, frozen=True, kw_only=True):
    """One place that an entry waits for. `occurrence_id`: the skipped occurrence that it is for. `met`: it was had."""

    asset: AssetSummary
    starts_at: datetime
    ends_at: datetime
    occurrence_id: UUID | None
    met: bool


class FreePiece(msgspec.Struct, frozen=True):
    """A part of a place that can be had now."""

    starts_at: datetime
    ends_at: datetime
    units_free: int


class Line(msgspec.Struct, frozen=True):
    """Where an entry stands for one of its places, the first being 1, if that came free now: of those that wait for
    some of the same time how many come before it, as they hold fewer minutes at this owner, how many hold as many,
    among whom a draw decides, and how many come after it. `would_fit`: what of the place is free.
    """

    place: int
    minutes_held: int
    before: int
    equal: int
    after: int
    text: str
    would_fit: list[FreePiece]


class WaitingEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of an owner's waiting lists. When a place comes free, those in line are offered it one after another
    (`offer_id`: what is offered now), whoever holds the fewest minutes at the owner first; when they asked decides
    nothing. `lapsed`: all that it waited for has begun. `may`: the operations that the caller can do on it now.
    """

    id: UUID
    owner_id: UUID
    booker_id: UUID
    booking_id: UUID | None
    state: WaitingState
    units: int
    attendees: int | None
    purpose: Purpose | None
    places: list[WaitingPlace]
    offer_id: UUID | None
    may: list[str]
    created_at: Instant
    updated_at: Instant


class Waiting(WaitingEntry, frozen=True, kw_only=True):
    """An entry of a waiting list and, while it waits, where it stands for each place that it waits for, and why."""

    lines: list[Line]


class WaitingFilter(msgspec.Struct, frozen=True):
    """Which entries are asked for; None: whatever it is."""

    asset_id: UUID | None
    state: WaitingState | None


class WaitingPage(msgspec.Struct, frozen=True):
    """Entries of waiting lists, newest first, and the cursor to the next."""

    items: list[WaitingEntry]
    next: str | None


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A place of an entry that is free, and whose that is."""

    waiting_id: UUID
    number: int
    contender: Contender
    booker_kind: OrganisationKind
    starts_at: datetime
    ends_at: datetime
    units: int
    attendees: int | None
    purpose: Purpose | None


class Skipped(msgspec.Struct, frozen=True):
    """The occurrence that a booking skipped and waits for."""

    booking_id: UUID
    occurrence_id: UUID


class Freed(msgspec.Struct, frozen=True, kw_only=True):
    """What came free, and when: of an asset, its wholes and parts, of those of a timetable or site, or of all that an
    owner has. `spans` None: at any time.
    """

    owner_id: UUID
    asset_id: UUID | None = None
    timetable_id: UUID | None = None
    site_id: UUID | None = None
    moment: datetime
    spans: Sequence[Period] | None = None


def check(request: WaitingRequest, now: datetime) -> None:
    """Raises Invalid with everything that is wrong with what is waited for."""
    if faults := [*faults_of(request, now)]:
        raise Invalid(faults)


def faults_of(request: WaitingRequest, now: datetime) -> Iterator[Fault]:
    """What is wrong with a request, beside what there is."""
    if (request.any_of is None) == (request.booking_id is None):
        yield Fault("#/any_of", "Send either any_of or booking_id.")
    if request.booking_id is not None:
        usual = WaitingRequest()
        for name in ("units", "attendees", "purpose"):
            if getattr(request, name) != getattr(usual, name):
                yield Fault(f"#/{name}", "It cannot be combined with booking_id.")
    if request.purpose is not None and request.purpose.code not in taxonomy().purposes:
        yield Fault("#/purpose/code", no_such(request.purpose.code, "purposes"))
    yield from place_faults(request.any_of or (), now)


def place_faults(places: Sequence[PlaceRequest], now: datetime) -> Iterator[Fault]:
    """What is wrong with places."""
    seen = set()
    for number, each in enumerate(places):
        pointer = f"#/any_of/{number}"
        if each.ends_at <= each.starts_at:
            yield Fault(f"{pointer}/ends_at", "It must be later than starts_at.")
        elif each.ends_at - each.starts_at > LONGEST:
            yield Fault(f"{pointer}/ends_at", "No period is longer than 366 days.")
        elif each.starts_at <= now:
            yield Fault(f"{pointer}/starts_at", "It must be later than now.")
        if each in seen:
            yield Fault(pointer, "It is there twice.")
        seen.add(each)
    if sum((each.ends_at - each.starts_at for each in places), timedelta()) > LONGEST:
        yield Fault("#/any_of", "At most 366 days, all places together.")


def helps(why_not: Collection[Reason]) -> bool:
    """Whether waiting can help to a place against which this speaks."""
    codes = {each.code for each in why_not}
    unverified = any("most_open_bookings" in each.numbers and "limit_id" not in each.numbers for each in why_not)
    return bool(codes & CURABLE) and codes <= CURABLE | COUNTED and not unverified


def line(place: int, minutes: int, others: Sequence[int], would_fit: list[FreePiece]) -> Line:
    """Where a group stands that holds so many minutes, among others that wait for some of the same time."""
    before = sum(each < minutes for each in others)
    equal = sum(each == minutes for each in others)
    held = f"It holds {minutes} minutes at this owner; of {len(others)} others in line {before} hold fewer"
    drawn = f", and {equal} as many, among whom a draw decides" if equal else ""
    return Line(place, minutes, before, equal, len(others) - before - equal, f"{held}{drawn}.", would_fit)
