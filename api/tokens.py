"""Tokens of the caller's organisation, and who the caller is."""

from datetime import datetime
from uuid import UUID

from litestar import Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from uuid_utils.compat import uuid7

import db.events
import db.idempotency
import db.organisations
import db.tokens
from api.answers import AnyRequest, must_match
from api.cursors import Cursors
from api.lists import Cursor, Limit, Pages
from api.problems import problems
from db.connection import Connection
from domain import errors, permissions
from domain.callers import Caller
from domain.errors import Fault, Invalid, NotFound
from domain.organisations import Me
from domain.tokens import Token, TokenPage, TokenRequest, make


@get("/me", operation_id="whoAmI", tags=["me"], opt={"resource": True})
async def who_am_i(
    conn: NamedDependency[Connection], caller: NamedDependency[Caller], now: NamedDependency[datetime]
) -> Me:
    """The organisation, the role and the token that this request was made with."""
    permissions.require("whoAmI", caller)
    organisation = await db.organisations.reload(conn, caller.organisation_id, now)
    token = await db.tokens.load(conn, caller.token_id, caller.organisation_id)
    if token is None:  # revoked between two statements
        raise errors.TokenRevoked
    return Me(organisation, caller.role, token)


@post("/tokens", operation_id="createToken")
async def create(
    data: JSONBody[TokenRequest],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> Token:
    """Make a token for the caller's organisation. `token` is told now and never again."""
    permissions.require("createToken", caller)
    if data.expires_at is not None and data.expires_at <= now:
        raise Invalid([Fault("#/expires_at", f"It must be later than now, {now:%Y-%m-%dT%H:%M:%SZ}.")])
    token = await db.tokens.insert(
        conn,
        token_id=uuid7(),
        organisation_id=caller.organisation_id,
        request=data,
        secret=make(),
        now=now,
    )
    await db.events.append(
        conn,
        type="token.created",
        object_kind="token",
        object_id=token.id,
        owner_id=caller.organisation_id,
        version=1,
        before=None,
        after={"role": token.role, "expires_at": token.expires_at},
        caller=caller,
        now=now,
        request_id=request_id,
    )
    return token


@get("/tokens", operation_id="listTokens", responses=problems(errors.CursorInvalid, errors.CursorMismatch))
async def list_(
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    cursors: NamedDependency[Cursors],
    cursor: FromQuery[Cursor | None] = None,
    limit: FromQuery[Limit] = 20,
) -> TokenPage:
    """The tokens of the caller's organisation that are not revoked, newest first."""
    permissions.require("listTokens", caller)
    pages = Pages(cursors, "listTokens", cursor, limit)
    rows = await db.tokens.page(conn, caller.organisation_id, pages.position(UUID), limit + 1)
    return pages.page(TokenPage, rows, lambda row: row.id)


@get("/tokens/{token_id:uuid}", operation_id="getToken", responses=problems(NotFound))
async def read(token_id: FromPath[UUID], conn: NamedDependency[Connection], caller: NamedDependency[Caller]) -> Token:
    """A token of the caller's organisation, without its secret."""
    found = await db.tokens.load(conn, token_id, caller.organisation_id)
    if found is None:
        raise NotFound
    permissions.require("getToken", caller, owner_id=caller.organisation_id)
    return found


@delete("/tokens/{token_id:uuid}", operation_id="revokeToken", responses=problems(NotFound))
async def revoke(
    request: AnyRequest,
    token_id: FromPath[UUID],
    conn: NamedDependency[Connection],
    caller: NamedDependency[Caller],
    now: NamedDependency[datetime],
    request_id: NamedDependency[str],
) -> None:
    """End a token at once, be it the one in use."""
    if await db.tokens.load(conn, token_id, caller.organisation_id) is None:
        raise NotFound
    permissions.require("revokeToken", caller, owner_id=caller.organisation_id)
    found = await db.tokens.lock(conn, token_id, caller.organisation_id)
    if found is None:  # revoked while this waited
        raise NotFound
    must_match(request, found)
    version = await db.tokens.revoke(conn, token_id, now)
    await db.idempotency.forget(conn, token_id)
    await db.events.append(
        conn,
        type="token.revoked",
        object_kind="token",
        object_id=token_id,
        owner_id=caller.organisation_id,
        version=version,
        before={"role": found.role},
        after=None,
        caller=caller,
        now=now,
        request_id=request_id,
    )


router = Router("/", route_handlers=[who_am_i, create, list_, read, revoke], tags=["tokens"])
