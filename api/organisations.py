"""Organisations: register, find, look at, change."""

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
import db.organisations
import db.tokens
from api.answers import Answer, AnyRequest, must_match
from api.bodies import Patch
from api.cursors import Cursors
from api.lists import Cursor, Limit, Pages
from api.problems import problems
from api.settings import Settings
from db.connection import Connection
from domain import errors, events, organisations, permissions
from domain.callers import Caller, OrganisationKind
from domain.errors import Forbidden, Invalid, NotFound
from domain.organisations import Organisation, OrganisationPage, OrganisationRequest, Registration
from domain.tokens import TokenRequest, make

Name = Annotated[str, Meta(min_length=1, max_length=200, description="Part of a name.")]


@post(operation_id="registerOrganisation", responses=problems(Forbidden, errors.SlugTaken, errors.IdentifierTaken))
async def register(
    data: JSONBody[OrganisationRequest],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller | None],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
    settings: NamedDependency[Settings],
) -> Answer[Registration]:
    """Register an organisation. The answer holds, for the only time, an admin's token.

    Nobody needs a token for this; an `Idempotency-Key` is heeded only with one.
    """
    permissions.allow("registerOrganisation", caller)
    if settings.registration == "closed":
        raise Forbidden("Registration is closed here; ask whoever runs this service.")
    refuse_faults(data)
    organisation = await db.organisations.insert(conn, uuid7(), data, now)
    token = await db.tokens.insert(
        conn,
        token_id=uuid7(),
        organisation_id=organisation.id,
        request=TokenRequest(name="First token", role="admin"),
        secret=make(),
        now=now,
    )
    await db.events.append(
        conn,
        type="organisation.registered",
        object_kind="organisation",
        object_id=organisation.id,
        owner_id=organisation.id,
        version=1,
        before=None,
        after={"kind": organisation.kind, "state": organisation.state},
        caller=Caller(organisation.id, organisation.kind, organisation.state, token.role, token.id),
        now=now,
        request_id=request_id,
    )
    return Answer(Registration(organisation, token), headers={"Location": f"/v1/organisations/{organisation.id}"})


@get(operation_id="listOrganisations", responses=problems(errors.CursorInvalid, errors.CursorMismatch))
async def list_(
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller | None],
    cursors: NamedDependency[Cursors],
    q: FromQuery[Name | None] = None,
    kind: FromQuery[OrganisationKind | None] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: FromQuery[Limit] = 20,
) -> OrganisationPage:
    """Organisations, newest first, whose name has `q` in it."""
    permissions.allow("listOrganisations", caller)
    pages = Pages(cursors, "listOrganisations", cursor, limit, q=q, kind=kind)
    rows = await db.organisations.page(
        conn,
        caller and caller.organisation_id,
        q=q,
        kind=kind,
        before=pages.position(UUID),
        limit=limit + 1,
    )
    return pages.page(OrganisationPage, rows, lambda row: row.id)


@get("/{id_or_slug:str}", operation_id="getOrganisation", responses=problems(NotFound))
async def read(
    id_or_slug: FromPath[str],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller | None],
    now: NamedDependency[datetime],
) -> Organisation:
    """An organisation, by its id or its slug. An owner that it has booked with is told its `record`."""
    permissions.allow("getOrganisation", caller)
    found = await db.organisations.find(conn, id_or_slug, caller and caller.organisation_id, now)
    if found is None:
        raise NotFound
    return found


@patch(
    "/{id_or_slug:str}",
    operation_id="updateOrganisation",
    responses=problems(NotFound, errors.SlugTaken, errors.IdentifierTaken, errors.StateDoesNotAllow),
)
async def update(
    request: AnyRequest,
    id_or_slug: FromPath[str],
    data: JSONBody[Patch[OrganisationRequest]],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Organisation:
    """Change what an organisation says of itself. Its state is the operator's to change.

    Once verified, so are its `kind` and `identifiers`, by which it was known.
    """
    organisation_id = await db.organisations.id_of(conn, id_or_slug)
    if organisation_id is None:
        raise NotFound
    permissions.require("updateOrganisation", caller, owner_id=organisation_id)
    await db.organisations.lock(conn, organisation_id)
    before = await db.organisations.reload(conn, organisation_id, now)
    must_match(request, before)
    wanted = data.merged_into(before.document())
    refuse_faults(wanted)
    organisations.must_stay_verified(before, wanted)
    after, version = await db.organisations.update(conn, organisation_id, wanted, now)
    was, became = events.differences(
        *(msgspec.to_builtins(msgspec.structs.replace(each, record=None)) for each in (before, after)),
        texts=organisations.PRIVATE_TEXTS,
    )
    await db.events.append(
        conn,
        type="organisation.updated",
        object_kind="organisation",
        object_id=organisation_id,
        owner_id=organisation_id,
        version=version,
        before=was,
        after=became,
        caller=caller,
        now=now,
        request_id=request_id,
    )
    return after


def refuse_faults(request: OrganisationRequest) -> None:
    """Raises Invalid with what is wrong beyond types."""
    if faults := list(organisations.faults(request)):
        raise Invalid(faults)


router = Router("/organisations", route_handlers=[register, list_, read, update], tags=["organisations"])
