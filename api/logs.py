"""What is logged: one line for each request, JSON unless a person is watching, nothing private."""

import logging
import re
import sys
import time
from typing import ClassVar, TextIO

import msgspec
import structlog
from litestar.enums import ScopeType
from litestar.status_codes import HTTP_200_OK
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import EventDict, Processor
from uuid_utils.compat import uuid7

from api import metrics

REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
TRACE = re.compile(rb"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")  # W3C Trace Context
SECRET = re.compile(r"fallow_[A-Za-z0-9_-]+")
DETAIL = re.compile(r"^\s*(DETAIL|CONTEXT|HINT):.*$\n?", re.MULTILINE)
LONGEST_PATH = 200
PROBES = ("/healthz", "/readyz", "/metrics")

log = structlog.stdlib.get_logger("fallow")


def redact(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Take out tokens, and the row that PostgreSQL quotes in an error's detail."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = SECRET.sub("fallow_…", DETAIL.sub("", value))
    return event


class Lines:
    """Where lines of ours go, straight away: by way of `logging` each would cost twice as much."""

    stream: ClassVar[TextIO] = sys.stderr

    def __init__(self, name: str = "") -> None:
        self.name = name

    def msg(self, line: str) -> None:
        """Write one."""
        self.stream.write(f"{line}\n")
        self.stream.flush()

    debug = info = warning = error = critical = msg


def to_json(event: EventDict, **_options: object) -> str:
    """A line for machines."""
    return msgspec.json.encode(event, enc_hook=repr).decode()


def configure() -> None:
    """Send our logs and those of the libraries to standard error in one form; a second call changes nothing.

    Litestar would put its own logging over it: make it with logging_config=None.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # Tracebacks without the values of variables, which may be private.
    ending: list[Processor] = [structlog.processors.format_exc_info, redact]
    if sys.stderr.isatty():
        ending.append(structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback))
    else:
        ending.append(structlog.processors.JSONRenderer(to_json))
    structlog.configure(
        processors=[*shared, *ending],
        logger_factory=Lines,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    Lines.stream = sys.stderr
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.PositionalArgumentsFormatter()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
        )
    )
    handler.name = "fallow"
    root = logging.getLogger()
    root.handlers = [*(each for each in root.handlers if each.name != handler.name), handler]
    root.setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error"):
        theirs = logging.getLogger(name)
        theirs.handlers.clear()
        theirs.propagate = True
    # While the database is away the pool would write a traceback for each connection; requests say so too.
    logging.getLogger("asyncpg").setLevel(logging.CRITICAL)


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

        with structlog.contextvars.bound_contextvars(request_id=request_id):
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
