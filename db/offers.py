"""Offers, as they are stored: while one stands, a held booking that nobody has yet keeps its place."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

import db.events
import db.jobs
from db.assets import SUMMARY
from db.connection import Connection
from db.events import Change
from db.matches import meeting
from domain.bookings import reference
from domain.callers import Caller, OrganisationKind
from domain.jobs import SweepBooking
from domain.matches import MetOccurrence
from domain.needs import NeedRequest
from domain.offers import OfferFilter, OfferState, Stored
from domain.plans import Claim, Place
from domain.requests import Asked, Purpose
from domain.time import Period
from domain.waiting import Freed

# An offer as it is at $1.
OFFER = f"""
  SELECT f.id, f.owner_id, f.booker_id, f.need_id, f.waiting_id, f.freed_at, {SUMMARY} AS asset, f.units, f.attendees,
         f.occurrences, f.cost,
         CASE WHEN l.lapsed THEN 'lapsed' ELSE f.state END AS state, f.expires_at,
         f.booking_id, f.version, f.created_at,
         CASE WHEN l.lapsed THEN f.expires_at ELSE f.updated_at END AS updated_at
    FROM offers f
   CROSS JOIN LATERAL (SELECT f.state = 'offered' AND f.expires_at <= $1 AS lapsed) l
    JOIN assets a ON a.id = f.asset_id AND a.owner_id = f.owner_id
    JOIN sites s ON s.id = a.site_id AND s.owner_id = a.owner_id
    JOIN organisations o ON o.id = a.owner_id
"""
LOAD = f"{OFFER} WHERE f.id = $2 AND $3 IN (f.owner_id, f.booker_id)"


async def load(conn: Connection, offer_id: UUID, organisation_id: UUID, now: datetime) -> Stored | None:
    """An offer as it is now, if the organisation made it or is to answer it."""
    row = await conn.fetchrow(LOAD, now, offer_id, organisation_id)
    return msgspec.convert(row, Stored) if row else None


FIND = "SELECT booking_id, asset_id, owner_id, waiting_id FROM offers WHERE id = $1 AND $2 IN (owner_id, booker_id)"


async def find(conn: Connection, offer_id: UUID, organisation_id: UUID) -> tuple[UUID, UUID, UUID, UUID | None] | None:
    """The booking that keeps the place of an organisation's offer, its asset, its owner and the entry it is for."""
    row = await conn.fetchrow(FIND, offer_id, organisation_id)
    return tuple(row) if row else None


# The offers of an organisation, $2, in one of its two capacities: an index walked until the page is full.
WALK = """
  (SELECT f.id FROM offers f
    WHERE f.{capacity} = $2 AND f.id < coalesce($6::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
      AND CASE WHEN $3::uuid IS NULL THEN true ELSE f.asset_id = $3 END
      AND CASE WHEN $4::uuid IS NULL THEN true ELSE f.need_id = $4 END
      AND CASE WHEN $5::text IS NULL THEN true
               ELSE $5 = CASE WHEN f.state = 'offered' AND f.expires_at <= $1 THEN 'lapsed' ELSE f.state END END
    ORDER BY f.id DESC LIMIT $7)
"""
LIST = f"""
  {OFFER}
   WHERE f.id = ANY(ARRAY({WALK.format(capacity="owner_id")} UNION {WALK.format(capacity="booker_id")}
                           ORDER BY id DESC LIMIT $7))
   ORDER BY f.id DESC
"""


async def page(
    conn: Connection, organisation_id: UUID, wanted: OfferFilter, *, now: datetime, after: UUID | None, limit: int
) -> list[Stored]:
    """What an organisation offered and was offered, newest first."""
    rows = await conn.fetch(LIST, now, organisation_id, *msgspec.structs.astuple(wanted), after, limit)
    return msgspec.convert(rows, list[Stored])


class Wanting(NamedTuple):
    """A need that an asset meets: whose it is, what was asked for, and for which occurrences."""

    booker_id: UUID
    booker_kind: OrganisationKind
    request: NeedRequest
    occurrences: list[MetOccurrence]


# As listAssetNeeds finds them, of one need.
WANTING = f"""
  SELECT m.request, m.occurrences, o.id AS booker_id, o.kind AS booker_kind
    FROM ({meeting(where="shown", wanted="n.id = $6")}) m
    JOIN organisations o ON o.id = (m.contender->>'organisation_id')::uuid
   WHERE m.occurrences IS NOT NULL
"""


async def wanting(conn: Connection, need_id: UUID, asset_id: UUID, owner_id: UUID, now: datetime) -> Wanting | None:
    """A need of another organisation that an asset meets; None where it does not."""
    row = await conn.fetchrow(WANTING, asset_id, owner_id, now, UUID(int=0), 1, need_id)
    if row is None:
        return None
    return Wanting(
        row["booker_id"],
        row["booker_kind"],
        msgspec.convert(row["request"], NeedRequest),
        [MetOccurrence(*each) for each in row["occurrences"]],
    )


