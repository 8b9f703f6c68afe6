"""Skipped occurrences of a booking, asked for again: what is asked for, and what becomes of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from domain.changes import Scope, again, become
from domain.occurrences import Occurrence
from domain.plans import Claim, Locked, claim
from domain.reasons import Reason
from domain.requests import IfSomeUnavailable, Wanted


class Retry(Scope, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Skipped occurrences to ask for again, and a note that owner and booker see.

    With `if_some_unavailable: "skip"` what can be had is, and the rest stays skipped; else it is all of them or none.
    """

    if_some_unavailable: IfSomeUnavailable = "refuse"


def wanted(retry: Retry, chosen: Sequence[Occurrence], booking: Locked) -> Wanted:
    """What is asked for."""
    return again(booking, chosen, skip=retry.if_some_unavailable == "skip", hold=booking.hold_expires_at is not None)


def claimed(got: Sequence[Occurrence], booking: Locked, now: datetime) -> Claim:
    """The claim on what was got: in a hold it is held as long as the rest, else it is as of a new request."""
    if booking.hold_expires_at is not None:
        return Claim("held", held_until=booking.hold_expires_at)
    return claim(booking.place, booking.booker_id, (each.starts_at for each in got), now=now)


def become_had(
    chosen: Sequence[Occurrence], why_not: Mapping[UUID, list[Reason]], claim: Claim, note: str | None
) -> list[Occurrence]:
    """What becomes of those asked for. What cannot be had stays skipped: it changes only if other reasons do now stand
    against it, which it then says.
    """
    reasons = {each.id: why_not.get(each.id, []) for each in chosen}
    return [
        become(
            each,
            "skipped" if reasons[each.id] else claim.state,
            note,
            why_not=reasons[each.id],
            check_in_by=None if reasons[each.id] else claim.check_in_by(each.period),
        )
        for each in chosen
        if reasons[each.id] != each.why_not
    ]
