"""One wrong value of each kind, sent to a running server: its problem, pointers to what is wrong, nothing stored.

What no client library would send is in journeys/test_bad_input.py.
"""

import asyncio
from collections.abc import AsyncIterator
from itertools import product
from typing import Any

import httpx
import pytest
import uvicorn
from calls import MANCHESTER, Organisation, World, daily, ok
from contract import contract

from domain import tokens

POINT = {"type": "Point", "coordinates": list(MANCHESTER)}
STARTS, ENDS = "2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z"
HERE = f"lon={MANCHESTER[0]}&lat={MANCHESTER[1]}"
NOBODY = "0190b0d0-0000-7000-8000-000000000000"

ASSET = {"site_id": "{site}", "kind": "space", "category": "hall", "title": "A hall"}
BOOKING = {"asset_id": "{asset}", "periods": [{"starts_at": STARTS, "ends_at": ENDS}]}
CLOSURE = {"asset_id": "{asset}", "starts_at": STARTS, "ends_at": ENDS}
SITE = {"name": "A", "point": POINT}
TOKEN = {"name": "kiosk", "role": "member"}
ORGANISATION = {"slug": "soup", "name": "Soup", "kind": "group"}
REPEATS = {"starts_at": STARTS, "ends_at": ENDS, "count": 3}
ONE = {"starts_on": "2027-01-04", "hours": [{"day": "mon", "opens": "10:00", "closes": "12:00"}]}


def placed(*coordinates: Any, **other: Any) -> dict[str, Any]:
    return {**SITE, "point": {"type": "Point", "coordinates": list(coordinates), **other}}


def season(**given: Any) -> dict[str, Any]:
    return {"seasons": [{**ONE, **given}]}


def opening(**given: Any) -> dict[str, Any]:
    return season(hours=[{**ONE["hours"][0], **given}])


def terms(**given: Any) -> dict[str, Any]:
    return {**ASSET, "terms": given}


def period(starts: Any = STARTS, ends: Any = ENDS) -> dict[str, Any]:
    return {**BOOKING, "periods": [{"starts_at": starts, "ends_at": ends}]}


def repeats(**given: Any) -> dict[str, Any]:
    return {"asset_id": "{asset}", "repeats": {**REPEATS, **given}}


