"""What is owed for what was recalled."""

from datetime import UTC, datetime

import pytest

from domain.claims import owed


def at(hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2027, 7, 5, hour, minute, second, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "minutes"),
    [
        (at(9), 240),
        (at(18), 240),
        (at(19, 15), 90),
        (at(19, 59, 30), 2),
        (at(19, 59, 1), 2),
    ],
    ids=["long before", "at its start", "in the middle", "a begun minute", "almost a minute"],
)
def test_what_is_owed_are_the_minutes_to_come_begun_ones_too_for_each_unit(now: datetime, minutes: int):
    assert owed(at(18), at(20), 2, now) == minutes
