"""What a booker is owed whose booking was recalled: minutes that a later allocation can make good."""

import math
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from domain.types import Instant

ClaimState = Literal["open", "made_good"]


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner owes the booker of a recalled occurrence. `minutes`: those of it that were still to come, for
    each of its units; nothing makes a claim good yet.
    """

    id: UUID
    owner_id: UUID
    booker_id: UUID
    asset_id: UUID
    booking_id: UUID
    occurrence_id: UUID
    minutes: int
    state: ClaimState
    created_at: Instant
    updated_at: Instant


class ClaimFilter(msgspec.Struct, frozen=True):
    """Which claims are asked for; None: whatever it is."""

    owner_id: UUID | None
    booker_id: UUID | None
    state: ClaimState | None


class ClaimPage(msgspec.Struct, frozen=True):
    """Claims, newest first, and the cursor to the next."""

    items: list[Claim]
    next: str | None


def owed(starts_at: datetime, ends_at: datetime, units: int, now: datetime) -> int:
    """The minutes of a recalled occurrence that were still to come, begun ones counted, times its units."""
    return math.ceil((ends_at - max(starts_at, now)) / timedelta(minutes=1)) * units
