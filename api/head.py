"""HEAD: what GET would answer, without the body (RFC 9110, section 9.3.2)."""

from typing import cast

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from api.logs import tell


class Head:
    """Answers every HEAD as its GET, all headers the same."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope.get("method") != "HEAD":
            await self.app(scope, receive, send)
            return

        async def send_bodiless(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        get = cast("Scope", {**scope, "method": "GET"})
        try:
            await self.app(get, receive, send_bodiless)
        finally:
            tell(get, scope)
