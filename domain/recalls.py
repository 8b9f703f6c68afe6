"""Taking back what was booked."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from domain.bookings import Alternative, Stored
from domain.changes import Scope
from domain.errors import StateDoesNotAllow
from domain.occurrences import OccurrenceState
from domain.types import Instant

FINAL = (
    "It was booked on terms that do not let the owner have it back. Close the asset for that time with `recall: true`"
    " (POST /v1/closures), or agree with the booker, and cancel it."
)

# A hold was promised to nobody for good: it ends, and nothing is owed for it.
BECOMES: Mapping[OccurrenceState, OccurrenceState] = {
    "held": "cancelled",
    "pending": "recalled",
    "confirmed": "recalled",
}


class BookingHit(msgspec.Struct, frozen=True):
    """A booked occurrence that no longer fits, in the `state` that it then has. Without `recall` it stays as it is:
    owner and booker talk to each other. With it, the first five recalled have `alternatives`.
    """

    booking_id: UUID
    occurrence_id: UUID
    starts_at: Instant
    ends_at: Instant
    state: OccurrenceState
    alternatives: list[Alternative]


class Recall(Scope, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Occurrences that the owner needs back, and a note that the booker sees."""


def must_be_recallable(booking: Stored) -> None:
    """Raises StateDoesNotAllow for what was not booked on such terms."""
    if not booking.recallable:
        raise StateDoesNotAllow(FINAL)


def taken_back(hits: Sequence[BookingHit], instead: Mapping[UUID, list[Alternative]]) -> list[BookingHit]:
    """Hits as they are once what can be was taken back, with what could be had instead, by occurrence."""
    return [
        msgspec.structs.replace(
            each, state=BECOMES.get(each.state, each.state), alternatives=instead.get(each.occurrence_id, [])
        )
        for each in hits
    ]
