"""Changes of bookings that race with each other, with bookings and with the clock: exactly the winners that the rules
allow, and everybody is answered.

Each round is a few clients of two servers at the same moment, with real commits.
"""

import asyncio
import random
from collections import Counter
from datetime import datetime
from functools import partial
from itertools import count
from typing import Any

import httpx
import pytest
from arena import FEWER, ROUNDS, Arena, Period, asks, days, does, hours, statuses, won
from calls import Organisation, ok, reasons

APPROVAL = {"approval": True, "approval_hours": 72}
SOON = 0.03  # seconds, in which what races with a deadline is sent, before and after it
keys = count()

pytestmark = pytest.mark.usefixtures("nobody_waits_in_a_circle")


@ROUNDS
async def test_a_hold_is_confirmed_or_somebody_elses_whoever_comes_first_when_it_lapses(arena: Arena, rounds: int):
    hall = await arena.hall()
    group, *others = arena.groups
    lapsed = Counter()
    for n in range(rounds):
        evening = hours(18, 20)
        held = await arena.booked(group, hall, evening, hold=True)
        await arena.lapsing(held, SOON / 2)
        confirmed, *booked, _ = await arena.at_once(
            does(arena.by(group, n), "confirm", held),
            *(asks(arena.by(each, n + m), hall, evening) for m, each in enumerate(others[:2])),
            arena.sweeps(held),
            within=SOON,
        )
        assert [confirmed.is_success, *won(booked)].count(True) == 1
        told = await arena.told(held)
        if confirmed.is_success:
            assert told in (["created", "confirmed"], ["created", "expired", "confirmed"])
        else:
            assert confirmed.json()["type"] == "/problems/hold-expired"
            assert told == ["created", "expired"]
        lapsed[len(told), confirmed.is_success] += 1
    assert len(lapsed) > 1, lapsed  # rounds went this way and that


@ROUNDS
async def test_what_lapsed_is_swept_once_by_many_and_in_nobodys_way(arena: Arena, rounds: int):
    """Two who need it, its booker who gives it back, and a worker."""
    hall, rooms = await arena.a_hall_of_two_rooms()
    group, *others = arena.groups
    for n in range(rounds):
        evening, next_evening = hours(18, 20), hours(18, 20)
        held = await arena.booked(group, random.choice([hall, *rooms]), evening, next_evening, hold=True)
        await arena.lapsing(held)
        whole, part, cancelled, _ = await arena.at_once(
            asks(arena.by(others[0], n), hall, evening),
            asks(arena.by(others[1], n + 1), rooms[0], evening),
            does(arena.by(group, n), "cancel", held, {"all": True}),
            arena.sweeps(held),
        )
        assert sorted(won([whole, part])) == [False, True]
        assert cancelled.status_code == 409
        assert await arena.told(held) == ["created", "expired"]


@FEWER
async def test_of_two_lapsed_series_that_cross_one_is_confirmed(arena: Arena, rounds: int):
    """One of a whole and one of a part of it, which both could have: neither ends half confirmed."""
    hall, rooms = await arena.a_hall_of_two_rooms()
    first, second, *_ = arena.groups
    for n in range(rounds):
        week = [next(days) for _ in range(4)]
        places = random.sample([hall, rooms[0]], 2)
        periods = [[hours(18, 20, day) for day in each] for each in (week[:3], week[:0:-1])]
        held = []
        for who, place, asked in zip((first, second), places, periods, strict=True):
            held.append(await arena.booked(who, place, *asked, hold=True))
            await arena.lapsing(held[-1])
        answers = await arena.at_once(
            does(arena.by(first, n), "confirm", held[0]), does(arena.by(second, n + 1), "confirm", held[1])
        )
        assert sorted(won(answers)) == [False, True]
        [refused] = [each for each in answers if not each.is_success]
        assert refused.json()["type"] == "/problems/hold-expired"
        [booking] = [each.json() for each in answers if each.is_success]
        assert {each["state"] for each in booking["occurrences"]} == {"confirmed"}


