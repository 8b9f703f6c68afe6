"""Needs: an organisation says once what it looks for."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Router, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from uuid_utils.compat import uuid7

import db.events
import db.jobs
import db.needs
import domain.needs
from api.answers import AnyRequest, must_match
from api.bodies import Patch
from api.cursors import Cursors
from api.lists import Cursor, Limit, Pages
from api.problems import problems
from db.connection import Connection
from domain import errors, events, permissions
from domain.callers import Caller
from domain.errors import NotFound, StateDoesNotAllow
from domain.jobs import MatchNeed
from domain.needs import PRIVATE_TEXTS, Need, NeedPage, NeedRequest, NeedState


@post(operation_id="createNeed")
async def create(
    data: JSONBody[NeedRequest],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Need:
    """Say what the caller's organisation looks for. Others are told of it only to about 1 km, and not whose it is."""
    permissions.require("createNeed", caller)
    planned = domain.needs.plan(data, now)
    need_id = uuid7()
    await db.needs.insert(conn, need_id, caller.organisation_id, planned, now)
    await db.jobs.add(conn, MatchNeed(caller.organisation_id, need_id))
    await record(conn, "need.created", need_id, 1, None, domain.needs.told(planned), caller, now, request_id)
    return await load(conn, need_id, caller, now)


@get(operation_id="listNeeds", responses=problems(errors.CursorInvalid, errors.CursorMismatch))
async def list_(
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    cursors: NamedDependency[Cursors],
    in_state: Annotated[NeedState | None, QueryParameter(name="state")] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: FromQuery[Limit] = 20,
) -> NeedPage:
    """The needs of the caller's organisation, newest first."""
    permissions.require("listNeeds", caller)
    pages = Pages(cursors, "listNeeds", cursor, limit, state=in_state)
    rows = await db.needs.page(
        conn, caller.organisation_id, state=in_state, now=now, after=pages.position(UUID), limit=limit + 1
    )
    return pages.page(NeedPage, rows, lambda row: row.id)


@get("/{need_id:uuid}", operation_id="getNeed", responses=problems(NotFound))
async def read(
    need_id: FromPath[UUID],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
) -> Need:
    """A need with what is booked for each of its occurrences: to the organisation whose it is, and to owners with which
    that has bookings, who see of these only their own.
    """
    found = await db.needs.show(conn, need_id, caller.organisation_id, now)
    if found is None:
        raise NotFound
    permissions.require("getNeed", caller, owner_id=caller.organisation_id)
    return found


@patch("/{need_id:uuid}", operation_id="updateNeed", responses=problems(NotFound, errors.PreconditionFailed))
async def update(
    request: AnyRequest,
    need_id: FromPath[UUID],
    data: JSONBody[Patch[NeedRequest]],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Need:
    """Change what is looked for; what is booked for it stays."""
    before = await lock(request, "updateNeed", need_id, conn, caller, now)
    planned = domain.needs.plan(data.merged_into(domain.needs.as_sent(before)), now)
    version = await db.needs.update(conn, need_id, caller.organisation_id, planned, now)
    await db.jobs.add(conn, MatchNeed(caller.organisation_id, need_id))
    after = await load(conn, need_id, caller, now)
    was, became = events.differences(msgspec.to_builtins(before), msgspec.to_builtins(after), texts=PRIVATE_TEXTS)
    await record(conn, "need.updated", need_id, version, was, became, caller, now, request_id)
    return after


@post(
    "/{need_id:uuid}/close",
    operation_id="closeNeed",
    status_code=200,
    responses=problems(NotFound, StateDoesNotAllow, errors.PreconditionFailed),
)
async def close(
    request: AnyRequest,
    need_id: FromPath[UUID],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Need:
    """Look for it no more; what is booked for it stays."""
    before = await lock(request, "closeNeed", need_id, conn, caller, now)
    if before.state == "closed":
        raise StateDoesNotAllow("It is closed already.", states=("open", "met", "lapsed"))
    version = await db.needs.close(conn, need_id, caller.organisation_id, now)
    was, became = {"state": before.state}, {"state": "closed"}
    await record(conn, "need.closed", need_id, version, was, became, caller, now, request_id)
    return await load(conn, need_id, caller, now)


async def lock(
    request: AnyRequest, operation: str, need_id: UUID, conn: Connection, caller: Caller, now: datetime
) -> Need:
    """A need of the caller's organisation, locked. Raises NotFound, Forbidden, PreconditionFailed."""
    owner_id = (await load(conn, need_id, caller, now)).owner_id
    permissions.require(operation, caller, owner_id=owner_id)
    await db.needs.lock(conn, need_id, owner_id)
    found = await load(conn, need_id, caller, now)
    must_match(request, found)
    return found


async def load(conn: Connection, need_id: UUID, caller: Caller, now: datetime) -> Need:
    """A need of the caller's organisation. Raises NotFound."""
    found = await db.needs.load(conn, need_id, caller.organisation_id, now)
    if found is None:
        raise NotFound
    return found


async def record(
    conn: Connection,
    type: str,  # noqa: A002 - as events call it
    need_id: UUID,
    version: int,
    before: Mapping[str, object] | None,
    after: Mapping[str, object] | None,
    caller: Caller,
    now: datetime,
    request_id: str,
) -> None:
    """What became of a need, for the organisation alone."""
    await db.events.append(
        conn,
        type=type,
        object_kind="need",
        object_id=need_id,
        owner_id=caller.organisation_id,
        version=version,
        before=before,
        after=after,
        caller=caller,
        now=now,
        request_id=request_id,
    )


router = Router("/needs", route_handlers=[create, list_, read, update, close], tags=["needs"])
