"""Closures: spans of time in which an asset or a whole site is shut."""

from datetime import datetime
from uuid import UUID

from litestar import Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from uuid_utils.compat import uuid7

import db.assets
import db.closures
import db.events
import db.sites
import domain.closures
from api.answers import Answer, AnyRequest, must_match
from api.cursors import Cursors
from api.lists import Cursor, Limit, Pages
from api.problems import problems
from api.recalls import settle
from db.connection import Connection
from domain import errors, permissions
from domain.callers import Caller
from domain.closures import Closure, ClosureChange, ClosurePage, ClosureRequest
from domain.errors import Fault, Invalid, NotFound, StateDoesNotAllow, Unauthenticated


@post(
    operation_id="createClosure",
    responses=problems(errors.StateDoesNotAllow, errors.PreconditionFailed, errors.PreconditionRequired),
)
async def create(
    request: AnyRequest,
    data: JSONBody[ClosureRequest],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Answer[ClosureChange]:
    """Shut an asset, with its wholes and parts, or a site. Bookings made stay as they are, or with `recall` those that
    it hits are taken back.

    If-Match may be the ETag of a dry run: then nothing is closed if `bookings_hit` has changed since. With `recall` it
    must be.
    """
    if faults := list(domain.closures.faults(data)):
        raise Invalid(faults)
    owner_id = await find_owner(conn, data, caller)
    permissions.require("createClosure", caller, owner_id=owner_id)
    await lock_assets(conn, data.asset_id, data.site_id, owner_id)
    await refuse_archived(conn, data.asset_id, caller)
    closure = domain.closures.plan(data, id=uuid7(), now=now)
    await db.closures.insert(conn, closure, owner_id)
    hits, tag = await settle(
        request,
        conn,
        data,
        None,
        closure,
        await db.closures.hit(conn, closure, owner_id, now),
        owner_id=owner_id,
        caller=caller,
        now=now,
        request_id=request_id,
    )
    await db.events.append(
        conn,
        type="closure.created",
        object_kind="closure",
        object_id=closure.id,
        owner_id=owner_id,
        version=1,
        before=None,
        after={**domain.closures.told(closure), "bookings_hit": len(hits)},
        caller=caller,
        now=now,
        request_id=request_id,
    )
    return Answer(ClosureChange(closure, hits), status_code=200 if data.dry_run else 201, headers={"ETag": tag})


@get(operation_id="listClosures", responses=problems(errors.CursorInvalid, errors.CursorMismatch))
async def list_(
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller | None],
    cursors: NamedDependency[Cursors],
    owner_id: FromQuery[UUID | None] = None,
    asset_id: FromQuery[UUID | None] = None,
    site_id: FromQuery[UUID | None] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: FromQuery[Limit] = 20,
) -> ClosurePage:
    """Closures, newest first. Those of people and private sites are left out without a token."""
    permissions.allow("listClosures", caller)
    filters = {"owner_id": owner_id, "asset_id": asset_id, "site_id": site_id}
    pages = Pages(cursors, "listClosures", cursor, limit, **filters)
    organisation_id = caller.organisation_id if caller else None
    rows = await db.closures.page(conn, organisation_id, **filters, after=pages.position(UUID), limit=limit + 1)
    return pages.page(ClosurePage, rows, lambda row: row.id)


@get("/{closure_id:uuid}", operation_id="getClosure", responses=problems(NotFound))
async def read(
    closure_id: FromPath[UUID], conn: NamedDependency[Connection], caller: NamedDependency[Caller | None]
) -> Closure:
    """A closure. One of people or a private site needs a token, and only its owner sees the note."""
    permissions.allow("getClosure", caller)
    return await load(conn, closure_id, caller)


@delete(
    "/{closure_id:uuid}",
    operation_id="deleteClosure",
    responses=problems(NotFound, errors.PreconditionFailed),
)
async def remove(
    request: AnyRequest,
    closure_id: FromPath[UUID],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> None:
    """Open again what was shut."""
    found = await load(conn, closure_id, caller)
    owner_id = await db.closures.owner(conn, closure_id)
    permissions.require("deleteClosure", caller, owner_id=owner_id)
    await lock_assets(conn, found.asset_id, found.site_id, caller.organisation_id)
    if not await db.closures.lock(conn, closure_id, caller.organisation_id):
        raise NotFound
    must_match(request, found)
    version = await db.closures.delete(conn, closure_id, caller.organisation_id, now)
    await db.events.append(
        conn,
        type="closure.deleted",
        object_kind="closure",
        object_id=closure_id,
        owner_id=caller.organisation_id,
        version=version + 1,
        before=domain.closures.told(found),
        after=None,
        caller=caller,
        now=now,
        request_id=request_id,
    )


async def find_owner(conn: Connection, data: ClosureRequest, caller: Caller) -> UUID:
    """Whose asset or site it is. Raises Invalid where the caller may know of none."""
    if data.asset_id is not None:
        asset = await db.assets.load(conn, data.asset_id, caller.organisation_id)
        if asset is None:
            raise Invalid([Fault("#/asset_id", "There is no such asset.")])
        return asset.owner_id
    site = await db.sites.load(conn, data.site_id, caller.organisation_id) if data.site_id else None
    if site is None:
        raise Invalid([Fault("#/site_id", "There is no such site.")])
    return site.owner_id


async def lock_assets(conn: Connection, asset_id: UUID | None, site_id: UUID | None, owner_id: UUID) -> None:
    """Lock everything that a closure closes."""
    if asset_id is not None:
        await db.closures.lock_asset(conn, asset_id, owner_id)
    if site_id is not None:
        await db.sites.lock(conn, site_id, owner_id)


async def refuse_archived(conn: Connection, asset_id: UUID | None, caller: Caller) -> None:
    """Raises StateDoesNotAllow where an asset, which is locked, is archived."""
    asset = await db.assets.load(conn, asset_id, caller.organisation_id) if asset_id else None
    if asset is not None and asset.state == "archived":
        raise StateDoesNotAllow("It is archived; only a draft, listed or paused asset is closed for a while.")


async def load(conn: Connection, closure_id: UUID, caller: Caller | None) -> Closure:
    """A closure that the caller may know of. Raises NotFound, and Unauthenticated where knowing needs a token."""
    found = await db.closures.load(conn, closure_id, caller.organisation_id if caller else None)
    if found is None:
        raise NotFound
    if found.private and caller is None:
        raise Unauthenticated("When people and private sites are closed is for those with a token.")
    return found.closure


router = Router("/closures", route_handlers=[create, list_, read, remove], tags=["closures"])