@FEWER
async def test_of_those_who_confirm_lapsed_holds_as_many_get_a_unit_as_there_are(arena: Arena, rounds: int):
    tables = await arena.hall(kind="equipment", category="tables", units=3)
    for n in range(rounds):
        evening = hours(18, 20)
        held = []
        for who in arena.groups[:2]:
            held.append(await arena.booked(who, tables, evening, units=2, hold=True))
            await arena.lapsing(held[-1])
        ones = [asks(arena.by(arena.groups[2 + m % 2], n + m), tables, evening) for m in range(4)]
        answers = await arena.at_once(
            *(does(arena.by(who, n), "confirm", each) for who, each in zip(arena.groups[:2], held, strict=True)), *ones
        )
        booked = [answer.json() for answer in answers if answer.is_success]
        units = sorted(unit for each in booked for unit in each["occurrences"][0]["unit_numbers"])
        assert units == [1, 2, 3]


@ROUNDS
async def test_of_six_for_three_units_three_have_one(arena: Arena, rounds: int):
    tables = await arena.hall(kind="equipment", category="tables", units=3)
    for _ in range(rounds):
        evening = hours(18, 20)
        answers = await arena.at_once(*(asks(arena.somebody(n), tables, evening) for n in range(6)))
        assert statuses(answers) == {201: 3, 409: 3}
        units = [answer.json()["occurrences"][0]["unit_numbers"] for answer in answers if answer.is_success]
        assert sorted(units) == [[1], [2], [3]]


@ROUNDS
async def test_a_whole_or_its_parts_are_had_and_never_both_and_never_neither(arena: Arena, rounds: int):
    hall, rooms = await arena.a_hall_of_two_rooms()
    winners = Counter()
    for n in range(rounds):
        evening = hours(18, 20)
        kinds = random.sample([{}, {"hold": True}], 2)
        whole, *parts = await arena.at_once(
            asks(arena.by(arena.groups[0], n), hall, evening, **kinds[0]),
            asks(arena.by(arena.groups[1], n), rooms[0], evening, **kinds[1]),
            asks(arena.by(arena.groups[2], n + 1), rooms[1], evening),
        )
        assert (whole.is_success, won(parts)) in [(True, [False, False]), (False, [True, True])]
        winners[whole.is_success] += 1
        for each in (whole, *parts):
            if each.is_success and each.json()["state"] == "held":
                await arena.lapsing(each.json())
    assert set(winners) == {True, False}


@ROUNDS
async def test_of_two_series_that_cross_one_is_had(arena: Arena, rounds: int):
    hall, rooms = await arena.a_hall_of_two_rooms()
    for n in range(rounds):
        week = [next(days) for _ in range(3)]
        answers = await arena.at_once(
            asks(arena.by(arena.groups[0], n), hall, *(hours(18, 20, day) for day in week[:2])),
            asks(arena.by(arena.groups[1], n + 1), rooms[0], *(hours(18, 20, day) for day in week[:0:-1])),
        )
        assert statuses(answers) == {201: 1, 409: 1}


@ROUNDS
async def test_what_is_approved_and_cancelled_at_once_ends_cancelled(arena: Arena, rounds: int):
    hall = await arena.hall(terms=APPROVAL)
    group, other, *_ = arena.groups
    for n in range(rounds):
        evening = hours(18, 20)
        asked = await arena.booked(group, hall, evening)
        approved, cancelled, booked = await arena.at_once(
            does(arena.by(arena.owner, n), "approve", asked, {"all": True}),
            does(arena.by(group, n + 1), "cancel", asked, {"all": True}),
            asks(arena.by(other, n), hall, evening),
        )
        assert cancelled.status_code == 200
        assert (await arena.told(asked)) == ["created", *(["approved"] if approved.is_success else []), "cancelled"]
        assert approved.is_success or approved.json()["states"] == ["pending"]
        assert booked.is_success or reasons(booked) == [["taken"]]
        last = await arena.by(other, n).book(hall, evening)
        assert last.is_success != booked.is_success


@ROUNDS
async def test_of_approve_and_decline_one_is_done_and_the_place_is_as_it_says(arena: Arena, rounds: int):
    hall = await arena.hall(terms=APPROVAL)
    group, other, *_ = arena.groups
    done = Counter()
    for n in range(rounds):
        evening = hours(18, 20)
        asked = await arena.booked(group, hall, evening)
        approved, declined, booked = await arena.at_once(
            does(arena.by(arena.owner, n), "approve", asked, {"all": True}),
            does(arena.by(arena.owner, n + 1), "decline", asked, {"all": True}),
            asks(arena.by(other, n), hall, evening),
        )
        assert statuses([approved, declined]) == {200: 1, 409: 1}
        assert await arena.told(asked) == ["created", "approved" if approved.is_success else "declined"]
        if approved.is_success:
            assert reasons(booked) == [["taken"]]
        done[approved.is_success] += 1
    assert set(done) == {True, False}