# By kind of fault: method and path, the body if any, and the pointers of a 422 `invalid`.
INVALID: dict[str, list[tuple[str, Any, list[str]]]] = {
    "coordinate": [
        ("POST /sites", placed(-181, 0), ["#/point/coordinates/0"]),
        ("POST /sites", placed(0, 90.0001), ["#/point/coordinates/1"]),
        ("POST /sites", placed("0", 51), ["#/point/coordinates/0"]),
        ("POST /sites", placed(0, None), ["#/point/coordinates/1"]),
        ("POST /sites", placed(0), ["#/point/coordinates"]),
        ("POST /sites", placed(0, 51, 12), ["#/point/coordinates"]),
        ("POST /sites", placed(), ["#/point/coordinates"]),
        ("POST /sites", placed(0, 51, crs="x"), ["#/point/crs"]),
        ("POST /sites", {"name": "A", "point": {"coordinates": [0, 51]}}, ["#/point/type"]),
        ("POST /sites", {"name": "A", "point": {"type": "Polygon", "coordinates": [0, 51]}}, ["#/point/type"]),
        ("POST /sites", {"name": "A", "point": "0,51"}, ["#/point"]),
        ("POST /sites", {"name": "A"}, ["#/point"]),
        ("POST /sites", {"name": "A", "address": {"postcode": "ZZ99 9ZZ"}}, ["#/address/postcode"]),
        ("PATCH /sites/{site}", {"point": {"coordinates": [0, 91]}}, ["#/point/coordinates/1"]),
        ("GET /search?lon=-180.1&lat=0", None, ["?lon"]),
        ("GET /search?lon=0&lat=-90.1", None, ["?lat"]),
        ("GET /search?lon=nan&lat=inf", None, ["?lat", "?lon"]),
        ("GET /search?lon=1e400&lat=0", None, ["?lon"]),
        ("GET /search?lon=&lat=0", None, ["?lon"]),
        ("GET /search?lon=0x1&lat=51,5", None, ["?lat", "?lon"]),
        ("GET /search?lat=51", None, ["?lon"]),
        ("GET /search", None, ["?lon"]),
        ("GET /search?lon=0&lat=51&postcode=M33", None, ["?postcode"]),
        ("GET /search?postcode=nowhere", None, ["?postcode"]),
        (f"GET /search?{HERE}&within_m=0", None, ["?within_m"]),
        (f"GET /search?{HERE}&within_m=1.5", None, ["?within_m"]),
        (f"GET /search?{HERE}&within_m=99999999999999999999", None, ["?within_m"]),
    ],
    "instant": [
        ("POST /bookings", period(starts="2027-07-05T18:00:00"), ["#/periods/0/starts_at"]),
        ("POST /bookings", period(starts="2027-07-05 18:00:00Z"), ["#/periods/0/starts_at"]),
        ("POST /bookings", period(starts="2027-02-30T18:00:00Z"), ["#/periods/0/starts_at"]),
        ("POST /bookings", period(starts="2027-07-05T24:00:00Z"), ["#/periods/0/starts_at"]),
        ("POST /bookings", period(starts="2027-07-05T18:00Z"), ["#/periods/0/starts_at"]),
        ("POST /bookings", period(starts="2027-W27-1T18:00:00Z"), ["#/periods/0/starts_at"]),
        ("POST /bookings", period(starts="\uff12\uff10\uff12\uff17-07-05T18:00:00Z"), ["#/periods/0/starts_at"]),
        ("POST /bookings", period(starts=1815555600), ["#/periods/0/starts_at"]),
        ("POST /bookings", period(starts=None, ends=""), ["#/periods/0/ends_at", "#/periods/0/starts_at"]),
        ("POST /bookings", repeats(ends_at="tomorrow"), ["#/repeats/ends_at"]),
        ("POST /closures", {**CLOSURE, "ends_at": "2027-07-05T20:00:00+25:00"}, ["#/ends_at"]),
        ("POST /tokens", {**TOKEN, "expires_at": "2027-07-05"}, ["#/expires_at"]),
        ("POST /tokens", {**TOKEN, "expires_at": "2027-01-01T00:00:00Z"}, ["#/expires_at"]),
        ("GET /bookings?starts_at=yesterday", None, ["?starts_at"]),
        ("GET /occurrences?ends_at=2027-07-05", None, ["?ends_at"]),
        ("GET /assets/{asset}/availability?starts_at=now", None, ["?ends_at", "?starts_at"]),
        ("GET /assets/{asset}/availability", None, ["?ends_at", "?starts_at"]),
        (f"GET /search?{HERE}&starts_at={STARTS}", None, ["?ends_at"]),
    ],
    "date and wall-clock time": [
        ("PUT /assets/{asset}/hours", season(starts_on="2027-02-29"), ["#/seasons/0/starts_on"]),
        ("PUT /assets/{asset}/hours", season(starts_on="04/01/2027"), ["#/seasons/0/starts_on"]),
        ("PUT /assets/{asset}/hours", season(starts_on="0000-01-01"), ["#/seasons/0/starts_on"]),
        ("PUT /assets/{asset}/hours", season(starts_on=STARTS), ["#/seasons/0/starts_on"]),
        ("PUT /assets/{asset}/hours", season(ends_on="2027-01-03"), ["#/seasons/0/ends_on"]),
        ("PUT /assets/{asset}/hours", season(cycle_weeks=0), ["#/seasons/0/cycle_weeks"]),
        ("PUT /assets/{asset}/hours", opening(week=2), ["#/seasons/0/hours/0/week"]),
        ("PUT /assets/{asset}/hours", opening(day="monday"), ["#/seasons/0/hours/0/day"]),
        ("PUT /assets/{asset}/hours", opening(opens="24:00"), ["#/seasons/0/hours/0/opens"]),
        ("PUT /assets/{asset}/hours", opening(opens="9:00"), ["#/seasons/0/hours/0/opens"]),
        ("PUT /assets/{asset}/hours", opening(closes="24:01"), ["#/seasons/0/hours/0/closes"]),
        ("PUT /assets/{asset}/hours", opening(closes="12:00\n"), ["#/seasons/0/hours/0/closes"]),
        ("PUT /assets/{asset}/hours", opening(closes="10:00"), ["#/seasons/0/hours/0/closes"]),
        (
            "PUT /assets/{asset}/hours",
            {"exceptions": [{"on": "2027-07-14"}, {"on": "2027-07-14", "hours": []}]},
            ["#/exceptions/1/on"],
        ),
        ("PUT /assets/{asset}/hours", {"holidays": {"region": "GB"}}, ["#/holidays/region"]),
        (
            "PUT /assets/{asset}/hours",
            {"holidays": {"region": "GB-ENG", "then": "hours"}},
            ["#/holidays/hours"],
        ),
        ("POST /timetables", {"name": "All", "applies_to": "always"}, ["#/applies_to"]),
        ("POST /timetables", {"name": " ", "always": "yes"}, ["#/always", "#/name"]),
        ("POST /bookings", repeats(except_on=["2027-07-06"]), ["#/repeats/except_on/0"]),
        ("POST /bookings", repeats(except_on=["2027-07-05", "tuesday"]), ["#/repeats/except_on/1"]),
        ("POST /bookings", repeats(count=1, except_on=["2027-07-05"]), ["#/repeats/except_on"]),
    ],
    "zone": [
        ("POST /sites", {**SITE, "timezone": "Mars/Phobos"}, ["#/timezone"]),
        ("POST /sites", {**SITE, "timezone": "BST"}, ["#/timezone"]),
        ("POST /sites", {**SITE, "timezone": "+01:00"}, ["#/timezone"]),
        ("POST /sites", {**SITE, "timezone": 1}, ["#/timezone"]),
        ("POST /sites", {**SITE, "timezone": None}, ["#/timezone"]),
        ("PATCH /sites/{site}", {"timezone": "../../etc/passwd"}, ["#/timezone"]),
    ],
    "period": [
        ("POST /bookings", period(starts=ENDS, ends=STARTS), ["#/periods/0/ends_at"]),
        ("POST /bookings", period(ends=STARTS), ["#/periods/0/ends_at"]),
        ("POST /bookings", period(ends="2028-07-10T18:00:00Z"), ["#/periods/0/ends_at"]),
        ("POST /bookings", {**BOOKING, "periods": []}, ["#/periods"]),
        ("POST /bookings", {**BOOKING, "periods": BOOKING["periods"] * 201}, ["#/periods"]),
        ("POST /bookings", {**BOOKING, "periods": BOOKING["periods"] * 2}, ["#/periods/1"]),
        ("POST /bookings", {**BOOKING, "repeats": REPEATS}, ["#/periods"]),
        ("POST /bookings", {"asset_id": "{asset}"}, ["#/periods"]),
        ("POST /bookings", repeats(ends_at=STARTS), ["#/repeats/ends_at"]),
        ("POST /closures", {**CLOSURE, "ends_at": STARTS}, ["#/ends_at"]),
        ("POST /closures", {**CLOSURE, "site_id": "{site}"}, ["#/asset_id"]),
        ("POST /closures", {"starts_at": STARTS, "ends_at": ENDS}, ["#/asset_id"]),
        (f"GET /assets/{{asset}}/availability?starts_at={ENDS}&ends_at={STARTS}", None, ["?ends_at"]),
        (f"GET /assets/{{asset}}/availability?starts_at={STARTS}&ends_at=2027-10-06T18:00:01Z", None, ["?ends_at"]),
        (f"GET /search?{HERE}&starts_at={ENDS}&ends_at={STARTS}", None, ["?ends_at"]),
        (f"GET /search?{HERE}&starts_at={STARTS}&ends_at={ENDS}&weeks=54", None, ["?weeks"]),
        (f"GET /bookings?starts_at={ENDS}&ends_at={STARTS}", None, ["?ends_at"]),
        (f"GET /occurrences?starts_at={ENDS}&ends_at={STARTS}", None, ["?ends_at"]),
    ],
    "unknown field and parameter": [
        ("POST /sites", {**SITE, "colour": "red", "id": NOBODY}, ["#/colour", "#/id"]),
        ("POST /sites", {**SITE, "a/b~c": 1}, ["#/a~1b~0c"]),
        ("POST /assets", {**ASSET, "state": "listed"}, ["#/state"]),
        ("POST /assets", terms(colour=1), ["#/terms/colour"]),
        ("POST /bookings", {**BOOKING, "state": "confirmed"}, ["#/state"]),
        (
            "POST /bookings",
            period() | {"periods": [{"start": STARTS, "ends_at": ENDS}]},
            ["#/periods/0/start", "#/periods/0/starts_at"],
        ),
        ("PATCH /organisations/{group}", {"state": "verified", "verified": True}, ["#/state", "#/verified"]),
        ("PATCH /assets/{asset}", {"owner_id": NOBODY}, ["#/owner_id"]),
        ("POST /bookings/{booking}/cancel", {"all": True, "reason": "Ill"}, ["#/reason"]),
        ("GET /bookings?color=red&state=confirmed&state=held", None, ["?color", "?state"]),
        (f"GET /search?{HERE}&lat=1", None, ["?lat"]),
        ("GET /me?verbose=1", None, ["?verbose"]),
        ("GET /assets/{asset}?fields=id", None, ["?fields"]),
        ("POST /tokens?dry_run=true", TOKEN, ["?dry_run"]),
    ],
    "word and number": [
        ("POST /assets", {**ASSET, "kind": "castle"}, ["#/kind"]),
        ("POST /assets", {**ASSET, "category": "castle"}, ["#/category"]),
        ("POST /assets", {**ASSET, "features": ["wifi", "moat", "moat"]}, ["#/features/1", "#/features/2"]),
        ("POST /assets", {**ASSET, "details": {"kind": "vehicle"}}, ["#/details/kind"]),
        ("POST /assets", {**ASSET, "capacity": 0, "units": 2.5}, ["#/capacity", "#/units"]),
        ("POST /assets", {**ASSET, "units": True}, ["#/units"]),
        ("POST /assets", {**ASSET, "units": 10**30}, ["#/units"]),
        ("POST /assets", {**ASSET, "site_id": "no uuid"}, ["#/site_id"]),
        ("POST /assets", {**ASSET, "site_id": NOBODY}, ["#/site_id"]),
        ("POST /assets", {**ASSET, "title": "a" * 201}, ["#/title"]),
        ("POST /assets", {**ASSET, "title": " \t "}, ["#/title"]),
        ("POST /assets", {"site_id": "{site}"}, ["#/category", "#/kind", "#/title"]),
        ("POST /assets", {**ASSET, "photos": [{"url": "javascript:alert(1)"}]}, ["#/photos/0/url"]),
        ("POST /assets", terms(step_minutes=7), ["#/terms/step_minutes"]),
        ("POST /assets", terms(shortest_minutes=60, longest_minutes=30), ["#/terms/longest_minutes"]),
        ("POST /assets", terms(requires=["licence_to_kill"]), ["#/terms/requires/0"]),
        (
            "POST /assets",
            terms(price={"amount": -1, "currency": "gbp", "per": "minute"}),
            ["#/terms/price/amount", "#/terms/price/currency", "#/terms/price/per"],
        ),
        ("POST /bookings", {**BOOKING, "units": 0, "attendees": -1}, ["#/attendees", "#/units"]),
        ("POST /bookings", {**BOOKING, "purpose": {"code": "mischief"}}, ["#/purpose/code"]),
        ("POST /bookings", {**BOOKING, "if_some_unavailable": "hope"}, ["#/if_some_unavailable"]),
        ("POST /bookings/{booking}/cancel", {}, ["#"]),
        ("POST /bookings/{booking}/cancel", {"occurrence_ids": [NOBODY]}, ["#/occurrence_ids/0"]),
        ("POST /bookings/{booking}/cancel", {"from_occurrence_id": NOBODY}, ["#/from_occurrence_id"]),
        ("POST /tokens", {**TOKEN, "role": "owner"}, ["#/role"]),
        ("POST /organisations", {**ORGANISATION, "slug": "Soup Kitchen"}, ["#/slug"]),
        ("POST /organisations", {**ORGANISATION, "kind": "cartel", "website": "soup"}, ["#/kind", "#/website"]),
        ("POST /organisations", {**ORGANISATION, "contact": {"email": "soup"}}, ["#/contact/email"]),
        ("POST /sites", [], ["#"]),
        ("POST /sites", "text", ["#"]),
        ("PATCH /sites/{site}", 7, ["#"]),
        ("PATCH /sites/{site}", {"name": None}, ["#/name"]),
        ("GET /bookings?limit=0", None, ["?limit"]),
        ("GET /bookings?limit=101&order=random&state=lost", None, ["?limit", "?order", "?state"]),
        ("GET /bookings?asset_id=1", None, ["?asset_id"]),
        ("GET /assets?kind=castle", None, ["?kind"]),
        (f"GET /search?{HERE}&category=castle&features=moat", None, ["?category", "?features/0"]),
        (f"GET /search?{HERE}&weeks=2&at_least=3", None, ["?at_least"]),
        (f"GET /search?{HERE}&price=cheap&units=0", None, ["?price", "?units"]),
    ],
    "the character U+0000": [
        ("POST /sites", {**SITE, "name": "a\0"}, ["#/name"]),
        ("POST /sites", {**SITE, "timezone": "Europe/London\0"}, ["#/timezone"]),
        ("POST /sites", {**SITE, "a\0b": 1}, ["#/a\0b"]),
        ("POST /tokens", {**TOKEN, "name": "\0"}, ["#/name"]),
        ("POST /closures", {**CLOSURE, "note": "\0"}, ["#/note"]),
        ("POST /bookings/{booking}/cancel", {"all": True, "note": "\0"}, ["#/note"]),
        ("PATCH /assets/{asset}", {"house_rules": "\0"}, ["#/house_rules"]),
        ("GET /organisations?q=%00", None, ["?q"]),
    ],
}


