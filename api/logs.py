"""What is logged of requests: one line for each, nothing private."""

import logging
import re
import time

import structlog
from litestar.enums import ScopeType
from litestar.status_codes import HTTP_200_OK
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils import uuid7

from api import metrics

REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
TRACE = re.compile(rb"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")  # W3C Trace Context
LONGEST_PATH = 200
PROBES = ("/healthz", "/readyz", "/metrics")

log = structlog.stdlib.get_logger("fallow")


class RequestLog:
    """Outermost ASGI layer: names each request, answers with its name, and logs one line when it is done.

    Probes that find all well are not logged.

    The name is the caller's X-Request-Id if it is 1 to 128 letters, digits, dots, underscores, dashes; else the trace
    of a valid `traceparent`; else a UUIDv7. It is scope["state"]["request_id"] for the layers within and request_id in
    every line they log.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass on what is none."""
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        request_id = name_request(scope)
        scope.setdefault("state", {}).update(request_id=request_id, told={})
        started, status = time.perf_counter(), 0

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        structlog.contextvars.bind_contextvars(request_id=request_id)  # in the task that is this request's own
        try:
            await self.app(scope, receive, send_named)
        finally:
            took = time.perf_counter() - started
            metrics.count(scope, status or 500, took)
            path = scope.get("path_template") or scope["path"]
            log.log(
                logging.DEBUG if path in PROBES and status == HTTP_200_OK else logging.INFO,
                "request",
                method=scope["method"],
                path=path[:LONGEST_PATH],
                status=status or 500,
                milliseconds=round(took * 1000, 1),
            )


def tell(inner: Scope, outer: Scope) -> None:
    """Let the layers without know which route it was, where a layer between passed on a scope of its own."""
    for name in ("path_template", "route_handler"):
        if name in inner:
            outer[name] = inner[name]


def name_request(scope: Scope) -> str:
    """The caller's name for a request or for what it is part of, or a new one."""
    headers = dict(scope["headers"])
    name = headers.get(b"x-request-id", b"")
    if REQUEST_ID.fullmatch(name):
        return str(name, "ascii")
    trace = TRACE.fullmatch(headers.get(b"traceparent", b""))
    return str(trace[1], "ascii") if trace else str(uuid7())
