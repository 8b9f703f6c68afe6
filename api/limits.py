"""Limits: how much of an owner's assets each booker may have."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Router, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from uuid_utils.compat import uuid7

import db.assets
import db.events
import db.limits
import db.organisations
import domain.limits
from api import lists
from api.answers import AnyRequest, must_match
from api.bodies import Patch
from api.cursors import Cursors
from api.lists import Cursor, Pages
from api.problems import problems
from db.connection import Connection
from domain import errors, events, permissions
from domain.callers import Caller
from domain.errors import Fault, Invalid, NotFound, StateDoesNotAllow
from domain.limits import MOST_LIMITS, TEXTS, Limit, LimitPage, LimitRequest
from domain.types import ShortText


@post(operation_id="createLimit", responses=problems(StateDoesNotAllow))
async def create(
    data: JSONBody[LimitRequest],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Limit:
    """Say how much each booker may have of an asset, of a category or of all that the caller's organisation owns.

    Each limit that applies to a booking counts; what is booked already counts too, and stays.
    """
    permissions.require("createLimit", caller)
    owner_id = caller.organisation_id
    await db.organisations.lock(conn, owner_id)  # so that nobody adds another meanwhile
    others = await db.limits.count(conn, owner_id)
    if not others:
        await db.limits.wait_for_bookings(conn, owner_id)
    await refuse_faults(conn, owner_id, data, others=others)
    made = await db.limits.insert(conn, uuid7(), owner_id, data, now)
    await record(conn, "limit.created", made, 1, None, domain.limits.told(data), caller, now, request_id)
    return made


@get(operation_id="listLimits", responses=problems(errors.CursorInvalid, errors.CursorMismatch))
async def list_(
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller | None],
    cursors: NamedDependency[Cursors],
    owner_id: FromQuery[UUID | None] = None,
    asset_id: FromQuery[UUID | None] = None,
    category: FromQuery[ShortText | None] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: FromQuery[lists.Limit] = 20,
) -> LimitPage:
    """Limits, newest first. `asset_id` and `category`: those that are of just this asset or category.

    A booking of an asset keeps those of the asset, those of its category and its owner's that are of neither.
    """
    permissions.allow("listLimits", caller)
    pages = Pages(cursors, "listLimits", cursor, limit, owner_id=owner_id, asset_id=asset_id, category=category)
    rows = await db.limits.page(
        conn,
        caller.organisation_id if caller else None,
        owner_id=owner_id,
        asset_id=asset_id,
        category=category,
        after=pages.position(UUID),
        limit=limit + 1,
    )
    return pages.page(LimitPage, rows, lambda row: row.id)


@get("/{limit_id:uuid}", operation_id="getLimit", responses=problems(NotFound))
async def read(
    limit_id: FromPath[UUID], conn: NamedDependency[Connection], caller: NamedDependency[Caller | None]
) -> Limit:
    """A limit."""
    permissions.allow("getLimit", caller)
    return await load(conn, limit_id, caller)


@patch("/{limit_id:uuid}", operation_id="updateLimit", responses=problems(NotFound, StateDoesNotAllow))
async def update(
    request: AnyRequest,
    limit_id: FromPath[UUID],
    data: JSONBody[Patch[LimitRequest]],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Limit:
    """Change a limit. Bookings made stay as they are."""
    before = await lock(request, "updateLimit", limit_id, conn, caller)
    sent = domain.limits.as_sent(before)
    wanted = data.merged_into(sent)
    await refuse_faults(conn, before.owner_id, wanted)
    after, version = await db.limits.update(conn, limit_id, before.owner_id, wanted, now)
    was, became = events.differences(msgspec.to_builtins(sent), msgspec.to_builtins(wanted), texts=TEXTS)
    await record(conn, "limit.changed", after, version, was, became, caller, now, request_id)
    return after


@delete("/{limit_id:uuid}", operation_id="deleteLimit", responses=problems(NotFound))
async def remove(
    request: AnyRequest,
    limit_id: FromPath[UUID],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> None:
    """Limit no more."""
    found = await lock(request, "deleteLimit", limit_id, conn, caller)
    version = await db.limits.delete(conn, limit_id, found.owner_id)
    before = domain.limits.told(domain.limits.as_sent(found))
    await record(conn, "limit.deleted", found, version + 1, before, None, caller, now, request_id)


async def lock(request: AnyRequest, operation: str, limit_id: UUID, conn: Connection, caller: Caller) -> Limit:
    """A limit of the caller's organisation, locked. Raises NotFound, Forbidden, PreconditionFailed."""
    owner_id = (await load(conn, limit_id, caller)).owner_id
    permissions.require(operation, caller, owner_id=owner_id)
    await db.limits.lock(conn, limit_id, owner_id)
    found = await load(conn, limit_id, caller)
    must_match(request, found)
    return found


async def load(conn: Connection, limit_id: UUID, caller: Caller | None) -> Limit:
    """A limit that the caller may know of. Raises NotFound."""
    found = await db.limits.load(conn, limit_id, caller.organisation_id if caller else None)
    if found is None:
        raise NotFound
    return found


async def refuse_faults(conn: Connection, owner_id: UUID, wanted: LimitRequest, *, others: int = 0) -> None:
    """Lock the asset that a limit is of. Raises Invalid with everything wrong with it, and StateDoesNotAllow.

    `others`: how many its owner has beside it.
    """
    faults = [*domain.limits.faults_of(wanted)]
    if wanted.asset_id is not None and not await db.assets.lock(conn, wanted.asset_id, owner_id):
        faults.append(Fault("#/asset_id", "You have no such asset."))
    if others >= MOST_LIMITS:
        faults.append(Fault("#", f"You have {others} limits, and no owner has more than {MOST_LIMITS}: delete one."))
    if faults:
        raise Invalid(faults)
    asset = await db.assets.load(conn, wanted.asset_id, owner_id) if wanted.asset_id else None
    if asset is not None and asset.state == "archived":
        raise StateDoesNotAllow("It is archived; only a draft, listed or paused asset is limited.")


async def record(
    conn: Connection,
    type: str,  # noqa: A002 - as events call it
    limit: Limit,
    version: int,
    before: Mapping[str, object] | None,
    after: Mapping[str, object] | None,
    caller: Caller,
    now: datetime,
    request_id: str,
) -> None:
    """What became of a limit, for its owner."""
    await db.events.append(
        conn,
        type=type,
        object_kind="limit",
        object_id=limit.id,
        owner_id=limit.owner_id,
        version=version,
        before=before,
        after=after,
        caller=caller,
        now=now,
        request_id=request_id,
    )


router = Router("/limits", route_handlers=[create, list_, read, update, remove], tags=["limits"])
