"""First answers to requests with an Idempotency-Key, kept for 48 hours in the transaction of their change."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from db.connection import Connection

KEPT = timedelta(hours=48)


class Key(msgspec.Struct, frozen=True):
    """What one key is good for: one organisation, method, path and body."""

    caller_id: UUID
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


# Whoever claims a key also sweeps some that are older than 48 hours.
# A second request waits here until the first ends: its row, not committed yet, stands in the unique index.
CLAIM = """
  WITH forgotten AS (
    DELETE FROM idempotency_keys WHERE (caller_id, method, path, key) IN (
      SELECT caller_id, method, path, key FROM idempotency_keys
       WHERE created_at <= $6::timestamptz - $7::interval AND (caller_id, method, path, key) <> ($1, $2, $3, $4)
       ORDER BY created_at LIMIT 10 FOR UPDATE SKIP LOCKED))
  INSERT INTO idempotency_keys AS k (caller_id, method, path, key, body_hash, status, headers, body, created_at)
  VALUES ($1, $2, $3, $4, $5, 0, '{}', '', $6)
      ON CONFLICT (caller_id, method, path, key)
      DO UPDATE SET body_hash = excluded.body_hash, status = 0, created_at = excluded.created_at
             WHERE k.created_at <= excluded.created_at - $7::interval
  RETURNING true
"""
FIND = """
  SELECT body_hash, status, headers, body FROM idempotency_keys
   WHERE caller_id = $1 AND method = $2 AND path = $3 AND key = $4
"""


async def claim(conn: Connection, key: Key, now: datetime) -> Remembered | None:
    """None: the key is this transaction's to use. Else the first answer to it.

    Waits for the first request while it runs; raises asyncpg's LockNotAvailableError when that takes too long.
    """
    name = (key.caller_id, key.method, key.path, key.key)
    while not await conn.fetchval(CLAIM, *name, key.body_hash, now, KEPT):
        if row := await conn.fetchrow(FIND, *name):
            return msgspec.convert(row, Remembered)
    return None


REMEMBER = """
  UPDATE idempotency_keys SET status = $5, headers = $6, body = $7, object_id = $8
   WHERE caller_id = $1 AND method = $2 AND path = $3 AND key = $4
"""


async def remember(conn: Connection, key: Key, answer: Remembered, object_id: UUID | None) -> None:
    """Keep the answer to a key that this transaction claimed."""
    await conn.execute(
        REMEMBER,
        key.caller_id,
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
