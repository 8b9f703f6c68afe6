"""Valid bodies with one member changed, left out, doubled or nested: never a 5xx, and pointers into what was sent."""

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from calls import MANCHESTER, Organisation, World
from contract import PUBLISHED

STARTS, ENDS = "2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z"
NOBODY = "0190b0d0-0000-7000-8000-000000000000"
PERIOD = {"starts_at": STARTS, "ends_at": ENDS}
PRICE = {"amount": 1250, "currency": "GBP", "per": "hour"}
HOURS = {
    "applies_to": "whole_period",
    "always": False,
    "seasons": [
        {
            "starts_on": "2027-01-04",
            "ends_on": "2027-12-31",
            "cycle_weeks": 2,
            "hours": [{"week": 2, "day": "mon", "opens": "20:00", "closes": "02:00"}],
        }
    ],
    "exceptions": [{"on": "2027-07-05", "hours": [{"opens": "09:00", "closes": "24:00"}], "note": "Fair"}],
    "holidays": {"region": "GB-ENG", "then": "hours", "hours": [{"opens": "10:00", "closes": "12:00"}]},
}
RECALL = {"recall": True, "note": "Paint"}
TERMS = {
    "approval": False,
    "hold_minutes": 15,
    "shortest_minutes": 30,
    "longest_minutes": 600,
    "step_minutes": 15,
    "notice_minutes": 0,
    "horizon_days": 365,
    "turnaround_before_minutes": 15,
    "turnaround_after_minutes": 15,
    "price": PRICE,
    "community_price": PRICE,
    "requires": ["public_liability"],
    "min_attendees": 1,
    "approval_hours": 72,
    "on_deadline": "decline",
    "offer_minutes": 720,
    "cancel_notice_minutes": 60,
    "check_in_grace_minutes": None,
    "recallable": False,
    "allowance": {"minutes": 2400, "every": "month"},
}
ASSET = {
    "site_id": "{site}",
    "kind": "space",
    "category": "hall",
    "title": "A hall",
    "description": "A hall for tests.",
    "features": ["wifi"],
    "capacity": 30,
    "units": 1,
    "part_of": "{asset}",
    "timetable_id": "{timetable}",
    "details": {"kind": "space", "area_m2": 80, "layouts": [{"name": "rows", "capacity": 30}]},
    "terms": TERMS,
    "photos": [{"url": "https://example.org/a.jpg", "alt": "A", "credit": "B"}],
    "house_rules": "Sweep.",
    "accessibility": "A ramp.",
    "documents": [{"title": "Plan", "url": "https://example.org/plan.pdf"}],
    "arrival": {
        "meet": "Here",
        "entry": "Left",
        "parking": "No",
        "contact_name": "Jo",
        "contact_phone": "+44 161 496 0000",
        "code": "1",
    },
}
BARE = {"site_id": "{private}", "title": "One"}
DETAILS = {
    "minibus": {"kind": "vehicle", "seats": 16, "wheelchair_places": 1, "fuel": "diesel", "licence": "D1"},
    "tables": {"kind": "equipment", "delivered": True},
    "driver": {"kind": "people", "skills": ["cooking"], "checks": ["public_liability"], "travels_m": 5000},
}
SITE = {
    "name": "Hall Street",
    "address": {"street": "1 Hall Street", "town": "Sale", "postcode": "M33 7ZF"},
    "point": {"type": "Point", "coordinates": list(MANCHESTER)},
    "timezone": "Europe/London",
    "private": False,
}
ORGANISATION = {
    "slug": "soup",
    "name": "Soup",
    "kind": "group",
    "description": "Soup for all.",
    "website": "https://example.org",
    "identifiers": [{"scheme": "GB-CHC", "id": "1234567"}],
    "holds": [{"code": "public_liability", "expires_on": "2028-01-01", "reference": "P 1"}],
    "contact": {"name": "Jo", "email": "jo@example.org", "phone": "+44 161 496 0000"},
}
UNVERIFIED = ("name", "description", "website", "contact", "holds")  # what a verified organisation may change of itself
BOOKING = {
    "asset_id": "{asset}",
    "units": 1,
    "attendees": 5,
    "purpose": {"code": "meeting", "text": "Tea"},
    "open_to_public": True,
    "notes": "None.",
    "if_some_unavailable": "skip",
    "booker_id": "{owner}",
    "need_id": "{need}",
    "ignore_terms": True,
    "hold": False,
    "on_behalf_of": {"name": "Jo", "email": "jo@example.org", "phone": "+44 161 496 0000"},
    "dry_run": True,
}
HOURS_OF_A_NIGHT = {
    "seasons": [{"starts_on": "2020-01-01", "hours": [{"day": "mon", "opens": "02:00", "closes": "03:00"}]}]
}
SKIP = {"if_some_unavailable": "skip"}
NEED = {
    "category": "hall",
    "features": ["step_free"],
    "nice_to_have": ["heating"],
    "attendees": 5,
    "units": 1,
    "point": {"type": "Point", "coordinates": list(MANCHESTER)},
    "within_m": 5000,
    "comes_to_us": False,
    "minutes": 60,
    "at_least": 1,
    "price_ceiling": {"amount": 1000, "currency": "GBP"},
    "until": PERIOD["ends_at"],
    "purpose": {"code": "meeting", "text": "Tea"},
    "who_benefits": "Whoever comes.",
}
WINDOWS = [{"day": "mon", "opens": "17:00", "closes": "22:00"}]
PATTERN = {"starts_on": "2027-02-01", "weeks": 3, "every_weeks": 1, "windows": WINDOWS}
LIMIT = {
    "name": "Evenings",
    "asset_id": "{asset}",
    "kinds": ["group"],
    "counts": "minutes",
    "most": 600,
    "every": "week",
    "prime_time": WINDOWS,
}
SEASON = {
    "category": "hall",
    "counts": "minutes",
    "most": 6000,
    "starts_on": "2027-01-04",
    "ends_on": "2027-12-31",
}
REPEATS = {**PERIOD, "every_weeks": 1, "count": 3, "except_on": ["2027-07-12"]}

