"""What the seeds of the fair order are made of."""

from datetime import date

from db.connection import Connection
from domain import fairness


async def secret(conn: Connection) -> bytes:
    """What only this service knows."""
    found: bytes = await conn.fetchval("SELECT lot_secret FROM service")
    return found


async def seed(conn: Connection, on: date) -> bytes:
    """The seed of a UTC date, published or not."""
    return fairness.seed_of(await secret(conn), on)
