"""Who comes first where several want the same: the published order, in which the time of asking decides nothing.

Who holds the fewest minutes at the owner comes first. Of equals the one whose draw is smaller: a hash of its id, made
with the day's seed, which nobody outside knows before the day is over and everybody can read after it.
"""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import date
from typing import Protocol, TypeVar
from uuid import UUID

import msgspec

W = TypeVar("W", bound="Wanting")


class Contender(msgspec.Struct, frozen=True):
    """A group that wants something of an owner, and the minutes it holds there, each unit's counted."""

    organisation_id: UUID
    minutes: int


class Wanting(Protocol):
    """Something that a group wants."""

    @property
    def contender(self) -> Contender:
        """The group."""


class DaySeed(msgspec.Struct, frozen=True, kw_only=True):
    """The seed of a UTC date, in hexadecimal: null until the date is over. `commitment`: its SHA-256, which is told
    from the first, so that everybody can see afterwards that it was not chosen later.
    """

    on: date
    seed: str | None
    commitment: str


def seed_of(secret: bytes, on: date) -> bytes:
    """The seed of a UTC date, made of what only this service knows."""
    return hmac.new(secret, on.isoformat().encode(), hashlib.sha256).digest()


def draw(seed: bytes, organisation_id: UUID) -> bytes:
    """What an organisation has drawn on a day: HMAC-SHA-256 of its id, in lower case with hyphens."""
    return hmac.new(seed, str(organisation_id).encode(), hashlib.sha256).digest()


def in_order(wanting: Iterable[W], seed: bytes) -> list[W]:
    """Who stands where: by fewest minutes, then by the smaller draw. What one group wants twice stays as it came."""
    return sorted(wanting, key=lambda each: (each.contender.minutes, draw(seed, each.contender.organisation_id)))


def published(secret: bytes, on: date, today: date) -> DaySeed:
    """What is told of a date's seed on a day."""
    seed = seed_of(secret, on)
    return DaySeed(on=on, seed=seed.hex() if on < today else None, commitment=hashlib.sha256(seed).hexdigest())
