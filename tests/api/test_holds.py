"""Holds: what they occupy and for how long, how they become bookings, and that nobody hoards with them."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
from calls import Organisation, World, ok, reasons

EVENING = ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")
NEXT = ("2027-07-06T18:00:00Z", "2027-07-06T20:00:00Z")


async def confirm(who: Organisation, booking: dict[str, Any], **given: Any) -> Any:
    return await who.post(f"/bookings/{booking['id']}/confirm", **given)


async def test_a_hold_occupies_until_it_is_confirmed_in_one_step(world: World, clock):
    owner, group, other = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner, terms={"hold_minutes": 20})
    held = ok(await group.book(asset, EVENING, hold=True), 201)
    assert (held["state"], held["hold_expires_at"], held["decide_by"]) == ("held", "2027-01-04T09:20:00Z", None)
    assert held["may"] == ["confirmBooking", "moveBooking", "cancelBooking"]
    assert reasons(await other.book(asset, EVENING)) == [["taken"]]
    ok(await confirm(owner, held), 403)
    ok(await confirm(other, held), 404)
    confirmed = await confirm(group, held)
    booking = ok(confirmed, 200)
    assert (booking["state"], booking["hold_expires_at"]) == ("confirmed", None)
    assert [each["sequence"] for each in booking["occurrences"]] == [1]
    again = await group.get(f"/bookings/{held['id']}")
    assert (ok(again, 200), again.headers["ETag"]) == (booking, confirmed.headers["ETag"])
    clock.now += timedelta(hours=1)
    assert reasons(await other.book(asset, EVENING)) == [["taken"]]
    refused = ok(await confirm(group, held), 409)
    assert (refused["type"], refused["states"]) == ("/problems/state-does-not-allow", ["held", "expired"])
    assert await group.history(held) == ["booking.created", "booking.confirmed"]


async def test_confirming_needs_no_body_and_can_be_tried(world: World):
    owner, group = await world.organisation(), await world.organisation()
    held = ok(await group.book(await world.asset(owner), EVENING, hold=True), 201)
    tried = await confirm(group, held, json={"dry_run": True})
    assert ok(tried, 200)["state"] == "confirmed"
    assert "ETag" not in tried.headers
    assert ok(await group.get(f"/bookings/{held['id']}"), 200) == held
    bare = {"Authorization": f"Bearer {group.token}"}
    assert ok(await world.client.post(f"/v1/bookings/{held['id']}/confirm", headers=bare), 200)["state"] == "confirmed"


async def test_what_expired_is_booked_anew_if_it_still_can_be(world: World, clock):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    held = ok(await group.book(asset, EVENING, NEXT, hold=True), 201)
    clock.now += timedelta(minutes=15)
    expired = ok(await group.get(f"/bookings/{held['id']}"), 200)
    assert (expired["state"], expired["outcomes"]["expired"], expired["may"]) == ("ended", 2, ["confirmBooking"])
    booking = ok(await confirm(group, held), 200)
    assert (booking["state"], booking["outcomes"]["expired"]) == ("confirmed", 0)
    assert [each["unit_numbers"] for each in booking["occurrences"]] == [[1], [1]]
    assert await group.history(held) == ["booking.created", "booking.expired", "booking.confirmed"]


async def test_what_expired_and_was_taken_is_refused_with_reasons_and_stays_expired(world: World, clock):
    owner, group, other = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner)
    held = ok(await group.book(asset, EVENING, NEXT, hold=True), 201)
    clock.now += timedelta(minutes=15)
    taken = ok(await other.book(asset, NEXT), 201)
    refused = ok(await confirm(group, held), 409)
    assert refused["type"] == "/problems/hold-expired"
    assert [(each["free"], [why["code"] for why in each["why_not"]]) for each in refused["occurrences"]] == [
        (True, []),
        (False, ["taken"]),
    ]
    assert await world.free(asset, *EVENING) == [EVENING]
    assert ok(await other.get(f"/bookings/{taken['id']}"), 200) == taken
    assert await group.history(held) == ["booking.created", "booking.expired"]


async def test_rules_that_no_longer_hold_refuse_what_expired_and_not_what_is_held(world: World, clock):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner)
    for expired in (False, True):
        held = ok(await group.book(asset, EVENING, hold=True), 201)
        ok(await owner.patch(f"/assets/{asset['id']}", {"terms": {"longest_minutes": 60}}), 200)
        clock.now += timedelta(minutes=15 if expired else 14)
        ok(await confirm(group, held), 409 if expired else 200)
        ok(await owner.patch(f"/assets/{asset['id']}", {"terms": {"longest_minutes": 20160}}), 200)
        if not expired:
            ok(await group.cancel(held), 200)


async def test_at_most_three_holds_are_open_with_one_owner(world: World, clock):
    owner, another, group, other = [await world.organisation() for _ in range(4)]
    assets = [await world.asset(owner) for _ in range(4)]
    held = [ok(await group.book(each, EVENING, NEXT, hold=True), 201) for each in assets[:3]]
    refused = await group.book(assets[3], EVENING, hold=True)
    assert reasons(refused) == [["limit_reached"]]
    [reason] = refused.json()["occurrences"][0]["why_not"]
    assert reason["numbers"] == {"open_holds": 3, "most_open_holds": 3}
    assert "3 open holds" in reason["text"]
    ok(await group.book(assets[3], EVENING), 201)
    ok(await group.book(await world.asset(another), EVENING, hold=True), 201)
    ok(await other.book(assets[3], NEXT, hold=True), 201)
    ok(await confirm(group, held[0]), 200)
    fourth = await world.asset(owner)
    ok(await group.book(fourth, EVENING, hold=True), 201)
    clock.now += timedelta(minutes=15)
    ok(await group.book(fourth, NEXT, hold=True), 201)


async def test_a_place_is_not_held_again_within_half_an_hour_of_ones_own_lapsed_hold(world: World, clock):
    owner, group, other = [await world.organisation() for _ in range(3)]
    asset = await world.asset(owner)
    ok(await group.book(asset, EVENING, hold=True), 201)
    clock.now += timedelta(minutes=15)
    inside = ("2027-07-05T19:00:00Z", "2027-07-05T21:00:00Z")
    refused = await group.book(asset, inside, hold=True)
    assert reasons(refused) == [["limit_reached"]]
    assert refused.json()["occurrences"][0]["why_not"][0]["numbers"] == {"hold_again_from": "2027-01-04T09:45:00Z"}
    ok(await group.book(asset, inside, dry_run=True), 200)
    ok(await group.book(asset, NEXT, hold=True), 201)
    ok(await other.cancel(ok(await other.book(asset, inside, hold=True), 201)), 200)
    clock.now += timedelta(minutes=29, seconds=59)
    assert reasons(await group.book(asset, inside, hold=True)) == [["limit_reached"]]
    clock.now += timedelta(seconds=1)
    ok(await group.book(asset, inside, hold=True), 201)


async def test_what_expired_costs_what_it_does_when_it_is_confirmed_and_a_hold_what_it_did(world: World, clock):
    owner, group = await world.organisation(), await world.organisation(kind="business")
    for per, costs in (("hour", [2000, 4000]), ("booking", [1000, 2000])):
        price, dearer = ({"price": {"amount": each, "currency": "GBP", "per": per}} for each in (1000, 2000))
        for late, amount in zip((False, True), costs, strict=True):
            asset = await world.asset(owner, terms=price)
            held = ok(await group.book(asset, EVENING, hold=True), 201)
            ok(await owner.patch(f"/assets/{asset['id']}", {"terms": dearer}), 200)
            clock.now += timedelta(minutes=15 if late else 14)
            booking = ok(await confirm(group, held), 200)
            assert (held["cost"]["amount"], booking["cost"]["amount"]) == (costs[0], amount)
            assert len(booking["cost"]["lines"]) == 1


async def test_what_expired_is_not_confirmed_once_some_of_it_has_begun(world: World, clock):
    owner, group = await world.organisation(), await world.organisation()
    soon = ("2027-01-04T09:15:00Z", "2027-01-04T10:00:00Z")
    held = ok(await group.book(await world.asset(owner), soon, EVENING, hold=True), 201)
    clock.now += timedelta(minutes=15)
    assert ok(await group.get(f"/bookings/{held['id']}"), 200)["may"] == ["confirmBooking"]
    clock.now += timedelta(seconds=1)
    assert ok(await group.get(f"/bookings/{held['id']}"), 200)["may"] == []
    refused = ok(await confirm(group, held), 409)
    assert [[why["code"] for why in each["why_not"]] for each in refused["occurrences"]] == [["in_the_past"], []]


async def test_a_stranger_does_not_even_wait_for_what_it_may_not_know(world: World):
    owner, group, stranger = [await world.organisation(verified=n < 1) for n in range(3)]
    held = ok(await group.book(await world.asset(owner, terms={"approval": True}), EVENING, hold=True), 201)
    conn = await asyncpg.connect(world.database)
    try:
        async with conn.transaction():
            assert await conn.fetch("SELECT FROM accounts WHERE booker_id = $1 FOR UPDATE", group.id) != []
            ok(await confirm(stranger, held), 404)
            ok(await stranger.retry(held), 404)
            ok(await confirm(group, held), 503)
    finally:
        await conn.close()
    ok(await confirm(group, held), 200)


async def test_what_is_seated_anew_as_it_lapses_is_in_nobodys_way(world: World, clock):
    """One who books a part gives a hold another unit just before that lapses, one who books the whole wants it away
    just after, and waits for the first.
    """
    owner, group, other = [await world.organisation() for _ in range(3)]
    site = await world.site(owner)
    whole = await world.asset(owner, site=site)
    part = await world.asset(owner, site=site, part_of=whole["id"], units=2)
    ok(await other.book(part, at(18, 20)), 201)
    first = ok(await other.book(part, at(20, 22)), 201)
    held = ok(await group.book(part, at(20, 22), hold=True), 201)
    ok(await other.cancel(first), 200)
    conn = await asyncpg.connect(world.database)
    try:
        async with conn.transaction():
            await conn.execute("LOCK TABLE events IN EXCLUSIVE MODE")
            clock.now += timedelta(minutes=14, seconds=59)
            before = asyncio.create_task(other.book(part, at(19, 21)))
            await waiting(conn, 1)
            clock.now += timedelta(seconds=1)
            after = asyncio.create_task(other.book(whole, at(21, 23)))
            await waiting(conn, 2)
    finally:
        await conn.close()
    ok(await before, 201)
    ok(await after, 201)
    assert await group.history(held) == ["booking.created", "booking.expired"]


def at(starts: int, ends: int) -> tuple[str, str]:
    return f"2027-07-05T{starts}:00:00Z", f"2027-07-05T{ends}:00:00Z"


async def waiting(conn: asyncpg.Connection, number: int) -> None:
    """Until so many requests wait for a lock, which they do for two seconds at most."""
    while await conn.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted") < number:
        await asyncio.sleep(0.01)
