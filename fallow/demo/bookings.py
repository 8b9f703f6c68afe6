"""Bookings of the demo: what the database's own rules let through gets units, nothing twice."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

import domain.costs
import domain.requests
import domain.time
import domain.units
from db.connection import Connection
from domain.bookings import ALPHABET
from domain.costs import Cost, Part
from domain.plans import Attendance
from domain.reasons import Reason, reason
from domain.requests import Asked, BookingRequest, ClockChange, Repeats
from domain.time import Period
from domain.units import Seat
from fallow.demo import chance
from fallow.demo.requests import LONDON, Wanted
from fallow.demo.world import World

TEXTS = {
    "community_meal": "A hot meal for whoever comes.",
    "food_bank": "Packing and giving out parcels.",
    "sport": "Training.",
    "dance": "Social dancing, beginners welcome.",
    "outing": "A day out for members.",
}


class Taken(msgspec.Struct, frozen=True):
    """A booking that stands, with the units of each of its occurrences, and why it has not what it `skipped`.
    `seats`: asset, unit and whose it is.
    """

    id: UUID
    reference: str
    wanted: Wanted
    occurrences: dict[UUID, Period]
    skipped: dict[UUID, tuple[Period, Reason]]
    seats: list[tuple[UUID, Seat]]
    cost: Cost
    clock_changes: list[ClockChange]


REFUSED = """
  SELECT c.n
    FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::int[], $6::int[], $7::uuid[],
                $8::timestamptz[], $9::int[]) c (asset_id, owner_id, starts, ends, units, attendees, booker, at, n)
    JOIN assets a ON a.id = c.asset_id AND a.owner_id = c.owner_id
   WHERE EXISTS (SELECT FROM rules.why_not(a, c.starts, c.ends, c.units, c.attendees, c.booker, c.at))
