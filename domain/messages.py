"""What owner and booker write to each other about a booking, and how each found it. Private to the two."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from domain.bookings import Stored as StoredBooking
from domain.errors import Fault, Invalid, StateDoesNotAllow
from domain.occurrences import Occurrence
from domain.types import Instant

MessageText = Annotated[str, Meta(min_length=1, max_length=2000, pattern=r"\S")]
Verdict = Literal["well", "problem"]


class MessageRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A message as sent."""

    text: MessageText


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message about a booking. `sender_id`: its owner or booker. `read_at`: when the other said that it was read.
    `text` null: its sender erased it.
    """

    id: UUID
    booking_id: UUID
    sender_id: UUID
    text: str | None
    read_at: Instant | None
    created_at: Instant
    updated_at: Instant


class MessagePage(msgspec.Struct, frozen=True):
    """Messages, newest first, and the cursor to the next."""

    items: list[Message]
    next: str | None


class FeedbackRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How an occurrence that has begun went; `occurrence_id` null: the booking's only one."""

    occurrence_id: UUID | None = None
    verdict: Verdict
    text: MessageText | None = None


class Feedback(msgspec.Struct, frozen=True, kw_only=True):
    """How an occurrence went, as one of the two found it. `giver_id`: the organisation."""

    id: UUID
    booking_id: UUID
    occurrence_id: UUID
    giver_id: UUID
    verdict: Verdict
    text: str | None
    created_at: Instant
    updated_at: Instant


class FeedbackPage(msgspec.Struct, frozen=True):
    """Feedback, newest first, and the cursor to the next."""

    items: list[Feedback]
    next: str | None


HAPPENED = ("confirmed", "checked_in", "completed", "no_show")


def begun(booking: StoredBooking, occurrence_id: UUID | None, now: Instant) -> Occurrence:
    """The occurrence that one tells of. Raises Invalid, and StateDoesNotAllow for what has not taken place."""
    named = [each for each in booking.occurrences if occurrence_id in {None, each.id}]
    if len(named) > 1:
        raise Invalid([Fault("#/occurrence_id", "It is required where a booking has several occurrences.")])
    if not named:
        raise Invalid([Fault("#/occurrence_id", "This booking has no such occurrence.")])
    [found] = named
    if found.state not in HAPPENED:
        raise StateDoesNotAllow(f"It is {found.state}, so it did not take place.", states=HAPPENED)
    if found.starts_at > now:
        raise StateDoesNotAllow(f"It begins at {found.starts_at:%Y-%m-%dT%H:%M:%SZ}; tell how it went from then on.")
    return found