@FEWER
async def test_each_of_a_series_is_decided_once_by_many(arena: Arena, rounds: int):
    """Some of it named, and from one on, and all: what is decided is left alone."""
    hall = await arena.hall(terms=APPROVAL)
    for n in range(rounds):
        asked = await arena.booked(arena.groups[0], hall, *(hours(18, 20) for _ in range(4)))
        ids = [each["id"] for each in asked["occurrences"]]
        answers = await arena.at_once(
            does(arena.by(arena.owner, n), "approve", asked, {"occurrence_ids": ids[1:3]}),
            does(arena.by(arena.owner, n + 1), "decline", asked, {"from_occurrence_id": ids[2]}),
            does(arena.by(arena.owner, n), "decline", asked, {"occurrence_ids": ids[:1]}),
            does(arena.by(arena.owner, n + 1), "approve", asked, {"all": True}),
        )
        decisions = ("approved", "declined", "declined", "approved")
        done = [each for each, answer in zip(decisions, answers, strict=True) if answer.is_success]
        assert Counter(await arena.told(asked)) == Counter(["created", *done])
        became = ok(await arena.owner.get(f"/bookings/{asked['id']}"), 200)
        assert {each["state"] for each in became["occurrences"]} <= {"confirmed", "declined"}
        assert {each["sequence"] for each in became["occurrences"]} == {1}


@pytest.mark.parametrize("on_deadline", ["decline", "approve"])
@FEWER
async def test_at_its_deadline_a_request_is_decided_once_by_its_owner_or_by_the_clock(
    arena: Arena, rounds: int, on_deadline: str
):
    hall = await arena.hall(terms={**APPROVAL, "on_deadline": on_deadline})
    group, other, *_ = arena.groups
    for n in range(rounds):
        evening = hours(18, 20)
        asked = await arena.booked(group, hall, evening)
        await arena.lapsing(asked, SOON / 2)
        approved, declined, booked, _ = await arena.at_once(
            does(arena.by(arena.owner, n), "approve", asked, {"all": True}),
            does(arena.by(arena.owner, n + 1), "decline", asked, {"all": True}),
            asks(arena.by(other, n), hall, evening),
            arena.sweeps(asked),
            within=SOON,
        )
        assert won([approved, declined]).count(True) <= 1
        last = await arena.by(other, n).book(hall, evening)
        await arena.sweeps(asked)()
        told = await arena.told(asked)
        if approved.is_success or declined.is_success:
            assert told == ["created", "approved" if approved.is_success else "declined"]
        else:
            assert told == ["created", "lapsed" if on_deadline == "decline" else "approved"]
        assert won([booked, last]).count(True) == (told[1] != "approved")


@FEWER
async def test_of_all_who_end_a_booking_at_once_one_does(arena: Arena, rounds: int):
    """What is recalled is owed for once, and what is cancelled is not."""
    hall = await arena.hall(terms={"recallable": True})
    group = arena.groups[0]
    for n in range(rounds):
        booking = await arena.booked(group, hall, hours(18, 20))
        recalled, *cancelled = await arena.at_once(
            does(arena.by(arena.owner, n), "recall", booking, {"all": True}),
            does(arena.by(arena.owner, n + 1), "cancel", booking, {"all": True}),
            does(arena.by(group, n), "cancel", booking, {"all": True}),
        )
        assert statuses([recalled, *cancelled]) == {200: 1, 409: 2}
        assert await arena.told(booking) == ["created", "recalled" if recalled.is_success else "cancelled"]
        owed = await arena.direct.fetchval("SELECT count(*) FROM claims WHERE booking_id = $1", booking["id"])
        assert owed == recalled.is_success


async def close(owner: Organisation, closure: dict[str, Any]) -> httpx.Response:
    """Try a closure and make it, until what it hits is what was tried."""
    while True:
        tried = await owner.post("/closures", {**closure, "dry_run": True})
        closed = await owner.post("/closures", closure, headers={"If-Match": tried.headers["ETag"]})
        if closed.status_code != 412:
            return closed


