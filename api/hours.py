"""The hours of one asset: its own, or those of the timetable that it shares."""

from datetime import datetime
from uuid import UUID

from litestar import Router, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from uuid_utils.compat import uuid7

import db.events
import db.places
import db.timetables
import domain.hours
from api.answers import Answer, AnyRequest
from api.assets import load as load_asset
from api.problems import problems
from api.recalls import settle
from db.connection import Connection
from db.timetables import Effective
from domain import errors, permissions
from domain.callers import Caller
from domain.errors import NotFound
from domain.hours import Hours, HoursRequest
from domain.timetables import HoursChange


@get(operation_id="getHours", responses=problems(NotFound), opt={"resource": True})
async def read(
    asset_id: FromPath[UUID], conn: NamedDependency[Connection], caller: NamedDependency[Caller | None]
) -> Hours:
    """The hours that count for an asset, its own or shared ones. Without any it is never open.

    Of people, and of what is at a private site, only the owner sees the notes of exceptions.
    """
    permissions.allow("getHours", caller)
    effective = await load(conn, asset_id, caller)
    return effective.hours or Hours()


@put(
    operation_id="replaceHours",
    responses=problems(
        NotFound,
        errors.HoursOverlap,
        errors.NotPublishable,
        errors.StateDoesNotAllow,
        errors.PreconditionFailed,
        errors.PreconditionRequired,
    ),
)
async def replace(
    request: AnyRequest,
    asset_id: FromPath[UUID],
    data: JSONBody[HoursRequest],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Answer[HoursChange]:
    """Give an asset hours of its own. `bookings_hit` are those outside the hours: they stay as they are, or with
    `recall` are taken back.

    A listed asset is not given hours that are never open from today on: pause it, or send a closure.
    Send If-Match where it has hours: their ETag, or that of a dry run, which also answers for `bookings_hit`. With
    `recall` only that of a dry run will do.
    """
    owner_id = (await load_asset(conn, asset_id, caller)).owner_id
    permissions.require("replaceHours", caller, owner_id=owner_id)
    compiled = domain.hours.compile(data)
    await db.places.lock_own(conn, asset_id, owner_id)
    asset = await load_asset(conn, asset_id, caller)
    if asset.state == "archived":
        raise errors.StateDoesNotAllow("It is archived; only a draft, listed or paused asset is given hours.")
    if asset.state == "listed":
        domain.hours.refuse_never_open(data, now.date())
    before = await load(conn, asset_id, caller)
    own = before.id if before.id is not None and before.name is None else None
    timetable_id = own or uuid7()
    write = db.timetables.replace if own else db.timetables.insert
    await write(conn, timetable_id, owner_id, name=None, hours=data, compiled=compiled, now=now)
    version = await db.timetables.give(conn, asset_id, owner_id, timetable_id, now)
    was, hours = before.hours or Hours(), domain.hours.only_hours(data)
    hits, tag = await settle(
        request,
        conn,
        data,
        was,
        hours,
        await db.timetables.hit(conn, timetable_id, owner_id, now),
        owner_id=owner_id,
        required=before.id is not None,
        caller=caller,
        now=now,
        request_id=request_id,
    )
    await db.events.append(
        conn,
        type="asset.hours_replaced",
        object_kind="asset",
        object_id=asset_id,
        owner_id=owner_id,
        version=version,
        before={"timetable_id": asset.timetable_id, **domain.hours.told(was)},
        after={"timetable_id": None, **domain.hours.told(hours), "bookings_hit": len(hits)},
        caller=caller,
        now=now,
        request_id=request_id,
    )
    return Answer(HoursChange(hours, hits), headers={"ETag": tag})


async def load(conn: Connection, asset_id: UUID, caller: Caller | None) -> Effective:
    """The hours of an asset that the caller may know of. Raises NotFound."""
    found = await db.timetables.of_asset(conn, asset_id, caller.organisation_id if caller else None)
    if found is None:
        raise NotFound
    return found


router = Router("/assets/{asset_id:uuid}/hours", route_handlers=[read, replace], tags=["hours"])
