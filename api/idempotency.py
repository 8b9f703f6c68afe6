"""Idempotency-Key on every authenticated POST; no handler knows of it.

The key is claimed in the transaction of the change, first of all locks and in the statement that looks up the token;
the answer is kept in it too. A refusal rolls back and leaves nothing. `deps.connection` calls `claim` and `remember`.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime

import asyncpg
from litestar import Response

import db.idempotency
from api import bodies
from api.answers import AnyRequest, object_id
from db.connection import Connection
from db.idempotency import Key, Remembered
from db.tokens import Found
from domain.errors import Fault, KeyReused, StillRunning

HEADER = "Idempotency-Key"
PRINTABLE = re.compile(r"[\x20-\x7e]{1,255}")
KEPT_HEADERS = ("ETag", "Location")


class Replayed(Exception):
    """This request was answered before."""

    def __init__(self, answer: Remembered) -> None:
        super().__init__()
        self.answer = answer


def sent(request: AnyRequest) -> str | None:
    """The key as it was sent; none is taken from nobody."""
    if request.method != "POST" or "authorization" not in request.headers:
        return None
    keys: list[str] = request.headers.getall(HEADER, [])
    return "\n".join(keys) if keys else None  # two are none that `check` lets pass


def check(request: AnyRequest) -> Iterator[Fault]:
    """What is wrong with the key, if one was sent, also in a dry run of what will take it."""
    key = sent(request)
    if key is not None and not PRINTABLE.fullmatch(key):
        yield Fault(HEADER, "Expected 1 to 255 printable ASCII characters, such as a UUID made for this request.")


async def key(request: AnyRequest) -> Key | None:
    """The key that this request takes, and what it is taken for; a dry run takes none."""
    name = None if request.state.dry_run else sent(request)
    if name is None:
        return None
    body = hashlib.sha256(await bodies.whole(request)).digest()
    return Key(request.method, request.scope["path"], name, body)


async def claim(conn: Connection, token: str, key: Key, now: datetime) -> tuple[Found | None, Remembered | None]:
    """Whose token it is, and the first answer to the key; None: the key is this transaction's to use.

    Raises StillRunning after two seconds of waiting for the first request.
    """
    try:
        return await db.idempotency.claim(conn, token, key, now)
    except asyncpg.LockNotAvailableError:
        raise StillRunning from None


def repeated(first: Remembered, key: Key) -> Exception:
    """What to raise for a key that has its answer."""
    return Replayed(first) if first.body_hash == key.body_hash else KeyReused()


async def remember(request: AnyRequest, conn: Connection, key: Key) -> None:
    """Keep the answer that `answers.Answer` has just made."""
    status, headers, body, content = request.state.answer
    kept = {name: headers[name] for name in KEPT_HEADERS if name in headers}
    answer = Remembered(key.body_hash, status, kept, body)
    await db.idempotency.remember(conn, request.state.caller.organisation_id, key, answer, object_id(content))


def replay(request: AnyRequest, replayed: Replayed) -> Response[bytes]:
    """The first answer again."""
    request.scope["state"]["told"]["replayed"] = True
    first = replayed.answer
    return Response(
        first.body,
        status_code=first.status,
        media_type="application/json",
        headers={**first.headers, "Idempotent-Replayed": "true", "Vary": "Authorization, Accept"},
    )
