"""The form of what servers and workers log: JSON unless a person is watching, nothing private."""

import logging
import re
import sys
from typing import ClassVar, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor

SECRET = re.compile(r"fallow_[A-Za-z0-9_-]+")
DETAIL = re.compile(r"^\s*(DETAIL|CONTEXT|HINT):.*$\n?", re.MULTILINE)
PRIVATE = re.compile(r"fallow_|DETAIL|CONTEXT|HINT")  # what either begins with: quickly not found


def redact(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Take out tokens, and the row that PostgreSQL quotes in an error's detail."""
    for name, value in event.items():
        if isinstance(value, str) and PRIVATE.search(value):
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
