"""The rows that a demo comes to, table by table, as COPY takes them."""

import struct
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

import db.assets
import db.organisations
import domain.closures
from domain.closures import Closure
from domain.matches import MetOccurrence
from domain.places import Point
from fallow.demo import bookings, groups, requests
from fallow.demo.bookings import Taken
from fallow.demo.requests import Wanted
from fallow.demo.world import ZONE, World, founded, made_of

Row = tuple[Any, ...]
WRITTEN = ("created_at", "updated_at", "version")


def ewkb(point: Point) -> bytes:
    """A point as PostGIS reads it in binary: little-endian, a point with an SRID, 4326."""
    return struct.pack("<BIIdd", 1, 0x20000001, 4326, *point.coordinates)


def written(kind: str, version: int = 1) -> Row:
    """When a thing was made, and how many changes it has seen."""
    return (founded(kind), founded(kind), version)


def organisations(world: World) -> Iterator[Row]:
    """Every organisation, verified."""
    for each, request in world.organisations.items():
        yield (each, *db.organisations.values(request), "verified", *written("organisation", 2))


def identifiers(world: World) -> Iterator[Row]:
    """What registers call them."""
    for each, request in world.organisations.items():
        for identifier in request.identifiers:
            yield each, identifier.scheme, identifier.id


def holdings(world: World) -> Iterator[Row]:
    """What they hold."""
    for each, request in world.organisations.items():
        for holding in request.holds:
            yield each, holding.code, holding.expires_on, holding.reference


def sites(world: World) -> Iterator[Row]:
    """Every site."""
    for each, located in world.sites.items():
        placed = located.placed
        points = ewkb(placed.point), ewkb(placed.shown)
        rest = placed.precision, placed.timezone, placed.private
        yield (each, located.owner_id, placed.name, placed.address, *points, *rest, *written("site"))


def assets(world: World) -> Iterator[Row]:
    """Every asset."""
    for each, offered in world.assets.items():
        shown = ewkb(world.sites[offered.request.site_id].placed.shown)
        version = 1 + len(changes(offered.state))
        kept = offered.state, offered.timetable_id, shown, ZONE
        yield (each, offered.owner_id, *kept, *written("asset", version), *db.assets.values(offered.request))


def parts(world: World) -> Iterator[Row]:
    """What is inside what."""
    for whole_id, inside in world.inside().items():
        for part_id in inside:
            yield world.assets[whole_id].owner_id, whole_id, part_id


def closures(world: World) -> Iterator[tuple[UUID, Closure]]:
    """Every closure and whose it is."""
    for each, closed in world.closures.items():
        first = requests.period(closed.first, 0, closed.last, 1440)
        request = domain.closures.ClosureRequest(
            site_id=closed.site_id, starts_at=first.starts_at, ends_at=first.ends_at, note=closed.note
        )
        yield closed.owner_id, domain.closures.plan(request, id=each, now=founded("closure"))


def closure_rows(world: World) -> Iterator[Row]:
    """Every closure."""
    for owner_id, closure in closures(world):
        during = asyncpg.Range(closure.starts_at, closure.ends_at)
        yield (closure.id, owner_id, closure.site_id, during, closure.note, closure.source, *written("closure"))


def booking_rows(world: World, taken: list[Taken]) -> Iterator[Row]:
    """Every booking."""
    for each in taken:
        one = each.wanted
        whose = world.assets[one.asset_id].owner_id, booker(one), one.asset_id, one.need_id
        what = one.units, one.attendees, bookings.purpose(one), one.purpose in {"community_meal", "dance"}
        when = one.asked_at, one.cancelled_at or one.asked_at, 1 if one.cancelled_at is None else 2
        terms = world.assets[one.asset_id].request.terms
        agreed = terms.recallable, terms.cancel_notice_minutes
        yield (each.id, *whose, each.reference, *what, each.cost, each.clock_changes, *agreed, *when)


def booker(one: Wanted) -> UUID | None:
    """Whose a booking is: nobody's while it is offered."""
    return None if one.need_id else one.booker_id


