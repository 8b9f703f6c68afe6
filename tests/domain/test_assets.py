"""Assets: what is wrong with one, what it lacks for being listed, what others see."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec

import domain.assets
from domain.assets import Arrival, Asset, AssetRequest, PeopleDetails, SpaceDetails, Uses, VehicleDetails
from domain.errors import Fault
from domain.hours import Hours, Season, WeeklyHours
from domain.terms import Terms

NOW = datetime(2027, 1, 4, tzinfo=UTC)
OPEN_ON_NO_DAY = "It has hours, but is open on no day from today on: PUT others at"


def a_request(**given: Any) -> AssetRequest:
    return AssetRequest(**{"site_id": UUID(int=3), "kind": "space", "category": "hall", "title": "A hall", **given})


def an_asset(**given: Any) -> Asset:
    plain = {name: getattr(a_request(), name) for name in AssetRequest.__struct_fields__}
    known = {"id": UUID(int=1), "owner_id": UUID(int=2), "parts": [], "state": "draft", "details": SpaceDetails()}
    return Asset(**{**plain, **known, "created_at": NOW, "updated_at": NOW, **given})


def pointers(request: AssetRequest, *, private: bool = False) -> list[str]:
    return [fault.pointer for fault in domain.assets.faults(request, at_private_site=private)]


def test_a_plain_asset_has_no_fault():
    assert pointers(a_request()) == []


def test_every_fault_of_an_asset_is_told_at_once():
    wrong = a_request(
        category="minibus",
        features=["moat"],
        details=VehicleDetails(),
        terms=Terms(requires=["knighthood"], step_minutes=7),
    )
    assert pointers(wrong) == [
        "#/category",
        "#/features/0",
        "#/terms/requires/0",
        "#/terms/step_minutes",
        "#/details/kind",
    ]
    last = list(domain.assets.faults(wrong, at_private_site=False))[-1]
    assert last == Fault("#/details/kind", "It must be space, as the asset's kind is.")


def test_people_are_at_private_sites_only():
    cook = a_request(kind="people", category="cook", details=PeopleDetails(checks=["dbs_enhanced"]))
    assert pointers(cook) == ["#/site_id"]
    assert pointers(cook, private=True) == []


def test_details_that_were_not_sent_are_those_of_the_kind():
    assert domain.assets.details_of(a_request()) == SpaceDetails()
    assert domain.assets.details_of(a_request(kind="people")) == PeopleDetails()


def test_an_asset_is_listed_only_with_a_description():
    [lack] = domain.assets.undescribed(an_asset())
    told = f'Describe it first: PATCH /v1/assets/{UUID(int=1)} {{"description": "…"}}.'
    assert lack == Fault("#/description", told)
    assert domain.assets.undescribed(an_asset(description="A hall.")) == []


def test_an_asset_is_listed_only_with_hours_that_open_from_today_on():
    mondays = [WeeklyHours(day="mon", opens="09:00", closes="10:00")]
    ended = Hours(seasons=[Season(starts_on=date(2026, 1, 1), ends_on=date(2027, 1, 3), hours=mondays)])
    own, shared = an_asset(), an_asset(timetable_id=UUID(int=4))
    today = date(2027, 1, 4)
    assert [
        domain.assets.never_open(own, None, today),
        domain.assets.never_open(own, Hours(), today),
        domain.assets.never_open(shared, ended, today),
        domain.assets.never_open(shared, ended, date(2027, 1, 3)),
    ] == [
        [Fault("#/hours", f"It has no hours yet: PUT /v1/assets/{own.id}/hours, or set its timetable_id.")],
        [Fault("#/hours", f"{OPEN_ON_NO_DAY} /v1/assets/{own.id}/hours.")],
        [Fault("#/hours", f"{OPEN_ON_NO_DAY} /v1/timetables/{UUID(int=4)}.")],
        [],
    ]


def test_what_needs_an_asset_is_told_with_the_way_out():
    assert [
        domain.assets.in_use(Uses(0, None, "Europe/London", 0)),
        domain.assets.in_use(Uses(1, datetime(2027, 7, 5, 20, tzinfo=UTC), "Europe/London", 2)),
        domain.assets.in_use(Uses(0, None, "Europe/London", 0, 1, datetime(2027, 7, 5, 20, tzinfo=UTC))),
    ] == [
        "",
        (
            "1 occurrence is to come, until Monday 5 July 2027, 21:00 (Europe/London): cancel, or pause the asset until"
            " then. 2 parts of it are not archived: archive what is inside first."
        ),
        (
            "1 offer of it stands, until Monday 5 July 2027, 21:00 (Europe/London) at most: wait for the answer, or"
            " withdraw it."
        ),
    ]


def test_a_patch_is_merged_into_what_was_sent_how_to_get_in_too():
    asset = an_asset(arrival=Arrival(code="1234"))
    assert domain.assets.as_sent(asset) == a_request(arrival=Arrival(code="1234"), details=SpaceDetails())


def test_details_are_told_apart_by_kind():
    sent = {"kind": "vehicle", "seats": 16}
    assert msgspec.convert(sent, domain.assets.Details) == VehicleDetails(seats=16)
