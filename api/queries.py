"""Before a handler runs: its time, its query, what it may be sent and may answer; all of it refused strictly."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from api.bodies import check_content_type
from api.deps import AnyRequest, tick
from api.strict import is_instant, leaf, unwrap
from domain import permissions
from domain.errors import Fault, Invalid, Malformed, NotAcceptable, NotFound, Unauthenticated


class QueryParameter(msgspec.Struct, frozen=True):
    """What a handler takes under one name of the query."""

    kind: Any
    many: bool
    required: bool


Queries = Mapping[str, Mapping[str, QueryParameter]]


def queries(app: Litestar) -> Queries:
    """What each handler takes, by its id."""
    found: dict[str, dict[str, QueryParameter]] = {}
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler, model in route.route_handler_map.values():
                fields = handler.parsed_fn_signature.parameters
                order = list(fields)
                found[handler.handler_id] = {
                    each.field_alias: QueryParameter(fields[each.field_name].raw, each.is_sequence, each.is_required)
                    for each in sorted(model.expected_query_params, key=lambda each: order.index(each.field_name))
                }
    return found


async def before_request(request: AnyRequest) -> None:
    """Refuse what no handler of ours takes; raises every fault of the query at once."""
    state = request.app.state
    request.state.now = tick(state.clock)
    request.state.query = []
    if "\0" in request.scope["path"]:
        raise NotFound
    handler = request.route_handler
    check_caller(request, handler)
    check_accept(request, handler)
    check_query(request, state.queries[handler.handler_id])
    if "data" in handler.parsed_fn_signature.parameters:
        if not await request.body():
            raise Malformed("The body is missing.")
        check_content_type(request)


def check_caller(request: AnyRequest, handler: HTTPRouteHandler) -> None:
    """Nobody is turned away before anything else is looked at."""
    row = permissions.TABLE.get(str(handler.operation_id))
    if row and not row.nobody and "authorization" not in request.headers:
        raise Unauthenticated


def check_accept(request: AnyRequest, handler: HTTPRouteHandler) -> None:
    """Raises NotAcceptable where no form that we have will do."""
    produced = handler.opt.get("produces", ("application/json",))
    if (
        request.scope["path"].startswith("/v1")
        and "accept" in request.headers
        and not request.accept.best_match(list(produced))
    ):
        raise NotAcceptable(f"Accept {' or '.join(produced)}.")


def check_query(request: AnyRequest, taken: Mapping[str, QueryParameter]) -> None:
    """Check the query, and leave its instants in UTC for the handler."""
    try:
        pairs = parse_qsl(
            request.scope["query_string"].decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=500,
        )
    except (UnicodeError, ValueError):
        raise Malformed("The query is not UTF-8, or has too many parameters.") from None
    faults: list[Fault] = []
    names: set[str] = set()
    checked: list[tuple[str, str]] = []
    for name, text in pairs:
        if name not in taken:
            faults.append(Fault(f"?{name}", "There is no such parameter."))
        elif name in names and not taken[name].many:
            faults.append(Fault(f"?{name}", "It is given more than once."))
        else:
            checked.append((name, check_value(name, text, taken[name], faults)))
        names.add(name)
    faults.extend(
        Fault(f"?{name}", "It is required.") for name, each in taken.items() if each.required and name not in names
    )
    if faults:
        raise Invalid(faults)
    request.state.query = checked
    request.scope["query_string"] = urlencode(checked).encode()


def check_value(name: str, text: str, parameter: QueryParameter, faults: list[Fault]) -> str:
    """One value; an instant comes back in UTC."""
    kind = inner(parameter.kind) if parameter.many else parameter.kind
    pointer = f"?{name}"
    if is_instant(kind):
        return str(leaf(text.replace(" ", "+"), kind, pointer, faults))
    if unwrap(kind)[0] is bool and text not in {"true", "false"}:
        faults.append(Fault(pointer, "Expected true or false."))
        return text
    leaf(text, kind, pointer, faults, strict=False)
    return text


def inner(kind: Any) -> Any:
    """The type of a list's items, with or without null."""
    bare, members = unwrap(kind)
    if members:
        return next(inner(member) for member in members if member is not type(None))
    return bare.__args__[0]
