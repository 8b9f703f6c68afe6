"""What owner and booker write to each other stays between them, and can be erased."""

from datetime import timedelta
from typing import Any

import pytest
from calls import Organisation, World, ok, pointers

EVENING = ("2027-01-05T18:00:00Z", "2027-01-05T20:00:00Z")
NEXT = ("2027-01-06T18:00:00Z", "2027-01-06T20:00:00Z")


@pytest.fixture
async def owner(world: World) -> Organisation:
    return await world.organisation(kind="council")


@pytest.fixture
async def group(world: World) -> Organisation:
    return await world.organisation()


@pytest.fixture
async def booking(world: World, owner: Organisation, group: Organisation) -> dict[str, Any]:
    return ok(await group.book(await world.asset(owner), EVENING), 201)


async def said(who: Organisation, booking: dict[str, Any]) -> list[tuple[str | None, bool]]:
    """What somebody reads about a booking, newest first, and whether the other side has read it."""
    items = ok(await who.get(f"/bookings/{booking['id']}/messages"), 200)["items"]
    return [(each["text"], each["read_at"] is not None) for each in items]


async def told(who: Organisation, kind: str) -> list[str]:
    items = ok(await who.get("/events", limit=100), 200)["items"]
    return [each["type"] for each in items if each["object"]["kind"] == kind]


async def test_owner_and_booker_write_to_each_other(world: World, owner, group, booking, clock):
    path = f"/bookings/{booking['id']}/messages"
    for who, text in ((group, "Is there a ramp?"), (owner, "There is."), (group, "Thanks")):
        sent = ok(await who.post(path, {"text": text}), 201)
        assert (sent["text"], sent["sender_id"], sent["read_at"]) == (text, who.id, None)
    assert await said(owner, booking) == [("Thanks", False), ("There is.", False), ("Is there a ramp?", False)]
    last = ok(await owner.get(path, limit=1), 200)["items"][0]
    clock.now += timedelta(minutes=5)
    read = ok(await owner.post(f"{path}/{last['id']}/read"), 200)
    assert read["read_at"] == "2027-01-04T09:05:00Z"
    assert await said(group, booking) == [("Thanks", True), ("There is.", False), ("Is there a ramp?", True)]
    again = ok(await owner.post(f"{path}/{last['id']}/read"), 200)
    assert again == read
    ok(await group.post(f"{path}/{last['id']}/read"), 409)
    assert await told(owner, "message") == await told(group, "message") == ["message.sent"] * 3 + ["message.read"] * 2


async def test_a_thousand_messages_are_read_at_once(world: World, owner, group, booking):
    path = f"/bookings/{booking['id']}/messages"
    ok(await group.post(path, {"text": "0"}), 201)
    copy = """
      INSERT INTO messages (id, owner_id, booking_id, sender_id, text, created_at, updated_at)
      SELECT (left($1, -12) || lpad(to_hex(n), 12, '0'))::uuid, owner_id, booking_id, sender_id, n::text,
             created_at, updated_at FROM messages, generate_series(1, 1000) n
    """
    await world.run(copy, "ffff0000-0000-7000-8000-000000000000")
    unread = "SELECT string_agg(text, ' ') FROM messages WHERE read_at IS NULL"
    events = "SELECT count(*) FROM events WHERE type = 'message.read'"
    for left, told in (("0", 1000), (None, 1001), (None, 1001)):
        ok(await owner.post(f"{path}/ffff0000-0000-7000-8000-0000000003e8/read"), 200)
        assert (await world.value(unread), await world.value(events)) == (left, told)


async def test_nobody_else_reads_it_and_no_event_says_it(world: World, owner, group, booking):
    path = f"/bookings/{booking['id']}/messages"
    sent = ok(await group.post(path, {"text": "a secret"}), 201)
    stranger = await world.organisation()
    ok(await stranger.get(path), 404)
    ok(await stranger.post(path, {"text": "Hello"}), 404)
    ok(await stranger.post(f"{path}/{sent['id']}/read"), 404)
    ok(await stranger.delete(f"{path}/{sent['id']}"), 404)
    assert "a secret" not in (await owner.get("/events", limit=100)).text


