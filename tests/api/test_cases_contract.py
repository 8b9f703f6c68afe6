"""Cases from other systems' trackers: zero bytes, plus signs, the ends of time, ETags, cursors, nulls, privacy."""

import asyncio
import json
import re
from typing import Any

import httpx
import pytest
from calls import MANCHESTER, Organisation, World, daily, ok, pointers, reasons, weekly
from contract import PUBLISHED, contract

EVENING = ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")
NEXT_WEEK = ("2027-07-12T00:00:00Z", "2027-07-19T00:00:00Z")
HERE = f"lon={MANCHESTER[0]}&lat={MANCHESTER[1]}"
POINT = {"type": "Point", "coordinates": list(MANCHESTER)}
ZERO = "a\0b"
BEFORE_TIME, AFTER_TIME = "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"


ZERO_ASSETS = [
    ({"title": ZERO}, "#/title"),
    ({"description": ZERO}, "#/description"),
    ({"category": ZERO}, "#/category"),
    ({"features": [ZERO]}, "#/features/0"),
    ({"details": {"kind": "space", "layouts": [{"name": ZERO, "capacity": 1}]}}, "#/details/layouts/0/name"),
]


async def test_c22_a_zero_byte_in_an_asset_is_pointed_at(world: World):
    owner = await world.organisation()
    site = await world.site(owner)
    before = await world.stored()
    body = {"site_id": site["id"], "kind": "space", "category": "hall", "title": "A hall"}
    found = [(wrong, *pointers(await owner.post("/assets", {**body, **wrong}))) for wrong, _ in ZERO_ASSETS]
    assert found == ZERO_ASSETS
    assert await world.stored() == before


async def test_c22_a_zero_byte_in_other_bodies_is_pointed_at(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    before = await world.stored()
    for member in ("street", "town", "postcode"):
        sent = {"name": "A", "point": POINT, "address": {member: ZERO}}
        assert pointers(await owner.post("/sites", sent)) == [f"#/address/{member}"]
    for purpose, member in (({"code": "meeting", "text": ZERO}, "text"), ({"code": ZERO}, "code")):
        assert pointers(await group.book(asset, EVENING, purpose=purpose)) == [f"#/purpose/{member}"]
    assert pointers(await group.book(asset, EVENING, notes=ZERO)) == ["#/notes"]
    assert pointers(await group.post("/bookings", {"asset_id": asset["id"], "a\0": 1})) == ["#/a\0"]
    assert pointers(await group.patch(f"/organisations/{group.id}", {"name": ZERO})) == ["#/name"]
    key = {"headers": {"Idempotency-Key": ZERO}}
    assert pointers(await group.post("/tokens", {"name": "k", "role": "member"}, **key)) == ["Idempotency-Key"]
    assert await world.stored() == before


ZERO_QUERIES = [
    ("/v1/search?postcode=M33%00", "?postcode"),
    (f"/v1/search?{HERE}&category=ha%00ll", "?category"),
    (f"/v1/search?{HERE}&features=wifi%00", "?features/0"),
    (f"/v1/search?{HERE}&cursor=a%00", "?cursor"),
    (f"/v1/search?{HERE}&kind=space%00", "?kind"),
    (f"/v1/search?{HERE}&limit=1%00", "?limit"),
    (f"/v1/search?{HERE}&starts_at=2027-07-05T18:00:00Z%00&ends_at=2027-07-05T20:00:00Z", "?starts_at"),
    (f"/v1/search?{HERE}&a%00=1", "?a\0"),
    ("/v1/sites?q=a%00", "?q"),
    ("/v1/assets?category=%00", "?category"),
]


async def test_c22_a_zero_byte_in_a_query_is_pointed_at(client: httpx.AsyncClient):
    assert [(path, *pointers(await client.get(path))) for path, _ in ZERO_QUERIES] == ZERO_QUERIES


async def test_c22_a_zero_byte_in_a_path_is_nowhere(client: httpx.AsyncClient):
    for path in ("assets/%00", "organisations/a%00", "bookings/%00", "sites/%00/x", "%00"):
        assert (await client.get(f"/v1/{path}")).status_code == 404, path


@pytest.mark.parametrize("offset", ["+01:00", "%2B01:00", "%2b01:00"])
async def test_c23_the_plus_sign_in_a_query(world: World, offset: str):
    owner = await world.organisation()
    asset = await world.asset(owner)
    period = f"starts_at=2027-07-14T09:00:00{offset}&ends_at=2027-07-14T11:00:00{offset}"
    read = {"starts_at": "2027-07-14T08:00:00Z", "ends_at": "2027-07-14T10:00:00Z"}
    found = ok(await world.client.get(f"/v1/assets/{asset['id']}/availability?{period}"), 200)
    assert (found["open"], found["free"]) == ([read], [{**read, "units_free": 1}])
    [match] = ok(await world.client.get(f"/v1/search?{HERE}&{period}"), 200)["items"]
    assert [(each["starts_at"], each["ends_at"]) for each in match["occurrences"]] == [tuple(read.values())]
    assert match["book"]["periods"] == [read]


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "wrong"),
    [
        ("2027-07-14T09:00:00+0100", "2027-07-14T11:00:00+01:00", ["?starts_at"]),
        ("2027-07-14T09:00:00", "2027-07-14T11:00:00 0100", ["?ends_at", "?starts_at"]),
        ("2027-07-14 09:00:00Z", "2027-07-14T11:00:00Z", ["?starts_at"]),
        ("2027-07-14", "2027-07-14T11:00:00Z", ["?starts_at"]),
        ("1815555600", "2027-07-14T11:00:00Z", ["?starts_at"]),
        ("2027-07-14T11:00:00+01:00", "2027-07-14T11:00:00+01:00", ["?ends_at"]),
        ("2027-07-14T11:00:00Z", "2027-07-14T11:59:00+01:00", ["?ends_at"]),
    ],
)
async def test_c23_no_other_time_is_guessed(world: World, starts_at: str, ends_at: str, wrong: list[str]):
    owner = await world.organisation()
    asset = await world.asset(owner)
    period = f"starts_at={starts_at}&ends_at={ends_at}"
    assert pointers(await world.client.get(f"/v1/assets/{asset['id']}/availability?{period}")) == wrong
    assert pointers(await world.client.get(f"/v1/search?{HERE}&{period}")) == wrong


