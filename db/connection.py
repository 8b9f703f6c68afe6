"""How Fallow talks to PostgreSQL: settings, codecs, the pool."""

from typing import TYPE_CHECKING, Any, TypeAlias, cast
from uuid import UUID

import asyncpg
import msgspec

from domain.waiting import Freed

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
else:
    Connection = asyncpg.Connection
    Pool = asyncpg.Pool


class Session(asyncpg.Connection):
    """A connection that remembers of its transaction what came `freed` and nobody in line has been offered yet, the
    entries of waiting lists to which something was `offered`, the assets, with their owners, of which something is
    `held` that those in line may get next (`db.seating.finish`), and whose claims with which owner it has locked to
    count them (`accounts`).
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.freed: list[Freed] = []
        self.offered: set[UUID] = set()
        self.held: set[tuple[UUID, UUID]] = set()
        self.accounts: set[tuple[UUID, UUID]] = set()


SETTINGS = {
    "application_name": "fallow",
    "timezone": "UTC",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "30s",
}
PATIENCE = 2.0  # seconds to wait for a free connection
JSONB_VERSION = b"\x01"
# What a database that is away, or on its way, is noticed by: the last where it had just said so to an idle connection.
TROUBLE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


def encode_json(value: object) -> bytes:
    """JSON as bytes; Structs, instants, UUIDs are welcome."""
    return msgspec.json.encode(value)


def encode_jsonb(value: object) -> bytes:
    """JSON with the version byte of the binary format."""
    return JSONB_VERSION + msgspec.json.encode(value)


def decode_jsonb(data: bytes) -> Any:
    """Plain values from the binary format."""
    return msgspec.json.decode(memoryview(data)[1:])


async def prepare(conn: Connection) -> None:
    """Teach a new connection JSON. UUIDs come as asyncpg makes them, in C, of a subclass of the standard library's."""
    await conn.set_type_codec("jsonb", schema="pg_catalog", encoder=encode_jsonb, decoder=decode_jsonb, format="binary")
    await conn.set_type_codec(
        "json", schema="pg_catalog", encoder=encode_json, decoder=msgspec.json.decode, format="binary"
    )


async def connect(url: str) -> Connection:
    """One connection, outside any pool."""
    conn = await asyncpg.connect(url, server_settings=SETTINGS, timeout=10, connection_class=Session)
    await prepare(conn)
    return conn


async def keep(_conn: Connection) -> None:
    """Nothing to put back when a connection returns to the pool, as no request changes a session."""


def pool(url: str, *, read_only: bool = False, size: int = 10) -> Pool:
    """A pool that opens when it is entered (`async with`). From a read-only one every write is refused."""
    settings = {**SETTINGS, "default_transaction_read_only": "on"} if read_only else SETTINGS
    return asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        server_settings=settings,
        connection_class=Session,
        init=prepare,
        reset=keep,
        timeout=PATIENCE,
        command_timeout=30,
    )


def session(conn: Connection) -> Session:
    """What a connection remembers of its transaction: each that is made here is a Session, lent by a pool or not."""
    return cast("Session", conn)


def begin(conn: Connection) -> None:
    """Remember nothing of an earlier transaction of a connection."""
    remembered = session(conn)
    remembered.freed.clear()
    remembered.offered.clear()
    remembered.held.clear()
    remembered.accounts.clear()