@pytest.fixture
async def client(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without a token, over a socket: all of this is sent to a running server."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_config=None))
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    host, port = server.servers[0].sockets[0].getsockname()
    hooks = {"response": [contract().check]}
    async with httpx.AsyncClient(base_url=f"http://{host}:{port}", event_hooks=hooks) as client:
        yield client
    server.should_exit = True
    await running


class Scene:
    """An owner with a listed asset, and a group that has booked it; placeholders in paths and bodies are filled."""

    def __init__(self, world: World, owner: Organisation, group: Organisation, names: dict[str, str]) -> None:
        self.world = world
        self.owner = owner
        self.group = group
        self.names = names

    def fill(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self.fill(key): self.fill(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.fill(each) for each in value]
        if isinstance(value, str):
            for name, known in self.names.items():
                value = value.replace(f"{{{name}}}", known)
        return value

    async def ask(self, request: str, body: Any = None, **options: Any) -> tuple[int, str, list[str]]:
        """Status, slug and pointers of a refusal."""
        method, _, path = self.fill(request).partition(" ")
        who = self.group if path.startswith(("/bookings", "/organisations", "/tokens")) else self.owner
        if method == "PUT":
            options["headers"] = {"If-Match": "*"}
        answer = await who.send(method, path, self.fill(body), **options)
        problem = answer.json() if answer.headers.get("Content-Type") == "application/problem+json" else {}
        return (
            answer.status_code,
            problem.get("type", answer.text[:80]).removeprefix("/problems/"),
            sorted(each["pointer"] for each in problem.get("errors", [])),
        )


@pytest.fixture
async def scene(world: World) -> Scene:
    owner, group = await world.organisation(kind="council"), await world.organisation()
    asset = await world.asset(owner, hours=daily("08:00", "22:00"))
    booking = ok(await group.book(asset, ("2027-08-02T18:00:00Z", "2027-08-02T20:00:00Z")), 201)
    for each in (owner, group):
        ok(await each.get("/me"), 200)  # notes the day of its token's use
    names = {"asset": asset["id"], "site": asset["site_id"], "booking": booking["id"], "group": group.id}
    return Scene(world, owner, group, names)


@pytest.mark.parametrize("kind", INVALID)
async def test_a_wrong_value_is_pointed_at_and_nothing_is_stored(scene: Scene, kind: str):
    before = await scene.world.stored()
    found = [(request, body, await scene.ask(request, body)) for request, body, _ in INVALID[kind]]
    expected = [(request, body, (422, "invalid", pointers)) for request, body, pointers in INVALID[kind]]
    assert [one for one, right in zip(found, expected, strict=True) if one != right] == []
    assert await scene.world.stored() == before


BODIES = [
    (b"", "application/json", 400, "malformed"),
    (b"{", "application/json", 400, "malformed"),
    (b"{'name': 'A'}", "application/json", 400, "malformed"),
    (b'{"name": "\xff"}', "application/json", 400, "malformed"),
    (b'{"name": "\\ud800"}', "application/json", 400, "malformed"),
    (b'{"name": NaN}', "application/json", 400, "malformed"),
    (b'{"name": 1e400}', "application/json", 400, "malformed"),
    (b"[" * 100_000, "application/json", 400, "malformed"),
    (b'{"point":' * 20_000 + b"1" + b"}" * 20_000, "application/json", 400, "malformed"),
    (b'{"name":' + b"[" * 900 + b"]" * 900 + b"}", "application/json", 400, "malformed"),
    (b'{"name":' + b"[" * 40 + b"]" * 40 + b"}", "application/json", 422, "invalid"),
    (b'{"name": "' + b"a" * 262_144 + b'"}', "application/json", 413, "too-large"),
    (b"name=A", "application/x-www-form-urlencoded", 415, "unsupported-media-type"),
    (b"{}", "text/plain", 415, "unsupported-media-type"),
    (b"{}", "application/json; charset=utf-16", 415, "unsupported-media-type"),
    (b"{}", "", 415, "unsupported-media-type"),
    (b"<site/>", "application/xml", 415, "unsupported-media-type"),
    (b"--x--", "multipart/form-data; boundary=x", 415, "unsupported-media-type"),
]


async def test_a_body_that_is_none_stores_nothing(scene: Scene):
    before = await scene.world.stored()
    found = []
    for body, content_type, _, _ in BODIES:
        answer = await scene.owner.send("POST", "/sites", content=body, headers={"Content-Type": content_type})
        found.append((body, content_type, answer.status_code, answer.json()["type"].removeprefix("/problems/")))
    assert [one for one, right in zip(found, BODIES, strict=True) if one != right] == []
    assert await scene.world.stored() == before


async def test_ten_thousand_periods_are_more_than_a_body_holds(scene: Scene):
    before = await scene.world.stored()
    answer = await scene.group.post("/bookings", scene.fill({**BOOKING, "periods": [period()] * 10_000}))
    assert ok(answer, 413)["type"] == "/problems/too-large"
    assert await scene.world.stored() == before


GUARDED = [
    ("GET", "/me", None),
    ("GET", "/assets", None),
    ("POST", "/sites", SITE),
    ("POST", "/bookings", BOOKING),
    ("DELETE", f"/closures/{NOBODY}", None),
]


async def test_a_forged_or_revoked_token_opens_nothing(scene: Scene, clock: Any):
    kiosk = await scene.group.as_role("admin")
    mine = ok(await kiosk.get("/me"), 200)["token"]["id"]
    ok(await scene.group.delete(f"/tokens/{mine}"), 204)
    soon = await scene.group.post("/tokens", {**TOKEN, "expires_at": "2027-01-04T09:30:00Z"})
    expired = ok(soon, 201)["token"]
    clock.now = clock.now.replace(minute=30)
    before = await scene.world.stored()
    known = scene.group.token
    forged = known[:-1] + ("a" if known[-1] != "a" else "b")
    for token, slug in [
        (kiosk.token, "token-revoked"),
        (expired, "token-expired"),
        (tokens.make(), "unauthenticated"),
        (forged, "unauthenticated"),
        (known.upper(), "unauthenticated"),
        ("fallow_", "unauthenticated"),
        ("fallow_" + "a" * 5000, "unauthenticated"),
        ("null", "unauthenticated"),
    ]:
        impostor = Organisation(scene.world.client, scene.group.body, token)
        for method, path, body in GUARDED:
            answer = await impostor.send(method, path, scene.fill(body))
            assert (ok(answer, 401)["type"], answer.headers["WWW-Authenticate"]) == (f"/problems/{slug}", "Bearer")
    assert await scene.world.stored() == before


PAGED = ["/sites?", "/bookings?", "/occurrences?", "/tokens?", f"/search?{HERE}&", "/categories?"]


async def test_a_cursor_that_is_not_ours_is_refused(scene: Scene):
    await scene.world.asset(scene.owner)
    other = ok(await scene.owner.get("/assets", limit=1), 200)["next"]
    for path, cursor in product(PAGED, ["", "x", "é", "====", "a b", "A" * 60, other]):
        problem = ok(await scene.owner.send("GET", f"{path}cursor={cursor}"), 422)
        assert [each["pointer"] for each in problem["errors"]] == ["?cursor"]
        assert problem["type"] in {"/problems/cursor-invalid", "/problems/invalid"}
    refused = ok(await scene.owner.get("/events", after="x"), 422)
    assert (refused["type"], refused["errors"][0]["pointer"]) == ("/problems/cursor-invalid", "?after")


ELSEWHERE = [
    ("GET /assets/no-uuid", 404, "not-found"),
    (f"GET /assets/{NOBODY}", 404, "not-found"),
    (f"GET /bookings/{NOBODY}", 404, "not-found"),
    (f"POST /bookings/{NOBODY}/cancel", 404, "not-found"),
    (f"PATCH /sites/{NOBODY}", 404, "not-found"),
    (f"DELETE /closures/{NOBODY}", 404, "not-found"),
    ("PUT /assets/{asset}", 405, "method-not-allowed"),
    ("DELETE /bookings/{booking}", 405, "method-not-allowed"),
    ("GET /assets/{asset}/nothing", 404, "not-found"),
    ("PUT /assets/no-uuid", 404, "not-found"),
    ("POST /bookings//cancel", 404, "not-found"),
    ("GET /organisations?q=%ff", 400, "malformed"),
]


async def test_what_is_not_there_is_not_found(scene: Scene):
    before = await scene.world.stored()
    found = []
    for request, _, _ in ELSEWHERE:
        body = {"all": True} if "cancel" in request else {} if request.startswith("P") else None
        found.append((request, *(await scene.ask(request, body))[:2]))
    assert found == ELSEWHERE
    assert await scene.world.stored() == before
