"""Fewer units of an asset than before: who sits on those that go moves to the others, or they stay."""

from collections.abc import Sequence
from datetime import datetime

import db.occupancies
import db.parts
from db.connection import Connection
from domain.assets import Asset
from domain.errors import AssetInUse
from domain.units import Seat, most_taken, reseat


async def shrink(conn: Connection, asset: Asset, to: int, now: datetime) -> None:
    """Clear the units above `to` of an asset that is locked. Raises AssetInUse where so many are needed."""
    await db.parts.shrink(conn, asset.owner_id, asset.id, to=to, now=now)
    seats = await db.occupancies.later(conn, asset.id, asset.owner_id, now)
    if all(seat.unit <= to for seat in seats):
        return
    try:
        placed = reseat([], seats, to)
    except LookupError:
        raise AssetInUse(needed(seats, to, now)) from None
    await db.occupancies.move(conn, asset.id, asset.owner_id, seats, placed)


def needed(seats: Sequence[Seat], to: int, now: datetime) -> str:
    """Why some units cannot go."""
    most = most_taken(seats, now, max(seat.upper for seat in seats))
    if most > to:
        return f"{most} units are booked at the same time: leave so many, or cancel bookings first."
    until = max(seat.upper for seat in seats if seat.begun and seat.unit > to)
    return f"A booking that has begun has one of the units to go, until {until:%Y-%m-%dT%H:%M:%SZ}: wait so long."
