"""Copies of an asset at other sites."""

from datetime import datetime
from uuid import UUID

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from uuid_utils.compat import uuid7

import db.assets
import db.copies
import db.events
import domain.copies
from api.assets import created, load
from api.problems import problems
from db.connection import Connection
from domain import permissions
from domain.assets import AssetPage
from domain.callers import Caller
from domain.copies import CopyRequest
from domain.errors import Invalid, NotFound, StateDoesNotAllow


@post("/copy", operation_id="copyAsset", responses=problems(NotFound, StateDoesNotAllow))
async def copy(
    asset_id: FromPath[UUID],
    data: JSONBody[CopyRequest],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> AssetPage:
    """Make drafts like an asset at sites of its owner, one at each: answered in the order of `site_ids`.

    They have all that can be sent of it but `arrival`, which tells how to get in elsewhere, and `part_of`. Parts
    are copied with it, to any depth, unless archived. A shared timetable is kept; hours of its own become each copy's.
    """
    owner_id = (await load(conn, asset_id, caller)).owner_id
    permissions.require("copyAsset", caller, owner_id=owner_id)
    await db.copies.lock(conn, owner_id, asset_id)
    if (await load(conn, asset_id, caller)).state == "archived":
        raise StateDoesNotAllow("It is archived, and an archived asset is not copied: copy another, or create one.")
    originals = await db.copies.originals(conn, owner_id, asset_id)
    private = await db.copies.keep_sites(conn, owner_id, data.site_ids)
    if faults := list(domain.copies.faults(data.site_ids, originals, private)):
        raise Invalid(faults)
    copies = domain.copies.plan(data.site_ids, originals, uuid7)
    await db.copies.insert(conn, owner_id, copies, now)
    made = await db.assets.load_all(conn, [each.id for each in copies], owner_id)
    await db.events.append_all(conn, [created(each, caller, now, request_id) for each in made.values()])
    return AssetPage([made[each.id] for each in copies if each.original.id == asset_id], None)


router = Router("/assets/{asset_id:uuid}", route_handlers=[copy], tags=["assets"])
