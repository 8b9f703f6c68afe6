"""Idempotency-Key on every authenticated POST; no handler knows of it.

The key is claimed in the transaction of the change, first of all locks, and the answer is kept in it. A refusal
rolls back and leaves nothing. `deps.transaction` calls both functions.
"""

import hashlib
import re
from typing import Any

import asyncpg
from litestar import Request, Response

import db.idempotency
from db.connection import Connection
from db.idempotency import Key, Remembered
from domain.callers import Caller
from domain.errors import Fault, Invalid, KeyReused, Refused, StillRunning

HEADER = "Idempotency-Key"
PRINTABLE = re.compile(r"[\x20-\x7e]{1,255}")
KEPT_HEADERS = ("ETag", "Location")


class Replayed(Refused):
    """Not a refusal: this request was answered before."""

    slug = "replayed"

    def __init__(self, answer: Remembered) -> None:
        super().__init__()
        self.answer = answer


async def claim(request: Request[Any, Any, Any], conn: Connection, caller: Caller) -> Key | None:
    """The key that this request takes, if it sent one.

    Raises Replayed with the first answer, KeyReused for another body, StillRunning after two seconds of waiting.
    """
    sent = request.headers.get(HEADER)
    if request.method != "POST" or sent is None or request.state.get("dry_run"):
        return None
    if not PRINTABLE.fullmatch(sent):
        raise Invalid([Fault(HEADER, "Expected 1 to 255 printable ASCII characters.")])
    body = hashlib.sha256(await request.body()).digest()
    key = Key(caller.organisation_id, request.method, request.scope["path"], sent, body)
    try:
        found = await db.idempotency.claim(conn, key, request.state.now)
    except asyncpg.LockNotAvailableError:
        raise StillRunning from None
    if found is None:
        return key
    if found.body_hash != body:
        raise KeyReused
    raise Replayed(found)


async def remember(request: Request[Any, Any, Any], conn: Connection, key: Key) -> None:
    """Keep the answer that `answers.Answer` has just made."""
    status, headers, body, object_id = request.state.answer
    kept = {name: headers[name] for name in KEPT_HEADERS if name in headers}
    await db.idempotency.remember(conn, key, Remembered(key.body_hash, status, kept, body), object_id)


def replay(_request: Request[Any, Any, Any], replayed: Replayed) -> Response[bytes]:
    """The first answer again."""
    first = replayed.answer
    return Response(
        first.body,
        status_code=first.status,
        media_type="application/json",
        headers={**first.headers, "Idempotent-Replayed": "true", "Vary": "Authorization, Accept"},
    )
