"""What is done without a request: each kind of job is a Struct of what it is about, its tag the name of the kind."""

from uuid import UUID

import msgspec


class SweepBooking(msgspec.Struct, frozen=True, tag="sweep_booking"):
    """A hold or a request of a booking may have ended, or been approved, by itself."""

    owner_id: UUID
    booking_id: UUID


class CompleteBooking(msgspec.Struct, frozen=True, tag="complete_booking"):
    """Occurrences of a booking are over."""

    owner_id: UUID
    booking_id: UUID


class FindCompleted(msgspec.Struct, frozen=True, tag="find_completed"):
    """Occurrences may be over: look which."""


class ForgetJobs(msgspec.Struct, frozen=True, tag="forget_jobs"):
    """What is recorded of jobs may be old."""


Job = SweepBooking | CompleteBooking | FindCompleted | ForgetJobs


def name(kind: type[Job]) -> str:
    """What a kind of job is called in the queue, the log and the metrics."""
    return str(kind.__struct_config__.tag)