@FEWER
async def test_what_is_booked_while_a_whole_is_closed_is_recalled_or_refused(arena: Arena, rounds: int):
    hall, rooms = await arena.a_hall_of_two_rooms()
    one, other, group, _ = arena.groups
    for n in range(rounds):
        evening = hours(18, 20)
        closure = {"asset_id": hall["id"], "starts_at": evening[0], "ends_at": evening[1], "recall": True}
        held = await arena.booked(group, rooms[0], evening, hold=True)
        closed, confirmed, *booked = await arena.at_once(
            partial(close, arena.by(arena.owner, n), closure),
            does(arena.by(group, n + 1), "confirm", held),
            asks(arena.by(one, n), rooms[1], evening),
            asks(arena.by(other, n + 1), hall, evening),
        )
        assert closed.status_code == 201
        assert await arena.told(held) == ["created", *(["confirmed"] if confirmed.is_success else []), "recalled"]
        for each in booked:
            if each.is_success:
                assert await arena.told(each.json()) == ["created", "recalled"]
            else:
                assert set(reasons(each)[0]) <= {"closed", "taken"}
        assert await arena.world.free(rooms[1], *evening) == []
        taken = "SELECT count(*) FROM occupancies WHERE asset_id = ANY($1) AND occupied && tstzrange($2, $3)"
        places = [each["id"] for each in (hall, *rooms)]
        assert await arena.direct.fetchval(taken, places, *map(datetime.fromisoformat, evening)) == 0


async def fragment(arena: Arena, tables: dict[str, Any], day: int) -> None:
    """Of two units one is booked from 10 to 12 and the other from 12 to 14."""
    throughout = await arena.booked(arena.groups[0], tables, hours(10, 14, day))
    late = await arena.booked(arena.groups[0], tables, hours(12, 14, day))
    ok(await arena.groups[0].cancel(throughout), 200)
    early = await arena.booked(arena.groups[0], tables, hours(10, 12, day))
    assert early["occurrences"][0]["unit_numbers"] != late["occurrences"][0]["unit_numbers"]


@FEWER
async def test_who_seats_others_anew_and_who_takes_the_whole_sweep_in_the_same_order(arena: Arena, rounds: int):
    """Both need the same two lapsed holds away, one of them only once it looks at the rest of its asset."""
    site = await arena.world.site(arena.owner)
    hall = await arena.hall(site=site)
    tables = await arena.hall(site=site, part_of=hall["id"], kind="equipment", category="tables", units=2)
    _, group, other, another = arena.groups
    for n in range(rounds):
        day, evening = next(days), hours(18, 20)
        await fragment(arena, tables, day)
        elsewhere = await arena.booked(group, tables, evening, hold=True)
        around = await arena.booked(group, tables, hours(10, 12, day), hours(14, 16, day), hold=True)
        await arena.lapsing(elsewhere)
        await arena.lapsing(around)
        answers = await arena.at_once(
            asks(arena.by(other, n), tables, hours(10, 14, day)),
            asks(arena.by(another, n + 1), hall, evening, hours(14, 16, day)),
        )
        assert statuses(answers) == {201: 2}
        assert await arena.told(elsewhere) == await arena.told(around) == ["created", "expired"]


@FEWER
async def test_units_are_seated_anew_while_a_whole_that_touches_them_is_given_back(arena: Arena, rounds: int):
    site = await arena.world.site(arena.owner)
    hall = await arena.hall(site=site)
    tables = await arena.hall(site=site, part_of=hall["id"], kind="equipment", category="tables", units=2)
    _, group, other, another = arena.groups
    for n in range(rounds):
        day = next(days)
        await fragment(arena, tables, day)
        whole = await arena.booked(group, hall, hours(14, 16, day), hours(8, 10, day))
        answers = await arena.at_once(
            asks(arena.by(other, n), tables, hours(10, 14, day)),
            does(arena.by(group, n + 1), "cancel", whole, {"all": True}),
            asks(arena.by(another, n), tables, hours(14, 16, day)),
        )
        assert [each.status_code for each in answers[:2]] == [201, 200]
        assert answers[2].is_success or reasons(answers[2]) == [["taken"]]


