"""Who comes first in a line is not to be had by coming early, nor by booking and giving back again and again."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from calls import ok
from entries import DAY, HOUR
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stage import DAWN, NAMES, Stage, instant, staged

from fallow.cluster import Cluster

GROUPS = [name for name in NAMES if name != "council"]  # whose hall it is
few = settings(deadline=None, max_examples=8, derandomize=True, suppress_health_check=list(HealthCheck))
days = st.integers(0, 300)  # on each of which others are drawn first
hours = st.tuples(*[st.integers(0, 2)] * len(GROUPS))


@pytest.fixture(scope="module")
def stage(template: Cluster) -> Iterator[Stage]:
    with staged(template) as stage:
        yield stage


def order(
    stage: Stage, day: int, before: list[str], minutes: dict[str, int], cycles: dict[str, list[bool]]
) -> list[str]:
    """Who is offered the hall on a day one after another, when they came to wait in this order, hold so many minutes,
    and have booked and cancelled something so often, in time or late.
    """
    stage.run(stage.clear())
    stage.clock.now = DAWN + timedelta(days=day)
    since = day * DAY

    def book(who: str, name: str, starts: int, ends: int) -> str:
        sent = {"starts_at": instant(since + starts), "ends_at": instant(since + ends)}
        body = {"asset_id": stage.assets[name]["id"], "periods": [sent]}
        booked: str = ok(stage.run(stage.organisations[who].post("/bookings", body)), 201)["id"]
        return booked

    def cancel(who: str, booking: str) -> None:
        ok(stage.run(stage.organisations[who].post(f"/bookings/{booking}/cancel", {"all": True})), 200)

    taken = book("council", "hall", 5 * HOUR, 6 * HOUR)
    for n, who in enumerate(GROUPS):
        if minutes[who]:
            book(who, "house", (2 + n) * DAY, (2 + n) * DAY + minutes[who])
        for late in cycles.get(who, ()):  # the hall wants an hour's notice
            cancel(who, book(who, "hall", HOUR // 2 if late else DAY, HOUR if late else DAY + HOUR))
    place = {"asset_id": stage.assets["hall"]["id"], "starts_at": instant(since + 5 * HOUR)}
    for who in before:
        sent = {"any_of": [{**place, "ends_at": instant(since + 6 * HOUR)}]}
        ok(stage.run(stage.organisations[who].post("/waiting", sent)), 201)
    cancel("council", taken)
    names = {each.id: name for name, each in stage.organisations.items()}
    found = []
    while offers := ok(stage.run(stage.organisations["council"].get("/offers", state="offered")), 200)["items"]:
        [offer] = offers
        found.append(names[offer["booker_id"]])
        ok(stage.run(stage.organisations[found[-1]].post(f"/offers/{offer['id']}/decline")), 200)
    return found


@few
@given(day=days, before=st.permutations(GROUPS), hours=hours)
def test_filing_first_gains_nothing(stage: Stage, day: int, before: list[str], hours: tuple[int, ...]):
    minutes = {name: HOUR * each for name, each in zip(GROUPS, hours, strict=True)}
    found = order(stage, day, before, minutes, {})
    assert found == sorted(GROUPS, key=lambda name: (minutes[name], stage.draw(day * DAY, name)))


@few
@given(
    day=days, before=st.permutations(GROUPS), who=st.sampled_from(GROUPS), cycles=st.lists(st.booleans(), max_size=4)
)
def test_booking_and_cancelling_gains_nothing(stage: Stage, day: int, before: list[str], who: str, cycles: list[bool]):
    """What is given back in time counts for nothing, and what is given back late as if one had it."""
    found = order(stage, day, before, dict.fromkeys(GROUPS, HOUR), {who: cycles})
    late = {who: HOUR // 2 * cycles.count(True)}
    assert found == sorted(GROUPS, key=lambda name: (late.get(name, 0), stage.draw(day * DAY, name)))
