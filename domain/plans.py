"""Which periods of a request can be had, and the booking that they become."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from domain import units
from domain.assets import Arrival, AssetSummary
from domain.bookings import Refusal, Stored, reference
from domain.callers import Caller
from domain.costs import Part, cost, price_for
from domain.errors import Fault, Invalid, NotBookable, Unmet
from domain.occurrences import Occurrence
from domain.reasons import Reason, reason
from domain.requests import MOST_SEATS, Asked, BookingRequest, Wanted, clock_changes
from domain.terms import Allowance, OnDeadline, Price
from domain.time import Period
from domain.units import Seat, Wish


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """An asset under lock, with what of it a booking needs."""

    id: UUID
    owner_id: UUID
    timezone: str
    units: int
    approval: bool
    hold_minutes: int
    approval_hours: int
    on_deadline: OnDeadline
    cancel_notice_minutes: int
    offer_minutes: int
    check_in_grace_minutes: int | None
    recallable: bool
    turnaround_before_minutes: int
    turnaround_after_minutes: int
    price: Price | None
    community_price: Price | None
    allowance: Allowance | None
    arrival: Arrival | None

    @property
    def zone(self) -> ZoneInfo:
        """The zone of its site."""
        return ZoneInfo(self.timezone)

    def wish(self, asked: Asked, now: datetime) -> Wish:
        """What a period takes of it, turnaround included: of what gives back as it was, and before what has begun no
        more than that.
        """
        before, after = (
            timedelta(minutes=minutes) for minutes in (self.turnaround_before_minutes, self.turnaround_after_minutes)
        )
        if asked.had and asked.gives_back:
            before, after = asked.had.turnaround
        elif asked.had and asked.begun(now):  # no further back than it is looked at who sits where
            before = min(before, asked.had.turnaround[0])
        lower, upper = asked.period.starts_at - before, asked.period.ends_at + after
        on = asked.had.units[: asked.units] if asked.had else ()
        return Wish(asked.id, asked.units, lower, upper, on, asked.begun(now))


class Attendance(msgspec.Struct, frozen=True):
    """That what is confirmed must be checked in: since when it is, and how long it may take from then or its start."""

    since: datetime
    grace: timedelta

    def due(self, period: Period) -> datetime | None:
        """By when, and no later than at its end; None where that would not be after it is confirmed."""
        due = min(max(self.since, period.starts_at) + self.grace, period.ends_at)
        return due if due > self.since else None


class Claim(msgspec.Struct, frozen=True):
    """What an occurrence becomes that gets its place, when it ends (`held_until`) or is approved by itself, and what of
    it must be checked in once it is confirmed.
    """

    state: Literal["held", "pending", "confirmed"]
    held_until: datetime | None = None
    approved_from: datetime | None = None
    attendance: Attendance | None = None

    @property
    def decide_by(self) -> datetime | None:
        """The deadline of a request."""
        return self.approved_from or self.held_until if self.state == "pending" else None

    def check_in_by(self, period: Period) -> datetime | None:
        """By when somebody must have checked in to it."""
        return self.attendance.due(period) if self.attendance else None

    def until(self, period: Period) -> datetime | None:
        """When its place is free by itself."""
        return self.held_until or self.check_in_by(period)


def confirmed(place: Place, at: datetime) -> Claim:
    """The claim on what is confirmed at a moment."""
    return Claim("confirmed", attendance=attendance(place, at))


def attendance(place: Place, since: datetime) -> Attendance | None:
    """What must be checked in of what is confirmed since then."""
    grace = place.check_in_grace_minutes
    return None if grace is None else Attendance(since, timedelta(minutes=grace))


def claim(
    place: Place,
    booker_id: UUID,
    starts_at: Iterable[datetime],
    *,
    hold: bool = False,
    waived: bool = False,
    now: datetime,
) -> Claim:
    """The claim that a booker has on what starts then: the owner's own staff, and `waived`, need no approval. What is
    `waived` need not be checked in either.

    The owner has until the first of them starts, but for what has begun already: it waits as long as any request.
    """
    if hold:
        return Claim("held", held_until=now + timedelta(minutes=place.hold_minutes))
    if waived:
        return Claim("confirmed")
    if not place.approval or booker_id == place.owner_id:
        return confirmed(place, now)
    deadline = min([now + timedelta(hours=place.approval_hours), *(each for each in starts_at if each > now)])
    if place.on_deadline == "approve":
        return Claim("pending", approved_from=deadline, attendance=attendance(place, deadline))
    return Claim("pending", held_until=deadline)


class Locked(Stored, frozen=True, kw_only=True):
    """A booking under lock, with its asset."""

    version: int
    place: Place


class Plan(msgspec.Struct, frozen=True):
    """The periods that can be had, and for each of the others why not."""

    wishes: list[Wish]
    why_not: dict[UUID, list[Reason]]


def plan(
    wanted: Wanted,
    place: Place,
    why_not: Mapping[int, list[Reason]],
    seats: Sequence[Seat],
    rows: int,
    *,
    booker_id: UUID,
    now: datetime,
) -> Plan:
    """Decide on every period, earlier ones counted like anybody's.

    `why_not`, by place among the periods, is what the database's rules say, `seats` who sits where, `rows` how many
    units one takes, parts included. Raises NotBookable, with every occurrence, when none may be left out and one
    must be, or when nothing is left; Invalid when it takes too much at once.
    """
    against = {each.id: why_not[n] for n, each in enumerate(wanted.asked) if n in why_not}
    wishes = [place.wish(each, now) for each in wanted.asked if each.id not in against]
    accepted = units.accept(wishes, seats, place.units)
    taken = accepted_seats(accepted, seats)
    for wish in wishes:
        if wish not in accepted:
            against[wish.occurrence] = [taken_by_itself(wish, place, taken)]
    if not accepted or (against and not wanted.skip):
        refused = refusals(wanted.asked, against)
        unmet = Unmet(place.id, place.owner_id, booker_id, wanted.units, wanted.attendees, wanted.hold)
        raise NotBookable(refused, unmet, told(refused))
    one = rows * wanted.units
    most = MOST_SEATS // one
    if len(accepted) > most:
        text = f"Each period takes {one} units, parts included; send at most {most} at once."
        raise Invalid([Fault(wanted.pointer, text)])
    return Plan(accepted, against)


def accepted_seats(accepted: Iterable[Wish], seats: Iterable[Seat]) -> list[Seat]:
    """Who sits where, with the accepted wishes somewhere."""
    return [*seats, *(seat for wish in accepted for seat in wish.seats([0] * wish.units))]


def taken_by_itself(wish: Wish, place: Place, seats: Sequence[Seat]) -> Reason:
    """Too few units remain once earlier occurrences of the same request have theirs, or, of what has begun and stays
    where it is, those on which others have begun since.
    """
    free = place.units - units.most_taken(seats, wish.lower, wish.upper)
    numbers: dict[str, int | str] = {
        "units": place.units,
        "units_free": min(free, wish.units - 1),
        "units_wanted": wish.units,
        "turnaround_before_minutes": place.turnaround_before_minutes,
        "turnaround_after_minutes": place.turnaround_after_minutes,
    }
    return reason("taken", passed=False, numbers=numbers, asset_id=place.id)


def refusals(asked: Iterable[Asked], why_not: Mapping[UUID, list[Reason]]) -> list[Refusal]:
    """Every occurrence of a request that is refused, the free ones too."""
    return [
        Refusal(each.period.starts_at, each.period.ends_at, not why_not.get(each.id), why_not.get(each.id, []), [])
        for each in asked
    ]


def told(occurrences: Sequence[Refusal]) -> str:
    """How many periods cannot be booked, and why the first of them cannot."""
    wrong = [each for each in occurrences if not each.free]
    why = " ".join(reason.text for reason in wrong[0].why_not)
    if len(occurrences) == 1:
        return why
    first = f"{wrong[0].starts_at:%Y-%m-%dT%H:%M:%SZ}"
    return f"{len(wrong)} of {len(occurrences)} periods cannot be booked; the one at {first}: {why}"


def settle(
    request: BookingRequest,
    place: Place,
    wanted: Wanted,
    planned: Plan,
    seats: Iterable[Seat],
    claimed: Claim,
    *,
    summary: AssetSummary,
    booking_id: UUID,
    caller: Caller,
    now: datetime,
) -> Stored:
    """The booking as it is stored, from the seats it has got."""
    numbers = unit_numbers(seats)
    got = [Part(each.period, each.units) for each in wanted.asked if each.id not in planned.why_not]
    price = price_for(caller.kind, place.price, place.community_price)
    return Stored(
        id=booking_id,
        reference=reference(),
        owner_id=place.owner_id,
        booker_id=caller.organisation_id,
        need_id=request.need_id,
        asset=summary,
        attendees=request.attendees,
        units=request.units,
        purpose=request.purpose,
        open_to_public=request.open_to_public,
        notes=request.notes,
        on_behalf_of=request.on_behalf_of,
        recallable=place.recallable,
        cancel_notice_minutes=place.cancel_notice_minutes,
        cost=cost(price, got, request.units, place.zone),
        decide_by=claimed.decide_by,
        clock_changes=clock_changes(request, wanted.asked, place.zone),
        created_at=now,
        updated_at=now,
        arrival=None if request.dry_run else place.arrival,  # how to get in is for who has a booking
        hold_expires_at=claimed.held_until if claimed.state == "held" else None,
        occurrences=[
            Occurrence(
                id=each.id,
                starts_at=each.period.starts_at,
                ends_at=each.period.ends_at,
                timezone=place.timezone,
                units=request.units,
                unit_numbers=numbers.get(each.id, []),
                state="skipped" if each.id in planned.why_not else claimed.state,
                why_not=planned.why_not.get(each.id, []),
                note=None,
                cancelled_late=False,
                check_in_by=None if each.id in planned.why_not else claimed.check_in_by(each.period),
                sequence=0,
            )
            for each in sorted(wanted.asked, key=lambda one: (one.period.starts_at, one.id))
        ],
    )


def unit_numbers(seats: Iterable[Seat]) -> dict[UUID | None, list[int]]:
    """Which units each occurrence has."""
    numbers: dict[UUID | None, list[int]] = {}
    for each in sorted(seats, key=lambda seat: seat.unit):
        numbers.setdefault(each.occurrence, []).append(each.unit)
    return numbers