async def test_what_one_has_written_can_be_erased(world: World, owner, group, booking):
    path = f"/bookings/{booking['id']}/messages"
    options = {"headers": {"Idempotency-Key": "once"}}
    sent = ok(await group.post(path, {"text": "Regretted"}, **options), 201)
    ok(await owner.delete(f"{path}/{sent['id']}"), 409)
    ok(await group.delete(f"{path}/{sent['id']}"), 204)
    assert await said(owner, booking) == [(None, False)]
    assert await world.value("SELECT count(*) FROM idempotency_keys WHERE body IS NOT NULL") == 0
    ok(await group.delete(f"{path}/{sent['id']}"), 404)
    assert await told(owner, "message") == ["message.sent", "message.erased"]


async def test_a_message_is_some_text_of_at_most_2000_characters(group, booking):
    path = f"/bookings/{booking['id']}/messages"
    for text in ("", " ", "a" * 2001, None, 5):
        assert pointers(await group.post(path, {"text": text})) == ["#/text"]
    ok(await group.post(path, {"text": "é" * 2000}), 201)


async def test_pages_of_messages(group, booking):
    path = f"/bookings/{booking['id']}/messages"
    for n in range(5):
        ok(await group.post(path, {"text": f"{n}"}), 201)
    first = ok(await group.get(path, limit=3), 200)
    rest = ok(await group.get(path, limit=3, cursor=first["next"]), 200)
    assert [each["text"] for each in first["items"] + rest["items"]] == ["4", "3", "2", "1", "0"]
    assert rest["next"] is None


async def test_each_side_says_once_how_an_occurrence_went(world: World, owner, group, clock):
    booking = ok(await group.book(await world.asset(owner), EVENING, NEXT), 201)
    path = f"/bookings/{booking['id']}/feedback"
    first, second = (each["id"] for each in booking["occurrences"])
    early = ok(await group.post(path, {"occurrence_id": first, "verdict": "well"}), 409)
    assert "2027-01-05T18:00:00Z" in early["detail"]
    clock.now += timedelta(days=1, hours=12)
    assert pointers(await group.post(path, {"verdict": "well"})) == ["#/occurrence_id"]
    assert pointers(await group.post(path, {"verdict": "well", "occurrence_id": booking["id"]})) == ["#/occurrence_id"]
    assert pointers(await group.post(path, {"verdict": "badly", "occurrence_id": first})) == ["#/verdict"]
    given = ok(await group.post(path, {"occurrence_id": first, "verdict": "problem", "text": "It was cold"}), 201)
    ok(await owner.post(path, {"occurrence_id": first, "verdict": "well"}), 201)
    ok(await group.post(path, {"occurrence_id": first, "verdict": "well"}), 409)
    ok(await group.post(path, {"occurrence_id": second, "verdict": "well"}), 409)
    items = ok(await owner.get(path), 200)["items"]
    assert [(each["giver_id"], each["verdict"], each["text"]) for each in items] == [
        (owner.id, "well", None),
        (group.id, "problem", "It was cold"),
    ]
    ok(await owner.delete(f"{path}/{given['id']}"), 409)
    ok(await group.delete(f"{path}/{given['id']}"), 204)
    ok(await group.post(path, {"occurrence_id": first, "verdict": "well"}), 201)
    assert await told(owner, "feedback") == ["feedback.given", "feedback.given", "feedback.erased", "feedback.given"]


async def test_of_a_single_occurrence_no_id_is_needed_and_what_was_cancelled_did_not_take_place(
    world: World, owner, group, booking, clock
):
    cancelled = ok(await group.book(await world.asset(owner), EVENING), 201)
    ok(await group.cancel(cancelled), 200)
    clock.now += timedelta(days=2)
    ok(await group.post(f"/bookings/{booking['id']}/feedback", {"verdict": "well"}), 201)
    refused = ok(await group.post(f"/bookings/{cancelled['id']}/feedback", {"verdict": "well"}), 409)
    assert (refused["type"], "did not take place" in refused["detail"]) == ("/problems/state-does-not-allow", True)
    ok(await (await world.organisation()).get(f"/bookings/{booking['id']}/feedback"), 404)
