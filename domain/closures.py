"""Closures: spans of time in which an asset or a whole site is shut, whatever its hours say."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Literal
from uuid import UUID

import msgspec

from domain.errors import Fault
from domain.recalls import BookingHit
from domain.types import Instant, LongText

LONGEST = timedelta(days=3660)

ClosureSource = Literal["manual"]


class ClosureRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A closure as sent: of an asset or of a site, from `starts_at` up to `ends_at`. `dry_run`: say what it
    would hit and store nothing. `recall`: take back what it hits; its bookers see the note.
    """

    asset_id: UUID | None = None
    site_id: UUID | None = None
    starts_at: Instant
    ends_at: Instant
    note: LongText | None = None
    dry_run: bool = False
    recall: bool = False


class Closure(msgspec.Struct, frozen=True, kw_only=True):
    """A closure as answered; one of an asset closes its wholes and parts too."""

    id: UUID
    asset_id: UUID | None
    site_id: UUID | None
    starts_at: Instant
    ends_at: Instant
    note: str | None
    source: ClosureSource
    created_at: Instant
    updated_at: Instant


class ClosurePage(msgspec.Struct, frozen=True):
    """Closures, newest first, and the cursor to the next."""

    items: list[Closure]
    next: str | None


class ClosureChange(msgspec.Struct, frozen=True):
    """A closure and the bookings that lie in it."""

    closure: Closure
    bookings_hit: list[BookingHit]

    @property
    def id(self) -> UUID:
        """The closure's."""
        return self.closure.id


def faults(request: ClosureRequest) -> Iterator[Fault]:
    """What is wrong with a closure beyond its types."""
    if (request.asset_id is None) == (request.site_id is None):
        yield Fault("#/asset_id", "Send exactly one of asset_id and site_id.")
    if request.ends_at <= request.starts_at:
        yield Fault("#/ends_at", "It must be later than starts_at.")
    elif request.ends_at - request.starts_at > LONGEST:
        yield Fault("#/ends_at", "No closure is longer than ten years.")


def plan(request: ClosureRequest, *, id: UUID, now: Instant) -> Closure:  # noqa: A002 - the field's name
    """The closure that a request comes to."""
    return Closure(
        id=id,
        asset_id=request.asset_id,
        site_id=request.site_id,
        starts_at=request.starts_at,
        ends_at=request.ends_at,
        note=request.note,
        source="manual",
        created_at=now,
        updated_at=now,
    )


def told(closure: Closure) -> dict[str, object]:
    """What an event tells of a closure: not its note."""
    return {
        "asset_id": closure.asset_id,
        "site_id": closure.site_id,
        "starts_at": closure.starts_at,
        "ends_at": closure.ends_at,
        "source": closure.source,
    }
