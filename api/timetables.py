"""Timetables: hours that many assets of one owner share."""

from datetime import datetime
from uuid import UUID

from litestar import Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from uuid_utils.compat import uuid7

import db.events
import db.timetables
import domain.hours
from api.answers import Answer, AnyRequest
from api.cursors import Cursors
from api.lists import Cursor, Limit, Pages
from api.problems import problems
from api.recalls import settle
from db.connection import Connection
from domain import errors, permissions
from domain.callers import Caller
from domain.errors import NotFound
from domain.timetables import Timetable, TimetableChange, TimetablePage, TimetableRequest


@post(operation_id="createTimetable", responses=problems(errors.HoursOverlap))
async def create(
    data: JSONBody[TimetableRequest],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Answer[Timetable]:
    """Add a timetable of the caller's organisation. An asset takes it by `timetable_id`."""
    permissions.require("createTimetable", caller)
    compiled = domain.hours.compile(data)
    timetable_id, owner_id = uuid7(), caller.organisation_id
    await db.timetables.insert(conn, timetable_id, owner_id, name=data.name, hours=data, compiled=compiled, now=now)
    await db.events.append(
        conn,
        type="timetable.created",
        object_kind="timetable",
        object_id=timetable_id,
        owner_id=owner_id,
        version=1,
        before=None,
        after=domain.hours.told(data),
        caller=caller,
        now=now,
        request_id=request_id,
    )
    return Answer(await load(conn, timetable_id), status_code=200 if data.dry_run else 201)


@get(operation_id="listTimetables", responses=problems(errors.CursorInvalid, errors.CursorMismatch))
async def list_(
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller | None],
    cursors: NamedDependency[Cursors],
    owner_id: FromQuery[UUID | None] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: FromQuery[Limit] = 20,
) -> TimetablePage:
    """Shared timetables, newest first."""
    permissions.allow("listTimetables", caller)
    pages = Pages(cursors, "listTimetables", cursor, limit, owner_id=owner_id)
    rows = await db.timetables.page(
        conn, caller and caller.organisation_id, owner_id=owner_id, after=pages.position(UUID), limit=limit + 1
    )
    return pages.page(TimetablePage, rows, lambda row: row.id)


@get("/{timetable_id:uuid}", operation_id="getTimetable", responses=problems(NotFound))
async def read(
    timetable_id: FromPath[UUID], conn: NamedDependency[Connection], caller: NamedDependency[Caller | None]
) -> Timetable:
    """A timetable."""
    permissions.allow("getTimetable", caller)
    return await load(conn, timetable_id)


@put(
    "/{timetable_id:uuid}",
    operation_id="replaceTimetable",
    responses=problems(
        NotFound, errors.HoursOverlap, errors.NotPublishable, errors.PreconditionFailed, errors.PreconditionRequired
    ),
)
async def replace(
    request: AnyRequest,
    timetable_id: FromPath[UUID],
    data: JSONBody[TimetableRequest],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Answer[TimetableChange]:
    """Change the hours of every asset that shares a timetable. Bookings made stay as they are, or with `recall` those
    that it hits are taken back.

    Hours that are never open from today on are refused while a listed asset uses them.
    Send as If-Match its ETag, or that of a dry run, which also answers for `bookings_hit`; with `recall` only this.
    """
    owner_id = (await load(conn, timetable_id)).owner_id
    permissions.require("replaceTimetable", caller, owner_id=owner_id)
    compiled = domain.hours.compile(data)
    await db.timetables.lock(conn, timetable_id, owner_id)
    before = await load(conn, timetable_id)
    if await db.timetables.has_listed(conn, timetable_id, owner_id):
        domain.hours.refuse_never_open(data, now.date())
    version = await db.timetables.replace(
        conn, timetable_id, owner_id, name=data.name, hours=data, compiled=compiled, now=now
    )
    after = await load(conn, timetable_id)
    hits, tag = await settle(
        request,
        conn,
        data,
        before,
        after,
        await db.timetables.hit(conn, timetable_id, owner_id, now),
        owner_id=owner_id,
        required=True,
        caller=caller,
        now=now,
        request_id=request_id,
    )
    await db.events.append(
        conn,
        type="timetable.replaced",
        object_kind="timetable",
        object_id=timetable_id,
        owner_id=owner_id,
        version=version,
        before=domain.hours.told(before),
        after={**domain.hours.told(after), "bookings_hit": len(hits)},
        caller=caller,
        now=now,
        request_id=request_id,
    )
    return Answer(TimetableChange(after, hits), headers={"ETag": tag})


async def load(conn: Connection, timetable_id: UUID) -> Timetable:
    """A timetable. Raises NotFound."""
    found = await db.timetables.load(conn, timetable_id)
    if found is None:
        raise NotFound
    return found


router = Router("/timetables", route_handlers=[create, list_, read, replace], tags=["timetables"])