SENT: list[tuple[str, dict[str, Any]]] = [
    ("POST /organisations", ORGANISATION),
    ("PATCH /organisations/{owner}", {name: ORGANISATION[name] for name in UNVERIFIED}),
    ("POST /tokens", {"name": "kiosk", "role": "member", "expires_at": STARTS}),
    ("POST /sites", SITE),
    ("PATCH /sites/{site}", SITE),
    ("POST /assets", ASSET),
    *(
        ("POST /assets", {**BARE, "kind": each["kind"], "category": category, "details": each})
        for category, each in DETAILS.items()
    ),
    ("PATCH /assets/{asset}", {name: ASSET[name] for name in ASSET if name not in {"site_id", "kind", "part_of"}}),
    ("POST /assets/{asset}/copy", {"site_ids": [ASSET["site_id"]]}),
    ("PUT /assets/{asset}/hours", {**HOURS, **RECALL, "dry_run": True}),
    ("POST /timetables", {"name": "Usual", **HOURS, **RECALL}),
    ("PUT /timetables/{timetable}", {"name": "Usual", **HOURS, **RECALL, "dry_run": True}),
    ("POST /closures", {"asset_id": "{asset}", **PERIOD, **RECALL, "dry_run": True}),
    ("POST /limits", LIMIT),
    ("POST /limits", SEASON),
    ("PATCH /limits/{limit}", LIMIT),
    ("POST /organisations/{owner}/idle", {"asset_ids": ["{asset}"], **HOURS, **PERIOD}),
    ("POST /organisations/{owner}/idle", {"site_id": "{site}", **HOURS, **PERIOD}),
    ("POST /needs", {**NEED, "periods": [PERIOD]}),
    ("POST /needs", {**NEED, "pattern": PATTERN}),
    ("PATCH /needs/{need}", {**NEED, "pattern": PATTERN}),
    (
        "POST /waiting",
        {
            "any_of": [{"asset_id": "{busy}", **PERIOD}],
            "units": 1,
            "attendees": 5,
            "purpose": {"code": "meeting", "text": "Tea"},
            "dry_run": True,
        },
    ),
    ("POST /waiting", {"booking_id": "{unlucky}", "dry_run": True}),
    ("POST /offers", {"asset_id": "{asset}", "need_id": "{wanted}", "numbers": [1], "dry_run": True}),
    ("POST /bookings", {**BOOKING, "periods": [PERIOD]}),
    ("POST /bookings", {**BOOKING, "repeats": REPEATS}),
    ("POST /bookings/{booking}/cancel", {"occurrence_ids": ["{occurrence}"], "note": "Ill"}),
    ("POST /bookings/{booking}/cancel", {"all": False, "occurrence_ids": ["{occurrence}"]}),
    ("POST /bookings/{booking}/cancel", {"from_occurrence_id": "{occurrence}"}),
    ("POST /bookings/{booking}/messages", {"text": "Is there a ramp?"}),
    ("POST /bookings/{begun}/feedback", {"occurrence_id": "{now}", "verdict": "well", "text": "Warm"}),
    ("POST /bookings/{recallable}/recall", {"all": True, "note": "Ill", "dry_run": True}),
    ("POST /bookings/{begun}/check-in", {"all": True, "note": "Ill", "dry_run": True}),
    ("POST /bookings/{begun}/check-in", {"occurrence_ids": ["{now}"], "dry_run": True}),
    ("POST /bookings/{begun}/no-show", {"all": True, "note": "Ill", "dry_run": True}),
    ("POST /bookings/{begun}/no-show", {"from_occurrence_id": "{now}", "dry_run": True}),
    ("POST /bookings/{booking}/move", {"all": True, **PERIOD, "units": 1, "note": "Ill", "dry_run": True}),
    ("POST /bookings/{booking}/move", {"occurrence_ids": ["{occurrence}"], "units": 1, "dry_run": True}),
    ("POST /bookings/{skipped}/retry-skipped", {"all": True, **SKIP, "note": "Ill", "dry_run": True}),
    ("POST /bookings/{skipped}/retry-skipped", {"occurrence_ids": ["{never}"], "dry_run": True}),
]
ODD: list[Any] = [
    None, True, 0, -1, -0.0, 1.0, 1.5, 2**31, 2**63, 10**30, 1e300, "", " ", "\0", "\ud800", "\u202e", "é" * 300,
    "a" * 5000, NOBODY, "0", "2027-02-30", "0001-01-01", "9999-12-31", "9999-12-31T23:59:59-12:00",
    "2016-12-31T23:59:60Z", [], [None], [[]], [{}], {}, {"a": {"b": []}}, ["a"] * 300, [1, "1", 1],
]  # fmt: skip

