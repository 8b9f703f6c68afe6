"""Timetables: hours that many assets of one owner share."""

from uuid import UUID

import msgspec

from domain.hours import Hours, HoursRequest
from domain.recalls import BookingHit
from domain.types import Instant, ShortText


class TimetableRequest(HoursRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A timetable as sent."""

    name: ShortText


class Timetable(Hours, frozen=True, kw_only=True):
    """Hours that many assets of one owner share."""

    id: UUID
    owner_id: UUID
    name: str
    created_at: Instant
    updated_at: Instant


class TimetablePage(msgspec.Struct, frozen=True):
    """Timetables, newest first, and the cursor to the next."""

    items: list[Timetable]
    next: str | None


class HoursChange(msgspec.Struct, frozen=True):
    """An asset's own hours and the bookings that now lie outside them."""

    hours: Hours
    bookings_hit: list[BookingHit]


class TimetableChange(msgspec.Struct, frozen=True):
    """A timetable and the bookings that now lie outside it."""

    timetable: Timetable
    bookings_hit: list[BookingHit]

    @property
    def id(self) -> UUID:
        """The timetable's."""
        return self.timetable.id
