"""The feed of changes: written with each change, read in an order that commits cannot upset."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NotRequired, TypedDict, Unpack
from uuid import UUID

import msgspec
from asyncpg import Record
from uuid_utils.compat import uuid7

from db.connection import Connection
from domain.callers import Caller
from domain.events import Actor, Event, ObjectKind, actor, hears

COLUMNS = """
  id, owner_id, booker_id, type, occurred_at, recorded_at, actor, object_kind, object_id, version, before, after,
  request_id
"""
APPEND = f"INSERT INTO events ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"


class Change(TypedDict):
    """What an event records. `version` is the object's, as its row then has it; `caller` None: the operator or the
    clock; `occurred_at`, where it is not now: when the clock did it.
    """

    type: str
    object_kind: ObjectKind
    object_id: UUID
    owner_id: UUID
    version: int
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    caller: Caller | None
    now: datetime
    request_id: str | None
    booker_id: NotRequired[UUID | None]
    occurred_at: NotRequired[datetime]


def row(**change: Unpack[Change]) -> tuple[Any, ...]:
    """The values of COLUMNS, for a statement that also makes the change."""
    return (
        uuid7(),
        change["owner_id"],
        change.get("booker_id"),
        change["type"],
        change.get("occurred_at", change["now"]),
        change["now"],
        actor(change["caller"]),
        change["object_kind"],
        change["object_id"],
        change["version"],
        change["before"],
        change["after"],
        change["request_id"],
    )


async def append(conn: Connection, **change: Unpack[Change]) -> None:
    """Record a change in the transaction that makes it."""
    await conn.execute(APPEND, *row(**change))


APPEND_ALL = f"""
  INSERT INTO events ({COLUMNS})
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::timestamptz[],
                       $7::jsonb[], $8::text[], $9::uuid[], $10::int[], $11::jsonb[], $12::jsonb[], $13::text[])
"""


async def append_all(conn: Connection, changes: Iterable[Change]) -> None:
    """Record changes of many objects, at least one, in the transaction that makes them."""
    await conn.execute(APPEND_ALL, *zip(*(row(**each) for each in changes), strict=True))


# One snapshot: every transaction below the horizon has ended, so nothing can yet appear before what is read.
# Both branches walk an index; the owner's own bookings would come twice, hence UNION.
READ = """
  WITH horizon AS (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS xmin),
       mine AS (
         (SELECT e.* FROM events e, horizon h
           WHERE e.owner_id = $1 AND e.xid < h.xmin AND (e.xid, e.id) > ($2::text::xid8, $3)
           ORDER BY e.xid, e.id LIMIT $4)
         UNION
         (SELECT e.* FROM events e, horizon h
           WHERE e.booker_id = $1 AND e.xid < h.xmin AND (e.xid, e.id) > ($2::text::xid8, $3)
           ORDER BY e.xid, e.id LIMIT $4))
  SELECT s.epoch, page.*
    FROM service s
    LEFT JOIN LATERAL (
         SELECT m.id, m.type, m.occurred_at, m.recorded_at, m.owner_id, m.booker_id, m.actor,
                jsonb_build_object('kind', m.object_kind, 'id', m.object_id, 'version', m.version) AS object,
                m.before, m.after, m.request_id, m.xid::text AS xid
           FROM mine m ORDER BY m.xid, m.id LIMIT $4) page ON true
   ORDER BY page.xid::xid8, page.id
"""


class Place(msgspec.Struct, frozen=True):
    """How far a reader has come in one epoch of the feed."""

    epoch: UUID
    xid: str
    id: UUID


BEGINNING = ("0", UUID(int=0))


async def read(conn: Connection, organisation_id: UUID, after: Place | None, limit: int) -> tuple[list[Event], Place]:
    """What an organisation may see after a place, and the place where it ends.

    The place's epoch is the feed's; where it is not that of `after`, the database was restored since.
    """
    xid, last = (after.xid, after.id) if after else BEGINNING
    rows = await conn.fetch(READ, organisation_id, xid, last, limit)
    found = [row for row in rows if row["id"]]
    if found:
        xid, last = found[-1]["xid"], found[-1]["id"]
    return [read_event(row) for row in found], Place(rows[0]["epoch"], xid, last)


def read_event(row: Record) -> Event:
    """A row of READ, and who should hear of it."""
    whose = row["owner_id"], row["booker_id"], msgspec.convert(row["actor"], Actor | None)
    return msgspec.convert({**row, "hears": hears(row["type"], *whose, row["after"])}, Event)