@FEWER
async def test_if_match_lets_one_of_all_changes_through(arena: Arena, rounds: int):
    hall = await arena.hall(terms=APPROVAL)
    group = arena.groups[0]
    for n in range(rounds):
        asked = await arena.booked(group, hall, hours(18, 20))
        path = f"/bookings/{asked['id']}"
        theirs, ours = [{"If-Match": (await who.get(path)).headers["ETag"]} for who in (arena.owner, group)]
        answers = await arena.at_once(
            does(arena.by(arena.owner, n), "approve", asked, {"all": True}, headers=theirs),
            does(arena.by(arena.owner, n + 1), "decline", asked, {"all": True}, headers=theirs),
            does(arena.by(group, n), "cancel", asked, {"all": True}, headers=ours),
            does(arena.by(group, n + 1), "cancel", asked, {"all": True}, headers=ours),
        )
        assert statuses(answers) == {200: 1, 412: 3}
        assert len(await arena.told(asked)) == 2


@FEWER
async def test_one_key_on_two_servers_changes_once(arena: Arena, rounds: int):
    hall = await arena.hall(terms=APPROVAL)
    group = arena.groups[0]
    for _ in range(rounds):
        booking = await arena.booked(group, hall, hours(18, 20), hold=True)
        for who, what in ((group, "confirm"), (arena.owner, "approve"), (group, "cancel")):
            headers, body = {"Idempotency-Key": f"{what} {next(keys)}"}, {} if what == "confirm" else {"all": True}
            answers = await arena.at_once(
                *(does(arena.by(who, m), what, booking, body, headers=headers) for m in range(4))
            )
            assert statuses(answers) == {200: 4}
            assert len({answer.content for answer in answers}) == 1
            assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 3
        assert await arena.told(booking) == ["created", "confirmed", "approved", "cancelled"]


@FEWER
async def test_nobody_gets_a_fourth_hold_by_asking_for_many_at_once(arena: Arena, rounds: int):
    halls = [await arena.hall() for _ in range(5)]
    group = arena.groups[0]
    for n in range(rounds):
        evening = hours(18, 20)
        answers = await arena.at_once(
            *(asks(arena.by(group, n + m), each, evening, hold=True) for m, each in enumerate(halls))
        )
        assert statuses(answers) == {201: 3, 409: 2}
        assert [reasons(each) for each in answers if not each.is_success] == [[["limit_reached"]]] * 2
        held = [each.json() for each in answers if each.is_success]
        bodies = {"confirm": {}, "cancel": {"all": True}}
        ends = random.choices([*bodies], k=3)
        ended = await arena.at_once(
            *(
                does(arena.by(group, m), what, each, bodies[what])
                for m, (what, each) in enumerate(zip(ends, held, strict=True))
            )
        )
        assert statuses(ended) == {200: 3}


async def a_skipped_evening(
    arena: Arena, group: Organisation, hall: dict[str, Any], **given: Any
) -> tuple[dict[str, Any], Period]:
    """A booking of an evening and another that it skipped, and that can be had now."""
    evening, skipped = hours(18, 20), hours(18, 20)
    quicker = await arena.booked(arena.owner, hall, skipped)
    booking = await arena.booked(group, hall, evening, skipped, if_some_unavailable="skip", **given)
    ok(await arena.owner.cancel(quicker), 200)
    return booking, skipped


@ROUNDS
async def test_what_was_skipped_is_asked_for_twice_and_had_once(arena: Arena, rounds: int):
    hall = await arena.hall(terms={"price": {"amount": 1000, "currency": "GBP", "per": "hour"}})
    group = arena.groups[0]
    for n in range(rounds):
        booking, _ = await a_skipped_evening(arena, group, hall)
        answers = await arena.at_once(
            *(does(arena.by(group, n + m), "retry-skipped", booking, {"all": True}) for m in range(2))
        )
        assert statuses(answers) == {200: 1, 409: 1}
        [after] = [each.json() for each in answers if each.is_success]
        [refused] = [each.json() for each in answers if not each.is_success]
        assert (refused["type"], refused["states"]) == ("/problems/state-does-not-allow", ["skipped"])
        assert ([each["state"] for each in after["occurrences"]], after["cost"]["amount"]) == (["confirmed"] * 2, 4000)
        assert await arena.told(booking) == ["created", "retried"]


