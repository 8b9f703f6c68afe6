"""Assets: what is wrong with one, what it lacks for being listed, what others see."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

import domain.assets
from domain.assets import Arrival, Asset, AssetRequest, PeopleDetails, SpaceDetails, VehicleDetails
from domain.errors import Fault
from domain.terms import Terms

NOW = datetime(2027, 1, 4, tzinfo=UTC)


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


def test_an_asset_is_listed_only_with_a_description_and_hours():
    bare = domain.assets.unpublishable(an_asset(), has_hours=False)
    assert [fault.pointer for fault in bare] == ["#/description", "#/hours"]
    assert domain.assets.unpublishable(an_asset(description="A hall."), has_hours=True) == []


def test_a_patch_is_merged_into_what_was_sent_how_to_get_in_too():
    asset = an_asset(arrival=Arrival(code="1234"))
    assert domain.assets.as_sent(asset) == a_request(arrival=Arrival(code="1234"), details=SpaceDetails())


def test_details_are_told_apart_by_kind():
    sent = {"kind": "vehicle", "seats": 16}
    assert msgspec.convert(sent, domain.assets.Details) == VehicleDetails(seats=16)
