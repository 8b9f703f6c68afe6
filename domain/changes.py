"""Changes of a booking: which of its occurrences they name, and what those become."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from domain.bookings import Locked
from domain.callers import Caller
from domain.errors import Fault, Invalid, StateDoesNotAllow
from domain.occurrences import CANCELLABLE, Occurrence
from domain.types import LongText


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


def cancel(cancellation: Cancellation, booking: Locked, caller: Caller, now: datetime) -> list[Occurrence]:
    """The occurrences that a cancellation changes, as they are then.

    Late: by the booker, nearer to the start than the owner's notice. Raises StateDoesNotAllow when one that is
    named cannot be cancelled any more, or none is left that can.
    """
    scope = in_scope(cancellation, booking.occurrences)
    chosen = [each for each in scope if each.state in CANCELLABLE]
    if not chosen or (cancellation.occurrence_ids is not None and len(chosen) < len(scope)):
        states = ", ".join(sorted({each.state for each in scope}))
        raise StateDoesNotAllow(
            f"It is {states}; only what is {', '.join(CANCELLABLE)} can be cancelled.", states=CANCELLABLE
        )
    notice = timedelta(minutes=booking.cancel_notice_minutes)
    by_booker = caller.organisation_id == booking.booker_id
    return [
        msgspec.structs.replace(
            each,
            state="cancelled",
            unit_numbers=[],
            note=cancellation.note if cancellation.note is not None else each.note,
            cancelled_late=by_booker and each.state == "confirmed" and now > each.starts_at - notice,
            sequence=each.sequence + 1,
        )
        for each in chosen
    ]


def changed(booking: Locked, occurrences: Sequence[Occurrence], now: datetime) -> Locked:
    """A booking after some of its occurrences changed."""
    new = {each.id: each for each in occurrences}
    became = [new.get(each.id, each) for each in booking.occurrences]
    return msgspec.structs.replace(
        booking,
        occurrences=became,
        hold_expires_at=booking.hold_expires_at if any(each.state == "held" for each in became) else None,
        updated_at=now,
        version=booking.version + 1,
    )
