"""The contract as published: OpenAPI 3.1, made from the routes. `python -m api.openapi > openapi/openapi.json`.

Litestar's own generator loses descriptions, limits of parameters and discriminators; msgspec's schemas have them all,
so the document is put together here from routes and Structs.
"""

import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import get_args, get_origin

import msgspec
from litestar import Litestar

from api import examples, problem_pages, problems, schemas
from api.bodies import MERGE_PATCH, Patch
from api.operations import Operation, conditions, find, has_dry_run, has_etag, is_resource, refusals
from api.problems import Problem
from api.schemas import PREFIX, Schema
from domain import bookings, errors, permissions
from domain.errors import Refused

INFO = {
    "title": "Fallow",
    "version": version("fallow"),
    "contact": {"name": "Whoever runs this server"},
    "summary": "Spare capacity of public bodies, found and booked by community groups.",
    "description": (
        "Public bodies list what they can spare; groups find it near them, see why it fits or does not, and book it."
        " Reading is open to anyone; a token (`Authorization: Bearer fallow_...`) comes with registering."
    ),
}
TAGS = {
    "organisations": "Public bodies and groups. Any of them may list, and any may book.",
    "me": "Who a token speaks for.",
    "tokens": "Keys to the API.",
    "sites": "Places with a point, an address and a time zone.",
    "assets": "What can be booked at a site: spaces, vehicles, equipment, people's hours.",
    "hours": "When an asset is open.",
    "timetables": "Hours that many assets share.",
    "closures": "When an asset or a site is shut, whatever its hours.",
    "limits": "How much of an owner's assets each booker may have.",
    "search": "What is near, what of it is free, and why not.",
    "availability": "When an asset is free.",
    "needs": "What an organisation looks for, and what matches it.",
    "waiting": "Lines for what others have, in the fair order.",
    "messages": "What owner and booker write to each other about a booking, and how each found it.",
    "offers": "Places held for those who look for them, to be accepted or declined.",
    "bookings": "Claims on an asset for one or more periods.",
    "occurrences": "The periods of bookings: who is here today.",
    "claims": "What owners owe bookers for what they recalled.",
    "events": "Every change, in an order that misses none.",
    "taxonomy": "The published lists of words.",
}
STRING: Schema = {"type": "string"}
HEADERS: Mapping[str, tuple[str, Schema]] = {
    "ETag": ("Changes with the resource as this caller sees it.", STRING),
    "Location": ("Where what was made is found.", {"type": "string", "format": "uri-reference"}),
    "Link": ('`rel="next"`: the next page.', STRING),
    "Idempotent-Replayed": ("`true`: the first answer to this Idempotency-Key again.", STRING),
    "Retry-After": ("Seconds to wait.", {"type": "integer", "minimum": 0}),
}
PARAMETERS: Mapping[str, Schema] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "The same key and body, sent again within 48 hours, change nothing twice.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "The ETag that was seen; 412 if it has changed since.",
        "schema": STRING,
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The ETag that is known; 304 if it has not changed since.",
        "schema": STRING,
    },
}
# What some refusals say beside what every problem says.
REFUSED: Schema = {"occurrences": {"type": "array", "items": {"$ref": PREFIX + "Refusal"}}}
MEMBERS: Mapping[type[Refused], Schema] = {
    errors.NotBookable: REFUSED,
    errors.HoldExpired: REFUSED,
    errors.StateDoesNotAllow: {"states": {"type": "array", "items": STRING, "description": "Those that allow it."}},
}
PATH_KINDS = {"uuid": {"type": "string", "format": "uuid"}, "str": STRING}


def document(app: Litestar) -> Schema:
    """The whole contract of an application."""
    operations = sorted(find(app), key=lambda each: (each.path, each.method))
    kinds = [("", Problem), ("", bookings.Refusal), *(kind for each in operations for kind in each.kinds())]
    shown, components = schemas.schemas(kinds)
    schema_of = {id(kind): schema for (_, kind), schema in zip(kinds, shown, strict=True)}
    paths: dict[str, Schema] = {}
    for each in operations:
        paths.setdefault(each.path, {})[each.method.lower()] = describe(each, schema_of, components)
    del components["Problem"]  # each operation has its own
    refused = {kind for each in operations for kinds in refusals(each).values() for kind in kinds}
    return {
        "openapi": "3.1.0",
        "info": INFO,
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(components.items())),
            "examples": {
                kind.slug: {"value": problem_pages.example(kind)} for kind in problems.STATUS if kind in refused
            },
            "parameters": PARAMETERS,
            "headers": {name: {"description": text, "schema": schema} for name, (text, schema) in HEADERS.items()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "fallow_..."}},
        },
    }


def describe(operation: Operation, schema_of: Mapping[int, Schema], components: dict[str, Schema]) -> Schema:
    """One operation object."""
    summary, _, description = (operation.handler.fn.__doc__ or "").partition("\n")
    row = permissions.TABLE.get(operation.name)
    described: Schema = {
        "operationId": operation.name,
        "tags": operation.tags,
        "summary": summary.rstrip(".").replace("`", ""),  # where summaries are shown they are plain text
        "description": " ".join(description.split()) or summary,
        "security": [{}, {"token": []}] if row is None or row.nobody else [{"token": []}],
        "parameters": list(parameters(operation, schema_of)),
    }
    if operation.body:
        described["requestBody"] = request_body(operation, schema_of, components)
    described["responses"] = responses(operation, schema_of, components)
    return described


