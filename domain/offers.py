"""Offers: a place is held for a group until it has answered: by an owner for a need, or for the first in line."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta
from uuid_utils.compat import uuid7

from domain import permissions
from domain.assets import AssetSummary
from domain.callers import Caller, OrganisationKind
from domain.costs import Cost, Part, cost, price_for
from domain.errors import Fault, Invalid, StateDoesNotAllow
from domain.matches import MetOccurrence
from domain.needs import MOST_OCCURRENCES
from domain.plans import Place
from domain.requests import Asked
from domain.types import Instant

OfferState = Literal["offered", "accepted", "declined", "withdrawn", "lapsed"]
# What may become of one that stands, by whose doing; `lapsed` by itself.
ACTIONS: Mapping[str, OfferState] = {
    "acceptOffer": "accepted",
    "declineOffer": "declined",
    "withdrawOffer": "withdrawn",
}


class OfferRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An offer as sent: an asset for a need that it meets, as `listAssetNeeds` shows it. `numbers`: for which of the
    need's occurrences (null: for all that the asset can meet).
    """

    asset_id: UUID
    need_id: UUID
    numbers: Annotated[list[int], Meta(min_length=1, max_length=MOST_OCCURRENCES)] | None = None
    dry_run: bool = False


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """An offer as it is now, and the booking that keeps its place."""

    id: UUID
    owner_id: UUID
    booker_id: UUID
    need_id: UUID | None
    waiting_id: UUID | None
    freed_at: datetime | None
    booking_id: UUID
    asset: AssetSummary
    state: OfferState
    units: int
    attendees: int | None
    occurrences: list[MetOccurrence]
    cost: Cost
    expires_at: Instant
    version: int
    created_at: Instant
    updated_at: Instant


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A place that is held for a group until `expires_at`, for it to accept or decline.

    It is for a need (`need_id`), as its owner chose, or for an entry of a waiting list (`waiting_id`), as it was first
    in the fair order of the moment `freed_at`. `occurrences`: of the need, or places of the entry, by their numbers.
    `cost`: what the booking will cost. `booker_id`, and `cost`, which tells of what kind that is: of a need, to the
    owner only once the offer is accepted. `booking_id`: the booking that came of it. `may`: the operations that the
    caller can do on it now.
    """

    id: UUID
    owner_id: UUID
    booker_id: UUID | None
    need_id: UUID | None
    waiting_id: UUID | None
    freed_at: datetime | None
    booking_id: UUID | None
    asset: AssetSummary
    state: OfferState
    units: int
    attendees: int | None
    occurrences: list[MetOccurrence]
    cost: Cost | None
    expires_at: Instant
    may: list[str]
    created_at: Instant
    updated_at: Instant


class OfferFilter(msgspec.Struct, frozen=True):
    """Which offers are asked for; None: whatever it is."""

    asset_id: UUID | None
    need_id: UUID | None
    state: OfferState | None


class OfferPage(msgspec.Struct, frozen=True):
    """Offers, newest first, and the cursor to the next."""

    items: list[Offer]
    next: str | None


def present(stored: Stored, caller: Caller) -> Offer:
    """An offer as it is answered to one of its two organisations."""
    kept = {name: getattr(stored, name) for name in Offer.__struct_fields__ if name != "may"}
    accepted = stored.state == "accepted"
    known = accepted or not stored.need_id or caller.organisation_id == stored.booker_id
    told = {
        "booker_id": stored.booker_id if known else None,
        "cost": stored.cost if known else None,
        "booking_id": stored.booking_id if accepted else None,
    }
    return Offer(**{**kept, **told}, may=may(stored, caller))


def may(stored: Stored, caller: Caller) -> list[str]:
    """The operations that a caller can do on an offer now."""
    if stored.state != "offered":
        return []
    return [
        operation
        for operation in ACTIONS
        if permissions.allows(operation, caller, owner_id=stored.owner_id, booker_id=stored.booker_id)
        and (operation != "withdrawOffer" or stored.need_id)
    ]


def must_stand(stored: Stored) -> None:
    """Raises StateDoesNotAllow where nothing is offered any more."""
    if stored.state != "offered":
        raise StateDoesNotAllow(f"It is {stored.state}; only what is offered can be answered.", states=("offered",))


def chosen(met: Sequence[MetOccurrence], numbers: Sequence[int] | None, now: datetime) -> list[MetOccurrence]:
    """Those that are to be offered of what an asset can meet, before they begin. Raises Invalid."""
    met = [each for each in met if each.starts_at > now]
    if numbers is None:
        return met
    known = {each.number for each in met}
    faults = [
        Fault(f"#/numbers/{n}", "The asset cannot meet this occurrence of the need.")
        for n, each in enumerate(numbers)
        if each not in known
    ]
    if faults:
        raise Invalid(faults)
    return [each for each in met if each.number in numbers]


def deadline(offer_minutes: int, starts_at: Iterable[datetime], now: datetime) -> datetime:
    """Until when it stands: as long as the asset's terms say, and no longer than to the first start."""
    return min([now + timedelta(minutes=offer_minutes), *starts_at])


def make(
    place: Place,
    *,
    booker_id: UUID,
    booker_kind: OrganisationKind,
    need_id: UUID | None = None,
    waiting_id: UUID | None = None,
    freed_at: datetime | None = None,
    summary: AssetSummary,
    attendees: int | None,
    occurrences: list[MetOccurrence],
    asked: Sequence[Asked],
    expires_at: datetime,
    now: datetime,
) -> Stored:
    """A new offer of what is held of an asset, for a need or for somebody in line."""
    units = asked[0].units
    price = price_for(booker_kind, place.price, place.community_price)
    return Stored(
        id=uuid7(),
        owner_id=place.owner_id,
        booker_id=booker_id,
        need_id=need_id,
        waiting_id=waiting_id,
        freed_at=freed_at,
        booking_id=uuid7(),
        asset=summary,
        state="offered",
        units=units,
        attendees=attendees,
        occurrences=occurrences,
        cost=cost(price, [Part(each.period, each.units) for each in asked], units, place.zone),
        expires_at=expires_at,
        version=1,
        created_at=now,
        updated_at=now,
    )