STANDING = """
  SELECT f.booking_id, f.expires_at <= $4 AS lapsed FROM offers f
   WHERE f.need_id = $1 AND f.owner_id = $2 AND f.asset_id = $3 AND f.state = 'offered'
"""


async def standing(
    conn: Connection, need_id: UUID, asset_id: UUID, owner_id: UUID, now: datetime
) -> tuple[UUID, bool] | None:
    """What holds the place of an offer of a locked asset for a need, and whether that has lapsed unnoticed."""
    row = await conn.fetchrow(STANDING, need_id, owner_id, asset_id, now)
    return (row["booking_id"], row["lapsed"]) if row else None


INSERT = """
  WITH booking AS (
    INSERT INTO bookings (id, owner_id, asset_id, need_id, reference, units, attendees, purpose, open_to_public, cost,
                          clock_changes, created_at, updated_at, recallable, cancel_notice_minutes)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, false, $9, '[]', $10, $10, $11, $18)),
  held AS (
    INSERT INTO occurrences (id, owner_id, booking_id, asset_id, starts_at, ends_at, units, state, held_until)
    SELECT c.id, $2, $1, $3, c.starts_at, c.ends_at, $6, 'held', $12
      FROM unnest($13::uuid[], $14::timestamptz[], $15::timestamptz[]) c (id, starts_at, ends_at))
  INSERT INTO offers (id, owner_id, booker_id, asset_id, need_id, booking_id, units, attendees, occurrences, cost,
                      expires_at, created_at, updated_at, waiting_id, waiting_number, freed_at)
  VALUES ($16, $2, $17, $3, $4, $1, $6, $7, $19, $9, $12, $10, $10, $20, $21, $22)
"""


async def insert(
    conn: Connection,
    offer: Stored,
    purpose: Purpose | None,
    asked: Sequence[Asked],
    *,
    ranked: Mapping[str, int] | None = None,
    place: Place,
    caller: Caller | None,
    now: datetime,
    request_id: str | None,
) -> None:
    """Store an offer with the booking that holds its place, and tell its owner and the group of it. `ranked`: by what
    its group was first in line, as the event says it.
    """
    await conn.execute(
        INSERT,
        offer.booking_id,
        offer.owner_id,
        offer.asset.id,
        offer.need_id,
        reference(),
        offer.units,
        offer.attendees,
        purpose,
        offer.cost,
        now,
        place.recallable,
        offer.expires_at,
        [each.id for each in asked],
        [each.period.starts_at for each in asked],
        [each.period.ends_at for each in asked],
        offer.id,
        offer.booker_id,
        place.cancel_notice_minutes,
        offer.occurrences,
        offer.waiting_id,
        offer.occurrences[0].number if offer.waiting_id else None,
        offer.freed_at,
    )
    told = {"asset_id": offer.asset.id, "occurrences": offer.occurrences, "expires_at": offer.expires_at}
    told |= {"freed_at": offer.freed_at, "units": offer.units, **ranked} if ranked else {}
    await record(
        conn,
        Offered(offer.id, offer.owner_id, offer.booker_id, offer.need_id, offer.waiting_id, offer.version),
        "made",
        before=None,
        after=told,
        caller=caller,
        now=now,
        moment=now,
        request_id=request_id,
    )
    await db.jobs.add(conn, SweepBooking(offer.owner_id, offer.booking_id), at=offer.expires_at)


HELD = """
  SELECT c.id, c.starts_at, c.ends_at, c.units FROM occurrences c
   WHERE c.owner_id = $1 AND c.booking_id = $2 ORDER BY c.starts_at, c.id
"""


async def held(conn: Connection, offer: Stored) -> list[Asked]:
    """The occurrences that are held for a locked offer."""
    rows = await conn.fetch(HELD, offer.owner_id, offer.booking_id)
    return [Asked(row["id"], Period(row["starts_at"], row["ends_at"]), row["units"]) for row in rows]


ACCEPT = """
  WITH booking AS (
    UPDATE bookings SET booker_id = $3, created_at = $4, updated_at = $4 WHERE owner_id = $1 AND id = $2)
  UPDATE occurrences c
     SET booker_id = $3, state = $5, held_until = $6, approved_from = $7, check_in_by = n.check_in_by
    FROM unnest($8::uuid[], $9::timestamptz[]) n (id, check_in_by)
   WHERE c.owner_id = $1 AND c.booking_id = $2 AND c.id = n.id
"""


