"""How answers leave: ETag and 304, Link, Location, Vary, each made in this one place.

Handlers return Structs. `Answer(struct, status_code=…, headers=…)` where they must say more.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request, Response
from litestar.app import Litestar
from litestar.types import ASGIApp, Receive, Scope, Send

from api.accept import JSON
from domain.errors import PreconditionFailed, PreconditionRequired
from domain.organisations import Registration
from domain.tokens import Token

T = TypeVar("T")
AnyRequest = Request[Any, Any, Any]


def encode(content: object) -> bytes:
    """A Struct as JSON."""
    return msgspec.json.encode(content)


def etag(resource: object) -> str:
    """The strong ETag of a resource as GET answers it to this caller."""
    return etag_of(encode(without_secret(resource)))


def etag_of(body: bytes) -> str:
    """The same, of what GET answers."""
    return f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'


def without_secret(content: object) -> object:
    """An answer as it may be given again: only token secrets are left out."""
    match content:
        case Token(token=str()):
            return msgspec.structs.replace(content, token=None)
        case Registration():
            return msgspec.structs.replace(content, token=msgspec.structs.replace(content.token, token=None))
    return content


def must_match(
    request: AnyRequest, current: object, *etags: str, required: bool = False, detail: str | None = None
) -> None:
    """Compare If-Match with the resource as it is under the lock, as GET would answer it to this caller.

    `current` null: there is nothing yet, which not even `*` matches. `etags`: others that will do. Raises
    PreconditionFailed; with `required`, PreconditionRequired without a header; with a `detail` of what to do.
    """
    sent = listed(request, "if-match")
    if sent is None:
        if required:
            raise PreconditionRequired(detail)
        return
    if sent == ["*"] and current is not None:
        return
    known = etags if current is None else (etag(current), *etags)
    if not set(known).intersection(sent):
        raise PreconditionFailed(detail)


def listed(request: AnyRequest, header: str) -> list[str] | None:
    """The ETags of a header, however many lines it was sent in; None: it was not."""
    lines = request.headers.getall(header, [])
    return [each.strip() for line in lines for each in line.split(",")] if lines else None


class Answer(Response[T]):
    """What every handler's answer becomes."""

    def to_asgi_response(  # type: ignore[override] # Litestar only calls it
        self, app: Litestar | None, request: AnyRequest, **options: Any
    ) -> ASGIApp:
        """Encode it, say what HTTP wants to know, and leave a copy for the Idempotency-Key."""
        del app
        status = self.status_code or options.get("status_code") or 200
        again = without_secret(self.content)
        kept = body = self.encoded(again)
        self.headers.setdefault("Vary", "Authorization, Accept")
        if isinstance(self.content, msgspec.Struct):
            describe(self.content, kept, request, status, self.headers)
        if again is not self.content:
            self.headers["Cache-Control"] = "no-store"
            body = self.encoded(self.content)
        request.state.answer = (status, self.headers, kept, self.content)
        if request.method == "GET" and is_known(request, self.headers.get("ETag")):
            status, body = 304, b""
        elif status != 204:
            self.headers |= {"Content-Type": self.media_type or JSON, "Content-Length": str(len(body))}
        return leaving(status, self.headers, body)

    def encoded(self, content: object) -> bytes:
        """What is answered, in its form."""
        return b"" if content is None else encode(content)


def leaving(status: int, headers: Mapping[str, str], body: bytes) -> ASGIApp:
    """An answer that is ready. Litestar's class for it would search the headers for each that it adds."""
    lines = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def leave(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": lines})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    return leave


def object_id(content: object) -> UUID | None:
    """The id of what is answered, or of the first of its members that has one: a registration's organisation."""
    members = (getattr(content, name) for name in getattr(content, "__struct_fields__", ()))
    found: Iterator[UUID | None] = (getattr(each, "id", None) for each in (content, *members))
    return next((each for each in found if each), None)


def describe(content: msgspec.Struct, body: bytes, request: AnyRequest, status: int, headers: dict[str, str]) -> None:
    """Headers that follow from what is answered, and its body without secrets."""
    is_resource = hasattr(content, "id") or request.route_handler.opt.get("resource")
    if is_resource and not request.state.dry_run:
        headers.setdefault("ETag", etag_of(body))
    if status == 201 and hasattr(content, "id"):
        headers.setdefault("Location", f"{request.scope['path'].rstrip('/')}/{content.id}")
    cursor = getattr(content, "next", None)
    if cursor is not None:
        name = request.route_handler.opt.get("cursor", "cursor")
        pairs = [(key, value) for key, value in request.state.query if key != name]
        headers.setdefault("Link", f'<{request.scope["path"]}?{urlencode([*pairs, (name, cursor)])}>; rel="next"')


def is_known(request: AnyRequest, current: str | None) -> bool:
    """Whether the caller has this already (If-None-Match, weak comparison)."""
    sent = listed(request, "if-none-match")
    if sent is None or current is None:
        return False
    return sent == ["*"] or current in {each.removeprefix("W/") for each in sent}
