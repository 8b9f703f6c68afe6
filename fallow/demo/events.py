"""The events that would have been recorded, had the demo been made through the API, one change after another."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

import msgspec

import domain.assets
import domain.closures
import domain.events
import domain.limits
import domain.needs
from domain.needs import Planned
from domain.occurrences import OccurrenceState
from domain.time import Period
from fallow.demo import chance, rows
from fallow.demo.bookings import Taken
from fallow.demo.requests import Wanted
from fallow.demo.rows import Row
from fallow.demo.world import World, founded, made_of

COLUMNS = (
    "id",
    "owner_id",
    "booker_id",
    "type",
    "occurred_at",
    "recorded_at",
    "object_kind",
    "object_id",
    "version",
    "before",
    "after",
)
State = Mapping[str, Any]


def event(
    what: str,
    each: UUID,
    owner_id: UUID,
    version: int,
    at: datetime,
    before: State | None,
    after: State | None,
    booker_id: UUID | None = None,
) -> Row:
    """One event; `what` names the kind of object and what became of it."""
    kind = what.partition(".")[0]
    event_id = chance.identifier(at, "event", each, version)
    return (event_id, owner_id, booker_id, what, at, at, kind, each, version, before, after)


def told(world: World, taken: list[Taken]) -> Iterator[Row]:
    """Every event."""
    return chain(
        organisations(world),
        sites(world),
        timetables(world),
        assets(world),
        closures(world),
        limits(world),
        booked(world, taken),
    )


def organisations(world: World) -> Iterator[Row]:
    """Each was registered, then verified."""
    at = founded("organisation")
    for each, request in world.organisations.items():
        unverified = {"kind": request.kind, "state": "unverified"}
        yield event("organisation.registered", each, each, 1, at, None, unverified)
        yield event("organisation.verified", each, each, 2, at, {"state": "unverified"}, {"state": "verified"})


def needs(wanted: Iterable[tuple[UUID, UUID, Planned]]) -> Iterator[Row]:
    """Each was said."""
    at = founded("need")
    for each, owner_id, planned in wanted:
        yield event("need.created", each, owner_id, 1, at, None, domain.needs.told(planned))


def sites(world: World) -> Iterator[Row]:
    """Each was created."""
    for each, located in world.sites.items():
        placed = located.placed
        after = {"precision": placed.precision, "timezone": placed.timezone, "private": placed.private}
        yield event("site.created", each, located.owner_id, 1, founded("site"), None, after)


def timetables(world: World) -> Iterator[Row]:
    """Each shared one was created."""
    for each, scheduled in world.timetables.items():
        if scheduled.name is not None:
            after = {"always": scheduled.hours.always, "applies_to": scheduled.hours.applies_to}
            yield event("timetable.created", each, scheduled.owner_id, 1, founded("timetable"), None, after)


def assets(world: World) -> Iterator[Row]:
    """Each was created, most were published, a few paused again."""
    at = founded("asset")
    for each, offered in world.assets.items():
        document = {"id": str(each), "state": "draft", **msgspec.to_builtins(offered.request)}
        _, after = domain.events.differences({}, document, texts=domain.assets.PRIVATE_TEXTS)
        yield event("asset.created", each, offered.owner_id, 1, at, None, after)
        for version, (what, was, became) in enumerate(rows.changes(offered.state), 2):
            yield event(what, each, offered.owner_id, version, at, {"state": was}, {"state": became})


def closures(world: World) -> Iterator[Row]:
    """Each was created."""
    for owner_id, closure in rows.closures(world):
        after = {**domain.closures.told(closure), "bookings_hit": 0}
        yield event("closure.created", closure.id, owner_id, 1, founded("closure"), None, after)


def limits(world: World) -> Iterator[Row]:
    """Each was created."""
    for each, limited in world.limits.items():
        after = domain.limits.told(limited.request)
        yield event("limit.created", each, limited.owner_id, 1, founded("limit"), None, after)


def booked(world: World, taken: list[Taken]) -> Iterator[Row]:
    """Each was created, some were cancelled; nobody's is told by its offer."""
    for each in taken:
        one = each.wanted
        if one.need_id:
            continue
        owner_id = world.assets[one.asset_id].owner_id
        was, became = (occurrences(one, each.occurrences, state) for state in (one.state, "cancelled"))
        skipped = occurrences(one, {name: period for name, (period, _) in each.skipped.items()}, "skipped")
        made = {"asset_id": one.asset_id, "occurrences": {**was, **skipped}}
        yield event("booking.created", each.id, owner_id, 1, one.asked_at, None, made, one.booker_id)
        if one.cancelled_at is not None:
            before, after = {"occurrences": was}, {"occurrences": became}
            yield event("booking.cancelled", each.id, owner_id, 2, one.cancelled_at, before, after, one.booker_id)


def offers(world: World, taken: Iterable[Taken]) -> Iterator[Row]:
    """Each was made: to its owner, and as a change of the need to whose that is."""
    at = founded("offer")
    for each in taken:
        one = each.wanted
        if one.need_id:
            owner_id, offer_id = world.assets[one.asset_id].owner_id, made_of("offer", each.id)
            made = {"asset_id": one.asset_id, "occurrences": rows.in_offer(each), "expires_at": one.held_until}
            yield event("offer.made", offer_id, owner_id, 1, at, None, {**made, "need_id": one.need_id})
            yield event("need.offer_made", one.need_id, one.booker_id, 2, at, None, {**made, "offer_id": offer_id})


def waitings(world: World) -> Iterator[Row]:
    """Each was joined."""
    for waiting_id, owner_id, _, booker_id, asset_id, period in rows.waiting_places(world):
        places = [{"asset_id": asset_id, "starts_at": period.lower, "ends_at": period.upper}]
        after = {"booking_id": None, "units": 1, "places": places}
        yield event("waiting.joined", waiting_id, owner_id, 1, founded("waiting"), None, after, booker_id)


def written(taken: list[Taken]) -> Iterator[Row]:
    """Each message was sent, each feedback given."""
    for message_id, owner_id, booking_id, *_ in rows.messages():
        told = {"booking_id": booking_id}
        yield event("message.sent", message_id, owner_id, 1, founded("message"), None, told, rows.BOTH[1])
    for feedback_id, owner_id, booking_id, occurrence_id, giver_id, verdict, *_ in rows.feedback(taken):
        given = {"booking_id": booking_id, "occurrence_id": occurrence_id, "verdict": verdict}
        yield event("feedback.given", feedback_id, owner_id, 1, founded("feedback"), None, given, giver_id)


def occurrences(one: Wanted, periods: Mapping[UUID, Period], state: OccurrenceState) -> State:
    """A booking's occurrences as events hold them."""
    return {
        str(each): {
            "state": state,
            "starts_at": period.starts_at,
            "ends_at": period.ends_at,
            "units": one.units,
        }
        for each, period in periods.items()
    }
