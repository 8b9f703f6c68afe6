"""What handlers are given by name: `conn`, `caller`, `now`, `request_id`, `settings`, `cursors`.

`conn` is the only yield dependency, and whatever can be refused before a handler runs is refused inside it: Litestar
closes what a dependency opened only once all of them are there.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any, cast

import structlog
from litestar import Litestar
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.routes import HTTPRoute

import db.places
import db.tokens
from api import alternatives, idempotency
from api.answers import AnyRequest
from api.cursors import Cursors
from api.settings import Settings
from db import seating
from db.connection import PATIENCE, TROUBLE, Connection, Pool, begin
from db.tokens import Found
from domain.callers import Caller
from domain.errors import NotBookable, Overloaded, TokenExpired, TokenRevoked, Unauthenticated
from domain.tokens import is_well_formed

log = structlog.stdlib.get_logger("fallow")


@asynccontextmanager
async def borrow(pool: Pool) -> AsyncIterator[Connection]:
    """A connection of a pool. Raises Overloaded when none comes free in time or the database is away."""
    try:
        conn = await pool.acquire(timeout=PATIENCE)
    except TROUBLE as error:
        log.warning("unavailable", error=type(error).__name__)
        raise Overloaded from None
    try:
        yield conn
    finally:
        with suppress(*TROUBLE):
            await pool.release(conn)  # whose end no cancellation prevents


@asynccontextmanager
async def transaction(conn: Connection, request: AnyRequest) -> AsyncIterator[None]:
    """One transaction, which a dry run takes back. What was raised in it stays what is raised, also where the
    connection cannot even roll back.
    """
    begin(conn)
    begun = conn.transaction()
    await begun.start()
    try:
        yield
    except BaseException:
        with suppress(*TROUBLE):
            await begun.rollback()
        raise
    if request.state.dry_run:
        await begun.rollback()
    else:
        await begun.commit()


@asynccontextmanager
async def offering(request: AnyRequest) -> AsyncIterator[None]:
    """What cannot be booked is refused with what could be instead, as far as that can be found out soon.

    It is looked for when nothing is locked any more, and a crowd that is refused one asset waits for it at a door.
    """
    pools = request.app.state
    try:
        yield
    except NotBookable as refused:
        if refused.came_free and not request.state.dry_run:
            await offer_to_those_in_line(request, refused)
        try:
            door = pools.doors.through(f"instead of {refused.unmet.asset_id}")
            async with door, borrow(pools.reading) as conn:
                await alternatives.offer(conn, refused, request.state.now)
        except (Overloaded, *TROUBLE) as error:
            log.warning("alternatives not found", error=type(error).__name__)
        raise


async def offer_to_those_in_line(request: AnyRequest, refused: NotBookable) -> None:
    """Have what was found to have come free offered, though the request that found it is refused and rolled back."""
    now, name = request.state.now, await provide_request_id(request)
    asset_id, owner_id, *_ = refused.unmet
    try:
        async with borrow(request.app.state.writing) as conn, conn.transaction():
            begin(conn)
            place = await db.places.lock_own(conn, asset_id, owner_id)
            await seating.settle(conn, place, now=now, request_id=name)
            await seating.finish(conn, now=now, request_id=name)
    except (Overloaded, *TROUBLE) as error:  # a worker will
        log.warning("not offered yet", error=type(error).__name__)


async def connection(request: AnyRequest) -> AsyncIterator[Connection]:
    """For a GET, a read-only connection, each statement by itself; else one transaction for the whole request.

    It commits when the handler has answered and before anything is sent, so that whoever has the answer can read
    what it says. Raises Unauthenticated, TokenExpired, TokenRevoked; on POST also what `idempotency.claim` raises.
    """
    pools = request.app.state
    if request.method == "GET":
        async with borrow(pools.reading) as conn:
            await identify(request, conn)
            yield conn
        return
    key = await idempotency.key(request)
    async with (
        offering(request),
        pools.doors.through(busy(request)),
        borrow(pools.writing) as conn,
        transaction(conn, request),
    ):
        if key:
            found, first = await idempotency.claim(conn, request.state.token, key, request.state.now)
            admit(request, found)
            if first:
                raise idempotency.repeated(first, key)
        else:
            await identify(request, conn)
        yield conn
        if not request.state.dry_run:
            name = await provide_request_id(request)
            await seating.finish(conn, now=request.state.now, request_id=name)
        if key:
            await idempotency.remember(request, conn, key)


def busy(request: AnyRequest) -> str | None:
    """The asset that a change is about to lock, as far as the request says."""
    document = request.state.document
    named = document.get("asset_id") if isinstance(document, dict) else None
    return str(named or request.path_params.get("asset_id") or "").lower() or None


def sent_token(request: AnyRequest) -> str | None:
    """The token that was sent, if one was. Raises Unauthenticated for what cannot be one."""
    sent = request.headers.getall("authorization", [])
    if not sent:
        return None
    scheme, _, token = sent[0].partition(" ")
    if len(sent) > 1 or scheme.lower() != "bearer" or not is_well_formed(token.strip()):
        raise Unauthenticated(
            "The header Authorization, sent once, must be: Bearer fallow_…, then the rest of the token as it was given."
        )
    return token.strip()


async def identify(request: AnyRequest, conn: Connection) -> None:
    """Find out whose token was sent. Raises as `admit` does."""
    if token := request.state.token:
        admit(request, await db.tokens.find(conn, token))


def admit(request: AnyRequest, found: Found | None) -> None:
    """Leave the caller of a token in `request.state.caller`. Raises Unauthenticated, TokenRevoked, TokenExpired."""
    now = request.state.now
    if found is None:
        raise Unauthenticated("Fallow has given out no such token; check that it was copied whole.")
    if found.caller.state == "closed":
        raise TokenRevoked("Its organisation was closed.")
    if found.revoked:
        raise TokenRevoked
    if found.expires_at and found.expires_at <= now:
        raise TokenExpired(f"It was good until {found.expires_at:%Y-%m-%dT%H:%M:%SZ}. {TokenExpired.usual}")
    if found.last_used_on != now.date():
        request.state.first_use_today = found.caller.token_id
    request.state.caller = found.caller


async def authenticate(request: AnyRequest) -> None:
    """Raise what speaks against the token that was sent, if one was, when the request is refused anyway."""
    if request.state.token:
        async with borrow(request.app.state.reading) as conn:
            await identify(request, conn)


async def note_use(request: AnyRequest) -> None:
    """After the answer: write down the day on which a token was used, once a day."""
    token_id = request.state.first_use_today
    if token_id is None:
        return
    try:
        async with borrow(request.app.state.writing) as conn:
            await db.tokens.touch(conn, token_id, request.state.now.date())
    except (Overloaded, *TROUBLE) as error:
        log.warning("use of a token not noted", error=type(error).__name__)


async def provide_caller(request: AnyRequest, conn: NamedDependency[Connection]) -> Caller | None:
    """Who asks; never None where `domain.permissions` has no row for nobody."""
    del conn  # it has found out
    return cast("Caller | None", request.state.caller)


async def provide_now(request: AnyRequest) -> datetime:
    """The moment at which this request happens, in UTC."""
    return cast("datetime", request.state.now)


async def provide_request_id(request: AnyRequest) -> str:
    """The name under which the log and events know this request."""
    return str(request.scope["state"].get("request_id", ""))


async def provide_settings(state: State) -> Settings:
    """What is set from outside."""
    return cast("Settings", state.settings)


async def provide_cursors(state: State) -> Cursors:
    """What makes and reads cursors."""
    return cast("Cursors", state.cursors)


def tick(clock: Any) -> datetime:
    """The time of a clock, in UTC."""
    return cast("datetime", clock()).astimezone(UTC)


def wall_clock() -> datetime:
    """The clock of this machine."""
    return datetime.now(UTC)


DEPENDENCIES: Mapping[str, Provide] = {
    "conn": Provide(connection),
    "caller": Provide(provide_caller),
    "now": Provide(provide_now),
    "request_id": Provide(provide_request_id),
    "settings": Provide(provide_settings),
    "cursors": Provide(provide_cursors),
}


def make_one_by_one(app: Litestar) -> None:
    """Have what a handler is given made one after another: Litestar would start a task for each, which costs more."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for _, model in route.route_handler_map.values():
                model.dependency_batches = [{each} for batch in model.dependency_batches for each in batch]
