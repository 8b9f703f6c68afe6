"""One period of a booking, with its own state."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain.reasons import Reason

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
CANCELLABLE: tuple[OccurrenceState, ...] = ("held", "pending", "confirmed")
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
    """`unit_numbers`: which of the identical units, until the occurrence is over or gives them back."""

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
    sequence: int


class BookingBrief(msgspec.Struct, frozen=True):
    """The booking that an occurrence belongs to."""

    id: UUID
    reference: str
    attendees: int | None
    units: int


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


class OccurrenceFilter(msgspec.Struct, frozen=True):
    """Which occurrences are asked for; None: whatever it is. With instants, those that touch the period."""

    owner_id: UUID | None
    site_id: UUID | None
    asset_id: UUID | None
    booker_id: UUID | None
    state: OccurrenceState | None
    starts_at: datetime | None
    ends_at: datetime | None


def booking_state(occurrences: Iterable[Occurrence]) -> BookingState:
    """The first open state that any occurrence still has, else `ended`."""
    states = {each.state for each in occurrences}
    return next((state for state in OPEN if state in states), "ended")


def outcomes(occurrences: Iterable[Occurrence]) -> dict[str, int]:
    """How many occurrences ended in each way, 0 included."""
    states = [each.state for each in occurrences]
    return {state: states.count(state) for state in OUTCOMES}
