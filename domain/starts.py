"""When a booking of a given length can start."""

from datetime import timedelta

import msgspec

from domain.availability import FreePeriod

LONGEST_WINDOW = timedelta(days=31)


class Starts(msgspec.Struct, frozen=True):
    """Every period of the wanted length that can be booked, by its start; `units_free` is the least within it."""

    timezone: str
    items: list[FreePeriod]
