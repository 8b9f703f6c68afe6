"""What is done without a request: each kind of job is a Struct of what it is about, its tag the name of the kind."""

from uuid import UUID

import msgspec


class SweepBooking(msgspec.Struct, frozen=True, tag="sweep_booking"):
    """A hold or a request of a booking may have ended, or been approved, by itself, or nobody have come to it."""

    owner_id: UUID
    booking_id: UUID


class CompleteBooking(msgspec.Struct, frozen=True, tag="complete_booking"):
    """Occurrences of a booking are over."""

    owner_id: UUID
    booking_id: UUID


class SweepWaiting(msgspec.Struct, frozen=True, tag="sweep_waiting"):
    """All that an entry of a waiting list waits for may have begun."""

    owner_id: UUID
    waiting_id: UUID


class LookAgain(msgspec.Struct, frozen=True, tag="look_again"):
    """Something changed by which assets may meet needs that they did not: one, those of a timetable or site, or all."""

    owner_id: UUID
    asset_id: UUID | None = None
    timetable_id: UUID | None = None
    site_id: UUID | None = None


class MatchAsset(msgspec.Struct, frozen=True, tag="match_asset"):
    """An asset may meet needs that it did not; `after`: those with smaller ids were tested."""

    owner_id: UUID
    asset_id: UUID
    after: UUID | None = None


class MatchNeed(msgspec.Struct, frozen=True, tag="match_need"):
    """A need was said or changed, or something booked for it or not any more: who said it sees what meets it."""

    owner_id: UUID
    need_id: UUID


class FindCompleted(msgspec.Struct, frozen=True, tag="find_completed"):
    """Occurrences may be over, or nobody come to them: look which."""


class TakeDemand(msgspec.Struct, frozen=True, tag="take_demand"):
    """The picture of what is looked for where is to be taken."""


class ForgetJobs(msgspec.Struct, frozen=True, tag="forget_jobs"):
    """What is recorded of jobs may be old."""


Job = (
    SweepBooking
    | CompleteBooking
    | SweepWaiting
    | LookAgain
    | MatchAsset
    | MatchNeed
    | FindCompleted
    | TakeDemand
    | ForgetJobs
)


def name(kind: type[Job]) -> str:
    """What a kind of job is called in the queue, the log and the metrics."""
    return str(kind.__struct_config__.tag)
