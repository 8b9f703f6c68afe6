"""Fewer units of an asset than before: who sits on those that go moves to the others, or they stay."""

from datetime import datetime

import db.occupancies
import db.parts
from db.connection import Connection
from domain.assets import Asset
from domain.errors import AssetInUse
from domain.units import reseat


async def shrink(conn: Connection, asset: Asset, to: int, now: datetime) -> None:
    """Clear the units above `to` of an asset that is locked. Raises AssetInUse where so many are needed."""
    await db.parts.shrink(conn, asset.owner_id, asset.id, to=to, now=now)
    seats = await db.occupancies.later(conn, asset.id, asset.owner_id, now)
    if all(seat.unit <= to for seat in seats):
        return
    try:
        placed = reseat([], seats, to)
    except LookupError:
        raise AssetInUse("More units than that are booked at the same time.") from None
    await db.occupancies.move(conn, asset.id, asset.owner_id, seats, placed)