"""


async def refused(conn: Connection, world: World, asked: Sequence[tuple[Wanted, Period]]) -> set[int]:
    """Which of the periods asked for, by place, the database's rules refuse, others' bookings aside."""
    rows = await conn.fetch(
        REFUSED,
        [one.asset_id for one, _ in asked],
        [world.assets[one.asset_id].owner_id for one, _ in asked],
        [period.starts_at for _, period in asked],
        [period.ends_at for _, period in asked],
        [one.units for one, _ in asked],
        [one.attendees for one, _ in asked],
        [one.booker_id for one, _ in asked],
        [one.asked_at for one, _ in asked],
        list(range(len(asked))),
    )
    return {row["n"] for row in rows}


async def settle(conn: Connection, world: World, wishes: Iterable[Wanted]) -> list[Taken]:
    """The bookings that stand. The assets are stored and nothing is booked yet."""
    asked = [(one, period) for one in wishes for period in one.periods]
    no = await refused(conn, world, asked)
    allowed: dict[UUID, list[Period]] = defaultdict(list)
    for place, (one, period) in enumerate(asked):
        if place not in no:
            allowed[one.id].append(period)
    return seated(world, {one.id: one for one, _ in asked}.values(), allowed)


def seated(world: World, wishes: Iterable[Wanted], allowed: Mapping[UUID, Sequence[Period]]) -> list[Taken]:
    """First come, first served: those periods allowed for which there are units, also of every part."""
    inside = world.inside()
    seats: dict[UUID, list[Seat]] = defaultdict(list)
    found = []
    for one in wishes:
        got: dict[UUID, Period] = {}
        mine: list[tuple[UUID, Seat]] = []
        for period in allowed.get(one.id, ()):
            occurrence_id = occurrence(one, period)
            taken = take(world, one, period, occurrence_id, inside[one.asset_id], seats)
            if taken is None:
                continue
            got[occurrence_id] = period
            mine += taken
            if one.cancelled_at is None:
                for asset_id, seat in taken:
                    seats[asset_id].append(seat)
        if got:
            found.append(booked(world, one, got, mine))
    return found


def occurrence(one: Wanted, period: Period) -> UUID:
    """The id of an occurrence."""
    return chance.identifier(one.asked_at, "occurrence", one.id, period.starts_at)


def take(
    world: World,
    one: Wanted,
    period: Period,
    occurrence_id: UUID,
    inside: Sequence[UUID],
    seats: Mapping[UUID, Sequence[Seat]],
) -> list[tuple[UUID, Seat]] | None:
    """The units for a period, turnaround included: so many of the asset, and every one of each part."""
    terms = world.assets[one.asset_id].request.terms
    lower = period.starts_at - timedelta(minutes=terms.turnaround_before_minutes)
    upper = period.ends_at + timedelta(minutes=terms.turnaround_after_minutes)
    taken = []
    for asset_id in inside:
        units = world.assets[asset_id].request.units
        needed = one.units if asset_id == one.asset_id else units
        free = domain.units.free_units(seats.get(asset_id, ()), units, lower, upper)
        if len(free) < needed:
            return None
        taken += [(asset_id, Seat(unit, lower, upper, occurrence_id)) for unit in free[:needed]]
    return taken


def booked(world: World, one: Wanted, got: Mapping[UUID, Period], seats: list[tuple[UUID, Seat]]) -> Taken:
    """A booking with its cost."""
    terms = world.assets[one.asset_id].request.terms
    kind = world.organisations[one.booker_id].kind
    price = domain.costs.price_for(kind, terms.price, terms.community_price)
    return Taken(
        id=one.id,
        reference=reference(world, one.id),
        wanted=one,
        occurrences=dict(got),
        skipped={occurrence(one, each): (each, all_taken(world, one, each)) for each in one.skipped},
        seats=seats if one.cancelled_at is None else [],
        cost=domain.costs.cost(price, [Part(each, one.units) for each in got.values()], one.units, LONDON),
        clock_changes=clock_changes(one, got),
    )


def all_taken(world: World, one: Wanted, period: Period) -> Reason:
    """Why a period was not to be had of which another had all units."""
    request = world.assets[one.asset_id].request
    before, after = request.terms.turnaround_before_minutes, request.terms.turnaround_after_minutes
    numbers: dict[str, int | str] = {
        "units": request.units,
        "units_free": 0,
        "units_wanted": one.units,
        "turnaround_before_minutes": before,
        "turnaround_after_minutes": after,
        "occupied_from": (period.starts_at - timedelta(minutes=before)).isoformat(),
        "occupied_until": (period.ends_at + timedelta(minutes=after)).isoformat(),
    }
    return reason("taken", passed=False, numbers=numbers, asset_id=one.asset_id, zone=LONDON)


def clock_changes(one: Wanted, got: Mapping[UUID, Period]) -> list[ClockChange]:
    """Where the wall-clock times of a series are skipped or repeated."""
    first, count = one.periods[0], len(one.periods)
    repeats = Repeats(starts_at=first.starts_at, ends_at=first.ends_at, count=count) if count > 1 else None
    request = BookingRequest(asset_id=one.asset_id, repeats=repeats)
    asked = [Asked(each, period, one.units) for each, period in got.items()]
    return domain.requests.clock_changes(request, asked, LONDON)


def reference(world: World, booking_id: UUID) -> str:
    """A name for people to read out."""
    letters = [ALPHABET[byte % len(ALPHABET)] for byte in chance.digest("reference", world.today, booking_id)]
    return f"{''.join(letters[:4])}-{''.join(letters[4:8])}"


def purpose(one: Wanted) -> dict[str, str | None]:
    """What for, as it is stored."""
    return {"code": one.purpose, "text": TEXTS.get(one.purpose)}


def cancelled_late(world: World, one: Wanted, period: Period) -> bool:
    """Whether a booking was called off within the owner's notice of an occurrence."""
    notice = timedelta(minutes=world.assets[one.asset_id].request.terms.cancel_notice_minutes)
    return one.cancelled_at is not None and one.cancelled_at > period.starts_at - notice


def check_in_by(world: World, one: Wanted, period: Period) -> datetime | None:
    """By when somebody must have checked in to what is confirmed."""
    grace = world.assets[one.asset_id].request.terms.check_in_grace_minutes
    if grace is None or one.state != "confirmed" or one.cancelled_at is not None:
        return None
    return Attendance(one.asked_at, timedelta(minutes=grace)).due(period)
