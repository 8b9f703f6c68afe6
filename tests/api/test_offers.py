"""Offers: an owner holds a place for a group that said what it needs, and learns whose need it was once they accept."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from calls import MANCHESTER, Organisation, World, ok, pointers, reasons
from invariants import nothing_half_done

POINT = {"type": "Point", "coordinates": list(MANCHESTER)}
TUESDAYS = [
    {"starts_at": f"2027-01-{day}T18:00:00Z", "ends_at": f"2027-01-{day}T20:00:00Z"} for day in ("12", "19", "26")
]
NEED = {"category": "hall", "point": POINT, "periods": TUESDAYS, "at_least": 1, "until": "2027-02-01T00:00:00Z"}
FIRST = (TUESDAYS[0]["starts_at"], TUESDAYS[0]["ends_at"])
DAY = ("2027-01-12T00:00:00Z", "2027-01-13T00:00:00Z")


async def say(group: Organisation, **given: Any) -> dict[str, Any]:
    return ok(await group.post("/needs", {**NEED, **given}), 201)


async def offer(owner: Organisation, asset: dict[str, Any], need: dict[str, Any], **given: Any) -> dict[str, Any]:
    return ok(await owner.post("/offers", {"asset_id": asset["id"], "need_id": need["id"], **given}), 201)


async def answer(who: Organisation, made: dict[str, Any], how: str, **options: Any) -> Any:
    return await who.post(f"/offers/{made['id']}/{how}", **options)


async def events(who: Organisation, kind: str) -> list[dict[str, Any]]:
    """What was recorded of objects of a kind, change by change."""
    found = ok(await who.get("/events", limit=100), 200)["items"]
    return sorted(
        (each for each in found if each["object"]["kind"] == kind), key=lambda each: each["object"]["version"]
    )


@pytest.fixture
async def owner(world: World) -> Organisation:
    return await world.organisation(kind="council")


@pytest.fixture
async def group(world: World) -> Organisation:
    return await world.organisation(contact={"name": "Jo", "email": "jo@example.org"})


async def test_what_is_offered_is_held_and_accepted(world: World, owner, group, database):
    price = {"amount": 1000, "currency": "GBP", "per": "hour"}
    hall = await world.asset(owner, terms={"community_price": price, "approval": True})
    need = await say(group, purpose={"code": "community_meal", "text": "Soup"})
    made = await offer(owner, hall, need)
    assert (made["state"], made["need_id"], made["expires_at"]) == ("offered", need["id"], "2027-01-04T21:00:00Z")
    assert made["occurrences"] == [{"number": n, **each} for n, each in enumerate(TUESDAYS, 1)]
    assert (made["booker_id"], made["cost"], made["may"]) == (None, None, ["withdrawOffer"])
    assert reasons(await owner.book(hall, FIRST)) == [["taken"]]
    assert await world.free(hall, *DAY) == [(DAY[0], FIRST[0]), (FIRST[1], DAY[1])]
    [seen] = ok(await group.get("/offers", state="offered"), 200)["items"]
    assert (seen["id"], seen["booker_id"], seen["may"]) == (made["id"], group.id, ["acceptOffer", "declineOffer"])
    assert seen["cost"]["amount"] == 6000
    accepted = ok(await answer(group, made, "accept"), 200)
    assert (accepted["state"], accepted["may"]) == ("accepted", [])
    assert accepted == ok(await group.get(f"/offers/{made['id']}"), 200)
    assert accepted == ok(await owner.get(f"/offers/{made['id']}"), 200)
    booking = ok(await group.get(f"/bookings/{accepted['booking_id']}"), 200)
    assert (booking["state"], booking["need_id"], booking["booker_id"]) == ("confirmed", need["id"], group.id)
    assert booking["cost"] == accepted["cost"] == seen["cost"]
    assert booking["purpose"]["text"] == "Soup"
    assert [(each["starts_at"], each["state"]) for each in booking["occurrences"]] == [
        (each["starts_at"], "confirmed") for each in TUESDAYS
    ]
    assert ok(await group.get(f"/needs/{need['id']}"), 200)["state"] == "met"
    assert [each["booker"]["id"] for each in ok(await owner.get("/occurrences"), 200)["items"]] == [group.id] * 3
    assert await group.history(booking) == ["booking.created"]
    ok(await group.cancel(booking), 200)
    await nothing_half_done(database)


async def test_an_owner_learns_whose_need_it_is_only_by_their_accepting(world: World, owner, group):
    hall = await world.asset(owner)
    need = await say(group, units=1)
    made = await offer(owner, hall, need)
    assert made["booker_id"] is None

    async def known() -> list[str]:
        """Everything that an owner can read of it."""
        texts = [
            (await owner.get(path)).text
            for path in ("/offers", f"/offers/{made['id']}", "/bookings", "/occurrences", "/events", "/claims")
        ]
        refused = await owner.book(hall, FIRST)
        return [*texts, refused.text]

    assert not [text for text in await known() if group.id in text]
    assert ok(await owner.get(f"/organisations/{group.id}"), 200)["contact"] is None
    ok(await owner.get(f"/needs/{need['id']}"), 404)
    ok(await answer(group, made, "decline"), 200)
    assert not [text for text in await known() if group.id in text]
    made = await offer(owner, hall, need, numbers=[2])
    accepted = ok(await answer(group, made, "accept"), 200)
    assert ok(await owner.get(f"/offers/{made['id']}"), 200)["booker_id"] == group.id
    assert ok(await owner.get(f"/organisations/{group.id}"), 200)["contact"]["name"] == "Jo"
    assert ok(await owner.get(f"/needs/{need['id']}"), 200)["point"] == need["point"]
    elsewhere = await world.organisation()
    other = await world.asset(elsewhere, category="hall")
    ok(await group.book(other, FIRST, need_id=need["id"]), 201)
    shown = ok(await owner.get(f"/needs/{need['id']}"), 200)
    assert [each["booking_id"] for each in shown["occurrences"]] == [None, accepted["booking_id"], None]


@pytest.mark.parametrize(("how", "state"), [("decline", "declined"), ("withdraw", "withdrawn")])
async def test_what_is_declined_or_withdrawn_is_free_at_once(world: World, owner, group, clock, database, how, state):
    hall = await world.asset(owner)
    need = await say(group)
    made = await offer(owner, hall, need)
    ended = ok(await answer(group if how == "decline" else owner, made, how), 200)
    assert (ended["state"], ended["booking_id"], ended["may"]) == (state, None, [])
    assert await world.free(hall, *DAY) == [DAY]
    for who, other in ((group, "accept"), (group, "decline"), (owner, "withdraw")):
        refused = ok(await answer(who, made, other), 409)
        assert (refused["type"], refused["states"]) == ("/problems/state-does-not-allow", ["offered"])
    assert [each["type"] for each in await events(owner, "offer")] == ["offer.made", f"offer.{state}"]
    assert [each["type"] for each in await events(group, "need")] == [
        "need.created",
        "need.offer_made",
        f"need.offer_{state}",
    ]
    await world.work(clock.now)
    again = await offer(owner, hall, need)
    assert again["state"] == "offered"
    await nothing_half_done(database)


@pytest.mark.parametrize("noticed_by", ["nobody", "a worker", "a booking", "an answer", "another offer"])
async def test_what_nobody_answers_lapses_by_itself(world: World, owner, group, clock, database, noticed_by):
    hall = await world.asset(owner, terms={"offer_minutes": 60})
    need = await say(group)
    made = await offer(owner, hall, need)
    assert made["expires_at"] == "2027-01-04T10:00:00Z"
    clock.now += timedelta(minutes=90)
    match noticed_by:
        case "a worker":
            await world.work(clock.now)
        case "a booking":
            ok(await owner.book(hall, FIRST), 201)
        case "an answer":
            ok(await answer(group, made, "accept"), 409)
        case "another offer":
            await offer(owner, hall, need)
    lapsed = ok(await group.get(f"/offers/{made['id']}"), 200)
    assert (lapsed["state"], lapsed["updated_at"], lapsed["may"]) == ("lapsed", made["expires_at"], [])
    assert made["id"] in {each["id"] for each in ok(await owner.get("/offers", state="lapsed"), 200)["items"]}
    noticed = noticed_by not in {"nobody", "an answer"}
    told = [
        (each["type"], each["occurred_at"]) for each in await events(owner, "offer") if each["object"]["version"] > 1
    ]
    assert told == ([("offer.lapsed", made["expires_at"])] if noticed else [])
    assert [each["type"] for each in await events(group, "need")][2:3] == (["need.offer_lapsed"] if noticed else [])
    if noticed_by in {"nobody", "a worker"}:
        assert await world.free(hall, *DAY) == [DAY]
    await nothing_half_done(database)


async def test_an_offer_stands_no_longer_than_to_the_first_start(world: World, owner, group):
    hall = await world.asset(owner, terms={"offer_minutes": 20_000})
    assert (await offer(owner, hall, await say(group)))["expires_at"] == TUESDAYS[0]["starts_at"]


async def test_one_offer_of_an_asset_stands_for_a_need_at_a_time(world: World, owner, group):
    vans = await world.asset(owner, units=3)
    need = await say(group)
    await offer(owner, vans, need, numbers=[1])
    refused = ok(await owner.post("/offers", {"asset_id": vans["id"], "need_id": need["id"], "numbers": [2]}), 409)
    assert refused["type"] == "/problems/state-does-not-allow"
    await offer(owner, await world.asset(owner), need)
    await offer(owner, vans, await say(group))


async def test_numbers_choose_what_is_offered(world: World, owner, group):
    hall = await world.asset(owner)
    need = await say(group)
    sent = {"asset_id": hall["id"], "need_id": need["id"]}
    assert pointers(await owner.post("/offers", {**sent, "numbers": [1, 4, 0]})) == ["#/numbers/1", "#/numbers/2"]
    made = await offer(owner, hall, need, numbers=[3, 1])
    assert [each["number"] for each in made["occurrences"]] == [1, 3]
    assert await world.free(hall, TUESDAYS[1]["starts_at"], TUESDAYS[1]["ends_at"]) != []
    accepted = ok(await answer(group, made, "accept"), 200)
    after = ok(await group.get(f"/needs/{need['id']}"), 200)
    assert [each["booking_id"] for each in after["occurrences"]] == [
        accepted["booking_id"],
        None,
        accepted["booking_id"],
    ]


async def test_only_what_meets_a_need_can_be_offered_for_it(world: World, owner, group, clock):
    hall = await world.asset(owner, capacity=10)
    closed = await say(group)
    ok(await group.post(f"/needs/{closed['id']}/close"), 200)
    own = await say(owner)
    away = await say(group, point={"type": "Point", "coordinates": [-0.1, 51.5]})
    for need in (
        await say(group, attendees=11),
        await say(group, category="kitchen"),
        closed,
        own,
        away,
        {"id": "019b8d68-e320-70ae-8a0c-85b883b17511"},
    ):
        sent = {"asset_id": hall["id"], "need_id": need["id"]}
        assert pointers(await owner.post("/offers", sent)) == ["#/need_id"]
    need = await say(group)
    stranger = await world.organisation()
    ok(await stranger.post("/offers", {"asset_id": hall["id"], "need_id": need["id"]}), 403)
    ok(await group.post("/offers", {"asset_id": hall["id"], "need_id": need["id"]}), 403)
    clock.now += timedelta(days=40)
    assert pointers(await owner.post("/offers", {"asset_id": hall["id"], "need_id": need["id"]})) == ["#/need_id"]


async def test_what_was_closed_since_is_not_accepted_and_stays_offered(world: World, owner, group, database):
    hall = await world.asset(owner)
    made = await offer(owner, hall, await say(group))
    period = {"starts_at": "2027-01-19T19:00:00Z", "ends_at": "2027-01-19T20:00:00Z"}
    closure = ok(await owner.post("/closures", {"asset_id": hall["id"], **period}), 201)["closure"]
    assert reasons(await answer(group, made, "accept")) == [[], ["closed"], []]
    assert ok(await group.get(f"/offers/{made['id']}"), 200)["state"] == "offered"
    ok(await owner.delete(f"/closures/{closure['id']}"), 204)
    ok(await answer(group, made, "accept"), 200)
    await nothing_half_done(database)


async def test_it_is_had_as_it_was_offered_whatever_the_terms_have_become(world: World, owner, group, clock):
    hall = await world.asset(owner, terms={"price": {"amount": 500, "currency": "GBP", "per": "booking"}})
    made = await offer(owner, hall, await say(group))
    seen = ok(await group.get(f"/offers/{made['id']}"), 200)
    terms = {"price": None, "notice_minutes": 40_000, "shortest_minutes": 300, "requires": ["public_liability"]}
    ok(await owner.patch(f"/assets/{hall['id']}", {"terms": terms}), 200)
    clock.now += timedelta(hours=6)
    accepted = ok(await answer(group, made, "accept"), 200)
    assert accepted["cost"] == seen["cost"]
    assert accepted["cost"]["amount"] == 500


async def test_what_is_offered_is_not_archived(world: World, owner, group, clock):
    hall = await world.asset(owner, terms={"offer_minutes": 60})
    made = await offer(owner, hall, await say(group))
    refused = ok(await owner.post(f"/assets/{hall['id']}/archive"), 409)
    assert (refused["type"], refused["detail"]) == (
        "/problems/asset-in-use",
        (
            "1 offer of it stands, until Monday 4 January 2027, 10:00 (Europe/London) at most: wait for the answer, or"
            " withdraw it."
        ),
    )
    ok(await answer(owner, made, "withdraw"), 200)
    ok(await owner.post(f"/assets/{hall['id']}/archive"), 200)


async def test_an_offer_is_no_hold_of_the_groups(world: World, owner, group):
    await offer(owner, await world.asset(owner), await say(group))
    halls = [await world.asset(owner, category="gym") for _ in range(4)]
    for hall in halls[:3]:
        ok(await group.book(hall, FIRST, hold=True), 201)
    assert reasons(await group.book(halls[3], FIRST, hold=True)) == [["limit_reached"]]


async def test_a_dry_run_offers_nothing(world: World, owner, group):
    hall = await world.asset(owner)
    need = await say(group)
    before = await world.stored()
    sent = {"asset_id": hall["id"], "need_id": need["id"], "dry_run": True}
    tried = ok(await owner.post("/offers", sent), 200)
    assert (tried["state"], len(tried["occurrences"])) == ("offered", 3)
    assert await world.stored() == before
    ok(await answer(owner, tried, "withdraw"), 404)


async def test_who_is_not_verified_yet_accepts_where_the_owner_approves(world: World, owner):
    group = await world.organisation(verified=False)
    hall = await world.asset(owner, terms={"approval": True})
    one, other = await say(group, periods=TUESDAYS[:1]), await say(group, periods=TUESDAYS[1:2])
    made, second = await offer(owner, hall, one), await offer(owner, hall, other)
    ok(await answer(group, made, "accept"), 200)
    assert reasons(await answer(group, second, "accept")) == [["limit_reached"]]


async def test_a_part_is_offered_and_the_whole_taken(world: World, owner, group, database):
    site = await world.site(owner)
    whole = await world.asset(owner, site=site, category="gym")
    part = await world.asset(owner, site=site, part_of=whole["id"])
    made = await offer(owner, part, await say(group))
    assert reasons(await owner.book(whole, FIRST)) == [["taken"]]
    ok(await answer(group, made, "accept"), 200)
    await nothing_half_done(database)


async def test_of_all_answers_at_once_one_counts(world: World, owner, group, database):
    hall = await world.asset(owner, units=2)
    for _ in range(5):
        need = await say(group, periods=TUESDAYS[:1])
        made = await offer(owner, hall, need)
        answers = await asyncio.gather(
            *(answer(group, made, "accept") for _ in range(4)),
            *(answer(group, made, "decline") for _ in range(4)),
            *(answer(owner, made, "withdraw") for _ in range(4)),
        )
        assert Counter(each.status_code for each in answers) == {200: 1, 409: 11}
        [won] = [each.json() for each in answers if each.status_code == 200]
        became = ok(await group.get(f"/offers/{made['id']}"), 200)
        assert became["state"] == won["state"] != "offered"
        if became["booking_id"]:
            ok(await group.cancel({"id": became["booking_id"]}), 200)
    await nothing_half_done(database)


async def test_a_place_is_offered_to_as_many_as_there_are_units(world: World, owner, database):
    vans = await world.asset(owner, units=2)
    needs = [await say(await world.organisation(), periods=TUESDAYS[:1]) for _ in range(6)]
    sent = [{"asset_id": vans["id"], "need_id": need["id"]} for need in needs]
    answers = await asyncio.gather(*(owner.post("/offers", each) for each in sent))
    assert Counter(each.status_code for each in answers) == {201: 2, 422: 4}
    await nothing_half_done(database)


async def test_pages_of_offers(world: World, owner, group):
    halls = [await world.asset(owner) for _ in range(3)]
    need = await say(group)
    made = [(await offer(owner, hall, need))["id"] for hall in halls]
    for who in (owner, group):
        first = ok(await who.get("/offers", limit=2, need_id=need["id"]), 200)
        rest = ok(await who.get("/offers", limit=2, need_id=need["id"], cursor=first["next"]), 200)
        assert [each["id"] for each in first["items"] + rest["items"]] == made[::-1]
    assert [each["id"] for each in ok(await owner.get("/offers", asset_id=halls[0]["id"]), 200)["items"]] == made[:1]
    assert ok(await (await world.organisation()).get("/offers"), 200)["items"] == []


async def test_an_event_of_an_offer_tells_what_and_until_when(world: World, owner, group):
    made = await offer(owner, await world.asset(owner), await say(group))
    [told] = await events(owner, "offer")
    assert told["after"] == {
        "asset_id": made["asset"]["id"],
        "need_id": made["need_id"],
        "occurrences": made["occurrences"],
        "expires_at": made["expires_at"],
    }
    assert (told["object"]["id"], told["booker_id"]) == (made["id"], None)
    told = (await events(group, "need"))[-1]
    assert (told["type"], told["after"]["offer_id"], told["actor"]["organisation_id"]) == (
        "need.offer_made",
        made["id"],
        owner.id,
    )
