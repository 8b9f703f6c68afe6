"""Assets: add, find, look at, change. Publishing and its like are in api/listing.py."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Router, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta
from uuid_utils.compat import uuid7

import db.assets
import db.events
import db.occurrences
import db.parts
import db.sites
import db.timetables
import domain.assets
from api import units
from api.answers import AnyRequest, must_match
from api.bodies import Patch
from api.cursors import Cursors
from api.lists import Cursor, Limit, Pages
from api.problems import problems
from db.connection import Connection
from db.events import Change
from domain import errors, events, permissions
from domain.assets import PRIVATE_TEXTS, Asset, AssetKind, AssetPage, AssetRequest, AssetState
from domain.callers import Caller
from domain.errors import Fault, Invalid, NotFound, NotPublishable, StateDoesNotAllow
from domain.types import ShortText

Text = Annotated[str, Meta(min_length=1, max_length=200, description="Part of a title.")]
KindOfState = Annotated[AssetState | None, QueryParameter(name="state")]


@post(operation_id="createAsset", responses=problems(errors.PartsCycle, errors.AssetInUse))
async def create(
    data: JSONBody[AssetRequest],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Asset:
    """Add an asset at a site: a draft, which only its owner sees until it is published."""
    site = await db.sites.load(conn, data.site_id, caller.organisation_id)
    if site is None:
        raise Invalid([Fault("#/site_id", "There is no such site.")])
    permissions.require("createAsset", caller, owner_id=site.owner_id)
    asset_id, owner_id = uuid7(), site.owner_id
    await db.parts.lock(conn, owner_id, asset_id, data.part_of)
    await refuse_faults(conn, asset_id, owner_id, data)
    await db.assets.insert(conn, asset_id, owner_id, data, now)
    await db.parts.join(conn, owner_id, asset_id, data.part_of, now)
    asset = await load(conn, asset_id, caller)
    await db.events.append(conn, **created(asset, caller, now, request_id))
    return asset


@get(operation_id="listAssets", responses=problems(errors.CursorInvalid, errors.CursorMismatch))
async def list_(
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller | None],
    cursors: NamedDependency[Cursors],
    owner_id: FromQuery[UUID | None] = None,
    site_id: FromQuery[UUID | None] = None,
    kind: FromQuery[AssetKind | None] = None,
    category: FromQuery[ShortText | None] = None,
    kind_of_state: KindOfState = None,
    part_of: FromQuery[UUID | None] = None,
    q: FromQuery[Text | None] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: FromQuery[Limit] = 20,
) -> AssetPage:
    """Assets, newest first, whose title has `q` in it. Drafts and archived ones are answered to their owner only."""
    permissions.allow("listAssets", caller)
    pages = Pages(
        cursors,
        "listAssets",
        cursor,
        limit,
        owner_id=owner_id,
        site_id=site_id,
        kind=kind,
        category=category,
        state=kind_of_state,
        part_of=part_of,
        q=q,
    )
    rows = await db.assets.page(
        conn,
        caller.organisation_id if caller else None,
        owner_id=owner_id,
        site_id=site_id,
        kind=kind,
        category=category,
        state=kind_of_state,
        part_of=part_of,
        q=q,
        after=pages.position(UUID),
        limit=limit + 1,
    )
    return pages.page(AssetPage, rows, lambda row: row.id)


@get("/{asset_id:uuid}", operation_id="getAsset", responses=problems(NotFound))
async def read(
    asset_id: FromPath[UUID], conn: NamedDependency[Connection], caller: NamedDependency[Caller | None]
) -> Asset:
    """An asset."""
    permissions.allow("getAsset", caller)
    return await load(conn, asset_id, caller)


@patch(
    "/{asset_id:uuid}",
    operation_id="updateAsset",
    responses=problems(
        NotFound,
        NotPublishable,
        StateDoesNotAllow,
        errors.AssetInUse,
        errors.PartsCycle,
        errors.PreconditionFailed,
    ),
)
async def update(
    request: AnyRequest,
    asset_id: FromPath[UUID],
    data: JSONBody[Patch[AssetRequest]],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Asset:
    """Change an asset. Bookings made stay as they are, whatever its terms become."""
    unlocked = await load(conn, asset_id, caller)
    owner_id = unlocked.owner_id
    permissions.require("updateAsset", caller, owner_id=owner_id)
    wanted = data.merged_into(domain.assets.as_sent(unlocked))
    await db.parts.lock(conn, owner_id, asset_id, wanted.part_of)
    before = await load(conn, asset_id, caller)
    must_match(request, before)
    if before.state == "archived":
        raise StateDoesNotAllow("It is archived, and an archived asset is not changed any more.")
    wanted = data.merged_into(domain.assets.as_sent(before))
    await refuse_faults(conn, asset_id, owner_id, wanted, before)
    if wanted.part_of != before.part_of or wanted.units != before.units:
        lapsed = await db.parts.lapsed(conn, owner_id, asset_id, now)
        await db.occurrences.sweep(conn, owner_id, lapsed, now=now, request_id=request_id)
    after, version = await save(conn, before, wanted, caller, now)
    was, became = events.differences(msgspec.to_builtins(before), msgspec.to_builtins(after), texts=PRIVATE_TEXTS)
    await db.events.append(
        conn,
        type="asset.updated",
        object_kind="asset",
        object_id=asset_id,
        owner_id=owner_id,
        version=version,
        before=was,
        after=became,
        caller=caller,
        now=now,
        request_id=request_id,
    )
    return after


async def save(
    conn: Connection, before: Asset, wanted: AssetRequest, caller: Caller, now: datetime
) -> tuple[Asset, int]:
    """Store an asset, which is locked, as it is wanted, and everything that follows from it: with its version.

    Raises AssetInUse, and NotPublishable where a listed one would lack something.
    """
    asset_id, owner_id = before.id, before.owner_id
    hours = await db.timetables.of_asset(conn, asset_id, owner_id)
    if wanted.units < before.units:
        await units.shrink(conn, before, wanted.units, now)
    version = await db.assets.update(conn, asset_id, owner_id, wanted, now)
    if wanted.part_of != before.part_of:
        await db.parts.join(conn, owner_id, asset_id, wanted.part_of, now)
    elif wanted.units > before.units:
        await db.parts.grow(conn, owner_id, asset_id, units=before.units, to=wanted.units, now=now)
    if hours and hours.id and wanted.timetable_id:
        await db.timetables.abandon(conn, hours.id, owner_id)
    after = await load(conn, asset_id, caller)
    if after.state == "listed":
        lacks = domain.assets.undescribed(after)
        if after.timetable_id != before.timetable_id:  # hours that end by themselves are no reason to refuse a title
            lacks += await never_open(conn, after, now)
        if lacks:
            raise NotPublishable(lacks)
    return after, version


async def never_open(conn: Connection, asset: Asset, now: datetime) -> list[Fault]:
    """What of its hours an asset lacks for being listed."""
    effective = await db.timetables.of_asset(conn, asset.id, asset.owner_id)
    return domain.assets.never_open(asset, effective.hours if effective else None, now.date())


async def refuse_faults(
    conn: Connection, asset_id: UUID, owner_id: UUID, wanted: AssetRequest, before: Asset | None = None
) -> None:
    """Raises Invalid with everything wrong with an asset beyond types; it and its wholes are locked."""
    private = await db.sites.keep(conn, wanted.site_id, owner_id)
    faults = list(domain.assets.faults(wanted, at_private_site=bool(private)))
    if private is None:
        faults.append(Fault("#/site_id", "You have no such site."))
    if wanted.timetable_id and not await db.timetables.is_shared(conn, wanted.timetable_id, owner_id):
        faults.append(Fault("#/timetable_id", "You have no such timetable."))
    if before and before.parts:
        if wanted.units > 1:
            faults.append(Fault("#/units", "A whole has exactly one unit."))
        if wanted.site_id != before.site_id:
            faults.append(Fault("#/site_id", "A whole and its parts are at one site."))
    if wanted.part_of:
        site_id = wanted.site_id
        faults += await db.parts.whole_faults(conn, owner_id, asset_id, wanted.part_of, site_id)
    if faults:
        raise Invalid(faults)


def created(asset: Asset, caller: Caller, now: datetime, request_id: str) -> Change:
    """What the event of a new asset records."""
    _, became = events.differences({}, msgspec.to_builtins(asset), texts=PRIVATE_TEXTS)
    return {
        "type": "asset.created",
        "object_kind": "asset",
        "object_id": asset.id,
        "owner_id": asset.owner_id,
        "version": 1,
        "before": None,
        "after": became,
        "caller": caller,
        "now": now,
        "request_id": request_id,
    }


async def load(conn: Connection, asset_id: UUID, caller: Caller | None) -> Asset:
    """An asset that the caller may know of. Raises NotFound."""
    found = await db.assets.load(conn, asset_id, caller.organisation_id if caller else None)
    if found is None:
        raise NotFound
    return found


router = Router("/assets", route_handlers=[create, list_, read, update], tags=["assets"])