def offers(world: World, taken: list[Taken]) -> Iterator[Row]:
    """Every offer."""
    for each in taken:
        one = each.wanted
        if one.need_id:
            whose = world.assets[one.asset_id].owner_id, one.booker_id, one.asset_id, one.need_id, each.id
            what = one.units, one.attendees, in_offer(each), each.cost, one.held_until
            yield (made_of("offer", each.id), *whose, *what, *written("offer"))


def in_offer(taken: Taken) -> list[MetOccurrence]:
    """What is offered, by the numbers of the need's occurrences."""
    return [MetOccurrence(n, each.starts_at, each.ends_at) for n, each in enumerate(taken.occurrences.values(), 1)]


BOTH = made_of("organisation", groups.LENDER), made_of("organisation", groups.BOOKER)
TOLD = (("Bring a trolley: it is a long way from the gate.", 0), ("Thank you, we will.", 1))


def messages() -> Iterator[Row]:
    """What the lender and the group wrote to each other."""
    for n, (text, sender) in enumerate(TOLD):
        yield (
            made_of("message", n),
            BOTH[0],
            made_of("booking", groups.BOOKER),
            BOTH[sender],
            text,
            *written("message"),
        )


def feedback(taken: list[Taken]) -> Iterator[Row]:
    """What the group said of the chairs."""
    past = made_of("booking", groups.BOOKER, "past", 1)
    for each in taken:
        if each.id == past:
            [occurrence_id] = each.occurrences
            yield made_of("feedback", 1), BOTH[0], past, occurrence_id, BOTH[1], "well", *written("feedback")


WAITING = made_of("waiting", groups.BOOKER)


def waitings() -> Iterator[Row]:
    """The group waits for gazebos on a day on which those who lend them are closed."""
    yield (
        WAITING,
        made_of("organisation", groups.LENDER),
        made_of("organisation", groups.BOOKER),
        1,
        *written("waiting"),
    )


def waiting_places(world: World) -> Iterator[Row]:
    """What the group waits for."""
    owner_id, booker_id = (made_of("organisation", key) for key in (groups.LENDER, groups.BOOKER))
    asset_id = made_of("asset", groups.store(groups.LENDER), "gazebo")
    sunday = requests.closed_day(world)
    yield WAITING, owner_id, 1, booker_id, asset_id, asyncpg.Range(sunday.starts_at, sunday.ends_at)


def occurrences(world: World, taken: list[Taken]) -> Iterator[Row]:
    """Every occurrence."""
    for each in taken:
        one = each.wanted
        whose = world.assets[one.asset_id].owner_id, each.id, booker(one), one.asset_id
        off = one.cancelled_at is not None
        for occurrence_id, period in each.occurrences.items():
            late = bookings.cancelled_late(world, one, period)
            state = "cancelled" if off else one.state
            due = bookings.check_in_by(world, one, period)
            kept = one.units, state, late, int(off), one.held_until, due
            yield (occurrence_id, *whose, period.starts_at, period.ends_at, *kept, [])
        for occurrence_id, (period, why_not) in each.skipped.items():
            missed = one.units, "skipped", False, 0, None, None, [why_not]
            yield (occurrence_id, *whose, period.starts_at, period.ends_at, *missed)


def occupancies(world: World, taken: list[Taken]) -> Iterator[Row]:
    """Every unit taken."""
    for each in taken:
        owner_id = world.assets[each.wanted.asset_id].owner_id
        one = each.wanted
        until: dict[UUID | None, datetime | None] = {
            name: one.held_until or bookings.check_in_by(world, one, period)
            for name, period in each.occurrences.items()
        }
        for asset_id, seat in each.seats:
            during = asyncpg.Range(seat.lower, seat.upper)
            yield owner_id, asset_id, seat.unit, during, seat.occurrence, until[seat.occurrence]


def changes(state: str) -> list[tuple[str, str, str]]:
    """What happened to an asset after it was made: the event, the state before and after."""
    published = ("asset.published", "draft", "listed")
    return {"draft": [], "paused": [published, ("asset.paused", "listed", "paused")]}.get(state, [published])
