"""What clock changes do to series, moves and hours: instants written out by hand, all in 2027 and UTC.

Europe/London: on 28 March 01:00 to 02:00 is left out, at 01:00 UTC; on 31 October it occurs twice, from 00:00 to 02:00
UTC. Australia/Lord_Howe, half an hour and the other way round: 11 hours before UTC until 4 April, when 01:30 to 02:00
occurs twice, from 14:30 to 15:30 UTC of the 3rd; then ten and a half, until on 3 October 02:00 to 02:30 is left out, at
15:30 UTC of the 2nd. Asia/Kolkata is always five and a half before. America/Nuuk is two hours after it, and one from 28
March, 01:00 UTC, on.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest
from calls import World, ok, pointers, reasons, spans, weekly

Span = tuple[str, str]
Change = tuple[int, str, str]  # the number of an occurrence, a local time of it, and what becomes of that


def at(text: str) -> str:
    """An instant as the API writes it: "03-28 01:30"."""
    return f"2027-{text.replace(' ', 'T')}:00Z"


def span(text: str) -> Span:
    """From one to another: "03-28 01:30 to 02:30"."""
    starts, ends = text.split(" to ")
    return at(starts), at(ends if " " in ends else f"{starts[:6]}{ends}")


def to(period: Span) -> dict[str, str]:
    return dict(zip(("starts_at", "ends_at"), period, strict=True))


def told(booking: dict[str, Any]) -> list[Change]:
    """Its clock changes, each with the number of its occurrence."""
    numbers = {each["id"]: n for n, each in enumerate(booking["occurrences"])}
    return [(numbers[each["occurrence_id"]], each["local"][5:16], each["change"]) for each in booking["clock_changes"]]


class Series(NamedTuple):
    """The week before a clock change, its week and the week after, or three from its week on."""

    periods: Sequence[str]
    changes: Sequence[Change] = ()


SERIES: dict[str, dict[str, Series]] = {
    "Europe/London, forward": {
        "an evening": Series(["03-21 18:00 to 20:00", "03-28 17:00 to 19:00", "04-04 17:00 to 19:00"]),
        # 01:30 to 02:30: 01:30 is read as 02:30, and the hour is kept
        "starts in the gap": Series(
            ["03-21 01:30 to 02:30", "03-28 01:30 to 02:30", "04-04 00:30 to 01:30"], [(1, "03-28T01:30", "skipped")]
        ),
        # 01:30 to 02:00, which would end before it starts were its ends turned each alone
        "starts in the gap and ends with it": Series(
            ["03-21 01:30 to 02:00", "03-28 01:30 to 02:00", "04-04 00:30 to 01:00"], [(1, "03-28T01:30", "skipped")]
        ),
        "lies in the gap": Series(
            ["03-21 01:15 to 01:45", "03-28 01:15 to 01:45", "04-04 00:15 to 00:45"], [(1, "03-28T01:15", "skipped")]
        ),
        # 00:30 to 01:30, which is read as 02:30: the hour that is left out is not missed
        "ends in the gap": Series(
            ["03-21 00:30 to 01:30", "03-28 00:30 to 01:30", "04-03 23:30 to 04-04 00:30"],
            [(1, "03-28T01:30", "skipped")],
        ),
        # 00:30 to 03:30, two hours long
        "lies around the gap": Series(["03-21 00:30 to 03:30", "03-28 00:30 to 02:30", "04-03 23:30 to 04-04 02:30"]),
        # 22:00 to 06:00, seven hours long
        "a night": Series(
            ["03-20 22:00 to 03-21 06:00", "03-27 22:00 to 03-28 05:00", "04-03 21:00 to 04-04 05:00"],
        ),
    },
    "Europe/London, back": {
        "an evening": Series(["10-24 17:00 to 19:00", "10-31 18:00 to 20:00", "11-07 18:00 to 20:00"]),
        # 01:30, the first of two, to 02:30: two hours long
        "starts in the hour that occurs twice": Series(
            ["10-24 00:30 to 01:30", "10-31 00:30 to 02:30", "11-07 01:30 to 02:30"], [(1, "10-31T01:30", "repeated")]
        ),
        # 00:30 to 01:30, the first of two
        "ends in it": Series(
            ["10-23 23:30 to 10-24 00:30", "10-30 23:30 to 10-31 00:30", "11-07 00:30 to 01:30"],
            [(1, "10-31T01:30", "repeated")],
        ),
        "lies in it": Series(
            ["10-24 00:15 to 00:45", "10-31 00:15 to 00:45", "11-07 01:15 to 01:45"],
            [(1, "10-31T01:15", "repeated"), (1, "10-31T01:45", "repeated")],
        ),
        # 22:00 to 06:00, nine hours long
        "a night": Series(["10-23 21:00 to 10-24 05:00", "10-30 21:00 to 10-31 06:00", "11-06 22:00 to 11-07 06:00"]),
        # What is sent is an instant: 01:30, the second of two
        "begins with the second of two": Series(
            ["10-31 01:30 to 02:30", "11-07 01:30 to 02:30", "11-14 01:30 to 02:30"]
        ),
        # From 01:45, the first of two, to 01:15, the second: the half hour is kept
        "begins by ending earlier than it starts": Series(
            ["10-31 00:45 to 01:15", "11-07 01:45 to 02:15", "11-14 01:45 to 02:15"]
        ),
    },
    "Australia/Lord_Howe, back": {
        "an evening": Series(["03-28 07:00 to 09:00", "04-04 07:30 to 09:30", "04-11 07:30 to 09:30"]),
        # 01:45, the first of two, to 02:45: an hour and a half
        "starts in the half hour that occurs twice": Series(
            ["03-27 14:45 to 15:45", "04-03 14:45 to 16:15", "04-10 15:15 to 16:15"], [(1, "04-04T01:45", "repeated")]
        ),
        # 00:45 to 01:45, the first of two
        "ends in it": Series(
            ["03-27 13:45 to 14:45", "04-03 13:45 to 14:45", "04-10 14:15 to 15:15"], [(1, "04-04T01:45", "repeated")]
        ),
        # 22:00 to 06:00, eight and a half hours long
        "a night": Series(["03-27 11:00 to 19:00", "04-03 11:00 to 19:30", "04-10 11:30 to 19:30"]),
    },
    "Australia/Lord_Howe, forward": {
        "an evening": Series(["09-26 07:30 to 09:30", "10-03 07:00 to 09:00", "10-10 07:00 to 09:00"]),
        # 02:15 to 03:15: 02:15 is read as 02:45, and the hour is kept
        "starts in the gap": Series(
            ["09-25 15:45 to 16:45", "10-02 15:45 to 16:45", "10-09 15:15 to 16:15"], [(1, "10-03T02:15", "skipped")]
        ),
        # 01:15 to 02:15, which is read as 02:45
        "ends in the gap": Series(
            ["09-25 14:45 to 15:45", "10-02 14:45 to 15:45", "10-09 14:15 to 15:15"], [(1, "10-03T02:15", "skipped")]
        ),
        # 22:00 to 06:00, seven and a half hours long
        "a night": Series(["09-25 11:30 to 19:30", "10-02 11:30 to 19:00", "10-09 11:00 to 19:00"]),
    },
    "Asia/Kolkata": {
        "in spring": Series(["03-20 20:00 to 21:00", "03-27 20:00 to 21:00", "04-03 20:00 to 21:00"]),
        "in autumn": Series(["10-23 20:00 to 21:00", "10-30 20:00 to 21:00", "11-06 20:00 to 21:00"]),
    },
}


@pytest.mark.parametrize("change", SERIES)
async def test_a_weekly_series_is_found_tried_and_booked_at_the_same_instants(world: World, change: str):
    owner, group, other = [await world.organisation() for _ in range(3)]
    site = await world.site(owner, timezone=change.partition(",")[0])
    ok(await group.get("/me"), 200)  # that its token was used today is stored once
    expected = {name: ([span(each) for each in row.periods], [*row.changes]) for name, row in SERIES[change].items()}
    assets = {name: await world.asset(owner, site=site) for name in expected}
    tried, booked = {}, {}
    stored = await world.stored()
    for name, (periods, _) in expected.items():
        dry = ok(await group.repeat(assets[name], *periods[0], 3, dry_run=True), 200)
        tried[name] = (spans(dry["occurrences"]), told(dry))
        assert await searched(world, assets[name], periods[0], "items") == [(*each, True) for each in periods]
    assert await world.stored() == stored
    for name, (periods, _) in expected.items():
        booking = ok(await group.repeat(assets[name], *periods[0], 3), 201)
        booked[name] = (spans(booking["occurrences"]), told(booking))
        assert ok(await group.get(f"/bookings/{booking['id']}"), 200) == booking
        missed = await searched(world, assets[name], periods[0], "failed", explain=True)
        assert missed == [(*each, False) for each in periods]
        assert reasons(await other.book(assets[name], *periods)) == [["taken"]] * 3
    assert tried == booked == expected


async def searched(world: World, asset: dict[str, Any], first: Span, among: str, **given: Any) -> list[Any]:
    """What a search says of three weeks of an asset: from when to when, and whether it is free."""
    answer = await world.search(**to(first), weeks=3, **given)
    [found] = [each["occurrences"] for each in answer[among] if each["asset"]["id"] == asset["id"]]
    return [(each["starts_at"], each["ends_at"], each["free"]) for each in found]


class Moves(NamedTuple):
    """What is done to three weeks that begin with a period, one after another, and what becomes of them."""

    booked: str
    moves: Sequence[tuple[str, dict[str, str]]]
    periods: Sequence[str]
    sequences: Sequence[int]
    changes: Sequence[Change] = ()


def starts(text: str) -> dict[str, str]:
    return {"starts_at": at(text)}


def ends(text: str) -> dict[str, str]:
    return {"ends_at": at(text)}


def period(text: str) -> dict[str, str]:
    return to(span(text))


def scope(text: str, booking: dict[str, Any]) -> dict[str, Any]:
    """What "all", "only 1" and "from 1" are of a booking, its occurrences in the order booked."""
    which, _, number = text.partition(" ")
    if which == "all":
        return {"all": True}
    occurrence = booking["occurrences"][int(number)]["id"]
    return {"occurrence_ids": [occurrence]} if which == "only" else {"from_occurrence_id": occurrence}


MOVES: dict[str, dict[str, Moves]] = {
    "Europe/London, forward": {
        "one to before the change": Moves(
            "03-21 18:00 to 20:00",
            [("only 1", period("03-27 18:00 to 20:00"))],
            ["03-21 18:00 to 20:00", "03-27 18:00 to 20:00", "04-04 17:00 to 19:00"],
            [0, 1, 0],
        ),
        "one to after the change": Moves(
            "03-21 18:00 to 20:00",
            [("only 0", period("03-29 17:00 to 19:00"))],
            ["03-29 17:00 to 19:00", "03-28 17:00 to 19:00", "04-04 17:00 to 19:00"],
            [1, 0, 0],
        ),
        # 18:00 on the Saturday before it, and a week later, 17:00 UTC
        "this and later to before the change": Moves(
            "03-21 18:00 to 20:00",
            [("from 1", period("03-27 18:00 to 20:00"))],
            ["03-21 18:00 to 20:00", "03-27 18:00 to 20:00", "04-03 17:00 to 19:00"],
            [0, 1, 1],
        ),
        "all to another time": Moves(
            "03-21 18:00 to 20:00",
            [("all", period("03-21 10:00 to 11:30"))],
            ["03-21 10:00 to 11:30", "03-28 09:00 to 10:30", "04-04 09:00 to 10:30"],
            [1, 1, 1],
        ),
        "all by a week, to after the change": Moves(
            "03-21 18:00 to 20:00",
            [("all", period("03-28 17:00 to 19:00"))],
            ["03-28 17:00 to 19:00", "04-04 17:00 to 19:00", "04-11 17:00 to 19:00"],
            [1, 1, 1],
        ),
        "only starts": Moves(
            "03-21 18:00 to 20:00",
            [("all", starts("03-21 17:30"))],
            ["03-21 17:30 to 20:00", "03-28 16:30 to 19:00", "04-04 16:30 to 19:00"],
            [1, 1, 1],
        ),
        "only ends": Moves(
            "03-21 18:00 to 20:00",
            [("all", ends("03-21 21:00"))],
            ["03-21 18:00 to 21:00", "03-28 17:00 to 20:00", "04-04 17:00 to 20:00"],
            [1, 1, 1],
        ),
        "all into the gap": Moves(
            "03-21 18:00 to 20:00",
            [("all", period("03-21 01:30 to 02:30"))],
            ["03-21 01:30 to 02:30", "03-28 01:30 to 02:30", "04-04 00:30 to 01:30"],
            [1, 1, 1],
            [(1, "03-28T01:30", "skipped")],
        ),
        # 00:30 to 03:00 becomes 01:30 to 03:00; of that half an hour is left between 02:30 and 03:00
        "only starts, into the gap": Moves(
            "03-21 00:30 to 03:00",
            [("all", starts("03-21 01:30"))],
            ["03-21 01:30 to 03:00", "03-28 01:30 to 02:00", "04-04 00:30 to 02:00"],
            [1, 1, 1],
            [(1, "03-28T01:30", "skipped")],
        ),
        "only ends, into the gap": Moves(
            "03-21 00:15 to 00:45",
            [("all", ends("03-21 01:30"))],
            ["03-21 00:15 to 01:30", "03-28 00:15 to 01:30", "04-03 23:15 to 04-04 00:30"],
            [1, 1, 1],
            [(1, "03-28T01:30", "skipped")],
        ),
        # 01:30 to 03:30: two hours, as a series booked so
        "only ends, of what starts in the gap": Moves(
            "03-21 01:30 to 02:30",
            [("all", ends("03-21 03:30"))],
            ["03-21 01:30 to 03:30", "03-28 01:30 to 03:30", "04-04 00:30 to 02:30"],
            [1, 1, 1],
            [(1, "03-28T01:30", "skipped")],
        ),
        # 01:00 to 01:45: the end keeps its distance from the start, and is no time that was left out
        "only ends, of what lies in the gap": Moves(
            "03-21 01:00 to 01:30",
            [("all", ends("03-21 01:45"))],
            ["03-21 01:00 to 01:45", "03-28 01:00 to 01:45", "04-04 00:00 to 00:45"],
            [1, 1, 1],
            [(1, "03-28T01:00", "skipped")],
        ),
        # That week it starts at 00:15 by now: the new end, 03:30, is what the clock shows
        "only ends, of what started in the gap once": Moves(
            "03-21 01:30 to 02:30",
            [("only 1", period("03-28 00:15 to 00:45")), ("all", ends("03-21 03:30"))],
            ["03-21 01:30 to 03:30", "03-28 00:15 to 02:30", "04-04 00:30 to 02:30"],
            [1, 2, 1],
        ),
        "only starts, of what ends in the gap": Moves(
            "03-21 00:30 to 01:30",
            [("all", starts("03-21 00:00"))],
            ["03-21 00:00 to 01:30", "03-28 00:00 to 01:30", "04-03 23:00 to 04-04 00:30"],
            [1, 1, 1],
            [(1, "03-28T01:30", "skipped")],
        ),
        "all out of the gap": Moves(
            "03-21 01:30 to 02:30",
            [("all", period("03-21 18:00 to 20:00"))],
            ["03-21 18:00 to 20:00", "03-28 17:00 to 19:00", "04-04 17:00 to 19:00"],
            [1, 1, 1],
        ),
        "all out of the gap and back": Moves(
            "03-21 01:30 to 02:30",
            [("all", period("03-21 18:00 to 20:00")), ("all", period("03-21 01:30 to 02:30"))],
            ["03-21 01:30 to 02:30", "03-28 01:30 to 02:30", "04-04 00:30 to 01:30"],
            [2, 2, 2],
            [(1, "03-28T01:30", "skipped")],
        ),
        # 02:30 was sent, as an instant, and is not the 01:30 at which it used to start
        "one to where it ends as it started": Moves(
            "03-21 01:30 to 02:30",
            [("only 1", period("03-28 00:30 to 01:30"))],
            ["03-21 01:30 to 02:30", "03-28 00:30 to 01:30", "04-04 00:30 to 01:30"],
            [0, 1, 0],
        ),
    },
    "Europe/London, back": {
        "one to before the change": Moves(
            "10-24 17:00 to 19:00",
            [("only 1", period("10-30 17:00 to 19:00"))],
            ["10-24 17:00 to 19:00", "10-30 17:00 to 19:00", "11-07 18:00 to 20:00"],
            [0, 1, 0],
        ),
        "this and later to before the change": Moves(
            "10-24 17:00 to 19:00",
            [("from 1", period("10-30 17:00 to 19:00"))],
            ["10-24 17:00 to 19:00", "10-30 17:00 to 19:00", "11-06 18:00 to 20:00"],
            [0, 1, 1],
        ),
        "only starts": Moves(
            "10-24 17:00 to 19:00",
            [("all", starts("10-24 16:30"))],
            ["10-24 16:30 to 19:00", "10-31 17:30 to 20:00", "11-07 17:30 to 20:00"],
            [1, 1, 1],
        ),
        "only ends, of a night": Moves(
            "10-23 21:00 to 10-24 05:00",
            [("all", ends("10-24 06:00"))],
            ["10-23 21:00 to 10-24 06:00", "10-30 21:00 to 10-31 07:00", "11-06 22:00 to 11-07 07:00"],
            [1, 1, 1],
        ),
        # 01:30, the first of two, to 02:30
        "all into the hour that occurs twice": Moves(
            "10-24 17:00 to 19:00",
            [("all", period("10-24 00:30 to 01:30"))],
            ["10-24 00:30 to 01:30", "10-31 00:30 to 02:30", "11-07 01:30 to 02:30"],
            [1, 1, 1],
            [(1, "10-31T01:30", "repeated")],
        ),
        # What is sent is an instant: 01:30, the second of two
        "this and later to the second of two": Moves(
            "10-24 17:00 to 19:00",
            [("from 1", period("10-31 01:30 to 02:30"))],
            ["10-24 17:00 to 19:00", "10-31 01:30 to 02:30", "11-07 01:30 to 02:30"],
            [0, 1, 1],
        ),
        # 00:00 to 03:00 becomes 01:30, the first of two, to 03:00
        "only starts, into the hour that occurs twice": Moves(
            "10-23 23:00 to 10-24 02:00",
            [("all", starts("10-24 00:30"))],
            ["10-24 00:30 to 02:00", "10-31 00:30 to 03:00", "11-07 01:30 to 03:00"],
            [1, 1, 1],
            [(1, "10-31T01:30", "repeated")],
        ),
        # 00:30 to 00:45 becomes 00:30 to 01:30, the first of two
        "only ends, into the hour that occurs twice": Moves(
            "10-23 23:30 to 23:45",
            [("all", ends("10-24 00:30"))],
            ["10-23 23:30 to 10-24 00:30", "10-30 23:30 to 10-31 00:30", "11-07 00:30 to 01:30"],
            [1, 1, 1],
            [(1, "10-31T01:30", "repeated")],
        ),
    },
    "Australia/Lord_Howe, back": {
        "one to before the change": Moves(
            "03-28 07:00 to 09:00",
            [("only 1", period("04-03 07:00 to 09:00"))],
            ["03-28 07:00 to 09:00", "04-03 07:00 to 09:00", "04-11 07:30 to 09:30"],
            [0, 1, 0],
        ),
        "this and later to before the change": Moves(
            "03-28 07:00 to 09:00",
            [("from 1", period("04-03 07:00 to 09:00"))],
            ["03-28 07:00 to 09:00", "04-03 07:00 to 09:00", "04-10 07:30 to 09:30"],
            [0, 1, 1],
        ),
        "only ends": Moves(
            "03-28 07:00 to 09:00",
            [("all", ends("03-28 09:30"))],
            ["03-28 07:00 to 09:30", "04-04 07:30 to 10:00", "04-11 07:30 to 10:00"],
            [1, 1, 1],
        ),
        # 01:45, the first of two, to 02:45
        "all into the half hour that occurs twice": Moves(
            "03-28 07:00 to 09:00",
            [("all", period("03-27 14:45 to 15:45"))],
            ["03-27 14:45 to 15:45", "04-03 14:45 to 16:15", "04-10 15:15 to 16:15"],
            [1, 1, 1],
            [(1, "04-04T01:45", "repeated")],
        ),
    },
    "Australia/Lord_Howe, forward": {
        "this and later to before the change": Moves(
            "09-26 07:30 to 09:30",
            [("from 1", period("10-02 07:30 to 09:30"))],
            ["09-26 07:30 to 09:30", "10-02 07:30 to 09:30", "10-09 07:00 to 09:00"],
            [0, 1, 1],
        ),
        "only starts": Moves(
            "09-26 07:30 to 09:30",
            [("all", starts("09-26 07:00"))],
            ["09-26 07:00 to 09:30", "10-03 06:30 to 09:00", "10-10 06:30 to 09:00"],
            [1, 1, 1],
        ),
        "all into the gap": Moves(
            "09-26 07:30 to 09:30",
            [("all", period("09-25 15:45 to 16:45"))],
            ["09-25 15:45 to 16:45", "10-02 15:45 to 16:45", "10-09 15:15 to 16:15"],
            [1, 1, 1],
            [(1, "10-03T02:15", "skipped")],
        ),
        # 02:15 to 04:15: two hours, as a series booked so
        "only ends, of what starts in the gap": Moves(
            "09-25 15:45 to 16:45",
            [("all", ends("09-25 17:45"))],
            ["09-25 15:45 to 17:45", "10-02 15:45 to 17:45", "10-09 15:15 to 17:15"],
            [1, 1, 1],
            [(1, "10-03T02:15", "skipped")],
        ),
    },
    "America/Nuuk, forward": {
        # 23:00 to 24:00 is left out of Saturday 27 March: that week's began at 00:00 on Sunday, and is Saturday's still
        "all out of a gap before midnight": Moves(
            "03-21 01:00 to 01:30",
            [("all", period("03-20 22:00 to 23:00"))],
            ["03-20 22:00 to 23:00", "03-27 22:00 to 23:00", "04-03 21:00 to 22:00"],
            [1, 1, 1],
        ),
    },
    "Asia/Kolkata": {
        "all to another time": Moves(
            "03-20 20:00 to 21:00",
            [("all", period("03-20 10:00 to 11:30"))],
            ["03-20 10:00 to 11:30", "03-27 10:00 to 11:30", "04-03 10:00 to 11:30"],
            [1, 1, 1],
        ),
        "this and later to the day before": Moves(
            "10-23 20:00 to 21:00",
            [("from 1", period("10-29 20:00 to 21:00"))],
            ["10-23 20:00 to 21:00", "10-29 20:00 to 21:00", "11-05 20:00 to 21:00"],
            [0, 1, 1],
        ),
        "only ends": Moves(
            "10-23 20:00 to 21:00",
            [("all", ends("10-23 21:30"))],
            ["10-23 20:00 to 21:30", "10-30 20:00 to 21:30", "11-06 20:00 to 21:30"],
            [1, 1, 1],
        ),
    },
}


@pytest.mark.parametrize("change", MOVES)
async def test_what_moves_keeps_its_identity_and_comes_to_the_same_instants_tried_and_done(world: World, change: str):
    owner, group, other = [await world.organisation() for _ in range(3)]
    site = await world.site(owner, timezone=change.partition(",")[0])
    expected = {
        name: ([span(each) for each in row.periods], [*row.sequences], [*row.changes])
        for name, row in MOVES[change].items()
    }
    bookings, tried, moved = {}, {}, {}
    for name, row in MOVES[change].items():
        asset = await world.asset(owner, site=site)
        bookings[name] = ok(await group.repeat(asset, *span(row.booked), 3), 201)
        for which, sent in row.moves[:-1]:
            ok(await group.move(bookings[name], **scope(which, bookings[name]), **sent), 200)
    stored = await world.stored()
    for into, options in ((tried, {"dry_run": True}), (moved, {})):
        if into is moved:
            assert await world.stored() == stored
        for name, booking in bookings.items():
            which, sent = MOVES[change][name].moves[-1]
            answer = ok(await group.move(booking, **scope(which, booking), **sent, **options), 200)
            into[name] = became(answer, [each["id"] for each in booking["occurrences"]])
    for name, booking in bookings.items():
        assert reasons(await other.book(booking["asset"], *moved[name][0])) == [["taken"]] * 3
    assert tried == moved == expected


def became(booking: dict[str, Any], ids: Sequence[str]) -> tuple[list[Span], list[int], list[Change]]:
    """When its occurrences are, in the order booked, how often each changed, and its clock changes."""
    known = {each["id"]: each for each in booking["occurrences"]}
    in_order = {**booking, "occurrences": [known.pop(each) for each in ids]}
    assert not known
    return spans(in_order["occurrences"]), [each["sequence"] for each in in_order["occurrences"]], told(in_order)


@pytest.mark.parametrize(
    ("zone", "booked", "start"),
    [
        # 00:30 to 02:30 would become 02:30, for 01:30, to 02:30; and 01:15 to 02:30 would become 02:45 to 02:30
        ("Europe/London", "03-21 00:30 to 02:30", "03-21 01:30"),
        ("Australia/Lord_Howe", "09-25 14:45 to 16:00", "09-25 15:45"),
    ],
)
async def test_a_start_alone_does_not_move_into_a_gap_at_whose_end_it_would_be_over(world: World, zone, booked, start):
    owner, group = await world.organisation(), await world.organisation()
    asset = await world.asset(owner, timezone=zone)
    series = ok(await group.repeat(asset, *span(booked), 3), 201)
    stored = await world.stored()
    assert pointers(await group.move(series, **starts(start))) == ["#/starts_at"]
    assert await world.stored() == stored


class Hours(NamedTuple):
    """Hours, and within a window when they are open and on which half hours so many minutes can start."""

    hours: Sequence[tuple[str, str, str]] | None  # day, opens, closes; None: always
    window: str
    open: Sequence[str]
    minutes: int
    starts: Sequence[str]


HOURS: dict[str, dict[str, Hours]] = {
    "Europe/London, forward": {
        "open over the change": Hours(
            [("sun", "00:30", "03:30")],
            "03-27 23:00 to 03-28 04:00",
            ["03-28 00:30 to 02:30"],
            60,
            ["03-28 00:30", "03-28 01:00", "03-28 01:30"],
        ),
        # 01:30 is read as 02:30
        "opens in the gap": Hours(
            [("sun", "01:30", "04:00")],
            "03-28 00:00 to 04:00",
            ["03-28 01:30 to 03:00"],
            60,
            ["03-28 01:30", "03-28 02:00"],
        ),
        "closes in the gap": Hours(
            [("sun", "00:00", "01:30")],
            "03-27 23:00 to 03-28 03:00",
            ["03-28 00:00 to 01:30"],
            60,
            ["03-28 00:00", "03-28 00:30"],
        ),
        # 01:00 is read as 02:00, which is when it closes
        "open for what is left out": Hours([("sun", "01:00", "02:00")], "03-28 00:00 to 03:00", [], 30, []),
        # It would open at 02:30, for 01:30, and close at 02:15
        "opens in the gap and closes soon after": Hours(
            [("sun", "01:30", "02:15")], "03-28 00:00 to 03:00", [], 30, []
        ),
        # What closes at 02:30, for 01:30, and what opens at 02:00 overlap
        "closes in the gap and opens after it": Hours(
            [("sun", "00:00", "01:30"), ("sun", "02:00", "03:00")],
            "03-27 23:00 to 03-28 03:00",
            ["03-28 00:00 to 02:00"],
            60,
            ["03-28 00:00", "03-28 00:30", "03-28 01:00"],
        ),
        # Saturday's, seven hours
        "a night": Hours(
            [("sat", "22:00", "06:00")],
            "03-27 21:00 to 03-28 06:00",
            ["03-27 22:00 to 03-28 05:00"],
            360,
            ["03-27 22:00", "03-27 22:30", "03-27 23:00"],
        ),
        "always": Hours(
            None,
            "03-28 00:00 to 02:00",
            ["03-28 00:00 to 02:00"],
            60,
            ["03-28 00:00", "03-28 00:30", "03-28 01:00", "03-28 01:30"],
        ),
    },
    "Europe/London, back": {
        # Four hours
        "open over the change": Hours(
            [("sun", "00:30", "03:30")],
            "10-30 23:00 to 10-31 04:00",
            ["10-30 23:30 to 10-31 03:30"],
            120,
            ["10-30 23:30", "10-31 00:00", "10-31 00:30", "10-31 01:00", "10-31 01:30"],
        ),
        # The first of two
        "opens in the hour that occurs twice": Hours(
            [("sun", "01:30", "03:00")],
            "10-30 23:30 to 10-31 03:30",
            ["10-31 00:30 to 03:00"],
            60,
            ["10-31 00:30", "10-31 01:00", "10-31 01:30", "10-31 02:00"],
        ),
        "closes in it": Hours(
            [("sun", "00:00", "01:30")],
            "10-30 22:30 to 10-31 02:00",
            ["10-30 23:00 to 10-31 00:30"],
            60,
            ["10-30 23:00", "10-30 23:30"],
        ),
        "open for that hour": Hours(
            [("sun", "01:00", "02:00")],
            "10-30 23:00 to 10-31 03:00",
            ["10-31 00:00 to 02:00"],
            60,
            ["10-31 00:00", "10-31 00:30", "10-31 01:00"],
        ),
        # Saturday's, nine hours
        "a night": Hours(
            [("sat", "22:00", "06:00")],
            "10-30 20:00 to 10-31 07:00",
            ["10-30 21:00 to 10-31 06:00"],
            480,
            ["10-30 21:00", "10-30 21:30", "10-30 22:00"],
        ),
        "always": Hours(
            None,
            "10-31 00:00 to 02:00",
            ["10-31 00:00 to 02:00"],
            60,
            ["10-31 00:00", "10-31 00:30", "10-31 01:00", "10-31 01:30"],
        ),
    },
    "Australia/Lord_Howe, back": {
        # Two and a half hours
        "open over the change": Hours(
            [("sun", "01:00", "03:00")],
            "04-03 13:00 to 17:00",
            ["04-03 14:00 to 16:30"],
            60,
            ["04-03 14:00", "04-03 14:30", "04-03 15:00", "04-03 15:30"],
        ),
        # The first of two
        "opens in the half hour that occurs twice": Hours(
            [("sun", "01:30", "03:00")],
            "04-03 13:30 to 17:00",
            ["04-03 14:30 to 16:30"],
            60,
            ["04-03 14:30", "04-03 15:00", "04-03 15:30"],
        ),
        "closes in it": Hours(
            [("sun", "00:30", "01:45")],
            "04-03 13:00 to 16:00",
            ["04-03 13:30 to 14:45"],
            60,
            ["04-03 13:30"],
        ),
        "open for that half hour": Hours(
            [("sun", "01:30", "02:00")], "04-03 14:00 to 16:00", ["04-03 14:30 to 15:30"], 60, ["04-03 14:30"]
        ),
        # Saturday's, eight and a half hours
        "a night": Hours(
            [("sat", "22:00", "06:00")],
            "04-03 10:30 to 20:00",
            ["04-03 11:00 to 19:30"],
            480,
            ["04-03 11:00", "04-03 11:30"],
        ),
        "always": Hours(None, "04-03 14:30 to 15:30", ["04-03 14:30 to 15:30"], 60, ["04-03 14:30", "04-03 15:00"]),
    },
    "Australia/Lord_Howe, forward": {
        # Two and a half hours
        "open over the change": Hours(
            [("sun", "01:00", "04:00")],
            "10-02 14:00 to 17:30",
            ["10-02 14:30 to 17:00"],
            60,
            ["10-02 14:30", "10-02 15:00", "10-02 15:30", "10-02 16:00"],
        ),
        # 02:15 is read as 02:45; the half hour after that is 03:00
        "opens in the gap": Hours(
            [("sun", "02:15", "04:00")], "10-02 15:00 to 17:30", ["10-02 15:45 to 17:00"], 60, ["10-02 16:00"]
        ),
        "closes in the gap": Hours(
            [("sun", "00:30", "02:15")],
            "10-02 13:30 to 16:30",
            ["10-02 14:00 to 15:45"],
            60,
            ["10-02 14:00", "10-02 14:30"],
        ),
        "open for what is left out": Hours([("sun", "02:00", "02:30")], "10-02 15:00 to 16:30", [], 30, []),
        # Saturday's, seven and a half hours
        "a night": Hours(
            [("sat", "22:00", "06:00")],
            "10-02 11:00 to 19:30",
            ["10-02 11:30 to 19:00"],
            420,
            ["10-02 11:30", "10-02 12:00"],
        ),
        "always": Hours(None, "10-02 15:00 to 16:00", ["10-02 15:00 to 16:00"], 60, ["10-02 15:00", "10-02 15:30"]),
    },
    "Asia/Kolkata": {
        "in spring": Hours(
            [("sun", "00:30", "03:30")],
            "03-27 18:30 to 22:30",
            ["03-27 19:00 to 22:00"],
            120,
            ["03-27 19:00", "03-27 19:30", "03-27 20:00"],
        ),
        "in autumn": Hours(
            [("sat", "22:00", "06:00")],
            "10-30 16:00 to 10-31 01:00",
            ["10-30 16:30 to 10-31 00:30"],
            420,
            ["10-30 16:30", "10-30 17:00", "10-30 17:30"],
        ),
    },
}


@pytest.mark.parametrize("change", HOURS)
async def test_what_is_open_is_free_offered_found_and_booked_at_the_same_instants(world: World, change: str):
    owner, group = await world.organisation(), await world.organisation()
    site = await world.site(owner, timezone=change.partition(",")[0])
    answered: dict[str, list[Any]] = {"open": [], "free": [], "starts": [], "found": [], "booked": []}
    for row in HOURS[change].values():
        hours = {"always": True} if row.hours is None else weekly(*row.hours)
        asset = await world.asset(owner, site=site, hours=hours, terms={"step_minutes": 30})
        window = span(row.window)
        answered["open"].append(await world.open(asset, *window))
        answered["free"].append(await world.free(asset, *window))
        offered = {**to(window), "minutes": row.minutes}
        found = ok(await world.client.get(f"/v1/assets/{asset['id']}/starts", params=offered), 200)["items"]
        answered["starts"].append([starts_at for starts_at, _ in spans(found)])
        tried = [(each, later(each, row.minutes)) for each in half_hours(*window)]
        answered["found"].append([each[0] for each in tried if asset["id"] in await world.found(*each)])
        booked = [await group.book(asset, each, dry_run=True) for each in tried]
        answered["booked"].append([each[0] for each, answer in zip(tried, booked, strict=True) if answer.is_success])
        assert all(answer.is_success or reasons(answer) == [["closed"]] for answer in booked)
    spans_open = [[span(each) for each in row.open] for row in HOURS[change].values()]
    starts_at = [[at(each) for each in row.starts] for row in HOURS[change].values()]
    assert answered == {
        "open": spans_open,
        "free": spans_open,
        "starts": starts_at,
        "found": starts_at,
        "booked": starts_at,
    }


def later(moment: str, minutes: int) -> str:
    return f"{datetime.fromisoformat(moment) + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"


def half_hours(starts_at: str, ends_at: str) -> list[str]:
    """Those of a window."""
    times = (datetime.fromisoformat(ends_at) - datetime.fromisoformat(starts_at)) // timedelta(minutes=30)
    return [later(starts_at, 30 * n) for n in range(times)]
