"""One period of a booking, with its own state."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from domain.reasons import Reason
from domain.requests import OnBehalfOf, Purpose
from domain.time import Period, wall_clock

OccurrenceState = Literal[
    "held",
    "pending",
    "confirmed",
    "checked_in",
    "completed",
    "expired",
    "declined",
    "lapsed",
    "cancelled",
    "recalled",
    "no_show",
    "skipped",
]
BookingState = Literal["held", "pending", "checked_in", "confirmed", "ended"]
OPEN: tuple[BookingState, ...] = ("held", "pending", "checked_in", "confirmed")
STANDING: tuple[OccurrenceState, ...] = ("held", "pending", "confirmed", "checked_in", "completed")
When = Literal["today", "tomorrow", "this_week"]
# How far these days reach to either side of now in any zone, with an hour or two for a change of its clocks.
NEAR: Mapping[When, tuple[timedelta, timedelta]] = {
    "today": (timedelta(hours=26), timedelta(hours=26)),
    "tomorrow": (timedelta(0), timedelta(hours=50)),
    "this_week": (timedelta(days=7, hours=2), timedelta(days=7, hours=2)),
}
OUTCOMES: tuple[OccurrenceState, ...] = (
    "completed",
    "cancelled",
    "expired",
    "declined",
    "lapsed",
    "recalled",
    "no_show",
    "skipped",
)


class Occurrence(msgspec.Struct, frozen=True):
    """`unit_numbers`: which of the identical units, until the occurrence is over or gives them back. `check_in_by`:
    when it becomes a no-show by itself, unless somebody has checked in; null: nobody need.
    """

    id: UUID
    starts_at: datetime
    ends_at: datetime
    timezone: str
    units: int
    unit_numbers: list[int]
    state: OccurrenceState
    why_not: list[Reason]
    note: str | None
    cancelled_late: bool
    check_in_by: datetime | None
    sequence: int

    @property
    def period(self) -> Period:
        """From when to when."""
        return Period(self.starts_at, self.ends_at)


class BookingBrief(msgspec.Struct, frozen=True):
    """The booking that an occurrence belongs to: who comes, what for, and what they asked."""

    id: UUID
    reference: str
    attendees: int | None
    units: int
    purpose: Purpose | None
    notes: str | None
    on_behalf_of: OnBehalfOf | None


class AssetBrief(msgspec.Struct, frozen=True):
    """An asset by its title."""

    id: UUID
    title: str


class SiteBrief(msgspec.Struct, frozen=True):
    """A site by its name."""

    id: UUID
    name: str


class OrganisationBrief(msgspec.Struct, frozen=True):
    """An organisation by its name."""

    id: UUID
    name: str


class OccurrenceRow(Occurrence, frozen=True):
    """An occurrence with what a caretaker needs to know: who is here today."""

    booking: BookingBrief
    asset: AssetBrief
    site: SiteBrief
    booker: OrganisationBrief


class OccurrencePage(msgspec.Struct, frozen=True):
    """Occurrences by start, and the cursor to the next."""

    items: list[OccurrenceRow]
    next: str | None


def on_site(row: Occurrence, moment: datetime) -> datetime:
    """A moment as a clock at its site shows it."""
    return wall_clock(moment, ZoneInfo(row.timezone))


# An occurrence on one line of a sheet, for people at the site.
COLUMNS: Mapping[str, Callable[[OccurrenceRow], object]] = {
    "starts_on": lambda row: on_site(row, row.starts_at).date(),
    "from": lambda row: f"{on_site(row, row.starts_at):%H:%M}",
    "ends_on": lambda row: on_site(row, row.ends_at).date(),
    "until": lambda row: f"{on_site(row, row.ends_at):%H:%M}",
    "asset": lambda row: row.asset.title,
    "site": lambda row: row.site.name,
    "booker": lambda row: row.booker.name,
    "on_behalf_of": lambda row: row.booking.on_behalf_of and row.booking.on_behalf_of.name,
    "reference": lambda row: row.booking.reference,
    "attendees": lambda row: row.booking.attendees,
    "units": lambda row: row.units,
    "unit_numbers": lambda row: " ".join(map(str, row.unit_numbers)),
    "state": lambda row: row.state,
    "purpose": lambda row: row.booking.purpose and row.booking.purpose.code,
    "notes": lambda row: row.booking.notes,
    "note": lambda row: row.note,
    "timezone": lambda row: row.timezone,
    "starts_at": lambda row: f"{row.starts_at:%Y-%m-%dT%H:%M:%SZ}",
    "ends_at": lambda row: f"{row.ends_at:%Y-%m-%dT%H:%M:%SZ}",
    "id": lambda row: row.id,
    "booking_id": lambda row: row.booking.id,
}


class OccurrenceFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which occurrences are asked for; None: whatever it is. With instants, those that touch the period; with `when`
    those that touch these days at their site, and unless a state is asked for, only what stands.
    """

    owner_id: UUID | None = None
    site_id: UUID | None = None
    asset_id: UUID | None = None
    booker_id: UUID | None = None
    state: OccurrenceState | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    when: When | None = None

    def states(self) -> tuple[OccurrenceState, ...] | None:
        """The states asked for; None: any."""
        if self.state is not None:
            return (self.state,)
        return STANDING if self.when else None

    def during(self, now: datetime) -> tuple[datetime | None, datetime | None]:
        """Instants between which all of it lies, whatever the zone."""
        if self.when is None:
            return self.starts_at, self.ends_at
        before, after = NEAR[self.when]
        return now - before, now + after


def booking_state(occurrences: Iterable[Occurrence]) -> BookingState:
    """The first open state that any occurrence still has, else `ended`."""
    states = {each.state for each in occurrences}
    return next((state for state in OPEN if state in states), "ended")


def outcomes(occurrences: Iterable[Occurrence]) -> dict[str, int]:
    """How many occurrences ended in each way, 0 included."""
    states = [each.state for each in occurrences]
    return {state: states.count(state) for state in OUTCOMES}
