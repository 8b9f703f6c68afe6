"""What is done without a request: each kind of job is a Struct of what it is about, its tag the name of the kind."""

from uuid import UUID

import msgspec


class ExpireHolds(msgspec.Struct, frozen=True, tag="expire_holds"):
    """The time of holds of a booking is up."""

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


Job = ExpireHolds | CompleteBooking | FindCompleted | ForgetJobs


def name(kind: type[Job]) -> str:
    """What a kind of job is called in the queue, the log and the metrics."""
    return str(kind.__struct_config__.tag)
