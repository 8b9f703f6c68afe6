"""First answers to requests with an Idempotency-Key, kept for 48 hours in the transaction of their change."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

import db.tokens
from db.connection import Connection
from db.tokens import Found
from domain.tokens import digest

KEPT = timedelta(hours=48)


class Key(msgspec.Struct, frozen=True):
    """What one key of an organisation is good for: one method, path and body."""

    method: str
    path: str
    key: str
    body_hash: bytes


class Remembered(msgspec.Struct, frozen=True):
    """The answer that was given."""

    body_hash: bytes
    status: int
    headers: dict[str, str]
    body: bytes


# In the statement that looks up the token, as one question to the database instead of two. Whoever has no valid token
# is refused after it, and the transaction that holds the key ends.
# A second request waits here until the first ends: its row, not committed yet, stands in the unique index.
# Whoever claims a key also sweeps some that are older than 48 hours.
CLAIM = f"""
  WITH found AS ({db.tokens.FIND}),
       swept AS (
         DELETE FROM idempotency_keys WHERE (caller_id, method, path, key) IN (
           SELECT caller_id, method, path, key FROM idempotency_keys
            WHERE created_at <= $6::timestamptz - $7::interval
              AND (method, path, key, caller_id) <> ($2, $3, $4, (SELECT organisation_id FROM found))
            ORDER BY created_at LIMIT 10 FOR UPDATE SKIP LOCKED)),
       claimed AS (
         INSERT INTO idempotency_keys AS k (caller_id, method, path, key, body_hash, status, headers, body, created_at)
         SELECT organisation_id, $2, $3, $4, $5, 0, '{{}}', '', $6 FROM found
             ON CONFLICT (caller_id, method, path, key)
             DO UPDATE SET body_hash = excluded.body_hash, status = 0, created_at = excluded.created_at
                    WHERE k.created_at <= excluded.created_at - $7::interval
         RETURNING true)
  SELECT found.*, EXISTS (SELECT FROM claimed) AS claimed FROM found
"""
FIND = """
  SELECT body_hash, status, headers, body FROM idempotency_keys
   WHERE caller_id = $1 AND method = $2 AND path = $3 AND key = $4
"""


async def claim(conn: Connection, token: str, key: Key, now: datetime) -> tuple[Found | None, Remembered | None]:
    """Whose token it is, and the first answer to its organisation's key; None: the key is this transaction's to use.

    Waits for the first request while it runs; raises asyncpg's LockNotAvailableError when that takes too long.
    """
    name = (key.method, key.path, key.key)
    while row := await conn.fetchrow(CLAIM, digest(token), *name, key.body_hash, now, KEPT):
        found = msgspec.convert(row, Found)
        if row["claimed"]:
            return found, None
        if first := await conn.fetchrow(FIND, found.organisation_id, *name):
            return found, msgspec.convert(first, Remembered)
    return None, None


REMEMBER = """
  UPDATE idempotency_keys SET status = $5, headers = $6, body = $7, object_id = $8
   WHERE caller_id = $1 AND method = $2 AND path = $3 AND key = $4
"""


async def remember(conn: Connection, caller_id: UUID, key: Key, answer: Remembered, object_id: UUID | None) -> None:
    """Keep the answer to a key that this transaction claimed for an organisation."""
    await conn.execute(
        REMEMBER,
        caller_id,
        key.method,
        key.path,
        key.key,
        answer.status,
        answer.headers,
        answer.body,
        object_id,
    )


FORGET = "DELETE FROM idempotency_keys WHERE object_id = $1"


async def forget(conn: Connection, object_id: UUID) -> None:
    """Erase what was answered about an object, with the object."""
    await conn.execute(FORGET, object_id)
