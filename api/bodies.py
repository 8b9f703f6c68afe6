"""Request bodies: JSON and nothing but JSON, at most 256 KiB.

A handler's `data: JSONBody[SiteRequest]` is a whole document, `data: JSONBody[Patch[SiteRequest]]` a merge patch
(RFC 7396) for one.
"""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar, get_args, get_origin

import msgspec
from litestar._openapi.schema_generation import SchemaCreator
from litestar.dto import AbstractDTO
from litestar.exceptions import InternalServerException
from litestar.openapi.spec import Reference, Schema
from litestar.typing import FieldDefinition

from api.answers import AnyRequest
from domain import words
from domain.errors import Fault, Invalid, Malformed, UnsupportedMediaType
from domain.strict import convert

DEEPEST = 50
TOO_DEEP = "The body is nested too deeply."
LARGEST = 256 * 1024
MERGE_PATCH = "application/merge-patch+json"
T = TypeVar("T", bound=msgspec.Struct)


class Patch(Generic[T]):
    """A merge patch for a document of a type."""

    def __init__(self, document: dict[str, Any], kind: type[T]) -> None:
        self.document = document
        self.kind = kind

    def merged_into(self, current: T) -> T:
        """The whole document after the patch, as POST would check it. Raises Invalid with every fault."""
        document = msgspec.to_builtins(current, str_keys=True)
        return convert(merge(document, self.document), self.kind)


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """What a handler takes that takes no body: whoever asks there for a dry run must not be answered as if it were."""


def merge(target: Any, patch: Any) -> Any:
    """RFC 7396, section 2."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


def read_json(body: bytes) -> Any:
    """A body as plain values. Raises Malformed."""
    try:
        value = msgspec.json.decode(body.decode())
    except UnicodeDecodeError as error:
        raise Malformed(f"The body is not UTF-8: look at byte {error.start}.") from None
    except msgspec.DecodeError as error:
        what = str(error).removeprefix("JSON is malformed: ").partition(" - at ")[0]
        raise Malformed(f"The body is not JSON: {what}.") from None
    except RecursionError:
        raise Malformed(TOO_DEEP) from None
    refuse_depth(value)
    return value


def refuse_depth(value: Any) -> None:
    """Raises Malformed for more levels than anything here has, so that what walks a body may recurse."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(DEEPEST):
        level = [
            inner
            for each in level
            for inner in (each.values() if isinstance(each, dict) else each)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise Malformed(TOO_DEEP)


def check_content_type(request: AnyRequest) -> None:
    """Raises UnsupportedMediaType for anything but JSON in UTF-8."""
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    taken = {"application/json", MERGE_PATCH} if request.method == "PATCH" else {"application/json"}
    charset = parameters.lower().replace('"', "").replace(" ", "")
    if kind.strip().lower() not in taken or charset not in {"", "charset=utf-8"}:
        raise UnsupportedMediaType(f"Send {' or '.join(sorted(taken))}, in UTF-8.")


async def whole(request: AnyRequest) -> bytes:
    """A request's body. Raises Malformed where it breaks off, as its sender has gone."""
    try:
        return await request.body()
    except InternalServerException:
        raise Malformed("The body breaks off before its end.") from None


async def read(request: AnyRequest, kind: Any) -> None:
    """Read the body of a change, also where the handler takes none. Raises Malformed, UnsupportedMediaType."""
    if request.method == "GET":
        return
    body = await whole(request)
    if kind is not None and body:
        check_content_type(request)
    elif kind is not None and request.route_handler.opt.get("body") != "optional":
        raise Malformed("The body is missing; send JSON, at least {}.")
    request.state.document = document = read_json(body or b"{}")
    request.state.dry_run = bool(request.route_handler.opt.get("dry_run")) or (
        isinstance(document, dict) and document.get("dry_run") is True
    )


def check(request: AnyRequest, kind: Any) -> Sequence[Fault]:
    """What is wrong with the body that was read. Leaves it, typed, for the handler."""
    if request.method == "GET":
        return ()
    document = request.state.document
    if get_origin(kind) is Patch:
        if not isinstance(document, dict):
            return [Fault("#", words.refusal(document, dict))]
        request.state.data = Patch(document, get_args(kind)[0])
        return ()
    try:
        request.state.data = convert(document, kind or Nothing)
    except Invalid as invalid:
        return invalid.faults
    return ()


class Body(AbstractDTO[msgspec.Struct]):
    """Litestar's hook for reading `data`, of every handler."""

    kinds: dict[str, Any] = {}  # noqa: RUF012 - filled while routes are registered

    @classmethod
    def create_for_field_definition(
        cls, field_definition: FieldDefinition, handler_id: str, backend_cls: object = None
    ) -> None:
        """Remember what a handler takes."""
        del backend_cls
        cls.kinds[handler_id] = field_definition.annotation

    @classmethod
    def create_openapi_schema(
        cls, field_definition: FieldDefinition, handler_id: str, schema_creator: SchemaCreator
    ) -> Reference | Schema:
        """The schema of what a handler takes; `openapi.py` makes everything in a patch optional."""
        del handler_id
        kind = field_definition.annotation
        if get_origin(kind) is Patch:
            field_definition = FieldDefinition.from_annotation(get_args(kind)[0])
        return schema_creator.for_field_definition(field_definition)

    def decode_bytes(self, value: bytes) -> Any:
        """What `check` has left."""
        del value
        return self.asgi_connection.state.data

    @classmethod
    def generate_field_definitions(cls, model_type: type[Any]) -> Any:
        """No fields: bodies are not remodelled."""
        del model_type
        yield from ()

    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:
        """No nesting: bodies are not remodelled."""
        del field_definition
        return False
