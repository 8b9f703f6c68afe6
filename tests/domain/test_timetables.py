"""Timetables: what a request comes to."""

from datetime import UTC, datetime
from uuid import UUID

import domain.timetables
from domain.hours import HoursRequest, only_hours
from domain.timetables import Timetable, TimetableRequest

NOW = datetime(2027, 1, 4, tzinfo=UTC)


def test_a_request_comes_to_a_timetable_with_its_hours():
    request = TimetableRequest(name="Usual", always=True, dry_run=True)
    made = domain.timetables.plan(request, UUID(int=1), UUID(int=2), NOW)
    assert made == Timetable(
        id=UUID(int=1), owner_id=UUID(int=2), name="Usual", always=True, created_at=NOW, updated_at=NOW
    )
    assert only_hours(made) == only_hours(HoursRequest(always=True))