@pytest.mark.parametrize("moment", [BEFORE_TIME, AFTER_TIME, "1969-12-31T23:59:59Z", "2200-01-01T00:00:00Z"])
async def test_c24_instants_at_the_ends_of_time_are_pointed_at(world: World, moment: str):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    before = await world.stored()
    for end in ("starts_at", "ends_at"):
        period = {"starts_at": EVENING[0], "ends_at": EVENING[1], end: moment}
        periods = {"asset_id": asset["id"], "periods": [period]}
        assert pointers(await group.post("/bookings", periods)) == [f"#/periods/0/{end}"]
        repeats = {"asset_id": asset["id"], "repeats": {**period, "count": 2}}
        assert pointers(await group.post("/bookings", repeats)) == [f"#/repeats/{end}"]
        assert pointers(await owner.post("/closures", {"asset_id": asset["id"], **period})) == [f"#/{end}"]
        for path in (f"/assets/{asset['id']}/availability", "/bookings", "/occurrences"):
            assert pointers(await group.get(path, **period)) == [f"?{end}"]
        here = {"lon": MANCHESTER[0], "lat": MANCHESTER[1]}
        assert pointers(await group.get("/search", **here, **period)) == [f"?{end}"]
    token = {"name": "kiosk", "role": "member", "expires_at": moment}
    assert pointers(await group.post("/tokens", token)) == ["#/expires_at"]
    assert await world.stored() == before


