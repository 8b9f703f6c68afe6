"""What would happen if: which needs of others a draft timetable would serve; and nothing comes of asking."""

from typing import Any

import pytest
from calls import MANCHESTER, Organisation, World, daily, ok, pointers, weekly

from domain.places import Point, about

WEEKS = {"starts_at": "2027-01-11T00:00:00Z", "ends_at": "2027-01-25T00:00:00Z"}
SUNDAY = ("2027-01-17T10:00:00Z", "2027-01-17T11:00:00Z")
SUNDAYS = weekly(("sun", "09:00", "13:00"))
MONDAYS = weekly(("mon", "09:00", "11:00"))
NOTHING = {"needs": 0, "minutes": 0}


async def trial(owner: Organisation, hours: dict[str, Any], *assets: dict[str, Any], **given: Any) -> dict[str, Any]:
    named = {"asset_ids": [each["id"] for each in assets]} if assets else {}
    return ok(await owner.post(f"/organisations/{owner.id}/idle", {**hours, **WEEKS, **named, **given}), 200)


async def say(group: Organisation, *periods: tuple[str, str], **given: Any) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": list(MANCHESTER)}
    sent = [{"starts_at": starts, "ends_at": ends} for starts, ends in periods]
    body = {"category": "hall", "point": point, "periods": sent or None, "until": "2027-03-01T00:00:00Z", **given}
    return ok(await group.post("/needs", {name: value for name, value in body.items() if value is not None}), 201)


def time(opened: int, used: int, needs: int, served: int) -> dict[str, int]:
    minutes = {"open_minutes": opened, "used_minutes": used, "idle_minutes": opened - used}
    return {**minutes, "needs": needs, "served_minutes": served}


def hour(day: str, hour: int, opened: int, used: int, needs: int) -> dict[str, Any]:
    minutes = {"open_minutes": opened, "used_minutes": used, "idle_minutes": opened - used}
    return {"day": day, "hour": hour, **minutes, "needs": needs}


def gained(answer: dict[str, Any]) -> tuple[list[tuple[int, int]], tuple[int, int]]:
    """Needs and minutes of each asset and in all."""
    pairs = [(each["gained"]["needs"], each["gained"]["minutes"]) for each in answer["items"]]
    return pairs, (answer["total"]["gained"]["needs"], answer["total"]["gained"]["minutes"])


async def test_a_draft_says_what_it_would_serve_and_what_no_longer(world: World):
    """Two Mondays from 9 to 11, of which one hour is booked; the draft has them from 10, and Sundays from 10 to 12."""
    owner, group = await world.organisation(), await world.organisation()
    site = await world.site(owner, name="Sale Hub")
    hall = await world.asset(owner, site=site, title="Main hall", hours=MONDAYS)
    ok(await group.book(hall, ("2027-01-11T09:00:00Z", "2027-01-11T10:00:00Z")), 201)
    late_on_monday, late_on_sunday = [(f"2027-01-{on}:00Z", f"2027-01-{end}:00Z") for on, end in LATE]
    await say(group, SUNDAY)
    await say(group, ("2027-01-18T09:00:00Z", "2027-01-18T10:00:00Z"))  # met now only
    await say(group, late_on_monday)  # both ways
    await say(group, late_on_monday, late_on_sunday, at_least=1)  # met now, then twice
    await say(group, ("2027-01-31T10:00:00Z", "2027-01-31T11:00:00Z"))  # after the span
    await say(owner, SUNDAY)  # one's own
    now = time(240, 60, needs=3, served=180)
    draft = time(360, 0, needs=3, served=270)
    assert await trial(owner, weekly(("mon", "10:00", "11:00"), ("sun", "10:00", "12:00")), hall) == {
        "items": [
            {
                "asset": {"id": hall["id"], "title": "Main hall"},
                "site": {"id": site["id"], "name": "Sale Hub"},
                "timezone": "Europe/London",
                "units": 1,
                "now": {**now, "week": [hour("mon", 9, 120, 60, 1), hour("mon", 10, 120, 0, 2)]},
                "draft": {
                    **draft,
                    "week": [hour("mon", 10, 120, 0, 2), hour("sun", 10, 120, 0, 2), hour("sun", 11, 120, 0, 1)],
                },
                "gained": {
                    "needs": 1,
                    "minutes": 150,
                    "week": [{"day": "sun", "hour": 10, "minutes": 90}, {"day": "sun", "hour": 11, "minutes": 60}],
                },
                "lost": {"needs": 1, "minutes": 60, "week": [{"day": "mon", "hour": 9, "minutes": 60}]},
                "needs_examined": 5,
                "needs_cut": False,
            }
        ],
        "total": {
            "now": now,
            "draft": draft,
            "gained": {"needs": 1, "minutes": 150},
            "lost": {"needs": 1, "minutes": 60},
            "needs_cut": False,
        },
    }


