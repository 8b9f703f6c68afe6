"""Tokens as they are stored: only their hash."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from db.connection import Connection
from domain.callers import Caller
from domain.tokens import Token, TokenRequest, digest


class Found(msgspec.Struct, frozen=True):
    """The caller of a token, and whether the token still counts."""

    caller: Caller
    organisation_id: UUID
    expires_at: datetime | None
    revoked: bool
    last_used_on: date | None


FIND = """
  SELECT jsonb_build_object('organisation_id', t.organisation_id, 'kind', o.kind, 'state', o.state, 'role', t.role,
                            'token_id', t.id) AS caller,
         t.organisation_id, t.expires_at, t.revoked_at IS NOT NULL AS revoked, t.last_used_on
    FROM tokens t JOIN organisations o ON o.id = t.organisation_id
   WHERE t.hash = $1
"""


async def find(conn: Connection, token: str) -> Found | None:
    """Whose token it is; None for one that was never given out."""
    row = await conn.fetchrow(FIND, digest(token))
    return msgspec.convert(row, Found) if row else None


TOUCH = "UPDATE tokens SET last_used_on = $2 WHERE id = $1 AND last_used_on IS DISTINCT FROM $2"


async def touch(conn: Connection, token_id: UUID, today: date) -> None:
    """Note the day on which it was used."""
    await conn.execute(TOUCH, token_id, today)


SHOWN = "id, name, role, expires_at, last_used_on, NULL AS token, created_at, updated_at"
INSERT = f"""
  INSERT INTO tokens (id, organisation_id, name, role, hash, expires_at, created_at, updated_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
  RETURNING {SHOWN}
"""


async def insert(
    conn: Connection,
    *,
    token_id: UUID,
    organisation_id: UUID,
    request: TokenRequest,
    secret: str,
    now: datetime,
) -> Token:
    """Store a token; the answer shows its secret, for the only time."""
    row = await conn.fetchrow(
        INSERT, token_id, organisation_id, request.name, request.role, digest(secret), request.expires_at, now
    )
    return msgspec.structs.replace(msgspec.convert(row, Token), token=secret)


LOAD = f"SELECT {SHOWN} FROM tokens WHERE id = $1 AND organisation_id = $2 AND revoked_at IS NULL"


async def load(conn: Connection, token_id: UUID, organisation_id: UUID) -> Token | None:
    """A token of an organisation, unless it is revoked."""
    row = await conn.fetchrow(LOAD, token_id, organisation_id)
    return msgspec.convert(row, Token) if row else None


PAGE = f"""
  SELECT {SHOWN} FROM tokens
   WHERE organisation_id = $1 AND revoked_at IS NULL AND ($2::uuid IS NULL OR id < $2)
   ORDER BY id DESC LIMIT $3
"""


async def page(conn: Connection, organisation_id: UUID, before: UUID | None, limit: int) -> list[Token]:
    """The newest tokens of an organisation, older than `before`."""
    return msgspec.convert(await conn.fetch(PAGE, organisation_id, before, limit), list[Token])


LOCK = f"{LOAD} FOR UPDATE"


async def lock(conn: Connection, token_id: UUID, organisation_id: UUID) -> Token | None:
    """As `load`, and nobody else changes it meanwhile."""
    row = await conn.fetchrow(LOCK, token_id, organisation_id)
    return msgspec.convert(row, Token) if row else None


REVOKE = """
  UPDATE tokens SET revoked_at = $2, updated_at = $2, version = version + 1 WHERE id = $1 RETURNING version
"""


async def revoke(conn: Connection, token_id: UUID, now: datetime) -> int:
    """End a token that is locked. Its version."""
    version: int = await conn.fetchval(REVOKE, token_id, now)
    return version