def parameters(operation: Operation, schema_of: Mapping[int, Schema]) -> Iterator[Schema]:
    """Path, query, headers."""
    for part in operation.path.split("/"):
        if part.startswith("{"):
            kind = operation.handler.parsed_fn_signature.parameters[part[1:-1]].annotation
            schema = PATH_KINDS["str" if kind is str else "uuid"]
            yield {"name": part[1:-1], "in": "path", "required": True, **told(operation, part[1:-1]), "schema": schema}
    for name, each in operation.parameters.items():
        field = next(
            found
            for found in operation.handler.parsed_fn_signature.parameters.values()
            if name in {found.name, getattr(found.kwarg_definition, "name", None)}
        )
        schema = without_null(dict(schema_of[id(each.kind)]))
        if field.has_default and field.default is not None:
            schema["default"] = field.default
        described = told(operation, name, schema.pop("description", ""))
        yield {"name": name, "in": "query", "required": each.required, **described, "schema": schema}
    for reference in conditions(operation):
        yield {"$ref": f"#/components/parameters/{reference}"}


def told(operation: Operation, name: str, text: str = "") -> Schema:
    """What a parameter means, and an example where one has to be sent."""
    text = text or examples.TEXTS.get(name, "")
    described = {"description": text} if text else {}
    own = examples.PARAMETERS.get(operation.name, {})
    source = {**examples.PATHS, **own} if f"{{{name}}}" in operation.path else own
    return {**described, "example": source[name]} if name in source else described


def without_null(schema: Schema) -> Schema:
    """A parameter that is not given is not null."""
    if isinstance(schema.get("type"), list):
        schema["type"] = schema["type"][0]
    if "anyOf" in schema:
        others = [each for each in schema.pop("anyOf") if each != {"type": "null"}]
        schema = {**(others[0] if len(others) == 1 else {"anyOf": others}), **schema}
    return schema


def request_body(operation: Operation, schema_of: Mapping[int, Schema], components: dict[str, Schema]) -> Schema:
    """What it takes."""
    example = {"example": examples.BODIES[operation.name]} if operation.name in examples.BODIES else {}
    if get_origin(operation.body) is not Patch:
        content = {"schema": schema_of[id(operation.body)], **example}
        required = operation.handler.opt.get("body") != "optional"
        return {"required": required, "content": {"application/json": content}}
    kind = get_args(operation.body)[0]
    name = f"{kind.__name__}Patch"
    components[name] = schemas.optional(components[kind.__name__], components)
    content = {"schema": {"$ref": PREFIX + name}, **example}
    return {"required": True, "content": {MERGE_PATCH: content, "application/json": content}}


def responses(operation: Operation, schema_of: Mapping[int, Schema], components: dict[str, Schema]) -> Schema:
    """Success, then every refusal by status, all with this operation's own problem."""
    success: Schema = {"description": "Done."}
    if operation.answer not in {None, type(None)}:
        schema = schema_of[id(operation.answer)]
        kinds = operation.handler.opt.get("produces", ("application/json",))
        success["content"] = {kind: {"schema": schema if kind == "application/json" else STRING} for kind in kinds}
        success["description"] = str(schema.get("description") or "What was asked for.")
        if headers := list(success_headers(operation)):
            success["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in headers}
    answers: Schema = {str(operation.status): success}
    if operation.status == 201 and has_dry_run(operation):
        answers["200"] = {"description": "A dry run: what would be; nothing is stored.", "content": success["content"]}
        if has_etag(operation) and not is_resource(operation):
            answers["200"]["headers"] = {"ETag": {"$ref": "#/components/headers/ETag"}}
    if "IfNoneMatch" in conditions(operation):
        answers["304"] = {"description": "It has not changed."}
    kinds_by_status = refusals(operation)
    name = f"{operation.slot}Problem"
    components[name] = problem_schema(name, [kind for each in kinds_by_status.values() for kind in each], components)
    for status, refused in sorted(kinds_by_status.items()):
        answers[str(status)] = {
            "description": " ".join(f"`{kind.slug}`: {kind.title()}" for kind in refused),
            "content": {
                problems.MEDIA_TYPE: {
                    "schema": {"$ref": PREFIX + name},
                    "examples": {kind.slug: {"$ref": f"#/components/examples/{kind.slug}"} for kind in refused},
                }
            },
        }
        if status == 503:
            answers["503"]["headers"] = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
    return answers


def success_headers(operation: Operation) -> Iterator[str]:
    """What is said beside the answer."""
    if has_etag(operation):
        yield "ETag"
    is_page = "next" in getattr(operation.answer, "__struct_fields__", ())
    if operation.status == 201 and not is_page:
        yield "Location"
    if operation.status == 200 and is_page:
        yield "Link"
    if "IdempotencyKey" in conditions(operation):
        yield "Idempotent-Replayed"


def problem_schema(name: str, kinds: list[type[Refused]], components: Mapping[str, Schema]) -> Schema:
    """An operation's problem: the usual one, with the slugs that it can have and the members that they add."""
    schema = components["Problem"]
    slugs = sorted(f"/problems/{kind.slug}" for kind in kinds)
    properties = {**schema["properties"], "type": {"type": "string", "enum": slugs}}
    for kind in kinds:
        properties |= MEMBERS.get(kind, {})
    return {**schema, "title": name, "properties": properties}


def main() -> None:
    """Print the document; no database is needed."""
    from api.app import create_app  # noqa: PLC0415 - app.py serves what this makes
    from api.settings import Settings  # noqa: PLC0415

    app = create_app(Settings(database_url="", database_read_url=""))
    sys.stdout.buffer.write(encode(document(app)))


def encode(published: Schema) -> bytes:
    """As it is committed and served."""
    return msgspec.json.format(msgspec.json.encode(published), indent=2) + b"\n"


if __name__ == "__main__":
    main()
