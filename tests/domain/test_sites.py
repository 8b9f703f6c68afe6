"""Sites: where they are placed, and what a patch is merged into."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

import domain.sites
from domain.errors import Fault, Invalid
from domain.places import Address, Point, about, centre
from domain.sites import Placed, Site, SiteRequest

HERE = Point((-2.32451, 53.42519))
ZONES = {"Europe/London"}
NOW = datetime(2027, 1, 4, tzinfo=UTC)


def placed(**given: Any) -> Placed:
    return domain.sites.place(SiteRequest(name="Hall Street", **given), ZONES)


def faults(request: SiteRequest, *, people: bool = False) -> list[str]:
    with pytest.raises(Invalid) as refused:
        domain.sites.place(request, ZONES, people=people)
    return [fault.pointer for fault in refused.value.faults]


def test_a_site_lies_where_its_point_is():
    assert placed(point=HERE) == Placed(
        name="Hall Street",
        address=Address(),
        point=HERE,
        shown=HERE,
        precision="point",
        timezone="Europe/London",
        private=False,
    )


def test_a_site_without_a_point_lies_at_the_centre_of_its_postcode_district():
    found = placed(address=Address(postcode="M33 4BX"))
    assert (found.point, found.precision) == (centre("M33"), "district")


def test_a_private_site_is_shown_near_by():
    found = placed(point=HERE, private=True)
    assert (found.point, found.shown) == (HERE, about(HERE))


def test_every_fault_of_a_site_is_told_at_once():
    nowhere = SiteRequest(name="Nowhere", timezone="Mars/Phobos")
    assert faults(nowhere, people=True) == ["#/point", "#/timezone", "#/private"]
    unknown = SiteRequest(name="Unknown", address=Address(postcode="ZZ99 9ZZ"))
    assert faults(unknown) == ["#/address/postcode"]


def test_a_place_by_postcode_moves_with_its_postcode():
    site = Site(
        id=UUID(int=1),
        owner_id=UUID(int=2),
        name="Hall Street",
        address=Address(postcode="M33 4BX"),
        point=Point((-2.3, 53.4)),
        precision="district",
        timezone="Europe/London",
        private=False,
        created_at=NOW,
        updated_at=NOW,
    )
    assert domain.sites.as_sent(site) == SiteRequest(name="Hall Street", address=Address(postcode="M33 4BX"))


def test_a_fault_says_what_to_send():
    with pytest.raises(Invalid) as refused:
        placed()
    assert refused.value.faults == [Fault("#/point", "Send a point, or an address with a postcode.")]
