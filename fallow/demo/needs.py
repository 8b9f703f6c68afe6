"""What the demo's organisations look for: the invented groups often, schools and libraries now and then."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import msgspec

import domain.needs
from domain.needs import Planned
from domain.places import Point
from fallow.demo import chance, groups, requests
from fallow.demo.requests import Offering, midnight
from fallow.demo.world import World, made_of

OF_A_GROUP = 12  # needs
AHEAD = 300  # days for which a need stands
# What is looked for: category, how many come at most, for how many minutes, what it must have and what would be nice,
# and when: days, from, to.
KINDS: tuple[tuple[str, int, int, list[str], list[str], str], ...] = (
    ("hall", 60, 120, [], ["accessible_toilet", "heating"], "mon-thu 17:00-22:00"),
    ("hall", 120, 240, ["accessible_entrance"], ["car_park", "kitchenette"], "sat-sun 10:00-20:00"),
    ("meeting_room", 12, 90, [], ["hearing_loop"], "mon-fri 10:00-16:00"),
    ("kitchen", 10, 180, [], ["fridge", "oven"], "tue-wed 16:00-22:00"),
    ("sports_hall", 30, 60, [], ["lockers"], "mon-fri 17:00-21:00"),
    ("classroom", 25, 120, [], ["natural_light"], "tue-thu 16:00-19:00"),
    ("minibus", 14, 360, [], ["tail_lift"], "fri-sat 08:00-18:00"),
    ("pitch", 22, 90, [], ["floodlights"], "sat-sun 09:00-15:00"),
    ("gym", 20, 60, [], [], "mon-thu 18:00-21:00"),
    ("studio", 15, 90, [], ["mirrors"], "mon-fri 17:00-21:00"),
)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PURPOSES = ("meeting", "training", "peer_support", "older_people", "youth_work")


def needs(world: World) -> Iterator[tuple[UUID, UUID, Planned]]:
    """Every need, its id and whose it is; first those that the examples of the contract name."""
    booker_id = made_of("organisation", groups.BOOKER)
    yield made_of("need", groups.BOOKER), booker_id, plan(world, EVENINGS, "M33", world.today)
    yield borrowing(world, requests.WANTED)
    for each in requests.OFFERED:
        yield borrowing(world, each)
    for key, _, district, *_ in groups.GROUPS:
        for n in range(OF_A_GROUP):
            yield made(world, made_of("organisation", key), district, n)
    others = {located.owner_id: located.placed.shown for located in world.sites.values()}
    for organisation_id, request in world.organisations.items():
        if request.kind in ("school", "library") and organisation_id in others:
            yield made(world, organisation_id, others[organisation_id], 0)


def borrowing(world: World, offering: Offering) -> tuple[UUID, UUID, Planned]:
    """A need for things on one day, which an owner has offered or could."""
    _, category, units, booker = offering
    period = requests.later(world, requests.OFFERED_WEEK)
    sent = {
        "category": category,
        "units": units,
        "postcode": "M33",
        "within_m": 15_000,
        "periods": [{"starts_at": period.starts_at, "ends_at": period.ends_at}],
        "until": period.ends_at,
    }
    request = msgspec.convert(msgspec.to_builtins(sent), domain.needs.NeedRequest)
    planned = domain.needs.plan(request, midnight(world.today))
    return made_of("need", booker, "offered", category), made_of("organisation", booker), planned


EVENINGS: dict[str, Any] = {
    "category": "hall",
    "attendees": 40,
    "minutes": 120,
    "weeks": 12,
    "at_least": 6,
    "windows": "tue-thu 17:00-22:00",
    "nice_to_have": ["accessible_toilet"],
    "purpose": {"code": "community_meal", "text": "A supper for whoever comes."},
    "who_benefits": "Forty neighbours, most of whom live alone.",
}


def made(world: World, organisation_id: UUID, place: str | Point, number: int) -> tuple[UUID, UUID, Planned]:
    """One need, drawn from whose it is."""
    key = (organisation_id, number)
    category, most, minutes, features, nice, windows = chance.pick(KINDS, "need", *key)
    weeks = chance.pick((1, 4, 6, 12), "weeks", *key)
    given = {
        "category": category,
        "attendees": chance.between(max(1, most // 4), most, "attendees", *key),
        "minutes": minutes,
        "weeks": weeks,
        "at_least": max(1, weeks // 2),
        "windows": windows,
        "features": features,
        "nice_to_have": nice,
        "purpose": {"code": chance.pick(PURPOSES, "purpose", *key)},
    }
    starts_on = world.today + timedelta(days=chance.between(3, 40, "starts", *key))
    return made_of("need", *key), organisation_id, plan(world, given, place, starts_on)


def plan(world: World, given: dict[str, Any], place: str | Point, starts_on: date) -> Planned:
    """A need as it is stored, from what is looked for, around a postcode's district or a point."""
    days, hours = given["windows"].split()
    first, last = (DAYS.index(day) for day in days.split("-"))
    opens, closes = hours.split("-")
    pattern = {
        "starts_on": starts_on,
        "weeks": given["weeks"],
        "windows": [{"day": day, "opens": opens, "closes": closes} for day in DAYS[first : last + 1]],
    }
    sent = {
        **{name: value for name, value in given.items() if name not in ("weeks", "windows")},
        **({"postcode": place} if isinstance(place, str) else {"point": place}),
        "within_m": 15_000,
        "pattern": pattern,
        "until": midnight(world.today) + timedelta(days=AHEAD),
    }
    request = msgspec.convert(msgspec.to_builtins(sent), domain.needs.NeedRequest)
    return domain.needs.plan(request, midnight(world.today))