SAMPLE = 100  # of each body, the same each time


def mutations(value: Any) -> Iterator[Any]:
    """Every copy of a value in which one place is changed."""
    yield from (*ODD, [value], {"value": value})
    if isinstance(value, dict):
        yield {**value, "a/b~c\0": 1}
        for name in value:
            yield {other: value[other] for other in value if other != name}
            yield from ({**value, name: changed} for changed in mutations(value[name]))
    if isinstance(value, list):
        yield [*value, *value]
        for index, each in enumerate(value):
            yield from ([*value[:index], changed, *value[index + 1 :]] for changed in mutations(each))


def points_into(pointer: str, sent: Any) -> bool:
    """Whether a pointer names what was sent, or a member that is missing in it."""
    names = [name.replace("~1", "/").replace("~0", "~") for name in pointer.split("/")[1:]]
    for index, name in enumerate(names):
        if isinstance(sent, dict):
            if name not in sent:
                return index == len(names) - 1
            sent = sent[name]
        elif isinstance(sent, list) and name.isdecimal() and int(name) < len(sent):
            sent = sent[int(name)]
        else:
            return False
    return pointer.startswith("#")


@pytest.fixture
async def owner(world: World) -> Organisation:
    return await world.organisation(kind="council")


@pytest.fixture
async def names(world: World, owner: Organisation) -> dict[str, str]:
    asset = await world.asset(owner)
    made = await owner.book(asset, ("2027-08-02T18:00:00Z", "2027-08-02T20:00:00Z"))
    booking = made.json()
    begun = (await owner.book(asset, ("2027-01-04T09:00:00Z", "2027-01-04T11:00:00Z"))).json()
    lent = await world.asset(owner, terms={"recallable": True})
    recallable = (await owner.book(lent, ("2027-08-02T18:00:00Z", "2027-08-02T20:00:00Z"))).json()
    evenings = [(f"2027-08-{day:02}T18:00:00Z", f"2027-08-{day:02}T20:00:00Z") for day in (3, 4, 5, 6)]
    quicker = (await owner.book(lent, evenings[1])).json()
    skipped = (await owner.book(lent, *evenings[:2], **SKIP)).json()
    await owner.cancel(quicker)
    group = await world.organisation()
    elsewhere = await world.asset(group)
    await group.book(elsewhere, evenings[2])
    unlucky = (await owner.book(elsewhere, *evenings[2:], **SKIP)).json()
    wanted = {"category": "hall", "point": NEED["point"], "periods": [PERIOD], "until": PERIOD["ends_at"]}
    busy = await world.asset(group, hours=HOURS_OF_A_NIGHT)
    private = await world.site(owner, private=True)
    timetable = (await owner.post("/timetables", {"name": "Usual", **HOURS})).json()
    timetable = timetable.get("timetable", timetable)
    return {
        "owner": owner.id,
        "site": asset["site_id"],
        "private": private["id"],
        "asset": asset["id"],
        "timetable": timetable["id"],
        "booking": booking["id"],
        "occurrence": booking["occurrences"][0]["id"],
        "begun": begun["id"],
        "now": begun["occurrences"][0]["id"],
        "recallable": recallable["id"],
        "skipped": skipped["id"],
        "never": skipped["occurrences"][1]["id"],
        "need": (await owner.post("/needs", {**NEED, "pattern": PATTERN})).json()["id"],
        "busy": busy["id"],
        "limit": (await owner.post("/limits", LIMIT | {"asset_id": asset["id"]})).json()["id"],
        "unlucky": unlucky["id"],
        "wanted": (await group.post("/needs", wanted)).json()["id"],
    }