async def test_c24_dates_at_the_ends_of_time_do_no_harm(world: World):
    owner = await world.organisation()
    always = {"week": 1, "day": "mon", "opens": "10:00", "closes": "12:00"}
    for starts_on, ends_on in [("0001-01-01", None), ("0001-01-01", "9999-12-31"), ("2027-01-01", "9999-12-31")]:
        seasons = [{"starts_on": starts_on, "ends_on": ends_on, "cycle_weeks": 1, "hours": [always]}]
        exceptions = [{"on": "0001-01-01"}, {"on": "9999-12-31", "hours": [{"opens": "23:00", "closes": "02:00"}]}]
        asset = await world.asset(owner, hours={"seasons": seasons, "exceptions": exceptions})
        assert await world.open(asset, *NEXT_WEEK) == [("2027-07-12T09:00:00Z", "2027-07-12T11:00:00Z")]
        last = ("2199-12-01T00:00:00Z", "2199-12-31T23:59:59Z")
        assert len(await world.open(asset, *last)) == 5
        first = ("1970-01-01T00:00:00Z", "1970-01-02T00:00:00Z")
        assert await world.open(asset, *first) == []


async def test_c24_a_window_of_a_thousand_years_is_refused_with_the_longest(world: World):
    owner = await world.organisation()
    asset = await world.asset(owner)
    path = f"/assets/{asset['id']}/availability"
    assert pointers(await owner.get(path, starts_at="2027-01-01T00:00:00Z", ends_at="2999-01-01T00:00:00Z")) == [
        "?ends_at"
    ]
    refused = await owner.get(path, starts_at="2027-01-01T00:00:00Z", ends_at="2199-01-01T00:00:00Z")
    assert "92 days" in ok(refused, 422)["errors"][0]["detail"]


