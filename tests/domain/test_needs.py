"""Needs: everything that can be wrong with one, and what a right one comes to."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

import domain.needs
from domain.errors import Invalid
from domain.needs import Need, NeedRequest, Pattern
from domain.places import Point

NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)
PERIOD = {"starts_at": "2027-02-01T18:00:00Z", "ends_at": "2027-02-01T22:00:00Z"}
LATER = {"starts_at": "2027-02-08T18:00:00Z", "ends_at": "2027-02-08T22:00:00Z"}
EVENING = {"day": "mon", "opens": "18:00", "closes": "22:00"}
PATTERN = {"starts_on": "2027-02-01", "weeks": 4, "windows": [EVENING]}
NEED = {"category": "hall", "postcode": "M33", "periods": [PERIOD], "until": "2027-03-01T00:00:00Z"}
WEEKLY = {name: value for name, value in NEED.items() if name != "periods"} | {"pattern": PATTERN}
POINT = {"type": "Point", "coordinates": [-2.3, 53.4]}


def request(given: dict[str, Any], **changed: Any) -> NeedRequest:
    sent = {name: value for name, value in {**given, **changed}.items() if value is not None}
    return msgspec.convert(sent, NeedRequest)


def wrong(given: dict[str, Any], **changed: Any) -> list[str]:
    """What is pointed at."""
    with pytest.raises(Invalid) as caught:
        domain.needs.plan(request(given, **changed), NOW)
    return [fault.pointer for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("given", "changed", "pointers"),
    [
        (NEED, {"kind": "space"}, ["#/category"]),
        (NEED, {"category": None}, ["#/category"]),
        (NEED, {"category": "castle"}, ["#/category"]),
        (NEED, {"features": ["step_free", "moat", "step_free"]}, ["#/features/1", "#/features/2"]),
        (NEED, {"nice_to_have": ["moat"]}, ["#/nice_to_have/0"]),
        (NEED, {"features": ["heating"], "nice_to_have": ["heating"]}, ["#/nice_to_have/0"]),
        (NEED, {"purpose": {"code": "siege"}}, ["#/purpose/code"]),
        (NEED, {"point": POINT}, ["#/point"]),
        (NEED, {"postcode": None}, ["#/point"]),
        (NEED, {"postcode": "ZZ99"}, ["#/postcode"]),
        (NEED, {"until": "2027-01-04T09:00:00Z"}, ["#/until"]),
        (NEED, {"periods": None}, ["#/periods"]),
        (NEED, {"pattern": PATTERN}, ["#/periods"]),
        (NEED, {"at_least": 2}, ["#/at_least"]),
        (NEED, {"periods": [{**PERIOD, "ends_at": PERIOD["starts_at"]}]}, ["#/periods/0/ends_at"]),
        (NEED, {"periods": [{**PERIOD, "ends_at": "2028-02-03T18:00:00Z"}]}, ["#/periods/0/ends_at"]),
        (
            NEED,
            {"periods": [{"starts_at": "2027-01-03T09:00:00Z", "ends_at": "2027-01-04T09:00:00Z"}]},
            ["#/periods/0/ends_at"],
        ),
        (
            NEED,
            {"periods": [{"starts_at": "2029-01-03T09:00:00Z", "ends_at": "2029-01-05T09:00:00Z"}]},
            ["#/periods/0/ends_at"],
        ),
        (NEED, {"periods": [LATER, PERIOD, LATER]}, ["#/periods/2"]),
        (NEED, {"minutes": 241}, ["#/periods/0/ends_at"]),
        (WEEKLY, {"minutes": 241}, ["#/minutes"]),
        (WEEKLY, {"pattern": {**PATTERN, "windows": [{**EVENING, "closes": "18:00"}]}}, ["#/pattern/windows/0/closes"]),
        (WEEKLY, {"pattern": {**PATTERN, "starts_on": "2026-12-01"}}, ["#/pattern/starts_on"]),
        (WEEKLY, {"pattern": {**PATTERN, "weeks": 53, "every_weeks": 2}}, ["#/pattern/weeks"]),
        (WEEKLY, {"pattern": {**PATTERN, "starts_on": "9999-12-30"}}, ["#/pattern/weeks"]),
        (WEEKLY, {"pattern": {**PATTERN, "starts_on": "0001-01-01"}}, ["#/pattern/starts_on"]),
        (
            NEED,
            {"category": "castle", "until": "2027-01-01T00:00:00Z", "postcode": "ZZ99"},
            ["#/category", "#/until", "#/postcode"],
        ),
    ],
)
def test_what_is_wrong_with_a_need_is_pointed_at(given, changed, pointers):
    assert wrong(given, **changed) == pointers


def test_what_others_see_of_a_place_is_about_a_kilometre_off_and_the_same_for_a_whole_cell():
    one, other = (
        domain.needs.plan(request(NEED, postcode=None, point={"type": "Point", "coordinates": at}), NOW)
        for at in ([-2.3001, 53.4001], [-2.3002, 53.4002])
    )
    assert one.point.coordinates == (-2.3001, 53.4001)
    assert one.shown == other.shown
    assert one.shown.coordinates not in {one.point.coordinates, other.point.coordinates}


@pytest.mark.parametrize(
    ("starts_on", "windows", "openings"),
    [
        ("2027-02-01", [EVENING], "{[1080,1320)}"),
        ("2027-02-02", [EVENING], "{[9720,9960)}"),  # from a Tuesday on, Monday is the seventh day
        ("2027-02-01", [{"day": "mon", "opens": "20:00", "closes": "02:00"}], "{[1200,1560)}"),
        (
            "2027-02-01",
            [{"day": "tue", "opens": "00:00", "closes": "04:00"}, {"day": "mon", "opens": "20:00", "closes": "24:00"}],
            "{[1200,1680)}",  # what touches is one window
        ),
    ],
)
def test_a_week_is_kept_in_minutes_from_the_midnight_of_its_first_date(starts_on, windows, openings):
    pattern = msgspec.convert({"starts_on": starts_on, "windows": windows}, Pattern)
    assert domain.needs.openings(pattern) == openings


@pytest.mark.parametrize(
    ("given", "until", "stands"),
    [
        (NEED, "2027-01-31T00:00:00Z", "2027-01-31T00:00:00Z"),
        (NEED, "2027-03-01T00:00:00Z", PERIOD["ends_at"]),
        (
            WEEKLY,
            "2028-03-01T00:00:00Z",
            "2027-03-03T00:00:00Z",
        ),  # the last week ends on 28 February, its tail in Samoa
    ],
)
def test_a_need_stands_until_it_says_or_until_its_windows_are_past(given, until, stands):
    planned = domain.needs.plan(request(given, until=until), NOW)
    assert planned.stands_until == datetime.fromisoformat(stands)


def test_events_of_a_need_hold_neither_its_place_nor_its_texts():
    sent = request(NEED, postcode=None, point=POINT, purpose={"code": "meeting", "text": "Tea"}, who_benefits="Us.")
    told = domain.needs.told(domain.needs.plan(sent, NOW))
    assert told["texts"] == ["purpose", "who_benefits", "point"]
    assert not {"purpose", "who_benefits", "point", "postcode"} & told.keys()
    assert (told["category"], told["within_m"]) == ("hall", 10_000)


@pytest.mark.parametrize(("precision", "point"), [("point", POINT), ("district", None)])
def test_a_patch_is_merged_into_what_was_sent(precision, point):
    given = {
        **dict.fromkeys(Need.__struct_fields__),
        "id": "0190b0d0-0000-7000-8000-000000000000",
        "owner_id": "0190b0d0-0000-7000-8000-000000000000",
        "state": "open",
        "features": [],
        "nice_to_have": [],
        "units": 1,
        "point": POINT,
        "precision": precision,
        "within_m": 1000,
        "comes_to_us": False,
        "until": NOW,
        "occurrences": [],
        "created_at": NOW,
        "updated_at": NOW,
        "postcode": None if point else "M33",
    }
    sent = domain.needs.as_sent(msgspec.convert(given, Need))
    assert sent.point == (msgspec.convert(point, Point) if point else None)
    assert sent.postcode == given["postcode"]


def test_weeks_are_counted_from_the_first_date():
    pattern = msgspec.convert({**PATTERN, "every_weeks": 2}, Pattern)
    assert [domain.needs.first_date(pattern, n) for n in range(3)] == [
        date(2027, 2, 1) + timedelta(days=14 * n) for n in range(3)
    ]
