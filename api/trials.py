"""Trials: what a draft timetable would change, before anybody opens a door."""

from datetime import datetime

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from uuid_utils.compat import uuid7

import db.organisations
import db.timetables
import db.trials
import domain.hours
from api.problems import problems
from db.connection import Connection
from domain import errors, permissions, trials
from domain.callers import Caller
from domain.errors import Invalid, NotFound
from domain.trials import TimetableTrial, Trial


@post(
    operation_id="tryTimetable",
    status_code=200,
    responses=problems(NotFound, errors.HoursOverlap),
    opt={"dry_run": True},
)
async def try_(
    id_or_slug: FromPath[str],
    data: JSONBody[TimetableTrial],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
) -> Trial:
    """What would happen if assets of the caller's organisation had these hours. Nothing is stored.

    How long they would be open, and for how many minutes they would meet open needs that they do not meet now, or no
    longer: by the hour of the local week, as `getIdle` counts. At most 10 assets, and fewer the longer the span: 5 for
    92 days. They are taken as if they were listed, so that a draft can be tried too. Needs are those of others,
    measured from where others see them. Each is met as if it were alone: of those that want the same hour only as many
    can have it as there are units. In `total` each hour of a need counts once, although several of the assets could
    serve it.
    """
    owner_id = await db.organisations.id_of(conn, id_or_slug)
    if owner_id is None:
        raise NotFound
    permissions.require("tryTimetable", caller, owner_id=owner_id)
    if faults := list(trials.faults(data)):
        raise Invalid(faults)
    compiled = domain.hours.compile(data)
    if data.site_id:
        asset_ids = await db.trials.at_site(conn, owner_id, data.site_id, limit=data.most_assets + 1)
    else:
        asset_ids = await db.trials.named(conn, owner_id, data.asset_ids or [])
    if faults := list(trials.missing(data, asset_ids)):
        raise Invalid(faults)
    # A timetable that no asset takes, and that this transaction takes back: nobody waits for it and nobody sees it.
    draft_id = uuid7()
    await db.timetables.insert(conn, draft_id, owner_id, name=None, hours=data, compiled=compiled, now=now)
    return trials.compare(
        await db.trials.look(conn, owner_id, asset_ids, draft_id, data.starts_at, data.ends_at, now=now)
    )


router = Router("/organisations/{id_or_slug:str}/idle", route_handlers=[try_], tags=["organisations"])
