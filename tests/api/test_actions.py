"""What every change of a booking promises, whichever it is: Idempotency-Key, If-Match, dry_run."""

from datetime import datetime
from typing import Any, NamedTuple

import httpx
import pytest
from calls import Organisation, World, ok
from conftest import Clock

from domain.transitions import ACTIONS

EVENING = ("2027-07-05T18:00:00Z", "2027-07-05T20:00:00Z")
NEXT = ("2027-07-06T18:00:00Z", "2027-07-06T20:00:00Z")
ENDS = ({"all": True, "ends_at": "2027-07-05T19:00:00Z"}, {"all": True, "ends_at": "2027-07-05T19:30:00Z"})
ALL = ({"all": True}, {"all": True, "note": "Another"})


class Done(NamedTuple):
    """A change as its test does it: by whom, what is recorded, two bodies, and whether of a hold, what is skipped or
    what has begun.
    """

    by: str
    path: str
    type: str
    bodies: tuple[dict[str, Any], dict[str, Any]] = ALL
    hold: bool = False
    skip: bool = False
    begun: bool = False
    once: bool = True


DONE = {
    "confirmBooking": Done("group", "confirm", "booking.confirmed", ({}, {"dry_run": False}), hold=True),
    "moveBooking": Done("group", "move", "booking.moved", ENDS, once=False),
    "retrySkipped": Done("group", "retry-skipped", "booking.retried", skip=True),
    "approveBooking": Done("owner", "approve", "booking.approved"),
    "declineBooking": Done("owner", "decline", "booking.declined"),
    "cancelBooking": Done("group", "cancel", "booking.cancelled"),
    "recallBooking": Done("owner", "recall", "booking.recalled"),
    "checkIn": Done("group", "check-in", "booking.checked_in", begun=True),
    "reportNoShow": Done("owner", "no-show", "booking.no_show", begun=True),
}


def test_every_change_is_held_to_it_and_recorded_as_the_table_of_transitions_says():
    assert {name: done.type for name, done in DONE.items()} == {name: each.event for name, each in ACTIONS.items()}


@pytest.mark.parametrize("operation", DONE)
async def test_a_change_is_done_once_by_who_knows_what_it_changes(world: World, clock: Clock, operation: str):
    done = DONE[operation]
    body, other = done.bodies
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, terms={"approval": not done.begun, "recallable": True})
    if done.skip:
        quicker = ok(await owner.book(asset, NEXT), 201)
        booking = ok(await group.book(asset, EVENING, NEXT, if_some_unavailable="skip"), 201)
        ok(await owner.cancel(quicker), 200)
    else:
        booking = ok(await group.book(asset, EVENING, hold=done.hold), 201)
    if done.begun:
        clock.now = datetime.fromisoformat(EVENING[0])
    who: Organisation = {"owner": owner, "group": group}[done.by]
    path = f"/bookings/{booking['id']}"
    known = (await who.get(path)).headers["ETag"]
    before = await world.stored()

    async def send(sent: dict[str, Any], key: str | None = None, etag: str | None = None) -> httpx.Response:
        headers = {"Idempotency-Key": key, "If-Match": etag}
        return await who.post(f"{path}/{done.path}", sent, headers={k: v for k, v in headers.items() if v})

    ok(await send(body, "k", '"0123456789abcdef0123456789abcdef"'), 412)
    tried = await send({**body, "dry_run": True}, "k")
    assert (ok(tried, 200)["id"], "ETag" in tried.headers) == (booking["id"], False)
    assert await world.stored() == before

    first = await send(body, "k", known)  # the refusal and the dry run have left the key free
    changed = ok(first, 200)
    assert changed["occurrences"] == tried.json()["occurrences"]
    after = await world.stored()
    again = await send(body, "k", known)  # the key has its answer, whatever the booking has become
    assert (again.status_code, again.content, again.headers["ETag"]) == (200, first.content, first.headers["ETag"])
    assert again.headers["Idempotent-Replayed"] == "true"
    assert ok(await send(other, "k"), 422)["type"] == "/problems/key-reused"
    assert ok(await send(body, "another", known), 412)["type"] == "/problems/precondition-failed"
    tried = await send({**other, "dry_run": True}, "k")  # a dry run does not read the key
    if done.once:
        assert ok(tried, 409)["states"] == [*ACTIONS[operation].states]
        assert ok(await send(body), 409)["type"] == "/problems/state-does-not-allow"
    else:
        assert ok(tried, 200)["occurrences"] != changed["occurrences"]
        assert ok(await send(body), 200) == changed  # there is nothing left to do
    assert await world.stored() == after
    assert (ok(await who.get(path), 200), (await who.get(path)).headers["ETag"]) == (changed, first.headers["ETag"])
    assert await group.history(booking) == ["booking.created", done.type]
