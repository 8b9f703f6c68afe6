"""Closures: what is wrong with one."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import domain.closures
from domain.closures import ClosureRequest

NOON, ONE = datetime(2027, 7, 14, 12, tzinfo=UTC), datetime(2027, 7, 14, 13, tzinfo=UTC)


def pointers(**given: Any) -> list[str]:
    return [fault.pointer for fault in domain.closures.faults(ClosureRequest(**given))]


def test_a_closure_is_of_one_asset_or_of_one_site():
    asset, site = UUID(int=1), UUID(int=2)
    assert pointers(asset_id=asset, starts_at=NOON, ends_at=ONE) == []
    assert pointers(site_id=site, starts_at=NOON, ends_at=ONE) == []
    assert pointers(starts_at=NOON, ends_at=ONE) == ["#/asset_id"]
    assert pointers(asset_id=asset, site_id=site, starts_at=NOON, ends_at=ONE) == ["#/asset_id"]


def test_a_closure_ends_after_it_starts_and_within_ten_years():
    assert pointers(site_id=UUID(int=2), starts_at=ONE, ends_at=ONE) == ["#/ends_at"]
    assert pointers(site_id=UUID(int=2), starts_at=ONE, ends_at=NOON) == ["#/ends_at"]
    assert pointers(site_id=UUID(int=2), starts_at=NOON, ends_at=NOON.replace(year=2040)) == ["#/ends_at"]