async def test_c24_a_series_and_a_period_at_the_end_of_time_are_refused(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    late = ("2199-12-01T09:00:00Z", "2199-12-01T10:00:00Z")
    assert pointers(await group.repeat(asset, *late, 200)) == ["#/repeats/count"]
    assert reasons(await group.book(asset, late)) == [["too_far_ahead"]]
    assert reasons(await group.book(asset, ("1970-01-01T09:00:00Z", "1970-01-01T10:00:00Z"))) == [["in_the_past"]]
    assert await world.found(*late, weeks=53, at_least=1) == set()


async def test_c25_a_stale_if_match(world: World):
    owner = await world.organisation()
    asset = await world.asset(owner)
    path = f"/assets/{asset['id']}"

    async def rename(title: str, etag: str) -> httpx.Response:
        return await owner.patch(path, {"title": title}, headers={"If-Match": etag})

    first = (await owner.get(path)).headers["ETag"]
    changed = await rename("One", first)
    second = changed.headers["ETag"]
    assert (ok(changed, 200)["title"], second != first) == ("One", True)
    assert ok(await rename("Two", first), 412)["type"] == "/problems/precondition-failed"
    assert ok(await owner.get(path), 200)["title"] == "One"
    answers = await asyncio.gather(*(rename(f"Title {n}", second) for n in range(10)))
    assert sorted(each.status_code for each in answers) == [200] + [412] * 9
    [winner] = [each for each in answers if each.status_code == 200]
    now = await owner.get(path)
    assert (ok(now, 200), now.headers["ETag"]) == (winner.json(), winner.headers["ETag"])
    ok(await rename("Three", "*"), 200)
    assert (await rename("Four", f"W/{first}")).status_code == 412
    ok(await rename("Four", f'"other", {(await owner.get(path)).headers["ETag"]}'), 200)


async def test_c25_hours_and_the_actions_of_a_booking_behave_alike(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    path = f"/assets/{asset['id']}/hours"
    first = (await owner.get(path)).headers["ETag"]
    changes = [owner.put(path, daily("09:00", f"{n}:00"), headers={"If-Match": first}) for n in range(12, 22)]
    answers = await asyncio.gather(*changes)
    assert sorted(each.status_code for each in answers) == [200] + [412] * 9
    ok(await owner.put(path, {"always": True}, headers={"If-Match": "*"}), 200)
    booked = await group.repeat(asset, *EVENING, 2)
    booking, known = ok(booked, 201), booked.headers["ETag"]
    cancel = f"/bookings/{booking['id']}/cancel"
    scope = {"occurrence_ids": [booking["occurrences"][0]["id"]]}
    changed = await group.post(cancel, scope, headers={"If-Match": known})
    assert changed.headers["ETag"] != known
    ok(changed, 200)
    ok(await group.post(cancel, {"all": True}, headers={"If-Match": known}), 412)
    assert ok(await group.get(f"/bookings/{booking['id']}"), 200) == changed.json()
    answers = await asyncio.gather(
        *(group.post(cancel, {"all": True}, headers={"If-Match": changed.headers["ETag"]}) for _ in range(10))
    )
    assert sorted(each.status_code for each in answers) == [200] + [412] * 9


async def test_c25_a_change_of_terms_or_hours_changes_every_etag_that_shows_it(world: World):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    booking = ok(await group.book(asset, EVENING), 201)
    paths = [f"/assets/{asset['id']}", f"/bookings/{booking['id']}"]
    before = [(await owner.get(path)).headers["ETag"] for path in paths]
    terms = {"terms": {"price": {"amount": 500, "currency": "GBP", "per": "hour"}}}
    changed = await owner.patch(paths[0], terms)
    assert ok(changed, 200)["terms"]["price"]["amount"] == 500
    after = [(await owner.get(path)).headers["ETag"] for path in paths]
    assert [one != other for one, other in zip(before, after, strict=True)] == [True, True]
    assert changed.headers["ETag"] == after[0]
    assert ok(await owner.get(paths[1]), 200)["cost"] == booking["cost"]
    hours = f"{paths[0]}/hours"
    known = (await owner.get(hours)).headers["ETag"]
    put = await owner.put(hours, daily("08:00", "23:00"), headers={"If-Match": known})
    assert (ok(put, 200)["bookings_hit"], put.headers["ETag"] != known) == ([], True)
    for path in (*paths, hours):
        etag = (await owner.get(path)).headers["ETag"]
        again = await owner.send("GET", path, headers={"If-None-Match": etag})
        assert (again.status_code, again.content) == (304, b"")


async def test_c26_thirty_places_at_one_door(world: World):
    owner = await world.organisation()
    site = await world.site(owner)
    made = set()
    for n in range(30):
        body = {"site_id": site["id"], "kind": "space", "category": "hall", "title": f"Room {n}", "description": "A"}
        asset = ok(await owner.post("/assets", body), 201)
        ok(await owner.put(f"/assets/{asset['id']}/hours", {"always": True}), 200)
        ok(await owner.post(f"/assets/{asset['id']}/publish"), 200)
        made.add(asset["id"])
    period = f"starts_at={EVENING[0]}&ends_at={EVENING[1]}"

    async def walk(limit: int) -> list[list[str]]:
        path, pages = f"/v1/search?{HERE}&{period}&limit={limit}", []
        while True:
            answer = await world.client.get(path)
            page = ok(answer, 200)
            pages.append([item["asset"]["id"] for item in page["items"]])
            if page["next"] is None:
                assert "Link" not in answer.headers
                return pages
            link = re.fullmatch(r'<([^>]+)>; rel="next"', answer.headers["Link"])
            following = f"/v1/search?{HERE}&{period}&limit={limit}&cursor={page['next']}"
            assert dict(httpx.URL(link[1]).params) == dict(httpx.URL(following).params)
            path = link[1]

    pages = await walk(7)
    assert [len(page) for page in pages] == [7, 7, 7, 7, 2]
    order = [each for page in pages for each in page]
    assert (len(order), set(order)) == (30, made)
    assert await walk(7) == pages
    assert [each for page in await walk(1) for each in page] == order
    assert [len(page) for page in await walk(30)] == [30]
    cursor = ok(await world.client.get(f"/v1/search?{HERE}&{period}&limit=7"), 200)["next"]
    for n in (0, 10, 30, len(cursor) - 2):
        wrong = cursor[:n] + ("A" if cursor[n] != "A" else "B") + cursor[n + 1 :]
        refused = ok(await world.client.get(f"/v1/search?{HERE}&{period}&limit=7&cursor={wrong}"), 422)
        assert refused["type"] == "/problems/cursor-invalid"
    for other in ("&kind=space", "&within_m=9999", "&units=2"):
        refused = ok(await world.client.get(f"/v1/search?{HERE}&{period}&limit=7&cursor={cursor}{other}"), 422)
        assert refused["type"] == "/problems/cursor-mismatch"


def test_c27_next_is_always_there_and_what_answers_always_have_is_required():
    schemas = json.loads(PUBLISHED.read_text())["components"]["schemas"]
    paged = {name: schema for name, schema in schemas.items() if name.endswith("Page") or name == "SearchAnswer"}
    assert paged
    for name, schema in paged.items():
        assert "next" in schema["required"]
        assert schema["properties"]["next"]["type"] == ("string" if name == "EventPage" else ["string", "null"]), name


async def test_c27_one_answer_of_each_operation_is_as_published(world: World):
    answered: set[str] = set()

    async def note(response: httpx.Response) -> None:
        if response.is_success and (operation := contract().operation(response.request)):
            answered.add(operation["operationId"])

    world.client.event_hooks["response"].append(note)
    owner, group = await world.organisation(kind="council"), await world.organisation()
    stranger = await world.organisation(verified=False)
    site = await world.site(owner, address={"postcode": "M33 4BX"})
    await world.site(owner, private=True)
    asset = await world.asset(owner, site=site, hours=daily("08:00", "22:00"), capacity=40)
    part = await world.asset(owner, site=site, part_of=asset["id"])
    draft = await world.asset(owner, site=site, published=False)
    van = {"kind": "vehicle", "category": "minibus", "details": {"kind": "vehicle", "seats": 16}, "capacity": 16}
    price = {"price": {"amount": 500, "currency": "GBP", "per": "day"}}
    await world.asset(owner, site=site, terms=price, **van)
    await asked_of_everyone(world, owner, asset)
    await asked_of_owners(owner, site, draft)
    await asked_of_seekers(group)
    await asked_of_bookers(world, owner, group, asset, part)
    ok(await stranger.book(asset, EVENING), 409)
    token = ok(await owner.post("/tokens", {"name": "k", "role": "member"}), 201)
    ok(await owner.get(f"/tokens/{token['id']}"), 200)
    ok(await owner.delete(f"/tokens/{token['id']}"), 204)
    assert set(contract().operations) - answered == set()


async def asked_of_everyone(world: World, owner: Organisation, asset: dict[str, Any]) -> None:
    """Public reading, pages and last pages."""
    for path in (
        "categories",
        "features",
        "requirements",
        "purposes",
        "organisations",
        "sites",
        "assets",
        "timetables",
    ):
        ok(await world.client.get(f"/v1/{path}?limit=1"), 200)
        ok(await world.client.get(f"/v1/{path}?limit=100"), 200)
    ok(await world.client.get("/v1/closures"), 200)
    for path in (f"organisations/{owner.id}", f"assets/{asset['id']}", f"sites/{asset['site_id']}"):
        ok(await world.client.get(f"/v1/{path}"), 200)
        ok(await owner.get(f"/{path}"), 200)
    ok(await world.client.get(f"/v1/assets/{asset['id']}/hours"), 200)
    await world.availability(asset, *NEXT_WEEK)
    evening = {"starts_at": EVENING[0], "ends_at": EVENING[1]}
    ok(await world.client.get(f"/v1/assets/{asset['id']}/starts", params={**evening, "minutes": 60}), 200)
    ok(await world.client.get(f"/v1/assets/{asset['id']}/explain", params=evening), 200)
    night = {"starts_at": "2027-07-05T22:00:00Z", "ends_at": "2027-07-06T02:00:00Z"}
    ok(await owner.get(f"/assets/{asset['id']}/explain", **night), 200)
    await world.search()
    await world.search(limit=1)
    await world.search(starts_at=EVENING[0], ends_at=EVENING[1], weeks=2, at_least=1)
    ok(await world.client.get("/v1/assets/0190b0d0-0000-7000-8000-000000000000"), 404)
    ok(await world.client.get("/v1/search?lon=1&colour=red"), 422)


async def asked_of_owners(owner: Organisation, site: dict[str, Any], draft: dict[str, Any]) -> None:
    """Listing."""
    week = {"starts_at": NEXT_WEEK[0], "ends_at": NEXT_WEEK[1]}
    ok(await owner.get("/me"), 200)
    ok(await owner.get("/tokens", limit=1), 200)
    ok(await owner.patch(f"/organisations/{owner.id}", {"contact": {"name": "Jo"}}), 200)
    ok(await owner.patch(f"/sites/{site['id']}", {"name": "Other"}), 200)
    ok(await owner.patch(f"/assets/{draft['id']}", {"title": "Other"}), 200)
    hours = weekly(("mon", "18:00", "22:00"), exceptions=[{"on": "2027-07-14", "hours": []}])
    timetable = ok(await owner.post("/timetables", {"name": "All", **hours}), 201)
    path = f"/timetables/{timetable['id']}"
    ok(await owner.get(path), 200)
    ok(await owner.put(path, {"name": "All", **hours}), 428)
    ok(await owner.put(path, {"name": "All", **hours, "dry_run": True}), 200)
    ok(await owner.put(path, {"name": "All", "always": True}, headers={"If-Match": "*"}), 200)
    for action in ("publish", "pause"):
        ok(await owner.post(f"/assets/{draft['id']}/{action}"), 200)
    ok(await owner.post(f"/assets/{draft['id']}/copy", {"site_ids": [site["id"]]}), 201)
    closure = {"asset_id": draft["id"], "starts_at": EVENING[0], "ends_at": EVENING[1]}
    ok(await owner.post("/closures", {**closure, "dry_run": True}), 200)
    made = ok(await owner.post("/closures", closure), 201)["closure"]
    ok(await owner.get(f"/closures/{made['id']}"), 200)
    ok(await owner.delete(f"/closures/{made['id']}"), 204)
    capped = {"asset_id": draft["id"], "counts": "minutes", "most": 600, "every": "week"}
    made = ok(await owner.post("/limits", capped), 201)
    ok(await owner.get(f"/limits/{made['id']}"), 200)
    evenings = {"prime_time": [{"day": "mon", "opens": "18:00", "closes": "22:00"}], "name": "Evenings"}
    ok(await owner.patch(f"/limits/{made['id']}", evenings), 200)
    ok(await owner.post("/limits", {"category": "hall", "counts": "open_bookings", "most": 20}), 201)
    for limit in (1, 100):
        ok(await owner.get("/limits", limit=limit), 200)
    ok(await owner.delete(f"/limits/{made['id']}"), 204)
    for limit in (1, 100):
        ok(await owner.get(f"/assets/{draft['id']}/needs", limit=limit), 200)
        ok(await owner.get(f"/organisations/{owner.id}/idle", **week, limit=limit), 200)
    ok(await owner.post(f"/organisations/{owner.id}/idle", {**hours, **week, "site_id": site["id"]}), 200)
    ok(await owner.post(f"/assets/{draft['id']}/archive"), 200)


async def asked_of_seekers(group: Organisation) -> None:
    """Saying what is needed, and seeing what meets it."""
    point = {"type": "Point", "coordinates": list(MANCHESTER)}
    period = {"starts_at": EVENING[0], "ends_at": EVENING[1]}
    body = {"category": "hall", "point": point, "periods": [period], "minutes": 60, "until": EVENING[1]}
    need = ok(await group.post("/needs", body), 201)
    for limit in (1, 100):
        ok(await group.get("/needs", limit=limit), 200)
        ok(await group.get(f"/needs/{need['id']}/matches", limit=limit), 200)
    ok(await group.patch(f"/needs/{need['id']}", {"attendees": 5}), 200)
    ok(await group.get("/demand"), 200)
    for on in ("2027-01-03", "2027-01-04"):
        ok(await group.get(f"/seeds/{on}"), 200)
    ok(await group.get(f"/needs/{need['id']}"), 200)
    ok(await group.post(f"/needs/{need['id']}/close"), 200)


async def asked_of_bookers(
    world: World, owner: Organisation, group: Organisation, asset: dict[str, Any], part: dict[str, Any]
) -> None:
    """Booking, in every form that is offered."""
    ok(await group.book(asset, EVENING, dry_run=True), 200)
    purpose = {"code": "meeting", "text": "Soup"}
    booking = ok(await group.book(asset, EVENING, attendees=5, purpose=purpose, notes="Two doors"), 201)
    ok(await group.book(part, EVENING), 409)
    series = ok(await group.repeat(part, *EVENING, 3, if_some_unavailable="skip"), 201)
    await world.hours(owner, asset, daily("08:00", "12:00"))
    for who in (owner, group):
        ok(await who.get(f"/bookings/{booking['id']}"), 200)
        ok(await who.get("/bookings", limit=1), 200)
        ok(await who.get("/occurrences"), 200)
        ok(await who.get("/occurrences", limit=1), 200)
    for who, other in ((owner, group), (group, owner)):
        sent = ok(await who.post(f"/bookings/{booking['id']}/messages", {"text": "Soup"}), 201)
        ok(await who.get(f"/bookings/{booking['id']}/messages", limit=1), 200)
        ok(await other.post(f"/bookings/{booking['id']}/messages/{sent['id']}/read"), 200)
        ok(await other.delete(f"/bookings/{booking['id']}/messages/{sent['id']}"), 409)
        ok(await who.delete(f"/bookings/{booking['id']}/messages/{sent['id']}"), 204)
        ok(await who.post(f"/bookings/{booking['id']}/feedback", {"verdict": "well"}), 409)
        ok(await who.get(f"/bookings/{booking['id']}/feedback"), 200)
    ok(await group.move(booking, ends_at="2027-07-05T19:30:00Z"), 200)
    ok(await group.cancel(booking), 200)
    ok(await group.retry(series), 200)
    for what in ("check-in", "no-show"):
        due = ok(await group.book(await world.asset(owner), ("2027-01-04T09:00:00Z", "2027-01-04T11:00:00Z")), 201)
        ok(await owner.post(f"/bookings/{due['id']}/{what}", {"all": True}), 200)
    lent = await world.asset(owner, units=2, terms={"approval": True, "recallable": True})
    held, asked = [ok(await group.book(lent, EVENING, hold=hold), 201) for hold in (True, False)]
    ok(await group.post(f"/bookings/{held['id']}/confirm"), 200)
    ok(await owner.post(f"/bookings/{held['id']}/decline", {"all": True}), 200)
    for action in ("approve", "recall"):
        ok(await owner.post(f"/bookings/{asked['id']}/{action}", {"all": True}), 200)
    ok(await group.get("/claims"), 200)
    today = ok(await group.book(await world.asset(owner), ("2027-01-04T09:00:00Z", "2027-01-04T10:00:00Z")), 201)
    given = ok(await group.post(f"/bookings/{today['id']}/feedback", {"verdict": "well"}), 201)
    ok(await group.delete(f"/bookings/{today['id']}/feedback/{given['id']}"), 204)
    await asked_about_offers(world, owner, group)
    await asked_of_those_who_wait(world, owner, group)
    for limit in (1, 100):
        ok(await owner.get("/events", limit=limit), 200)


async def asked_of_those_who_wait(world: World, owner: Organisation, group: Organisation) -> None:
    """Waiting for what others have."""
    van = await world.asset(owner, kind="vehicle", category="van")
    booking = ok(await owner.book(van, EVENING), 201)
    place = {"asset_id": van["id"], "starts_at": EVENING[0], "ends_at": EVENING[1]}
    sent = {"any_of": [place], "attendees": None}
    ok(await group.post("/waiting", {**sent, "dry_run": True}), 200)
    for how in ("leave", "decline"):
        entry = ok(await group.post("/waiting", sent), 201)
        ok(await group.post("/waiting", sent), 409)
        for who in (owner, group):
            ok(await who.get(f"/waiting/{entry['id']}"), 200)
            ok(await who.get("/waiting", limit=1), 200)
        if how == "leave":
            ok(await group.post(f"/waiting/{entry['id']}/leave"), 200)
    ok(await owner.cancel(booking), 200)
    [offer] = ok(await group.get("/offers", state="offered"), 200)["items"]
    ok(await owner.get(f"/offers/{offer['id']}"), 200)
    ok(await group.post(f"/offers/{offer['id']}/decline"), 200)


async def asked_about_offers(world: World, owner: Organisation, group: Organisation) -> None:
    """Offering what is needed, and every answer."""
    point = {"type": "Point", "coordinates": list(MANCHESTER)}
    period = {"starts_at": EVENING[0], "ends_at": EVENING[1]}
    vans = await world.asset(owner, kind="vehicle", category="van", units=4)
    body = {"category": "van", "point": point, "periods": [period], "until": EVENING[1]}
    for who, how in ((group, "accept"), (group, "decline"), (owner, "withdraw")):
        need = ok(await group.post("/needs", body), 201)
        sent = {"asset_id": vans["id"], "need_id": need["id"], "numbers": [1]}
        ok(await owner.post("/offers", {**sent, "dry_run": True}), 200)
        offer = ok(await owner.post("/offers", sent), 201)
        ok(await owner.post("/offers", sent), 409)
        ok(await who.post(f"/offers/{offer['id']}/{how}"), 200)
        for either in (owner, group):
            ok(await either.get(f"/offers/{offer['id']}"), 200)
            ok(await either.get("/offers", limit=1), 200)
            ok(await either.get(f"/needs/{need['id']}"), 200)


async def test_c31_what_was_answered_can_be_read(world: World, app: Any):
    owner, group, other = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://fallow") as second:
        reader = Organisation(second, group.body, group.token)
        for n in range(40):
            starts, ends = (f"2027-07-{n // 2 + 1:02}T{hour + n % 2}:00:00Z" for hour in (12, 13))
            made = await group.book(asset, (starts, ends))
            read = await reader.get(f"/bookings/{ok(made, 201)['id']}")
            assert (ok(read, 200), read.headers["ETag"]) == (made.json(), made.headers["ETag"])
            changed = await owner.patch(f"/assets/{asset['id']}", {"title": f"Hall {n}"})
            assert ok(await reader.get(f"/assets/{asset['id']}"), 200)["title"] == changed.json()["title"]
            await world.hours(owner, asset, daily("09:00", f"{12 + n % 2}:00"))
            opened = await world.open(asset, "2027-07-01T00:00:00Z", "2027-07-02T00:00:00Z")
            assert opened == [("2027-07-01T08:00:00Z", f"2027-07-01T{11 + n % 2}:00:00Z")]
            await world.hours(owner, asset, {"always": True})
            ok(await group.cancel(made.json()), 200)
            ok(await Organisation(second, other.body, other.token).book(asset, (starts, ends)), 201)


async def test_c36_the_public_sees_free_or_not_free(world: World):
    owner, group = await world.organisation(), await world.organisation(name="SECRET-2", contact={"name": "SECRET-3"})
    asset = await world.asset(owner, arrival={"code": "SECRET-4"})
    notes = {"purpose": {"code": "meeting", "text": "SECRET-1"}, "notes": "SECRET-5"}
    booking = ok(await group.book(asset, EVENING, **notes), 201)
    params = {"starts_at": EVENING[0], "ends_at": EVENING[1]}
    weeks = {"lon": MANCHESTER[0], "lat": MANCHESTER[1], "weeks": 2, "at_least": 1, **params}
    seen = [
        await world.client.get(f"/v1/assets/{asset['id']}"),
        await world.client.get(f"/v1/assets/{asset['id']}/availability", params=params),
        await world.client.get(f"/v1/assets/{asset['id']}/hours"),
        await world.client.get(f"/v1/sites/{asset['site_id']}"),
        await world.client.get("/v1/assets"),
        await world.client.get("/v1/search", params=weeks),
        await world.client.get("/v1/search", params={**weeks, "at_least": 2, "explain": True}),
        await world.client.get(f"/v1/assets/{asset['id']}/starts", params={**params, "minutes": 60}),
        await world.client.get(f"/v1/assets/{asset['id']}/explain", params=params),
        await world.client.get("/openapi.json"),
    ]
    assert all("taken" in seen[place].text for place in (5, 6, 8))
    for answer in seen:
        ok(answer, 200)
        for private in ("SECRET", booking["id"], booking["reference"], booking["occurrences"][0]["id"], group.id):
            assert private not in answer.text
    ok(await world.client.get("/v1/bookings"), 401)
    ok(await world.client.get("/v1/occurrences"), 401)
    ok(await world.client.get("/v1/events"), 401)
    invented = "0190b0d0-0000-7000-8000-000000000000"
    refused = [ok(await world.client.get(f"/v1/bookings/{each}"), 401) for each in (booking["id"], invented)]
    assert refused[0]["detail"] == refused[1]["detail"]
    events = ok(await group.get("/events", limit=100), 200)
    assert "SECRET" not in json.dumps([each for each in events["items"] if each["type"].startswith("booking")])