@pytest.mark.parametrize(("request_line", "valid"), SENT, ids=[line for line, _ in SENT])
async def test_a_body_with_one_place_changed_is_taken_or_pointed_at(
    owner: Organisation, names: dict[str, str], request_line: str, valid: dict[str, Any]
):
    for name, known in names.items():
        request_line = request_line.replace(f"{{{name}}}", known)
        valid = json.loads(json.dumps(valid).replace(f"{{{name}}}", known))
    method, _, path = request_line.partition(" ")
    headers = {"Content-Type": "application/json", **({"If-Match": "*"} if method == "PUT" else {})}
    taken = await owner.send(method, path, valid, headers=headers)
    assert taken.is_success, taken.text
    every = list(mutations(valid))
    wrong = []
    for changed in random.Random(27).sample(every, min(len(every), SAMPLE)):
        answer = await owner.send(method, path, content=json.dumps(changed), headers=headers)
        errors = [each["pointer"] for each in answer.json().get("errors", [])] if answer.status_code == 422 else []
        if (
            answer.status_code >= 500
            or (answer.status_code == 422 and not errors)
            or not all(points_into(each, changed) for each in errors)
        ):
            wrong.append((json.dumps(changed)[:400], answer.status_code, answer.text[:300]))
    assert wrong == []


def texts(value: Any, pointer: str = "#") -> Iterator[str]:
    """Where a body has text."""
    if isinstance(value, str):
        yield pointer
    for name, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from texts(each, f"{pointer}/{name}")


def spoilt(value: Any, pointer: str, wanted: str) -> Any:
    """The same body with U+0000 at the end of one text."""
    if isinstance(value, dict):
        return {name: spoilt(each, f"{pointer}/{name}", wanted) for name, each in value.items()}
    if isinstance(value, list):
        return [spoilt(each, f"{pointer}/{index}", wanted) for index, each in enumerate(value)]
    return f"{value}\0" if pointer == wanted else value


async def test_c22_a_zero_byte_in_any_text_of_any_body_is_pointed_at_and_not_stored(
    world: World, owner: Organisation, names: dict[str, str]
):
    before = await world.stored()
    for request_line, body in SENT:
        line, valid = request_line, json.dumps(body)
        for name, known in names.items():
            line, valid = line.replace(f"{{{name}}}", known), valid.replace(f"{{{name}}}", known)
        method, _, path = line.partition(" ")
        for wanted in texts(json.loads(valid)):
            headers = {"If-Match": "*"} if method == "PUT" else {}
            answer = await owner.send(method, path, spoilt(json.loads(valid), "#", wanted), headers=headers)
            assert (line, answer.status_code) == (line, 422), answer.text
            assert wanted in [each["pointer"] for each in answer.json()["errors"]]
    assert await world.stored() == before


def described(schema: dict[str, Any], schemas: dict[str, Any]) -> set[str]:
    """The names of all members that a schema of a body has, to any depth."""
    found = set()
    if "$ref" in schema:
        return described(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    for name, each in schema.get("properties", {}).items():
        found |= {name, *described(each, schemas)}
    for each in (*schema.get("oneOf", ()), *schema.get("anyOf", ()), *schema.get("allOf", ())):
        found |= described(each, schemas)
    return found | (described(schema["items"], schemas) if "items" in schema else set())


def members(value: Any) -> set[str]:
    """The names of all members of a value, to any depth."""
    if isinstance(value, dict):
        return set(value).union(*(members(each) for each in value.values()))
    return set().union(*(members(each) for each in value)) if isinstance(value, list) else set()


def test_every_body_of_the_contract_is_bent():
    document = json.loads(PUBLISHED.read_text())
    known = members([body for _, body in SENT])
    missing = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            for each in content.values():
                if untried := described(each["schema"], document["components"]["schemas"]) - known:
                    missing[f"{method} {path}"] = untried
    assert missing == {}
