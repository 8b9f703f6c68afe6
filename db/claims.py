"""Claims, as they are stored."""

from uuid import UUID

import msgspec

from db.connection import Connection
from domain.claims import Claim, ClaimFilter

# The claims of an organisation, $1, in one of its two capacities: an index walked until the page is full.
WALK = """
  (SELECT c.* FROM claims c
    WHERE c.{capacity} = $1 AND c.id < coalesce($5::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
      AND CASE WHEN $2::uuid IS NULL THEN true ELSE c.owner_id = $2 END
      AND CASE WHEN $3::uuid IS NULL THEN true ELSE c.booker_id = $3 END
      AND CASE WHEN $4::text IS NULL THEN true ELSE c.state = $4 END
    ORDER BY c.id DESC LIMIT $6)
"""
LIST = f"""
  SELECT c.* FROM ({WALK.format(capacity="owner_id")} UNION {WALK.format(capacity="booker_id")}) c
   ORDER BY c.id DESC LIMIT $6
"""


async def page(
    conn: Connection, organisation_id: UUID, wanted: ClaimFilter, *, after: UUID | None, limit: int
) -> list[Claim]:
    """What an organisation owes or is owed, newest first."""
    rows = await conn.fetch(LIST, organisation_id, *msgspec.structs.astuple(wanted), after, limit)
    return msgspec.convert(rows, list[Claim])
