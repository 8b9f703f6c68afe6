"""Publishing, pausing and archiving an asset."""

from datetime import datetime
from uuid import UUID

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import FromPath

import db.assets
import db.events
import db.places
import domain.assets
from api.answers import AnyRequest, must_match
from api.assets import load, never_open
from api.problems import problems
from db.connection import Connection
from domain import errors, permissions
from domain.assets import Asset, AssetState
from domain.callers import Caller
from domain.errors import AssetInUse, NotFound, NotPublishable, StateDoesNotAllow


@post(
    "/publish",
    operation_id="publishAsset",
    status_code=200,
    responses=problems(NotFound, NotPublishable, StateDoesNotAllow, errors.PreconditionFailed),
)
async def publish(
    request: AnyRequest,
    asset_id: FromPath[UUID],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Asset:
    """List an asset: it can be found and booked. It needs a description, and hours that are open from today on."""
    asset = await lock(request, "publishAsset", asset_id, conn, caller)
    if asset.state == "archived":
        raise StateDoesNotAllow("It is archived, and an archived asset is not listed again.")
    if lacks := [*domain.assets.undescribed(asset), *await never_open(conn, asset, now)]:
        raise NotPublishable(lacks)
    return await turn(conn, asset, "listed", "asset.published", caller, now, request_id)


@post(
    "/pause",
    operation_id="pauseAsset",
    status_code=200,
    responses=problems(NotFound, StateDoesNotAllow, errors.PreconditionFailed),
)
async def pause(
    request: AnyRequest,
    asset_id: FromPath[UUID],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Asset:
    """Take no new bookings of a listed asset for a while; those made stay."""
    asset = await lock(request, "pauseAsset", asset_id, conn, caller)
    if asset.state not in {"listed", "paused"}:
        raise StateDoesNotAllow(f"It is {asset.state}; only a listed asset can be paused.")
    return await turn(conn, asset, "paused", "asset.paused", caller, now, request_id)


@post(
    "/archive",
    operation_id="archiveAsset",
    status_code=200,
    responses=problems(NotFound, AssetInUse, errors.PreconditionFailed),
)
async def archive(
    request: AnyRequest,
    asset_id: FromPath[UUID],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Asset:
    """Take an asset off for good, once no booking is to come and its parts are archived."""
    asset = await lock(request, "archiveAsset", asset_id, conn, caller)
    if in_use := domain.assets.in_use(await db.assets.uses(conn, asset_id, asset.owner_id, now)):
        raise AssetInUse(in_use)
    return await turn(conn, asset, "archived", "asset.archived", caller, now, request_id)


async def lock(request: AnyRequest, operation: str, asset_id: UUID, conn: Connection, caller: Caller) -> Asset:
    """The asset, locked, which the caller may do this to. Raises NotFound, PreconditionFailed and Forbidden."""
    owner_id = (await load(conn, asset_id, caller)).owner_id
    permissions.require(operation, caller, owner_id=owner_id)
    await db.places.lock_own(conn, asset_id, owner_id)
    asset = await load(conn, asset_id, caller)
    must_match(request, asset)
    return asset


async def turn(
    conn: Connection,
    asset: Asset,
    state: AssetState,
    event: str,
    caller: Caller,
    now: datetime,
    request_id: str,
) -> Asset:
    """Put an asset into a state. Where it is in it already, nothing changes."""
    if asset.state == state:
        return asset
    version = await db.assets.set_state(conn, asset.id, asset.owner_id, state, now)
    await db.events.append(
        conn,
        type=event,
        object_kind="asset",
        object_id=asset.id,
        owner_id=asset.owner_id,
        version=version,
        before={"state": asset.state},
        after={"state": state},
        caller=caller,
        now=now,
        request_id=request_id,
    )
    return await load(conn, asset.id, caller)


router = Router("/assets/{asset_id:uuid}", route_handlers=[publish, pause, archive], tags=["assets"])
