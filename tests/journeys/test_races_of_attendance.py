"""Who comes, gives back, is missed, or would have the place, at the same moment: exactly one of them has it.

Each round is a few clients of two servers at the same moment, with real commits.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from arena import FEWER, Arena, Period, asks, does, statuses, won
from calls import reasons

SOON = 0.03  # seconds, in which what races with a deadline is sent, before and after it
ALL = {"all": True}
TERMS = {"check_in_grace_minutes": 15, "step_minutes": 1}
DUE = """
  WITH due AS (
    UPDATE occurrences SET check_in_by = now() + $3 WHERE owner_id = $1 AND booking_id = $2 RETURNING id, check_in_by)
  UPDATE occupancies o SET held_until = due.check_in_by FROM due WHERE o.owner_id = $1 AND o.occurrence_id = due.id
"""
# It began some minutes ago, as its only event says too.
BEGUN = """
  WITH begun AS (
    UPDATE occurrences SET starts_at = starts_at - interval '10 minutes' WHERE owner_id = $1 AND booking_id = $2
    RETURNING id, starts_at, ends_at),
  taken AS (
    UPDATE occupancies o SET occupied = tstzrange(b.starts_at, b.ends_at)
      FROM begun b WHERE o.owner_id = $1 AND o.occurrence_id = b.id)
  UPDATE events e
     SET after = jsonb_set(e.after, ARRAY['occurrences', b.id::text, 'starts_at'],
                           to_jsonb(to_char(b.starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')))
    FROM begun b WHERE e.owner_id = $1 AND e.object_id = $2
"""

pytestmark = pytest.mark.usefixtures("nobody_waits_in_a_circle")


def shortly() -> Period:
    """Three quarters of an hour from the minute after the next."""
    starts = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=2)
    return starts.isoformat(), (starts + timedelta(minutes=45)).isoformat()


async def a_hall_of_two_rooms(arena: Arena) -> tuple[dict[str, Any], dict[str, Any]]:
    """A hall where people check in, and a room in it: one for each round, as all of them are about now."""
    site = await arena.world.site(arena.owner)
    hall = await arena.hall(site=site, terms=TERMS)
    return hall, await arena.hall(site=site, part_of=hall["id"], terms={"step_minutes": 1})


@FEWER
async def test_of_check_in_cancel_and_the_clock_one_is_done_and_the_place_is_as_it_says(arena: Arena, rounds: int):
    group, *others = arena.groups
    done = Counter()
    for n in range(rounds):
        hall, room = await a_hall_of_two_rooms(arena)
        period = shortly()
        booking = await arena.booked(group, hall, period)
        await arena.direct.execute(DUE, booking["owner_id"], booking["id"], timedelta(seconds=SOON / 2))
        checked, cancelled, booked, _ = await arena.at_once(
            does(arena.by(arena.owner, n), "check-in", booking, ALL),
            does(arena.by(group, n + 1), "cancel", booking, ALL),
            asks(arena.by(others[0], n), room, period),
            arena.sweeps(booking),
            within=SOON,
        )
        last = await arena.by(others[1], n).book(room, period)
        await arena.sweeps(booking)()
        became = "checked_in" if checked.is_success else "cancelled" if cancelled.is_success else "no_show"
        assert won([checked, cancelled]).count(True) == (became != "no_show")
        assert await arena.told(booking) == ["created", became]
        assert won([booked, last]).count(True) == (became != "checked_in")
        for each in (booked, last):
            assert each.is_success or reasons(each) == [["taken"]]
        done[became] += 1
    assert len(done) > 1, done  # rounds went this way and that


@FEWER
async def test_of_check_in_no_show_recall_and_cancel_one_is_done(arena: Arena, rounds: int):
    group, *others = arena.groups
    done = Counter()
    for n in range(rounds):
        hall = await arena.hall(terms={"step_minutes": 1, "recallable": True})
        period = shortly()
        booking = await arena.booked(group, hall, period)
        await arena.direct.execute(BEGUN, booking["owner_id"], booking["id"])
        operations = ("check-in", "no-show", "recall", "cancel")
        callers = (group, arena.owner, arena.owner, group)
        *answers, booked = await arena.at_once(
            *(
                does(arena.by(who, n + m), what, booking, ALL)
                for m, (who, what) in enumerate(zip(callers, operations, strict=True))
            ),
            asks(arena.by(others[0], n), hall, period),
        )
        assert statuses(answers) == {200: 1, 409: 3}
        [became] = [what for what, answer in zip(operations, answers, strict=True) if answer.is_success]
        told = {"check-in": "checked_in", "no-show": "no_show", "recall": "recalled", "cancel": "cancelled"}[became]
        assert await arena.told(booking) == ["created", told]
        last = await arena.by(others[1], n).book(hall, period)
        assert won([booked, last]).count(True) == (became != "check-in")
        done[became] += 1
    assert len(done) > 1, done
