"""Sites: the places at which assets are."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Router, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta
from uuid_utils.compat import uuid7

import db.events
import db.sites
import domain.sites
from api.answers import AnyRequest, must_match
from api.bodies import Patch
from api.cursors import Cursors
from api.lists import Cursor, Limit, Pages
from api.problems import problems
from db.connection import Connection
from domain import errors, events, permissions
from domain.callers import Caller
from domain.errors import NotFound
from domain.sites import PRIVATE_TEXTS, Site, SitePage, SiteRequest

Text = Annotated[str, Meta(min_length=1, max_length=200, description="Part of a name or an address.")]


@post(operation_id="createSite")
async def create(
    request: AnyRequest,
    data: JSONBody[SiteRequest],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Site:
    """Add a site of the caller's organisation, placed by a point or by a postcode alone."""
    permissions.require("createSite", caller)
    placed = domain.sites.place(data, request.app.state.zones)
    site_id, owner_id = uuid7(), caller.organisation_id
    await db.sites.insert(conn, site_id, owner_id, placed, now)
    site = await load(conn, site_id, caller)
    await db.events.append(
        conn,
        type="site.created",
        object_kind="site",
        object_id=site_id,
        owner_id=owner_id,
        version=1,
        before=None,
        after={"precision": site.precision, "timezone": site.timezone, "private": site.private},
        caller=caller,
        now=now,
        request_id=request_id,
    )
    return site


@get(operation_id="listSites", responses=problems(errors.CursorInvalid, errors.CursorMismatch))
async def list_(
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller | None],
    cursors: NamedDependency[Cursors],
    owner_id: FromQuery[UUID | None] = None,
    q: FromQuery[Text | None] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: FromQuery[Limit] = 20,
) -> SitePage:
    """Sites, newest first, whose name or address has `q` in it."""
    permissions.allow("listSites", caller)
    pages = Pages(cursors, "listSites", cursor, limit, owner_id=owner_id, q=q)
    rows = await db.sites.page(
        conn,
        caller.organisation_id if caller else None,
        owner_id=owner_id,
        q=q,
        after=pages.position(UUID),
        limit=limit + 1,
    )
    return pages.page(SitePage, rows, lambda row: row.id)


@get("/{site_id:uuid}", operation_id="getSite", responses=problems(NotFound))
async def read(
    site_id: FromPath[UUID], conn: NamedDependency[Connection], caller: NamedDependency[Caller | None]
) -> Site:
    """A site. A private one is answered to others within about 1 km and without its address."""
    permissions.allow("getSite", caller)
    return await load(conn, site_id, caller)


@patch("/{site_id:uuid}", operation_id="updateSite", responses=problems(NotFound))
async def update(
    request: AnyRequest,
    site_id: FromPath[UUID],
    data: JSONBody[Patch[SiteRequest]],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Site:
    """Change a site. Its assets move with it; bookings made stay at their instants."""
    owner_id = (await load(conn, site_id, caller)).owner_id
    permissions.require("updateSite", caller, owner_id=owner_id)
    await db.sites.lock(conn, site_id, owner_id)
    before = await load(conn, site_id, caller)
    must_match(request, before)
    placed = domain.sites.place(
        data.merged_into(domain.sites.as_sent(before)),
        request.app.state.zones,
        people=await db.sites.has_people(conn, site_id, owner_id),
    )
    version = await db.sites.update(conn, site_id, owner_id, placed, now)
    after = await load(conn, site_id, caller)
    was, became = events.differences(msgspec.to_builtins(before), msgspec.to_builtins(after), texts=PRIVATE_TEXTS)
    await db.events.append(
        conn,
        type="site.updated",
        object_kind="site",
        object_id=site_id,
        owner_id=owner_id,
        version=version,
        before=was,
        after=became,
        caller=caller,
        now=now,
        request_id=request_id,
    )
    return after


async def load(conn: Connection, site_id: UUID, caller: Caller | None) -> Site:
    """A site as the caller sees it. Raises NotFound."""
    found = await db.sites.load(conn, site_id, caller.organisation_id if caller else None)
    if found is None:
        raise NotFound
    return found


router = Router("/sites", route_handlers=[create, list_, read, update], tags=["sites"])
