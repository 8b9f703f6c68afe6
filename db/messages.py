"""Messages and feedback, as they are stored."""

from datetime import datetime
from uuid import UUID

import msgspec

import db.idempotency
from db.connection import Connection
from domain.messages import Feedback, Message, Verdict

COLUMNS = "id, booking_id, sender_id, text, read_at, created_at, updated_at"
INSERT = f"""
  INSERT INTO messages (id, owner_id, booking_id, sender_id, text, created_at, updated_at)
  VALUES ($1, $2, $3, $4, $5, $6, $6) RETURNING {COLUMNS}
"""


async def insert(
    conn: Connection, message_id: UUID, owner_id: UUID, booking_id: UUID, sender_id: UUID, text: str, now: datetime
) -> Message:
    """Store a message."""
    return msgspec.convert(await conn.fetchrow(INSERT, message_id, owner_id, booking_id, sender_id, text, now), Message)


PAGE = f"""
  SELECT {COLUMNS} FROM messages
   WHERE owner_id = $1 AND booking_id = $2 AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4
"""


async def page(conn: Connection, owner_id: UUID, booking_id: UUID, *, after: UUID | None, limit: int) -> list[Message]:
    """The messages about a booking, newest first."""
    return msgspec.convert(await conn.fetch(PAGE, owner_id, booking_id, after, limit), list[Message])


LOCK = f"SELECT {COLUMNS} FROM messages WHERE owner_id = $1 AND booking_id = $2 AND id = $3 FOR UPDATE"


async def lock(conn: Connection, owner_id: UUID, booking_id: UUID, message_id: UUID) -> Message | None:
    """A message about a booking, locked."""
    row = await conn.fetchrow(LOCK, owner_id, booking_id, message_id)
    return msgspec.convert(row, Message) if row else None


MOST_READ = 1000  # at once
# It and the last before it that the other sent.
READ = f"""
  UPDATE messages SET read_at = $5, updated_at = $5, version = version + 1
   WHERE owner_id = $1 AND id IN (
           SELECT id FROM messages
            WHERE owner_id = $1 AND booking_id = $2 AND id <= $3 AND sender_id <> $4 AND read_at IS NULL
            ORDER BY id DESC LIMIT {MOST_READ})
     AND read_at IS NULL
  RETURNING id, version
"""


async def mark_read(
    conn: Connection, owner_id: UUID, booking_id: UUID, message_id: UUID, reader_id: UUID, now: datetime
) -> dict[UUID, int]:
    """Write down what was read: the version that each now has."""
    rows = await conn.fetch(READ, owner_id, booking_id, message_id, reader_id, now)
    return {row["id"]: row["version"] for row in rows}


ERASE = """
  UPDATE messages SET text = NULL, updated_at = $3, version = version + 1 WHERE owner_id = $1 AND id = $2
  RETURNING version
"""


async def erase(conn: Connection, owner_id: UUID, message_id: UUID, now: datetime) -> int:
    """Erase what a locked message says, and the answers that are kept of it: the version it now has."""
    version: int = await conn.fetchval(ERASE, owner_id, message_id, now)
    await db.idempotency.forget(conn, message_id)
    return version


GIVEN = "id, booking_id, occurrence_id, giver_id, verdict, text, created_at, updated_at"
GIVE = f"""
  INSERT INTO feedback (id, owner_id, booking_id, occurrence_id, giver_id, verdict, text, created_at, updated_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) ON CONFLICT DO NOTHING RETURNING {GIVEN}
"""


async def give(
    conn: Connection,
    feedback_id: UUID,
    owner_id: UUID,
    booking_id: UUID,
    occurrence_id: UUID,
    giver_id: UUID,
    *,
    verdict: Verdict,
    text: str | None,
    now: datetime,
) -> Feedback | None:
    """Store how an occurrence went; None: its giver has said so already."""
    row = await conn.fetchrow(GIVE, feedback_id, owner_id, booking_id, occurrence_id, giver_id, verdict, text, now)
    return msgspec.convert(row, Feedback) if row else None


FEEDBACK = f"""
  SELECT {GIVEN} FROM feedback
   WHERE owner_id = $1 AND booking_id = $2 AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4
"""


async def feedback(
    conn: Connection, owner_id: UUID, booking_id: UUID, *, after: UUID | None, limit: int
) -> list[Feedback]:
    """How the occurrences of a booking went, what was said last first."""
    return msgspec.convert(await conn.fetch(FEEDBACK, owner_id, booking_id, after, limit), list[Feedback])


LOCK_FEEDBACK = f"SELECT {GIVEN} FROM feedback WHERE owner_id = $1 AND booking_id = $2 AND id = $3 FOR UPDATE"


async def lock_feedback(conn: Connection, owner_id: UUID, booking_id: UUID, feedback_id: UUID) -> Feedback | None:
    """Feedback on a booking, locked."""
    row = await conn.fetchrow(LOCK_FEEDBACK, owner_id, booking_id, feedback_id)
    return msgspec.convert(row, Feedback) if row else None


TAKE_BACK = "DELETE FROM feedback WHERE owner_id = $1 AND id = $2"


async def take_back(conn: Connection, owner_id: UUID, feedback_id: UUID) -> None:
    """Erase feedback, and the answers that are kept of it."""
    await conn.execute(TAKE_BACK, owner_id, feedback_id)
    await db.idempotency.forget(conn, feedback_id)