LATE = (("18T10:00", "18T11:00"), ("24T10:30", "24T12:00"))


async def test_in_total_an_hour_of_need_counts_once_and_not_where_another_of_them_meets_it_now(world: World):
    owner, group = await world.organisation(), await world.organisation()
    site = await world.site(owner)
    halls = [await world.asset(owner, site=site, hours=MONDAYS) for _ in range(2)]
    await say(group, SUNDAY)
    assert gained(await trial(owner, SUNDAYS, site_id=site["id"])) == ([(1, 60), (1, 60)], (1, 60))
    open_then = await world.asset(owner, hours=SUNDAYS)
    answer = await trial(owner, SUNDAYS, *halls, open_then)
    assert gained(answer) == ([(0, 0), (1, 60), (1, 60)], (0, 0))
    assert (answer["total"]["now"]["served_minutes"], answer["total"]["draft"]["served_minutes"]) == (60, 60)


async def test_minutes_are_those_of_units(world: World):
    owner, group = await world.organisation(), await world.organisation()
    tables = await world.asset(owner, kind="equipment", category="tables", units=5, hours=MONDAYS)
    await say(group, SUNDAY, category="tables", units=3)
    answer = await trial(owner, SUNDAYS, tables)
    assert (answer["total"]["draft"], gained(answer)) == (time(2400, 0, 1, 180), ([(1, 180)], (1, 180)))


async def test_put_in_force_it_yields_what_it_promised(world: World):
    """As getIdle and listMatches have it, by the same numbers."""
    owner, group = await world.organisation(), await world.organisation()
    hall = await world.asset(owner, hours=MONDAYS)
    need = await say(group, SUNDAY)
    promised = (await trial(owner, SUNDAYS, hall))["items"][0]
    assert ok(await group.get(f"/needs/{need['id']}/matches"), 200)["items"] == []
    await world.hours(owner, hall, SUNDAYS)
    [found] = ok(await group.get(f"/needs/{need['id']}/matches"), 200)["items"]
    assert (found["asset"]["id"], found["occurrences"][0]["starts_at"]) == (hall["id"], SUNDAY[0])
    [idle] = ok(await owner.get(f"/organisations/{owner.id}/idle", **WEEKS), 200)["items"]
    assert {**promised["draft"], "served_minutes": 60} == promised["draft"]
    assert {name: promised["draft"][name] for name in idle if name in promised["draft"]} == {
        name: idle[name] for name in idle if name in promised["draft"]
    }
    after = (await trial(owner, SUNDAYS, hall))["items"][0]
    assert (after["now"], after["gained"], after["lost"]) == (promised["draft"], *[{**NOTHING, "week": []}] * 2)


async def test_a_draft_asset_and_a_paused_one_are_tried_as_if_they_were_listed(world: World):
    owner, group = await world.organisation(), await world.organisation()
    site = await world.site(owner)
    born = await world.asset(owner, site=site, published=False, hours=MONDAYS)
    paused = await world.asset(owner, site=site, hours=SUNDAYS)
    ok(await owner.post(f"/assets/{paused['id']}/pause"), 200)
    gone = await world.asset(owner, site=site)
    ok(await owner.post(f"/assets/{gone['id']}/archive"), 200)
    await say(group, SUNDAY)
    answer = await trial(owner, daily("08:00", "20:00"), site_id=site["id"])
    assert [each["asset"]["id"] for each in answer["items"]] == [paused["id"], born["id"]]
    assert gained(answer) == ([(0, 0), (1, 60)], (0, 0))


