"""Asking for a place and getting it: what is asked, what it comes to, what is refused and why."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from domain import permissions, units
from domain.assets import Arrival, AssetSummary
from domain.callers import Caller
from domain.costs import Cost, cost, price_for
from domain.errors import Fault, Invalid, NotBookable, StateDoesNotAllow
from domain.occurrences import CANCELLABLE, BookingState, Occurrence, booking_state, outcomes
from domain.reasons import Reason, reason
from domain.taxonomy import taxonomy
from domain.terms import Price
from domain.time import ClockChangeKind, Period, clock_change, wall_clock, weeks_later
from domain.types import Instant, LocalDate, LongText, ShortText
from domain.units import Seat, Wish

LONGEST = timedelta(days=366)
MOST_SEATS = 5000
CODE_AHEAD = timedelta(hours=24)
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


class PeriodRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When: from `starts_at`, up to and not including `ends_at`."""

    starts_at: Instant
    ends_at: Instant


class Repeats(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same wall-clock period every so many weeks; `count` includes the dates in `except_on`."""

    starts_at: Instant
    ends_at: Instant
    count: Annotated[int, Meta(ge=1, le=200)]
    every_weeks: Annotated[int, Meta(ge=1, le=52)] = 1
    except_on: Annotated[list[LocalDate], Meta(max_length=200)] = []


class Purpose(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What for: a code of the published list, and in the booker's words (private to owner and booker)."""

    code: ShortText
    text: LongText | None = None


class BookingRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A booking as sent: one asset, and either `periods` or `repeats`."""

    asset_id: UUID
    periods: Annotated[list[PeriodRequest], Meta(min_length=1, max_length=200)] | None = None
    repeats: Repeats | None = None
    booker_id: UUID | None = None
    units: Annotated[int, Meta(ge=1, le=10_000)] = 1
    attendees: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    purpose: Purpose | None = None
    open_to_public: bool = False
    notes: LongText | None = None
    hold: bool = False
    if_some_unavailable: Literal["refuse", "skip"] = "refuse"
    dry_run: bool = False


class ClockChange(msgspec.Struct, frozen=True):
    """A wall-clock time of a series that its zone skips or repeats on that day."""

    occurrence_id: UUID
    local: str
    change: ClockChangeKind


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """A booker's claim on an asset. `may`: the operations that the caller can do on it now."""

    id: UUID
    reference: str
    owner_id: UUID
    booker_id: UUID
    asset: AssetSummary
    state: BookingState
    outcomes: dict[str, int]
    attendees: int | None
    units: int
    purpose: Purpose | None
    open_to_public: bool
    notes: str | None
    on_behalf_of: None
    cost: Cost
    hold_expires_at: datetime | None
    decide_by: datetime | None
    occurrences: list[Occurrence]
    may: list[str]
    clock_changes: list[ClockChange]
    arrival: Arrival | None
    created_at: datetime
    updated_at: datetime


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A booking as the database keeps it, with what of its asset it takes to answer and to change it."""

    id: UUID
    reference: str
    owner_id: UUID
    booker_id: UUID
    asset: AssetSummary
    attendees: int | None
    units: int
    purpose: Purpose | None
    open_to_public: bool
    notes: str | None
    on_behalf_of: None
    cost: Cost
    decide_by: datetime | None
    clock_changes: list[ClockChange]
    created_at: datetime
    updated_at: datetime
    version: int
    cancel_notice_minutes: int
    arrival: Arrival | None
    hold_expires_at: datetime | None
    occurrences: list[Occurrence]


class BookingFilter(msgspec.Struct, frozen=True):
    """Which bookings are asked for; None: whatever it is. With instants, those with an occurrence that touches them."""

    owner_id: UUID | None
    booker_id: UUID | None
    asset_id: UUID | None
    state: BookingState | None
    starts_at: datetime | None
    ends_at: datetime | None


class BookingPage(msgspec.Struct, frozen=True):
    """Bookings, and the cursor to the next."""

    items: list[Booking]
    next: str | None


class Alternative(msgspec.Struct, frozen=True):
    """Something else that could be booked instead."""

    asset: AssetSummary
    starts_at: datetime
    ends_at: datetime
    distance_m: int
    units_free: int


class Refusal(msgspec.Struct, frozen=True):
    """One occurrence of a refused request, with everything that speaks against it."""

    starts_at: datetime
    ends_at: datetime
    free: bool
    why_not: list[Reason]
    alternatives: list[Alternative]


class Asked(msgspec.Struct, frozen=True):
    """One period that a request comes to, with the name it will have."""

    id: UUID
    period: Period


def check(request: BookingRequest) -> None:
    """Raises Invalid with what is wrong with a request whatever the asset."""
    faults = []
    if request.hold:
        faults.append(Fault("#/hold", "Holds are not offered yet; leave it out or send false."))
    if request.purpose is not None and request.purpose.code not in taxonomy().purposes:
        faults.append(Fault("#/purpose/code", "No such code in the published list; see /v1/purposes."))
    if faults:
        raise Invalid(faults)


def expand(request: BookingRequest, zone: ZoneInfo) -> list[Period]:
    """The periods that a request comes to, in the order asked. Raises Invalid with every fault it finds."""
    if (request.periods is None) == (request.repeats is None):
        raise Invalid([Fault("#/periods", "Send either periods or repeats.")])
    if request.repeats is not None:
        periods = repeated(request.repeats, zone)
        pointers = ["#/repeats"] * len(periods)
    else:
        periods = [Period(each.starts_at, each.ends_at) for each in request.periods or ()]
        pointers = [f"#/periods/{n}" for n in range(len(periods))]
    faults = [fault for period, pointer in zip(periods, pointers, strict=True) for fault in ill(period, pointer)]
    if request.repeats is not None:
        faults = faults[:1]
    if request.units * len(periods) > MOST_SEATS:
        faults.append(Fault("#/units", f"At most {MOST_SEATS} in one request, all its periods together."))
    if faults := faults or overlapping(periods, pointers):
        raise Invalid(faults)
    return periods


def ill(period: Period, pointer: str) -> list[Fault]:
    """What is wrong with one period by itself."""
    if period.ends_at <= period.starts_at:
        return [Fault(f"{pointer}/ends_at", "It must be later than starts_at.")]
    if period.ends_at - period.starts_at > LONGEST:
        return [Fault(f"{pointer}/ends_at", "No period is longer than 366 days.")]
    return []


def overlapping(periods: Sequence[Period], pointers: Sequence[str]) -> list[Fault]:
    """Neighbours in time that share a moment."""
    order = sorted(range(len(periods)), key=lambda n: periods[n].starts_at)
    return [
        Fault(pointers[second], f"Occurrences {first + 1} and {second + 1} overlap.")
        for first, second in pairwise(order)
        if periods[second].starts_at < periods[first].ends_at
    ]


def repeated(repeats: Repeats, zone: ZoneInfo) -> list[Period]:
    """Every occurrence of a series but the excepted dates; ill first periods are left to `expand`."""
    first = Period(repeats.starts_at, repeats.ends_at)
    if ill(first, ""):
        return [first]
    starts_on = wall_clock(first.starts_at, zone).date()
    dates = {starts_on + timedelta(weeks=repeats.every_weeks * n): n for n in range(repeats.count)}
    strange = [
        Fault(f"#/repeats/except_on/{n}", "The series has no occurrence on this date.")
        for n, day in enumerate(repeats.except_on)
        if day not in dates
    ]
    if strange:
        raise Invalid(strange)
    left = [n for day, n in dates.items() if day not in repeats.except_on]
    if not left:
        raise Invalid([Fault("#/repeats/except_on", "No occurrence is left.")])
    if first.starts_at.year + repeats.every_weeks * repeats.count // 52 > 2199:
        raise Invalid([Fault("#/repeats/count", "The series goes beyond the year 2200.")])
    return [weeks_later(first, zone, repeats.every_weeks * n) for n in left]


def clock_changes(request: BookingRequest, asked: Sequence[Asked], zone: ZoneInfo) -> list[ClockChange]:
    """Where the wall-clock times of a series are skipped or repeated; sent instants are what they are."""
    if request.repeats is None:
        return []
    starts, ends = (wall_clock(moment, zone) for moment in (request.repeats.starts_at, request.repeats.ends_at))
    changes = []
    for each in asked:
        if each.period.starts_at == request.repeats.starts_at:
            continue
        days = timedelta(days=7 * round((each.period.starts_at - request.repeats.starts_at) / timedelta(days=7)))
        for wall in (starts + days, ends + days):
            if change := clock_change(wall, zone):
                changes.append(ClockChange(each.id, wall.isoformat(), change))
                if change == "skipped":
                    break  # the end keeps its distance from such a start
    return changes


def reference() -> str:
    """A name for people to read out: eight letters and digits that are hard to mistake."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def refusals(asked: Iterable[Asked], why_not: Mapping[UUID, list[Reason]]) -> list[Refusal]:
    """Every occurrence of a request that is refused, the free ones too."""
    return [
        Refusal(each.period.starts_at, each.period.ends_at, not why_not.get(each.id), why_not.get(each.id, []), [])
        for each in asked
    ]


def present(stored: Stored, caller: Caller, now: datetime) -> Booking:
    """A booking as it is answered to one of its two organisations."""
    changeable = any(each.state in CANCELLABLE for each in stored.occurrences)
    may_cancel = changeable and permissions.allows(
        "cancelBooking", caller, owner_id=stored.owner_id, booker_id=stored.booker_id
    )
    given = {name: getattr(stored, name) for name in stored.__struct_fields__ if name in Booking.__struct_fields__}
    return Booking(
        **given
        | {
            "state": booking_state(stored.occurrences),
            "outcomes": outcomes(stored.occurrences),
            "may": ["cancelBooking"] if may_cancel else [],
            "arrival": arrival_at(stored, now),
        }
    )


def arrival_at(stored: Stored, now: datetime) -> Arrival | None:
    """How to get in while anything is to come; the code from 24 hours before a confirmed occurrence to its end."""
    if booking_state(stored.occurrences) == "ended":
        return None
    soon = any(
        each.state in ("confirmed", "checked_in") and each.starts_at - CODE_AHEAD <= now < each.ends_at
        for each in stored.occurrences
    )
    if stored.arrival is None or soon:
        return stored.arrival
    return msgspec.structs.replace(stored.arrival, code=None)


class Scope(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which occurrences a change is for: exactly one of the three."""

    occurrence_ids: Annotated[list[UUID], Meta(min_length=1, max_length=200)] | None = None
    from_occurrence_id: UUID | None = None
    all: bool = False
    note: LongText | None = None
    dry_run: bool = False


class Cancellation(Scope, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Occurrences to give back, and a note that owner and booker see."""


def in_scope(scope: Scope, occurrences: Sequence[Occurrence]) -> list[Occurrence]:
    """The occurrences that a change names, by start. Raises Invalid for a scope that names none or two ways."""
    ways = [scope.occurrence_ids is not None, scope.from_occurrence_id is not None, scope.all]
    if sum(ways) != 1:
        raise Invalid([Fault("#", "Send exactly one of occurrence_ids, from_occurrence_id and all: true.")])
    known = {each.id: each for each in occurrences}
    if scope.all:
        return list(occurrences)
    if scope.from_occurrence_id is not None:
        first = known.get(scope.from_occurrence_id)
        if first is None:
            raise Invalid([Fault("#/from_occurrence_id", "This booking has no such occurrence.")])
        return [each for each in occurrences if each.starts_at >= first.starts_at]
    ids = scope.occurrence_ids or []
    strange = [
        Fault(f"#/occurrence_ids/{n}", "This booking has no such occurrence.")
        for n, each in enumerate(ids)
        if each not in known
    ]
    if strange:
        raise Invalid(strange)
    return [each for each in occurrences if each.id in ids]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """An asset under lock, with what of it a booking needs."""

    id: UUID
    owner_id: UUID
    timezone: str
    units: int
    turnaround_before_minutes: int
    turnaround_after_minutes: int
    price: Price | None
    community_price: Price | None
    cancel_notice_minutes: int
    arrival: Arrival | None

    @property
    def zone(self) -> ZoneInfo:
        """The zone of its site."""
        return ZoneInfo(self.timezone)

    def wish(self, asked: Asked, units: int) -> Wish:
        """What a period takes of it, turnaround included."""
        before, after = (
            timedelta(minutes=minutes) for minutes in (self.turnaround_before_minutes, self.turnaround_after_minutes)
        )
        return Wish(asked.id, units, asked.period.starts_at - before, asked.period.ends_at + after)


class Plan(msgspec.Struct, frozen=True):
    """The periods that can be had, and for each of the others why not."""

    wishes: list[Wish]
    why_not: dict[UUID, list[Reason]]


def plan(
    request: BookingRequest,
    place: Place,
    asked: Sequence[Asked],
    why_not: Mapping[int, list[Reason]],
    seats: Sequence[Seat],
) -> Plan:
    """Decide on every period of a request, its own earlier ones counted like anybody's.

    `why_not`, by place in the request, is what the database's rules say, `seats` who sits where. Raises
    NotBookable, with every occurrence, when the request refuses gaps and has one, or when nothing is left.
    """
    against = {each.id: why_not[n] for n, each in enumerate(asked) if n in why_not}
    wishes = [place.wish(each, request.units) for each in asked if each.id not in against]
    accepted = units.accept(wishes, seats, place.units)
    taken = accepted_seats(accepted, seats)
    for wish in wishes:
        if wish not in accepted:
            against[wish.occurrence] = [taken_by_itself(wish, place, taken)]
    if not accepted or (against and request.if_some_unavailable == "refuse"):
        raise NotBookable(refusals(asked, against))
    return Plan(accepted, against)


def accepted_seats(accepted: Iterable[Wish], seats: Iterable[Seat]) -> list[Seat]:
    """Who sits where, with the accepted wishes somewhere."""
    own = [Seat(0, wish.lower, wish.upper, wish.occurrence) for wish in accepted for _ in range(wish.units)]
    return [*seats, *own]


def taken_by_itself(wish: Wish, place: Place, seats: Sequence[Seat]) -> Reason:
    """Too few units remain once earlier occurrences of the same request have theirs."""
    numbers: dict[str, int | str] = {
        "units": place.units,
        "units_free": place.units - units.most_taken(seats, wish.lower, wish.upper),
        "units_wanted": wish.units,
        "turnaround_before_minutes": place.turnaround_before_minutes,
        "turnaround_after_minutes": place.turnaround_after_minutes,
    }
    return reason("taken", passed=False, numbers=numbers, asset_id=place.id)


def settle(
    request: BookingRequest,
    place: Place,
    asked: Sequence[Asked],
    planned: Plan,
    seats: Iterable[Seat],
    *,
    summary: AssetSummary,
    booking_id: UUID,
    caller: Caller,
    now: datetime,
) -> Stored:
    """The booking as it is stored, from the seats it has got."""
    numbers: dict[UUID | None, list[int]] = {}
    for each in seats:
        numbers.setdefault(each.occurrence, []).append(each.unit)
    got = [each.period for each in asked if each.id not in planned.why_not]
    price = price_for(caller.kind, place.price, place.community_price)
    return Stored(
        id=booking_id,
        reference=reference(),
        owner_id=place.owner_id,
        booker_id=caller.organisation_id,
        asset=summary,
        attendees=request.attendees,
        units=request.units,
        purpose=request.purpose,
        open_to_public=request.open_to_public,
        notes=request.notes,
        on_behalf_of=None,
        cost=cost(price, got, request.units),
        decide_by=None,
        clock_changes=clock_changes(request, asked, place.zone),
        created_at=now,
        updated_at=now,
        version=1,
        cancel_notice_minutes=place.cancel_notice_minutes,
        arrival=place.arrival,
        hold_expires_at=None,
        occurrences=[
            Occurrence(
                id=each.id,
                starts_at=each.period.starts_at,
                ends_at=each.period.ends_at,
                timezone=place.timezone,
                units=request.units,
                unit_numbers=sorted(numbers.get(each.id, [])),
                state="skipped" if each.id in planned.why_not else "confirmed",
                why_not=planned.why_not.get(each.id, []),
                note=None,
                cancelled_late=False,
                sequence=0,
            )
            for each in sorted(asked, key=lambda one: (one.period.starts_at, one.id))
        ],
    )


def cancel(cancellation: Cancellation, stored: Stored, caller: Caller, now: datetime) -> list[Occurrence]:
    """The occurrences that a cancellation changes, as they are then.

    Late: by the booker, nearer to the start than the owner's notice. Raises StateDoesNotAllow when one that is
    named cannot be cancelled any more, or none is left that can.
    """
    scope = in_scope(cancellation, stored.occurrences)
    chosen = [each for each in scope if each.state in CANCELLABLE]
    if not chosen or (cancellation.occurrence_ids is not None and len(chosen) < len(scope)):
        states = ", ".join(sorted({each.state for each in scope}))
        raise StateDoesNotAllow(
            f"It is {states}; only what is {', '.join(CANCELLABLE)} can be cancelled.", states=CANCELLABLE
        )
    notice = timedelta(minutes=stored.cancel_notice_minutes)
    booker = caller.organisation_id == stored.booker_id
    return [
        msgspec.structs.replace(
            each,
            state="cancelled",
            unit_numbers=[],
            note=cancellation.note if cancellation.note is not None else each.note,
            cancelled_late=booker and each.state == "confirmed" and now > each.starts_at - notice,
            sequence=each.sequence + 1,
        )
        for each in chosen
    ]


def changed(stored: Stored, occurrences: Sequence[Occurrence], now: datetime) -> Stored:
    """A booking after some of its occurrences changed."""
    new = {each.id: each for each in occurrences}
    return msgspec.structs.replace(
        stored,
        occurrences=[new.get(each.id, each) for each in stored.occurrences],
        updated_at=now,
        version=stored.version + 1,
    )


def in_events(occurrences: Iterable[Occurrence]) -> dict[str, dict[str, Any]]:
    """Occurrences as events hold them: no text, no person."""
    return {
        str(each.id): {
            "state": each.state,
            "starts_at": each.starts_at,
            "ends_at": each.ends_at,
            "units": each.units,
        }
        for each in occurrences
    }


def texts(stored: Stored) -> list[str]:
    """The names of the private texts that a booking has: all that an event says of them."""
    given = {"notes": stored.notes, "purpose": stored.purpose and stored.purpose.text}
    return [name for name, text in given.items() if text is not None]
