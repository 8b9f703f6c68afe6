"""The feed of changes that the caller may see."""

from typing import Annotated

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from msgspec import Meta

import db.events
from api.cursors import Cursors
from api.lists import Limit
from api.problems import problems
from db.connection import Connection
from db.events import Place
from domain import permissions
from domain.callers import Caller
from domain.errors import CursorInvalid, CursorMismatch, Fault
from domain.events import EventPage

After = Annotated[str, Meta(max_length=2000, description="`next` of an earlier answer: only what came after it.")]


@get(operation_id="listEvents", responses=problems(CursorInvalid, CursorMismatch), opt={"cursor": "after"})
async def list_(
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    cursors: NamedDependency[Cursors],
    after: FromQuery[After | None] = None,
    limit: FromQuery[Limit] = 20,
) -> EventPage:
    """Changes of what the caller's organisation owns or has booked, from the first on.

    Nothing is missed and `next` is never null: ask again with it. Those that name the organisation in `hears` are its
    inbox: what its people have to know or to answer. Changes of one object are in the order of
    `object.version`, not of the feed.
    """
    permissions.require("listEvents", caller)
    mine = {"organisation": caller.organisation_id}
    place = cursors.decode("listEvents", mine, after, Place, pointer="?after") if after is not None else None
    found, end = await db.events.read(conn, caller.organisation_id, place, limit)
    if place is not None and end.epoch != place.epoch:
        raise CursorInvalid([Fault("?after", "The feed began anew since; read it from its beginning.")])
    return EventPage(found, cursors.encode("listEvents", mine, end))


router = Router("/events", route_handlers=[list_], tags=["events"])
