"""The operations that the routes make, and what follows from each route for its callers."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

import msgspec
from litestar import Litestar, Response
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from api import problems, queries
from api.answers import Answer
from api.bodies import Patch
from api.problems import Refusals
from domain import errors, permissions
from domain.errors import Refused


class Operation(msgspec.Struct):
    """A route's method, and the types that it names."""

    path: str
    method: str
    handler: HTTPRouteHandler
    parameters: Mapping[str, queries.QueryParameter]
    body: Any

    @property
    def name(self) -> str:
        """Its operationId."""
        return str(self.handler.operation_id)

    @property
    def answer(self) -> Any:
        """The Struct that it answers, or None."""
        kind = self.handler.parsed_fn_signature.return_type.annotation
        return get_args(kind)[0] if get_origin(kind) in {Answer, Response} else kind

    @property
    def status(self) -> int:
        """Of success."""
        return int(self.handler.status_code)

    @property
    def tags(self) -> list[str]:
        """The resource it belongs to: said by the route, else by its router."""
        return next((list(each.tags) for each in reversed(self.handler.ownership_layers) if each.tags), [])

    @property
    def slot(self) -> str:
        """Its name as a type's."""
        return self.name[0].upper() + self.name[1:]

    def kinds(self) -> Iterator[tuple[str, Any]]:
        """Every type that it names, with a name for an enumeration that has none."""
        for name, each in self.parameters.items():
            yield self.slot + name.title().replace("_", ""), each.kind
        if self.body:
            yield "", get_args(self.body)[0] if get_origin(self.body) is Patch else self.body
        if self.answer not in {None, type(None)}:
            yield "", self.answer


def find(app: Litestar) -> Iterator[Operation]:
    """The operations under /v1."""
    for route in app.routes:
        if isinstance(route, HTTPRoute) and route.path.startswith("/v1"):
            for handler in route.route_handlers:
                if handler.operation_id and handler.include_in_schema is not False:
                    (method,) = handler.http_methods
                    path = "".join(
                        f"/{{{part.name}}}" if hasattr(part, "name") else f"/{part}" for part in route.path_components
                    )
                    takes = app.state.taken[handler]
                    yield Operation(path, method, handler, takes.query, takes.body)


def conditions(operation: Operation) -> Iterator[str]:
    """The headers that it heeds."""
    row = permissions.TABLE.get(operation.name)
    if operation.handler.opt.get("dry_run"):
        return
    if operation.method == "POST" and row and not row.nobody:
        yield "IdempotencyKey"
    acts = operation.method == "POST" and (operation.status == 200 or tells_hits(operation))
    if operation.method in {"PUT", "PATCH", "DELETE"} or acts:
        yield "IfMatch"
    if operation.method == "GET" and is_resource(operation):
        yield "IfNoneMatch"


def is_resource(operation: Operation) -> bool:
    """Whether its answer has an ETag."""
    fields = getattr(operation.answer, "__struct_fields__", ())
    return "id" in fields or bool(operation.handler.opt.get("resource"))


def has_etag(operation: Operation) -> bool:
    """Whether its answer comes with an ETag: a resource, or a change that tells what it hits."""
    return is_resource(operation) or tells_hits(operation)


def tells_hits(operation: Operation) -> bool:
    """Whether it answers which bookings it hits, and so takes the ETag of its dry run."""
    return "bookings_hit" in getattr(operation.answer, "__struct_fields__", ())


def has_dry_run(operation: Operation) -> bool:
    """Whether its body can ask for one."""
    return "dry_run" in getattr(operation.body, "__struct_fields__", ())


def refusals(operation: Operation) -> dict[int, list[type[Refused]]]:
    """Every way to refuse, by status: the route's own, and those of any route of its kind."""
    row = permissions.TABLE[operation.name]
    found: list[type[Refused]] = [errors.Malformed, errors.TokenExpired, errors.TokenRevoked, errors.Unauthenticated]
    found += [errors.NotAcceptable, errors.Invalid, errors.RateLimited, errors.Overloaded, errors.Internal]
    if not row.nobody:
        found.append(errors.Forbidden)
    if row.changes:
        found.append(errors.Suspended)
    if row.verified:
        found.append(errors.Unverified)
    if operation.method != "GET":
        found.append(errors.TooLarge)
    if operation.body:
        found.append(errors.UnsupportedMediaType)
    if "IdempotencyKey" in conditions(operation):
        found += [errors.StillRunning, errors.KeyReused]
    if "IfMatch" in conditions(operation):
        found.append(errors.PreconditionFailed)
    for spec in (operation.handler.responses or {}).values():
        found += spec.kinds if isinstance(spec, Refusals) else ()
    by_status: dict[int, list[type[Refused]]] = {}
    for kind in sorted(set(found), key=lambda each: each.slug):
        by_status.setdefault(problems.STATUS[kind], []).append(kind)
    return by_status