async def accept(conn: Connection, offer: Stored, held: Sequence[Asked], claim: Claim, now: datetime) -> None:
    """Give the group the booking that held the place of a locked offer, with its claim on what that holds."""
    await conn.execute(
        ACCEPT,
        offer.owner_id,
        offer.booking_id,
        offer.booker_id,
        now,
        claim.state,
        claim.held_until,
        claim.approved_from,
        [each.id for each in held],
        [claim.check_in_by(each.period) for each in held],
    )


PUT_INTO = "UPDATE offers SET booking_id = $3 WHERE id = $1 AND owner_id = $2"


async def put_into(conn: Connection, offer: Stored, booking_id: UUID) -> None:
    """Say which booking has what a locked offer held for it."""
    await conn.execute(PUT_INTO, offer.id, offer.owner_id, booking_id)


RELEASE = """
  WITH ended AS (
    UPDATE occurrences SET state = 'cancelled', held_until = NULL
     WHERE owner_id = $1 AND booking_id = $2 RETURNING id)
  DELETE FROM occupancies WHERE owner_id = $1 AND occurrence_id IN (SELECT id FROM ended)
"""


async def release(conn: Connection, offer: Stored) -> None:
    """Free the place of a locked offer."""
    await conn.execute(RELEASE, offer.owner_id, offer.booking_id)


END = """
  UPDATE offers SET state = $3, updated_at = $4, version = version + 1
   WHERE owner_id = $1 AND booking_id = $2 AND state = 'offered'
  RETURNING id, owner_id, booker_id, need_id, waiting_id, version, asset_id, freed_at,
            ARRAY(SELECT tstzrange(c.starts_at, c.ends_at) FROM occurrences c
                   WHERE c.owner_id = $1 AND c.booking_id = $2) AS kept
"""


async def end(
    conn: Connection,
    owner_id: UUID,
    booking_id: UUID,
    state: OfferState,
    *,
    moment: datetime,
    caller: Caller | None,
    now: datetime,
    request_id: str | None,
) -> Freed:
    """Write down what became of an offer, and when: what it kept, which is free unless it was accepted, to those
    in line as of when it first came free. The booking that keeps its place is locked.
    """
    row = await conn.fetchrow(END, owner_id, booking_id, state, moment)
    assert row is not None  # noqa: S101 - it stood, or its booking would not be held
    await record(
        conn,
        msgspec.convert(dict(row), Offered),
        state,
        before={"state": "offered"},
        after={"state": state},
        caller=caller,
        now=now,
        moment=moment,
        request_id=request_id,
    )
    return Freed(
        owner_id=owner_id,
        asset_id=row["asset_id"],
        moment=row["freed_at"] or moment,
        spans=[Period(each.lower, each.upper) for each in row["kept"]],
    )


class Offered(msgspec.Struct, frozen=True):
    """What changes of an offer are told of."""

    id: UUID
    owner_id: UUID
    booker_id: UUID
    need_id: UUID | None
    waiting_id: UUID | None
    version: int


NEED_VERSION = "UPDATE needs SET version = version + 1 WHERE id = $1 AND owner_id = $2 RETURNING version"


async def record(
    conn: Connection,
    offer: Offered,
    became: str,
    *,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
    caller: Caller | None,
    now: datetime,
    moment: datetime,
    request_id: str | None,
) -> None:
    """A change of an offer: to its owner and who is in line, or, where it is for a need, to its owner, who is not told
    whose that is, and as one of the need to the group.
    """
    if offer.need_id is None:
        await db.events.append(
            conn,
            type=f"offer.{became}",
            object_kind="offer",
            object_id=offer.id,
            owner_id=offer.owner_id,
            booker_id=offer.booker_id,
            version=offer.version,
            before=before,
            after={**after, "waiting_id": offer.waiting_id},
            caller=caller,
            now=now,
            occurred_at=moment,
            request_id=request_id,
        )
        return
    known = caller is None or caller.organisation_id == offer.owner_id or became == "accepted"
    to_owner = Change(
        type=f"offer.{became}",
        object_kind="offer",
        object_id=offer.id,
        owner_id=offer.owner_id,
        version=offer.version,
        before=before,
        after={**after, "need_id": offer.need_id},
        caller=caller if known else None,
        now=now,
        occurred_at=moment,
        request_id=request_id if known else None,
    )
    to_group = Change(
        type=f"need.offer_{became}",
        object_kind="need",
        object_id=offer.need_id,
        owner_id=offer.booker_id,
        version=await conn.fetchval(NEED_VERSION, offer.need_id, offer.booker_id),
        before=before,
        after={**after, "offer_id": offer.id},
        caller=caller,
        now=now,
        occurred_at=moment,
        request_id=request_id,
    )
    await db.events.append_all(conn, [to_owner, to_group])
