"""Before a handler runs: its time, its query, its body, what it may answer; all of it refused strictly.

What is wrong with a request is told in this order, the same for every operation:

1. 404 and 405: no such address, no such method (the router).
2. 401: no token where one is needed, or something that cannot be one. Nothing has been read or asked yet.
3. 406, then 413, 415 and 400: no form will do; the body or the query cannot be read.
4. 401: a token that the database does not know or that has ended.
5. 422: everything that is wrong with query, body and Idempotency-Key, at once.
6. What depends on what is stored: the key's first answer; 404, 403, 412 and 428, 409, and 422 for what a patch comes to
   and for ids that name nothing.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from api import accept, bodies, idempotency
from api.answers import Answer, AnyRequest
from api.deps import authenticate, sent_token, tick
from api.problems import allowed
from domain import permissions, words
from domain.errors import Fault, Invalid, Malformed, NotAcceptable, NotFound, Unauthenticated
from domain.strict import is_instant, leaf, unwrap


class QueryParameter(msgspec.Struct, frozen=True):
    """What a handler takes under one name of the query."""

    kind: Any
    many: bool
    required: bool


class Taken(msgspec.Struct, frozen=True):
    """What a handler takes: of the query, by name, and the type of its body, None where it takes none."""

    query: Mapping[str, QueryParameter]
    body: Any


def taken(app: Litestar) -> Mapping[HTTPRouteHandler, Taken]:
    """What each handler takes."""
    found = {}
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler, model in route.route_handler_map.values():
                fields = handler.parsed_fn_signature.parameters
                order = list(fields)
                query = {
                    each.field_alias: QueryParameter(fields[each.field_name].raw, each.is_sequence, each.is_required)
                    for each in sorted(model.expected_query_params, key=lambda each: order.index(each.field_name))
                }
                found[handler] = Taken(query, bodies.Body.kinds.get(handler.handler_id))
    return found


async def before_request(request: AnyRequest) -> Answer[None] | None:
    """Refuse what no handler of ours takes: steps 2 to 5. Answers OPTIONS, for which Litestar forgets methods."""
    state = request.app.state
    request.state.now = tick(state.clock)
    if "\0" in request.scope["path"]:
        raise NotFound("No address has the character U+0000 in it.")
    if request.method == "OPTIONS":
        return Answer(None, status_code=204, headers={"Allow": ", ".join(allowed(request))})
    handler = request.route_handler
    check_caller(request, handler)
    check_accept(request, handler)
    takes = state.taken[handler]
    await bodies.read(request, takes.body)
    faults = [
        *check_query(request, takes.query),
        *bodies.check(request, takes.body),
        *idempotency.check(request),
    ]
    if faults:
        await authenticate(request)
        raise Invalid(faults)
    return None


def check_caller(request: AnyRequest, handler: HTTPRouteHandler) -> None:
    """Leave the token that was sent. Raises Unauthenticated where one is needed, and for what cannot be one."""
    row = permissions.TABLE.get(str(handler.operation_id))
    request.state.token = sent_token(request)
    if request.state.token is None and row and not row.nobody:
        raise Unauthenticated


def check_accept(request: AnyRequest, handler: HTTPRouteHandler) -> None:
    """Leave the form of the answer for the handler. Raises NotAcceptable where none that we have will do."""
    produced = handler.opt.get("produces", (accept.JSON,))
    request.state.form = accept.best(", ".join(request.headers.getall("accept", [])), produced)
    if request.state.form is None and request.scope["path"].startswith("/v1"):
        raise NotAcceptable(f"Accept {' or '.join(produced)}.")


def check_query(request: AnyRequest, taken: Mapping[str, QueryParameter]) -> list[Fault]:
    """What is wrong with the query. Leaves it, its instants in UTC, for the handler. Raises Malformed."""
    try:
        pairs = parse_qsl(
            request.scope["query_string"].decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=500,
        )
    except (UnicodeError, ValueError):
        raise Malformed("The query is not UTF-8, or has more than 500 parameters.") from None
    faults: list[Fault] = []
    checked: list[tuple[str, str]] = []
    for name, text in pairs:
        before = sum(name == known for known, _ in checked)
        if name not in taken:
            faults.append(Fault(f"?{name}", words.unknown("parameter", taken)))
        elif before and not taken[name].many:
            faults.append(Fault(f"?{name}", "It is given more than once."))
        else:
            pointer = f"?{name}/{before}" if taken[name].many else f"?{name}"
            checked.append((name, check_value(text, taken[name], pointer, faults)))
    names = dict(pairs)
    faults += [
        Fault(f"?{name}", words.missing(each.kind))
        for name, each in taken.items()
        if each.required and name not in names
    ]
    request.state.query = checked
    request.scope["query_string"] = urlencode(checked).encode()
    return faults


def check_value(text: str, parameter: QueryParameter, pointer: str, faults: list[Fault]) -> str:
    """One value; an instant comes back in UTC."""
    kind = inner(parameter.kind) if parameter.many else without_null(parameter.kind)
    if is_instant(kind):
        return str(leaf(text.replace(" ", "+"), kind, pointer, faults))
    if unwrap(kind)[0] is bool and text not in {"true", "false"}:
        faults.append(Fault(pointer, words.refusal(text, kind)))
        return text
    leaf(text, kind, pointer, faults, strict=False)
    return text


def without_null(kind: Any) -> Any:
    """A type, of which null is no value that a query can send."""
    _, members = unwrap(kind)
    others = [member for member in members if member is not type(None)]
    return others[0] if len(others) == 1 else kind


def inner(kind: Any) -> Any:
    """The type of a list's items, with or without null."""
    bare, members = unwrap(kind)
    if members:
        return next(inner(member) for member in members if member is not type(None))
    return bare.__args__[0]