@ROUNDS
async def test_what_was_skipped_is_had_by_who_asked_again_or_by_who_booked_it(arena: Arena, rounds: int):
    """All of a hall, or one of its rooms; and who books everything leaves the other what he cannot have."""
    hall, rooms = await arena.a_hall_of_two_rooms()
    group, other, *_ = arena.groups
    had = Counter()
    for n in range(rounds):
        place, theirs = random.choice([(hall, hall), (hall, rooms[0]), (rooms[1], hall)])
        booking, skipped = await a_skipped_evening(arena, group, place)
        asked, booked = await arena.at_once(
            does(arena.by(group, n), "retry-skipped", booking, {"all": True, "if_some_unavailable": "skip"}),
            asks(arena.by(other, n + 1), theirs, skipped),
        )
        assert sorted(won([asked, booked])) == [False, True]
        [refused] = [each for each in (asked, booked) if not each.is_success]
        assert reasons(refused) == [["taken"]]
        assert await arena.told(booking) == ["created", *(["retried"] if asked.is_success else [])]
        had[asked.is_success] += 1
    assert set(had) == {True, False}


@ROUNDS
async def test_what_is_asked_for_again_while_all_is_cancelled_is_cancelled_too_or_had_alone(arena: Arena, rounds: int):
    hall = await arena.hall()
    group, other, *_ = arena.groups
    outcomes = Counter()
    for n in range(rounds):
        booking, skipped = await a_skipped_evening(arena, group, hall)
        asked, cancelled = await arena.at_once(
            does(arena.by(group, n), "retry-skipped", booking, {"all": True}),
            does(arena.by(group, n + 1), "cancel", booking, {"all": True}),
        )
        assert statuses([asked, cancelled]) == {200: 2}
        told = await arena.told(booking)
        became = ok(await group.get(f"/bookings/{booking['id']}"), 200)
        states = [each["state"] for each in became["occurrences"]]
        assert (told, states) in [
            (["created", "retried", "cancelled"], ["cancelled", "cancelled"]),
            (["created", "cancelled", "retried"], ["cancelled", "confirmed"]),
        ]
        assert (await arena.by(other, n).book(hall, skipped)).is_success == (states[1] == "cancelled")
        outcomes[states[1]] += 1
    assert len(outcomes) == 2


@ROUNDS
async def test_what_is_asked_for_again_as_its_hold_lapses_is_held_no_longer_than_that(arena: Arena, rounds: int):
    """It expires with the rest of the hold, or was not part of it any more."""
    hall = await arena.hall()
    group, other, *_ = arena.groups
    outcomes = Counter()
    for n in range(rounds):
        held, skipped = await a_skipped_evening(arena, group, hall, hold=True)
        await arena.lapsing(held, SOON / 2)
        asked, _ = await arena.at_once(
            does(arena.by(group, n), "retry-skipped", held, {"all": True}), arena.sweeps(held), within=SOON
        )
        [first, again] = ok(asked, 200)["occurrences"]
        await asyncio.sleep(SOON)
        last = await arena.by(other, n).book(hall, skipped)
        await arena.sweeps(held)()
        told = await arena.told(held)
        assert (first["state"], again["state"], last.is_success, told) in [
            ("held", "held", True, ["created", "retried", "expired"]),
            ("expired", "confirmed", False, ["created", "expired", "retried"]),
        ]
        outcomes[again["state"]] += 1
    assert len(outcomes) == 2, outcomes


@FEWER
async def test_who_is_not_verified_has_one_booking_however_it_asks(arena: Arena, rounds: int):
    owner, group = await arena.world.organisation(), await arena.world.organisation(verified=False)
    hall, another = [await arena.world.asset(owner, terms=APPROVAL) for _ in range(2)]
    for n in range(rounds):
        booking, _ = await a_skipped_evening(arena, group, hall)
        ok(await group.cancel(booking), 200)
        asked, booked = answers = await arena.at_once(
            does(arena.by(group, n), "retry-skipped", booking, {"all": True}),
            asks(arena.by(group, n + 1), another, hours(18, 20)),
        )
        assert sorted(won(answers)) == [False, True]
        assert [reasons(each) for each in answers if not each.is_success] == [[["limit_reached"]]]
        ok(await group.cancel(booking if asked.is_success else booked.json()), 200)