async def test_nothing_is_stored_and_nothing_becomes_of_it(world: World):
    """No timetable, event or job; and no key is taken, as the next answer may be another."""
    owner, group = await world.organisation(), await world.organisation()
    hall = await world.asset(owner, hours=MONDAYS)
    await say(group, SUNDAY)
    await trial(owner, SUNDAYS, hall)
    jobs = await world.value("SELECT count(*) FROM jobs.pgqueuer")
    before = await world.stored()
    for hours, minutes in ((SUNDAYS, 60), (MONDAYS, 0)):
        body = {**hours, **WEEKS, "asset_ids": [hall["id"]]}
        answer = await owner.post(f"/organisations/{owner.id}/idle", body, headers={"Idempotency-Key": "k"})
        assert ok(answer, 200)["total"]["gained"]["minutes"] == minutes
    assert (await world.stored(), await world.value("SELECT count(*) FROM jobs.pgqueuer")) == (before, jobs)


async def test_no_draft_tells_where_within_a_kilometre_a_need_is_or_whose(world: World):
    """One need after another, each of another group, 400 m apart and shown at one place: at the edge of its reach every
    draft answers the same of each.
    """
    owner = await world.organisation()
    lon, lat = about(Point(MANCHESTER)).coordinates
    halls = []
    for north in (0.0442, 0.0456):  # 4.92 and 5.07 km
        place = {"type": "Point", "coordinates": [lon, lat + north]}
        halls.append(await world.asset(owner, site=await world.site(owner, point=place), hours=MONDAYS))
    drafts = (SUNDAYS, weekly(("sun", "10:30", "13:00")), daily("00:00", "24:00"))
    answers = []
    for north in (-0.002, 0.002):
        group = await world.organisation()
        point = {"type": "Point", "coordinates": [lon, lat + north]}
        need = await say(group, SUNDAY, point=point, within_m=5000)
        answers.append([await trial(owner, hours, *halls) for hours in drafts])
        ok(await group.post(f"/needs/{need['id']}/close"), 200)
    assert answers[0] == answers[1]
    assert [gained(each) for each in answers[0]] == [
        ([(0, 0), (1, 60)], (1, 60)),
        ([(0, 0), (0, 0)], (0, 0)),
        ([(0, 0), (1, 60)], (1, 60)),
    ]
    assert need["id"] not in str(answers)
    assert group.id not in str(answers)


async def test_where_more_is_looked_for_than_is_tested_the_answer_is_cut(world: World):
    """A need of 708 days may be matched with 56 assets; an eighth of that is tested, by both timetables."""
    owner, group = await world.organisation(), await world.organisation()
    hall = await world.asset(owner)
    pattern = {"starts_on": "2027-01-11", "weeks": 51, "every_weeks": 2, "windows": [{"day": "sun", **DAYTIME}]}
    for needs in range(1, 9):
        await say(group, pattern=pattern, minutes=60, at_least=1)
        answer = await trial(owner, SUNDAYS, hall)
        [seen] = [(each["draft"]["needs"], each["needs_examined"], each["needs_cut"]) for each in answer["items"]]
        assert (seen, answer["total"]["needs_cut"]) == ((min(needs, 7), min(needs, 7), needs > 7), needs > 7)


DAYTIME = {"opens": "09:00", "closes": "11:00"}


async def test_only_its_own_staff_may_ask_once_it_is_verified(world: World):
    owner, other = await world.organisation(), await world.organisation()
    hall = await world.asset(owner, hours=MONDAYS)
    body = {**SUNDAYS, **WEEKS, "asset_ids": [hall["id"]]}
    path = f"/organisations/{owner.id}/idle"
    by_slug = ok(await owner.post(f"/organisations/{owner.body['slug']}/idle", body), 200)
    assert by_slug == ok(await (await owner.as_role("member")).post(path, body), 200)
    assert ok(await other.post(path, body), 403)["type"] == "/problems/forbidden"
    ok(await world.client.post(f"/v1{path}", json=body), 401)
    ok(await owner.post("/organisations/nobody-at-all/idle", body), 404)
    for state in ("unverified", "suspended"):
        await world.run("UPDATE organisations SET state = $2 WHERE id = $1", owner.id, state)
        assert ok(await owner.post(path, body), 403)["type"] == f"/problems/{state}"


