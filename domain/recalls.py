"""Taking back what was booked."""

from collections.abc import Mapping

from domain.bookings import Stored
from domain.changes import Scope
from domain.errors import StateDoesNotAllow
from domain.occurrences import OccurrenceState

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


class Recall(Scope, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Occurrences that the owner needs back, and a note that the booker sees."""


def must_be_recallable(booking: Stored) -> None:
    """Raises StateDoesNotAllow for what was not booked on such terms."""
    if not booking.recallable:
        raise StateDoesNotAllow(FINAL)
