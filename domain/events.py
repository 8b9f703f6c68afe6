"""Recorded changes: who did what to which object, before and after. Never free text, never personal data."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal
from uuid import UUID

import msgspec

from domain.callers import Caller
from domain.types import Instant

ObjectKind = Literal[
    "organisation",
    "token",
    "site",
    "asset",
    "timetable",
    "closure",
    "booking",
    "need",
    "offer",
    "waiting",
    "message",
    "feedback",
    "limit",
]


class Actor(msgspec.Struct, frozen=True):
    """Whose token did it."""

    organisation_id: UUID
    token_id: UUID


class EventObject(msgspec.Struct, frozen=True):
    """What changed, and how many changes it has seen with this one: whoever replays orders by `version`."""

    kind: ObjectKind
    id: UUID
    version: int


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded change. `actor` null: the operator, the clock, or a group that the owner is not to know. Of texts only
    the names that changed. `hears`: the organisations whose people should be told of it, for they have to know or to
    answer; most changes nobody needs to hear of.
    """

    id: UUID
    type: str
    occurred_at: Instant
    recorded_at: Instant
    owner_id: UUID
    booker_id: UUID | None
    actor: Actor | None
    hears: list[UUID]
    object: EventObject
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    request_id: str | None


class EventPage(msgspec.Struct, frozen=True):
    """Events in an order that misses none. `next` is where to go on from, now or later; it is never null."""

    items: list[Event]
    next: str


def actor(caller: Caller | None) -> Actor | None:
    """Who an event says did it."""
    return Actor(caller.organisation_id, caller.token_id) if caller else None


Hearer = Literal["owner", "booker", "other", "both"]
# Who should be told: `other`: of owner and booker the one that did not do it, both where neither did.
HEARD: Mapping[str, Hearer] = {
    "booking.approved": "booker",
    "booking.declined": "booker",
    "booking.lapsed": "both",
    "booking.recalled": "booker",
    "booking.cancelled": "other",
    "booking.moved": "other",
    "booking.no_show": "booker",
    "need.matched": "owner",
    "need.offer_made": "owner",
    "need.offer_withdrawn": "owner",
    "need.offer_lapsed": "owner",
    "offer.made": "booker",
    "offer.accepted": "owner",
    "offer.declined": "owner",
    "offer.lapsed": "both",
    "waiting.lapsed": "booker",
    "message.sent": "other",
    "feedback.given": "other",
}


def hears(
    type: str,  # noqa: A002 - as events call it
    owner_id: UUID,
    booker_id: UUID | None,
    actor: Actor | None,
    after: Mapping[str, Any] | None,
) -> list[UUID]:
    """The organisations that should be told of a change: as HEARD has it, and an owner of what waits for approval."""
    told: dict[str | None, list[UUID | None]] = {
        "owner": [owner_id],
        "booker": [booker_id],
        "both": [owner_id, booker_id],
        None: [],
    }
    told["other"] = [each for each in told["both"] if actor is None or each != actor.organisation_id]
    heard = [each for each in told[HEARD.get(type)] if each is not None]
    occurrences = (after or {}).get("occurrences", {}) if type.startswith("booking.") else {}
    asked = any(each["state"] == "pending" for each in occurrences.values())
    return list(dict.fromkeys([*heard, *([owner_id] if asked else [])]))


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any], *, texts: Iterable[str] = ()
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The members that changed, before and after. Of `texts`, only their names, under `texts`.

    Both are plain values (`msgspec.to_builtins`); `created_at` and `updated_at` say nothing and are left out.
    """
    private = set(texts)
    changed = [
        name
        for name in {**before, **after}
        if before.get(name) != after.get(name) and name not in {"created_at", "updated_at"}
    ]
    told = [name for name in changed if name not in private]
    was: dict[str, Any] = {name: before.get(name) for name in told}
    now: dict[str, Any] = {name: after.get(name) for name in told}
    if names := sorted(private.intersection(changed)):
        now["texts"] = names
    return was, now
