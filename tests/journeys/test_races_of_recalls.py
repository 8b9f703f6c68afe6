"""Recalls that race with bookings, with changes and with each other: what is taken back is owed for once, and nothing
that was not looked at is taken back.

Each round is a few clients of two servers at the same moment, with real commits.
"""

from collections import Counter
from functools import partial
from typing import Any

import pytest
from arena import FEWER, ROUNDS, Arena, asks, days, does, hours, statuses, won
from calls import reasons

RECALLABLE = {"recallable": True}
ALL = {"all": True}

pytestmark = pytest.mark.usefixtures("nobody_waits_in_a_circle")


async def owed(arena: Arena, *bookings: dict[str, Any]) -> list[list[int]]:
    """The minutes of the claims of each booking."""
    claims = "SELECT minutes FROM claims WHERE booking_id = $1"
    return [[row["minutes"] for row in await arena.direct.fetch(claims, each["id"])] for each in bookings]


@ROUNDS
async def test_what_is_recalled_is_had_by_one_of_those_who_ask_then_or_later(arena: Arena, rounds: int):
    hall = await arena.hall(terms=RECALLABLE)
    group, *others = arena.groups
    first = Counter()
    for n in range(rounds):
        evening = hours(18, 20)
        booking = await arena.booked(group, hall, evening)
        recalled, *booked = await arena.at_once(
            does(arena.by(arena.owner, n), "recall", booking, ALL),
            *(asks(arena.by(each, n + m), hall, evening) for m, each in enumerate(others[:2])),
        )
        assert recalled.status_code == 200
        assert all(each.is_success or reasons(each) == [["taken"]] for each in booked)
        last = await arena.by(others[2], n).book(hall, evening)
        assert won([*booked, last]).count(True) == 1
        assert (await arena.told(booking), await owed(arena, booking)) == (["created", "recalled"], [[120]])
        first[last.is_success] += 1
    assert set(first) == {True, False}  # rounds went this way and that


@ROUNDS
async def test_of_recall_and_cancel_one_is_done_and_what_is_approved_meanwhile_is_ended_too(arena: Arena, rounds: int):
    hall = await arena.hall(terms={**RECALLABLE, "approval": True})
    group = arena.groups[0]
    done = Counter()
    for n in range(rounds):
        asked = await arena.booked(group, hall, hours(18, 20))
        recalled, cancelled, approved = await arena.at_once(
            does(arena.by(arena.owner, n), "recall", asked, ALL),
            does(arena.by(group, n + 1), "cancel", asked, ALL),
            does(arena.by(arena.owner, n), "approve", asked, ALL),
        )
        assert statuses([recalled, cancelled]) == {200: 1, 409: 1}
        ended = "recalled" if recalled.is_success else "cancelled"
        assert await arena.told(asked) == ["created", *["approved"] * approved.is_success, ended]
        assert await owed(arena, asked) == [[120] * recalled.is_success]
        assert approved.is_success or approved.json()["states"] == ["pending"]
        done[ended] += 1
    assert set(done) == {"recalled", "cancelled"}


@ROUNDS
async def test_a_hold_is_recalled_only_once_it_is_confirmed(arena: Arena, rounds: int):
    halls = [await arena.hall(terms={**RECALLABLE, "approval": approval}) for approval in (False, True)]
    group = arena.groups[0]
    done = Counter()
    for n in range(rounds):
        held = await arena.booked(group, halls[n // 2 % 2], hours(18, 20), hold=True)
        recalled, confirmed = await arena.at_once(
            does(arena.by(arena.owner, n), "recall", held, ALL), does(arena.by(group, n + 1), "confirm", held)
        )
        assert confirmed.status_code == 200
        assert recalled.is_success or recalled.json()["states"] == ["pending", "confirmed"]
        assert await arena.told(held) == ["created", "confirmed", *["recalled"] * recalled.is_success]
        assert await owed(arena, held) == [[120] * recalled.is_success]
        done[recalled.is_success] += 1
    assert set(done) == {True, False}


@ROUNDS
async def test_of_two_recalls_of_what_both_have_read_one_is_done(arena: Arena, rounds: int):
    """Of all of it, and of some."""
    hall = await arena.hall(terms=RECALLABLE)
    for n in range(rounds):
        series = await arena.booked(arena.groups[0], hall, hours(18, 20), hours(18, 20))
        read = {"If-Match": (await arena.owner.get(f"/bookings/{series['id']}")).headers["ETag"]}
        scopes = ALL, {"occurrence_ids": [series["occurrences"][1]["id"]]}
        recalls = await arena.at_once(
            *(does(arena.by(arena.owner, n + m), "recall", series, each, headers=read) for m, each in enumerate(scopes))
        )
        assert statuses(recalls) == {200: 1, 412: 1}
        assert await arena.told(series) == ["created", "recalled"]
        assert await owed(arena, series) == [[120] * (2 if recalls[0].is_success else 1)]


@FEWER
async def test_of_two_closures_that_were_tried_once_one_recalls_what_both_hit(arena: Arena, rounds: int):
    hall, rooms = await arena.a_hall_of_two_rooms()
    pair = arena.groups[:2]
    for n in range(rounds):
        evening = hours(18, 20)
        booked = [await arena.booked(*each, evening) for each in zip(pair, rooms, strict=True)]
        closure = {"asset_id": hall["id"], "starts_at": evening[0], "ends_at": evening[1], "recall": True}
        tried = await arena.owner.post("/closures", {**closure, "dry_run": True})
        headers = {"If-Match": tried.headers["ETag"]}
        closed = await arena.at_once(
            *(partial(arena.by(arena.owner, n + m).post, "/closures", closure, headers=headers) for m in range(2))
        )
        assert statuses(closed) == {201: 1, 412: 1}
        assert [await arena.told(each) for each in booked] == [["created", "recalled"]] * 2
        assert await owed(arena, *booked) == [[120], [120]]


@ROUNDS
async def test_other_hours_recall_what_they_were_tried_on_or_a_booking_comes_in_between(arena: Arena, rounds: int):
    """Either the hours take back what stands and nobody books there, or they are looked at again with the new one."""
    hall = await arena.hall()
    group, other, *_ = arena.groups
    path, done = f"/assets/{hall['id']}/hours", Counter()
    for n in range(rounds):
        day = next(days)
        early, late = hours(16, 18, day), hours(18, 20, day)
        standing = await arena.booked(group, hall, early)
        shut = {"always": True, "exceptions": [{"on": early[0][:10], "hours": []}], "recall": True}
        tried = await arena.owner.put(path, {**shut, "dry_run": True})
        replaced, booked = await arena.at_once(
            partial(arena.by(arena.owner, n).put, path, shut, headers={"If-Match": tried.headers["ETag"]}),
            asks(arena.by(other, n + 1), hall, late),
        )
        if replaced.is_success:
            assert reasons(booked) == [["closed"]]
            assert await arena.told(standing) == ["created", "recalled"]
            assert await owed(arena, standing) == [[120]]
        else:
            assert (replaced.status_code, booked.status_code) == (412, 201)
            assert await arena.told(standing) == await arena.told(booked.json()) == ["created"]
            assert await owed(arena, standing, booked.json()) == [[], []]
        done[replaced.is_success] += 1
    assert set(done) == {True, False}
