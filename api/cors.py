"""Which web pages may ask: any may read what is public, those that are configured may do everything."""

from collections.abc import Collection

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

METHODS = b"GET, POST, PUT, PATCH, DELETE"
TAKEN = b"Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id"
SHOWN = b"ETag, Link, Location, Idempotent-Replayed, Retry-After, X-Request-Id"


class Cors:
    """GETs without a token are anyone's to read, without credentials; origins that are configured get all methods."""

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self.app = app
        self.origins = {origin.encode() for origin in origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight of a configured origin; else say on the answer who may read it."""
        headers = dict(scope["headers"])
        origin = headers.get(b"origin")
        if origin is None or scope["type"] == ScopeType.WEBSOCKET:
            await self.app(scope, receive, send)
            return
        known = origin in self.origins
        if known and scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
            await preflight(origin, send)
            return
        allowed = origin if known else b"*" if is_public(scope, headers) else None

        async def send_allowed(message: Message) -> None:
            if message["type"] == "http.response.start" and allowed:
                message["headers"] = [
                    *message["headers"],
                    (b"access-control-allow-origin", allowed),
                    (b"access-control-expose-headers", SHOWN),
                    *([(b"vary", b"Origin")] if self.origins else []),
                ]
            await send(message)

        await self.app(scope, receive, send_allowed)


def is_public(scope: HTTPScope, headers: dict[bytes, bytes]) -> bool:
    """A GET that anybody could make."""
    return scope["method"] == "GET" and b"authorization" not in headers


async def preflight(origin: bytes, send: Send) -> None:
    """Yes, for ten minutes."""
    await send(
        {
            "type": "http.response.start",
            "status": 204,
            "headers": [
                (b"access-control-allow-origin", origin),
                (b"access-control-allow-methods", METHODS),
                (b"access-control-allow-headers", TAKEN),
                (b"access-control-max-age", b"600"),
                (b"vary", b"Origin"),
            ],
        }
    )
    await send({"type": "http.response.body", "body": b"", "more_body": False})
