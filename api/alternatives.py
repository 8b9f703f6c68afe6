"""What a refusal offers instead."""

from datetime import datetime

import msgspec

import db.alternatives
from db.connection import Connection
from domain.errors import NotBookable


async def offer(conn: Connection, refused: NotBookable, now: datetime) -> None:
    """Add to a refusal what could be booked instead of the first of its occurrences that cannot be."""
    found = await db.alternatives.find(conn, refused.unmet, refused.occurrences, now)
    for place, alternatives in found.items():
        occurrence = refused.occurrences[place]
        refused.occurrences[place] = msgspec.structs.replace(occurrence, alternatives=alternatives)
