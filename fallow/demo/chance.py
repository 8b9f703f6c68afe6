"""Chance that always falls the same way: everything invented for the demo is drawn from the names of things."""

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TypeVar
from uuid import UUID

T = TypeVar("T")
FOUNDED = datetime(2026, 1, 5, 9, tzinfo=UTC)  # when everything but the bookings was made


def fraction(*key: object) -> float:
    """A number from 0 up to 1 that depends on the key alone."""
    return int.from_bytes(digest(*key)[:6], "big") / 2**48


def digest(*key: object) -> bytes:
    """Sixteen bytes that depend on the key alone."""
    return blake2b("\x1f".join(map(str, key)).encode(), digest_size=16).digest()


def pick(options: Sequence[T], *key: object) -> T:
    """One of some options."""
    return options[int(fraction("pick", *key) * len(options))]


def between(low: int, high: int, *key: object) -> int:
    """A whole number from low to high, both included."""
    return low + int(fraction("between", *key) * (high - low + 1))


def likely(share: float, *key: object) -> bool:
    """True in that share of all cases."""
    return fraction("likely", *key) < share


def identifier(moment: datetime, *key: object) -> UUID:
    """A UUIDv7 of that moment, otherwise made of the key: the same each time, and in order of time."""
    number = int.from_bytes(digest("identifier", *key), "big")
    number = number & ~(0xFFFF << 64) | 0x7000 << 64 | number & (0x0FFF << 64)
    number = number & ~(0b11 << 62) | 0b10 << 62
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(int=milliseconds << 80 | number & (1 << 80) - 1)
