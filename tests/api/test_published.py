"""The contract of the last version holds: what would break its clients needs a version and a line in CHANGELOG.

openapi/published.json is that contract. It is replaced when a version is made, and at no other time.
"""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from breaking import breaks

PROJECT = Path(__file__).parents[2]
PUBLISHED = json.loads((PROJECT / "openapi" / "published.json").read_text())
CURRENT = json.loads((PROJECT / "openapi" / "openapi.json").read_text())


def told(version: str) -> str:
    """What CHANGELOG says of a version."""
    section = rf"^## {re.escape(version)}\n(.*?)(?=^## |\Z)"
    found = re.search(section, (PROJECT / "CHANGELOG.md").read_text(), re.MULTILINE | re.DOTALL)
    assert found, f"CHANGELOG has no section {version}"
    return found[1]


def test_what_breaks_clients_comes_with_a_version_that_says_so():
    broken = breaks(PUBLISHED, CURRENT)
    was, now = (each["info"]["version"] for each in (PUBLISHED, CURRENT))
    assert told(was)
    if broken:
        assert now != was, broken
        assert "### Breaks" in told(now), broken


def changed(where: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """The contract with one place changed; None takes it away."""
    document = copy.deepcopy(CURRENT)
    place = document
    for key in where[:-1]:
        place = place[key]
    if value is None:
        del place[where[-1]]
    else:
        place[where[-1]] = value
    return document


SCHEMAS = ("components", "schemas")


LON = ("paths", "/v1/search", "get", "parameters", 0)
KINDS, STATES = (*SCHEMAS, "AssetKind", "enum"), (*SCHEMAS, "BookingState", "enum")
REQUEST, BOOKING = (*SCHEMAS, "BookingRequest"), (*SCHEMAS, "Booking", "properties")
KNOWN_STATES = CURRENT["components"]["schemas"]["BookingState"]["enum"]


@pytest.mark.parametrize(
    ("where", "value", "sentence"),
    [
        (("paths", "/v1/me"), None, "whoAmI is gone"),
        ((*LON, "required"), True, "searchAssets now needs lon"),
        ((*LON, "schema", "maximum"), 90, "searchAssets lon: takes less: maximum is 90"),
        ((*REQUEST, "properties", "notes"), None, "BookingRequest: notes is gone"),
        ((*REQUEST, "required"), ["asset_id", "units"], "BookingRequest: units is needed now"),
        (KINDS, ["space", "vehicle", "people"], "AssetKind: enum equipment is refused now"),
        (STATES, [*KNOWN_STATES, "lost"], "BookingState: enum lost is new in answers"),
        ((*BOOKING, "reference"), None, "Booking: reference is gone"),
        ((*BOOKING, "reference", "type"), ["string", "null"], "Booking.reference: type null is new in answers"),
    ],
)
def test_a_change_that_breaks_clients_is_seen(where, value, sentence):
    assert sentence in breaks(CURRENT, changed(where, value))


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("paths", "/v1/new"), {"get": {"operationId": "new", "parameters": [], "responses": {}}}),
        ((*SCHEMAS, "Booking", "properties", "colour"), {"type": "string"}),
        ((*SCHEMAS, "BookingRequest", "properties", "colour"), {"type": "string"}),
        (("paths", "/v1/search", "get", "parameters", 0, "description"), "Degrees east."),
    ],
)
def test_what_is_new_and_need_not_be_known_breaks_nobody(where, value):
    assert breaks(CURRENT, changed(where, value)) == []


def test_the_contract_does_not_break_itself():
    assert breaks(CURRENT, CURRENT) == []