SEASON = {"starts_on": "2027-01-01", "hours": []}
QUARTER = "2027-04-13T00:00:00Z"


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"asset_ids": None}, "#/asset_ids"),
        ({"site_id": "{site}"}, "#/asset_ids"),
        ({"asset_ids": []}, "#/asset_ids"),
        ({"asset_ids": ["{hall}", "{hall}"]}, "#/asset_ids/1"),
        ({"asset_ids": ["{hall}", "{other}"]}, "#/asset_ids/1"),
        ({"asset_ids": ["{gone}"]}, "#/asset_ids/0"),
        ({"asset_ids": ["{hall}"] * 11}, "#/asset_ids"),
        ({"asset_ids": None, "site_id": "{nowhere}"}, "#/site_id"),
        ({"asset_ids": None, "site_id": "{others}"}, "#/site_id"),
        ({"asset_ids": None, "site_id": "{site}", "ends_at": QUARTER}, "#/site_id"),
        ({"asset_ids": ["{0}", "{1}", "{2}", "{3}", "{4}", "{5}"], "ends_at": QUARTER}, "#/asset_ids"),
        ({"ends_at": WEEKS["starts_at"]}, "#/ends_at"),
        ({"ends_at": "2027-04-13T00:00:01Z"}, "#/ends_at"),
        ({"starts_at": "yesterday"}, "#/starts_at"),
        ({"seasons": [{**SEASON, "ends_on": "2026-12-31"}]}, "#/seasons/0/ends_on"),
        ({"seasons": [SEASON, SEASON]}, "#/seasons/1/starts_on"),
        ({"holidays": {"region": "GB-ENG", "then": "hours"}}, "#/holidays/hours"),
        ({"seasons": [{**SEASON, "hours": [{"day": "mon", **DAYTIME}] * 21}]}, "#/seasons/0/hours"),
        ({"exceptions": [{"on": "2027-01-12", "hours": [DAYTIME] * 21}]}, "#/exceptions/0/hours"),
        ({"holidays": {"region": "GB-ENG", "then": "hours", "hours": [DAYTIME] * 21}}, "#/holidays/hours"),
        ({"name": "Sundays"}, "#/name"),
        ({"dry_run": True}, "#/dry_run"),
    ],
)
async def test_what_is_asked_wrongly_is_refused_with_a_pointer(world: World, given: dict[str, Any], pointer: str):
    owner, other = await world.organisation(), await world.organisation()
    site, gone = await world.site(owner), await world.asset(owner)
    ok(await owner.post(f"/assets/{gone['id']}/archive"), 200)
    halls = [await world.asset(owner, site=site, published=False) for _ in range(6)]
    others = await world.asset(other)
    names = {
        **{f"{{{place}}}": each["id"] for place, each in enumerate(halls)},
        "{hall}": halls[0]["id"],
        "{gone}": gone["id"],
        "{site}": site["id"],
        "{other}": others["id"],
        "{others}": others["site_id"],
        "{nowhere}": "0190b0d0-0000-7000-8000-000000000000",
    }

    def filled(value: Any) -> Any:
        if isinstance(value, list):
            return [filled(each) for each in value]
        return names.get(value, value) if isinstance(value, str) else value

    body = {**SUNDAYS, **WEEKS, "asset_ids": ["{hall}"], **given}
    sent = {name: filled(value) for name, value in body.items() if value is not None}
    assert pointers(await owner.post(f"/organisations/{owner.id}/idle", sent)) == [pointer]


async def test_a_day_of_twenty_openings_is_tried(world: World):
    owner = await world.organisation()
    hall = await world.asset(owner)
    times = [(f"{hour:02}:{minute:02}", f"{hour:02}:{minute + 15}") for hour in range(8, 18) for minute in (10, 30)]
    week = weekly(*((day, *each) for day in ("mon", "tue") for each in times))
    assert (await trial(owner, week, hall))["total"]["draft"]["open_minutes"] == 4 * 20 * 15
