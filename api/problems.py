"""Refusals as RFC 9457 problems: one table from slug to status, one way for everything that is raised."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import asyncpg
import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.openapi.datastructures import ResponseSpec

from domain import errors
from domain.errors import Refused

log = structlog.stdlib.get_logger("fallow")

MEDIA_TYPE = "application/problem+json"
STATUS: Mapping[type[Refused], int] = {
    errors.Malformed: 400,
    errors.Unauthenticated: 401,
    errors.TokenExpired: 401,
    errors.TokenRevoked: 401,
    errors.Forbidden: 403,
    errors.Suspended: 403,
    errors.Unverified: 403,
    errors.NotFound: 404,
    errors.MethodNotAllowed: 405,
    errors.NotAcceptable: 406,
    errors.NotBookable: 409,
    errors.HoldExpired: 409,
    errors.StateDoesNotAllow: 409,
    errors.AssetInUse: 409,
    errors.NotPublishable: 409,
    errors.SlugTaken: 409,
    errors.IdentifierTaken: 409,
    errors.StillRunning: 409,
    errors.PreconditionFailed: 412,
    errors.TooLarge: 413,
    errors.UnsupportedMediaType: 415,
    errors.Invalid: 422,
    errors.PartsCycle: 422,
    errors.HoursOverlap: 422,
    errors.KeyReused: 422,
    errors.CursorInvalid: 422,
    errors.CursorMismatch: 422,
    errors.PreconditionRequired: 428,
    errors.RateLimited: 429,
    errors.Overloaded: 503,
    errors.Internal: 500,
}
BY_SLUG: Mapping[str, type[Refused]] = {kind.slug: kind for kind in STATUS}
OF_LITESTAR: Mapping[int, type[Refused]] = {
    400: errors.Malformed,
    405: errors.MethodNotAllowed,
    413: errors.TooLarge,
    415: errors.UnsupportedMediaType,
}
NO_SUCH_ADDRESS = (
    "There is no such address; /docs has those that there are. An id in one is whole, such as"
    " 01890a5d-ac96-774b-bcce-b302099a8057."
)
# The connection broke: whether a commit on its way was reached nobody knows.
LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what it said last to an idle connection
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    ConnectionError,
    TimeoutError,
)
UNABLE = (
    asyncpg.LockNotAvailableError,
    asyncpg.CannotConnectNowError,
    asyncpg.InsufficientResourcesError,  # connections, memory, room on the disk
    asyncpg.PostgresIOError,
    asyncpg.QueryCanceledError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
)
IN_DOUBT = (
    "The database went away, and it is not known whether anything was changed; send it again after Retry-After "
    "seconds, with the same Idempotency-Key, or look first."
)


class PointedFault(msgspec.Struct, frozen=True):
    """One thing that is wrong: where (`#/periods/0/starts_at` in the body, `?lat` in the query, a header), and what."""

    pointer: str
    detail: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request was refused (RFC 9457). `type` is the address of a page that explains it."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[PointedFault]


@dataclass
class Refusals(ResponseSpec):
    """The ways in which a route refuses with one status."""

    kinds: tuple[type[Refused], ...] = ()


def problems(*kinds: type[Refused]) -> dict[int, ResponseSpec]:
    """The `responses=` of a route that refuses in these ways; `openapi.py` adds what any route may answer."""
    by_status: dict[int, list[type[Refused]]] = {}
    for kind in kinds:
        by_status.setdefault(STATUS[kind], []).append(kind)
    return {status: Refusals(data_container=Problem, kinds=tuple(each)) for status, each in by_status.items()}


Handler = Callable[[Request[Any, Any, Any], Any], Response[bytes]]


def answer(request: Request[Any, Any, Any], refused: Refused) -> Response[bytes]:
    """A refusal as its problem."""
    kind = type(refused)
    status = STATUS[kind]
    if isinstance(refused, errors.NotBookable):
        codes = [reason.code for each in refused.occurrences for reason in each.why_not]
        request.scope["state"]["told"]["refused_for"] = codes
    problem = {
        "type": f"/problems/{kind.slug}",
        "title": kind.title(),
        "status": status,
        "detail": refused.detail,
        "instance": request.scope["path"],
        "request_id": request.scope["state"].get("request_id", ""),
        "errors": [{"pointer": each.pointer, "detail": each.detail} for each in refused.faults],
        **refused.members,
    }
    return Response(
        msgspec.json.encode(problem),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers=dict(headers(refused, status)),
    )


def headers(refused: Refused, status: int) -> Iterator[tuple[str, str]]:
    """What HTTP wants to be said beside the problem."""
    yield "Cache-Control", "no-store"
    if status == 401:
        yield "WWW-Authenticate", "Bearer"
    if status == 503:
        yield "Retry-After", "1"
    if isinstance(refused, errors.MethodNotAllowed) and refused.allow:
        yield "Allow", refused.allow


def refused_by_us(request: Request[Any, Any, Any], error: Refused) -> Response[bytes]:
    """What the domain refused."""
    if isinstance(error, errors.NotFound) and error.detail == error.usual and request.path_params:
        name = list(request.path_params)[-1]
        thing = "organisation" if name == "id_or_slug" else name.removesuffix("_id").replace("_", " ")
        error = errors.NotFound(f"There is no such {thing}, or it is private to others.")
    return answer(request, error)


def refused_by_litestar(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """What the framework refused before a handler saw it."""
    if error.status_code == 404:
        return answer(request, errors.NotFound(NO_SUCH_ADDRESS))
    if error.status_code == 405:
        if not (allow := ", ".join(allowed(request))):
            return answer(request, errors.NotFound(NO_SUCH_ADDRESS))
        return answer(request, errors.MethodNotAllowed(f"It takes {allow}, and not {request.method}.", allow=allow))
    kind = OF_LITESTAR.get(error.status_code)
    if kind is None:
        return failed(request, error)
    return answer(request, kind())


def allowed(request: Request[Any, Any, Any]) -> list[str]:
    """The methods that this address does take: none where what should be an id is not."""
    found = []
    for method in ("DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT"):
        with suppress(MethodNotAllowedException, NotFoundException):
            request.app.asgi_router.handle_routing(path=request.scope["path"].rstrip("/") or "/", method=method)
            found += ["GET", "HEAD"] if method == "GET" else [method]
    return found


def failed(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """What nobody foresaw, or the database could not do. Only the log says what it was."""
    if isinstance(error, asyncpg.DeadlockDetectedError | asyncpg.SerializationError):
        if not request.scope["state"].get("last_attempt", True):
            raise error  # api/retries.py tries again
        return answer(request, errors.Overloaded())
    if isinstance(error, UNABLE):
        log.warning("unavailable", error=type(error).__name__)
        return answer(request, errors.Overloaded())
    if isinstance(error, LOST) and not isinstance(error, ValueError):  # asyncpg's own is a wrong argument
        log.warning("unavailable", error=type(error).__name__)
        return answer(request, errors.Overloaded(IN_DOUBT if request.method != "GET" else None))
    log.error("failed", exc_info=error)
    return answer(request, errors.Internal())


HANDLERS: Mapping[int | type[Exception], Handler] = {
    Refused: refused_by_us,
    HTTPException: refused_by_litestar,
    Exception: failed,
}
