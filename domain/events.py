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
    the names that changed.
    """

    id: UUID
    type: str
    occurred_at: Instant
    recorded_at: Instant
    owner_id: UUID
    booker_id: UUID | None
    actor: Actor | None
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
